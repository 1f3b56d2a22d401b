"""Plans: those in force with their precedence, one in words, which one counts and why, and trying terms on a deal."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deals.choices import PlanModel, VerdictKind
from deals.documents.arithmetic import arithmetic, exact
from deals.documents.earning_words import trigger_text
from deals.documents.line_words import said
from deals.documents.plan_words import bracket_lines, plain, plan_words, renewal_words
from deals.forms.plans import MODELS, REBATE, USED, TryForm, WhyForm
from deals.models import Commission
from deals.queries.plans import (
    audience_of,
    drafts_of,
    history_of,
    own_rates_of,
    plan_rows,
    standing_for,
)
from deals.queries.program import program_at
from deals.rules.commissions import Addition, Calculation, calculate, inputs_of
from deals.rules.margins import quote
from deals.rules.plan_costs import YEAR, payments
from deals.rules.rebates import RebateInputs, rebate
from deals.views.manage.plan_drafts import publishes
from partners.models import Partner, ProgramVersion
from partners.queries.program import program_of
from partners.rules.blueprint import Program
from partners.rules.incentive_terms import PlanTerm
from partners.rules.term_reader import TermsError
from prm.core.access import manage_page
from prm.core.codes import read_code
from prm.core.figures import money_text, percent_text
from prm.core.money import MoneyError, round_money

ZERO = Decimal(0)
_OWN_WORDS = ("margin.pays", "margin.profit")  # said to the partner as "you"; here they stand above


def version_asked(request: HttpRequest) -> ProgramVersion:
    """The version named in the address, or the one in force."""
    code = request.GET.get("version", "")
    if not code:
        return program_at(request.at).version
    return get_object_or_404(ProgramVersion.objects.visible_to(request.actor).defer("source_text"), code=code)


@require_safe
@manage_page("deals.commission_view")
def plan_list(request: HttpRequest) -> HttpResponse:
    """The plans of a version in the order in which they win, with drafts and earlier versions to look at."""
    version, program = version_asked(request), program_at(request.at)
    blueprint = program_of(version)
    terms = blueprint.incentives()
    context = {
        "version": version,
        "is_in_force": version.pk == program.version.pk,
        "rows": [plan_words(row, blueprint) for row in plan_rows(blueprint)],
        "terms": terms,
        "trigger": trigger_text(terms.trigger),
        "versions": list(ProgramVersion.objects.visible_to(request.actor).published().defer("source_text")),
        "drafts": drafts_of(request.actor),
        "can_edit": request.actor.can("deals.plan_edit"),
        "can_publish": publishes(request.actor) and not version.is_published,
        "today": program.today,
    }
    return render(request, "manage/deals/plan_list.html", context)


@require_safe
@manage_page("deals.commission_view")
def plan_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One plan in words, whom it is for today, its history, and a tester of which plan counts."""
    version, program = version_asked(request), program_at(request.at)
    blueprint = program_of(version)
    row = next((each for each in plan_rows(blueprint) if each.plan.code == code), None)
    if row is None:
        raise Http404
    context = {
        "version": version,
        "is_in_force": version.pk == program.version.pk,
        "words": plan_words(row, blueprint),
        "plan": row.plan,
        "row": row,
        "renewals": renewal_words(row.plan),
        "audience": audience_of(row.plan, blueprint, request.actor, program.today),
        "own_rates": own_rates_of(code, program.today),
        "history": history_of(code, request.actor),
        "can_edit": request.actor.can("deals.plan_edit"),
        "today": program.today,
    }
    return render(request, "manage/deals/plan_detail.html", context)


