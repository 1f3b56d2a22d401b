"""One partner from all sides: the overview, its lazy sections, and the reasons behind its figures."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from deals.queries.attribution import parts_of_partner
from deals.queries.disputes import dispute_rows
from deals.queries.earning_lines import earning_cards, latest_of
from deals.queries.statements import own_statements
from partners.choices import HealthDimension, TierMetric, TierOutcome
from partners.models import HealthScore, Partner, TierStanding, ValueRating
from partners.queries.program import program_today
from prm.core.access import manage_page
from prm.core.charts import Chart
from prm.core.explain import Line, for_audience, from_json
from prm.core.money import percent_of
from reporting.forms import ActionForm
from reporting.page_charts import health_chart
from reporting.queries import partner_page as page
from reporting.queries.terms import ProgramTerms, terms_at
from reporting.queries.tier_page import TierView, tier_view
from reporting.why_words import Speaker, gains_in_words, most_telling, speaker_of, word
from reporting.work_rows import build_rows

EARNINGS_SHOWN = 5
GAINS_SHOWN = 5


@require_safe
@manage_page("reporting.scorecard_view")
def partner_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The first answer: header, scorecard, this quarter, open work. Everything else is asked for when looked at."""
    actor, terms = request.actor, terms_at(request.at)
    partner = get_object_or_404(page.partners_with_counts(actor), code=code)
    health, standing = page.health_now(partner, actor), page.standing_now(partner, actor)
    view, speaker = tier_view(partner, terms, standing), speaker_of(terms)
    scores = page.health_points(partner, actor, today=terms.today)
    chart = health_chart(scores, today=terms.today, terms=terms.health)
    quarter = page.quarter_figures(partner, actor, quarter=terms.quarter, fiscal_start_month=terms.fiscal_start_month)
    context = {
        **_header(partner, "overview"),
        "health": health,
        "parts": health_parts(health, speaker),
        "chart": chart,
        "health_change": change_in_chart(chart),
        "bands": " · ".join(str(band.at_least) for band in terms.health.bands if band.at_least),
        "view": view,
        "measures": measures(view, speaker),
        "gains": gains_in_words(most_telling(_next_gains(terms, view))[:GAINS_SHOWN], terms.currency),
        "next_name": terms.tier_names.get(view.next.tier, "") if view.next else "",
        "overrides": page.open_overrides(partner, actor),
        "quarter": quarter,
        "attributed": parts_of_partner(partner.pk, terms.today),
        "quarter_growth": percent_of(quarter.won_amount - quarter.year_ago_amount, quarter.year_ago_amount, 0)
        if quarter.year_ago_amount
        else None,
        "currency": terms.currency,
        "work": build_rows(page.open_work(partner, actor), actor, with_facts=False),
        "people": page.contacts(partner, actor, 6),
        "actions": page.open_actions(partner, actor, 5),
    }
    return render(request, "manage/reporting/partner_detail.html", context)


def change_in_chart(chart: Chart | None) -> int | None:
    """How many points health moved in three months, read from the chart's own rows."""
    if chart is None or len(chart.rows) < 4:
        return None
    then, now = chart.rows[-4][1], chart.rows[-1][1]
    return int(now) - int(then) if then.isdigit() and now.isdigit() else None


def health_parts(row: HealthScore | None, speaker: Speaker) -> list[dict]:
    """The five parts with their evidence, as the explanation stored them."""
    lines = from_json(row.explanation) if row else ()
    found = {line.code: line for line in for_audience(lines, "vendor")}
    parts = []
    for dimension in HealthDimension:
        line = found.get(f"health.{dimension}")
        if line is not None:
            parts.append(
                {
                    "label": dimension.label,
                    "points": line.values.get("points"),
                    "most": line.values.get("most"),
                    "note": speaker.note(line),
                }
            )
    return parts


