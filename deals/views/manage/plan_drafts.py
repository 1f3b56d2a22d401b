"""Changing plans as drafts of the program's next version, publishing them, rates of single partners, and what-ifs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.plans import PUBLISHING, PlanRefused, draft_plans, publish_plans, with_plan, without_plan
from deals.documents.incentive_charts import comparison_chart
from deals.forms.payouts import NothingForm
from deals.forms.plans import CompareForm, DropForm, PlanForm, PublishPlansForm
from deals.queries.plan_comparison import Comparison, Sum, compare
from deals.queries.plans import drafts_of, warnings_of
from deals.queries.program import program_at
from deals.views.answers import done, status_of
from deals.views.manage.steps import step, typed
from partners.actions.programs import delete_draft
from partners.models import ProgramVersion
from partners.queries.program import calendar_terms, incentive_terms, program_of
from partners.rules.blueprint import Program
from partners.rules.incentive_terms import PlanTerm
from prm.core.access import manage_page
from prm.core.actors import Actor
from prm.core.business_time import same_day_last_year
from prm.core.exports import export_response
from prm.core.figures import day_text
from prm.core.refused import Refused

_METHODS = require_http_methods(["GET", "HEAD", "POST"])
PARTNERS_SHOWN = 50


def publishes(actor: Actor) -> bool:
    """Whether the reader may put drafts in force: plans are a part of the program version."""
    return all(actor.can(right) for right in PUBLISHING)


def _base(request: HttpRequest) -> ProgramVersion:
    """The version to change: a draft named in the address, else the one in force."""
    code = request.GET.get("version", "")
    if not code:
        return program_at(request.at).version
    return get_object_or_404(ProgramVersion.objects.visible_to(request.actor).defer("source_text"), code=code)


def _plan(program: Program, code: str) -> PlanTerm:
    """The plan as the program says it, with no currency of its own where it names none."""
    found = program.topics["incentives"].plan(code)
    if found is None:
        raise Http404
    return found


@_METHODS
@manage_page("deals.plan_edit")
def plan_create(request: HttpRequest) -> HttpResponse:
    """Add a plan, as a draft."""
    base = _base(request)
    return _edit(request, base, program_of(base), None)


@_METHODS
@manage_page("deals.plan_edit")
def plan_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a plan's terms, as a draft: what is signed already keeps its own."""
    base = _base(request)
    program = program_of(base)
    return _edit(request, base, program, _plan(program, code))


def _edit(request: HttpRequest, base: ProgramVersion, program: Program, plan: PlanTerm | None) -> HttpResponse:
    form = PlanForm(typed(request), program=program, plan=plan)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            new = form.cleaned_data["plan"]
            try:
                changed = with_plan(program, new, plan.code if plan else "")
                draft = draft_plans(
                    base=base, program=changed, reason=form.cleaned_data["reason"], by=request.actor, at=request.at
                )
            except PlanRefused as refusal:
                form.put_refusal(refusal)
            except Refused as refusal:
                form.add_error(None, refusal.message)
                status = status_of(refusal)
            else:
                return _drafted(request, draft, changed, new.code)
    context = {"form": form, "base": base, "plan": plan}
    return render(request, "manage/deals/plan_edit.html", context, status=status)


def _drafted(request: HttpRequest, draft: ProgramVersion, program: Program, code: str) -> HttpResponse:
    """On to the draft, with a word on what is unusual about the plan."""
    warnings = warnings_of(program).get(code, [])
    text = _("The draft %(code)s is written. Nothing counts before it is published.") % {"code": draft.code}
    if warnings:
        text += " " + _("Unusual: %(what)s.") % {"what": "; ".join(each.reason for each in warnings)}
    return done(request, text, f"{reverse('manage:deals:plan_list')}?version={draft.code}")


@_METHODS
@manage_page("deals.plan_edit")
def plan_drop(request: HttpRequest, code: str) -> HttpResponse:
    """Leave a plan out of the next version."""
    base = _base(request)
    program = program_of(base)
    plan = _plan(program, code)

    def act(values: dict[str, Any]) -> str:
        without = without_plan(program, code)
        draft = draft_plans(base=base, program=without, reason=values["reason"], by=request.actor, at=request.at)
        return _("The draft %(code)s leaves the plan out.") % {"code": draft.code}

    return step(
        request,
        title=_("Leave the plan out"),
        crumbs=[(_("Plans"), reverse("manage:deals:plan_list"))],
        facts=[(_("Plan"), plan.name), (_("Version"), f"{base.name} ({base.code})")],
        form=DropForm(typed(request)),
        act=act,
        text=_("It becomes a draft. Contracts signed under the plan keep their terms."),
        tone="danger",
    )


def _draft(request: HttpRequest, code: str) -> ProgramVersion:
    return get_object_or_404(
        ProgramVersion.objects.visible_to(request.actor).filter(status="draft").defer("source_text"), code=code
    )


