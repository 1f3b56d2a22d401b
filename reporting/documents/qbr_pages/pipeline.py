"""The pipeline page: open deals by stage, how the quarter changed them, what became of each."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.core import charts
from prm.core.charts import Bar, Chart, Step
from reporting.documents.qbr_sheet import Cell, Heading, Pack, Row, Table, cap, clip
from reporting.rules.pack import ZERO


def pipeline_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/pipeline.html`."""
    pipeline, flow = pack.facts.pipeline, pack.facts.flow
    stages = _stage_chart(pack) if pipeline and pipeline.deals else None
    return {
        "stages": pack.draw(stages) if stages else "",
        "weighted": bool(pipeline and pipeline.weighted is not None and pipeline.total > 0),
        "total": pack.figures.short(pipeline.total) if pipeline and pipeline.total > 0 else "",
        "weighted_total": pack.figures.short(pipeline.weighted) if pipeline and pipeline.weighted is not None else "",
        "open_note": _open_note(pack),
        "flow": pack.draw(_flow_chart(pack)) if flow else "",
        "flow_heading": _("Deals in %(quarter)s") % {"quarter": pack.facts.period.label},
        "awaiting": ngettext(
            "%(deals)s registration awaits a decision and is not in the pipeline yet.",
            "%(deals)s registrations await a decision and are not in the pipeline yet.",
            flow.awaiting_decision,
        )
        % {"deals": flow.awaiting_decision}
        if flow and flow.awaiting_decision
        else "",
        "outcomes_heading": _outcomes_heading(pack),
        "outcomes": _outcomes(pack) if pack.facts.won or pack.facts.lost or pack.facts.stuck else None,
    }


def _open_note(pack: Pack) -> str:
    pipeline = pack.facts.pipeline
    if not pipeline:
        return ""
    notes = [
        ngettext("%(deals)s open deal", "%(deals)s open deals", pipeline.deals)
        % {"deals": pack.figures.count(pipeline.deals)}
    ]
    if pipeline.unpriced and pipeline.total > 0:
        notes.append(
            ngettext("%(deals)s without an amount", "%(deals)s without an amount", pipeline.unpriced)
            % {"deals": pipeline.unpriced}
        )
    if pipeline.due_next_quarter:
        notes.append(
            _("%(amount)s due in %(quarter)s")
            % {
                "amount": pack.figures.short(pipeline.due_next_quarter),
                "quarter": pack.facts.period.next_label,
            }
        )
    return ", ".join(notes)


def _stage_chart(pack: Pack) -> Chart:
    pipeline = pack.facts.pipeline
    assert pipeline is not None
    priced = pipeline.total > 0
    weighted = priced and pipeline.weighted is not None
    rows = []
    for stage in pipeline.stages:
        deals = ngettext("%(deals)s deal", "%(deals)s deals", stage.deals) % {"deals": stage.deals}
        texts = (pack.figures.short(stage.amount),) if priced else ()
        if weighted:
            texts = (*texts, pack.figures.short(stage.weighted or ZERO))
        rows.append(
            Bar(
                clip(stage.label, 84),
                float(stage.amount) if priced else float(stage.deals),
                float(stage.weighted or ZERO) if weighted else None,
                (*texts, deals),
            )
        )
    listed = ", ".join(f"{bar.label} {' '.join(bar.texts)}" for bar in rows)
    widths = (58, 58, 66) if weighted else (62, 72) if priced else (78,)
    return charts.bars(
        name="pipeline_stages",
        title=_("Open pipeline by stage"),
        alt=_("Open pipeline by stage: %(listed)s") % {"listed": listed},
        rows=rows,
        width=520,
        label_width=94,
        text_widths=widths,
        row_height=min(33, 165 / max(len(rows), 1)),
        thickness=min(17, 120 / max(len(rows), 1)),
    )


