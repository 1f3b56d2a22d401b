from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm.core.business_time import (
    Calendar,
    add_months,
    add_working_seconds,
    last_complete_quarter,
    local_date,
    quarter_of,
    same_day_last_year,
    same_quarter_last_year,
    trailing_year,
    working_seconds_between,
)

HOUR = 3600
ALL_DAYS = frozenset(range(7))
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def moment(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def due(start: str, hours: int, zone: str = "UTC", **calendar) -> str:
    """Start and answer as read on a wall in `zone`."""
    found = add_working_seconds(moment(start, zone), hours * HOUR, Calendar(time_zone=zone, **calendar))
    assert found.tzinfo is UTC
    return found.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def test_friday_at_three_with_24_hours_is_due_on_monday_at_three():
    assert due("2026-11-20 15:00", 24) == "2026-11-23 15:00"
    assert due("2026-11-20 15:00", 24, BERLIN) == "2026-11-23 15:00"


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-18 10:00", 24, "2026-11-19 10:00"),  # inside the week
        ("2026-11-21 10:00", 24, "2026-11-24 00:00"),  # on a Saturday: all of Monday
        ("2026-11-22 23:59", 1, "2026-11-23 01:00"),
        ("2026-11-20 00:00", 24, "2026-11-21 00:00"),  # out at closing time, not at the next opening
        ("2026-11-20 15:00", 72, "2026-11-25 15:00"),
        ("2026-11-21 10:00", 0, "2026-11-21 10:00"),
    ],
)
def test_whole_working_days(start, hours, end):
    assert due(start, hours) == end


def test_a_holiday_counts_for_nothing():
    assert due("2026-12-24 15:00", 24, holidays=frozenset({date(2026, 12, 25)})) == "2026-12-28 15:00"


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-20 15:00", 4, "2026-11-23 11:00"),
        ("2026-11-20 13:00", 4, "2026-11-20 17:00"),
        ("2026-11-20 06:00", 4, "2026-11-20 13:00"),
        ("2026-11-20 20:00", 8, "2026-11-23 17:00"),
        ("2026-11-20 17:00", 1, "2026-11-23 10:00"),
    ],
)
def test_opening_hours(start, hours, end):
    assert due(start, hours, BERLIN, opens=time(9), closes=time(17)) == end


def test_open_until_midnight():
    assert due("2026-11-20 23:00", 2, opens=time(12), closes=time(0)) == "2026-11-23 13:00"


# Clocks change. Elapsed seconds count, so a day has 23 or 25 hours and the wall shows it.
@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        (BERLIN, "2026-03-28 15:00", "2026-03-29 16:00"),
        (BERLIN, "2026-10-24 15:00", "2026-10-25 14:00"),
        (NEW_YORK, "2026-03-07 15:00", "2026-03-08 16:00"),
        (NEW_YORK, "2026-10-31 15:00", "2026-11-01 14:00"),
        ("Pacific/Kiritimati", "2026-03-28 15:00", "2026-03-29 15:00"),
        ("Pacific/Honolulu", "2026-11-01 15:00", "2026-11-02 15:00"),
        ("UTC", "2026-12-31 23:59", "2027-01-01 23:59"),
        ("UTC", "2028-02-28 12:00", "2028-02-29 12:00"),
        ("UTC", "2028-02-29 12:00", "2028-03-01 12:00"),
    ],
)
def test_24_elapsed_hours_where_every_day_is_worked(zone, start, end):
    assert due(start, 24, zone, working_days=ALL_DAYS) == end


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (NEW_YORK, date(2026, 3, 8), 23),
        (NEW_YORK, date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # the hour that is missing is the one after midnight
        (BERLIN, date(2028, 2, 29), 24),
    ],
)
def test_the_day_on_which_clocks_change_has_its_own_length(zone, day, hours):
    calendar = Calendar(time_zone=zone, working_days=ALL_DAYS)
    opens, closes = calendar.stretch(day)
    assert closes - opens == timedelta(hours=hours)
    assert calendar.stretch(day + timedelta(days=1))[0] == closes


def test_a_weekend_with_a_clock_change_costs_nobody_an_hour():
    assert due("2026-03-27 15:00", 24, BERLIN) == "2026-03-30 15:00"
    assert due("2026-10-23 15:00", 24, BERLIN) == "2026-10-26 15:00"


def test_opening_hours_across_a_clock_change_stay_on_the_wall():
    hours = {"opens": time(9), "closes": time(17), "working_days": ALL_DAYS}
    assert due("2026-03-28 16:00", 2, BERLIN, **hours) == "2026-03-29 10:00"


def test_an_opening_time_that_does_not_exist_or_exists_twice():
    night = Calendar(time_zone=BERLIN, working_days=ALL_DAYS, opens=time(2, 30), closes=time(4))
    assert night.stretch(date(2026, 3, 29))[0] == moment("2026-03-29 01:30")
    assert night.stretch(date(2026, 10, 25))[0] == moment("2026-10-25 00:30")


