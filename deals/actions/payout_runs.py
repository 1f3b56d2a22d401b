"""Payout runs: asked for by one person, approved by another, prepared by the worker, written into files for the bank.

Asking for a run reserves its lines: nothing is booked yet, and a line that is held meanwhile stops the approval. The
second person approves exactly what was prepared; the database refuses the same person too. Then the worker prepares
payout by payout, each in a transaction of its own, and writes what is ready into files. All of it can be repeated:
a worker that was killed goes on where it was, and nobody is paid twice. Source: program rules §5; T12, T13, T30, F12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from deals.actions.contention import UNIQUE, settled, sqlstate
from deals.actions.payout_details import full_details
from deals.actions.payout_items import (
    NotAllowedRefused,
    PayoutRefused,
    lock_run,
    must_keep_payouts,
    prepare_item,
    reference_of,
    take_out,
)
from deals.choices import PayoutFileFormat, PayoutItemStatus, PayoutMethod, PayoutRunStatus
from deals.kinds import PAYOUT_APPROVAL
from deals.models import PayoutFile, PayoutItem, PayoutLine, PayoutRun
from deals.queries.payouts import Row, changes_since, preview
from deals.queries.people import holders_of
from deals.queries.program import Program, program_at
from deals.rules import sla
from deals.rules.earning_states import PAYOUT_RUN
from partners.queries.program import incentive_terms
from prm.core import bank_accounts
from prm.core.actions import audit, notices, outbox, work_items
from prm.core.actions.files import store_document
from prm.core.actors import Actor
from prm.core.bank_files import SEPA_CURRENCY, OwnAccount, Transfer, csv_file, sepa_file
from prm.core.business_time import local_date
from prm.core.codes import new_code
from prm.core.figures import money_text
from prm.core.models import StoredFile
from prm.core.money import CURRENCY_DIGITS
from prm.core.queries.organizations import vendor
from prm.core.refused import Refused
from prm.core.sealing import SealRefused, mask
from prm.core.uploads import clean_name

log = structlog.get_logger(__name__)
APPROVER = "vp"
WORKER = Actor.system("payouts")
MAY_APPROVE = "deals.payout_approve"


class RunRefused(PayoutRefused):
    """The run can't be asked for, approved or cancelled."""

    code = "deals.payout_run.refused"
    text = _("This can’t be done with the run.")


class ChangedRefused(RunRefused):
    """What was seen is not what is there now."""

    code = "deals.payout_run.outdated"
    text = _("Something changed since the run was prepared. Please prepare it again.")


@settled
def request_run(
    *,
    currency: str,
    through: date,
    by: Actor,
    at: datetime,
    includes_ended: bool = False,
    note: str = "",
    seen: str = "",
) -> PayoutRun:
    """Prepare a run of everything payable in a currency until a day, and ask for its approval.

    ``seen`` is the fingerprint of the preview that the person looked at: if the run would do anything else by now, it
    is refused. One run of a currency at a time. The lines are reserved from here on.
    """
    must_keep_payouts(by)
    program = program_at(at)
    if currency not in CURRENCY_DIGITS or through > program.today:
        raise RunRefused("deals.payout_run.future", _("Please choose a currency, and a day that is not in the future."))
    try:
        with transaction.atomic():
            _refuse_second(currency)
            run = _write_run(program, currency, through, by, at, includes_ended, note, seen)
    except IntegrityError as error:
        # A rival's run or line came in between; the constraints let one of two through.
        if sqlstate(error) != UNIQUE:
            raise
        raise ChangedRefused(
            "deals.payout_run.one_at_a_time", _("Another run in this currency is being prepared right now.")
        ) from error
    return run


def _refuse_second(currency: str) -> None:
    open_one = PayoutRun.objects.filter(
        currency=currency,
        status__in=[PayoutRunStatus.REQUESTED, PayoutRunStatus.APPROVED, PayoutRunStatus.PARTIAL],
    ).first()
    if open_one is not None:
        raise RunRefused(
            "deals.payout_run.one_at_a_time",
            _("%(code)s is still open. Finish or cancel it before the next run in this currency."),
            {"code": open_one.code},
        )


