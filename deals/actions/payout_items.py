"""What happens to one payout of a run: prepared, confirmed as paid, reported as failed, sent again, taken out.

Every step locks in the order run, payout, commissions (by id), ledger, and asks the table of states under the lock:
whoever comes second finds the state changed and is told so. A payout is booked by its number and attempt, and the books
take each of these once. So a step that is repeated, by a second click or by a worker that was killed, changes nothing.

While a payout is on its way its lines are *in a payout* and its amount stands on the clearing account. When it fails,
both go back to payable, but the lines stay reserved for it until it is sent again or taken out. Source: program rules
§5; M8, M10, F12.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, F, QuerySet, Sum
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from deals.actions import ledger
from deals.actions.contention import settled
from deals.choices import CommissionStatus, LeftOut, PayoutItemStatus, PayoutRunStatus
from deals.models import Commission, PayoutItem, PayoutLine, PayoutRun
from deals.queries.payouts import current_details, problem_of
from deals.queries.program import program_at
from deals.rules.earning_states import COMMISSION, PAYOUT_ITEM, PAYOUT_RUN
from deals.rules.payouts import run_arrow
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.refused import Refused
from prm.core.transitions import TransitionRefused

log = structlog.get_logger(__name__)
LONGEST_REASON = 300


class PayoutRefused(Refused):
    """This can't be done with the payout or its run."""

    code = "deals.payout.refused"
    text = _("This can’t be done with the payout.")


class NotAllowedRefused(PayoutRefused):
    """The person has no part in payouts."""

    code = "deals.payout.not_allowed"
    text = _("You do not prepare payouts.")


def lock_run(run: PayoutRun | int) -> PayoutRun:
    """The run under lock; everything about its payouts begins with this."""
    return PayoutRun.objects.select_for_update().get(pk=run if isinstance(run, int) else run.pk)


def must_keep_payouts(by: Actor) -> None:
    """Refuse whoever may not prepare payouts and report what the bank did."""
    if not by.can("deals.payout_request"):
        raise NotAllowedRefused


def settle_run(*, run: PayoutRun, by: Actor, at: datetime) -> PayoutRun:
    """Bring a locked run's state and total in line with its payouts, after one of them moved."""
    rows = run.items.order_by().values("status").annotate(n=Count("pk"), total=Sum("amount"))
    counts = {row["status"]: row["n"] for row in rows}
    run.total_amount = sum((row["total"] for row in rows if row["status"] != PayoutItemStatus.VOID), start=0)
    arrow, before = run_arrow(counts), run.status
    if arrow and PAYOUT_RUN.allows(run.status, arrow):
        run.status = PAYOUT_RUN.target(run.status, arrow)
    if run.status == PayoutRunStatus.COMPLETED:
        run.completed_at = at
    run.version += 1
    run.save(update_fields=["total_amount", "status", "completed_at", "version"])
    if run.status != before:
        audit.record(
            code=f"deals.payout_run.{run.status}",
            by=by,
            at=at,
            ref=run.ref,
            changes={"status": [before, run.status], "total": run.total_amount},
        )
        outbox.emit(name=f"deals.payout_run.{run.status}", ref=run.ref, data={}, at=at)
    return run


# --- Prepared: booked as leaving ------------------------------------------------------------------------------------


def prepare_item(*, item_id: int, by: Actor, at: datetime) -> str:
    """Book one planned payout as leaving, in a transaction of its own; the state it is in afterwards.

    What no longer fits the approval (a line that was held or void, another account, a suspended partner) makes it fail
    with the reason; so does an error nobody expected, because the others must not wait for it. Only a database that is
    away goes up: then everything is tried again later. One that is not planned (any more) stays as it is.
    """
    try:
        with transaction.atomic():
            return _prepare(item_id, by, at)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("payout.not_prepared", item=item_id)
        with transaction.atomic():
            run, item = _lock_item(item_id)
            if item.status != PayoutItemStatus.PLANNED:
                return item.status
            _fail(run, item, f"{now_('It could not be prepared:')} {type(error).__name__}", by, at)
            settle_run(run=run, by=by, at=at)
            return item.status


def _prepare(item_id: int, by: Actor, at: datetime) -> str:
    run, item = _lock_item(item_id)
    if item.status != PayoutItemStatus.PLANNED or run.approved_at is None:
        return item.status
    problem = _send(run, item, "prepare", by, at)
    if problem:
        _fail(run, item, problem, by, at)
    settle_run(run=run, by=by, at=at)
    return item.status


