"""Records by hand: answers, fit, strategic value, integrations; and exceptions from the ladder."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.actions import integrations, overrides, records
from partners.actions.partners import StaleEdit
from partners.forms import (
    FitForm,
    IntegrationEditForm,
    IntegrationEndForm,
    IntegrationForm,
    NpsForm,
    OverrideForm,
    ReasonForm,
    ValueForm,
)
from partners.models import FitRating, Integration, NpsAnswer, Partner, TierOverride, ValueRating
from partners.queries.companies import integrations_of, partner_list
from partners.queries.program import ladder_terms, program_today, version_at
from partners.views.answers import attempt, first_error
from partners.views.manage.companies import conflict_rows
from prm.core.access import manage_page

PAGE = "manage:reporting:partner_detail"
RECORDS = "manage:partners:partner_records"
FORMS: dict[str, tuple[type[Form], Callable, str]] = {
    "nps": (NpsForm, records.add_nps_answer, "answered_on"),
    "fit": (FitForm, records.set_fit, "set_on"),
    "value": (ValueForm, records.set_value, "rated_on"),
    "integration": (IntegrationForm, integrations.record_integration, "live_on"),
}
LATEST = 20


@require_safe
@manage_page("partners.record_edit")
def partner_records(request: HttpRequest, code: str) -> HttpResponse:
    """What is known by hand, with a form for each kind."""
    return _page(request, _partner(request, code))


def _page(request: HttpRequest, partner: Partner, kind: str = "", form: Form | None = None) -> HttpResponse:
    today = program_today(request.at)
    forms = {
        name: form if form is not None and name == kind else make(prefix=name, initial={day: today})
        for name, (make, _save, day) in FORMS.items()
    }
    actor = request.actor
    context = {
        "partner": partner,
        "forms": forms,
        "answers": NpsAnswer.objects.visible_to(actor).filter(partner=partner).order_by("-answered_on", "-pk")[:LATEST],
        "fits": FitRating.objects.visible_to(actor).filter(partner=partner).order_by("-set_on", "-pk")[:LATEST],
        "values": ValueRating.objects.visible_to(actor).filter(partner=partner).order_by("-rated_on", "-pk")[:LATEST],
        "integrations": [
            {
                "integration": each,
                "is_live": each.is_live(today),
                "form": IntegrationEndForm(prefix=each.code, initial={"ended_on": today}),
            }
            for each in integrations_of(partner, actor)[:LATEST]
        ],
    }
    return render(request, "manage/partners/partner_records.html", context, status=422 if form is not None else 200)


def _save(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    partner = _partner(request, code)
    if request.method != "POST":
        return _page(request, partner)
    make, save, _day = FORMS[kind]
    form = make(request.POST, prefix=kind)
    if form.is_valid() and attempt(
        request,
        lambda: save(partner=partner, **form.cleaned_data, by=request.actor, at=request.at),
        _("It is kept, with your reason."),
        form,
    ):
        return redirect(RECORDS, partner.code)
    return _page(request, partner, kind, form)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def partner_add_nps(request: HttpRequest, code: str) -> HttpResponse:
    """Keep an NPS answer."""
    return _save(request, code, "nps")


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def partner_set_fit(request: HttpRequest, code: str) -> HttpResponse:
    """Judge strategic fit."""
    return _save(request, code, "fit")


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def partner_set_value(request: HttpRequest, code: str) -> HttpResponse:
    """Rate strategic value."""
    return _save(request, code, "value")


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def partner_add_integration(request: HttpRequest, code: str) -> HttpResponse:
    """Record an integration that went live."""
    return _save(request, code, "integration")


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def integration_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Correct an integration. When somebody saved in between, both values are shown and nothing is lost."""
    integration = _integration(request, code)
    partner = integration.partner
    form = IntegrationEditForm(request.POST or None, initial=IntegrationEditForm.initial_of(integration))
    stale: StaleEdit | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if attempt(request, lambda: _change(request, integration, form), _("The integration is corrected."), form):
                return redirect(RECORDS, partner.code)
        except StaleEdit as refusal:
            stale = refusal
    context = {
        "partner": partner,
        "integration": integration,
        "form": form,
        "version": stale.version if stale else integration.version,
        "stale": stale,
        "conflicts": conflict_rows(form, stale),
    }
    status = 409 if stale else 422 if form.errors else 200
    return render(request, "manage/partners/integration_edit.html", context, status=status)


