"""What a QBR pack says: the conclusion of each page, the wins, the gaps and the goals (program rules §11).

A rule here picks *which* sentence is true and with which figures; `reporting/documents/qbr_words.py`
puts it into words in the reader's language. So that a falling quarter never reads like a rising one,
every clause about a change goes through `compare`, the only place that says what rising means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from partners.choices import Quadrant
from partners.rules.terms import ValueMatrixTerms
from partners.rules.value_matrix import place_in_matrix
from reporting.rules.pack import (
    ZERO,
    Certificate,
    HealthPart,
    MatrixFacts,
    MatrixPoint,
    PackFacts,
    Reason,
    TierFacts,
    TierPath,
    certified_people,
)

Trend = Literal["rising", "flat", "falling", "new", "none", "unknown"]


@dataclass(frozen=True)
class Sentence:
    """A code of `qbr_words` and the figures that stand in it.

    The type says how a value is written: `Decimal` is an amount of money, `int` and `float` a number,
    `date` a day, `str` a word.
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """How a figure moved: `percent` is signed and whole, and only set for rising, flat and falling."""

    trend: Trend
    percent: int | None = None


def compare(now: Decimal, before: Decimal | None, flat_percent: Decimal) -> Change:
    """The change of an amount over a year.

    `unknown` without data for the year before; `none` when neither year brought anything; `new` when
    only this one did; else rising, falling, or flat within ± `flat_percent` (inclusive). A year ago
    at or below zero has no percentage. The percentage is rounded half-up.
    """
    if before is None:
        return Change("unknown")
    if before <= 0:
        return Change("new") if now > 0 else Change("none")
    exact = (now - before) * 100 / before
    percent = int(exact.to_integral_value(ROUND_HALF_UP))
    if abs(exact) <= flat_percent:
        return Change("flat", percent)
    return Change("rising" if exact > 0 else "falling", percent)


# -- figures derived for the pages ---------------------------------------------------------------


def revenue_change(facts: PackFacts) -> Change:
    """Revenue T12M against the twelve months before."""
    return compare(facts.revenue.t12m, facts.revenue.t12m_prior, facts.terms.flat_percent)


def quarter_change(facts: PackFacts) -> Change:
    """The quarter's revenue against the same quarter a year ago."""
    year_ago = facts.revenue.year_ago
    before = year_ago.revenue if year_ago else None
    return compare(facts.revenue.quarter.revenue or ZERO, before, facts.terms.flat_percent)


def quarter_rank(facts: PackFacts) -> Literal["best", "lowest", ""]:
    """Whether the quarter is the best or the lowest of those with data; "" with fewer than four or in a tie."""
    amounts = [quarter.revenue for quarter in facts.revenue.quarters if quarter.revenue is not None]
    now = facts.revenue.quarter.revenue
    if now is None or len(amounts) < 4 or amounts.count(now) > 1:
        return ""
    return "best" if now == max(amounts) else "lowest" if now == min(amounts) else ""


def win_rate(won: int | None, lost: int | None) -> int | None:
    """Won of won and lost in percent, rounded half-up; `None` with nothing closed."""
    if won is None or lost is None or won + lost == 0:
        return None
    return int((Decimal(100 * won) / (won + lost)).to_integral_value(ROUND_HALF_UP))


def percent_of(part: Decimal, whole: Decimal) -> int | None:
    """`part` of `whole` in percent, rounded half-up; `None` of nothing."""
    return int((part * 100 / whole).to_integral_value(ROUND_HALF_UP)) if whole > 0 else None


def largest_customer(facts: PackFacts) -> tuple[str, Decimal] | None:
    """The customer with the most revenue of the quarter, all its deals together."""
    totals: dict[str, Decimal] = {}
    for deal in facts.won:
        if deal.amount is not None and deal.amount > 0:
            totals[deal.customer] = totals.get(deal.customer, ZERO) + deal.amount
    return max(totals.items(), key=lambda item: item[1]) if totals else None