def _lock_item(item_id: int) -> tuple[PayoutRun, PayoutItem]:
    run = lock_run(PayoutItem.objects.values_list("run_id", flat=True).get(pk=item_id))
    return run, PayoutItem.objects.select_for_update().get(pk=item_id)


def _send(run: PayoutRun, item: PayoutItem, arrow: str, by: Actor, at: datetime) -> str:
    """Book a locked payout as leaving by its next attempt; instead of that, why it can't leave."""
    state = PAYOUT_ITEM.target(item.status, arrow)
    lines = _lock_lines(item)
    problem = _why_not(run, item, lines, at, may_change_account=arrow == "retry")
    if problem:
        return problem
    item.status, item.failure, item.file_id = state, "", None
    item.attempt += 1
    item.version += 1
    item.save(update_fields=["status", "failure", "file", "attempt", "details", "version"])
    _move(lines, "take_in")
    ledger.post_payout(item=item, commissions=lines, by=by, at=at)
    audit.record(
        code="deals.payout.prepared",
        by=by,
        at=at,
        ref=item.ref,
        organization_id=item.partner_id,
        changes={
            "attempt": item.attempt,
            "amount": item.amount,
            "currency": item.currency,
            "account": item.details.account_mask if item.details else "",
        },
    )
    return ""


def _lock_lines(item: PayoutItem) -> list[Commission]:
    live = PayoutLine.objects.filter(item=item, is_void=False).values("commission_id")
    return list(Commission.objects.select_for_update().filter(pk__in=live).order_by("pk"))


def _why_not(
    run: PayoutRun, item: PayoutItem, lines: Sequence[Commission], at: datetime, *, may_change_account: bool
) -> str:
    held = [line.code for line in lines if line.held_reason]
    if held:
        return now_("held since the run was prepared: %(codes)s") % {"codes": ", ".join(held[:5])}
    gone = [line.code for line in lines if line.status != CommissionStatus.PAYABLE]
    if gone:
        return now_("no longer payable: %(codes)s") % {"codes": ", ".join(gone[:5])}
    details = current_details([item.partner_id]).get(item.partner_id)
    problem = problem_of(item.partner, details, program_at(at).today, run.includes_ended)
    if problem:
        return str(LeftOut(problem).label)
    if details is not None and details.pk != item.details_id:
        if not may_change_account:
            return now_("the bank details were changed after the run was prepared")
        item.details = details
    return ""


def _move(lines: Sequence[Commission], arrow: str, **changes: object) -> None:
    """One guarded statement for all lines of a payout; they are locked, so a miss is a fault, not a race."""
    moved = Commission.objects.filter(pk__in=[line.pk for line in lines], status__in=COMMISSION.sources(arrow)).update(
        status=COMMISSION.arrows[arrow][1], version=F("version") + 1, **changes
    )
    if moved != len(lines):
        raise PayoutRefused("deals.payout.lines_moved", _("Its lines are not in the state that this needs."))


# --- Paid -----------------------------------------------------------------------------------------------------------


@settled
def confirm_paid(
    *, run: PayoutRun, by: Actor, at: datetime, paid_on: date, codes: Iterable[str] | None = None
) -> list[PayoutItem]:
    """Book payouts as arrived on a day: those named, or all that are on their way. The remittance goes out with it.

    All or none: TransitionRefused when one of those named is not on its way, so that a second click is told so.
    """
    must_keep_payouts(by)
    with transaction.atomic():
        run = lock_run(run)
        items = _chosen(run, codes, "pay")
        _must_be_a_day(run, paid_on, program_at(at).today)
        for item in items:
            _confirm(item, paid_on, by, at)
        _tell_of(items, at)
        settle_run(run=run, by=by, at=at)
    return items


def _must_be_a_day(run: PayoutRun, paid_on: date, today: date) -> None:
    if run.approved_at is None or paid_on > today:
        raise PayoutRefused("deals.payout.future", _("Please choose a day that is not in the future."))
    if paid_on < program_at(run.approved_at).today:
        raise PayoutRefused("deals.payout.too_early", _("The run was approved after that day."))


def _tell_of(items: Sequence[PayoutItem], at: datetime) -> None:
    outbox.emit_many(
        name="deals.payout.paid", items=[(item.ref, {"partner_id": item.partner_id}) for item in items], at=at
    )


def _locked(run: PayoutRun) -> QuerySet[PayoutItem]:
    rows = run.items.select_for_update(of=("self",)).select_related("partner__organization", "details")
    return rows.order_by("pk")


