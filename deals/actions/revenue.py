"""What a won deal is worth: the one place where its ARR and its value in the program's currency are set.

``amount`` and ``arr`` stay as they were sold, in the deal's currency. ``amount_program`` and ``arr_program`` are
revenue as every figure, list and pack reads it: in the program's currency at the rate of the won date, and without
what was cancelled or downgraded since. Source: program rules, preamble.
"""

from decimal import Decimal
from fractions import Fraction

from deals.models import Contract, Opportunity
from deals.queries.rates import rate_on
from deals.rules.arr import annual, convert
from deals.rules.kept_revenue import Change, kept_part
from prm.core.money import round_money


def value_deal(*, deal: Opportunity, currency: str) -> None:
    """Set the figures of a won deal in the program's ``currency``; the caller saves it.

    Without a rate both amounts stay open. One statement for the contract, and one for what happened to it.
    """
    if deal.amount is None or deal.won_on is None:
        raise AssertionError("a won deal has an amount and a date")
    deal.arr = annual(deal.amount, deal.term_months, deal.currency)
    deal.rate = rate_on(currency=deal.currency, to_currency=currency, day=deal.won_on)
    kept = _kept(deal)
    deal.amount_program = _part(convert(deal.amount, deal.rate, currency), kept, currency)
    deal.arr_program = _part(convert(deal.arr, deal.rate, currency), kept, currency)


def _kept(deal: Opportunity) -> Fraction:
    """The part of the win that still counts; all of it before there is a contract."""
    contract = Contract.objects.filter(opportunity_id=deal.pk).first()
    if contract is None:
        return Fraction(1)
    events = contract.events.order_by("pk").values_list("kind", "effective_on", "amount")
    return kept_part(
        annual_amount=contract.annual_amount,
        started_on=contract.started_on,
        term_months=contract.term_months,
        changes=[Change(*event) for event in events],
    )


def _part(amount: Decimal | None, kept: Fraction, currency: str) -> Decimal | None:
    return None if amount is None else round_money(Fraction(amount) * kept, currency)
