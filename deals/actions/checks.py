"""Checking a registration or referral against everything known, and keeping what was found."""

from datetime import datetime

from deals.choices import CandidateKind, ConflictOutcome, MatchStrength
from deals.models import ConflictMatch, Product, Referral, Registration
from deals.queries.conflicts import KNOWN, MATCHED_KINDS, lines_of, stored_keys, verdict_on
from deals.queries.program import Program
from deals.rules.accounts import AccountKeys
from deals.rules.conflicts import ConflictVerdict, Match
from prm.core import explain


def keys_of(thing: Registration | Referral) -> AccountKeys:
    """The stored keys of a thing."""
    return stored_keys(
        domain_key=thing.domain_key,
        name_key=thing.name_key,
        plain_name=thing.plain_name,
        country=thing.customer_country,
        key_version=thing.key_version,
    )


def check_registration(*, registration: Registration, program: Program, at: datetime) -> ConflictVerdict:
    """Judge a registration now and replace the matches of the check before, if there was one."""
    verdict = verdict_on(
        partner_id=registration.partner_id,
        keys=keys_of(registration),
        lines=lines_of(registration.products.all()),
        day=program.today,
        similarity=program.terms.name_similarity_percent,
        except_code=registration.code,
    )
    if registration.conflict_outcome:
        registration.matches.all().delete()
    ConflictMatch.objects.bulk_create([_row(match, at, registration=registration) for match in verdict.matches])
    return verdict


def check_referral(*, referral: Referral, program: Program, at: datetime) -> ConflictVerdict:
    """Judge a referral now and replace the matches of the check before."""
    products: list[Product] = [referral.product] if referral.product else []
    verdict = verdict_on(
        partner_id=referral.partner_id,
        keys=keys_of(referral),
        lines=lines_of(products),
        day=program.today,
        similarity=program.terms.name_similarity_percent,
        except_code=referral.code,
    )
    referral.matches.all().delete()
    ConflictMatch.objects.bulk_create([_row(match, at, referral=referral) for match in verdict.matches])
    return verdict


def is_known_to_us(verdict: ConflictVerdict) -> bool:
    """Whether the very account is somebody else's customer or pipeline: approving it then needs a reason."""
    return any(
        match.strength == MatchStrength.EXACT and not match.is_own and match.candidate.kind in KNOWN
        for match in verdict.matches
    )


def outcome_of(verdict: ConflictVerdict, *, in_conflict: bool) -> ConflictOutcome:
    """What is kept with the registration, and decides what its partner reads.

    Who holds the claim is not in conflict because somebody came later; that one is only shown to the manager.
    """
    if in_conflict:
        return ConflictOutcome.CONFLICT
    if verdict.outcome == ConflictOutcome.CONFLICT and not is_known_to_us(verdict):
        return ConflictOutcome.WARNING
    return verdict.outcome


def _row(match: Match, at: datetime, **owner: object) -> ConflictMatch:
    found = match.candidate
    line = explain.Line(
        "conflict.match",
        {"basis": match.basis, "score": match.score, "kind": found.kind, "ref": found.ref, "until": found.until},
        unit="percent",
        audience="vendor",
    )
    return ConflictMatch(
        kind=found.kind,
        matched_kind=MATCHED_KINDS[CandidateKind(found.kind)],
        matched_code=found.ref,
        partner_id=found.partner_id,
        is_own=match.is_own,
        basis=match.basis,
        strength=match.strength,
        score=match.score,
        explanation=explain.to_json([line]),
        checked_at=at,
        **owner,
    )
