"""The clocked work that deals put on people's lists."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from deals.choices import ConflictOutcome
from deals.kinds import DECISION, INFO
from deals.models import Referral, Registration
from deals.purposes import APPROVE
from deals.queries.people import decider_for, holders_of
from deals.queries.program import Program
from deals.rules import sla
from prm.core.actions import notices, work_items
from prm.core.models import Membership, WorkItem
from prm.core.queries.organizations import vendor
from prm.core.refs import Ref
from prm.core.signed_links import LinkRequest

APPROVE_GOOD_FOR = timedelta(days=14)


def open_vendor_work(
    *,
    kind: str,
    ref: Ref,
    thing: Registration | Referral,
    title: str,
    program: Program,
    hours: int,
    at: datetime,
    role: str = "",
    step: int = 1,
    topic: str = "",
    links: Iterable[LinkRequest] = (),
    words: Mapping[str, object] | None = None,
) -> WorkItem:
    """Put work with a clock on the desk of who decides for the partner, or of a role; tells them by ``topic``.

    ``words`` are what the partner wrote, for the mail.
    """
    clock = sla.start_clock(at, hours, program.terms.due_soon_percent, program.calendar)
    decider = decider_for(thing.partner, program.today)
    assignee_id, role = (None, role) if role else (decider.user_id, decider.role)
    vendor_id = decider.organization_id or vendor().pk
    item = work_items.open_work_item(
        kind=kind,
        ref=ref,
        organization_id=vendor_id,
        about_id=thing.partner_id,
        title=title,
        at=at,
        role=role,
        assignee_id=assignee_id,
        clock=_as_work_clock(clock),
        priority=priority_of(thing.partner_id, program),
        step=step,
        steps=step,
        escalate_to_role=program.terms.escalate_to,
        context={
            "account": thing.customer_name,
            "amount": f"{thing.amount:f}" if thing.amount is not None else "",
            "currency": thing.currency,
        },
    )
    if topic:
        notices.notify(
            topic=topic,
            membership_ids=holders_of(vendor_id=vendor_id, assignee_id=assignee_id, role=role),
            ref=ref,
            at=at,
            context={
                "thing": thing,
                "due_at": item.due_at,
                "partner_name": thing.partner.organization.name,
                **(words or {}),
            },
            links=links,
        )
    return item


def links_to_decide(registration: Registration) -> Iterable[LinkRequest]:
    """A registration that collides with nothing can be approved from the mail; others need a look at both sides."""
    if registration.in_conflict or registration.conflict_outcome != ConflictOutcome.CLEAR:
        return ()
    return (LinkRequest(APPROVE, good_for=APPROVE_GOOD_FOR),)


def priority_of(partner_id: int, program: Program) -> int:
    """1 for partners whose deals are decided first, else 0."""
    return 1 if program.entitlement(partner_id, "deal_registration").value == "priority" else 0


def stop_decision_clock(*, registration: Registration, program: Program, at: datetime) -> None:
    """Pause the decision and keep the working time that is left."""
    item = _open_decision(registration)
    if item is None:
        return
    paused = sla.pause_clock(_as_rule_clock(item, program), at, program.calendar)
    work_items.pause_work_items(ref=registration.ref, kind=DECISION, seconds_left=paused.seconds_left or 0, at=at)


def restart_decision_clock(*, registration: Registration, program: Program, at: datetime) -> None:
    """Go on with the working time that was left."""
    item = _open_decision(registration)
    if item is None:
        return
    running = sla.resume_clock(_as_rule_clock(item, program), at, program.calendar)
    work_items.resume_work_items(ref=registration.ref, kind=DECISION, clock=_as_work_clock(running), at=at)


def open_partner_work(*, registration: Registration, title: str, at: datetime) -> WorkItem:
    """Put a question on the desk of who registered the deal, or of the company's admins if they left."""
    still_there = (
        Membership.objects.active()
        .filter(organization_id=registration.partner_id, user_id=registration.created_by_id)
        .exists()
    )
    return work_items.open_work_item(
        kind=INFO,
        ref=registration.ref,
        organization_id=registration.partner_id,
        about_id=registration.partner_id,
        title=title,
        at=at,
        assignee_id=registration.created_by_id if still_there else None,
        role="" if still_there else "partner_admin",
    )


def _open_decision(registration: Registration) -> WorkItem | None:
    return WorkItem.objects.open().about("deals.registration", registration.code).filter(kind=DECISION).first()


def _as_rule_clock(item: WorkItem, program: Program) -> sla.Clock:
    return sla.Clock(
        total_seconds=item.total_seconds or 0,
        due_soon_percent=program.terms.due_soon_percent,
        due_soon_at=item.due_soon_at,
        due_at=item.due_at,
        paused_at=item.paused_at,
        seconds_left=item.seconds_left,
    )


def _as_work_clock(clock: sla.Clock) -> work_items.Clock:
    if clock.due_at is None or clock.due_soon_at is None:
        raise ValueError("a paused clock has no moments")
    return work_items.Clock(clock.total_seconds, clock.due_soon_at, clock.due_at)
