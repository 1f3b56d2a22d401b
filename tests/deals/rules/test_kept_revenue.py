"""Which part of a win still counts as revenue."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from deals.rules.kept_revenue import Change, first_term_ends, kept_part

START = date(2026, 1, 31)


def changed(kind: str, on: date, amount: int | None = None) -> Change:
    return Change(kind, on, None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ([], Fraction(1)),
        ([changed("paid", START, 5), changed("refunded", START, 5)], Fraction(1)),
        ([changed("cancelled", START)], Fraction(0)),
        ([changed("cancelled", date(2027, 1, 30))], Fraction(0)),
        ([changed("cancelled", date(2027, 1, 31))], Fraction(1)),
        ([changed("fraud", START)], Fraction(0)),
        ([changed("downgraded", START, 18000)], Fraction(3, 4)),
        ([changed("downgraded", START, 18000), changed("downgraded", START, 6000)], Fraction(1, 4)),
        ([changed("downgraded", START, 0), changed("downgraded", START, 0)], Fraction(0)),
        ([changed("downgraded", date(2027, 1, 31), 6000)], Fraction(1)),
        ([changed("downgraded", START, 12000), changed("cancelled", START)], Fraction(0)),
        ([changed("renewed", START, 30000), changed("cancelled", START)], Fraction(1)),
        ([changed("downgraded", START, 12000), changed("renewed", START, 1), changed("fraud", START)], Fraction(1, 2)),
    ],
)
def test_the_part_that_is_kept(changes: list[Change], part: Fraction) -> None:
    found = kept_part(annual_amount=Decimal(24000), started_on=START, term_months=12, changes=changes)
    assert found == part


@pytest.mark.parametrize(
    ("months", "ends"), [(None, date(2027, 1, 31)), (1, date(2026, 2, 28)), (24, date(2028, 1, 31))]
)
def test_the_first_term(months: int | None, ends: date) -> None:
    assert first_term_ends(START, months) == ends


def test_nothing_signed_keeps_all_of_nothing() -> None:
    changes = [changed("downgraded", START, 0)]
    assert kept_part(annual_amount=Decimal(0), started_on=START, term_months=None, changes=changes) == 1
