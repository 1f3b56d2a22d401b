"""The QBR packs that the vendor shared with the company."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from prm.core.access import portal_page
from prm.core.uploads import file_response
from reporting.models import QbrAction, QbrPack
from reporting.queries.terms import terms_at

PACKS_SHOWN = 24


def _shared(request: HttpRequest) -> QuerySet[QbrPack]:
    return QbrPack.objects.visible_to(request.actor).select_related("file").order_by("-quarter_start")


def _fiscal(request: HttpRequest) -> dict:
    return {"fiscal": terms_at(request.at).fiscal_start_month}


@require_safe
@portal_page("reporting.own_pack_view")
def pack_list(request: HttpRequest) -> HttpResponse:
    """The shared packs and what was agreed in the reviews."""
    actions = QbrAction.objects.visible_to(request.actor).open().order_by("due_on", "pk")[:PACKS_SHOWN]
    context = {"packs": _shared(request)[:PACKS_SHOWN], "actions": actions, **_fiscal(request)}
    return render(request, "portal/reporting/pack_list.html", context)


@require_safe
@portal_page("reporting.own_pack_view")
def pack_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One shared pack: what it covers, and the file."""
    pack = get_object_or_404(_shared(request), code=code)
    context = {"pack": pack, **_fiscal(request)}
    return render(request, "portal/reporting/pack_detail.html", context)


@require_safe
@portal_page("reporting.own_pack_view")
def pack_file(request: HttpRequest, code: str) -> HttpResponse:
    """The PDF as a download."""
    pack = get_object_or_404(_shared(request), code=code)
    if pack.file is None:
        raise Http404
    return file_response(request, pack.file)
