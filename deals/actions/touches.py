"""Recording who did what for a deal, by people and by the system.

Staff record what partners and our own sales did on any open or won deal of a partner they decide for; a partner what
it did itself, with something that shows it, on a deal of its own or one it is known to work on, until the contract is
signed. Nothing is recorded on a lost deal, in the future, or more than five years back. A touch is never deleted: staff
strike it out with a reason. Every change judges the deal anew as long as no contract is signed.
"""

from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import verdicts
from deals.actions.contention import settled
from deals.choices import OpportunityStage, OpportunityStatus, RecordSource, TouchKind, TouchSide
from deals.models import Contract, Opportunity, Touch
from deals.queries.attribution import is_on_deal
from deals.queries.people import may_decide
from partners.models import Partner
from partners.queries.program import program_today
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import StoredFile
from prm.core.refused import Refused
from prm.core.uploads import accept_upload

RIGHT = "deals.attribution_overrule"
OLDEST = timedelta(days=5 * 366)
MOST_TOUCHES = 200
_OF_STAGE = {
    OpportunityStage.PROPOSAL: TouchKind.PROPOSAL,
    OpportunityStage.NEGOTIATION: TouchKind.NEGOTIATION,
}


class TouchRefused(Refused):
    """This can't be recorded, or not like that."""

    code = "deals.touch.refused"
    text = _("This can’t be recorded.")


@settled
def record_touch(
    *,
    opportunity: Opportunity,
    by: Actor,
    at: datetime,
    kind: str,
    occurred_on: date,
    partner: Partner | None = None,
    person: str = "",
    evidence: str = "",
    file: UploadedFile | None = None,
    is_material: bool = False,
) -> Touch:
    """Keep what a partner, or with no partner our own sales, did for a deal.

    A partner's person records for the company in use only, needs evidence, and never says what mattered to the win.
    """
    partner_id = by.organization_id if by.is_partner else (partner.pk if partner else None)
    _must_record(by, opportunity, partner_id, at)
    if by.is_partner and is_material:
        raise TouchRefused("deals.touch.not_yours", _("What mattered to a win is for us to say."))
    if by.is_partner and partner is not None and partner.pk != partner_id:
        raise TouchRefused("deals.touch.not_allowed", _("You can’t record this for this deal."))
    if by.is_partner and not (evidence.strip() or file):
        raise TouchRefused("deals.touch.evidence_missing", _("Please describe or attach what shows it."))
    if kind not in TouchKind.values:
        raise TouchRefused("deals.touch.kind", _("Please choose what happened."))
    today = program_today(at)
    if not today - OLDEST <= occurred_on <= today:
        raise TouchRefused("deals.touch.day", _("The day must not lie in the future or more than five years back."))
    with transaction.atomic():
        deal = _lock(opportunity)
        _must_be_sensible(by, deal)
        if deal.touches.count() >= MOST_TOUCHES:
            raise TouchRefused(
                "deals.touch.too_many", _("A deal holds at most %(most)s touches."), {"most": MOST_TOUCHES}
            )
        stored: StoredFile | None = None
        if file:
            stored = accept_upload(file=file, by=by, at=at, organization_id=partner_id or by.organization_id)
        touch = Touch.objects.create(
            code=new_code("TC"),
            opportunity=deal,
            side=TouchSide.PARTNER if partner_id else TouchSide.DIRECT,
            partner_id=partner_id,
            kind=kind,
            occurred_on=occurred_on,
            person=person.strip() or by.name,
            evidence=evidence.strip(),
            file=stored,
            is_material=is_material,
            source=RecordSource.HAND,
            recorded_by_id=by.user_id,
            created_at=at,
        )
        _note("recorded", touch, deal, by, at, {"kind": kind, "on": occurred_on, "file": stored and stored.code})
        verdicts.judge_again(opportunity=deal, by=by, at=at)
    return touch


@settled
def strike_touch(*, touch: Touch, by: Actor, at: datetime, reason: str) -> Touch:
    """Take a touch out of account, with the reason; it stays readable. Only staff, only once."""
    _must_keep(by, touch, at)
    if not reason.strip():
        raise TouchRefused("deals.touch.reason_missing", _("Please say why it does not count."))
    with transaction.atomic():
        deal = _lock(touch.opportunity)
        row = _standing(touch)
        row.struck_at, row.struck_by_id, row.struck_reason = at, by.user_id, reason.strip()
        row.save(update_fields=["struck_at", "struck_by", "struck_reason"])
        _note("struck", row, deal, by, at, {"kind": row.kind, "on": row.occurred_on}, reason)
        verdicts.judge_again(opportunity=deal, by=by, at=at)
    return row


@settled
def mark_material(*, touch: Touch, by: Actor, at: datetime, is_material: bool) -> Touch:
    """Say that a touch mattered to the win, or that it did not. The vendor's opinion; only staff give it."""
    _must_keep(by, touch, at)
    with transaction.atomic():
        deal = _lock(touch.opportunity)
        row = _standing(touch)
        if row.is_material == is_material:
            return row
        row.is_material = is_material
        row.save(update_fields=["is_material"])
        _note("marked", row, deal, by, at, {"is_material": [not is_material, is_material]})
        verdicts.judge_again(opportunity=deal, by=by, at=at)
    return row


