"""What a deal earns by its plan.

    amount = (base × (rate + points) % + the plan's flat amount) × multiplier × verdict factor [× credit] + bonuses

rounded half up to the currency's minor unit, once, at the end. Base is the first year's ARR for a first-year plan, a
renewal's ARR for a renewal, a customer's payment for a recurring share. Points and multiplier come from registrations
and SPIFFs, bonuses are their flat amounts. The verdict factor (100 %, 50 %, 0) reduces the plan's flat amount as it
reduces its rate. Credit counts only where the plan splits commission by it. There is no cap.

Brackets are marginal: what lies below an edge earns the lower bracket's rate. The volume before this deal (the same
partner, plan and fiscal year, in the deal's currency) says where the deal begins. An agreed rate replaces all brackets.
A recurring share is earned on payments in the first `months` months from the contract's start: a payment in advance
belongs to the first of them, and one after `months` whole months earns nothing any more. A margin is a price and no
commission: see `margins`. Source: program rules §4, §5.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from deals.choices import CommissionKind, PlanModel
from deals.rules.stored_inputs import StoredInputs
from partners.rules.incentive_terms import Bracket, PlanTerm
from partners.rules.term_reader import Terms, TermsError, term
from prm.core.business_time import add_months
from prm.core.explain import Line
from prm.core.money import CURRENCY_DIGITS, round_money

_KINDS = {
    PlanModel.FLAT: CommissionKind.FLAT,
    PlanModel.FIRST_YEAR: CommissionKind.FIRST_YEAR,
    PlanModel.HYBRID: CommissionKind.HYBRID,
    PlanModel.BRACKETS: CommissionKind.BRACKET,
    PlanModel.RECURRING: CommissionKind.RECURRING,
}


@dataclass(frozen=True)
class Addition(Terms):
    """Points on the rate, or a flat bonus: what it is called ("registration", a SPIFF's code) and how much."""

    source: str = term()
    value: Decimal = term(least=0)


@dataclass(frozen=True)
class Inputs(StoredInputs):
    """Everything that a commission is computed from. Money is in `currency`; percentages 0–100; credit in 1/10,000.

    `rate_percent` is None on flat amounts and on brackets without an agreed rate. `credit_bps` None: not split.
    """

    FORMULA: ClassVar[str] = "commission"

    model: str = term(one_of=[str(model) for model in _KINDS])
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    base_amount: Decimal = term(least=0)
    rate_percent: Decimal | None = term(None, least=0)
    rate_source: str = term("plan")
    points: tuple[Addition, ...] = term(())
    multiplier: Decimal = term(Decimal(1), least=0)
    multiplier_source: str = term("")
    verdict_factor_percent: Decimal = term(Decimal(100), least=0, most=100)
    credit_bps: int | None = term(None, least=0, most=10_000)
    flat_amount: Decimal = term(Decimal(0), least=0)
    brackets: tuple[Bracket, ...] = term(())
    volume_before: Decimal = term(Decimal(0), least=0)
    months: int | None = term(None, least=1)
    months_since_start: int = term(0, least=0)
    bonuses: tuple[Addition, ...] = term(())
    is_renewal: bool = term(False)
    plan: str = term("")

    @property
    def kind(self) -> CommissionKind:
        return CommissionKind.RENEWAL if self.is_renewal else _KINDS[PlanModel(self.model)]

    @property
    def is_over(self) -> bool:
        """Whether the months of a recurring share are over."""
        return self.months is not None and self.months_since_start >= self.months


@dataclass(frozen=True)
class Calculation:
    """The rounded amount, the kind of line it makes, what it was computed from, and why it is what it is."""

    amount: Decimal
    currency: str
    kind: CommissionKind
    inputs: Inputs
    lines: tuple[Line, ...]


def inputs_of(
    plan: PlanTerm,
    *,
    base_amount: Decimal,
    currency: str,
    rate_percent: Decimal | None,
    rate_source: str = "plan",
    points: tuple[Addition, ...] = (),
    multiplier: Decimal = Decimal(1),
    multiplier_source: str = "",
    verdict_factor_percent: Decimal = Decimal(100),
    credit_bps: int | None = None,
    volume_before: Decimal = Decimal(0),
    months_since_start: int = 0,
    bonuses: tuple[Addition, ...] = (),
    is_renewal: bool = False,
) -> Inputs:
    """The inputs of a deal under a plan, with the plan's own figures taken in.

    `rate_percent` and `rate_source` are those of `plans.choose`; a rate that brackets or flat amounts don't have is
    left out. `credit_bps` is kept only where the plan splits credit. A renewal takes the plan's renewal rate where it
    has one, and no months. Raises TermsError for what can't be, like a margin plan.
    """
    if plan.model == PlanModel.MARGIN:
        raise TermsError("model", "a margin is a price and no commission")
    rate, source = rate_percent, rate_source
    if plan.model == PlanModel.FLAT or (plan.model == PlanModel.BRACKETS and rate_source != "own"):
        rate = None
    if is_renewal and plan.renewal_rate_percent is not None:
        rate, source = plan.renewal_rate_percent, "renewal"
    return Inputs(
        model=plan.model,
        currency=currency,
        base_amount=base_amount,
        rate_percent=rate,
        rate_source=source,
        points=points,
        multiplier=multiplier,
        multiplier_source=multiplier_source,
        verdict_factor_percent=verdict_factor_percent,
        credit_bps=credit_bps if plan.splits_credit else None,
        flat_amount=plan.flat_amount or Decimal(0),
        brackets=plan.brackets if rate is None else (),
        volume_before=volume_before if rate is None and plan.brackets else Decimal(0),
        months=None if is_renewal else plan.months,
        months_since_start=months_since_start,
        bonuses=bonuses,
        is_renewal=is_renewal,
        plan=plan.code,
    )


def calculate(inputs: Inputs) -> Calculation:
    """The amount of one line and its explanation."""
    exact, lines = _by_plan(inputs)
    factors = (
        (inputs.multiplier != 1, Fraction(inputs.multiplier), "multiplier", {"source": inputs.multiplier_source}),
        (True, Fraction(inputs.verdict_factor_percent) / 100, "factor", {"percent": inputs.verdict_factor_percent}),
        (inputs.credit_bps is not None, Fraction(inputs.credit_bps or 0, 10_000), "credit", {"bps": inputs.credit_bps}),
    )
    for counts, factor, code, values in factors:
        if counts:
            exact *= factor
            shown = {"multiplier": inputs.multiplier, **values} if code == "multiplier" else values
            lines.append(Line(f"commission.{code}", shown, unit="percent" if code == "factor" else ""))
    for bonus in inputs.bonuses:
        exact += Fraction(bonus.value)
        lines.append(Line("commission.bonus", {"source": bonus.source, "amount": bonus.value}, unit="money"))
    if inputs.is_over:
        exact = Fraction(0)
        lines = [Line("commission.term_over", {"months": inputs.months, "month": inputs.months_since_start + 1})]
    amount = round_money(exact, inputs.currency)
    lines.append(Line("commission.amount", {"amount": amount, "currency": inputs.currency}, unit="money"))
    return Calculation(amount, inputs.currency, inputs.kind, inputs, tuple(lines))


def _by_plan(inputs: Inputs) -> tuple[Fraction, list[Line]]:
    """What base, rate, points and flat amount come to before any factor."""
    points = sum((each.value for each in inputs.points), Decimal(0))
    exact = Fraction(inputs.flat_amount)
    lines = [
        Line(
            "commission.base",
            {"amount": inputs.base_amount, "currency": inputs.currency, "kind": inputs.kind, "plan": inputs.plan},
            unit="money",
        )
    ]
    if inputs.brackets:
        lines.append(Line("commission.volume_before", {"amount": inputs.volume_before}, unit="money"))
        for bracket in inputs.brackets:
            part = bracket.part(inputs.volume_before + inputs.base_amount) - bracket.part(inputs.volume_before)
            if part:
                exact += Fraction(part) * Fraction(bracket.percent + points) / 100
                lines.append(
                    Line(
                        "commission.bracket",
                        {
                            "from": bracket.at_least,
                            "to": bracket.below,
                            "part": part,
                            "percent": bracket.percent,
                            "amount": part * bracket.percent / 100,
                        },
                        unit="money",
                    )
                )
    elif inputs.rate_percent is not None:
        exact += Fraction(inputs.base_amount) * Fraction(inputs.rate_percent + points) / 100
        values = {"percent": inputs.rate_percent, "source": inputs.rate_source}
        lines.append(Line("commission.rate", values, unit="percent"))
    if inputs.months is not None:
        values = {"months": inputs.months, "month": inputs.months_since_start + 1}
        lines.append(Line("commission.month", values, unit="months"))
    lines += [
        Line("commission.points", {"source": each.source, "points": each.value}, unit="points")
        for each in inputs.points
        if inputs.brackets or inputs.rate_percent is not None
    ]
    if inputs.flat_amount:
        lines.append(Line("commission.flat", {"amount": inputs.flat_amount}, unit="money"))
    return exact, lines


def due_to(inputs: Inputs) -> dict[str, Decimal]:
    """How much of the amount each addition is responsible for, by source, in the order in which they are applied.

    Points one after the other, then the multiplier, then each bonus; the parts and what is earned without any of them
    add up to the amount.
    """
    bare = replace(inputs, points=(), multiplier=Decimal(1), multiplier_source="", bonuses=())
    steps: list[tuple[str, dict[str, Any]]] = [
        (each.source, {"points": inputs.points[: number + 1]}) for number, each in enumerate(inputs.points)
    ]
    if inputs.multiplier != 1:
        values: dict[str, Any] = {"multiplier": inputs.multiplier, "multiplier_source": inputs.multiplier_source}
        steps.append((inputs.multiplier_source, values))
    steps += [(each.source, {"bonuses": inputs.bonuses[: number + 1]}) for number, each in enumerate(inputs.bonuses)]
    parts: dict[str, Decimal] = {}
    before = calculate(bare).amount
    for source, values in steps:
        bare = replace(bare, **values)
        after = calculate(bare).amount
        parts[source] = parts.get(source, Decimal(0)) + after - before
        before = after
    return parts


def months_since(start: date, on: date) -> int:
    """Whole months from a contract's start to a day: 0 until the same day of the next month, and before the start."""
    months = (on.year - start.year) * 12 + on.month - start.month
    months -= add_months(start, months) > on
    return max(months, 0)
