"""Commission to the cent: the worked figures, the order of the formula, every edge of brackets and months."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import CommissionKind
from deals.rules.commissions import Addition, Inputs, calculate, due_to, inputs_of, months_since
from partners.rules.incentive_terms import Bracket, PlanTerm
from partners.rules.terms import TermsError
from prm.core.business_time import add_months
from prm.core.money import digits_of

D = Decimal
BRACKETS = (
    Bracket(D(0), D(100_000), D(20)),
    Bracket(D(100_000), D(250_000), D(25)),
    Bracket(D(250_000), None, D(30)),
)


def given_(model="first_year", base="0", rate=None, currency="USD", **more):
    return Inputs(
        model=model, currency=currency, base_amount=D(base), rate_percent=None if rate is None else D(rate), **more
    )


def amount(*args, **more):
    return calculate(given_(*args, **more)).amount


# --- the worked figures of the program rules --------------------------------------------------------


def test_first_year_referral():
    assert amount("first_year", "24000", "20") == D("4800.00")


def test_recurring_share_for_two_years_if_the_customer_stays():
    years = [amount("recurring", "24000", "15", months=24, months_since_start=month) for month in (0, 12, 24)]
    assert years == [D("3600.00"), D("3600.00"), D("0.00")]
    monthly = [amount("recurring", "2000", "15", months=24, months_since_start=month) for month in range(36)]
    assert (monthly[23], monthly[24], sum(monthly)) == (D("300.00"), D("0.00"), D("7200.00"))


def test_brackets_by_annual_volume():
    calculation = calculate(given_("brackets", "400000", brackets=BRACKETS))
    assert calculation.amount == D("102500.00")
    parts = [line.values for line in calculation.lines if line.code == "commission.bracket"]
    assert [(part["part"], part["percent"], part["amount"]) for part in parts] == [
        (100_000, 20, 20_000),
        (150_000, 25, 37_500),
        (150_000, 30, 45_000),
    ]


def test_influenced_deal_earns_half():
    assert amount("first_year", "100000", "25", verdict_factor_percent=D(50)) == D("12500.00")


def test_a_deal_that_is_not_attributed_earns_nothing():
    assert amount("first_year", "100000", "25", verdict_factor_percent=D(0)) == 0


# --- the order of the formula -----------------------------------------------------------------------


def test_rate_and_points_then_multiplier_then_factor_then_credit_then_bonuses():
    calculation = calculate(
        given_(
            "first_year",
            "10000",
            "20",
            points=(Addition("bundle", D(5)),),
            multiplier=D(2),
            multiplier_source="launch",
            verdict_factor_percent=D(50),
            credit_bps=4000,
            bonuses=(Addition("first", D(500)),),
        )
    )
    # (20 + 5) % of 10,000 = 2,500 · × 2 = 5,000 · × 50 % = 2,500 · × 40 % = 1,000 · + 500
    assert calculation.amount == D("1500.00")
    assert [(line.code.removeprefix("commission."), line.unit) for line in calculation.lines] == [
        ("base", "money"),
        ("rate", "percent"),
        ("points", "points"),
        ("multiplier", ""),
        ("factor", "percent"),
        ("credit", ""),
        ("bonus", "money"),
        ("amount", "money"),
    ]
    assert all(line.audience == "all" for line in calculation.lines)
    values = {line.code.removeprefix("commission."): line.values for line in calculation.lines}
    assert values["multiplier"] == {"multiplier": 2, "source": "launch"}
    assert (values["factor"], values["credit"]) == ({"percent": 50}, {"bps": 4000})
    assert (values["points"], values["bonus"]) == (
        {"source": "bundle", "points": 5},
        {"source": "first", "amount": 500},
    )


def test_the_flat_part_of_a_plan_takes_the_factors_and_a_bonus_does_not():
    halved = {"verdict_factor_percent": D(50), "bonuses": (Addition("first", D(500)),)}
    assert amount("flat", "24000", flat_amount=D(1000)) == D("1000.00")
    assert amount("flat", "24000", flat_amount=D(1000), **halved) == D("1000.00")
    assert amount("hybrid", "24000", "10", flat_amount=D(250)) == D("2650.00")
    assert amount("hybrid", "24000", "10", flat_amount=D(250), **halved) == D("1825.00")


def test_points_add_to_every_bracket():
    points = (Addition("bundle", D(5)),)
    assert amount("brackets", "400000", brackets=BRACKETS, points=points) == D("102500.00") + 20_000


def test_there_is_no_cap():
    assert amount("first_year", "90000000", "60", multiplier=D(2), points=(Addition("bundle", D(5)),)) == D("117000000")


def test_it_is_rounded_once_at_the_end():
    assert amount("first_year", "0.03", "50", verdict_factor_percent=D(50), credit_bps=5000) == D("0.00")
    assert amount("first_year", "0.05", "50", credit_bps=4000) == D("0.01")  # 0.025 × 0.4, not 0.03 × 0.4
    assert amount("first_year", "0.01", "50") == D("0.01")
    assert amount("first_year", "100", "33.3333") == D("33.33")
    assert amount("first_year", "1.25", "10") == D("0.13")


@pytest.mark.parametrize(
    ("currency", "base", "expected"),
    [("JPY", "1003", "150"), ("JPY", "1030", "155"), ("KWD", "100.001", "15.000"), ("KWD", "100.005", "15.001"),
     ("USD", "100.03", "15.00"), ("USD", "100.10", "15.02")],
)  # fmt: skip
def test_amounts_have_their_currency_s_digits(currency, base, expected):
    assert str(amount("first_year", base, "15", currency=currency)) == expected


# --- brackets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "base", "expected"),
    [
        ("0", "100000", "20000.00"),
        ("0", "100000.01", "20000.00"),  # the first cent of the second bracket earns a quarter of a cent
        ("0", "100000.02", "20000.01"),
        ("99999.99", "0.01", "0.00"),  # the last cent of the first bracket earns a fifth of one
        ("99999.98", "0.02", "0.00"),
        ("99999.97", "0.03", "0.01"),
        ("99999.99", "0.03", "0.01"),  # one cent at 20 %, two at 25 %: 0.7 cents
        ("100000", "150000", "37500.00"),
        ("250000", "150000", "45000.00"),
        ("90000", "20000", "4500.00"),
        ("240000", "20000", "5500.00"),
        ("1000000", "1", "0.30"),
        ("50000", "0", "0.00"),
    ],
)
def test_each_part_of_a_deal_earns_its_bracket_s_rate(before, base, expected):
    assert amount("brackets", base, brackets=BRACKETS, volume_before=D(before)) == D(expected)


@given(st.decimals(0, 10**6, places=2), st.decimals(0, 10**6, places=2), st.decimals(0, 10**6, places=2))
def test_two_deals_earn_what_one_of_both_would(before, first, second):
    """Exactly so before rounding, and within a cent after it."""

    def exact(base, volume):
        parts = [bracket.part(volume + base) - bracket.part(volume) for bracket in BRACKETS]
        return sum(
            Fraction(part) * Fraction(bracket.percent) / 100 for part, bracket in zip(parts, BRACKETS, strict=True)
        )

    both = amount("brackets", first + second, brackets=BRACKETS, volume_before=before)
    one = amount("brackets", first, brackets=BRACKETS, volume_before=before)
    other = amount("brackets", second, brackets=BRACKETS, volume_before=before + first)
    assert exact(first, before) + exact(second, before + first) == exact(first + second, before)
    assert abs(both - one - other) <= D("0.01")


# --- recurring shares -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "on", "months"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), 0),
        (date(2026, 1, 1), date(2026, 1, 31), 0),
        (date(2026, 1, 1), date(2026, 2, 1), 1),
        (date(2026, 1, 1), date(2027, 12, 31), 23),
        (date(2026, 1, 1), date(2028, 1, 1), 24),
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2024, 2, 29), date(2025, 2, 27), 11),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 1, 1), date(2025, 12, 1), 0),  # paid in advance
    ],
)
def test_months_since_the_start(start, on, months):
    assert months_since(start, on) == months


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 120))
def test_a_month_begins_on_its_day(start, months):
    assert months_since(start, add_months(start, months)) == months
    assert months_since(start, add_months(start, months + 1) - timedelta(days=1)) == months


def test_after_its_months_a_share_says_why_it_earns_nothing():
    last = calculate(given_("recurring", "100", "30", months=12, months_since_start=11))
    over = calculate(given_("recurring", "100", "30", months=12, months_since_start=12, bonuses=(Addition("x", D(9)),)))
    assert (last.amount, over.amount) == (30, 0)
    assert [line.code for line in over.lines] == ["commission.term_over", "commission.amount"]
    assert [line.values for line in last.lines if line.code == "commission.month"] == [{"months": 12, "month": 12}]
    assert over.lines[0].values == {"months": 12, "month": 13}


# --- inputs from a plan -----------------------------------------------------------------------------


def plan(model, **more):
    rated = {} if model in ("flat", "brackets") else {"rate_percent": "15"}
    return PlanTerm.from_dict({"code": "p", "name": "P", "model": model, **rated, **more})


def of(a_plan, rate="15", **more):
    values = {"base_amount": D(1000), "currency": "USD", "rate_percent": rate and D(rate), **more}
    return calculate(inputs_of(a_plan, **values))


@pytest.mark.parametrize(
    ("a_plan", "rate", "amount", "kind"),
    [
        (plan("first_year"), "15", 150, CommissionKind.FIRST_YEAR),
        (plan("recurring", months=12), "15", 150, CommissionKind.RECURRING),
        (plan("flat", flat_amount=100), None, 100, CommissionKind.FLAT),
        (plan("flat", flat_amount=100), "15", 100, CommissionKind.FLAT),
        (plan("hybrid", flat_amount=100), "15", 250, CommissionKind.HYBRID),
        (plan("brackets", brackets=[{"at_least": 0, "percent": 20}]), None, 200, CommissionKind.BRACKET),
        (plan("brackets", brackets=[{"at_least": 0, "percent": 20}]), "0", 200, CommissionKind.BRACKET),
    ],
)
def test_a_plan_brings_its_own_figures(a_plan, rate, amount, kind):
    calculation = of(a_plan, rate)
    assert (calculation.amount, calculation.kind, calculation.inputs.plan) == (amount, kind, "p")


def test_an_agreed_rate_replaces_all_brackets():
    brackets = plan("brackets", brackets=[{"at_least": 0, "below": 10, "percent": 20}, {"at_least": 10, "percent": 25}])
    assert of(brackets, "40", rate_source="own", volume_before=D(5)).amount == 400
    assert of(brackets, "40", rate_source="own", volume_before=D(5)).inputs.brackets == ()


def test_the_volume_before_is_kept_with_brackets_only():
    brackets = plan("brackets", brackets=[{"at_least": 0, "below": 10, "percent": 20}, {"at_least": 10, "percent": 25}])
    assert of(brackets, None, volume_before=D(5)).amount == D("249.75")  # 5 at 20 %, 995 at 25 %
    assert of(brackets, None, volume_before=D(5)).inputs.volume_before == 5
    assert of(brackets, "40", rate_source="own", volume_before=D(5)).inputs.volume_before == 0
    assert of(plan("first_year"), volume_before=D(5)).inputs.volume_before == 0


def test_a_renewal_earns_its_own_rate_or_the_plan_s_and_knows_no_months():
    renewed = of(plan("recurring", months=12, renewal_rate_percent=5), is_renewal=True, months_since_start=30)
    assert (renewed.amount, renewed.kind) == (50, CommissionKind.RENEWAL)
    assert renewed.lines[1].values == {"percent": 5, "source": "renewal"}
    assert of(plan("first_year"), "20", is_renewal=True).amount == 200


def test_credit_counts_only_where_the_plan_splits():
    assert of(plan("first_year"), credit_bps=2500).amount == 150
    assert of(plan("first_year", splits_credit=True), credit_bps=2500).amount == D("37.50")
    assert of(plan("first_year", splits_credit=True), credit_bps=0).amount == 0
    assert of(plan("first_year", splits_credit=True)).amount == 150


def test_a_margin_is_no_commission():
    with pytest.raises(TermsError):
        of(plan("margin"))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"base_amount": D("-0.01")}, "base_amount"),
        ({"verdict_factor_percent": D(101)}, "verdict_factor_percent"),
        ({"credit_bps": 10_001}, "credit_bps"),
        ({"currency": "XXY"}, "currency"),
        ({"model": "margin"}, "model"),
        ({"months_since_start": -1}, "months_since_start"),
    ],
)
def test_inputs_that_cannot_be_are_refused(changes, path):
    with pytest.raises(TermsError) as error:
        replace(given_("first_year", "100", "10"), **changes)
    assert error.value.path == path


# --- what SPIFFs are responsible for ----------------------------------------------------------------


def test_what_each_addition_is_responsible_for():
    inputs = given_(
        "first_year",
        "1000",
        "20",
        points=(Addition("bundle", D(5)),),
        multiplier=D(2),
        multiplier_source="launch",
        verdict_factor_percent=D(100),
        bonuses=(Addition("first", D(500)), Addition("switch", D(1000))),
    )
    assert due_to(inputs) == {"bundle": 50, "launch": 250, "first": 500, "switch": 1000}
    assert due_to(given_("first_year", "1000", "20")) == {}


# --- properties -------------------------------------------------------------------------------------

money = st.decimals(0, 10**7, places=2)
percent = st.decimals(0, 100, places=4)
additions = st.lists(st.builds(Addition, st.sampled_from(["a", "b", "c"]), st.decimals(0, 50, places=2)), max_size=3)
any_inputs = st.builds(
    lambda model, flat, brackets, rate, **rest: Inputs(
        model=model,
        flat_amount=flat if model in ("flat", "hybrid") else D(0),
        brackets=BRACKETS if model == "brackets" and brackets else (),
        rate_percent=None if model == "flat" or (model == "brackets" and brackets) else rate,
        **rest,
    ),
    model=st.sampled_from(["flat", "first_year", "hybrid", "brackets", "recurring"]),
    flat=money,
    brackets=st.booleans(),
    rate=percent,
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    base_amount=money,
    points=additions.map(tuple),
    multiplier=st.decimals(1, 3, places=2),
    multiplier_source=st.just("launch"),
    verdict_factor_percent=percent,
    credit_bps=st.none() | st.integers(0, 10_000),
    volume_before=money,
    bonuses=additions.map(tuple),
)


@given(any_inputs)
def test_no_amount_is_negative_or_finer_than_its_currency(inputs):
    result = calculate(inputs)
    assert result.amount >= 0
    assert -result.amount.as_tuple().exponent <= digits_of(inputs.currency)
    assert result.lines[-1].values == {"amount": result.amount, "currency": inputs.currency}


@given(any_inputs)
def test_inputs_come_back_from_json_and_give_the_same(inputs):
    assert Inputs.from_json(inputs.to_json()) == inputs
    assert calculate(Inputs.from_json(inputs.to_json())) == calculate(inputs)


@given(any_inputs)
def test_the_parts_and_the_bare_amount_add_up(inputs):
    bare = replace(inputs, points=(), multiplier=D(1), bonuses=())
    parts = due_to(inputs)
    assert sum(parts.values(), calculate(bare).amount) == calculate(inputs).amount
    assert all(part >= 0 for part in parts.values())


@given(any_inputs, st.integers(0, 10_000))
def test_parts_of_the_credit_add_up_to_the_whole_within_a_unit_a_line(inputs, bps):
    inputs = replace(inputs, bonuses=())
    whole = calculate(replace(inputs, credit_bps=None)).amount
    parts = [calculate(replace(inputs, credit_bps=each)).amount for each in (bps, 10_000 - bps)]
    assert abs(sum(parts) - whole) <= D(1).scaleb(-digits_of(inputs.currency))


@given(st.decimals(0, 10**5, places=2), percent)
def test_a_hundred_times_the_base_earns_a_hundred_times_within_a_cent_a_line(base, rate):
    assert abs(amount("first_year", base * 100, rate) - 100 * amount("first_year", base, rate)) <= 100 * D("0.005")
