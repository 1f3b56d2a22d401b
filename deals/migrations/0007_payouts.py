"""Files for the bank, what runs leave out, and what the database promises about payouts."""

import django.db.models.deletion
from django.db import migrations, models

# The second person approves what the first one asked for: who asked, for what, and who approved never changes.
RUN_STAYS = """
CREATE FUNCTION deals_payout_run_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.code, NEW.currency, NEW.through, NEW.minimum_amount, NEW.includes_ended, NEW.requested_by_id,
      NEW.requested_at, NEW.left_out)
     IS DISTINCT FROM (OLD.code, OLD.currency, OLD.through, OLD.minimum_amount, OLD.includes_ended,
      OLD.requested_by_id, OLD.requested_at, OLD.left_out) THEN
    RAISE EXCEPTION 'what a payout run was asked for never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.approved_by_id IS NOT NULL
     AND (NEW.approved_by_id, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by_id, OLD.approved_at) THEN
    RAISE EXCEPTION 'an approval is not given twice' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status IN ('completed', 'cancelled') AND NEW.status <> OLD.status
     OR OLD.status <> 'requested' AND NEW.status IN ('requested', 'cancelled') AND NEW.status <> OLD.status THEN
    RAISE EXCEPTION 'a payout run that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_payout_run_stays BEFORE UPDATE ON deals_payoutrun
  FOR EACH ROW EXECUTE FUNCTION deals_payout_run_stays();
"""
RUN_STAYS_BACK = """
DROP TRIGGER deals_payout_run_stays ON deals_payoutrun;
DROP FUNCTION deals_payout_run_stays();
"""

# Money leaves only under an approved run; what was paid or taken out stays so; whom and how much never changes.
ITEM_STAYS = """
CREATE FUNCTION deals_payout_item_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.code, NEW.run_id, NEW.partner_id, NEW.currency, NEW.amount)
       IS DISTINCT FROM (OLD.code, OLD.run_id, OLD.partner_id, OLD.currency, OLD.amount) THEN
      RAISE EXCEPTION 'whom a payout pays and how much never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status IN ('paid', 'void') AND NEW.status <> OLD.status OR NEW.attempt < OLD.attempt THEN
      RAISE EXCEPTION 'a payout that is % stays so', OLD.status USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  IF NEW.status IN ('ready', 'paid', 'failed')
     AND NOT EXISTS (SELECT FROM deals_payoutrun WHERE id = NEW.run_id AND approved_by_id IS NOT NULL) THEN
    RAISE EXCEPTION 'nothing leaves before a second person approved the run' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_payout_item_stays BEFORE INSERT OR UPDATE ON deals_payoutitem
  FOR EACH ROW EXECUTE FUNCTION deals_payout_item_stays();
"""
ITEM_STAYS_BACK = """
DROP TRIGGER deals_payout_item_stays ON deals_payoutitem;
DROP FUNCTION deals_payout_item_stays();
"""

# A line is taken out once and never comes back to the same payout.
LINE_STAYS = """
CREATE FUNCTION deals_payout_line_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'is_void' <> to_jsonb(OLD) - 'is_void' OR OLD.is_void AND NOT NEW.is_void THEN
    RAISE EXCEPTION 'a payout line never changes, it is only taken out' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_payout_line_stays BEFORE UPDATE ON deals_payoutline
  FOR EACH ROW EXECUTE FUNCTION deals_payout_line_stays();
"""
LINE_STAYS_BACK = """
DROP TRIGGER deals_payout_line_stays ON deals_payoutline;
DROP FUNCTION deals_payout_line_stays();
"""

# Deferred to the commit, because a run, its payouts and their lines are written one after the other.
ADDS_UP = """
CREATE FUNCTION deals_payout_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  about bigint := CASE TG_TABLE_NAME WHEN 'deals_payoutitem' THEN (to_jsonb(NEW)->>'id')::bigint
                                     ELSE (to_jsonb(NEW)->>'item_id')::bigint END;
  item deals_payoutitem;
  lines numeric;
BEGIN
  SELECT * INTO item FROM deals_payoutitem WHERE id = about;
  SELECT coalesce(sum(l.amount), 0) INTO lines FROM deals_payoutline l
    WHERE l.item_id = about AND NOT l.is_void;
  IF lines <> (CASE WHEN item.status = 'void' THEN 0 ELSE item.amount END) THEN
    RAISE EXCEPTION 'the lines of payout % add up to %', item.code, lines USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM deals_payoutline l JOIN deals_commission c ON c.id = l.commission_id
              WHERE l.item_id = about AND (c.amount <> l.amount OR c.currency <> item.currency)) THEN
    RAISE EXCEPTION 'a line of payout % differs from its commission', item.code USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deals_payoutitem_adds_up AFTER INSERT OR UPDATE ON deals_payoutitem
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deals_payout_adds_up();
CREATE CONSTRAINT TRIGGER deals_payoutline_adds_up AFTER INSERT OR UPDATE ON deals_payoutline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deals_payout_adds_up();
CREATE FUNCTION deals_payout_run_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  about bigint := CASE TG_TABLE_NAME WHEN 'deals_payoutrun' THEN (to_jsonb(NEW)->>'id')::bigint
                                     ELSE (to_jsonb(NEW)->>'run_id')::bigint END;
BEGIN
  IF EXISTS (SELECT FROM deals_payoutrun r WHERE r.id = about AND r.total_amount <>
             (SELECT coalesce(sum(i.amount), 0) FROM deals_payoutitem i WHERE i.run_id = r.id AND i.status <> 'void'))
  THEN
    RAISE EXCEPTION 'the payouts of run % do not add up to its total', about USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deals_payoutrun_adds_up AFTER INSERT OR UPDATE OF total_amount ON deals_payoutrun
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deals_payout_run_adds_up();
CREATE CONSTRAINT TRIGGER deals_payoutitem_in_total AFTER INSERT OR UPDATE OF status ON deals_payoutitem
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  EXECUTE FUNCTION deals_payout_run_adds_up();
"""
ADDS_UP_BACK = """
DROP TRIGGER deals_payoutitem_in_total ON deals_payoutitem;
DROP TRIGGER deals_payoutrun_adds_up ON deals_payoutrun;
DROP FUNCTION deals_payout_run_adds_up();
DROP TRIGGER deals_payoutline_adds_up ON deals_payoutline;
DROP TRIGGER deals_payoutitem_adds_up ON deals_payoutitem;
DROP FUNCTION deals_payout_adds_up();
"""

