"""Storing health scores, and telling the manager when one falls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Subquery

from partners.actions.history import Latest, fingerprint, is_news, latest_rows
from partners.choices import HealthDimension
from partners.models import HealthScore, Partner, ProgramVersion
from partners.rules.health import HealthResult
from partners.rules.health_alerts import HealthAlert
from prm.core.actions import audit, outbox
from prm.core.actions.work_items import close_work_items
from prm.core.actors import Actor
from prm.core.bulk import insert_many, insert_missing
from prm.core.codes import new_code
from prm.core.explain import to_json
from prm.core.models import Organization, WorkItem
from prm.core.money import round_half_up
from prm.core.refs import Ref

ALERT = "partners.health_alert"


@dataclass(frozen=True)
class HealthEntry:
    """One partner's score of a day with the sums that lists show beside it, in the program's currency."""

    partner_id: int
    result: HealthResult
    revenue_t12m: Decimal
    revenue_growth_percent: Decimal | None


@dataclass
class Stored:
    """How many partners changed, how many history rows were kept, and who was scored for a later day already."""

    updated: int = 0
    kept: int = 0
    skipped: list[int] = field(default_factory=list)


_UPDATE = """
UPDATE partners_partner AS p
   SET health_score = n.score, health_band = n.band, health_known_points = n.known, revenue_t12m = n.revenue,
       revenue_growth_percent = n.growth, scored_on = %s
  FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::numeric[], %s::numeric[])
    AS n(id, score, band, known, revenue, growth)
 WHERE p.organization_id = n.id AND (p.scored_on IS NULL OR p.scored_on <= %s)
   AND (p.health_score, p.health_band, p.health_known_points, p.revenue_t12m, p.revenue_growth_percent, p.scored_on)
       IS DISTINCT FROM (n.score, n.band, n.known, n.revenue, n.growth, %s)
"""
_MOST_GROWTH = Decimal("9999999.99")


def store_health_scores(
    *, entries: Sequence[HealthEntry], version: ProgramVersion, on: date, by: Actor, at: datetime
) -> Stored:
    """Store many scores of one day: the stored columns and, where something changed, a row of history.

    A score is a computed fact, so it leaves history rows and no audit lines. Scores for a day before the last one
    are skipped. Storing the same again changes nothing. Three statements.
    """
    stored = Stored()
    if not entries:
        return stored
    with transaction.atomic():
        latest = latest_rows(HealthScore._meta.db_table, [entry.partner_id for entry in entries])
        later = {pk for pk, row in latest.items() if row.scored_on and row.scored_on > on}
        stored.skipped = sorted(later)
        entries = [entry for entry in entries if entry.partner_id not in later]
        columns: list[list[Any]] = [
            [entry.partner_id for entry in entries],
            [entry.result.score for entry in entries],
            [str(entry.result.band) for entry in entries],
            [entry.result.known_points for entry in entries],
            [entry.revenue_t12m for entry in entries],
            [_bounded(entry.revenue_growth_percent) for entry in entries],
        ]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [on, *columns, on, on])
            stored.updated = cursor.rowcount
        stored.kept = _keep_history(entries, latest, version, on)
    return stored


def _bounded(growth: Decimal | None) -> Decimal | None:
    """Growth over a tiny base can be any number; the column shows at most seven digits of percent."""
    return None if growth is None else round_half_up(max(-_MOST_GROWTH, min(growth, _MOST_GROWTH)), 2)


def _keep_history(
    entries: Sequence[HealthEntry], latest: Mapping[int, Latest], version: ProgramVersion, on: date
) -> int:
    rows = []
    for entry in entries:
        result = entry.result
        points = {str(each.dimension): each.points for each in result.dimensions}
        lines = to_json(result.lines)
        print_ = fingerprint(
            {
                "score": result.score,
                "band": str(result.band),
                "known": result.known_points,
                "points": points,
                "lines": lines,
                "version": version.pk,
            }
        )
        if not is_news(latest.get(entry.partner_id), on, print_):
            continue
        rows.append(
            HealthScore(
                partner_id=entry.partner_id,
                day=on,
                version=version,
                score=result.score,
                band=result.band,
                known_points=result.known_points,
                explanation=lines,
                fingerprint=print_,
                **{f"{dimension}_points": points.get(str(dimension)) for dimension in HealthDimension},
            )
        )
    names = [each.name for each in HealthScore._meta.concrete_fields if each.name not in ("id", "partner", "day")]
    insert_many(rows, unique=["partner", "day"], update=names)
    return len(rows)


def raise_health_alerts(
    *, alerts: Sequence[tuple[int, HealthAlert]], on: date, by: Actor, at: datetime
) -> list[WorkItem]:
    """Put a fall in health on its manager's desk, with reasons and play; one open alert a partner at a time.

    Gives the alerts that were raised. The database refuses a second open one, so of two who raise the same at once one
    raises it. Four statements.
    """
    if not alerts:
        return []
    with transaction.atomic():
        partners = (
            Partner.objects.select_for_update(of=("self",))
            .select_related("organization")
            .annotate(vendor_id=Subquery(Organization.objects.filter(kind="vendor").values("pk")))
            .in_bulk([partner_id for partner_id, _alert in alerts])
        )
        fallen = [(partners[partner_id], alert) for partner_id, alert in alerts if partner_id in partners]
        items = {
            partner.pk: WorkItem(
                code=new_code("WI"),
                kind=ALERT,
                ref_kind="partners.partner",
                ref_code=partner.code,
                organization_id=partner.vendor_id,
                about_id=partner.pk,
                role="partner_manager",
                assignee_id=partner.owner_id,
                title=partner.organization.name,
                context={
                    "on": on.isoformat(),
                    "fell_band": alert.fell_band,
                    "fell_points": alert.fell_points,
                    "play": alert.play,
                    "lines": to_json(alert.lines),
                },
                opened_at=at,
            )
            for partner, alert in fallen
        }
        raised = insert_missing(list(items.values()), key=["code"])
        for item in items.values():
            item.pk = raised.get((item.code,))
        fresh = [(partner, alert) for partner, alert in fallen if items[partner.pk].pk]
        audit.record_many(
            audit.entry(
                code="partners.health.alerted",
                by=by,
                at=at,
                ref=partner.ref,
                organization_id=partner.pk,
                changes={"fell_band": alert.fell_band, "fell_points": alert.fell_points, "on": on},
            )
            for partner, alert in fresh
        )
        outbox.emit_many(
            name="partners.health.alerted",
            items=[
                (Ref("partners.partner", partner.code), {"partner_id": partner.pk, "play": alert.play})
                for partner, alert in fresh
            ],
            at=at,
        )
    return [items[partner.pk] for partner, _alert in fresh]


def acknowledge_health_alert(*, partner: Partner, by: Actor, at: datetime) -> int:
    """The manager has taken the alert up; the number of alerts closed."""
    with transaction.atomic():
        closed = close_work_items(ref=partner.ref, kind=ALERT, outcome="acknowledged", by=by, at=at)
        if closed:
            audit.record(code="partners.health.alert_closed", by=by, at=at, ref=partner.ref, organization_id=partner.pk)
    return closed
