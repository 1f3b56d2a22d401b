"""Who decides for a partner: its manager, who covers its territory, who stands in, and directors for all."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet, Subquery

from partners.models import Delegation, Partner, TerritoryCover
from partners.queries.program import program_today
from prm.core.actors import Actor
from prm.core.models import Membership
from prm.core.roles import at_least

MANAGER = "partner_manager"


@dataclass(frozen=True)
class Decider:
    """Whose desk a decision belongs on: a person, or with ``user_id`` empty everybody in the role.

    ``organization_id`` is the vendor's, known along with the person.
    """

    role: str
    user_id: int | None
    organization_id: int | None = None


def can_decide_for(actor: Actor, partner: Partner | int, at: datetime) -> bool:
    """Whether the actor may decide for a partner (its primary key will do). At most three statements.

    Directors and up decide for all, managers for those they own, cover by territory, or stand in for today,
    and for the pool that nobody owns.
    """
    if actor.is_system:
        return True
    if not actor.is_vendor or actor.user_id is None:
        return False
    if actor.role in at_least(2):
        return True
    if actor.role != MANAGER:
        return False
    partner_id = partner if isinstance(partner, int) else partner.pk
    return decided_by(actor, at).filter(pk=partner_id).exists()


def decided_by(actor: Actor, at: datetime) -> QuerySet[Partner]:
    """The partners that a manager decides for: own, covered, delegated, and the pool that nobody owns.

    Directors and up: all.
    """
    if actor.is_system or (actor.is_vendor and actor.role in at_least(2)):
        return Partner.objects.all()
    if actor.user_id is None or not (actor.is_vendor and actor.role == MANAGER):
        return Partner.objects.none()
    today = program_today(at)
    stands_in_for = Delegation.objects.filter(taker_id=actor.user_id, starts_on__lte=today, ends_on__gte=today).values(
        "giver_id"
    )
    covers = TerritoryCover.objects.filter(user_id=actor.user_id).values("territory")
    return Partner.objects.filter(
        Q(owner=None)
        | Q(owner_id=actor.user_id)
        | Q(owner_id__in=stands_in_for)
        | (Q(territory__in=covers) & ~Q(territory=""))
    )


def decider_for(partner: Partner | int, at: datetime | date) -> Decider:
    """Whose desk new work about a partner belongs on, at a moment or on a date of the program.

    The owner, or who stands in for them today, as long as they work here as a manager or above; else all managers.
    One statement for a partner that is at hand and a date.
    """
    if isinstance(partner, Partner):
        owner_id = partner.owner_id
    else:
        owner_id = Partner.objects.filter(pk=partner).values_list("owner_id", flat=True).first()
    if owner_id is None:
        return Decider(MANAGER, None)
    today = program_today(at) if isinstance(at, datetime) else at
    takers = Delegation.objects.filter(giver_id=owner_id, starts_on__lte=today, ends_on__gte=today)
    latest = takers.order_by("-created_at", "-pk").values("taker_id")[:1]
    working = Membership.objects.active().filter(
        Q(user_id=owner_id) | Q(user_id=Subquery(latest)), organization__kind="vendor", role__in=at_least(1)
    )
    # at most two people: who stands in comes before the owner
    for found in sorted(working, key=lambda each: each.user_id == owner_id):
        return Decider(found.role, found.user_id, found.organization_id)
    return Decider(MANAGER, None)
