"""What a partner's part in a deal was judged to be."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.choices import CreditModel, VerdictKind
from prm.core.actors import Actor


class VerdictQuerySet(models.QuerySet["Verdict"]):
    """Verdicts, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "VerdictQuerySet":
        """Vendor staff see all; a partner those about itself."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def current(self) -> "VerdictQuerySet":
        """The ones in force; earlier ones stay as history."""
        return self.filter(superseded_at=None)


class Verdict(models.Model):
    """Sourced, influenced or not attributed: one partner's part in one deal, with every check and its evidence.

    ``factor_percent`` is the part of the rate that the verdict earns; ``credit_bps`` the partner's share of the deal's
    revenue in basis points. A deal has at most one sourced partner. An overrule carries a reason and replaces the
    row before, which stays.
    """

    opportunity = models.ForeignKey("deals.Opportunity", models.PROTECT, related_name="verdicts")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="verdicts", verbose_name=_("partner"))
    kind = models.CharField(_("verdict"), max_length=20, choices=VerdictKind)
    factor_percent = models.DecimalField(_("part of the rate"), max_digits=5, decimal_places=2)
    credit_bps = models.PositiveIntegerField(_("credit in basis points"), default=0)
    credit_model = models.CharField(_("credit model"), max_length=20, choices=CreditModel)
    checks = models.JSONField(_("checks"), default=list)
    lines = models.JSONField(_("explanation"), default=list)
    program_version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    judged_at = models.DateTimeField(_("judged"))
    judged_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    is_overruled = models.BooleanField(_("overruled"), default=False)
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    superseded_at = models.DateTimeField(_("replaced"), null=True, blank=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        verbose_name = _("attribution verdict")
        verbose_name_plural = _("attribution verdicts")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "partner"],
                condition=Q(superseded_at=None),
                name="deals_verdict_one_current",
            ),
            models.UniqueConstraint(
                fields=["opportunity"],
                condition=Q(superseded_at=None, kind="sourced"),
                name="deals_verdict_one_sourced",
            ),
            models.CheckConstraint(condition=Q(credit_bps__lte=10000), name="deals_verdict_credit"),
            models.CheckConstraint(
                condition=Q(factor_percent__gte=0, factor_percent__lte=100), name="deals_verdict_factor"
            ),
            models.CheckConstraint(condition=Q(is_overruled=False) | ~Q(reason=""), name="deals_verdict_reason"),
        ]
        indexes = [
            models.Index(
                fields=["partner", "opportunity"], condition=Q(superseded_at=None), name="deals_verdict_partner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity_id}: {self.partner_id} {self.kind}"

    @property
    def credit_percent(self) -> Decimal:
        """The credit as a percentage, with two digits at most."""
        return Decimal(self.credit_bps) / 100
