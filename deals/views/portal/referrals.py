"""A partner's referrals: the list, a new one, and how it goes on."""

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.referrals import submit_referral
from deals.filters import OwnReferralFilters
from deals.forms.referral import ReferralForm
from deals.kinds import REFERRAL
from deals.models import Referral
from deals.queries.attribution_page import own_part
from deals.queries.program import program_at
from deals.queries.registrations import desk_of, put_clocks_on
from deals.queries.timeline import timeline
from deals.views.answers import done, put_on_form, status_of
from partners.models import Partner
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.codes import new_code
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused

_SALT = "deals.referral"


@require_safe
@portal_page("deals.own_view")
def referral_list(request: HttpRequest) -> HttpResponse:
    """All referrals of the company, the latest first."""
    page = ListPage(
        request,
        Referral.objects.visible_to(request.actor).select_related("created_by"),
        columns=[
            Column(
                "customer_name",
                _("Customer"),
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("portal:deals:referral_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("amount", _("Estimated amount"), kind="money", currency="currency"),
            Column("status", _("State"), kind="state", place="side"),
            Column("clock", _("Decision"), value="status", template="portal/deals/cells/clock.html", exported=False),
            Column("created_by", _("Referred by"), value="created_by.name"),
            Column("submitted_at", _("Sent"), kind="moment", sort="submitted"),
            Column("qualified_on", _("Qualified"), kind="day"),
        ],
        sorts={"submitted": Sort.by("submitted_at")},
        default_sort="-submitted",
        filterset=OwnReferralFilters,
        primary=("q",),
        views=[
            View(_("All")),
            View(_("Open"), {"status": ["submitted", "accepted", "qualified"]}),
            View(_("Qualified"), {"status": ["qualified", "won"]}),
        ],
    )
    if page.export:
        return page.export_response("referrals")
    put_clocks_on(page.objects, REFERRAL)
    context = {"page": page, "can_refer": request.actor.can("deals.referral_create"), "tab": "referrals"}
    return render(request, page.template("portal/deals/referral_list.html"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("deals.referral_create")
def referral_new(request: HttpRequest) -> HttpResponse:
    """Hand a lead over; open to every tier."""
    partner = get_object_or_404(Partner.objects.visible_to(request.actor), pk=request.actor.organization_id)
    program = program_at(request.at)
    if request.method != "POST":
        return _form_page(request, ReferralForm(currency=program.currency))
    form = ReferralForm(request.POST, currency=program.currency)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        referral = submit_referral(
            partner=partner, by=request.actor, at=request.at, values=form.cleaned_data, code=_code_in(request)
        )
    except Refused as refusal:
        put_on_form(form, refusal)
        return _form_page(request, form, status=status_of(refusal))
    return done(
        request,
        _("%(code)s is sent. Thank you.") % {"code": referral.code},
        reverse("portal:deals:referral_detail", args=[referral.code]),
    )


def _code_in(request: HttpRequest) -> str:
    """The number the form was given when it was opened: sent twice, it makes one referral."""
    try:
        code, organization_id = signing.loads(request.POST.get("draft", ""), salt=_SALT, max_age=7 * 86400)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return code if organization_id == request.actor.organization_id else ""


def _form_page(request: HttpRequest, form: ReferralForm, status: int = 200) -> HttpResponse:
    token = request.POST.get("draft") or signing.dumps([new_code("RF"), request.actor.organization_id], salt=_SALT)
    program = program_at(request.at)
    context = {"form": form, "token": token, "hours": program.terms.referral_sla_hours}
    return render(request, "portal/deals/referral_form.html", context, status=status)


@require_safe
@portal_page("deals.own_view")
def referral_detail(request: HttpRequest, code: str) -> HttpResponse:
    """How a referral goes on."""
    referral = get_object_or_404(
        Referral.objects.visible_to(request.actor).select_related("created_by", "decided_by", "product", "opportunity"),
        code=code,
    )
    opportunity = getattr(referral, "opportunity", None)
    context = {
        "referral": referral,
        "opportunity": opportunity,
        "part": own_part(opportunity, request.actor, request.at) if opportunity else None,
        "desk": desk_of(thing=referral, kind=REFERRAL),
        "events": timeline(thing=referral, actor=request.actor),
    }
    return render(request, "portal/deals/referral_detail.html", context)
