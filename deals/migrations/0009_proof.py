"""What was proved of the books; written once."""

from django.db import migrations, models

STAYS = """
CREATE TRIGGER deals_proof_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deals_proof
  FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON deals_proof FROM prm_app;
"""
STAYS_BACK = "DROP TRIGGER deals_proof_append_only ON deals_proof; GRANT UPDATE, DELETE ON deals_proof TO prm_app;"


class Migration(migrations.Migration):
    """One table."""

    dependencies = [("deals", "0008_statements")]

    operations = [
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("check_code", models.CharField(max_length=4, verbose_name="invariant")),
                ("proved_at", models.DateTimeField(verbose_name="proved")),
                ("by", models.CharField(max_length=80, verbose_name="by")),
                ("milliseconds", models.PositiveIntegerField(verbose_name="took, in ms")),
                ("seen", models.PositiveBigIntegerField(verbose_name="looked at")),
                ("broken", models.PositiveBigIntegerField(verbose_name="contradictions")),
                ("offenders", models.JSONField(default=list)),
                ("figures", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "proof of the books",
                "verbose_name_plural": "proofs of the books",
                "indexes": [models.Index(fields=["check_code", "-proved_at", "-id"], name="deals_proof_newest")],
            },
        ),
        migrations.RunSQL(STAYS, STAYS_BACK),
    ]
