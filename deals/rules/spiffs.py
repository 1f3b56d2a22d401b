"""Whether a SPIFF pays on a deal, what it gives, and how several work together.

Sourced deals only, won within the SPIFF's window (both days inclusive), for the types and tiers it is meant for, and
within the limits of the program's terms. What each kind needs besides:

| kind | needs | gives |
|---|---|---|
| first deal | the partner's first won deal, at most so many days after it joined | a flat amount |
| product launch | the launched product in the deal; a window of 30 to 60 days | a multiplier of the commission |
| quarterly push | the quarter's quota met | percent of the quarter's commission, on a line of its own |
| displacement | a competitor displaced (the named one, if it names one) | a flat amount |
| bundle | all the SPIFF's products, two at least, in the deal | points on the rate |

Together: (rate + all points) × multiplier × verdict factor, then the flat amounts. Of several multipliers only the
highest counts; they are never multiplied by each other. Flat amounts are in the SPIFF's currency, so they go with deals
of that currency only. Limits are ranges whose lower end is proposed. Source: program rules §5.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from deals.choices import SpiffKind, VerdictKind
from deals.rules.stored_inputs import StoredInputs
from partners.rules.incentive_terms import IncentiveTerms, SpiffLimit
from partners.rules.term_reader import term
from prm.core.explain import Line
from prm.core.money import CURRENCY_DIGITS, round_money

FLAT_KINDS = frozenset({SpiffKind.FIRST_DEAL, SpiffKind.DISPLACEMENT})


@dataclass(frozen=True)
class Spiff:
    """A SPIFF as it was set up. `value` is money, a factor, percent or points, as its kind says. Empty lists: all."""

    code: str
    kind: str
    value: Decimal
    starts_on: date
    ends_on: date
    currency: str = ""
    products: frozenset[str] = frozenset()
    competitor: str = ""
    types: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    quota_amount: Decimal | None = None
    name: str = ""

    @property
    def window_days(self) -> int:
        """How many days it runs, the first and the last included."""
        return (self.ends_on - self.starts_on).days + 1


@dataclass(frozen=True)
class SpiffFacts:
    """A won deal, or for a push the quarter that ended on `won_on`, as far as SPIFFs need it.

    `joined_on`: when the partner's first agreement was signed. `quota_reached`: the partner's sourced revenue of the
    quarter. `budget_left`: what the SPIFF can still give; None for no limit.
    """

    verdict: str
    won_on: date
    currency: str
    type: str
    tier: str = ""
    products: frozenset[str] = frozenset()
    competitor: str = ""
    is_first_deal: bool = False
    joined_on: date | None = None
    quota_reached: Decimal = Decimal(0)
    budget_left: Decimal | None = None


@dataclass(frozen=True)
class Award:
    """What a SPIFF gives: exactly one of the figures is above its neutral value."""

    spiff: str
    kind: str
    points: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    amount: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)


@dataclass(frozen=True)
class Ruling:
    """The award, or none and the reason in a word."""

    award: Award | None
    reason: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Combination:
    """Awards in the order in which a commission takes them."""

    points: tuple[Award, ...]
    multiplier: Award | None
    bonuses: tuple[Award, ...]
    pushes: tuple[Award, ...]


def problems(spiff: Spiff, terms: IncentiveTerms) -> tuple[str, ...]:
    """What is wrong with a SPIFF as it is set up, for whoever sets it up: codes, none if all is well."""
    limit = terms.spiff_limit(spiff.kind)
    if limit is None:
        return ("kind_not_offered",)
    found = {
        "window_order": spiff.ends_on < spiff.starts_on,
        "below_limit": spiff.value < limit.least,
        "above_limit": spiff.value > limit.most,
        "window_too_short": limit.window_least_days is not None and spiff.window_days < limit.window_least_days,
        "window_too_long": limit.window_most_days is not None and spiff.window_days > limit.window_most_days,
        "currency_missing": spiff.kind in FLAT_KINDS and not spiff.currency,
        "products_missing": spiff.kind == SpiffKind.PRODUCT_LAUNCH and not spiff.products,
        "two_products_needed": spiff.kind == SpiffKind.BUNDLE and len(spiff.products) < 2,
        "quota_missing": spiff.kind == SpiffKind.QUARTERLY_PUSH and not spiff.quota_amount,
    }
    return tuple(code for code, is_wrong in found.items() if is_wrong)


def award(spiff: Spiff, deal: SpiffFacts, terms: IncentiveTerms) -> Ruling:
    """Whether this SPIFF pays on this deal. `terms` are those of the program on the day of the win."""
    limit = terms.spiff_limit(spiff.kind)
    reason = "outside_limits" if limit is None or problems(spiff, terms) else _reason_against(spiff, deal, limit)
    if reason:
        why_not = {"spiff": spiff.code, "kind": spiff.kind, "reason": reason}
        return Ruling(None, reason, (Line("spiff.not_awarded", why_not),))
    values = {
        "spiff": spiff.code,
        "kind": spiff.kind,
        "value": spiff.value,
        "from": spiff.starts_on,
        "to": spiff.ends_on,
        "currency": spiff.currency,
    }
    return Ruling(_given(spiff), "", (Line("spiff.awarded", values),))


def _reason_against(spiff: Spiff, deal: SpiffFacts, limit: SpiffLimit) -> str:
    """The first reason for which a SPIFF does not pay on a deal, or blank."""
    against = {
        "not_sourced": deal.verdict != VerdictKind.SOURCED,
        "outside_window": not spiff.starts_on <= deal.won_on <= spiff.ends_on,
        "other_type": bool(spiff.types) and deal.type not in spiff.types,
        "other_tier": bool(spiff.tiers) and deal.tier not in spiff.tiers,
        "other_currency": spiff.kind in FLAT_KINDS and deal.currency != spiff.currency,
        **_against_by_kind(spiff, deal, limit),
        "budget_spent": spiff.kind in FLAT_KINDS and deal.budget_left is not None and deal.budget_left < spiff.value,
    }
    return next((reason for reason, holds in against.items() if holds), "")


def _against_by_kind(spiff: Spiff, deal: SpiffFacts, limit: SpiffLimit) -> dict[str, bool]:
    match spiff.kind:
        case SpiffKind.FIRST_DEAL:
            days = (deal.won_on - deal.joined_on).days if deal.joined_on else None
            is_late = days is None or not 0 <= days <= (limit.within_days or 0)
            return {"not_first_deal": not deal.is_first_deal, "not_new_partner": is_late}
        case SpiffKind.PRODUCT_LAUNCH:
            return {"product_missing": not spiff.products & deal.products}
        case SpiffKind.QUARTERLY_PUSH:
            return {"quota_missed": spiff.quota_amount is None or deal.quota_reached < spiff.quota_amount}
        case SpiffKind.DISPLACEMENT:
            named = spiff.competitor.strip().casefold()
            displaced = deal.competitor.strip().casefold()
            return {"no_competitor": not displaced, "other_competitor": bool(named) and named != displaced}
        case _:
            return {"bundle_incomplete": not spiff.products <= deal.products}


def _given(spiff: Spiff) -> Award:
    match spiff.kind:
        case SpiffKind.PRODUCT_LAUNCH:
            return Award(spiff.code, spiff.kind, multiplier=spiff.value)
        case SpiffKind.QUARTERLY_PUSH:
            return Award(spiff.code, spiff.kind, percent=spiff.value)
        case SpiffKind.BUNDLE:
            return Award(spiff.code, spiff.kind, points=spiff.value)
        case _:
            return Award(spiff.code, spiff.kind, amount=round_money(spiff.value, spiff.currency))


def combine(awards: Iterable[Award]) -> Combination:
    """Awards of one deal in the order of the formula; of several multipliers only the highest."""
    given = sorted(awards, key=lambda each: each.spiff)
    multipliers = [each for each in given if each.multiplier != 1]
    return Combination(
        points=tuple(each for each in given if each.points),
        multiplier=max(multipliers, key=lambda each: each.multiplier, default=None),
        bonuses=tuple(each for each in given if each.amount),
        pushes=tuple(each for each in given if each.percent),
    )


@dataclass(frozen=True)
class PushInputs(StoredInputs):
    """The quarter's commission (net of what was taken back, at least 0) and the percentage that the push adds."""

    FORMULA: ClassVar[str] = "push"

    commission_amount: Decimal = term(least=0)
    percent: Decimal = term(least=0, most=100)
    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    quarter: str = term("")
    spiff: str = term("")


@dataclass(frozen=True)
class Push:
    amount: Decimal
    inputs: PushInputs
    lines: tuple[Line, ...]


def push(inputs: PushInputs) -> Push:
    """What a quarterly push adds: its percentage of the quarter's commission, rounded once."""
    amount = round_money(Fraction(inputs.commission_amount) * Fraction(inputs.percent) / 100, inputs.currency)
    lines = (
        Line("push.commission", {"amount": inputs.commission_amount, "quarter": inputs.quarter}, unit="money"),
        Line("push.percent", {"percent": inputs.percent, "spiff": inputs.spiff}, unit="percent"),
        Line("push.amount", {"amount": amount, "currency": inputs.currency}, unit="money"),
    )
    return Push(amount, inputs, lines)
