"""Two at the same moment on one contract, budget or book: one effect, and never more than there is."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import QuerySet

from deals.actions import ledger
from deals.actions.earning_nights import release_commissions
from deals.actions.opportunities import confirm_won
from deals.models import Commission, ContractEvent, LedgerTransaction, Spiff, SpiffAward
from prm.core.actors import Actor
from prm.core.refused import Refused
from tests.deals import earning, stage
from tests.deals.actions.racing import Paused, at_once, interleaved
from tests.deals.actions.test_spiff_awards import spiff
from tests.deals.earning import happens, plan, plans, won
from tests.world import AT, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROUNDS = 8
NIGHT = Actor.system("night")


def real_errors(results: list[Any]) -> list[Any]:
    """What went wrong and was no plain refusal."""
    return [each for each in results if isinstance(each, Exception) and not isinstance(each, Refused)]


def cancelled_twice(world: World) -> tuple[int, int, bool]:
    """Events and clawbacks of one contract after two people cancelled it at once, and whether the books are right."""
    contract = won(world, amount=24000)
    results = at_once(*[lambda: happens(world, contract, "cancelled", 40)] * 2)
    assert real_errors(results) == []
    events = ContractEvent.objects.filter(contract=contract)
    return events.count(), Commission.objects.filter(contract=contract, kind="clawback").count(), earning.is_sound()


def test_a_contract_is_cancelled_once(world: World) -> None:
    plans(plan())
    assert [cancelled_twice(world) for _round in range(ROUNDS)] == [(1, 1, True)] * ROUNDS


def test_without_the_lock_it_would_be_cancelled_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plans(plan())
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *_args, **_more: self.all())
    assert [cancelled_twice(world)[0] for _round in range(ROUNDS)] != [1] * ROUNDS


def test_an_event_sent_twice_at_once_is_one(world: World) -> None:
    plans(plan("recurring", months=12, rate_percent="10"))
    for number in range(ROUNDS):
        contract = won(world)
        pay = lambda c=contract, n=number: happens(world, c, "paid", 3, 2000, external_id=f"INV-{n}")  # noqa: E731
        results = at_once(pay, pay, pay)
        assert real_errors(results) == []
        assert len({each.pk for each in results}) == 1
        assert earning.amounts(contract) == [200]


def test_refunds_at_once_never_take_more_than_was_earned(world: World) -> None:
    plans(plan())
    for _round in range(ROUNDS):
        contract = won(world, amount=24000)
        happens(world, contract, "paid", 1, 24000)
        results = at_once(*[lambda c=contract: happens(world, c, "refunded", 9, 12000)] * 3)
        assert real_errors(results) == []
        assert sum(earning.amounts(contract)) == 0
        assert earning.is_sound()


def test_a_line_is_not_released_beside_its_clawback(world: World) -> None:
    plans(plan())
    for _round in range(ROUNDS):
        contract = won(world, amount=24000)
        happens(world, contract, "paid", 1, 24000)
        due = contract.started_on + timedelta(days=31)
        results = at_once(
            lambda on=due: release_commissions(on=on, by=NIGHT, at=AT + timedelta(days=40)),
            lambda c=contract: happens(world, c, "cancelled", 32),
        )
        assert real_errors(results) == []
        release_commissions(on=due, by=NIGHT, at=AT + timedelta(days=41))
        assert {status for _kind, _amount, status in earning.lines(contract)} == {"payable"}
        assert earning.is_sound()


def test_brackets_of_two_deals_at_once_follow_each_other(world: World) -> None:
    brackets = [{"at_least": "0", "below": "100000", "percent": "20"}, {"at_least": "100000", "percent": "30"}]
    plans(plan("brackets", brackets=brackets))
    deals = [
        stage.reported(
            world, world.sara, amount=Decimal(100000), customer_name=f"Race {n}", customer_domain=f"race{n}.com"
        ).opportunity
        for n in range(2)
    ]

    def confirm(number: int) -> Callable[[], object]:
        return lambda: confirmed(world, deals[number])

    assert real_errors(at_once(confirm(0), confirm(1))) == []
    assert sorted(Commission.objects.values_list("amount", flat=True)) == [20000, 30000]


def confirmed(world: World, deal: Any) -> object:
    """The vendor's confirmation of a win."""
    return confirm_won(opportunity=deal, by=world.dan.actor, at=AT + timedelta(days=4), won_on=earning.WON)


def test_two_deals_never_overdraw_a_budget(world: World) -> None:
    plans(plan())
    made = spiff("displacement", budget_amount=Decimal(1500))
    deals = [
        stage.reported(
            world, world.sara, competitor="Contoso", customer_name=f"Race {n}", customer_domain=f"race{n}.com"
        ).opportunity
        for n in range(3)
    ]
    results = at_once(*[lambda d=deal: confirmed(world, d) for deal in deals])
    assert real_errors(results) == []
    made.refresh_from_db()
    assert (made.spent_amount, SpiffAward.objects.count()) == (1000, 1)
    assert Spiff.objects.count() == 1


def test_a_fact_posted_by_two_at_once_is_one(world: World) -> None:
    plans(plan())
    lines = [won(world).commissions.get() for _each in range(ROUNDS)]
    for line in lines:
        results = at_once(*[lambda x=line: ledger.post_release(commissions=[x], by=NIGHT, at=AT)] * 3)
        assert sorted(results) == [0, 0, 1]
    assert LedgerTransaction.objects.filter(kind="release").count() == ROUNDS


@pytest.mark.parametrize("guarded", [True, False])
def test_nothing_slips_into_a_period_that_is_being_closed(
    world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    plans(plan())
    line, day, late = won(world).commissions.get(), AT.date() + timedelta(days=9), AT + timedelta(days=30)
    if not guarded:
        monkeypatch.setattr(ledger, "_open_day", lambda _at, on: on)
    paused = Paused(ledger.insert_missing)
    monkeypatch.setattr(ledger, "insert_missing", paused)
    results, waited = interleaved(
        paused,
        lambda: ledger.post_release(commissions=[line], by=NIGHT, at=late, on=day),
        lambda: ledger.close_books(until=day, by=world.finn.actor, at=late),
    )
    assert waited == guarded
    assert isinstance(results[0], Exception) != guarded  # without the lock only the trigger is left to refuse it
    assert not isinstance(results[1], Exception)
