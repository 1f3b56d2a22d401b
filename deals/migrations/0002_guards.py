"""What the database itself promises about deals: claims are never deleted, and both ends name the same partner."""

from django.db import migrations

CLAIMS_STAY = """
CREATE TRIGGER deals_claim_never_deleted BEFORE DELETE OR TRUNCATE ON deals_claim
  FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
REVOKE DELETE, TRUNCATE ON deals_claim FROM prm_app;
"""
CLAIMS_STAY_BACK = "DROP TRIGGER deals_claim_never_deleted ON deals_claim"

SAME_PARTNER = """
ALTER TABLE deals_claim ADD CONSTRAINT deals_claim_same_partner
  FOREIGN KEY (registration_id, partner_id) REFERENCES deals_registration (id, partner_id)
  DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_opportunity ADD CONSTRAINT deals_opportunity_same_partner_registration
  FOREIGN KEY (registration_id, partner_id) REFERENCES deals_registration (id, partner_id)
  DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_opportunity ADD CONSTRAINT deals_opportunity_same_partner_referral
  FOREIGN KEY (referral_id, partner_id) REFERENCES deals_referral (id, partner_id)
  DEFERRABLE INITIALLY DEFERRED;
"""
SAME_PARTNER_BACK = """
ALTER TABLE deals_claim DROP CONSTRAINT deals_claim_same_partner;
ALTER TABLE deals_opportunity DROP CONSTRAINT deals_opportunity_same_partner_registration;
ALTER TABLE deals_opportunity DROP CONSTRAINT deals_opportunity_same_partner_referral;
"""


class Migration(migrations.Migration):
    """Runs after the tables exist; the trigger's function comes with core."""

    dependencies = [("deals", "0001_initial"), ("core", "0002_guards")]

    operations = [
        migrations.RunSQL(CLAIMS_STAY, CLAIMS_STAY_BACK),
        migrations.RunSQL(SAME_PARTNER, SAME_PARTNER_BACK),
    ]
