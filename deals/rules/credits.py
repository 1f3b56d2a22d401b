"""How the credit for a deal is shared among the partners that touched it, in basis points that add up to 10,000.

Only work on the sale up to and including the day of the win counts; mentions, delivery and what direct sales did earn
no credit, so the whole of a deal is always shared among its partners. First and last touch give it all to one touch,
linear the same to each, time decay half as much to a touch for every half-life between it and the win, custom what the
terms say a kind weighs. A partner's weight is the sum of its touches'. What rounding down leaves over goes to the
largest fractions, among equal ones to the partner with the earliest touch. If no touch weighs anything (a custom model
with none of its kinds), all weigh the same.

`partners` narrows the credit to those whose verdict is sourced or influenced; if none of them has a touch that counts,
they share it equally. Credits split reported revenue and the ARR that counts for tiers; they split commission only
where the plan says so. Source: program rules §4.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction

from deals.choices import CreditModel
from deals.rules.touches import TouchFact, up_to
from partners.rules.attribution_terms import AttributionTerms
from prm.core.money import split

WHOLE = 10_000
_DECAY = Context(prec=50)


def credit(
    touches: Sequence[TouchFact],
    model: str,
    *,
    won_on: date,
    terms: AttributionTerms,
    partners: Collection[int] | None = None,
) -> dict[int, int]:
    """Partner → basis points, by partner; empty without partners. Raises ValueError for an unknown model."""
    counted = [
        each
        for each in up_to(touches, won_on)
        if each.partner_id is not None and (partners is None or each.partner_id in partners)
    ]
    if not counted:
        return _share({each: Fraction(1) for each in sorted(partners or ())}, sorted(partners or ()))
    weights: dict[int, Fraction] = {}
    for touch, weight in zip(counted, _weights(counted, model, won_on, terms), strict=True):
        assert touch.partner_id is not None
        weights[touch.partner_id] = weights.get(touch.partner_id, Fraction(0)) + weight
    return _share(weights, list(weights))


def compare(
    touches: Sequence[TouchFact],
    *,
    won_on: date,
    terms: AttributionTerms,
    partners: Collection[int] | None = None,
) -> dict[str, dict[int, int]]:
    """What each model would give. The custom model is there if the terms have weights for it."""
    models = [model for model in CreditModel if model != CreditModel.CUSTOM or terms.custom_weights]
    return {str(model): credit(touches, model, won_on=won_on, terms=terms, partners=partners) for model in models}


def share_amount(amount: Decimal, credits: Mapping[int, int], currency: str) -> dict[int, Decimal]:
    """A rounded amount split by credits so that the parts add up to it exactly; equal remainders go by partner."""
    partners = sorted(credits)
    if not partners:
        return {}
    return dict(zip(partners, split(amount, [credits[each] for each in partners], currency), strict=True))


def _weights(touches: list[TouchFact], model: str, won_on: date, terms: AttributionTerms) -> list[Fraction]:
    """What each touch weighs. `touches` are in their order and not empty."""
    last = len(touches) - 1
    match model:
        case CreditModel.FIRST_TOUCH:
            return [Fraction(number == 0) for number in range(len(touches))]
        case CreditModel.LAST_TOUCH:
            return [Fraction(number == last) for number in range(len(touches))]
        case CreditModel.LINEAR:
            return [Fraction(1)] * len(touches)
        case CreditModel.TIME_DECAY:
            return [_halved((won_on - each.on).days, terms.half_life_days) for each in touches]
        case CreditModel.CUSTOM:
            weights = [Fraction(terms.weight(each.kind)) for each in touches]
            return weights if any(weights) else [Fraction(1)] * len(touches)
    raise ValueError(f"{model!r} is not a credit model")


def _halved(days: int, half_life: int) -> Fraction:
    """½ to the power of days ÷ half-life, to fifty digits."""
    exponent = _DECAY.divide(Decimal(-days), Decimal(half_life))
    return Fraction(_DECAY.power(Decimal(2), exponent))


def _share(weights: Mapping[int, Fraction], by_earliest: Sequence[int]) -> dict[int, int]:
    """Whole basis points by weight. `by_earliest`: the partners in the order of their earliest touch."""
    total = sum(weights.values(), Fraction(0))
    if not total:
        return {}
    exact = {each: weights[each] * WHOLE / total for each in by_earliest}
    given = {each: int(share) for each, share in exact.items()}
    fractions = sorted(by_earliest, key=lambda each: (given[each] - exact[each], by_earliest.index(each)))
    for each in fractions[: WHOLE - sum(given.values())]:
        given[each] += 1
    return dict(sorted(given.items()))
