"""Two deals side by side, field by field, in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deals.choices import CandidateKind, MatchBasis, MatchStrength
from deals.models import Opportunity, Referral, Registration
from deals.queries.registrations import Compared
from partners.choices import GrantSource
from partners.queries.grants import Entitlement
from prm.core.countries import country_name
from prm.core.figures import day_text, moment_text, money_text


@dataclass(frozen=True)
class SideBySide:
    """One match as the decision page shows it: headline, address of the other thing, and the compared rows."""

    headline: str
    label: str
    url: str
    strength: str
    is_own: bool
    rows: list[dict[str, str]]


def side_by_side(*, thing: Registration | Referral, compared: Compared, now: Any) -> SideBySide:
    """What matched, on which key and how strongly, and how the two differ."""
    match, other = compared.match, compared.other
    label = match.matched_code
    return SideBySide(
        headline=headline(match),
        label=label,
        url=_address(match.matched_kind, label),
        strength=match.strength,
        is_own=match.is_own,
        rows=_rows(thing, other, match, now) if other is not None else [],
    )


def checks(
    *,
    registration: Registration,
    compared: list[Compared],
    granted: Entitlement,
    similarity: int,
    tier_names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What was looked at before this decision, each point with its result, for the checklist on the page.

    ``tier_names`` are the names of the partner's tiers by code, as the program writes them.
    """
    direct = any(each.match.kind == CandidateKind.DIRECT for each in compared)
    others = [each for each in compared if not each.match.is_own and each.match.kind != CandidateKind.DIRECT]
    keys = filter(
        None, [registration.customer_domain, registration.customer_name, country_name(registration.customer_country)]
    )
    compared_by = _("compared by %(keys)s; names count as similar from %(percent)s %%") % {
        "keys": ", ".join(keys),
        "percent": similarity,
    }
    return [
        {
            "text": ngettext("%(n)s similar record of others", "%(n)s similar records of others", len(others))
            % {"n": len(others)}
            if others
            else _("No other partner or customer has this account"),
            "done": not others,
            "note": compared_by,
        },
        {
            "text": _("Our own sales works on this account") if direct else _("Not in our own sales pipeline"),
            "done": not direct,
        },
        {
            "text": _("The partner may register deals")
            if granted.granted
            else _("The partner may not register deals now"),
            "done": granted.granted,
            "note": _source(granted, tier_names),
        },
        _first_contact(registration),
        {
            "text": _("A quote was already sent") if registration.quote_sent else _("No quote sent yet"),
            "done": not registration.quote_sent,
            "note": day_text(registration.quote_sent_on) if registration.quote_sent_on else "",
        },
    ]


def _source(granted: Entitlement, tier_names: Mapping[str, str]) -> str:
    kind, _colon, code = granted.source.partition(":")
    if kind == GrantSource.TIER:
        return _("granted by the tier: %(tier)s") % {"tier": tier_names.get(code, code)}
    if kind == GrantSource.CERTIFICATE:
        return _("granted by a certificate: %(certificate)s") % {"certificate": code}
    return _("granted by hand") if kind else ""


def _first_contact(registration: Registration) -> dict[str, Any]:
    met, sent = registration.first_contact_on, registration.submitted_at
    if met is None or sent is None:
        return {"text": _("No first contact given"), "done": None}
    days = max((sent.date() - met).days, 0)
    text = ngettext(
        "First contact %(n)s day before it was sent in", "First contact %(n)s days before it was sent in", days
    )
    return {
        "text": text % {"n": days} if days else _("First contact on the day it was sent in"),
        "done": True,
        "note": day_text(met),
    }


def headline(match: Any) -> str:
    """What the other thing is, and which key says so."""
    what = {
        CandidateKind.REGISTRATION: _("a registration"),
        CandidateKind.REFERRAL: _("a referral"),
        CandidateKind.OPPORTUNITY: _("an open opportunity"),
        CandidateKind.DIRECT: _("our own direct pipeline"),
        CandidateKind.CUSTOMER: _("an existing customer"),
    }[match.kind]
    whose = ""
    if match.partner:
        whose = _("of the same partner") if match.is_own else _("of %(partner)s") % {"partner": match.partner}
    key = {
        MatchBasis.DOMAIN: _("the domain is the same"),
        MatchBasis.NAME: _("name and country are the same"),
        MatchBasis.MIXED: _("name and country are the same, the domain is not"),
        MatchBasis.NAME_ABROAD: _("the name is the same, in another country"),
        MatchBasis.SIMILAR_NAME: _("the name is %(score)s %% alike") % {"score": match.score},
    }[match.basis]
    strength = _("Exact match") if match.strength == MatchStrength.EXACT else _("Similar")
    return f"{strength}: {' '.join(filter(None, [what, whose]))} – {key}."