def _write_run(
    program: Program,
    currency: str,
    through: date,
    by: Actor,
    at: datetime,
    includes_ended: bool,
    note: str,
    seen: str,
) -> PayoutRun:
    if by.user_id is None:
        raise NotAllowedRefused
    plan = preview(program=program, currency=currency, through=through, includes_ended=includes_ended)
    if not plan.included:
        raise RunRefused("deals.payout_run.empty", _("There is nothing to pay."))
    if seen and seen != plan.fingerprint:
        raise ChangedRefused(
            "deals.payout_run.outdated", _("Something changed since you looked. Please look at the run again.")
        )
    run = PayoutRun.objects.create(
        code=new_code("PY"),
        currency=currency,
        through=through,
        status=PayoutRunStatus.REQUESTED,
        minimum_amount=plan.minimum,
        total_amount=plan.total,
        includes_ended=includes_ended,
        left_out=[_left_out(row) for row in (*plan.left_out, *plan.held)],
        note=note.strip(),
        requested_by_id=by.user_id,
        requested_at=at,
    )
    _write_items(run, plan.included)
    _ask_for_approval(run, len(plan.included), program, by, at)
    audit.record(
        code="deals.payout_run.requested",
        by=by,
        at=at,
        ref=run.ref,
        changes={
            "currency": currency,
            "through": through,
            "total": plan.total,
            "payouts": len(plan.included),
            "left_out": len(plan.left_out),
        },
        reason=run.note,
    )
    outbox.emit(name="deals.payout_run.requested", ref=run.ref, data={}, at=at)
    return run


def _left_out(row: Row) -> dict[str, object]:
    """What the approver is shown: a partner that is left out, or the held lines of one that is paid."""
    left_out = row.decision.left_out
    lines = (*row.lines, *row.held) if left_out else row.held
    return {
        "partner": row.partner.organization.code,
        "name": row.partner.organization.name,
        "why": left_out or "held",
        "amount": str(row.decision.amount if left_out and row.lines else row.held_amount),
        "lines": len(lines),
        "held": [[line.code, line.held_reason] for line in row.held][:20],
        "is_paid": row.decision.is_paid,
    }


def _write_items(run: PayoutRun, rows: Sequence[Row]) -> None:
    items = PayoutItem.objects.bulk_create(
        PayoutItem(
            code=new_code("PI"),
            run=run,
            partner=row.partner,
            currency=run.currency,
            amount=row.decision.amount,
            status=PayoutItemStatus.PLANNED,
            details=row.details,
        )
        for row in sorted(rows, key=lambda each: each.partner.pk)
    )
    by_partner = {item.partner_id: item for item in items}
    PayoutLine.objects.bulk_create(
        [
            PayoutLine(
                item=by_partner[line.partner_id], commission=line, partner_id=line.partner_id, amount=line.amount
            )
            for line in sorted((line for row in rows for line in row.lines), key=lambda each: each.pk)
        ],
        batch_size=2000,
    )


def _ask_for_approval(run: PayoutRun, payouts: int, program: Program, by: Actor, at: datetime) -> None:
    hours = incentive_terms(program.version).payout_approval_hours
    clock = sla.start_clock(at, hours, program.terms.due_soon_percent, program.calendar)
    if clock.due_at is None or clock.due_soon_at is None:
        raise ValueError("a clock that was just started runs")
    vendor_id = vendor().pk
    words = ngettext("%(amount)s to one partner", "%(amount)s to %(count)s partners", payouts) % {
        "amount": money_text(run.total_amount, run.currency),
        "count": payouts,
    }
    item = work_items.open_work_item(
        kind=PAYOUT_APPROVAL,
        ref=run.ref,
        organization_id=vendor_id,
        title=words,
        at=at,
        role=APPROVER,
        clock=work_items.Clock(clock.total_seconds, clock.due_soon_at, clock.due_at),
        context={"amount": f"{run.total_amount:f}", "currency": run.currency},
    )
    notices.notify(
        topic="deals.payout_run_requested",
        membership_ids=holders_of(vendor_id=vendor_id, assignee_id=None, role=APPROVER),
        ref=run.ref,
        at=at,
        context={"run": run, "payouts": payouts, "by_name": by.name, "due_at": item.due_at},
    )


@settled
def approve_run(*, run: PayoutRun, by: Actor, at: datetime, version: int | None = None) -> PayoutRun:
    """Let a prepared run be paid: somebody else than who asked for it, and only as it was prepared.

    Refused when a line was held or voided, a correction came in, or an account changed since.
    """
    if not by.can(MAY_APPROVE) or by.user_id is None:
        raise NotAllowedRefused("deals.payout_run.not_allowed", _("You do not approve payout runs."))
    with transaction.atomic():
        run = lock_run(run)
        state = PAYOUT_RUN.target(run.status, "approve")
        if run.requested_by_id == by.user_id:
            raise RunRefused("deals.payout_run.four_eyes", _("Somebody else has to approve a run that you prepared."))
        if version is not None and version != run.version:
            raise ChangedRefused
        if changes_since(run, program_at(at).today):
            raise ChangedRefused
        run.status, run.approved_by_id, run.approved_at = state, by.user_id, at
        run.version += 1
        run.save(update_fields=["status", "approved_by", "approved_at", "version"])
        work_items.close_work_items(ref=run.ref, kind=PAYOUT_APPROVAL, outcome="approved", by=by, at=at)
        audit.record(
            code="deals.payout_run.approved",
            by=by,
            at=at,
            ref=run.ref,
            changes={"total": run.total_amount, "currency": run.currency, "requested_by": run.requested_by_id},
        )
        outbox.emit(name="deals.payout_run.approved", ref=run.ref, data={}, at=at)
    return run


