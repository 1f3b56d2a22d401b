"""The life of a commission line: booked, held, freed, voided, adjusted.

A line's computed part never changes; corrections are lines of their own that name it in ``origin``. Every line is
booked in the ledger in the same transaction. Locks are taken in the order contract, commissions by key, ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from deals.actions import ledger
from deals.actions.contention import settled
from deals.choices import CommissionKind, CommissionStatus, DisputeStatus, HoldReason
from deals.models import Commission, Dispute
from deals.queries.people import may_decide
from deals.rules.earning_states import COMMISSION
from deals.rules.fixed_amounts import FixedInputs, fix
from partners.queries.program import program_today
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.bulk import insert_missing
from prm.core.codes import new_code
from prm.core.explain import to_json
from prm.core.money import MoneyError, round_money
from prm.core.refused import Refused

OPEN = (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE)
HOLDABLE = (*OPEN, CommissionStatus.IN_PAYOUT)
_WORDS = {CommissionKind.CLAWBACK: "clawed_back", CommissionKind.ADJUSTMENT: "adjusted"}


class CommissionRefused(Refused):
    """The commission can't be changed like that."""

    code = "deals.commission.refused"
    text = _("This commission can’t be changed like that.")


def book_lines(*, lines: Sequence[Commission], by: Actor, at: datetime) -> list[Commission]:
    """Write unsaved lines with their postings; those that were new, with their keys.

    A line whose ``source_key`` is known already is left out. Runs in the caller's transaction and takes six statements
    whatever the number of lines.
    """
    if not lines:
        return []
    made = insert_missing(lines, key=["source_key"], unique=["source_key"])
    new = [line for line in lines if (line.source_key,) in made]
    for line in new:
        line.pk = made[line.source_key,]
    ledger.post_accrual(commissions=new, by=by, at=at)
    ledger.post_release(commissions=[line for line in new if line.status == CommissionStatus.PAYABLE], by=by, at=at)
    audit.record_many(
        audit.entry(
            code=f"deals.commission.{_WORDS.get(CommissionKind(line.kind), 'accrued')}",
            by=by,
            at=at,
            ref=line.ref,
            organization_id=line.partner_id,
            changes={
                "kind": line.kind,
                "amount": line.amount,
                "currency": line.currency,
                "status": line.status,
                "from": line.source_key,
            },
        )
        for line in new
    )
    outbox.emit_events(
        events=[
            outbox.Event(
                name=f"deals.commission.{_WORDS.get(CommissionKind(line.kind), 'accrued')}",
                ref=line.ref,
                data={"partner_id": line.partner_id},
            )
            for line in new
        ],
        at=at,
    )
    return new


def taken_of(commission_ids: Iterable[int]) -> dict[int, Decimal]:
    """How much was taken back of each commission so far, as amounts above zero. One statement.

    Clawbacks and adjustments below zero count, void ones don't. The caller holds the commissions' locks where it
    decides by it.
    """
    rows = (
        Commission.objects.filter(origin_id__in=list(commission_ids), amount__lt=0)
        .exclude(status=CommissionStatus.VOID)
        .values("origin_id")
        .annotate(total=Sum("amount"))
        .values_list("origin_id", "total")
    )
    return {origin_id: -total for origin_id, total in rows}


def as_correction(origin: Commission, *, today: date) -> dict[str, Any]:
    """Where a line that corrects another one begins: with it while that is accrued, else payable at once."""
    if origin.status == CommissionStatus.ACCRUED:
        return {
            "status": CommissionStatus.ACCRUED,
            "waits_for": origin.waits_for,
            "holdback_days": origin.holdback_days,
            "triggered_on": origin.triggered_on,
            "payable_on": origin.payable_on,
            "final_on": origin.final_on,
        }
    return {
        "status": CommissionStatus.PAYABLE,
        "triggered_on": today,
        "payable_on": today,
        "final_on": max(origin.final_on or today, today),
    }


def must_settle(by: Actor, partner_ids: Iterable[int], at: datetime) -> None:
    """The right to decide about lines: finance for all partners, others for those they decide for."""
    allowed = by.can("deals.commission_settle") and (
        by.is_system or by.role == "finance" or all(may_decide(by, each, at) for each in set(partner_ids))
    )
    if not allowed:
        raise CommissionRefused("deals.commission.not_allowed", _("You do not decide about this commission."))


