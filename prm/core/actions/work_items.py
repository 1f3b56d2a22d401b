"""Opening, pausing, passing on and closing work, and the clock that warns and escalates."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import Membership, WorkItem
from prm.core.refs import Ref


@dataclass(frozen=True)
class Clock:
    """A deadline as the SLA rule computed it: ``seconds`` of working time, and the two moments."""

    seconds: int
    due_soon_at: datetime
    due_at: datetime


def open_work_item(
    *,
    kind: str,
    ref: Ref,
    organization_id: int,
    title: str,
    at: datetime,
    about_id: int | None = None,
    role: str = "",
    assignee_id: int | None = None,
    clock: Clock | None = None,
    priority: int = 0,
    step: int = 1,
    steps: int = 1,
    escalate_to_role: str = "",
    context: dict | None = None,
) -> WorkItem:
    """Open one piece of work for a role or a person of a company; the database refuses a second open one."""
    return WorkItem.objects.create(
        code=new_code("WI"),
        kind=kind,
        ref_kind=ref.kind,
        ref_code=ref.code,
        organization_id=organization_id,
        about_id=about_id,
        role=role,
        assignee_id=assignee_id,
        title=title[:250],
        context=context or {},
        priority=priority,
        step=step,
        steps=steps,
        opened_at=at,
        total_seconds=clock.seconds if clock else None,
        due_soon_at=clock.due_soon_at if clock else None,
        due_at=clock.due_at if clock else None,
        escalate_to_role=escalate_to_role,
    )


def pause_work_items(*, ref: Ref, kind: str, seconds_left: int, at: datetime) -> int:
    """Stop the clock and keep the working seconds that remain; the number of items paused."""
    return (
        WorkItem.objects.open()
        .filter(ref_kind=ref.kind, ref_code=ref.code, kind=kind, paused_at=None)
        .update(paused_at=at, seconds_left=seconds_left, due_at=None, due_soon_at=None)
    )


def resume_work_items(*, ref: Ref, kind: str, clock: Clock, at: datetime) -> int:
    """Start a paused clock again with its new moments; the number of items resumed."""
    return (
        WorkItem.objects.open()
        .filter(ref_kind=ref.kind, ref_code=ref.code, kind=kind, paused_at__isnull=False)
        .update(paused_at=None, seconds_left=None, due_at=clock.due_at, due_soon_at=clock.due_soon_at)
    )


def pass_on_work_item(
    *, item: WorkItem, by: Actor, at: datetime, assignee_id: int | None = None, role: str = ""
) -> WorkItem:
    """Give waiting work to another person or role; the clock goes on."""
    with transaction.atomic():
        item = WorkItem.objects.select_for_update().get(pk=item.pk)
        before = [item.assignee_id, item.role]
        item.assignee_id, item.role = assignee_id, role or item.role
        item.save(update_fields=["assignee", "role"])
        audit.record(
            code="core.work_item.passed_on",
            by=by,
            at=at,
            ref=Ref(item.ref_kind, item.ref_code),
            organization_id=item.about_id,
            changes={"from": before, "to": [assignee_id, item.role]},
        )
    return item


def close_work_items(*, ref: Ref, outcome: str, by: Actor, at: datetime, kind: str | None = None) -> int:
    """Close the open work about a thing (of one kind, or all); the number closed."""
    waiting = WorkItem.objects.open().filter(ref_kind=ref.kind, ref_code=ref.code)
    if kind is not None:
        waiting = waiting.filter(kind=kind)
    return waiting.update(closed_at=at, closed_by_id=by.user_id, outcome=outcome)


def tick_work_items(*, at: datetime, limit: int = 500) -> dict[str, int]:
    """Warn once of work due soon and escalate once what is overdue; counts by what was done.

    Rows are taken with SKIP LOCKED, so that several clocks may run and none warns twice.
    """
    warned = _warn(at, limit)
    breached = _breach(at, limit)
    return {"warned": warned, "breached": breached}


def _warn(at: datetime, limit: int) -> int:
    with transaction.atomic():
        items = list(
            WorkItem.objects.open()
            .filter(warned_at=None, due_soon_at__lte=at, due_at__gt=at)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("due_soon_at")[:limit]
        )
        WorkItem.objects.filter(pk__in=[item.pk for item in items]).update(warned_at=at)
        outbox.emit_many(name="core.work_item.due_soon", items=[_news(item) for item in items], at=at)
    return len(items)


def _breach(at: datetime, limit: int) -> int:
    clock = Actor.system("clock")
    with transaction.atomic():
        items = list(
            WorkItem.objects.open()
            .filter(breached_at=None, due_at__lte=at)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("due_at")[:limit]
        )
        for item in items:
            item.breached_at = item.due_at
            item.warned_at = item.warned_at or item.due_at
        WorkItem.objects.bulk_update(items, ["breached_at", "warned_at"])
        audit.record_many(
            audit.entry(
                code="core.work_item.breached",
                by=clock,
                at=at,
                ref=Ref(item.ref_kind, item.ref_code),
                organization_id=item.about_id,
                changes={"due_at": item.due_at, "kind": item.kind, "escalated_to": item.escalate_to_role},
            )
            for item in items
        )
        outbox.emit_many(name="core.work_item.breached", items=[_news(item) for item in items], at=at)
    return len(items)


def _news(item: WorkItem) -> tuple[Ref, dict]:
    return Ref(item.ref_kind, item.ref_code), {"work_item": item.code}


def members_who_hold(item: WorkItem, *, escalated: bool = False) -> list[int]:
    """Membership ids of those who should hear of an item: its assignee or role, or the role it climbs to."""
    people = Membership.objects.active().filter(organization_id=item.organization_id)
    if escalated and item.escalate_to_role:
        return list(people.filter(role=item.escalate_to_role).values_list("pk", flat=True))
    if item.assignee_id:
        return list(people.filter(user_id=item.assignee_id).values_list("pk", flat=True))
    return list(people.filter(role=item.role).values_list("pk", flat=True))
