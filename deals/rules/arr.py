"""What a deal is worth a year.

ARR = amount × 12 / term in months; without a term the amount is the ARR. Rounded half up to the currency's minor unit,
once. Conversion multiplies by the rate of the won date, kept with the deal, and rounds once in the target currency.
Source: program rules, preamble.
"""

from decimal import Decimal

from prm.core.money import round_money


def annual(amount: Decimal, term_months: int | None, currency: str) -> Decimal:
    """The yearly value of an amount agreed for so many months; ValueError for a term below one month."""
    if term_months is None:
        return round_money(amount, currency)
    if term_months < 1:
        raise ValueError("a term lasts at least one month")
    return round_money(amount * 12 / term_months, currency)


def convert(amount: Decimal, rate: Decimal | None, to_currency: str) -> Decimal | None:
    """The amount in another currency; None without a rate."""
    return None if rate is None else round_money(amount * rate, to_currency)
