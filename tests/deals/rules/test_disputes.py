from decimal import Decimal

import pytest

from deals.rules.disputes import Settlement, SettlementError, current_worth, may_expect, settle


def D(text: str) -> Decimal:
    return Decimal(text)


def settled(amount: str, expected: str | None, outcome: str, right: str | None = None, adjusted: str = "0"):
    return settle(
        amount=D(amount),
        adjusted=D(adjusted),
        expected=None if expected is None else D(expected),
        outcome=outcome,
        right=None if right is None else D(right),
        currency="USD",
    )


@pytest.mark.parametrize(
    ("amount", "expected", "outcome", "right", "adjusted", "result"),
    [
        ("3600", "4800", "upheld", None, "0", Settlement(D("4800.00"), D("1200.00"))),
        ("3600", None, "upheld", "4000", "0", Settlement(D("4000.00"), D("400.00"))),
        ("3600", "4800", "partly_upheld", "4000", "0", Settlement(D("4000.00"), D("400.00"))),
        ("3600", "4800", "upheld", None, "400", Settlement(D("4800.00"), D("800.00"))),  # adjusted once already
        ("-2400", "1200", "upheld", None, "0", Settlement(D("1200.00"), D("1200.00"))),  # of a clawback: half of it
        ("-2400", "0", "upheld", None, "0", Settlement(D("0.00"), D("2400.00"))),
        ("-2400", "0", "partly_upheld", "600", "600", Settlement(D("600.00"), D("1200.00"))),
        ("3600", "4800", "rejected", None, "0", Settlement(D("3600"), D("0"))),
    ],
)
def test_the_difference_is_booked(amount, expected, outcome, right, adjusted, result):
    assert settled(amount, expected, outcome, right, adjusted) == result


@pytest.mark.parametrize(
    ("amount", "expected", "outcome", "right", "code"),
    [
        ("3600", None, "upheld", None, "missing"),
        ("3600", "4800", "partly_upheld", None, "missing"),
        ("3600", "4800", "upheld", "3600", "not_more"),
        ("3600", "4800", "upheld", "100", "not_more"),
        ("-2400", "1200", "upheld", "2400", "not_less"),
        ("-2400", "1200", "upheld", "3000", "not_less"),
        ("3600", "4800", "partly_upheld", "4800", "whole"),
        ("3600", "4800", "partly_upheld", "9000", "whole"),
    ],
)
def test_nobody_loses_by_disputing_and_partly_is_not_the_whole(amount, expected, outcome, right, code):
    with pytest.raises(SettlementError) as refused:
        settled(amount, expected, outcome, right)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("amount", "expected", "sensible"),
    [("3600", "4800", True), ("3600", "3600", False), ("-2400", "0", True), ("-2400", "2400", False)],
)
def test_what_can_be_expected(amount, expected, sensible):
    assert may_expect(amount=D(amount), adjusted=D("0"), expected=D(expected)) == sensible


def test_a_line_is_worth_its_size_with_adjustments():
    assert current_worth(D("3600"), D("400")) == 4000
    assert current_worth(D("-2400"), D("600")) == 1800
