"""The pages behind links in mails about deals: a GET shows what would happen, a POST does it, once."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deals.actions.extensions import may_ask_for_extension, protection_of, terms_program
from deals.actions.links import approve_by_link, request_extension_by_link
from deals.forms.decisions import NoteForm
from deals.forms.registration import ExtensionForm
from deals.models import Registration
from deals.purposes import APPROVE, EXTEND
from deals.queries.people import may_decide
from deals.queries.program import program_at
from deals.queries.registrations import desk_of
from deals.rules.protection import extend, protect
from deals.rules.states import REGISTRATION
from deals.views.answers import put_on_form, status_of, version_in
from prm.core.access import link_page, link_unusable
from prm.core.actions.links import LinkRefused
from prm.core.refused import Refused
from prm.core.roles import ROLES

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@_METHODS
@link_page(purpose=APPROVE)
def link_approve(request: HttpRequest, token: str) -> HttpResponse:
    """Approve a registration that collides with nothing; staff sign in for it."""
    form = NoteForm(request.POST) if request.method == "POST" else NoteForm()

    def act(typed: dict[str, Any]) -> None:
        approve_by_link(token=token, by=request.acting, at=request.at, version=version_in(request), **typed)

    def facts(registration: Registration) -> dict[str, Any]:
        program = program_at(request.at)
        mine = may_decide(request.acting, registration.partner_id, request.at)
        return {
            "desk": desk_of(thing=registration),
            "would_protect": protect(program.today, program.terms).last_day,
            "possible": mine and REGISTRATION.allows(registration.status, "approve"),
            "page_url": reverse("manage:deals:registration_detail", args=[registration.code]),
            "return_url": reverse("manage:deals:registration_return", args=[registration.code]),
        }

    return _link(request, "approve", form, act, facts, _("%(code)s is approved and protected."))


@_METHODS
@link_page(purpose=EXTEND)
def link_extend(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a longer protection, without signing in."""
    form = ExtensionForm(request.POST) if request.method == "POST" else ExtensionForm()

    def act(typed: dict[str, Any]) -> None:
        request_extension_by_link(token=token, by=request.acting, at=request.at, version=version_in(request), **typed)

    def facts(registration: Registration) -> dict[str, Any]:
        possible = may_ask_for_extension(registration, request.at)
        terms = terms_program(registration, request.at).terms
        return {
            "possible": possible,
            "would_end": extend(protection_of(registration), terms).last_day if possible else None,
            "page_url": reverse("portal:deals:registration_detail", args=[registration.code]),
        }

    return _link(request, "extend", form, act, facts, _("Your request for more time for %(code)s is sent."))


def _link(
    request: HttpRequest,
    name: str,
    form: forms.Form,
    act: Callable[[dict[str, Any]], None],
    facts: Callable[[Registration], dict[str, Any]],
    done: str,
) -> HttpResponse:
    """Show, or act and say so. A refusal leaves the link good and shows the thing as it is now."""
    registration = _registration(request)
    if registration is None:
        return link_unusable(request)
    status, problem = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                act(form.cleaned_data)
            except LinkRefused:
                return link_unusable(request)
            except Refused as refusal:
                put_on_form(form, refusal)
                status = status_of(refusal)
                problem = refusal.message if status == 409 else ""
            else:
                return _done(request, registration, facts, done)
        registration = _registration(request)
        if registration is None:
            return link_unusable(request)
    context = {
        "registration": registration,
        "form": form,
        "problem": problem,
        **_frame(request),
        **facts(registration),
    }
    return render(request, f"public/deals/link_{name}.html", context, status=status)


def _registration(request: HttpRequest) -> Registration | None:
    rows = Registration.objects.visible_to(request.acting)
    return rows.select_related("partner__organization", "program_version").filter(code=request.link.ref_code).first()


def _done(
    request: HttpRequest, registration: Registration, facts: Callable[[Registration], dict[str, Any]], text: str
) -> HttpResponse:
    """Shown in place, because whoever acts through a link need not be signed in for the page of the deal."""
    context = {
        "text": text % {"code": registration.code},
        "page_url": facts(registration)["page_url"],
        "registration": registration,
        **_frame(request),
    }
    return render(request, "public/core/link_done.html", context)


def _frame(request: HttpRequest) -> dict[str, Any]:
    member = request.link.membership
    return {
        "link": request.link,
        "member": member,
        "role": ROLES[member.role],
        "may_act": request.may_act,
        "sign_in_url": f"{reverse(settings.LOGIN_URL)}?next={request.path}",
    }
