"""Which plan a deal earns by, and at which rate.

A plan fits a deal if its scope and dates include it, if its amounts of money are in the deal's currency, and if it has
a rate: its own, or what the partner's tier gives for its benefit. Of the plans that fit, the one with the most specific
scope counts, compared in the order product, tier, type, track, deal: a plan that names a product beats every plan that
does not, whatever else they name; among equals the tier decides, and so on. The program refuses plans between which
this can't choose. A product counts as named if the plan lists *all* products of the deal.

A partner's own rate that holds on the day replaces the rate of the plan chosen, and does not change which plan that is.
On a plan of brackets it replaces them all; a plan of flat amounts has no rate to replace. Plan, rate and tier are those
of the day on which the contract was signed; renewals look again on theirs. Source: program rules §5.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from deals.choices import PlanModel
from partners.rules.incentive_terms import ANY_DEAL, PlanTerm
from prm.core.explain import Line

SCOPE_NAMES = ("products", "tiers", "types", "tracks", "deal")
_FLAT = (PlanModel.FLAT,)


@dataclass(frozen=True)
class Situation:
    """A deal on the day that counts. `rates`: benefit → percentage that the partner's tier (or a grant) gives."""

    deal_kind: str
    track: str
    type: str
    on: date
    tier: str = ""
    products: frozenset[str] = frozenset()
    currency: str = ""
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnRate:
    """A rate agreed with one partner. Blank plan: any. Both days inclusive."""

    rate_percent: Decimal
    valid_from: date
    valid_until: date | None = None
    plan_code: str = ""
    ref: str = ""

    def counts(self, plan: PlanTerm, on: date) -> bool:
        """Whether it replaces this plan's rate on a day."""
        in_time = self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)
        return in_time and self.plan_code in ("", plan.code) and plan.model not in _FLAT


@dataclass(frozen=True)
class Chosen:
    """The plan, its rate and where that comes from: plan, tier, own, brackets, or none for flat amounts.

    `rate_percent` is None for brackets and flat amounts.
    """

    plan: PlanTerm
    rate_percent: Decimal | None
    rate_source: str
    lines: tuple[Line, ...]


def choose(plans: Iterable[PlanTerm], situation: Situation, own_rate: OwnRate | None = None) -> Chosen | None:
    """The plan that counts, or None if none fits; `why_none` says why. Lines on plans that lost are the vendor's."""
    plans = list(plans)
    fitting = [plan for plan in plans if not misfit(plan, situation)]
    if not fitting:
        return None
    plan = max(fitting, key=lambda each: each.scope.specificity)
    rate, source = _rate(plan, situation)
    lines = [
        Line("plan.chosen", {"plan": plan.code, "name": plan.name, "model": plan.model, "named": _named(plan)}),
        Line("plan.rate", {"percent": rate, "source": source, **_origin(plan, situation)}, unit="percent"),
    ]
    if own_rate and own_rate.counts(plan, situation.on):
        agreed = {"percent": own_rate.rate_percent, "instead_of": rate, "agreement": own_rate.ref}
        lines.append(Line("plan.own_rate", agreed, unit="percent"))
        rate, source = own_rate.rate_percent, "own"
    for other in plans:
        if other is not plan:
            reason = misfit(other, situation) or "less_specific"
            values = {"plan": other.code, "name": other.name, "reason": reason, "named": _named(other)}
            lines.append(Line("plan.lost", values, audience="vendor"))
    return Chosen(plan, rate, source, tuple(lines))


def why_none(plans: Iterable[PlanTerm], situation: Situation) -> tuple[Line, ...]:
    """Why no plan fits: for everyone that there is none, for the vendor what each plan lacks."""
    head = Line("plan.none", {"deal": situation.deal_kind, "track": situation.track, "type": situation.type})
    return (
        head,
        *(
            Line(
                "plan.lost",
                {"plan": plan.code, "name": plan.name, "reason": misfit(plan, situation), "named": _named(plan)},
                audience="vendor",
            )
            for plan in plans
        ),
    )


def misfit(plan: PlanTerm, situation: Situation) -> str:
    """The first reason for which a plan does not fit: deal, track, type, tier, product, dates, currency, no_rate."""
    scope = plan.scope
    checks = {
        "deal": scope.deal in (ANY_DEAL, situation.deal_kind),
        "track": not scope.tracks or situation.track in scope.tracks,
        "type": not scope.types or situation.type in scope.types,
        "tier": not scope.tiers or situation.tier in scope.tiers,
        "product": not scope.products or (bool(situation.products) and situation.products <= set(scope.products)),
        "dates": plan.holds_on(situation.on),
        "currency": not plan.counts_money or not plan.currency or plan.currency == situation.currency,
        "no_rate": not plan.rate_benefit or plan.rate_benefit in situation.rates,
    }
    return next((reason for reason, fits in checks.items() if not fits), "")


def _rate(plan: PlanTerm, situation: Situation) -> tuple[Decimal | None, str]:
    if plan.model == PlanModel.BRACKETS:
        return None, "brackets"
    if plan.rate_benefit:
        return situation.rates[plan.rate_benefit], "tier"
    return plan.rate_percent, "plan" if plan.rate_percent is not None else "none"


def _origin(plan: PlanTerm, situation: Situation) -> dict[str, str]:
    return {"benefit": plan.rate_benefit, "tier": situation.tier} if plan.rate_benefit else {}


def _named(plan: PlanTerm) -> list[str]:
    """What the scope narrows, most decisive first."""
    return [name for name, named in zip(SCOPE_NAMES, plan.scope.specificity, strict=True) if named]
