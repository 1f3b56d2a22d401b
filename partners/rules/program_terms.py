"""The terms of a program that describe rather than compute: tracks, types, benefits, QBRs, lifecycle, certificates.

Read strictly like those of `partners.rules.terms`. Source: program rules §1, §2, §6, §10, §11, §14.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

import re
from dataclasses import dataclass
from decimal import Decimal

from partners.choices import BenefitKind, EconomicModel, LifecycleStage, PartnerType, TierMetric
from partners.rules.term_reader import Terms, TermsError, term
from partners.rules.terms import Path
from prm.core.money import CURRENCY_DIGITS

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
RUNGS_WITHOUT_WARNING = 4
OPEN = "open"  # a count without a limit
YES = "yes"


def check_code(code: str, path: str) -> None:
    """Refuse a code that can't be used in a URL or a file: small letters, digits and underscores."""
    if not _CODE.fullmatch(code):
        raise TermsError(path, "must be small letters, digits and _, starting with a letter")


@dataclass(frozen=True)
class Header(Terms):
    """What a program is called and which money it counts in."""

    blueprint: str = term()
    name: str = term()
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    note: str = term("")

    def check(self) -> None:
        check_code(self.blueprint, "blueprint")
        if not 0 < len(self.name.strip()) <= 120:
            raise TermsError("name", "must have 1 to 120 characters")


@dataclass(frozen=True)
class Rung(Terms):
    """A tier as a program file lists it; the order of the list is the ladder's."""

    code: str = term()
    name: str = term()
    paths: tuple[Path, ...] = term(())
    certified_people: int = term(0, least=0, most=1000)
    certificate_kind: str = term("")
    review_months: int = term(0, least=0, most=120)
    grace_months: int = term(0, least=0, most=36)
    falls_to: str | None = term(None)

    def check(self) -> None:
        check_code(self.code, "code")
        if self.grace_months and not self.review_months:
            raise TermsError("grace_months", "needs a review: grace begins at a review date")
        for number, path in enumerate(self.paths):
            whole = path.metric != TierMetric.SOURCED_ARR
            if whole and path.threshold != path.threshold.to_integral_value():
                raise TermsError(f"paths[{number}].threshold", "must be a whole number for this metric")
            if path.threshold <= 0:
                raise TermsError(f"paths[{number}].threshold", "must be above 0")


@dataclass(frozen=True)
class TrackEntry(Terms):
    """A track with its ladder, lowest rung first. Without rungs it is flat."""

    code: str = term()
    name: str = term()
    economic_model: str = term(one_of=EconomicModel.values)
    promotion_needs_approval: bool = term(False)
    provisional_months: int = term(6, least=1, most=36)
    strategic_tier: str = term("")
    tiers: tuple[Rung, ...] = term(())

    def check(self) -> None:
        check_code(self.code, "code")
        if self.strategic_tier and self.strategic_tier not in [rung.code for rung in self.tiers]:
            raise TermsError("strategic_tier", f"{self.strategic_tier} is not a tier of this track")
        codes = [rung.code for rung in self.tiers]
        for number, code in enumerate(codes):
            if code in codes[:number]:
                raise TermsError(f"tiers[{number}].code", f"{code} is used twice")
        for number, (below, above) in enumerate(zip(self.tiers, self.tiers[1:], strict=False), start=1):
            self._check_rise(below, above, f"tiers[{number}]")

    def _check_rise(self, below: Rung, above: Rung, place: str) -> None:
        """A higher rung asks for more: on every path that both have, and never for fewer certified people."""
        if not above.paths and not above.certified_people:
            raise TermsError(place, "asks for nothing, so everyone on the rung below would qualify")
        reached = {path.metric: path.threshold for path in below.paths}
        for number, path in enumerate(above.paths):
            if path.metric in reached and path.threshold <= reached[path.metric]:
                raise TermsError(
                    f"{place}.paths[{number}].threshold", f"must be above that of {below.code}: {reached[path.metric]}"
                )
        if above.certified_people < below.certified_people:
            raise TermsError(f"{place}.certified_people", f"must not be below that of {below.code}")


@dataclass(frozen=True)
class TypeEntry(Terms):
    """A type of partner: its track, how it earns and what is usual. Percentages; months."""

    type: str = term(one_of=PartnerType.values)
    track: str = term()
    primary_value: str = term()
    revenue_model: str = term()
    key_metric: str = term()
    rate_least_percent: Decimal | None = term(None, least=0, most=100)
    rate_most_percent: Decimal | None = term(None, least=0, most=100)
    rate_of: str = term("")
    months_to_value_least: int | None = term(None, least=0, most=120)
    months_to_value_most: int | None = term(None, least=0, most=120)
    support: str = term("")

    def check(self) -> None:
        for least, most in (
            ("rate_least_percent", "rate_most_percent"),
            ("months_to_value_least", "months_to_value_most"),
        ):
            low, high = getattr(self, least), getattr(self, most)
            if (low is None) != (high is None):
                raise TermsError(least if low is None else most, "a range needs both ends")
            if low is not None and low > high:
                raise TermsError(most, f"must not be below {least}")


