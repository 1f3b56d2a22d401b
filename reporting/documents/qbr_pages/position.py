"""The position page: the value matrix and the partner satisfaction."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from partners.choices import Quadrant
from prm.core import charts
from prm.core.charts import Dot, Quadrants
from reporting.documents.qbr_sheet import Pack, clip
from reporting.rules import sentences as say
from reporting.rules.pack import ZERO

QUADRANT_ADVICE = {
    Quadrant.STRATEGIC_ALLIANCE: _lazy("High strategic value and high revenue: a shared plan, led from the top."),
    Quadrant.TECHNOLOGY: _lazy("High strategic value, revenue still to come: build the offer that customers buy."),
    Quadrant.CHANNEL: _lazy("High revenue, less strategic value: make selling simple and dependable."),
    Quadrant.AFFILIATE: _lazy("Revenue and strategic value are still small: keep it light and grow what works."),
}


def position_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/position.html`."""
    facts, figures, matrix = pack.facts, pack.figures, pack.facts.matrix
    assert matrix is not None
    code = say.quadrant_of(matrix, matrix.own)
    names = {choice: str(choice.label) for choice in Quadrant}
    others = sorted(matrix.others, key=lambda point: (-point.revenue, -point.value, point.name))
    named = {id(point) for point in others[:14]}
    own_note = _("%(amount)s, value %(value)s") % {
        "amount": figures.short(matrix.own.revenue),
        "value": matrix.own.value,
    }
    values = {"partner": pack.them, "note": own_note, "quadrant": names[code].lower(), "others": len(others)}
    chart = charts.matrix(
        name="value_matrix",
        title=_("Value matrix"),
        alt=_("Value matrix: %(partner)s with %(note)s lies in the %(quadrant)s quadrant, among %(others)s others.")
        % values,
        own=Dot(
            float(max(matrix.own.revenue, ZERO)),
            matrix.own.value,
            clip(facts.partner.called, 200, size=13),
            own_note,
        ),
        before=Dot(float(max(matrix.before.revenue, ZERO)), matrix.before.value, clip(matrix.before_label, 90))
        if matrix.before
        else None,
        others=[
            Dot(
                float(max(point.revenue, ZERO)),
                point.value,
                clip(point.name, 96, size=9.5) if id(point) in named else "",
            )
            for point in others[: pack.terms.matrix_dots]
        ],
        quadrants=Quadrants(
            float(matrix.revenue_high),
            matrix.value_high,
            (
                names[Quadrant.AFFILIATE],
                names[Quadrant.CHANNEL],
                names[Quadrant.TECHNOLOGY],
                names[Quadrant.STRATEGIC_ALLIANCE],
            ),
        ),
        x_title=_("Revenue, last 12 months"),
        y_title=_("Strategic value, 1 to 5"),
        x_label=lambda value: "0" if value == 0 else figures.short(value),
        width=590,
        height=484,
    )
    if not others:
        who = _("The partner alone; others are not drawn.")
    elif pack.version == "internal":
        who = _("%(number)s other partners, the largest by name.") % {"number": figures.count(len(others))}
    else:
        who = _("Other partners without names, their revenue rounded.")
    facts_list = [
        (_("Quadrant"), names[code]),
        (_("Strategic value"), _("%(value)s of 5") % {"value": matrix.own.value}),
        (_("Revenue, 12 months"), figures.short(matrix.own.revenue)),
        (
            _("High from"),
            _("value %(value)s, revenue %(amount)s")
            % {"value": matrix.value_high, "amount": figures.short(matrix.revenue_high)},
        ),
    ]
    return {
        "chart": pack.draw(chart),
        "who": who,
        "facts": facts_list,
        "advice": QUADRANT_ADVICE[code],
        "advice_heading": names[code],
        "nps": _nps(pack),
    }


def _nps(pack: Pack) -> dict[str, Any] | None:
    nps = pack.facts.nps
    if not nps or not nps.answers:
        return None
    parts = [
        (_("Promoters, 9 and 10"), nps.promoters, "y"),
        (_("Passives, 7 and 8"), nps.passives, "s"),
        (_("Detractors, 0 to 6"), nps.detractors, "r"),
    ]
    answers = ngettext("%(answers)s answer in twelve months", "%(answers)s answers in twelve months", nps.answers)
    note = answers % {"answers": nps.answers}
    if nps.prior is not None:
        note += ", " + _("%(points)s points on the year before") % {
            "points": pack.figures.signed(nps.score - nps.prior)
        }
    return {
        "score": pack.figures.signed(nps.score) if nps.score else "0",
        "target": _("target %(target)s") % {"target": pack.terms.nps_target},
        "note": note,
        "parts": [
            {"label": label, "count": number, "css": css, "share": f"{100 * number / nps.answers - 0.006:.2f}"}
            for label, number, css in parts
        ],
    }
