"""Payout runs: what is due, a run from its preview to the bank, and one payout with the lines behind it."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import payout_runs
from deals.actions.payout_items import NotAllowedRefused
from deals.choices import LeftOut, PayoutItemStatus, PayoutRunStatus
from deals.filters import PayoutItemFilters, PayoutRunFilters
from deals.forms.payouts import RequestForm, RunForm
from deals.kinds import PAYOUT_APPROVAL
from deals.models import PayoutItem, PayoutRun
from deals.queries.payouts import (
    Preview,
    changes_since,
    counts_by_reason,
    due_by_currency,
    is_new_account,
    items_of,
    lines_of,
    preview,
    run_list,
    standing,
)
from deals.queries.program import program_at
from deals.queries.registrations import desk_of
from deals.queries.timeline import happenings
from deals.views.answers import done, status_of
from prm.core.access import manage_page
from prm.core.accounts import recent_sign_in_for_file
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response

_METHODS = require_http_methods(["GET", "HEAD", "POST"])
SHOWN_LINES = 20


@require_safe
@manage_page("deals.payout_view")
def payout_run_list(request: HttpRequest) -> HttpResponseBase:
    """All runs, the latest first, below what is due in each currency."""
    page = ListPage(
        request,
        run_list(request.actor),
        columns=[
            Column(
                "code",
                _("Run"),
                link=lambda row: reverse("manage:deals:payout_run_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("total_amount", _("Total"), kind="money", currency="currency", sort="total"),
            Column("status", _("State"), kind="state", place="side"),
            Column("payees", _("Partners"), kind="number"),
            Column("paid_count", _("Paid"), kind="number"),
            Column("failed_count", _("Failed"), kind="number"),
            Column("through", _("Payable until"), kind="day"),
            Column("requested_by", _("Prepared by"), value="requested_by.name"),
            Column("approved_by", _("Approved by"), value="approved_by.name"),
            Column("requested_at", _("Prepared"), kind="moment", sort="requested"),
            Column("completed_at", _("Completed"), kind="moment", shown=False),
        ],
        sorts={"requested": Sort.by("requested_at"), "total": Sort.by("total_amount")},
        default_sort="-requested",
        filterset=PayoutRunFilters,
        primary=("q", "currency"),
        views=[
            View(_("All")),
            View(_("Open"), {"status": ["requested", "approved", "partial"]}),
            View(_("Completed"), {"status": ["completed"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("payout-runs")
    today = program_at(request.at).today
    context = {
        "page": page,
        "due": due_by_currency(today),
        "today": today,
        "can_prepare": request.actor.can("deals.payout_request"),
        "sees_details": request.actor.can("deals.payout_details_view"),
    }
    return render(request, page.template("manage/deals/payout_run_list.html"), context)


@_METHODS
@manage_page("deals.payout_request")
def payout_run_create(request: HttpRequest) -> HttpResponse:
    """What a run would pay and what it would leave out and why; from there, asking for its approval."""
    program = program_at(request.at)
    asked = request.POST if request.method == "POST" else request.GET
    due = due_by_currency(program.today)
    first = next((each.currency for each in due if each.run is None), program.currency)
    choice = {"currency": first, "through": program.today}
    form = RunForm(asked if "currency" in asked else None, first=first, today=program.today, initial=choice)
    if form.is_bound and not form.is_valid():
        return _create_page(request, form, None, status=422)
    wanted = form.cleaned_data if form.is_bound else choice | {"includes_ended": False}
    ask = RequestForm(request.POST) if request.method == "POST" else None
    if ask is not None and ask.is_valid():
        try:
            run = payout_runs.request_run(**wanted, **ask.cleaned_data, by=request.actor, at=request.at)
        except Refused as refusal:
            return _create_page(
                request, form, preview(program=program, **wanted), status=status_of(refusal), problem=refusal.message
            )
        text = _("%(code)s is prepared and waits for its approval.") % {"code": run.code}
        return done(request, text, reverse("manage:deals:payout_run_detail", args=[run.code]))
    return _create_page(request, form, preview(program=program, **wanted), status=422 if ask else 200)


def _create_page(
    request: HttpRequest, form: RunForm, plan: Preview | None, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    open_run = (
        plan
        and PayoutRun.objects.visible_to(request.actor)
        .filter(currency=plan.currency, status__in=["requested", "approved", "partial"])
        .first()
    )
    new = {row.partner.pk for row in plan.included if is_new_account(row.details, request.at)} if plan else set()
    context = {
        "form": form,
        "plan": plan,
        "ask": RequestForm(initial={"seen": plan.fingerprint}) if plan else None,
        "open_run": open_run,
        "problem": problem,
        "new_accounts": new,
        "shown": SHOWN_LINES,
    }
    return render(request, "manage/deals/payout_run_create.html", context, status=status)


def find_run(request: HttpRequest, code: str) -> PayoutRun:
    return get_object_or_404(
        PayoutRun.objects.visible_to(request.actor).select_related("requested_by", "approved_by"), code=code
    )


@require_safe
@manage_page("deals.payout_view")
def payout_run_detail(request: HttpRequest, code: str) -> HttpResponseBase:
    """One run: how far it is, what it pays to whom, what it left out, its files, and what can be done."""
    run = find_run(request, code)
    page = ListPage(
        request,
        items_of(run),
        columns=[
            Column(
                "partner",
                _("Partner"),
                value="partner.organization.name",
                note="code",
                note_label=_("Number"),
                kind="who",
                link=lambda row: reverse("manage:deals:payout_detail", args=[row.code]),
                place="title",
                sort="partner",
                fixed=True,
            ),
            Column("amount", _("Amount"), kind="money", currency="currency", sort="amount"),
            Column("status", _("State"), kind="state", place="side"),
            Column("lines_count", _("Lines"), kind="number"),
            Column("account", _("To"), value=lambda row: row.details.account_mask.replace(" ", "\u00a0")),
            Column("method", _("By"), value="details.get_method_display", shown=False),
            Column("attempt", _("Attempt"), kind="number", shown=False),
            Column("failure", _("Failed because")),
            Column("paid_on", _("Paid on"), kind="day"),
        ],
        sorts={"partner": Sort.by("partner__organization__name"), "amount": Sort.by("amount")},
        default_sort="-amount",
        filterset=PayoutItemFilters,
        primary=("q",),
        views=[
            View(_("All")),
            View(_("Failed"), {"status": ["failed"]}),
            View(_("On their way"), {"status": ["ready"]}),
        ],
        can_export=request.actor.can("reporting.export"),
        name="items",
    )
    if page.export:
        return page.export_response(run.code)
    if request.htmx and request.htmx.target == "run-state":
        state = _state_context(request, run)
        answer = render(request, "manage/deals/payout_run_detail.html#state", state)
        if not state["is_moving"]:  # the worker is done: the payouts and files around it are others by now
            answer["HX-Refresh"] = "true"
        return answer
    context = _state_context(request, run) | {
        "page": page,
        "files": run.files.select_related("file").order_by("number"),
    }
    return render(request, page.template("manage/deals/payout_run_detail.html"), context)


def _state_context(request: HttpRequest, run: PayoutRun) -> dict[str, Any]:
    actor, now = request.actor, standing(run)
    waits = run.status == PayoutRunStatus.REQUESTED
    keeps = actor.can("deals.payout_request")
    return {
        "run": run,
        "standing": now,
        "is_moving": run.approved_at is not None and now.planned > 0,
        "without_file": run.items.filter(status=PayoutItemStatus.READY, file=None).exists(),
        "changes": changes_since(run, program_at(request.at).today) if waits else [],
        "reasons": counts_by_reason(run.left_out),
        "left_out": [
            entry | {"label": LeftOut(entry["why"]).label, "amount": Decimal(entry["amount"])} for entry in run.left_out
        ],
        "desk": desk_of(thing=run, kind=PAYOUT_APPROVAL) if waits else None,
        "events": happenings([("deals.payout_run", run.code)], actor),
        "keeps": keeps,
        "can_approve": waits and actor.can("deals.payout_approve") and run.requested_by_id != actor.user_id,
        "is_own": waits and run.requested_by_id == actor.user_id,
        "can_cancel": waits and (keeps or actor.can("deals.payout_approve")),
        "can_confirm": keeps and now.ready > 0,
        "can_retry": keeps and now.failed > 0,
        "can_download": keeps and actor.can("deals.payout_details_view"),
    }


@require_POST
@manage_page("deals.payout_details_view")
@recent_sign_in_for_file("manage:deals:payout_run_detail", "code")
def payout_file_download(request: HttpRequest, code: str, number: int) -> HttpResponseBase:
    """A file for the bank; it holds account numbers, so each download is written into the audit log."""
    made = get_object_or_404(find_run(request, code).files.select_related("file", "run"), number=number)
    try:
        stored = payout_runs.download_payout_file(made=made, by=request.actor, at=request.at)
        return file_response(request, stored)
    except NotAllowedRefused as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return render(request, "manage/deals/payout_sealed.html", {"problem": refusal.message}, status=503)


# --- One payout -----------------------------------------------------------------------------------------------------


def find_item(request: HttpRequest, code: str) -> PayoutItem:
    return get_object_or_404(
        PayoutItem.objects.visible_to(request.actor).select_related("partner__organization", "details", "run"),
        code=code,
    )


@require_safe
@manage_page("deals.payout_view")
def payout_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One payout with the lines behind it and what happened to it."""
    item = find_item(request, code)
    actor = request.actor
    keeps = actor.can("deals.payout_request")
    context = {
        "item": item,
        "run": item.run,
        "lines": lines_of([item]).get(item.pk, []),
        "events": happenings([("deals.payout", item.code)], actor),
        "is_new": is_new_account(item.details, request.at),
        "can_confirm": keeps and item.status == PayoutItemStatus.READY,
        "can_fail": keeps and item.status == PayoutItemStatus.READY,
        "can_retry": keeps and item.status == PayoutItemStatus.FAILED,
        "sees_details": actor.can("deals.payout_details_view"),
    }
    return render(request, "manage/deals/payout_detail.html", context)
