"""Referrals: their own queue, one referral beside what is known, and its decisions."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import referrals
from deals.documents.comparisons import side_by_side
from deals.filters import ReferralFilters
from deals.forms.decisions import NoteForm, NoteNeededForm, QualifyForm
from deals.forms.money import plain_amount
from deals.kinds import REFERRAL
from deals.models import Referral
from deals.queries.people import may_decide
from deals.queries.program import program_at
from deals.queries.registrations import compared_matches, desk_of, put_clocks_on
from deals.queries.timeline import timeline
from deals.views.answers import done, put_on_form, status_of, version_in
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@manage_page("deals.registration_view")
def referral_list(request: HttpRequest) -> HttpResponse:
    """All referrals, the latest first; waiting ones show their clock."""
    page = ListPage(
        request,
        Referral.objects.visible_to(request.actor).select_related("partner__organization", "partner__tier"),
        columns=[
            Column(
                "customer_name",
                _("Customer"),
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("manage:deals:referral_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="partner.organization.name", note="partner.tier.name", kind="who"),
            Column("amount", _("Estimated amount"), kind="money", currency="currency"),
            Column("status", _("State"), kind="state"),
            Column("conflict", _("Known"), value="conflict_outcome", template="manage/deals/cells/conflict.html"),
            Column(
                "clock",
                _("Time left"),
                value="status",
                template="manage/deals/cells/clock.html",
                place="side",
                exported=False,
            ),
            Column("submitted_at", _("Sent"), kind="moment", sort="submitted"),
            Column("qualified_on", _("Qualified"), kind="day", shown=False),
        ],
        sorts={"submitted": Sort.by("submitted_at")},
        default_sort="-submitted",
        filterset=ReferralFilters,
        primary=("q", "partner"),
        views=[
            View(_("All")),
            View(_("To decide"), {"status": ["submitted"], "sort": "submitted"}),
            View(_("Being worked"), {"status": ["accepted"]}),
            View(_("Qualified"), {"status": ["qualified"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("referrals")
    put_clocks_on(page.objects, REFERRAL)
    context = {"page": page, "tab": "referrals"}
    return render(request, page.template("manage/deals/referral_list.html"), context)


def _rows(request: HttpRequest) -> QuerySet[Referral]:
    return Referral.objects.visible_to(request.actor).select_related(
        "partner__organization", "partner__tier", "created_by", "decided_by", "product", "opportunity"
    )


def _find(request: HttpRequest, code: str) -> Referral:
    return get_object_or_404(_rows(request), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Referral:
    """The row read anew, after somebody else may have changed it."""
    return get_object_or_404(_rows(request), code=code)


@require_safe
@manage_page("deals.registration_view")
def referral_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One referral."""
    return _page(request, _find(request, code))


def _page(
    request: HttpRequest, referral: Referral, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    actor, program = request.actor, program_at(request.at)
    figures = {"amount": plain_amount(referral.amount), "currency": referral.currency or program.currency}
    offered: dict[str, forms.Form] = {
        "accept": NoteForm(prefix="accept"),
        "decline": NoteNeededForm(prefix="decline"),
        "qualify": QualifyForm(prefix="qualify", currency=program.currency, initial=figures),
    }
    context = {
        "referral": referral,
        "desk": desk_of(thing=referral, kind=REFERRAL),
        "sides": [
            side_by_side(thing=referral, compared=each, now=request.at) for each in compared_matches(thing=referral)
        ],
        "events": timeline(thing=referral, actor=actor),
        "decides": actor.can("deals.registration_decide") and may_decide(actor, referral.partner_id, request.at),
        "forms": offered | bound,
        "opened": next(iter(bound), ""),
        "problem": problem,
    }
    return render(request, "manage/deals/referral_detail.html", context, status=status)


def _decide(
    request: HttpRequest,
    code: str,
    *,
    name: str,
    title: Any,
    make_form: Callable[..., forms.Form],
    act: Callable[[Referral, dict[str, Any]], object],
    text: Any,
    tone: str = "",
) -> HttpResponse:
    referral = _find(request, code)
    if not may_decide(request.actor, referral.partner_id, request.at):
        raise PermissionDenied
    if request.method != "POST":
        context = {
            "referral": referral,
            "thing": referral,
            "form": make_form(prefix=name),
            "title": title,
            "verb": title,
            "tone": tone,
            "next": request.GET.get("next", ""),
        }
        return render(request, "manage/deals/registration_decide.html", context)
    form = make_form(request.POST, prefix=name)
    if not form.is_valid():
        return _page(request, referral, status=422, **{name: form})
    try:
        act(referral, form.cleaned_data)
    except Refused as refusal:
        put_on_form(form, refusal)
        status = status_of(refusal)
        problem = refusal.message if status == 409 else ""
        return _page(request, _as_it_is_now(request, code), status=status, problem=problem, **{name: form})
    return done(request, str(text) % {"code": code}, reverse("manage:deals:referral_detail", args=[code]))


@_METHODS
@manage_page("deals.registration_decide")
def referral_accept(request: HttpRequest, code: str) -> HttpResponse:
    """Take a lead on."""

    def act(referral: Referral, typed: dict[str, Any]) -> None:
        referrals.accept_referral(
            referral=referral, by=request.actor, at=request.at, version=version_in(request), **typed
        )

    return _decide(
        request,
        code,
        name="accept",
        title=gettext_lazy("Accept"),
        make_form=NoteForm,
        act=act,
        text=gettext_lazy("%(code)s is accepted."),
    )


@_METHODS
@manage_page("deals.registration_decide")
def referral_decline(request: HttpRequest, code: str) -> HttpResponse:
    """Turn a lead down."""

    def act(referral: Referral, typed: dict[str, Any]) -> None:
        referrals.decline_referral(
            referral=referral, by=request.actor, at=request.at, reason=typed["note"], version=version_in(request)
        )

    return _decide(
        request,
        code,
        name="decline",
        title=gettext_lazy("Decline"),
        make_form=NoteNeededForm,
        act=act,
        text=gettext_lazy("%(code)s is declined."),
        tone="danger",
    )


@_METHODS
@manage_page("deals.registration_decide")
def referral_qualify(request: HttpRequest, code: str) -> HttpResponse:
    """Make an opportunity of it."""
    currency = program_at(request.at).currency

    def act(referral: Referral, typed: dict[str, Any]) -> None:
        referrals.qualify_referral(
            referral=referral, by=request.actor, at=request.at, version=version_in(request), **typed
        )

    def make_form(*args: Any, prefix: str) -> forms.Form:
        return QualifyForm(*args, prefix=prefix, currency=currency)

    return _decide(
        request,
        code,
        name="qualify",
        title=gettext_lazy("Qualify"),
        make_form=make_form,
        act=act,
        text=gettext_lazy("%(code)s is qualified: it has an opportunity now."),
    )
