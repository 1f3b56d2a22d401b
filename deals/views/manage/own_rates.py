"""Rates agreed with single partners: the list, agreeing one, and ending one."""

from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.own_rates import OwnRateRefused, end_own_rate, set_own_rate
from deals.forms.plans import EndRateForm, OwnRateForm
from deals.models import OwnRate
from deals.queries.plans import own_rate_rows
from deals.queries.program import program_at
from deals.views.answers import put_on_form
from deals.views.manage.plans import partner_named
from deals.views.manage.steps import step, typed
from partners.models import Partner
from partners.queries.program import incentive_terms
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.figures import day_text, percent_text
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused

_METHODS = require_http_methods(["GET", "HEAD", "POST"])
ANY = "any"


@require_safe
@manage_page("deals.commission_view")
def own_rate_list(request: HttpRequest) -> HttpResponseBase:
    """All agreements, the one that begins last first."""
    program = program_at(request.at)
    names = {plan.code: plan.name for plan in incentive_terms(program.version).plans}
    may_end = request.actor.can("deals.plan_edit")

    def end_url(row: OwnRate) -> str:
        is_over = row.valid_until is not None and row.valid_until < program.today
        return own_rate_address(row) if may_end and not is_over else ""

    page = ListPage(
        request,
        own_rate_rows().filter(partner__in=Partner.objects.visible_to(request.actor)),
        columns=[
            Column(
                "partner",
                _("Partner"),
                value="partner.organization.name",
                kind="who",
                link=end_url,
                place="title",
                fixed=True,
            ),
            Column(
                "plan", _("Plan"), value=lambda row: names.get(row.plan_code, row.plan_code) or _("whichever counts")
            ),
            Column("rate_percent", _("Rate"), kind="percent", place="side"),
            Column("valid_from", _("From"), kind="day", sort="from"),
            Column("valid_until", _("Until"), kind="day"),
            Column("reason", _("Why")),
            Column("created_by", _("Agreed by"), value="created_by.name", shown=False),
            Column("created_at", _("Agreed"), kind="moment", shown=False),
        ],
        sorts={"from": Sort.by("valid_from")},
        default_sort="-from",
        views=[View(_("All"))],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("own-rates")
    context = {"page": page, "can_edit": may_end}
    return render(request, page.template("manage/deals/own_rate_list.html"), context)


def own_rate_address(row: OwnRate) -> str:
    """Where an agreement is ended: it has no number of its own, but partner, plan and first day name it."""
    args = [row.partner.code, row.plan_code or ANY, row.valid_from.isoformat()]
    return reverse("manage:deals:own_rate_end", args=args)


@_METHODS
@manage_page("deals.plan_edit")
def own_rate_create(request: HttpRequest) -> HttpResponse:
    """Agree a rate with a partner."""
    program = program_at(request.at)
    initial = {"partner": request.GET.get("partner", ""), "plan_code": request.GET.get("plan", "")}
    plans = incentive_terms(program.version).plans
    form = OwnRateForm(typed(request), plans=plans, today=program.today, initial=initial)

    def act(values: dict[str, Any]) -> str:
        partner = partner_named(request, values.pop("partner"))
        if partner is None:
            raise OwnRateRefused(
                "deals.own_rate.partner", _("No partner, or more than one, is called that."), {"field": "partner"}
            )
        row = set_own_rate(partner=partner, **values, by=request.actor, at=request.at)
        return _("%(rate)s agreed with %(partner)s.") % {
            "rate": percent_text(row.rate_percent),
            "partner": partner.organization.name,
        }

    return step(
        request,
        title=_("Agree a rate"),
        crumbs=[(_("Own rates"), reverse("manage:deals:own_rate_list"))],
        facts=[],
        form=form,
        act=act,
        text=_(
            "It replaces the rate of the plan for contracts signed from its first day on. Earlier ones keep theirs."
        ),
        put=_put,
    )


@_METHODS
@manage_page("deals.plan_edit")
def own_rate_end(request: HttpRequest, code: str, plan: str, since: str) -> HttpResponse:
    """Let an agreement end."""
    program = program_at(request.at)
    row = _find(request, code, plan, since)

    def act(values: dict[str, Any]) -> str:
        end_own_rate(own_rate=row, **values, by=request.actor, at=request.at)
        return _("The agreement ends on %(day)s.") % {"day": day_text(values["last_day"], program.today)}

    return step(
        request,
        title=_("End the agreement"),
        crumbs=[(_("Own rates"), reverse("manage:deals:own_rate_list"))],
        facts=[
            (_("Partner"), row.partner),
            (_("Rate"), percent_text(row.rate_percent)),
            (_("From"), day_text(row.valid_from, program.today)),
            (_("Why it was agreed"), row.reason),
        ],
        form=EndRateForm(typed(request), today=program.today),
        act=act,
        text=_("Contracts signed until then keep the rate. Before its first day it is given up altogether."),
        put=_put,
        tone="danger",
    )


def _put(form: forms.Form, refusal: Refused) -> None:
    field = refusal.field if isinstance(refusal, OwnRateRefused) else ""
    if field in form.fields:
        form.add_error(field, refusal.message)
    else:
        put_on_form(form, refusal)


def _find(request: HttpRequest, code: str, plan: str, since: str) -> OwnRate:
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise Http404 from None
    partners = Partner.objects.visible_to(request.actor).filter(code=code)
    row = own_rate_rows().filter(partner__in=partners, plan_code="" if plan == ANY else plan, valid_from=day).first()
    if row is None:
        raise Http404
    return row
