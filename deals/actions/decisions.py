"""What the vendor does with a registration: ask, approve, reject."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import claims, opportunities
from deals.actions.checks import check_registration, is_known_to_us, outcome_of
from deals.actions.contention import settled
from deals.actions.registrations import (
    WRITABLE,
    IncompleteRefused,
    RegistrationRefused,
    close_down,
    lock,
)
from deals.actions.work import open_partner_work, stop_decision_clock
from deals.choices import RegistrationStatus
from deals.kinds import DECISION
from deals.models import InfoRequest, Registration
from deals.queries.people import followers_of, may_decide
from deals.queries.program import Program, program_at
from deals.rules.protection import protect
from deals.rules.states import REGISTRATION, may_appeal
from prm.core.actions import audit, notices, outbox, work_items
from prm.core.actors import Actor
from prm.core.roles import ROLES
from prm.core.signed_links import LinkRequest

ASKABLE = (*WRITABLE, "products", "attachments")


class NotYoursRefused(RegistrationRefused):
    """Somebody else decides for this partner."""

    code = "deals.registration.not_yours"
    text = _("You do not decide for this partner.")


class ConflictRefused(RegistrationRefused):
    """Another partner holds the account; only a transfer, with a reason, gives it away."""

    code = "deals.registration.conflict"
    text = _("Another partner holds this account. Hand the account over, with a reason, or reject.")


class ReasonNeededRefused(IncompleteRefused):
    """The account is a customer or in direct pipeline: approving must say why."""

    code = "deals.registration.reason_needed"
    text = _("This account is already known to us. Please say why you approve it all the same.")

    def __init__(self) -> None:
        super().__init__({"reason": self.text})


def must_decide(by: Actor, registration: Registration, at: datetime) -> None:
    """The right to decide, for this partner."""
    if not by.can("deals.registration_decide") or not may_decide(by, registration.partner_id, at):
        raise NotYoursRefused


@settled
def request_info(
    *,
    registration: Registration,
    by: Actor,
    at: datetime,
    question: str,
    fields: Iterable[str] = (),
    version: int | None = None,
) -> Registration:
    """Return a registration with a question; only ``fields`` open for the partner, and the clock stops."""
    must_decide(by, registration, at)
    if by.user_id is None:
        raise NotYoursRefused
    if not question.strip():
        raise IncompleteRefused({"question": _("Please say what you need to know.")})
    program = program_at(at)
    with transaction.atomic():
        asked = lock(registration, version=version)
        target = REGISTRATION.target(asked.status, "request_info")
        must_outrank_appeal(by, asked)
        wanted = [name for name in fields if name in ASKABLE]
        expires_on = program.today + timedelta(days=program.terms.info_expiry_days)
        InfoRequest.objects.create(
            registration=asked,
            fields=wanted,
            question=question.strip(),
            asked_at=at,
            asked_by_id=by.user_id,
            expires_on=expires_on,
        )
        asked.status = target
        asked.version += 1
        asked.save(update_fields=["status", "version"])
        stop_decision_clock(registration=asked, program=program, at=at)
        open_partner_work(
            registration=asked, title=str(_("Question about %(name)s") % {"name": asked.customer_name}), at=at
        )
        audit.record(
            code="deals.registration.returned",
            by=by,
            at=at,
            ref=asked.ref,
            organization_id=asked.partner_id,
            changes={
                "status": [RegistrationStatus.SUBMITTED, target],
                "question": question.strip(),
                "fields": wanted,
                "answer_by": expires_on,
            },
        )
        outbox.emit(name="deals.registration.returned", ref=asked.ref, data={"partner_id": asked.partner_id}, at=at)
        tell_partner(asked, "deals.registration_returned", at, question=question.strip(), expires_on=expires_on)
    return asked


@settled
def approve_registration(
    *,
    registration: Registration,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
    version: int | None = None,
) -> Registration:
    """Approve: protects the account from today, makes the opportunity, tells the partner.

    ``note`` is read by the partner, ``reason`` only by the vendor: it is needed where the account is a customer or in
    direct pipeline. Raises ConflictRefused while another partner holds the account, whoever asks.
    """
    must_decide(by, registration, at)
    program = program_at(at)
    with transaction.atomic():
        won = lock(registration, version=version)
        target = REGISTRATION.target(won.status, "approve")
        must_outrank_appeal(by, won)
        _must_be_free(won, program, reason, at)
        _protect(won, program, at)
        opportunity = opportunities.open_for_registration(registration=won, program=program, by=by, at=at)
        won.account = opportunity.account
        won.status, won.decided_at, won.decided_by_id = target, at, by.user_id
        won.decision_note, won.approval_reason = note.strip(), reason.strip()
        won.program_version = program.version
        won.version += 1
        won.save()
        _settle_appeal(won, "overturned", note, by, at)
        work_items.close_work_items(ref=won.ref, kind=DECISION, outcome="approved", by=by, at=at)
        audit.record(
            code="deals.registration.approved",
            by=by,
            at=at,
            ref=won.ref,
            organization_id=won.partner_id,
            changes={
                "status": [RegistrationStatus.SUBMITTED, target],
                "protected_until": won.protected_until,
                "opportunity": opportunity.code,
                "note": note.strip(),
                "program": program.version.code,
            },
            reason=reason.strip(),
        )
        outbox.emit(
            name="deals.registration.approved",
            ref=won.ref,
            data={"partner_id": won.partner_id, "opportunity": opportunity.code},
            at=at,
        )
        tell_partner(won, "deals.registration_approved", at, note=note.strip())
    return won


def _must_be_free(registration: Registration, program: Program, reason: str, at: datetime) -> None:
    """Look again at the moment of decision: the account may have been taken, freed or sold since."""
    verdict = check_registration(registration=registration, program=program, at=at)
    if not claims.holds_claim(registration=registration, at=at) and not claims.take_claims(
        registration=registration, at=at
    ):
        raise ConflictRefused
    registration.in_conflict = False
    registration.conflict_outcome = outcome_of(verdict, in_conflict=False)
    if (is_known_to_us(verdict) or verdict.needs_reason) and not reason.strip():
        raise ReasonNeededRefused


def _protect(registration: Registration, program: Program, at: datetime) -> None:
    protection = protect(program.today, program.terms)
    registration.protected_from, registration.protected_until = protection.approved_on, protection.last_day
    registration.reminded_days = None
    if not claims.set_end_of_claims(registration=registration, until=program.end_of(protection.last_day), at=at):
        raise ConflictRefused


@settled
def reject_registration(
    *, registration: Registration, by: Actor, at: datetime, reason: str, version: int | None = None
) -> Registration:
    """Reject with a reason the partner reads; the account is free again. The partner may appeal once."""
    must_decide(by, registration, at)
    if not reason.strip():
        raise IncompleteRefused({"note": _("Please say why. The partner reads it and may appeal once.")})
    with transaction.atomic():
        lost = lock(registration, version=version)
        target = REGISTRATION.target(lost.status, "reject")
        must_outrank_appeal(by, lost)
        lost.decided_at, lost.decided_by_id, lost.decision_note = at, by.user_id, reason.strip()
        lost.save(update_fields=["decided_at", "decided_by", "decision_note"])
        _settle_appeal(lost, "upheld", reason, by, at)
        close_down(lost, target=target, because="rejected", by=by, at=at)
        audit.record(
            code="deals.registration.rejected",
            by=by,
            at=at,
            ref=lost.ref,
            organization_id=lost.partner_id,
            changes={"status": [RegistrationStatus.SUBMITTED, target], "note": reason.strip()},
        )
        outbox.emit(name="deals.registration.rejected", ref=lost.ref, data={"partner_id": lost.partner_id}, at=at)
        may = may_appeal(lost.status, lost.appeals.count(), program_at(at).terms)
        tell_partner(lost, "deals.registration_rejected", at, note=reason.strip(), may_appeal=may)
    return lost


def must_outrank_appeal(by: Actor, registration: Registration) -> None:
    """An appealed rejection is decided by the rank it was sent to, or one above."""
    appeal = registration.appeals.filter(decided_at=None).first()
    if appeal is None or by.is_system:
        return
    mine, needed = ROLES.get(by.role), ROLES.get(appeal.role)
    if mine is None or needed is None or mine.rank < needed.rank:
        raise NotYoursRefused(
            "deals.registration.appeal_goes_up", _("An appeal is decided by the next rank: %(role)s."),
            {"role": str(needed.label) if needed else appeal.role},
        )  # fmt: skip


def _settle_appeal(registration: Registration, outcome: str, note: str, by: Actor, at: datetime) -> None:
    registration.appeals.filter(decided_at=None).update(
        decided_at=at, decided_by_id=by.user_id, outcome=outcome, note=note.strip()
    )


def tell_partner(
    registration: Registration, topic: str, at: datetime, *, links: Iterable[LinkRequest] = (), **context: object
) -> None:
    """News of a registration for who brought it and the company's admins."""
    notices.notify(
        topic=topic,
        membership_ids=followers_of(registration.partner_id, registration.created_by_id),
        ref=registration.ref,
        at=at,
        context={"registration": registration, **context},
        links=links,
    )
