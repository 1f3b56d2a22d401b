"""Where a partner stands in the value matrix, and what we advise to do about it (program rules §11)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from reporting.rules.pack import Reason, Recommendation

Quadrant = Literal["strategic_alliance", "technology", "channel", "affiliate"]


@dataclass(frozen=True)
class MatrixTerms:
    """Thresholds of the matrix and of the advice; amounts in the program's currency, percentages 0-100."""

    value_high: int = 4
    revenue_high: Decimal = Decimal(100_000)
    invest_health: int = 60
    invest_growth_percent: int = 20
    reduce_health: int = 40
    flat_percent: Decimal = Decimal(2)


def quadrant(revenue: Decimal, value: int, *, revenue_high: Decimal, value_high: int) -> Quadrant:
    """The quadrant of revenue T12M and strategic value (1-5): a threshold itself counts as high."""
    if value >= value_high:
        return "strategic_alliance" if revenue >= revenue_high else "technology"
    return "channel" if revenue >= revenue_high else "affiliate"


def growth_percent(now: Decimal, before: Decimal | None) -> Decimal | None:
    """Change of a year in percent; `None` without data for the year before, or where that was not above zero."""
    if before is None or before <= 0:
        return None
    return (now - before) * 100 / before


def _whole(percent: Decimal) -> int:
    return int(percent.to_integral_value(ROUND_HALF_UP))


def recommend(
    *,
    strategic_value: int | None,
    revenue: Decimal,
    revenue_before: Decimal | None,
    health: int | None,
    terms: MatrixTerms,
) -> Recommendation:
    """Invest, hold or reduce, with the reasons that decided; the first match wins.

    Invest: strategic value high and health at least 60, or growth of T12M revenue at least 20 %.
    Reduce: strategic value and revenue both low, and revenue declining (below the flat band) or health
    under 40. Else hold. Revenue where there was none a year ago is growth without a percentage and
    counts as invest's growth. What is unknown never decides: without a strategic value nothing is
    reduced, without a health score only growth counts.
    """
    growth = growth_percent(revenue, revenue_before)
    is_new = revenue_before is not None and revenue_before <= 0 < revenue
    valued = strategic_value is not None and strategic_value >= terms.value_high
    reasons: list[Reason] = []
    if valued and health is not None and health >= terms.invest_health:
        reasons.append(Reason("value_high", {"value": strategic_value}))
        reasons.append(Reason("health_good", {"health": health, "limit": terms.invest_health}))
    if growth is not None and growth >= terms.invest_growth_percent:
        reasons.append(Reason("growing", {"percent": _whole(growth), "limit": terms.invest_growth_percent}))
    elif is_new:
        reasons.append(Reason("growing_from_nothing", {"revenue": revenue}))
    if reasons:
        return Recommendation("invest", tuple(reasons))
    low_value = strategic_value is not None and not valued
    low_revenue = revenue < terms.revenue_high
    declining = growth is not None and growth < -terms.flat_percent
    sick = health is not None and health < terms.reduce_health
    if low_value and low_revenue and (declining or sick):
        reasons.append(Reason("value_low", {"value": strategic_value}))
        reasons.append(Reason("revenue_low", {"revenue": revenue, "limit": terms.revenue_high}))
        if growth is not None and declining:
            reasons.append(Reason("declining", {"percent": _whole(growth)}))
        if sick:
            reasons.append(Reason("health_poor", {"health": health, "limit": terms.reduce_health}))
        return Recommendation("reduce", tuple(reasons))
    if valued:
        reasons.append(Reason("value_high", {"value": strategic_value}))
    elif low_value:
        reasons.append(Reason("value_low", {"value": strategic_value}))
    else:
        reasons.append(Reason("value_unknown"))
    if growth is not None and declining:
        reasons.append(Reason("declining", {"percent": _whole(growth)}))
    elif growth is not None:
        reasons.append(Reason("growth_short", {"change": _whole(growth), "limit": terms.invest_growth_percent}))
    if health is None:
        reasons.append(Reason("health_unknown"))
    elif health < terms.invest_health:
        reasons.append(Reason("health_short", {"health": health, "limit": terms.invest_health}))
    return Recommendation("hold", tuple(reasons))