def measures(view: TierView, speaker: Speaker) -> list[dict]:
    """The ways to the next tier, each as a bar: reached of required. The best path leads, the rest is pale."""
    if view.next is None:
        return []
    best = max((path.percent for path in view.next.paths), default=0)
    shown = [
        {
            "label": word(TierMetric, path.metric),
            "value": path.reached,
            "target": path.required,
            "value_text": speaker.amount(path.metric, path.reached),
            "target_text": speaker.amount(path.metric, path.required),
            "tone": "green" if path.met else "" if path.percent == best else "pale",
        }
        for path in view.next.paths
    ]
    if view.next.certified_required:
        kind = view.next.certificate_kind
        label = _("People with %(kind)s") % {"kind": speaker.certificate(kind)} if kind else _("Certified people")
        shown.append(
            {
                "label": label,
                "value": view.next.certified_reached,
                "target": view.next.certified_required,
                "value_text": str(view.next.certified_reached),
                "target_text": str(view.next.certified_required),
                "tone": "" if view.next.certified_missing else "green",
            }
        )
    return shown


def _next_gains(terms: ProgramTerms, view: TierView) -> list:
    if view.next is None:
        return []
    return terms.gains(view.partner.track.code, view.held.code if view.held else None, view.next.tier)


# --- Sections --------------------------------------------------------------------------------------------------------

Fill = Callable[[HttpRequest, Partner], dict]


def _deals(request: HttpRequest, partner: Partner) -> dict:
    return {"registrations": page.registrations(partner, request.actor)}


def _referrals(request: HttpRequest, partner: Partner) -> dict:
    return {"referrals": page.referrals(partner, request.actor)}


def _opportunities(request: HttpRequest, partner: Partner) -> dict:
    return {"opportunities": page.opportunities(partner, request.actor)}


def _people(request: HttpRequest, partner: Partner) -> dict:
    return {"contacts": page.contacts(partner, request.actor), "members": page.members(partner, request.actor)}


def _certificates(request: HttpRequest, partner: Partner) -> dict:
    terms = terms_at(request.at)
    return {
        "certificates": page.certificates(partner, request.actor),
        "names": terms.certificate_names,
        "program_today": terms.today,
        "soon": terms.today + timedelta(days=90),
    }


def _records(request: HttpRequest, partner: Partner) -> dict:
    return {"records": page.records(partner, request.actor, today=program_today(request.at))}


def _reviews(request: HttpRequest, partner: Partner) -> dict:
    return {
        "actions": page.qbr_actions(partner, request.actor),
        "packs": page.packs(partner, request.actor),
        "form": ActionForm(),
        **_fiscal(terms := terms_at(request.at)),
        "program_today": terms.today,
    }


def _tier(request: HttpRequest, partner: Partner) -> dict:
    return {
        "changes": page.tier_history(partner, request.actor),
        "overrides": page.all_overrides(partner, request.actor),
    }


def _history(request: HttpRequest, partner: Partner) -> dict:
    happened = page.history(partner, request.actor, time_zone=request.organization.time_zone)
    return {"happened": happened}


def _fiscal(terms: ProgramTerms) -> dict:
    return {"fiscal": terms.fiscal_start_month}


def _earnings(request: HttpRequest, partner: Partner) -> dict:
    actor = request.actor
    return {
        "cards": earning_cards(partner.pk),
        "lines": latest_of(actor, partner.pk),
        "disputes": list(dispute_rows(actor).filter(partner=partner).order_by("-opened_at", "-pk")[:EARNINGS_SHOWN]),
        "statements": list(own_statements(actor).filter(partner=partner).order_by("-month", "-pk")[:EARNINGS_SHOWN]),
    }


SECTIONS: dict[str, tuple[Any, Fill, str]] = {
    "deals": (gettext_lazy("Registrations"), _deals, "deal_count"),
    "opportunities": (gettext_lazy("Opportunities"), _opportunities, "opportunity_count"),
    "referrals": (gettext_lazy("Referrals"), _referrals, "referral_count"),
    "earnings": (gettext_lazy("Earnings"), _earnings, ""),
    "people": (gettext_lazy("People"), _people, ""),
    "certificates": (gettext_lazy("Certificates"), _certificates, "certificate_count"),
    "records": (gettext_lazy("Feedback, fit & integrations"), _records, ""),
    "reviews": (gettext_lazy("QBRs"), _reviews, "action_count"),
    "tier": (gettext_lazy("Tier history"), _tier, ""),
    "history": (gettext_lazy("History"), _history, ""),
}


