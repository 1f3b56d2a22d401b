"""Balances, what is coming, exposure and months: sums that agree with each other, in one statement each."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from deals.actions.commissions import hold_commissions
from deals.actions.earning_nights import release_commissions
from deals.models import Commission
from deals.queries import earnings
from deals.queries.earnings import Balance, Coming, Exposure, Month
from prm.core.actors import Actor
from tests.deals import earning
from tests.deals.earning import happens, plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NIGHT = Actor.system("night")


def released(on: date) -> None:
    """Everything due on a day, made payable."""
    release_commissions(on=on, by=NIGHT, at=AT + (on - AT.date()))


def test_a_balance_is_what_the_ledger_and_the_lines_say(world: World) -> None:
    plans(plan())
    contract, other = won(world, amount=24000), won(world, amount=10000)
    happens(world, contract, "paid", 1, 24000)
    happens(world, contract, "downgraded", 40, 12000)
    released(contract.started_on + 31 * DAY)
    hold_commissions(commissions=other.commissions.all(), reason="review", by=world.finn.actor, at=AT + 50 * DAY)
    northwind = partner_of(world.sara)
    assert earning.balance(northwind) == Balance(
        accrued=Decimal(2000),
        payable=Decimal(3600),
        earned=Decimal(6800),
        clawed_back=Decimal(1200),
        held=Decimal(2000),
    )
    assert earnings.balances([partner_of(world.rita).pk]) == {}
    assert list(earnings.balances()) == [(northwind.pk, "USD")]


def test_what_is_coming_by_day_and_by_what_it_waits_for(world: World) -> None:
    plans(plan())
    paid, gone, waits, held = (won(world, amount=each) for each in (24000, 12000, 10000, 5000))
    for contract in (paid, gone, held):
        happens(world, contract, "paid", 2, 5000)
    happens(world, gone, "cancelled", 5)
    happens(world, paid, "downgraded", 6, 18000)
    hold_commissions(commissions=held.commissions.all(), reason="dispute", by=world.sara.actor, at=AT + 9 * DAY)
    northwind = partner_of(world.sara).pk
    due = paid.started_on + 32 * DAY
    assert earnings.coming([northwind]) == [
        Coming(northwind, "USD", due, "", Decimal(3600), Decimal(1000), 5),
        Coming(northwind, "USD", None, "first_payment", Decimal(2000), Decimal(0), 1),
    ]
    assert waits.commissions.get().payable_on is None
    assert earnings.coming([partner_of(world.rita).pk]) == []


def test_exposure_is_what_is_owed_and_what_would_come_back(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    won(world, amount=1000, currency="EUR")
    happens(world, contract, "paid", 1, 24000)
    released(contract.started_on + 31 * DAY)
    expected = {0: 4800, 29: 4800, 30: 2400, 135: 1200, 180: 0}
    for after, risk in expected.items():
        found = earnings.exposure(on=contract.started_on + after * DAY)
        assert found["USD"] == Exposure(Decimal(0), Decimal(4800), Decimal(0), Decimal(risk))
        assert found["EUR"] == Exposure(Decimal(200), Decimal(0), Decimal(0), Decimal(0))
    happens(world, contract, "downgraded", 45, 12000)
    at_risk = earnings.exposure(on=contract.started_on + 60 * DAY)["USD"].at_risk
    assert at_risk == 1800  # half of the 3,600 that are left
    happens(world, contract, "cancelled", 61)
    assert earnings.exposure(on=contract.started_on + 62 * DAY)["USD"].at_risk == 0
    assert earnings.exposure(on=AT.date(), partner_ids=[partner_of(world.rita).pk]) == {}


def test_months(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    won(world, amount=12000, at=AT + 30 * DAY)
    happens(world, contract, "cancelled", 50)
    Commission.objects.filter(contract=contract, kind="first_year").update(status="paid", paid_on=date(2026, 8, 5))
    assert earnings.by_month(since=date(2026, 6, 1), until=date(2026, 8, 31)) == [
        Month(date(2026, 6, 1), "USD", Decimal(4800), Decimal(0), Decimal(0)),
        Month(date(2026, 7, 1), "USD", Decimal(2400), Decimal(0), Decimal(0)),
        Month(date(2026, 8, 1), "USD", Decimal(0), Decimal(2400), Decimal(4800)),
    ]
    assert earnings.by_month(since=date(2027, 1, 1), until=date(2027, 12, 31)) == []


def test_each_is_one_statement_however_many_lines(world: World, django_assert_num_queries) -> None:
    plans(plan())
    for _each in range(5):
        happens(world, won(world), "paid", 1, 10)
    released(earning.WON + 31 * DAY)
    earnings.exposure(on=AT.date())  # reads the program version once
    for ask, count in (
        (earnings.balances, 1),
        (earnings.coming, 1),
        (lambda: earnings.exposure(on=AT.date()), 2),
        (lambda: earnings.by_month(since=AT.date(), until=AT.date()), 1),
    ):
        with django_assert_num_queries(count):
            ask()
