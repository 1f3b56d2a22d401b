"""The terms of attribution: when a deal is a partner's, what a verdict earns, and how credit is shared.

Defaults are the figures of program rules §4. The factor of an influenced deal (50 %) is a part of the commission rate;
the report's 25 % is the weight at which influenced revenue is shown beside sourced revenue. They are two settings.
"""

# ruff: noqa: RUF009 - term(…) declares a field, it is not a shared default

from dataclasses import dataclass
from decimal import Decimal

from partners.choices import CreditModel, TouchKind
from partners.rules.term_reader import Terms, TermsError, term


@dataclass(frozen=True)
class PercentRange(Terms):
    """From one percentage to another, both inclusive."""

    least: Decimal = term(least=0, most=100)
    most: Decimal = term(least=0, most=100)

    def check(self) -> None:
        if self.least > self.most:
            raise TermsError("most", "must not be below least")

    def holds(self, percent: Decimal) -> bool:
        """Whether a percentage lies inside."""
        return self.least <= percent <= self.most

    def delta(self, percent: Decimal) -> Decimal:
        """How many points a percentage lies below (negative) or above the range; 0 inside."""
        return min(percent - self.least, Decimal(0)) + max(percent - self.most, Decimal(0))


@dataclass(frozen=True)
class KindWeight(Terms):
    """What a touch of this kind weighs in the custom model. A kind that is not listed weighs nothing."""

    kind: str = term(one_of=TouchKind.values)
    weight: Decimal = term(least=0, most=1000)


@dataclass(frozen=True)
class AttributionTerms(Terms):
    """How a partner's part in a deal is judged and credited."""

    registered_within_days: int = term(7, least=0, most=365)
    sourced_factor_percent: Decimal = term(Decimal(100), least=0, most=100)
    influenced_factor_percent: Decimal = term(Decimal(50), least=0, most=100)
    credit_model: str = term(CreditModel.TIME_DECAY.value, one_of=CreditModel.values)
    half_life_days: int = term(7, least=1, most=365)
    custom_weights: tuple[KindWeight, ...] = term(())
    influenced_report_percent: Decimal = term(Decimal(25), least=0, most=100)
    sourced_target: PercentRange = term(PercentRange(Decimal(20), Decimal(30)))  # of total revenue
    involved_target: PercentRange = term(PercentRange(Decimal(40), Decimal(50)))  # any touch, unweighted

    def check(self) -> None:
        kinds = [each.kind for each in self.custom_weights]
        if len(set(kinds)) < len(kinds):
            raise TermsError("custom_weights", "names a kind of touch twice")
        if self.custom_weights and not any(each.weight for each in self.custom_weights):
            raise TermsError("custom_weights", "needs a weight above 0")
        if self.credit_model == CreditModel.CUSTOM and not self.custom_weights:
            raise TermsError("custom_weights", "is needed for the credit model custom")
        if self.influenced_factor_percent > self.sourced_factor_percent:
            raise TermsError("influenced_factor_percent", "must not be above sourced_factor_percent")

    def weight(self, kind: str) -> Decimal:
        """What a touch of this kind weighs in the custom model."""
        return next((each.weight for each in self.custom_weights if each.kind == kind), Decimal(0))
