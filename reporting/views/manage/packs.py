"""QBR packs: the list, ordering one or all that are due, progress while the worker makes them, and the file."""

import django_filters as filters
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from partners.models import Partner
from partners.queries.program import program_today
from prm.core.access import manage_page
from prm.core.business_time import last_complete_quarter, quarter_of
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response
from reporting.actions import packs as actions
from reporting.choices import PackState, PackVersion
from reporting.forms import OrderPackForm
from reporting.models import QbrPack
from reporting.queries.terms import terms_at


class PackFilter(filters.FilterSet):
    """What a list of packs can be narrowed by."""

    q = filters.CharFilter(
        field_name="partner__organization__name", lookup_expr="icontains", label=gettext_lazy("Partner")
    )
    version = filters.ChoiceFilter(choices=PackVersion.choices, label=gettext_lazy("Version"))
    state = filters.ChoiceFilter(choices=PackState.choices, label=gettext_lazy("State"))

    class Meta:
        model = QbrPack
        fields = ["q", "version", "state"]


def _columns(fiscal: int) -> list[Column]:
    return [
        Column(
            "partner",
            gettext_lazy("Partner"),
            value="partner.organization.name",
            kind="who",
            link=_page,
            sort="partner",
            place="title",
            fixed=True,
        ),
        Column(
            "quarter",
            gettext_lazy("Quarter"),
            value=lambda pack: quarter_of(pack.quarter_start, fiscal).label,
            sort="quarter",
        ),
        Column("version", gettext_lazy("Version"), value="get_version_display"),
        Column("state", gettext_lazy("State"), value="state", kind="state", place="side"),
        Column("ordered", gettext_lazy("Ordered"), value="ordered_at", kind="moment", sort="ordered"),
        Column("ready", gettext_lazy("Ready"), value="ready_at", kind="moment"),
        Column(
            "file", gettext_lazy("File"), template="manage/reporting/pack_cell.html", place="actions", exported=False
        ),
    ]


SORTS = {
    "partner": Sort.by("partner__sort_name"),
    "quarter": Sort.by("quarter_start"),
    "ordered": Sort.by("ordered_at"),
}


def _page(pack: QbrPack) -> str:
    return reverse("manage:reporting:pack_detail", args=[pack.code])


def _packs(request: HttpRequest) -> QuerySet[QbrPack]:
    return QbrPack.objects.visible_to(request.actor).select_related("partner__organization", "file")


@require_safe
@manage_page("reporting.pack_view")
def pack_list(request: HttpRequest) -> HttpResponse:
    """All packs, the newest order first."""
    terms = terms_at(request.at)
    page = ListPage(
        request,
        _packs(request),
        columns=_columns(terms.fiscal_start_month),
        sorts=SORTS,
        default_sort="-ordered",
        filterset=PackFilter,
        primary=("q", "version", "state"),
        views=[
            View(gettext_lazy("All")),
            View(gettext_lazy("In the making"), {"state": PackState.QUEUED}),
            View(gettext_lazy("Failed"), {"state": PackState.FAILED}),
        ],
        size=25,
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("qbr-packs")
    waiting = _packs(request).filter(state=PackState.QUEUED).count()
    context = {
        "page": page,
        "waiting": waiting,
        "quarter": last_complete_quarter(terms.today, terms.fiscal_start_month),
        "form": _order_form(request),
    }
    if request.htmx and request.htmx.target == "pack-progress":
        return render(request, "manage/reporting/pack_list.html#progress", context)
    return render(request, page.template("manage/reporting/pack_list.html"), context)


def _order_form(request: HttpRequest, data: object = None) -> OrderPackForm:
    partners = Partner.objects.visible_to(request.actor).active().select_related("organization").order_by("sort_name")
    return OrderPackForm(data, partners=partners)


@require_safe
@manage_page("reporting.pack_view")
def pack_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One pack: what it covers, how far it is, and the file. While it is made the state asks again by itself."""
    pack = get_object_or_404(_packs(request).select_related("ordered_by"), code=code)
    context = {"pack": pack, "fiscal": terms_at(request.at).fiscal_start_month}
    if request.htmx and request.htmx.target == "pack-state":
        return render(request, "manage/reporting/pack_detail.html#state", context)
    return render(request, "manage/reporting/pack_detail.html", context)


@require_safe
@manage_page("reporting.pack_view")
def pack_file(request: HttpRequest, code: str) -> HttpResponse:
    """The PDF as a download."""
    pack = get_object_or_404(_packs(request), code=code)
    if pack.state != PackState.READY or pack.file is None:
        raise Http404
    return file_response(request, pack.file)


@require_POST
@manage_page("reporting.pack_create")
def pack_order(request: HttpRequest) -> HttpResponse:
    """Order one pack for the last complete quarter."""
    form = _order_form(request, request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a partner and a version."))
        return redirect("manage:reporting:pack_list")
    try:
        pack = actions.order_pack(
            partner=form.cleaned_data["partner"],
            quarter=actions.reviewed_quarter(program_today(request.at)),
            version=form.cleaned_data["version"],
            by=request.actor,
            at=request.at,
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("manage:reporting:pack_list")
    messages.success(request, _("The pack is ordered. It is ready in a moment."))
    return redirect("manage:reporting:pack_detail", code=pack.code)


@require_POST
@manage_page("reporting.pack_create")
def pack_order_due(request: HttpRequest) -> HttpResponse:
    """Order both versions for every partner whose review is due and that has none yet."""
    ordered = actions.order_due_packs(on=program_today(request.at), by=request.actor, at=request.at)
    if ordered:
        text = ngettext("%(count)s pack is ordered.", "%(count)s packs are ordered.", len(ordered))
        messages.success(request, text % {"count": len(ordered)})
    else:
        messages.info(request, _("Every partner whose review is due has its packs already."))
    return redirect("manage:reporting:pack_list")
