"""What one night decides about a partner's tier.

Up at once, or queued where the program wants an approval. Down only at the annual review (the anniversary of the last
change of tier): not qualified then, a grace period starts that runs 3, 6 or 9 months from the review date; qualified on
any night in it and the review is passed, the next one a year later; else one rung down, never more. No agreement, no
tier. A *strategic* override gives the top tier whatever the results, and the day after its last day is a review
date. A *provisional* tier is a floor until its last day, then the tier is set to the qualified one at once, however
many rungs. An *accelerator* promotes when its targets are reached; when it ends without, the tier is set in the same
way, without notice. A partner that does not qualify for the tier it holds is told 90/30/7 days before the review and
before grace (and a provisional tier) ends. Deciding twice on a date changes nothing the second time: feed
`decision.standing` back. Source: program rules §2.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from partners.choices import OverrideKind, TierOutcome
from partners.rules.standing import Override, Standing, TierNotice, place
from partners.rules.terms import LadderTerms
from partners.rules.tier_reviews import review, warnings
from partners.rules.tiers import Progress, TierFacts, measure, next_progress, progress_to, qualify
from prm.core.explain import Audience, Line

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class TierDecision:
    """The outcome, the standing to store, and why.

    `closed` are the overrides to close now (code, how: "ended" or "reached"). `at_risk`: does not qualify for the tier
    it holds. `support_plan`: at risk, and in grace or within the first notice before the end.
    """

    outcome: TierOutcome
    standing: Standing
    qualified: str | None
    before: str | None
    at_risk: bool = False
    support_plan: bool = False
    closed: tuple[tuple[str, str], ...] = ()
    notices: tuple[TierNotice, ...] = ()
    progress: Progress | None = None
    lines: tuple[Line, ...] = field(default=())

    @property
    def changed(self) -> bool:
        return self.standing.tier != self.before


def decide_tier(standing: Standing, facts: TierFacts, ladder: LadderTerms, at_date: date) -> TierDecision:
    """Decide one partner's tier as of a date. Pure: same input, same decision."""
    qualified = qualify(ladder, facts)
    reached = [each for each in standing.overrides if _is_reached(each, facts, at_date)]
    ended = [each for each in standing.overrides if each.ends_on < at_date]
    left = tuple(each for each in standing.overrides if each not in reached and each not in ended)
    outcome, after = _next_standing(
        replace(standing, overrides=left), facts, ladder, at_date, qualified, reached, ended
    )
    at_risk = ladder.rank(qualified) < ladder.rank(after.tier)
    notices, support_plan = warnings(after, ladder, at_date) if at_risk else ((), False)
    sent = frozenset(notice for notice in after.notices_sent if notice.due_on >= at_date)
    after = replace(after, notices_sent=sent | frozenset(notices))
    progress = next_progress(ladder, facts, after.tier)
    held = ladder.tier(after.tier)
    return TierDecision(
        outcome=outcome,
        standing=after,
        qualified=qualified,
        before=standing.tier,
        at_risk=at_risk,
        support_plan=support_plan,
        closed=tuple([(each.code, "reached") for each in reached] + [(each.code, "ended") for each in ended]),
        notices=notices,
        progress=progress,
        lines=(
            *_lines(outcome, standing.tier, after, qualified, at_date),
            *(progress_to(held, facts).lines if held and at_risk else ()),
            *(progress.lines if progress else ()),
        ),
    )


def _is_reached(override: Override, facts: TierFacts, at_date: date) -> bool:
    if override.kind != OverrideKind.ACCELERATOR or not override.runs_on(at_date):
        return False
    has_targets = bool(override.paths or override.certified_people)
    targets = measure(override.tier, override.paths, override.certified_people, "", facts)
    return has_targets and targets.complete


def _next_standing(
    standing: Standing,
    facts: TierFacts,
    ladder: LadderTerms,
    at_date: date,
    qualified: str | None,
    reached: list[Override],
    ended: list[Override],
) -> tuple[TierOutcome, Standing]:
    def higher(*codes: str | None) -> str | None:
        return max(codes, key=ladder.rank)

    def moved(tier: str | None, down: TierOutcome = TierOutcome.RESET) -> tuple[TierOutcome, Standing]:
        up = ladder.rank(tier) > ladder.rank(standing.tier)
        return (TierOutcome.PROMOTED if up else down), place(standing, tier, ladder, at_date)

    if not facts.has_agreement or not ladder.tiers:
        if standing.tier is None:
            return TierOutcome.UNCHANGED, place(standing, None, ladder, at_date)
        return moved(None, TierOutcome.REMOVED)

    if strategic := standing.running(OverrideKind.STRATEGIC, at_date):
        top = higher(ladder.strategic, strategic.tier, qualified, standing.tier)
        outcome, held = (TierOutcome.UNCHANGED, standing) if top == standing.tier else moved(top)
        review_on = strategic.ends_on + _DAY
        return outcome, replace(held, review_on=review_on, grace_until=None, pending_tier=None)

    tier = standing.tier if ladder.tier(standing.tier) else None
    is_reset = any(each.kind != OverrideKind.STRATEGIC for each in ended)
    if is_reset:
        tier = qualified
    tier = higher(tier, *(each.tier for each in reached))
    floor = standing.running(OverrideKind.PROVISIONAL, at_date)
    if floor:
        tier = higher(tier, floor.tier)
    if tier is None and qualified:
        tier = ladder.tiers[0].code
    pending = None
    if ladder.rank(qualified) > ladder.rank(tier):
        if ladder.promotion_needs_approval:
            pending = qualified
        else:
            tier = qualified

    if tier != standing.tier:
        outcome, held = moved(tier)
    elif floor and ladder.rank(tier) <= ladder.rank(floor.tier):
        outcome, held = TierOutcome.UNCHANGED, replace(standing, review_on=None, grace_until=None)
    else:
        for each in ended:
            if each.kind == OverrideKind.STRATEGIC:
                standing = replace(standing, review_on=each.ends_on + _DAY)
        outcome, held = review(standing, ladder, at_date, holds=ladder.rank(qualified) >= ladder.rank(tier))
    if pending and pending != standing.pending_tier and outcome == TierOutcome.UNCHANGED:
        outcome = TierOutcome.PROMOTION_QUEUED
    if floor and ladder.rank(held.tier) <= ladder.rank(floor.tier):
        held = replace(held, review_on=None)
    return outcome, replace(held, pending_tier=pending)


def _lines(
    outcome: TierOutcome, before: str | None, after: Standing, qualified: str | None, at_date: date
) -> tuple[Line, ...]:
    lines = [
        Line("tier.outcome", {"outcome": outcome, "before": before, "tier": after.tier}),
        Line("tier.qualified", {"tier": qualified}),
    ]
    for each in after.overrides:
        if each.runs_on(at_date):
            values = {"kind": each.kind, "tier": each.tier, "ends_on": each.ends_on}
            audience: Audience = "all" if each.kind == OverrideKind.PROVISIONAL else "vendor"
            lines.append(Line("tier.override", values, audience=audience))
    if after.pending_tier:
        lines.append(Line("tier.pending", {"tier": after.pending_tier}))
    if after.grace_until:
        lines.append(Line("tier.grace", {"until": after.grace_until}, unit="date"))
    elif after.review_on:
        lines.append(Line("tier.review", {"on": after.review_on}, unit="date"))
    return tuple(lines)
