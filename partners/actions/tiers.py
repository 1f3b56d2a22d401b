"""Tiers: what was decided is written.

The decision is a rule's (`partners.rules.tier_status`); this module stores it for many partners in a constant number
of statements, with history, grants, audit and events in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from partners.actions.grants import refresh_tier_grants
from partners.actions.history import Latest, fingerprint, is_news
from partners.choices import GrantSource, TierChangeKind, TierMetric, TierOutcome
from partners.models import (
    Grant,
    Partner,
    ProgramVersion,
    TierChange,
    TierNoticeSent,
    TierOverride,
    TierStanding,
)
from partners.queries.program import tier_ids
from partners.rules.tier_status import TierDecision
from partners.rules.tiers import TierFacts
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.bulk import insert_many, insert_missing
from prm.core.explain import to_json
from prm.core.refs import Ref

CHANGED = "partners.tier.changed"
NOTICED = "partners.tier.notice_due"
_KINDS = {
    TierOutcome.PROMOTED: TierChangeKind.PROMOTED,
    TierOutcome.DEMOTED: TierChangeKind.DEMOTED,
    TierOutcome.RESET: TierChangeKind.RESET,
    TierOutcome.REMOVED: TierChangeKind.REMOVED,
}


@dataclass(frozen=True)
class TierResult:
    """One partner's decision with the facts it was made from."""

    partner_id: int
    decision: TierDecision
    facts: TierFacts


@dataclass
class Applied:
    """What was done: ids of partners whose tier changed, and of those left alone because they had moved on."""

    changed: list[int] = field(default_factory=list)
    stored: int = 0
    skipped: list[int] = field(default_factory=list)


_UPDATE = """
UPDATE partners_partner AS p
   SET tier_id = n.tier_id, tier_changed_on = n.since, review_on = n.review_on, grace_until = n.grace_until,
       pending_tier_id = n.pending_id, next_tier_id = n.next_id, tier_progress_percent = n.progress,
       tier_at_risk = n.at_risk, support_plan = n.support_plan, sourced_arr_t12m = n.arr,
       qualified_referrals_t12m = n.referrals, live_integrations = n.integrations, co_sold_deals_t12m = n.co_sold,
       certified_people = n.certified
  FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::date[], %s::date[], %s::bigint[], %s::bigint[],
              %s::int[], %s::bool[], %s::bool[], %s::numeric[], %s::int[], %s::int[], %s::int[], %s::int[])
    AS n(id, tier_id, since, review_on, grace_until, pending_id, next_id, progress, at_risk, support_plan, arr,
         referrals, integrations, co_sold, certified)
 WHERE p.organization_id = n.id
   AND (p.tier_id, p.tier_changed_on, p.review_on, p.grace_until, p.pending_tier_id, p.next_tier_id,
        p.tier_progress_percent, p.tier_at_risk, p.support_plan, p.sourced_arr_t12m, p.qualified_referrals_t12m,
        p.live_integrations, p.co_sold_deals_t12m, p.certified_people)
       IS DISTINCT FROM
       (n.tier_id, n.since, n.review_on, n.grace_until, n.pending_id, n.next_id, n.progress, n.at_risk,
        n.support_plan, n.arr, n.referrals, n.integrations, n.co_sold, n.certified)
"""


_READ = (
    "pk", "code", "track__code", "tier_id", "tier__code", "scored_on", "has_grants", "last_day", "last_print",
)  # fmt: skip


def apply_tier_decisions(
    *, results: Sequence[TierResult], version: ProgramVersion, on: date, by: Actor, at: datetime
) -> Applied:
    """Store many decisions of one day: standing, history, overrides, notices, grants, audit and events.

    A partner whose stored tier is no longer the one the decision began with is skipped, and so is one that was
    scored for a later day. Applying the same results again changes nothing.
    """
    applied = Applied()
    if not results:
        return applied
    with transaction.atomic():
        rows: dict[int, dict[str, Any]] = {
            row["pk"]: {**row} for row in _locked([result.partner_id for result in results], version).values(*_READ)
        }
        tiers = tier_ids(version)
        kept: list[tuple[TierResult, dict[str, Any]]] = []
        for result in results:
            row = rows.get(result.partner_id)
            is_current = row is not None and row["tier__code"] == result.decision.before
            if row is None or not is_current or (row["scored_on"] and row["scored_on"] > on):
                applied.skipped.append(result.partner_id)
            else:
                kept.append((result, row))
        plans = [_plan(result, row, tiers) for result, row in kept]
        _update_partners(plans)
        moved = [plan for plan in plans if plan["tier_id"] != plan["row"]["tier_id"]]
        events = _write_changes(moved, version, on, by, at)
        applied.stored = _write_standings(plans, version, on)
        _close_overrides(plans, at)
        events += _note_notices(plans, on)
        outbox.emit_events(events=events, at=at)
        # a tier held on whose grants come from an older version gives what this one says
        outdated = [plan["row"]["pk"] for plan in plans if plan["tier_id"] and not plan["row"]["has_grants"]]
        changed_ids = [plan["row"]["pk"] for plan in moved]
        refresh_tier_grants(partner_ids={*changed_ids, *outdated}, version=version, on=on, at=at)
        applied.changed = changed_ids
    return applied


