"""The totals of a statement as a page shows them: a column that adds up, and where the balance stands."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from deals.documents.statement import group_label
from deals.models import Statement
from deals.rules.statements import GROUPS


@dataclass(frozen=True)
class Sum:
    """One figure of the account. ``css`` is "sum" for the balance at the end."""

    label: str
    amount: Decimal
    css: str = ""


@dataclass(frozen=True)
class Sums:
    """The column from the opening to the closing balance, and the parts of the latter."""

    account: list[Sum]
    parts: list[Sum]


def statement_sums(statement: Statement) -> Sums:
    """What was printed, read from the statement itself; nothing while it is not made."""
    totals = statement.totals
    if not totals:
        return Sums([], [])
    moved = {group: Decimal(amount) for group, amount in totals["moved"].items()}
    return Sums(
        account=[
            Sum(_("Balance at the start"), Decimal(totals["opening"])),
            *(Sum(group_label(group), moved[group]) for group in GROUPS if moved.get(group)),
            Sum(_("Balance at the end"), Decimal(totals["closing"]), "sum"),
        ],
        parts=[
            Sum(_("Not yet due"), Decimal(totals["accrued"])),
            Sum(_("Payable"), Decimal(totals["payable"])),
            Sum(_("On its way"), Decimal(totals["clearing"])),
        ],
    )
