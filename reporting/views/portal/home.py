"""The portal's first page: what is coming, what ends, what was won, how far to the next tier."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from deals.queries.earning_lines import earning_cards
from prm.core.access import portal_page
from prm.core.queries.organizations import vendor
from reporting.queries import home as company
from reporting.queries.terms import ProgramTerms, terms_at
from reporting.queries.tier_page import TierView, asks_for_kinds, certified_by_kind, tier_view
from reporting.why_words import Speaker, gains_in_words, most_telling, speaker_of

GAINS_SHOWN = 4
PACKS_SHOWN = 3


@require_safe
@portal_page("reporting.home_view")
def home(request: HttpRequest) -> HttpResponse:
    """A partner's own company at a glance. Health is the vendor's and never comes here."""
    actor, terms = request.actor, terms_at(request.at)
    partner = company.own_company(actor)
    sees_deals = actor.can("deals.own_view")
    kinds = certified_by_kind(partner, on=terms.today) if asks_for_kinds(partner, terms) else {}
    year_start = company.fiscal_year_start(terms.today, terms.fiscal_start_month)
    context = {
        "partner": partner,
        "vendor": vendor(),
        "first_name": (request.user.name or request.user.email).split()[0],
        "currency": terms.currency,
        "year_start": year_start,
        "program_today": terms.today,
        "certificate_names": terms.certificate_names,
        "figures": company.figures(actor, currency=terms.currency, year_start=year_start, today=terms.today)
        if sees_deals
        else None,
        "endings": (endings := company.endings(actor, partner, today=terms.today)),
        "next_ending": endings[0] if endings else None,
        "deals": company.deals(actor) if sees_deals else [],
        "sees_deals": sees_deals,
        "earnings": earning_cards(partner.pk) if actor.can("deals.earnings_view") else [],
        "todo": company.to_do(actor),
        "agreed": company.agreed_actions(actor, today=terms.today),
        "team": company.team(actor, partner),
        "sees_packs": (sees_packs := actor.can("reporting.own_pack_view")),
        "packs": company.shared_packs(actor)[:PACKS_SHOWN] if sees_packs else [],
        "fiscal": terms.fiscal_start_month,
        **progress_context(tier_view(partner, terms, certified_by_kind=kinds), terms),
    }
    return render(request, "portal/reporting/home.html", context)


def progress_context(view: TierView, terms: ProgramTerms) -> dict:
    """How far to the next tier, in words: the sentence, what is missing, and what it brings."""
    speaker = speaker_of(terms)
    if view.next is None:
        return {"view": view, "next_name": "", "missing": [], "gains": [], "headline": ""}
    next_name = terms.tier_names.get(view.next.tier, view.next.tier)
    gains = terms.gains(view.partner.track.code, view.held.code if view.held else None, view.next.tier)
    missing = missing_words(view, speaker)
    return {
        "view": view,
        "next_name": next_name,
        "missing": missing,
        "gains": gains_in_words(most_telling(gains)[:GAINS_SHOWN], terms.currency),
        "gain_count": len(gains),
        "headline": headline(view.next.percent, next_name, missing),
    }


def headline(percent: int, next_name: str, missing: list[str]) -> str:
    """ "70 % to Gold: 30,000 USD ARR to go, or 6 referrals; 1 more certified person"."""
    text = _("%(percent)s %% to %(tier)s") % {"percent": percent, "tier": next_name}
    return f"{text}: {'; '.join(missing)}" if missing else text


def missing_words(view: TierView, speaker: Speaker) -> list[str]:
    """What is still missing: the paths as alternatives in one part, people and the agreement as parts of their own."""
    if view.next is None:
        return []
    parts = []
    if not view.next.path_met:
        first, *others = [speaker.counted(path.metric, path.missing) for path in view.next.paths]
        parts.append(_(", or ").join([_("%(what)s to go") % {"what": first}, *others]))
    if view.next.certified_missing:
        count = view.next.certified_missing
        if view.next.certificate_kind:
            text = ngettext("%(count)s more person with %(kind)s", "%(count)s more people with %(kind)s", count) % {
                "count": count,
                "kind": speaker.certificate(view.next.certificate_kind),
            }
        else:
            text = ngettext("%(count)s more certified person", "%(count)s more certified people", count) % {
                "count": count
            }
        parts.append(text)
    if view.next.agreement_missing:
        parts.append(_("the signed agreement"))
    return parts
