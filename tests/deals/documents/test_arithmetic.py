"""The worked figures of the program rules as sums that a partner can recompute, and every code in words."""

from decimal import Decimal

import pytest

from deals.documents.arithmetic import arithmetic, formula
from deals.documents.line_words import WORDED, said
from deals.models import Commission
from deals.rules.clawbacks import Cause, ClawbackInputs, clawback
from deals.rules.commissions import Addition, Inputs, calculate
from deals.rules.fixed_amounts import FixedInputs, fix
from deals.rules.margins import quote
from deals.rules.rebates import RebateInputs, rebate
from deals.rules.spiffs import PushInputs, push
from partners.rules.incentive_terms import Bracket, IncentiveTerms
from prm.core.explain import from_json, to_json

D = Decimal
TERMS = IncentiveTerms()
BRACKETS = (
    Bracket(D(0), D(100_000), D(20)),
    Bracket(D(100_000), D(250_000), D(25)),
    Bracket(D(250_000), None, D(30)),
)


def deal(model: str = "first_year", base: int = 24_000, rate: int | None = 20, **more: object) -> Inputs:
    rate_percent = None if rate is None else D(rate)
    return Inputs(model=model, currency="USD", base_amount=D(base), rate_percent=rate_percent, **more)


def taken(days: int, **more: object) -> ClawbackInputs:
    values = {"commission_amount": D(4800), "already_taken": D(0), "cause": Cause.cancelled()} | more
    return ClawbackInputs(days=days, bands=TERMS.clawback, currency="USD", **values)


CASES = [
    (calculate, deal(), "24,000.00 USD × 20 % × 100 % = 4,800.00 USD"),
    (calculate, deal("recurring", 24_000, 15, months=24), "24,000.00 USD × 15 % × 100 % = 3,600.00 USD"),
    (
        calculate,
        deal(base=100_000, rate=25, verdict_factor_percent=D(50)),
        "100,000.00 USD × 25 % × 50 % = 12,500.00 USD",
    ),
    (
        calculate,
        deal("brackets", 400_000, None, brackets=BRACKETS),
        "(100,000.00 USD × 20 % + 150,000.00 USD × 25 % + 150,000.00 USD × 30 %) × 100 % = 102,500.00 USD",
    ),
    (
        calculate,
        deal("hybrid", flat_amount=D(500), points=(Addition("SF-1", D(5)),)),
        "(24,000.00 USD × (20 % + 5 %) + 500.00 USD) × 100 % = 6,500.00 USD",
    ),
    (
        calculate,
        deal(multiplier=D(2), multiplier_source="SF-2", bonuses=(Addition("SF-3", D(1000)),)),
        "24,000.00 USD × 20 % × 2 × 100 % + 1,000.00 USD = 10,600.00 USD",
    ),
    (calculate, deal(credit_bps=6250), "24,000.00 USD × 20 % × 100 % × 62.5 % = 3,000.00 USD"),
    (clawback, taken(29), "− (4,800.00 USD × 100 %) = −4,800.00 USD"),
    (clawback, taken(30), "− (4,800.00 USD × 50 %) = −2,400.00 USD"),
    (clawback, taken(120), "− (4,800.00 USD × (180 − 120) ÷ 180) = −1,600.00 USD"),
    (
        clawback,
        taken(40, cause=Cause.downgraded(D(24_000), D(12_000))),
        "− (4,800.00 USD × 12,000.00 ÷ 24,000.00 × 50 %) = −1,200.00 USD",
    ),
    (
        clawback,
        taken(10, already_taken=D(4000)),
        "− (4,800.00 USD × 100 %, at most the 800.00 USD that were left) = −800.00 USD",
    ),
    (clawback, taken(200, cause=Cause.fraud()), "−4,800.00 USD = −4,800.00 USD"),
    (
        rebate,
        RebateInputs(volume=D(600_000), already_granted=D(0), currency="USD", bands=TERMS.rebate_bands),
        "250,000.00 USD × 2 % + 100,000.00 USD × 5 % = 10,000.00 USD",
    ),
    (
        push,
        PushInputs(commission_amount=D(12_000), percent=D(10), currency="USD"),
        "12,000.00 USD × 10 % = 1,200.00 USD",
    ),
    (fix, FixedInputs(amount=D(400), currency="USD", reason="settlement"), "400.00 USD"),
]


def plain(text: str) -> str:
    """Without the spaces that keep figures together on a line."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("rule", "inputs", "sum_in_words"), CASES, ids=[case[2] for case in CASES])
def test_a_line_can_be_recomputed_from_what_is_printed(rule, inputs, sum_in_words):
    line = Commission(inputs=inputs.to_json(), amount=rule(inputs).amount, currency="USD")
    assert plain(arithmetic(line)) == sum_in_words.replace(" %", " %")


def test_inputs_of_an_unknown_kind_are_shown_as_the_amount_alone():
    assert formula({"formula": "astrology"}) == ""
    assert plain(arithmetic(Commission(inputs={}, amount=D(7), currency="USD"))) == "7.00 USD"


def test_every_step_of_every_formula_has_words():
    lines = [line for rule, inputs, _sum in CASES for line in rule(inputs).lines]
    lines += quote(D(50_000), D(35), True, D(5), "USD").lines
    assert {line.code for line in lines} <= WORDED
    spoken = said(from_json(to_json(lines)), "USD", {"SF-2": "Launch of Analytics"})
    assert all(each.label and each.value for each in spoken)
    assert "Launch of Analytics" in {each.note for each in spoken}


def test_a_declining_share_keeps_its_fraction():
    spoken = {each.label: each.value for each in said(clawback(taken(121)).lines, "USD")}
    assert spoken["Share taken back"] == "59/180"
