"""A month of a partner's earnings, as it was sent."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.models.payout import OfPartnerQuerySet
from prm.core.refs import Ref


class Statement(models.Model):
    """What a partner earned, lost and was paid in one month and currency, as PDF and CSV with their hashes.

    Made once, after the month; what is recorded later stands on a later one. ``totals`` are the figures printed.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="statements")
    currency = models.CharField(_("currency"), max_length=3)
    month = models.DateField(_("month"))
    totals = models.JSONField(_("totals"), default=dict)
    pdf = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    csv = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    ordered_at = models.DateTimeField(_("ordered"))
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    failure = models.CharField(_("failed because"), max_length=300, blank=True)

    objects = OfPartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        constraints = [
            models.UniqueConstraint(fields=["partner", "currency", "month"], name="deals_statement_once"),
        ]
        indexes = [models.Index(fields=["-month", "-id"], name="deals_statement_newest")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.month:%Y-%m} {self.currency}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.statement", self.code)
