"""What a company earned: the account at a glance, every line with its story, and what a deal would bring."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deals.actions.contracts import volume_before
from deals.choices import CommissionStatus, DisputeStatus, PlanModel, VerdictKind
from deals.documents.arithmetic import arithmetic, formula
from deals.documents.earning_words import moment_words, resold_words, spiff_words
from deals.documents.line_words import said
from deals.filters import OwnCommissionFilters
from deals.forms.earnings import QuoteForm, WhatIfForm
from deals.models import Commission, Contract
from deals.page_charts import earnings_chart
from deals.queries import what_if
from deals.queries.disputes import open_disputes_of
from deals.queries.earning_lines import (
    accounts,
    held_lines,
    latest_lines,
    latest_statements,
    line_story,
    own_lines,
    resold,
    winnable,
)
from deals.queries.program import Program, program_at
from partners.models import Partner
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.explain import for_audience, from_json
from prm.core.lists import ListPage, Sort, View

RESOLD_SHOWN = 5


def _company(request: HttpRequest) -> Partner:
    return get_object_or_404(
        Partner.objects.visible_to(request.actor).select_related("organization", "tier", "track"),
        pk=request.actor.organization_id,
    )


@require_safe
@portal_page("deals.earnings_view")
def earning_home(request: HttpRequest) -> HttpResponse:
    """What was earned, what comes and when, what was paid, and what holds something up."""
    partner, program = _company(request), program_at(request.at)
    mine = accounts(partner.pk, program)
    tier_code = partner.tier.code if partner.tier else ""
    context = {
        "accounts": mine,
        "charts": [chart for account in mine if (chart := earnings_chart(account, program.today))],
        "lines": latest_lines(request.actor),
        "held": held_lines(request.actor),
        "statements": latest_statements(request.actor),
        "spiffs": [
            {"spiff": each, "words": spiff_words(each)}
            for each in winnable(partner, today=program.today, tier_code=tier_code)
        ],
        "resold": [resold_words(each) for each in resold(request.actor).order_by("-signed_on", "-pk")[:RESOLD_SHOWN]],
        "can_register": request.actor.can("deals.registration_create"),
    }
    return render(request, "portal/deals/earning_home.html", context)


@require_safe
@portal_page("deals.earnings_view")
def commission_list(request: HttpRequest) -> HttpResponse:
    """All lines, the newest first."""
    page = ListPage(
        request,
        own_lines(request.actor),
        columns=[
            Column(
                "title",
                _("For"),
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("portal:deals:commission_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("kind", _("Kind"), value="get_kind_display"),
            Column("base_amount", _("Base"), kind="money", currency="currency", shown=False),
            Column("rate_percent", _("Rate"), kind="percent", shown=False),
            Column("amount", _("Amount"), kind="money", currency="currency", sort="amount", place="side"),
            Column("sum", _("Computed as"), value=lambda row: arithmetic(row), shown=False),
            Column("status", _("State"), kind="state"),
            Column("held_reason", _("Held because"), value="get_held_reason_display"),
            Column("earned_on", _("Earned"), kind="day", sort="earned"),
            Column("payable_on", _("Payable"), kind="day", sort="payable"),
            Column("paid_on", _("Paid"), kind="day", sort="paid"),
            Column("plan_name", _("Plan"), shown=False),
        ],
        sorts={
            "earned": Sort.by("earned_on"),
            "amount": Sort.by("amount"),
            "payable": Sort.by("payable_on", nullable=["payable_on"]),
            "paid": Sort.by("paid_on", nullable=["paid_on"]),
        },
        default_sort="-earned",
        filterset=OwnCommissionFilters,
        primary=("q", "status"),
        views=[
            View(_("All")),
            View(_("Coming"), {"status": [CommissionStatus.ACCRUED.value]}),
            View(_("Payable"), {"status": [CommissionStatus.PAYABLE.value, CommissionStatus.IN_PAYOUT.value]}),
            View(_("Paid"), {"status": [CommissionStatus.PAID.value, CommissionStatus.FINAL.value]}),
            View(_("Held"), {"held": "true"}),
            View(_("Taken back"), {"kind": ["clawback"]}),
        ],
    )
    if page.export:
        return page.export_response("earnings")
    return render(request, page.template("portal/deals/commission_list.html"), {"page": page})


@require_safe
@portal_page("deals.earnings_view")
def commission_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One line: its sum, every term and input, its life, what corrects it, and what it was paid with."""
    line = get_object_or_404(own_lines(request.actor).select_related("partner__organization"), code=code)
    program = program_at(request.at)
    story = line_story(line, today=program.today)
    dispute = open_disputes_of([line]).get(line.pk)
    shown = from_json(line.lines)
    plan = from_json(story.terms.lines) if story.terms else ()
    context = {
        "line": line,
        "story": story,
        "sum": arithmetic(line),
        "has_formula": bool(formula(line.inputs)),
        "steps": said(_own(shown, "commission", "clawback", "rebate", "push"), line.currency, story.names),
        "plan_lines": said(_own(plan or shown, "plan"), line.currency, story.names),
        "verdict_lines": said(_own(from_json(story.verdict.lines), "attribution"), line.currency)
        if story.verdict
        else [],
        "spiff_lines": said(_own(plan or shown, "spiff"), line.currency, story.names),
        "corrections": [(each, arithmetic(each)) for each in story.corrections],
        "moments": [moment_words(each, program.today) for each in story.moments],
        "dispute": dispute,
        "disputes": list(line.disputes.exclude(status=DisputeStatus.OPEN).order_by("-opened_at")),
        "can_dispute": request.actor.can("deals.dispute_create")
        and dispute is None
        and line.status != CommissionStatus.VOID,
    }
    return render(request, "portal/deals/commission_detail.html", context)