def apply_tier_decision(*, result: TierResult, version: ProgramVersion, on: date, by: Actor, at: datetime) -> Applied:
    """The same for one partner, on demand."""
    return apply_tier_decisions(results=[result], version=version, on=on, by=by, at=at)


def _locked(partner_ids: Sequence[int], version: ProgramVersion) -> QuerySet[Partner]:
    """The partners, locked in order, with their last standing and whether this version gave their tier's grants."""
    grants = Grant.objects.filter(
        partner_id=OuterRef("pk"), source_kind=GrantSource.TIER, valid_until=None, version=version
    )
    last = TierStanding.objects.filter(partner_id=OuterRef("pk")).order_by("-day")
    return (
        Partner.objects.select_for_update(of=("self",))
        .filter(pk__in=partner_ids)
        .annotate(
            has_grants=Exists(grants),
            last_day=Subquery(last.values("day")[:1]),
            last_print=Subquery(last.values("fingerprint")[:1]),
        )
        .order_by("pk")
    )


def _plan(result: TierResult, row: dict[str, Any], tiers: dict[tuple[str, str], int]) -> dict[str, Any]:
    standing, decision, track = result.decision.standing, result.decision, row["track__code"]
    progress = decision.progress
    return {
        "row": row,
        "result": result,
        "tier_id": tiers.get((track, standing.tier or "")),
        "since": standing.since,
        "review_on": standing.review_on,
        "grace_until": standing.grace_until,
        "pending_id": tiers.get((track, standing.pending_tier or "")),
        "qualified_id": tiers.get((track, decision.qualified or "")),
        "next_id": tiers.get((track, progress.tier)) if progress else None,
        "progress": progress.percent if progress else None,
        "arr": result.facts.reached(TierMetric.SOURCED_ARR),
        "referrals": int(result.facts.reached(TierMetric.QUALIFIED_REFERRALS)),
        "integrations": int(result.facts.reached(TierMetric.LIVE_INTEGRATIONS)),
        "co_sold": int(result.facts.reached(TierMetric.CO_SOLD_DEALS)),
        "certified": result.facts.certified_people,
        "lines": to_json(decision.lines),
    }


def _update_partners(plans: list[dict[str, Any]]) -> None:
    columns: list[list[Any]] = [
        [plan["row"]["pk"] for plan in plans],
        *(
            [plan[name] for plan in plans]
            for name in ("tier_id", "since", "review_on", "grace_until", "pending_id", "next_id", "progress")
        ),
        [plan["result"].decision.at_risk for plan in plans],
        [plan["result"].decision.support_plan for plan in plans],
        *([plan[name] for plan in plans] for name in ("arr", "referrals", "integrations", "co_sold", "certified")),
    ]
    if plans:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, columns)


def _write_changes(
    moved: list[dict[str, Any]], version: ProgramVersion, on: date, by: Actor, at: datetime
) -> list[outbox.Event]:
    insert_many(
        [
            TierChange(
                partner_id=plan["row"]["pk"],
                from_tier_id=plan["row"]["tier_id"],
                to_tier_id=plan["tier_id"],
                kind=_KINDS.get(plan["result"].decision.outcome, TierChangeKind.ASSIGNED),
                changed_on=on,
                explanation=plan["lines"],
                version=version,
                by_id=by.user_id,
                created_at=at,
            )
            for plan in moved
        ]
    )
    audit.record_many(
        audit.entry(
            code=CHANGED,
            by=by,
            at=at,
            ref=_ref(plan),
            organization_id=plan["row"]["pk"],
            changes={
                "tier": [plan["row"]["tier__code"], plan["result"].decision.standing.tier],
                "outcome": plan["result"].decision.outcome,
                "on": on,
                "version": version.code,
            },
        )
        for plan in moved
    )
    return [outbox.Event(name=CHANGED, ref=_ref(plan), data=_news(plan, on)) for plan in moved]


