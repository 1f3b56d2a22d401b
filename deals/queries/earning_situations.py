"""A partner on the day that counts for earning: track, type, tier, what that entitles it to, and its own rate."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from deals.choices import DealKind, EngagementKind
from deals.models import Opportunity
from deals.models import OwnRate as OwnRateRow
from deals.rules.plans import Chosen, OwnRate, Situation, choose, why_none
from partners.choices import PartnerType
from partners.models import Partner, ProgramVersion, Tier, TierChange
from partners.queries.grants import entitlement
from partners.queries.program import NoProgramInForce, incentive_terms, version_at
from partners.rules.incentive_terms import PlanTerm
from prm.core.explain import Line


@dataclass(frozen=True)
class Standing:
    """What counts for a partner's earnings on a day: program version, tier, and the plan chosen, if any fits."""

    version: ProgramVersion
    tier: Tier | None
    chosen: Chosen | None
    lines: tuple[Line, ...]


def standing_on(*, partner: Partner, deal: Opportunity, deal_kind: str, on: date, fallback: ProgramVersion) -> Standing:
    """The plan and rate for a deal of a partner on a day, and why. ``partner`` comes with its track.

    ``fallback`` counts before the first program version. Four statements, and one for each benefit that plans name.
    """
    try:
        version = version_at(on)
    except NoProgramInForce:
        version = fallback
    plans = incentive_terms(version).plans
    tier = tier_on(partner, on)
    situation = Situation(
        deal_kind=deal_kind,
        track=partner.track.code,
        type=partner.type,
        on=on,
        tier=tier.code if tier else "",
        products=products_of(deal),
        currency=deal.currency,
        rates=_rates(partner, plans, on),
    )
    chosen = choose(plans, situation)
    if chosen is None:
        return Standing(version, tier, None, why_none(plans, situation))
    own = _own_rate(partner, chosen.plan, on)
    if own is not None:
        chosen = choose(plans, situation, own)
    return Standing(version, tier, chosen, chosen.lines if chosen else ())


def deal_kind_of(deal: Opportunity, partner: Partner) -> str:
    """Resale where the partner registered the deal as resold, or embeds the product (OEM); else commission."""
    if deal.partner_id != partner.pk:
        return DealKind.COMMISSION
    resold = deal.registration is not None and deal.registration.engagement == EngagementKind.RESALE
    return DealKind.RESALE if resold or partner.type == PartnerType.OEM else DealKind.COMMISSION


def products_of(deal: Opportunity) -> frozenset[str]:
    """The deal's products by their names on the price list, as plans name them."""
    if deal.registration is not None:
        names = frozenset(deal.registration.products.values_list("name", flat=True))
        if names:
            return names
    return frozenset({deal.product.name}) if deal.product else frozenset()


def tier_on(partner: Partner, on: date) -> Tier | None:
    """The tier that a partner had at the end of a day."""
    changes = TierChange.objects.filter(partner=partner).select_related("from_tier", "to_tier")
    before = changes.filter(changed_on__lte=on).order_by("-changed_on", "-pk").first()
    if before is not None:
        return before.to_tier
    after = changes.order_by("changed_on", "pk").first()
    return after.from_tier if after is not None else partner.tier


def _rates(partner: Partner, plans: Iterable[PlanTerm], on: date) -> dict[str, Decimal]:
    """Benefit → percentage, for the benefits that plans take their rate from."""
    rates = {}
    for benefit in sorted({plan.rate_benefit for plan in plans if plan.rate_benefit}):
        entitled = entitlement(partner.pk, benefit, on)
        if entitled.granted and entitled.number is not None:
            rates[benefit] = entitled.number
    return rates


def _own_rate(partner: Partner, plan: PlanTerm, on: date) -> OwnRate | None:
    """The rate agreed with the partner for a plan, before one for any plan."""
    row = (
        OwnRateRow.objects.filter(partner=partner, plan_code__in=["", plan.code], valid_from__lte=on)
        .filter(Q(valid_until=None) | Q(valid_until__gte=on))
        .order_by("-plan_code")
        .first()
    )
    if row is None:
        return None
    return OwnRate(row.rate_percent, row.valid_from, row.valid_until, row.plan_code, str(row.pk))
