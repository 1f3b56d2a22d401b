"""The health page: score, parts with their evidence, twelve months of trend."""

from typing import Any

from django.utils.translation import gettext as _

from prm.core import charts
from prm.core.charts import Bar, Chart
from reporting.documents.qbr_sheet import Cell, Heading, Pack, Row, Table, clip


def health_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/health.html`."""
    health = pack.facts.health
    assert health is not None
    parts = charts.bars(
        name="health_parts",
        title=_("Health by part"),
        alt=_("Health by part: %(listed)s")
        % {
            "listed": ", ".join(
                _("%(part)s %(points)s of %(maximum)s")
                % {
                    "part": p.label,
                    "points": _("without data") if p.points is None else p.points,
                    "maximum": p.maximum,
                }
                for p in health.parts
            )
        },
        rows=[
            Bar(
                clip(part.label, 88),
                part.maximum,
                part.points or 0,
                (
                    _("no data") if part.points is None else f"{part.points} / {part.maximum}",
                    ""
                    if part.before is None or part.points is None
                    else pack.figures.signed(part.points - part.before),
                ),
                attention=part.points is not None and part.points * 2 < part.maximum,
            )
            for part in health.parts
        ],
        width=400,
        label_width=96,
        text_widths=(58, 34),
        row_height=31,
        thickness=13,
    )
    trend = None
    if sum(score is not None for _day, score in health.trend) > 1:
        trend = _trend_chart(pack)
    notes = []
    if health.prior_quarter is not None and health.score is not None:
        notes.append(
            _("%(points)s on the quarter before") % {"points": pack.figures.signed(health.score - health.prior_quarter)}
        )
    if health.prior_year is not None and health.score is not None:
        notes.append(_("%(points)s on last year") % {"points": pack.figures.signed(health.score - health.prior_year)})
    if health.known < 100:
        notes.append(_("based on %(known)s of 100 points") % {"known": health.known})
    evidence = [
        Row(
            (
                Cell(clip(part.label, 120, weight=500), "key"),
                Cell(
                    _("no data") if part.points is None else f"{part.points} / {part.maximum}",
                    "num warn" if part.points is not None and part.points * 2 < part.maximum else "num",
                ),
                Cell(clip(part.evidence, 660), "wide"),
            )
        )
        for part in health.parts
    ]
    headings = (
        Heading(_("Part"), "150px"),
        Heading(_("Points"), "70px", "num"),
        Heading(_("What it rests on"), css="wide"),
    )
    return {
        "score": "–" if health.score is None else str(health.score),
        "band": clip(health.band, 160, size=14, weight=600),
        "notes": ", ".join(notes),
        "parts": pack.draw(parts),
        "trend": pack.draw(trend) if trend else "",
        "evidence": Table(headings, tuple(evidence)) if any(part.evidence for part in health.parts) else None,
    }


def _trend_chart(pack: Pack) -> Chart:
    health = pack.facts.health
    assert health is not None
    months = health.trend[-13:]
    known = [(day, score) for day, score in months if score is not None]
    lowest = min(score for _day, score in known)
    low = max(0, (lowest - 12) // 20 * 20)
    points: list[tuple[str, float | None]] = []
    for index, (day, score) in enumerate(months):
        label = pack.figures.month(day)
        if index == 0 or index == len(months) - 1 or day.month == 1:
            label += f" {day:%y}"
        points.append((label, score))
    values = {
        "first": pack.figures.long_day(known[0][0]),
        "last": pack.figures.long_day(known[-1][0]),
        "from": known[0][1],
        "to": known[-1][1],
    }
    return charts.line_over_time(
        name="health_trend",
        title=_("Twelve-month trend"),
        alt=_("Health score at month ends, from %(from)s on %(first)s to %(to)s on %(last)s") % values,
        points=points,
        width=546,
        height=200,
        low=low,
        bands=[
            charts.Band(
                _("%(band)s, from %(lowest)s") % {"band": band.label, "lowest": band.lowest},
                band.lowest,
                band.label == health.band,
            )
            for band in health.bands
        ],
    )
