"""New terms over the deals that were won: each computed with the old and with the new terms by the same rules.

Both sides start from the same facts of a deal: its first year's value, the partner's track, type and tier as signed,
the verdict's factor and credit, the products, rates agreed with the partner and benefits granted to it beside its tier.
Which plan counts and at which rate is asked of ``choose`` as at signature; the tier's rate is what that side's program
gives. Deals without a contract (won history) count with their verdict, or as sourced. Amounts stay in the deal's
currency.

Four statements whatever the number of deals, of which at most ``CAP`` are read, in pieces.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from deals.choices import DealKind, PlanModel
from deals.models import OwnRate as OwnRateRow
from deals.rules.plan_costs import CostedDeal, change_percent, cost
from deals.rules.plans import Chosen, OwnRate, Situation, choose
from partners.choices import GrantSource
from partners.models import Grant as GrantRow
from partners.models import Partner
from partners.rules.blueprint import Program
from prm.core.actors import Actor
from prm.core.business_time import add_months

CAP = 200_000
PIECE = 5_000
ZERO = Decimal(0)


@dataclass
class Sum:
    """What a group of deals costs before and after. ``unplanned`` had no plan on the new side."""

    label: str
    currency: str
    deals: int = 0
    before: Decimal = ZERO
    after: Decimal = ZERO
    revenue: Decimal = ZERO
    unplanned: int = 0
    code: str = ""

    @property
    def difference(self) -> Decimal:
        """After less before."""
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of before."""
        return change_percent(self.before, self.after)

    def add(self, before: Decimal, after: Decimal, revenue: Decimal, is_planned: bool) -> None:
        """Count one deal."""
        self.deals += 1
        self.before += before
        self.after += after
        self.revenue += revenue
        self.unplanned += not is_planned


@dataclass(frozen=True)
class Comparison:
    """The answer: in total by currency, by tier, by model, and by partner, those whose cost changes most first."""

    since: date
    until: date
    totals: list[Sum] = field(default_factory=list)
    tiers: list[Sum] = field(default_factory=list)
    plans: list[Sum] = field(default_factory=list)
    partners: list[Sum] = field(default_factory=list)
    is_capped: bool = False

    @property
    def gainers(self) -> list[Sum]:
        """Partners who would have earned more, the most first."""
        return sorted((each for each in self.partners if each.difference > 0), key=lambda each: -each.difference)

    @property
    def losers(self) -> list[Sum]:
        """Partners who would have earned less, the most first."""
        return sorted((each for each in self.partners if each.difference < 0), key=lambda each: each.difference)


def compare(
    *, old: Program, new: Program, since: date, until: date, actor: Actor, fiscal_start_month: int = 1
) -> Comparison:
    """Cost before and after of the deals won in a period, both days inclusive."""
    begins = _fiscal_year_of(since, fiscal_start_month)
    sides = [_Side(old, fiscal_start_month), _Side(new, fiscal_start_month)]
    own = _own_rates(begins, until)
    granted = _granted({*sides[0].benefits, *sides[1].benefits}, begins, until)
    groups: dict[str, dict[tuple[str, str], Sum]] = {name: {} for name in ("total", "tier", "plan", "partner")}
    names = {rung.code: rung.name for track in new.tracks for rung in track.tiers}
    count = 0
    is_capped = False
    for deal in _deals(begins, until):
        count += 1
        if count > CAP:
            is_capped = True
            break
        (before, _old_plan), (after, new_plan) = (
            side.cost_of(deal, own.get(deal["partner_id"], ()), granted.get(deal["partner_id"], ())) for side in sides
        )
        if deal["won_on"] < since:
            continue  # counted for the volume of the fiscal year only
        currency = deal["currency"]
        for name, key, label in (
            ("total", "", ""),
            ("tier", deal["tier"], names.get(deal["tier"], deal["tier"])),
            ("plan", new_plan.plan.code if new_plan else "", new_plan.plan.name if new_plan else ""),
            ("partner", str(deal["partner_id"]), ""),
        ):
            group = groups[name]
            if (key, currency) not in group:
                group[key, currency] = Sum(label, currency, code=key)
            group[key, currency].add(before, after, deal["base"], new_plan is not None)
    return Comparison(
        since=since,
        until=until,
        totals=_sorted(groups["total"]),
        tiers=_sorted(groups["tier"]),
        plans=_sorted(groups["plan"]),
        partners=_named(groups["partner"], actor),
        is_capped=is_capped,
    )


