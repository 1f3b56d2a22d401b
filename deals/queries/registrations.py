"""Registrations as lists and pages show them, each in a constant number of statements."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from deals.choices import RegistrationStatus
from deals.kinds import DECISION
from deals.models import ConflictMatch, Opportunity, Referral, Registration
from deals.queries.people import decider_for
from deals.queries.program import Program
from deals.rules import sla
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.models import User, WorkItem

OPEN = (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED)


def own_registrations(actor: Actor) -> QuerySet[Registration]:
    """The partner's own, with who brought each."""
    return Registration.objects.visible_to(actor).select_related("created_by")


def sent_registrations(actor: Actor) -> QuerySet[Registration]:
    """All that were sent in, with their partners."""
    return Registration.objects.visible_to(actor).select_related("partner__organization", "partner__tier")


def waiting_registrations(actor: Actor) -> QuerySet[Registration]:
    """Those whose decision is open, with the clock's figures for sorting: priority first, then by time left."""
    item = WorkItem.objects.filter(
        ref_kind="deals.registration", ref_code=OuterRef("code"), kind=DECISION, closed_at=None
    ).order_by("-pk")
    return (
        sent_registrations(actor)
        .filter(status__in=OPEN)
        .annotate(
            priority=Subquery(item.values("priority")[:1]),
            decision_due_at=Subquery(item.values("due_at")[:1]),
            assignee=Subquery(item.values("assignee__name")[:1]),
            opened_at=F("submitted_at"),
        )
    )


def put_clocks_on(rows: Iterable[Registration | Referral], kind: str = DECISION) -> None:
    """Give each row its open work item as ``item`` (or None). One statement."""
    found = list(rows)
    items = {
        item.ref_code: item
        for item in WorkItem.objects.open().filter(ref_code__in=[row.code for row in found], kind=kind)
    }
    for row in found:
        setattr(row, "item", items.get(row.code))  # noqa: B010 (templates read it; the model has no such column)


@dataclass(frozen=True)
class Desk:
    """Who has a decision, with its clock; what both sides see of it."""

    item: WorkItem | None
    holder: str


def desk_of(*, thing: Registration | Referral, kind: str = DECISION) -> Desk:
    """Who decides, since when and until when. One statement; a role is named where nobody is."""
    item = (
        WorkItem.objects.open().about(thing.ref.kind, thing.code).filter(kind=kind).select_related("assignee").first()
    )
    return Desk(item, item.assignee.name if item and item.assignee else "")


@dataclass(frozen=True)
class Promise:
    """What a partner can count on when it sends a deal in now."""

    decider: str
    due_at: datetime
    hours: int
    protection_days: int
    extensions: int
    reminder_days: tuple[int, ...]


def promise_for(*, partner: Partner, program: Program, at: datetime) -> Promise:
    """Who would decide a deal sent in at this moment, by when, and what protection it would get."""
    decider = decider_for(partner, at)
    name = User.objects.filter(pk=decider.user_id).values_list("name", flat=True).first() if decider.user_id else ""
    terms = program.terms
    clock = sla.start_clock(at, terms.sla_hours, terms.due_soon_percent, program.calendar)
    if clock.due_at is None:
        raise AssertionError("a clock that just started is running")
    return Promise(
        decider=name or "",
        due_at=clock.due_at,
        hours=terms.sla_hours,
        protection_days=terms.protection_days,
        extensions=terms.extensions_allowed,
        reminder_days=terms.reminder_days,
    )


@dataclass(frozen=True)
class Compared:
    """A match with the thing it is about, ready to be put side by side; ``other`` is None for a deleted one."""

    match: ConflictMatch
    other: Any


def compared_matches(*, thing: Registration | Referral) -> list[Compared]:
    """The matches of the latest check with what they matched. At most four statements, however many there are."""
    matches = list(thing.matches.select_related("partner__organization").order_by("pk"))
    matches.sort(key=lambda match: (match.strength != "exact", match.is_own, -match.score))
    codes: dict[str, set[str]] = {}
    for match in matches:
        codes.setdefault(match.matched_kind, set()).add(match.matched_code)
    found: dict[tuple[str, str], Any] = {}
    sources: dict[str, QuerySet] = {
        "deals.registration": Registration.objects.select_related("partner__organization").prefetch_related("products"),
        "deals.referral": Referral.objects.select_related("product", "partner__organization"),
        "deals.opportunity": Opportunity.objects.select_related("account", "product", "partner__organization"),
    }
    for kind, wanted in codes.items():
        for row in sources[kind].filter(code__in=wanted):
            found[kind, row.code] = row
    return [Compared(match, found.get((match.matched_kind, match.matched_code))) for match in matches]