def _change(request: HttpRequest, integration: Integration, form: IntegrationEditForm) -> None:
    version = request.POST.get("version", "")
    changes = {**form.cleaned_data}
    integrations.change_integration(
        integration=integration,
        version=int(version) if version.isascii() and version.isdecimal() else 0,
        reason=changes.pop("reason"),
        changes=changes,
        by=request.actor,
        at=request.at,
    )


@require_POST
@manage_page("partners.record_edit")
def integration_end(request: HttpRequest, code: str) -> HttpResponse:
    """Say from when on an integration no longer runs."""
    integration = _integration(request, code)
    form = IntegrationEndForm(request.POST, prefix=integration.code)
    if form.is_valid():
        attempt(
            request,
            lambda: integrations.end_integration(
                integration=integration, **form.cleaned_data, by=request.actor, at=request.at
            ),
            _("The integration has its end; the tier follows with the next calculation."),
        )
    else:
        messages.error(request, first_error(form))
    return redirect(RECORDS, integration.partner.code)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.tier_override")
def partner_override(request: HttpRequest, code: str) -> HttpResponse:
    """Except a partner from the ladder for a while, and see the exceptions there were."""
    partner = _partner(request, code)
    today = program_today(request.at)
    version = version_at(today)
    form = OverrideForm(
        request.POST or None,
        partner=partner,
        metrics=ladder_terms(version, partner.track.code).metrics,
        currency=version.currency,
        initial={"starts_on": today},
    )
    if request.method == "POST" and form.is_valid():
        names = ("kind", "tier", "reason", "starts_on", "ends_on")
        values = {name: form.cleaned_data[name] for name in names}
        if attempt(
            request,
            lambda: overrides.set_override(
                partner=partner, **values, targets=form.targets(), by=request.actor, at=request.at
            ),
            _("The override is set; it takes effect with the next calculation."),
            form,
        ):
            return redirect(PAGE, partner.code)
    visible = TierOverride.objects.visible_to(request.actor).select_related("tier", "by")
    context = {
        "partner": partner,
        "form": form,
        "overrides": visible.filter(partner=partner).order_by("-created_at", "-pk"),
    }
    return render(request, "manage/partners/partner_override.html", context, status=422 if form.errors else 200)


@require_POST
@manage_page("partners.tier_override")
def override_end(request: HttpRequest, code: str) -> HttpResponse:
    """End an override before its last day."""
    visible = TierOverride.objects.visible_to(request.actor).select_related("partner")
    override = get_object_or_404(visible, code=code)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt(
            request,
            lambda: overrides.end_override(
                override=override, reason=form.cleaned_data["reason"], by=request.actor, at=request.at
            ),
            _("The override ends; the next calculation acts on it."),
        )
    else:
        messages.error(request, first_error(form))
    return redirect("manage:partners:partner_override", override.partner.code)


@require_POST
@manage_page("partners.tier_override")
def partner_promote(request: HttpRequest, code: str) -> HttpResponse:
    """Grant a promotion that waits for approval."""
    partner = _partner(request, code)
    attempt(
        request,
        lambda: overrides.approve_promotion(partner=partner, by=request.actor, at=request.at),
        _("The promotion is granted."),
    )
    return redirect(PAGE, partner.code)


def _partner(request: HttpRequest, code: str) -> Partner:
    return get_object_or_404(partner_list(request.actor), code=code)


def _integration(request: HttpRequest, code: str) -> Integration:
    rows = Integration.objects.visible_to(request.actor).select_related("partner__organization")
    return get_object_or_404(rows, code=code)
