"""The night: once for each date, in order, the same twice as once, and no row or step costs more than itself.

F10, F11 and F23 of the fault catalogue, and the number of statements of workload B7.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from partners.models import Grant, HealthScore, Partner, TierChange, TierStanding
from partners.queries.program import forget_programs
from prm.core.models import AuditEntry, OutboxEvent, WorkItem
from reporting import facts
from reporting.actions import night, scorecards
from reporting.actions.night import NightRefused
from reporting.actions.night_steps import STEPS
from reporting.actions.scorecards import Tally
from reporting.models import JobRun
from tests.deals import stage
from tests.reporting.night_stage import BY, DAY, certified, clock, deals, many_partners, mark_at
from tests.tables import table_prints
from tests.world import World

TODAY = date(2026, 6, 15)
YESTERDAY = TODAY - DAY
JOBS = [step.job for step in STEPS]


@pytest.fixture
def northwind(world: World, at: datetime) -> Partner:
    """Northwind with a certified person and a deal of 30,000, won three days ago: enough for Silver since then."""
    partner = Partner.objects.get(pk=world.northwind.pk)
    partner.organization.memberships.update(created_at=at - timedelta(days=90))
    certified(world, partner, since=date(2026, 6, 1), at=at)
    deals(("D1", partner.code, "won", 30_000, "2026-01-10", TODAY - 3 * DAY), at=at)
    return partner


def runs(on: date) -> dict[str, str]:
    """The state of each job of a date."""
    return dict(JobRun.objects.filter(on=on).values_list("job", "state"))


# --- Once a date ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_date_is_done_once(northwind: Partner) -> None:
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]
    northwind.refresh_from_db()
    assert northwind.tier.code == "silver"
    assert runs(YESTERDAY) == dict.fromkeys(["night", *JOBS], "done")
    before = table_prints()
    assert night.run_due_nights(now=clock(TODAY, hour=2)) == []
    assert table_prints() == before  # nothing at all, not even a line that says so


@pytest.mark.django_db
def test_a_date_begins_when_the_programs_day_has_ended(northwind: Partner) -> None:
    assert night.run_due_nights(now=clock(TODAY, hour=0)) == [YESTERDAY]
    assert night.run_due_nights(now=clock(TODAY, hour=23)) == []
    assert night.run_due_nights(now=clock(TODAY + DAY, hour=0)) == [TODAY]


@pytest.mark.django_db
def test_running_a_done_date_again_by_hand_finds_the_same(northwind: Partner) -> None:
    night.run_due_nights(now=clock(TODAY))
    before = table_prints(leave_out={"reporting_jobrun", "core_auditentry"})
    assert night.run_as_of(on=YESTERDAY, now=clock(TODAY), by=BY)
    assert table_prints(leave_out={"reporting_jobrun", "core_auditentry"}) == before
    assert set(JobRun.objects.filter(trigger="manual").values_list("changed", flat=True)) == {0}
    assert AuditEntry.objects.filter(code="reporting.night.run_by_hand").count() == 1


@contextmanager
def held_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event, list[int]]]:
    """The night stops in its second step until it is told to go on; how often it came there."""
    inside, go_on, came = threading.Event(), threading.Event(), []
    real = scorecards.gather_facts

    def slow(**values: object) -> object:
        came.append(threading.get_ident())
        inside.set()
        assert go_on.wait(20)
        return real(**values)

    monkeypatch.setattr(scorecards, "gather_facts", slow)
    try:
        yield inside, go_on, came
    finally:
        go_on.set()


def two_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[int]]:
    """Start a night, start another while the first is in the middle, and let both end."""
    done: list[object] = []

    def one() -> None:
        try:
            done.append(night.run_due_nights(now=clock(TODAY)))
        except Exception as error:
            done.append(error)
        finally:
            connection.close()

    with held_open(monkeypatch) as (inside, go_on, came):
        first = threading.Thread(target=one)
        first.start()
        assert inside.wait(20)
        second = threading.Thread(target=one)
        second.start()
        second.join(1.5)
        go_on.set()
        first.join(30)
        second.join(30)
        assert not first.is_alive()
        assert not second.is_alive()
    return done, came


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_the_same_time_are_one(world: World, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_programs()
    partner = Partner.objects.get(pk=world.northwind.pk)
    deals(("D1", partner.code, "won", 30_000, "2026-01-10", TODAY - 3 * DAY), at=at)
    done, came = two_at_once(monkeypatch)
    assert done == [[], [YESTERDAY]]  # the second one left at once, before the first ended
    assert len(came) == 1
    assert HealthScore.objects.filter(day=YESTERDAY).count() == 2
    before = table_prints()
    assert night.run_due_nights(now=clock(TODAY)) == []
    assert table_prints() == before
    forget_programs()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_nights_do_the_work_twice(
    world: World, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what the lock prevents does happen when it is not there."""
    forget_programs()

    @contextmanager
    def no_lock() -> Iterator[bool]:
        yield True

    monkeypatch.setattr(night, "_only_one", no_lock)
    _done, came = two_at_once(monkeypatch)
    assert len(came) == 2
    forget_programs()


