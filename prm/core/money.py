"""The one place that rounds, reads and splits money.

Money is a Decimal with its currency, from end to end; binary floats are refused. Amounts are rounded half away from
zero to the currency's minor unit (as PostgreSQL's `round(numeric)` does), once, at the end of a formula. Typed amounts
are plain ASCII digits with at most the currency's decimals: no exponent, no separators, no other scripts' digits.
Parts of a split add up to the whole exactly. Errors are `MoneyError`. Source: program rules, preamble; M1–M5.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Self

CURRENCY_DIGITS: dict[str, int] = {
    "AED": 2, "ARS": 2, "AUD": 2, "BGN": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "COP": 2,
    "CZK": 2, "DKK": 2, "EGP": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0,
    "JOD": 3, "JPY": 0, "KES": 2, "KRW": 0, "KWD": 3, "MAD": 2, "MXN": 2, "MYR": 2, "NGN": 2, "NOK": 2, "NZD": 2,
    "OMR": 3, "PEN": 2, "PHP": 2, "PLN": 2, "QAR": 2, "RON": 2, "RSD": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2,
    "TND": 3, "TRY": 2, "TWD": 2, "UAH": 2, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip

LIMIT = Decimal(10) ** 12  # amounts stay below it on both sides, as the database checks do
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_TYPED = re.compile(r"(?P<whole>[0-9]{1,12})(?:\.(?P<minor>[0-9]+))?")


class MoneyError(ValueError):
    """An amount that can't be used. `code` says why: currency, decimal, range, format, digits, mixed, weights."""

    def __init__(self, code: str, message: str):
        self.code = code
        super().__init__(message)


def digits_of(currency: str) -> int:
    """Minor-unit digits of a currency (JPY 0, EUR 2, KWD 3). Raises MoneyError for one we do not know."""
    try:
        return CURRENCY_DIGITS[currency]
    except KeyError:
        raise MoneyError("currency", f"{currency!r} is not a currency in use here") from None


def _checked(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal):
        raise MoneyError("decimal", "an amount must be a Decimal")
    if not amount.is_finite() or abs(amount) >= LIMIT:
        raise MoneyError("range", "an amount must be below a trillion")
    return amount


def round_money(amount: Decimal | Fraction, currency: str) -> Decimal:
    """Round half away from zero to the currency's minor unit: 0.125 EUR is 0.13, −0.005 EUR is −0.01.

    Formulas that divide end in an exact fraction; it is rounded the same way, and only once.
    """
    if isinstance(amount, Fraction):
        amount = round_half_up(amount, digits_of(currency))
    unit = Decimal(1).scaleb(-digits_of(currency))
    rounded = _checked(amount).quantize(unit, context=_EXACT)
    return _checked(rounded) if rounded else abs(rounded)  # no negative zero


def round_half_up(number: Decimal | Fraction, digits: int = 0) -> Decimal:
    """Round any number half away from zero. For scores and percentages; amounts of money use `round_money`."""
    scaled = abs(Fraction(number)) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if number >= 0 else -whole).scaleb(-digits, context=_EXACT)


def percent_of(part: Decimal, whole: Decimal, digits: int = 1) -> Decimal | None:
    """`part` as a percentage of `whole`, rounded half away from zero; None of nothing."""
    return round_half_up(Fraction(part) * 100 / Fraction(whole), digits) if whole else None


def parse_amount(text: str, currency: str) -> Decimal:
    """Read a typed amount, zero or more. Raises MoneyError with code "format", "digits" or "currency"."""
    digits = digits_of(currency)
    found = _TYPED.fullmatch(text.strip(" "))
    if not found:
        raise MoneyError("format", "an amount is written in plain digits, like 1250.50")
    if len(found["minor"] or "") > digits:
        raise MoneyError("digits", f"{currency} has {digits} decimals")
    return round_money(Decimal(found[0]), currency)


def split(amount: Decimal, weights: Sequence[Decimal | int], currency: str) -> list[Decimal]:
    """Share a rounded amount by weights, exactly: what rounding leaves over goes to the largest remainders.

    Equal remainders are served in the order given, so callers pass parts in a stable order (by id). Weights are
    not negative and not all zero. Negative amounts are shared like positive ones.
    """
    if round_money(amount, currency) != amount:
        raise MoneyError("digits", "only a rounded amount can be split")
    if any(isinstance(weight, float) for weight in weights):
        raise MoneyError("decimal", "weights must be whole numbers or Decimals")
    shares = [Fraction(weight) for weight in weights]
    if not shares or min(shares) < 0 or sum(shares) == 0:
        raise MoneyError("weights", "weights must not be negative, nor all zero")
    unit = Decimal(1).scaleb(-digits_of(currency))
    whole = int(abs(amount) / unit)
    exact = [whole * share / sum(shares) for share in shares]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in by_remainder[: whole - sum(parts)]:
        parts[n] += 1
    sign = -1 if amount < 0 else 1
    return [sign * part * unit if part else 0 * unit for part in parts]


@dataclass(frozen=True)
class Money:
    """An amount that never travels without its currency. Not rounded by itself: call `rounded()` once, at the end."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        digits_of(self.currency)
        _checked(self.amount)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(Decimal(0), currency)

    @classmethod
    def total(cls, parts: Iterable["Money"], currency: str) -> "Money":
        """The sum of amounts that must all be in `currency`; nothing to add is zero."""
        return sum(parts, cls.zero(currency))

    def _same(self, other: "Money") -> Decimal:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise MoneyError("mixed", "only amounts of one currency can be added or compared")
        return other.amount

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        if isinstance(factor, bool) or not isinstance(factor, Decimal | int):
            raise MoneyError("decimal", "money is multiplied by a Decimal or a whole number")
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def rounded(self) -> "Money":
        return Money(round_money(self.amount, self.currency), self.currency)

    def __str__(self) -> str:
        return f"{round_money(self.amount, self.currency)} {self.currency}"
