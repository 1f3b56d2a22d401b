"""What a commission waits for, and how long after it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns that are fixed when the line is booked."""

    dependencies = [
        ("deals", "0005_earning_guards"),
    ]

    operations = [
        migrations.AddField(
            model_name="commission",
            name="holdback_days",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="holdback in days"),
        ),
        migrations.AddField(
            model_name="commission",
            name="waits_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("first_payment", "First payment of the customer"),
                    ("implementation", "Implementation complete"),
                    ("trial", "Trial complete"),
                ],
                max_length=20,
                verbose_name="waits for",
            ),
        ),
    ]