@pytest.mark.django_db(transaction=True)
def test_by_hand_is_refused_while_the_night_runs(world: World) -> None:
    forget_programs()
    with connection.cursor() as cursor:
        other = cursor.connection.__class__.connect(**connection.get_connection_params() | {"autocommit": True})
    try:
        other.execute("SELECT pg_advisory_lock(%s)", [night.NIGHT_LOCK])
        with pytest.raises(NightRefused, match="already"):
            night.run_as_of(on=YESTERDAY, now=clock(TODAY), by=BY)
        assert night.run_due_nights(now=clock(TODAY)) == []
    finally:
        other.close()
    assert not JobRun.objects.exists()
    assert night.run_as_of(on=YESTERDAY, now=clock(TODAY), by=BY)
    forget_programs()


# --- Missed dates --------------------------------------------------------------------------------------------------


def facts_left() -> dict[str, list[tuple]]:
    """What nights leave, without the numbers and codes that any row gets."""
    return {
        "partners": list(
            Partner.objects.order_by("pk").values_list(
                "pk", "tier__code", "tier_changed_on", "review_on", "health_score", "scored_on", "sourced_arr_t12m"
            )
        ),
        "health": list(HealthScore.objects.order_by("partner", "day").values_list("partner", "day", "fingerprint")),
        "standing": list(TierStanding.objects.order_by("partner", "day").values_list("partner", "day", "fingerprint")),
        "changes": list(
            TierChange.objects.order_by("partner", "pk").values_list("partner", "changed_on", "created_at")
        ),
        "grants": list(
            Grant.objects.order_by("partner", "entitlement", "valid_from").values_list(
                "partner", "entitlement", "value", "valid_from", "valid_until", "created_at"
            )
        ),
        "events": list(OutboxEvent.objects.order_by("at", "pk").values_list("at", "name", "ref_kind", "data")),
        "audit": list(AuditEntry.objects.order_by("at", "pk").values_list("at", "code", "ref_kind", "changes")),
    }


@pytest.mark.django_db
def test_three_missed_nights_in_one_call_are_three_nights(northwind: Partner) -> None:
    missed = [TODAY - 4 * DAY, TODAY - 3 * DAY, TODAY - 2 * DAY]
    mark_at(TODAY - 5 * DAY)
    with transaction.atomic():
        for on in missed:
            assert night.run_due_nights(now=clock(on + DAY)) == [on]
        one_by_one = facts_left()
        transaction.set_rollback(True)

    assert night.run_due_nights(now=clock(TODAY - DAY)) == missed
    assert facts_left() == one_by_one
    # Dated by the night in which the deal counted first, not by the moment of the catching up.
    assert TierChange.objects.get(partner=northwind, to_tier__code="silver").changed_on == TODAY - 3 * DAY
    assert TierChange.objects.filter(partner=northwind).count() == 2  # Registered on the night before


@pytest.mark.django_db
def test_thirty_five_nights_are_caught_up(northwind: Partner) -> None:
    mark_at(YESTERDAY - 35 * DAY)
    assert len(night.missed_nights(at=clock(TODAY)())) == 35
    done = night.run_due_nights(now=clock(TODAY))
    assert (len(done), done[0], done[-1]) == (35, YESTERDAY - 34 * DAY, YESTERDAY)


