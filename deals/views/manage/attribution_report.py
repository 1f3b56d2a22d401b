"""Sourced, influenced and partner-involved revenue against target: the report, the reasons, and the deals behind it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from deals.filters import FIGURES, PERIODS, AttributionFilters
from deals.models import Opportunity, Verdict
from deals.page_charts import attribution_chart
from deals.queries import attribution
from deals.queries.attribution import Figures, Period, Report, period_named
from deals.queries.program import Program, program_at
from partners.models import Partner, Tier
from partners.queries.program import calendar_terms
from partners.rules.attribution_terms import PercentRange
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.codes import read_code
from prm.core.exports import export_response
from prm.core.figures import money_text, percent_text
from prm.core.lists import ListPage, Sort, View
from prm.core.wording import Said

SIZE = 50
BY = {
    "partner": gettext_lazy("By partner"),
    "tier": gettext_lazy("By tier"),
    "quarter": gettext_lazy("By quarter"),
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything it does not know is ignored."""

    by: str
    period_name: str
    period: Period
    partner: Partner | None
    tier: Tier | None
    page: int

    def query(self, **changes: Any) -> str:
        """The address's parameters with some changed; what is left at its default is not said."""
        values: dict[str, Any] = {
            "by": "" if self.by == "partner" else self.by,
            "period": "" if self.period_name == "12m" else self.period_name,
            "partner": self.partner.code if self.partner else "",
            "tier": self.tier.pk if self.tier else "",
        } | changes
        kept = {name: value for name, value in values.items() if value not in ("", None)}
        return f"?{urlencode(kept)}" if kept else "?"