def test_the_last_second_of_a_year():
    last = datetime(2026, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    calendar = Calendar(working_days=ALL_DAYS)
    assert add_working_seconds(last, 1, calendar) == last + timedelta(seconds=1)
    assert local_date(last, "UTC") == date(2026, 12, 31)
    assert local_date(last, "Pacific/Kiritimati") == date(2027, 1, 1)
    assert local_date(last, "Pacific/Honolulu") == date(2026, 12, 31)
    assert local_date(datetime(2026, 12, 31, 9, 59, tzinfo=UTC), "Pacific/Kiritimati") == date(2026, 12, 31)


def test_naive_moments_and_impossible_calendars_are_refused():
    with pytest.raises(ValueError):
        add_working_seconds(datetime(2026, 1, 1), 1, Calendar())
    with pytest.raises(ValueError):
        local_date(datetime(2026, 1, 1), "UTC")
    with pytest.raises(ValueError):
        add_working_seconds(moment("2026-01-01 00:00"), -1, Calendar())
    for bad in (
        {"working_days": frozenset()},
        {"working_days": frozenset({7})},
        {"opens": time(9)},
        {"opens": time(17), "closes": time(9)},
        {"opens": time(9), "closes": time(9)},
    ):
        with pytest.raises(ValueError):
            Calendar(**bad)


calendars = st.builds(
    Calendar,
    time_zone=st.sampled_from([BERLIN, NEW_YORK, "UTC", "Pacific/Kiritimati", "Pacific/Honolulu", "Africa/Cairo"]),
    working_days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=st.just(None),
    closes=st.just(None),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
) | st.builds(
    Calendar,
    time_zone=st.sampled_from([BERLIN, NEW_YORK]),
    working_days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=st.sampled_from([time(2, 30), time(9)]),
    closes=st.sampled_from([time(12), time(17), time(0)]),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
seconds = st.integers(0, 5 * 24 * HOUR)


@given(moments, seconds, calendars)
def test_adding_and_measuring_agree(start, amount, calendar):
    end = add_working_seconds(start, amount, calendar)
    assert end >= start
    assert working_seconds_between(start, end, calendar) == amount


@given(moments, seconds, seconds, calendars)
def test_adding_in_two_steps_is_adding_at_once(start, first, second, calendar):
    halfway = add_working_seconds(start, first, calendar)
    at_once = add_working_seconds(start, first + second, calendar)
    assert add_working_seconds(halfway, second, calendar) == at_once
    assert at_once >= halfway


@given(moments, moments, moments, calendars)
def test_working_time_is_monotone_and_never_negative(a, b, c, calendar):
    a, b, c = sorted([a, b, c])
    assert 0 <= working_seconds_between(a, b, calendar) <= working_seconds_between(a, c, calendar)
    assert working_seconds_between(c, a, calendar) == 0 or a == c
    assert working_seconds_between(a, c, calendar) <= (c - a).total_seconds()


@given(moments, seconds, calendars)
def test_the_zone_in_which_a_moment_is_written_does_not_matter(start, amount, calendar):
    elsewhere = start.astimezone(ZoneInfo("Asia/Kolkata"))
    assert add_working_seconds(elsewhere, amount, calendar) == add_working_seconds(start, amount, calendar)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
    ],
)
def test_months_keep_the_day_where_they_can(start, months, end):
    assert add_months(start, months) == end


def test_a_year_ago():
    assert same_day_last_year(date(2028, 2, 29)) == date(2027, 2, 28)
    assert same_day_last_year(date(2029, 2, 28)) == date(2028, 2, 28)
    assert trailing_year(date(2026, 6, 30)) == (date(2025, 7, 1), date(2026, 6, 30))
    assert trailing_year(date(2029, 2, 28)) == (date(2028, 2, 29), date(2029, 2, 28))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 12))
def test_quarters_tile_the_year(day, month):
    quarter = quarter_of(day, month)
    assert day in quarter
    assert quarter_of(quarter.start, month) == quarter_of(quarter.end, month) == quarter
    assert quarter_of(quarter.end + timedelta(days=1), month).start == quarter.end + timedelta(days=1)
    assert (quarter.start.month - month) % 3 == 0
    assert 89 < (quarter.end - quarter.start).days + 2 <= 93
    before = same_quarter_last_year(quarter, month)
    assert before.label[:2] == quarter.label[:2]
    assert before.start == add_months(quarter.start, -12)


@pytest.mark.parametrize(
    ("day", "month", "start", "end", "label"),
    [
        (date(2026, 8, 15), 1, date(2026, 7, 1), date(2026, 9, 30), "Q3 2026"),
        (date(2026, 2, 28), 2, date(2026, 2, 1), date(2026, 4, 30), "Q1 FY2027"),
        (date(2027, 1, 31), 2, date(2026, 11, 1), date(2027, 1, 31), "Q4 FY2027"),
        (date(2026, 3, 31), 4, date(2026, 1, 1), date(2026, 3, 31), "Q4 FY2026"),
        (date(2028, 2, 29), 12, date(2027, 12, 1), date(2028, 2, 29), "Q1 FY2028"),
    ],
)
def test_quarters_of_a_fiscal_year(day, month, start, end, label):
    quarter = quarter_of(day, month)
    assert (quarter.start, quarter.end, quarter.label) == (start, end, label)


def test_the_last_complete_quarter_counts_on_its_last_day():
    assert last_complete_quarter(date(2017, 12, 31)).label == "Q4 2017"
    assert last_complete_quarter(date(2017, 12, 30)).label == "Q3 2017"
    assert last_complete_quarter(date(2018, 1, 1)).label == "Q4 2017"
    assert last_complete_quarter(date(2027, 1, 30), 2).label == "Q3 FY2027"
    with pytest.raises(ValueError):
        quarter_of(date(2026, 1, 1), 13)