@pytest.mark.django_db
def test_more_are_asked_about_once(world: World) -> None:
    mark_at(YESTERDAY - 36 * DAY)
    for hour in (1, 2, 3):
        assert night.run_due_nights(now=clock(TODAY, hour)) == []
    [question] = WorkItem.objects.open().filter(kind="reporting.missed_nights")
    assert (question.role, question.organization_id) == ("admin", world.vendor.pk)
    assert "36 nights" in question.title
    assert JobRun.objects.count() == 1  # the mark

    night.resume_after(on=YESTERDAY - DAY, by=world.ada.actor, at=clock(TODAY)())
    assert not WorkItem.objects.open().filter(kind="reporting.missed_nights").exists()
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]


@pytest.mark.django_db
@pytest.mark.parametrize("on", [TODAY, TODAY + DAY, YESTERDAY - 36 * DAY, YESTERDAY - 40 * DAY])
def test_the_clock_goes_on_after_an_ended_date_past_the_mark_only(world: World, on: date) -> None:
    mark_at(YESTERDAY - 36 * DAY)
    with pytest.raises(NightRefused):
        night.resume_after(on=on, by=world.ada.actor, at=clock(TODAY)())
    assert night.last_night() == YESTERDAY - 36 * DAY


# --- By hand -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_by_hand_never_moves_the_mark(northwind: Partner) -> None:
    assert night.last_night() is None
    assert night.run_as_of(on=date(2026, 3, 31), now=clock(TODAY), by=BY)
    assert night.last_night() is None
    mark_at(YESTERDAY - DAY)
    assert night.run_as_of(on=YESTERDAY, now=clock(TODAY), by=BY)
    assert night.last_night() == YESTERDAY - DAY
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]


@pytest.mark.django_db
@pytest.mark.parametrize("ahead", [0, 1, 400])
def test_a_date_that_has_not_ended_is_refused_by_hand(northwind: Partner, ahead: int) -> None:
    """Or its rows would count as the latest, and no night before it could write any."""
    with pytest.raises(NightRefused, match="ended"):
        night.run_as_of(on=TODAY + ahead * DAY, now=clock(TODAY), by=BY)
    assert not JobRun.objects.exists()


@pytest.mark.django_db
def test_an_earlier_date_leaves_what_a_later_one_found(northwind: Partner) -> None:
    night.run_due_nights(now=clock(TODAY))
    before = facts_left()
    assert night.run_as_of(on=YESTERDAY - 20 * DAY, now=clock(TODAY), by=BY)
    after = facts_left()
    assert {name: rows for name, rows in after.items() if name != "audit"} == {
        name: rows for name, rows in before.items() if name != "audit"
    }
    left = JobRun.objects.get(job="night.tiers", trigger="manual")
    assert left.detail["left_as_they_are"] == 2


