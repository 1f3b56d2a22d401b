"""The life of a dispute: opened by the partner on one line, settled by the vendor against the clock, or withdrawn.

While it is open the line is held, and what corrects it too: they do not become payable and are in no run. A line that
is in a run already goes on its way, but waits if its payout fails; of a paid one only what follows from it is held.
Settling never changes the line: what the partner is owed more becomes an adjustment, booked like any other line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import commissions
from deals.actions.contention import settled
from deals.actions.registrations import IncompleteRefused
from deals.actions.work import priority_of
from deals.choices import CommissionStatus, DisputeStatus, HoldReason
from deals.kinds import DISPUTE
from deals.models import Commission, Dispute
from deals.queries.disputes import (
    adjusted_by,
    lines_to_free,
    lines_to_hold,
    may_settle,
    settlers_before,
    with_hand_in,
)
from deals.queries.people import decider_for, followers_of, holders_of
from deals.queries.program import Program, program_at
from deals.rules import disputes as rules
from deals.rules import sla
from deals.rules.earning_states import DISPUTE as STATES
from partners.queries.program import incentive_terms
from prm.core.actions import audit, notices, outbox, work_items
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import WorkItem
from prm.core.queries.organizations import vendor
from prm.core.refused import Refused
from prm.core.uploads import accept_upload

ARROWS = {
    DisputeStatus.UPHELD: "uphold",
    DisputeStatus.PARTLY_UPHELD: "uphold_partly",
    DisputeStatus.REJECTED: "reject",
}
_SIZES = {
    "missing": _("Please say what the line should be."),
    "not_more": _("This must be more than the line is worth now. To leave it as it is, reject the dispute."),
    "not_less": _("This must be less than was taken back. To leave it as it is, reject the dispute."),
    "whole": _("This is all that was asked for, or more: uphold the dispute instead."),
}


class DisputeRefused(Refused):
    """The dispute can't be opened or settled like that."""

    code = "deals.dispute.refused"
    text = _("This dispute can’t be changed like that.")


class DisputeStaleRefused(DisputeRefused):
    """Somebody settled or withdrew it since the page was opened."""

    code = "deals.dispute.stale"
    text = _("This dispute was changed since you opened it.")


class SameHandRefused(DisputeRefused):
    """Who opened a dispute, or made or settled the line before, does not settle it."""

    code = "deals.dispute.same_hand"
    text = _("You had a hand in this line before. Somebody else settles the dispute.")


@dataclass(frozen=True)
class _Desk:
    assignee_id: int | None
    role: str


@settled
def open_dispute(
    *,
    commission: Commission,
    by: Actor,
    at: datetime,
    reason: str,
    expected_amount: Decimal | None = None,
    file: UploadedFile | None = None,
) -> Dispute:
    """Object to a line: holds it and starts the clock of who decides for the partner.

    ``expected_amount`` is the size the line should have, in its own currency and direction. Raises DisputeRefused for a
    line that is void or disputed already, IncompleteRefused, or UploadRefused for the evidence.
    """
    if not (by.is_partner and by.organization_id == commission.partner_id and by.can("deals.dispute_create")):
        raise DisputeRefused("deals.dispute.not_allowed", _("You can’t do this for this company."))
    if by.user_id is None:
        raise DisputeRefused
    program = program_at(at)
    with transaction.atomic():
        line = _lock_line(commission.pk)
        _must_be_disputable(line)
        _must_be_complete(line, reason, expected_amount)
        dispute = Dispute(
            code=new_code("DP"),
            commission=line,
            partner_id=line.partner_id,
            reason=reason.strip(),
            expected_amount=expected_amount,
            opened_by_id=by.user_id,
            opened_at=at,
        )
        if file is not None:
            dispute.file = accept_upload(file=file, by=by, at=at, organization_id=line.partner_id)
        dispute.save(force_insert=True)
        commissions.hold_commissions(commissions=lines_to_hold(line), reason=HoldReason.DISPUTE, by=by, at=at)
        _ask_for_settlement(dispute, line, program, at)
        audit.record(
            code="deals.dispute.opened",
            by=by,
            at=at,
            ref=dispute.ref,
            organization_id=line.partner_id,
            changes={
                "commission": line.code,
                "expected_amount": expected_amount,
                "currency": line.currency,
                "note": dispute.reason,
                "file": dispute.file.sha256 if dispute.file else "",
            },
        )
        outbox.emit(
            name="deals.dispute.opened",
            ref=dispute.ref,
            data={"partner_id": line.partner_id, "commission": line.code},
            at=at,
        )
    return dispute


