"""What a deal would bring a partner, were it signed today: the same plan, rate and formula as for a real one.

Nothing is written. The plan is chosen by ``standing_on`` and the amount computed by ``calculate`` or ``quote``, as when
a contract is signed; SPIFFs depend on the win itself and are left out. A recurring share is summed over the plan's
months, as if the customer stayed and paid once a year.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from deals.choices import DealKind, PlanModel, VerdictKind
from deals.models import EarningTerms, Opportunity, Product
from deals.queries.earning_situations import Standing, standing_on
from deals.queries.program import Program
from deals.rules.arr import annual
from deals.rules.commissions import Calculation, calculate, inputs_of
from deals.rules.earning_states import payable_on
from deals.rules.margins import MarginQuote, quote
from partners.models import Partner
from partners.queries.program import attribution_terms, incentive_terms, registration_terms
from prm.core.money import MoneyError

YEAR = 12


@dataclass(frozen=True)
class WhatIf:
    """What was asked. ``amount`` is the list price of a deal that is resold, else what the customer agrees to pay."""

    product: Product | None
    amount: Decimal
    currency: str
    term_months: int | None
    registered: bool
    verdict: str
    resale: bool


@dataclass(frozen=True)
class Offer:
    """The answer: a commission (one calculation for each payment that earns) or a margin, or neither.

    ``earliest_on`` is when it is payable if the customer does today what the plan waits for.
    """

    standing: Standing
    deal_kind: str
    base_amount: Decimal
    calculations: tuple[Calculation, ...] = ()
    margin: MarginQuote | None = None
    waits_for: str = ""
    holdback_days: int = 0
    earliest_on: date | None = None
    factor_percent: Decimal = Decimal(100)
    problem: str = ""
    verdicts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """The whole commission."""
        return sum((each.amount for each in self.calculations), Decimal(0))


def standing_for(*, partner: Partner, program: Program, asked: WhatIf) -> Standing:
    """The plan and rate that would be pinned for such a deal today."""
    deal = Opportunity(partner=partner, product=asked.product, currency=asked.currency, amount=asked.amount)
    kind = DealKind.RESALE if asked.resale else DealKind.COMMISSION
    return standing_on(partner=partner, deal=deal, deal_kind=kind, on=program.today, fallback=program.version)


def terms_of(partner: Partner, standing: Standing) -> EarningTerms:
    """The terms such a deal would get, unsaved: what the volume of the year is asked for."""
    chosen = standing.chosen
    return EarningTerms(
        partner=partner,
        program_version=standing.version,
        plan_code=chosen.plan.code if chosen else "",
        plan=chosen.plan.to_dict() if chosen else {},
    )


def offer(*, program: Program, asked: WhatIf, standing: Standing, volume_before: Decimal = Decimal(0)) -> Offer:
    """What the deal would bring under this standing. ``volume_before`` counts for plans of brackets."""
    kind = DealKind.RESALE if asked.resale else DealKind.COMMISSION
    base = _first_year(asked)
    factors = attribution_terms(standing.version)
    verdicts = {
        str(VerdictKind.SOURCED): factors.sourced_factor_percent,
        str(VerdictKind.INFLUENCED): factors.influenced_factor_percent,
    }
    chosen = standing.chosen
    if chosen is None:
        return Offer(standing, kind, base, verdicts=verdicts)
    if chosen.plan.model == PlanModel.MARGIN:
        points = registration_terms(standing.version).margin_points
        try:
            margin = quote(asked.amount, chosen.rate_percent or Decimal(0), asked.registered, points, asked.currency)
        except MoneyError:
            return Offer(standing, kind, base, problem="margin", verdicts=verdicts)
        return Offer(standing, kind, base, margin=margin, verdicts=verdicts)
    terms = incentive_terms(standing.version)
    months = range(0, chosen.plan.months or 1, YEAR) if chosen.plan.model == PlanModel.RECURRING else range(1)
    calculations = tuple(
        calculate(
            inputs_of(
                chosen.plan,
                base_amount=base,
                currency=asked.currency,
                rate_percent=chosen.rate_percent,
                rate_source=chosen.rate_source,
                verdict_factor_percent=verdicts[asked.verdict],
                volume_before=volume_before,
                months_since_start=month,
            )
        )
        for month in months
    )
    holdback = terms.holdback_of(chosen.plan)
    return Offer(
        standing,
        kind,
        base,
        calculations,
        waits_for=terms.trigger_of(chosen.plan),
        holdback_days=holdback,
        earliest_on=payable_on(program.today, holdback),
        factor_percent=verdicts[asked.verdict],
        verdicts=verdicts,
    )


def _first_year(asked: WhatIf) -> Decimal:
    """The first year's value: all of a shorter contract, a year's part of a longer one."""
    if asked.term_months is not None and asked.term_months < YEAR:
        return asked.amount
    return annual(asked.amount, asked.term_months, asked.currency)