@pytest.mark.django_db
def test_the_command_says_what_each_step_did(northwind: Partner, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("run_night", as_of=date(2026, 3, 31))
    said = capsys.readouterr().out
    assert all(job in said for job in JOBS)
    with pytest.raises(CommandError, match="ended"):
        call_command("run_night", as_of=date(2199, 1, 1))


# --- What goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_failing_step_is_written_down_and_tried_again(northwind: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_values: object) -> None:
        raise RuntimeError("the disk is full")

    mark_at(YESTERDAY - 3 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(scorecards, "score_health", broken)
        assert night.run_due_nights(now=clock(TODAY)) == []
    first = YESTERDAY - 2 * DAY
    assert runs(first) == {
        "night": "failed", "night.expiries": "done", "night.verdicts": "done", "night.facts": "done",
        "night.health": "failed",
    }  # fmt: skip
    assert "the disk is full" in JobRun.objects.get(job="night.health").error
    assert not JobRun.objects.filter(on__gt=first).exists()  # later dates wait for it
    assert night.last_night() == YESTERDAY - 3 * DAY

    assert night.run_due_nights(now=clock(TODAY, hour=2)) == [first, YESTERDAY - DAY, YESTERDAY]
    assert set(runs(first).values()) == {"done"}
    assert JobRun.objects.get(job="night.health", on=first).error == ""


@pytest.mark.django_db
def test_a_night_that_was_killed_is_run_again(northwind: Partner) -> None:
    mark_at(YESTERDAY - DAY)
    JobRun.objects.create(
        job="night", on=YESTERDAY, trigger="schedule", state="running", started_at=clock(TODAY, hour=0)()
    )
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]
    assert runs(YESTERDAY)["night"] == "done"


def poison(code: str, table: str, condition: str, *, state: str = "23514") -> None:
    """Let the database refuse to write one partner's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {condition} THEN RAISE EXCEPTION 'poison {code}' USING ERRCODE = '{state}'; END IF;"
            f" RETURN NEW; END $$; CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION poison()"
        )


@pytest.mark.django_db
def test_a_registration_that_can_not_be_ended_is_named_and_the_night_goes_on(world: World, at: datetime) -> None:
    bad, good = (
        stage.approved(
            world,
            world.sara,
            at=at - timedelta(days=40),
            customer_domain=f"{name}.com",
            customer_name=name,
            first_contact_on=date(2026, 4, 1),
        )
        for name in ("Bad", "Good")
    )
    poison(bad.code, "deals_registration", f"NEW.code = '{bad.code}'")
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]
    step = JobRun.objects.get(job="night.expiries")
    assert [row["partner"] for row in step.skipped] == [bad.code]
    assert (step.state, step.detail["expired"]) == ("done", 1)
    good.refresh_from_db()
    assert good.status == "expired"
    assert runs(YESTERDAY)["night"] == "done"


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_is_named_and_the_others_are_stored(world: World, at: datetime) -> None:
    partners = many_partners(world, 30)
    bad = partners[17]
    poison(bad.code, "partners_healthscore", f"NEW.partner_id = {bad.pk}")
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]
    step = JobRun.objects.get(job="night.health")
    assert [row["partner"] for row in step.skipped] == [bad.code]
    assert "poison" in step.skipped[0]["why"]
    assert (step.seen, step.changed, step.state) == (32, 31, "done")
    assert HealthScore.objects.filter(day=YESTERDAY).count() == 31
    assert TierStanding.objects.filter(day=YESTERDAY).count() == 32
    bad.refresh_from_db()
    assert bad.scored_on is None  # its part of the chunk was undone as a whole


@pytest.mark.django_db
def test_a_database_that_is_busy_blames_no_row(world: World, at: datetime) -> None:
    partners = many_partners(world, 3)
    poison(partners[1].code, "partners_healthscore", f"NEW.partner_id = {partners[1].pk}", state="55P03")
    with transaction.atomic():
        assert night.run_due_nights(now=clock(TODAY)) == []
    step = JobRun.objects.get(job="night.health")
    assert (step.state, step.skipped) == ("failed", [])
    assert "OperationalError" in step.error


@pytest.mark.django_db
def test_a_row_that_makes_no_sense_is_named_and_the_others_are_done(world: World, northwind: Partner) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deals_opportunity SET amount_program = 'NaN'")
        cursor.execute(
            "UPDATE partners_partner SET partner_since = 'infinity' WHERE organization_id = %s", [world.rival.pk]
        )
    fine = many_partners(world, 5)
    assert night.run_due_nights(now=clock(TODAY)) == [YESTERDAY]
    rival = Partner.objects.filter(pk=world.rival.pk).values_list("code", flat=True).get()
    named = {row["partner"]: row["why"] for row in JobRun.objects.get(job="night.facts").skipped}
    assert set(named) == {rival, northwind.code}
    assert "NaN" in named[northwind.code]
    assert set(HealthScore.objects.values_list("partner_id", flat=True)) == {partner.pk for partner in fine}


# --- Cost ----------------------------------------------------------------------------------------------------------


def statements(on: date) -> int:
    """How many statements the three steps that look at every partner send, savepoints aside."""
    with CaptureQueriesContext(connection) as sent:
        tally = Tally()
        gathered = scorecards.gather_facts(on=on, tally=tally)
        scorecards.score_health(gathered=gathered, tally=tally, by=BY, at=clock(on + DAY)())
        scorecards.decide_tiers(gathered=gathered, tally=tally, by=BY, at=clock(on + DAY)())
    assert not tally.skipped
    return sum("SAVEPOINT" not in query["sql"] for query in sent)


@pytest.mark.django_db
def test_statements_do_not_grow_with_partners(
    world: World, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B7. What is sent once a night is counted apart from what each chunk of 5,000 partners costs."""
    for _again in range(2):  # after the first, the program's terms are in memory
        with transaction.atomic():
            few = statements(YESTERDAY)
            transaction.set_rollback(True)
    for number, partner in enumerate(many_partners(world, 40)):
        deals((f"M{number}", partner.code, "won", 1000 * number + 1, "2026-01-10", "2026-05-10"), at=clock(TODAY)())
    assert statements(YESTERDAY) == few  # a night in which every tier moves
    statements(TODAY)  # people joined on this day
    quiet = statements(TODAY + DAY)
    monkeypatch.setattr(facts.chunks, "__defaults__", (21,))
    two_chunks = statements(TODAY + 2 * DAY)
    assert two_chunks - quiet <= 18
    assert quiet <= 21


# --- The windows ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2026, 6, 14), True),  # the day itself
        (date(2026, 6, 15), False),  # the day after
        (date(2025, 6, 15), True),  # the first day of twelve months
        (date(2025, 6, 14), False),  # the same day a year ago
    ],
)
def test_twelve_months_end_on_the_day_and_begin_after_the_same_day_a_year_ago(
    world: World, at: datetime, day: date, counts: bool
) -> None:
    partner = Partner.objects.get(pk=world.northwind.pk)
    deals(("W1", partner.code, "won", 500, "2025-01-10", day), at=at)
    night.run_due_nights(now=clock(TODAY))
    partner.refresh_from_db()
    assert partner.sourced_arr_t12m == partner.revenue_t12m == (Decimal(500) if counts else 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("ago", "points"), [(89, 10), (90, 0), (0, 10), (-1, 0)])
