"""The revenue page: eight quarters, the year in figures, the deals won."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.core import charts
from prm.core.charts import Column
from reporting.documents.qbr_sheet import Cell, Heading, Pack, Row, Table, Tile, cap, clip
from reporting.rules import sentences as say
from reporting.rules.pack import ZERO, Influenced


def revenue_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/revenue.html`."""
    facts, figures = pack.facts, pack.figures
    quarters = facts.revenue.quarters[-8:]
    split = any(q.sourced is not None and q.revenue is not None and q.sourced != q.revenue for q in quarters)
    targets = any(quarter.target for quarter in quarters)
    listed = ", ".join(
        _("%(quarter)s %(amount)s") % {"quarter": q.label, "amount": figures.short(q.revenue)}
        for q in quarters
        if q.revenue is not None
    )
    chart = charts.columns_over_time(
        name="revenue_quarters",
        title=_("Revenue by quarter"),
        alt=_("Revenue by quarter: %(listed)s") % {"listed": listed or _("no data")},
        columns=[
            Column(
                q.label,
                _float(q.revenue),
                _float(q.sourced) if split and q.sourced is not None else None,
                _float(q.target),
            )
            for q in quarters
        ],
        label=lambda value: "0" if value == 0 else figures.short(value),
        width=648,
        height=176,
    )
    divisor, unit = figures.unit([quarter.revenue for quarter in quarters])
    places = figures.places([q.revenue for q in quarters]) if divisor == 1 else 1 if divisor == 1_000_000 else 0

    def cells(make: Callable[[int], str | Cell]) -> tuple[Cell, ...]:
        made = (make(index) for index in range(len(quarters)))
        return tuple(item if isinstance(item, Cell) else Cell(item) for item in made)

    def amount_of(index: int) -> Cell:
        amount = quarters[index].revenue
        return Cell(figures.full(None if amount is None else amount / divisor, places=places), "strong")

    def target_of(index: int) -> Cell:
        amount, target = quarters[index].revenue, quarters[index].target
        percent = say.percent_of(amount, target) if amount is not None and target else None
        return Cell("" if percent is None else f"{percent}%", "warn" if percent is not None and percent < 100 else "")

    def year_of(index: int) -> Cell:
        if index < 4:
            return Cell("")
        change = say.compare(quarters[index].revenue or ZERO, quarters[index - 4].revenue, pack.terms.flat_percent)
        text = "" if change.percent is None else f"{figures.signed(change.percent)}%"
        return Cell(text or (_("new") if change.trend == "new" else ""), "warn" if change.trend == "falling" else "")

    def influenced_of(index: int) -> Cell:
        part = quarters[index].influenced
        return Cell(figures.full(None if part is None else part.amount / divisor, places=places))

    rows = [Row((Cell(_("Revenue")), *cells(amount_of)))]
    if targets:
        rows.append(Row((Cell(_("Of target")), *cells(target_of))))
    if len(quarters) > 4 and any(quarter.revenue is not None for quarter in quarters[:-4]):
        rows.append(Row((Cell(_("On last year")), *cells(year_of))))
    if any(quarter.influenced and quarter.influenced.deals for quarter in quarters):
        rows.append(Row((Cell(_("Influenced")), *cells(influenced_of))))
    headings = (Heading(unit), *(Heading(clip(quarter.label, 68, size=10.5)) for quarter in quarters))
    return {
        "chart": pack.draw(chart),
        "split": split,
        "targets": targets,
        "under": Table(headings, tuple(rows), "under"),
        "figures": _revenue_figures(pack),
        "left_out": _left_out(pack),
        "earned": _earned(pack),
        "influenced": _influenced(pack),
        "deals_heading": _("Deals won in %(quarter)s") % {"quarter": facts.period.label},
        "deals": _won_table(pack) if facts.won else None,
        "no_deals": _("No deal was won in %(quarter)s.") % {"quarter": facts.period.label},
    }


def _revenue_figures(pack: Pack) -> list[Tile]:
    facts, revenue = pack.facts, pack.facts.revenue
    items = [
        Tile(
            _("Last 12 months"),
            _before(pack, revenue.t12m_prior),
            pack.figures.short(revenue.t12m),
            pack.change_note(say.revenue_change(facts)),
        )
    ]
    if revenue.t12m_sourced is not None and revenue.t12m > 0:
        share = say.percent_of(revenue.t12m_sourced, revenue.t12m)
        items.append(
            Tile(
                _("Sourced by the partner"),
                _("last 12 months"),
                pack.figures.short(revenue.t12m_sourced),
                _("%(percent)s%% of it") % {"percent": share},
            )
        )
    year_ago = revenue.year_ago
    items.append(
        Tile(
            facts.period.label,
            _before(pack, year_ago.revenue if year_ago else None),
            pack.figures.short(revenue.quarter.revenue or ZERO),
            pack.change_note(say.quarter_change(facts)),
        )
    )
    priced = [deal.amount for deal in facts.won if deal.amount is not None]
    if priced:
        deals = ngettext("%(deals)s deal won", "%(deals)s deals won", len(facts.won)) % {"deals": len(facts.won)}
        average = sum(priced, ZERO) / len(priced)
        items.append(Tile(_("Average deal"), facts.period.label, pack.figures.short(average), deals))
    return items


