"""Lists of partners and what their pages show."""

from django.db.models import QuerySet

from partners.models import Integration, Partner, PartnerContact
from prm.core.actors import Actor
from prm.core.models import StoredFile, User
from prm.core.roles import at_least


def partner_list(actor: Actor) -> QuerySet[Partner]:
    """Partners with everything that a list shows; one statement."""
    return Partner.objects.visible_to(actor).select_related("organization", "tier", "next_tier", "track", "owner")


def company_of(actor: Actor) -> Partner:
    """The company that a partner's person acts for; Partner.DoesNotExist for anyone else."""
    return (
        Partner.objects.visible_to(actor)
        .select_related("organization", "organization__logo", "tier", "track", "owner")
        .get(pk=actor.organization_id)
    )


def contacts_of(partner: Partner, actor: Actor) -> QuerySet[PartnerContact]:
    """Who does what around a partner today, ours first."""
    return (
        PartnerContact.objects.visible_to(actor)
        .current()
        .filter(partner=partner)
        .order_by("side", "role", "name", "pk")
    )


def integrations_of(partner: Partner, actor: Actor) -> QuerySet[Integration]:
    """A partner's integrations, running ones first; without the vendor's own note for anybody else."""
    rows = Integration.objects.visible_to(actor).filter(partner=partner).newest_first()
    return rows.select_related("by") if actor.is_vendor else rows.defer("evidence")


def owners() -> QuerySet[User]:
    """Staff who can own partners: active members who decide, by name."""
    return User.objects.filter(
        is_active=True,
        memberships__is_active=True,
        memberships__organization__kind="vendor",
        memberships__role__in=at_least(1),
    ).order_by("name", "pk")


def territories(actor: Actor) -> list[str]:
    """The territories in use, for the filter."""
    named = Partner.objects.visible_to(actor).exclude(territory="").order_by("territory")
    return list(named.values_list("territory", flat=True).distinct())


def own_upload(code: str, actor: Actor) -> StoredFile | None:
    """A CSV that this person uploaded; nobody else reads it."""
    return StoredFile.objects.filter(code=code, uploaded_by_id=actor.user_id, suffix=".csv").first()
