"""Partners' bank and tax details: masks at a glance, in full one by one and with an audit line for each look."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions.payout_details import open_tax_form, reveal_payout_details
from deals.models import PayoutDetails
from deals.queries.payouts import is_new_account, on_file
from deals.queries.program import program_at
from deals.queries.timeline import happenings
from deals.rules.payouts import tax_form_valid_until
from prm.core.access import manage_page
from prm.core.accounts import recent_sign_in, recent_sign_in_for_file
from prm.core.refused import Refused
from prm.core.uploads import file_response


@require_safe
@manage_page("deals.payout_details_view")
def payout_details_list(request: HttpRequest) -> HttpResponse:
    """Who can be paid, and what is missing from whom."""
    rows = on_file(program_at(request.at))
    context = {"rows": rows, "missing": sum(bool(row.problem) for row in rows)}
    return render(request, "manage/deals/payout_details_list.html", context)


def _find(request: HttpRequest, code: str) -> PayoutDetails:
    rows = PayoutDetails.objects.visible_to(request.actor)
    return get_object_or_404(rows.select_related("partner__organization", "tax_form_file", "created_by"), code=code)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("deals.payout_details_view")
@recent_sign_in
@sensitive_variables("full")
def payout_details_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One partner's details in masks; the button on the page shows everything once and writes down that it did."""
    details = _find(request, code)
    full, problem, status = None, "", 200
    if request.method == "POST":
        try:
            full = reveal_payout_details(details=details, by=request.actor, at=request.at)
        except Refused as refusal:
            problem, status = refusal.message, 503
    context = {
        "details": details,
        "full": full,
        "problem": problem,
        "valid_until": tax_form_valid_until(details.tax_form, details.tax_form_signed_on),
        "is_new": is_new_account(details, request.at),
        "events": happenings([("deals.payout_details", details.code)], request.actor),
        "earlier": PayoutDetails.objects.visible_to(request.actor)
        .filter(partner_id=details.partner_id)
        .exclude(pk=details.pk)
        .order_by("-created_at")[:20],
    }
    response = render(request, "manage/deals/payout_details_detail.html", context, status=status)
    add_never_cache_headers(response)
    return response


@require_POST
@manage_page("deals.payout_details_view")
@recent_sign_in_for_file("manage:deals:payout_details_detail", "code")
def payout_details_form(request: HttpRequest, code: str) -> HttpResponseBase:
    """The tax form as it was uploaded; each download is written into the audit log."""
    details = _find(request, code)
    try:
        return file_response(request, open_tax_form(details=details, by=request.actor, at=request.at))
    except Refused as refusal:
        return render(request, "manage/deals/payout_sealed.html", {"problem": refusal.message}, status=503)
