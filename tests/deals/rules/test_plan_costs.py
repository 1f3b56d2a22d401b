"""What many deals cost: the same amounts as the rules that explain themselves."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.commissions import calculate, inputs_of
from deals.rules.margins import quote
from deals.rules.plan_costs import YEAR, CostedDeal, change_percent, cost, payments
from partners.rules.incentive_terms import Bracket, PlanTerm

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD"])
AMOUNTS = st.decimals(0, 10**11, places=4)
PERCENTS = st.decimals(0, 100, places=6)
BRACKETS = (
    Bracket(Decimal(0), Decimal(100_000), Decimal(20)),
    Bracket(Decimal(100_000), Decimal(250_000), Decimal(25)),
    Bracket(Decimal(250_000), None, Decimal(30)),
)
PLANS = [
    PlanTerm("first", "First", "first_year", rate_percent=Decimal(1)),
    PlanTerm("share", "Share", "recurring", rate_percent=Decimal(1), months=24),
    PlanTerm("begun", "Begun", "recurring", rate_percent=Decimal(1), months=13),
    PlanTerm("flat", "Flat", "flat", flat_amount=Decimal("750.255")),
    PlanTerm("both", "Both", "hybrid", rate_percent=Decimal(1), flat_amount=Decimal(100)),
    PlanTerm("steps", "Steps", "brackets", brackets=BRACKETS),
    PlanTerm("split", "Split", "first_year", rate_percent=Decimal(1), splits_credit=True),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.code)
@given(
    base=AMOUNTS,
    rate=PERCENTS,
    factor=st.decimals(0, 100, places=2),
    bps=st.integers(0, 10_000),
    before=AMOUNTS,
    currency=CURRENCIES,
    is_own=st.booleans(),
)
def test_a_cost_is_what_the_lines_would_add_up_to(
    plan: PlanTerm,
    base: Decimal,
    rate: Decimal,
    factor: Decimal,
    bps: int,
    before: Decimal,
    currency: str,
    is_own: bool,
) -> None:
    inputs = inputs_of(
        plan,
        base_amount=base,
        currency=currency,
        rate_percent=rate,
        rate_source="own" if is_own else "plan",
        verdict_factor_percent=factor,
        credit_bps=bps,
        volume_before=before,
    )
    lines = [calculate(replace(inputs, months_since_start=YEAR * number)).amount for number in range(payments(plan))]
    deal = CostedDeal(base, currency, factor, bps)
    assert cost(plan, rate, deal, is_own=is_own, volume_before=before) == sum(lines)


@given(price=AMOUNTS, rate=st.decimals(0, 90, places=2), points=st.decimals(0, 10, places=2), currency=CURRENCIES)
def test_a_margin_costs_what_the_reseller_keeps(price: Decimal, rate: Decimal, points: Decimal, currency: str) -> None:
    plan = PlanTerm("margin", "Margin", "margin", rate_percent=Decimal(1))
    deal = CostedDeal(base=Decimal(0), currency=currency, list_price=price, points=points)
    assert cost(plan, rate, deal) == quote(price, rate, bool(points), points, currency).gross_profit


def test_worked_figures() -> None:
    def of(plan: PlanTerm, base: int, rate: int | None = None, **more: object) -> Decimal:
        return cost(plan, None if rate is None else Decimal(rate), CostedDeal(Decimal(base), "USD", **more))

    first, share, _begun, _flat, _both, steps, _split = PLANS
    assert of(first, 24_000, 20) == 4_800
    assert of(share, 24_000, 15) == 7_200
    assert of(steps, 400_000) == 102_500
    assert of(first, 100_000, 25, factor_percent=Decimal(50)) == 12_500
    margin = PlanTerm("margin", "Margin", "margin", rate_percent=Decimal(1))
    assert of(margin, 0, 35, list_price=Decimal(50_000), points=Decimal(5)) == 20_000
    assert of(margin, 30_000, 35, points=Decimal(5)) == 20_000


def test_all_margin_has_no_price() -> None:
    plan = PlanTerm("margin", "Margin", "margin", rate_percent=Decimal(1))
    assert cost(plan, Decimal(100), CostedDeal(Decimal(50), "USD")) == 0


def test_change_in_percent() -> None:
    assert change_percent(Decimal(200), Decimal(250)) == 25
    assert change_percent(Decimal(300), Decimal(200)) == Decimal("-33.3")
    assert change_percent(Decimal(0), Decimal(5)) is None
