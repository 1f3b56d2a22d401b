"""Who opens a dispute does not settle it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deals", "0007_payouts")]

    operations = [
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["open", "withdrawn"]),
                    models.Q(("settled_by", models.F("opened_by")), _negated=True),
                    _connector="OR",
                ),
                name="deals_dispute_two_people",
            ),
        ),
    ]
