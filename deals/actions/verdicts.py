"""Judging what partners' parts in deals were, and overruling a verdict.

A deal is judged when its win is confirmed, and again whenever its touches change until a contract is signed. Everybody
with a part gets a verdict: the deal's own partner and every partner with touches or a claim. A verdict that changes is
replaced by a new row and stays as history; one that does not is left alone. What a person overruled stays overruled,
with new evidence and credit. After the signature only an overrule changes a verdict; commission lines that exist are
not reached by it. At most one partner sourced a deal: the database refuses a second.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.choices import OpportunityStatus, VerdictKind
from deals.models import Contract, Opportunity, Verdict
from deals.queries.attribution_cases import Case, case_of, cases_of
from deals.queries.judgements import Decided, decide, kept, overruled, rows_of
from deals.queries.people import followers_of, may_decide
from partners.models import Partner
from prm.core.actions import audit, notices, outbox
from prm.core.actors import Actor
from prm.core.refs import Ref
from prm.core.refused import Refused

RIGHT = "deals.attribution_overrule"
CHUNK = 2000
MOST_A_NIGHT = 10_000


class VerdictRefused(Refused):
    """The verdict can't be changed like that."""

    code = "deals.verdict.refused"
    text = _("This verdict can’t be changed like that.")


class VerdictStaleRefused(VerdictRefused):
    """The deal was judged again since the form was opened."""

    code = "deals.verdict.stale"
    text = _("This deal was judged again since you opened it.")


@settled
def judge_deal(*, opportunity: Opportunity, by: Actor, at: datetime) -> list[Verdict]:
    """Judge every partner's part in a deal by the terms of its day; the verdicts now in force, by partner.

    Raises VerdictRefused once the contract is signed or the deal is lost.
    """
    with transaction.atomic():
        deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
        if deal.status == OpportunityStatus.LOST:
            raise VerdictRefused("deals.verdict.lost", _("A lost deal is not judged."))
        if Contract.objects.filter(opportunity=deal).exists():
            raise VerdictRefused("deals.verdict.signed", _("The contract is signed; only an overrule changes this."))
        case = case_of(deal, at)
        current = _current(deal)
        return _write(case, current, decide(case, current, by.user_id), by, at)


def judge_again(*, opportunity: Opportunity, by: Actor, at: datetime, only_judged: bool = False) -> None:
    """Judge a deal whose touches changed, unless it is lost or signed. ``only_judged``: and was judged before."""
    if opportunity.status == OpportunityStatus.LOST or Contract.objects.filter(opportunity=opportunity).exists():
        return
    if only_judged and not opportunity.verdicts.current().exists():
        return
    judge_deal(opportunity=opportunity, by=by, at=at)


def judge_first(*, opportunity: Opportunity, by: Actor, at: datetime) -> None:
    """Judge a deal that nobody judged yet, signed or not; one that was judged stays as it is."""
    if opportunity.verdicts.current().exists():
        return
    if Contract.objects.filter(opportunity=opportunity).exists():
        judge_won_deals(by=by, at=at, only=[opportunity.pk])
    else:
        judge_deal(opportunity=opportunity, by=by, at=at)


def judge_won_deals(*, by: Actor, at: datetime, only: Iterable[int] | None = None, most: int = MOST_A_NIGHT) -> int:
    """Judge won deals of partners that have no verdict: imports, and what was won before there were verdicts.

    The oldest records first, ``most`` at a time; until its turn a deal counts by where it came from. The number of
    statements depends on chunks only. ``only`` narrows to some deals. The count of deals judged.
    """
    judged = 0
    while judged < most:
        waiting = Opportunity.objects.filter(status=OpportunityStatus.WON, partner__isnull=False)
        waiting = waiting.filter(~Exists(Verdict.objects.current().filter(opportunity=OuterRef("pk"))))
        if only is not None:
            waiting = waiting.filter(pk__in=list(only))
        deals = list(waiting.order_by("pk")[: min(CHUNK, most - judged)])
        if not deals:
            break
        _judge_many(deals, by, at)
        judged += len(deals)
    return judged


def _judge_many(deals: Sequence[Opportunity], by: Actor, at: datetime) -> None:
    """First verdicts of a chunk. Another process at the same deal wins: its row stands, ours is dropped."""
    rows: list[Verdict] = []
    for case in cases_of(deals, at):
        rows += rows_of(case, decide(case, {}, by.user_id), at)
    counts = Counter(row.partner_id for row in rows)
    codes = dict(Partner.objects.filter(pk__in=counts).values_list("pk", "code"))
    with transaction.atomic():
        Verdict.objects.bulk_create(rows, ignore_conflicts=True)
        audit.record_many(
            audit.entry(
                code="deals.verdict.judged_in_bulk",
                by=by,
                at=at,
                ref=Ref("partners.partner", codes[partner_id]),
                organization_id=partner_id,
                changes={"verdicts": count},
            )
            for partner_id, count in counts.items()
        )


