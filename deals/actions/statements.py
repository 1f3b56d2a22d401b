"""Monthly statements: ordered by the night, made in the worker, told to the partner.

Before a month is stated its books are closed, so that no later posting can fall into it: what becomes known later
stands on a later statement. Each partner and currency has one statement a month; the night may order them again and
again. A statement whose figures contradict each other or the ledger is not written: it fails and says which.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import ledger
from deals.actions.contention import settled
from deals.documents import statement as document
from deals.models import Statement
from deals.queries.statements import first_unstated_month, month_end, statement_facts, unstated
from deals.rules.statements import StatementMismatch, Totals
from prm.core.actions import audit, notices, outbox
from prm.core.actions.files import store_document
from prm.core.actors import Actor
from prm.core.bulk import insert_missing
from prm.core.business_time import add_months
from prm.core.choices import DeliveryState
from prm.core.codes import new_code
from prm.core.models import Membership, OutboxDelivery
from prm.core.pdf import PdfRefused
from prm.core.refused import Refused

log = structlog.get_logger(__name__)
ORDERED = "deals.statement.ordered"
LOST_AFTER = timedelta(hours=1)
MOST_MONTHS = 36
CSV = "text/csv"


class StatementRefused(Refused):
    """The statement can't be ordered."""

    code = "deals.statement.refused"
    text = _("This statement can’t be ordered.")


def order_statements(*, on: date, by: Actor, at: datetime) -> dict[str, int]:
    """Order what is missing for the months that ended by a date (inclusive), oldest first, and what was lost.

    Counts by what was done. Months before the last one that was stated are not looked at again.
    """
    month = first_unstated_month(before=_after(on))
    ordered = 0
    for _number in range(MOST_MONTHS):
        if month is None or month_end(month) > on:
            break
        ordered += len(order_month(month=month, by=by, at=at))
        month = add_months(month, 1)
    return {"statements_ordered": ordered, "statements_again": _order_lost_again(at)}


def _after(on: date) -> date:
    return on + timedelta(days=1)


@settled
def order_month(*, month: date, by: Actor, at: datetime) -> list[Statement]:
    """Close the books of a month and order its statements; those that were new.

    Raises StatementRefused for a month that has not ended.
    """
    with transaction.atomic():
        closed = ledger.closed_until()
        if closed is None or closed < month_end(month):
            try:
                ledger.close_books(until=month_end(month), by=by, at=at)
            except ledger.LedgerRefused as refusal:
                raise StatementRefused("deals.statement.not_ended", refusal.message) from refusal
        made = insert_missing(
            [
                Statement(
                    code=new_code("ST"),
                    partner_id=row["partner_id"],
                    currency=row["currency"],
                    month=month,
                    ordered_at=at,
                )
                for row in unstated(month=month)
            ],
            key=["code"],
            unique=["partner", "currency", "month"],
        )
        statements = list(Statement.objects.filter(pk__in=made.values()).order_by("pk"))
        audit.record_many(
            audit.entry(
                code="deals.statement.ordered",
                by=by,
                at=at,
                ref=each.ref,
                organization_id=each.partner_id,
                changes={"month": each.month, "currency": each.currency},
            )
            for each in statements
        )
        outbox.emit_many(
            name=ORDERED, items=[(each.ref, {"partner_id": each.partner_id}) for each in statements], at=at
        )
    return statements


def _order_lost_again(at: datetime) -> int:
    """Ask the worker again for statements it never finished: a broker that was emptied, a worker that was killed.

    An order that still waits in the outbox is not lost, however long nobody has emptied it.
    """
    waiting = OutboxDelivery.objects.filter(state=DeliveryState.PENDING, event__name=ORDERED)
    lost = list(
        Statement.objects.filter(ready_at=None, failure="", ordered_at__lt=at - LOST_AFTER).exclude(
            code__in=waiting.values("event__ref_code")
        )
    )
    outbox.emit_many(name=ORDERED, items=[(each.ref, {"partner_id": each.partner_id}) for each in lost], at=at)
    return len(lost)


