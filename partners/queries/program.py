"""The program as it stands on a date: which version holds, and its terms as the rules read them.

A published version never changes, so what was read of it stays in memory for the life of the process; drafts are read
anew each time. Dates are dates in the program's time zone.
"""

from collections import defaultdict
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from partners.models import (
    BenefitTerm,
    PartnerTypeTerm,
    ProgramVersion,
    TermSet,
    Tier,
    TierTerm,
    TrackTerm,
)
from partners.rules.attribution_terms import AttributionTerms
from partners.rules.blueprint import TOPICS, BenefitEntry, Program
from partners.rules.incentive_terms import IncentiveTerms
from partners.rules.program_terms import BenefitHead, Header, Rung, TrackEntry, TypeEntry
from partners.rules.terms import (
    CalendarTerms,
    HealthTerms,
    LadderTerms,
    Path,
    RegistrationTerms,
    ReminderTerms,
    ValueMatrixTerms,
)
from prm.core.business_time import Calendar, local_date
from prm.core.refused import Refused

BENEFITS = "benefits"


class NoProgramInForce(Refused):
    """No published version holds on the date, so nothing can be computed."""

    code = "partners.program.none_in_force"
    text = _("No program is in force on %(on)s. Publish a program version that begins by then.")


def version_at(on: date) -> ProgramVersion:
    """The version whose terms count on a date. Raises NoProgramInForce before the first one."""
    version = ProgramVersion.objects.in_force(on).defer("source_text").first()
    if version is None:
        raise NoProgramInForce(values={"on": on.isoformat()})
    return version


def version_in_force(at: datetime) -> ProgramVersion:
    """The version whose terms count at a moment: ``version_at(program_today(at))`` in one statement."""
    versions = list(ProgramVersion.objects.published().defer("source_text"))
    today = local_date(at, calendar_terms(versions[0]).time_zone if versions else "UTC")
    for version in versions:
        if version.valid_from and version.valid_from <= today:
            return version
    raise NoProgramInForce(values={"on": today.isoformat()})


def latest_version() -> ProgramVersion | None:
    """The published version with the latest start, in force already or not."""
    return ProgramVersion.objects.published().defer("source_text").first()


def ends_on(version: ProgramVersion) -> date | None:
    """The day on which the next version takes over; None while none is planned."""
    if not (version.is_published and version.valid_from):
        return None
    following = ProgramVersion.objects.published().filter(valid_from__gt=version.valid_from)
    return following.order_by("valid_from").values_list("valid_from", flat=True).first()


def program_time_zone() -> str:
    """The time zone of the program's dates: that of the version published last, UTC before there is one."""
    version = latest_version()
    return calendar_terms(version).time_zone if version else "UTC"


def program_today(at: datetime) -> date:
    """The program's date at a moment."""
    return local_date(at, program_time_zone())


def program_of(version: ProgramVersion) -> Program:
    """All terms of a version as one object."""
    return _published_program(version.pk) if version.is_published else _read(version.pk)


def ladder_terms(version: ProgramVersion, track: str) -> LadderTerms:
    """The ladder of a track, by the track's code; flat for a track that the version does not know."""
    return program_of(version).ladder(track)


def registration_terms(version: ProgramVersion) -> RegistrationTerms:
    """How deals are registered, decided and protected."""
    return program_of(version).registration()


def health_terms(version: ProgramVersion) -> HealthTerms:
    """Points, bands and alerts of the health score."""
    return program_of(version).topics["health"]


def matrix_terms(version: ProgramVersion) -> ValueMatrixTerms:
    """Edges of the value matrix."""
    return program_of(version).topics["value_matrix"]


def reminder_terms(version: ProgramVersion) -> ReminderTerms:
    """On which days before an end people are reminded."""
    return program_of(version).topics["reminders"]


def attribution_terms(version: ProgramVersion) -> AttributionTerms:
    """When a deal is a partner's, and how credit is shared."""
    return program_of(version).topics["attribution"]


def incentive_terms(version: ProgramVersion) -> IncentiveTerms:
    """Plans, payout, clawback, rebates and the limits of SPIFFs; every plan with its currency."""
    return program_of(version).incentives()


def calendar_terms(version: ProgramVersion) -> CalendarTerms:
    """Time zone, working time and fiscal year."""
    return program_of(version).topics["calendar"]


def calendar(version: ProgramVersion) -> Calendar:
    """The calendar of SLA clocks."""
    return calendar_terms(version).calendar()


