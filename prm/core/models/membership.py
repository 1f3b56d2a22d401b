"""Who works for which company, in which role."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.roles import role_choices


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "MembershipQuerySet":
        """Vendor staff see all, partner people those of their own company."""
        if actor.is_vendor or actor.is_system:
            return self
        return self.filter(organization_id=actor.organization_id) if actor.organization_id else self.none()

    def active(self) -> "MembershipQuerySet":
        """Memberships that open a door today."""
        return self.filter(is_active=True, user__is_active=True)


class Membership(models.Model):
    """A person's place in a company. Ending it ends what the person may see there, at once."""

    code = models.CharField(max_length=20, unique=True)
    user = models.ForeignKey("core.User", models.PROTECT, related_name="memberships", verbose_name=_("person"))
    organization = models.ForeignKey(
        "core.Organization", models.PROTECT, related_name="memberships", verbose_name=_("company")
    )
    role = models.CharField(_("role"), max_length=30, choices=role_choices)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"))
    deactivated_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="core_membership_once_per_company"),
            models.CheckConstraint(
                condition=models.Q(is_active=True, deactivated_at=None)
                | models.Q(is_active=False, deactivated_at__isnull=False),
                name="core_membership_end_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} @ {self.organization_id} ({self.role})"
