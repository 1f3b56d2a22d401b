"""What the rules of attribution need to know of deals, gathered for many at once in a fixed number of statements.

A deal's claims are its own registration and referral, its mark as a partner-worked import, and what other partners
with touches on it registered or referred for the same customer without a deal of their own. A registration whose
protection ended, or that was handed over, gives way to another partner's registration of the same customer that was
approved since. A deal is in direct pipeline since the earliest direct deal with the same customer that was not over
before the partner's first contact.

A deal is judged by the terms of the day it was won, or of today while it is open; one from before the first program by
the first.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from deals.choices import ClaimKind, OpportunitySource, ReferralStatus, RegistrationStatus
from deals.models import Account, Opportunity, Referral, Registration, Touch
from deals.rules.attribution import Claim, DealFacts
from deals.rules.touches import TouchFact
from partners.models import ProgramVersion
from partners.queries import program as programs
from partners.rules.attribution_terms import AttributionTerms
from prm.core.business_time import local_date

_FALLEN = (RegistrationStatus.DRAFT, RegistrationStatus.REJECTED, RegistrationStatus.WITHDRAWN)
_APPROVED = (RegistrationStatus.APPROVED, RegistrationStatus.EXPIRED, RegistrationStatus.WON)


@dataclass(frozen=True)
class Case:
    """One deal with everything that its verdicts rest on. ``on``: the day it was won, or today."""

    deal: Opportunity
    facts: DealFacts
    touches: tuple[TouchFact, ...]
    version: ProgramVersion
    terms: AttributionTerms
    on: date


def case_of(deal: Opportunity, at: datetime) -> Case:
    """One deal."""
    return cases_of([deal], at)[0]


def cases_of(deals: Sequence[Opportunity], at: datetime) -> list[Case]:
    """The deals in their order, in at most nine statements however many they are."""
    zone, versions = programs.program_time_zone(), _versions()
    today = local_date(at, zone)
    touches = _touches(deals)
    claims = _claims(deals, touches, zone)
    direct = _direct_deals(deals)
    found = []
    for deal in deals:
        version = _version_on(versions, deal.won_on or today)
        mine = tuple(claims[deal.pk])
        facts = DealFacts(
            won_on=deal.won_on,
            claims=mine,
            direct_since=_direct_since(deal, mine, touches[deal.pk], direct.get(deal.account_id, []), zone),
        )
        found.append(
            Case(
                deal=deal,
                facts=facts,
                touches=tuple(_fact(touch) for touch in touches[deal.pk]),
                version=version,
                terms=programs.attribution_terms(version),
                on=deal.won_on or today,
            )
        )
    return found


def _versions() -> list[ProgramVersion]:
    """All published versions, the latest start first. Raises NoProgramInForce where there is none."""
    versions = list(ProgramVersion.objects.published().defer("source_text").order_by("-valid_from"))
    if not versions:
        raise programs.NoProgramInForce(values={"on": "–"})
    return versions


def _version_on(versions: Sequence[ProgramVersion], day: date) -> ProgramVersion:
    return next((each for each in versions if each.valid_from and each.valid_from <= day), versions[-1])


def _touches(deals: Iterable[Opportunity]) -> dict[int, list[Touch]]:
    found: dict[int, list[Touch]] = defaultdict(list)
    rows = Touch.objects.standing().filter(opportunity__in=[deal.pk for deal in deals])
    for touch in rows.order_by("occurred_on", "pk"):
        found[touch.opportunity_id].append(touch)
    return found


def _fact(touch: Touch) -> TouchFact:
    return TouchFact(
        id=touch.pk,
        side=touch.side,
        partner_id=touch.partner_id,
        kind=touch.kind,
        on=touch.occurred_on,
        is_documented=touch.is_documented,
        is_material=touch.is_material,
        ref=touch.code,
    )


def _claims(deals: Sequence[Opportunity], touches: dict[int, list[Touch]], zone: str) -> dict[int, list[Claim]]:
    registrations = Registration.objects.in_bulk([deal.registration_id for deal in deals if deal.registration_id])
    referrals = Referral.objects.in_bulk([deal.referral_id for deal in deals if deal.referral_id])
    later = _later_registrations([each for each in registrations.values() if _may_give_way(each)])
    others = _claims_of_others(deals, touches, zone)
    found: dict[int, list[Claim]] = defaultdict(list)
    for deal in deals:
        if deal.registration_id:
            mine = registrations[deal.registration_id]
            found[deal.pk].append(_registration_claim(mine, zone, gave_way=mine.pk in later))
        if deal.referral_id:
            found[deal.pk].append(_referral_claim(referrals[deal.referral_id], zone))
        if deal.origin == OpportunitySource.IMPORT and deal.is_partner_worked and deal.partner_id is not None:
            begun = deal.engaged_on or deal.won_on or local_date(deal.created_at, zone)
            found[deal.pk].append(
                Claim(_moment(deal.created_at), deal.partner_id, ClaimKind.IMPORT, begun, ref=deal.code)
            )
        found[deal.pk] += others[deal.pk]
    return found


def _registration_claim(row: Registration, zone: str, *, gave_way: bool) -> Claim:
    return Claim(
        id=_moment(row.submitted_at or row.created_at),
        partner_id=row.partner_id,
        kind=ClaimKind.REGISTRATION,
        submitted_on=local_date(row.submitted_at or row.created_at, zone),
        first_contact_on=row.first_contact_on,
        stands=row.status not in _FALLEN and not gave_way,
        ref=row.code,
    )


def _referral_claim(row: Referral, zone: str) -> Claim:
    return Claim(
        id=_moment(row.submitted_at),
        partner_id=row.partner_id,
        kind=ClaimKind.REFERRAL,
        submitted_on=local_date(row.submitted_at, zone),
        first_contact_on=row.first_contact_on,
        stands=row.status != ReferralStatus.DECLINED,
        ref=row.code,
    )


def _moment(at: datetime) -> int:
    """What orders claims of one day, whatever they are: the moment of submission in microseconds."""
    return int(at.timestamp() * 1_000_000)


def _may_give_way(row: Registration) -> bool:
    """A registration keeps its deal until its protection ended or its account was handed over."""
    return row.status in _APPROVED and row.account_id is not None and row.protected_until is not None


def _later_registrations(rows: Sequence[Registration]) -> set[int]:
    """Which of the registrations gave way: another partner's of the same customer and line was approved afterwards."""
    if not rows:
        return set()
    accounts = {row.account_id for row in rows}
    rivals = Registration.objects.filter(account__in=accounts, status__in=_APPROVED).exclude(
        pk__in=[row.pk for row in rows]
    )
    by_account: dict[int | None, list[Registration]] = defaultdict(list)
    for rival in [*rows, *rivals.only("account", "partner", "decided_at", "protected_from", "in_conflict", "status")]:
        by_account[rival.account_id].append(rival)
    suspects = {
        row.pk: found
        for row in rows
        if (found := [each for each in by_account[row.account_id] if _came_after(each, row)])
    }
    if not suspects:
        return set()
    lines = _lines({*suspects, *(each.pk for found in suspects.values() for each in found)})
    return {
        pk
        for pk, found in suspects.items()
        if any(not lines[pk] or not lines[each.pk] or lines[pk] & lines[each.pk] for each in found)
    }


