"""QBR actions on a partner's page: add, done, drop, carry over."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partners.models import Partner
from prm.core.access import manage_page
from prm.core.refused import Refused
from reporting.actions import qbr_actions as actions
from reporting.forms import ActionForm, CarryForm
from reporting.models import QbrAction


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("reporting.pack_create")
def partner_add_action(request: HttpRequest, code: str) -> HttpResponse:
    """Note something agreed in a review."""
    partner = get_object_or_404(Partner.objects.visible_to(request.actor).select_related("organization"), code=code)
    form = ActionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.add_qbr_action(partner=partner, by=request.actor, at=request.at, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("due_on" if "due" in refusal.code else "title", forms.ValidationError(refusal.message))
        else:
            messages.success(request, _("Noted."))
            return redirect("manage:reporting:partner_reviews", code=partner.code)
    status = 422 if form.is_bound else 200
    return render(request, "manage/reporting/action_form.html", {"partner": partner, "form": form}, status=status)


def _act(request: HttpRequest, code: str, act: Callable[[QbrAction], QbrAction], done: str) -> HttpResponse:
    action = get_object_or_404(QbrAction.objects.visible_to(request.actor).select_related("partner"), code=code)
    try:
        act(action)
        messages.success(request, done)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("manage:reporting:partner_reviews", code=action.partner.code)


@require_POST
@manage_page("reporting.pack_create")
def action_complete(request: HttpRequest, code: str) -> HttpResponse:
    """It is done."""
    return _act(
        request, code, lambda it: actions.complete_qbr_action(action=it, by=request.actor, at=request.at), _("Done.")
    )


@require_POST
@manage_page("reporting.pack_create")
def action_drop(request: HttpRequest, code: str) -> HttpResponse:
    """It will not be done."""
    return _act(
        request, code, lambda it: actions.drop_qbr_action(action=it, by=request.actor, at=request.at), _("Dropped.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("reporting.pack_create")
def action_carry(request: HttpRequest, code: str) -> HttpResponse:
    """Carry it over to a later day."""
    action = get_object_or_404(
        QbrAction.objects.visible_to(request.actor).select_related("partner__organization"), code=code
    )
    form = CarryForm(request.POST if request.method == "POST" else None, initial={"due_on": action.due_on})
    if form.is_bound and form.is_valid():
        try:
            actions.carry_qbr_action(action=action, by=request.actor, at=request.at, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("due_on", forms.ValidationError(refusal.message))
        else:
            messages.success(request, _("Carried over."))
            return redirect("manage:reporting:partner_reviews", code=action.partner.code)
    context = {"partner": action.partner, "action": action, "form": form}
    return render(request, "manage/reporting/action_carry.html", context, status=422 if form.is_bound else 200)
