"""The life of a deal's money: opened, moved by the partner, reported won, confirmed by the vendor, corrected."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions import claims, contracts, touches, verdicts
from deals.actions.accounts import account_for
from deals.actions.contention import settled
from deals.actions.revenue import value_deal
from deals.actions.work import open_vendor_work
from deals.choices import (
    LostReason,
    OpportunitySource,
    OpportunityStage,
    OpportunityStatus,
    ReferralStatus,
    RegistrationStatus,
)
from deals.kinds import WIN
from deals.models import Opportunity, Referral, Registration
from deals.queries.people import followers_of, may_decide
from deals.queries.program import Program, program_at
from deals.rules.arr import annual
from deals.rules.states import OPPORTUNITY, OPPORTUNITY_STAGE, REFERRAL, REGISTRATION
from prm.core.actions import audit, notices, outbox, work_items
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused

CORRECTABLE = ("amount", "currency", "term_months", "won_on", "product")


class OpportunityRefused(Refused):
    """The opportunity can't be changed like that."""

    code = "deals.opportunity.refused"
    text = _("This deal can’t be changed like that.")


class OpportunityStaleRefused(OpportunityRefused):
    """Somebody saved the opportunity since the form was opened."""

    code = "deals.opportunity.stale"
    text = _("This deal was changed since you opened it.")


def open_for_registration(*, registration: Registration, program: Program, by: Actor, at: datetime) -> Opportunity:
    """The opportunity that an approval makes, with the registration's figures. Runs in the caller's transaction."""
    products = list(registration.products.all())
    amount = registration.amount or Decimal(0)
    deal = Opportunity.objects.create(
        code=new_code("OP"),
        account=account_for(thing=registration, at=at),
        partner_id=registration.partner_id,
        product=products[0] if len(products) == 1 else None,
        registration=registration,
        origin=OpportunitySource.REGISTRATION,
        is_partner_worked=True,
        amount=amount,
        currency=registration.currency,
        term_months=registration.term_months,
        arr=annual(amount, registration.term_months, registration.currency),
        stage=registration.stage if registration.stage != OpportunityStage.CLOSED else OpportunityStage.NEGOTIATION,
        engaged_on=registration.first_contact_on,
        expected_close_on=registration.expected_close_on,
        created_at=at,
        touched_at=at,
    )
    touches.note_introduction(opportunity=deal, by=by, at=at)
    return deal


def open_for_referral(
    *, referral: Referral, amount: Decimal, currency: str, term_months: int | None, expected_close_on: date | None,
    by: Actor, at: datetime,
) -> Opportunity:  # fmt: skip
    """The opportunity that qualifying a referral makes; the vendor works it. Runs in the caller's transaction."""
    deal = Opportunity.objects.create(
        code=new_code("OP"),
        account=account_for(thing=referral, at=at),
        partner_id=referral.partner_id,
        product=referral.product,
        referral=referral,
        origin=OpportunitySource.REFERRAL,
        amount=amount,
        currency=currency,
        term_months=term_months,
        arr=annual(amount, term_months, currency),
        stage=OpportunityStage.QUALIFIED,
        engaged_on=referral.first_contact_on,
        expected_close_on=expected_close_on,
        created_at=at,
        touched_at=at,
    )
    touches.note_introduction(opportunity=deal, by=by, at=at)
    return deal


def _lock(
    opportunity: Opportunity, version: int | None = None
) -> tuple[Opportunity, Registration | None, Referral | None]:
    """The opportunity and what it came from, locked in the order registration, referral, opportunity."""
    registration = referral = None
    if opportunity.registration_id:
        registration = (
            Registration.objects.select_for_update(of=("self",))
            .select_related("partner__organization")
            .get(pk=opportunity.registration_id)
        )
    if opportunity.referral_id:
        referral = (
            Referral.objects.select_for_update(of=("self",))
            .select_related("partner__organization")
            .get(pk=opportunity.referral_id)
        )
    locked = Opportunity.objects.select_for_update(of=("self",)).select_related("account").get(pk=opportunity.pk)
    if version is not None and version != locked.version:
        raise OpportunityStaleRefused(values={"version": locked.version, "state": locked.status})
    return locked, registration, referral


