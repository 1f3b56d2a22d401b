"""The ledger: transactions with their entries, balances that add up to zero, and closing the books."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.ledger import close_books, closed_until
from deals.forms.incentive_filters import LedgerFilters
from deals.forms.ledger import CloseForm
from deals.models import LedgerTransaction
from deals.queries.ledger import account_balances, closes, ledger_rows
from deals.queries.program import program_at
from deals.queries.reconciliation import standings
from deals.views.manage.steps import step, typed
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.figures import day_text, money_text
from prm.core.lists import ListPage, Sort, View


@require_safe
@manage_page("deals.ledger_view")
def ledger_list(request: HttpRequest) -> HttpResponseBase:
    """Every fact in the books, the latest first, with the balances of what is shown."""
    page = ListPage(
        request,
        ledger_rows(request.actor),
        columns=[
            Column("code", _("Number"), note="memo", note_label=_("For"), place="title", fixed=True),
            Column("kind", _("Fact"), value="get_kind_display"),
            Column("partner", _("Partner"), value=_partners, kind="who"),
            Column("entries", _("Entries"), value=_sides_text, draw=_sides),
            Column("posted_on", _("Posted"), kind="day", sort="posted"),
            Column("by", _("By"), shown=False),
            Column("source_key", _("Key"), shown=False),
            Column("created_at", _("Recorded"), kind="moment", shown=False),
        ],
        sorts={"posted": Sort.by("posted_on")},
        default_sort="-posted",
        filterset=LedgerFilters,
        primary=("q", "partner"),
        views=[
            View(_("All")),
            View(_("Reversals"), {"kind": ["reversal"]}),
            View(_("Payments"), {"kind": ["payment"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("ledger")
    rows = page.filtered  # reads the filters, which tell whether any is in use
    context = {
        "page": page,
        "balances": account_balances(rows if page.is_filtered else None),
        "closes": closes(),
        "proof": _proof(request),
        "can_close": request.actor.can("deals.payout_request"),
    }
    return render(request, page.template("manage/deals/ledger_list.html"), context)


def _proof(request: HttpRequest) -> dict[str, Any]:
    """Whether the books were proved, and how many invariants do not hold."""
    rows = standings(request.actor)
    proofs = [row.proof for row in rows if row.proof is not None]
    return {
        "broken": sum(not proof.holds for proof in proofs),
        "unproved": len(rows) - len(proofs),
        "at": min((proof.proved_at for proof in proofs), default=None),
        "count": len(rows),
    }


def _partners(row: Any) -> str:
    """Whose the entries are; a fact is about one partner."""
    return ", ".join(dict.fromkeys(str(entry.partner) for entry in row.sides))


def _sides(row: LedgerTransaction | Any) -> SafeString:
    """Debits and credits by account."""
    sums: dict[tuple[str, str], Any] = {}
    for entry in row.sides:
        key = entry.get_account_display(), entry.currency
        sums[key] = sums.get(key, 0) + entry.amount
    return format_html_join(
        SafeString("<br>"),
        '{} <span class="num nowrap">{}</span>',
        ((account, money_text(amount, currency, exact=True)) for (account, currency), amount in sums.items()),
    )


def _sides_text(row: LedgerTransaction | Any) -> str:
    """The same for an export."""
    return "; ".join(f"{entry.account} {entry.amount:f} {entry.currency}" for entry in row.sides)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("deals.payout_request")
def ledger_close(request: HttpRequest) -> HttpResponse:
    """Close the books up to a day."""
    today, before = program_at(request.at).today, closed_until()

    def act(values: dict[str, Any]) -> str:
        close_books(until=values["until"], by=request.actor, at=request.at)
        return _("The books are closed up to %(day)s.") % {"day": day_text(values["until"], today)}

    month_end = today.replace(day=1) - timedelta(days=1)
    return step(
        request,
        title=_("Close the books"),
        crumbs=[(_("Ledger"), reverse("manage:deals:ledger_list"))],
        facts=[(_("Closed so far"), day_text(before, today) if before else _("nothing"))],
        form=CloseForm(typed(request), until=month_end),
        act=act,
        text=_("What becomes known later about a closed day is posted on the first open one."),
        tone="danger",
    )
