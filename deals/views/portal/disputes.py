"""A partner's disputes: the list, a new one on a line, and how it goes on."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions.disputes import open_dispute, withdraw_dispute
from deals.choices import CommissionStatus
from deals.documents.arithmetic import arithmetic
from deals.filters import OwnDisputeFilters
from deals.forms.disputes import DisputeForm
from deals.kinds import DISPUTE
from deals.models import Commission, Dispute
from deals.queries.disputes import adjusted_by, dispute_rows
from deals.queries.program import program_at
from deals.queries.registrations import desk_of, put_clocks_on
from deals.queries.timeline import happenings
from deals.rules.disputes import current_worth
from deals.rules.earning_states import DISPUTE as STATES
from deals.views.answers import done, put_on_form, status_of, version_in
from partners.queries.program import incentive_terms
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response


@require_safe
@portal_page("deals.earnings_view")
def dispute_list(request: HttpRequest) -> HttpResponse:
    """All disputes of the company, the latest first."""
    page = ListPage(
        request,
        dispute_rows(request.actor),
        columns=[
            Column(
                "commission",
                _("Line"),
                value="commission.title",
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("portal:deals:dispute_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("amount", _("Amount"), value="commission.amount", kind="money", currency="commission.currency"),
            Column("expected_amount", _("Expected"), kind="money", currency="commission.currency"),
            Column("status", _("State"), kind="state", place="side"),
            Column("clock", _("Answer"), value="status", template="portal/deals/cells/clock.html", exported=False),
            Column("added", _("Added"), value="adjustment.amount", kind="money", currency="commission.currency"),
            Column("opened_by", _("Opened by"), value="opened_by.name"),
            Column("opened_at", _("Opened"), kind="moment", sort="opened"),
        ],
        sorts={"opened": Sort.by("opened_at")},
        default_sort="-opened",
        filterset=OwnDisputeFilters,
        primary=("q",),
        views=[View(_("All")), View(_("Open"), {"status": ["open"]})],
    )
    if page.export:
        return page.export_response("disputes")
    put_clocks_on(page.objects, DISPUTE)
    return render(request, page.template("portal/deals/dispute_list.html"), {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("deals.dispute_create")
def dispute_create(request: HttpRequest, code: str) -> HttpResponse:
    """Say what is wrong with a line; it is held until that is settled."""
    line = get_object_or_404(
        Commission.objects.visible_to(request.actor).exclude(status=CommissionStatus.VOID), code=code
    )
    if request.method != "POST":
        return _form_page(request, line, DisputeForm(line=line))
    form = DisputeForm(request.POST, request.FILES, line=line)
    if not form.is_valid():
        return _form_page(request, line, form, status=422)
    try:
        dispute = open_dispute(commission=line, by=request.actor, at=request.at, **_typed(form))
    except Refused as refusal:
        put_on_form(form, refusal)
        return _form_page(request, line, form, status=status_of(refusal))
    return done(
        request,
        _("%(code)s is open. We answer within the time promised.") % {"code": dispute.code},
        reverse("portal:deals:dispute_detail", args=[dispute.code]),
    )


def _typed(form: DisputeForm) -> dict[str, Any]:
    return {name: form.cleaned_data.get(name) for name in ("reason", "expected_amount", "file")}


def _form_page(request: HttpRequest, line: Commission, form: DisputeForm, status: int = 200) -> HttpResponse:
    context = {
        "line": line,
        "form": form,
        "sum": arithmetic(line),
        "worth": current_worth(line.amount, adjusted_by(line)),
        "hours": incentive_terms(program_at(request.at).version).dispute_hours,
        "stops": line.status in (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE),
    }
    return render(request, "portal/deals/dispute_form.html", context, status=status)


@require_safe
@portal_page("deals.earnings_view")
def dispute_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Both sides of a dispute, who has it until when, and how it ended."""
    return _page(request, _mine(request, code))


def _mine(request: HttpRequest, code: str) -> Dispute:
    return get_object_or_404(dispute_rows(request.actor), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Dispute:
    """The dispute read anew, after somebody settled it."""
    return get_object_or_404(dispute_rows(request.actor), code=code)


def _page(request: HttpRequest, dispute: Dispute, *, status: int = 200, problem: str = "") -> HttpResponse:
    context = {
        "dispute": dispute,
        "line": dispute.commission,
        "sum": arithmetic(dispute.commission),
        "desk": desk_of(thing=dispute, kind=DISPUTE),
        "events": happenings([("deals.dispute", dispute.code)], request.actor),
        "can_withdraw": request.actor.can("deals.dispute_create") and STATES.allows(dispute.status, "withdraw"),
        "problem": problem,
    }
    return render(request, "portal/deals/dispute_detail.html", context, status=status)


@require_POST
@portal_page("deals.dispute_create")
def dispute_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take a dispute back; the line goes on as before."""
    dispute = _mine(request, code)
    try:
        withdraw_dispute(dispute=dispute, by=request.actor, at=request.at, version=version_in(request))
    except Refused as refusal:
        return _page(request, _as_it_is_now(request, code), status=status_of(refusal), problem=refusal.message)
    return done(request, _("%(code)s is withdrawn.") % {"code": code}, dispute_url(code))


def dispute_url(code: str) -> str:
    """The partner's page of a dispute."""
    return reverse("portal:deals:dispute_detail", args=[code])


@require_safe
@portal_page("deals.earnings_view")
def dispute_file(request: HttpRequest, code: str) -> HttpResponseBase:
    """The evidence that was sent with a dispute."""
    dispute = get_object_or_404(dispute_rows(request.actor).filter(file__isnull=False), code=code)
    return file_response(request, dispute.file)
