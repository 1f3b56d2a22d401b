"""What the database itself promises about money: books that balance and never change, terms that stay as signed."""

from django.db import migrations

APPEND_ONLY = [
    "deals_contractevent",
    "deals_earningterms",
    "deals_ledgertransaction",
    "deals_ledgerentry",
    "deals_ledgerclose",
]
NEVER_DELETED = ["deals_commission", "deals_payoutitem", "deals_payoutline", "deals_payoutrun", "deals_payoutdetails"]


def _append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM prm_app;
        """,
        f"DROP TRIGGER {table}_append_only ON {table}; GRANT UPDATE, DELETE ON {table} TO prm_app;",
    )


def _never_deleted(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_never_deleted BEFORE DELETE OR TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
        REVOKE DELETE, TRUNCATE ON {table} FROM prm_app;
        """,
        f"DROP TRIGGER {table}_never_deleted ON {table}; GRANT DELETE ON {table} TO prm_app;",
    )


# Deferred to the commit, because the entries of a transaction are written one after the other.
BALANCED = """
CREATE FUNCTION deals_ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  about bigint := CASE TG_TABLE_NAME WHEN 'deals_ledgertransaction' THEN (to_jsonb(NEW)->>'id')::bigint
                                     ELSE (to_jsonb(NEW)->>'transaction_id')::bigint END;
  entries integer;
  worst numeric;
BEGIN
  SELECT coalesce(sum(n), 0), max(abs(total)) INTO entries, worst
    FROM (SELECT count(*) AS n, sum(amount) AS total FROM deals_ledgerentry
           WHERE transaction_id = about GROUP BY currency) AS by_currency;
  IF entries < 2 OR worst <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % does not balance', about USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deals_ledgerentry_balanced AFTER INSERT ON deals_ledgerentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deals_ledger_balanced();
CREATE CONSTRAINT TRIGGER deals_ledgertransaction_balanced AFTER INSERT ON deals_ledgertransaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deals_ledger_balanced();
"""
BALANCED_BACK = """
DROP TRIGGER deals_ledgerentry_balanced ON deals_ledgerentry;
DROP TRIGGER deals_ledgertransaction_balanced ON deals_ledgertransaction;
DROP FUNCTION deals_ledger_balanced();
"""

POSTED = """
CREATE FUNCTION deals_ledger_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM deals_ledgerclose WHERE closed_until >= NEW.posted_on) THEN
    RAISE EXCEPTION 'the books are closed until after %', NEW.posted_on USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.reverses_id IS NOT NULL
     AND (SELECT kind FROM deals_ledgertransaction WHERE id = NEW.reverses_id) = 'reversal' THEN
    RAISE EXCEPTION 'a reversal is not reversed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_ledgertransaction_posted BEFORE INSERT ON deals_ledgertransaction
  FOR EACH ROW EXECUTE FUNCTION deals_ledger_posted();
"""
POSTED_BACK = """
DROP TRIGGER deals_ledgertransaction_posted ON deals_ledgertransaction;
DROP FUNCTION deals_ledger_posted();
"""

COMPUTED_STAYS = """
CREATE FUNCTION deals_commission_computed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - ARRAY['status', 'held_reason', 'triggered_on', 'payable_on', 'paid_on', 'final_on', 'version'])
     <> (to_jsonb(OLD) - ARRAY['status', 'held_reason', 'triggered_on', 'payable_on', 'paid_on', 'final_on', 'version'])
  THEN
    RAISE EXCEPTION 'what a commission was computed from never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_commission_computed_stays BEFORE UPDATE ON deals_commission
  FOR EACH ROW EXECUTE FUNCTION deals_commission_computed_stays();
"""
COMPUTED_STAYS_BACK = """
DROP TRIGGER deals_commission_computed_stays ON deals_commission;
DROP FUNCTION deals_commission_computed_stays();
"""

SAME_PARTNER = """
ALTER TABLE deals_ledgerentry ADD CONSTRAINT deals_ledgerentry_same_partner
  FOREIGN KEY (commission_id, partner_id) REFERENCES deals_commission (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_ledgerentry ADD CONSTRAINT deals_ledgerentry_same_payee
  FOREIGN KEY (item_id, partner_id) REFERENCES deals_payoutitem (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_payoutline ADD CONSTRAINT deals_payoutline_same_partner
  FOREIGN KEY (commission_id, partner_id) REFERENCES deals_commission (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_payoutline ADD CONSTRAINT deals_payoutline_same_payee
  FOREIGN KEY (item_id, partner_id) REFERENCES deals_payoutitem (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_dispute ADD CONSTRAINT deals_dispute_same_partner
  FOREIGN KEY (commission_id, partner_id) REFERENCES deals_commission (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_commission ADD CONSTRAINT deals_commission_origin_same_partner
  FOREIGN KEY (origin_id, partner_id) REFERENCES deals_commission (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_spiffaward ADD CONSTRAINT deals_spiffaward_same_partner
  FOREIGN KEY (commission_id, partner_id) REFERENCES deals_commission (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
"""
SAME_PARTNER_BACK = """
ALTER TABLE deals_ledgerentry DROP CONSTRAINT deals_ledgerentry_same_partner;
ALTER TABLE deals_ledgerentry DROP CONSTRAINT deals_ledgerentry_same_payee;
ALTER TABLE deals_payoutline DROP CONSTRAINT deals_payoutline_same_partner;
ALTER TABLE deals_payoutline DROP CONSTRAINT deals_payoutline_same_payee;
ALTER TABLE deals_dispute DROP CONSTRAINT deals_dispute_same_partner;
ALTER TABLE deals_commission DROP CONSTRAINT deals_commission_origin_same_partner;
ALTER TABLE deals_spiffaward DROP CONSTRAINT deals_spiffaward_same_partner;
"""

ONE_RATE = """
ALTER TABLE deals_ownrate ADD CONSTRAINT deals_ownrate_one_at_a_time
  EXCLUDE USING gist (partner_id WITH =, plan_code WITH =, daterange(valid_from, valid_until, '[]') WITH &&);
"""
ONE_RATE_BACK = "ALTER TABLE deals_ownrate DROP CONSTRAINT deals_ownrate_one_at_a_time"


class Migration(migrations.Migration):
    """Runs after the tables exist; the trigger's function comes with core."""

    dependencies = [("deals", "0004_earnings"), ("core", "0002_guards")]

    operations = [
        *(_append_only(table) for table in APPEND_ONLY),
        *(_never_deleted(table) for table in NEVER_DELETED),
        migrations.RunSQL(BALANCED, BALANCED_BACK),
        migrations.RunSQL(POSTED, POSTED_BACK),
        migrations.RunSQL(COMPUTED_STAYS, COMPUTED_STAYS_BACK),
        migrations.RunSQL(SAME_PARTNER, SAME_PARTNER_BACK),
        migrations.RunSQL(ONE_RATE, ONE_RATE_BACK),
    ]
