"""A partner's own part in a deal: what it did, what that was judged to be, and adding what is missing."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deals.actions import touches
from deals.forms.attribution import OwnTouchForm
from deals.models import Opportunity, Touch, Verdict
from deals.queries.attribution import deals_with_part
from deals.queries.attribution_page import own_part
from deals.queries.attribution_words import verdict_in_words
from deals.views.answers import done, put_on_form, status_of
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response


@require_safe
@portal_page("deals.own_view")
def attribution_list(request: HttpRequest) -> HttpResponse:
    """Every deal in which the company has a part, those of others it helped with included."""
    page = ListPage(
        request,
        Verdict.objects.visible_to(request.actor).current().select_related("opportunity__account"),
        columns=[
            Column(
                "customer",
                _("Customer"),
                value=lambda row: row.opportunity.account.name if row.opportunity.account else _("Unknown"),
                link=lambda row: reverse("portal:deals:attribution_detail", args=[row.opportunity.code]),
                note="opportunity.code",
                note_label=_("Number"),
                place="title",
                fixed=True,
            ),
            Column("kind", _("Your part"), kind="state", place="side"),
            Column("factor_percent", _("Part of your rate"), kind="percent"),
            Column("credit", _("Share of revenue"), value="credit_percent", kind="percent"),
            Column("result", _("Deal"), value="opportunity.get_status_display"),
            Column("won_on", _("Won on"), value="opportunity.won_on", kind="day"),
            Column("judged_at", _("Judged"), kind="moment", sort="judged"),
        ],
        sorts={"judged": Sort.by("judged_at")},
        default_sort="-judged",
        views=[View(_("All"))],
    )
    if page.export:
        return page.export_response("parts-in-deals")
    return render(request, page.template("portal/deals/attribution_list.html"), {"page": page, "tab": "parts"})


def _find(request: HttpRequest, code: str) -> Opportunity:
    rows = deals_with_part(request.actor).select_related("account", "registration", "referral")
    return get_object_or_404(rows, code=code)


@require_safe
@portal_page("deals.own_view")
def attribution_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One's own verdict with its checks, and one's own touches."""
    return _page(request, _find(request, code))


def _page(
    request: HttpRequest, deal: Opportunity, form: OwnTouchForm | None = None, *, status: int = 200
) -> HttpResponse:
    part = own_part(deal, request.actor, request.at)
    context = {
        "opportunity": deal,
        "is_own": deal.partner_id == request.actor.organization_id,
        "part": part,
        "said": verdict_in_words(part.verdict, request.actor, part.groups) if part.verdict else [],
        "form": (form or OwnTouchForm(prefix="touch")) if part.may_add or form else None,
    }
    return render(request, "portal/deals/attribution_detail.html", context, status=status)


@require_POST
@portal_page("deals.registration_create")
def attribution_record(request: HttpRequest, code: str) -> HttpResponse:
    """Add something the company did. Whose it is and what it is worth is not for the form to say."""
    deal = _find(request, code)
    form = OwnTouchForm(request.POST, request.FILES, prefix="touch")
    if not form.is_valid():
        return _page(request, deal, form, status=422)
    try:
        touches.record_touch(opportunity=deal, by=request.actor, at=request.at, **form.cleaned_data)
    except Refused as refusal:
        put_on_form(form, refusal)
        return _page(request, deal, form, status=status_of(refusal))
    return done(request, _("Thank you, this is recorded."), reverse("portal:deals:attribution_detail", args=[code]))


@require_safe
@portal_page("deals.own_view")
def touch_file(request: HttpRequest, code: str) -> HttpResponseBase:
    """The file of one's own touch."""
    touch = get_object_or_404(
        Touch.objects.visible_to(request.actor).select_related("file"), code=code, file__isnull=False
    )
    return file_response(request, touch.file)
