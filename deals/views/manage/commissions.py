"""Commissions: the list, one line with everything behind it, and holding, freeing, adjusting and voiding it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import commissions as actions
from deals.choices import CommissionKind, CommissionStatus, HoldReason
from deals.documents.arithmetic import arithmetic
from deals.documents.earning_words import moment_words
from deals.documents.line_words import said
from deals.documents.terms_words import terms_words
from deals.forms.commissions import AdjustForm, FreeForm, HoldForm, VoidForm
from deals.forms.incentive_filters import CommissionFilters
from deals.models import Commission
from deals.queries.commission_page import commission_page, commission_rows, totals
from deals.queries.disputes import may_settle
from deals.queries.earning_lines import line_story
from deals.queries.program import program_at
from deals.queries.timeline import happenings
from deals.rules.earning_states import COMMISSION
from deals.rules.recomputation import recalculate
from deals.views.manage.steps import step, typed
from partners.rules.term_reader import TermsError
from prm.core.access import manage_page
from prm.core.cells import Column, page_of
from prm.core.explain import from_json
from prm.core.figures import money_text
from prm.core.lists import ListPage, Sort, View

_METHODS = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@manage_page("deals.commission_view")
def commission_list(request: HttpRequest) -> HttpResponseBase:
    """All lines of all partners, the newest first."""
    page = ListPage(
        request,
        commission_rows(request.actor),
        columns=[
            Column(
                "title",
                _("For"),
                note="code",
                note_label=_("Number"),
                link=page_of("manage:deals:commission_detail"),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="partner.organization.name", kind="who"),
            Column("kind", _("Kind"), value="get_kind_display"),
            Column("amount", _("Amount"), kind="money", currency="currency", sort="amount"),
            Column("status", _("State"), kind="state", place="side"),
            Column("held_reason", _("Held because"), value="get_held_reason_display"),
            Column("earned_on", _("Earned"), kind="day", sort="earned"),
            Column("payable_on", _("Payable"), kind="day", sort="payable"),
            Column("plan_name", _("Plan"), shown=False),
            Column("base_amount", _("Base"), kind="money", currency="currency", shown=False),
            Column("rate_percent", _("Rate"), kind="percent", shown=False),
            Column("sum", _("Computed as"), value=lambda row: arithmetic(row), shown=False),
            Column("waits_for", _("Waits for"), value="get_waits_for_display", shown=False),
            Column("paid_on", _("Paid"), kind="day", sort="paid", shown=False),
            Column("final_on", _("Final"), kind="day", shown=False),
        ],
        sorts={
            "earned": Sort.by("earned_on"),
            "amount": Sort.by("amount"),
            "payable": Sort.by("payable_on", nullable=["payable_on"]),
            "paid": Sort.by("paid_on", nullable=["paid_on"]),
        },
        default_sort="-earned",
        filterset=CommissionFilters,
        primary=("q", "partner", "quarter"),
        views=[
            View(_("All")),
            View(_("Accrued"), {"status": [CommissionStatus.ACCRUED.value]}),
            View(_("Payable"), {"status": [CommissionStatus.PAYABLE.value]}),
            View(_("Held"), {"held": [each.value for each in HoldReason]}),
            View(_("Taken back"), {"kind": [CommissionKind.CLAWBACK.value]}),
            View(_("At risk"), {"at_risk": "true"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("commissions")
    rows = page.filtered  # reads the filters, which tell whether any is in use
    context = {"page": page, "totals": totals(rows) if page.is_filtered else []}
    return render(request, page.template("manage/deals/commission_list.html"), context)


def _find(request: HttpRequest, code: str) -> Commission:
    related = (
        "partner__organization",
        "partner__tier",
        "contract",
        "opportunity",
        "event",
        "origin",
        "program_version",
    )
    return get_object_or_404(commission_rows(request.actor).select_related(*related), code=code)


@require_safe
@manage_page("deals.commission_view")
def commission_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One line: its sum, every term and figure that went in, postings, payouts, corrections, and what can be done."""
    line = _find(request, code)
    program = program_at(request.at)
    found = commission_page(line)
    shown = from_json(line.lines)
    signed = from_json(found.terms.lines) if found.terms else shown
    counted, lost = terms_words(signed, line.currency, found.names)
    context = {
        "line": line,
        "found": found,
        "sum": arithmetic(line),
        "is_same": _recomputed(line),
        "steps": said(_of(shown, "commission", "clawback", "rebate", "push"), line.currency, found.names),
        "terms_lines": counted,
        "credit": Decimal(found.terms.credit_bps) / 100 if found.terms else None,
        "lost_lines": lost,
        "corrections": [(each, arithmetic(each)) for each in found.corrections],
        "moments": [moment_words(each, program.today) for each in line_story(line, today=program.today).moments],
        "events": happenings([("deals.commission", line.code)], request.actor),
        "can": _possible(request, line),
    }
    return render(request, "manage/deals/commission_detail.html", context)


