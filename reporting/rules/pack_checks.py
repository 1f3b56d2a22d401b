"""One figure, one truth: a pack whose pages would contradict each other is not written (§11)."""

from collections.abc import Iterator
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from reporting.rules.pack import (
    ZERO,
    HealthFacts,
    NpsFacts,
    PackFacts,
    PipelineFacts,
    RevenueFacts,
    TierFacts,
    certified_people,
)


class PackInconsistent(Exception):
    """Two figures that must agree do not; `first` and `second` name them."""

    def __init__(self, first: str, second: str, first_value: Any, second_value: Any) -> None:
        super().__init__(f"{first} ({first_value}) does not agree with {second} ({second_value})")
        self.first, self.second = first, second
        self.first_value, self.second_value = first_value, second_value


Claim = tuple[str, Any, str, Any, bool]


def check_pack(facts: PackFacts) -> None:
    """Compare every figure that the pack prints twice, or prints with its parts. Amounts must be exactly equal.

    Raises `PackInconsistent` for the first pair that does not agree.
    """
    for first, first_value, second, second_value, agrees in _claims(facts):
        if not agrees:
            raise PackInconsistent(first, second, first_value, second_value)


def _same(first: str, first_value: Any, second: str, second_value: Any) -> Claim:
    return first, first_value, second, second_value, first_value == second_value


def _at_most(first: str, first_value: Any, second: str, second_value: Any) -> Claim:
    return first, first_value, second, second_value, first_value <= second_value


def _claims(facts: PackFacts) -> Iterator[Claim]:
    yield from _revenue(facts.revenue)
    yield from _quarter(facts)
    if facts.flow:
        yield from _flow(facts)
    if facts.pipeline:
        yield from _pipeline(facts, facts.pipeline)
    if facts.tier:
        yield from _tier(facts, facts.tier)
    if facts.matrix:
        yield _same("revenue T12M in the value matrix", facts.matrix.own.revenue, "revenue T12M", facts.revenue.t12m)
    if facts.nps:
        yield from _nps(facts.nps)
    if facts.health:
        yield from _health(facts.health)
    if facts.actions_before:
        agreed, done = facts.actions_before.agreed, facts.actions_before.done
        carried = sum(action.carried_over for action in facts.actions)
        yield _at_most("actions done", done, "actions agreed", agreed)
        yield _at_most("actions carried over", carried, "actions agreed and not done", agreed - done)
    if facts.agenda:
        minutes = sum(item.minutes for item in facts.agenda)
        yield _same("minutes of the agenda's items", minutes, "length of the meeting", facts.agenda_minutes)


def _revenue(revenue: RevenueFacts) -> Iterator[Claim]:
    for name, quarters, total in (
        ("revenue T12M", revenue.quarters[-4:], revenue.t12m),
        ("revenue T12M a year ago", revenue.quarters[-8:-4], revenue.t12m_prior),
    ):
        amounts = [quarter.revenue for quarter in quarters if quarter.revenue is not None]
        if total is not None and len(amounts) == 4:
            yield _same(f"sum of the four quarters of {name}", sum(amounts, ZERO), name, total)
    for quarter in revenue.quarters:
        if quarter.sourced is not None and quarter.revenue is not None:
            yield _at_most(
                f"sourced revenue of {quarter.label}",
                quarter.sourced,
                f"revenue of {quarter.label}",
                quarter.revenue,
            )
    sourced = [quarter.sourced for quarter in revenue.quarters[-4:] if quarter.sourced is not None]
    if revenue.t12m_sourced is not None and len(sourced) == 4:
        yield _same(
            "sum of the four quarters' sourced revenue",
            sum(sourced, ZERO),
            "sourced revenue T12M",
            revenue.t12m_sourced,
        )
    yield from _influenced(revenue)


def _influenced(revenue: RevenueFacts) -> Iterator[Claim]:
    parts = [(quarter.label, quarter.influenced) for quarter in revenue.quarters if quarter.influenced is not None]
    for label, part in [*parts, *([("T12M", revenue.t12m_influenced)] if revenue.t12m_influenced else [])]:
        name = f"influenced revenue of {label}"
        yield _at_most(f"{name} at the reporting credit", part.reported, name, part.amount)
        if not part.deals:
            yield _same(f"{name} without a deal", part.amount, "nothing", ZERO)
    year = [quarter.influenced for quarter in revenue.quarters[-4:] if quarter.influenced is not None]
    whole = revenue.t12m_influenced
    if whole is None or len(year) < 4:
        return
    for name, sum_of_quarters, total in (
        ("influenced revenue", sum((part.amount for part in year), ZERO), whole.amount),
        ("influenced revenue at the reporting credit", sum((part.reported for part in year), ZERO), whole.reported),
        ("influenced deals", sum(part.deals for part in year), whole.deals),
    ):
        yield _same(f"sum of the four quarters' {name}", sum_of_quarters, f"{name} T12M", total)


