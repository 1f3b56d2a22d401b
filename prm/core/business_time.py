"""The one place for arithmetic with working time, program dates, months and fiscal quarters.

A `Calendar` says which local dates are worked and, optionally, between which hours. Working time is counted in elapsed
UTC seconds inside those stretches: without hours a working date counts from its local midnight to the next, so the day
on which clocks change has 23 or 25 hours; submitted on Friday at 15:00 with 24 hours to go is due on Monday at 15:00.
With hours, a wall time that does not exist is taken with the offset before the change, one that exists twice means the
first. Moments are aware datetimes and results are in UTC; naive ones are refused (ValueError). Months keep the day
where they can: 31 January + 1 month is the last of February, + 2 is 31 March, so steps are counted from the first
date and never chained. Source: program rules, preamble and §3; F13.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MONDAY_TO_FRIDAY = frozenset(range(5))
_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


@dataclass(frozen=True)
class Calendar:
    """Working dates and hours of a program. Monday is 0; `closes` 00:00 means the end of the day."""

    time_zone: str = "UTC"
    working_days: frozenset[int] = MONDAY_TO_FRIDAY
    opens: time | None = None
    closes: time | None = None
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.working_days or not self.working_days <= frozenset(range(7)):
            raise ValueError("a calendar needs working days, numbered 0 (Monday) to 6 (Sunday)")
        if (self.opens is None) != (self.closes is None):
            raise ValueError("opening hours need both a start and an end")
        if self.opens and self.closes and self.closes != _MIDNIGHT and self.closes <= self.opens:
            raise ValueError("opening hours must end after they start, on the same day")

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.working_days and day not in self.holidays

    def stretch(self, day: date) -> tuple[datetime, datetime]:
        """First and last moment (UTC) of the working hours of a date."""
        last = day + _DAY if self.closes in (None, _MIDNIGHT) else day
        return self._moment(day, self.opens or _MIDNIGHT), self._moment(last, self.closes or _MIDNIGHT)

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=_zone(self.time_zone)).astimezone(UTC)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(UTC)


def _working_stretches(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Working stretches from a moment on, the first one cut to begin there."""
    day = local_date(start, calendar.time_zone)
    while True:
        if calendar.is_working_day(day):
            opens, closes = calendar.stretch(day)
            if closes > start:
                yield max(opens, start), closes
        day += _DAY


def add_working_seconds(start: datetime, seconds: int, calendar: Calendar) -> datetime:
    """The earliest moment (UTC) at which so many working seconds have passed since `start`.

    No seconds: `start` itself, worked or not. Time that runs out at closing is due at closing, not at the next
    opening. Raises ValueError for negative seconds or a naive start.
    """
    start = _utc(start)
    if seconds < 0:
        raise ValueError("working time only runs forward")
    left = timedelta(seconds=seconds)
    if not left:
        return start
    for opens, closes in _working_stretches(start, calendar):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("the stretches never end")


def working_seconds_between(a: datetime, b: datetime, calendar: Calendar) -> int:
    """Whole working seconds from `a` to `b`; 0 when `b` is not later."""
    a, b = _utc(a), _utc(b)
    worked = timedelta()
    if b > a:
        for opens, closes in _working_stretches(a, calendar):
            if opens >= b:
                break
            worked += min(closes, b) - opens
            if closes >= b:
                break
    return worked // timedelta(seconds=1)


def local_date(at: datetime, time_zone: str) -> date:
    """The date on the wall in a time zone."""
    return _utc(at).astimezone(_zone(time_zone)).date()


def add_months(day: date, months: int) -> date:
    """The same day so many months on (or back), at most the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def same_day_last_year(day: date) -> date:
    """The day a year ago; 29 February counts as the 28th."""
    return add_months(day, -12)


def trailing_year(as_of: date) -> tuple[date, date]:
    """First and last day (both inclusive) of the twelve months that end on `as_of`."""
    return same_day_last_year(as_of) + _DAY, as_of


@dataclass(frozen=True, order=True)
class Quarter:
    """A fiscal quarter: first day, last day, and its name ("Q3 2026", or "Q3 FY2027" off the calendar year)."""

    start: date
    end: date
    label: str

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def quarter_of(day: date, fiscal_start_month: int = 1) -> Quarter:
    """The fiscal quarter of a date. A fiscal year is named after the calendar year in which it ends."""
    if not 1 <= fiscal_start_month <= 12:
        raise ValueError("a fiscal year starts in month 1 to 12")
    months_in = (day.month - fiscal_start_month) % 12
    start = add_months(day.replace(day=1), -(months_in % 3))
    year_start = add_months(day.replace(day=1), -months_in)
    if fiscal_start_month == 1:
        label = f"Q{months_in // 3 + 1} {day.year}"
    else:
        label = f"Q{months_in // 3 + 1} FY{year_start.year + 1}"
    return Quarter(start, add_months(start, 3) - _DAY, label)


def last_complete_quarter(as_of: date, fiscal_start_month: int = 1) -> Quarter:
    """The latest quarter that has ended; on its last day it counts as ended."""
    current = quarter_of(as_of, fiscal_start_month)
    return current if as_of == current.end else quarter_of(current.start - _DAY, fiscal_start_month)


def same_quarter_last_year(quarter: Quarter, fiscal_start_month: int = 1) -> Quarter:
    """The quarter that year-on-year growth compares with."""
    return quarter_of(add_months(quarter.start, -12), fiscal_start_month)


def day_end(day: date, time_zone: str) -> datetime:
    """The moment (UTC) at which a local date has ended: midnight that begins the next one."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=_zone(time_zone)).astimezone(UTC)
