"""What the nights did, and running one by hand."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.queries.program import program_today
from prm.core.access import manage_page
from prm.core.refused import Refused
from reporting.actions import night
from reporting.actions.night_steps import STEPS
from reporting.forms import AsOfForm
from reporting.queries.jobs import jobs


@require_safe
@manage_page("core.jobs_view")
def job_list(request: HttpRequest) -> HttpResponse:
    """Ran, took, changed, skipped: by date and step."""
    return render(request, "manage/reporting/job_list.html", _context(request, AsOfForm()))


def _context(request: HttpRequest, form: AsOfForm) -> dict:
    before = _day(request.GET.get("before", ""))
    yesterday = program_today(request.at) - timedelta(days=1)
    return {
        "view": jobs(request.actor, at=request.at, before=before),
        "labels": {night.NIGHT: _("Whole night"), **{step.job: step.label for step in STEPS}},
        "form": form,
        "yesterday": yesterday,
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_POST
@manage_page("core.jobs_run")
def job_run(request: HttpRequest) -> HttpResponse:
    """Compute the rows of one date by hand; the mark of the last night stays where it is."""
    form = AsOfForm(request.POST, latest=program_today(request.at) - timedelta(days=1))
    if form.is_valid():
        on = form.cleaned_data["on"]
        try:
            went_well = night.run_as_of(on=on, now=timezone.now, by=request.actor)
        except Refused as refusal:
            form.add_error("on", forms.ValidationError(refusal.message))
        else:
            if went_well:
                messages.success(request, _("The night of %(day)s was run by hand.") % {"day": on})
            else:
                messages.error(request, _("The night of %(day)s stopped at a step that failed.") % {"day": on})
            return redirect("manage:reporting:job_list")
    return render(request, "manage/reporting/job_list.html", _context(request, form), status=422)


@require_POST
@manage_page("core.jobs_run")
def job_resume(request: HttpRequest) -> HttpResponse:
    """Say after which date the clock goes on, when too many nights were missed."""
    form = AsOfForm(request.POST, latest=program_today(request.at) - timedelta(days=1))
    if form.is_valid():
        try:
            night.resume_after(on=form.cleaned_data["on"], by=request.actor, at=request.at)
        except Refused as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("The next night is the one after %(day)s.") % {"day": form.cleaned_data["on"]})
    else:
        messages.error(request, _("Choose a day that has ended."))
    return redirect("manage:reporting:job_list")
