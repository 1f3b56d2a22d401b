"""Amounts that were agreed and not computed: a flat SPIFF on its own line, an adjustment, a dispute's settlement.

Rounded half up to the currency's minor unit. Below zero it takes back. Source: program rules §5.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from deals.rules.stored_inputs import StoredInputs
from partners.rules.term_reader import term
from prm.core.explain import Line
from prm.core.money import CURRENCY_DIGITS, round_money


@dataclass(frozen=True)
class FixedInputs(StoredInputs):
    """The amount, what it is for ("spiff", "adjustment", "settlement") and what it comes from (a code)."""

    FORMULA: ClassVar[str] = "fixed"

    amount: Decimal = term()
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    reason: str = term("")
    source: str = term("")


@dataclass(frozen=True)
class FixedAmount:
    amount: Decimal
    inputs: FixedInputs
    lines: tuple[Line, ...]


def fix(inputs: FixedInputs) -> FixedAmount:
    """The agreed amount, rounded, with its one line."""
    amount = round_money(inputs.amount, inputs.currency)
    values = {"amount": amount, "currency": inputs.currency, "reason": inputs.reason, "source": inputs.source}
    return FixedAmount(amount, inputs, (Line("commission.fixed", values, unit="money"),))
