"""Deciding: approve, return, reject, hand over, extend, confirm. Each is a POST; its GET is a small page of its own."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from deals.actions import claims, decisions, extensions, opportunities
from deals.actions.decisions import NotYoursRefused
from deals.forms.decisions import (
    ApproveForm,
    ConfirmWonForm,
    NoteForm,
    NoteNeededForm,
    RejectForm,
    ReturnForm,
    TransferForm,
)
from deals.models import ConflictMatch, Opportunity, Registration
from deals.queries.conflicts import approval_needs_reason
from deals.queries.people import may_decide
from deals.views.answers import done, put_on_form, status_of, version_in
from deals.views.manage.registrations import as_it_is_now, confirm_form, detail_page, find
from prm.core.access import manage_page
from prm.core.refused import Refused

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


def _decide(
    request: HttpRequest,
    code: str,
    *,
    name: str,
    title: Any,
    verb: Any,
    make_form: Callable[..., forms.Form],
    act: Callable[[Registration, dict[str, Any]], object],
    text: Any,
    tone: str = "",
) -> HttpResponse:
    """One decision. GET shows its form alone; a refused POST shows the registration as it is now, with the input."""
    registration = find(request, code)
    if not may_decide(request.actor, registration.partner_id, request.at):
        raise PermissionDenied
    if request.method != "POST":
        return _alone(request, registration, name, title, verb, make_form(prefix=name), tone)
    form = make_form(request.POST, prefix=name)
    if not form.is_valid():
        return detail_page(request, registration, status=422, **{name: form})
    try:
        act(registration, form.cleaned_data)
    except NotYoursRefused as refusal:
        if refusal.code == NotYoursRefused.code:
            raise PermissionDenied from refusal
        put_on_form(form, refusal)
        return detail_page(request, as_it_is_now(request, code), status=422, **{name: form})
    except Refused as refusal:
        put_on_form(form, refusal)
        status = status_of(refusal)
        problem = refusal.message if status == 409 else ""
        return detail_page(request, as_it_is_now(request, code), status=status, problem=problem, **{name: form})
    return done(request, str(text) % {"code": code}, reverse("manage:deals:registration_detail", args=[code]))


def _alone(
    request: HttpRequest, registration: Registration, name: str, title: Any, verb: Any, form: forms.Form, tone: str
) -> HttpResponse:
    context = {
        "registration": registration,
        "thing": registration,
        "form": form,
        "title": title,
        "verb": verb,
        "tone": tone,
        "next": request.GET.get("next", ""),
    }
    return render(request, "manage/deals/registration_decide.html", context)


@_METHODS
@manage_page("deals.registration_decide")
def registration_approve(request: HttpRequest, code: str) -> HttpResponse:
    """Approve and protect; an account that is known already needs a reason."""
    matches = ConflictMatch.objects.visible_to(request.actor).filter(registration__code=code)

    def make_form(*args: Any, prefix: str) -> forms.Form:
        return ApproveForm(*args, prefix=prefix, needs_reason=approval_needs_reason(matches))

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        decisions.approve_registration(
            registration=registration, by=request.actor, at=request.at, version=version_in(request), **typed
        )

    return _decide(
        request,
        code,
        name="approve",
        title=gettext_lazy("Approve"),
        verb=gettext_lazy("Approve"),
        make_form=make_form,
        act=act,
        text=gettext_lazy("%(code)s is approved and protected."),
    )


@_METHODS
@manage_page("deals.registration_decide")
def registration_return(request: HttpRequest, code: str) -> HttpResponse:
    """Return with a question; the clock stops."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        decisions.request_info(
            registration=registration,
            by=request.actor,
            at=request.at,
            question=typed["note"],
            fields=typed["fields_to_fix"],
            version=version_in(request),
        )

    return _decide(
        request,
        code,
        name="return",
        title=gettext_lazy("Return with a question"),
        verb=gettext_lazy("Return"),
        make_form=ReturnForm,
        act=act,
        text=gettext_lazy("%(code)s is returned. The clock is stopped."),
    )