@dataclass(frozen=True)
class BenefitHead(Terms):
    """A benefit without its values. A level's words are listed lowest first."""

    code: str = term()
    name: str = term()
    kind: str = term(one_of=BenefitKind.values)
    levels: tuple[str, ...] = term(())

    def check(self) -> None:
        check_code(self.code, "code")
        if (self.kind == BenefitKind.LEVEL) != bool(self.levels):
            raise TermsError("levels", "belong to the kind level, and only to it")
        if len(set(self.levels)) < len(self.levels):
            raise TermsError("levels", "names a level twice")


def read_benefit(head: BenefitHead, value: object, path: str) -> tuple[str, int] | None:
    """A benefit's value as stored text with its rank, or None where the benefit is not included.

    Raises TermsError for a value that its kind does not know. ``rank`` orders levels; numbers are compared as numbers.
    """
    if value is None:
        return None
    match head.kind:
        case BenefitKind.FLAG:
            if value is True or value == YES:
                return YES, 1
            if value is False or value == "no":
                return None
            raise TermsError(path, "must be yes or no")
        case BenefitKind.LEVEL:
            if value not in head.levels:
                raise TermsError(path, f"must be one of {', '.join(head.levels)}")
            return str(value), head.levels.index(str(value)) + 1
    if value == OPEN and head.kind == BenefitKind.COUNT:
        return OPEN, 1
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TermsError(path, "must be a number")
    if value < 0 or (head.kind == BenefitKind.PERCENT and value > 100):
        raise TermsError(path, "must be 0 to 100" if head.kind == BenefitKind.PERCENT else "must not be negative")
    if head.kind in (BenefitKind.COUNT, BenefitKind.HOURS) and value != int(value):
        raise TermsError(path, "must be a whole number")
    return format(Decimal(value), "f"), 1


@dataclass(frozen=True)
class AgendaItem(Terms):
    code: str = term()
    name: str = term()
    minutes: int = term(least=1, most=480)


@dataclass(frozen=True)
class QbrTerms(Terms):
    """The quarterly business review: agenda, and when its material is due. Days before, hours after, percent."""

    agenda: tuple[AgendaItem, ...] = term(())
    data_days_before: int = term(7, least=0)
    agenda_days_before: int = term(3, least=0)
    notes_hours_after: int = term(48, least=1)
    completion_target_percent: Decimal = term(Decimal(90), least=0, most=100)
    due_tiers: tuple[str, ...] = term(())  # tiers whose partners get a pack every quarter without being asked for
    stuck_days: int = term(60, least=1)


@dataclass(frozen=True)
class StageEntry(Terms):
    """A lifecycle stage; ``days`` is how long it should last, 0 for as long as it takes."""

    stage: str = term(one_of=LifecycleStage.values)
    days: int = term(0, least=0, most=3650)


@dataclass(frozen=True)
class LifecycleTerms(Terms):
    stages: tuple[StageEntry, ...] = term(())

    def check(self) -> None:
        names = [entry.stage for entry in self.stages]
        if len(set(names)) < len(names):
            raise TermsError("stages", "names a stage twice")

    def days(self, stage: str) -> int:
        """How long a stage should last; 0 where the program sets no time."""
        return next((entry.days for entry in self.stages if entry.stage == stage), 0)


@dataclass(frozen=True)
class CertificateGrant(Terms):
    """An entitlement that a certificate brings to the partner of a current member."""

    benefit: str = term()
    value: str = term()


@dataclass(frozen=True)
class CertificateEntry(Terms):
    code: str = term()
    name: str = term()
    months: int = term(12, least=1, most=120)
    grants: tuple[CertificateGrant, ...] = term(())

    def check(self) -> None:
        check_code(self.code, "code")


@dataclass(frozen=True)
class CertificateTerms(Terms):
    kinds: tuple[CertificateEntry, ...] = term(())

    def check(self) -> None:
        codes = [entry.code for entry in self.kinds]
        if len(set(codes)) < len(codes):
            raise TermsError("kinds", "names a certificate twice")

    def kind(self, code: str) -> CertificateEntry | None:
        """What a kind of certificate is worth, or None for one that the program does not know."""
        return next((entry for entry in self.kinds if entry.code == code), None)


@dataclass(frozen=True)
class FundAmount(Terms):
    """Marketing funds of a tier: a year's amount and the most in a quarter, in the program's currency."""

    tier: str = term()
    year: Decimal = term(least=0)
    quarter: Decimal | None = term(None, least=0)

    def check(self) -> None:
        if self.quarter is not None and self.quarter > self.year:
            raise TermsError("quarter", "can't exceed the year")


@dataclass(frozen=True)
class FundSet(Terms):
    code: str = term()
    name: str = term()
    amounts: tuple[FundAmount, ...] = term()

    def check(self) -> None:
        check_code(self.code, "code")


@dataclass(frozen=True)
class FundTerms(Terms):
    """Other sets of fund amounts that the program may switch to; those in force are benefits."""

    alternatives: tuple[FundSet, ...] = term(())
