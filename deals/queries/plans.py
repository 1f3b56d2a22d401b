"""Plans as people read them: where they stand in the order of precedence, what they give, and whom they are for today.

Who a plan is for is asked of the same rule that chooses it at signature. Partners that are alike in track, type and
tier get the same answer, so the rule is asked once for each such group and not for each partner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from deals.choices import DealKind
from deals.models import Opportunity, OwnRate, Product
from deals.queries.earning_situations import Standing, standing_on
from deals.queries.program import Program
from deals.rules.plans import Situation, choose
from partners.choices import PartnerStatus
from partners.models import Partner, ProgramVersion
from partners.queries.program import incentive_terms
from partners.rules import blueprint
from partners.rules.blueprint import Problem, read_program
from partners.rules.incentive_terms import PlanTerm
from prm.core.actors import Actor

SHOWN = 20


@dataclass(frozen=True)
class Rate:
    """A tier and the rate that the plan gives it."""

    track: str
    tier: str
    percent: Decimal


@dataclass(frozen=True)
class PlanRow:
    """A plan with its rates by tier, what is unusual about it, and its place in the order of precedence."""

    plan: PlanTerm
    rank: int
    rates: list[Rate]
    warnings: list[Problem]
    trigger: str
    holdback_days: int


def plan_rows(program: blueprint.Program) -> list[PlanRow]:
    """The plans of a program, the most specific first: the order in which they win."""
    terms = program.incentives()
    warnings = warnings_of(program)
    order = sorted(terms.plans, key=lambda plan: plan.scope.specificity, reverse=True)
    return [
        PlanRow(
            plan=plan,
            rank=rank,
            rates=rates_of(program, plan),
            warnings=warnings.get(plan.code, []),
            trigger=terms.trigger_of(plan),
            holdback_days=terms.holdback_of(plan),
        )
        for rank, plan in enumerate(order, start=1)
    ]


def rates_of(program: blueprint.Program, plan: PlanTerm) -> list[Rate]:
    """What a plan gives by tier, where the tier gives the rate; empty for a rate of its own."""
    if not plan.rate_benefit:
        return []
    found = []
    of_types = {entry.track for entry in program.types if entry.type in plan.scope.types}
    for track in program.tracks:
        if plan.scope.tracks and track.code not in plan.scope.tracks:
            continue
        if plan.scope.types and track.code not in of_types:
            continue
        names = {rung.code: rung.name for rung in track.tiers}
        for tier, percent in program.rates(plan.rate_benefit, track.code).items():
            if not plan.scope.tiers or tier in plan.scope.tiers:
                found.append(Rate(track.name, names[tier], percent))
    return found


def warnings_of(program: blueprint.Program) -> dict[str, list[Problem]]:
    """Guard-rail warnings by plan, as the program editor gives them."""
    _read, found = read_program(program.to_dict())
    plans = program.topics["incentives"].plans
    by_plan: dict[str, list[Problem]] = {}
    for each in found:
        for number, plan in enumerate(plans):
            place = f"incentives.plans[{number}]"
            if each.path == place or each.path.startswith(f"{place}."):
                by_plan.setdefault(plan.code, []).append(each)
    return by_plan


@dataclass(frozen=True)
class Audience:
    """The partners whose deals a plan would win today: how many, the first of them, and by group."""

    count: int
    partners: list[Partner]
    groups: list[tuple[str, str, str, int]] = field(default_factory=list)


def audience_of(plan: PlanTerm, program: blueprint.Program, actor: Actor, on: date) -> Audience:
    """Who a plan counts for today, products aside. Two statements and one for the names.

    A partner is counted where the plan would be chosen for a deal of some kind; a plan for certain products is
    counted for deals with all of them.
    """
    plans = program.incentives().plans
    active = Partner.objects.visible_to(actor).filter(status=PartnerStatus.ACTIVE).order_by()
    rows = active.values_list("track__code", "type", "tier__code").annotate(count=Count("pk"))
    groups = [
        (track, kind, tier or "", count)
        for track, kind, tier, count in rows
        if _is_for(plan, plans, program, track, kind, tier or "", on)
    ]
    wanted = Q(pk__in=[])
    for track, kind, tier, _count in groups:
        wanted |= Q(track__code=track, type=kind, **({"tier__code": tier} if tier else {"tier": None}))
    shown = active.filter(wanted).select_related("organization", "tier").order_by("organization__name", "pk")
    return Audience(sum(each[3] for each in groups), list(shown[:SHOWN]) if groups else [], sorted(groups))


def _is_for(
    plan: PlanTerm, plans: Sequence[PlanTerm], program: blueprint.Program, track: str, kind: str, tier: str, on: date
) -> bool:
    rates = {
        name: percent
        for name in {each.rate_benefit for each in plans if each.rate_benefit}
        if (percent := program.rates(name, track).get(tier)) is not None
    }
    for deal_kind in DealKind.values:
        chosen = choose(
            plans,
            Situation(
                deal_kind=deal_kind,
                track=track,
                type=kind,
                on=on,
                tier=tier,
                products=frozenset(plan.scope.products),
                currency=plan.currency,
                rates=rates,
            ),
        )
        if chosen is not None and chosen.plan.code == plan.code:
            return True
    return False


def standing_for(
    *, partner: Partner, deal_kind: str, product: Product | None, currency: str, on: date, program: Program
) -> Standing:
    """The plan that a partner's deal would be signed under on a day, and why: nothing is written."""
    deal = Opportunity(partner=partner, product=product, currency=currency)
    return standing_on(partner=partner, deal=deal, deal_kind=deal_kind, on=on, fallback=program.version)


@dataclass(frozen=True)
class Edition:
    """A plan as one version of the program has it. ``before`` is what the version before it said."""

    version: ProgramVersion
    plan: PlanTerm | None
    before: PlanTerm | None

    @property
    def change(self) -> str:
        """What the version did to the plan: added, changed, dropped, or nothing."""
        if self.plan == self.before:
            return ""
        if self.plan is None:
            return "dropped"
        return "changed" if self.before else "added"


def history_of(code: str, actor: Actor) -> list[Edition]:
    """What became of a plan from version to version, the latest first; versions that left it alone are left out."""
    versions = ProgramVersion.objects.visible_to(actor).published().defer("source_text")
    editions, before = [], None
    for version in reversed(list(versions)):
        plan = incentive_terms(version).plan(code)
        edition = Edition(version, plan, before)
        if edition.change:
            editions.append(edition)
        before = plan
    return editions[::-1]


def drafts_of(actor: Actor) -> list[ProgramVersion]:
    """Program versions that are not published, the latest first."""
    return list(
        ProgramVersion.objects.visible_to(actor)
        .filter(status="draft")
        .defer("source_text")
        .order_by("-created_at", "-pk")
    )


def own_rate_rows() -> QuerySet[OwnRate]:
    """Agreements with what a list prints."""
    return OwnRate.objects.select_related("partner__organization", "partner__tier", "created_by")


def own_rates_of(plan_code: str, on: date) -> list[OwnRate]:
    """Agreements that count for a plan today or later. One statement."""
    rows = own_rate_rows().filter(Q(plan_code=plan_code) | Q(plan_code=""))
    rows = rows.filter(Q(valid_until=None) | Q(valid_until__gte=on))
    return list(rows.order_by("partner__organization__name", "valid_from"))