def _must_work_on(by: Actor, opportunity: Opportunity, at: datetime) -> None:
    """Its partner's people, or who decides for that partner on the vendor's side."""
    if by.is_partner:
        allowed = by.organization_id == opportunity.partner_id and by.can("deals.registration_create")
    else:
        allowed = by.can("deals.registration_decide") and _decides(by, opportunity, at)
    if not allowed:
        raise OpportunityRefused("deals.opportunity.not_allowed", _("You can’t change this deal."))


def _must_confirm(by: Actor, opportunity: Opportunity, at: datetime) -> None:
    if not (by.can("deals.opportunity_confirm") and _decides(by, opportunity, at)):
        raise OpportunityRefused("deals.opportunity.not_allowed", _("You do not decide for this partner."))


def _decides(by: Actor, opportunity: Opportunity, at: datetime) -> bool:
    return opportunity.partner_id is None or may_decide(by, opportunity.partner_id, at)


@settled
def update_opportunity(
    *,
    opportunity: Opportunity,
    by: Actor,
    at: datetime,
    stage: str,
    expected_close_on: date | None,
    note: str = "",
    version: int | None = None,
) -> Opportunity:
    """Move an open deal along: stage and expected close. Counts as activity on the deal."""
    _must_work_on(by, opportunity, at)
    with transaction.atomic():
        deal, _registration, _referral = _lock(opportunity, version)
        if deal.status != OpportunityStatus.OPEN or stage == OpportunityStage.CLOSED:
            raise OpportunityRefused("deals.opportunity.closed", _("A closed deal does not move any more."))
        changes: dict[str, Any] = {}
        if stage != deal.stage:
            changes["stage"] = [deal.stage, OPPORTUNITY_STAGE.target(deal.stage, stage)]
            deal.stage = stage
        if expected_close_on != deal.expected_close_on:
            changes["expected_close_on"] = [deal.expected_close_on, expected_close_on]
            deal.expected_close_on = expected_close_on
        if not (changes or note.strip()):
            return deal
        deal.touched_at = at
        deal.version += 1
        deal.save(update_fields=["stage", "expected_close_on", "touched_at", "version"])
        _record("deals.opportunity.updated", deal, by, at, {**changes, "note": note.strip()})
        if "stage" in changes:
            touches.note_stage(opportunity=deal, by=by, at=at)
    return deal


@settled
def report_won(
    *,
    opportunity: Opportunity,
    by: Actor,
    at: datetime,
    won_on: date,
    evidence: str,
    has_attachment: bool = False,
    version: int | None = None,
) -> Opportunity:
    """The partner says that the deal is won and shows why; nothing is won until the vendor confirms."""
    _must_work_on(by, opportunity, at)
    program = program_at(at)
    if not (evidence.strip() or has_attachment):
        raise OpportunityRefused("deals.opportunity.evidence_missing", _("Please describe or attach what shows it."))
    if won_on > program.today:
        raise OpportunityRefused("deals.opportunity.won_in_future", _("A deal can’t be won in the future."))
    with transaction.atomic():
        deal, registration, _referral = _lock(opportunity, version)
        OPPORTUNITY.target(deal.status, "win")
        if registration is None:
            raise OpportunityRefused(
                "deals.opportunity.not_reported", _("Only deals that a partner registered are reported by it.")
            )
        REGISTRATION.target(registration.status, "win")
        if deal.reported_won_at is not None:
            raise OpportunityRefused("deals.opportunity.reported_already", _("This win is reported already."))
        deal.reported_won_at, deal.reported_won_on, deal.reported_by_id = at, won_on, by.user_id
        deal.win_evidence, deal.touched_at = evidence.strip(), at
        deal.version += 1
        deal.save(
            update_fields=[
                "reported_won_at", "reported_won_on", "reported_by", "win_evidence", "touched_at", "version",
            ]
        )  # fmt: skip
        open_vendor_work(
            kind=WIN,
            ref=registration.ref,
            thing=registration,
            title=str(_("Confirm win: %(name)s") % {"name": registration.customer_name}),
            program=program,
            hours=program.terms.sla_hours,
            at=at,
            topic="deals.win_reported",
            words={"won_on": won_on, "evidence": evidence.strip()},
        )
        audit.record(
            code="deals.registration.win_reported",
            by=by,
            at=at,
            ref=registration.ref,
            organization_id=registration.partner_id,
            changes={"won_on": won_on, "note": evidence.strip()},
        )
        outbox.emit(
            name="deals.registration.win_reported", ref=registration.ref, data={"partner_id": deal.partner_id}, at=at
        )
    return deal


