"""Who held which account when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deals.filters import ClaimFilters
from deals.models import Claim
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View


@require_safe
@manage_page("deals.registration_view")
def claim_list(request: HttpRequest) -> HttpResponse:
    """All claims, the latest first."""
    page = ListPage(
        request,
        Claim.objects.visible_to(request.actor).select_related("partner__organization", "registration"),
        columns=[
            Column(
                "account_key",
                _("Account"),
                value=lambda row: row.account_key[2:],
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("manage:deals:claim_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="partner.organization.name", kind="who"),
            Column("basis", _("Claimed by"), value="get_basis_display"),
            Column("registration", _("Registration"), value="registration.code"),
            Column("started_at", _("Taken"), kind="moment", sort="started", place="side"),
            Column("until", _("Until"), value=lambda row: row.ended_at or row.period.upper, kind="moment"),
            Column("ended_because", _("Ended because"), value="get_ended_because_display"),
        ],
        sorts={"started": Sort.by("started_at")},
        default_sort="-started",
        filterset=ClaimFilters,
        primary=("q", "partner"),
        views=[View(_("All")), View(_("Running"), {"ended": "false"}), View(_("Ended"), {"ended": "true"})],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("claims")
    context = {"page": page, "tab": "claims"}
    return render(request, page.template("manage/deals/claim_list.html"), context)


@require_safe
@manage_page("deals.registration_view")
def claim_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One claim in the history of its account: everybody who held it, and how it changed hands."""
    claim = get_object_or_404(
        Claim.objects.visible_to(request.actor).select_related("partner__organization", "registration"), code=code
    )
    history = (
        Claim.objects.visible_to(request.actor)
        .filter(account_key=claim.account_key)
        .select_related("partner__organization", "registration", "transferred_from__partner__organization")
        .order_by("-started_at", "-pk")
    )
    return render(request, "manage/deals/claim_detail.html", {"claim": claim, "history": history[:200]})
