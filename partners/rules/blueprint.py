"""A whole program as one object: what a file says, what a published version holds, what two versions differ in.

`read_program` takes plain data and refuses everything that contradicts itself, each problem with its place; it warns of
what is allowed but unwise. `Program.to_dict` is the exact way back. Notice days and reminder days are said once, under
`reminders`; which tiers go first is said once, by the benefit `deal_registration`. Source: program rules §1–§3, §7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from partners.choices import BenefitKind, PlanModel
from partners.rules.attribution_terms import AttributionTerms, PercentRange
from partners.rules.incentive_terms import IncentiveTerms, PlanTerm, types_of
from partners.rules.program_terms import (
    RUNGS_WITHOUT_WARNING,
    BenefitHead,
    CertificateTerms,
    FundTerms,
    Header,
    LifecycleTerms,
    QbrTerms,
    TrackEntry,
    TypeEntry,
    read_benefit,
)
from partners.rules.term_reader import Terms, TermsError
from partners.rules.terms import (
    CalendarTerms,
    HealthTerms,
    LadderTerms,
    RegistrationTerms,
    ReminderTerms,
    TierTerm,
    ValueMatrixTerms,
)

TOPICS: dict[str, type[Terms]] = {
    "calendar": CalendarTerms,
    "reminders": ReminderTerms,
    "registration": RegistrationTerms,
    "health": HealthTerms,
    "value_matrix": ValueMatrixTerms,
    "qbr": QbrTerms,
    "lifecycle": LifecycleTerms,
    "certificates": CertificateTerms,
    "funds": FundTerms,
    "attribution": AttributionTerms,
    "incentives": IncentiveTerms,
}
REGISTRATION_BENEFIT = "deal_registration"
PRIORITY = "priority"
_HEADER = ("blueprint", "name", "currency", "note")
_SAID_ELSEWHERE = {
    "registration": {
        "reminder_days": "is said once, as reminders.short_days",
        "priority_tiers": f"is said once, by the benefit {REGISTRATION_BENEFIT}",
    }
}


@dataclass(frozen=True)
class Problem:
    """Something wrong with a program, or unwise: the place in the data, and why."""

    path: str
    reason: str


class ProgramInconsistent(ValueError):
    """A program that can't be used, with everything that was found."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("; ".join(f"{each.path}: {each.reason}" if each.path else each.reason for each in problems))


