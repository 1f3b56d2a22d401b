"""When a fall in health is worth a manager's attention.

The score is compared with the one of 30 days before: a fall of a band, or of 15 points or more, raises an alert. Its
reasons are the dimensions that lost points (or their data), worst first, each with the points then and now, and the
play is the one that the terms suggest for the worst of them. Where either score is unknown there is nothing to compare.
Source: program rules §7.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from partners.choices import HealthBand
from partners.rules.health import HealthResult
from partners.rules.terms import HealthTerms
from prm.core.explain import Line


@dataclass(frozen=True)
class HealthSnapshot:
    """A stored score: the band as it was read then, and points by dimension (None: without data)."""

    score: int | None
    band: str
    points: Mapping[str, int | None]


@dataclass(frozen=True)
class HealthAlert:
    """`fell_band` and `fell_points` (0 or more) say what raised it; `play` is a code, blank if nothing fits."""

    fell_band: bool
    fell_points: int
    play: str
    lines: tuple[Line, ...]


def alert(now: HealthResult, before: HealthSnapshot | None, terms: HealthTerms) -> HealthAlert | None:
    """The alert that this fall raises, or None."""
    if before is None or before.score is None or now.score is None:
        return None
    fall = max(before.score - now.score, 0)
    order = [band.code for band in terms.bands]
    fell_band = before.band in order and order.index(now.band) > order.index(before.band)
    if not fell_band and fall < terms.alert_fall_points:
        return None
    losses = sorted(
        (
            ((before.points.get(each.dimension) or 0) - (each.points or 0), n, each)
            for n, each in enumerate(now.dimensions)
        ),
        key=lambda loss: (-loss[0], loss[1]),
    )
    losses = [loss for loss in losses if loss[0] > 0]
    plays = {each.dimension: each.play for each in terms.plays}
    summary = {
        "score": now.score,
        "score_before": before.score,
        "band": HealthBand(now.band),
        "band_before": before.band,
        "days": terms.alert_days,
    }
    reasons = tuple(
        Line(
            "health.alert_reason",
            {"dimension": each.dimension, "points": each.points, "before": before.points.get(each.dimension)},
            unit="points",
            audience="vendor",
        )
        for _loss, _n, each in losses
    )
    return HealthAlert(
        fell_band=fell_band,
        fell_points=fall,
        play=plays.get(losses[0][2].dimension, "") if losses else "",
        lines=(Line("health.alert", summary, unit="points", audience="vendor"), *reasons),
    )
