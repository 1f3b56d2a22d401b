"""What a reseller pays for what it sells at the list price, and what stays with it.

    partner pays = list × (100 − margin − points) %,   gross profit = list − what it pays

The margin is that of the partner's plan and tier, or its own; a registered deal adds points. What the partner pays is
rounded half up to the currency's minor unit, once, and the profit is the rest, so the two add up to the list price. A
margin is a price: no verdict, credit or SPIFF changes it. Margin and points together are at most 100. The way back
takes the net amount that we invoice and gives the list price. Source: program rules §2, §3, §5.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from prm.core.explain import Line
from prm.core.money import MoneyError, round_money


@dataclass(frozen=True)
class MarginQuote:
    """A quote in one currency. `margin_percent` is the whole margin, the points for registering included."""

    list_price: Decimal
    margin_percent: Decimal
    partner_pays: Decimal
    gross_profit: Decimal
    currency: str
    lines: tuple[Line, ...]


def total_margin(margin_percent: Decimal, registered: bool, points: Decimal) -> Decimal:
    """Margin with the points of a registered deal. Raises MoneyError unless all is 0–100."""
    total = margin_percent + (points if registered else Decimal(0))
    if margin_percent < 0 or points < 0 or total > 100:
        raise MoneyError("range", "a margin is at most the whole price")
    return total


def quote(
    list_price: Decimal, margin_percent: Decimal, registered: bool, points: Decimal, currency: str
) -> MarginQuote:
    """The quote for a list price. Raises MoneyError for a negative price or a margin above 100."""
    margin = total_margin(margin_percent, registered, points)
    price = round_money(list_price, currency)
    if price < 0:
        raise MoneyError("range", "a price is not negative")
    pays = round_money(Fraction(price) * Fraction(100 - margin) / 100, currency)
    lines = [
        Line("margin.list", {"amount": price, "currency": currency}, unit="money"),
        Line("margin.rate", {"percent": margin_percent}, unit="percent"),
    ]
    if registered and points:
        lines.append(Line("margin.points", {"source": "registration", "points": points}, unit="points"))
    lines += [
        Line("margin.pays", {"amount": pays, "percent": 100 - margin}, unit="money"),
        Line("margin.profit", {"amount": price - pays, "percent": margin}, unit="money"),
    ]
    return MarginQuote(price, margin, pays, price - pays, currency, tuple(lines))


def list_price_of(net: Decimal, margin_percent: Decimal, registered: bool, points: Decimal, currency: str) -> Decimal:
    """The list price of which the partner pays `net`. Raises MoneyError for a margin of 100, which has none."""
    margin = total_margin(margin_percent, registered, points)
    if margin == 100 or net < 0:
        raise MoneyError("range", "nothing paid has no list price")
    return round_money(Fraction(net) * 100 / Fraction(100 - margin), currency)
