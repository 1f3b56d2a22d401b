"""Disputes: the queue by the time that is left, both sides of one, and settling it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.disputes import settle_dispute
from deals.choices import DisputeStatus
from deals.documents.arithmetic import arithmetic
from deals.documents.line_words import said
from deals.filters import DisputeFilters
from deals.forms.disputes import RejectDisputeForm, UpholdForm
from deals.forms.money import plain_amount
from deals.kinds import DISPUTE
from deals.models import Dispute
from deals.queries.disputes import (
    adjusted_by,
    dispute_rows,
    disputes_by_clock,
    may_settle,
    settlers_before,
    with_hand_in,
)
from deals.queries.registrations import desk_of, put_clocks_on
from deals.queries.timeline import happenings
from deals.rules.disputes import current_worth
from deals.views.answers import done, put_on_form, status_of, version_in
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.explain import from_json
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@manage_page("deals.commission_view")
def dispute_list(request: HttpRequest) -> HttpResponse:
    """All disputes; open ones first, by the time that is left."""
    page = ListPage(
        request,
        disputes_by_clock(request.actor),
        columns=[
            Column(
                "commission",
                _("Line"),
                value="commission.title",
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("manage:deals:dispute_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="partner.organization.name", note="partner.tier.name", kind="who"),
            Column("amount", _("Amount"), value="commission.amount", kind="money", currency="commission.currency"),
            Column("expected_amount", _("Expected"), kind="money", currency="commission.currency"),
            Column("status", _("State"), kind="state"),
            Column(
                "clock",
                _("Time left"),
                value="status",
                template="manage/deals/cells/clock.html",
                sort="time",
                place="side",
                exported=False,
            ),
            Column("opened_at", _("Opened"), kind="moment", sort="opened"),
            Column("settled_at", _("Settled"), kind="moment", shown=False),
            Column("settled_by", _("Settled by"), value="settled_by.name", shown=False),
        ],
        sorts={"time": Sort.by("due_at", nullable=["due_at"]), "opened": Sort.by("opened_at")},
        default_sort="time",
        filterset=DisputeFilters,
        primary=("q", "partner"),
        views=[
            View(_("All")),
            View(_("Open"), {"status": ["open"]}),
            View(_("Settled"), {"status": ["upheld", "partly_upheld", "rejected"], "sort": "-opened"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("disputes")
    put_clocks_on(page.objects, DISPUTE)
    return render(request, page.template("manage/deals/dispute_list.html"), {"page": page})


def _find(request: HttpRequest, code: str) -> Dispute:
    return get_object_or_404(dispute_rows(request.actor), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Dispute:
    """The row read anew, after somebody else may have changed it."""
    return get_object_or_404(dispute_rows(request.actor), code=code)


@require_safe
@manage_page("deals.commission_view")
def dispute_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One dispute with both sides."""
    return _page(request, _find(request, code))


def _worth(dispute: Dispute) -> Decimal:
    return current_worth(dispute.commission.amount, adjusted_by(dispute.commission))


