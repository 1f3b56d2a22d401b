"""The arithmetic of a monthly statement.

Opening balance + what moved in the month = closing balance, in one currency, nothing converted. A balance is all that
is owed to the partner: not yet due, payable, and on its way. What was earned raises it, what was taken back or paid
lowers it. The closing balance must be what the ledger says, and the opening one what the statement before closed with;
a statement that does not meet both is not written. Source: program rules §5; M9, M12.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

EARNED, TAKEN_BACK, ADJUSTED, WITHDRAWN, PAID = "earned", "taken_back", "adjusted", "withdrawn", "paid"
GROUPS = (EARNED, TAKEN_BACK, ADJUSTED, WITHDRAWN, PAID)
ZERO = Decimal(0)


class StatementMismatch(ValueError):
    """Two figures of a statement contradict each other. ``code``: opening, closing, split."""

    def __init__(self, code: str, expected: Decimal, found: Decimal) -> None:
        self.code, self.expected, self.found = code, expected, found
        super().__init__(f"{code}: {expected} expected, {found} found")


@dataclass(frozen=True)
class Movement:
    """One amount that moved: above zero raises what is owed. ``group`` is one of ``GROUPS``."""

    group: str
    amount: Decimal


@dataclass(frozen=True)
class Books:
    """What the ledger says: what was owed before the month, after it, and how that is divided at its end."""

    opening: Decimal
    closing: Decimal
    accrued: Decimal
    payable: Decimal
    clearing: Decimal


@dataclass(frozen=True)
class Totals:
    """The figures printed. ``moved`` is the sum of each group, with its sign."""

    opening: Decimal
    closing: Decimal
    accrued: Decimal
    payable: Decimal
    clearing: Decimal
    moved: dict[str, Decimal] = field(default_factory=dict)


def total(*, books: Books, movements: Iterable[Movement], carried: Decimal | None) -> Totals:
    """The totals of a statement, checked. ``carried`` is what the statement before closed with, if there is one.

    Raises StatementMismatch where they do not meet.
    """
    moved = dict.fromkeys(GROUPS, ZERO)
    for movement in movements:
        moved[movement.group] += movement.amount
    if carried is not None and carried != books.opening:
        raise StatementMismatch("opening", carried, books.opening)
    closing = books.opening + sum(moved.values(), ZERO)
    if closing != books.closing:
        raise StatementMismatch("closing", books.closing, closing)
    parts = books.accrued + books.payable + books.clearing
    if parts != books.closing:
        raise StatementMismatch("split", books.closing, parts)
    return Totals(books.opening, closing, books.accrued, books.payable, books.clearing, moved)
