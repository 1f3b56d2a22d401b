"""One line that a partner earned, or that was taken back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals.choices import CommissionKind, CommissionStatus, EarningTrigger, HoldReason
from prm.core.actors import Actor
from prm.core.refs import Ref

LIMIT = 10**12


class CommissionQuerySet(models.QuerySet["Commission"]):
    """Commissions, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "CommissionQuerySet":
        """Vendor staff see all; a partner its own."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def payable(self) -> "CommissionQuerySet":
        """Due and free: neither held nor in a run."""
        return self.filter(status=CommissionStatus.PAYABLE, held_reason="")


class Commission(models.Model):
    """An earned amount (above zero) or one taken back (below), in the deal's currency, from terms pinned at signature.

    What was computed never changes (a trigger refuses it): ``inputs`` hold everything that ``calculate`` was given, so
    the amount can be recomputed in years. Only the state moves: accrued → payable → in payout → paid → final, void
    before a run only. ``held_reason`` keeps a line out of runs without changing its state. ``origin`` is the line that
    a clawback or an adjustment corrects. ``source_key`` says what made it, and lets that happen once.

    ``waits_for`` is what the customer must do before the ``holdback_days`` begin; when it happened is ``triggered_on``,
    and ``payable_on`` is the first day on which the line can be paid. ``final_on`` is the day from which nothing can be
    taken back by days any more, and once the line is final the day on which it became so.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, related_name="commissions", verbose_name=_("partner")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=CommissionKind)
    source_key = models.CharField(max_length=120, unique=True)
    opportunity = models.ForeignKey(
        "deals.Opportunity", models.PROTECT, null=True, blank=True, related_name="commissions"
    )
    contract = models.ForeignKey("deals.Contract", models.PROTECT, null=True, blank=True, related_name="commissions")
    event = models.ForeignKey("deals.ContractEvent", models.PROTECT, null=True, blank=True, related_name="commissions")
    origin = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    spiff = models.ForeignKey("deals.Spiff", models.PROTECT, null=True, blank=True, related_name="commissions")
    program_version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    plan_code = models.CharField(_("plan"), max_length=40, blank=True)
    plan_name = models.CharField(_("plan"), max_length=120, blank=True)
    title = models.CharField(_("for"), max_length=250)
    base_amount = models.DecimalField(_("base"), max_digits=18, decimal_places=4, null=True, blank=True)
    rate_percent = models.DecimalField(_("rate"), max_digits=12, decimal_places=6, null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    inputs = models.JSONField(_("inputs"), default=dict)
    lines = models.JSONField(_("explanation"), default=list)
    earned_on = models.DateField(_("earned on"))
    waits_for = models.CharField(_("waits for"), max_length=20, choices=EarningTrigger, blank=True)
    holdback_days = models.PositiveSmallIntegerField(_("holdback in days"), default=0)
    created_at = models.DateTimeField(_("created"))

    status = models.CharField(_("status"), max_length=12, choices=CommissionStatus, default=CommissionStatus.ACCRUED)
    held_reason = models.CharField(_("held because"), max_length=20, choices=HoldReason, blank=True)
    triggered_on = models.DateField(_("condition met on"), null=True, blank=True)
    payable_on = models.DateField(_("payable on"), null=True, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    final_on = models.DateField(_("final on"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CommissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("commission")
        verbose_name_plural = _("commissions")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=-LIMIT, amount__lt=LIMIT) & ~Q(amount=0), name="deals_commission_amount"
            ),
            models.CheckConstraint(
                condition=~Q(kind="clawback") | Q(amount__lt=0, origin__isnull=False),
                name="deals_commission_clawback_takes_back",
            ),
            models.CheckConstraint(condition=Q(origin=None) | ~Q(origin=F("id")), name="deals_commission_not_its_own"),
            models.UniqueConstraint(fields=["id", "partner"], name="deals_commission_id_partner"),
        ]
        indexes = [
            models.Index(fields=["partner", "-earned_on", "-id"], name="deals_commission_partner"),
            models.Index(fields=["-earned_on", "-id"], name="deals_commission_newest"),
            models.Index(
                fields=["currency", "partner", "payable_on"],
                condition=Q(status="payable"),
                name="deals_commission_payable",
            ),
            models.Index(fields=["payable_on"], condition=Q(status="accrued"), name="deals_commission_due"),
            models.Index(fields=["final_on"], condition=Q(status="paid"), name="deals_commission_to_final"),
            models.Index(fields=["contract", "partner"], name="deals_commission_contract"),
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="deals_commission_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount} {self.currency}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.commission", self.code)
