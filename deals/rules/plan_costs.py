"""What many deals would cost under a plan: the amounts of ``commissions.calculate`` and ``margins.quote`` alone.

A what-if over a year asks this for a hundred thousand deals, so nothing is explained here; a property test holds the
two together. A recurring share is summed over the plan's months as if the customer stayed and paid once a year. What a
reseller keeps of the list price is a cost like a commission. SPIFFs depend on the win itself and are left out.
"""

from dataclasses import dataclass
from decimal import Context, Decimal

from deals.choices import PlanModel
from deals.rules.margins import list_price_of, quote
from partners.rules.incentive_terms import PlanTerm
from prm.core.money import MoneyError, percent_of, round_money

YEAR = 12
ZERO = Decimal(0)
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class CostedDeal:
    """What of a won deal decides its cost. ``base`` is the first year's value, ``list_price`` that of a resold deal.

    ``points`` are those of a registration, which add to a margin. ``credit_bps`` counts only where a plan splits.
    """

    base: Decimal
    currency: str
    factor_percent: Decimal = Decimal(100)
    credit_bps: int = 10_000
    list_price: Decimal | None = None
    points: Decimal = ZERO


def cost(
    plan: PlanTerm,
    rate_percent: Decimal | None,
    deal: CostedDeal,
    *,
    is_own: bool = False,
    volume_before: Decimal = ZERO,
) -> Decimal:
    """What a plan at a rate costs on a deal, in the deal's currency. ``is_own``: an agreed rate replaces brackets."""
    if plan.model == PlanModel.MARGIN:
        return _margin(rate_percent or ZERO, deal)
    exact = plan.flat_amount or ZERO
    if plan.model == PlanModel.BRACKETS and not is_own:
        total = volume_before + deal.base
        for bracket in plan.brackets:
            part = bracket.part(total) - bracket.part(volume_before)
            exact = _EXACT.add(exact, _percent(part, bracket.percent))
    elif rate_percent is not None and plan.model != PlanModel.FLAT:
        exact = _EXACT.add(exact, _percent(deal.base, rate_percent))
    if deal.factor_percent != 100:
        exact = _percent(exact, deal.factor_percent)
    if plan.splits_credit:
        exact = _EXACT.scaleb(_EXACT.multiply(exact, Decimal(deal.credit_bps)), -4)
    return round_money(exact, deal.currency) * payments(plan)


def payments(plan: PlanTerm) -> int:
    """How many yearly payments of the customer a plan pays for: one, or one for each begun year of a share."""
    if plan.model != PlanModel.RECURRING or plan.months is None:
        return 1
    return -(-plan.months // YEAR)


def _percent(amount: Decimal, percent: Decimal) -> Decimal:
    return _EXACT.scaleb(_EXACT.multiply(amount, percent), -2)


def _margin(rate_percent: Decimal, deal: CostedDeal) -> Decimal:
    """The part of the list price that the reseller keeps; nothing where all of the price would be margin."""
    try:
        price = deal.list_price
        if price is None:
            price = list_price_of(deal.base, rate_percent, bool(deal.points), deal.points, deal.currency)
        return quote(price, rate_percent, bool(deal.points), deal.points, deal.currency).gross_profit
    except MoneyError:
        return ZERO


def change_percent(before: Decimal, after: Decimal) -> Decimal | None:
    """By how many percent a cost changes, to a tenth; None where there was none before."""
    return percent_of(after - before, before)
