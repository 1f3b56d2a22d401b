"""A partner that does not agree with a line."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals.choices import DisputeStatus
from deals.models.payout import OfPartnerQuerySet
from prm.core.refs import Ref


class Dispute(models.Model):
    """An objection to one commission, with evidence. While it is open the line is held; settling it may add a line.

    ``expected_amount`` is what the partner thinks is right, in the line's currency.
    """

    code = models.CharField(max_length=20, unique=True)
    commission = models.ForeignKey("deals.Commission", models.PROTECT, related_name="disputes")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="disputes")
    reason = models.TextField(_("what is wrong"), max_length=2000)
    expected_amount = models.DecimalField(_("expected"), max_digits=18, decimal_places=4, null=True, blank=True)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(_("status"), max_length=15, choices=DisputeStatus, default=DisputeStatus.OPEN)
    opened_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    settled_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    answer = models.TextField(_("answer"), max_length=2000, blank=True)
    adjustment = models.OneToOneField(
        "deals.Commission", models.PROTECT, null=True, blank=True, related_name="settled_dispute"
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = OfPartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.UniqueConstraint(fields=["commission"], condition=Q(status="open"), name="deals_dispute_one_open"),
            models.CheckConstraint(
                condition=Q(status="open", settled_at=None) | (~Q(status="open") & Q(settled_at__isnull=False)),
                name="deals_dispute_settled_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "withdrawn"]) | ~Q(settled_by=F("opened_by")),
                name="deals_dispute_two_people",
            ),
            models.CheckConstraint(
                condition=Q(expected_amount=None) | Q(expected_amount__gte=0, expected_amount__lt=10**12),
                name="deals_dispute_expected",
            ),
        ]
        indexes = [models.Index(fields=["partner", "-opened_at"], name="deals_dispute_partner")]

    def __str__(self) -> str:
        return self.code

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.dispute", self.code)