# --- What the system sees happen; each once, in the transaction of what happened ----------------------------------


def note_introduction(*, opportunity: Opportunity, by: Actor, at: datetime) -> None:
    """A registration was approved or a referral became a deal: its partner brought the lead, at its first contact."""
    claim = opportunity.registration or opportunity.referral
    if claim is None or claim.submitted_at is None:
        return
    kind = "registration" if opportunity.registration_id else "referral"
    _see(
        opportunity,
        source_key=f"{kind}:{claim.code}",
        kind=TouchKind.INTRODUCTION,
        on=claim.first_contact_on or program_today(claim.submitted_at),
        evidence=claim.code,
        by=by,
        at=at,
    )


def note_stage(*, opportunity: Opportunity, by: Actor, at: datetime) -> None:
    """The partner moved its deal on to proposal or negotiation, for the first time."""
    if by.is_partner and opportunity.stage in _OF_STAGE:
        _see(
            opportunity,
            source_key=f"stage:{opportunity.code}:{opportunity.stage}",
            kind=_OF_STAGE[OpportunityStage(opportunity.stage)],
            on=program_today(at),
            by=by,
            at=at,
        )


def note_win(*, opportunity: Opportunity, by: Actor, at: datetime) -> None:
    """The vendor confirmed a win that the partner had shown: that the partner closed it mattered to the win."""
    if opportunity.reported_won_at is None or opportunity.won_on is None:
        return
    _see(
        opportunity,
        source_key=f"win:{opportunity.code}",
        kind=TouchKind.NEGOTIATION,
        on=opportunity.won_on,
        evidence=opportunity.win_evidence,
        is_material=True,
        by=by,
        at=at,
    )


def _see(
    opportunity: Opportunity,
    *,
    source_key: str,
    kind: str,
    on: date,
    by: Actor,
    at: datetime,
    evidence: str = "",
    is_material: bool = False,
) -> None:
    """Keep a touch of the deal's own partner once; a second time changes nothing. The caller holds the deal's lock."""
    if opportunity.partner_id is None:
        return
    touch = Touch(
        code=new_code("TC"),
        opportunity=opportunity,
        side=TouchSide.PARTNER,
        partner_id=opportunity.partner_id,
        kind=kind,
        occurred_on=on,
        person=by.name if by.is_partner else "",
        evidence=evidence,
        is_material=is_material,
        source=RecordSource.SYSTEM,
        source_key=source_key,
        recorded_by_id=by.user_id,
        created_at=at,
    )
    Touch.objects.bulk_create([touch], ignore_conflicts=True)
    verdicts.judge_again(opportunity=opportunity, by=by, at=at, only_judged=True)


# --- Who may, and when --------------------------------------------------------------------------------------------


def _must_record(by: Actor, opportunity: Opportunity, partner_id: int | None, at: datetime) -> None:
    if by.is_partner:
        allowed = by.can("deals.registration_create") and is_on_deal(by, opportunity)
    else:
        about = partner_id or opportunity.partner_id
        allowed = by.can(RIGHT) and (about is None or may_decide(by, about, at))
    if not allowed:
        raise TouchRefused("deals.touch.not_allowed", _("You can’t record this for this deal."))


def _must_keep(by: Actor, touch: Touch, at: datetime) -> None:
    """Striking and marking are for staff who decide for the touch's partner, or for the deal's."""
    about = touch.partner_id or touch.opportunity.partner_id
    if by.is_partner or not by.can(RIGHT) or not (about is None or may_decide(by, about, at)):
        raise TouchRefused("deals.touch.not_allowed", _("You do not decide for this partner."))


def _must_be_sensible(by: Actor, deal: Opportunity) -> None:
    if deal.status == OpportunityStatus.LOST:
        raise TouchRefused("deals.touch.closed", _("Nothing more is recorded on a lost deal."))
    if by.is_partner and Contract.objects.filter(opportunity=deal).exists():
        raise TouchRefused(
            "deals.touch.closed", _("The contract is signed. Please tell your partner manager what is missing.")
        )


def _lock(opportunity: Opportunity) -> Opportunity:
    return Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)


def _standing(touch: Touch) -> Touch:
    row = Touch.objects.select_related("partner__organization").get(pk=touch.pk)
    if row.struck_at is not None:
        raise TouchRefused("deals.touch.struck", _("This was struck out already."))
    return row


def _note(word: str, touch: Touch, deal: Opportunity, by: Actor, at: datetime, changes: dict, reason: str = "") -> None:
    audit.record(
        code=f"deals.touch.{word}",
        by=by,
        at=at,
        ref=deal.ref,
        organization_id=touch.partner_id,
        changes={"touch": touch.code} | changes,
        reason=reason.strip(),
    )
    outbox.emit(
        name=f"deals.touch.{word}",
        ref=touch.ref,
        data={"partner_id": touch.partner_id, "opportunity": deal.code},
        at=at,
    )