def _came_after(rival: Registration, row: Registration) -> bool:
    if rival.partner_id == row.partner_id or rival.in_conflict or not (rival.decided_at and row.decided_at):
        return False
    is_over = row.in_conflict or (row.protected_until or date.max) < (rival.protected_from or date.min)
    return rival.decided_at > row.decided_at and is_over


def _lines(registration_ids: set[int]) -> dict[int, set[int]]:
    """Product lines by registration; empty where none is named, which overlaps with all."""
    found: dict[int, set[int]] = defaultdict(set)
    through = Registration.products.through.objects.filter(registration__in=registration_ids, product__line__gt=0)
    for registration_id, line in through.values_list("registration_id", "product__line"):
        found[registration_id].add(line or 0)
    return found


def _claims_of_others(
    deals: Sequence[Opportunity], touches: dict[int, list[Touch]], zone: str
) -> dict[int, list[Claim]]:
    """What partners with touches on a deal of somebody else claimed for the same customer, without a deal from it."""
    wanted = {
        (deal.account_id, touch.partner_id)
        for deal in deals
        for touch in touches[deal.pk]
        if deal.account_id and touch.partner_id and touch.partner_id != deal.partner_id
    }
    found: dict[int, list[Claim]] = defaultdict(list)
    if not wanted:
        return found
    # what became no deal has no account yet: it is known by the customer's keys
    keys = {
        pk: {f"d:{domain}" if domain else "", f"n:{name}" if name else ""} - {""}
        for pk, domain, name in Account.objects.filter(pk__in={account for account, _partner in wanted}).values_list(
            "pk", "domain_key", "name_key"
        )
    }
    every = set().union(*keys.values())
    about = Q(partner__in={partner for _account, partner in wanted}, opportunity=None) & (
        Q(domain_key__in=[key[2:] for key in every if key[0] == "d"])
        | Q(name_key__in=[key[2:] for key in every if key[0] == "n"])
    )
    claims = [
        (row, _registration_claim(row, zone, gave_way=row.in_conflict))
        for row in Registration.objects.filter(about).exclude(submitted_at=None)
    ] + [(lead, _referral_claim(lead, zone)) for lead in Referral.objects.filter(about)]
    for deal in deals:
        for row, claim in claims:
            same = {f"d:{row.domain_key}", f"n:{row.name_key}"} & keys.get(deal.account_id or 0, set())
            if same and (deal.account_id, claim.partner_id) in wanted:
                found[deal.pk].append(claim)
    return found


def _direct_deals(deals: Sequence[Opportunity]) -> dict[int | None, list[Opportunity]]:
    """Direct deals by customer."""
    found: dict[int | None, list[Opportunity]] = defaultdict(list)
    accounts = {deal.account_id for deal in deals if deal.account_id}
    rows = Opportunity.objects.filter(account__in=accounts, partner=None)
    for row in rows.only("account", "engaged_on", "created_at", "closed_on"):
        found[row.account_id].append(row)
    return found


def _direct_since(
    deal: Opportunity, claims: Sequence[Claim], touches: Sequence[Touch], direct: Sequence[Opportunity], zone: str
) -> date | None:
    """Since when our own sales work on this deal or another one that was still open at the partners' first contact."""
    contacts = [each.first_contact_on or each.submitted_on for each in claims]
    contacts += [touch.occurred_on for touch in touches if touch.partner_id]
    first = min(contacts, default=None)
    begun = [
        each.engaged_on or local_date(each.created_at, zone)
        for each in direct
        if each.pk != deal.pk and (each.closed_on is None or first is None or each.closed_on >= first)
    ]
    if deal.partner_id is None:
        begun.append(deal.engaged_on or local_date(deal.created_at, zone))
    return min(begun, default=None)
