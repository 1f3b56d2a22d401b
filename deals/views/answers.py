"""What every view of deals does the same way: read versions, go on, answer a refusal."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from deals.actions.registrations import IncompleteRefused
from prm.core.refused import Refused
from prm.core.transitions import TransitionRefused

STALE = frozenset(
    {
        "deals.registration.stale",
        "deals.opportunity.stale",
        "deals.referral.stale",
        "deals.dispute.stale",
        "deals.dispute.open_already",
        "transition.refused",
        "deals.payout_run.outdated",
        "deals.payout.stale",
        "deals.payout_details.stale",
    }
)


def version_in(request: HttpRequest) -> int | None:
    """The version of the row that the form was made from."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def go_on(request: HttpRequest, fallback: str) -> HttpResponse:
    """Back to where the reader came from (a path of ours), or to the page given."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if safe else fallback)


def done(request: HttpRequest, text: Any, fallback: str) -> HttpResponse:
    """Say what was done and go on."""
    messages.success(request, str(text))
    return go_on(request, fallback)


def status_of(refusal: Refused) -> int:
    """409 when somebody was faster, 422 when the form can be mended."""
    return 409 if refusal.code in STALE or isinstance(refusal, TransitionRefused) else 422


def put_on_form(form: forms.Form, refusal: Refused) -> None:
    """Show a refusal where it belongs: at its fields, or above the form."""
    if isinstance(refusal, IncompleteRefused):
        for name, text in refusal.fields.items():
            form.add_error(name if name in form.fields else None, str(text))
        return
    form.add_error(None, refusal.message)