@require_safe
@manage_page("deals.commission_view")
def plan_why(request: HttpRequest) -> HttpResponse:
    """Which plan would count for a partner's deal on a day, and why each of the others would not."""
    program = program_at(request.at)
    asked = "partner" in request.GET
    form = WhyForm(request.GET if asked else None, today=program.today)
    context: dict[str, Any] = {"form": form}
    status = 200
    if asked and form.is_valid():
        typed = form.cleaned_data
        partner = partner_named(request, typed["partner"])
        if partner is None:
            form.add_error("partner", _("No partner, or more than one, is called that."))
            status = 422
        else:
            standing = standing_for(
                partner=partner,
                deal_kind=typed["deal_kind"],
                product=typed["product"],
                currency=program.currency,
                on=typed["on"],
                program=program,
            )
            names = {standing.tier.code: standing.tier.name} if standing.tier else {}
            lines = said(standing.lines, program.currency, names)
            context |= {
                "partner": partner,
                "standing": standing,
                "lines": lines,
                "plan_code": standing.chosen.plan.code if standing.chosen else "",
            }
    elif asked:
        status = 422
    return render(request, "manage/deals/plan_why.html", context, status=status)


def partner_named(request: HttpRequest, text: str) -> Partner | None:
    """The one partner with this number or name (a part of it will do); None for none or several."""
    rows = Partner.objects.visible_to(request.actor).select_related("organization", "track", "tier")
    code = read_code(text)
    if code:
        return rows.filter(code=code).first()
    whole = list(rows.filter(organization__name__iexact=text.strip())[:2])
    found = whole or list(rows.filter(Q(organization__name__icontains=text.strip()))[:2])
    return found[0] if len(found) == 1 else None


@require_safe
@manage_page("deals.commission_view")
def plan_try(request: HttpRequest) -> HttpResponse:
    """Terms tried on a deal: those of a plan, or any that somebody thinks of. Nothing is written."""
    program = program_at(request.at)
    version = version_asked(request)
    blueprint = program_of(version)
    plans = blueprint.incentives().plans
    asked = "amount" in request.GET
    given = next((plan for plan in plans if plan.code == request.GET.get("plan", "")), None)
    proposed = _proposed(program.currency, blueprint, given)
    model = request.GET.get("model", "")
    model = model if model in USED else proposed["model"]
    form = TryForm(
        request.GET if asked else None, initial=proposed | {"model": model}, model=model, currency=program.currency
    )
    context: dict[str, Any] = {
        "form": form,
        "plans": plans,
        "given": given,
        "version": version,
        "models": [{"code": code, "label": label, "on": code == model} for code, label in MODELS],
    }
    status = 200
    if asked and form.is_valid():
        try:
            context["tried"] = _tried(form.cleaned_data, blueprint)
        except (TermsError, MoneyError) as problem:
            form.add_error(None, str(problem))
    if asked and form.errors:
        status = 422
    return render(request, "manage/deals/plan_try.html", context, status=status)


def _proposed(currency: str, blueprint: Program, plan: PlanTerm | None) -> dict[str, Any]:
    """A plan's figures, with the lowest tier's rate where tiers give it; a first-year share without a plan."""
    proposed: dict[str, Any] = {
        "model": PlanModel.FIRST_YEAR.value,
        "currency": currency,
        "verdict": VerdictKind.SOURCED.value,
        "rate_percent": "20",
    }
    if plan is None:
        return proposed
    rate = plan.rate_percent
    if plan.rate_benefit:
        rates = [
            percent
            for track in blueprint.tracks
            if not plan.scope.tracks or track.code in plan.scope.tracks
            for percent in blueprint.rates(plan.rate_benefit, track.code).values()
        ]
        rate = min(rates, default=None)
    return proposed | {
        "model": plan.model,
        "rate_percent": plain(rate),
        "points": plain(blueprint.registration().margin_points) if plan.model == PlanModel.MARGIN else "",
        "months": plan.months,
        "flat_amount": plain(plan.flat_amount),
        "brackets": bracket_lines(plan),
        "currency": plan.currency or currency,
    }


@dataclass(frozen=True)
class Tried:
    """The answer: the figure, each sum that leads to it, and the steps. ``pairs`` are further figures."""

    label: str
    result: str
    sums: list[str]
    steps: list[Any]
    pairs: list[tuple[str, str]]