@settled
def decline_win(*, opportunity: Opportunity, by: Actor, at: datetime, note: str) -> Opportunity:
    """Give a reported win back to the partner with what is missing; the deal stays open."""
    _must_confirm(by, opportunity, at)
    if not note.strip():
        raise OpportunityRefused("deals.opportunity.reason_missing", _("Please say what is missing."))
    with transaction.atomic():
        deal, registration, _referral = _lock(opportunity)
        if deal.reported_won_at is None or registration is None or deal.status != OpportunityStatus.OPEN:
            raise OpportunityRefused("deals.opportunity.not_reported", _("No win is reported here."))
        deal.reported_won_at = deal.reported_won_on = deal.reported_by = None
        deal.touched_at = at
        deal.version += 1
        deal.save(update_fields=["reported_won_at", "reported_won_on", "reported_by", "touched_at", "version"])
        work_items.close_work_items(ref=registration.ref, kind=WIN, outcome="declined", by=by, at=at)
        audit.record(
            code="deals.registration.win_declined",
            by=by,
            at=at,
            ref=registration.ref,
            organization_id=registration.partner_id,
            changes={"note": note.strip()},
        )
        _tell(registration, "deals.win_declined", at, note=note.strip())
    return deal


@settled
def confirm_won(
    *,
    opportunity: Opportunity,
    by: Actor,
    at: datetime,
    won_on: date,
    amount: Decimal | None = None,
    term_months: int | None = None,
    list_amount: Decimal | None = None,
    version: int | None = None,
) -> Opportunity:
    """Make a deal won, on both axes in one act. ``amount`` is the net invoiced value where it differs.

    Revenue in the program's currency is fixed at the rate of the won date; without a rate it stays open. The deal is
    judged, its contract signed and what partners earn by it accrued in the same act; ``list_amount`` is the price of
    a resold deal before its margin, where it is known.
    """
    _must_confirm(by, opportunity, at)
    program = program_at(at)
    if won_on > program.today:
        raise OpportunityRefused("deals.opportunity.won_in_future", _("A deal can’t be won in the future."))
    with transaction.atomic():
        deal, registration, referral = _lock(opportunity, version)
        target = OPPORTUNITY.target(deal.status, "win")
        if amount is not None:
            deal.amount, deal.term_months = amount, term_months
        if deal.amount is None:
            raise OpportunityRefused("deals.opportunity.amount_missing", _("Please give the amount."))
        deal.status, deal.stage = target, OpportunityStage.CLOSED
        deal.won_on = deal.closed_on = won_on
        value_deal(deal=deal, currency=program.currency)
        deal.touched_at = at
        deal.version += 1
        deal.save()
        _record(
            "deals.opportunity.won",
            deal,
            by,
            at,
            {"won_on": won_on, "amount": deal.amount, "currency": deal.currency, "arr": deal.arr, "rate": deal.rate},
        )
        news = {"partner_id": deal.partner_id, "won_on": won_on.isoformat()}
        outbox.emit(name="deals.opportunity.won", ref=deal.ref, data=news, at=at)
        touches.note_win(opportunity=deal, by=by, at=at)
        verdicts.judge_deal(opportunity=deal, by=by, at=at)
        contracts.sign_contract(opportunity=deal, by=by, at=at, list_amount=list_amount)
        if registration is not None:
            _win_registration(registration, deal, by, at)
        if referral is not None:
            _close_referral(referral, "win", by, at)
    return deal