@settled
def cancel_run(*, run: PayoutRun, by: Actor, at: datetime, reason: str) -> PayoutRun:
    """Give up a run that was not approved; its lines are free again. Who may ask or approve may also say no."""
    if not (by.can("deals.payout_request") or by.can(MAY_APPROVE)):
        raise NotAllowedRefused
    if not reason.strip():
        raise RunRefused("deals.payout_run.reason_missing", _("Please say why."))
    with transaction.atomic():
        return _cancel(lock_run(run), by, at, reason.strip())


def _cancel(run: PayoutRun, by: Actor, at: datetime, reason: str) -> PayoutRun:
    state = PAYOUT_RUN.target(run.status, "cancel")
    items = list(run.items.select_for_update().order_by("pk"))
    take_out(items=items)
    run.status, run.cancelled_at, run.cancelled_reason = state, at, reason[:300]
    run.total_amount = Decimal(0)
    run.version += 1
    run.save(update_fields=["status", "cancelled_at", "cancelled_reason", "total_amount", "version"])
    work_items.close_work_items(ref=run.ref, kind=PAYOUT_APPROVAL, outcome="cancelled", by=by, at=at)
    audit.record(code="deals.payout_run.cancelled", by=by, at=at, ref=run.ref, reason=reason)
    outbox.emit(name="deals.payout_run.cancelled", ref=run.ref, data={}, at=at)
    return run


@settled
def prepare_again(*, run: PayoutRun, by: Actor, at: datetime) -> PayoutRun:
    """Replace a run that waits for approval by a new one of what is payable now, until today; the new run."""
    must_keep_payouts(by)
    with transaction.atomic():
        run = lock_run(run)
        _cancel(run, by, at, str(_("Prepared again")))
        return request_run(
            currency=run.currency,
            through=program_at(at).today,
            by=by,
            at=at,
            includes_ended=run.includes_ended,
            note=run.note,
        )


# --- The worker ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Processed:
    """What one pass over a run came to."""

    ready: int = 0
    failed: int = 0
    files: int = 0


def process_run(*, code: str, at: datetime, by: Actor = WORKER) -> Processed:
    """Prepare every planned payout of an approved run, one transaction each, then write the files for the bank.

    Safe to run twice, at the same time too, and after a kill: a payout that is not planned any more is passed over.
    """
    run = PayoutRun.objects.get(code=code)
    if run.approved_at is None:
        return Processed()
    planned = PayoutItem.objects.filter(run=run, status=PayoutItemStatus.PLANNED).order_by("pk")
    outcomes = [prepare_item(item_id=pk, by=by, at=at) for pk in list(planned.values_list("pk", flat=True))]
    files = write_payout_files(run=run, by=by, at=at)
    return Processed(outcomes.count(PayoutItemStatus.READY), outcomes.count(PayoutItemStatus.FAILED), len(files))


def unfinished_runs() -> list[str]:
    """Codes of approved runs that the worker has something left to do for."""
    waiting = PayoutItem.objects.filter(status=PayoutItemStatus.PLANNED) | PayoutItem.objects.filter(
        status=PayoutItemStatus.READY, file=None
    )
    runs = PayoutRun.objects.filter(approved_at__isnull=False, items__in=waiting).distinct()
    return sorted(runs.values_list("code", flat=True))


def resume_runs(*, at: datetime, by: Actor = WORKER) -> dict[str, Processed]:
    """Go on with every run that the broker or a worker lost. One that waits for a missing key stops no other."""
    done: dict[str, Processed] = {}
    for code in unfinished_runs():
        try:
            done[code] = process_run(code=code, at=at, by=by)
        except Refused as refusal:
            log.error("payout_run.stuck", run=code, reason=refusal.code)
    return done