def _influenced(pack: Pack) -> str:
    """What the partner influenced in the quarter and in that of a year ago; nothing without data.

    Reports count influenced revenue in part only (§4), so what they count is named beside it.
    """
    part, year_ago = pack.facts.revenue.quarter.influenced, pack.facts.revenue.year_ago
    before = year_ago.influenced if year_ago else None
    if part is None:
        return ""
    if not part.deals:
        now = _("No deal was influenced in %(quarter)s.") % {"quarter": pack.facts.period.label}
    else:
        text = ngettext(
            "Influenced in %(quarter)s: %(amount)s in %(count)s deal%(change)s; at the reporting credit %(reported)s.",
            "Influenced in %(quarter)s: %(amount)s in %(count)s deals%(change)s; at the reporting credit %(reported)s.",
            part.deals,
        )
        change = say.compare(part.amount, before.amount if before else None, pack.terms.flat_percent)
        now = text % {
            **_influenced_values(pack, part),
            "quarter": pack.facts.period.label,
            "change": "" if change.percent is None else f" ({pack.change_note(change)})",
        }
    if before is None:
        return now
    if not before.deals:
        then = _("A year before there was none.") if part.deals else _("A year before there was none either.")
    else:
        text = ngettext(
            "A year before: %(amount)s in %(count)s deal; at the reporting credit %(reported)s.",
            "A year before: %(amount)s in %(count)s deals; at the reporting credit %(reported)s.",
            before.deals,
        )
        then = text % _influenced_values(pack, before)
    return f"{now} {then}"


def _influenced_values(pack: Pack, part: Influenced) -> dict[str, str]:
    return {
        "amount": pack.figures.short(part.amount),
        "count": pack.figures.count(part.deals),
        "reported": pack.figures.short(part.reported),
    }


def _before(pack: Pack, amount: Decimal | None) -> str:
    return "" if amount is None else _("%(amount)s a year before") % {"amount": pack.figures.short(amount)}


def _earned(pack: Pack) -> str:
    """The quarter's commission in each currency, in one sentence; nothing where none was earned or paid."""
    parts = [
        _("earned %(earned)s %(currency)s, paid %(paid)s %(currency)s")
        % {
            "earned": pack.figures.full(each.earned),
            "paid": pack.figures.full(each.paid),
            "currency": each.currency,
        }
        for each in pack.facts.earned[:3]
    ]
    if not parts:
        return ""
    return _("Commission in %(quarter)s: %(amounts)s.") % {
        "quarter": pack.facts.period.label,
        "amounts": "; ".join(parts),
    }


def _left_out(pack: Pack) -> str:
    number = pack.facts.revenue.left_out
    if not number:
        return ""
    text = ngettext(
        "%(deals)s won deal is left out: there is no exchange rate for its currency on the day it was won.",
        "%(deals)s won deals are left out: there is no exchange rate for their currency on the day they were won.",
        number,
    )
    return text % {"deals": number}


def _won_table(pack: Pack) -> Table:
    ranked = sorted(pack.facts.won, key=lambda deal: (-(deal.amount or ZERO), deal.won_on, deal.customer, deal.product))
    shown, rest = cap(ranked, pack.terms.top_deals)
    places = pack.figures.places(deal.amount for deal in ranked)
    split = any(not deal.sourced for deal in ranked)
    rows = [
        Row(
            (
                Cell(clip(deal.customer, 330, weight=500), "key"),
                Cell(clip(deal.product, 230)),
                *(
                    [Cell(_("Sourced") if deal.sourced else _("With us"), "mark" if deal.sourced else "mark soft")]
                    if split
                    else []
                ),
                Cell(pack.figures.day(deal.won_on)),
                Cell(pack.figures.full(deal.amount, places=places), "num strong"),
            )
        )
        for deal in shown
    ]
    empty = [Cell("")] * (3 if split else 2)
    if rest:
        text = ngettext("%(deals)s other deal", "%(deals)s other deals", len(rest)) % {"deals": len(rest)}
        amount = sum((deal.amount or ZERO for deal in rest), ZERO)
        rows.append(Row((Cell(text), *empty, Cell(pack.figures.full(amount, places=places), "num")), "rest"))
    total = sum((deal.amount or ZERO for deal in ranked), ZERO)
    if len(ranked) > 1:
        cell = Cell(pack.figures.full(total, places=places), "num")
        rows.append(Row((Cell(pack.facts.period.label), *empty, cell), "sum"))
    headings = [
        Heading(_("Customer"), "37%"),
        Heading(_("Product"), "26%"),
        *([Heading(_("Origin"), "12%")] if split else []),
        Heading(_("Won on"), "13%"),
        Heading(_("Amount, %(currency)s") % {"currency": pack.facts.currency}, css="num"),
    ]
    return Table(tuple(headings), tuple(rows), "tight")


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