def _must_be_disputable(line: Commission) -> None:
    if line.status == CommissionStatus.VOID:
        raise DisputeRefused("deals.dispute.void", _("This line was taken out before it was paid; it counts nothing."))
    if line.disputes.filter(status=DisputeStatus.OPEN).exists():
        raise DisputeRefused("deals.dispute.open_already", _("This line is disputed already; we are looking at it."))


def _must_be_complete(line: Commission, reason: str, expected: Decimal | None) -> None:
    problems: dict[str, Any] = {}
    if not reason.strip():
        problems["reason"] = _("Please say what is wrong.")
    if expected is not None and not rules.may_expect(amount=line.amount, adjusted=adjusted_by(line), expected=expected):
        problems["expected_amount"] = (
            _("This is not more than the line gives you now.")
            if line.amount > 0
            else _("This is not less than was taken back.")
        )
    if problems:
        raise IncompleteRefused(problems)


def _ask_for_settlement(dispute: Dispute, line: Commission, program: Program, at: datetime) -> None:
    """Put it on the desk of who decides for the partner; of the directors, where that person had a hand in it."""
    hours = incentive_terms(program.version).dispute_hours
    clock = sla.start_clock(at, hours, program.terms.due_soon_percent, program.calendar)
    if clock.due_at is None or clock.due_soon_at is None:
        raise AssertionError("a clock that just started is running")
    vendor_id, desk = vendor().pk, _desk_for(line, program)
    item = work_items.open_work_item(
        kind=DISPUTE,
        ref=dispute.ref,
        organization_id=vendor_id,
        about_id=dispute.partner_id,
        title=str(_("Dispute: %(line)s") % {"line": line.title}),
        at=at,
        role=desk.role,
        assignee_id=desk.assignee_id,
        clock=work_items.Clock(clock.total_seconds, clock.due_soon_at, clock.due_at),
        priority=priority_of(dispute.partner_id, program),
        escalate_to_role=program.terms.escalate_to,
        context={"commission": line.code, "amount": f"{line.amount:f}", "currency": line.currency},
    )
    notices.notify(
        topic="deals.dispute_opened",
        membership_ids=holders_of(vendor_id=vendor_id, assignee_id=desk.assignee_id, role=desk.role),
        ref=dispute.ref,
        at=at,
        context=_facts(dispute, line) | {"due_at": item.due_at},
    )


def _desk_for(line: Commission, program: Program) -> _Desk:
    decider = decider_for(line.partner, program.today)
    if decider.user_id is not None and decider.user_id in with_hand_in(line) | settlers_before(line):
        return _Desk(None, program.terms.escalate_to)
    return _Desk(decider.user_id, "" if decider.user_id else decider.role)


@settled
def settle_dispute(
    *,
    dispute: Dispute,
    by: Actor,
    at: datetime,
    outcome: str,
    answer: str,
    right_amount: Decimal | None = None,
    version: int | None = None,
) -> Dispute:
    """Uphold, partly uphold or reject, with an answer that the partner reads.

    ``right_amount`` is the size the line should have; upheld, it is what the partner expected unless said otherwise.
    The difference becomes an adjustment. Raises DisputeRefused, DisputeStaleRefused, SameHandRefused,
    IncompleteRefused, or TransitionRefused once it is settled.
    """
    if not may_settle(by, dispute.partner_id, at) or by.user_id is None:
        raise DisputeRefused("deals.dispute.not_yours", _("You do not settle disputes of this partner."))
    if not answer.strip():
        raise IncompleteRefused({"answer": _("Please say why. The partner reads it.")})
    with transaction.atomic():
        line = _lock_line(dispute.commission_id)
        held = _lock(dispute, version=version)
        target = STATES.target(held.status, ARROWS[DisputeStatus(outcome)])
        if by.user_id == held.opened_by_id or by.user_id in with_hand_in(line) | settlers_before(line):
            raise SameHandRefused
        adjustment = _adjust(held, line, outcome, right_amount, by, at)
        _end(held, target, by, at, answer=answer, adjustment=adjustment)
        _free(line, by, at)
        work_items.close_work_items(ref=held.ref, kind=DISPUTE, outcome=target, by=by, at=at)
        audit.record(
            code="deals.dispute.settled",
            by=by,
            at=at,
            ref=held.ref,
            organization_id=held.partner_id,
            changes={
                "status": [DisputeStatus.OPEN, target],
                "commission": line.code,
                "adjustment": adjustment.code if adjustment else "",
                "amount": adjustment.amount if adjustment else None,
                "note": held.answer,
            },
        )
        outbox.emit(
            name="deals.dispute.settled",
            ref=held.ref,
            data={"partner_id": held.partner_id, "commission": line.code, "outcome": target},
            at=at,
        )
        notices.notify(
            topic="deals.dispute_settled",
            membership_ids=followers_of(held.partner_id, held.opened_by_id),
            ref=held.ref,
            at=at,
            context=_facts(held, line) | {"adjustment": adjustment, "answer": held.answer},
        )
    return held


