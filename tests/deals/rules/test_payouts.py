"""Who a run pays, who it leaves out and why, and how long a tax form counts (program rules §5)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import LeftOut
from deals.rules.payouts import DueLine, Payee, RunTerms, decide, run_arrow, tax_form_valid_until

ON = date(2026, 6, 15)
TERMS = RunTerms(Decimal(50), ON)
GOOD = Payee("active", True, "vat")
lines = st.lists(
    st.builds(
        DueLine,
        id=st.integers(1, 10**6),
        amount=st.decimals(-1000, 1000, places=2).filter(bool),
        held=st.sampled_from(["", "", "", "dispute"]),
    ),
    max_size=12,
    unique_by=lambda line: line.id,
)


@given(lines)
def test_what_is_paid_is_the_sum_of_the_free_lines_and_every_line_is_in_one_place(due: list[DueLine]) -> None:
    decision = decide(GOOD, due, TERMS)
    assert decision.amount == sum((line.amount for line in due if not line.held), Decimal(0))
    assert sorted([*decision.line_ids, *decision.held_ids]) == sorted(line.id for line in due)
    assert decision.is_paid == (decision.amount >= 50)


@given(lines, st.sampled_from(["suspended", "ended"]))
def test_nobody_who_may_not_be_paid_is_paid(due: list[DueLine], status: str) -> None:
    assert not decide(Payee(status, True, "vat"), due, TERMS).is_paid


@pytest.mark.parametrize(
    ("payee", "amounts", "why"),
    [
        (GOOD, ["50"], ""),
        (GOOD, ["49.99"], LeftOut.BELOW_MINIMUM),
        (GOOD, ["100", "-100"], LeftOut.NEGATIVE),
        (GOOD, ["100", "-100.01"], LeftOut.NEGATIVE),
        (GOOD, [], LeftOut.HELD),
        (Payee("active", False), ["100"], LeftOut.NO_DETAILS),
        (Payee("active", True), ["100"], LeftOut.NO_TAX_FORM),
        (Payee("active", True, "w8bene", date(2022, 12, 31)), ["100"], LeftOut.TAX_FORM_OLD),
        (Payee("active", True, "w8bene", date(2023, 1, 1)), ["100"], ""),
        (Payee("active", True, "w9", date(2001, 1, 1)), ["100"], ""),
        (Payee("ended", True, "vat"), ["100"], LeftOut.ENDED),
        (Payee("suspended", False), ["-100"], LeftOut.SUSPENDED),
    ],
)
def test_the_first_reason_is_the_one_that_is_shown(payee: Payee, amounts: list[str], why: str) -> None:
    due = [DueLine(number, Decimal(amount)) for number, amount in enumerate(amounts)]
    assert decide(payee, due, TERMS).left_out == why


def test_a_run_can_pay_those_that_ended() -> None:
    due = [DueLine(1, Decimal(100))]
    assert decide(Payee("ended", True, "vat"), due, RunTerms(Decimal(50), ON, includes_ended=True)).is_paid
    assert not decide(Payee("suspended", True, "vat"), due, RunTerms(Decimal(50), ON, includes_ended=True)).is_paid


def test_a_w8_counts_until_the_end_of_the_third_year() -> None:
    assert tax_form_valid_until("w8ben", date(2024, 2, 29)) == date(2027, 12, 31)
    assert tax_form_valid_until("w9", date(2024, 2, 29)) is None
    assert tax_form_valid_until("vat", None) is None


@pytest.mark.parametrize(
    ("counts", "arrow"),
    [
        ({"planned": 1}, ""),
        ({"ready": 1, "paid": 2}, ""),
        ({"paid": 2}, "complete"),
        ({"paid": 2, "void": 1}, "complete"),
        ({"void": 2}, "complete"),
        ({"failed": 1, "paid": 5}, "fall_short"),
        ({"failed": 1, "planned": 5}, "fall_short"),
    ],
)
def test_a_run_falls_short_with_a_failure_and_is_complete_with_the_last(counts: dict[str, int], arrow: str) -> None:
    assert run_arrow(counts) == arrow