def _tried(typed: dict[str, Any], blueprint: Program) -> Tried:
    """What the terms come to. Raises TermsError or MoneyError for terms that can't be."""
    match typed["model"]:
        case PlanModel.MARGIN:
            return _margin(typed)
        case _ if typed["model"] == REBATE:
            return _rebate(typed)
    return _commission(typed, blueprint)


def _margin(typed: dict[str, Any]) -> Tried:
    currency, points = typed["currency"], typed.get("points") or ZERO
    given = quote(typed["amount"], typed["rate_percent"], bool(points), points, currency)
    rest = percent_text(100 - given.margin_percent)
    paid = f"{exact(given.list_price, currency)} × {rest} = {exact(given.partner_pays, currency)}"
    return Tried(
        label=_("The partner pays"),
        result=money_text(given.partner_pays, currency, exact=True),
        sums=[paid],
        steps=said([line for line in given.lines if line.code not in _OWN_WORDS], currency),
        pairs=[(_("Gross profit of the partner"), money_text(given.gross_profit, currency, exact=True))],
    )


def _rebate(typed: dict[str, Any]) -> Tried:
    currency = typed["currency"]
    granted = round_money(typed.get("granted") or ZERO, currency)
    bands, above = list(typed["brackets"]), ZERO
    if bands[-1].below is None:
        above = bands.pop().percent
    given = rebate(RebateInputs(typed["amount"], granted, currency, tuple(bands), above_percent=above))
    line = Commission(inputs=given.inputs.to_json(), amount=given.amount, currency=currency)
    return Tried(
        label=_("Rebate due now"),
        result=money_text(given.amount, currency, exact=True),
        sums=[arithmetic(line)],
        steps=said(given.lines, currency),
        pairs=[(_("Earned by the year so far"), money_text(given.earned, currency, exact=True))],
    )


def _commission(typed: dict[str, Any], blueprint: Program) -> Tried:
    factors = blueprint.topics["attribution"]
    factor = (
        factors.sourced_factor_percent if typed["verdict"] == VerdictKind.SOURCED else factors.influenced_factor_percent
    )
    model, currency = typed["model"], typed["currency"]
    plan = PlanTerm(
        code="tried",
        name=_("Tried"),
        model=model,
        rate_percent=typed.get("rate_percent"),
        months=typed.get("months"),
        flat_amount=typed.get("flat_amount"),
        brackets=typed.get("brackets", ()),
        splits_credit=typed.get("credit_percent") is not None,
    )
    credit = None if typed.get("credit_percent") is None else int(typed["credit_percent"] * 100)
    inputs = inputs_of(
        plan,
        base_amount=typed["amount"],
        currency=currency,
        rate_percent=plan.rate_percent,
        points=(Addition(_("points"), typed.get("points")),) if typed.get("points") else (),
        multiplier=typed.get("multiplier") or Decimal(1),
        multiplier_source=_("multiplier"),
        verdict_factor_percent=factor,
        credit_bps=credit,
        volume_before=typed.get("volume_before") or ZERO,
        bonuses=(Addition(_("bonus"), typed.get("bonus")),) if typed.get("bonus") else (),
    )
    years: list[Calculation] = [
        calculate(replace(inputs, months_since_start=number * YEAR)) for number in range(payments(plan))
    ]
    total = sum((each.amount for each in years), ZERO)
    pairs = []
    if len(years) > 1:
        pairs = [
            (_("Payment of year %(number)s") % {"number": number}, money_text(each.amount, currency, exact=True))
            for number, each in enumerate(years, start=1)
        ]
    return Tried(
        label=_("Commission, if the customer stays") if len(years) > 1 else _("Commission"),
        result=money_text(total, currency, exact=True),
        sums=[
            arithmetic(Commission(inputs=each.inputs.to_json(), amount=each.amount, currency=currency))
            for each in years
        ],
        steps=said(years[0].lines, currency),
        pairs=pairs,
    )
