"""The program in force, as the pages of this app need it: terms, names of tiers and certificates, benefits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from partners.models import ProgramVersion
from partners.queries import program as programs
from partners.rules.blueprint import Program
from partners.rules.program_terms import BenefitHead
from partners.rules.terms import HealthTerms, LadderTerms, ValueMatrixTerms
from prm.core.business_time import Quarter, local_date, quarter_of


@dataclass(frozen=True)
class Gain:
    """A benefit that one tier gives differently from another; ``before`` is empty where there was none."""

    head: BenefitHead
    before: str
    after: str


@dataclass(frozen=True)
class ProgramTerms:
    """The version that counts today. Its terms stay in the process's memory, so only finding it asks the database."""

    version: ProgramVersion
    today: date

    @property
    def currency(self) -> str:
        """The currency of thresholds and totals."""
        return self.version.currency

    @cached_property
    def program(self) -> Program:
        """All terms of the version."""
        return programs.program_of(self.version)

    @cached_property
    def health(self) -> HealthTerms:
        """Points and bands of the health score."""
        return programs.health_terms(self.version)

    @cached_property
    def matrix(self) -> ValueMatrixTerms:
        """Edges of the value matrix."""
        return programs.matrix_terms(self.version)

    @property
    def fiscal_start_month(self) -> int:
        """The month in which the fiscal year begins."""
        return programs.calendar_terms(self.version).fiscal_start_month

    @property
    def time_zone(self) -> str:
        """The time zone of the program's days."""
        return programs.calendar_terms(self.version).time_zone

    @property
    def quarter(self) -> Quarter:
        """The fiscal quarter that runs today."""
        return quarter_of(self.today, self.fiscal_start_month)

    @cached_property
    def tier_names(self) -> dict[str, str]:
        """Code → name of every tier of every track."""
        return {rung.code: rung.name for track in self.program.tracks for rung in track.tiers}

    @cached_property
    def certificate_names(self) -> dict[str, str]:
        """Code → name of the kinds of certificate."""
        return {kind.code: kind.name for kind in self.program.topics["certificates"].kinds}

    def ladder(self, track: str) -> LadderTerms:
        """The ladder of a track."""
        return programs.ladder_terms(self.version, track)

    def benefits(self, track: str, tier: str | None) -> list[Gain]:
        """What a tier gives, in the program's order."""
        return self.gains(track, None, tier) if tier else []

    def gains(self, track: str, before: str | None, after: str | None) -> list[Gain]:
        """What the second tier gives that the first does not, in the program's order."""
        return self.as_gains(
            (entry.head.code, entry.values.get((track, before or ""), ""), entry.values.get((track, after or ""), ""))
            for entry in self.program.benefits
        )

    def as_gains(self, changes: Iterable[tuple[str, str, str]]) -> list[Gain]:
        """Benefits that change for the better as (code, value before, value after); what is nothing is left out."""
        heads = {entry.head.code: entry.head for entry in self.program.benefits}
        return [
            Gain(heads[code], "" if _is_nothing(before) else before, after)
            for code, before, after in changes
            if code in heads and after != before and not _is_nothing(after)
        ]


def _is_nothing(value: str) -> bool:
    return value in ("", "0")


def terms_at(at: datetime) -> ProgramTerms:
    """The terms in force at a moment. Raises NoProgramInForce before the first program. One statement."""
    latest = programs.latest_version()
    zone = programs.calendar_terms(latest).time_zone if latest else "UTC"
    today = local_date(at, zone)
    version = latest if latest and latest.valid_from and latest.valid_from <= today else programs.version_at(today)
    return ProgramTerms(version, today)
