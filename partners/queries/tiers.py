"""Where partners stand on their ladders, as the tier rules take it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from partners.models import Partner, TierNoticeSent, TierOverride
from partners.rules.standing import Override, Standing, TierNotice
from partners.rules.terms import Path

_COLUMNS = (
    "pk", "code", "track__code", "tier__code", "tier_changed_on", "review_on", "grace_until", "pending_tier__code",
)  # fmt: skip


def standing_rows(partner_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Raw rows for `standing_of`, with open overrides and notices sent. One statement for any number of partners."""
    mine = {"partner_id": OuterRef("pk")}
    overrides = TierOverride.objects.filter(**mine, ended_at=None).order_by("pk")
    notices = TierNoticeSent.objects.filter(**mine)
    rows = Partner.objects.filter(pk__in=list(partner_ids)).values(
        *_COLUMNS,
        open_overrides=ArraySubquery(
            overrides.values(
                each=JSONObject(
                    code="code", kind="kind", tier="tier__code", starts_on="starts_on", ends_on="ends_on",
                    targets="targets",
                )
            )
        ),
        notices_sent=ArraySubquery(notices.values(each=JSONObject(kind="kind", due_on="due_on", days="days"))),
    )  # fmt: skip
    return {row["pk"]: row for row in rows}


def standing_of(row: dict[str, Any]) -> Standing:
    """One partner's stored standing. Raises TermsError for an override whose targets make no sense."""
    return Standing(
        tier=row["tier__code"],
        since=row["tier_changed_on"],
        review_on=row["review_on"],
        grace_until=row["grace_until"],
        pending_tier=row["pending_tier__code"],
        overrides=tuple(_override(each) for each in row["open_overrides"]),
        notices_sent=frozenset(
            TierNotice(each["kind"], date.fromisoformat(each["due_on"]), each["days"]) for each in row["notices_sent"]
        ),
    )


def _override(row: dict[str, Any]) -> Override:
    return Override(
        code=row["code"],
        kind=row["kind"],
        tier=row["tier"],
        starts_on=date.fromisoformat(row["starts_on"]),
        ends_on=date.fromisoformat(row["ends_on"]),
        paths=tuple(Path.from_dict(each) for each in row["targets"].get("paths", [])),
        certified_people=row["targets"].get("certified_people", 0),
    )
