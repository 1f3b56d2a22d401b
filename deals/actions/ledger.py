"""The books: what is owed to each partner, as double entries that are written once and never changed.

Debits are above zero, credits below; all but expense and cash are accounts of what we owe, so the debt to a partner is
minus their sum. Each fact has a ``source_key`` and is posted once: posting it again is a no-op, whoever asks. However
many facts there are, two INSERTs write them. A mistake is not edited but reversed. Nothing is posted into a closed
period: a fact that becomes known late stands on the first open day. Source: program rules §5; M7–M10.

| fact | debit | credit | source key |
|---|---|---|---|
| accrual of X | expense | accrued | ``accrual:<commission>`` |
| release of X | accrued | payable | ``release:<commission>`` |
| payout of X, on its way | payable | clearing | ``payout:<item>:<attempt>`` |
| payment of X, arrived | clearing | cash | ``payment:<item>:<attempt>`` |
| reversal | | the same, opposite signs | ``reversal:<source key>`` |

X below zero (a clawback) goes the same ways with its sign.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.choices import LedgerAccount, LedgerKind
from deals.models import Commission, LedgerClose, LedgerEntry, LedgerTransaction, PayoutItem
from partners.queries.program import program_today
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.bulk import insert_many, insert_missing
from prm.core.codes import new_code
from prm.core.refs import Ref
from prm.core.refused import Refused

BOOKS_LOCK = 0x1ED6E5
_WAYS = {
    LedgerKind.ACCRUAL: (LedgerAccount.EXPENSE, LedgerAccount.ACCRUED),
    LedgerKind.RELEASE: (LedgerAccount.ACCRUED, LedgerAccount.PAYABLE),
    LedgerKind.PAYOUT: (LedgerAccount.PAYABLE, LedgerAccount.CLEARING),
    LedgerKind.PAYMENT: (LedgerAccount.CLEARING, LedgerAccount.CASH),
}


class LedgerRefused(Refused):
    """The books can't be written like that."""

    code = "deals.ledger.refused"
    text = _("The books can’t be changed like that.")


@dataclass(frozen=True)
class Fact:
    """A fact to post: its kind, its key, and the commissions whose amounts move. ``item`` is the payout they are in."""

    kind: LedgerKind
    source_key: str
    commissions: Sequence[Commission]
    memo: str = ""
    item: PayoutItem | None = None


def post_accrual(*, commissions: Iterable[Commission], by: Actor, at: datetime, on: date | None = None) -> int:
    """Book earned or taken back amounts as expense; the number newly posted. ``on`` is the day, else today."""
    return _post([Fact(LedgerKind.ACCRUAL, f"accrual:{row.code}", [row], row.title) for row in commissions], by, at, on)


def post_release(*, commissions: Iterable[Commission], by: Actor, at: datetime, on: date | None = None) -> int:
    """Book accrued amounts as payable; the number newly posted."""
    return _post([Fact(LedgerKind.RELEASE, f"release:{row.code}", [row], row.title) for row in commissions], by, at, on)


def post_payout(
    *, item: PayoutItem, commissions: Sequence[Commission], by: Actor, at: datetime, on: date | None = None
) -> bool:
    """Book what a payout sends as leaving; whether this attempt was posted now. The lines must add up to the item."""
    return _post([_item_fact(LedgerKind.PAYOUT, item, commissions)], by, at, on) == 1


def post_payment(
    *, item: PayoutItem, commissions: Sequence[Commission], by: Actor, at: datetime, on: date | None = None
) -> bool:
    """Book what arrived as paid from the bank; whether this attempt was posted now."""
    return _post([_item_fact(LedgerKind.PAYMENT, item, commissions)], by, at, on) == 1


def _item_fact(kind: LedgerKind, item: PayoutItem, commissions: Sequence[Commission]) -> Fact:
    if sum(row.amount for row in commissions) != item.amount:
        raise LedgerRefused("deals.ledger.item_differs", _("The lines do not add up to the payout."))
    return Fact(kind, f"{kind}:{item.code}:{item.attempt}", commissions, item.code, item)