def _ref(plan: dict[str, Any]) -> Ref:
    return Ref("partners.partner", plan["row"]["code"])


def _news(plan: dict[str, Any], on: date) -> dict[str, Any]:
    decision: TierDecision = plan["result"].decision
    return {
        "partner_id": plan["row"]["pk"],
        "from": plan["row"]["tier__code"],
        "to": decision.standing.tier,
        "outcome": str(decision.outcome),
        "on": on.isoformat(),
    }


def _write_standings(plans: list[dict[str, Any]], version: ProgramVersion, on: date) -> int:
    rows = []
    for plan in plans:
        decision: TierDecision = plan["result"].decision
        # What a day came to ("promoted") is its own news; on the days after, the standing is simply unchanged.
        values = {
            "tier": plan["tier_id"],
            "qualified": plan["qualified_id"],
            "next": plan["next_id"],
            "progress": plan["progress"],
            "arr": format(plan["arr"].normalize() if plan["arr"] else Decimal(0), "f"),
            "referrals": plan["referrals"],
            "integrations": plan["integrations"],
            "co_sold": plan["co_sold"],
            "certified": plan["certified"],
            "review_on": str(plan["review_on"]),
            "grace_until": str(plan["grace_until"]),
            "at_risk": decision.at_risk,
            "support_plan": decision.support_plan,
            "version": version.pk,
            "lines": [line for line in plan["lines"] if line["code"] != "tier.outcome"],
        }
        print_ = fingerprint(values)
        row = plan["row"]
        if not is_news(Latest(row["last_day"], row["last_print"] or "", row["scored_on"]), on, print_):
            continue
        rows.append(
            TierStanding(
                partner_id=plan["row"]["pk"],
                day=on,
                version=version,
                tier_id=plan["tier_id"],
                qualified_tier_id=plan["qualified_id"],
                next_tier_id=plan["next_id"],
                outcome=decision.outcome,
                progress_percent=plan["progress"],
                sourced_arr=plan["arr"],
                qualified_referrals=plan["referrals"],
                live_integrations=plan["integrations"],
                co_sold_deals=plan["co_sold"],
                certified_people=plan["certified"],
                review_on=plan["review_on"],
                grace_until=plan["grace_until"],
                at_risk=decision.at_risk,
                support_plan=decision.support_plan,
                explanation=plan["lines"],
                fingerprint=print_,
            )
        )
    names = [each.name for each in TierStanding._meta.concrete_fields if each.name not in ("id", "partner", "day")]
    insert_many(rows, unique=["partner", "day"], update=names)
    return len(rows)


def _close_overrides(plans: list[dict[str, Any]], at: datetime) -> None:
    closed: dict[str, list[str]] = {}
    for plan in plans:
        for code, how in plan["result"].decision.closed:
            closed.setdefault(how, []).append(code)
    for how, codes in closed.items():
        TierOverride.objects.filter(code__in=codes, ended_at=None).update(ended_at=at, ended_how=how)


def _note_notices(plans: list[dict[str, Any]], on: date) -> list[outbox.Event]:
    """Keep which notices were given; only those that nobody gave before are news."""
    due = [(plan, notice) for plan in plans for notice in plan["result"].decision.notices]
    fresh = insert_missing(
        [
            TierNoticeSent(
                partner_id=plan["row"]["pk"], kind=notice.kind, due_on=notice.due_on, days=notice.days, sent_on=on
            )
            for plan, notice in due
        ],
        key=["partner", "kind", "due_on", "days"],
    )
    return [
        outbox.Event(
            name=NOTICED,
            ref=_ref(plan),
            data={
                "partner_id": plan["row"]["pk"],
                "kind": str(notice.kind),
                "due_on": notice.due_on.isoformat(),
                "days": notice.days,
                "tier": plan["result"].decision.standing.tier,
            },
        )
        for plan, notice in due
        if (plan["row"]["pk"], str(notice.kind), notice.due_on, notice.days) in fresh
    ]
