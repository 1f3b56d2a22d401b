"""Who decides about a partner's deals, and who hears of them."""

from datetime import date, datetime

from django.db.models import Q, QuerySet

from partners.models import Partner
from partners.queries import authority
from prm.core.actors import Actor
from prm.core.models import Membership


def may_decide(actor: Actor, partner_id: int, at: datetime) -> bool:
    """Whether the actor decides for this partner: owner, cover, delegate, or director and up; jobs always."""
    return authority.can_decide_for(actor, partner_id, at)


def decider_for(partner: Partner, on: date) -> authority.Decider:
    """Who has the partner's decisions on a day: a person, or a role where nobody owns the partner. One statement."""
    return authority.decider_for(partner, on)


def followers_of(partner_id: int, person_id: int | None) -> QuerySet[Membership, int]:
    """Ids of memberships that hear news of a deal: who brought it, and the company's admins. For ``notify``."""
    people = Membership.objects.active().filter(organization_id=partner_id)
    return people.filter(Q(user_id=person_id) | Q(role="partner_admin")).values_list("pk", flat=True)


def holders_of(*, vendor_id: int, assignee_id: int | None, role: str) -> QuerySet[Membership, int]:
    """Ids of vendor memberships that hold a piece of work: the person, or everybody in the role. For ``notify``."""
    people = Membership.objects.active().filter(organization_id=vendor_id)
    people = people.filter(user_id=assignee_id) if assignee_id else people.filter(role=role)
    return people.values_list("pk", flat=True)