def _win_registration(registration: Registration, deal: Opportunity, by: Actor, at: datetime) -> None:
    before = registration.status
    registration.status = REGISTRATION.target(before, "win")
    registration.closed_at = at
    registration.version += 1
    registration.save(update_fields=["status", "closed_at", "version"])
    claims.end_claims(registration_ids=[registration.pk], because="won", at=at)
    registration.extension_requests.filter(status="requested").update(status="declined", decided_at=at)
    work_items.close_work_items(ref=registration.ref, outcome="won", by=by, at=at)
    audit.record(
        code="deals.registration.won",
        by=by,
        at=at,
        ref=registration.ref,
        organization_id=registration.partner_id,
        changes={
            "status": [before, RegistrationStatus.WON],
            "won_on": deal.won_on,
            "amount": deal.amount,
            "currency": deal.currency,
        },
    )
    outbox.emit(
        name="deals.registration.won",
        ref=registration.ref,
        data={"partner_id": registration.partner_id, "opportunity": deal.code},
        at=at,
    )
    _tell(registration, "deals.registration_won", at, opportunity=deal)


@settled
def lose_opportunity(
    *, opportunity: Opportunity, by: Actor, at: datetime, reason: str, note: str = "", version: int | None = None
) -> Opportunity:
    """Close a deal as lost with its reason, on both axes; the account is free again."""
    _must_work_on(by, opportunity, at)
    if reason not in LostReason.values:
        raise OpportunityRefused("deals.opportunity.reason_missing", _("Please choose why it was lost."))
    with transaction.atomic():
        deal, registration, referral = _lock(opportunity, version)
        _lose(deal, reason, by, at, note)
        if registration is not None and registration.status == RegistrationStatus.APPROVED:
            before = registration.status
            registration.status = REGISTRATION.target(before, "lose")
            registration.lost_reason, registration.closed_at = reason, at
            registration.version += 1
            registration.save(update_fields=["status", "lost_reason", "closed_at", "version"])
            claims.end_claims(registration_ids=[registration.pk], because="lost", at=at)
            registration.extension_requests.filter(status="requested").update(status="declined", decided_at=at)
            audit.record(
                code="deals.registration.lost",
                by=by,
                at=at,
                ref=registration.ref,
                organization_id=registration.partner_id,
                changes={"status": [before, registration.status], "lost_reason": reason, "note": note.strip()},
            )
            outbox.emit(
                name="deals.registration.lost", ref=registration.ref, data={"partner_id": deal.partner_id}, at=at
            )
        if registration is not None:
            work_items.close_work_items(ref=registration.ref, outcome="lost", by=by, at=at)
        if referral is not None:
            _close_referral(referral, "lose", by, at, reason)
    return deal


def lose_with_registration(*, registration: Registration, reason: str, by: Actor, at: datetime) -> None:
    """Close the opportunity of a registration that ends; the caller holds the registration's lock."""
    deal = Opportunity.objects.select_for_update().filter(registration=registration, status="open").first()
    if deal is not None:
        _lose(deal, reason, by, at)


def _lose(deal: Opportunity, reason: str, by: Actor, at: datetime, note: str = "") -> None:
    deal.status = OPPORTUNITY.target(deal.status, "lose")
    deal.stage, deal.lost_reason = OpportunityStage.CLOSED, reason
    deal.closed_on, deal.touched_at = program_at(at).today, at
    deal.version += 1
    deal.save(update_fields=["status", "stage", "lost_reason", "closed_on", "touched_at", "version"])
    _record("deals.opportunity.lost", deal, by, at, {"lost_reason": reason, "note": note.strip()})
    outbox.emit(name="deals.opportunity.lost", ref=deal.ref, data={"partner_id": deal.partner_id}, at=at)


