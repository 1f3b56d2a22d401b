"""A what-if over won deals: what it says of each deal is what signing under those terms books."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from deals.actions.own_rates import set_own_rate
from deals.models import Commission
from deals.queries.plan_comparison import Comparison, compare
from partners.models import Grant
from partners.queries.program import program_of, version_at
from partners.rules.blueprint import Program
from partners.rules.incentive_terms import PlanTerm
from tests.deals import stage
from tests.deals.earning import plan, plans, won
from tests.world import AT, World

pytestmark = pytest.mark.django_db
SINCE, UNTIL = date(2026, 1, 1), date(2026, 12, 31)


def with_plans(*given: dict[str, Any]) -> Program:
    """The program in force with these plans instead of its own; nothing is written."""
    program = program_of(version_at(AT.date()))
    terms = replace(program.topics["incentives"], plans=tuple(PlanTerm.from_dict(each) for each in given))
    return replace(program, topics={**program.topics, "incentives": terms})


def asked(world: World, old: Program, new: Program) -> Comparison:
    return compare(old=old, new=new, since=SINCE, until=UNTIL, actor=world.dan.actor)


def booked() -> Decimal:
    return sum((line.amount for line in Commission.objects.all()), Decimal(0))


@pytest.mark.parametrize(
    "model",
    [
        plan("first_year"),
        plan("flat", flat_amount="750"),
        plan("hybrid", flat_amount="100", rate_percent="7.25"),
        plan("brackets", brackets=[{"at_least": "0", "below": "30000", "percent": "10"},
                                   {"at_least": "30000", "percent": "20"}]),
        plan("first_year", rate_percent="33.333"),
    ],
    ids=lambda each: each["model"],
)  # fmt: skip
def test_the_old_side_is_what_was_booked(world: World, model: dict[str, Any]) -> None:
    plans(model)
    for amount in ("24000", "17333.33", "40000"):
        won(world, amount=amount)
    won(world, by=world.rita, amount="9999.99")
    found = asked(world, with_plans(model), with_plans(model))
    assert [each.deals for each in found.totals] == [4]
    assert found.totals[0].before == found.totals[0].after == booked()


def test_the_new_side_is_what_the_new_terms_would_have_booked(world: World) -> None:
    old, new = plan("first_year"), plan("first_year", rate_percent="25")
    plans(old)
    for amount in ("24000", "17333.33"):
        won(world, amount=amount)
    found = asked(world, with_plans(old), with_plans(new))
    assert found.totals[0].before == booked() == Decimal("8266.67")
    assert found.totals[0].after == Decimal("6000") + Decimal("4333.33")
    assert found.totals[0].difference == Decimal("2066.66")


def test_who_gains_and_who_loses(world: World) -> None:
    old = plan("first_year")
    new = [
        plan("first_year", code="si", rate_percent="10", scope={"deal": "commission"}),
        plan("first_year", rate_percent="30"),
    ]
    plans(old)
    won(world, amount=10000)
    won(world, by=world.rita, amount=20000)
    found = asked(world, with_plans(old), with_plans(*new))
    assert {each.label: each.difference for each in found.partners} == {
        "Northwind Solutions": Decimal(-1000),
        "Rival Systems": Decimal(-2000),
    }
    assert not found.gainers
    assert [each.label for each in found.losers] == ["Rival Systems", "Northwind Solutions"]
    assert [(each.label, each.after) for each in found.plans] == [("First year", Decimal(3000))]


def test_currencies_stand_apart(world: World) -> None:
    plans(plan("first_year"))
    won(world, amount=1000)
    won(world, amount=5000, currency="EUR")
    won(world, amount=100000, currency="JPY")
    found = asked(world, with_plans(plan("first_year")), with_plans(plan("first_year", rate_percent="10")))
    sums = {each.currency: (each.before, each.after) for each in found.totals}
    assert sums == {"EUR": (1000, 500), "JPY": (20000, 10000), "USD": (200, 100)}


def test_own_rates_count_on_both_sides(world: World) -> None:
    plans(plan("first_year"))
    set_own_rate(
        partner=stage.partner_of(world.sara),
        rate_percent=Decimal(27),
        valid_from=AT.date(),
        reason="Agreed",
        by=world.dan.actor,
        at=AT,
    )
    won(world, amount=10000)
    found = asked(world, with_plans(plan("first_year")), with_plans(plan("first_year", rate_percent="5")))
    assert found.totals[0].before == found.totals[0].after == booked() == 2700


def test_deals_before_the_period_count_for_the_volume_only(world: World) -> None:
    steps = plan("brackets", brackets=[{"at_least": "0", "below": "30000", "percent": "10"},
                                       {"at_least": "30000", "percent": "20"}])  # fmt: skip
    plans(steps)
    won(world, amount=30000)
    won(world, at=AT + timedelta(days=40), amount=10000)
    since = (AT + timedelta(days=20)).date()
    program = with_plans(steps)
    found = compare(old=program, new=program, since=since, until=UNTIL, actor=world.dan.actor)
    assert (found.totals[0].deals, found.totals[0].before) == (1, Decimal(2000))


def test_resold_deals_cost_what_the_reseller_keeps(world: World, reseller: Callable[[], None]) -> None:
    reseller()
    old = plan("margin", rate_benefit="reseller_margin", scope={"deal": "resale"})
    new = plan("margin", rate_percent="30", scope={"deal": "resale"})
    plans(old)
    contract = won(world, amount=30000, engagement="resale")
    assert contract.list_amount == 50000
    found = asked(world, with_plans(old), with_plans(new))
    assert (found.totals[0].before, found.totals[0].after) == (20000, 17500)


@pytest.fixture
def reseller(world: World) -> Callable[[], None]:
    """Give Northwind 35 % off list, whatever its tier gives."""

    def make() -> None:
        Grant.objects.filter(partner=stage.partner_of(world.sara), entitlement="reseller_margin").delete()
        Grant.objects.create(
            partner=stage.partner_of(world.sara),
            entitlement="reseller_margin",
            value="35",
            rank=35,
            source_kind="manual",
            source_code="tests",
            valid_from=AT.date() - timedelta(days=900),
            reason="test",
            created_at=AT,
        )

    return make


@pytest.mark.parametrize("many", [1, 12])
def test_it_takes_the_same_statements_however_many_deals(world: World, many: int, django_assert_num_queries) -> None:
    plans(plan("first_year"))
    for number in range(many):
        won(world, by=world.sara if number % 2 else world.rita, amount=1000 + number)
    program = with_plans(plan("first_year"))
    program_of(version_at(AT.date()))
    with django_assert_num_queries(5):  # agreements, deals, names, and the savepoint around the deals
        found = asked(world, program, program)
    assert found.totals[0].deals == many