def term_set(version: ProgramVersion, topic: str) -> Any:
    """The terms of a topic as its dataclass. Raises KeyError for a topic that does not exist."""
    return program_of(version).topics[topic]


def benefit_values(version: ProgramVersion, track: str) -> dict[str, dict[str, str]]:
    """What the tiers of a track give: tier → benefit → value, for the calculator and the program page."""
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in program_of(version).benefits:
        for (of_track, tier), value in entry.values.items():
            if of_track == track:
                values[tier][entry.head.code] = value
    return dict(values)


def tier_ids(version: ProgramVersion) -> dict[tuple[str, str], int]:
    """Track and tier → primary key, for all tiers that there were when the version was first used.

    Tiers stay what they are through all versions; a version brings its own along when it is written.
    """
    return _published_tiers(version.pk) if version.is_published else _tiers()


def forget_programs() -> None:
    """Empty the process's memory of published versions; tests that reuse keys need it."""
    _published_program.cache_clear()
    _published_tiers.cache_clear()


@lru_cache(maxsize=64)
def _published_tiers(version_id: int) -> dict[tuple[str, str], int]:
    return _tiers()


def _tiers() -> dict[tuple[str, str], int]:
    return {(track, tier): pk for track, tier, pk in Tier.objects.values_list("track__code", "code", "pk")}


@lru_cache(maxsize=64)
def _published_program(version_id: int) -> Program:
    return _read(version_id)


def _read(version_id: int) -> Program:
    version = ProgramVersion.objects.get(pk=version_id)
    topics = dict(TermSet.objects.filter(version=version).values_list("topic", "values"))
    heads = [BenefitHead.from_dict(each) for each in topics.pop(BENEFITS, {}).get("heads", [])]
    values: dict[str, list[tuple[tuple[str, str], str, int]]] = defaultdict(list)
    cells = BenefitTerm.objects.filter(version=version).order_by("pk")
    for track, tier, benefit, value, rank in cells.values_list(
        "tier__track__code", "tier__code", "benefit__code", "value", "rank"
    ):
        values[benefit].append(((track, tier), value, rank))
    return Program(
        header=Header(version.blueprint, version.name, version.currency, version.note),
        tracks=_tracks(version),
        types=tuple(_type(row) for row in PartnerTypeTerm.objects.filter(version=version).select_related("track")),
        benefits=tuple(
            BenefitEntry(
                head,
                {place: value for place, value, _rank in values[head.code]},
                {place: rank for place, _value, rank in values[head.code]},
            )
            for head in heads
        ),
        topics={name: kind.from_dict(topics.get(name, {})) for name, kind in TOPICS.items()},
    )


def _tracks(version: ProgramVersion) -> tuple[TrackEntry, ...]:
    rungs: dict[int, list[Rung]] = defaultdict(list)
    rows = TierTerm.objects.filter(version=version).select_related("tier", "falls_to").prefetch_related("paths")
    for row in rows.order_by("position"):
        rungs[row.tier.track_id].append(
            Rung(
                code=row.tier.code,
                name=row.tier.name,
                paths=tuple(Path(path.metric, _tidy(path.threshold)) for path in row.paths.all()),
                certified_people=row.certified_people,
                certificate_kind=row.certificate_kind,
                review_months=row.review_months,
                grace_months=row.grace_months,
                falls_to=row.falls_to.code if row.falls_to else None,
            )
        )
    tracks = TrackTerm.objects.filter(version=version).select_related("track", "strategic_tier").order_by("pk")
    return tuple(
        TrackEntry(
            code=row.track.code,
            name=row.track.name,
            economic_model=row.economic_model,
            promotion_needs_approval=row.promotion_needs_approval,
            provisional_months=row.provisional_months,
            strategic_tier=row.strategic_tier.code if row.strategic_tier else "",
            tiers=tuple(rungs[row.track_id]),
        )
        for row in tracks
    )


def _type(row: PartnerTypeTerm) -> TypeEntry:
    return TypeEntry(
        type=row.type,
        track=row.track.code,
        primary_value=row.primary_value,
        revenue_model=row.revenue_model,
        key_metric=row.key_metric,
        rate_least_percent=_tidy(row.rate_least_percent),
        rate_most_percent=_tidy(row.rate_most_percent),
        rate_of=row.rate_of,
        months_to_value_least=row.months_to_value_least,
        months_to_value_most=row.months_to_value_most,
        support=row.support,
    )


def _tidy(number: Any) -> Any:
    """A stored decimal without the zeros that its column adds."""
    if number is None:
        return None
    return number.quantize(1) if number == number.to_integral_value() else number.normalize()
