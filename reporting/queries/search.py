"""Finding partners, accounts, registrations, referrals and opportunities by code, name or domain.

Each kind is one statement with its own limit and reaches only what the actor may see. Names are found by a part of
them and by a likeness that forgives a typing mistake (trigrams, through the indexes), codes by their beginning.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest

from deals.models import Account, Opportunity, Referral, Registration
from deals.rules.accounts import AccountError, normalise_name
from partners.models import Partner
from prm.core.actors import Actor

SHORTEST = 2
MOST_EACH = 6
LIKENESS = "0.3"  # share of trigrams two names have in common; lower finds more by mistake than it forgives
_CODE = re.compile(r"^[A-Za-z]{2}-[0-9A-Za-z]{1,10}$")


@dataclass(frozen=True)
class Found:
    """Results of one kind, the best first; ``more`` says that there were others."""

    kind: str
    rows: list[Any]
    more: bool


def search(actor: Actor, text: str, *, most: int = MOST_EACH) -> list[Found]:
    """What an actor may see that matches the text; nothing for a text that is too short to mean anything."""
    wanted = " ".join(text.replace("\0", "").split())[:100]
    if len(wanted) < SHORTEST:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [LIKENESS])
        return _found(actor, wanted, most)


def _found(actor: Actor, wanted: str, most: int) -> list[Found]:
    found = [
        _cut("partner", _partners(actor, wanted), most) if actor.can("partners.partner_view") else None,
        _cut("account", _accounts(actor, wanted), most) if actor.is_vendor else None,
    ]
    if actor.can("deals.registration_view") or actor.can("deals.own_view"):
        found += [
            _cut("registration", _registrations(actor, wanted), most),
            _cut("referral", _referrals(actor, wanted), most),
            _cut("opportunity", _opportunities(actor, wanted), most),
        ]
    return [each for each in found if each and each.rows]


def _cut(kind: str, rows: QuerySet, most: int) -> Found:
    taken = list(rows[: most + 1])
    return Found(kind, taken[:most], len(taken) > most)


def _plain(text: str) -> str:
    """The text as names are kept for matching; as typed where nothing would be left of it."""
    try:
        return normalise_name(text)
    except AccountError:
        return text.lower()


def _partners(actor: Actor, text: str) -> QuerySet:
    if _CODE.match(text):
        match = Q(code__istartswith=text)
    else:
        match = (
            Q(sort_name__icontains=text)
            | Q(organization__name__icontains=text)
            | Q(domain__istartswith=text)
            | Q(sort_name__trigram_word_similar=text.lower())
        )
    return (
        Partner.objects.visible_to(actor)
        .filter(match)
        .select_related("organization", "tier")
        .annotate(likeness=TrigramSimilarity("sort_name", text.lower()))
        .order_by("-likeness", "sort_name")
    )


def _accounts(actor: Actor, text: str) -> QuerySet:
    plain = _plain(text)
    return (
        Account.objects.visible_to(actor)
        .filter(
            Q(plain_name__contains=plain) | Q(plain_name__trigram_similar=plain) | Q(domain_key=f"d:{text.lower()}")
        )
        .annotate(likeness=TrigramSimilarity("plain_name", plain))
        .order_by("-likeness", "name")
    )


def _by_customer(rows: QuerySet, text: str, *, drafts: bool = False) -> QuerySet:
    """Rows by the customer's name; one's own drafts too, which are not normalised before they are sent."""
    if _CODE.match(text):
        return rows.filter(code__istartswith=text).order_by("code")
    plain = _plain(text)
    match = Q(plain_name__contains=plain) | Q(plain_name__trigram_similar=plain) | Q(domain_key=f"d:{text.lower()}")
    if drafts:
        match |= Q(customer_name__icontains=text)
    return rows.filter(match).annotate(likeness=TrigramSimilarity("plain_name", plain)).order_by("-likeness", "-pk")


def _registrations(actor: Actor, text: str) -> QuerySet:
    rows = Registration.objects.visible_to(actor).select_related("partner__organization")
    return _by_customer(rows, text, drafts=actor.is_partner)


def _referrals(actor: Actor, text: str) -> QuerySet:
    return _by_customer(Referral.objects.visible_to(actor).select_related("partner__organization"), text)


def _opportunities(actor: Actor, text: str) -> QuerySet:
    rows = Opportunity.objects.visible_to(actor).select_related("account", "partner__organization", "registration")
    if _CODE.match(text):
        return rows.filter(code__istartswith=text).order_by("code")
    plain = _plain(text)
    return (
        rows.filter(Q(account__plain_name__contains=plain) | Q(external_id__iexact=text))
        .annotate(likeness=Greatest(TrigramSimilarity("account__plain_name", plain), 0.0))
        .order_by("-likeness", "-touched_at", "-pk")
    )
