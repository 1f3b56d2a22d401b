"""What settling a dispute adds to a line.

A line is worth what it was booked at plus the adjustments made to it since; clawbacks are lines of their own and are
disputed by themselves. What somebody thinks is right is said as the size of the line, in its own direction: of an
earned line what it should have earned, of a clawback what should have been taken back. Settling in the partner's favour
books the difference and never changes the line, so it is always above zero: a dispute can't end with less than before.
Source: program rules §5.
"""

from dataclasses import dataclass
from decimal import Decimal

from deals.choices import DisputeStatus
from prm.core.money import round_money

PAYS = (DisputeStatus.UPHELD, DisputeStatus.PARTLY_UPHELD)


class SettlementError(ValueError):
    """An amount that a dispute can't be settled with. ``code``: missing, not_more, not_less, whole."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Settlement:
    """What the line is worth after it, as a size, and what is booked for that."""

    right_amount: Decimal
    difference: Decimal


def current_worth(amount: Decimal, adjusted: Decimal) -> Decimal:
    """The size of a line with its adjustments, in the line's own direction. It may have turned below zero."""
    worth = amount + adjusted
    return worth if amount > 0 else -worth


def settle(
    *, amount: Decimal, adjusted: Decimal, expected: Decimal | None, outcome: str, right: Decimal | None, currency: str
) -> Settlement:
    """The difference to book. ``right`` is what the vendor found; an upheld dispute takes the expected amount without.

    Partly upheld must lie between what the line is worth and what was expected. Raises SettlementError.
    """
    if outcome not in PAYS:
        return Settlement(current_worth(amount, adjusted), Decimal(0))
    if right is None:
        right = expected if outcome == DisputeStatus.UPHELD else None
    if right is None:
        raise SettlementError("missing")
    right = round_money(right, currency)
    worth = current_worth(amount, adjusted)
    gain = right - worth if amount > 0 else worth - right
    if gain <= 0:
        raise SettlementError("not_more" if amount > 0 else "not_less")
    if outcome == DisputeStatus.PARTLY_UPHELD and expected is not None:
        asked = expected - worth if amount > 0 else worth - expected
        if gain >= asked:
            raise SettlementError("whole")
    return Settlement(right, gain)


def may_expect(*, amount: Decimal, adjusted: Decimal, expected: Decimal) -> bool:
    """Whether an expected amount is better for the partner than what the line is worth now."""
    worth = current_worth(amount, adjusted)
    return expected > worth if amount > 0 else 0 <= expected < worth