@settled
def hold_commissions(
    *, commissions: Iterable[Commission], reason: HoldReason | str, by: Actor, at: datetime, note: str = ""
) -> list[Commission]:
    """Keep lines out of runs until they are freed; those that were held now.

    Lines that are paid, final or void are left as they are, and so are lines that are held already: only suspicion of
    fraud takes the place of another reason. A partner can hold its own lines by disputing them, and for nothing else.
    """
    ids = {line.pk: line.partner_id for line in commissions}
    if by.is_partner:
        _must_be_own(by, ids.values(), reason)
    else:
        must_settle(by, ids.values(), at)
    return hold_lines(ids=ids, reason=reason, by=by, at=at, note=note)


def hold_lines(
    *, ids: Iterable[int], reason: HoldReason | str, by: Actor, at: datetime, note: str = ""
) -> list[Commission]:
    """What ``hold_commissions`` does, for actions that have asked for the right."""
    with transaction.atomic():
        replaced = set(HoldReason.values) - {HoldReason.FRAUD} if reason == HoldReason.FRAUD else set()
        rows = list(
            Commission.objects.select_for_update()
            .filter(pk__in=list(ids), status__in=HOLDABLE, held_reason__in={"", *replaced})
            .order_by("pk")
        )
        _mark_held(rows, str(reason), by, at, note, "held")
    return rows


@settled
def free_commissions(
    *,
    commissions: Iterable[Commission],
    by: Actor,
    at: datetime,
    reason: HoldReason | str | None = None,
    note: str = "",
) -> list[Commission]:
    """Let held lines go on; those that were freed now.

    Only lines held for ``reason``; without one any but those suspected of fraud, which are freed by that name only. A
    partner frees what it disputed. While a dispute of a line, or of the line that it corrects, is open, nobody frees
    it: it waits for the settlement.
    """
    ids = {line.pk: line.partner_id for line in commissions}
    if by.is_partner:
        reason = reason or HoldReason.DISPUTE
        _must_be_own(by, ids.values(), reason)
    else:
        must_settle(by, ids.values(), at)
    with transaction.atomic():
        held = Commission.objects.select_for_update().filter(pk__in=ids).exclude(held_reason="").order_by("pk")
        held = held.filter(held_reason=reason) if reason else held.exclude(held_reason=HoldReason.FRAUD)
        rows = list(held)
        named = {pk for row in rows for pk in (row.pk, row.origin_id) if pk is not None}
        # Asked once the rows are locked: opening a dispute locks them, too.
        disputes = Dispute.objects.filter(status=DisputeStatus.OPEN, commission_id__in=named)
        waiting = set(disputes.values_list("commission_id", flat=True))
        rows = [row for row in rows if not waiting & {row.pk, row.origin_id}]
        _mark_held(rows, "", by, at, note, "freed")
    return rows


def _must_be_own(by: Actor, partner_ids: Iterable[int], reason: HoldReason | str) -> None:
    if reason != HoldReason.DISPUTE or not by.can("deals.dispute_create") or set(partner_ids) - {by.organization_id}:
        raise CommissionRefused("deals.commission.not_allowed", _("You do not decide about this commission."))


def _mark_held(rows: Sequence[Commission], reason: str, by: Actor, at: datetime, note: str, word: str) -> None:
    before = {row.pk: row.held_reason for row in rows}
    Commission.objects.filter(pk__in=before).update(held_reason=reason, version=F("version") + 1)
    for row in rows:
        row.held_reason = reason
        row.version += 1
    audit.record_many(
        audit.entry(
            code=f"deals.commission.{word}",
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"held_reason": [before[row.pk], reason]},
            reason=note.strip(),
        )
        for row in rows
    )
    outbox.emit_events(
        events=[
            outbox.Event(name=f"deals.commission.{word}", ref=row.ref, data={"partner_id": row.partner_id})
            for row in rows
        ],
        at=at,
    )