def _chosen(run: PayoutRun, codes: Iterable[str] | None, arrow: str) -> list[PayoutItem]:
    """The locked payouts that were named, all of which must allow the step, or all that do."""
    rows = _locked(run)
    if codes is None:
        found = list(rows.filter(status__in=PAYOUT_ITEM.sources(arrow)))
    else:
        wanted = set(codes)
        found = list(rows.filter(code__in=wanted))
        if len(found) < len(wanted):
            raise PayoutRefused("deals.payout.unknown", _("A payout named here is not in this run."))
    for item in found:
        PAYOUT_ITEM.target(item.status, arrow)
    if not found:
        raise TransitionRefused(values={"noun": PAYOUT_ITEM.noun, "state": run.get_status_display(), "action": arrow})
    return found


def _confirm(item: PayoutItem, paid_on: date, by: Actor, at: datetime) -> None:
    if item.file_id is None:
        raise PayoutRefused("deals.payout.not_sent", _("%(code)s is in no file for the bank yet."), {"code": item.code})
    lines = _lock_lines(item)
    item.status, item.paid_on = PAYOUT_ITEM.target(item.status, "pay"), paid_on
    item.version += 1
    item.save(update_fields=["status", "paid_on", "version"])
    _move(lines, "pay", paid_on=paid_on)
    ledger.post_payment(item=item, commissions=lines, by=by, at=at, on=paid_on)
    audit.record(
        code="deals.payout.paid",
        by=by,
        at=at,
        ref=item.ref,
        organization_id=item.partner_id,
        changes={"paid_on": paid_on, "amount": item.amount, "currency": item.currency, "attempt": item.attempt},
    )


# --- Failed, sent again, taken out ----------------------------------------------------------------------------------


@settled
def fail_item(*, item: PayoutItem, by: Actor, at: datetime, failure: str, version: int | None = None) -> PayoutItem:
    """Report that the bank returned a payout, with its reason; what was booked as leaving is taken back."""
    must_keep_payouts(by)
    with transaction.atomic():
        run, item = _lock_item(item.pk)
        _must_be_as_seen(item, version)
        _return(run, item, failure, by, at)
        settle_run(run=run, by=by, at=at)
    return item


def _return(run: PayoutRun, item: PayoutItem, failure: str, by: Actor, at: datetime) -> None:
    """What the bank sent back was on its way; a payout that was never sent can't come back."""
    if not failure.strip():
        raise PayoutRefused("deals.payout.reason_missing", _("Please write the bank’s reason."))
    if item.status != PayoutItemStatus.READY:
        raise TransitionRefused(values={"noun": PAYOUT_ITEM.noun, "state": item.get_status_display(), "action": "fail"})
    _fail(run, item, failure.strip(), by, at)


def _must_be_as_seen(item: PayoutItem, version: int | None) -> None:
    if version is not None and version != item.version:
        raise PayoutRefused("deals.payout.stale", _("Somebody else changed this payout in the meantime."))


def _fail(run: PayoutRun, item: PayoutItem, failure: str, by: Actor, at: datetime) -> None:
    was_ready = item.status == PayoutItemStatus.READY
    item.status, item.failure = PAYOUT_ITEM.target(item.status, "fail"), failure[:LONGEST_REASON]
    item.version += 1
    item.save(update_fields=["status", "failure", "version"])
    if was_ready:
        _move(_lock_lines(item), "put_back")
        ledger.reverse(source_keys=[f"payout:{item.code}:{item.attempt}"], by=by, at=at)
    audit.record(
        code="deals.payout.failed",
        by=by,
        at=at,
        ref=item.ref,
        organization_id=item.partner_id,
        changes={"attempt": item.attempt},
        reason=item.failure,
    )
    outbox.emit(name="deals.payout.failed", ref=item.ref, data={"partner_id": item.partner_id}, at=at)


@dataclass(frozen=True)
class Retried:
    """What came of sending failed payouts again: those on their way, and those that still can't leave."""

    sent: tuple[PayoutItem, ...]
    stuck: tuple[PayoutItem, ...]


@settled
def retry_items(*, run: PayoutRun, by: Actor, at: datetime, codes: Iterable[str] | None = None) -> Retried:
    """Send failed payouts again, those named or all, to the account that counts now and by a new attempt number.

    They come into a file of their own, which the worker writes. One that still can't leave stays failed with its
    reason. TransitionRefused when one of those named has not failed.
    """
    must_keep_payouts(by)
    sent, stuck = [], []
    with transaction.atomic():
        run = lock_run(run)
        for item in _chosen(run, codes, "retry"):
            problem = _send(run, item, "retry", by, at)
            if problem:
                item.failure = problem[:LONGEST_REASON]
                item.save(update_fields=["failure"])
                stuck.append(item)
            else:
                sent.append(item)
        if sent:
            outbox.emit(name="deals.payout_run.retried", ref=run.ref, data={}, at=at)
        settle_run(run=run, by=by, at=at)
    return Retried(tuple(sent), tuple(stuck))


