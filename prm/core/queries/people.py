"""Reading people: a company's members and its open invitations."""

from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Lower

from prm.core.actors import Actor
from prm.core.models import Invitation, Membership
from prm.core.roles import ROLES


def members_of(organization_id: int, actor: Actor) -> QuerySet[Membership]:
    """Everyone who works or worked for a company, those who still do first, by name."""
    return (
        Membership.objects.visible_to(actor)
        .filter(organization_id=organization_id, role__in=ROLES)
        .select_related("user", "organization")
        .order_by("-is_active", Lower("user__name"), "pk")
    )


def waiting_invitations(organization_id: int, actor: Actor) -> QuerySet[Invitation]:
    """Invitations that were neither accepted nor withdrawn, newest first; expired ones can be sent again."""
    return (
        Invitation.objects.visible_to(actor)
        .filter(organization_id=organization_id, accepted_at=None, revoked_at=None)
        .select_related("organization", "invited_by")
        .order_by("-created_at", "-pk")
    )


def open_invitation_count(organization_id: int, actor: Actor, at: datetime) -> int:
    """How many invitations can still be accepted."""
    return Invitation.objects.visible_to(actor).filter(organization_id=organization_id).open_at(at).count()
