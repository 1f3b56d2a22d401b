"""Search, for both audiences: one page, which the field in the shell also asks for while somebody types."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from prm.core.access import manage_page, portal_page
from prm.core.refs import url_for
from reporting.queries.search import SHORTEST, Found, search
from reporting.views.manage.partner import reverse_or_empty

LABELS = {
    "partner": (_("Partners"), "building-community"),
    "account": (_("Accounts"), "building"),
    "registration": (_("Registrations"), "clipboard-list"),
    "referral": (_("Referrals"), "share"),
    "opportunity": (_("Opportunities"), "affiliate"),
}
PAGE_MOST = 25


@require_safe
@manage_page("reporting.today_view")
def manage_search(request: HttpRequest) -> HttpResponse:
    """Search over everything that staff may see."""
    return _answer(request, "manage/reporting/search.html")


@require_safe
@portal_page("reporting.home_view")
def portal_search(request: HttpRequest) -> HttpResponse:
    """Search over one's own company's deals."""
    return _answer(request, "portal/reporting/search.html")


def _answer(request: HttpRequest, template: str) -> HttpResponse:
    text = " ".join(request.GET.get("q", "").split())
    lazy = bool(request.htmx and request.htmx.target == "search-pop")
    found = search(request.actor, text, most=5 if lazy else PAGE_MOST)
    context = {
        "q": text,
        "too_short": len(text) < SHORTEST,
        "groups": [_group(each, request) for each in found],
        "lazy": lazy,
    }
    return render(request, f"{template}#found" if lazy else template, context)


def _group(found: Found, request: HttpRequest) -> dict[str, Any]:
    label, icon = LABELS[found.kind]
    lines = [_line(found.kind, row, request) for row in found.rows]
    return {"label": label, "icon": icon, "lines": lines, "more": found.more}


def _line(kind: str, row: Any, request: HttpRequest) -> dict[str, Any]:
    vendor = request.actor.is_vendor
    if kind == "partner":
        note = " · ".join(filter(None, [row.get_type_display(), str(row.tier or ""), row.territory]))
        return {"title": row.name, "note": note, "url": reverse_or_empty("manage:reporting:partner_detail", row.code)}
    if kind == "account":
        listed = reverse_or_empty("manage:deals:opportunity_list")
        url = f"{listed}?{urlencode({'q': row.name})}" if listed else ""
        return {"title": row.name, "note": row.domain or row.country, "url": url, "code": row.code}
    whose = row.partner.organization.name if vendor and row.partner_id else ""
    if kind == "opportunity":
        title = row.account.name if row.account_id else row.code
        registration = row.registration
        url = _page(row, request) or (_page(registration, request) if registration else "")
        note = " · ".join(filter(None, [row.code, whose]))
        return {"title": title, "note": note, "url": url, "state": row.status, "state_label": row.get_status_display()}
    note = " · ".join(filter(None, [row.code, whose]))
    return {
        "title": row.customer_name or row.code,
        "note": note,
        "url": _page(row, request),
        "state": row.status,
        "state_label": row.get_status_display(),
    }


def _page(row: Any, request: HttpRequest) -> str:
    try:
        return url_for(row.ref, request.actor.audience)
    except NoReverseMatch:
        return ""
