"""Extra money for a while: sales performance incentives, and what they awarded."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals.choices import SpiffKind, SpiffStatus
from prm.core.actors import Actor
from prm.core.refs import Ref


class SpiffQuerySet(models.QuerySet["Spiff"]):
    """SPIFFs, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "SpiffQuerySet":
        """Vendor staff see all. Partners meet them in their earnings, through a query of its own."""
        return self if actor.is_vendor or actor.is_system else self.none()


class Spiff(models.Model):
    """One incentive with a window and a budget. Which of the values counts depends on its kind.

    ``amount``: first deal, displacement (per deal). ``multiplier``: product launch. ``percent``: quarterly push, with
    ``quota_amount`` of sourced won revenue. ``points``: bundle, for deals with all of ``products``. ``spent_amount``
    is moved only by an update that also checks the budget, and equals the sum of the awards.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=SpiffKind)
    status = models.CharField(_("status"), max_length=10, choices=SpiffStatus, default=SpiffStatus.ACTIVE)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4, null=True, blank=True)
    multiplier = models.DecimalField(_("multiplier"), max_digits=6, decimal_places=3, null=True, blank=True)
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3, null=True, blank=True)
    points = models.DecimalField(_("points"), max_digits=6, decimal_places=3, null=True, blank=True)
    quota_amount = models.DecimalField(_("quota"), max_digits=18, decimal_places=4, null=True, blank=True)
    products = models.ManyToManyField("deals.Product", blank=True, related_name="+", verbose_name=_("products"))
    competitor = models.CharField(_("competitor"), max_length=120, blank=True)
    partner_types = models.JSONField(_("types of partner"), default=list, blank=True)
    tiers = models.JSONField(_("tiers"), default=list, blank=True)
    budget_amount = models.DecimalField(_("budget"), max_digits=18, decimal_places=4)
    spent_amount = models.DecimalField(_("awarded"), max_digits=18, decimal_places=4, default=0)
    note = models.TextField(_("what partners read"), max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = SpiffQuerySet.as_manager()

    class Meta:
        verbose_name = _("SPIFF")
        verbose_name_plural = _("SPIFFs")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="deals_spiff_window"),
            models.CheckConstraint(
                condition=Q(spent_amount__gte=0, spent_amount__lte=F("budget_amount"), budget_amount__lt=10**12),
                name="deals_spiff_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.spiff", self.code)


class SpiffAward(models.Model):
    """What a SPIFF gave on one deal (or for one quarter): the part of a commission that is due to it.

    ``award_key`` names the deal or quarter, so that it is given once.
    """

    spiff = models.ForeignKey(Spiff, models.PROTECT, related_name="awards")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    commission = models.ForeignKey("deals.Commission", models.PROTECT, related_name="spiff_awards")
    award_key = models.CharField(max_length=80)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    awarded_at = models.DateTimeField(_("awarded"))

    class Meta:
        verbose_name = _("SPIFF award")
        verbose_name_plural = _("SPIFF awards")
        constraints = [
            models.UniqueConstraint(fields=["spiff", "partner", "award_key"], name="deals_spiff_award_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**12), name="deals_spiff_award_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.spiff_id}: {self.amount}"
