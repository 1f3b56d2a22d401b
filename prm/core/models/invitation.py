"""Invitations: the only way a person comes to have an account."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.roles import role_choices


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "InvitationQuerySet":
        """Vendor staff see all, partner people those of their own company."""
        if actor.is_vendor or actor.is_system:
            return self
        return self.filter(organization_id=actor.organization_id) if actor.organization_id else self.none()

    def open_at(self, at: datetime) -> "InvitationQuerySet":
        """Invitations that can still be accepted."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)


class Invitation(models.Model):
    """An offer to one address to join one company in one role, good once and for a few days.

    The token is mailed and never stored; the row keeps its hash.
    """

    code = models.CharField(max_length=20, unique=True)
    organization = models.ForeignKey(
        "core.Organization", models.PROTECT, related_name="invitations", verbose_name=_("company")
    )
    email = models.EmailField(_("mail address"))
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=30, choices=role_choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                "organization",
                models.functions.Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="core_invitation_one_open_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.email}"