@dataclass(frozen=True)
class BenefitEntry:
    """A benefit with its values by (track, tier). What is missing is not included."""

    head: BenefitHead
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    ranks: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """The terms of one version. Topics that a file leaves out have the values of their dataclass."""

    header: Header
    tracks: tuple[TrackEntry, ...]
    types: tuple[TypeEntry, ...]
    benefits: tuple[BenefitEntry, ...]
    topics: dict[str, Any]

    def track(self, code: str) -> TrackEntry | None:
        """The track with this code, or None."""
        return next((track for track in self.tracks if track.code == code), None)

    def type(self, code: str) -> TypeEntry | None:
        """What the program says of a type of partner, or None."""
        return next((entry for entry in self.types if entry.type == code), None)

    def benefit(self, code: str) -> BenefitEntry | None:
        """The benefit with this code, or None."""
        return next((entry for entry in self.benefits if entry.head.code == code), None)

    def ladder(self, track: str) -> LadderTerms:
        """The rungs of a track for the tier rules. An unknown track is flat."""
        entry = self.track(track)
        if entry is None:
            return LadderTerms(track=track)
        return _ladder(entry, self.topics["reminders"].yearly_days)

    def registration(self) -> RegistrationTerms:
        """The terms of deal registration, completed by what is said once elsewhere."""
        benefit = self.benefit(REGISTRATION_BENEFIT)
        first = (
            sorted({tier for (_track, tier), value in benefit.values.items() if value == PRIORITY}) if benefit else []
        )
        return replace(
            self.topics["registration"],
            priority_tiers=tuple(first),
            reminder_days=self.topics["reminders"].short_days,
        )

    def incentives(self) -> IncentiveTerms:
        """The terms of earning; plans that name no currency get the program's."""
        terms: IncentiveTerms = self.topics["incentives"]
        own = self.header.currency
        return replace(terms, plans=tuple(replace(plan, currency=plan.currency or own) for plan in terms.plans))

    def rates(self, benefit: str, track: str) -> dict[str, Decimal]:
        """Tier → percentage that a benefit gives on a track, lowest rung first; tiers without it are missing."""
        entry, ladder = self.benefit(benefit), self.track(track)
        if entry is None or ladder is None:
            return {}
        places = [(rung.code, entry.values.get((track, rung.code))) for rung in ladder.tiers]
        return {tier: Decimal(value) for tier, value in places if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `read_program` reads back to an equal program."""
        data: dict[str, Any] = self.header.to_dict()
        for topic, terms in self.topics.items():
            values = terms.to_dict()
            for name in _SAID_ELSEWHERE.get(topic, {}):
                values.pop(name, None)
            data[topic] = values
        data["tracks"] = [track.to_dict() for track in self.tracks]
        data["types"] = [entry.to_dict() for entry in self.types]
        data["benefits"] = [_benefit_dict(entry) for entry in self.benefits]
        return data


def read_program(data: object) -> tuple[Program, list[Problem]]:
    """A program and its warnings. Raises ProgramInconsistent with every section's first problem."""
    if not isinstance(data, dict):
        raise ProgramInconsistent([Problem("", "must be a group of named values")])
    problems: list[Problem] = []
    known = {*_HEADER, *TOPICS, "tracks", "types", "benefits"}
    problems += [Problem(str(key), "is not a known section") for key in data if key not in known]
    header = _section(Header, {key: data[key] for key in _HEADER if key in data}, "", problems)
    topics = {name: _topic(name, data.get(name, {}), problems) for name in TOPICS}
    tracks = _entries(TrackEntry, data, "tracks", "code", problems)
    types = _entries(TypeEntry, data, "types", "type", problems)
    benefits = _benefits(data, [track for _place, track in tracks], problems)
    if not tracks and not problems:
        problems.append(Problem("tracks", "needs at least one track"))
    if not problems:
        problems += _contradictions(tracks, types, benefits, topics)
    if problems or header is None:
        raise ProgramInconsistent(problems)
    program = Program(
        header=header,
        tracks=tuple(track for _place, track in tracks),
        types=tuple(entry for _place, entry in types),
        benefits=tuple(benefits),
        topics=topics,
    )
    return program, list(_warnings(program))


def differences(before: Program, after: Program) -> list[tuple[str, str, str]]:
    """What differs, as (place, before, after) in the order of the newer program; a blank side is missing there."""
    old, new = dict(_flat(_keyed(before.to_dict()))), dict(_flat(_keyed(after.to_dict())))
    places = list(new) + [place for place in old if place not in new]
    return [(place, old.get(place, ""), new.get(place, "")) for place in places if old.get(place) != new.get(place)]


def _ladder(entry: TrackEntry, notice_days: tuple[int, ...]) -> LadderTerms:
    return LadderTerms(
        track=entry.code,
        tiers=tuple(
            TierTerm(
                code=rung.code,
                name=rung.name,
                rank=number,
                paths=rung.paths,
                certified_people=rung.certified_people,
                certificate_kind=rung.certificate_kind,
                review_months=rung.review_months,
                grace_months=rung.grace_months,
                falls_to=rung.falls_to,
            )
            for number, rung in enumerate(entry.tiers)
        ),
        promotion_needs_approval=entry.promotion_needs_approval,
        provisional_months=entry.provisional_months,
        strategic_tier=entry.strategic_tier,
        notice_days=notice_days,
    )


def _section(kind: type[Terms], data: object, place: str, problems: list[Problem]) -> Any:
    try:
        return kind.from_dict(data)
    except TermsError as error:
        error = error.below(place) if place else error
        problems.append(Problem(error.path, error.reason))
        return None


def _topic(name: str, data: object, problems: list[Problem]) -> Any:
    for term, reason in _SAID_ELSEWHERE.get(name, {}).items():
        if isinstance(data, dict) and term in data:
            problems.append(Problem(f"{name}.{term}", reason))
            return None
    return _section(TOPICS[name], data, name, problems)


def _entries(
    kind: type[Terms], data: dict[str, Any], section: str, identity: str, problems: list[Problem]
) -> list[tuple[str, Any]]:
    """The good entries of a list with their places; a repeated identity is a problem."""
    rows = data.get(section, [])
    if not isinstance(rows, list):
        problems.append(Problem(section, "must be a list"))
        return []
    entries: list[tuple[str, Any]] = []
    for number, row in enumerate(rows):
        entry = _section(kind, row, f"{section}[{number}]", problems)
        if entry is None:
            continue
        code = getattr(entry, identity)
        if code in [getattr(other, identity) for _place, other in entries]:
            problems.append(Problem(f"{section}[{number}].{identity}", f"{code} is used twice"))
            continue
        entries.append((f"{section}[{number}]", entry))
    return entries


def _benefits(data: dict[str, Any], tracks: list[TrackEntry], problems: list[Problem]) -> list[BenefitEntry]:
    rows = data.get("benefits", [])
    if not isinstance(rows, list):
        problems.append(Problem("benefits", "must be a list"))
        return []
    rungs = {track.code: [rung.code for rung in track.tiers] for track in tracks}
    entries: list[BenefitEntry] = []
    for number, row in enumerate(rows):
        place = f"benefits[{number}]"
        values = row.get("tiers", {}) if isinstance(row, dict) else {}
        head = {key: value for key, value in row.items() if key != "tiers"} if isinstance(row, dict) else row
        read = _section(BenefitHead, head, place, problems)
        if read is None:
            continue
        if read.code in [entry.head.code for entry in entries]:
            problems.append(Problem(f"{place}.code", f"{read.code} is used twice"))
            continue
        entry = BenefitEntry(read)
        try:
            for (track, tier), value, where in _cells(values, rungs, f"{place}.tiers"):
                stored = read_benefit(read, value, where)
                if stored:
                    entry.values[track, tier], entry.ranks[track, tier] = stored
        except TermsError as error:
            problems.append(Problem(error.path, error.reason))
        entries.append(entry)
    return entries


def _cells(values: object, rungs: dict[str, list[str]], place: str) -> Iterator[tuple[tuple[str, str], object, str]]:
    if not isinstance(values, dict):
        raise TermsError(place, "must name tracks, and for each its tiers")
    for track, tiers in values.items():
        if track not in rungs:
            raise TermsError(f"{place}.{track}", f"{track} is not a track of this program")
        if not isinstance(tiers, dict):
            raise TermsError(f"{place}.{track}", "must name tiers")
        for tier, value in tiers.items():
            if tier not in rungs[track]:
                raise TermsError(f"{place}.{track}.{tier}", f"{tier} is not a tier of the track {track}")
            yield (str(track), str(tier)), value, f"{place}.{track}.{tier}"


def _contradictions(
    tracks: list[tuple[str, Any]],
    types: list[tuple[str, Any]],
    benefits: list[BenefitEntry],
    topics: dict[str, Any],
) -> Iterator[Problem]:
    """What single sections can't know: names that must exist elsewhere, and ladders as the tier rules see them."""
    for place, track in tracks:
        try:
            _ladder(track, topics["reminders"].yearly_days)
        except TermsError as error:
            yield Problem(error.below(place).path, error.reason)
        kinds = {kind.code for kind in topics["certificates"].kinds}
        for number, rung in enumerate(track.tiers):
            if rung.certificate_kind and rung.certificate_kind not in kinds:
                where = f"{place}.tiers[{number}].certificate_kind"
                yield Problem(where, f"{rung.certificate_kind} is not a certificate of this program")
    codes = [track.code for _place, track in tracks]
    for place, entry in types:
        if entry.track not in codes:
            yield Problem(f"{place}.track", f"{entry.track} is not a track of this program")
    heads = {entry.head.code: entry.head for entry in benefits}
    for number, kind in enumerate(topics["certificates"].kinds):
        for index, grant in enumerate(kind.grants):
            where = f"certificates.kinds[{number}].grants[{index}]"
            if grant.benefit not in heads:
                yield Problem(f"{where}.benefit", f"{grant.benefit} is not a benefit of this program")
                continue
            try:
                read_benefit(heads[grant.benefit], grant.value, f"{where}.value")
            except TermsError as error:
                yield Problem(error.path, error.reason)
    tiers = {rung.code for _place, track in tracks for rung in track.tiers}
    for number, alternative in enumerate(topics["funds"].alternatives):
        for index, amount in enumerate(alternative.amounts):
            if amount.tier not in tiers:
                where = f"funds.alternatives[{number}].amounts[{index}].tier"
                yield Problem(where, f"{amount.tier} is not a tier of this program")
    rungs = {track.code: {rung.code for rung in track.tiers} for _place, track in tracks}
    known_types = {entry.type for _place, entry in types}
    for number, plan in enumerate(topics["incentives"].plans):
        yield from _plan_problems(plan, f"incentives.plans[{number}]", rungs, known_types, heads)
        highest = plan.rate_percent if plan.rate_percent is not None else Decimal(0)
        if plan.model == PlanModel.MARGIN and highest + topics["registration"].margin_points > 100:
            yield Problem(
                f"incentives.plans[{number}].rate_percent", "with the points for registering exceeds the price"
            )


def _plan_problems(
    plan: PlanTerm, place: str, rungs: dict[str, set[str]], types: set[str], heads: dict[str, BenefitHead]
) -> Iterator[Problem]:
    """Names in a plan that the program does not know."""
    for index, track in enumerate(plan.scope.tracks):
        if track not in rungs:
            yield Problem(f"{place}.scope.tracks[{index}]", f"{track} is not a track of this program")
    for index, kind in enumerate(plan.scope.types):
        if kind not in types:
            yield Problem(f"{place}.scope.types[{index}]", f"{kind} is not a type of this program")
    tiers = set().union(*(rungs.get(track, set()) for track in plan.scope.tracks or rungs))
    for index, tier in enumerate(plan.scope.tiers):
        if tier not in tiers:
            yield Problem(f"{place}.scope.tiers[{index}]", f"{tier} is not a tier of its tracks")
    if plan.rate_benefit and plan.rate_benefit not in heads:
        yield Problem(f"{place}.rate_benefit", f"{plan.rate_benefit} is not a benefit of this program")
    elif plan.rate_benefit and heads[plan.rate_benefit].kind != BenefitKind.PERCENT:
        yield Problem(f"{place}.rate_benefit", f"{plan.rate_benefit} is not a percentage")


def _warnings(program: Program) -> Iterator[Problem]:
    for number, track in enumerate(program.tracks):
        if len(track.tiers) > RUNGS_WITHOUT_WARNING:
            yield Problem(
                f"tracks[{number}].tiers", f"has {len(track.tiers)} rungs; more than four are hard to explain"
            )
        if track.code not in [entry.track for entry in program.types]:
            yield Problem(f"tracks[{number}]", f"no type of partner joins the track {track.code}")
    granted = {grant.benefit for kind in program.topics["certificates"].kinds for grant in kind.grants}
    for number, benefit in enumerate(program.benefits):
        if not benefit.values and benefit.head.code not in granted:
            yield Problem(f"benefits[{number}]", f"no tier includes {benefit.head.code}")
    for number, plan in enumerate(program.topics["incentives"].plans):
        yield from _plan_warnings(program, plan, f"incentives.plans[{number}]")


def _plan_warnings(program: Program, plan: PlanTerm, place: str) -> Iterator[Problem]:
    """Base rates outside what is usual for a type that the plan applies to, and plans that nobody can be paid by."""
    types = list(types_of(plan.scope, {entry.type: entry.track for entry in program.types}))
    if not types:
        yield Problem(f"{place}.scope", f"no type of partner is meant by {plan.code}")
    for name in types:
        entry = program.type(name)
        rate = base_rate(program, plan, entry.track) if entry else None
        if entry is None or (rate is None and not plan.rate_benefit):
            continue
        if rate is None:
            yield Problem(f"{place}.rate_benefit", f"no tier of {entry.track} gives {plan.rate_benefit} to {name}")
            continue
        rail = plan.guard_rail
        if rail is None and entry.rate_least_percent is not None and entry.rate_most_percent is not None:
            rail = PercentRange(entry.rate_least_percent, entry.rate_most_percent)
        if rail and not rail.holds(rate):
            usual = f"{rail.least:f}–{rail.most:f} %"
            yield Problem(place, f"{plan.code} gives {rate:f} % to {name}, outside the usual {usual}")


def base_rate(program: Program, plan: PlanTerm, track: str) -> Decimal | None:
    """A plan's rate on a track before tier steps and bonuses: that of the lowest tier, or of the lowest bracket.

    None for a plan of flat amounts, and where no tier of the track gives the rate.
    """
    if plan.brackets:
        return plan.brackets[0].percent
    if not plan.rate_benefit:
        return plan.rate_percent
    rates = program.rates(plan.rate_benefit, track)
    meant = [rate for tier, rate in rates.items() if not plan.scope.tiers or tier in plan.scope.tiers]
    return meant[0] if meant else None


def _benefit_dict(entry: BenefitEntry) -> dict[str, Any]:
    tiers: dict[str, dict[str, Any]] = {}
    for (track, tier), value in entry.values.items():
        tiers.setdefault(track, {})[tier] = value
    data = entry.head.to_dict()
    if not data["levels"]:
        del data["levels"]
    return {**data, "tiers": tiers}


def _keyed(data: Any) -> Any:
    """Lists of entries with an identity become groups by it, so that a moved entry is not a changed one."""
    if isinstance(data, dict):
        return {key: _keyed(value) for key, value in data.items()}
    if isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
        for name in ("code", "type", "metric", "stage", "dimension", "rating", "benefit", "tier", "kind", "before_day"):
            if all(name in item for item in data):
                return {item[name]: _keyed({k: v for k, v in item.items() if k != name}) for item in data}
    return [_keyed(item) for item in data] if isinstance(data, list) else data


def _flat(data: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{place} › {key}" if place else str(key))
        if not data and place:
            yield place, "yes"
    elif isinstance(data, list):
        if data:
            yield place, ", ".join(str(item) for item in data)
    elif isinstance(data, bool):
        yield place, "yes" if data else "no"
    elif data not in (None, ""):
        yield place, str(data)
