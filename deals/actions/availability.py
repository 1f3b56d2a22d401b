"""The answer while a partner types a domain: free, yours, or not available – and nothing more."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from deals.choices import Availability, CandidateKind
from deals.models import AvailabilityCheck
from deals.queries.conflicts import verdict_on
from deals.queries.program import program_at
from deals.rules.accounts import AccountError, AccountKeys, account_keys
from deals.rules.conflicts import ConflictVerdict
from partners.queries.grants import entitlement
from prm.core.actors import Actor
from prm.core.refused import Refused


class AvailabilityRefused(Refused):
    """The check can't be made."""

    code = "deals.availability.refused"
    text = _("This can’t be checked.")


@dataclass(frozen=True)
class AvailabilityAnswer:
    """What the partner is told. ``own_code`` is its own earlier registration, ``own_customer`` its own customer."""

    answer: Availability
    own_code: str = ""
    own_customer: bool = False


def check_availability(
    *, domain: str, name: str = "", country: str = "", by: Actor, at: datetime
) -> AvailabilityAnswer:
    """Look an account up for an entitled member and log that it was asked.

    Every outcome runs the same statements, so that neither words nor time tell a customer from a competitor. A
    partner may ask about a limited number of different accounts a day; one asked about before costs nothing.
    """
    if not (by.is_partner and by.can("deals.registration_create") and by.organization_id and by.membership_id):
        raise AvailabilityRefused("deals.availability.not_allowed")
    if not entitlement(by.organization_id, "deal_registration", at).granted:
        raise AvailabilityRefused("deals.availability.not_entitled", _("Your company can’t register deals yet."))
    keys = _keys(domain, name, country)
    program = program_at(at)
    with transaction.atomic():
        _one_at_a_time(by.organization_id)
        _must_be_within_limit(by.organization_id, program.today, keys.claim, program.terms.checks_per_day)
        verdict = verdict_on(
            partner_id=by.organization_id,
            keys=keys,
            lines=(),
            day=program.today,
            similarity=program.terms.name_similarity_percent,
        )
        AvailabilityCheck.objects.bulk_create(
            [
                AvailabilityCheck(
                    partner_id=by.organization_id,
                    membership_id=by.membership_id,
                    day=program.today,
                    domain_key=keys.claim[:300],
                    answer=verdict.availability,
                    first_at=at,
                )
            ],
            ignore_conflicts=True,
        )
    return _answer(verdict)


def _keys(domain: str, name: str, country: str) -> AccountKeys:
    """Keys from the domain alone where there is no name yet; the name then has no part in the answer."""
    try:
        keys = account_keys(domain=domain, name=name or domain, country=country)
    except AccountError as error:
        raise AvailabilityRefused(
            "deals.availability.unreadable", _("This is not a website address. It looks like example.com.")
        ) from error
    if not keys.domain_key and not name.strip():
        raise AvailabilityRefused(
            "deals.availability.free_mail", _("A mail provider’s domain names no company. Please give its own website.")
        )
    return keys


def _one_at_a_time(partner_id: int) -> None:
    """Checks of one company wait for each other, so that many at once can't slip past the limit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('deals.availability'), %s)", [partner_id])


def _must_be_within_limit(partner_id: int, day: date, key: str, most: int) -> None:
    others = AvailabilityCheck.objects.filter(partner_id=partner_id, day=day).exclude(domain_key=key[:300])
    if others.count() >= most:
        raise AvailabilityRefused(
            "deals.availability.limit",
            _("You have looked up %(most)s customers today. You can still register this one."),
            {"most": most},
        )


def _answer(verdict: ConflictVerdict) -> AvailabilityAnswer:
    own = [match.candidate for match in verdict.matches if match.is_own]
    code = next((each.ref for each in own if each.kind == CandidateKind.REGISTRATION), "")
    return AvailabilityAnswer(
        answer=verdict.availability,
        own_code=code if verdict.availability == Availability.YOURS else "",
        own_customer=any(each.kind == CandidateKind.CUSTOMER for each in own),
    )