@settled
def write_payout_files(*, run: PayoutRun, by: Actor, at: datetime) -> list[PayoutFile]:
    """Write the payouts that are ready and in no file yet: SEPA transfers as pain.001, all others as CSV.

    Each payout comes into exactly one file, so that two files can't pay it twice. Without an account of our own
    (``PAYOUT_IBAN``) everything goes out as CSV. Nothing is written while payouts are still being prepared, and
    nothing at all when a key is missing: SealRefused then.
    """
    with transaction.atomic():
        run = lock_run(run)
        if run.items.filter(status=PayoutItemStatus.PLANNED).exists():
            return []
        items = list(
            run.items.select_for_update(of=("self",))
            .filter(status=PayoutItemStatus.READY, file=None)
            .select_related("details", "partner__organization")
            .order_by("pk")
        )
        sepa = [item for item in items if _goes_by_sepa(item)]
        rest = [item for item in items if item not in sepa]
        number = run.files.count()
        written = []
        for format_, part in ((PayoutFileFormat.PAIN, sepa), (PayoutFileFormat.CSV, rest)):
            if part:
                number += 1
                written.append(_write_file(run, number, format_, part, by, at))
        return written


def _goes_by_sepa(item: PayoutItem) -> bool:
    return (
        bool(settings.PAYOUT_IBAN)
        and item.currency == SEPA_CURRENCY
        and item.details is not None
        and item.details.method == PayoutMethod.SEPA
    )


def _write_file(
    run: PayoutRun, number: int, format_: PayoutFileFormat, items: Sequence[PayoutItem], by: Actor, at: datetime
) -> PayoutFile:
    organization = vendor()
    message_id = f"{run.code}-{number}"
    transfers = [_transfer(item, organization.name) for item in items]
    if format_ == PayoutFileFormat.PAIN:
        own = OwnAccount(
            settings.PAYOUT_ACCOUNT_NAME,
            settings.PAYOUT_IBAN,
            settings.PAYOUT_BIC or bank_accounts.bic_of_iban(settings.PAYOUT_IBAN),
        )
        content = sepa_file(
            transfers,
            own=own,
            message_id=message_id,
            made_at=at,
            execute_on=local_date(at, organization.time_zone),
        )
        suffix, media_type = ".xml", "application/xml"
    else:
        content, suffix, media_type = csv_file(transfers), ".csv", "text/csv"
    stored = store_document(
        content=content,
        name=clean_name(f"{message_id}{suffix}"),
        suffix=suffix,
        media_type=media_type,
        organization_id=organization.pk,
        at=at,
        sealed=True,
    )
    total = sum((item.amount for item in items), Decimal(0))
    made = PayoutFile.objects.create(
        run=run,
        number=number,
        format=format_,
        file=stored,
        items_count=len(items),
        total_amount=total,
        created_at=at,
    )
    PayoutItem.objects.filter(pk__in=[item.pk for item in items]).update(file=stored)
    audit.record(
        code="deals.payout_run.file_written",
        by=by,
        at=at,
        ref=run.ref,
        changes={
            "file": stored.code,
            "format": str(format_),
            "payouts": len(items),
            "total": total,
            "sha256": stored.sha256,
        },
    )
    outbox.emit(name="deals.payout_run.file_written", ref=run.ref, data={}, at=at)
    return made


def _transfer(item: PayoutItem, payer: str) -> Transfer:
    if item.details is None:
        raise PayoutRefused("deals.payout.no_account", _("%(code)s has no account."), {"code": item.code})
    full = full_details(item.details)
    if mask(full["account"], first=4 if item.details.method == PayoutMethod.SEPA else 0) != item.details.account_mask:
        # The mask is what people approved; an account behind it that looks different was put there past the product.
        raise SealRefused(
            "deals.payout.account_differs",
            _("The account of %(code)s is not the one that was approved."),
            {"code": item.code},
        )
    reference = reference_of(item)
    return Transfer(
        reference=reference,
        payee=item.details.account_holder,
        method=item.details.method,
        account=full["account"],
        bank=full["bank"],
        country=item.details.country,
        amount=item.amount,
        currency=item.currency,
        text=f"{payer} {reference}",
    )


def download_payout_file(*, made: PayoutFile, by: Actor, at: datetime) -> StoredFile:
    """A file for the bank, for finance only; it holds account numbers in full, so each download is written down."""
    if by.is_system or not (by.can("deals.payout_request") and by.can("deals.payout_details_view")):
        raise NotAllowedRefused
    with transaction.atomic():
        audit.record(
            code="deals.payout_run.file_downloaded",
            by=by,
            at=at,
            ref=made.run.ref,
            changes={"file": made.file.code, "number": made.number},
        )
    return made.file
