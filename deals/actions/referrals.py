"""The life of a referral: sent, accepted or declined, qualified into an opportunity."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import opportunities
from deals.actions.checks import check_referral
from deals.actions.contention import settled
from deals.actions.registrations import IncompleteRefused, must_act_for, set_keys
from deals.actions.work import open_vendor_work
from deals.kinds import REFERRAL as WORK
from deals.models import Opportunity, Referral
from deals.queries.people import followers_of, may_decide
from deals.queries.program import program_at
from deals.rules.states import REFERRAL
from partners.models import Partner
from prm.core.actions import audit, notices, outbox, work_items
from prm.core.actors import Actor
from prm.core.codes import new_code, read_code
from prm.core.refused import Refused

WRITABLE = (
    "customer_name",
    "customer_domain",
    "customer_country",
    "contact_name",
    "contact_email",
    "contact_phone",
    "product",
    "amount",
    "currency",
    "first_contact_on",
    "source_code",
    "notes",
)


class ReferralRefused(Refused):
    """The referral can't be changed like that."""

    code = "deals.referral.refused"
    text = _("This referral can’t be changed like that.")


class ReferralStaleRefused(ReferralRefused):
    """Somebody decided since the form was opened."""

    code = "deals.referral.stale"
    text = _("This referral was changed since you opened it.")


@settled
def submit_referral(
    *, partner: Partner, by: Actor, at: datetime, values: Mapping[str, Any], code: str = ""
) -> Referral:
    """Hand a lead to the vendor; starts its clock. The same form sent twice makes one referral.

    What is already known of the customer is kept for who decides; the partner learns nothing of it.
    """
    person_id = must_act_for(by, partner.pk, "deals.referral_create")
    if not partner.is_active:
        raise ReferralRefused("deals.referral.inactive", _("Your company can’t refer customers at the moment."))
    program = program_at(at)
    with transaction.atomic():
        known = Referral.objects.filter(code=read_code(code), partner=partner).first() if code else None
        if known is not None:
            return known
        referral = Referral(
            code=read_code(code) or new_code("RF"),
            partner=partner,
            created_by_id=person_id,
            submitted_at=at,
            program_version=program.version,
            **{name: value for name, value in values.items() if name in WRITABLE},
        )
        missing = [
            name for name in ("customer_name", "customer_country", "contact_name") if not getattr(referral, name)
        ]
        if missing:
            raise IncompleteRefused(dict.fromkeys(missing, _("Please fill this in.")))
        if referral.first_contact_on and referral.first_contact_on > program.today:
            raise IncompleteRefused({"first_contact_on": _("The first contact can’t be in the future.")})
        set_keys(referral)
        referral.save(force_insert=True)
        verdict = check_referral(referral=referral, program=program, at=at)
        referral.conflict_outcome = verdict.outcome
        referral.save(update_fields=["conflict_outcome"])
        open_vendor_work(
            kind=WORK,
            ref=referral.ref,
            thing=referral,
            title=str(_("Referral: %(name)s") % {"name": referral.customer_name}),
            program=program,
            hours=program.terms.referral_sla_hours,
            at=at,
            topic="deals.referral_submitted",
        )
        _record("submitted", referral, by, at, {"outcome": verdict.outcome})
    return referral


@settled
def accept_referral(
    *, referral: Referral, by: Actor, at: datetime, note: str = "", version: int | None = None
) -> Referral:
    """Take a lead on; it is worked and later qualified."""
    _must_decide(by, referral, at)
    with transaction.atomic():
        taken = _lock(referral, version)
        before, taken.status = taken.status, REFERRAL.target(taken.status, "accept")
        taken.decided_at, taken.decided_by_id, taken.decision_note = at, by.user_id, note.strip()
        taken.version += 1
        taken.save(update_fields=["status", "decided_at", "decided_by", "decision_note", "version"])
        work_items.close_work_items(ref=taken.ref, kind=WORK, outcome="accepted", by=by, at=at)
        _record("accepted", taken, by, at, {"status": [before, taken.status], "note": note.strip()})
        _tell(taken, "deals.referral_accepted", at, note)
    return taken


@settled
def decline_referral(
    *, referral: Referral, by: Actor, at: datetime, reason: str, version: int | None = None
) -> Referral:
    """Turn a lead down with a reason the partner reads."""
    _must_decide(by, referral, at)
    if not reason.strip():
        raise IncompleteRefused({"note": _("Please say why. The partner reads it.")})
    with transaction.atomic():
        left = _lock(referral, version)
        before, left.status = left.status, REFERRAL.target(left.status, "decline")
        left.decided_at, left.decided_by_id, left.decision_note = at, by.user_id, reason.strip()
        left.closed_at = at
        left.version += 1
        left.save(update_fields=["status", "decided_at", "decided_by", "decision_note", "closed_at", "version"])
        work_items.close_work_items(ref=left.ref, kind=WORK, outcome="declined", by=by, at=at)
        _record("declined", left, by, at, {"status": [before, left.status], "note": reason.strip()})
        _tell(left, "deals.referral_declined", at, reason)
    return left


@settled
def qualify_referral(
    *,
    referral: Referral,
    by: Actor,
    at: datetime,
    amount: Decimal,
    currency: str,
    term_months: int | None = None,
    expected_close_on: date | None = None,
    version: int | None = None,
) -> Opportunity:
    """Make an opportunity of an accepted lead: from this day it counts for the partner's tier."""
    _must_decide(by, referral, at)
    program = program_at(at)
    with transaction.atomic():
        lead = _lock(referral, version)
        before, lead.status = lead.status, REFERRAL.target(lead.status, "qualify")
        lead.qualified_on = program.today
        opportunity = opportunities.open_for_referral(
            referral=lead,
            amount=amount,
            currency=currency,
            term_months=term_months,
            expected_close_on=expected_close_on,
            by=by,
            at=at,
        )
        lead.account = opportunity.account
        lead.version += 1
        lead.save(update_fields=["status", "qualified_on", "account", "version"])
        _record(
            "qualified",
            lead,
            by,
            at,
            {
                "status": [before, lead.status],
                "opportunity": opportunity.code,
                "amount": amount,
                "currency": currency,
            },
        )
        _tell(lead, "deals.referral_qualified", at, "")
    return opportunity


def _must_decide(by: Actor, referral: Referral, at: datetime) -> None:
    if not by.can("deals.registration_decide") or not may_decide(by, referral.partner_id, at):
        raise ReferralRefused("deals.referral.not_yours", _("You do not decide for this partner."))


def _lock(referral: Referral, version: int | None) -> Referral:
    locked = (
        Referral.objects.select_for_update(of=("self",)).select_related("partner__organization").get(pk=referral.pk)
    )
    if version is not None and version != locked.version:
        raise ReferralStaleRefused(values={"version": locked.version, "state": locked.status})
    return locked


def _record(word: str, referral: Referral, by: Actor, at: datetime, changes: dict) -> None:
    audit.record(
        code=f"deals.referral.{word}",
        by=by,
        at=at,
        ref=referral.ref,
        organization_id=referral.partner_id,
        changes=changes,
    )
    outbox.emit(name=f"deals.referral.{word}", ref=referral.ref, data={"partner_id": referral.partner_id}, at=at)


def _tell(referral: Referral, topic: str, at: datetime, note: str) -> None:
    notices.notify(
        topic=topic,
        membership_ids=followers_of(referral.partner_id, referral.created_by_id),
        ref=referral.ref,
        at=at,
        context={"referral": referral, "note": note.strip()},
    )