@require_safe
@manage_page("reporting.scorecard_view")
def partner_section(request: HttpRequest, code: str, section: str) -> HttpResponse:
    """One section: alone for htmx, else as a tab of the partner's page."""
    lazy = request.htmx and request.htmx.target == f"section-{section}"
    rows = Partner.objects.visible_to(request.actor).select_related("organization") if lazy else None
    partner = get_object_or_404(rows if rows is not None else page.partners_with_counts(request.actor), code=code)
    _label, fill, _count = SECTIONS[section]
    context = {"partner": partner, "section": section, "lazy": lazy, **fill(request, partner)}
    name = f"manage/reporting/partner_{section}.html"
    if lazy:
        return render(request, f"{name}#rows", context)
    return render(request, name, {**context, **_header(partner, section)})


def _header(partner: Partner, active: str) -> dict:
    overview = {
        "label": _("Overview"),
        "url": reverse("manage:reporting:partner_detail", args=[partner.code]),
        "active": active == "overview",
        "count": 0,
    }
    tabs = [
        {
            "label": label,
            "url": reverse(f"manage:reporting:partner_{name}", args=[partner.code]),
            "active": active == name,
            "count": getattr(partner, count, 0) if count else 0,
        }
        for name, (label, _fill, count) in SECTIONS.items()
    ]
    return {"partner": partner, "tabs": [overview, *tabs], "edit_url": _edit_url(partner)}


def _edit_url(partner: Partner) -> str:
    try:
        return reverse("manage:partners:partner_edit", args=[partner.code])
    except NoReverseMatch:
        return ""


# --- Why? ------------------------------------------------------------------------------------------------------------


@require_safe
@manage_page("reporting.scorecard_view")
def partner_why(request: HttpRequest, code: str, topic: str) -> HttpResponse:
    """The reasons behind one figure: the stored explanation in words, the terms and the day."""
    partner = get_object_or_404(
        Partner.objects.visible_to(request.actor).select_related("organization", "tier", "track"), code=code
    )
    terms = terms_at(request.at)
    context = WHY[topic](request, partner, terms)
    return render(
        request,
        "manage/reporting/partner_why.html",
        {
            "partner": partner,
            "terms_name": terms.version.name,
            "terms_url": reverse_or_empty("manage:partners:program_detail"),
            **context,
        },
    )


def reverse_or_empty(name: str, *args: object) -> str:
    """An address, or nothing while the app that owns the page is not there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _why_health(request: HttpRequest, partner: Partner, terms: ProgramTerms) -> dict:
    row = page.health_now(partner, request.actor)
    score = "–" if row is None or row.score is None else str(row.score)
    said = _said(row, terms)
    return {
        "heading": _("Health of %(partner)s") % {"partner": partner.name},
        "figure": score,
        "result": row.get_band_display() if row else "",
        "lines": said[1:] + said[:1],
        "as_of": partner.scored_on,
    }


def _why_tier(request: HttpRequest, partner: Partner, terms: ProgramTerms) -> dict:
    row = page.standing_now(partner, request.actor)
    return {
        "heading": _("Tier of %(partner)s") % {"partner": partner.name},
        "figure": partner.tier.name if partner.tier else _("No tier"),
        "result": row.get_outcome_display() if row and row.outcome != TierOutcome.UNCHANGED else "",
        "lines": _said(row, terms),
        "as_of": partner.scored_on,
    }


def _said(row: HealthScore | TierStanding | None, terms: ProgramTerms) -> list:
    lines: tuple[Line, ...] = for_audience(from_json(row.explanation), "vendor") if row else ()
    return speaker_of(terms).say(lines)


def _why_value(request: HttpRequest, partner: Partner, terms: ProgramTerms) -> dict:
    rating = (
        ValueRating.objects.visible_to(request.actor)
        .filter(partner=partner, rated_on__lte=terms.today)
        .order_by("-rated_on", "-pk")
        .first()
    )
    value = page.value_result(partner, rating, terms)
    return {
        "heading": _("Recommendation for %(partner)s") % {"partner": partner.name},
        "figure": value.recommendation.label,
        "result": value.quadrant.label,
        "lines": speaker_of(terms).say((*value.lines[1:], value.lines[0])),
        "as_of": partner.scored_on,
    }


WHY: dict[str, Callable[[HttpRequest, Partner, ProgramTerms], dict]] = {
    "health": _why_health,
    "tier": _why_tier,
    "value": _why_value,
}
