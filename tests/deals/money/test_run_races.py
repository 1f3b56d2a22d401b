"""A run beside what happens to its lines at the same moment: a cancellation, a dispute, a void. The books hold.

Other races of runs, events and disputes are in ``tests/deals/actions``.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from deals.actions import payout_runs
from deals.actions.commissions import hold_commissions, void_commission
from deals.actions.disputes import open_dispute
from deals.actions.earning_nights import run_earnings
from deals.actions.payout_items import confirm_paid, release_item
from deals.actions.payout_runs import approve_run, cancel_run, process_run, request_run
from deals.models import Commission, Contract, PayoutRun
from deals.queries.reconciliation import prove
from prm.core.actors import Actor
from prm.core.refused import Refused
from tests.deals import payables
from tests.deals.actions.racing import ROUNDS, at_once
from tests.deals.earning import happens, plan, plans, won
from tests.world import AT, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NIGHT = Actor.system("night")
DUE = AT + timedelta(days=40)
LATER = DUE + timedelta(hours=2)
FEW = max(ROUNDS // 5, 4)
MONEY = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I9", "I11")


def due(world: World) -> tuple[Contract, Commission]:
    """A line of 4,800 that is payable."""
    contract = won(world)
    happens(world, contract, "paid", 1, 24000)
    run_earnings(on=DUE.date(), by=NIGHT, at=DUE)
    return contract, Commission.objects.get(contract=contract)


def asked(world: World) -> PayoutRun:
    return request_run(currency="USD", through=DUE.date(), by=world.finn.actor, at=DUE)


RIVALS: dict[str, Callable[[World, Contract, Commission], Callable[[], Any]]] = {
    "cancelled": lambda world, contract, line: lambda: happens(world, contract, "cancelled", 20, at=LATER),
    "disputed": lambda world, contract, line: (
        lambda: open_dispute(
            commission=line, by=world.sara.actor, at=LATER, reason="Gold", expected_amount=Decimal(6000)
        )
    ),
    "voided": lambda world, contract, line: (
        lambda: void_commission(commission=line, reason="Test deal", by=world.finn.actor, at=LATER)
    ),
}


@pytest.mark.parametrize("rival", sorted(RIVALS))
@pytest.mark.parametrize("step", ["approve", "process"])
def test_a_run_and_what_happens_to_its_line_at_once(world: World, step: str, rival: str) -> None:
    """Whoever comes first: nothing leaves that was held or void before, and a refusal is said in words."""
    plans(plan())
    payables.details(world.paul, method="ach", account="0001234567", bank=payables.ROUTING)
    for number in range(FEW):
        contract, line = due(world)
        run = asked(world)
        if step == "process":
            approve_run(run=run, by=world.vera.actor, at=DUE)
        act = {
            "approve": lambda run=run: approve_run(run=run, by=world.vera.actor, at=LATER),
            "process": lambda run=run: process_run(code=run.code, at=LATER),
        }[step]
        results = at_once(act, RIVALS[rival](world, contract, line))
        assert all(isinstance(each, Refused) or not isinstance(each, Exception) for each in results), results
        assert [str(each) for proven in prove(MONEY) for each in proven.finding.offenders] == [], number
        line.refresh_from_db()
        item = run.items.get()
        assert (line.status == "in_payout") == (item.status == "ready")
        assert not (line.status == "void" and item.status == "ready")
        finish(world, run, line)


def finish(world: World, run: PayoutRun, line: Commission) -> None:
    """Clear the table for the next round: what is on its way arrives, everything else is let go."""
    run.refresh_from_db()
    if run.status == "requested":
        cancel_run(run=run, by=world.finn.actor, at=LATER, reason="Next round")
    else:
        process_run(code=run.code, at=LATER)
        for item in run.items.all():
            if item.status == "ready":
                confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=LATER.date(), codes=[item.code])
            elif item.status == "failed":
                release_item(item=item, by=world.finn.actor, at=LATER, reason="Next round")
    rest = Commission.objects.filter(status="payable", held_reason="")
    hold_commissions(commissions=rest, reason="review", by=world.finn.actor, at=LATER)


def test_without_looking_again_an_approval_would_pay_what_was_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the approval's second look is what stops it."""
    plans(plan())
    payables.details(world.paul, method="ach", account="0001234567", bank=payables.ROUTING)
    contract, _line = due(world)
    run = asked(world)
    happens(world, contract, "cancelled", 20, at=LATER)
    with pytest.raises(Refused):
        approve_run(run=run, by=world.vera.actor, at=LATER)
    monkeypatch.setattr(payout_runs, "changes_since", lambda run, on: [])
    assert approve_run(run=run, by=world.vera.actor, at=LATER).total_amount == 4800
