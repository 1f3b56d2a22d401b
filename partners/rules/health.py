"""The health score of a partner, 0 to 100, as of one day.

Five dimensions earn points: revenue (the last complete quarter against the same quarter a year ago), activity (deals
registered in the trailing days), engagement (portal use), satisfaction (NPS of the partner's answers), strategic fit.
A dimension without data is left out and the rest is scaled up: score = points × 100 ÷ known points, rounded half-up to
a whole number before its band is read. With fewer known points than the terms ask for, the score is unknown. A partner
of less than 90 days has neither revenue nor activity data. Every dimension carries its evidence. Source: program
rules §7.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from partners.choices import HealthBand, HealthDimension, Trend
from partners.rules.growth import compare
from partners.rules.terms import HealthTerms, Step
from prm.core.explain import Line
from prm.core.money import round_half_up


@dataclass(frozen=True)
class HealthFacts:
    """What is known about one partner as of `at`.

    `year_ago_revenue` is None where the data does not reach back to that quarter. Portal weeks count back from `at`
    in blocks of seven days. NPS answers are those of the last twelve months. A blank fit was never set.
    """

    at: date
    partner_since: date | None
    quarter_revenue: Decimal
    year_ago_revenue: Decimal | None
    deals_registered: int
    has_portal_account: bool
    portal_weeks: int
    last_portal_day: date | None
    nps_promoters: int
    nps_detractors: int
    nps_answers: int
    fit: str = ""


@dataclass(frozen=True)
class DimensionScore:
    """Points of one dimension; None: without data. `line` is the evidence."""

    dimension: HealthDimension
    points: int | None
    most: int
    line: Line


@dataclass(frozen=True)
class HealthResult:
    """`score` is None, and the band unknown, when too few points are known."""

    score: int | None
    band: HealthBand
    points: int
    known_points: int
    dimensions: tuple[DimensionScore, ...]
    lines: tuple[Line, ...]

    def of(self, dimension: str) -> DimensionScore:
        return next(each for each in self.dimensions if each.dimension == dimension)


def score(facts: HealthFacts, terms: HealthTerms) -> HealthResult:
    """The score of one partner with its parts and evidence."""
    dimensions = (
        _revenue(facts, terms),
        _activity(facts, terms),
        _engagement(facts, terms),
        _satisfaction(facts, terms),
        _fit(facts, terms),
    )
    known = [each for each in dimensions if each.points is not None]
    points = sum(each.points or 0 for each in known)
    known_points = sum(each.most for each in known)
    result = int(round_half_up(Fraction(points * 100, known_points))) if known_points else None
    if known_points < terms.known_points_needed:
        result = None
    band = band_of(result, terms)
    total = Line(
        "health.score",
        {"score": result, "band": band, "points": points, "known": known_points, "needed": terms.known_points_needed},
        unit="points",
    )
    return HealthResult(result, band, points, known_points, dimensions, (total, *(d.line for d in dimensions)))


def band_of(score: int | None, terms: HealthTerms) -> HealthBand:
    """The band of a whole score; unknown without one."""
    if score is None:
        return HealthBand.UNKNOWN
    return HealthBand(next(band.code for band in terms.bands if score >= band.at_least))


def portal_weeks(days: Iterable[date], at: date, weeks: int = 4) -> int:
    """In how many of the last `weeks` blocks of seven days (the last one ends on `at`) there was a portal day."""
    ago = ((at - day).days for day in days)
    return len({days_ago // 7 for days_ago in ago if 0 <= days_ago < weeks * 7})


def is_new(facts: HealthFacts, terms: HealthTerms) -> bool:
    since = facts.partner_since
    return since is not None and (facts.at - since).days < terms.new_partner_days


def _revenue(facts: HealthFacts, terms: HealthTerms) -> DimensionScore:
    growth = compare(facts.quarter_revenue, facts.year_ago_revenue, terms.revenue)
    earned = {
        Trend.STRONG: terms.revenue.strong_points,
        Trend.GROWING: terms.revenue.growing_points,
        Trend.FLAT: terms.revenue.flat_points,
        Trend.DECLINING: terms.revenue.declining_points,
        Trend.NO_DATA: None,
    }
    values = {
        "now": growth.now,
        "before": growth.before,
        "percent": growth.percent,
        "trend": growth.trend,
        "new_partner": is_new(facts, terms),
    }
    points = None if is_new(facts, terms) else earned[growth.trend]
    return _scored(HealthDimension.REVENUE, points, terms, values, "money")


def _activity(facts: HealthFacts, terms: HealthTerms) -> DimensionScore:
    new = is_new(facts, terms)
    points = None if new else _step(terms.activity, Fraction(facts.deals_registered))
    values = {"deals": facts.deals_registered, "days": terms.activity_days, "new_partner": new}
    return _scored(HealthDimension.ACTIVITY, points, terms, values, "deals")


def _engagement(facts: HealthFacts, terms: HealthTerms) -> DimensionScore:
    bands = terms.engagement
    days_ago = (facts.at - facts.last_portal_day).days if facts.last_portal_day else None
    points: int | None
    if not facts.has_portal_account:
        points = None
    elif facts.portal_weeks >= bands.weeks_active:
        points = bands.weekly_points
    elif days_ago is None or days_ago >= bands.quarterly_days:
        points = 0
    else:
        points = bands.monthly_points if days_ago < bands.monthly_days else bands.quarterly_points
    values = {
        "weeks": facts.portal_weeks,
        "of_weeks": bands.weeks_window,
        "last_day": facts.last_portal_day,
        "has_account": facts.has_portal_account,
    }
    return _scored(HealthDimension.ENGAGEMENT, points, terms, values, "weeks")


def _satisfaction(facts: HealthFacts, terms: HealthTerms) -> DimensionScore:
    answers = facts.nps_answers
    nps = Fraction((facts.nps_promoters - facts.nps_detractors) * 100, answers) if answers else None
    points = None if nps is None else _step(terms.satisfaction, nps)
    values = {"nps": None if nps is None else round_half_up(nps, 1), "answers": answers}
    return _scored(HealthDimension.SATISFACTION, points, terms, values, "nps")


def _fit(facts: HealthFacts, terms: HealthTerms) -> DimensionScore:
    points = next((each.points for each in terms.fit if each.rating == facts.fit), None)
    return _scored(HealthDimension.FIT, points, terms, {"rating": facts.fit}, "rating")


def _step(steps: tuple[Step, ...], value: Fraction) -> int:
    return next((step.points for step in steps if value >= step.at_least), 0)


def _scored(
    dimension: HealthDimension, points: int | None, terms: HealthTerms, values: dict[str, Any], unit: str
) -> DimensionScore:
    most = terms.most(dimension)
    line = Line(f"health.{dimension}", {**values, "points": points, "most": most}, unit=unit)
    return DimensionScore(dimension, points, most, line)
