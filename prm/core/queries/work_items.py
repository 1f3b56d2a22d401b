"""What waits, for whom, and until when."""

from collections import Counter

from django.db.models import Count, Q, QuerySet

from prm.core.actors import Actor
from prm.core.models import WorkItem
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
    rows = waiting_for(actor).order_by().values_list("kind").annotate(n=Count("pk"))
    counts: Counter[str] = Counter(dict(rows))
    counts["*"] = sum(counts.values())
    return dict(counts)