def _flow_chart(pack: Pack) -> Chart:
    flow = pack.facts.flow
    assert flow is not None
    count = pack.figures.count
    rows = [
        Step(_("At start"), flow.open_before, count(flow.open_before), is_total=True),
        Step(_("Opened"), flow.opened, f"+{count(flow.opened)}" if flow.opened else "0"),
        Step(_("Won"), -flow.won, count(flow.won)),
        Step(_("Lost"), -flow.lost, count(flow.lost), attention=True),
        *([Step(_("Ended"), -flow.dropped, count(flow.dropped), attention=True)] if flow.dropped else []),
        Step(_("At end"), flow.open_after, count(flow.open_after), is_total=True),
    ]
    listed = ", ".join(f"{step.label} {step.text}" for step in rows)
    return charts.steps(
        name="deal_flow",
        title=_("Deals in the quarter"),
        alt=_("Deals in the quarter: %(listed)s") % {"listed": listed},
        rows=rows,
        width=426,
        height=168,
    )


def _outcomes_heading(pack: Pack) -> str:
    facts = pack.facts
    parts = []
    if facts.flow and facts.flow.registered:
        parts.append(
            ngettext("%(deals)s registered", "%(deals)s registered", facts.flow.registered)
            % {"deals": facts.flow.registered}
        )
    parts.append(_("%(deals)s won") % {"deals": pack.figures.count(len(facts.won))})
    parts.append(_("%(deals)s lost") % {"deals": pack.figures.count(len(facts.lost))})
    parts.append(_("%(deals)s stuck") % {"deals": pack.figures.count(len(facts.stuck))})
    return ", ".join(parts)


def _outcomes(pack: Pack) -> Table:
    facts, figures = pack.facts, pack.figures
    won = sorted(facts.won, key=lambda deal: (-(deal.amount or ZERO), deal.won_on, deal.customer))
    lost = sorted(facts.lost, key=lambda deal: (-(deal.amount or ZERO), deal.lost_on, deal.customer))
    stuck = sorted(facts.stuck, key=lambda deal: (-deal.days_in_stage, -(deal.amount or ZERO), deal.customer))
    amounts = [*(deal.amount for deal in won), *(deal.amount for deal in lost), *(deal.amount for deal in stuck)]
    places = figures.places(amounts)
    rows: list[Row] = []

    def add(
        kind: str, deals: Sequence[Any], most: int, label: str, css: str, texts: Callable[[Any], list[Cell]]
    ) -> None:
        shown, rest = cap(deals, most)
        for index, deal in enumerate(shown):
            amount = Cell(figures.full(deal.amount, places=places), "num")
            customer = Cell(clip(deal.customer, 228, weight=500), "key")
            first = "group" if index == 0 and rows else ""
            rows.append(Row((Cell(label, f"mark {css}"), customer, amount, *texts(deal)), first))
        if rest:
            text = ngettext("%(deals)s other", "%(deals)s others", len(rest)) % {"deals": figures.count(len(rest))}
            total = sum((deal.amount or ZERO for deal in rest), ZERO)
            cells = (Cell(label), Cell(text), Cell(figures.full(total, places=places), "num"), *[Cell("")] * 4)
            rows.append(Row(cells, "rest"))

    most = pack.terms.rows_per_outcome
    add(
        "won",
        won,
        most,
        _("Won"),
        "",
        lambda deal: [
            Cell(clip(deal.product, 138)),
            Cell("", "num"),
            Cell(_("Won on %(day)s") % {"day": figures.day(deal.won_on)}),
            Cell(""),
        ],
    )
    add(
        "lost",
        lost,
        most,
        _("Lost"),
        "off",
        lambda deal: [
            Cell(clip(deal.stage or deal.product, 138)),
            Cell("", "num"),
            Cell(clip(deal.reason or figures.day(deal.lost_on), 270)),
            Cell(""),
        ],
    )
    add(
        "stuck",
        stuck,
        pack.terms.stuck_rows,
        _("Stuck"),
        "open",
        lambda deal: [
            Cell(clip(deal.stage, 138)),
            Cell(figures.count(deal.days_in_stage), "num warn"),
            Cell(clip(deal.next_step, 270)),
            Cell(clip(pack.side(deal.waits_for), 100)),
        ],
    )
    headings = (
        Heading(_("Status"), "66px"),
        Heading(_("Customer"), "238px"),
        Heading(_("Amount, %(currency)s") % {"currency": facts.currency}, "100px", "num"),
        Heading(_("Stage or product"), "148px"),
        Heading(_("Days"), "62px", "num"),
        Heading(_("Reason or next step")),
        Heading(_("Waits for"), "96px"),
    )
    return Table(headings, tuple(rows), "tight outcomes")