def _page(
    request: HttpRequest, dispute: Dispute, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    actor, line = request.actor, dispute.commission
    is_open = dispute.status == DisputeStatus.OPEN
    had_hand = is_open and actor.user_id in with_hand_in(line) | settlers_before(line)
    initial = {"right_amount": plain_amount(dispute.expected_amount)}
    offered: dict[str, forms.Form] = {
        "uphold": UpholdForm(prefix="uphold", line=line, initial=initial),
        "reject": RejectDisputeForm(prefix="reject"),
    }
    context = {
        "dispute": dispute,
        "line": line,
        "sum": arithmetic(line),
        "steps": said([each for each in from_json(line.lines) if not each.code.startswith("plan.")], line.currency),
        "plan_lines": said([each for each in from_json(line.lines) if each.code.startswith("plan.")], line.currency),
        "worth": _worth(dispute),
        "desk": desk_of(thing=dispute, kind=DISPUTE),
        "events": happenings([("deals.dispute", dispute.code)], actor),
        "settles": is_open and not had_hand and may_settle(actor, dispute.partner_id, request.at),
        "had_hand": had_hand,
        "forms": offered | bound,
        "opened": next(iter(bound), ""),
        "problem": problem,
    }
    return render(request, "manage/deals/dispute_detail.html", context, status=status)


def _settle(
    request: HttpRequest,
    code: str,
    *,
    name: str,
    title: Any,
    make_form: Callable[..., forms.Form],
    values: Callable[[Dispute, dict[str, Any]], dict[str, Any]],
    tone: str = "",
) -> HttpResponse:
    dispute = _find(request, code)
    if not may_settle(request.actor, dispute.partner_id, request.at):
        raise PermissionDenied
    if request.method != "POST":
        initial = {"right_amount": plain_amount(dispute.expected_amount)}
        context = {
            "dispute": dispute,
            "line": dispute.commission,
            "sum": arithmetic(dispute.commission),
            "form": make_form(dispute, prefix=name, initial=initial),
            "title": title,
            "tone": tone,
            "next": request.GET.get("next", ""),
        }
        return render(request, "manage/deals/dispute_settle.html", context)
    form = make_form(dispute, request.POST, prefix=name)
    if not form.is_valid():
        return _page(request, dispute, status=422, **{name: form})
    try:
        settle_dispute(
            dispute=dispute,
            by=request.actor,
            at=request.at,
            version=version_in(request),
            **values(dispute, form.cleaned_data),
        )
    except Refused as refusal:
        put_on_form(form, refusal)
        status = status_of(refusal)
        problem = refusal.message if status == 409 else ""
        return _page(request, _as_it_is_now(request, code), status=status, problem=problem, **{name: form})
    return done(
        request, _("%(code)s is settled.") % {"code": code}, reverse("manage:deals:dispute_detail", args=[code])
    )


@_METHODS
@manage_page("deals.commission_settle")
def dispute_uphold(request: HttpRequest, code: str) -> HttpResponse:
    """Give the partner what it expected, or a part of it: the difference becomes an adjustment."""

    def values(dispute: Dispute, typed: dict[str, Any]) -> dict[str, Any]:
        right = typed["right_amount"]
        return {"outcome": _outcome(dispute, right), "right_amount": right, "answer": typed["answer"]}

    def make_form(dispute: Dispute, *args: Any, **kwargs: Any) -> forms.Form:
        return UpholdForm(*args, line=dispute.commission, **kwargs)

    return _settle(
        request, code, name="uphold", title=gettext_lazy("Uphold the dispute"), make_form=make_form, values=values
    )


def _outcome(dispute: Dispute, right: Decimal) -> str:
    """Less than what was expected is partly upheld; an earned line means more, a clawback less."""
    expected = dispute.expected_amount
    if expected is None:
        return DisputeStatus.UPHELD
    short = right < expected if dispute.commission.amount > 0 else right > expected
    return DisputeStatus.PARTLY_UPHELD if short else DisputeStatus.UPHELD


@_METHODS
@manage_page("deals.commission_settle")
def dispute_reject(request: HttpRequest, code: str) -> HttpResponse:
    """Leave the line as it is, and say why."""

    def make_form(dispute: Dispute, *args: Any, initial: Any = None, **kwargs: Any) -> forms.Form:
        return RejectDisputeForm(*args, **kwargs)

    return _settle(
        request,
        code,
        name="reject",
        title=gettext_lazy("Reject the dispute"),
        make_form=make_form,
        values=lambda dispute, typed: {"outcome": DisputeStatus.REJECTED, "answer": typed["answer"]},
        tone="danger",
    )


@require_safe
@manage_page("deals.commission_view")
def dispute_file(request: HttpRequest, code: str) -> HttpResponseBase:
    """The partner's evidence."""
    dispute = get_object_or_404(dispute_rows(request.actor).filter(file__isnull=False), code=code)
    return file_response(request, dispute.file)