def _address(kind: str, code: str) -> str:
    name = {
        "deals.registration": "manage:deals:registration_detail",
        "deals.referral": "manage:deals:referral_detail",
        "deals.opportunity": "manage:deals:opportunity_detail",
    }[kind]
    return reverse(name, args=[code])


def _rows(thing: Registration | Referral, other: Any, match: Any, now: Any) -> list[dict[str, str]]:
    left, right = _facts(thing, now), _facts(other, now)
    exact = match.basis == MatchBasis.DOMAIN
    same_name = match.basis in (MatchBasis.NAME, MatchBasis.MIXED, MatchBasis.NAME_ABROAD)
    rows = [
        _row(
            _("Company"),
            left["name"],
            right["name"],
            _("same name") if same_name or match.score == 100 else _("%(score)s %% alike") % {"score": match.score},
            "same" if same_name or match.score == 100 else "near",
        ),
        _row(
            _("Domain"),
            left["domain"],
            right["domain"],
            _("same") if exact else _("different") if left["domain"] and right["domain"] else _("not given"),
            "same" if exact else "",
        ),
        _row(
            _("Country"),
            left["country"],
            right["country"],
            _("same") if left["country"] == right["country"] else _("different"),
            "same" if left["country"] == right["country"] else "",
        ),
        _products(left, right),
        _row(_("Amount"), left["amount"], right["amount"]),
        _row(_("Partner"), left["partner"], right["partner"] or _("none: direct")),
        _row(_("Submitted"), left["since"], right["since"], _earlier(left["at"], right["at"])),
        _row(_("State"), left["state"], right["state"]),
        _row(_("First contact"), left["contact"], right["contact"]),
        _row(_("Engagement"), left["engagement"], right["engagement"]),
    ]
    return [row for row in rows if row["left"] or row["right"]]


def _row(label: str, left: str, right: str, match: str = "", how: str = "") -> dict[str, str]:
    return {"label": label, "left": left, "right": right, "match": match, "how": how}


def _products(left: dict[str, Any], right: dict[str, Any]) -> dict[str, str]:
    shared = len(set(left["products"]) & set(right["products"]))
    words = ngettext("one shared", "%(count)s shared", shared) % {"count": shared} if shared else _("none shared")
    if not (left["products"] and right["products"]):
        words = _("all lines")
    return _row(
        _("Products"), ", ".join(left["products"]), ", ".join(right["products"]), words, "near" if shared else ""
    )


def _earlier(mine: Any, theirs: Any) -> str:
    if mine is None or theirs is None or mine == theirs:
        return ""
    days = abs((mine - theirs).days)
    if theirs < mine:
        return (
            ngettext("%(count)s day earlier", "%(count)s days earlier", days) % {"count": days}
            if days
            else _("earlier")
        )
    return ngettext("%(count)s day later", "%(count)s days later", days) % {"count": days} if days else _("later")


def _facts(thing: Any, now: Any) -> dict[str, Any]:
    if isinstance(thing, Opportunity):
        account = thing.account
        return {
            "name": account.name if account else _("unknown"),
            "domain": account.domain if account else "",
            "country": country_name(account.country) if account else "",
            "products": [thing.product.name] if thing.product else [],
            "amount": money_text(thing.amount, thing.currency),
            "partner": str(thing.partner) if thing.partner_id else "",
            "since": day_text(thing.engaged_on) if thing.engaged_on else moment_text(thing.created_at, now),
            "at": thing.created_at,
            "state": str(thing.get_status_display()),
            "contact": day_text(thing.engaged_on) if thing.engaged_on else "",
            "engagement": "",
        }
    products = (
        list(thing.products.all()) if isinstance(thing, Registration) else [thing.product] if thing.product else []
    )
    state = str(thing.get_status_display())
    until = getattr(thing, "protected_until", None)
    if until and thing.status == "approved":
        state = _("%(state)s, protected until %(day)s") % {"state": state, "day": day_text(until)}
    return {
        "name": thing.customer_name,
        "domain": thing.customer_domain,
        "country": country_name(thing.customer_country),
        "products": [product.name for product in products],
        "amount": money_text(thing.amount, thing.currency),
        "partner": str(thing.partner),
        "since": moment_text(thing.submitted_at, now) if thing.submitted_at else "",
        "at": thing.submitted_at,
        "state": state,
        "contact": day_text(thing.first_contact_on) if thing.first_contact_on else "",
        "engagement": str(thing.get_engagement_display()) if isinstance(thing, Registration) else "",
    }