def expiring(facts: PackFacts) -> tuple[Certificate, ...]:
    """Current certificates that end within the terms' days after the figures' last day."""
    limit = facts.as_of + timedelta(days=facts.terms.expiring_days)
    return tuple(item for item in facts.certificates if facts.as_of <= item.valid_until <= limit)


def best_path(tier: TierFacts) -> TierPath | None:
    """The path to the next rung that is furthest along."""
    return max(tier.paths, key=lambda path: path.reached / path.required if path.required else 1, default=None)


def people_missing(tier: TierFacts) -> int:
    return max(tier.people_required - tier.people, 0)


def stuck_amount(facts: PackFacts) -> Decimal:
    return sum((deal.amount for deal in facts.stuck if deal.amount is not None), ZERO)


def pipeline_wanted(facts: PackFacts) -> Decimal | None:
    """Pipeline for the next quarter: the terms' coverage times an average quarter of T12M."""
    if facts.revenue.t12m <= 0:
        return None
    return facts.terms.coverage * facts.revenue.t12m / 4


def quadrant_of(matrix: MatrixFacts, point: MatrixPoint) -> Quadrant:
    """Where a point lies, by the matrix's own thresholds."""
    terms = ValueMatrixTerms(strategic_value_high=matrix.value_high, revenue_high=matrix.revenue_high)
    return place_in_matrix(point.value, point.revenue, terms)


def weakest_part(parts: tuple[HealthPart, ...]) -> HealthPart | None:
    """The dimension that leaves the most points; `None` when none leaves any."""
    known = [part for part in parts if part.points is not None and part.points < part.maximum]
    return max(known, key=lambda part: part.maximum - (part.points or 0), default=None)


# -- titles --------------------------------------------------------------------------------------


def summary_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """How the year went, and the one thing that matters next."""
    change = revenue_change(facts)
    values = {"partner": facts.partner.called, "amount": facts.revenue.t12m, "percent": change.percent}
    trend: str = "none" if change.trend == "unknown" and facts.revenue.t12m <= 0 else change.trend
    if trend == "falling" and facts.revenue.t12m <= 0:
        trend = "gone"
    return Sentence(f"summary.{trend}", values), *_next_step(facts)


def _next_step(facts: PackFacts) -> tuple[Sentence, ...]:
    values: dict[str, Any]
    tier = facts.tier
    if tier and tier.standing == "grace" and tier.grace_until:
        return (Sentence("next.grace", {"tier": tier.label, "until": tier.grace_until}),)
    if tier and tier.standing == "at_risk" and tier.review_on:
        return (Sentence("next.at_risk", {"tier": tier.label, "on": tier.review_on}),)
    if tier and tier.next_label and (tier.progress_percent or 0) >= facts.terms.strong_progress_percent:
        return (_way_to_tier(tier),)
    if facts.stuck:
        amount = stuck_amount(facts)
        values = {"deals": len(facts.stuck), "amount": amount}
        return (Sentence("next.stuck" if amount > 0 else "next.stuck_unpriced", values),)
    if facts.pipeline and facts.pipeline.deals == 0:
        return (Sentence("next.no_pipeline"),)
    if tier and tier.next_label and tier.paths:
        return (_way_to_tier(tier),)
    if facts.pipeline:
        values = {"deals": facts.pipeline.deals, "amount": facts.pipeline.total}
        return (Sentence("next.pipeline" if facts.pipeline.total > 0 else "next.pipeline_unpriced", values),)
    return ()


# What the paths that are no money count, as the codes of sentences name it.
_COUNTED = {"qualified_referrals": "referrals", "live_integrations": "integrations", "co_sold_deals": "co_sold"}