def _sorted(group: dict[tuple[str, str], Sum]) -> list[Sum]:
    return sorted(group.values(), key=lambda each: (each.currency, -each.before, each.code))


def _named(group: dict[tuple[str, str], Sum], actor: Actor) -> list[Sum]:
    """Partners by name and code, those whose cost changes most first."""
    ids = {int(key) for key, _currency in group}
    rows = Partner.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "code", "organization__name")
    known = {str(pk): (code, name) for pk, code, name in rows}
    for each in group.values():
        each.code, each.label = known.get(each.code, ("", "–"))
    return sorted(group.values(), key=lambda each: (-abs(each.difference), -each.before, each.label))


@dataclass(frozen=True)
class Grant:
    """A percentage granted to a partner beside its tier, by a certificate or by hand."""

    benefit: str
    percent: Decimal
    valid_from: date
    valid_until: date | None

    def holds_on(self, on: date) -> bool:
        """Whether it held on a day, both ends included."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


class _Side:
    """One set of terms. Alike situations are asked once; volumes of brackets grow deal by deal."""

    def __init__(self, program: Program, fiscal_start_month: int) -> None:
        self.program, self.fiscal = program, fiscal_start_month
        self.plans = program.incentives().plans
        self.benefits = sorted({plan.rate_benefit for plan in self.plans if plan.rate_benefit})
        self.rates = {
            (benefit, track.code): program.rates(benefit, track.code)
            for benefit in self.benefits
            for track in program.tracks
        }
        self.known: dict[tuple[Any, ...], Chosen | None] = {}
        self.volumes: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)

    def cost_of(
        self, deal: dict[str, Any], agreed: Sequence[OwnRate], granted: Sequence[Grant]
    ) -> tuple[Decimal, Chosen | None]:
        """What a deal costs under these terms, and the plan."""
        chosen = self._chosen(deal, agreed, granted)
        if chosen is None:
            return ZERO, None
        plan, volume = chosen.plan, ZERO
        if plan.model == PlanModel.BRACKETS:
            year = _fiscal_year_of(deal["won_on"], self.fiscal)
            key = deal["partner_id"], plan.code, deal["currency"], year
            volume = self.volumes[key]
            self.volumes[key] += deal["base"]
        costed = CostedDeal(
            base=deal["base"],
            currency=deal["currency"],
            factor_percent=deal["factor_percent"],
            credit_bps=deal["credit_bps"],
            list_price=deal["list_amount"],
            points=deal["points"],
        )
        amount = cost(plan, chosen.rate_percent, costed, is_own=chosen.rate_source == "own", volume_before=volume)
        return amount, chosen

    def _chosen(self, deal: dict[str, Any], agreed: Sequence[OwnRate], granted: Sequence[Grant]) -> Chosen | None:
        on = deal["won_on"]
        rates = self._rates(deal, granted)
        place = deal["deal_kind"], deal["track"], deal["type"], deal["tier"], deal["products"], deal["currency"]
        key = (*place, rates, tuple(plan.holds_on(on) for plan in self.plans))
        if key not in self.known:
            self.known[key] = choose(self.plans, _situation(place, rates, on))
        chosen = self.known[key]
        if chosen is None or not agreed:
            return chosen
        counting = [each for each in agreed if each.counts(chosen.plan, on)]
        if not counting:
            return chosen
        own = max(counting, key=lambda each: each.plan_code)
        return choose(self.plans, _situation(place, rates, on), own)

    def _rates(self, deal: dict[str, Any], granted: Sequence[Grant]) -> tuple[tuple[str, Decimal], ...]:
        """Benefit and percentage: the best of what the tier gives here and what was granted besides."""
        found = []
        for benefit in self.benefits:
            rates = [self.rates.get((benefit, deal["track"]), {}).get(deal["tier"])]
            rates += [each.percent for each in granted if each.benefit == benefit and each.holds_on(deal["won_on"])]
            best = max((rate for rate in rates if rate), default=None)
            if best is not None:
                found.append((benefit, best))
        return tuple(found)


def _situation(place: tuple[Any, ...], rates: tuple[tuple[str, Decimal], ...], on: date) -> Situation:
    deal_kind, track, kind, tier, products, currency = place
    return Situation(
        deal_kind=deal_kind,
        track=track,
        type=kind,
        on=on,
        tier=tier,
        products=frozenset(products),
        currency=currency,
        rates=dict(rates),
    )


def _granted(benefits: set[str], since: date, until: date) -> dict[int, list[Grant]]:
    """Percentages that plans take their rate from and that do not come from a tier, by partner. One statement."""
    found: dict[int, list[Grant]] = defaultdict(list)
    rows = GrantRow.objects.filter(entitlement__in=benefits, valid_from__lte=until).exclude(valid_until__lt=since)
    for row in rows.exclude(source_kind=GrantSource.TIER).order_by("partner_id", "pk"):
        found[row.partner_id].append(Grant(row.entitlement, Decimal(row.value), row.valid_from, row.valid_until))
    return found


def _own_rates(since: date, until: date) -> dict[int, list[OwnRate]]:
    """Agreements that held in a period, by partner. One statement."""
    found: dict[int, list[OwnRate]] = defaultdict(list)
    rows = OwnRateRow.objects.filter(valid_from__lte=until).exclude(valid_until__lt=since)
    for row in rows.order_by("partner_id", "valid_from"):
        found[row.partner_id].append(OwnRate(row.rate_percent, row.valid_from, row.valid_until, row.plan_code))
    return found


def _fiscal_year_of(day: date, fiscal_start_month: int) -> date:
    """The first day of the fiscal year of a day."""
    return add_months(day.replace(day=1), -((day.month - fiscal_start_month) % 12))


def _deals(since: date, until: date) -> Iterator[dict[str, Any]]:
    """The won deals of a period and what decides their cost, oldest first, read in pieces."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_DEALS, {"since": since, "until": until, "cap": CAP + 1})
        names: list[str] = []
        while piece := cursor.fetchmany(PIECE):
            names = names or [column.name for column in cursor.description]
            for row in piece:
                deal = dict(zip(names, row, strict=True))
                deal["deal_kind"] = DealKind.RESALE if deal["is_resold"] else DealKind.COMMISSION
                deal["products"] = tuple(deal["products"] or ())
                yield deal


