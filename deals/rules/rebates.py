"""The rebate on a reseller's volume of a fiscal year.

    earned = Σ (part of the volume in a band × the band's percentage)
    due    = earned − what was already granted in the year, never below nothing

Each band's rate counts for its own part only, and the volume is cumulative from the first day of the year, so that the
sum of four quarters is what one look at the year would give. Above the last band nothing is earned unless a rate was
agreed with the partner. If volume was lost since (a cancellation), nothing is due until the year has earned what it was
already given; `overpaid` says how much is missing. Volume and bands are in one currency and nothing is converted.
Rounded half up, once. Source: program rules §5.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from deals.rules.stored_inputs import StoredInputs
from partners.rules.incentive_terms import Bracket, check_contiguous
from partners.rules.term_reader import TermsError, term
from prm.core.explain import Line
from prm.core.money import CURRENCY_DIGITS, round_money


@dataclass(frozen=True)
class RebateInputs(StoredInputs):
    """Volume of the year so far, what the year's rebates came to before, bands, and the rate agreed above them."""

    FORMULA: ClassVar[str] = "rebate"

    volume: Decimal = term(least=0)
    already_granted: Decimal = term(least=0)
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    bands: tuple[Bracket, ...] = term()
    above_percent: Decimal = term(Decimal(0), least=0, most=100)
    period: str = term("")

    def check(self) -> None:
        check_contiguous(self.bands, "bands", from_zero=False)
        if self.above_percent and (not self.bands or self.bands[-1].below is None):
            raise TermsError("above_percent", "needs bands that end")

    @property
    def all_bands(self) -> tuple[Bracket, ...]:
        """The bands, and the part above them where a rate was agreed for it."""
        end = self.bands[-1].below if self.bands else None
        above = (Bracket(end, None, self.above_percent),) if self.above_percent and end is not None else ()
        return self.bands + above


@dataclass(frozen=True)
class Rebate:
    """`amount` is due now; `earned` is what the whole year so far has earned."""

    amount: Decimal
    earned: Decimal
    overpaid: Decimal
    inputs: RebateInputs
    lines: tuple[Line, ...]


def rebate(inputs: RebateInputs) -> Rebate:
    """What is due now on the year's volume."""
    lines = [Line("rebate.volume", {"amount": inputs.volume, "period": inputs.period}, unit="money")]
    exact = Fraction(0)
    for band in inputs.all_bands:
        part = band.part(inputs.volume)
        if part:
            exact += Fraction(part) * Fraction(band.percent) / 100
            values = {"from": band.at_least, "to": band.below, "part": part, "percent": band.percent}
            lines.append(Line("rebate.band", {**values, "amount": part * band.percent / 100}, unit="money"))
    earned = round_money(exact, inputs.currency)
    granted = round_money(inputs.already_granted, inputs.currency)
    amount, overpaid = max(earned - granted, Decimal(0)), max(granted - earned, Decimal(0))
    lines.append(Line("rebate.earned", {"amount": earned}, unit="money"))
    if granted:
        lines.append(Line("rebate.granted", {"amount": granted}, unit="money"))
    if overpaid:
        lines.append(Line("rebate.overpaid", {"amount": overpaid}, unit="money"))
    lines.append(Line("rebate.amount", {"amount": amount, "currency": inputs.currency}, unit="money"))
    return Rebate(amount, earned, overpaid, inputs, tuple(lines))