def _way_to_tier(tier: TierFacts) -> Sentence:
    values: dict[str, Any]
    path, people = best_path(tier), people_missing(tier)
    values = {"tier": tier.next_label, "people": people, "percent": tier.progress_percent}
    if path is None or path.missing <= 0:
        return Sentence("next.tier_people" if people else "next.tier_met", values)
    kind = "money" if path.is_money else _COUNTED[path.code]
    values |= {"missing": path.missing if path.is_money else int(path.missing), "what": path.label}
    return Sentence(f"next.tier_{kind}" + ("_people" if people else ""), values)


def revenue_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """What the quarter brought against a year ago, and what stands out in it."""
    values: dict[str, Any]
    revenue, change = facts.revenue, quarter_change(facts)
    amount = revenue.quarter.revenue or ZERO
    values = {"quarter": revenue.quarter.label, "amount": amount, "percent": change.percent}
    trend: str = change.trend
    if amount <= 0:
        trend = "none"
    first = Sentence(f"revenue.{trend}", values)
    rank = quarter_rank(facts)
    largest = largest_customer(facts)
    share = percent_of(largest[1], amount) if largest else None
    quarters = sum(quarter.revenue is not None for quarter in revenue.quarters)
    if revenue.quarter.target and amount > 0:
        percent = percent_of(amount, revenue.quarter.target)
        return first, Sentence("revenue.of_target", {"percent": percent})
    if rank == "best" and trend in ("rising", "new", "unknown"):
        return first, Sentence("revenue.best", {"quarters": quarters})
    if share is not None and len(facts.won) > 1 and share >= facts.terms.concentration_percent:
        return first, Sentence("revenue.concentrated", {"percent": share})
    if rank == "lowest" and trend in ("falling", "flat", "unknown") and amount > 0:
        return first, Sentence("revenue.lowest", {"quarters": quarters})
    if revenue.t12m > 0 and trend != "none":
        return first, Sentence("revenue.year", {"amount": revenue.t12m})
    if revenue.t12m > 0:
        return first, Sentence("revenue.year_still", {"amount": revenue.t12m})
    return (first,)


def pipeline_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """What is open and what of it does not move; without a pipeline, what the quarter closed."""
    values: dict[str, Any]
    pipeline, flow = facts.pipeline, facts.flow
    clauses: list[Sentence] = []
    if pipeline:
        kind = "none" if pipeline.deals == 0 else "unpriced" if pipeline.total <= 0 else "open"
        values = {"deals": pipeline.deals, "amount": pipeline.total, "on": facts.as_of}
        clauses.append(Sentence(f"pipeline.{kind}", values))
    if pipeline and pipeline.deals and facts.stuck:
        amount, days = stuck_amount(facts), facts.terms.stuck_days
        values = {"deals": len(facts.stuck), "amount": amount, "days": days}
        clauses.append(Sentence("pipeline.stuck" if amount > 0 else "pipeline.stuck_unpriced", values))
    elif flow and flow.won + flow.lost:
        values = {"won": flow.won, "lost": flow.lost, "quarter": facts.period.label}
        clauses.append(Sentence("pipeline.closed" if clauses else "pipeline.closed_first", values))
    elif pipeline and pipeline.deals:
        clauses.append(Sentence("pipeline.moving", {"days": facts.terms.stuck_days}))
    elif flow and not clauses:
        clauses.append(Sentence("pipeline.nothing", {"quarter": facts.period.label}))
    return tuple(clauses)


