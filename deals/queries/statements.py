"""A month of a partner's account as the books have it: every movement with its line, and the balances around it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from deals.choices import CommissionKind, LedgerKind
from deals.models import Commission, PayoutItem, Statement
from deals.rules.statements import ADJUSTED, EARNED, PAID, TAKEN_BACK, WITHDRAWN, Books, Movement, Totals, total
from prm.core.actors import Actor
from prm.core.business_time import add_months
from prm.core.models import Organization
from prm.core.queries.organizations import vendor
from prm.core.queries.rows import dict_rows

GROUP_OF = {CommissionKind.CLAWBACK: TAKEN_BACK, CommissionKind.ADJUSTMENT: ADJUSTED}


@dataclass(frozen=True)
class Entry:
    """One movement: of a commission line, or of a payout to an account of which only the end is shown."""

    group: str
    on: date
    code: str
    title: str
    amount: Decimal
    line: Commission | None = None
    is_reversal: bool = False


@dataclass(frozen=True)
class StatementFacts:
    """All that a statement prints."""

    code: str
    vendor: Organization
    partner: Organization
    currency: str
    start: date
    end: date
    totals: Totals
    entries: tuple[Entry, ...] = field(default=())

    def of_group(self, group: str) -> list[Entry]:
        """The movements of one kind, in the order in which they were booked."""
        return [entry for entry in self.entries if entry.group == group]


def month_end(month: date) -> date:
    """The last day of a month."""
    return add_months(month.replace(day=1), 1) - timedelta(days=1)


def statement_facts(statement: Statement) -> StatementFacts:
    """The month, checked against the ledger and against the statement before. Raises StatementMismatch.

    Five statements, however many lines it has.
    """
    start, end = statement.month, month_end(statement.month)
    moved = dict_rows(_MOVED, _of(statement) | {"start": start, "end": end})
    entries = _entries(moved)
    books = _books(statement, start, end)
    totals = total(
        books=books,
        movements=[Movement(entry.group, entry.amount) for entry in entries],
        carried=_carried(statement),
    )
    return StatementFacts(
        code=statement.code,
        vendor=vendor(),
        partner=statement.partner.organization,
        currency=statement.currency,
        start=start,
        end=end,
        totals=totals,
        entries=tuple(entries),
    )


def _of(statement: Statement) -> dict[str, Any]:
    return {"partner": statement.partner_id, "currency": statement.currency}


def _carried(statement: Statement) -> Decimal | None:
    """What the statement of the month before closed with; None where there is none that was made."""
    before = Statement.objects.filter(
        partner_id=statement.partner_id,
        currency=statement.currency,
        month=add_months(statement.month, -1),
        ready_at__isnull=False,
    ).first()
    return Decimal(before.totals["closing"]) if before else None


def _books(statement: Statement, start: date, end: date) -> Books:
    [row] = dict_rows(_BALANCES, _of(statement) | {"start": start, "end": end})
    return Books(**row)


def _entries(moved: list[dict[str, Any]]) -> list[Entry]:
    lines = {
        line.pk: line
        for line in Commission.objects.filter(pk__in={row["commission_id"] for row in moved if not row["item_id"]})
    }
    items = {
        item.pk: item
        for item in PayoutItem.objects.filter(pk__in={row["item_id"] for row in moved}).select_related("details")
    }
    entries = []
    paid: dict[tuple[int, str, date], Decimal] = defaultdict(Decimal)
    for row in moved:
        if row["item_id"]:
            paid[row["item_id"], row["kind"], row["posted_on"]] += row["amount"]
        else:
            entries.append(_line(row, lines[row["commission_id"]]))
    for (item_id, kind, on), amount in paid.items():
        entries.append(_payout(items[item_id], kind, on, amount))
    return sorted(entries, key=lambda entry: (entry.on, entry.code))


def _line(row: dict[str, Any], line: Commission) -> Entry:
    is_back = row["kind"] == LedgerKind.REVERSAL
    return Entry(
        group=WITHDRAWN if is_back else GROUP_OF.get(CommissionKind(line.kind), EARNED),
        on=row["posted_on"],
        code=line.code,
        title=line.title,
        amount=row["amount"],
        line=line,
        is_reversal=is_back,
    )


def _payout(item: PayoutItem, kind: str, on: date, amount: Decimal) -> Entry:
    account = item.details.account_mask if item.details else ""
    return Entry(PAID, on, item.code, account, amount, is_reversal=kind == LedgerKind.REVERSAL)


def own_statements(actor: Actor) -> QuerySet[Statement]:
    """Statements that were made, with what a list prints."""
    return Statement.objects.visible_to(actor).select_related("partner__organization", "pdf", "csv")


def unstated(*, month: date) -> list[dict[str, Any]]:
    """Partners and currencies with something to state about a month and no statement of it: ids and currencies.

    Something moved in it, or something is still owed after it. One statement.
    """
    return dict_rows(_UNSTATED, {"month": month, "start": month, "end": month_end(month)})


def first_unstated_month(before: date) -> date | None:
    """The month to begin with: after the last one that was stated, or that of the first posting; None before any."""
    [row] = dict_rows(_FIRST, {})
    last, first = row["last"], row["first"]
    month = add_months(last, 1) if last else first.replace(day=1) if first else None
    return month if month is not None and month < before else None


_MOVED = """
SELECT t.kind, t.posted_on, e.commission_id, e.item_id, e.amount
  FROM deals_ledgerentry e JOIN deals_ledgertransaction t ON t.id = e.transaction_id
 WHERE e.partner_id = %(partner)s AND e.currency = %(currency)s AND e.account IN ('expense', 'cash')
   AND t.posted_on BETWEEN %(start)s AND %(end)s
 ORDER BY t.posted_on, e.id
"""

_BALANCES = """
SELECT -coalesce(sum(e.amount) FILTER (WHERE t.posted_on < %(start)s), 0) AS opening,
       -coalesce(sum(e.amount), 0) AS closing,
       -coalesce(sum(e.amount) FILTER (WHERE e.account = 'accrued'), 0) AS accrued,
       -coalesce(sum(e.amount) FILTER (WHERE e.account = 'payable'), 0) AS payable,
       -coalesce(sum(e.amount) FILTER (WHERE e.account = 'clearing'), 0) AS clearing
  FROM deals_ledgerentry e JOIN deals_ledgertransaction t ON t.id = e.transaction_id
 WHERE e.partner_id = %(partner)s AND e.currency = %(currency)s AND e.account IN ('accrued', 'payable', 'clearing')
   AND t.posted_on <= %(end)s
"""

_UNSTATED = """
SELECT e.partner_id, e.currency
  FROM deals_ledgerentry e JOIN deals_ledgertransaction t ON t.id = e.transaction_id
 WHERE t.posted_on <= %(end)s
   AND NOT EXISTS (SELECT FROM deals_statement s
                    WHERE s.partner_id = e.partner_id AND s.currency = e.currency AND s.month = %(month)s)
 GROUP BY e.partner_id, e.currency
HAVING bool_or(t.posted_on >= %(start)s)
    OR coalesce(sum(e.amount) FILTER (WHERE e.account IN ('accrued', 'payable', 'clearing')), 0) <> 0
 ORDER BY e.partner_id, e.currency
"""

_FIRST = """
SELECT (SELECT max(month) FROM deals_statement) AS last,
       (SELECT min(posted_on) FROM deals_ledgertransaction) AS first
"""
