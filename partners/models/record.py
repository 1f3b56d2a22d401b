"""Records that people enter and the night consumes: answers, ratings, and the health scores made of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.choices import FitRating as Fit
from partners.choices import HealthBand, RecordSource
from partners.models.tier import StaffOnlyQuerySet
from prm.core.refs import Ref


class HealthScore(models.Model):
    """A partner's health on a day. A row is kept only when something differs from the last one.

    Points are empty for a dimension without data; the score is empty while too little is known.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="health_scores")
    day = models.DateField(_("day"))
    version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    band = models.CharField(_("band"), max_length=10, choices=HealthBand)
    known_points = models.PositiveSmallIntegerField(_("based on"))
    revenue_points = models.PositiveSmallIntegerField(_("revenue"), null=True)
    activity_points = models.PositiveSmallIntegerField(_("activity"), null=True)
    engagement_points = models.PositiveSmallIntegerField(_("engagement"), null=True)
    satisfaction_points = models.PositiveSmallIntegerField(_("satisfaction"), null=True)
    fit_points = models.PositiveSmallIntegerField(_("strategic fit"), null=True)
    explanation = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=32)

    objects = StaffOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("health score")
        verbose_name_plural = _("health scores")
        constraints = [
            models.UniqueConstraint(fields=["partner", "day"], name="partners_health_once_a_day"),
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(score__lte=100), name="partners_health_score_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.day}: {self.score} ({self.band})"


class NpsAnswer(models.Model):
    """How likely somebody at the partner is to recommend us, 0 to 10."""

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="nps_answers")
    email = models.EmailField(_("who answered"), blank=True)
    score = models.PositiveSmallIntegerField(_("score"))
    comment = models.TextField(_("comment"), max_length=2000, blank=True)
    answered_on = models.DateField(_("answered"))
    source = models.CharField(_("source"), max_length=10, choices=RecordSource)
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    objects = StaffOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("NPS answer")
        verbose_name_plural = _("NPS answers")
        constraints = [
            models.CheckConstraint(condition=models.Q(score__lte=10), name="partners_nps_range"),
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="partners_nps_external_once"
            ),
        ]
        indexes = [models.Index(fields=["partner", "-answered_on"], name="partners_nps_recent")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.score} on {self.answered_on}"

    @property
    def ref(self) -> Ref:
        """How the audit names this answer."""
        return Ref("partners.nps_answer", self.code)


class FitRating(models.Model):
    """A manager's dated judgement of strategic fit; the latest one counts."""

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="fit_ratings")
    rating = models.CharField(_("strategic fit"), max_length=10, choices=Fit)
    set_on = models.DateField(_("set on"))
    reason = models.TextField(_("reason"))
    source = models.CharField(_("source"), max_length=10, choices=RecordSource)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    objects = StaffOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("strategic fit")
        verbose_name_plural = _("strategic fits")
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="partners_fit_external_once"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="partners_fit_has_reason"),
        ]
        indexes = [models.Index(fields=["partner", "-set_on", "-id"], name="partners_fit_recent")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.rating} on {self.set_on}"

    @property
    def ref(self) -> Ref:
        """How the audit names this rating."""
        return Ref("partners.fit_rating", self.code)


class ValueRating(models.Model):
    """A manager's dated strategic value, 1 to 5, for the value matrix; the latest one counts."""

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="value_ratings")
    score = models.PositiveSmallIntegerField(_("strategic value"))
    rated_on = models.DateField(_("rated on"))
    reason = models.TextField(_("reason"))
    source = models.CharField(_("source"), max_length=10, choices=RecordSource)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    objects = StaffOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("strategic value")
        verbose_name_plural = _("strategic values")
        constraints = [
            models.CheckConstraint(condition=models.Q(score__gte=1, score__lte=5), name="partners_value_range"),
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="partners_value_external_once"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="partners_value_has_reason"),
        ]
        indexes = [models.Index(fields=["partner", "-rated_on", "-id"], name="partners_value_recent")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.score} on {self.rated_on}"

    @property
    def ref(self) -> Ref:
        """How the audit names this rating."""
        return Ref("partners.value_rating", self.code)