def _asked(request: HttpRequest, program: Program) -> Asked:
    name = request.GET.get("period", "")
    period_name = name if name in PERIODS else "12m"
    partner = tier = None
    if code := read_code(request.GET.get("partner", "")):
        partners = Partner.objects.visible_to(request.actor).select_related("organization")
        partner = partners.filter(code=code).first()
    number = request.GET.get("tier", "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        tier = attribution.tier_numbered(int(number))
    page = request.GET.get("page", "")
    by = request.GET.get("by", "")
    return Asked(
        by=by if by in BY else "partner",
        period_name=period_name,
        period=period_named(period_name, program.today, calendar_terms(program.version).fiscal_start_month),
        partner=partner,
        tier=tier,
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 and int(page) else 1,
    )


def _report(asked: Asked, program: Program, *, size: int | None = SIZE) -> Report:
    return attribution.report(
        asked.period,
        by=asked.by,
        at_version=program.version,
        partner_id=asked.partner.pk if asked.partner else None,
        tier_id=asked.tier.pk if asked.tier else None,
        first=(asked.page - 1) * SIZE if size else 0,
        size=size,
    )


@require_safe
@manage_page("reporting.insights_view")
def attribution_report(request: HttpRequest) -> HttpResponseBase:
    """The three figures of a period against their targets, by partner, tier or quarter."""
    program = program_at(request.at)
    asked = _asked(request, program)
    can_export = request.actor.can("reporting.export")
    if can_export and request.GET.get("export") in ("csv", "xlsx"):
        found = _report(asked, program, size=None)
        return export_response(
            rows=[_exported(row) for row in (*found.rows, found.total)],
            filename=f"attribution-{asked.by}-{asked.period.start}-{asked.period.end}",
            format="xlsx" if request.GET["export"] == "xlsx" else "csv",
            columns=[str(label) for label in _HEADS],
        )
    found = _report(asked, program)
    pages = max(-(-found.count // SIZE), 1)
    context = {
        "report": found,
        "asked": asked,
        "rows": [(row, _deals_url(asked, row), _narrowed(asked, row)) for row in found.rows],
        "chart": attribution_chart(found.rows, found.currency, by=asked.by),
        "tiles": _tiles(found, asked),
        "tabs": [
            {"label": label, "url": asked.query(by="" if by == "partner" else by), "active": by == asked.by}
            for by, label in BY.items()
        ],
        "periods": [
            {"label": label, "url": asked.query(period="" if name == "12m" else name), "name": name}
            for name, label in PERIODS.items()
        ],
        "before": asked.query(page=asked.page - 1) if asked.page > 1 else "",
        "after": asked.query(page=asked.page + 1) if asked.page < pages else "",
        "pages": pages,
        "all_url": asked.query(partner="", tier=""),
        "csv_url": asked.query(export="csv") if can_export else "",
        "xlsx_url": asked.query(export="xlsx") if can_export else "",
        "left_out_url": f"{reverse('manage:deals:attribution_deals')}{asked.query(by='', figure='left_out')}",
    }
    return render(request, "manage/deals/attribution_report.html", context)


_HEADS = (
    gettext_lazy("Key"),
    gettext_lazy("Name"),
    gettext_lazy("Total revenue"),
    gettext_lazy("Sourced"),
    gettext_lazy("Sourced %"),
    gettext_lazy("Influenced"),
    gettext_lazy("Influenced at reporting credit"),
    gettext_lazy("Involved"),
    gettext_lazy("Involved %"),
    gettext_lazy("Sourced deals"),
    gettext_lazy("Influenced deals"),
    gettext_lazy("Involved deals"),
)


def _exported(row: Figures) -> tuple[Any, ...]:
    return (
        row.key,
        row.label or (_("No tier") if row.key else _("All")),
        row.revenue,
        row.sourced,
        row.sourced_percent,
        row.influenced,
        row.reported,
        row.involved,
        row.involved_percent,
        row.sourced_deals,
        row.influenced_deals,
        row.involved_deals,
    )


@dataclass(frozen=True)
class Tile:
    """One of the figures at the top, with where its deals and its reasons are."""

    label: str
    amount: Decimal
    percent: Decimal | None
    target: str
    delta: Decimal | None
    note: str
    href: str
    why_url: str


def _tiles(found: Report, asked: Asked) -> list[Tile]:
    total, terms = found.total, found.terms
    given = percent_text(terms.influenced_report_percent)
    deals, why = reverse("manage:deals:attribution_deals"), reverse("manage:deals:attribution_why")

    def tile(
        figure: str, amount: Decimal, percent: Decimal | None, target: str, delta: Decimal | None, note: str
    ) -> Tile:
        query = asked.query(by="", figure=figure)
        return Tile(str(FIGURES[figure]), amount, percent, target, delta, note, f"{deals}{query}", f"{why}{query}")

    return [
        tile("revenue", total.revenue, None, "", None, _("direct deals included")),
        tile(
            "sourced", total.sourced, total.sourced_percent, _range(terms.sourced_target), found.sourced_delta,
            _("counted in full"),
        ),
        tile(
            "influenced", total.reported, total.reported_percent, "", None,
            _("%(percent)s of %(amount)s") % {"percent": given, "amount": money_text(total.influenced, found.currency)},
        ),
        tile(
            "involved", total.involved, total.involved_percent, _range(terms.involved_target), found.involved_delta,
            _("every deal with a partner in it, unweighted"),
        ),
    ]  # fmt: skip


def _range(target: PercentRange) -> str:
    return _("%(least)s to %(most)s") % {"least": percent_text(target.least), "most": percent_text(target.most)}


def _deals_url(asked: Asked, row: Figures) -> str:
    """Where the deals of a row are; the figure is added by the page."""
    if asked.by == "partner":
        query = asked.query(by="", partner=row.key)
    elif asked.by == "quarter":
        query = asked.query(by="", quarter=row.key)
    else:
        query = asked.query(by="", rung=row.key or "none")
    return f"{reverse('manage:deals:attribution_deals')}{query}"


def _narrowed(asked: Asked, row: Figures) -> str:
    """The same report about one partner, by quarter."""
    return asked.query(by="quarter", partner=row.key) if asked.by == "partner" else ""


@require_safe
@manage_page("reporting.insights_view")
def attribution_why(request: HttpRequest) -> HttpResponse:
    """How one of the figures is computed: the terms, the inputs and the arithmetic."""
    program = program_at(request.at)
    asked = _asked(request, program)
    figure = request.GET.get("figure", "")
    figure = figure if figure in FIGURES else "revenue"
    found = _report(asked, program, size=1)
    context = {
        "heading": FIGURES[figure],
        "figure": _figure_text(figure, found),
        "lines": _why(figure, found),
        "terms": program.version.name,
        "as_of": asked.period.end,
        "back": f"{reverse('manage:deals:attribution_report')}{asked.query()}",
        "deals_url": f"{reverse('manage:deals:attribution_deals')}{asked.query(by='', figure=figure)}",
    }
    return render(request, "manage/deals/attribution_why.html", context)


def _figure_text(figure: str, found: Report) -> str:
    total = found.total
    amounts = {
        "revenue": total.revenue,
        "sourced": total.sourced,
        "influenced": total.reported,
        "involved": total.involved,
    }
    return money_text(amounts[figure], found.currency)


def _why(figure: str, found: Report) -> list[Said]:
    total, terms, currency = found.total, found.terms, found.currency

    def line(label: str, value: str, note: str = "", *, is_total: bool = False) -> Said:
        return Said(label, value, note, is_total, "")

    base = line(
        _("Total revenue"),
        money_text(total.revenue, currency),
        _("%(deals)s won deals, %(left_out)s more without an exchange rate are left out")
        % {"deals": total.deals, "left_out": total.left_out},
    )
    if figure == "revenue":
        return [base]
    if figure == "sourced":
        amount, percent = total.sourced, total.sourced_percent
        lines = [
            line(
                _("Deals with a sourced partner"),
                str(total.sourced_deals),
                _("each counts with the sourced partner’s share of its credit"),
            ),
            line(_("Counted"), percent_text(100), _("sourced revenue counts in full")),
        ]
        target, delta = _range(terms.sourced_target), found.sourced_delta
    elif figure == "influenced":
        amount, percent = total.reported, total.reported_percent
        lines = [
            line(
                _("Influenced revenue"),
                money_text(total.influenced, currency),
                _("the influencing partners’ shares of the credit in %(deals)s deals")
                % {"deals": total.influenced_deals},
            ),
            line(
                _("Reporting credit"),
                percent_text(terms.influenced_report_percent),
                _("of each deal by the terms of the day it was won"),
            ),
        ]
        target, delta = "", None
    else:
        amount, percent = total.involved, total.involved_percent
        lines = [
            line(
                _("Deals with any part of a partner"),
                str(total.involved_deals),
                _("a touch is enough; each deal counts once and with its whole amount"),
            )
        ]
        target, delta = _range(terms.involved_target), found.involved_delta
    lines += [line(_("Amount"), money_text(amount, currency), is_total=True), base]
    lines.append(line(_("Share of total revenue"), percent_text(percent, 1) or "–", is_total=True))
    if target:
        lines.append(line(_("Target"), target))
    if delta is not None:
        said = percent_text(delta, 1) if delta else _("within the target")
        lines.append(line(_("Points from the target"), said))
    return lines


@require_safe
@manage_page("reporting.insights_view")
def attribution_deals(request: HttpRequest) -> HttpResponse:
    """The won deals that one figure adds up."""
    program = program_at(request.at)
    asked = _asked(request, program)
    verdicts = (
        Verdict.objects.visible_to(request.actor)
        .current()
        .select_related("partner__organization")
        .order_by("-credit_bps", "pk")
    )
    rows = Opportunity.objects.visible_to(request.actor).select_related("account", "partner__organization")
    page = ListPage(
        request,
        rows.prefetch_related(Prefetch("verdicts", queryset=verdicts, to_attr="current_verdicts")),
        columns=[
            Column(
                "customer",
                _("Customer"),
                value=lambda row: row.account.name if row.account else _("Unknown"),
                link=lambda row: reverse("manage:deals:attribution_detail", args=[row.code]),
                note="code",
                note_label=_("Number"),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Deal of"), value=lambda row: row.partner.name if row.partner else "", kind="who"),
            Column("parts", _("Parts"), value=_parts_text),
            Column("amount_program", _("Revenue"), kind="money", currency=lambda _row: program.currency, sort="amount"),
            Column("won_on", _("Won on"), kind="day", sort="won", place="side"),
            Column("origin", _("Origin"), value="get_origin_display", shown=False),
        ],
        sorts={
            "won": Sort.by("won_on"),
            "amount": Sort.by("amount_program", nullable=["amount_program"]),
        },
        default_sort="-won",
        filterset=AttributionFilters,
        primary=("figure", "period"),
        views=[
            View(_("Involved")),
            View(_("Sourced"), {"figure": "sourced"}),
            View(_("Influenced"), {"figure": "influenced"}),
            View(_("All revenue"), {"figure": "revenue"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("attribution-deals")
    context = {"page": page, "back": f"{reverse('manage:deals:attribution_report')}{asked.query()}"}
    return render(request, page.template("manage/deals/attribution_deals.html"), context)


def _parts_text(row: Opportunity) -> str:
    judged: list[Verdict] = getattr(row, "current_verdicts", [])
    if not judged:
        return _("not judged yet: counts by its origin") if row.partner_id else ""
    return "; ".join(
        _("%(partner)s %(verdict)s, %(credit)s")
        % {
            "partner": verdict.partner.name,
            "verdict": verdict.get_kind_display().lower(),
            "credit": percent_text(verdict.credit_percent),
        }
        for verdict in judged
    )
