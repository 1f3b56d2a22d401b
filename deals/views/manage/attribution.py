"""Attribution of one deal: who did what, what that was judged to be, and what each credit model would give."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deals.actions import touches, verdicts
from deals.choices import OpportunityStatus
from deals.forms.attribution import DIRECT, OTHER, OverruleForm, StrikeForm, TouchForm
from deals.models import Opportunity, Touch, Verdict
from deals.page_charts import credit_chart
from deals.queries.attribution_page import desk_of_deal
from deals.queries.attribution_words import verdict_in_words
from deals.queries.people import may_decide
from deals.views.answers import done, put_on_form, status_of, version_in
from partners.models import Partner
from prm.core.access import manage_page
from prm.core.codes import read_code
from prm.core.refused import Refused
from prm.core.uploads import file_response

RIGHT = "deals.attribution_overrule"


def _rows(request: HttpRequest) -> QuerySet[Opportunity]:
    return Opportunity.objects.visible_to(request.actor).select_related(
        "account", "partner__organization", "registration", "referral"
    )


def _find(request: HttpRequest, code: str) -> Opportunity:
    return get_object_or_404(_rows(request), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Opportunity:
    """The row read anew, after somebody else may have changed it."""
    return get_object_or_404(_rows(request), code=code)


@require_safe
@manage_page("deals.registration_view")
def attribution_detail(request: HttpRequest, code: str) -> HttpResponse:
    """All touches of a deal, every partner's verdict with its checks, and the credit models side by side."""
    return _page(request, _find(request, code))


def _page(
    request: HttpRequest, deal: Opportunity, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    actor = request.actor
    desk = desk_of_deal(deal, actor, request.at)
    is_open = deal.status != OpportunityStatus.LOST
    mine = {part.partner.pk for part in desk.parts if may_decide(actor, part.partner.pk, request.at)}
    decides = actor.can(RIGHT) and is_open and (deal.partner_id is None or bool(mine))
    on_deal = [part.partner for part in desk.parts]
    context = {
        "opportunity": deal,
        "desk": desk,
        "chart": credit_chart(desk.credited, desk.models),
        "said": [(part, verdict_in_words(part.verdict, actor, part.groups)) for part in desk.parts],
        "decides": decides,
        "deciding": mine if actor.can(RIGHT) else set(),
        "forms": {
            "touch": TouchForm(partners=on_deal, prefix="touch"),
            "overrule": OverruleForm(partners=[each for each in on_deal if each.pk in mine], prefix="overrule"),
            "strike": StrikeForm(prefix="strike"),
        }
        | bound,
        "opened": next(iter(bound), ""),
        "problem": problem,
    }
    return render(request, "manage/deals/attribution_detail.html", context, status=status)


def _act(
    request: HttpRequest, deal: Opportunity, name: str, form: forms.Form, act: Callable[[dict], object], text: Any
) -> HttpResponse:
    if not form.is_valid():
        return _page(request, deal, status=422, **{name: form})
    try:
        act(form.cleaned_data)
    except Refused as refusal:
        put_on_form(form, refusal)
        problem = refusal.message if status_of(refusal) == 409 else ""
        now = _as_it_is_now(request, deal.code)
        return _page(request, now, status=status_of(refusal), problem=problem, **{name: form})
    return done(request, text, reverse("manage:deals:attribution_detail", args=[deal.code]))


def _partners_on(request: HttpRequest, deal: Opportunity) -> list[Partner]:
    """Who has a part in the deal: whom a form may name."""
    return [part.partner for part in desk_of_deal(deal, request.actor, request.at).parts]


@require_POST
@manage_page(RIGHT)
def attribution_record(request: HttpRequest, code: str) -> HttpResponse:
    """Write down what a partner or our own sales did."""
    deal = _find(request, code)
    form = TouchForm(request.POST, request.FILES, partners=_partners_on(request, deal), prefix="touch")

    def act(typed: dict[str, Any]) -> None:
        touches.record_touch(
            opportunity=deal,
            by=request.actor,
            at=request.at,
            partner=_partner_named(request, typed["side"], typed["other"]),
            **{name: typed[name] for name in ("kind", "occurred_on", "person", "evidence", "file", "is_material")},
        )

    return _act(request, deal, "touch", form, act, _("The touch is recorded."))


def _partner_named(request: HttpRequest, side: str, other: str) -> Partner | None:
    if side == DIRECT:
        return None
    wanted = Q(code=side)
    if side == OTHER:
        wanted = Q(organization__name__iexact=other.strip()) | Q(code=read_code(other) or "-")
    found = list(Partner.objects.visible_to(request.actor).select_related("organization").filter(wanted)[:2])
    if len(found) != 1:
        raise touches.TouchRefused("deals.touch.partner", _("No partner, or more than one, is called like that."))
    return found[0]


@require_POST
@manage_page(RIGHT)
def attribution_overrule(request: HttpRequest, code: str) -> HttpResponse:
    """Another verdict for one partner, with a reason; a deal that nobody judged yet is judged first."""
    deal = _find(request, code)
    form = OverruleForm(request.POST, partners=_partners_on(request, deal), prefix="overrule")

    def act(typed: dict[str, Any]) -> None:
        verdicts.judge_first(opportunity=deal, by=request.actor, at=request.at)
        current = Verdict.objects.visible_to(request.actor).current().select_related("partner__organization")
        verdict = current.get(opportunity=deal, partner__code=typed["partner"])
        shown = version_in(request)
        if shown and not deal.verdicts.filter(pk=shown, partner=verdict.partner_id, superseded_at=None).exists():
            raise verdicts.VerdictStaleRefused
        verdicts.overrule_verdict(
            verdict=verdict, kind=typed["kind"], reason=typed["reason"], by=request.actor, at=request.at
        )

    return _act(request, deal, "overrule", form, act, _("The verdict is overruled. The partner is told why."))


def _touch(request: HttpRequest, code: str) -> Touch:
    rows = Touch.objects.visible_to(request.actor).select_related("opportunity", "file")
    return get_object_or_404(rows, code=code)


@require_POST
@manage_page(RIGHT)
def touch_strike(request: HttpRequest, code: str) -> HttpResponse:
    """Take a touch out of account."""
    touch = _touch(request, code)
    form = StrikeForm(request.POST, prefix="strike")

    def act(typed: dict[str, Any]) -> None:
        touches.strike_touch(touch=touch, by=request.actor, at=request.at, reason=typed["reason"])

    deal = _find(request, touch.opportunity.code)
    return _act(request, deal, "strike", form, act, _("The touch is struck out."))


@require_POST
@manage_page(RIGHT)
def touch_mark(request: HttpRequest, code: str) -> HttpResponse:
    """Say that a touch mattered to the win, or take that back."""
    touch = _touch(request, code)

    def act(_typed: dict[str, Any]) -> None:
        touches.mark_material(
            touch=touch, by=request.actor, at=request.at, is_material=request.POST.get("is_material") == "yes"
        )

    deal = _find(request, touch.opportunity.code)
    return _act(request, deal, "mark", forms.Form(request.POST), act, _("What mattered is changed."))


@require_safe
@manage_page("deals.registration_view")
def touch_file(request: HttpRequest, code: str) -> HttpResponseBase:
    """The file that shows a touch."""
    touch = get_object_or_404(
        Touch.objects.visible_to(request.actor).select_related("file"), code=code, file__isnull=False
    )
    return file_response(request, touch.file)
