"""Storing health: columns, history where something changed, and alerts that open once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.actions.health import (
    HealthEntry,
    acknowledge_health_alert,
    raise_health_alerts,
    store_health_scores,
)
from partners.models import HealthScore, Partner, ProgramVersion
from partners.queries.health import health_history, snapshots
from partners.queries.program import health_terms
from partners.rules.health import HealthFacts, score
from partners.rules.health_alerts import alert
from prm.core.models import AuditEntry, WorkItem
from tests.partners import making
from tests.world import AT, World

pytestmark = pytest.mark.django_db
TODAY = AT.date()


def facts(**changes: object) -> HealthFacts:
    values: dict = {
        "at": TODAY,
        "partner_since": date(2020, 1, 1),
        "quarter_revenue": Decimal(120),
        "year_ago_revenue": Decimal(100),
        "deals_registered": 5,
        "has_portal_account": True,
        "portal_weeks": 4,
        "last_portal_day": TODAY,
        "nps_promoters": 1,
        "nps_detractors": 0,
        "nps_answers": 1,
        "fit": "strong",
    }
    return HealthFacts(**(values | changes))


def entry(partner: Partner, version: ProgramVersion, growth: str | None = "12.345", **changes: object) -> HealthEntry:
    result = score(facts(**changes), health_terms(version))
    return HealthEntry(partner.pk, result, Decimal(5000), Decimal(growth) if growth else None)


def store(entries: list[HealthEntry], version: ProgramVersion, on: date = TODAY):
    return store_health_scores(entries=entries, version=version, on=on, by=making.SETUP, at=AT)


def test_a_score_is_stored_on_the_partner_and_in_history(northwind: Partner, standard: ProgramVersion) -> None:
    store([entry(northwind, standard)], standard)
    northwind.refresh_from_db()
    assert (northwind.health_score, northwind.health_band, northwind.health_known_points) == (100, "champion", 100)
    assert (northwind.revenue_t12m, northwind.revenue_growth_percent, northwind.scored_on) == (
        5000,
        Decimal("12.35"),
        TODAY,
    )
    row = HealthScore.objects.get()
    assert (row.score, row.revenue_points, row.fit_points, row.version) == (100, 30, 10, standard)
    assert {line["code"] for line in row.explanation} >= {"health.revenue", "health.fit"}


def test_unknown_is_stored_as_unknown(northwind: Partner, standard: ProgramVersion) -> None:
    store(
        [entry(northwind, standard, None, year_ago_revenue=None, has_portal_account=False, nps_answers=0, fit="")],
        standard,
    )
    row = HealthScore.objects.get()
    assert (row.score, row.band, row.fit_points) == (None, "unknown", None)


def test_growth_over_almost_nothing_still_fits(northwind: Partner, standard: ProgramVersion) -> None:
    store([entry(northwind, standard, "123456789012.5")], standard)
    northwind.refresh_from_db()
    assert northwind.revenue_growth_percent == Decimal("9999999.99")


def test_history_holds_a_row_only_where_something_changed(northwind: Partner, standard: ProgramVersion) -> None:
    for days, deals in ((0, 5), (1, 5), (2, 3), (3, 3)):
        store([entry(northwind, standard, deals_registered=deals)], standard, TODAY + timedelta(days=days))
    assert list(HealthScore.objects.order_by("day").values_list("day", "score")) == [
        (TODAY, 100),
        (TODAY + timedelta(days=2), 95),
    ]
    assert health_history(northwind.pk, TODAY, TODAY + timedelta(days=9)) == [
        (TODAY, 100),
        (TODAY + timedelta(days=2), 95),
    ]


def test_running_again_the_same_day_replaces_or_changes_nothing(northwind: Partner, standard: ProgramVersion) -> None:
    store([entry(northwind, standard)], standard)
    again = store([entry(northwind, standard)], standard)
    assert (again.updated, again.kept) == (0, 0)
    store([entry(northwind, standard, deals_registered=0)], standard)
    assert HealthScore.objects.get().score == 75


def test_an_earlier_day_never_overwrites_a_later_one(northwind: Partner, standard: ProgramVersion) -> None:
    store([entry(northwind, standard)], standard)
    stored = store([entry(northwind, standard, deals_registered=0)], standard, TODAY - timedelta(days=1))
    northwind.refresh_from_db()
    assert stored.skipped == [northwind.pk]
    assert (northwind.health_score, northwind.scored_on, HealthScore.objects.count()) == (100, TODAY, 1)


def test_thirty_partners_cost_as_many_statements_as_two(world: World, standard: ProgramVersion) -> None:
    partners = [making.partner(world, f"Company {number}") for number in range(32)]

    def cost(some: list[Partner]) -> int:
        entries = [entry(partner, standard) for partner in some]
        with CaptureQueriesContext(connection) as asked:
            store(entries, standard)
        return len(asked)

    assert cost(partners[:2]) == cost(partners[2:])


def test_a_fall_lands_on_the_managers_desk_once(world: World, northwind: Partner, standard: ProgramVersion) -> None:
    store([entry(northwind, standard)], standard, TODAY - timedelta(days=31))
    terms = health_terms(standard)
    before = snapshots([northwind.pk], TODAY - timedelta(days=30))[northwind.pk]
    assert (before.score, before.band, before.points["revenue"]) == (100, "champion", 30)
    fall = alert(score(facts(quarter_revenue=Decimal(10)), terms), before, terms)
    assert fall is not None
    for _time in range(2):
        raise_health_alerts(alerts=[(northwind.pk, fall)], on=TODAY, by=making.SETUP, at=AT)
    item = WorkItem.objects.get(kind="partners.health_alert")
    assert (item.assignee, item.about_id, item.context["play"]) == (world.mia.user, northwind.pk, "pipeline_review")
    assert AuditEntry.objects.filter(code="partners.health.alerted").count() == 1
    assert acknowledge_health_alert(partner=northwind, by=world.mia.actor, at=AT) == 1
    assert acknowledge_health_alert(partner=northwind, by=world.mia.actor, at=AT) == 0
    raise_health_alerts(alerts=[(northwind.pk, fall)], on=TODAY, by=making.SETUP, at=AT)
    assert WorkItem.objects.open().filter(kind="partners.health_alert").count() == 1
