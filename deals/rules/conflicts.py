"""Whether an account is free, and if not, why.

A registration is compared with what is open or protected on its day: registrations, referrals and opportunities of
partners, the direct pipeline, existing customers. Only what shares a product line counts, and a blank line overlaps
all. Equal claim keys are an exact match and make a conflict. Everything softer only warns the manager: equal names
whose claims are of different kinds or domains, the same name in another country, and similar names in the same (or an
unknown) country whose score reaches the terms' percentage. One's own earlier record is a duplicate, one's own customer
may be sold more. The partner learns one of three things and never a reason. Source: program rules §3; conventions 2.3.

The score of two names is 0–100: twice the letters they share in order, over all letters, with the words as they are or
sorted, whichever is more alike (rapidfuzz ratio and token_sort_ratio), rounded down.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz

from deals.choices import Availability, CandidateKind, ConflictOutcome, MatchBasis, MatchStrength
from deals.rules.accounts import AccountKeys
from prm.core.explain import Line

_BASES = list(MatchBasis)


@dataclass(frozen=True)
class Subject:
    """The registration that is being checked. No `lines`: all product lines."""

    partner_id: int
    keys: AccountKeys
    lines: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """Something the account may already be. `partner_id` None: the vendor's own. `until`: last day it counts."""

    kind: str
    ref: str
    partner_id: int | None
    keys: AccountKeys
    lines: frozenset[str] = frozenset()
    until: date | None = None


@dataclass(frozen=True)
class Match:
    """A candidate that matched, on which key, and how alike the names are (0–100)."""

    candidate: Candidate
    strength: MatchStrength
    basis: MatchBasis
    score: int
    is_own: bool


@dataclass(frozen=True)
class ConflictVerdict:
    """`matches` strongest first. `needs_reason`: in direct pipeline, so an approval must say why. Lines: vendor's."""

    outcome: ConflictOutcome
    matches: tuple[Match, ...]
    needs_reason: bool
    lines: tuple[Line, ...]

    @property
    def strength(self) -> MatchStrength | None:
        """How strong the strongest match with somebody else is."""
        return next((match.strength for match in self.matches if not match.is_own), None)

    @property
    def blocks_auto_approval(self) -> bool:
        return self.outcome in (ConflictOutcome.CONFLICT, ConflictOutcome.DUPLICATE)

    @property
    def availability(self) -> Availability:
        """What the partner is told."""
        match self.outcome:
            case ConflictOutcome.DUPLICATE:
                return Availability.YOURS
            case ConflictOutcome.CONFLICT:
                return Availability.UNAVAILABLE
            case _:
                return Availability.FREE


def judge(subject: Subject, candidates: Iterable[Candidate], *, at: date, similarity: int) -> ConflictVerdict:
    """Judge an account on a day. `similarity` is the score (0–100) from which names count as similar."""
    found = (compare(subject, each, similarity) for each in candidates if each.until is None or at <= each.until)
    matches = sorted(
        (match for match in found if match),
        key=lambda match: (_BASES.index(match.basis), -match.score, match.is_own, match.candidate.ref),
    )
    exact = [match for match in matches if match.strength == MatchStrength.EXACT]
    others = [match for match in matches if not match.is_own]
    if any(match.is_own and match.candidate.kind != CandidateKind.CUSTOMER for match in exact):
        outcome = ConflictOutcome.DUPLICATE
    elif any(not match.is_own for match in exact):
        outcome = ConflictOutcome.CONFLICT
    else:
        outcome = ConflictOutcome.WARNING if others else ConflictOutcome.CLEAR
    return ConflictVerdict(
        outcome=outcome,
        matches=tuple(matches),
        needs_reason=any(match.candidate.kind == CandidateKind.DIRECT for match in exact),
        lines=_lines(outcome, matches, similarity),
    )


def compare(subject: Subject, candidate: Candidate, similarity: int) -> Match | None:
    """How a candidate matches, by its strongest key; None if it does not, or sells other products."""
    if subject.lines and candidate.lines and not subject.lines & candidate.lines:
        return None
    mine, theirs = subject.keys, candidate.keys
    score = name_score(mine.name, theirs.name)
    same_country = mine.country == theirs.country
    strength, basis = MatchStrength.SIMILAR, None
    if mine.claim == theirs.claim:
        strength, basis = MatchStrength.EXACT, MatchBasis.DOMAIN if mine.domain_key else MatchBasis.NAME
    elif mine.name_key == theirs.name_key:
        basis = MatchBasis.MIXED
    elif mine.name == theirs.name and mine.country and theirs.country:
        basis = MatchBasis.NAME_ABROAD
    elif score >= similarity and (same_country or not mine.country or not theirs.country):
        basis = MatchBasis.SIMILAR_NAME
    if basis is None:
        return None
    return Match(candidate, strength, basis, score, candidate.partner_id == subject.partner_id)


def name_score(a: str, b: str) -> int:
    """How alike two normalised names are, 0–100."""
    return int(max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b)))


def _lines(outcome: ConflictOutcome, matches: list[Match], similarity: int) -> tuple[Line, ...]:
    checked = Line("conflict.outcome", {"outcome": outcome, "similarity": similarity}, audience="vendor")
    return (
        checked,
        *(
            Line(
                "conflict.match",
                {
                    "kind": match.candidate.kind,
                    "ref": match.candidate.ref,
                    "strength": match.strength,
                    "basis": match.basis,
                    "score": match.score,
                    "own": match.is_own,
                    "until": match.candidate.until,
                },
                unit="percent",
                audience="vendor",
            )
            for match in matches
        ),
    )
