"""Every arrow of earning, read a second time from the program rules, and the dates that lines wait for."""

from datetime import date
from itertools import product

import pytest

from deals.choices import (
    CommissionStatus,
    ContractEventKind,
    ContractStatus,
    DisputeStatus,
    PayoutItemStatus,
    PayoutRunStatus,
)
from deals.rules.earning_states import (
    COMMISSION,
    CONTRACT,
    DISPUTE,
    PAYOUT_ITEM,
    PAYOUT_RUN,
    final_on,
    may_happen,
    pay_by,
    payable_on,
)
from partners.rules.incentive_terms import IncentiveTerms
from prm.core.transitions import TransitionRefused

PUBLISHED = {
    COMMISSION: """
        accrued release payable
        accrued void void
        payable take_in in_payout
        payable void void
        in_payout put_back payable
        in_payout pay paid
        paid finalise final
    """,
    PAYOUT_RUN: """
        requested approve approved
        requested cancel cancelled
        approved fall_short partial
        approved complete completed
        partial fall_short partial
        partial complete completed
    """,
    PAYOUT_ITEM: """
        planned prepare ready
        planned void void
        ready pay paid
        ready fail failed
        planned fail failed
        failed retry ready
        failed void void
    """,
    DISPUTE: """
        open uphold upheld
        open uphold_partly partly_upheld
        open reject rejected
        open withdraw withdrawn
    """,
    CONTRACT: """
        active cancel cancelled
        active expose_fraud cancelled
        cancelled expose_fraud cancelled
    """,
}
STATES = {
    COMMISSION: CommissionStatus,
    PAYOUT_RUN: PayoutRunStatus,
    PAYOUT_ITEM: PayoutItemStatus,
    DISPUTE: DisputeStatus,
    CONTRACT: ContractStatus,
}


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table.noun)
def test_exactly_the_published_arrows_exist(table):
    arrows = {tuple(line.split()) for line in PUBLISHED[table].split("\n") if line.strip()}
    assert table.states == set(STATES[table].values)
    for state, action in product(STATES[table].values, table.arrows):
        targets = {target for start, name, target in arrows if (start, name) == (state, action)}
        if targets:
            assert {table.target(state, action)} == targets
        else:
            with pytest.raises(TransitionRefused):
                table.target(state, action)
    assert {action for _start, action, _target in arrows} == set(table.arrows)


def test_what_is_paid_is_never_void():
    assert not COMMISSION.allows("in_payout", "void")
    assert not COMMISSION.allows("paid", "void")
    assert PAYOUT_ITEM.is_final("paid")


def test_after_a_cancellation_old_invoices_are_still_paid_and_refunded():
    allowed = {kind for kind in ContractEventKind.values if may_happen(ContractStatus.CANCELLED, kind)}
    assert allowed == {"paid", "refunded", "fraud"}
    assert all(may_happen(ContractStatus.ACTIVE, kind) for kind in ContractEventKind.values)


def test_dates_of_a_line():
    terms = IncentiveTerms()
    paid_on = date(2026, 1, 31)
    payable = payable_on(paid_on, terms.holdback_days)
    assert payable == date(2026, 3, 2)
    assert pay_by(payable, terms.pay_within_days) == date(2026, 4, 1)
    assert final_on(date(2026, 1, 1), terms.clawback) == date(2026, 6, 30)
    assert final_on(date(2026, 1, 1), ()) == date(2026, 1, 1)
    assert payable_on(paid_on, 0) == paid_on
