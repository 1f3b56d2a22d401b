"""Which part of a won deal still counts as revenue after cancellations and downgrades.

A cancellation (or fraud) that takes effect before the end of the first term takes the whole deal out of revenue and
ARR; one at its end or later takes nothing, because the term was served. A downgrade within the first term leaves
new ÷ old of what counted before. Without a term the first term is twelve months. A renewal begins another term, so
nothing after it reaches back to the win. Source: program rules, preamble.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from deals.choices import ContractEventKind
from prm.core.business_time import add_months

MONTHS = 12


@dataclass(frozen=True)
class Change:
    """What happened to the value of a year: ``amount`` is the new value after a downgrade or a renewal."""

    kind: str
    effective_on: date
    amount: Decimal | None = None


def first_term_ends(started_on: date, term_months: int | None) -> date:
    """The first day after the first term."""
    return add_months(started_on, term_months or MONTHS)


def kept_part(
    *, annual_amount: Decimal, started_on: date, term_months: int | None, changes: Iterable[Change]
) -> Fraction:
    """The part of the win that counts, 0 to 1. ``changes`` in the order in which they were recorded."""
    ends, current, part = first_term_ends(started_on, term_months), Fraction(annual_amount), Fraction(1)
    for change in changes:
        if change.kind == ContractEventKind.RENEWED:
            return part
        if change.effective_on >= ends:
            continue
        if change.kind in (ContractEventKind.CANCELLED, ContractEventKind.FRAUD):
            return Fraction(0)
        if change.kind == ContractEventKind.DOWNGRADED and change.amount is not None and current:
            part *= min(Fraction(change.amount) / current, Fraction(1))
            current = Fraction(change.amount)
    return part
