"""The decision clock: when a registration or referral is due.

The clock runs in working seconds of the program's calendar from submission. It is due soon when 75 % of the time is
used and breached when all of it is. It stops while information is asked for and goes on with the seconds left; a
clock that had run out stays run out. All moments are UTC. Percent and hours are terms. Source: program rules §3.
"""

from dataclasses import dataclass
from datetime import datetime

from deals.choices import SlaState
from prm.core.business_time import Calendar, add_working_seconds, working_seconds_between


@dataclass(frozen=True)
class Clock:
    """A running clock has both moments; a paused one has `paused_at` and `seconds_left` instead."""

    total_seconds: int
    due_soon_percent: int
    due_soon_at: datetime | None = None
    due_at: datetime | None = None
    paused_at: datetime | None = None
    seconds_left: int | None = None


def start_clock(at: datetime, hours: int, due_soon_percent: int, calendar: Calendar) -> Clock:
    """A clock that starts with all its time."""
    return _run(at, hours * 3600, hours * 3600, due_soon_percent, calendar)


def pause_clock(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """Stop the clock and keep the time left. A paused clock stays as it is."""
    if clock.due_at is None:
        return clock
    left = working_seconds_between(at, clock.due_at, calendar)
    return Clock(clock.total_seconds, clock.due_soon_percent, paused_at=at, seconds_left=left)


def resume_clock(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    """Go on with the time left. A running clock stays as it is."""
    if clock.seconds_left is None:
        return clock
    return _run(at, clock.seconds_left, clock.total_seconds, clock.due_soon_percent, calendar)


def sla_state(clock: Clock, at: datetime) -> SlaState:
    """Where the clock stands; the moment itself counts as reached."""
    if clock.due_at is None or clock.due_soon_at is None:
        return SlaState.PAUSED
    if at >= clock.due_at:
        return SlaState.BREACHED
    return SlaState.DUE_SOON if at >= clock.due_soon_at else SlaState.RUNNING


def used_percent(clock: Clock, at: datetime, calendar: Calendar) -> int:
    """How much of the time is used, in whole percent rounded down, 0 to 100."""
    if clock.due_at is None:
        left = clock.seconds_left or 0
    else:
        left = working_seconds_between(at, clock.due_at, calendar)
    return (clock.total_seconds - min(left, clock.total_seconds)) * 100 // clock.total_seconds


def _run(at: datetime, left: int, total: int, due_soon_percent: int, calendar: Calendar) -> Clock:
    warned_left = total * (100 - due_soon_percent) // 100
    return Clock(
        total,
        due_soon_percent,
        due_soon_at=add_working_seconds(at, max(left - warned_left, 0), calendar),
        due_at=add_working_seconds(at, left, calendar),
    )
