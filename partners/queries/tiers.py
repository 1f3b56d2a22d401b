"""Where partners stand on their ladders, as the tier rules take it."""

from collections.abc import Iterable
from typing import Any

from partners.models import Partner, TierNoticeSent, TierOverride
from partners.rules.standing import Override, Standing, TierNotice
from partners.rules.terms import Path

_COLUMNS = (
    "pk", "code", "track__code", "tier__code", "tier_changed_on", "review_on", "grace_until", "pending_tier__code",
)  # fmt: skip


def standing_rows(partner_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Raw rows for `standing_of`, with open overrides and notices sent. Three statements for any number of partners."""
    ids = list(partner_ids)
    rows: dict[int, dict[str, Any]] = {
        row["pk"]: {**row, "overrides": [], "notices": []}
        for row in Partner.objects.filter(pk__in=ids).values(*_COLUMNS)
    }
    for override in (
        TierOverride.objects.filter(partner_id__in=ids, ended_at=None).select_related("tier").order_by("pk")
    ):
        rows[override.partner_id]["overrides"].append(override)
    told = TierNoticeSent.objects.filter(partner_id__in=ids)
    for partner_id, *notice in told.values_list("partner_id", "kind", "due_on", "days"):
        rows[partner_id]["notices"].append(notice)
    return rows


def standing_of(row: dict[str, Any]) -> Standing:
    """One partner's stored standing. Raises TermsError for an override whose targets make no sense."""
    return Standing(
        tier=row["tier__code"],
        since=row["tier_changed_on"],
        review_on=row["review_on"],
        grace_until=row["grace_until"],
        pending_tier=row["pending_tier__code"],
        overrides=tuple(_override(each) for each in row["overrides"]),
        notices_sent=frozenset(TierNotice(*notice) for notice in row["notices"]),
    )


def _override(row: TierOverride) -> Override:
    return Override(
        code=row.code,
        kind=row.kind,
        tier=row.tier.code,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        paths=tuple(Path.from_dict(each) for each in row.targets.get("paths", [])),
        certified_people=row.targets.get("certified_people", 0),
    )