def _close_referral(referral: Referral, action: str, by: Actor, at: datetime, reason: str = "") -> None:
    before = referral.status
    if action == "lose" and before != ReferralStatus.QUALIFIED:
        return
    referral.status = REFERRAL.target(before, action)
    referral.closed_at, referral.lost_reason = at, reason
    referral.version += 1
    referral.save(update_fields=["status", "closed_at", "lost_reason", "version"])
    word = {"win": "won", "lose": "lost"}[action]
    audit.record(
        code=f"deals.referral.{word}",
        by=by,
        at=at,
        ref=referral.ref,
        organization_id=referral.partner_id,
        changes={"status": [before, referral.status]},
    )
    outbox.emit(name=f"deals.referral.{word}", ref=referral.ref, data={"partner_id": referral.partner_id}, at=at)
    notices.notify(
        topic="deals.referral_closed",
        membership_ids=followers_of(referral.partner_id, referral.created_by_id),
        ref=referral.ref,
        at=at,
        context={"referral": referral},
    )


@settled
def correct_opportunity(
    *,
    opportunity: Opportunity,
    by: Actor,
    at: datetime,
    values: Mapping[str, Any],
    reason: str,
    version: int | None = None,
) -> Opportunity:
    """Change the figures of a won deal, with a reason. ARR and the converted amounts follow."""
    _must_confirm(by, opportunity, at)
    if not reason.strip():
        raise OpportunityRefused("deals.opportunity.reason_missing", _("Please say why a won deal is corrected."))
    program = program_at(at)
    with transaction.atomic():
        deal, _registration, _referral = _lock(opportunity, version)
        if deal.status != OpportunityStatus.WON:
            raise OpportunityRefused("deals.opportunity.not_won", _("Only a won deal is corrected."))
        changes = {}
        for name, value in values.items():
            if name in CORRECTABLE and getattr(deal, name) != value:
                changes[name] = [str(getattr(deal, name)), str(value)]
                setattr(deal, name, value)
        if not changes:
            return deal
        contracts.must_be_correctable(opportunity=deal, changes=changes)
        if deal.won_on is None or deal.won_on > program.today:
            raise OpportunityRefused("deals.opportunity.won_in_future", _("A deal can’t be won in the future."))
        if deal.amount is None or deal.amount < 0:
            raise OpportunityRefused("deals.opportunity.amount_missing", _("Please give the amount."))
        deal.closed_on = deal.won_on
        deal.arr = annual(deal.amount, deal.term_months, deal.currency)
        contracts.correct_contract(opportunity=deal, by=by, at=at, reason=reason)
        value_deal(deal=deal, currency=program.currency)
        deal.touched_at = at
        deal.version += 1
        deal.save()
        _record("deals.opportunity.corrected", deal, by, at, changes, reason)
        outbox.emit(name="deals.opportunity.corrected", ref=deal.ref, data={"partner_id": deal.partner_id}, at=at)
        if "won_on" in changes:
            verdicts.judge_again(opportunity=deal, by=by, at=at)
    return deal


def _record(code: str, deal: Opportunity, by: Actor, at: datetime, changes: dict, reason: str = "") -> None:
    audit.record(
        code=code, by=by, at=at, ref=deal.ref, organization_id=deal.partner_id, changes=changes, reason=reason.strip()
    )


def _tell(registration: Registration, topic: str, at: datetime, **context: object) -> None:
    notices.notify(
        topic=topic,
        membership_ids=followers_of(registration.partner_id, registration.created_by_id),
        ref=registration.ref,
        at=at,
        context={"registration": registration, **context},
    )