def _own(lines: Any, *topics: str) -> list[Any]:
    """The lines of some topics that a partner may read; what a SPIFF did not give is said nowhere."""
    return [
        line
        for line in for_audience(lines, "partner")
        if line.code.partition(".")[0] in topics and line.code != "spiff.not_awarded"
    ]


@require_safe
@portal_page("deals.earnings_view")
def margin_list(request: HttpRequest) -> HttpResponse:
    """Deals that the company resold: list price, margin, what it paid us, its gross profit."""
    page = ListPage(
        request,
        resold(request.actor),
        columns=[
            Column(
                "customer",
                _("Customer"),
                value=lambda row: resold_words(row).customer,
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("portal:deals:margin_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("list_amount", _("List price"), kind="money", currency="currency"),
            Column("margin", _("Margin"), value=lambda row: resold_words(row).margin_percent, kind="percent"),
            Column("amount", _("You pay"), kind="money", currency="currency", sort="amount"),
            Column(
                "profit",
                _("Gross profit"),
                value=lambda row: resold_words(row).gross_profit,
                kind="money",
                currency="currency",
                place="side",
            ),
            Column("signed_on", _("Signed"), kind="day", sort="signed"),
            Column("status", _("State"), kind="state"),
        ],
        sorts={"signed": Sort.by("signed_on"), "amount": Sort.by("amount")},
        default_sort="-signed",
    )
    if page.export:
        return page.export_response("resold")
    return render(request, page.template("portal/deals/margin_list.html"), {"page": page})


@require_safe
@portal_page("deals.earnings_view")
def margin_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One resold deal with the arithmetic of its margin."""
    contract: Contract = get_object_or_404(resold(request.actor), code=code)
    words = resold_words(contract)
    lines = from_json(words.terms.lines) if words.terms else ()
    context = {
        "contract": contract,
        "words": words,
        "steps": said(_own(lines, "margin", "earning"), contract.currency),
        "plan_lines": said(_own(lines, "plan"), contract.currency, words.names),
    }
    return render(request, "portal/deals/margin_detail.html", context)


@require_safe
@portal_page("deals.earnings_view")
def earning_calculator(request: HttpRequest) -> HttpResponse:
    """What a deal would bring under the company's terms. The question stands in the address; nothing is written."""
    partner, program = _company(request), program_at(request.at)
    asked = "amount" in request.GET
    initial = {"currency": program.currency, "verdict": VerdictKind.SOURCED.value, "registered": True}
    form = WhatIfForm(request.GET if asked else None, initial=initial, currency=program.currency)
    context: dict[str, Any] = {"form": form, "partner": partner}
    if asked and form.is_valid():
        context |= _answer(partner, program, what_if.WhatIf(**form.cleaned_data))
    name = "portal/deals/earning_calculator.html"
    return render(request, f"{name}#result" if request.htmx and not request.htmx.boosted else name, context)


def _answer(partner: Partner, program: Program, asked: what_if.WhatIf) -> dict[str, Any]:
    """The offer, with the year's volume where the plan is of brackets."""
    standing = what_if.standing_for(partner=partner, program=program, asked=asked)
    volume = None
    if standing.chosen and standing.chosen.plan.model == PlanModel.BRACKETS:
        with transaction.atomic():
            volume = volume_before(what_if.terms_of(partner, standing), program.today, asked.currency)
    offer = what_if.offer(
        program=program, asked=asked, standing=standing, **({"volume_before": volume} if volume else {})
    )
    names = {partner.tier.code: partner.tier.name} if partner.tier else {}
    return {
        "asked": asked,
        "offer": offer,
        "sums": [
            arithmetic(Commission(inputs=each.inputs.to_json(), amount=each.amount, currency=each.currency))
            for each in offer.calculations
        ],
        "steps": said(
            _own(offer.margin.lines if offer.margin else _steps(offer), "commission", "margin"), asked.currency
        ),
        "plan_lines": said(_own(standing.lines, "plan"), asked.currency, names),
    }


def _steps(offer: what_if.Offer) -> Any:
    return offer.calculations[0].lines if offer.calculations else ()


@require_safe
@portal_page("deals.earnings_view")
def margin_quote(request: HttpRequest) -> HttpResponse:
    """List price → my cost → my profit, ready to be printed."""
    partner, program = _company(request), program_at(request.at)
    asked = "amount" in request.GET
    initial = {"currency": program.currency, "registered": True}
    form = QuoteForm(request.GET if asked else None, initial=initial, currency=program.currency)
    context: dict[str, Any] = {"form": form, "partner": partner, "today": program.today}
    if asked and form.is_valid():
        typed = form.cleaned_data
        question = what_if.WhatIf(
            product=typed["product"],
            amount=typed["amount"],
            currency=typed["currency"],
            term_months=None,
            registered=typed["registered"],
            verdict=VerdictKind.SOURCED,
            resale=True,
        )
        context |= _answer(partner, program, question) | {"customer": typed["customer"]}
    name = "portal/deals/margin_quote.html"
    return render(request, f"{name}#result" if request.htmx and not request.htmx.boosted else name, context)