def _adjust(
    dispute: Dispute, line: Commission, outcome: str, right: Decimal | None, by: Actor, at: datetime
) -> Commission | None:
    try:
        settlement = rules.settle(
            amount=line.amount,
            adjusted=adjusted_by(line),
            expected=dispute.expected_amount,
            outcome=outcome,
            right=right,
            currency=line.currency,
        )
    except rules.SettlementError as error:
        raise IncompleteRefused({"right_amount": _SIZES[error.code]}) from error
    if not settlement.difference:
        return None
    return commissions.adjust_commission(
        commission=line,
        amount=settlement.difference,
        reason=str(_("Dispute %(code)s settled: %(line)s") % {"code": dispute.code, "line": line.title}),
        source_key=f"dispute:{dispute.code}",
        by=by,
        at=at,
    )


@settled
def withdraw_dispute(*, dispute: Dispute, by: Actor, at: datetime, version: int | None = None) -> Dispute:
    """The partner takes it back: the line goes on as before. Raises TransitionRefused once it is settled."""
    if not (by.is_partner and by.organization_id == dispute.partner_id and by.can("deals.dispute_create")):
        raise DisputeRefused("deals.dispute.not_allowed", _("You can’t do this for this company."))
    with transaction.atomic():
        line = _lock_line(dispute.commission_id)
        mine = _lock(dispute, version=version)
        target = STATES.target(mine.status, "withdraw")
        told = _holders(mine)
        _end(mine, target, by, at)
        _free(line, by, at)
        work_items.close_work_items(ref=mine.ref, kind=DISPUTE, outcome=target, by=by, at=at)
        audit.record(
            code="deals.dispute.withdrawn",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"status": [DisputeStatus.OPEN, target], "commission": line.code},
        )
        outbox.emit(
            name="deals.dispute.withdrawn",
            ref=mine.ref,
            data={"partner_id": mine.partner_id, "commission": line.code},
            at=at,
        )
        notices.notify(
            topic="deals.dispute_withdrawn", membership_ids=told, ref=mine.ref, at=at, context=_facts(mine, line)
        )
    return mine


def _lock_line(commission_id: int) -> Commission:
    """The line before its dispute, as everywhere: money is locked in one order."""
    rows = Commission.objects.select_for_update(of=("self",)).select_related("partner__organization")
    return rows.get(pk=commission_id)


def _lock(dispute: Dispute, *, version: int | None) -> Dispute:
    locked = Dispute.objects.select_for_update(of=("self",)).select_related("partner__organization").get(pk=dispute.pk)
    if version is not None and version != locked.version:
        raise DisputeStaleRefused(values={"version": locked.version, "state": locked.status})
    return locked


def _end(
    dispute: Dispute, status: str, by: Actor, at: datetime, *, answer: str = "", adjustment: Commission | None = None
) -> None:
    dispute.status, dispute.settled_at, dispute.settled_by_id = status, at, by.user_id
    dispute.answer, dispute.adjustment = answer.strip(), adjustment
    dispute.version += 1
    dispute.save(update_fields=["status", "settled_at", "settled_by", "answer", "adjustment", "version"])


def _free(line: Commission, by: Actor, at: datetime) -> None:
    """Lines that are held for another reason stay held, and so do corrections that are disputed themselves."""
    commissions.free_commissions(commissions=lines_to_free(line), reason=HoldReason.DISPUTE, by=by, at=at)


def _holders(dispute: Dispute) -> Iterable[int]:
    item = WorkItem.objects.open().about("deals.dispute", dispute.code).filter(kind=DISPUTE).first()
    if item is None:
        return []
    return holders_of(vendor_id=item.organization_id, assignee_id=item.assignee_id, role=item.role)


def _facts(dispute: Dispute, line: Commission) -> dict[str, Any]:
    return {"dispute": dispute, "line": line, "partner_name": line.partner.organization.name}
