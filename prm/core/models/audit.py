"""History that nobody can rewrite."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.choices import ActorKind


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Audit lines, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "AuditQuerySet":
        """The whole history for staff; partners read theirs through each noun's own timeline."""
        return self if actor.is_vendor or actor.is_system else self.none()

    def about(self, kind: str, code: str) -> "AuditQuerySet":
        """The history of one thing, oldest first."""
        return self.filter(ref_kind=kind, ref_code=code).order_by("at", "pk")


class AuditEntry(models.Model):
    """One change: who did what to which thing, when and why.

    Rows hold references and masked values, never a person's name or a secret, so that a person can be
    erased without touching history. A trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    at = models.DateTimeField(_("when"))
    code = models.CharField(_("what"), max_length=80)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_user = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    on_behalf_of = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    actor_role = models.CharField(max_length=30, blank=True)
    job = models.CharField(max_length=60, blank=True)
    organization = models.ForeignKey(
        "core.Organization",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("company"),
        db_index=False,
    )
    ref_kind = models.CharField(max_length=50)
    ref_code = models.CharField(max_length=60)
    changes = models.JSONField(_("changes"), default=dict)
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(max_length=36, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit line")
        verbose_name_plural = _("audit lines")
        indexes = [
            models.Index(fields=["ref_kind", "ref_code", "at"], name="core_audit_ref"),
            models.Index(fields=["organization", "at"], name="core_audit_org"),
            models.Index(fields=["at"], name="core_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.code} {self.ref_code}"


class AuditSeal(models.Model):
    """The hash of one day's audit lines and of the seal before it, so that a changed line shows."""

    day = models.DateField(_("day"), unique=True)
    entries = models.PositiveIntegerField(_("lines"))
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")

    def __str__(self) -> str:
        return str(self.day)