def tier_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """The rung, and what is missing to keep it or to reach the next."""
    values: dict[str, Any]
    tier = facts.tier
    if tier is None:
        values = {"partner": facts.partner.called, "people": len(certified_people(facts))}
        return (Sentence("tier.people_only", values), *_renewals(facts))
    values = {"partner": facts.partner.called, "tier": tier.label, "next": tier.next_label}
    if tier.standing == "grace" and tier.grace_until:
        return (Sentence("tier.grace", {**values, "until": tier.grace_until}), *_renewals(facts))
    if tier.standing == "at_risk" and tier.review_on:
        return (Sentence("tier.at_risk", {**values, "on": tier.review_on}), *_renewals(facts))
    if tier.standing in ("strategic", "provisional") and tier.override_until:
        clause = Sentence(f"tier.{tier.standing}", {**values, "until": tier.override_until})
        return (clause, *_renewals(facts))
    if not tier.next_label:
        return (Sentence("tier.top", values), *_renewals(facts))
    if tier.progress_percent == 100:
        return (Sentence("tier.reached", values), *_renewals(facts))
    return Sentence("tier.progress", {**values, "percent": tier.progress_percent or 0}), _missing(tier)


def _missing(tier: TierFacts) -> Sentence:
    step = _way_to_tier(tier)
    return Sentence(step.code.replace("next.tier_", "missing."), step.values)


def _renewals(facts: PackFacts) -> tuple[Sentence, ...]:
    ending = expiring(facts)
    if not ending:
        return ()
    return (Sentence("tier.renewals", {"certificates": len(ending), "days": facts.terms.expiring_days}),)


def matrix_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """Where the partner stands among the four quadrants, and whether it moved in a year."""
    matrix = facts.matrix
    if matrix is None:
        return ()
    now = quadrant_of(matrix, matrix.own)
    values: dict[str, Any] = {"partner": facts.partner.called, "quadrant": str(now)}
    if matrix.before is None:
        first = Sentence("matrix.stands", values)
    else:
        then = quadrant_of(matrix, matrix.before)
        first = Sentence("matrix.stays" if then == now else "matrix.moved", {**values, "then": str(then)})
    if matrix.own.revenue < matrix.revenue_high:
        missing = matrix.revenue_high - matrix.own.revenue
        return first, Sentence("matrix.revenue_short", {"missing": missing})
    return first, Sentence("matrix.revenue_over", {"limit": matrix.revenue_high})


def health_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """Where health stands, how it moved in a year, and which part leaves the most."""
    health = facts.health
    if health is None:
        return ()
    if health.score is None:
        return (Sentence("health.unknown", {"known": health.known}),)
    before = health.prior_year if health.prior_year is not None else health.prior_quarter
    span = "year" if health.prior_year is not None else "quarter"
    values: dict[str, Any] = {"score": health.score, "band": health.band}
    if before is None:
        first = Sentence("health.stands", values)
    else:
        moved = health.score - before
        trend = "flat" if abs(moved) <= facts.terms.flat_percent else "rising" if moved > 0 else "falling"
        first = Sentence(f"health.{trend}_{span}", {**values, "points": abs(moved)})
    weakest = weakest_part(health.parts)
    if weakest is None:
        return (first,)
    left = weakest.maximum - (weakest.points or 0)
    return first, Sentence("health.weakest", {"part": weakest.label, "points": left})


def plan_title(facts: PackFacts) -> tuple[Sentence, ...]:
    """The plan of the next quarter: its first two goals, else its actions, else that it is to be made."""
    goals = tuple(Sentence(f"plan.{goal.code.removeprefix('goal.')}", goal.values) for goal in goals_of(facts))
    if goals:
        return (Sentence("plan", {"quarter": facts.period.next_label}), *goals[:2])
    values = {"quarter": facts.period.next_label, "actions": len(facts.actions)}
    return (Sentence("plan.actions" if facts.actions else "plan.open", values),)


# -- wins, gaps, goals ---------------------------------------------------------------------------


def wins_of(facts: PackFacts, limit: int = 3) -> tuple[Sentence, ...]:
    """The strongest true statements of success, the most telling first."""
    return tuple(_first_per_topic(_wins(facts), limit))


def gaps_of(facts: PackFacts, limit: int = 3) -> tuple[Sentence, ...]:
    """The most pressing true statements of what is short, the most pressing first."""
    return tuple(_first_per_topic(_gaps(facts), limit))


