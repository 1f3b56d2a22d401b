"""Indexes for what the night and the packs ask of each partner: sent in, engaged and worked within a period."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only indexes."""

    dependencies = [("deals", "0002_guards")]

    operations = [
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(fields=["engaged_on"], name="deals_opp_engaged_on"),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(is_partner_worked=True, origin="import"),
                fields=["partner", "engaged_on"],
                name="deals_opp_partner_worked",
            ),
        ),
        migrations.AddIndex(
            model_name="registration",
            index=models.Index(
                condition=models.Q(submitted_at__isnull=False),
                fields=["partner", "-submitted_at", "-id"],
                name="deals_reg_partner_sent",
            ),
        ),
    ]
