"""A partner's payouts with the lines behind them, and where it is paid."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.payout_details import DetailsStaleRefused, current_details, save_payout_details
from deals.forms.payouts import PayoutDetailsForm
from deals.models import PayoutDetails
from deals.queries.payouts import lines_of, own_payouts, problem_of
from deals.queries.program import program_at
from deals.rules.payouts import tax_form_valid_until
from deals.views.answers import done, put_on_form
from partners.models import Partner
from prm.core.access import portal_page
from prm.core.accounts import fresh_sign_in
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort
from prm.core.refused import Refused
from prm.core.uploads import UploadRefused


@require_safe
@portal_page("deals.earnings_view")
def payout_list(request: HttpRequest) -> HttpResponseBase:
    """What was paid and what is on its way, the latest first."""
    page = ListPage(
        request,
        own_payouts(request.actor),
        columns=[
            Column(
                "code",
                _("Payout"),
                link=lambda row: reverse("portal:deals:payout_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("amount", _("Amount"), kind="money", currency="currency"),
            Column("status", _("State"), kind="state", value="status", place="side"),
            Column("lines_count", _("Lines"), kind="number"),
            Column("account", _("To"), value=lambda row: row.details.account_mask.replace(" ", "\u00a0")),
            Column("sent_at", _("Approved"), kind="moment", sort="sent"),
            Column("paid_on", _("Paid on"), kind="day"),
        ],
        sorts={"sent": Sort.by("run__approved_at")},
        default_sort="-sent",
    )
    if page.export:
        return page.export_response("payouts")
    problem = ""
    if request.actor.can("deals.payout_details_edit"):
        problem = _problem(request)
    return render(request, page.template("portal/deals/payout_list.html"), {"page": page, "problem": problem})


def _problem(request: HttpRequest) -> str:
    partner = _partner(request)
    return problem_of(partner, current_details(partner), program_at(request.at).today, includes_ended=True)


def _partner(request: HttpRequest) -> Partner:
    rows = Partner.objects.visible_to(request.actor).select_related("organization")
    return get_object_or_404(rows, pk=request.actor.organization_id)


@require_safe
@portal_page("deals.earnings_view")
def payout_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One payout and every line in it."""
    item = get_object_or_404(own_payouts(request.actor), code=code)
    lines = lines_of([item]).get(item.pk, [])
    context = {"item": item, "lines": lines, "may_edit": request.actor.can("deals.payout_details_edit")}
    return render(request, "portal/deals/payout_detail.html", context)


@require_safe
@portal_page("deals.payout_details_edit")
def payout_details(request: HttpRequest) -> HttpResponse:
    """Where the company is paid and which tax form is on file, masked; and what is missing before it can be paid."""
    details = (
        PayoutDetails.objects.visible_to(request.actor)
        .filter(superseded_at=None)
        .select_related("tax_form_file", "created_by")
        .first()
    )
    context = {
        "details": details,
        "valid_until": tax_form_valid_until(details.tax_form, details.tax_form_signed_on) if details else None,
        "problem": _problem(request),
        "earlier": PayoutDetails.objects.visible_to(request.actor)
        .exclude(superseded_at=None)
        .select_related("created_by")
        .order_by("-created_at")[:10],
    }
    return render(request, "portal/deals/payout_details.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("deals.payout_details_edit")
@fresh_sign_in
@sensitive_variables("form")
def payout_details_edit(request: HttpRequest) -> HttpResponse:
    """Enter or replace the details, after a fresh proof of who one is."""
    partner = _partner(request)
    details = current_details(partner)
    if request.method != "POST":
        form = PayoutDetailsForm(details=details, email=request.actor.email)
        return render(request, "portal/deals/payout_details_edit.html", {"form": form, "details": details})
    form = PayoutDetailsForm(request.POST, request.FILES, details=details, email=request.actor.email)
    status = 422
    if form.is_valid():
        try:
            save_payout_details(
                partner=partner,
                by=request.actor,
                at=request.at,
                values=form.typed(),
                tax_form_file=form.cleaned_data["tax_form_file"],
                replaces=form.cleaned_data["replaces"],
            )
        except UploadRefused as refusal:
            form.add_error("tax_form_file", refusal.message)
        except DetailsStaleRefused as refusal:
            form.add_error(None, refusal.message)
            status = 409
        except Refused as refusal:
            put_on_form(form, refusal)
        else:
            return done(request, _("Your payout details are saved."), reverse("portal:deals:payout_details"))
    context = {"form": form, "details": details}
    return render(request, "portal/deals/payout_details_edit.html", context, status=status)