@settled
def release_item(*, item: PayoutItem, by: Actor, at: datetime, reason: str, version: int | None = None) -> PayoutItem:
    """Take a failed payout out of its run: its lines are payable again and come into the next one."""
    must_keep_payouts(by)
    if not reason.strip():
        raise PayoutRefused("deals.payout.reason_missing", _("Please say why it is taken out."))
    with transaction.atomic():
        run, item = _lock_item(item.pk)
        _must_be_as_seen(item, version)
        if item.status != PayoutItemStatus.FAILED:
            raise TransitionRefused(
                values={"noun": PAYOUT_ITEM.noun, "state": item.get_status_display(), "action": "void"}
            )
        take_out(items=[item])
        audit.record(
            code="deals.payout.taken_out",
            by=by,
            at=at,
            ref=item.ref,
            organization_id=item.partner_id,
            changes={"amount": item.amount, "currency": item.currency},
            reason=reason.strip(),
        )
        outbox.emit(name="deals.payout.taken_out", ref=item.ref, data={"partner_id": item.partner_id}, at=at)
        settle_run(run=run, by=by, at=at)
    item.refresh_from_db()
    return item


def take_out(*, items: Sequence[PayoutItem]) -> None:
    """Void locked payouts and let their lines go; their commissions are payable already."""
    ids = [item.pk for item in items]
    PayoutItem.objects.filter(pk__in=ids, status__in=PAYOUT_ITEM.sources("void")).update(
        status=PAYOUT_ITEM.arrows["void"][1], version=F("version") + 1
    )
    PayoutLine.objects.filter(item_id__in=ids, is_void=False).update(is_void=True)


# --- What the bank reports -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """One line of what the bank reports: which payout by which attempt, on which day it was paid, or why it failed."""

    reference: str
    paid_on: date | None = None
    failure: str = ""


@dataclass(frozen=True)
class Recorded:
    """What came of a report: how many were booked, how many were known already, and what could not be taken."""

    paid: int
    failed: int
    known: int
    refused: tuple[tuple[str, str], ...]


@settled
def record_results(*, run: PayoutRun, by: Actor, at: datetime, results: Sequence[Result]) -> Recorded:
    """Book a whole report of the bank. The same report again changes nothing.

    A reference is the payout's number with its attempt, as in the file; the number alone means the last attempt. An
    answer to an attempt that is not the last one is refused, because the payout was sent again since.
    """
    must_keep_payouts(by)
    refused: list[tuple[str, str]] = []
    paid: list[PayoutItem] = []
    failed = known = 0
    with transaction.atomic():
        run = lock_run(run)
        today = program_at(at).today
        items = {item.code: item for item in _locked(run)}
        for result in results:
            try:
                item = _meant(items, result)
                if _is_known(item, result):
                    known += 1
                elif result.paid_on is not None:
                    _must_be_a_day(run, result.paid_on, today)
                    _confirm(item, result.paid_on, by, at)
                    paid.append(item)
                else:
                    _return(run, item, result.failure, by, at)
                    failed += 1
            except Refused as refusal:
                refused.append((result.reference, refusal.message))
        _tell_of(paid, at)
        settle_run(run=run, by=by, at=at)
    return Recorded(len(paid), failed, known, tuple(refused))


def _meant(items: dict[str, PayoutItem], result: Result) -> PayoutItem:
    code, attempt = split_reference(result.reference)
    item = items.get(code)
    if item is None:
        raise PayoutRefused("deals.payout.unknown", _("There is no such payout in this run."))
    if attempt is not None and attempt != item.attempt:
        raise PayoutRefused("deals.payout.other_attempt", _("This payout was sent again since."))
    return item


def _is_known(item: PayoutItem, result: Result) -> bool:
    if result.paid_on is not None:
        return item.status == PayoutItemStatus.PAID and item.paid_on == result.paid_on
    return item.status == PayoutItemStatus.FAILED and item.failure == result.failure.strip()[:LONGEST_REASON]


def reference_of(item: PayoutItem) -> str:
    """What the bank gets as the payment's reference, and reports it by: number and attempt."""
    return f"{item.code}-{item.attempt}"


def split_reference(text: str) -> tuple[str, int | None]:
    """The payout's number, and the attempt where the reference names one: PI-7K3M9QX-2."""
    parts = text.strip().upper().split("-")
    if len(parts) == 3 and parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 5:
        return "-".join(parts[:2]), int(parts[2])
    return text.strip().upper(), None
