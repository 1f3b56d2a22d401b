"""What a customer signed, what each partner earns on it, and what happened to it since."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals.choices import ContractEventKind, ContractStatus, DealKind, RecordSource
from prm.core.actors import Actor
from prm.core.refs import Ref

LIMIT = 10**12


class ContractQuerySet(models.QuerySet["Contract"]):
    """Contracts, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ContractQuerySet":
        """Vendor staff see all; a partner those on which it earns."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(earning_terms__partner_id=actor.organization_id)
        return self.none()


class Contract(models.Model):
    """A won deal as an agreement that is paid, changed, renewed or cancelled. One for each won opportunity.

    ``annual_amount`` is the first year's value (what we invoice, after margin), ``current_annual_amount`` what is left
    of it after downgrades; ``list_amount`` the price before a reseller's margin. Dates are of the program.
    """

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("external number"), max_length=100, null=True, blank=True, unique=True)
    opportunity = models.OneToOneField("deals.Opportunity", models.PROTECT, related_name="contract")
    deal_kind = models.CharField(_("economic model"), max_length=12, choices=DealKind)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("contract value"), max_digits=18, decimal_places=4)
    annual_amount = models.DecimalField(_("value of a year"), max_digits=18, decimal_places=4)
    current_annual_amount = models.DecimalField(_("value of a year now"), max_digits=18, decimal_places=4)
    list_amount = models.DecimalField(_("list price"), max_digits=18, decimal_places=4, null=True, blank=True)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    signed_on = models.DateField(_("signed on"))
    started_on = models.DateField(_("started on"))
    status = models.CharField(_("status"), max_length=10, choices=ContractStatus, default=ContractStatus.ACTIVE)
    first_paid_on = models.DateField(_("first paid on"), null=True, blank=True)
    cancelled_on = models.DateField(_("cancelled as of"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"))

    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, amount__lt=LIMIT)
                & Q(annual_amount__gte=0, annual_amount__lt=12 * LIMIT)
                & Q(current_annual_amount__gte=0, current_annual_amount__lt=12 * LIMIT)
                & (Q(list_amount=None) | Q(list_amount__gte=0, list_amount__lt=LIMIT)),
                name="deals_contract_amounts",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_on__isnull=False) | Q(status="active", cancelled_on=None),
                name="deals_contract_cancelled_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["-signed_on", "-id"], name="deals_contract_newest")]

    def __str__(self) -> str:
        return self.code

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.contract", self.code)


class EarningTerms(models.Model):
    """What one partner earns on one contract: plan, rate, tier and verdict as they stood when it was signed.

    Nothing that changes later (tier, plan, verdict, program) reaches back to it; a trigger refuses updates.
    ``points`` are those of a registration, pinned when it was approved. Without ``plan_code`` no plan fits, and
    ``lines`` say why.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="earning_terms")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="earning_terms")
    program_version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    plan_code = models.CharField(_("plan"), max_length=40, blank=True)
    plan_name = models.CharField(_("plan"), max_length=120, blank=True)
    plan = models.JSONField(_("terms of the plan"), default=dict)
    tier_code = models.CharField(_("tier"), max_length=40, blank=True)
    tier_name = models.CharField(_("tier"), max_length=80, blank=True)
    verdict_kind = models.CharField(_("verdict"), max_length=20)
    rate_percent = models.DecimalField(_("rate"), max_digits=12, decimal_places=6, default=0)
    points = models.DecimalField(_("points for registering"), max_digits=12, decimal_places=6, default=0)
    factor_percent = models.DecimalField(_("part of the rate"), max_digits=5, decimal_places=2)
    credit_bps = models.PositiveIntegerField(_("credit in basis points"), default=10000)
    lines = models.JSONField(_("why these terms"), default=list)
    pinned_at = models.DateTimeField(_("pinned"))

    class Meta:
        verbose_name = _("earning terms")
        verbose_name_plural = _("earning terms")
        constraints = [
            models.UniqueConstraint(fields=["contract", "partner"], name="deals_earning_terms_once"),
            models.CheckConstraint(
                condition=Q(rate_percent__gte=0, rate_percent__lte=100)
                & Q(points__gte=0, points__lte=100)
                & Q(factor_percent__gte=0, factor_percent__lte=100)
                & Q(credit_bps__lte=10000),
                name="deals_earning_terms_rates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}: {self.partner_id} {self.plan_code}"


class ContractEvent(models.Model):
    """Something that happened to a contract: a payment, a cancellation, a downgrade, a renewal, a refund, fraud.

    Append-only. ``external_id`` makes it safe to send twice. ``amount`` is what was paid or refunded, or the new value
    of a year after a downgrade or renewal, in the contract's currency; ``effective_on`` when it takes effect.
    """

    code = models.CharField(max_length=20, unique=True)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="events")
    kind = models.CharField(_("what happened"), max_length=20, choices=ContractEventKind)
    effective_on = models.DateField(_("as of"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4, null=True, blank=True)
    external_id = models.CharField(_("external number"), max_length=100, null=True, blank=True, unique=True)
    source = models.CharField(_("recorded by"), max_length=10, choices=RecordSource)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    recorded_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("contract event")
        verbose_name_plural = _("contract events")
        ordering = ["effective_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0, amount__lt=12 * LIMIT), name="deals_contract_event_amount"
            ),
        ]
        indexes = [models.Index(fields=["contract", "effective_on", "id"], name="deals_contract_event_order")]

    def __str__(self) -> str:
        return f"{self.code} {self.kind}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.contract_event", self.code)


class OwnRate(models.Model):
    """A rate agreed with one partner beyond the plan's, dated, with its reason. Blank plan: any plan with a rate."""

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="own_rates")
    plan_code = models.CharField(_("plan"), max_length=40, blank=True)
    rate_percent = models.DecimalField(_("rate"), max_digits=12, decimal_places=6)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"), null=True, blank=True)
    reason = models.TextField(_("reason"), max_length=2000)
    created_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("agreed"))

    class Meta:
        verbose_name = _("own rate")
        verbose_name_plural = _("own rates")
        constraints = [
            models.CheckConstraint(condition=Q(rate_percent__gte=0, rate_percent__lte=100), name="deals_own_rate_rate"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")), name="deals_own_rate_period"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="deals_own_rate_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.rate_percent} %"
