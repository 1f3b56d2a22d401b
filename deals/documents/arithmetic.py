"""A line's amount as a sum that anyone can recompute: 24,000.00 USD × 20 % × 100 % = 4,800.00 USD.

It is built from the stored inputs, in the order of the formula, with every figure that went in and no rounding before
the end. The rules compute; nothing is computed here but the parts that a reader needs to follow.
"""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from deals.models import Commission
from deals.rules.clawbacks import ClawbackInputs
from deals.rules.commissions import Inputs
from deals.rules.fixed_amounts import FixedInputs
from deals.rules.rebates import RebateInputs
from deals.rules.spiffs import PushInputs
from partners.rules.term_reader import TermsError
from prm.core.figures import NBSP, figure, money_text, percent_text

TIMES, OVER, PLUS, MINUS = f"{NBSP}× ", f"{NBSP}÷ ", f"{NBSP}+ ", f"{NBSP}− "


def arithmetic(line: Commission) -> str:
    """The sum of a line with its result. What no formula can read is shown as the amount alone."""
    return f"{formula(line.inputs)}{NBSP}= {exact(line.amount, line.currency)}".removeprefix(f"{NBSP}= ")


def formula(inputs: dict[str, Any]) -> str:
    """What stands before the equals sign; empty for an agreed amount and for inputs of an unknown kind."""
    try:
        match inputs.get("formula"):
            case Inputs.FORMULA:
                return _commission(Inputs.from_json(inputs))
            case ClawbackInputs.FORMULA:
                return _clawback(ClawbackInputs.from_json(inputs))
            case RebateInputs.FORMULA:
                return _rebate(RebateInputs.from_json(inputs))
            case PushInputs.FORMULA:
                return _push(PushInputs.from_json(inputs))
            case FixedInputs.FORMULA:
                return ""
    except TermsError:
        return ""
    return ""


def exact(amount: Decimal, currency: str) -> str:
    """Money with all decimals of its currency."""
    return money_text(amount, currency, exact=True)


def percent(value: Decimal) -> str:
    """A percentage with the decimals it has."""
    return percent_text(value)


def _commission(inputs: Inputs) -> str:
    if inputs.is_over:
        return ""
    parts = _rated(inputs)
    if inputs.flat_amount or not parts:
        parts.append(exact(inputs.flat_amount, inputs.currency))
    factors = []
    if inputs.multiplier != 1:
        factors.append(figure(inputs.multiplier))
    factors.append(percent(inputs.verdict_factor_percent))
    if inputs.credit_bps is not None:
        factors.append(percent(Decimal(inputs.credit_bps) / 100))
    base = PLUS.join(parts)
    text = TIMES.join([f"({base})" if len(parts) > 1 else base, *factors])
    return PLUS.join([text, *(exact(bonus.value, inputs.currency) for bonus in inputs.bonuses)])


def _rated(inputs: Inputs) -> list[str]:
    """What is earned by percentages: the base at its rate, or each part of the volume at its bracket's."""
    points = [each.value for each in inputs.points]
    if inputs.brackets:
        total, start = inputs.volume_before + inputs.base_amount, inputs.volume_before
        return [
            TIMES.join([exact(part, inputs.currency), _rate(bracket.percent, points)])
            for bracket in inputs.brackets
            if (part := bracket.part(total) - bracket.part(start))
        ]
    if inputs.rate_percent is None:
        return []
    return [TIMES.join([exact(inputs.base_amount, inputs.currency), _rate(inputs.rate_percent, points)])]


def _rate(rate: Decimal, points: list[Decimal]) -> str:
    if not points:
        return percent(rate)
    return f"({PLUS.join([percent(rate), *(percent(each) for each in points)])})"


def _clawback(inputs: ClawbackInputs) -> str:
    cause, text = inputs.cause, [exact(inputs.commission_amount, inputs.currency)]
    if cause.part != 1:
        text.append(f"{figure(cause.lost, 2)}{OVER}{figure(cause.value, 2)}")
    if cause.by_days:
        text.append(clawback_share(inputs))
    product = TIMES.join(text)
    left = inputs.commission_amount - inputs.already_taken
    if inputs.already_taken:
        product = _("%(sum)s, at most the %(left)s that were left") % {
            "sum": product,
            "left": exact(left, inputs.currency),
        }
    return f"{MINUS.strip()}{NBSP}({product})" if len(text) > 1 or inputs.already_taken else f"−{product}"


def clawback_share(inputs: ClawbackInputs) -> str:
    """The share that the day gives: 50 %, or (180 − 120) ÷ 180 where it declines."""
    day = max(inputs.days, 0)
    for band in inputs.bands:
        if day < band.before_day:
            if band.share_percent is None:
                return f"({band.before_day}{MINUS}{day}){OVER}{band.before_day}"
            return percent(band.share_percent)
    return percent(Decimal(0))


def _rebate(inputs: RebateInputs) -> str:
    parts = [
        TIMES.join([exact(part, inputs.currency), percent(band.percent)])
        for band in inputs.all_bands
        if band.percent and (part := band.part(inputs.volume))
    ]
    text = PLUS.join(parts) or exact(Decimal(0), inputs.currency)
    return f"{text}{MINUS}{exact(inputs.already_granted, inputs.currency)}" if inputs.already_granted else text


def _push(inputs: PushInputs) -> str:
    return TIMES.join([exact(inputs.commission_amount, inputs.currency), percent(inputs.percent)])
