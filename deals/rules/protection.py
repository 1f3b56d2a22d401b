"""How long an approved registration keeps its end customer.

The first protected day is the day of approval and the last one is that day plus 30, in calendar days of the program's
time zone. An extension adds 30 from the old end, once by default, asked for by the last day and only with activity on
the deal. Whether a day is protected is read from the dates, never from a state that the night last wrote; expiry ends
exclusivity only. Days and counts come from the terms in force on the day of approval. Source: program rules §3.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from partners.rules.terms import RegistrationTerms


@dataclass(frozen=True)
class Protection:
    """The protected days, first and last inclusive, and how often they were extended."""

    approved_on: date
    last_day: date
    extensions: int = 0


def protect(approved_on: date, terms: RegistrationTerms) -> Protection:
    """The protection that an approval gives."""
    return Protection(approved_on, approved_on + timedelta(days=terms.protection_days))


def is_protected_on(protection: Protection, day: date) -> bool:
    """Whether a day is protected. An early end (withdrawn, lost) shortens `last_day`."""
    return protection.approved_on <= day <= protection.last_day


def may_extend(protection: Protection, at: date, has_activity: bool, terms: RegistrationTerms) -> bool:
    """Whether the partner may ask for an extension on this day."""
    return (
        is_protected_on(protection, at)
        and protection.extensions < terms.extensions_allowed
        and (has_activity or not terms.extension_needs_activity)
    )


def extend(protection: Protection, terms: RegistrationTerms) -> Protection:
    """The protection after one more extension, counted from the old end even if granted late."""
    return replace(
        protection,
        last_day=protection.last_day + timedelta(days=terms.extension_days),
        extensions=protection.extensions + 1,
    )


def days_left(protection: Protection, at: date) -> int:
    """Protected days after this one; 0 on the last day, never negative."""
    return max((protection.last_day - at).days, 0)
