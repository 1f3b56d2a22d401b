"""SPIFFs: the list, setting one up by its kind, what one awarded, and ending it early."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.spiffs import SpiffRefused, create_spiff, end_spiff
from deals.choices import SpiffKind
from deals.forms.incentive_filters import SpiffFilters
from deals.forms.spiffs import MEANINGS, EndForm, SpiffForm, limits_text, tiers_of
from deals.models import Spiff
from deals.queries.program import program_at
from deals.queries.spiff_page import awards_of, by_partner, spiff_rows, standing, value_of
from deals.queries.timeline import happenings
from deals.views.answers import done, put_on_form, version_in
from deals.views.manage.steps import step, typed
from partners.choices import PartnerType
from partners.queries.program import incentive_terms, program_of
from prm.core.access import manage_page
from prm.core.cells import Column, page_of
from prm.core.figures import day_text, figure, money_text, percent_text
from prm.core.lists import ListPage, Sort, View

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@manage_page("deals.commission_view")
def spiff_list(request: HttpRequest) -> HttpResponseBase:
    """All SPIFFs, the one that begins last first."""
    today = program_at(request.at).today
    page = ListPage(
        request,
        spiff_rows(request.actor),
        columns=[
            Column(
                "name",
                _("Name"),
                note="code",
                note_label=_("Number"),
                link=page_of("manage:deals:spiff_detail"),
                place="title",
                fixed=True,
            ),
            Column("kind", _("Kind"), value="get_kind_display"),
            Column("gives", _("Gives"), value=gives),
            Column("state", _("State"), value=lambda row: state_words()[standing(row, today).state], place="side"),
            Column("starts_on", _("From"), kind="day", sort="starts"),
            Column("ends_on", _("Until"), kind="day", sort="ends"),
            Column("awarded", _("Awards"), kind="number"),
            Column("spent_amount", _("Awarded"), kind="money", currency="currency"),
            Column("budget_amount", _("Budget"), kind="money", currency="currency"),
        ],
        sorts={"starts": Sort.by("starts_on"), "ends": Sort.by("ends_on")},
        default_sort="-starts",
        filterset=SpiffFilters,
        primary=("q", "kind"),
        views=[
            View(_("All")),
            View(_("Running"), {"window": "running"}),
            View(_("Planned"), {"window": "planned"}),
            View(_("Over"), {"window": "over"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("spiffs")
    context = {"page": page, "can_edit": request.actor.can("deals.spiff_edit")}
    return render(request, page.template("manage/deals/spiff_list.html"), context)


def gives(spiff: Spiff) -> str:
    """What a SPIFF gives, in a few words."""
    value = value_of(spiff)
    match spiff.kind:
        case SpiffKind.PRODUCT_LAUNCH:
            return _("%(times)s× commission") % {"times": figure(value)}
        case SpiffKind.QUARTERLY_PUSH:
            return _("+%(percent)s of the quarter") % {"percent": percent_text(value)}
        case SpiffKind.BUNDLE:
            return _("+%(points)s points") % {"points": figure(value)}
    return money_text(value, spiff.currency)


def state_words() -> dict[str, str]:
    """How the states of a SPIFF are called."""
    return {
        "planned": _("Planned"),
        "running": _("Running"),
        "spent": _("Budget spent"),
        "over": _("Over"),
        "ended": _("Ended early"),
    }


@_METHODS
@manage_page("deals.spiff_edit")
def spiff_create(request: HttpRequest) -> HttpResponse:
    """Set up a SPIFF: its kind first, then what that kind needs, at the lower end of what the program allows."""
    program = program_at(request.at)
    terms, blueprint = incentive_terms(program.version), program_of(program.version)
    offered = [kind for kind in SpiffKind if terms.spiff_limit(kind)]
    asked = request.POST.get("kind") or request.GET.get("kind", "")
    if asked not in offered:
        kinds = [
            {"code": each.value, "label": each.label, "meaning": MEANINGS[each], "limits": limits_text(limit)}
            for each in offered
            if (limit := terms.spiff_limit(each))
        ]
        return render(request, "manage/deals/spiff_create.html", {"kinds": kinds}, status=200 if not asked else 422)
    form = SpiffForm(typed(request), kind=asked, limit=terms.spiff_limit(asked), program=blueprint, today=program.today)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                spiff = create_spiff(kind=asked, **form.cleaned_data, by=request.actor, at=request.at)
            except SpiffRefused as refusal:
                _put(form, refusal)
            else:
                back = reverse("manage:deals:spiff_detail", args=[spiff.code])
                return done(request, _("%(name)s is set up.") % {"name": spiff.name}, back)
    context = {"form": form, "kind": SpiffKind(asked), "meaning": MEANINGS[asked]}
    return render(request, "manage/deals/spiff_create.html", context, status=status)


def _put(form: forms.Form, refusal: Any) -> None:
    if isinstance(form, SpiffForm) and isinstance(refusal, SpiffRefused) and refusal.problems:
        form.put(refusal.problems)
    else:
        put_on_form(form, refusal)


def _find(request: HttpRequest, code: str) -> Spiff:
    return get_object_or_404(
        spiff_rows(request.actor).select_related("created_by").prefetch_related("products"), code=code
    )


@require_safe
@manage_page("deals.commission_view")
def spiff_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One SPIFF: what it gives to whom, what is left of window and budget, and who got what."""
    spiff = _find(request, code)
    program = program_at(request.at)
    names = dict(tiers_of(program_of(program.version)))
    now = standing(spiff, program.today)
    context = {
        "spiff": spiff,
        "standing": now,
        "state": state_words()[now.state],
        "gives": gives(spiff),
        "meaning": MEANINGS[spiff.kind],
        "types": [PartnerType(each).label for each in spiff.partner_types],
        "tiers": [names.get(each, each) for each in spiff.tiers],
        "awards": awards_of(spiff),
        "partners": by_partner(spiff),
        "events": happenings([("deals.spiff", spiff.code)], request.actor),
        "can_end": request.actor.can("deals.spiff_edit") and now.state in ("planned", "running", "spent"),
    }
    return render(request, "manage/deals/spiff_detail.html", context)


@_METHODS
@manage_page("deals.spiff_edit")
def spiff_end(request: HttpRequest, code: str) -> HttpResponse:
    """End a SPIFF before its window is over."""
    spiff = _find(request, code)
    today = program_at(request.at).today

    def act(values: dict[str, Any]) -> str:
        end_spiff(spiff=spiff, reason=values["reason"], by=request.actor, at=request.at, version=version_in(request))
        return _("%(name)s has ended.") % {"name": spiff.name}

    return step(
        request,
        title=_("End the SPIFF"),
        crumbs=[
            (_("SPIFFs"), reverse("manage:deals:spiff_list")),
            (spiff.name, reverse("manage:deals:spiff_detail", args=[spiff.code])),
        ],
        facts=[
            (_("Gives"), gives(spiff)),
            (_("Until"), day_text(spiff.ends_on, today)),
            (_("Awarded"), money_text(spiff.spent_amount, spiff.currency, exact=True)),
        ],
        form=EndForm(typed(request)),
        act=act,
        version=spiff.version,
        text=_("What it awarded stays. Deals won from now on get nothing from it."),
        tone="danger",
    )
