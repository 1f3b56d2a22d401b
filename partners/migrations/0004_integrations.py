"""Integrations of partners, and the figures that the technology ladder counts."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Run after the histories have their fingerprints."""

    dependencies = [
        ("partners", "0003_fingerprints"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="co_sold_deals_t12m",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="co-sold deals, 12 months"),
        ),
        migrations.AddField(
            model_name="partner",
            name="live_integrations",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="live integrations"),
        ),
        migrations.AddField(
            model_name="tierstanding",
            name="co_sold_deals",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="co-sold deals"),
        ),
        migrations.AddField(
            model_name="tierstanding",
            name="live_integrations",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="live integrations"),
        ),
        migrations.CreateModel(
            name="Integration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("external_id", models.CharField(blank=True, max_length=80, verbose_name="id elsewhere")),
                ("name", models.CharField(max_length=150, verbose_name="integration")),
                ("product", models.CharField(blank=True, max_length=120, verbose_name="our product or category")),
                ("url", models.URLField(blank=True, verbose_name="address")),
                ("live_on", models.DateField(verbose_name="live since")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended")),
                ("evidence", models.TextField(max_length=2000, verbose_name="evidence")),
                (
                    "source",
                    models.CharField(
                        choices=[("survey", "Survey"), ("manual", "By hand"), ("import", "Import")],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="integrations", to="partners.partner"
                    ),
                ),
            ],
            options={
                "verbose_name": "integration",
                "verbose_name_plural": "integrations",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_on", None), ("ended_on__gte", models.F("live_on")), _connector="OR"),
                        name="partners_integration_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("url", ""), ("url__startswith", "https://"), _connector="OR"),
                        name="partners_integration_https",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="partners_integration_has_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("evidence", ""), _negated=True), name="partners_integration_has_evidence"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("external_id",),
                        name="partners_integration_external_once",
                    ),
                    models.UniqueConstraint(
                        models.F("partner"),
                        django.db.models.functions.text.Lower("name"),
                        django.db.models.functions.text.Lower("product"),
                        condition=models.Q(("ended_on", None)),
                        name="partners_integration_once",
                    ),
                ],
            },
        ),
    ]
