"""An amount computed again from what was stored with it, whichever formula made it.

This is what proves that no line was changed and no formula forgot what it once meant (invariant I11).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from deals.rules.clawbacks import ClawbackInputs, clawback
from deals.rules.commissions import Inputs, calculate
from deals.rules.fixed_amounts import FixedInputs, fix
from deals.rules.rebates import RebateInputs, rebate
from deals.rules.spiffs import PushInputs, push
from partners.rules.term_reader import TermsError


def recalculate(inputs_json: Mapping[str, Any]) -> Decimal:
    """The signed amount from stored inputs. Raises TermsError for data that no formula can read."""
    data = dict(inputs_json)
    match data.get("formula"):
        case Inputs.FORMULA:
            return calculate(Inputs.from_json(data)).amount
        case PushInputs.FORMULA:
            return push(PushInputs.from_json(data)).amount
        case RebateInputs.FORMULA:
            return rebate(RebateInputs.from_json(data)).amount
        case ClawbackInputs.FORMULA:
            return clawback(ClawbackInputs.from_json(data)).amount
        case FixedInputs.FORMULA:
            return fix(FixedInputs.from_json(data)).amount
        case other:
            raise TermsError("formula", f"{other!r} is not a formula")
