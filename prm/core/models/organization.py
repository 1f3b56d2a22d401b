"""Companies: the vendor that runs this installation, and its partners."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.choices import OrganizationKind, OrganizationStatus


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Companies, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "OrganizationQuerySet":
        """Vendor staff see every company, partner people only their own."""
        if actor.is_vendor or actor.is_system:
            return self
        return self.filter(pk=actor.organization_id) if actor.organization_id else self.none()


class Organization(models.Model):
    """A company whose people sign in here. One is the vendor; every other is a partner.

    A partner's business facts live in ``partners.Partner``, whose primary key is this row.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=OrganizationKind)
    status = models.CharField(_("status"), max_length=10, choices=OrganizationStatus)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    locale = models.CharField(_("language"), max_length=10, default="en")
    accent = models.CharField(
        _("brand colour"),
        max_length=7,
        default="#2456e6",
        help_text=_("As #rrggbb; used for buttons and charts."),
    )
    logo = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"))

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind="vendor"), name="core_organization_one_vendor"
            ),
            models.CheckConstraint(
                condition=models.Q(accent__regex=r"^#[0-9a-f]{6}$"), name="core_organization_accent_is_colour"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_vendor(self) -> bool:
        """Whether this is the company that runs the installation."""
        return self.kind == OrganizationKind.VENDOR
