"""The terms of earning: plans, when money becomes payable, what is taken back, rebates and the limits of SPIFFs.

A plan says for which deals it is meant (its scope) and how it computes. For each situation at most one plan counts: the
one with the most specific scope, compared in the order product, tier, type, track, deal. Two plans between which that
order can't choose are refused when the program is read. Money is in the plan's currency, which is the program's where
the plan names none, and is never converted. Defaults are the figures of program rules §5.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Self

from partners.choices import DealKind, EarningTrigger, PartnerType, PlanModel, SpiffKind
from partners.rules.attribution_terms import PercentRange
from partners.rules.term_reader import Terms, TermsError, term
from prm.core.money import CURRENCY_DIGITS

ANY_DEAL = "any"
COMMISSION_RATE, RESELLER_MARGIN = "commission_rate", "reseller_margin"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCIES = ["", *sorted(CURRENCY_DIGITS)]
_RATED = {PlanModel.FIRST_YEAR, PlanModel.RECURRING, PlanModel.MARGIN, PlanModel.HYBRID}


@dataclass(frozen=True)
class Bracket(Terms):
    """A part of a volume, from `at_least` up to `below` (open at the top without it), and its own percentage."""

    at_least: Decimal = term(least=0)
    below: Decimal | None = term()
    percent: Decimal = term(least=0, most=100)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data, in which an open end need not be written."""
        return super().from_dict({"below": None, **data} if isinstance(data, dict) else data)

    def check(self) -> None:
        if self.below is not None and self.below <= self.at_least:
            raise TermsError("below", "must be above at_least")

    def part(self, volume: Decimal) -> Decimal:
        """How much of a volume that is counted from 0 lies in this bracket."""
        top = volume if self.below is None else min(volume, self.below)
        return max(top - self.at_least, Decimal(0))


def check_contiguous(bands: tuple[Bracket, ...], name: str, *, from_zero: bool) -> None:
    """Refuse bands with a gap or an overlap, or one after an open end."""
    for number, (lower, upper) in enumerate(pairwise(bands), start=1):
        if lower.below is None:
            raise TermsError(f"{name}[{number}]", "comes after a band without an end")
        if upper.at_least != lower.below:
            raise TermsError(f"{name}[{number}].at_least", f"must be where the band before ends: {lower.below}")
    if bands and from_zero and bands[0].at_least != 0:
        raise TermsError(f"{name}[0].at_least", "must be 0")


@dataclass(frozen=True)
class ClawbackBand(Terms):
    """Before this day (days since the contract's start) so much is taken back: a share, or one that declines to 0.

    Declining means (`before_day` − d) ÷ `before_day`, so that it reaches nothing on the day itself.
    """

    before_day: int = term(least=1, most=3650)
    share_percent: Decimal | None = term(None, least=0, most=100)
    declining: bool = term(False)

    def check(self) -> None:
        if (self.share_percent is None) != self.declining:
            raise TermsError("share_percent", "either a share or declining, not both")


@dataclass(frozen=True)
class PlanScope(Terms):
    """The deals a plan is meant for. An empty list stands for all; a deal's products must all be listed."""

    deal: str = term(ANY_DEAL, one_of=[ANY_DEAL, *DealKind.values])
    tracks: tuple[str, ...] = term(())
    types: tuple[str, ...] = term((), one_of=PartnerType.values)
    tiers: tuple[str, ...] = term(())
    products: tuple[str, ...] = term(())

    def check(self) -> None:
        for name in ("tracks", "types", "tiers", "products"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise TermsError(name, "names something twice")

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool, bool]:
        """What the scope narrows, in the order in which scopes are compared."""
        return bool(self.products), bool(self.tiers), bool(self.types), bool(self.tracks), self.deal != ANY_DEAL

    def overlaps(self, other: "PlanScope") -> bool:
        """Whether there can be a deal that both are meant for."""
        deals = {self.deal, other.deal}
        return (len(deals) == 1 or ANY_DEAL in deals) and all(
            not mine or not theirs or set(mine) & set(theirs)
            for mine, theirs in (
                (self.tracks, other.tracks),
                (self.types, other.types),
                (self.tiers, other.tiers),
                (self.products, other.products),
            )
        )


