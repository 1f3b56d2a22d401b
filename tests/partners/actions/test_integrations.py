"""Integrations: kept once, corrected in the open, ended on a day, and only by those who decide for the partner."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from partners.actions.integrations import (
    IntegrationRefused,
    StaleIntegration,
    change_integration,
    end_integration,
    record_integration,
)
from partners.actions.partners import NotYours
from partners.actions.records import RecordRefused
from partners.models import Integration, Partner
from prm.core.models import AuditEntry, OutboxEvent
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db
TODAY = AT.date()
DAY = timedelta(days=1)


def live(world: World, partner: Partner, **more: object) -> Integration:
    values = {"name": " Sync  for Platform ", "product": "Platform", "live_on": TODAY, "evidence": " seen in a test "}
    return record_integration(partner=partner, **(values | {"by": world.mia.actor, "at": AT} | more))


def test_an_integration_is_kept_with_author_audit_and_news(world: World, northwind: Partner) -> None:
    row = live(world, northwind, url="https://northwind.example/sync")
    assert (row.name, row.evidence, row.by, row.source, row.created_at) == (
        "Sync for Platform", "seen in a test", world.mia.user, "manual", AT,
    )  # fmt: skip
    assert row.code.startswith("IN-")
    entry = AuditEntry.objects.get(code="partners.integration.recorded")
    assert (entry.organization_id, entry.changes["record"], entry.reason) == (northwind.pk, row.code, "seen in a test")
    assert OutboxEvent.objects.get(name="partners.record.changed").data == {"partner_id": northwind.pk}


@pytest.mark.parametrize(
    ("day", "is_live"), [(TODAY - DAY, False), (TODAY, True), (TODAY + 9 * DAY, True), (TODAY + 10 * DAY, False)]
)
def test_it_is_live_from_its_first_day_to_the_day_before_its_end(
    world: World, northwind: Partner, day: date, is_live: bool
) -> None:
    row = live(world, northwind)
    row = end_integration(
        integration=row, ended_on=TODAY + 10 * DAY, reason="replaced", by=world.mia.actor, at=AT
    )  # fmt: skip
    assert row.is_live(day) is is_live
    assert Integration.objects.live(day).exists() is is_live


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 151},
        {"evidence": " "},
        {"live_on": TODAY + DAY},
        {"url": "http://northwind.example"},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
    ],
)
def test_what_can_not_be_kept_is_refused_and_leaves_nothing(world: World, northwind: Partner, wrong: dict) -> None:
    with pytest.raises(RecordRefused):
        live(world, northwind, **wrong)
    assert not Integration.objects.exists()
    assert not AuditEntry.objects.filter(code__startswith="partners.integration").exists()


def test_twice_sent_is_once_kept_until_the_first_has_ended(world: World, northwind: Partner, rival: Partner) -> None:
    first = live(world, northwind)
    with pytest.raises(IntegrationRefused, match="already"):
        live(world, northwind, name="SYNC for platform")
    live(world, rival)
    end_integration(integration=first, ended_on=TODAY, reason="replaced", by=world.mia.actor, at=AT)
    live(world, northwind)
    assert Integration.objects.filter(partner=northwind).count() == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda row, by: live_as(by, row.partner),
        lambda row, by: end_integration(integration=row, ended_on=TODAY, reason="x", by=by, at=AT),
        lambda row, by: change_integration(
            integration=row, version=1, changes={"product": "Other"}, reason="x", by=by, at=AT
        ),
    ],
)
def test_only_who_decides_for_the_partner_may(world: World, northwind: Partner, act: Callable) -> None:
    row = live(world, northwind)
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    for person in (other, world.rory, world.paul):
        with pytest.raises(NotYours):
            act(row, person.actor)
    row.refresh_from_db()
    assert (row.product, row.ended_on, Integration.objects.count()) == ("Platform", None, 1)


def live_as(by: object, partner: Partner) -> Integration:
    return record_integration(partner=partner, name="New", live_on=TODAY, evidence="x", by=by, at=AT)


def test_an_end_needs_a_reason_comes_once_and_not_before_the_first_day(world: World, northwind: Partner) -> None:
    row, by = live(world, northwind), world.mia.actor
    for wrong in ({"reason": " "}, {"ended_on": TODAY - DAY}):
        with pytest.raises(RecordRefused):
            end_integration(integration=row, **({"ended_on": TODAY, "reason": "over"} | wrong), by=by, at=AT)
    end_integration(integration=row, ended_on=TODAY, reason="over", by=by, at=AT)
    with pytest.raises(IntegrationRefused, match="already"):
        end_integration(integration=row, ended_on=TODAY, reason="again", by=by, at=AT)
    entry = AuditEntry.objects.get(code="partners.integration.ended")
    assert (entry.changes["ended_on"], entry.reason) == ([None, TODAY.isoformat()], "over")


def test_a_correction_keeps_both_values_and_an_empty_end_runs_again(world: World, northwind: Partner) -> None:
    row, by = live(world, northwind), world.mia.actor
    row = end_integration(integration=row, ended_on=TODAY, reason="over", by=by, at=AT)
    row = change_integration(
        integration=row, version=2, changes={"ended_on": None, "product": "Analytics"}, reason="a mistake", by=by, at=AT
    )
    assert (row.ended_on, row.product, row.version) == (None, "Analytics", 3)
    entry = AuditEntry.objects.get(code="partners.integration.changed")
    assert entry.changes["product"] == ["Platform", "Analytics"]
    same = change_integration(integration=row, version=1, changes={"product": "Analytics"}, reason="x", by=by, at=AT)
    assert same.version == 3  # nothing to change, nothing to clash
    with pytest.raises(ValueError, match="partner_id"):
        change_integration(integration=row, version=3, changes={"partner_id": 1}, reason="x", by=by, at=AT)


def test_who_saves_second_sees_both_values_and_writes_nothing(world: World, northwind: Partner) -> None:
    row, by = live(world, northwind), world.mia.actor
    change_integration(integration=row, version=1, changes={"product": "Analytics"}, reason="x", by=by, at=AT)
    with pytest.raises(StaleIntegration) as refusal:
        change_integration(integration=row, version=1, changes={"product": "Security"}, reason="x", by=by, at=AT)
    [conflict] = refusal.value.conflicts
    assert (conflict.field, conflict.theirs, conflict.yours) == ("product", "Analytics", "Security")
    assert Integration.objects.get().product == "Analytics"


@pytest.mark.parametrize(
    "wrong",
    [{"ended_on": TODAY - DAY}, {"url": "http://northwind.example"}, {"name": ""}, {"evidence": ""}],
)
def test_the_database_refuses_what_the_action_would(northwind: Partner, wrong: dict) -> None:
    values = {"name": "Sync", "live_on": TODAY, "evidence": "x", "source": "manual", "created_at": AT} | wrong
    with pytest.raises(IntegrityError), transaction.atomic():
        Integration.objects.create(code="IN-1", partner=northwind, **values)


def test_partner_people_read_their_own_only(world: World, northwind: Partner, rival: Partner) -> None:
    live(world, northwind)
    live(world, rival, name="Theirs")
    assert [row.name for row in Integration.objects.visible_to(world.rita.actor)] == ["Theirs"]
    assert Integration.objects.visible_to(world.rory.actor).count() == 2