@_METHODS
@manage_page("deals.registration_decide")
def registration_reject(request: HttpRequest, code: str) -> HttpResponse:
    """Reject with a reason."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        decisions.reject_registration(
            registration=registration,
            by=request.actor,
            at=request.at,
            reason=typed["note"],
            version=version_in(request),
        )

    return _decide(
        request,
        code,
        name="reject",
        title=gettext_lazy("Reject"),
        verb=gettext_lazy("Reject"),
        make_form=RejectForm,
        act=act,
        text=gettext_lazy("%(code)s is rejected."),
        tone="danger",
    )


@_METHODS
@manage_page("deals.registration_overrule")
def registration_overrule(request: HttpRequest, code: str) -> HttpResponse:
    """Hand the account over to this registration."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        claims.transfer_claim(registration=registration, by=request.actor, at=request.at, reason=typed["reason"])

    return _decide(
        request,
        code,
        name="transfer",
        title=gettext_lazy("Hand the account over"),
        verb=gettext_lazy("Hand over"),
        make_form=TransferForm,
        act=act,
        text=gettext_lazy("The account belongs to %(code)s now."),
        tone="danger",
    )


@_METHODS
@manage_page("deals.registration_decide")
def extension_grant(request: HttpRequest, code: str) -> HttpResponse:
    """Protect longer."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        extensions.decide_extension(
            registration=registration,
            by=request.actor,
            at=request.at,
            grant=True,
            version=version_in(request),
            **typed,
        )

    return _decide(
        request,
        code,
        name="grant",
        title=gettext_lazy("Extend the protection"),
        verb=gettext_lazy("Extend"),
        make_form=NoteForm,
        act=act,
        text=gettext_lazy("The protection of %(code)s is extended."),
    )


@_METHODS
@manage_page("deals.registration_decide")
def extension_decline(request: HttpRequest, code: str) -> HttpResponse:
    """Leave the protection as it is."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        extensions.decide_extension(
            registration=registration,
            by=request.actor,
            at=request.at,
            grant=False,
            version=version_in(request),
            **typed,
        )

    return _decide(
        request,
        code,
        name="decline_extension",
        title=gettext_lazy("Decline the extension"),
        verb=gettext_lazy("Decline"),
        make_form=NoteNeededForm,
        act=act,
        text=gettext_lazy("The extension of %(code)s is declined."),
        tone="danger",
    )


@_METHODS
@manage_page("deals.opportunity_confirm")
def win_confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Confirm a reported win: revenue counts from now on."""
    opportunity = Opportunity.objects.visible_to(request.actor).filter(registration__code=code).first()

    def make_form(*args: Any, prefix: str) -> forms.Form:
        if opportunity is None:
            return ConfirmWonForm(*args, prefix=prefix, currency="")
        return (
            ConfirmWonForm(*args, prefix=prefix, currency=opportunity.currency) if args else confirm_form(opportunity)
        )

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        if opportunity is None:
            raise opportunities.OpportunityRefused("transition.refused", _("There is no deal to confirm (yet)."))
        opportunities.confirm_won(
            opportunity=opportunity,
            by=request.actor,
            at=request.at,
            won_on=typed["won_on"],
            amount=typed["amount"],
            term_months=typed["term_months"],
        )

    return _decide(
        request,
        code,
        name="confirm",
        title=gettext_lazy("Confirm the win"),
        verb=gettext_lazy("Confirm"),
        make_form=make_form,
        act=act,
        text=gettext_lazy("The win of %(code)s is confirmed."),
    )


@_METHODS
@manage_page("deals.opportunity_confirm")
def win_decline(request: HttpRequest, code: str) -> HttpResponse:
    """Give a reported win back."""

    def act(registration: Registration, typed: dict[str, Any]) -> None:
        opportunity = getattr(registration, "opportunity", None)
        if opportunity is None:
            raise opportunities.OpportunityRefused("transition.refused", _("There is no deal to confirm (yet)."))
        opportunities.decline_win(opportunity=opportunity, by=request.actor, at=request.at, note=typed["note"])

    return _decide(
        request,
        code,
        name="decline_win",
        title=gettext_lazy("Ask for more evidence"),
        verb=gettext_lazy("Send back"),
        make_form=NoteNeededForm,
        act=act,
        text=gettext_lazy("The reported win of %(code)s is sent back."),
        tone="danger",
    )
