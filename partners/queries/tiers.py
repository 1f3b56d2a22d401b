"""Where partners stand on their ladders, as the tier rules take it."""

from collections import defaultdict
from collections.abc import Iterable

from partners.models import Partner, TierNoticeSent, TierOverride
from partners.rules.standing import Override, Standing, TierNotice
from partners.rules.terms import Path


def standings_of(partner_ids: Iterable[int]) -> dict[int, Standing]:
    """The stored standing of many partners, with open overrides and notices sent. Three statements."""
    ids = list(partner_ids)
    overrides: dict[int, list[Override]] = defaultdict(list)
    for row in TierOverride.objects.filter(partner_id__in=ids, ended_at=None).select_related("tier").order_by("pk"):
        overrides[row.partner_id].append(override_of(row))
    sent: dict[int, set[TierNotice]] = defaultdict(set)
    current = TierNoticeSent.objects.filter(partner_id__in=ids)
    for partner_id, kind, due_on, days in current.values_list("partner_id", "kind", "due_on", "days"):
        sent[partner_id].add(TierNotice(kind, due_on, days))
    return {
        row["pk"]: Standing(
            tier=row["tier__code"],
            since=row["tier_changed_on"],
            review_on=row["review_on"],
            grace_until=row["grace_until"],
            pending_tier=row["pending_tier__code"],
            overrides=tuple(overrides[row["pk"]]),
            notices_sent=frozenset(sent[row["pk"]]),
        )
        for row in Partner.objects.filter(pk__in=ids).values(
            "pk", "tier__code", "tier_changed_on", "review_on", "grace_until", "pending_tier__code"
        )
    }


def override_of(row: TierOverride) -> Override:
    """A stored override as the rules take it."""
    return Override(
        code=row.code,
        kind=row.kind,
        tier=row.tier.code,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        paths=tuple(Path.from_dict(each) for each in row.targets.get("paths", [])),
        certified_people=row.targets.get("certified_people", 0),
    )
