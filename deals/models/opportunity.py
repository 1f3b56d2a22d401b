"""A sale that may come, came, or was lost."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.choices import LostReason, OpportunitySource, OpportunityStage, OpportunityStatus
from prm.core.actors import Actor
from prm.core.refs import Ref


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    """Opportunities, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "OpportunityQuerySet":
        """Vendor staff see all, direct pipeline included; a partner those that are its own."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def sourced(self) -> "OpportunityQuerySet":
        """Those that count as a partner's own: by registration, referral, or an import mapped as partner-worked."""
        return self.filter(partner__isnull=False).filter(
            Q(origin__in=[OpportunitySource.REGISTRATION, OpportunitySource.REFERRAL])
            | Q(origin=OpportunitySource.IMPORT, is_partner_worked=True)
        )


class Opportunity(models.Model):
    """A deal with an amount. ``stage`` is the partner's axis, ``status`` the vendor's.

    Without a partner it is direct pipeline; without an account the customer is unknown (imports only). ``arr`` is
    amount × 12 / term in months, or the amount where there is no term. ``amount_program`` and ``arr_program`` are in
    the program's currency at the rate of the won date, kept in ``rate``; without a rate they stay empty and the deal
    is left out of sums and listed. A partner only *reports* a win; ``won_on`` is set by the vendor's confirmation.
    """

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("external number"), max_length=100, null=True, blank=True, unique=True)
    account = models.ForeignKey(
        "deals.Account", models.PROTECT, null=True, blank=True, related_name="opportunities", verbose_name=_("account")
    )
    partner = models.ForeignKey(
        "partners.Partner",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=_("partner"),
    )
    product = models.ForeignKey("deals.Product", models.PROTECT, null=True, blank=True, related_name="+")
    registration = models.OneToOneField(
        "deals.Registration", models.PROTECT, null=True, blank=True, related_name="opportunity"
    )
    referral = models.OneToOneField("deals.Referral", models.PROTECT, null=True, blank=True, related_name="opportunity")
    origin = models.CharField(_("origin"), max_length=20, choices=OpportunitySource)
    is_partner_worked = models.BooleanField(_("worked by the partner"), default=False)
    owner_name = models.CharField(_("owner"), max_length=150, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    arr = models.DecimalField(_("ARR"), max_digits=18, decimal_places=4, null=True, blank=True)
    rate = models.DecimalField(
        _("rate to the program’s currency"), max_digits=18, decimal_places=8, null=True, blank=True
    )
    amount_program = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    arr_program = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)

    stage = models.CharField(_("stage"), max_length=20, choices=OpportunityStage, default=OpportunityStage.PROSPECTING)
    status = models.CharField(_("result"), max_length=10, choices=OpportunityStatus, default=OpportunityStatus.OPEN)
    engaged_on = models.DateField(_("engaged on"), null=True, blank=True)
    expected_close_on = models.DateField(_("expected close"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    won_on = models.DateField(_("won on"), null=True, blank=True)
    lost_reason = models.CharField(_("reason it was lost"), max_length=20, choices=LostReason, blank=True)
    reported_won_at = models.DateTimeField(_("reported won"), null=True, blank=True)
    reported_won_on = models.DateField(_("reported as won on"), null=True, blank=True)
    reported_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    win_evidence = models.TextField(_("evidence"), max_length=2000, blank=True)
    created_at = models.DateTimeField(_("created"))
    touched_at = models.DateTimeField(_("last activity"))

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        constraints = [
            models.CheckConstraint(
                condition=(Q(amount=None) | Q(amount__gte=0, amount__lte=10**12))
                & (Q(arr=None) | Q(arr__gte=0, arr__lte=12 * 10**12)),
                name="deals_opportunity_amount_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status="won", won_on__isnull=False, closed_on__isnull=False)
                | Q(status="lost", won_on=None, closed_on__isnull=False)
                | Q(status="open", won_on=None, closed_on=None),
                name="deals_opportunity_result_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(rate=None) | Q(rate__gt=0, rate__lte=10**9), name="deals_opportunity_rate"
            ),
            models.CheckConstraint(
                condition=~Q(origin="direct") | Q(partner=None), name="deals_opportunity_direct_has_no_partner"
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "won_on"], condition=Q(status="won"), name="deals_opp_partner_won"),
            models.Index(fields=["partner", "status", "-touched_at", "-id"], name="deals_opp_partner_status"),
            models.Index(fields=["status", "-touched_at", "-id"], name="deals_opp_status_newest"),
            models.Index(fields=["-touched_at", "-id"], name="deals_opp_newest"),
            models.Index(fields=["account", "status"], name="deals_opp_account"),
            models.Index(fields=["won_on"], condition=Q(status="won"), name="deals_opp_won_on"),
            models.Index(fields=["engaged_on"], name="deals_opp_engaged_on"),
            models.Index(
                fields=["partner", "engaged_on"],
                condition=Q(origin="import", is_partner_worked=True),
                name="deals_opp_partner_worked",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.opportunity", self.code)