_DEALS = """
SELECT d.won_on, d.currency, p.organization_id AS partner_id, tr.code AS track, p.type,
       coalesce(k.annual_amount, CASE WHEN d.term_months < 12 THEN d.amount ELSE d.arr END) AS base,
       coalesce(t.tier_code, was.code, tier.code, '') AS tier,
       coalesce(t.factor_percent, v.factor_percent, 100) AS factor_percent,
       coalesce(t.credit_bps, v.credit_bps, 10000) AS credit_bps,
       k.list_amount, coalesce(t.points, 0) AS points,
       p.organization_id = d.partner_id
         AND (coalesce(r.engagement, '') = 'resale' OR p.type = 'oem') AS is_resold,
       coalesce(named.names, CASE WHEN pr.id IS NULL THEN NULL ELSE ARRAY[pr.name] END) AS products
  FROM deals_opportunity d
  LEFT JOIN deals_contract k ON k.opportunity_id = d.id
  LEFT JOIN deals_earningterms t ON t.contract_id = k.id
  JOIN partners_partner p ON p.organization_id = coalesce(t.partner_id, d.partner_id)
  JOIN partners_track tr ON tr.id = p.track_id
  LEFT JOIN partners_tier tier ON tier.id = p.tier_id
  LEFT JOIN deals_registration r ON r.id = d.registration_id
  LEFT JOIN deals_product pr ON pr.id = d.product_id
  LEFT JOIN LATERAL (SELECT factor_percent, credit_bps FROM deals_verdict
                      WHERE opportunity_id = d.id AND partner_id = p.organization_id
                        AND superseded_at IS NULL) AS v ON true
  LEFT JOIN LATERAL (SELECT x.code FROM partners_tierchange c JOIN partners_tier x ON x.id = c.to_tier_id
                      WHERE k.id IS NULL AND c.partner_id = p.organization_id AND c.changed_on <= d.won_on
                      ORDER BY c.changed_on DESC, c.id DESC LIMIT 1) AS was ON true
  LEFT JOIN LATERAL (SELECT array_agg(n.name ORDER BY n.name) AS names
                       FROM deals_registration_products m JOIN deals_product n ON n.id = m.product_id
                      WHERE m.registration_id = r.id) AS named ON true
 WHERE d.status = 'won' AND d.won_on BETWEEN %(since)s AND %(until)s AND (k.id IS NULL OR t.id IS NOT NULL)
   AND coalesce(k.annual_amount, d.arr, d.amount) IS NOT NULL
 ORDER BY d.won_on, d.id, p.organization_id
 LIMIT %(cap)s
"""
