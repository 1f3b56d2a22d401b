"""More time for a protected deal: asked for by the partner, granted or declined by who decides."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import claims
from deals.actions.contention import settled
from deals.actions.decisions import must_decide, tell_partner
from deals.actions.registrations import IncompleteRefused, RegistrationRefused, lock, must_act_for
from deals.actions.work import open_vendor_work
from deals.choices import ExtensionStatus
from deals.kinds import EXTENSION
from deals.models import ExtensionRequest, Registration
from deals.queries.program import Program, program_at
from deals.rules.protection import Protection, extend, may_extend
from deals.rules.states import EXTENSION as STATES
from deals.rules.states import REGISTRATION
from prm.core.actions import audit, outbox, work_items
from prm.core.actors import Actor


class ExtensionRefused(RegistrationRefused):
    """The protection can't be extended."""

    code = "deals.extension.refused"
    text = _("This protection can’t be extended.")


def protection_of(registration: Registration) -> Protection:
    """The protected days of an approved registration as the rule reads them."""
    if registration.protected_from is None or registration.protected_until is None:
        raise ExtensionRefused("deals.extension.not_protected", _("Only a protected deal can be extended."))
    return Protection(registration.protected_from, registration.protected_until, registration.extensions_used)


def terms_program(registration: Registration, at: datetime) -> Program:
    """The program by whose terms the registration was approved: a change of terms never reaches back."""
    if registration.program_version is None:
        return program_at(at)
    return Program(registration.program_version, at)


def may_ask_for_extension(registration: Registration, at: datetime) -> bool:
    """Whether its partner could ask for more time now, given something has happened with the customer."""
    if registration.in_conflict or not REGISTRATION.allows(registration.status, "extend"):
        return False
    terms = terms_program(registration, at)
    if not may_extend(protection_of(registration), terms.today, True, terms.terms):
        return False
    return not registration.extension_requests.filter(status=ExtensionStatus.REQUESTED).exists()


@settled
def request_extension(
    *, registration: Registration, by: Actor, at: datetime, activity: str, version: int | None = None
) -> ExtensionRequest:
    """Ask for more time while the protection still runs. What is told to have happened is the activity it takes."""
    person_id = must_act_for(by, registration.partner_id)
    if not activity.strip():
        raise IncompleteRefused({"activity": _("Please say what has happened with the customer.")})
    with transaction.atomic():
        mine = lock(registration, version=version)
        REGISTRATION.target(mine.status, "extend")
        terms = terms_program(mine, at)
        protection = protection_of(mine)
        if mine.in_conflict or not may_extend(protection, terms.today, bool(activity.strip()), terms.terms):
            raise ExtensionRefused
        if mine.extension_requests.filter(status=ExtensionStatus.REQUESTED).exists():
            raise ExtensionRefused("deals.extension.waiting", _("An extension is asked for already."))
        request = ExtensionRequest.objects.create(
            registration=mine,
            activity=activity.strip(),
            requested_at=at,
            requested_by_id=person_id,
            from_day=protection.last_day,
        )
        program = program_at(at)
        open_vendor_work(
            kind=EXTENSION,
            ref=mine.ref,
            thing=mine,
            title=str(_("Extension: %(name)s") % {"name": mine.customer_name}),
            program=program,
            hours=program.terms.sla_hours,
            at=at,
            topic="deals.extension_requested",
            words={"activity": activity.strip()},
        )
        audit.record(
            code="deals.registration.extension_requested",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"protected_until": protection.last_day, "note": activity.strip()},
        )
        outbox.emit(
            name="deals.registration.extension_requested", ref=mine.ref, data={"partner_id": mine.partner_id}, at=at
        )
    return request


@settled
def decide_extension(
    *, registration: Registration, by: Actor, at: datetime, grant: bool, note: str = "", version: int | None = None
) -> ExtensionRequest:
    """Grant from the old end, even when late, or decline with a reason. Another holder since then is a refusal."""
    must_decide(by, registration, at)
    if not grant and not note.strip():
        raise IncompleteRefused({"note": _("Please say why not.")})
    with transaction.atomic():
        held = lock(registration, version=version)
        request = held.extension_requests.select_for_update().filter(status=ExtensionStatus.REQUESTED).first()
        if request is None:
            raise ExtensionRefused("deals.extension.none_waits", _("No extension is asked for here."))
        request.status = STATES.target(request.status, "grant" if grant else "decline")
        request.decided_at, request.decided_by_id, request.note = at, by.user_id, note.strip()
        if grant:
            REGISTRATION.target(held.status, "extend")
            request.until_day = _extend(held, at)
        request.save(update_fields=["status", "decided_at", "decided_by", "note", "until_day"])
        word = "extended" if grant else "extension_declined"
        work_items.close_work_items(ref=held.ref, kind=EXTENSION, outcome=request.status, by=by, at=at)
        audit.record(
            code=f"deals.registration.{word}",
            by=by,
            at=at,
            ref=held.ref,
            organization_id=held.partner_id,
            changes={"protected_until": [request.from_day, held.protected_until], "note": note.strip()},
        )
        outbox.emit(name=f"deals.registration.{word}", ref=held.ref, data={"partner_id": held.partner_id}, at=at)
        tell_partner(held, "deals.extension_decided", at, request_row=request, note=note.strip())
    return request


def _extend(registration: Registration, at: datetime) -> date:
    program = terms_program(registration, at)
    longer = extend(protection_of(registration), program.terms)
    registration.protected_until, registration.extensions_used = longer.last_day, longer.extensions
    registration.reminded_days = None
    registration.version += 1
    registration.save(update_fields=["protected_until", "extensions_used", "reminded_days", "version"])
    until = program.end_of(longer.last_day)
    moved = claims.holds_claim(registration=registration, at=at) and claims.set_end_of_claims(
        registration=registration, until=until, at=at
    )
    if not moved and not claims.take_claims(registration=registration, at=at, until=until):
        raise ExtensionRefused(
            "deals.extension.taken", _("Another partner holds this account since the protection ended.")
        )
    return longer.last_day
