"""The program as data: dated versions of its terms, and the stable identities that the terms speak about.

A version owns all terms: ladders, benefits, partner types and the term sets of single topics. It is written as a
draft and published with the date from which it holds; it holds until the next published version begins, so nothing
about it is ever updated, and a trigger refuses to. Tiers, tracks and benefits are rows of their own, because a
partner keeps "Gold" while what Gold means changes.
"""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.choices import BenefitKind, EconomicModel, PartnerType, TierMetric, VersionStatus
from prm.core.actors import Actor
from prm.core.refs import Ref


class ProgramVersionQuerySet(models.QuerySet["ProgramVersion"]):
    """Versions, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ProgramVersionQuerySet":
        """Staff read every version; partners meet the program through their tier page only."""
        return self if actor.is_vendor or actor.is_system else self.none()

    def published(self) -> "ProgramVersionQuerySet":
        """Versions that hold, held or will hold, the latest start first."""
        return self.filter(status=VersionStatus.PUBLISHED).order_by("-valid_from")

    def in_force(self, on: date) -> "ProgramVersionQuerySet":
        """The version whose terms count on a date (program time zone): the latest that has begun."""
        return self.published().filter(valid_from__lte=on)[:1]


class ProgramVersion(models.Model):
    """One edition of the program's terms.

    Published versions never change and never end by themselves: the next one's start ends them.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    status = models.CharField(_("status"), max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    valid_from = models.DateField(_("in force from"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    blueprint = models.CharField(_("blueprint"), max_length=60)
    source_text = models.TextField(_("as a file"), blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")

    objects = ProgramVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("program version")
        verbose_name_plural = _("program versions")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["valid_from"],
                condition=models.Q(status="published"),
                name="partners_version_one_start",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft")
                | models.Q(status="published", valid_from__isnull=False, published_at__isnull=False),
                name="partners_version_published_is_dated",
            ),
            models.CheckConstraint(condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="partners_version_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def ref(self) -> Ref:
        """How other apps and the audit name this version."""
        return Ref("partners.program", self.code)

    @property
    def is_published(self) -> bool:
        """Whether its terms are fixed for good."""
        return self.status == VersionStatus.PUBLISHED


class Track(models.Model):
    """A way of being a partner, with its ladder: Solution, Technology, Referral, Affiliate."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("track")
        verbose_name_plural = _("tracks")

    def __str__(self) -> str:
        return self.name


class Tier(models.Model):
    """A rung of a track's ladder that partners hold. What it asks for and gives is a matter of terms.

    ``rank`` is its place on the ladder published last, for sorting lists; each version keeps its own order.
    """

    track = models.ForeignKey(Track, models.PROTECT, related_name="tiers")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    rank = models.PositiveSmallIntegerField(_("rank"))

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["track", "rank"]
        constraints = [models.UniqueConstraint(fields=["track", "code"], name="partners_tier_code_once")]

    def __str__(self) -> str:
        return self.name


class Benefit(models.Model):
    """Something a tier or a certificate can give, by the code that gates ask for."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=BenefitKind)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name


class TrackTerm(models.Model):
    """What a version says about a track as a whole."""

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="track_terms")
    track = models.ForeignKey(Track, models.PROTECT, related_name="+")
    economic_model = models.CharField(_("economic model"), max_length=12, choices=EconomicModel)
    promotion_needs_approval = models.BooleanField(_("promotion needs approval"), default=False)
    provisional_months = models.PositiveSmallIntegerField(_("months of a provisional tier"), default=6)
    strategic_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tier of a strategic override")
    )

    class Meta:
        verbose_name = _("track term")
        verbose_name_plural = _("track terms")
        constraints = [models.UniqueConstraint(fields=["version", "track"], name="partners_track_term_once")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.track_id}"