def reverse(*, source_keys: Iterable[str], by: Actor, at: datetime, on: date | None = None) -> int:
    """Take facts back: same accounts, opposite signs; the number newly reversed. One reversed already is a no-op.

    Raises LedgerRefused for a fact that was never posted, and for a reversal: that would be a new fact.
    """
    keys = list(source_keys)
    posted = {row.source_key: row for row in LedgerTransaction.objects.filter(source_key__in=keys)}
    if missing := [key for key in keys if key not in posted]:
        raise LedgerRefused("deals.ledger.not_posted", _("%(key)s was never posted."), {"key": missing[0]})
    if any(row.kind == LedgerKind.REVERSAL for row in posted.values()):
        raise LedgerRefused("deals.ledger.is_reversal", _("A reversal is not reversed; post the fact again."))
    if not posted:
        return 0
    with transaction.atomic():
        day = _open_day(at, on)
        made = insert_missing(
            [
                LedgerTransaction(
                    code=new_code("LT"),
                    kind=LedgerKind.REVERSAL,
                    source_key=f"reversal:{row.source_key}",
                    posted_on=day,
                    reverses_id=row.pk,
                    by=by.label,
                    memo=row.memo,
                    created_at=at,
                )
                for row in posted.values()
            ],
            key=["source_key", "reverses"],
            unique=["source_key"],
        )
        places = {reversed_id: pk for (_key, reversed_id), pk in made.items()}
        insert_many(
            [
                LedgerEntry(
                    transaction_id=places[row.transaction_id],
                    account=row.account,
                    partner_id=row.partner_id,
                    commission_id=row.commission_id,
                    item_id=row.item_id,
                    currency=row.currency,
                    amount=-row.amount,
                )
                for row in LedgerEntry.objects.filter(transaction_id__in=places).order_by("pk")
            ]
        )
    return len(made)


@settled
def close_books(*, until: date, by: Actor, at: datetime) -> LedgerClose:
    """Close the books up to and including a day, for good. What is recorded later stands on the first open day.

    Raises LedgerRefused for a day that has not ended, and for one that is closed already.
    """
    if not by.can("deals.payout_request"):
        raise LedgerRefused("deals.ledger.not_allowed", _("You do not keep the books."))
    if until >= program_today(at):
        raise LedgerRefused("deals.ledger.not_ended", _("Only days that have ended can be closed."))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOOKS_LOCK])
        before = closed_until()
        if before is not None and until <= before:
            raise LedgerRefused(
                "deals.ledger.closed", _("The books are closed until %(day)s already."), {"day": before.isoformat()}
            )
        closed = LedgerClose.objects.create(closed_until=until, closed_by_id=by.user_id, closed_at=at)
        audit.record(
            code="deals.ledger.closed",
            by=by,
            at=at,
            ref=Ref("deals.ledger_close", until.isoformat()),
            changes={"closed_until": [before, until]},
        )
    return closed


def closed_until() -> date | None:
    """The last closed day; None while everything is open."""
    return LedgerClose.objects.aggregate(Max("closed_until"))["closed_until__max"]


def _open_day(at: datetime, on: date | None) -> date:
    """The day a fact stands on: its own, or the first open one. Keeps the books from closing until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [BOOKS_LOCK])
    day, closed = on or program_today(at), closed_until()
    return day if closed is None or day > closed else closed + timedelta(days=1)


def _post(facts: Sequence[Fact], by: Actor, at: datetime, on: date | None) -> int:
    """Write transactions and entries of facts that are not posted yet, in two statements; how many were."""
    if not facts:
        return 0
    with transaction.atomic():
        day = _open_day(at, on)
        made = insert_missing(
            [
                LedgerTransaction(
                    code=new_code("LT"),
                    kind=fact.kind,
                    source_key=fact.source_key,
                    posted_on=day,
                    by=by.label,
                    memo=fact.memo[:250],
                    created_at=at,
                )
                for fact in facts
            ],
            key=["source_key"],
            unique=["source_key"],
        )
        insert_many(
            [
                LedgerEntry(
                    transaction_id=made[fact.source_key,],
                    account=account,
                    partner_id=row.partner_id,
                    commission_id=row.pk,
                    item_id=fact.item.pk if fact.item else None,
                    currency=row.currency,
                    amount=amount,
                )
                for fact in facts
                if (fact.source_key,) in made
                for row in fact.commissions
                for account, amount in zip(_WAYS[fact.kind], (row.amount, -row.amount), strict=True)
            ]
        )
    return len(made)


def facts_of(commission_ids: Iterable[int]) -> dict[int, list[str]]:
    """The keys of the facts that move each commission and are not reversed, oldest first. One statement."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = (
        LedgerEntry.objects.filter(commission_id__in=list(commission_ids), transaction__reversed_by=None)
        .exclude(transaction__kind=LedgerKind.REVERSAL)
        .order_by("transaction_id")
        .values_list("commission_id", "transaction__source_key")
        .distinct()
    )
    for commission_id, key in rows:
        found[commission_id].append(key)
    return dict(found)
