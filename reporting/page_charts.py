"""The charts of this app's pages, built from stored figures."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partners.choices import HealthBand
from partners.rules.terms import HealthTerms
from prm.core.business_time import add_months
from prm.core.charts import Band, Chart, line_over_time

MONTHS = 13


def month_ends(today: date, months: int = MONTHS) -> list[date]:
    """The last days of the months before, and today at the end; oldest first."""
    first = today.replace(day=1)
    return [add_months(first, -n) - timedelta(days=1) for n in range(months - 2, -1, -1)] + [today]


def health_chart(points: Sequence[tuple[date, int | None]], *, today: date, terms: HealthTerms) -> Chart | None:
    """Health at each month's end of a year and today; nothing while fewer than two scores are known.

    ``points`` are the stored scores, oldest first; a score holds until the next one.
    """
    series = [(day, _score_on(points, day)) for day in month_ends(today)]
    known = [(day, score) for day, score in series if score is not None]
    if len(known) < 2:
        return None
    labels = [(date_format(day, "M"), score) for day, score in series]
    now = known[-1][1]
    alt = _("Health at month ends: from %(first)s on %(from)s to %(last)s on %(to)s") % {
        "first": known[0][1],
        "from": date_format(known[0][0], "j M Y"),
        "last": now,
        "to": date_format(known[-1][0], "j M Y"),
    }
    chart = line_over_time(
        name="health",
        title=str(_("Health over twelve months")),
        alt=alt,
        points=labels,
        width=640,
        height=190,
        bands=[
            Band(str(HealthBand(band.code).label), band.at_least, marked=_holds(terms, band.at_least, now))
            for band in terms.bands
        ],
        headings=(_("Month"), _("Health")),
    )
    rows = tuple((date_format(day, "j M Y"), "–" if score is None else str(score)) for day, score in series)
    return Chart(chart.name, chart.title, chart.alt, chart.spec, chart.columns, rows)


def _score_on(points: Sequence[tuple[date, int | None]], day: date) -> int | None:
    return next((score for on, score in reversed(points) if on <= day), None)


def _holds(terms: HealthTerms, lowest: int, score: int) -> bool:
    return next((band.at_least for band in terms.bands if score >= band.at_least), None) == lowest
