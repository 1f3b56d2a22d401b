"""What is done to a payout run and to one payout of it: each a small page with a form, and then back."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from deals.actions import payout_items, payout_runs
from deals.actions.payout_items import NotAllowedRefused, Result
from deals.choices import PayoutItemStatus
from deals.forms.payouts import FailureForm, NothingForm, PaidForm, ReasonForm, ReportForm
from deals.models import PayoutItem, PayoutRun
from deals.queries.payouts import (
    standing,
)
from deals.queries.program import program_at
from deals.views.answers import done, put_on_form, status_of, version_in
from deals.views.manage.payouts import find_item, find_run
from prm.core.access import manage_page
from prm.core.csv_import import CellError, CsvFile, CsvRefused, Field, Limits, day_cell
from prm.core.refused import Refused

_METHODS = require_http_methods(["GET", "HEAD", "POST"])
REPORT_FIELDS = (
    Field("reference", required=True, aliases=("payout", "end_to_end_id", "endtoendid")),
    Field("paid_on", aliases=("date", "booked_on")),
    Field("reason", aliases=("failure", "return_reason")),
)
REPORT_LIMITS = Limits(bytes=2_000_000, rows=5_000)


def _step(
    request: HttpRequest,
    *,
    title: Any,
    back: str,
    about: PayoutRun | PayoutItem,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Any],
    version: int | None = None,
    amount: Decimal | None = None,
    text: str = "",
    tone: str = "",
) -> HttpResponse:
    """One step. GET is a small page of its own; a refused POST shows it again with the reason and what was typed."""
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                said = act(form.cleaned_data)
            except NotAllowedRefused as refusal:
                raise PermissionDenied from refusal
            except Refused as refusal:
                put_on_form(form, refusal)
                status = status_of(refusal)
            else:
                return done(request, said, back)
        else:
            status = 422
    context = {
        "title": title,
        "back": back,
        "about": about,
        "form": form,
        "version": version,
        "amount": _amount_of(about) if amount is None else amount,
        "text": text,
        "tone": tone,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "manage/deals/payout_step.html", context, status=status)


def _amount_of(about: PayoutRun | PayoutItem) -> Decimal:
    return about.amount if isinstance(about, PayoutItem) else about.total_amount


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _of_run(run: PayoutRun) -> str:
    return reverse("manage:deals:payout_run_detail", args=[run.code])


@_METHODS
@manage_page("deals.payout_approve")
def payout_run_approve(request: HttpRequest, code: str) -> HttpResponse:
    """The second person's yes."""
    run = find_run(request, code)

    def act(_typed: dict[str, Any]) -> str:
        payout_runs.approve_run(run=run, by=request.actor, at=request.at, version=version_in(request))
        return _("%(code)s is approved. The payouts are being prepared.") % {"code": run.code}

    return _step(
        request,
        title=_("Approve the run"),
        back=_of_run(run),
        about=run,
        form=NothingForm(_data(request)),
        act=act,
        version=run.version,
        text=_("The worker books each payout as leaving and writes the files for the bank."),
    )


@_METHODS
@manage_page("deals.payout_approve")
def payout_run_cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Give a run up before it is approved."""
    run = find_run(request, code)

    def act(typed: dict[str, Any]) -> str:
        payout_runs.cancel_run(run=run, by=request.actor, at=request.at, reason=typed["reason"])
        return _("%(code)s is cancelled. Its lines are free again.") % {"code": run.code}

    return _step(
        request,
        title=_("Cancel the run"),
        back=_of_run(run),
        about=run,
        form=ReasonForm(_data(request)),
        act=act,
        tone="danger",
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_run_renew(request: HttpRequest, code: str) -> HttpResponse:
    """Replace a waiting run by one of what is payable now."""
    run = find_run(request, code)

    def act(_typed: dict[str, Any]) -> str:
        again = payout_runs.prepare_again(run=run, by=request.actor, at=request.at)
        return _("%(new)s replaces %(old)s and waits for its approval.") % {"new": again.code, "old": run.code}

    return _step(
        request,
        title=_("Prepare it again"),
        back=reverse("manage:deals:payout_run_list"),
        about=run,
        form=NothingForm(_data(request)),
        act=act,
        text=_("This run is cancelled, and a new one takes what is payable until today."),
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_run_confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Everything on its way arrived on a day."""
    run = find_run(request, code)
    today = program_at(request.at).today

    def act(typed: dict[str, Any]) -> str:
        paid = payout_items.confirm_paid(run=run, by=request.actor, at=request.at, paid_on=typed["paid_on"])
        return _paid_text(len(paid))

    now = standing(run)
    text = ngettext(
        "%(count)s payout on its way is booked as paid, and its partner gets the remittance.",
        "All %(count)s payouts on their way are booked as paid, and the partners get their remittances.",
        now.ready,
    ) % {"count": now.ready}
    return _step(
        request,
        title=_("Confirm as paid"),
        back=_of_run(run),
        about=run,
        form=PaidForm(_data(request), initial={"paid_on": today}),
        act=act,
        amount=now.amount(PayoutItemStatus.READY),
        text=text,
    )


def _paid_text(count: int) -> str:
    return ngettext("%(count)s payout is booked as paid.", "%(count)s payouts are booked as paid.", count) % {
        "count": count
    }


@_METHODS
@manage_page("deals.payout_request")
def payout_run_retry(request: HttpRequest, code: str) -> HttpResponse:
    """Send everything again that failed."""
    run = find_run(request, code)

    def act(_typed: dict[str, Any]) -> str:
        return _retried_text(payout_items.retry_items(run=run, by=request.actor, at=request.at))

    return _step(
        request,
        title=_("Send the failed ones again"),
        back=_of_run(run),
        about=run,
        form=NothingForm(_data(request)),
        act=act,
        text=_("They go to the accounts that count now, with a new attempt number, in a file of their own."),
    )


