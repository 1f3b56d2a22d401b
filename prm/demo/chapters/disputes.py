"""Northwind does not agree with two lines, one of them settled; and the statements of the months before."""

from datetime import timedelta
from decimal import Decimal

from deals.actions.disputes import open_dispute, settle_dispute
from deals.actions.statements import make_statement
from deals.choices import CommissionKind, CommissionStatus
from deals.models import Commission, Statement
from prm.core.business_time import add_months
from prm.core.money import round_money
from prm.demo.cast import NORTHWIND, RIVAL
from prm.demo.stage import Stage


def add_disputes(stage: Stage) -> None:
    """One that was upheld in part last week, and one whose clock still runs."""
    partner = stage.partners[NORTHWIND]
    earned = Commission.objects.filter(partner=partner, kind=CommissionKind.FIRST_YEAR, disputes=None)
    lines = list(earned.exclude(status=CommissionStatus.VOID).order_by("-earned_on", "-pk")[:2])
    if len(lines) < 2:
        raise RuntimeError("Northwind has earned nothing that it could dispute")
    late, early = lines
    at = stage.working_ago(7 * 24)
    settled = open_dispute(
        commission=early,
        by=stage.seller(NORTHWIND),
        at=at,
        reason="The order has a second year of support that is missing in the base. See page 3 of the order.",
        expected_amount=_more(early, Decimal("1.25")),
    )
    settle_dispute(
        dispute=settled,
        by=stage.owner(NORTHWIND),
        at=at + timedelta(hours=21),
        outcome="partly_upheld",
        right_amount=_more(early, Decimal("1.10")),
        answer="You are right about the support, but only its first year counts for a first-year commission.",
    )
    open_dispute(
        commission=late,
        by=stage.seller(NORTHWIND),
        at=stage.working_ago(33),
        reason="The order that the customer signed is half as much again; the base is still that of our first offer.",
        expected_amount=_more(late, Decimal("1.50")),
    )


def _more(line: Commission, factor: Decimal) -> Decimal:
    return round_money(line.amount * factor, line.currency)


def make_statements(stage: Stage) -> None:
    """The last three months of the two partners that people sign in as; the worker makes the others."""
    mine = Statement.objects.filter(
        partner__in=[stage.partners[NORTHWIND], stage.partners[RIVAL]],
        ready_at=None,
        month__gte=add_months(stage.today.replace(day=1), -3),
    )
    for statement in mine.order_by("month", "pk"):
        state = make_statement(code=statement.code, at=statement.ordered_at + timedelta(minutes=4))
        if state != "ready":
            raise RuntimeError(f"{statement} is {state}")
