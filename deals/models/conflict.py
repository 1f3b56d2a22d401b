"""What the check of an account found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.choices import CandidateKind, MatchBasis, MatchStrength
from prm.core.actors import Actor


class ConflictMatchQuerySet(models.QuerySet["ConflictMatch"]):
    """Matches, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ConflictMatchQuerySet":
        """Vendor staff only: a partner never learns what else is known of an account."""
        return self if actor.is_vendor or actor.is_system else self.none()


class ConflictMatch(models.Model):
    """One thing already known that looks like the account just sent in: which key matched and how strongly.

    ``score`` is the likeness of the names in percent; ``explanation`` holds the lines that say why (codes and values,
    put into words by the page). The matches of the latest check replace those before.
    """

    registration = models.ForeignKey(
        "deals.Registration", models.CASCADE, null=True, blank=True, related_name="matches"
    )
    referral = models.ForeignKey("deals.Referral", models.CASCADE, null=True, blank=True, related_name="matches")
    kind = models.CharField(_("what it is"), max_length=20, choices=CandidateKind)
    matched_kind = models.CharField(max_length=50)
    matched_code = models.CharField(max_length=60)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("whose")
    )
    is_own = models.BooleanField(_("the partner’s own"), default=False)
    basis = models.CharField(_("key"), max_length=20, choices=MatchBasis)
    strength = models.CharField(_("strength"), max_length=10, choices=MatchStrength)
    score = models.PositiveSmallIntegerField(_("likeness in percent"))
    explanation = models.JSONField(default=list)
    checked_at = models.DateTimeField(_("checked"))

    objects = ConflictMatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict match")
        verbose_name_plural = _("conflict matches")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(registration=None, referral__isnull=False)
                | models.Q(registration__isnull=False, referral=None),
                name="deals_match_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.matched_code} {self.basis} {self.score} %"
