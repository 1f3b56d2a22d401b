from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.protection import days_left, extend, is_protected_on, may_extend, protect
from partners.rules.reminders import due_reminder
from partners.rules.terms import RegistrationTerms

TERMS = RegistrationTerms()


@pytest.mark.parametrize(
    ("approved", "last"),
    [
        (date(2026, 11, 20), date(2026, 12, 20)),
        (date(2026, 12, 2), date(2027, 1, 1)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2027, 1, 30), date(2027, 3, 1)),
    ],
)
def test_the_last_protected_day_is_thirty_days_after_approval(approved, last):
    protection = protect(approved, TERMS)
    assert protection.last_day == last
    assert not is_protected_on(protection, approved - timedelta(days=1))
    assert is_protected_on(protection, approved)
    assert is_protected_on(protection, last)
    assert not is_protected_on(protection, last + timedelta(days=1))


def test_an_extension_counts_from_the_old_end_and_comes_once():
    protection = protect(date(2026, 11, 20), TERMS)
    assert may_extend(protection, date(2026, 12, 20), True, TERMS)
    extended = extend(protection, TERMS)
    assert (extended.last_day, extended.extensions) == (date(2027, 1, 19), 1)
    assert not may_extend(extended, date(2027, 1, 1), True, TERMS)
    assert may_extend(extended, date(2027, 1, 1), True, RegistrationTerms(extensions_allowed=2))


@pytest.mark.parametrize(
    ("on", "activity", "allowed"),
    [
        (date(2026, 12, 20), True, True),
        (date(2026, 12, 21), True, False),
        (date(2026, 12, 1), False, False),
        (date(2026, 11, 19), True, False),
    ],
)
def test_it_is_asked_for_in_time_and_with_activity(on, activity, allowed):
    assert may_extend(protect(date(2026, 11, 20), TERMS), on, activity, TERMS) == allowed


def test_activity_matters_only_where_the_terms_say_so():
    relaxed = RegistrationTerms(extension_needs_activity=False)
    assert may_extend(protect(date(2026, 11, 20), relaxed), date(2026, 12, 1), False, relaxed)


def test_reminders_fourteen_seven_and_one_day_before():
    protection, sent, found = protect(date(2026, 11, 20), TERMS), [], []
    day = protection.approved_on
    while day <= protection.last_day + timedelta(days=3):
        step = due_reminder(protection.last_day, day, TERMS.reminder_days, sent)
        if step:
            sent.append(step)
            found.append(day)
        day += timedelta(days=1)
    assert found == [date(2026, 12, 6), date(2026, 12, 13), date(2026, 12, 19)]


def test_days_left_are_never_negative():
    protection = protect(date(2026, 11, 20), TERMS)
    assert [days_left(protection, date(2026, 12, day)) for day in (19, 20, 21)] == [1, 0, 0]


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 365), st.integers(1, 365))
def test_an_extension_only_ever_adds_days(approved, days, more):
    terms = RegistrationTerms(protection_days=days, extension_days=more)
    protection = protect(approved, terms)
    extended = extend(protection, terms)
    assert (extended.last_day - protection.last_day).days == more
    assert (protection.last_day - approved).days == days
    assert all(is_protected_on(extended, day) for day in (approved, protection.last_day, extended.last_day))