def _first_per_topic(candidates: Iterator[tuple[str, Sentence]], limit: int) -> Iterator[Sentence]:
    """At most one statement a topic: two ways to say the same growth would be a padded list."""
    seen: set[str] = set()
    for topic, sentence in candidates:
        if topic not in seen and len(seen) < limit:
            seen.add(topic)
            yield sentence


def _wins(facts: PackFacts) -> Iterator[tuple[str, Sentence]]:
    values: dict[str, Any]
    revenue, terms, tier, flow = facts.revenue, facts.terms, facts.tier, facts.flow
    amount = revenue.quarter.revenue or ZERO
    year, quarter = revenue_change(facts), quarter_change(facts)
    if tier and tier.since and tier.previous_label and facts.period.start <= tier.since <= facts.period.end:
        yield "tier", Sentence("win.promoted", {"tier": tier.label, "on": tier.since})
    if amount > 0 and quarter_rank(facts) == "best":
        values = {"amount": amount, "quarter": facts.period.label, "percent": quarter.percent}
        yield "quarter", Sentence("win.best_quarter" + ("_up" if quarter.trend == "rising" else ""), values)
    if amount > 0 and revenue.quarter.target and amount >= revenue.quarter.target:
        percent = percent_of(amount, revenue.quarter.target)
        values = {"percent": percent, "target": revenue.quarter.target, "amount": amount}
        yield "quarter", Sentence("win.target", values)
    if year.trend in ("rising", "new"):
        values = {"percent": year.percent, "amount": revenue.t12m, "before": revenue.t12m_prior}
        yield "year", Sentence(f"win.year_{year.trend}", values)
    if amount > 0 and quarter.trend == "rising":
        values = {"percent": quarter.percent, "amount": amount, "quarter": facts.period.label}
        yield "quarter", Sentence("win.quarter_up", values)
    if flow:
        now = win_rate(flow.won_t12m, flow.lost_t12m)
        before = win_rate(flow.won_t12m_prior, flow.lost_t12m_prior)
        if now is not None and before is not None and now - before >= 2 and flow.won_t12m >= 3:
            values = {"rate": now, "points": now - before, "won": flow.won, "closed": flow.won + flow.lost}
            yield "rate", Sentence("win.rate_up", values)
    if tier and tier.next_label and (tier.progress_percent or 0) >= terms.strong_progress_percent:
        yield "tier", Sentence("win.close_to_tier", _way_to_tier(tier).values)
    if facts.nps and facts.nps.answers and facts.nps.score >= terms.nps_target:
        values = {"score": facts.nps.score, "answers": facts.nps.answers, "target": terms.nps_target}
        yield "nps", Sentence("win.nps", values)
    if facts.actions_before and 0 < facts.actions_before.agreed == facts.actions_before.done:
        yield "actions", Sentence("win.actions", {"done": facts.actions_before.done})
    largest = largest_customer(facts)
    if largest:
        yield "deal", Sentence("win.largest", {"customer": largest[0], "amount": largest[1]})
    if year.trend == "flat" and revenue.t12m > 0:
        yield "year", Sentence("win.held", {"amount": revenue.t12m})
    if tier and tier.next_label and tier.people_required and tier.people >= tier.people_required:
        yield "people", Sentence("win.people", {"people": tier.people, "tier": tier.next_label})
    if flow and flow.registered:
        values = {"deals": flow.registered, "quarter": facts.period.label}
        yield "registered", Sentence("win.registered", values)
    if facts.pipeline and facts.pipeline.deals and not facts.stuck:
        values = {"deals": facts.pipeline.deals, "days": terms.stuck_days}
        yield "moving", Sentence("win.moving", values)


