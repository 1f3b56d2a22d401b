"""Partners' statements as the vendor opens them; a failed one is tried again from here."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deals.actions.statements import order_again
from deals.documents.statement_words import statement_sums
from deals.filters import StatementFilters
from deals.models import Statement
from deals.queries.statements import own_statements
from deals.views.answers import done, status_of
from deals.views.portal.statements import statement_columns
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.uploads import file_response


@require_safe
@manage_page("deals.commission_view")
def statement_list(request: HttpRequest) -> HttpResponse:
    """Statements of all partners, the latest month first."""
    page = ListPage(
        request,
        own_statements(request.actor),
        columns=[
            *statement_columns("manage:deals:statement_detail", with_partner=True),
            Column("failure", _("Failed because")),
        ],
        sorts={"month": Sort.by("month")},
        default_sort="-month",
        filterset=StatementFilters,
        primary=("partner",),
        views=[View(_("All")), View(_("Failed"), {"failed": "true"}), View(_("Waiting"), {"waiting": "true"})],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("statements")
    return render(request, page.template("manage/deals/statement_list.html"), {"page": page})


def _find(request: HttpRequest, code: str) -> Statement:
    return get_object_or_404(own_statements(request.actor), code=code)


@require_safe
@manage_page("deals.commission_view")
def statement_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One statement with its files and their hashes."""
    return _page(request, _find(request, code))


def _page(request: HttpRequest, statement: Statement, *, status: int = 200, problem: str = "") -> HttpResponse:
    context = {
        "statement": statement,
        "sums": statement_sums(statement),
        "may_order": bool(statement.failure) and request.actor.can("deals.ledger_view"),
        "problem": problem,
    }
    return render(request, "manage/deals/statement_detail.html", context, status=status)


@require_POST
@manage_page("deals.ledger_view")
def statement_order(request: HttpRequest, code: str) -> HttpResponse:
    """Try a failed statement again."""
    try:
        order_again(statement=_find(request, code), by=request.actor, at=request.at)
    except Refused as refusal:
        return _page(request, _find(request, code), status=status_of(refusal), problem=refusal.message)
    return done(
        request, _("%(code)s is ordered again.") % {"code": code}, reverse("manage:deals:statement_detail", args=[code])
    )


@require_safe
@manage_page("deals.commission_view")
def statement_pdf(request: HttpRequest, code: str) -> HttpResponseBase:
    """The statement on paper, as the partner has it."""
    return file_response(request, get_object_or_404(own_statements(request.actor), code=code, pdf__isnull=False).pdf)


@require_safe
@manage_page("deals.commission_view")
def statement_csv(request: HttpRequest, code: str) -> HttpResponseBase:
    """Every line of it as a table."""
    return file_response(request, get_object_or_404(own_statements(request.actor), code=code, csv__isnull=False).csv)