def test_activity_looks_at_ninety_days(world: World, at: datetime, ago: int, points: int) -> None:
    partner = Partner.objects.get(pk=world.northwind.pk)
    deals(("A1", partner.code, "open", None, YESTERDAY - timedelta(days=ago), None), at=at)
    night.run_due_nights(now=clock(TODAY))
    assert HealthScore.objects.get(partner=partner).activity_points == points


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "quarter", "year_ago"),
    [
        (date(2026, 3, 30), (date(2025, 10, 1), date(2025, 12, 31)), (date(2024, 10, 1), date(2024, 12, 31))),
        (date(2026, 3, 31), (date(2026, 1, 1), date(2026, 3, 31)), (date(2025, 1, 1), date(2025, 3, 31))),
    ],
)
def test_revenue_compares_the_last_complete_quarter_with_the_same_a_year_ago(
    world: World, at: datetime, on: date, quarter: tuple[date, date], year_ago: tuple[date, date]
) -> None:
    """On its last day a quarter is complete. Each edge day counts, the day outside does not."""
    partner = Partner.objects.get(pk=world.northwind.pk)
    Partner.objects.filter(pk=partner.pk).update(partner_since=date(2024, 1, 1), agreement_signed_on=date(2024, 1, 1))
    rows = [("E0", partner.code, "lost", 0, "2024-01-01", "2024-02-01")]
    for number, (first, last) in enumerate((quarter, year_ago)):
        for place, day in enumerate((first - DAY, first, last, last + DAY)):
            amount = (7 if place in (1, 2) else 1000) * (2 - number)
            rows.append((f"E{number}{place}", partner.code, "won", amount, "2024-01-05", day))
    deals(*rows, at=at)
    night.run_as_of(on=on, now=clock(TODAY), by=BY)
    line = HealthScore.objects.get(partner=partner).explanation[1]
    assert line["code"] == "health.revenue"
    assert (Decimal(line["values"]["now"]), Decimal(line["values"]["before"])) == (28, 14)


@pytest.mark.django_db
def test_a_partner_whose_people_have_all_left_has_no_engagement_data(world: World, at: datetime) -> None:
    rival = Partner.objects.get(pk=world.rival.pk)
    night.run_as_of(on=YESTERDAY - DAY, now=clock(TODAY), by=BY)
    assert HealthScore.objects.get(partner=rival).engagement_points is None  # they joined later than that
    night.run_as_of(on=TODAY, now=clock(TODAY + DAY), by=BY)
    assert HealthScore.objects.get(partner=rival, day=TODAY).engagement_points == 0
    rival.organization.memberships.update(is_active=False, deactivated_at=at + timedelta(hours=30))
    night.run_as_of(on=TODAY + DAY, now=clock(TODAY + 2 * DAY), by=BY)
    assert HealthScore.objects.get(partner=rival, day=TODAY + DAY).engagement_points is None
