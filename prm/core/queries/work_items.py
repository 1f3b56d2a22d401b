"""What waits, for whom, and until when."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Value

from prm.core.actors import Actor
from prm.core.models import Notice, WorkItem
from prm.core.roles import ROLES, at_least


def waiting_for(actor: Actor) -> QuerySet[WorkItem]:
    """Open work that the actor could do: assigned to them, to their role, or climbed to it.

    Directors and up also see what waits for the ranks below them once it has breached.
    """
    role = ROLES.get(actor.role)
    mine = Q(assignee_id=actor.user_id) | Q(assignee=None, role=actor.role)
    if role and role.audience == "vendor" and role.rank >= 2:
        mine |= Q(breached_at__isnull=False, escalate_to_role=actor.role)
        mine |= Q(assignee=None, role__in=[code for code in at_least(1) if ROLES[code].rank < role.rank])
    return WorkItem.objects.visible_to(actor).open().filter(mine)


def open_counts(actor: Actor) -> dict[str, int]:
    """Waiting work by kind, and all of it under ``*``; one statement, for the navigation."""
    return _with_sum(dict(_by_kind(actor)))


@dataclass(frozen=True)
class Waiting:
    """What the shell of a page tells: waiting work by kind (all of it under ``*``), and notices not opened yet."""

    work: dict[str, int]
    notices: int


def waiting_counts(actor: Actor) -> Waiting:
    """Both counters of the shell in one statement."""
    unread = Notice.objects.visible_to(actor).unread().order_by().values_list(Value(_NOTICES)).annotate(n=Count("pk"))
    rows = dict(_by_kind(actor).union(unread, all=True))
    notices = rows.pop(_NOTICES, 0)
    return Waiting(_with_sum(rows), notices)


_NOTICES = "core.notices"


def _by_kind(actor: Actor) -> QuerySet:
    return waiting_for(actor).order_by().values_list("kind").annotate(n=Count("pk"))


def _with_sum(counts: dict[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter(counts)
    found["*"] = sum(counts.values())
    return dict(found)