def _gaps(facts: PackFacts) -> Iterator[tuple[str, Sentence]]:
    values: dict[str, Any]
    revenue, terms, tier, flow = facts.revenue, facts.terms, facts.tier, facts.flow
    amount = revenue.quarter.revenue or ZERO
    year, quarter = revenue_change(facts), quarter_change(facts)
    if tier and tier.standing == "grace" and tier.grace_until:
        yield "tier", Sentence("gap.grace", {"tier": tier.label, "until": tier.grace_until})
    if tier and tier.standing == "at_risk" and tier.review_on:
        yield "tier", Sentence("gap.at_risk", {"tier": tier.label, "on": tier.review_on})
    if amount <= 0:
        yield "quarter", Sentence("gap.no_revenue", {"quarter": facts.period.label})
    if year.trend == "falling":
        values = {"percent": year.percent, "amount": revenue.t12m, "before": revenue.t12m_prior}
        yield "year", Sentence("gap.year", values)
    if amount > 0 and revenue.quarter.target and amount < revenue.quarter.target:
        percent = percent_of(amount, revenue.quarter.target)
        missing = revenue.quarter.target - amount
        yield "quarter", Sentence("gap.target", {"percent": percent, "missing": missing})
    if facts.pipeline and facts.pipeline.deals == 0:
        yield "pipeline", Sentence("gap.no_pipeline", {"on": facts.as_of})
    if facts.stuck:
        values = {"deals": len(facts.stuck), "amount": stuck_amount(facts), "days": terms.stuck_days}
        values["ours"] = sum(deal.waits_for in ("us", "both") for deal in facts.stuck)
        kind = "gap.stuck" if values["amount"] else "gap.stuck_unpriced"
        yield "stuck", Sentence(kind + ("_ours" if values["ours"] else ""), values)
    wanted = pipeline_wanted(facts)
    if facts.pipeline and wanted and ZERO < facts.pipeline.total < wanted:
        values = {"missing": wanted - facts.pipeline.total, "wanted": wanted}
        values["coverage"] = float(terms.coverage)
        yield "pipeline", Sentence("gap.pipeline", values)
    ending = expiring(facts)
    if ending:
        values = {"certificates": len(ending), "until": max(item.valid_until for item in ending)}
        yield "renewals", Sentence("gap.expiring", values)
    if amount > 0 and quarter.trend == "falling" and year.trend != "falling":
        values = {"percent": quarter.percent, "quarter": facts.period.label, "amount": amount}
        yield "quarter", Sentence("gap.quarter", values)
    if flow:
        now = win_rate(flow.won_t12m, flow.lost_t12m)
        before = win_rate(flow.won_t12m_prior, flow.lost_t12m_prior)
        if now is not None and before is not None and before - now >= 2 and flow.lost_t12m >= 3:
            yield "rate", Sentence("gap.rate", {"rate": now, "points": before - now, "lost": flow.lost})
    largest = largest_customer(facts)
    share = percent_of(largest[1], amount) if largest else None
    if largest and share is not None and share >= terms.concentration_percent and len(facts.won) > 1:
        yield "concentration", Sentence("gap.concentrated", {"percent": share, "customer": largest[0]})
    climbing = tier is not None and tier.standing not in ("grace", "at_risk")
    if tier and tier.next_label and climbing and people_missing(tier):
        values = {"missing": people_missing(tier), "people": tier.people, "tier": tier.next_label}
        yield "people", Sentence("gap.people", values)
    if facts.nps and facts.nps.answers and facts.nps.score < terms.nps_target:
        values = {"score": facts.nps.score, "answers": facts.nps.answers, "target": terms.nps_target}
        yield "nps", Sentence("gap.nps", values)
    if flow and flow.opened == 0:
        yield "registered", Sentence("gap.nothing_opened", {"quarter": facts.period.label})
    carried = sum(action.carried_over for action in facts.actions)
    if carried:
        yield "actions", Sentence("gap.carried", {"actions": carried})
    path = best_path(tier) if tier and tier.next_label else None
    near = tier is not None and (tier.progress_percent or 0) >= terms.strong_progress_percent
    if tier and path and path.missing > 0 and not near:
        yield "tier", Sentence(_way_to_tier(tier).code.replace("next.", "gap."), _way_to_tier(tier).values)


