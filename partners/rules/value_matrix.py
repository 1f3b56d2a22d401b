"""Where a partner stands in the value matrix, and whether to invest, hold or reduce.

Strategic value (1–5) from 4 on is high, revenue of the trailing twelve months from 100,000 on is high. Quadrants by
(strategic value, revenue): strategic alliance (high, high), technology (high, low), channel (low, high), affiliate
(low, low). Invest: strategic value high and health ≥ 60, or growth ≥ 20 %. Reduce: both low, and declining or health
below 40. Else hold. The first that matches wins, and every condition is printed with what it found. A strategic value
that nobody has set is neither high nor low, an unknown health meets no condition. Source: program rules §11.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from partners.choices import Quadrant, Recommendation, Trend
from partners.rules.growth import Growth
from partners.rules.terms import ValueMatrixTerms
from prm.core.explain import Line


@dataclass(frozen=True)
class ValueResult:
    """All lines are the vendor's: the position may be shown to the partner, its reasons may not."""

    quadrant: Quadrant
    recommendation: Recommendation
    lines: tuple[Line, ...]


def place_in_matrix(strategic_value: int | None, revenue: Decimal, terms: ValueMatrixTerms) -> Quadrant:
    """The quadrant; unplaced while no strategic value is set."""
    if strategic_value is None:
        return Quadrant.UNPLACED
    strategic = strategic_value >= terms.strategic_value_high
    if revenue >= terms.revenue_high:
        return Quadrant.STRATEGIC_ALLIANCE if strategic else Quadrant.CHANNEL
    return Quadrant.TECHNOLOGY if strategic else Quadrant.AFFILIATE


def recommend(
    *, strategic_value: int | None, revenue: Decimal, health: int | None, growth: Growth, terms: ValueMatrixTerms
) -> ValueResult:
    """Position and recommendation. `revenue` and `growth` are of the trailing twelve months."""
    quadrant = place_in_matrix(strategic_value, revenue, terms)
    strategic = strategic_value is not None and strategic_value >= terms.strategic_value_high
    grows = growth.trend == Trend.STRONG if growth.percent is None else _reaches(growth, terms)
    healthy = health is not None and health >= terms.invest_health
    weak = health is not None and health < terms.reduce_health_below
    both_low = quadrant == Quadrant.AFFILIATE
    declining = growth.trend == Trend.DECLINING
    if (strategic and healthy) or grows:
        recommendation = Recommendation.INVEST
    elif both_low and (declining or weak):
        recommendation = Recommendation.REDUCE
    else:
        recommendation = Recommendation.HOLD
    found: list[tuple[str, bool, dict[str, Any], str]] = [
        ("strategic_value", strategic, {"value": strategic_value, "high": terms.strategic_value_high}, "score"),
        ("revenue", revenue >= terms.revenue_high, {"value": revenue, "high": terms.revenue_high}, "money"),
        ("health", healthy, {"value": health, "high": terms.invest_health, "low": terms.reduce_health_below}, "points"),
        (
            "growth",
            grows,
            {"value": growth.percent, "high": terms.invest_growth_percent, "trend": growth.trend},
            "percent",
        ),
    ]
    verdict = Line("value.verdict", {"quadrant": quadrant, "recommendation": recommendation}, audience="vendor")
    reasons = (Line(f"value.{name}", {**values, "is_high": high}, unit, "vendor") for name, high, values, unit in found)
    return ValueResult(quadrant, recommendation, (verdict, *reasons))


def _reaches(growth: Growth, terms: ValueMatrixTerms) -> bool:
    before = growth.before or Decimal(0)
    return (growth.now - before) * 100 >= terms.invest_growth_percent * before
