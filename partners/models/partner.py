"""Partner companies: what the business knows of them, and the figures the night last computed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.choices import HealthBand, LifecycleStage, PartnerStatus, PartnerType
from prm.core.actors import Actor
from prm.core.refs import Ref


class PartnerQuerySet(models.QuerySet["Partner"]):
    """Partners, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "PartnerQuerySet":
        """Staff read all partners; partner people only their own company."""
        if actor.is_vendor or actor.is_system:
            return self
        if not (actor.is_partner and actor.organization_id):
            return self.none()
        return self.filter(pk=actor.organization_id)

    def owned_by(self, user_id: int | None) -> "PartnerQuerySet":
        """A manager's portfolio."""
        return self.filter(owner_id=user_id) if user_id else self.none()

    def active(self) -> "PartnerQuerySet":
        """Partners that the night works on."""
        return self.filter(status=PartnerStatus.ACTIVE)


class Partner(models.Model):
    """A company that sells, refers or builds with the vendor. Its primary key is its organization's.

    The columns from ``health_score`` on are stored results, written by ``partners.actions`` only and meant for
    the vendor's staff: partner pages show tier progress, never health. ``version`` counts edits by people.
    """

    organization = models.OneToOneField(
        "core.Organization", models.PROTECT, primary_key=True, related_name="partner", verbose_name=_("company")
    )
    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    sort_name = models.CharField(max_length=200)
    type = models.CharField(_("type"), max_length=20, choices=PartnerType)
    track = models.ForeignKey("partners.Track", models.PROTECT, related_name="partners", verbose_name=_("track"))
    tier = models.ForeignKey(
        "partners.Tier", models.PROTECT, null=True, blank=True, related_name="partners", verbose_name=_("tier")
    )
    status = models.CharField(_("status"), max_length=12, choices=PartnerStatus)
    stage = models.CharField(_("lifecycle stage"), max_length=12, choices=LifecycleStage)
    stage_since = models.DateField(_("in this stage since"))
    territory = models.CharField(_("territory"), max_length=60, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    about = models.TextField(_("about"), max_length=2000, blank=True)
    owner = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="portfolio", verbose_name=_("partner manager")
    )
    agreement_signed_on = models.DateField(_("agreement signed"), null=True, blank=True)
    partner_since = models.DateField(_("partner since"), null=True, blank=True)
    high_potential_until = models.DateField(_("high potential until"), null=True, blank=True)

    tier_changed_on = models.DateField(_("tier since"), null=True, blank=True)
    review_on = models.DateField(_("next tier review"), null=True, blank=True)
    grace_until = models.DateField(_("grace until"), null=True, blank=True)
    pending_tier = models.ForeignKey(
        "partners.Tier", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("promotion waiting")
    )
    tier_at_risk = models.BooleanField(_("tier at risk"), default=False)
    support_plan = models.BooleanField(_("support plan"), default=False)

    health_score = models.PositiveSmallIntegerField(_("health"), null=True, blank=True)
    health_band = models.CharField(_("band"), max_length=10, choices=HealthBand, default=HealthBand.UNKNOWN)
    health_known_points = models.PositiveSmallIntegerField(default=0)
    next_tier = models.ForeignKey(
        "partners.Tier", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("next tier")
    )
    tier_progress_percent = models.PositiveSmallIntegerField(_("progress to the next tier"), null=True, blank=True)
    sourced_arr_t12m = models.DecimalField(_("sourced ARR, 12 months"), max_digits=18, decimal_places=4, default=0)
    qualified_referrals_t12m = models.PositiveIntegerField(_("qualified referrals, 12 months"), default=0)
    live_integrations = models.PositiveIntegerField(_("live integrations"), default=0, db_default=0)
    co_sold_deals_t12m = models.PositiveIntegerField(_("co-sold deals, 12 months"), default=0, db_default=0)
    certified_people = models.PositiveIntegerField(_("certified people"), default=0)
    revenue_t12m = models.DecimalField(_("revenue, 12 months"), max_digits=18, decimal_places=4, default=0)
    revenue_growth_percent = models.DecimalField(
        _("revenue growth"), max_digits=9, decimal_places=2, null=True, blank=True
    )
    scored_on = models.DateField(_("scored"), null=True, blank=True)

    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("created"))

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="partners_partner_external_once"
            ),
            models.CheckConstraint(
                condition=models.Q(health_score=None) | models.Q(health_score__lte=100),
                name="partners_partner_health_range",
            ),
            models.CheckConstraint(
                condition=models.Q(tier_progress_percent=None) | models.Q(tier_progress_percent__lte=100),
                name="partners_partner_progress_range",
            ),
            models.CheckConstraint(
                condition=models.Q(country="") | models.Q(country__regex=r"^[A-Z]{2}$"),
                name="partners_partner_country",
            ),
        ]
        indexes = [
            models.Index(fields=["sort_name", "organization"], name="partners_by_name"),
            models.Index(fields=["owner", "sort_name", "organization"], name="partners_by_owner"),
            models.Index(fields=["health_score", "organization"], name="partners_by_health"),
            models.Index(fields=["-revenue_t12m", "organization"], name="partners_by_revenue"),
            models.Index(fields=["-sourced_arr_t12m", "organization"], name="partners_by_arr"),
            models.Index(fields=["-tier_progress_percent", "organization"], name="partners_by_progress"),
            models.Index(fields=["status", "type"], name="partners_by_status"),
            models.Index(fields=["territory"], name="partners_by_territory"),
            models.Index(fields=["review_on"], condition=models.Q(review_on__isnull=False), name="partners_by_review"),
            models.Index(fields=["domain"], condition=~models.Q(domain=""), name="partners_by_domain"),
        ]

    def __str__(self) -> str:
        return self.organization.name

    @property
    def name(self) -> str:
        """The company's name; read with ``select_related("organization")``."""
        return self.organization.name

    @property
    def ref(self) -> Ref:
        """How other apps and the audit name this partner."""
        return Ref("partners.partner", self.code)

    @property
    def is_active(self) -> bool:
        """Whether the partnership is alive."""
        return self.status == PartnerStatus.ACTIVE


class LifecycleChange(models.Model):
    """A partnership moved to another stage: from when, by whom and why."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="lifecycle_changes")
    from_stage = models.CharField(max_length=12, choices=LifecycleStage, blank=True)
    to_stage = models.CharField(max_length=12, choices=LifecycleStage)
    changed_on = models.DateField(_("on"))
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes = [models.Index(fields=["partner", "-changed_on"], name="partners_stage_history")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.from_stage} → {self.to_stage}"
