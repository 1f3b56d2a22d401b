"""Opportunities: the list, one deal, and moving, confirming, closing and correcting it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deals.actions import opportunities
from deals.choices import OpportunityStatus
from deals.filters import OpportunityFilters
from deals.forms.decisions import ConfirmWonForm, CorrectForm, LoseForm, OpportunityForm
from deals.forms.money import plain_amount
from deals.models import Opportunity
from deals.queries.people import may_decide
from deals.queries.program import program_at
from deals.queries.timeline import happenings
from deals.views.answers import done, put_on_form, status_of, version_in
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused


@require_safe
@manage_page("deals.registration_view")
def opportunity_list(request: HttpRequest) -> HttpResponse:
    """All deals with an amount, direct pipeline included, the last touched first."""
    page = ListPage(
        request,
        Opportunity.objects.visible_to(request.actor).select_related("account", "partner__organization", "product"),
        columns=[
            Column(
                "account",
                _("Customer"),
                value=lambda row: row.account.name if row.account else _("Unknown"),
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("manage:deals:opportunity_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="partner.organization.name", kind="who"),
            Column("product", _("Product"), value="product.name"),
            Column("amount", _("Amount"), kind="money", currency="currency", sort="amount"),
            Column("stage", _("Stage"), value="get_stage_display"),
            Column("status", _("Result"), kind="state", place="side"),
            Column("expected_close_on", _("Expected close"), kind="day", sort="closes"),
            Column("won_on", _("Won on"), kind="day", sort="won"),
            Column("arr", _("ARR"), kind="money", currency="currency", shown=False),
            Column("origin", _("Origin"), value="get_origin_display", shown=False),
            Column("lost_reason", _("Lost because"), value="get_lost_reason_display", shown=False),
            Column("owner_name", _("Owner"), shown=False),
            Column("external_id", _("External number"), shown=False),
            Column("touched_at", _("Last activity"), kind="moment", sort="touched", shown=False),
        ],
        sorts={
            "touched": Sort.by("touched_at"),
            "amount": Sort.by("amount", nullable=["amount"]),
            "closes": Sort.by("expected_close_on", nullable=["expected_close_on"]),
            "won": Sort.by("won_on", nullable=["won_on"]),
        },
        default_sort="-touched",
        filterset=OpportunityFilters,
        primary=("q", "partner", "unknown"),
        views=[
            View(_("All")),
            View(_("Open"), {"status": ["open"]}),
            View(_("Won"), {"status": ["won"], "sort": "-won"}),
            View(_("Lost"), {"status": ["lost"]}),
            View(_("Direct"), {"origin": ["direct"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("opportunities")
    context = {"page": page, "tab": "opportunities"}
    return render(request, page.template("manage/deals/opportunity_list.html"), context)


def _rows(request: HttpRequest) -> QuerySet[Opportunity]:
    return Opportunity.objects.visible_to(request.actor).select_related(
        "account", "partner__organization", "product", "registration", "referral", "reported_by"
    )


def _find(request: HttpRequest, code: str) -> Opportunity:
    return get_object_or_404(_rows(request), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Opportunity:
    """The row read anew, after somebody else may have changed it."""
    return get_object_or_404(_rows(request), code=code)


@require_safe
@manage_page("deals.registration_view")
def opportunity_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One deal."""
    return _page(request, _find(request, code))


