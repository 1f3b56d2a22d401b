"""Who holds an account, for which product line, and when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, IntegerRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.choices import ClaimBasis, ClaimEnd
from prm.core.actors import Actor
from prm.core.refs import Ref


class ClaimQuerySet(models.QuerySet["Claim"]):
    """Claims, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ClaimQuerySet":
        """Vendor staff see all; a partner its own."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def live_at(self, at: object) -> "ClaimQuerySet":
        """Those in force at a moment."""
        return self.filter(period__contains=at)


class Claim(models.Model):
    """An account key held by one partner for one product line during one period.

    The database refuses two partners on the same key where both line and period overlap. A line without bounds
    overlaps every line. Ending a claim cuts its period short; rows are never deleted (a trigger refuses it).
    """

    code = models.CharField(max_length=20, unique=True)
    registration = models.ForeignKey("deals.Registration", models.PROTECT, related_name="claims")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="claims", verbose_name=_("partner"))
    basis = models.CharField(_("claimed by"), max_length=10, choices=ClaimBasis)
    account_key = models.CharField(_("account key"), max_length=500)
    key_version = models.PositiveSmallIntegerField()
    product_line = IntegerRangeField(_("product line"))
    period = DateTimeRangeField(_("period"))
    started_at = models.DateTimeField(_("taken"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(_("ended because"), max_length=20, choices=ClaimEnd, blank=True)
    transferred_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="transferred_to")
    reason = models.TextField(_("reason"), blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            ExclusionConstraint(
                name="deals_claim_one_holder",
                expressions=[
                    ("account_key", RangeOperators.EQUAL),
                    ("partner", RangeOperators.NOT_EQUAL),
                    ("product_line", RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=~models.Q(account_key=""), name="deals_claim_has_key"),
        ]
        indexes = [
            models.Index(fields=["account_key", "-started_at"], name="deals_claim_history"),
            models.Index(fields=["partner", "-started_at"], name="deals_claim_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.account_key}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.claim", self.code)
