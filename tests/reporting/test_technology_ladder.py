"""The technology ladder: what is gathered, what the night makes of it, and how it is said."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deals.models import Opportunity
from partners.actions.integrations import end_integration, record_integration
from partners.actions.partners import edit_partner
from partners.models import Integration, Partner, TierChange, TierStanding
from partners.queries.program import health_terms, version_at
from reporting import facts
from reporting.actions import night
from reporting.queries.pack_standing import tier_of
from tests.partners import making
from tests.reporting import stage
from tests.reporting.night_stage import BY, DAY, clock, deals
from tests.world import World
from training.actions.certificates import add_certificate

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 15)
YESTERDAY = TODAY - DAY


def moment(day: date) -> datetime:
    return datetime.combine(day, time(9), tzinfo=UTC)


@pytest.fixture
def northwind(world: World, at: datetime) -> Partner:
    """Northwind as a technology partner whose people joined long ago."""
    partner = stage.northwind(world)
    edit_partner(partner=partner, version=partner.version, changes={"type": "technology"}, by=making.SETUP, at=at)
    partner.organization.memberships.update(created_at=at - timedelta(days=900))
    return stage.northwind(world)


def integrates(partner: Partner, name: str, live_on: date, ended_on: date | None = None) -> Integration:
    row = record_integration(
        partner=partner, name=name, live_on=live_on, evidence="seen", by=BY, at=moment(max(live_on, TODAY))
    )
    if ended_on:
        end_integration(integration=row, ended_on=ended_on, reason="over", by=BY, at=moment(max(ended_on, TODAY)))
    return row


def technical(partner: Partner, *people: object, since: date = date(2026, 1, 10)) -> None:
    for person in people:
        add_certificate(
            partner=partner, holder_email=person.user.email, holder_name=person.user.name, kind="technical",
            valid_from=since, by=BY, at=moment(since), reason="passed",
        )  # fmt: skip


def wins(partner: Partner, *days: date, at: datetime | None = None) -> None:
    rows = [(f"W{n}", partner.code, "won", 1000, day - 30 * DAY, day) for n, day in enumerate(days)]
    deals(*rows, at=at or moment(max(*days, TODAY)))


def gathered(partner: Partner, as_of: date) -> tuple[int, int]:
    """(live integrations, co-sold deals) as of a day."""
    windows = facts.Windows.of(
        as_of, time_zone="UTC", fiscal_start_month=1, health=health_terms(version_at(date(2026, 6, 1)))
    )
    found = facts.facts_of(partner.pk, facts.gather([partner.pk], windows), windows, reaches_back_to=None).tier.metrics
    return int(found["live_integrations"]), int(found["co_sold_deals"])


# --- Gathering -----------------------------------------------------------------------------------------------------


def test_the_gathered_figures_are_these(world: World, northwind: Partner) -> None:
    """Three that run, one that ended, one that comes, one that ends on the day, one that ends the day after."""
    day = TODAY
    integrates(northwind, "Runs for long", day - 400 * DAY)
    integrates(northwind, "Begins on the day", day)
    integrates(northwind, "Ends the day after", day - 9 * DAY, day + DAY)
    integrates(northwind, "Ends on the day", day - 9 * DAY, day)
    integrates(northwind, "Ended", day - 9 * DAY, day - DAY)
    integrates(northwind, "Comes", day + DAY)
    wins(northwind, day, day - DAY, day - 300 * DAY, day + DAY, date(2025, 6, 15), date(2025, 6, 16))
    assert gathered(northwind, day) == (3, 4)
    rival = Partner.objects.get(pk=world.rival.pk)
    assert gathered(rival, day) == (0, 0)


@pytest.mark.parametrize(
    ("as_of", "day", "counts"),
    [
        (date(2028, 2, 29), date(2027, 2, 28), False),  # a year before 29 February is the 28th, and it is outside
        (date(2028, 2, 29), date(2027, 3, 1), True),
        (date(2028, 2, 29), date(2028, 2, 29), True),
        (date(2029, 2, 28), date(2028, 2, 28), False),
        (date(2029, 2, 28), date(2028, 2, 29), True),  # the leap day is within, as the day after the 28th
        (date(2026, 6, 15), date(2025, 6, 15), False),
        (date(2026, 6, 15), date(2025, 6, 16), True),
        (date(2026, 6, 15), date(2026, 6, 15), True),
        (date(2026, 6, 15), date(2026, 6, 16), False),
    ],
)
def test_a_co_sold_deal_counts_for_twelve_months(northwind: Partner, as_of: date, day: date, counts: bool) -> None:
    wins(northwind, day)
    assert gathered(northwind, as_of) == (0, int(counts))


def test_a_win_without_a_rate_and_one_of_another_worker_are_co_sold_too(northwind: Partner) -> None:
    wins(northwind, TODAY)
    Opportunity.objects.update(is_partner_worked=False, amount_program=None, arr_program=None)
    assert gathered(northwind, TODAY) == (0, 1)
    Opportunity.objects.update(status="lost", won_on=None, closed_on=TODAY)
    assert gathered(northwind, TODAY) == (0, 0)


def test_gathering_takes_as_many_statements_for_many_integrations(world: World, northwind: Partner) -> None:
    windows = facts.Windows.of(TODAY, time_zone="UTC", fiscal_start_month=1, health=health_terms(version_at(TODAY)))
    with CaptureQueriesContext(connection) as none:
        facts.gather([northwind.pk], windows)
    for number in range(30):
        integrates(northwind, f"No. {number}", TODAY)
    with CaptureQueriesContext(connection) as many:
        facts.gather([northwind.pk, world.rival.pk], windows)
    assert len(many) == len(none) == 7


# --- The night -----------------------------------------------------------------------------------------------------


def tonight(partner: Partner, on: date) -> Partner:
    assert night.run_as_of(on=on, now=clock(on + DAY), by=BY)
    return Partner.objects.select_related("tier", "next_tier", "track", "organization").get(pk=partner.pk)


def test_the_night_promotes_a_technology_partner_step_by_step(world: World, northwind: Partner) -> None:
    assert tonight(northwind, date(2026, 5, 1)).tier.code == "registered"
    technical(northwind, world.sara)
    after = tonight(northwind, date(2026, 5, 2))
    assert (after.tier.code, after.next_tier.code, after.tier_progress_percent) == ("registered", "certified", 0)

    integrates(northwind, "Sync", date(2026, 5, 3))
    after = tonight(northwind, date(2026, 5, 3))
    assert (after.tier.code, after.live_integrations, after.next_tier.code) == ("certified", 1, "premier")

    technical(northwind, world.paul)
    wins(northwind, *(date(2026, 5, 4) + n * DAY for n in range(4)))
    after = tonight(northwind, date(2026, 5, 8))
    assert (after.tier.code, after.co_sold_deals_t12m, after.tier_progress_percent) == ("certified", 4, 80)
    standing = TierStanding.objects.get(partner=northwind, day=date(2026, 5, 8))
    assert (standing.live_integrations, standing.co_sold_deals) == (1, 4)

    deals(("W9", northwind.code, "won", 1, date(2026, 4, 1), date(2026, 5, 9)), at=moment(TODAY))
    after = tonight(northwind, date(2026, 5, 9))
    assert (after.tier.code, after.next_tier, after.co_sold_deals_t12m) == ("premier", None, 5)
    moved = TierChange.objects.filter(partner=northwind).order_by("changed_on")
    ways = [(row.kind, row.to_tier.code, row.changed_on.day) for row in moved if row.to_tier.code != "registered"]
    assert ways == [("promoted", "certified", 3), ("promoted", "premier", 9)]


def test_an_integration_that_ended_puts_the_tier_at_risk_and_takes_nothing_at_once(
    world: World, northwind: Partner
) -> None:
    technical(northwind, world.sara)
    integrates(northwind, "Sync", date(2026, 5, 1), date(2026, 5, 10))
    assert tonight(northwind, date(2026, 5, 9)).tier.code == "certified"
    after = tonight(northwind, date(2026, 5, 10))
    assert (after.tier.code, after.live_integrations, after.tier_at_risk) == ("certified", 0, True)


def test_the_pack_counts_the_people_that_the_next_tier_counts(world: World, northwind: Partner) -> None:
    add_certificate(
        partner=northwind, holder_email=world.paul.user.email, holder_name="Paul", kind="sales",
        valid_from=date(2026, 1, 10), by=BY, at=moment(TODAY), reason="passed",
    )  # fmt: skip
    integrates(northwind, "Sync", date(2026, 5, 1))
    partner = tonight(northwind, YESTERDAY)
    found = tier_of(partner, YESTERDAY, version_at(YESTERDAY))
    assert (found.people, found.people_required) == (0, 1)
    assert [(path.label, path.reached, path.required) for path in found.paths] == [("Live integrations", 1, 1)]


# --- How it is said ------------------------------------------------------------------------------------------------


@pytest.fixture
def paul(world: World, sign_in, at: datetime):
    with time_machine.travel(at, tick=False):
        yield sign_in(world.paul)


def test_home_and_tier_page_say_what_is_missing_in_words(world: World, paul: Client, northwind: Partner) -> None:
    tonight(northwind, YESTERDAY)
    home = stage.text_of(paul.get("/portal/"))
    assert "Still needed 1 live integration to go and 1 more person with Technical Certified" in home
    page = paul.get("/portal/tier/")
    said = "0 % to Certified: 1 live integration to go; 1 more person with Technical Certified"
    assert said in stage.text_of(page)
    [row, people] = page.context["criteria"]
    assert (row["label"], row["now"], row["target"], row["missing"]) == ("Live integrations", "0", "1", "1")
    assert row["need"] == people["need"] == "needed in any case"
    assert "1 live integration to go" in stage.text_of(paul.get("/portal/tier/why/"))


def test_home_counts_the_people_whom_the_ladder_counts(world: World, paul: Client, northwind: Partner) -> None:
    technical(northwind, world.sara)
    tonight(northwind, YESTERDAY)
    text = stage.text_of(paul.get("/portal/"))
    assert "Still needed 1 live integration to go" in text
    assert "more person" not in text


@pytest.mark.parametrize(
    ("asked", "tier", "moves"),
    [
        ({"integrations": "1", "certified": "1"}, "Certified", True),
        ({"integrations": "1"}, "Registered", False),
        ({"co_sold": "4", "certified": "2"}, "Registered", False),
        ({"co_sold": "5", "certified": "2"}, "Premier", True),
    ],
)
def test_the_calculator_asks_for_what_this_ladder_counts(
    paul: Client, northwind: Partner, asked: dict, tier: str, moves: bool
) -> None:
    tonight(northwind, YESTERDAY)
    page = paul.get("/portal/tier/", asked)
    assert list(page.context["form"].fields) == ["integrations", "co_sold", "certified"]
    assert (page.context["answer"]["tier"], page.context["answer"]["moves"]) == (tier, moves)


def test_the_calculator_adds_to_what_the_night_found_of_every_metric(
    world: World, paul: Client, northwind: Partner
) -> None:
    """Registered, for want of an integration: the co-sold deals that are there count in the answer all the same."""
    wins(northwind, *(TODAY - n * DAY for n in range(1, 5)))
    technical(northwind, world.sara, world.paul)
    tonight(northwind, YESTERDAY)
    assert paul.get("/portal/tier/", {"co_sold": "1"}).context["answer"]["tier"] == "Premier"
    assert paul.get("/portal/tier/", {"arr": "900000"}).context["answer"] is None  # not a question of this ladder


def test_a_partner_reads_its_integrations_and_not_our_notes(
    world: World, paul: Client, sign_in, northwind: Partner
) -> None:
    integrates(northwind, "Sync for Platform", date(2026, 5, 1))
    Integration.objects.update(evidence="Their engineer told us in confidence")
    text = stage.text_of(paul.get("/portal/partners/"))
    assert "Sync for Platform Live" in text
    assert "in confidence" not in text
    rita = sign_in(world.rita)
    assert "Sync for Platform" not in stage.text_of(rita.get("/portal/partners/"))


def test_the_partner_page_shows_staff_integrations_and_the_way_up(
    world: World, sign_in, northwind: Partner, at: datetime
) -> None:
    integrates(northwind, "Sync for Platform", date(2026, 5, 1))
    partner = tonight(northwind, YESTERDAY)
    with time_machine.travel(at, tick=False):
        mia = sign_in(world.mia)
        detail = mia.get(f"/manage/partner/{partner.code}/")
        assert [(row["label"], row["value"]) for row in detail.context["measures"]] == [
            ("Live integrations", Decimal(1)), ("People with Technical Certified", 0),
        ]  # fmt: skip
        records = stage.text_of(mia.get(f"/manage/partner/{partner.code}/records/"))
        assert "Sync for Platform Live" in records
        listed = mia.get("/manage/partners/", {"export": "csv"})
        body = b"".join(listed.streaming_content) if listed.streaming else listed.content
        assert "Northwind Solutions" in body.decode("utf-8-sig")