@_METHODS
@manage_page("partners.program_edit")
def plan_draft_publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put a draft in force from a day on. Nothing about it can change afterwards."""
    draft = _draft(request, code)
    today = program_at(request.at).today

    def act(values: dict[str, Any]) -> str:
        publish_plans(draft=draft, valid_from=values["valid_from"], by=request.actor, at=request.at)
        return _("Published: in force from %(day)s.") % {"day": day_text(values["valid_from"], today)}

    return step(
        request,
        title=_("Publish the draft"),
        crumbs=[
            (_("Plans"), reverse("manage:deals:plan_list")),
            (draft.code, f"{reverse('manage:deals:plan_list')}?version={draft.code}"),
        ],
        facts=[(_("Version"), draft.name), (_("Changes"), draft.note)],
        form=PublishPlansForm(typed(request), initial={"valid_from": today + timedelta(days=1)}),
        act=act,
        text=_("Deals signed from that day on earn by it. What is signed before keeps its terms."),
    )


@_METHODS
@manage_page("deals.plan_edit")
def plan_draft_discard(request: HttpRequest, code: str) -> HttpResponse:
    """Throw a draft away."""
    draft = _draft(request, code)

    def act(_values: dict[str, Any]) -> str:
        delete_draft(version=draft, by=request.actor, at=request.at, right="deals.plan_edit")
        return _("The draft is gone.")

    return step(
        request,
        title=_("Throw the draft away"),
        crumbs=[(_("Plans"), reverse("manage:deals:plan_list"))],
        facts=[(_("Version"), f"{draft.name} ({draft.code})"), (_("Changes"), draft.note)],
        form=NothingForm(typed(request)),
        act=act,
        tone="danger",
    )


@require_safe
@manage_page("deals.commission_view")
def plan_compare(request: HttpRequest) -> HttpResponseBase:
    """New terms over the deals of the last 12 months: cost before and after, who gains and who loses."""
    program = program_at(request.at)
    old = program_of(program.version)
    plans = incentive_terms(program.version).plans
    others = [each for each in _versions(request) if each.pk != program.version.pk]
    asked = bool({"new", "plan"} & set(request.GET))
    form = CompareForm(request.GET if asked else None, versions=others, plans=plans)
    context: dict[str, Any] = {"form": form, "version": program.version}
    status = 200
    if asked and form.is_valid():
        chosen = next((each for each in others if each.code == form.cleaned_data["new"]), program.version)
        try:
            new = _with_rate(program_of(chosen), form)
        except PlanRefused as refusal:
            form.add_error("plan", "; ".join(each.reason for each in refusal.problems) or refusal.message)
            status = 422
        else:
            found = compare(
                old=old,
                new=new,
                since=same_day_last_year(program.today) + timedelta(days=1),
                until=program.today,
                actor=request.actor,
                fiscal_start_month=calendar_terms(program.version).fiscal_start_month,
            )
            if request.GET.get("export") in ("csv", "xlsx") and request.actor.can("reporting.export"):
                return _exported(request, found)
            context |= {
                "found": found,
                "chosen": chosen,
                "chart": [chart for each in found.totals if (chart := comparison_chart(found, each.currency))],
                "partners": found.partners[:PARTNERS_SHOWN],
                "more": max(len(found.partners) - PARTNERS_SHOWN, 0),
                "can_export": request.actor.can("reporting.export"),
            }
    elif asked:
        status = 422
    return render(request, "manage/deals/plan_compare.html", context, status=status)


def _versions(request: HttpRequest) -> list[ProgramVersion]:
    """Drafts first, then published ones, the latest first."""
    published = ProgramVersion.objects.visible_to(request.actor).published().defer("source_text")
    return [*drafts_of(request.actor), *published]


def _with_rate(program: Program, form: CompareForm) -> Program:
    """The program with the rate that was typed for one plan. Raises PlanRefused where the plan can't have it."""
    code = form.cleaned_data["plan"]
    if not code:
        return program
    plan = program.topics["incentives"].plan(code)
    if plan is None:
        raise PlanRefused("deals.plan.unknown", _("These terms have no such plan."))
    months = form.cleaned_data["months"] if plan.months else None
    changed = replace(plan, rate_percent=form.rate, rate_benefit="", months=months or plan.months)
    return with_plan(program, changed, code)


def _exported(request: HttpRequest, found: Comparison) -> HttpResponseBase:
    """Partner by partner, as a file."""
    columns = [
        _("Partner"),
        _("Number"),
        _("Currency"),
        _("Deals"),
        _("Revenue"),
        _("Before"),
        _("After"),
        _("Difference"),
    ]
    kind: Any = request.GET["export"]
    return export_response(rows=_rows(found.partners), filename="what-if", format=kind, columns=columns)


def _rows(partners: Sequence[Sum]) -> Iterator[list[Any]]:
    for each in partners:
        yield [
            each.label, each.code, each.currency, each.deals, each.revenue, each.before, each.after, each.difference,
        ]  # fmt: skip