# A change of bank or tax details is a new row. Sealing again with a new key does not change what is sealed.
DETAILS_STAY = """
CREATE FUNCTION deals_payout_details_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (to_jsonb(NEW) - ARRAY['superseded_at', 'account_sealed', 'bank_sealed', 'tax_id_sealed'])
     <> (to_jsonb(OLD) - ARRAY['superseded_at', 'account_sealed', 'bank_sealed', 'tax_id_sealed'])
     OR OLD.superseded_at IS NOT NULL AND NEW.superseded_at IS DISTINCT FROM OLD.superseded_at THEN
    RAISE EXCEPTION 'bank details never change, they are replaced' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER deals_payout_details_stay BEFORE UPDATE ON deals_payoutdetails
  FOR EACH ROW EXECUTE FUNCTION deals_payout_details_stay();
"""
DETAILS_STAY_BACK = """
DROP TRIGGER deals_payout_details_stay ON deals_payoutdetails;
DROP FUNCTION deals_payout_details_stay();
"""

OF_ONE_PARTNER = """
ALTER TABLE deals_payoutdetails ADD CONSTRAINT deals_payout_details_id_partner UNIQUE (id, partner_id);
ALTER TABLE deals_payoutitem ADD CONSTRAINT deals_payoutitem_to_its_own_account
  FOREIGN KEY (details_id, partner_id) REFERENCES deals_payoutdetails (id, partner_id) DEFERRABLE INITIALLY DEFERRED;
"""
OF_ONE_PARTNER_BACK = """
ALTER TABLE deals_payoutitem DROP CONSTRAINT deals_payoutitem_to_its_own_account;
ALTER TABLE deals_payoutdetails DROP CONSTRAINT deals_payout_details_id_partner;
"""

FILES_STAY = """
CREATE TRIGGER deals_payoutfile_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deals_payoutfile
  FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON deals_payoutfile FROM prm_app;
"""
FILES_STAY_BACK = """
DROP TRIGGER deals_payoutfile_append_only ON deals_payoutfile;
GRANT UPDATE, DELETE ON deals_payoutfile TO prm_app;
"""


class Migration(migrations.Migration):
    """A table, two columns, and triggers."""

    dependencies = [("deals", "0006_commission_waits"), ("core", "0004_sealed_files")]

    operations = [
        migrations.AddField(
            model_name="payoutrun",
            name="includes_ended",
            field=models.BooleanField(default=False, verbose_name="pays partners that ended"),
        ),
        migrations.AddField(
            model_name="payoutrun",
            name="left_out",
            field=models.JSONField(default=list, verbose_name="left out"),
        ),
        migrations.CreateModel(
            name="PayoutFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "format",
                    models.CharField(
                        choices=[("pain001", "SEPA credit transfer (pain.001)"), ("csv", "CSV")],
                        max_length=10,
                        verbose_name="format",
                    ),
                ),
                ("items_count", models.PositiveIntegerField(verbose_name="payouts")),
                ("total_amount", models.DecimalField(decimal_places=4, max_digits=18, verbose_name="total")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.storedfile"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="deals.payoutrun"
                    ),
                ),
            ],
            options={"verbose_name": "file for the bank", "verbose_name_plural": "files for the bank"},
        ),
        migrations.AddConstraint(
            model_name="payoutfile",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="deals_payout_file_number"),
        ),
        migrations.AddConstraint(
            model_name="payoutfile",
            constraint=models.CheckConstraint(
                condition=models.Q(total_amount__gt=0, total_amount__lt=10**14, items_count__gt=0),
                name="deals_payout_file_is_not_empty",
            ),
        ),
        migrations.RunSQL(RUN_STAYS, RUN_STAYS_BACK),
        migrations.RunSQL(ITEM_STAYS, ITEM_STAYS_BACK),
        migrations.RunSQL(LINE_STAYS, LINE_STAYS_BACK),
        migrations.RunSQL(ADDS_UP, ADDS_UP_BACK),
        migrations.RunSQL(DETAILS_STAY, DETAILS_STAY_BACK),
        migrations.RunSQL(OF_ONE_PARTNER, OF_ONE_PARTNER_BACK),
        migrations.RunSQL(FILES_STAY, FILES_STAY_BACK),
    ]
