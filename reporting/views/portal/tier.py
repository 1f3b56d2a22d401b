"""The partner's tier: what it asks for, what it gives, how it came to be, and "what if?"."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partners.choices import TierMetric
from partners.models import Partner
from partners.rules.tiers import Progress
from prm.core.access import portal_page
from prm.core.explain import for_audience, from_json
from reporting.forms import WhatIfForm
from reporting.queries import partner_page as page
from reporting.queries.home import own_company
from reporting.queries.terms import ProgramTerms, terms_at
from reporting.queries.tier_page import TierView, certified_by_kind, imagine, tier_view
from reporting.views.portal.home import missing_words, progress_context
from reporting.why_words import gains_in_words, metric_note, speaker_of, word


@require_safe
@portal_page("partners.tier_view")
def tier_detail(request: HttpRequest) -> HttpResponse:
    """Criteria, benefits, history and calculator; the calculator alone for htmx."""
    actor, terms = request.actor, terms_at(request.at)
    partner = own_company(actor)
    standing = page.standing_now(partner, actor)
    view = tier_view(partner, terms, standing, certified_by_kind(partner, on=terms.today))
    context = {"partner": partner, "currency": terms.currency, **what_if_context(request, view, terms)}
    if request.htmx and request.htmx.target == "what-if-answer":
        return render(request, "portal/reporting/tier_detail.html#answer", context)
    held_code = view.held.code if view.held else None
    track = partner.track.code
    more = terms.gains(track, held_code, view.next.tier) if view.next else []
    changing = {gain.head.code for gain in more}
    same = [gain for gain in terms.benefits(track, held_code) if gain.head.code not in changing]
    context |= {
        **progress_context(view, terms),
        "criteria": criteria(view.next, view, terms),
        "holding": criteria(view.holding, view, terms) if partner.tier_at_risk else [],
        "rungs": rungs(view, terms),
        "benefits_next": gains_in_words(more, terms.currency),
        "same": gains_in_words(same, terms.currency),
        "changes": page.tier_history(partner, actor),
        "as_of": partner.scored_on,
        "program_today": terms.today,
    }
    return render(request, "portal/reporting/tier_detail.html", context)


@require_safe
@portal_page("partners.tier_view")
def tier_why(request: HttpRequest) -> HttpResponse:
    """Why this tier: what the last night found, without what is the vendor's alone."""
    actor, terms = request.actor, terms_at(request.at)
    partner: Partner = own_company(actor)
    row = page.standing_now(partner, actor)
    lines = for_audience(from_json(row.explanation), "partner") if row else ()
    return render(
        request,
        "portal/reporting/tier_why.html",
        {
            "partner": partner,
            "lines": speaker_of(terms).say(lines),
            "terms_name": terms.version.name,
            "as_of": partner.scored_on,
        },
    )


def criteria(progress: Progress | None, view: TierView, terms: ProgramTerms) -> list[dict]:
    """The criteria of a tier as rows: what counts and over which time, today, target, what is missing."""
    if progress is None:
        return []
    speaker = speaker_of(terms)
    rows = [
        {
            "label": word(TierMetric, path.metric),
            "now": speaker.amount(path.metric, path.reached),
            "target": speaker.amount(path.metric, path.required),
            "missing": "" if path.met else speaker.amount(path.metric, path.missing),
            "value": path.reached,
            "most": path.required,
            "met": path.met,
            "note": metric_note(path.metric),
            "need": _("one path of several") if len(progress.paths) > 1 else _("needed in any case"),
            "metric": path.metric,
        }
        for path in progress.paths
    ]
    if progress.certified_required:
        kind = progress.certificate_kind
        rows.append(
            {
                "label": _("People with %(kind)s") % {"kind": speaker.certificate(kind)}
                if kind
                else _("Certified people"),
                "now": str(progress.certified_reached),
                "target": str(progress.certified_required),
                "missing": str(progress.certified_missing) if progress.certified_missing else "",
                "value": progress.certified_reached,
                "most": progress.certified_required,
                "met": not progress.certified_missing,
                "need": _("needed in any case"),
            }
        )
    if progress.agreement_missing:
        rows.append(
            {
                "label": _("Signed agreement"),
                "now": _("missing"),
                "target": _("signed"),
                "missing": _("the agreement"),
                "value": 0,
                "most": 1,
                "met": False,
                "need": _("needed in any case"),
            }
        )
    return rows


def rungs(view: TierView, terms: ProgramTerms) -> list[dict]:
    """The ladder as steps: done, now, still ahead."""
    held = view.ladder.rank(view.held.code if view.held else None)
    return [
        {
            "label": terms.tier_names.get(rung.code, rung.name),
            "state": "now" if rung.rank == held else "done" if rung.rank < held else "",
        }
        for rung in view.ladder.tiers
    ]


def what_if_context(request: HttpRequest, view: TierView, terms: ProgramTerms) -> dict:
    """The calculator's form and its answer; no answer before something was asked."""
    form = WhatIfForm(request.GET, metrics=view.ladder.metrics, certificate=_one_certificate(view, terms))
    if not form.is_valid():
        return {"form": form, "answer": None}
    counted, people = form.added()
    result = imagine(view, terms, add=counted, add_certified=people)
    then = TierView(view.partner, view.ladder, view.facts, view.ladder.tier(result.tier), result.progress, None)
    return {
        "form": form,
        "answer": {
            "tier": terms.tier_names.get(result.tier or "", ""),
            "moves": result.tier != result.tier_now,
            "gains": gains_in_words(terms.as_gains(result.gains), terms.currency),
            "next_name": terms.tier_names.get(result.progress.tier, "") if result.progress else "",
            "percent": result.progress.percent if result.progress else None,
            "missing": missing_words(then, speaker_of(terms)),
        },
    }


def _one_certificate(view: TierView, terms: ProgramTerms) -> str:
    """The name of the certificate that every tier of the ladder asks for, where it is one and the same."""
    kinds = {tier.certificate_kind for tier in view.ladder.tiers if tier.certified_people}
    return speaker_of(terms).certificate(kinds.pop()) if len(kinds) == 1 and kinds != {""} else ""
