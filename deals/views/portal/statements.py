"""A company's monthly statements: the list, one month, and its two files."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deals.documents.statement_words import statement_sums
from deals.models import Statement
from deals.queries.statements import own_statements
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort
from prm.core.uploads import file_response


def statement_columns(url_name: str, *, with_partner: bool = False) -> list[Column]:
    """The columns of a list of statements, for either audience."""
    partner = [Column("partner", _("Partner"), value="partner.organization.name", kind="who")] if with_partner else []
    return [
        Column(
            "month",
            _("Month"),
            value=lambda row: date_format(row.month, "F Y"),
            note="code",
            note_label=_("Number"),
            link=lambda row: reverse(url_name, args=[row.code]),
            sort="month",
            place="title",
            fixed=True,
        ),
        *partner,
        Column("opening", _("At the start"), value=_figure("opening"), kind="money", currency="currency"),
        Column("closing", _("At the end"), value=_figure("closing"), kind="money", currency="currency", place="side"),
        Column("currency", _("Currency"), shown=False),
        Column("ready_at", _("Ready"), kind="moment"),
    ]


def _figure(name: str) -> Callable[[Statement], Any]:
    return lambda row: row.totals.get(name)


@require_safe
@portal_page("deals.earnings_view")
def statement_list(request: HttpRequest) -> HttpResponse:
    """Every month that was stated, the latest first."""
    page = ListPage(
        request,
        own_statements(request.actor).filter(ready_at__isnull=False),
        columns=statement_columns("portal:deals:statement_detail"),
        sorts={"month": Sort.by("month")},
        default_sort="-month",
    )
    if page.export:
        return page.export_response("statements")
    return render(request, page.template("portal/deals/statement_list.html"), {"page": page})


def _mine(request: HttpRequest, code: str) -> Statement:
    return get_object_or_404(own_statements(request.actor).filter(ready_at__isnull=False), code=code)


@require_safe
@portal_page("deals.earnings_view")
def statement_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The account of a month, and its files."""
    statement = _mine(request, code)
    context = {"statement": statement, "sums": statement_sums(statement)}
    return render(request, "portal/deals/statement_detail.html", context)


@require_safe
@portal_page("deals.earnings_view")
def statement_pdf(request: HttpRequest, code: str) -> HttpResponseBase:
    """The statement on paper."""
    return file_response(request, _mine(request, code).pdf)


@require_safe
@portal_page("deals.earnings_view")
def statement_csv(request: HttpRequest, code: str) -> HttpResponseBase:
    """Every line of it as a table."""
    return file_response(request, _mine(request, code).csv)
