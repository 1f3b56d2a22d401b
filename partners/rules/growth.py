"""A figure against the same period a year before.

Growth is (now − before) ÷ before in percent, judged exactly and never on a rounded figure: strong from +20 % on, flat
within ±2 % (both edges included), between them growing, below them declining. Without a base to compare with (nothing,
or less than nothing, a year ago) some now is strong and none now declining. Where the data does not reach back a year
there is no verdict. Source: program rules §7, §8.
"""

from dataclasses import dataclass
from decimal import Decimal

from partners.choices import Trend
from partners.rules.terms import GrowthTerms
from prm.core.money import percent_of


@dataclass(frozen=True)
class Growth:
    """`percent` is for people, rounded to one decimal; None where there is no base to divide by."""

    trend: Trend
    now: Decimal
    before: Decimal | None
    percent: Decimal | None


def compare(now: Decimal, before: Decimal | None, terms: GrowthTerms) -> Growth:
    """Judge `now` against `before`; `before` is None where the data does not reach back that far."""
    if before is None:
        return Growth(Trend.NO_DATA, now, None, None)
    if before <= 0:
        return Growth(Trend.STRONG if now > 0 else Trend.DECLINING, now, before, None)
    change = (now - before) * 100
    if change >= terms.strong_percent * before:
        trend = Trend.STRONG
    elif change > terms.flat_percent * before:
        trend = Trend.GROWING
    elif change >= -terms.flat_percent * before:
        trend = Trend.FLAT
    else:
        trend = Trend.DECLINING
    return Growth(trend, now, before, percent_of(now - before, before))
