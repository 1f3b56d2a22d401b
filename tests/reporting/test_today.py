"""Today: what waits is there in the order of its clocks, and is decided where it stands."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from deals.models import Registration
from partners.actions.health import raise_health_alerts
from partners.rules.health_alerts import alert
from partners.rules.terms import HealthTerms
from prm.core.actors import Actor
from prm.core.models import WorkItem
from reporting.actions.qbr_actions import add_qbr_action
from reporting.queries.attention import as_result, as_snapshot
from tests.deals import stage as deals
from tests.reporting import stage
from tests.world import World

pytestmark = pytest.mark.django_db
TODAY = "/manage/"
DECIDE = "/manage/work/decide/"


@pytest.fixture
def noon(at: datetime):
    """Three hours after most stories begin."""
    with time_machine.travel(at + timedelta(hours=3), tick=False):
        yield at + timedelta(hours=3)


@pytest.fixture
def mia(world: World, sign_in, noon: datetime) -> Client:
    return sign_in(world.mia)


def waiting(registration: Registration) -> WorkItem:
    return WorkItem.objects.open().about("deals.registration", registration.code).get()


def codes(response) -> list[str]:
    return [row.item.ref_code for row in response.context["rows"]]


def test_an_empty_inbox_says_what_will_be_here(mia: Client) -> None:
    page = mia.get(TODAY)
    assert "Nothing waits for you" in stage.text_of(page)
    assert "Good" in stage.text_of(page)
    assert page.context["waiting"] == 0


def test_the_clock_that_runs_out_first_stands_on_top_and_priority_above_all(
    world: World, mia: Client, at: datetime
) -> None:
    later = deals.submitted(world.paul, at=at + timedelta(hours=1))
    sooner = deals.submitted(
        world.rita, at=at - timedelta(hours=20), customer_name="Aster", customer_domain="aster.com"
    )
    urgent = deals.submitted(
        world.sara, at=at + timedelta(hours=2), customer_name="Baltic", customer_domain="baltic.com"
    )
    paused = deals.returned(world, world.sara, at=at, customer_name="Corvus", customer_domain="corvus.com")
    WorkItem.objects.filter(pk=waiting(urgent).pk).update(priority=1)
    assert codes(mia.get(TODAY)) == [urgent.code, sooner.code, later.code, paused.code]


def test_a_row_says_what_it_is_about_and_offers_its_decisions(world: World, mia: Client, at: datetime) -> None:
    registration = deals.submitted(world.paul, at=at)
    page = mia.get(TODAY)
    row = page.context["rows"][0]
    assert [(button.key, button.label, button.at_once) for button in row.buttons] == [
        ("a", "Approve", True),
        ("r", "Return", False),
        ("x", "Reject", False),
    ]
    text = stage.text_of(page)
    assert f"Registration {registration.code}" in text
    assert "Helios Energy GmbH · 84,000 USD" in text
    assert "Northwind Solutions" in text


def test_a_conflict_is_compared_first_and_never_approved_with_one_key(world: World, mia: Client, at: datetime) -> None:
    deals.submitted(world.rita, at=at - timedelta(hours=1))
    second = deals.submitted(world.paul, at=at)
    row = next(each for each in mia.get(TODAY).context["rows"] if each.item.ref_code == second.code)
    assert row.blocked
    assert not next(button for button in row.buttons if button.key == "a").at_once
    assert ("Conflict", "orange") in row.badges


def test_approving_from_the_row_takes_it_away_and_says_so(world: World, mia: Client, at: datetime) -> None:
    registration = deals.submitted(world.paul, at=at)
    answer = mia.post(
        f"/manage/work/{waiting(registration).code}/approve/",
        headers={"HX-Request": "true", "HX-Target": "inbox"},
    )
    registration.refresh_from_db()
    assert registration.status == "approved"
    assert registration.decided_by == world.mia.user
    assert answer.context["rows"] == []
    assert b"<html" not in answer.content
    assert "success" in answer["HX-Trigger"]


def test_without_script_it_goes_back_to_the_inbox(world: World, mia: Client, at: datetime) -> None:
    item = waiting(deals.submitted(world.paul, at=at))
    assert mia.post(f"/manage/work/{item.code}/approve/").url == TODAY
    assert mia.get(f"/manage/work/{item.code}/approve/").status_code == 405


def test_what_speaks_against_it_is_said_and_nothing_changes(world: World, mia: Client, at: datetime) -> None:
    first = deals.submitted(world.rita, at=at - timedelta(hours=1))
    second = deals.submitted(world.paul, at=at)
    answer = mia.post(
        f"/manage/work/{waiting(second).code}/approve/", headers={"HX-Request": "true", "HX-Target": "inbox"}
    )
    second.refresh_from_db()
    assert second.status == "submitted"
    assert "error" in answer["HX-Trigger"]
    assert {second.code, first.code} == set(codes(answer))


def test_nobody_decides_what_does_not_wait_for_them(world: World, sign_in, noon: datetime, at: datetime) -> None:
    item = waiting(deals.submitted(world.paul, at=at))
    for person, status in ((world.rory, 404), (world.finn, 404), (world.paul, 404), (world.sara, 404)):
        answer = sign_in(person).post(f"/manage/work/{item.code}/approve/")
        assert answer.status_code == status, person.user.email
    item.refresh_from_db()
    assert item.closed_at is None


def test_chips_narrow_the_inbox_and_count_what_is_behind_them(world: World, mia: Client, at: datetime) -> None:
    registration = deals.submitted(world.paul, at=at)
    early = at - timedelta(days=5)
    deals.reported(
        world, world.sara, at=early, first_contact_on=early.date(), customer_name="Wren", customer_domain="wren.com"
    )
    page = mia.get(TODAY, {"kind": "registrations"})
    assert codes(page) == [registration.code]
    assert {chip.code: count for chip, count in page.context["chips"]} == {"registrations": 1, "wins": 1}
    assert len(mia.get(TODAY, {"kind": "other"}).context["rows"]) == 0
    assert len(mia.get(TODAY, {"kind": "nonsense"}).context["rows"]) == 2
    part = mia.get(TODAY, {"kind": "wins"}, headers={"HX-Request": "true", "HX-Target": "inbox"})
    assert b"<html" not in part.content
    assert part.context["rows"][0].label == "Reported win"


def test_work_of_a_kind_nobody_described_still_has_its_title(world: World, mia: Client, at: datetime) -> None:
    WorkItem.objects.create(
        code="WI-TEST001", kind="tests.unknown", ref_kind="tests.thing", ref_code="X-1", title="Look at this",
        organization=world.vendor, assignee=world.mia.user, opened_at=at,
    )  # fmt: skip
    page = mia.get(TODAY)
    assert "Look at this" in stage.text_of(page)
    assert page.context["rows"][0].buttons == ()
    assert {chip.code for chip, _count in page.context["chips"]} == {"other"}


def test_several_are_previewed_and_then_decided_one_by_one(world: World, mia: Client, at: datetime) -> None:
    held = deals.submitted(world.rita, at=at - timedelta(hours=1))
    in_conflict = deals.submitted(world.paul, at=at)
    free = deals.submitted(world.sara, at=at, customer_name="Aster", customer_domain="aster.com")
    chosen = {"codes": [waiting(each).code for each in (in_conflict, free)]}

    preview = mia.get(DECIDE, chosen)
    assert [row.item.ref_code for row in preview.context["ready"]] == [free.code]
    assert [row.item.ref_code for row in preview.context["held"]] == [in_conflict.code]
    assert {each.status for each in Registration.objects.all()} == {"submitted"}

    result = mia.post(DECIDE, chosen)
    assert "1 approved" in stage.text_of(result)
    states = dict(Registration.objects.values_list("code", "status"))
    assert states == {free.code: "approved", in_conflict.code: "submitted", held.code: "submitted"}


def test_a_selection_that_is_gone_goes_back_to_the_inbox(mia: Client) -> None:
    assert mia.get(DECIDE).url == TODAY
    assert mia.post(DECIDE, {"codes": ["WI-0000000"]}).url == TODAY


def test_a_fall_in_health_is_told_with_its_reasons_and_taken_up(world: World, mia: Client, at: datetime) -> None:
    partner = stage.northwind(world)
    before = stage.scored(partner, stage.day_after(at, -35))
    now = stage.scored(partner, stage.day_after(at, -1), deals_registered=0, portal_weeks=0)
    page = mia.get(TODAY)
    text = stage.text_of(page)
    assert "Champion → Healthy" in text
    assert "Activity 25 → 0" in text
    assert "Ask for the deals that are not registered yet" in text
    assert page.context["need_you"] >= 1

    raised = alert(as_result(now, HealthTerms()), as_snapshot(before), HealthTerms())
    raise_health_alerts(alerts=[(partner.pk, raised)], on=at.date(), by=Actor.system("test"), at=at)
    row = mia.get(TODAY, {"kind": "health"}).context["rows"][0]
    assert row.detail.startswith(f"{before.score} → {now.score}")
    mia.post(f"/manage/work/{row.item.code}/approve/")
    row.item.refresh_from_db()
    assert row.item.outcome == "acknowledged"


def test_partners_that_hang_by_a_thread_are_told_together(world: World, mia: Client) -> None:
    threads = mia.get(TODAY).context["threads"]
    assert [(each["title"], each["count"]) for each in threads] == [("Single contact", 2)]


def test_only_falls_tiers_at_risk_and_overdue_actions_need_somebody(world: World, mia: Client, at: datetime) -> None:
    assert mia.get(TODAY).context["need_you"] == 0
    partner = stage.northwind(world)
    for title in ("Send the price list", "Book the workshop"):
        add_qbr_action(
            partner=partner, title=title, side="us", agreed_on=stage.day_after(at, -9), due_on=stage.day_after(at, -3),
            by=world.mia.actor, at=at,
        )  # fmt: skip
    page = mia.get(TODAY)
    assert page.context["need_you"] == 1
    assert [each.title for each in page.context["overdue"]] == ["Send the price list", "Book the workshop"]
    assert page.context["coming"] == []
    assert "overdue since" in stage.text_of(page)
    partner.tier_at_risk = True
    partner.save(update_fields=["tier_at_risk"])
    assert mia.get(TODAY).context["threads"][0]["title"] == "Tier at risk"
    assert mia.get(TODAY).context["need_you"] == 1


def test_what_comes_up_is_listed_soonest_first(world: World, mia: Client, at: datetime) -> None:
    early = at - timedelta(days=25)
    deals.approved(world, world.paul, at=early, first_contact_on=early.date())
    add_qbr_action(
        partner=stage.northwind(world), title="Send the price list", side="us", due_on=stage.day_after(at, 2),
        by=world.mia.actor, at=at,
    )  # fmt: skip
    coming = mia.get(TODAY).context["coming"]
    assert [each.kind for each in coming] == ["action", "protection"]
    assert coming == sorted(coming, key=lambda each: each.on)


def test_decisions_in_time_are_counted(world: World, mia: Client, at: datetime) -> None:
    mia.post(f"/manage/work/{waiting(deals.submitted(world.paul, at=at)).code}/approve/")
    early = at - timedelta(days=5)
    late = deals.submitted(
        world.rita, at=early, first_contact_on=early.date(), customer_name="Aster", customer_domain="aster.com"
    )
    mia.post(f"/manage/work/{waiting(late).code}/approve/")
    with time_machine.travel(at + timedelta(hours=4), tick=False):
        decided = mia.get(TODAY).context["decided"]
    assert (decided.percent, decided.decided) == (50, 2)
    assert decided.median_seconds > 3 * 3600


def test_a_long_inbox_takes_no_more_statements(world: World, mia: Client, at: datetime) -> None:
    def bring(number: int) -> None:
        deals.submitted(
            world.paul, at=at, customer_name=f"Customer {number} Works", customer_domain=f"customer-{number}.com"
        )

    bring(0)
    one = stage.statements(mia, TODAY)
    for number in range(1, 30):
        bring(number)
    assert stage.statements(mia, TODAY) == one
    assert len(mia.get(TODAY).context["rows"]) == 30


# --- What waits for colleagues


def colleagues(client: Client) -> list[str]:
    return [row.item.ref_code for row in client.get(TODAY).context["team"]]


def test_who_has_nothing_to_decide_sees_what_waits_for_whom(
    world: World, sign_in, noon: datetime, at: datetime
) -> None:
    later = deals.submitted(world.paul, at=at)
    sooner = deals.submitted(
        world.rita, at=at - timedelta(hours=20), customer_name="Aster", customer_domain="aster.com"
    )
    for person in (world.rory, world.finn, world.ada):
        client = sign_in(person)
        assert colleagues(client) == [sooner.code, later.code]
        text = stage.text_of(client.get(TODAY))
        assert "Waiting for colleagues" in text
        assert "Mia Berg" in text


def test_a_director_sees_it_below_their_own_and_a_manager_only_when_idle(
    world: World, sign_in, noon: datetime, at: datetime
) -> None:
    theirs = deals.submitted(world.paul, at=at)
    assert colleagues(sign_in(world.mia)) == []
    assert colleagues(sign_in(world.vera)) == [theirs.code]
    WorkItem.objects.update(assignee=world.vera.user)
    vera = sign_in(world.vera)
    assert codes(vera.get(TODAY)) == [theirs.code]
    assert colleagues(vera) == []
    assert colleagues(sign_in(world.mia)) == [theirs.code]