@dataclass(frozen=True)
class PlanTerm(Terms):
    """One way to earn. Percentages 0–100; `months` is how long a recurring share lasts from the contract's start.

    The rate is `rate_percent`, or the percentage that the partner's tier gives for the benefit `rate_benefit`.
    Renewals earn `renewal_rate_percent`, or the plan's rate without it. `trigger` and `holdback_days` replace the
    program's. `guard_rail` replaces that of the types. `starts_on` and `ends_on` narrow it within the program version,
    both inclusive.
    """

    code: str = term()
    name: str = term()
    model: str = term(one_of=PlanModel.values)
    scope: PlanScope = term(PlanScope())
    rate_percent: Decimal | None = term(None, least=0, most=100)
    rate_benefit: str = term("")
    months: int | None = term(None, least=1, most=120)
    flat_amount: Decimal | None = term(None, least=0, most=10**9)
    currency: str = term("", one_of=_CURRENCIES)
    brackets: tuple[Bracket, ...] = term(())
    renewal_rate_percent: Decimal | None = term(None, least=0, most=100)
    trigger: str | None = term(None, one_of=EarningTrigger.values)
    holdback_days: int | None = term(None, least=0, most=365)
    splits_credit: bool = term(False)
    guard_rail: PercentRange | None = term(None)
    starts_on: date | None = term(None)
    ends_on: date | None = term(None)

    def check(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise TermsError("code", "must be small letters, digits and _, starting with a letter")
        if not 0 < len(self.name.strip()) <= 120:
            raise TermsError("name", "must have 1 to 120 characters")
        has_rate = self.rate_percent is not None or bool(self.rate_benefit)
        if self.rate_percent is not None and self.rate_benefit:
            raise TermsError("rate_benefit", "either a rate or a benefit that gives it, not both")
        if has_rate != (self.model in _RATED):
            raise TermsError("rate_percent", "is needed" if self.model in _RATED else f"a {self.model} plan has none")
        self._needs("months", self.months is not None, {PlanModel.RECURRING})
        self._needs("flat_amount", self.flat_amount is not None, {PlanModel.FLAT, PlanModel.HYBRID})
        self._needs("brackets", bool(self.brackets), {PlanModel.BRACKETS})
        if self.model == PlanModel.BRACKETS:
            check_contiguous(self.brackets, "brackets", from_zero=True)
            if self.brackets[-1].below is not None:
                raise TermsError(f"brackets[{len(self.brackets) - 1}].below", "the highest bracket has no end")
        if self.model == PlanModel.FLAT and self.renewal_rate_percent is not None:
            raise TermsError("renewal_rate_percent", "a flat plan has no rate")
        if self.model == PlanModel.MARGIN and self.scope.deal == DealKind.COMMISSION:
            raise TermsError("scope.deal", "a margin is earned on resale")
        if self.model == PlanModel.MARGIN and self.splits_credit:
            raise TermsError("splits_credit", "a margin is a price and is not split")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise TermsError("ends_on", "must not be before starts_on")

    def _needs(self, name: str, is_given: bool, models: set[PlanModel]) -> None:
        if is_given != (self.model in models):
            raise TermsError(name, "is needed" if self.model in models else f"a {self.model} plan has none")

    @property
    def counts_money(self) -> bool:
        """Whether it holds amounts of money, which make it a plan for deals in its currency only."""
        return self.model in (PlanModel.FLAT, PlanModel.HYBRID, PlanModel.BRACKETS)

    def renewal_rate(self, rate_percent: Decimal | None) -> Decimal | None:
        """The rate of a renewal, given the rate that would count for a new deal."""
        return rate_percent if self.renewal_rate_percent is None else self.renewal_rate_percent

    def holds_on(self, on: date) -> bool:
        """Whether the plan's own dates include a day."""
        return (self.starts_on is None or self.starts_on <= on) and (self.ends_on is None or on <= self.ends_on)

    def clashes(self, other: "PlanTerm") -> bool:
        """Whether there can be a deal between whose two plans the precedence can't choose."""
        apart: object = (self.ends_on and other.starts_on and self.ends_on < other.starts_on) or (
            other.ends_on and self.starts_on and other.ends_on < self.starts_on
        )
        currencies = {self.currency, other.currency}
        both_money = self.counts_money and other.counts_money
        apart = apart or (both_money and len(currencies) == 2 and "" not in currencies)
        return self.scope.specificity == other.scope.specificity and self.scope.overlaps(other.scope) and not apart


@dataclass(frozen=True)
class SpiffLimit(Terms):
    """What a SPIFF of a kind may give; the lower end is what is proposed.

    `least` and `most` are money for a first deal and a displacement, a factor for a launch, percent of the quarter's
    commission for a push, points for a bundle. `window_least_days` and `window_most_days` bound how long a launch may
    run; `within_days` is how long after joining a partner's deal still is the first of a new partner.
    """

    kind: str = term(one_of=SpiffKind.values)
    least: Decimal = term(least=0, most=10**6)
    most: Decimal = term(least=0, most=10**6)
    window_least_days: int | None = term(None, least=1, most=365)
    window_most_days: int | None = term(None, least=1, most=365)
    within_days: int | None = term(None, least=1, most=365)

    def check(self) -> None:
        if self.least > self.most:
            raise TermsError("most", "must not be below least")
        if self.kind == SpiffKind.PRODUCT_LAUNCH and self.least < 1:
            raise TermsError("least", "a factor below 1 would take commission away")
        if self.kind == SpiffKind.QUARTERLY_PUSH and self.most > 100:
            raise TermsError("most", "must be at most 100")
        shortest, longest = self.window_least_days, self.window_most_days
        if shortest is not None and longest is not None and shortest > longest:
            raise TermsError("window_most_days", "must not be below window_least_days")
        if (self.within_days is None) != (self.kind != SpiffKind.FIRST_DEAL):
            raise TermsError("within_days", "belongs to the first deal, and only to it")


@dataclass(frozen=True)
class MinimumPayout(Terms):
    """The least that is paid out in one currency, where it differs from the general figure."""

    currency: str = term(one_of=sorted(CURRENCY_DIGITS))
    amount: Decimal = term(least=0)


_CLAWBACK = (
    ClawbackBand(30, Decimal(100)),
    ClawbackBand(90, Decimal(50)),
    ClawbackBand(180, declining=True),
)
_REBATES = (
    Bracket(Decimal(100_000), Decimal(250_000), Decimal(0)),
    Bracket(Decimal(250_000), Decimal(500_000), Decimal(2)),
    Bracket(Decimal(500_000), Decimal(1_000_000), Decimal(5)),
)
_SPIFFS = (
    SpiffLimit(SpiffKind.FIRST_DEAL.value, Decimal(500), Decimal(2000), within_days=90),
    SpiffLimit(SpiffKind.PRODUCT_LAUNCH.value, Decimal(2), Decimal(2), 30, 60),
    SpiffLimit(SpiffKind.QUARTERLY_PUSH.value, Decimal(10), Decimal(20)),
    SpiffLimit(SpiffKind.DISPLACEMENT.value, Decimal(1000), Decimal(5000)),
    SpiffLimit(SpiffKind.BUNDLE.value, Decimal(5), Decimal(5)),
)


@dataclass(frozen=True)
class IncentiveTerms(Terms):
    """When commission becomes payable and final, what is taken back, and the plans. Days, hours, percent."""

    trigger: str = term(EarningTrigger.FIRST_PAYMENT.value, one_of=EarningTrigger.values)
    holdback_days: int = term(30, least=0, most=365)
    pay_within_days: int = term(30, least=0, most=365)
    minimum_payout: Decimal = term(Decimal(50), least=0)  # in each currency
    minimum_payouts: tuple[MinimumPayout, ...] = term(())
    clawback: tuple[ClawbackBand, ...] = term(_CLAWBACK)
    dispute_hours: int = term(48, least=1, most=720)
    payout_approval_hours: int = term(24, least=1, most=720)  # for the second person of a run; ours
    rebate_bands: tuple[Bracket, ...] = term(_REBATES)  # above the last one: agreed partner by partner
    spiff_limits: tuple[SpiffLimit, ...] = term(_SPIFFS)
    plans: tuple[PlanTerm, ...] = term(())

    def check(self) -> None:
        self._check_clawback()
        check_contiguous(self.rebate_bands, "rebate_bands", from_zero=False)
        if len({limit.kind for limit in self.spiff_limits}) < len(self.spiff_limits):
            raise TermsError("spiff_limits", "names a kind twice")
        if len({each.currency for each in self.minimum_payouts}) < len(self.minimum_payouts):
            raise TermsError("minimum_payouts", "names a currency twice")
        for number, plan in enumerate(self.plans):
            if plan.code in [other.code for other in self.plans[:number]]:
                raise TermsError(f"plans[{number}].code", f"{plan.code} is used twice")
        for (_first, one), (number, other) in combinations(enumerate(self.plans), 2):
            if one.clashes(other):
                raise TermsError(f"plans[{number}].scope", f"leaves no choice between {one.code} and {other.code}")

    def _check_clawback(self) -> None:
        for number, (earlier, later) in enumerate(pairwise(self.clawback), start=1):
            if later.before_day <= earlier.before_day:
                raise TermsError(f"clawback[{number}].before_day", "must be later than the band before")
            if earlier.declining:
                raise TermsError(f"clawback[{number}]", "comes after a band that declines to nothing")
            before = earlier.share_percent or Decimal(0)
            after = later.share_percent
            if after is None:
                after = Decimal(later.before_day - earlier.before_day) * 100 / later.before_day
            if after > before:
                raise TermsError(f"clawback[{number}]", "must not take back more than the band before")

    @property
    def clawback_window_days(self) -> int:
        """From this many days after the contract's start nothing is taken back any more."""
        return self.clawback[-1].before_day if self.clawback else 0

    def plan(self, code: str) -> PlanTerm | None:
        """The plan with this code, or None."""
        return next((plan for plan in self.plans if plan.code == code), None)

    def trigger_of(self, plan: PlanTerm | None) -> str:
        """What must happen before the holdback of a plan's commission begins."""
        return plan.trigger if plan and plan.trigger else self.trigger

    def holdback_of(self, plan: PlanTerm | None) -> int:
        """Days between the trigger and payable for a plan."""
        return self.holdback_days if plan is None or plan.holdback_days is None else plan.holdback_days

    def minimum(self, currency: str) -> Decimal:
        """The least that is paid out in a currency; below it, it is carried over."""
        return next((each.amount for each in self.minimum_payouts if each.currency == currency), self.minimum_payout)

    def spiff_limit(self, kind: str) -> SpiffLimit | None:
        """What a SPIFF of this kind may give; None where the program has no such SPIFFs."""
        return next((limit for limit in self.spiff_limits if limit.kind == kind), None)


def types_of(scope: PlanScope, tracks_of_types: dict[str, str]) -> Iterator[str]:
    """The types of partner a scope can apply to, given the track that each type joins."""
    for kind, track in tracks_of_types.items():
        if (not scope.types or kind in scope.types) and (not scope.tracks or track in scope.tracks):
            yield kind
