"""When to remind of an end that is coming.

Reminders go out a fixed number of days before the day: 14/7/1 for short-lived things, 90/30/7 for yearly ones. Each
step is sent once. A step whose day was missed (a late night, or the danger arose later) is made up for, but never with
a crowd: only the latest step that has been reached is sent, and none after the day itself. Source: program rules,
preamble.
"""

from collections.abc import Collection
from datetime import date


def due_reminder(ends_on: date, at: date, steps: Collection[int], sent: Collection[int] = ()) -> int | None:
    """The step (days before `ends_on`) to send on this date, or None. `sent` are the steps already sent."""
    days_left = (ends_on - at).days
    reached = [step for step in steps if days_left <= step]
    if days_left < 0 or not reached:
        return None
    latest = min(reached)
    return None if any(step <= latest for step in sent) else latest
