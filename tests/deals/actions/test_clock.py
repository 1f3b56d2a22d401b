"""The decision clock as work on somebody's desk: its time, its pause, its breach."""

from datetime import UTC, datetime, timedelta

import pytest

from deals.actions import decisions, registrations
from deals.kinds import DECISION, INFO
from partners.models import Grant
from prm.core.actions.work_items import tick_work_items
from prm.core.models import AuditEntry, Notice, WorkItem
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 6, 19, 15, 0, tzinfo=UTC)


def item_of(registration, kind=DECISION) -> WorkItem:
    return WorkItem.objects.get(ref_code=registration.code, kind=kind, closed_at=None)


def test_24_hours_on_working_dates_on_the_managers_desk(world: World) -> None:
    item = item_of(stage.submitted(world.sara, at=FRIDAY))
    assert (item.assignee, item.role) == (world.mia.user, "partner_manager")
    assert item.organization == world.vendor
    assert item.about == world.northwind
    assert item.due_at == datetime(2026, 6, 22, 15, 0, tzinfo=UTC)
    assert item.due_soon_at == datetime(2026, 6, 22, 9, 0, tzinfo=UTC)
    assert item.escalate_to_role == "director"


def test_the_clock_stops_over_a_weekend_and_goes_on_with_the_time_left(world: World) -> None:
    registration = stage.submitted(world.sara, at=FRIDAY)
    asked = decisions.request_info(
        registration=registration, by=world.mia.actor, at=FRIDAY + timedelta(hours=5), question="Which unit?"
    )
    paused = item_of(asked)
    assert paused.seconds_left == 19 * 3600
    assert (paused.due_at, paused.due_soon_at) == (None, None)
    assert tick_work_items(at=FRIDAY + timedelta(days=30)) == {"warned": 0, "breached": 0}
    question = item_of(asked, INFO)
    assert (question.organization, question.assignee) == (world.northwind, world.sara.user)

    wednesday = datetime(2026, 6, 24, 10, 0, tzinfo=UTC)
    registrations.answer_info(registration=asked, by=world.sara.actor, at=wednesday, answer="The north.", values={})
    running = item_of(asked)
    assert running.due_at == wednesday + timedelta(hours=19)
    assert running.seconds_left is None
    assert not WorkItem.objects.open().filter(kind=INFO).exists()


def test_submitted_at_keeps_its_moment_through_returns(world: World) -> None:
    registration = stage.returned(world, world.sara)
    answered = registrations.answer_info(
        registration=registration, by=world.sara.actor, at=AT + timedelta(days=2), answer="Yes.", values={}
    )
    assert answered.submitted_at == AT


def test_overdue_climbs_to_the_director_once_and_is_counted(world: World) -> None:
    registration = stage.submitted(world.sara)
    due = item_of(registration).due_at
    assert tick_work_items(at=due - timedelta(seconds=1)) == {"warned": 1, "breached": 0}
    assert tick_work_items(at=due) == {"warned": 0, "breached": 1}
    assert tick_work_items(at=due + timedelta(hours=3)) == {"warned": 0, "breached": 0}
    assert item_of(registration).breached_at == due
    assert AuditEntry.objects.filter(code="core.work_item.breached", ref_code=registration.code).count() == 1
    approved = decisions.approve_registration(
        registration=registration, by=world.dan.actor, at=due + timedelta(hours=1)
    )
    closed = WorkItem.objects.get(ref_code=approved.code, kind=DECISION)
    assert (closed.outcome, closed.breached_at, closed.closed_by) == ("approved", due, world.dan.user)


def test_priority_goes_first(world: World) -> None:
    Grant.objects.filter(partner=world.rival.pk, entitlement="deal_registration").update(value="priority", rank=9)
    assert item_of(stage.submitted(world.sara)).priority == 0
    assert item_of(stage.submitted(world.rita, customer_domain="other.com")).priority == 1


def test_who_decides_and_who_asked_are_told(world: World) -> None:
    registration = stage.submitted(world.sara)
    assert list(Notice.objects.values_list("membership__user__name", "topic")) == [
        ("Mia Berg", "deals.registration_submitted")
    ]
    decisions.approve_registration(registration=registration, by=world.mia.actor, at=AT, note="Good luck")
    told = Notice.objects.filter(topic="deals.registration_approved").values_list("membership__user__name", flat=True)
    assert sorted(told) == ["Paul Keller", "Sara Nowak", "Toni Vale"]
