"""The overview of incentives: what may still have to be paid, what comes when, and what waits for somebody."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from deals.choices import CommissionStatus
from deals.documents.incentive_charts import coming_chart, months_chart
from deals.queries import earnings
from deals.queries.incentives import Currency, largest_shares, overview
from deals.queries.program import program_at
from deals.queries.spiff_page import running, standing
from partners.queries.program import incentive_terms
from partners.rules.incentive_terms import IncentiveTerms
from prm.core.access import manage_page
from prm.core.figures import money_text, percent_text
from prm.core.money import CURRENCY_DIGITS
from prm.core.wording import Said

FIGURES: dict[str, str | Promise] = {
    "accrued": gettext_lazy("Accrued"),
    "payable": gettext_lazy("Payable"),
    "clearing": gettext_lazy("In a payout"),
    "at_risk": gettext_lazy("At risk of clawback"),
}
_ROWS = {name: {"account": name} for name in ("accrued", "payable", "clearing")} | {"at_risk": {"at_risk": "true"}}


@require_safe
@manage_page("deals.commission_view")
def incentive_overview(request: HttpRequest) -> HttpResponse:
    """Exposure, what comes, the last months, disputes and runs that wait, and budgets of SPIFFs."""
    program = program_at(request.at)
    found = overview(request.actor, program)
    context = {
        "found": found,
        "currencies": [_drawn(each, program.today) for each in found.currencies],
        "spiffs": [(each, standing(each, program.today)) for each in running(request.actor, program.today)],
        "today": program.today,
    }
    return render(request, "manage/deals/incentive_overview.html", context)


def _drawn(each: Currency, today: Any) -> dict[str, Any]:
    """A currency with its tiles and charts."""
    return {
        "of": each,
        "tiles": [
            {
                "label": FIGURES[name],
                "amount": getattr(each.exposure, name),
                "note": _notes()[name],
                "rows": rows_url(name, each.currency),
                "why": _why(name, each.currency),
            }
            for name in FIGURES
        ],
        "coming": coming_chart(each.weeks, each.currency),
        "months": months_chart(each.months, each.currency, today),
        "waiting_url": _list(status=CommissionStatus.ACCRUED.value, waiting="true", currency=each.currency),
        "earned": sum((month.earned for month in each.months), Decimal(0)),
        "clawed_back": sum((month.clawed_back for month in each.months), Decimal(0)),
        "paid": sum((month.paid for month in each.months), Decimal(0)),
    }


def _why(figure: str, currency: str) -> str:
    return f"{reverse('manage:deals:incentive_why')}?{urlencode({'figure': figure, 'currency': currency})}"


def rows_url(figure: str, currency: str) -> str:
    """The lines behind a figure."""
    return _list(**_ROWS[figure], currency=currency)


def _list(**filters: str) -> str:
    return f"{reverse('manage:deals:commission_list')}?{urlencode(filters)}"


def _notes() -> dict[str, str]:
    return {
        "accrued": _("earned, waits for the customer or the holdback"),
        "payable": _("due, in the next runs"),
        "clearing": _("on its way to partners"),
        "at_risk": _("would come back if every customer within the window left today"),
    }


@require_safe
@manage_page("deals.commission_view")
def incentive_why(request: HttpRequest) -> HttpResponse:
    """What a figure is, whose it is, and the terms it follows."""
    program = program_at(request.at)
    name, currency = request.GET.get("figure", "accrued"), request.GET.get("currency", program.currency)
    if name not in FIGURES or currency not in CURRENCY_DIGITS:
        raise Http404
    exposure = earnings.exposure(on=program.today).get(currency)
    amount = getattr(exposure, name) if exposure else Decimal(0)
    if name == "at_risk":
        lines = _bands(incentive_terms(program.version))
    else:
        shares = largest_shares(name, currency, request.actor)
        lines = [Said(each.name, money_text(each.amount, currency, exact=True), "", False, "") for each in shares]
        rest = amount - sum((each.amount for each in shares), Decimal(0))
        if rest:
            lines.append(Said(_("All others"), money_text(rest, currency, exact=True), "", False, ""))
    lines.append(Said(str(FIGURES[name]), money_text(amount, currency, exact=True), _notes()[name], True, ""))
    context = {
        "heading": f"{FIGURES[name]}, {currency}",
        "figure": money_text(amount, currency, exact=True),
        "lines": lines,
        "terms": program.version.name,
        "as_of": program.today,
        "rows": rows_url(name, currency),
    }
    return render(request, "manage/deals/incentive_why.html", context)


def _bands(terms: IncentiveTerms) -> list[Said]:
    """The clawback bands in words; each line counts under the terms that it was signed by."""
    found, since = [], 0
    for band in terms.clawback:
        span = _("Day %(from)s to %(to)s of the contract") % {"from": since, "to": band.before_day - 1}
        if band.share_percent is not None:
            found.append(Said(span, percent_text(band.share_percent), _("of what is left of a line"), False, ""))
        else:
            found.append(Said(span, f"({band.before_day} − d) ÷ {band.before_day}", _("falls to nothing"), False, ""))
        since = band.before_day
    return found