def _of(lines: Any, *topics: str) -> list[Any]:
    return [line for line in lines if line.code.partition(".")[0] in topics]


def _recomputed(line: Commission) -> bool:
    """Whether the stored inputs still give the stored amount."""
    try:
        return recalculate(line.inputs) == line.amount
    except TermsError:
        return False


def _possible(request: HttpRequest, line: Commission) -> set[str]:
    """What the reader may do with the line as it stands."""
    if not may_settle(request.actor, line.partner_id, request.at):
        return set()
    found = set()
    if line.status in actions.HOLDABLE:
        found.add("free" if line.held_reason else "hold")
    if line.status != CommissionStatus.VOID:
        found.add("adjust")
    if "void" in COMMISSION.actions_from(line.status):
        found.add("void")
    return found


def _step(
    request: HttpRequest,
    code: str,
    *,
    title: str,
    make_form: Callable[[Commission, Any], forms.Form],
    act: Callable[[Commission, dict[str, Any]], str],
    text: str = "",
    tone: str = "",
) -> HttpResponse:
    line = _find(request, code)
    if not may_settle(request.actor, line.partner_id, request.at):
        raise PermissionDenied
    return step(
        request,
        title=title,
        crumbs=[
            (_("Commissions"), reverse("manage:deals:commission_list")),
            (line.code, reverse("manage:deals:commission_detail", args=[line.code])),
        ],
        facts=[
            (_("Line"), f"{line.title}, {line.get_kind_display()}"),
            (_("Partner"), line.partner),
            (_("Amount"), money_text(line.amount, line.currency, exact=True)),
            (_("State"), line.get_status_display()),
        ],
        form=make_form(line, typed(request)),
        act=lambda values: act(line, values),
        text=text,
        tone=tone,
    )


@_METHODS
@manage_page("deals.commission_settle")
def commission_hold(request: HttpRequest, code: str) -> HttpResponse:
    """Keep a line out of runs."""

    def act(line: Commission, values: dict[str, Any]) -> str:
        held = actions.hold_commissions(
            commissions=[line], reason=values["reason"], note=values["note"], by=request.actor, at=request.at
        )
        if not held:
            raise actions.CommissionRefused("deals.commission.not_held", _("This line can’t be held as it stands now."))
        return _("%(code)s is held.") % {"code": line.code}

    return _step(
        request,
        code,
        title=_("Hold the line"),
        make_form=lambda line, data: HoldForm(data),
        act=act,
        text=_("A held line keeps its state and its dates. No payout run takes it until it is freed."),
    )


@_METHODS
@manage_page("deals.commission_settle")
def commission_free(request: HttpRequest, code: str) -> HttpResponse:
    """Let a held line go on."""

    def act(line: Commission, values: dict[str, Any]) -> str:
        freed = actions.free_commissions(
            commissions=[line], reason=line.held_reason, note=values["note"], by=request.actor, at=request.at
        )
        if not freed:
            raise actions.CommissionRefused(
                "deals.commission.not_held", _("This line is not held any more, or a dispute of it is open.")
            )
        return _("%(code)s goes on.") % {"code": line.code}

    return _step(request, code, title=_("Free the line"), make_form=lambda line, data: FreeForm(data), act=act)


@_METHODS
@manage_page("deals.commission_settle")
def commission_adjust(request: HttpRequest, code: str) -> HttpResponse:
    """Correct a line by another one."""

    def make_form(line: Commission, data: Any) -> forms.Form:
        return AdjustForm(data, line=line, initial={"key": uuid4().hex})

    def act(line: Commission, values: dict[str, Any]) -> str:
        made = actions.adjust_commission(
            commission=line,
            amount=values["amount"],
            reason=values["reason"],
            source_key=f"adjustment:{line.code}:{values['key']}",
            by=request.actor,
            at=request.at,
        )
        return _("%(code)s corrects it by %(amount)s.") % {
            "code": made.code,
            "amount": money_text(made.amount, made.currency, exact=True),
        }

    return _step(
        request,
        code,
        title=_("Adjust the line"),
        make_form=make_form,
        act=act,
        text=_("The line itself stays as it is. A new line beside it carries the difference and goes the same way."),
    )


@_METHODS
@manage_page("deals.commission_settle")
def commission_void(request: HttpRequest, code: str) -> HttpResponse:
    """Take a line out before any run paid it."""

    def act(line: Commission, values: dict[str, Any]) -> str:
        actions.void_commission(commission=line, reason=values["reason"], by=request.actor, at=request.at)
        return _("%(code)s is void. Its postings are reversed.") % {"code": line.code}

    return _step(
        request,
        code,
        title=_("Void the line"),
        make_form=lambda line, data: VoidForm(data),
        act=act,
        text=_("Its postings are reversed and it counts nothing from now on. This can’t be undone."),
        tone="danger",
    )
