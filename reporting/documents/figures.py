"""How a printed document writes amounts, counts and days, in the active language."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import formats
from django.utils.translation import gettext as _

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "PLN": "zł "}
MINUS = "\N{MINUS SIGN}"
STEPS = (("", 1), ("k", 1_000), ("M", 1_000_000), ("B", 1_000_000_000), ("T", 1_000_000_000_000))


class Figures:
    """Writes the figures of one document, whose amounts are all in `currency`."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.symbol = SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")

    def short(self, amount: Decimal | float | int) -> str:
        """At most three digits and a unit: $840, $8.4k, $540k, $1.81M, −$12k. Rounded half-up."""
        value = Decimal(str(amount)) if isinstance(amount, float) else Decimal(amount)
        sign = MINUS if value < 0 else ""
        value = abs(value)
        for index, (unit, size) in enumerate(STEPS):
            scaled = value / size
            places = 0 if not unit or scaled >= 100 else 1 if scaled >= 10 else 2
            if unit == "k":
                places = 1 if scaled < 10 else 0
            rounded = scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
            if rounded < 1000 or index == len(STEPS) - 1:
                break
        if rounded == 0:
            sign = ""
        text = formats.number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True)
        if unit == "k" and places and rounded == rounded.to_integral_value():
            text = formats.number_format(rounded, decimal_pos=0, use_l10n=True)
        return f"{sign}{self.symbol}{text}{unit}"

    def full(self, amount: Decimal | None, *, places: int = 0) -> str:
        """All digits with grouping and no currency, for a table whose heading names it."""
        if amount is None:
            return "\N{EN DASH}"
        value = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        text = formats.number_format(abs(value), decimal_pos=places, use_l10n=True, force_grouping=True)
        return (MINUS if value < 0 else "") + text

    def places(self, amounts: Iterable[Decimal | None]) -> int:
        """Decimals that a column needs so that its parts visibly add up to its total."""
        known = [amount for amount in amounts if amount is not None]
        fractions = [-int(amount.normalize().as_tuple().exponent) for amount in known if amount]
        return min(max([0, *fractions]), 3) if max([0, *fractions]) != 1 else 2

    def unit(self, amounts: Iterable[Decimal | None]) -> tuple[Decimal, str]:
        """A divisor for a narrow row of amounts, and the heading that names it."""
        most = max([abs(amount) for amount in amounts if amount is not None], default=Decimal(0))
        if most >= 10_000_000:
            return Decimal(1_000_000), _("%(currency)s million") % {"currency": self.currency}
        if most >= 100_000:
            return Decimal(1_000), _("%(currency)s thousand") % {"currency": self.currency}
        return Decimal(1), self.currency

    @staticmethod
    def count(number: int | Decimal) -> str:
        whole = number == int(number)
        return formats.number_format(
            int(number) if whole else number, decimal_pos=None, use_l10n=True, force_grouping=True
        )

    @staticmethod
    def signed(number: int) -> str:
        """+14, −3, ±0: a change always carries its sign."""
        if number == 0:
            return "±0"
        text = formats.number_format(abs(number), use_l10n=True, force_grouping=True)
        return ("+" if number > 0 else MINUS) + text

    @staticmethod
    def day(day: date | None) -> str:
        return formats.date_format(day, _("j M Y")) if day else ""

    @staticmethod
    def long_day(day: date | datetime | None) -> str:
        return formats.date_format(day, _("j F Y")) if day else ""

    @staticmethod
    def weekday(day: date | datetime) -> str:
        return formats.date_format(day, _("l j F Y"))

    @staticmethod
    def month(day: date) -> str:
        return formats.date_format(day, "M")
