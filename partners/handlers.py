"""What partners tell people: tiers that changed, reviews that come, health that fell."""

from datetime import date, datetime

from partners.actions.health import ALERT
from partners.choices import TierNoticeKind
from partners.models import Partner, Tier
from partners.queries.program import version_at
from partners.wording import unlocked
from prm.core.actions.notices import notify
from prm.core.explain import from_json
from prm.core.models import Membership, OutboxEvent, WorkItem
from prm.core.outbox import handles
from prm.core.refs import Ref


def _partner(event: OutboxEvent) -> Partner:
    return Partner.objects.select_related("organization", "track").get(pk=event.data["partner_id"])


def _tier(partner: Partner, code: str | None) -> Tier | None:
    return Tier.objects.filter(track=partner.track, code=code).first() if code else None


def _both_sides(partner: Partner) -> list[int]:
    """The partner's admins, and the manager who owns it."""
    people = Membership.objects.active()
    admins = people.filter(organization_id=partner.pk, role="partner_admin")
    return [*admins.values_list("pk", flat=True), *_manager(partner)]


def _manager(partner: Partner) -> list[int]:
    if partner.owner_id is None:
        return []
    own = Membership.objects.active().filter(organization__kind="vendor", user_id=partner.owner_id)
    return list(own.values_list("pk", flat=True))


@handles("partners.tier.changed", name="partners.tell_tier_change")
def tell_tier_change(event: OutboxEvent, at: datetime) -> None:
    """Tell both sides of a new tier and, going up, what it unlocks."""
    partner, data = _partner(event), event.data
    on = date.fromisoformat(data["on"])
    before, after = _tier(partner, data["from"]), _tier(partner, data["to"])
    is_up = after is not None and (before is None or after.rank > before.rank)
    gains = unlocked(version_at(on), partner.track.code, data["from"], data["to"]) if is_up else []
    notify(
        topic="partners.tier_changed",
        membership_ids=_both_sides(partner),
        ref=Ref("partners.tier", partner.code),
        at=at,
        context={
            "partner": partner,
            "before": before,
            "after": after,
            "is_up": is_up,
            "gains": gains[:8],
            "changed_on": on,
        },
    )


@handles("partners.tier.notice_due", name="partners.tell_tier_notice")
def tell_tier_notice(event: OutboxEvent, at: datetime) -> None:
    """Tell both sides that a review, a grace period or a provisional tier ends and the tier is in danger."""
    partner, data = _partner(event), event.data
    notify(
        topic="partners.tier_notice",
        membership_ids=_both_sides(partner),
        ref=Ref("partners.tier", partner.code),
        at=at,
        context={
            "partner": partner,
            "tier": _tier(partner, data["tier"]),
            "kind": TierNoticeKind(data["kind"]),
            "due_on": date.fromisoformat(data["due_on"]),
            "days": data["days"],
        },
    )


@handles("partners.health.alerted", name="partners.tell_health_alert")
def tell_health_alert(event: OutboxEvent, at: datetime) -> None:
    """Tell the manager that a partner's health fell; the partner never learns of it."""
    partner = _partner(event)
    notify(
        topic="partners.health_alerted",
        membership_ids=_manager(partner),
        ref=partner.ref,
        at=at,
        context={"partner": partner, "score_before": _score_before(partner)},
    )


def _score_before(partner: Partner) -> int | None:
    """From which score the health fell, as the open alert explains it."""
    item = WorkItem.objects.open().about("partners.partner", partner.code).filter(kind=ALERT).last()
    lines = from_json(item.context.get("lines", [])) if item else ()
    return next((line.values.get("score_before") for line in lines if line.code == "health.alert"), None)
