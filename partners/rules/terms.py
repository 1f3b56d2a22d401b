"""The terms that the rules work with, as frozen dataclasses.

Every figure, list and threshold of a program is a row that people edit, with history; queries load those rows and
build these objects with `from_dict`, which refuses anything inconsistent (TermsError: path and reason). The defaults
are the figures of program rules §2, §3, §7 and §11, so that a program may say only what it does differently. Money is
in the program's currency, percentages are 0–100, periods say their unit in their name.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from partners.choices import TierMetric
from partners.rules.health_terms import (
    BandTerm,
    EngagementTerms,
    FitTerm,
    GrowthTerms,
    HealthTerms,
    PlayTerm,
    Step,
)
from partners.rules.term_reader import Terms, TermsError, term
from prm.core.business_time import Calendar

__all__ = [
    "BandTerm", "CalendarTerms", "EngagementTerms", "FitTerm", "GrowthTerms", "HealthTerms", "LadderTerms", "Path",
    "PlayTerm", "RegistrationTerms", "ReminderTerms", "Step", "TermsError", "TierTerm", "ValueMatrixTerms",
]  # fmt: skip


# --- Tiers (§2) ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Path(Terms):
    """One way to qualify: at least `threshold` of a metric (money or a count)."""

    metric: str = term(one_of=TierMetric.values)
    threshold: Decimal = term(least=0)


@dataclass(frozen=True)
class TierTerm(Terms):
    """One rung. Any one of `paths` is enough (none: the agreement is), and the certified people come on top."""

    code: str = term()
    name: str = term()
    rank: int = term(least=0)
    paths: tuple[Path, ...] = term(())
    certified_people: int = term(0, least=0)
    certificate_kind: str = term("")  # blank: a certificate of any kind counts
    review_months: int = term(12, least=0)  # 0: never reviewed
    grace_months: int = term(0, least=0)
    falls_to: str | None = term(None)


@dataclass(frozen=True)
class LadderTerms(Terms):
    """The rungs of a track, lowest first. A track without rungs is flat: its partners have no tier."""

    track: str = term()
    tiers: tuple[TierTerm, ...] = term(())
    promotion_needs_approval: bool = term(False)
    provisional_months: int = term(6, least=1)
    strategic_tier: str = term("")  # blank: the top rung
    notice_days: tuple[int, ...] = term((90, 30, 7), least=1)

    def check(self) -> None:
        below: TierTerm | None = None
        for number, tier in enumerate(self.tiers):
            place = f"tiers[{number}]"
            if tier.code in [other.code for other in self.tiers[:number]]:
                raise TermsError(f"{place}.code", f"{tier.code} is used twice")
            if below and tier.rank <= below.rank:
                raise TermsError(f"{place}.rank", "must be higher than the rung below")
            if tier.falls_to != (below.code if below and tier.review_months else None):
                wanted = below.code if below and tier.review_months else "nothing"
                raise TermsError(f"{place}.falls_to", f"must be one rung down: {wanted}")
            if not below and tier.review_months:
                raise TermsError(f"{place}.review_months", "must be 0 on the lowest rung")
            if len({path.metric for path in tier.paths}) < len(tier.paths):
                raise TermsError(f"{place}.paths", "names a metric twice")
            below = tier
        if self.strategic_tier and self.tier(self.strategic_tier) is None:
            raise TermsError("strategic_tier", f"{self.strategic_tier} is not a rung of this ladder")

    def tier(self, code: str | None) -> TierTerm | None:
        """The rung with this code, or None."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def rank(self, code: str | None) -> int:
        """Position on the ladder; no tier (or one that is no longer on it) stands below all."""
        tier = self.tier(code)
        return tier.rank if tier else -1

    @property
    def metrics(self) -> tuple[str, ...]:
        """What its paths count, in the order of the list of metrics."""
        counted = {path.metric for tier in self.tiers for path in tier.paths}
        return tuple(str(metric) for metric in TierMetric if metric in counted)

    def above(self, code: str | None) -> TierTerm | None:
        """The next rung up, or None at the top."""
        return next((tier for tier in self.tiers if tier.rank > self.rank(code)), None)

    @property
    def strategic(self) -> str | None:
        """Code of the rung that a strategic override gives."""
        return self.strategic_tier or (self.tiers[-1].code if self.tiers else None)


# --- Value matrix (§11) -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ValueMatrixTerms(Terms):
    """Edges of the value matrix and of its recommendation (§11), all inclusive where they say "high"."""

    strategic_value_high: int = term(4, least=1, most=5)
    revenue_high: Decimal = term(Decimal(100_000), least=0)
    invest_health: int = term(60, least=0, most=100)
    invest_growth_percent: Decimal = term(Decimal(20), least=0)
    reduce_health_below: int = term(40, least=0, most=100)


# --- Deals (§3) ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegistrationTerms(Terms):
    """How deals are registered, decided and protected."""

    sla_hours: int = term(24, least=1)
    due_soon_percent: int = term(75, least=1, most=99)
    escalate_to: str = term("director")
    appeals_allowed: int = term(1, least=0)
    appeal_ranks: tuple[str, ...] = term(("partner_manager", "director", "vp"))
    priority_tiers: tuple[str, ...] = term(("platinum",))
    protection_days: int = term(30, least=0)
    extension_days: int = term(30, least=1)
    extensions_allowed: int = term(1, least=0)
    extension_needs_activity: bool = term(True)
    info_expiry_days: int = term(14, least=1)
    checks_per_day: int = term(30, least=1)
    name_similarity_percent: int = term(82, least=50, most=100)
    auto_approval: bool = term(False)
    auto_approval_below: Decimal | None = term(None, least=0)
    margin_points: Decimal = term(Decimal(5), least=0, most=100)
    reminder_days: tuple[int, ...] = term((14, 7, 1), least=1)
    referral_sla_hours: int = term(24, least=1)

    def check(self) -> None:
        if not self.appeal_ranks:
            raise TermsError("appeal_ranks", "needs at least one role")


@dataclass(frozen=True)
class ReminderTerms(Terms):
    """Days before an end on which people are reminded: of short-lived things, and of yearly ones."""

    short_days: tuple[int, ...] = term((14, 7, 1), least=1)
    yearly_days: tuple[int, ...] = term((90, 30, 7), least=1)


@dataclass(frozen=True)
class CalendarTerms(Terms):
    """When the vendor works. Monday is 0. Without opening hours a working day is all its seconds."""

    time_zone: str = term("UTC")
    working_days: tuple[int, ...] = term((0, 1, 2, 3, 4), least=0, most=6)
    opens: time | None = term(None)
    closes: time | None = term(None)
    holidays: tuple[date, ...] = term(())
    fiscal_start_month: int = term(1, least=1, most=12)

    def check(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise TermsError("time_zone", f"{self.time_zone!r} is not a known time zone") from None
        try:
            self.calendar()
        except ValueError as error:
            raise TermsError("", str(error)) from None

    def calendar(self) -> Calendar:
        """The calendar for SLA arithmetic."""
        return Calendar(
            time_zone=self.time_zone,
            working_days=frozenset(self.working_days),
            opens=self.opens,
            closes=self.closes,
            holidays=frozenset(self.holidays),
        )
