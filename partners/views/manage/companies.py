"""Partner companies: the list, a new one, and what staff keep about one."""

import django_filters as filters
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.actions import partners as actions
from partners.choices import HealthBand, LifecycleStage, PartnerStatus, PartnerType
from partners.forms import NewPartnerForm, OwnerForm, PartnerForm, StageForm, StatusForm
from partners.models import Partner, Tier
from partners.queries.companies import owners, partner_list, territories
from partners.queries.program import latest_version
from partners.views.answers import attempt, first_error
from prm.core.access import manage_page
from prm.core.cells import Column, page_of
from prm.core.lists import ListPage, Sort, View
from prm.core.templatetags.prm import state

PAGE = "manage:reporting:partner_detail"


def _tiers(request: HttpRequest | None) -> object:
    return Tier.objects.select_related("track").order_by("track__name", "rank")


def _territories(request: HttpRequest | None) -> list[tuple[str, str]]:
    return [(name, name) for name in territories(request.actor)] if request else []


class PartnerFilter(filters.FilterSet):
    """What the list can be narrowed by."""

    q = filters.CharFilter(field_name="sort_name", lookup_expr="icontains", label=gettext_lazy("Company"))
    mine = filters.ChoiceFilter(
        method="narrow_to_portfolio", label=gettext_lazy("Portfolio"),
        choices=[("me", gettext_lazy("Mine")), ("nobody", gettext_lazy("Nobody's"))],
    )  # fmt: skip
    owner = filters.ModelChoiceFilter(queryset=lambda request: owners(), label=gettext_lazy("Manager"))
    type = filters.ChoiceFilter(choices=PartnerType.choices, label=gettext_lazy("Type"))
    tier = filters.ModelChoiceFilter(queryset=_tiers, label=gettext_lazy("Tier"))
    health_band = filters.ChoiceFilter(choices=HealthBand.choices, label=gettext_lazy("Health"))
    status = filters.ChoiceFilter(choices=PartnerStatus.choices, label=gettext_lazy("Status"))
    stage = filters.ChoiceFilter(choices=LifecycleStage.choices, label=gettext_lazy("Stage"))
    territory = filters.CharFilter(lookup_expr="iexact", label=gettext_lazy("Territory"))
    at_risk = filters.BooleanFilter(field_name="tier_at_risk", label=gettext_lazy("Tier at risk"))
    review_on = filters.DateFromToRangeFilter(label=gettext_lazy("Review"))

    class Meta:
        model = Partner
        fields: list[str] = []

    def narrow_to_portfolio(self, queryset: object, name: str, value: str) -> object:
        """Own partners, or those of the pool."""
        if value == "me":
            return queryset.filter(owner_id=self.request.actor.user_id)
        return queryset.filter(owner=None)


def _columns(currency: str) -> list[Column]:
    return [
        Column("name", gettext_lazy("Company"), value="organization.name", kind="who", link=page_of(PAGE), sort="name",
               place="title", fixed=True),
        Column("type", gettext_lazy("Type"), value="get_type_display"),
        Column("tier", gettext_lazy("Tier"), value="tier.name", note=_toward, note_label=gettext_lazy("Progress"),
               sort="progress"),
        Column("health", gettext_lazy("Health"), value="health_score", draw=_health, sort="health", place="side"),
        Column("revenue", gettext_lazy("Revenue, 12 months"), value="revenue_t12m", kind="money", currency=currency,
               sort="revenue"),
        Column("arr", gettext_lazy("Sourced ARR, 12 months"), value="sourced_arr_t12m", kind="money",
               currency=currency, sort="arr", shown=False),
        Column("growth", gettext_lazy("Growth"), value="revenue_growth_percent", kind="percent", shown=False),
        Column("owner", gettext_lazy("Manager"), value="owner.name"),
        Column("territory", gettext_lazy("Territory"), sort="territory"),
        Column("stage", gettext_lazy("Stage"), value="get_stage_display", shown=False),
        Column("status", gettext_lazy("Status"), value="status", kind="state", shown=False),
        Column("review", gettext_lazy("Tier review"), value="review_on", kind="day", sort="review"),
        Column("referrals", gettext_lazy("Qualified referrals"), value="qualified_referrals_t12m", kind="number",
               shown=False),
        Column("integrations", gettext_lazy("Live integrations"), value="live_integrations", kind="number",
               shown=False),
        Column("co_sold", gettext_lazy("Co-sold deals, 12 months"), value="co_sold_deals_t12m", kind="number",
               shown=False),
        Column("certified", gettext_lazy("Certified people"), value="certified_people", kind="number", shown=False),
        Column("since", gettext_lazy("Partner since"), value="partner_since", kind="day", shown=False),
        Column("code", gettext_lazy("Code"), value="code", shown=False),
    ]  # fmt: skip


def _health(partner: Partner) -> SafeString:
    band = HealthBand(partner.health_band).label  # the model would translate all bands for each row
    if partner.health_score is None:
        return format_html('<span class="sub">{}</span>', band)
    return format_html(
        '<span class="row-x tight nowrap"><span class="num strong">{}</span>{}</span>',
        partner.health_score, state(partner.health_band, band),
    )  # fmt: skip


def _toward(partner: Partner) -> str:
    if partner.next_tier is None or partner.tier_progress_percent is None:
        return ""
    return _("%(percent)s %% to %(tier)s") % {"percent": partner.tier_progress_percent, "tier": partner.next_tier.name}


SORTS = {
    "name": Sort.by("sort_name"),
    "health": Sort.by("health_score", nullable=["health_score"]),
    "revenue": Sort.by("revenue_t12m"),
    "arr": Sort.by("sourced_arr_t12m"),
    "progress": Sort.by("tier_progress_percent", nullable=["tier_progress_percent"]),
    "review": Sort.by("review_on", nullable=["review_on"]),
    "territory": Sort.by("territory", "sort_name"),
}


