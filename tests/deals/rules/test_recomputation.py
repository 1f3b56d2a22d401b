"""Any line can be computed again from the JSON that was stored with it."""

import json
from decimal import Decimal

import pytest

from deals.rules.clawbacks import Cause, ClawbackInputs, clawback
from deals.rules.commissions import Addition, Inputs, calculate
from deals.rules.fixed_amounts import FixedInputs, fix
from deals.rules.rebates import RebateInputs, rebate
from deals.rules.recomputation import recalculate
from deals.rules.spiffs import PushInputs, push
from partners.rules.incentive_terms import Bracket, IncentiveTerms
from partners.rules.terms import TermsError
from prm.core.explain import to_json

D = Decimal
TERMS = IncentiveTerms()
RESULTS = {
    "first year": calculate(
        Inputs("first_year", "USD", D("24000"), D("33.3333"), points=(Addition("bundle", D(5)),), multiplier=D("1.5"))
    ),
    "brackets": calculate(
        Inputs("brackets", "EUR", D("400000"), brackets=(Bracket(D(0), D(10), D(20)), Bracket(D(10), None, D("2.5"))))
    ),
    "recurring": calculate(Inputs("recurring", "JPY", D("24001"), D(15), months=24, months_since_start=3)),
    "fixed": fix(FixedInputs(D("-12.345"), "USD", "settlement", "DI-1")),
    "push": push(PushInputs(D("1234.56"), D("12.5"), "USD", "Q1 2026", "SP-1")),
    "rebate": rebate(RebateInputs(D("612345.67"), D("1000"), "USD", TERMS.rebate_bands, D(6))),
    "clawback": clawback(ClawbackInputs(D("1000"), D("10"), 91, Cause.downgraded(D(9), D(2)), TERMS.clawback, "KWD")),
}


@pytest.mark.parametrize("name", RESULTS)
def test_the_stored_inputs_give_the_stored_amount(name):
    result = RESULTS[name]
    stored = json.loads(json.dumps(result.inputs.to_json()))
    assert recalculate(stored) == result.amount != 0
    assert str(recalculate(stored)) == str(result.amount)
    assert type(result.inputs).from_json(stored) == result.inputs
    assert json.dumps(to_json(result.lines))


@pytest.mark.parametrize("name", RESULTS)
def test_a_changed_input_is_noticed(name):
    stored = RESULTS[name].inputs.to_json()
    key = next(key for key in ("base_amount", "commission_amount", "volume", "amount") if key in stored)
    assert recalculate({**stored, key: str(Decimal(stored[key]) * 2)}) != RESULTS[name].amount


@pytest.mark.parametrize(
    "data",
    [{}, {"formula": "luck"}, {"formula": "fixed"}, {"formula": "fixed", "amount": "1", "currency": "USD", "x": 1}],
)
def test_inputs_that_no_formula_reads_are_an_error(data):
    with pytest.raises(TermsError):
        recalculate(data)


def test_an_agreed_amount_is_rounded_half_away_from_zero():
    assert fix(FixedInputs(D("-0.005"), "USD")).amount == D("-0.01")
    assert str(fix(FixedInputs(D("-0.004"), "USD")).amount) == "0.00"
    assert fix(FixedInputs(D("0.5"), "JPY")).amount == 1