@settled
def overrule_verdict(*, verdict: Verdict, kind: str, reason: str, by: Actor, at: datetime) -> Verdict:
    """Replace a verdict by what a person decided, with the reason that the partner reads.

    Credit of the deal is shared anew. Raises VerdictRefused when another partner is the sourced one: that verdict has
    to be overruled first, so that two people never mean two different things.
    """
    if by.is_partner or not by.can(RIGHT) or not may_decide(by, verdict.partner_id, at):
        raise VerdictRefused("deals.verdict.not_allowed", _("You do not decide for this partner."))
    if kind not in VerdictKind.values:
        raise VerdictRefused("deals.verdict.kind", _("Please choose a verdict."))
    if not reason.strip():
        raise VerdictRefused("deals.verdict.reason_missing", _("Please say why. The partner reads it."))
    with transaction.atomic():
        deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=verdict.opportunity_id)
        if deal.status == OpportunityStatus.LOST:
            raise VerdictRefused("deals.verdict.lost", _("A lost deal is not judged."))
        current = _current(deal)
        before = current.get(verdict.partner_id)
        if before is None or before.pk != verdict.pk:
            raise VerdictStaleRefused
        if before.kind == kind:
            raise VerdictRefused("deals.verdict.same", _("This is the verdict already."))
        first = next((each for each in current.values() if each.kind == VerdictKind.SOURCED), None)
        if kind == VerdictKind.SOURCED and first is not None:
            raise VerdictRefused(
                "deals.verdict.sourced_already",
                _("%(partner)s is the sourced partner of this deal. A deal has one; overrule that verdict first."),
                {"partner": str(first.partner)},
            )
        case = case_of(deal, at)
        decided = [
            overruled(case, before, kind, reason.strip(), by.user_id)
            if row.partner_id == before.partner_id
            else kept(row)
            for row in current.values()
        ]
        after = next(row for row in _write(case, current, decided, by, at) if row.partner_id == before.partner_id)
        audit.record(
            code="deals.verdict.overruled",
            by=by,
            at=at,
            ref=deal.ref,
            organization_id=after.partner_id,
            changes={"verdict": [before.kind, kind], "credit_bps": [before.credit_bps, after.credit_bps]},
            reason=reason.strip(),
        )
        outbox.emit(
            name="deals.verdict.overruled",
            ref=Ref("deals.attribution", deal.code),
            data={"partner_id": after.partner_id, "verdict": kind},
            at=at,
        )
        notices.notify(
            topic="deals.verdict_overruled",
            membership_ids=followers_of(after.partner_id, _brought_by(deal, after.partner_id)),
            ref=Ref("deals.attribution", deal.code),
            at=at,
            context={
                "customer": deal.account.name if deal.account else deal.code,
                "before": before.get_kind_display(),
                "after": after.get_kind_display(),
                "reason": after.reason,
                "factor": after.factor_percent,
                "is_signed": Contract.objects.filter(opportunity=deal).exists(),
            },
        )
    return after


# --- Writing -----------------------------------------------------------------------------------------------------


def _brought_by(deal: Opportunity, partner_id: int) -> int | None:
    """Who of the partner registered or referred the deal."""
    claim = deal.registration or deal.referral
    return claim.created_by_id if claim is not None and claim.partner_id == partner_id else None


def _current(deal: Opportunity) -> dict[int, Verdict]:
    rows = deal.verdicts.current().select_related("partner__organization")
    return {row.partner_id: row for row in rows.order_by("partner_id")}


def _write(
    case: Case, current: Mapping[int, Verdict], decided: Sequence[Decided], by: Actor, at: datetime
) -> list[Verdict]:
    """Replace what differs, in two statements; the verdicts now in force, by partner."""
    rows = {row.partner_id: row for row in rows_of(case, decided, at)}
    fresh = [row for pk, row in rows.items() if pk not in current or _differs(current[pk], row)]
    replaced = [current[row.partner_id].pk for row in fresh if row.partner_id in current]
    if replaced:
        Verdict.objects.filter(pk__in=replaced).update(superseded_at=at)
    if fresh:
        Verdict.objects.bulk_create(fresh)
        audit.record_many(_judged(case.deal, current.get(row.partner_id), row, by, at) for row in fresh)
        if case.deal.status == OpportunityStatus.WON:
            outbox.emit_many(
                name="deals.verdict.judged",
                items=[
                    (Ref("deals.attribution", case.deal.code), {"partner_id": row.partner_id, "verdict": row.kind})
                    for row in fresh
                ],
                at=at,
            )
    new = {row.partner_id: row for row in fresh}
    return [new.get(pk) or current[pk] for pk in sorted(rows)]


def _judged(deal: Opportunity, before: Verdict | None, row: Verdict, by: Actor, at: datetime) -> Any:
    return audit.entry(
        code="deals.verdict.judged",
        by=by,
        at=at,
        ref=deal.ref,
        organization_id=row.partner_id,
        changes={
            "verdict": [before.kind, row.kind] if before else row.kind,
            "credit_bps": [before.credit_bps, row.credit_bps] if before else row.credit_bps,
        },
    )


def _differs(row: Verdict, new: Verdict) -> bool:
    """Whether a new judgement says anything that the one in force does not."""
    same = ("kind", "factor_percent", "credit_bps", "credit_model", "checks", "lines", "is_overruled", "reason")
    return row.program_version_id != new.program_version_id or any(
        getattr(row, name) != getattr(new, name) for name in same
    )