def _page(
    request: HttpRequest, opportunity: Opportunity, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    actor = request.actor
    decides = opportunity.partner_id is None or may_decide(actor, opportunity.partner_id, request.at)
    about = [("deals.opportunity", opportunity.code)]
    context = {
        "opportunity": opportunity,
        "events": happenings(about, actor),
        "program": program_at(request.at),
        "can_move": decides and actor.can("deals.registration_decide"),
        "can_confirm": decides and actor.can("deals.opportunity_confirm"),
        "forms": _forms(opportunity) | bound,
        "opened": next(iter(bound), ""),
        "problem": problem,
    }
    return render(request, "manage/deals/opportunity_detail.html", context, status=status)


def _forms(opportunity: Opportunity) -> dict[str, forms.Form]:
    figures = {"amount": plain_amount(opportunity.amount), "term_months": opportunity.term_months}
    if opportunity.status == OpportunityStatus.OPEN:
        moved = {"stage": opportunity.stage, "expected_close_on": opportunity.expected_close_on}
        won_on = {"won_on": opportunity.reported_won_on}
        return {
            "update": OpportunityForm(initial=moved, prefix="update"),
            "confirm": ConfirmWonForm(initial=figures | won_on, currency=opportunity.currency, prefix="confirm"),
            "lose": LoseForm(prefix="lose"),
        }
    if opportunity.status == OpportunityStatus.WON:
        more = {"won_on": opportunity.won_on, "currency": opportunity.currency, "product": opportunity.product_id}
        return {"correct": CorrectForm(initial=figures | more, currency=opportunity.currency, prefix="correct")}
    return {}


def _act(
    request: HttpRequest,
    code: str,
    name: str,
    make_form: Callable[[Opportunity], forms.Form],
    act: Callable[[Opportunity, dict[str, Any]], object],
    text: Any,
) -> HttpResponse:
    opportunity = _find(request, code)
    form = make_form(opportunity)
    if not form.is_valid():
        return _page(request, opportunity, status=422, **{name: form})
    try:
        act(opportunity, form.cleaned_data)
    except Refused as refusal:
        put_on_form(form, refusal)
        status = status_of(refusal)
        problem = refusal.message if status == 409 else ""
        return _page(request, _as_it_is_now(request, code), status=status, problem=problem, **{name: form})
    return done(request, text, reverse("manage:deals:opportunity_detail", args=[code]))


@require_POST
@manage_page("deals.registration_decide")
def opportunity_update(request: HttpRequest, code: str) -> HttpResponse:
    """Stage and close of an open deal."""

    def act(opportunity: Opportunity, typed: dict[str, Any]) -> None:
        opportunities.update_opportunity(
            opportunity=opportunity, by=request.actor, at=request.at, version=version_in(request), **typed
        )

    return _act(
        request,
        code,
        "update",
        lambda _o: OpportunityForm(request.POST, prefix="update"),
        act,
        _("The deal is updated."),
    )


@require_POST
@manage_page("deals.opportunity_confirm")
def opportunity_confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Make a deal won."""

    def act(opportunity: Opportunity, typed: dict[str, Any]) -> None:
        opportunities.confirm_won(
            opportunity=opportunity,
            by=request.actor,
            at=request.at,
            won_on=typed["won_on"],
            amount=typed["amount"],
            term_months=typed["term_months"],
            version=version_in(request),
        )

    def make_form(opportunity: Opportunity) -> forms.Form:
        return ConfirmWonForm(request.POST, currency=opportunity.currency, prefix="confirm")

    return _act(request, code, "confirm", make_form, act, _("The win is confirmed."))


@require_POST
@manage_page("deals.registration_decide")
def opportunity_lose(request: HttpRequest, code: str) -> HttpResponse:
    """Close a deal as lost."""

    def act(opportunity: Opportunity, typed: dict[str, Any]) -> None:
        opportunities.lose_opportunity(
            opportunity=opportunity,
            by=request.actor,
            at=request.at,
            reason=typed["lost_reason"],
            note=typed["note"],
            version=version_in(request),
        )

    return _act(request, code, "lose", lambda _o: LoseForm(request.POST, prefix="lose"), act, _("The deal is lost."))


@require_POST
@manage_page("deals.opportunity_confirm")
def opportunity_correct(request: HttpRequest, code: str) -> HttpResponse:
    """Correct a won deal, with a reason."""

    def act(opportunity: Opportunity, typed: dict[str, Any]) -> None:
        reason = typed.pop("reason")
        opportunities.correct_opportunity(
            opportunity=opportunity,
            by=request.actor,
            at=request.at,
            values=typed,
            reason=reason,
            version=version_in(request),
        )

    def make_form(opportunity: Opportunity) -> forms.Form:
        return CorrectForm(request.POST, currency=opportunity.currency, prefix="correct")

    return _act(request, code, "correct", make_form, act, _("The deal is corrected."))