class TierTerm(models.Model):
    """What a version asks of a tier. Any one path qualifies; the certified people come on top."""

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="tier_terms")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="terms")
    position = models.PositiveSmallIntegerField(_("rung"))
    certified_people = models.PositiveSmallIntegerField(_("certified people"), default=0)
    certificate_kind = models.CharField(_("kind of certificate"), max_length=40, blank=True)
    review_months = models.PositiveSmallIntegerField(_("months between reviews"), default=0)
    grace_months = models.PositiveSmallIntegerField(_("months of grace"), default=0)
    falls_to = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("tier term")
        verbose_name_plural = _("tier terms")
        constraints = [
            models.UniqueConstraint(fields=["version", "tier"], name="partners_tier_term_once"),
            models.CheckConstraint(
                condition=models.Q(grace_months=0) | models.Q(review_months__gt=0),
                name="partners_tier_term_grace_needs_review",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.tier_id}"


class TierPath(models.Model):
    """One way to qualify for a tier: at least so much of a metric. Money is in the version's currency."""

    tier_term = models.ForeignKey(TierTerm, models.CASCADE, related_name="paths")
    metric = models.CharField(_("metric"), max_length=30, choices=TierMetric)
    threshold = models.DecimalField(_("at least"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = _("tier path")
        verbose_name_plural = _("tier paths")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["tier_term", "metric"], name="partners_tier_path_once"),
            models.CheckConstraint(
                condition=models.Q(threshold__gte=0, threshold__lt=10**14), name="partners_tier_path_threshold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} ≥ {self.threshold}"


class BenefitTerm(models.Model):
    """What a version gives at a tier. No row means that the benefit is not included.

    ``value`` is text in the benefit's kind ("yes", a level's word, a number, or "open" for no limit);
    ``rank`` orders the values of one benefit, the better the higher, so that two sources can be compared.
    """

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="benefit_terms")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    benefit = models.ForeignKey(Benefit, models.PROTECT, related_name="+")
    value = models.CharField(_("value"), max_length=60)
    rank = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("benefit term")
        verbose_name_plural = _("benefit terms")
        constraints = [
            models.UniqueConstraint(fields=["version", "tier", "benefit"], name="partners_benefit_term_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.tier_id} {self.benefit_id} = {self.value}"


class PartnerTypeTerm(models.Model):
    """What a version says about a type of partner: its track, how it earns, and what is usual.

    The guard-rail is the range of base rates (percent) outside of which a plan is questioned; both ends are
    empty where terms are agreed one by one. Months are the usual time until the partnership pays.
    """

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="type_terms")
    type = models.CharField(_("type"), max_length=20, choices=PartnerType)
    track = models.ForeignKey(Track, models.PROTECT, related_name="+")
    primary_value = models.CharField(_("primary value"), max_length=120)
    revenue_model = models.CharField(_("revenue model"), max_length=120)
    rate_least_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    rate_most_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    rate_of = models.CharField(_("rate of"), max_length=60, blank=True)
    months_to_value_least = models.PositiveSmallIntegerField(null=True, blank=True)
    months_to_value_most = models.PositiveSmallIntegerField(null=True, blank=True)
    support = models.CharField(_("support"), max_length=60, blank=True)
    key_metric = models.CharField(_("key metric"), max_length=80)

    class Meta:
        verbose_name = _("partner type term")
        verbose_name_plural = _("partner type terms")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "type"], name="partners_type_term_once"),
            models.CheckConstraint(
                condition=models.Q(rate_least_percent=None, rate_most_percent=None)
                | models.Q(
                    rate_least_percent__gte=0,
                    rate_most_percent__lte=100,
                    rate_least_percent__lte=models.F("rate_most_percent"),
                ),
                name="partners_type_term_rates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.type}"


class TermSet(models.Model):
    """The terms of one topic that a version has once: registration, health, calendar, reminders, …

    ``values`` is what ``partners.rules.terms`` reads, strictly, into the topic's dataclass.
    """

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="term_sets")
    topic = models.SlugField(_("topic"), max_length=40)
    values = models.JSONField(_("terms"), default=dict)

    class Meta:
        verbose_name = _("term set")
        verbose_name_plural = _("term sets")
        constraints = [models.UniqueConstraint(fields=["version", "topic"], name="partners_term_set_once")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.topic}"
