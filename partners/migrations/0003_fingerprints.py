"""Hashes that say "nothing changed", and overrides that may end on their first day."""

from datetime import timedelta

from django.db import migrations, models


class Migration(migrations.Migration):
    """Run after the histories exist."""

    dependencies = [("partners", "0002_program_is_immutable")]

    operations = [
        migrations.AddField(
            model_name="healthscore",
            name="fingerprint",
            field=models.CharField(max_length=32, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="tierstanding",
            name="fingerprint",
            field=models.CharField(max_length=32, default=""),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(model_name="tieroverride", name="partners_override_range"),
        migrations.AddConstraint(
            model_name="tieroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on") - timedelta(days=1)),
                name="partners_override_range",
            ),
        ),
    ]