def goals_of(facts: PackFacts, limit: int = 4) -> tuple[Sentence, ...]:
    """What to reach next quarter, from what is missing: tier, stuck deals, pipeline, people, renewals."""
    return tuple(_goals(facts))[:limit]


def _goals(facts: PackFacts) -> Iterator[Sentence]:
    values: dict[str, Any]
    tier = facts.tier
    path = best_path(tier) if tier and tier.next_label and tier.progress_percent != 100 else None
    if tier and tier.standing in ("grace", "at_risk"):
        limit = tier.grace_until if tier.standing == "grace" else tier.review_on
        yield Sentence("goal.keep_tier", {"tier": tier.label, "until": limit})
    elif tier and path and path.missing > 0:
        kind = Decimal if path.is_money else int
        values = {"tier": tier.next_label, "what": path.label, "missing": kind(path.missing)}
        values |= {"reached": kind(path.reached), "required": kind(path.required)}
        yield Sentence("goal.tier", values)
    if facts.stuck:
        amount = stuck_amount(facts)
        values = {"deals": len(facts.stuck), "amount": amount}
        yield Sentence("goal.stuck" if amount > 0 else "goal.stuck_unpriced", values)
    wanted = pipeline_wanted(facts)
    if facts.pipeline and wanted and facts.pipeline.total < wanted:
        values = {"wanted": wanted, "total": facts.pipeline.total}
        values["coverage"] = float(facts.terms.coverage)
        yield Sentence("goal.pipeline", values)
    elif facts.pipeline and facts.pipeline.deals == 0:
        yield Sentence("goal.first_pipeline")
    climbing = tier is not None and tier.standing not in ("grace", "at_risk")
    if tier and tier.next_label and climbing and people_missing(tier):
        values = {"required": tier.people_required, "people": tier.people, "tier": tier.next_label}
        yield Sentence("goal.people", values)
    ending = expiring(facts)
    if ending:
        values = {"certificates": len(ending), "until": min(item.valid_until for item in ending)}
        yield Sentence("goal.renew", values)
    if (facts.revenue.quarter.revenue or ZERO) <= 0 and not facts.stuck:
        yield Sentence("goal.first_deal")


# -- recommendation ------------------------------------------------------------------------------


def reason_of(reason: Reason) -> Sentence | None:
    """What a line of the recommendation found, as a sentence; `None` for the line of the verdict itself."""
    name, values = reason.code.removeprefix("value."), reason.values
    value, high = values.get("value"), values.get("high")
    if name == "strategic_value":
        if value is None:
            return Sentence("reason.value_unknown")
        return Sentence("reason.value_high" if values["is_high"] else "reason.value_low", {"value": int(value)})
    if name == "revenue":
        code = "reason.revenue_high" if values["is_high"] else "reason.revenue_low"
        return Sentence(code, {"amount": Decimal(value or 0), "limit": Decimal(high or 0)})
    if name == "health":
        if value is None:
            return Sentence("reason.health_unknown")
        if values["is_high"]:
            return Sentence("reason.health_good", {"health": int(value), "least": int(high or 0)})
        if value < values["low"]:
            return Sentence("reason.health_poor", {"health": int(value), "least": int(values["low"])})
        return Sentence("reason.health_short", {"health": int(value), "least": int(high or 0)})
    if name == "growth":
        if value is None:
            return Sentence("reason.growth_new" if values["is_high"] else "reason.growth_unknown")
        percent = int(Decimal(value).to_integral_value(ROUND_HALF_UP))
        kind = "good" if values["is_high"] else "falling" if values.get("trend") == "declining" else "short"
        return Sentence(f"reason.growth_{kind}", {"percent": percent, "change": percent, "least": int(high or 0)})
    return None