@require_safe
@manage_page("partners.partner_view")
def partner_list_page(request: HttpRequest) -> HttpResponse:
    """All partners, or one's own, with what the last night found."""
    version = latest_version()
    page = ListPage(
        request,
        partner_list(request.actor),
        columns=_columns(version.currency if version else ""),
        sorts=SORTS,
        default_sort="name",
        filterset=PartnerFilter,
        primary=("q", "mine", "tier", "health_band"),
        views=[
            View(gettext_lazy("All")),
            View(gettext_lazy("Mine"), {"mine": "me"}),
            View(gettext_lazy("Tier at risk"), {"at_risk": "true"}),
            View(gettext_lazy("Without an owner"), {"mine": "nobody"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("partners")
    context = {"page": page, "can_edit": request.actor.can("partners.partner_edit")}
    return render(request, page.template("manage/partners/partner_list.html"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.partner_edit")
def partner_create(request: HttpRequest) -> HttpResponse:
    """A new partner; who creates it owns it unless another manager is chosen."""
    own = request.actor.user_id if request.actor.role == "partner_manager" else None
    initial = {"owner": own, "time_zone": request.organization.time_zone, "locale": request.organization.locale}
    form = NewPartnerForm(request.POST or None, owners=owners(), initial=initial)
    if request.method == "POST" and form.is_valid():
        made: list[Partner] = []
        values = {**form.cleaned_data}
        if attempt(
            request,
            lambda: made.append(actions.create_partner(**values, by=request.actor, at=request.at)),
            _("The partner is created. Its tier follows with the next calculation."),
            form,
        ):
            return redirect(PAGE, made[0].code)
    return render(request, "manage/partners/partner_create.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.partner_edit")
def partner_edit(request: HttpRequest, code: str) -> HttpResponse:
    """What staff keep about a partner. When somebody saved in between, both values are shown and nothing is lost."""
    partner = _partner(request, code)
    form = PartnerForm(request.POST or None, initial=PartnerForm.initial_of(partner))
    stale: actions.StaleEdit | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if attempt(request, lambda: _save(request, partner, form), _("The changes are saved."), form):
                return redirect(PAGE, partner.code)
        except actions.StaleEdit as refusal:
            stale = refusal
    return _edit_page(request, partner, form, stale)


def _save(request: HttpRequest, partner: Partner, form: PartnerForm) -> None:
    version = request.POST.get("version", "")
    actions.edit_partner(
        partner=partner,
        version=int(version) if version.isascii() and version.isdecimal() else 0,
        changes=form.cleaned_data,
        by=request.actor,
        at=request.at,
    )


def _edit_page(
    request: HttpRequest, partner: Partner, form: PartnerForm, stale: actions.StaleEdit | None, status: int = 200
) -> HttpResponse:
    context = {
        "partner": partner,
        "form": form,
        "version": stale.version if stale else partner.version,
        "stale": stale,
        "conflicts": conflict_rows(form, stale),
        "owner_form": OwnerForm(owners=owners(), initial={"owner": partner.owner_id}),
        "stage_form": StageForm(initial={"stage": partner.stage}),
        "status_form": StatusForm(partner=partner),
    }
    code = 409 if stale else 422 if form.errors else status
    return render(request, "manage/partners/partner_edit.html", context, status=code)


def conflict_rows(form: PartnerForm, stale: actions.StaleEdit | None) -> list[dict[str, object]]:
    """Both values of each field, in words."""
    if stale is None:
        return []
    return [
        {"label": form.fields[each.field].label, "left": _said(form, each.field, each.theirs),
         "right": _said(form, each.field, each.yours), "how": "near"}
        for each in stale.conflicts
    ]  # fmt: skip


def _said(form: PartnerForm, name: str, value: object) -> str:
    choices = dict(getattr(form.fields[name], "choices", ()))
    return str(choices.get(value, value) or "")


@require_POST
@manage_page("partners.partner_edit")
def partner_owner(request: HttpRequest, code: str) -> HttpResponse:
    """Give the partner to a manager."""
    partner = _partner(request, code)
    form = OwnerForm(request.POST, owners=owners())
    if form.is_valid():
        owner = form.cleaned_data["owner"]
        attempt(
            request,
            lambda: actions.assign_owner(partner=partner, owner=owner, by=request.actor, at=request.at),
            _("The partner has its manager; open work went along."),
        )
    return redirect("manage:partners:partner_edit", partner.code)


@require_POST
@manage_page("partners.partner_edit")
def partner_stage(request: HttpRequest, code: str) -> HttpResponse:
    """Move the partner to another stage."""
    partner = _partner(request, code)
    form = StageForm(request.POST)
    if form.is_valid():
        attempt(
            request,
            lambda: actions.change_stage(partner=partner, **form.cleaned_data, by=request.actor, at=request.at),
            _("The stage is changed."),
        )
    return redirect("manage:partners:partner_edit", partner.code)


@require_POST
@manage_page("partners.partner_edit")
def partner_status(request: HttpRequest, code: str) -> HttpResponse:
    """Activate, suspend or end the partnership."""
    partner = _partner(request, code)
    form = StatusForm(request.POST, partner=partner)
    if form.is_valid():
        attempt(
            request,
            lambda: actions.change_status(partner=partner, **form.cleaned_data, by=request.actor, at=request.at),
            _("The status is changed."),
        )
    else:
        messages.error(request, first_error(form))
    return redirect("manage:partners:partner_edit", partner.code)


def _partner(request: HttpRequest, code: str) -> Partner:
    return get_object_or_404(partner_list(request.actor), code=code)
