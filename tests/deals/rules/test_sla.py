from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.sla import pause_clock, resume_clock, sla_state, start_clock, used_percent
from prm.core.business_time import Calendar, add_working_seconds, working_seconds_between

CALENDAR = Calendar()
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MONDAY = at("2026-11-23 09:00")


def clock_from(start=MONDAY, calendar=CALENDAR):
    return start_clock(start, 24, 75, calendar)


def test_friday_at_three_is_due_on_monday_at_three_and_due_soon_six_hours_before():
    clock = clock_from(at("2026-11-20 15:00"))
    assert clock.due_at == at("2026-11-23 15:00")
    assert clock.due_soon_at == at("2026-11-23 09:00")
    assert clock.paused_at is None
    assert clock.seconds_left is None


@pytest.mark.parametrize(
    ("moment", "state", "used"),
    [
        (MONDAY, "running", 0),
        (at("2026-11-24 02:59:59"), "running", 74),
        (at("2026-11-24 03:00"), "due_soon", 75),
        (at("2026-11-24 08:59:59"), "due_soon", 99),
        (at("2026-11-24 09:00"), "breached", 100),
        (at("2026-11-30 09:00"), "breached", 100),
    ],
)
def test_states_at_their_edges(moment, state, used):
    assert sla_state(clock_from(), moment) == state
    assert used_percent(clock_from(), moment, CALENDAR) == used


def test_a_stopped_clock_keeps_its_time_over_any_wait():
    paused = pause_clock(clock_from(), at("2026-11-23 19:00"), CALENDAR)
    assert (paused.seconds_left, paused.due_at, paused.due_soon_at) == (14 * 3600, None, None)
    assert sla_state(paused, at("2027-11-23 19:00")) == "paused"
    assert used_percent(paused, at("2027-11-23 19:00"), CALENDAR) == 41
    resumed = resume_clock(paused, at("2026-12-04 20:00"), CALENDAR)  # Friday evening: 4 hours, then 10 on Monday
    assert resumed.due_at == at("2026-12-07 10:00")
    assert resumed.due_soon_at == at("2026-12-07 04:00")


def test_resumed_with_less_than_a_quarter_left_it_is_due_soon_at_once():
    paused = pause_clock(clock_from(), at("2026-11-24 05:00"), CALENDAR)
    resumed = resume_clock(paused, at("2026-11-26 12:00"), CALENDAR)
    assert (resumed.due_soon_at, resumed.due_at) == (at("2026-11-26 12:00"), at("2026-11-26 16:00"))
    assert sla_state(resumed, at("2026-11-26 12:00")) == "due_soon"


def test_a_clock_that_had_run_out_stays_run_out():
    paused = pause_clock(clock_from(), at("2026-11-25 09:00"), CALENDAR)
    assert paused.seconds_left == 0
    back = at("2026-11-27 09:00")
    assert sla_state(resume_clock(paused, back, CALENDAR), back) == "breached"


def test_pausing_and_resuming_twice_change_nothing():
    clock = clock_from()
    paused = pause_clock(clock, at("2026-11-23 12:00"), CALENDAR)
    assert pause_clock(paused, at("2026-11-24 12:00"), CALENDAR) == paused
    resumed = resume_clock(paused, at("2026-11-24 12:00"), CALENDAR)
    assert resume_clock(resumed, at("2026-11-25 12:00"), CALENDAR) == resumed


@pytest.mark.parametrize(
    ("zone", "start", "due"),
    [
        ("Europe/Berlin", "2026-03-28 14:00", "2026-03-29 14:00"),
        ("America/New_York", "2026-10-31 19:00", "2026-11-01 19:00"),
        ("Pacific/Kiritimati", "2026-12-31 23:59", "2027-01-01 23:59"),
        ("Pacific/Honolulu", "2028-02-28 12:00", "2028-02-29 12:00"),
    ],
)
def test_plain_hours_are_elapsed_hours_in_every_zone(zone, start, due):
    calendar = Calendar(time_zone=zone, working_days=frozenset(range(7)))
    assert clock_from(at(start), calendar).due_at == at(due)


def test_office_hours():
    office = Calendar("Europe/Berlin", opens=time(9), closes=time(17))
    clock = clock_from(at("2026-11-20 14:00"), office)  # Friday 15:00 in Berlin: 2 + 8 + 8 + 6 hours
    assert clock.due_at == at("2026-11-25 14:00")
    assert clock.due_soon_at == at("2026-11-24 16:00")  # 18 hours: Tuesday at closing


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
pauses = st.lists(st.tuples(st.integers(1, 40_000), st.integers(0, 10**6)), max_size=4)


@given(moments, pauses, st.integers(1, 99))
def test_stopping_never_costs_or_gives_working_time(start, story, percent):
    clock = start_clock(start, 24, percent, CALENDAR)
    now, worked = start, 0
    for run, wait in story:
        ran_until = add_working_seconds(now, run, CALENDAR)
        clock = pause_clock(clock, ran_until, CALENDAR)
        worked += run
        assert clock.seconds_left == max(24 * 3600 - worked, 0)
        now = ran_until + wait * SECOND
        clock = resume_clock(clock, now, CALENDAR)
        assert now <= clock.due_soon_at <= clock.due_at
    assert working_seconds_between(now, clock.due_at, CALENDAR) == max(24 * 3600 - worked, 0)


@given(moments, st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_clock_only_runs_forward(start, first, second):
    clock = clock_from(start)
    order = ["running", "due_soon", "breached"]
    early, late = start + first * SECOND, start + (first + second) * SECOND
    assert used_percent(clock, early, CALENDAR) <= used_percent(clock, late, CALENDAR)
    assert order.index(sla_state(clock, early)) <= order.index(sla_state(clock, late))