@settled
def void_commission(*, commission: Commission, reason: str, by: Actor, at: datetime) -> Commission:
    """End a line before any run took it in: its postings are reversed, as if it had never been.

    Raises CommissionRefused without a reason, while lines that correct it stand, and while it is disputed, because a
    dispute never ends with less than before; TransitionRefused afterwards.
    """
    must_settle(by, [commission.partner_id], at)
    if not reason.strip():
        raise CommissionRefused("deals.commission.reason_missing", _("Please say why."))
    with transaction.atomic():
        line = Commission.objects.select_for_update().get(pk=commission.pk)
        before = line.status
        line.status = COMMISSION.target(before, "void")
        if line.corrections.exclude(status=CommissionStatus.VOID).exists():
            raise CommissionRefused("deals.commission.corrected", _("Other lines correct this one; void those first."))
        if line.disputes.filter(status=DisputeStatus.OPEN).exists():
            raise CommissionRefused("deals.commission.disputed", _("A dispute of this line is open; settle it first."))
        line.held_reason = ""
        line.version += 1
        line.save(update_fields=["status", "held_reason", "version"])
        ledger.reverse(source_keys=ledger.facts_of([line.pk]).get(line.pk, []), by=by, at=at)
        audit.record(
            code="deals.commission.voided",
            by=by,
            at=at,
            ref=line.ref,
            organization_id=line.partner_id,
            changes={"status": [before, line.status], "amount": line.amount, "currency": line.currency},
            reason=reason.strip(),
        )
        outbox.emit(name="deals.commission.voided", ref=line.ref, data={"partner_id": line.partner_id}, at=at)
    return line


@settled
def adjust_commission(
    *, commission: Commission, amount: Decimal, reason: str, source_key: str, by: Actor, at: datetime
) -> Commission:
    """Correct a line by another one, up or down; the new line, or the one that this key made before.

    The line begins where its origin stands. Never takes back more than is left of an earned line, nor gives back more
    than a clawback took; a line below zero is only adjusted up. ``reason`` is read by the partner.
    """
    must_settle(by, [commission.partner_id], at)
    if not reason.strip():
        raise CommissionRefused("deals.commission.reason_missing", _("Please say why."))
    with transaction.atomic():
        return correct_line(commission=commission, amount=amount, reason=reason, source_key=source_key, by=by, at=at)


def correct_line(
    *, commission: Commission, amount: Decimal, reason: str, source_key: str, by: Actor, at: datetime
) -> Commission:
    """What ``adjust_commission`` does, for actions that have asked for the right; in the caller's transaction."""
    origin = Commission.objects.select_for_update().get(pk=commission.pk)
    known = Commission.objects.filter(source_key=source_key).first()
    if known is not None:
        if (known.origin_id, known.amount) != (origin.pk, amount):
            raise CommissionRefused(
                "deals.commission.key_used", _("Another adjustment was recorded as %(key)s."), {"key": source_key}
            )
        return known
    if origin.status == CommissionStatus.VOID:
        raise CommissionRefused("deals.commission.void", _("A void line is not adjusted."))
    _must_fit(origin, amount)
    given = fix(FixedInputs(amount=amount, currency=origin.currency, reason="adjustment", source=origin.code))
    [line] = book_lines(
        lines=[
            Commission(
                code=new_code("CM"),
                partner_id=origin.partner_id,
                kind=CommissionKind.ADJUSTMENT,
                source_key=source_key,
                opportunity_id=origin.opportunity_id,
                contract_id=origin.contract_id,
                origin=origin,
                program_version_id=origin.program_version_id,
                plan_code=origin.plan_code,
                plan_name=origin.plan_name,
                title=reason.strip()[:250],
                amount=given.amount,
                currency=origin.currency,
                inputs=given.inputs.to_json(),
                lines=to_json(given.lines),
                earned_on=program_today(at),
                created_at=at,
                **as_correction(origin, today=program_today(at)),
            )
        ],
        by=by,
        at=at,
    )
    return line


def _must_fit(origin: Commission, amount: Decimal) -> None:
    """Whole minor units, not nothing, and no more taken back or given back than there is."""
    try:
        is_whole = round_money(amount, origin.currency) == amount
    except MoneyError:
        is_whole = False
    if not is_whole or not amount:
        raise CommissionRefused(
            "deals.commission.amount", _("Please give an amount in whole units of %(currency)s."),
            {"currency": origin.currency},
        )  # fmt: skip
    if origin.amount < 0 and amount < 0:
        # A second correction below a clawback would pass by what is left of the line that was earned.
        raise CommissionRefused(
            "deals.commission.correct_the_line", _("To take more back, adjust the line that was earned.")
        )
    if amount > 0 and origin.amount > 0:
        return
    against = Commission.objects.filter(origin=origin).exclude(status=CommissionStatus.VOID)
    against = against.filter(amount__lt=0) if amount < 0 else against.filter(amount__gt=0)
    used = against.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    left = abs(origin.amount) - abs(used)
    if abs(amount) > left:
        raise CommissionRefused(
            "deals.commission.more_than_left",
            _("Only %(left)s %(currency)s are left of this line."),
            {"left": f"{round_money(left, origin.currency)}", "currency": origin.currency},
        )
