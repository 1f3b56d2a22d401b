"""Disputes as pages and actions need them: who may settle, who had a hand in a line, and the queue."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from deals.choices import CommissionKind, CommissionStatus, DisputeStatus, HoldReason
from deals.kinds import DISPUTE
from deals.models import Commission, Dispute
from deals.queries.people import may_decide
from prm.core.actors import Actor
from prm.core.models import AuditEntry, WorkItem

HOLDABLE = (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE, CommissionStatus.IN_PAYOUT)


def may_settle(actor: Actor, partner_id: int, at: datetime) -> bool:
    """Whether the actor settles this partner's disputes: who decides for it, and finance for all."""
    if not (actor.is_vendor and actor.can("deals.commission_settle")):
        return False
    return actor.role == "finance" or may_decide(actor, partner_id, at)


def adjusted_by(line: Commission) -> Decimal:
    """What adjustments added to a line since it was booked; void ones count nothing."""
    rows = line.corrections.filter(kind=CommissionKind.ADJUSTMENT).exclude(status=CommissionStatus.VOID)
    return rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def lines_to_hold(line: Commission) -> list[Commission]:
    """The line itself and what corrects it, as far as they are not paid and nothing else holds them.

    One that is in a run goes on its way; held, it waits if its payout fails.
    """
    rows = Commission.objects.filter(Q(pk=line.pk) | Q(origin=line), status__in=HOLDABLE, held_reason="")
    return list(rows.order_by("pk"))


def lines_to_free(line: Commission) -> list[Commission]:
    """The same lines once the dispute is over, without those that have an open dispute of their own."""
    rows = Commission.objects.filter(Q(pk=line.pk) | Q(origin=line), held_reason=HoldReason.DISPUTE)
    return list(rows.exclude(disputes__status=DisputeStatus.OPEN).order_by("pk"))


def with_hand_in(line: Commission) -> set[int]:
    """Ids of the people who made this line by hand: who adjusted, or settled what it came from (four eyes, T12)."""
    made = AuditEntry.objects.filter(
        ref_kind="deals.commission", ref_code=line.code, code="deals.commission.adjusted", actor_user__isnull=False
    ).values_list("actor_user_id", flat=True)
    settled = Dispute.objects.filter(adjustment=line, settled_by__isnull=False).values_list("settled_by_id", flat=True)
    return {each for each in (*made, *settled) if each is not None}


def settlers_before(line: Commission) -> set[int]:
    """Ids of the vendor's people who settled an earlier dispute of this line; a further one goes to somebody else."""
    rows = line.disputes.exclude(status__in=[DisputeStatus.OPEN, DisputeStatus.WITHDRAWN])
    return {each for each in rows.values_list("settled_by_id", flat=True) if each is not None}


def dispute_rows(actor: Actor) -> QuerySet[Dispute]:
    """Disputes with all that a page of theirs prints."""
    return Dispute.objects.visible_to(actor).select_related(
        "commission__opportunity__account",
        "partner__organization",
        "partner__tier",
        "opened_by",
        "settled_by",
        "adjustment",
        "file",
    )


def disputes_by_clock(actor: Actor) -> QuerySet[Dispute]:
    """All disputes with the moment at which each runs out (``due_at``, empty once settled), for the queue."""
    due = WorkItem.objects.open().filter(ref_kind="deals.dispute", ref_code=OuterRef("code"), kind=DISPUTE)
    return dispute_rows(actor).annotate(due_at=Subquery(due.values("due_at")[:1]))


def open_disputes_of(lines: Iterable[Commission]) -> dict[int, Dispute]:
    """The open dispute of each line that has one, by the line's primary key. One statement."""
    rows = Dispute.objects.filter(commission__in=list(lines), status=DisputeStatus.OPEN)
    return {row.commission_id: row for row in rows}
