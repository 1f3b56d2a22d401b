"""The terms of the health score: points, windows, bands and alerts as data.

Defaults are the figures of program rules §7. What can be earned adds up to 100, so that a score based on fewer known
points can be scaled up to it.
"""
# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from partners.choices import FitRating, HealthBand, HealthDimension
from partners.rules.term_reader import Terms, TermsError, term


@dataclass(frozen=True)
class Step(Terms):
    """From this value on (inclusive), so many points. Steps are listed best first; below the last one: 0."""

    at_least: Decimal = term()
    points: int = term(least=0)


@dataclass(frozen=True)
class GrowthTerms(Terms):
    """How growth against the year before is judged, and what each verdict earns. Percent, points."""

    strong_percent: Decimal = term(Decimal(20), least=0)  # inclusive
    flat_percent: Decimal = term(Decimal(2), least=0)  # inclusive on both sides
    strong_points: int = term(30, least=0)
    growing_points: int = term(20, least=0)
    flat_points: int = term(10, least=0)
    declining_points: int = term(0, least=0)

    def check(self) -> None:
        if self.strong_percent <= self.flat_percent:
            raise TermsError("strong_percent", "must be above the flat band")
        points = [self.strong_points, self.growing_points, self.flat_points, self.declining_points]
        if points != sorted(points, reverse=True):
            raise TermsError("strong_points", "better growth may not earn fewer points")


@dataclass(frozen=True)
class EngagementTerms(Terms):
    """Portal activity: in so many of the last weeks, else within the last days. Days count the day itself."""

    weeks_active: int = term(3, least=1)
    weeks_window: int = term(4, least=1)
    weekly_points: int = term(20, least=0)
    monthly_days: int = term(30, least=1)
    monthly_points: int = term(15, least=0)
    quarterly_days: int = term(90, least=1)
    quarterly_points: int = term(10, least=0)

    def check(self) -> None:
        if self.weeks_active > self.weeks_window:
            raise TermsError("weeks_active", "can't exceed the window")
        if self.monthly_days >= self.quarterly_days:
            raise TermsError("monthly_days", "must be shorter than quarterly_days")
        if not self.weekly_points >= self.monthly_points >= self.quarterly_points:
            raise TermsError("weekly_points", "more activity may not earn fewer points")


@dataclass(frozen=True)
class FitTerm(Terms):
    rating: str = term(one_of=FitRating.values)
    points: int = term(least=0)


@dataclass(frozen=True)
class BandTerm(Terms):
    """A band of the score, from `at_least` (inclusive) up to the next better one."""

    code: str = term(one_of=[band for band in HealthBand.values if band != HealthBand.UNKNOWN])
    at_least: int = term(least=0, most=100)


@dataclass(frozen=True)
class PlayTerm(Terms):
    """What to do when this dimension is what pulled the score down most."""

    dimension: str = term(one_of=HealthDimension.values)
    play: str = term()


@dataclass(frozen=True)
class HealthTerms(Terms):
    """Points, windows, bands and alerts of the health score. The most that can be earned is 100."""

    revenue: GrowthTerms = term(GrowthTerms())
    activity: tuple[Step, ...] = term((Step(Decimal(5), 25), Step(Decimal(3), 20), Step(Decimal(1), 10)))
    activity_days: int = term(90, least=1)
    engagement: EngagementTerms = term(EngagementTerms())
    satisfaction: tuple[Step, ...] = term((Step(Decimal(50), 15), Step(Decimal(25), 10), Step(Decimal(0), 5)))
    satisfaction_months: int = term(12, least=1)
    fit: tuple[FitTerm, ...] = term((FitTerm("strong", 10), FitTerm("moderate", 5), FitTerm("weak", 0)))
    bands: tuple[BandTerm, ...] = term(
        (
            BandTerm("champion", 80),
            BandTerm("healthy", 60),
            BandTerm("at_risk", 40),
            BandTerm("critical", 20),
            BandTerm("churning", 0),
        )
    )
    known_points_needed: int = term(50, least=1, most=100)
    new_partner_days: int = term(90, least=0)
    alert_fall_points: int = term(15, least=1)
    alert_days: int = term(30, least=1)
    plays: tuple[PlayTerm, ...] = term(
        (
            PlayTerm("revenue", "pipeline_review"),
            PlayTerm("activity", "registration_drive"),
            PlayTerm("engagement", "portal_walkthrough"),
            PlayTerm("satisfaction", "executive_call"),
            PlayTerm("fit", "joint_plan"),
        )
    )
    shared_with_partners: bool = term(False)

    def check(self) -> None:
        for name in ("activity", "satisfaction"):
            steps: tuple[Step, ...] = getattr(self, name)
            if not steps:
                raise TermsError(name, "needs at least one step")
            for number, (better, worse) in enumerate(pairwise(steps), start=1):
                if worse.at_least >= better.at_least or worse.points > better.points:
                    raise TermsError(f"{name}[{number}]", "steps must be listed best first")
        if {each.rating for each in self.fit} != set(FitRating.values) or len(self.fit) != len(FitRating.values):
            raise TermsError("fit", "needs every rating exactly once")
        edges = [band.at_least for band in self.bands]
        if not edges or edges[-1] != 0 or any(a <= b for a, b in pairwise(edges)):
            raise TermsError("bands", "must fall from best to worst and end at 0")
        if len({band.code for band in self.bands}) < len(self.bands):
            raise TermsError("bands", "names a band twice")
        if sum(self.most(dimension) for dimension in HealthDimension) != 100:
            raise TermsError("", "the points of the five dimensions must add up to 100")

    def most(self, dimension: str) -> int:
        """The most points that this dimension can earn."""
        match dimension:
            case HealthDimension.REVENUE:
                return self.revenue.strong_points
            case HealthDimension.ACTIVITY:
                return self.activity[0].points
            case HealthDimension.ENGAGEMENT:
                return self.engagement.weekly_points
            case HealthDimension.SATISFACTION:
                return self.satisfaction[0].points
            case _:
                return max(each.points for each in self.fit)
