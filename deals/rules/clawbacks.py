"""What is taken back of a commission when the customer does not stay.

    taken back = commission × part of the business that is gone × share, never more than is left of the commission

The share comes from the day d on which it takes effect, counted from the contract's start: d < 30 all of it, d < 90
half, d < 180 (180 − d) ÷ 180, then nothing. A day before the start counts as day 0. On a cancellation all business that
is left is gone, on a downgrade the difference between the old and the new value, both as a part of the value that the
commission was earned on. A refund gives the commission on the refunded part back in full, whatever the day, because
that money was never earned; fraud takes everything. Rounded half up, once. Lines are negative amounts that correct the
commission; the commission itself never changes. Source: program rules §5, money rule M10, invariant I7.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Self

from deals.choices import ClawbackCause
from deals.rules.stored_inputs import StoredInputs
from partners.rules.incentive_terms import ClawbackBand
from partners.rules.term_reader import Terms, TermsError, term
from prm.core.explain import Line
from prm.core.money import CURRENCY_DIGITS, round_money


@dataclass(frozen=True)
class Cause(Terms):
    """Why something is taken back, and which part of the business is gone: `lost` out of `value`."""

    kind: str = term(one_of=ClawbackCause.values)
    lost: Decimal = term(Decimal(1), least=0)
    value: Decimal = term(Decimal(1), least=0)

    @classmethod
    def cancelled(cls, left: Decimal = Decimal(1), original: Decimal = Decimal(1)) -> Self:
        """The customer cancelled. After a downgrade: what was left of the value, and the value first signed."""
        return cls(ClawbackCause.CANCELLED.value, left, original)

    @classmethod
    def downgraded(cls, old: Decimal, new: Decimal, original: Decimal | None = None) -> Self:
        """The value fell from old to new. After an earlier downgrade `original` is the value first signed."""
        return cls(ClawbackCause.DOWNGRADED.value, max(old - new, Decimal(0)), old if original is None else original)

    @classmethod
    def refunded(cls, paid: Decimal, refund: Decimal) -> Self:
        """Of what the customer paid, so much was given back; more than was paid counts as all of it."""
        return cls(ClawbackCause.REFUNDED.value, min(refund, paid), paid)

    @classmethod
    def fraud(cls) -> Self:
        return cls(ClawbackCause.FRAUD.value)

    @property
    def part(self) -> Fraction:
        """The part of the business that is gone, 0 to 1; of nothing, nothing."""
        return min(Fraction(self.lost) / Fraction(self.value), Fraction(1)) if self.value else Fraction(0)

    @property
    def by_days(self) -> bool:
        """Whether the day matters."""
        return self.kind in (ClawbackCause.CANCELLED, ClawbackCause.DOWNGRADED)


@dataclass(frozen=True)
class ClawbackInputs(StoredInputs):
    """`commission_amount` as it was earned, `already_taken` of it before (both ≥ 0), `days` since the start."""

    FORMULA: ClassVar[str] = "clawback"

    commission_amount: Decimal = term(least=0)
    already_taken: Decimal = term(least=0)
    days: int = term()
    cause: Cause = term()
    bands: tuple[ClawbackBand, ...] = term()
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    commission: str = term("")

    def check(self) -> None:
        if self.already_taken > self.commission_amount:
            raise TermsError("already_taken", "exceeds the commission")


@dataclass(frozen=True)
class Clawback:
    """`amount` is 0 or negative, as the line that corrects the commission has it."""

    amount: Decimal
    share: Fraction
    inputs: ClawbackInputs
    lines: tuple[Line, ...]

    @property
    def taken(self) -> Decimal:
        """How much is taken back, as a positive amount."""
        return -self.amount if self.amount else self.amount


def share(days: int, bands: Sequence[ClawbackBand]) -> Fraction:
    """The share that is taken back on a day since the start: 0 to 1, exact."""
    day = max(days, 0)
    for band in bands:
        if day < band.before_day:
            if band.share_percent is None:
                return Fraction(band.before_day - day, band.before_day)
            return Fraction(band.share_percent) / 100
    return Fraction(0)


def days_from(contract_start: date, effective_on: date) -> int:
    """Days from the contract's start to the day on which something takes effect."""
    return (effective_on - contract_start).days


def clawback(inputs: ClawbackInputs) -> Clawback:
    """What is taken back, at most what is left."""
    cause = inputs.cause
    taken_share = share(inputs.days, inputs.bands) if cause.by_days else Fraction(1)
    exact = Fraction(inputs.commission_amount) * cause.part * taken_share
    left = inputs.commission_amount - inputs.already_taken
    taken = min(round_money(exact, inputs.currency), left)
    lines = [
        Line("clawback.commission", {"code": inputs.commission, "amount": inputs.commission_amount}, unit="money"),
        Line("clawback.cause", {"cause": cause.kind, "lost": cause.lost, "value": cause.value}),
    ]
    if cause.by_days:
        values = {"days": inputs.days, "numerator": taken_share.numerator, "denominator": taken_share.denominator}
        lines.append(Line("clawback.share", values, unit="days"))
    if inputs.already_taken:
        lines.append(Line("clawback.already_taken", {"amount": inputs.already_taken, "left": left}, unit="money"))
    amount = -taken if taken else Decimal(0)
    lines.append(Line("clawback.amount", {"amount": amount, "currency": inputs.currency}, unit="money"))
    return Clawback(amount, taken_share, inputs, tuple(lines))
