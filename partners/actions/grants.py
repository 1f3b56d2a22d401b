"""Giving and ending entitlements. The tier engine refreshes a tier's grants in its own transaction."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from partners.choices import GrantSource
from partners.models import Grant, Partner, ProgramVersion
from prm.core.actions import audit
from prm.core.actors import Actor

_END = """
WITH never_begun AS (
  DELETE FROM partners_grant WHERE partner_id = ANY(%(ids)s) AND source_kind = 'tier' AND valid_from > %(last)s
)
UPDATE partners_grant SET valid_until = %(last)s
 WHERE partner_id = ANY(%(ids)s) AND source_kind = 'tier' AND valid_until IS NULL AND valid_from <= %(last)s
"""
_GIVE = """
INSERT INTO partners_grant (partner_id, entitlement, value, rank, source_kind, source_code, version_id,
                            valid_from, valid_until, reason, created_at)
SELECT p.organization_id, b.code, t.value, t.rank, 'tier', r.code, t.version_id, %(on)s, NULL, '', %(at)s
  FROM partners_partner p
  JOIN partners_tier r ON r.id = p.tier_id
  JOIN partners_benefitterm t ON t.tier_id = p.tier_id AND t.version_id = %(version)s
  JOIN partners_benefit b ON b.id = t.benefit_id
 WHERE p.organization_id = ANY(%(ids)s)
"""


def refresh_tier_grants(*, partner_ids: Iterable[int], version: ProgramVersion, on: date, at: datetime) -> int:
    """Give partners what their tier has from a day on under a version, and end what it gave before.

    The number of grants given. A second refresh on the same day replaces the first, so that nothing is given twice.
    Two statements for any number of partners.
    """
    ids = list(partner_ids)
    if not ids:
        return 0
    values: dict[str, Any] = {"ids": ids, "last": on - timedelta(days=1), "on": on, "at": at, "version": version.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_END, values)
        cursor.execute(_GIVE, values)
        return cursor.rowcount


def give_grant(
    *,
    partner: Partner,
    entitlement: str,
    value: str,
    rank: int = 0,
    source_kind: str,
    source_code: str,
    valid_from: date,
    valid_until: date | None,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Grant:
    """Give one entitlement for a range of days; giving it again from the same source and day corrects it."""
    with transaction.atomic():
        grant, _created = Grant.objects.update_or_create(
            partner=partner,
            entitlement=entitlement,
            source_kind=source_kind,
            source_code=source_code,
            valid_from=valid_from,
            defaults={
                "value": value,
                "rank": rank,
                "valid_until": valid_until,
                "reason": reason,
                "created_at": at,
            },
        )
        audit.record(
            code="partners.grant.given",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"entitlement": entitlement, "value": value, "source": f"{source_kind}:{source_code}"},
            reason=reason,
        )
    return grant


def end_grants(*, source_kind: str, source_codes: Iterable[str], last_day: date, by: Actor, at: datetime) -> int:
    """End what certificates (or other sources) gave; grants that would never have begun go away. The number ended."""
    if source_kind == GrantSource.TIER:
        raise ValueError("a tier's grants change with the tier")
    with transaction.atomic():
        ending = Grant.objects.filter(source_kind=source_kind, source_code__in=list(source_codes))
        lasting = ending.exclude(valid_until__lte=last_day)
        partners = dict(lasting.values_list("partner_id", "partner__code"))
        count = lasting.filter(valid_from__lte=last_day).update(valid_until=last_day)
        count += ending.filter(valid_from__gt=last_day).delete()[0]
        audit.record_many(
            audit.entry(
                code="partners.grant.ended",
                by=by,
                at=at,
                ref=Partner(code=code).ref,
                organization_id=pk,
                changes={"source": source_kind, "last_day": last_day},
            )
            for pk, code in partners.items()
        )
    return count