def _retried_text(retried: payout_items.Retried) -> str:
    text = ngettext("%(count)s payout is sent again.", "%(count)s payouts are sent again.", len(retried.sent)) % {
        "count": len(retried.sent)
    }
    if retried.stuck:
        still = ngettext("%(count)s still can’t leave.", "%(count)s still can’t leave.", len(retried.stuck))
        text = f"{text} {still % {'count': len(retried.stuck)}}"
    return text


@_METHODS
@manage_page("deals.payout_request")
def payout_run_write(request: HttpRequest, code: str) -> HttpResponse:
    """Write the files that a worker could not write."""
    run = find_run(request, code)

    def act(_typed: dict[str, Any]) -> str:
        made = payout_runs.write_payout_files(run=run, by=request.actor, at=request.at)
        return ngettext("%(count)s file is written.", "%(count)s files are written.", len(made)) % {"count": len(made)}

    return _step(
        request,
        title=_("Write the files"),
        back=_of_run(run),
        about=run,
        form=NothingForm(_data(request)),
        act=act,
        text=_("Payouts that are ready and in no file yet are written into one."),
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_run_report(request: HttpRequest, code: str) -> HttpResponse:
    """What the bank did, as a file."""
    run = find_run(request, code)
    form = ReportForm(_data(request), request.FILES or None)
    recorded, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                results, unread = _results(form.cleaned_data["file"])
                recorded = payout_items.record_results(run=run, by=request.actor, at=request.at, results=results)
            except Refused as refusal:
                form.add_error("file", refusal.message)
            else:
                status = 200
                problems = [*unread, *recorded.refused]
                context = {"run": run, "recorded": recorded, "problems": problems}
                return render(request, "manage/deals/payout_run_reported.html", context)
    context = {"run": run, "form": form}
    return render(request, "manage/deals/payout_run_report.html", context, status=status)


def _results(file: Any) -> tuple[list[Result], list[tuple[str, str]]]:
    """The lines of a report, and those that say neither a day nor a reason, or both."""
    results, unread = [], []
    for row in CsvFile(file, REPORT_FIELDS, limits=REPORT_LIMITS):
        if row.problem:
            unread.append((_("line %(line)s") % {"line": row.line}, str(row.problem)))
            continue
        reference = row.cells.get("reference", "").strip()
        try:
            results.append(_result(reference, row.cells))
        except CellError as error:
            unread.append((reference or _("line %(line)s") % {"line": row.line}, str(error)))
    if not results and not unread:
        raise CsvRefused("core.csv.empty", _("This file has no lines."))
    return results, unread


def _result(reference: str, cells: dict[str, str]) -> Result:
    paid_on, reason = cells.get("paid_on", "").strip(), cells.get("reason", "").strip()
    if not reference or bool(paid_on) == bool(reason):
        raise CellError(_("A line needs a reference, and a day or a reason."))
    day: date | None = day_cell(paid_on) if paid_on else None
    return Result(reference, day, reason)


def _of_item(item: PayoutItem) -> str:
    return reverse("manage:deals:payout_detail", args=[item.code])


@_METHODS
@manage_page("deals.payout_request")
def payout_confirm(request: HttpRequest, code: str) -> HttpResponse:
    """This payout arrived on a day."""
    item = find_item(request, code)

    def act(typed: dict[str, Any]) -> str:
        payout_items.confirm_paid(
            run=item.run, by=request.actor, at=request.at, paid_on=typed["paid_on"], codes=[item.code]
        )
        return _paid_text(1)

    return _step(
        request,
        title=_("Confirm as paid"),
        back=_of_item(item),
        about=item,
        form=PaidForm(_data(request), initial={"paid_on": program_at(request.at).today}),
        act=act,
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_fail(request: HttpRequest, code: str) -> HttpResponse:
    """The bank returned this payout."""
    item = find_item(request, code)

    def act(typed: dict[str, Any]) -> str:
        payout_items.fail_item(
            item=item, by=request.actor, at=request.at, failure=typed["reason"], version=version_in(request)
        )
        return _("%(code)s is recorded as failed.") % {"code": item.code}

    return _step(
        request,
        title=_("Report a failure"),
        back=_of_item(item),
        about=item,
        form=FailureForm(_data(request)),
        act=act,
        version=item.version,
        tone="danger",
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_retry(request: HttpRequest, code: str) -> HttpResponse:
    """Send this payout again."""
    item = find_item(request, code)

    def act(_typed: dict[str, Any]) -> str:
        return _retried_text(payout_items.retry_items(run=item.run, by=request.actor, at=request.at, codes=[item.code]))

    return _step(
        request,
        title=_("Send it again"),
        back=_of_item(item),
        about=item,
        form=NothingForm(_data(request)),
        act=act,
        text=_("It goes to the account that counts now, with a new attempt number, in a file of its own."),
    )


@_METHODS
@manage_page("deals.payout_request")
def payout_release(request: HttpRequest, code: str) -> HttpResponse:
    """Take this payout out of its run."""
    item = find_item(request, code)

    def act(typed: dict[str, Any]) -> str:
        payout_items.release_item(
            item=item, by=request.actor, at=request.at, reason=typed["reason"], version=version_in(request)
        )
        return _("%(code)s is taken out. Its lines are payable again.") % {"code": item.code}

    return _step(
        request,
        title=gettext_lazy("Take it out of the run"),
        back=_of_item(item),
        about=item,
        form=ReasonForm(_data(request)),
        act=act,
        version=item.version,
        tone="danger",
    )
