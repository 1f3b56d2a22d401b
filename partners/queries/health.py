"""Stored health, as the alert rule compares it and as pages draw it."""

from collections.abc import Iterable
from datetime import date

from django.db import connection

from partners.choices import HealthDimension
from partners.models import HealthScore
from partners.rules.health_alerts import HealthSnapshot

_AS_OF = """
SELECT p.id, h.score, h.band, h.revenue_points, h.activity_points, h.engagement_points, h.satisfaction_points,
       h.fit_points
  FROM unnest(%s::bigint[]) AS p(id)
  CROSS JOIN LATERAL (
    SELECT * FROM partners_healthscore WHERE partner_id = p.id AND day <= %s ORDER BY day DESC LIMIT 1
  ) AS h
"""


def snapshots(partner_ids: Iterable[int], on: date) -> dict[int, HealthSnapshot]:
    """The health of many partners as it stood on a date; those without history are missing. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_AS_OF, [list(partner_ids), on])
        return {
            partner_id: HealthSnapshot(
                score=score,
                band=band,
                points=dict(zip([str(each) for each in HealthDimension], points, strict=True)),
            )
            for partner_id, score, band, *points in cursor.fetchall()
        }


def health_history(partner_id: int, since: date, until: date) -> list[tuple[date, int | None]]:
    """(day, score) where it changed, oldest first, with the score that held when the period began."""
    rows = list(
        HealthScore.objects.filter(partner_id=partner_id, day__gt=since, day__lte=until)
        .order_by("day")
        .values_list("day", "score")
    )
    first = (
        HealthScore.objects.filter(partner_id=partner_id, day__lte=since)
        .order_by("-day")
        .values_list("score", flat=True)
        .first()
    )
    return [(since, first), *rows] if first is not None else rows
