"""What was proved of the books, and when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor


class ProofQuerySet(models.QuerySet["Proof"]):
    """Proofs, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ProofQuerySet":
        """The vendor's only."""
        return self if actor.is_vendor or actor.is_system else self.none()


class Proof(models.Model):
    """One invariant checked over all rows at one moment. Append-only.

    ``seen`` rows were looked at, ``broken`` of them contradict it; the first of those are in ``offenders``.
    """

    check_code = models.CharField(_("invariant"), max_length=4)
    proved_at = models.DateTimeField(_("proved"))
    by = models.CharField(_("by"), max_length=80)
    milliseconds = models.PositiveIntegerField(_("took, in ms"))
    seen = models.PositiveBigIntegerField(_("looked at"))
    broken = models.PositiveBigIntegerField(_("contradictions"))
    offenders = models.JSONField(default=list)
    figures = models.JSONField(default=dict)

    objects = ProofQuerySet.as_manager()

    class Meta:
        verbose_name = _("proof of the books")
        verbose_name_plural = _("proofs of the books")
        indexes = [models.Index(fields=["check_code", "-proved_at", "-id"], name="deals_proof_newest")]

    def __str__(self) -> str:
        return f"{self.check_code} {self.proved_at:%Y-%m-%d %H:%M}"

    @property
    def holds(self) -> bool:
        """Whether nothing contradicted it."""
        return not self.broken
