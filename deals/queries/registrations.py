"""Registrations as lists and pages show them, each in a constant number of statements."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from deals.kinds import DECISION
from deals.models import ConflictMatch, Opportunity, Referral, Registration
from deals.queries.people import decider_for
from deals.queries.program import Program
from deals.rules import sla
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.models import User, WorkItem
from prm.core.roles import ROLES


def own_registrations(actor: Actor) -> QuerySet[Registration]:
    """The partner's own, with who brought each."""
    return Registration.objects.visible_to(actor).select_related("created_by")


def sent_registrations(actor: Actor) -> QuerySet[Registration]:
    """All that were sent in, with their partners."""
    return Registration.objects.visible_to(actor).select_related("partner__organization", "partner__tier")


def waiting_decisions(actor: Actor) -> QuerySet[WorkItem]:
    """Open decisions about registrations: the work itself, so that an index gives their order.

    ``amount`` is the registration's, for those who sort by it.
    """
    amount = Registration.objects.filter(code=OuterRef("ref_code")).values("amount")
    return (
        WorkItem.objects.visible_to(actor)
        .open()
        .filter(kind=DECISION)
        .select_related("assignee")
        .annotate(amount=Subquery(amount))
    )


def decided_on(actor: Actor, items: Iterable[WorkItem]) -> list[Registration]:
    """The registrations that decisions are about, in the order of these, each with its ``item`` and ``assignee``."""
    found = list(items)
    rows = {row.code: row for row in sent_registrations(actor).filter(code__in=[item.ref_code for item in found])}
    shown = []
    for item in found:
        if row := rows.get(item.ref_code):
            setattr(row, "item", item)  # noqa: B010 (templates read it; the model has no such column)
            setattr(row, "assignee", holder_of(item))  # noqa: B010
            shown.append(row)
    return shown


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
    return Desk(item, holder_of(item) if item else "")


def holder_of(item: WorkItem) -> str:
    """Who has a piece of work: a person, or the role that waits for somebody to take it."""
    if item.assignee:
        return item.assignee.name
    role = ROLES.get(item.role)
    return str(role.label) if role else ""


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
    decider = decider_for(partner, program.today)
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