@settled
def order_again(*, statement: Statement, by: Actor, at: datetime) -> Statement:
    """Try a failed statement again. One that was made stays as it was sent."""
    if not (by.is_vendor and by.can("deals.ledger_view")):
        raise StatementRefused("deals.statement.not_allowed", _("You do not keep the books."))
    with transaction.atomic():
        row = Statement.objects.select_for_update().get(pk=statement.pk)
        if row.ready_at is not None:
            raise StatementRefused("transition.refused", _("This statement is made; it stays as it was sent."))
        row.failure, row.ordered_at = "", at
        row.save(update_fields=["failure", "ordered_at"])
        audit.record(
            code="deals.statement.ordered",
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"month": row.month, "currency": row.currency},
        )
        outbox.emit(name=ORDERED, ref=row.ref, data={"partner_id": row.partner_id}, at=at)
    return row


def make_statement(*, code: str, at: datetime) -> str:
    """Write PDF and CSV of an ordered statement; ``ready`` or ``failed``. Does nothing once it is made."""
    statement = Statement.objects.select_related("partner__organization").get(code=code)
    if statement.ready_at is not None:
        return "ready"
    try:
        facts = statement_facts(statement)
        pdf, table = document.render_statement(facts), document.statement_csv(facts)
    except (StatementMismatch, PdfRefused) as error:
        log.warning("statement.failed", code=code, error=str(error))
        return _fail(statement, at, str(error))
    return _finish(statement, at, pdf, table, facts.totals, document.file_name(facts))


def _finish(statement: Statement, at: datetime, pdf: bytes, table: bytes, totals: Totals, name: str) -> str:
    """Write the end once: a second worker that made the same one finds it done and changes nothing."""
    with transaction.atomic():
        row = Statement.objects.select_for_update().get(pk=statement.pk)
        if row.ready_at is not None:
            return "ready"
        owner = row.partner_id
        row.pdf = store_document(
            content=pdf,
            name=f"{name}.pdf",
            suffix=".pdf",
            media_type="application/pdf",
            organization_id=owner,
            at=at,
        )
        row.csv = store_document(
            content=table, name=f"{name}.csv", suffix=".csv", media_type=CSV, organization_id=owner, at=at
        )
        row.totals, row.ready_at, row.failure = _plain(totals), at, ""
        row.save(update_fields=["pdf", "csv", "totals", "ready_at", "failure"])
        audit.record(
            code="deals.statement.ready",
            by=Actor.system("statements"),
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"pdf": row.pdf.sha256, "csv": row.csv.sha256, "closing": totals.closing},
        )
        outbox.emit(name="deals.statement.ready", ref=row.ref, data={"partner_id": row.partner_id}, at=at)
    return "ready"


def tell_of_statement(*, code: str, at: datetime) -> None:
    """News of a statement for those who follow the company's money."""
    statement = Statement.objects.select_related("partner__organization").get(code=code)
    people = Membership.objects.active().filter(
        organization_id=statement.partner_id, role__in=["partner_admin", "partner_finance"]
    )
    notices.notify(
        topic="deals.statement_ready",
        membership_ids=people.values_list("pk", flat=True),
        ref=statement.ref,
        at=at,
        context={
            "statement": statement,
            "statement_currency": statement.currency,
            "month_on": statement.month,
            "opening_amount": Decimal(statement.totals["opening"]),
            "closing_amount": Decimal(statement.totals["closing"]),
        },
    )


def _plain(totals: Totals) -> dict[str, object]:
    figures = {name: f"{getattr(totals, name):f}" for name in ("opening", "closing", "accrued", "payable", "clearing")}
    return figures | {"moved": {group: f"{amount:f}" for group, amount in totals.moved.items()}}


def _fail(statement: Statement, at: datetime, error: str) -> str:
    with transaction.atomic():
        failed = Statement.objects.filter(pk=statement.pk, ready_at=None).update(failure=error[:300])
        if failed:
            audit.record(
                code="deals.statement.failed",
                by=Actor.system("statements"),
                at=at,
                ref=statement.ref,
                organization_id=statement.partner_id,
                changes={"error": error[:300]},
            )
            outbox.emit(
                name="deals.statement.failed", ref=statement.ref, data={"partner_id": statement.partner_id}, at=at
            )
    return "failed"