def _quarter(facts: PackFacts) -> Iterator[Claim]:
    quarter, period = facts.revenue.quarter, facts.period
    yield _same("last quarter of the revenue", quarter.label, "reviewed quarter", period.label)
    won = sum((deal.amount for deal in facts.won if deal.amount is not None), ZERO)
    yield _same("sum of the won deals", won, f"revenue of {period.label}", quarter.revenue or ZERO)
    unpriced = sum(deal.amount is None for deal in facts.won)
    yield _same("won deals without an exchange rate", unpriced, "deals left out of revenue", facts.revenue.left_out)
    for name, days in (
        ("won", [deal.won_on for deal in facts.won]),
        ("lost", [deal.lost_on for deal in facts.lost]),
    ):
        for day in days:
            inside = period.start <= day <= period.end
            yield f"day of a {name} deal", day, "reviewed quarter", (period.start, period.end), inside


def _flow(facts: PackFacts) -> Iterator[Claim]:
    flow = facts.flow
    assert flow is not None
    left = flow.open_before + flow.opened - flow.won - flow.lost - flow.dropped
    yield _same("deals left by the quarter's flow", left, "deals open at its end", flow.open_after)
    yield _same("deals listed as won", len(facts.won), "deals won in the quarter", flow.won)
    yield _same("deals listed as lost", len(facts.lost), "deals lost in the quarter", flow.lost)
    yield _at_most("registered in the quarter", flow.registered, "registered in T12M", flow.registered_t12m)
    yield _at_most("won in the quarter", flow.won, "won in T12M", flow.won_t12m)
    yield _at_most("lost in the quarter", flow.lost, "lost in T12M", flow.lost_t12m)
    if facts.pipeline:
        yield _same(
            "deals open at the quarter's end",
            flow.open_after,
            "deals in the pipeline and awaiting a decision",
            facts.pipeline.deals + flow.awaiting_decision,
        )


def _pipeline(facts: PackFacts, pipeline: PipelineFacts) -> Iterator[Claim]:
    stages = pipeline.stages
    yield _same("deals of the stages", sum(stage.deals for stage in stages), "deals in the pipeline", pipeline.deals)
    amount = sum((stage.amount for stage in stages), ZERO)
    yield _same("sum of the stages", amount, "pipeline total", pipeline.total)
    weighted = [stage.weighted for stage in stages if stage.weighted is not None]
    if pipeline.weighted is not None and len(weighted) == len(stages):
        yield _same("weighted sum of the stages", sum(weighted, ZERO), "weighted pipeline", pipeline.weighted)
    stuck = sum((deal.amount for deal in facts.stuck if deal.amount is not None), ZERO)
    yield _at_most("stuck deals", len(facts.stuck), "deals in the pipeline", pipeline.deals)
    yield _at_most("sum of the stuck deals", stuck, "pipeline total", pipeline.total)
    for deal in facts.stuck:
        yield _at_most("least days of a stuck deal", facts.terms.stuck_days, "days in stage", deal.days_in_stage)
    if pipeline.due_next_quarter is not None:
        yield _at_most("pipeline due next quarter", pipeline.due_next_quarter, "pipeline total", pipeline.total)


def _tier(facts: PackFacts, tier: TierFacts) -> Iterator[Claim]:
    people = len(certified_people(facts))
    yield _same("people with a current certificate", people, "certified people of the tier", tier.people)
    if tier.progress_percent is None or not tier.paths:
        return
    best = max(min(path.reached / path.required, Decimal(1)) if path.required else 1 for path in tier.paths)
    percent = int((Decimal(best) * 100).to_integral_value(ROUND_FLOOR))
    if percent == 100 and tier.people < tier.people_required:
        yield _at_most("progress with people missing", tier.progress_percent, "less than all", 99)
    else:
        yield _same("progress by the best path", percent, "progress to the next tier", tier.progress_percent)


def _nps(nps: NpsFacts) -> Iterator[Claim]:
    if nps.answers:
        exact = Decimal(100 * (nps.promoters - nps.detractors)) / nps.answers
        # Half away from zero, as everywhere; NPS runs below zero.
        score = int(exact.to_integral_value(ROUND_HALF_UP))
        yield _same("NPS of the answers", score, "NPS", nps.score)


def _health(health: HealthFacts) -> Iterator[Claim]:
    known = [part for part in health.parts if part.points is not None]
    maximum = sum(part.maximum for part in known)
    yield _same("maximum of the parts with data", maximum, "points known", health.known)
    for part in known:
        yield _at_most(f"points for {part.label}", part.points, "its maximum", part.maximum)
    if health.score is not None and maximum:
        points = Decimal(100 * sum(part.points or 0 for part in known)) / maximum
        score = int(points.to_integral_value(ROUND_HALF_UP))
        yield _same("sum of the health parts", score, "health score", health.score)
    if health.trend:
        yield _same("last month of the trend", health.trend[-1][1], "health score", health.score)
