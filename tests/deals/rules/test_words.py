"""The figures that the page on earning works out are those that the rules give."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from deals.rules.attribution import Claim, DealFacts, judge
from deals.rules.clawbacks import Cause, ClawbackInputs, clawback, share
from deals.rules.commissions import Addition, Inputs, calculate
from deals.rules.credits import credit
from deals.rules.earning_states import final_on, pay_by, payable_on
from deals.rules.margins import list_price_of, quote
from deals.rules.plans import Situation, choose
from deals.rules.rebates import RebateInputs, rebate
from deals.rules.touches import TouchFact
from partners.documents.program_file import blueprint_text, read_program_file
from partners.rules.incentive_terms import Bracket, PlanTerm

D = Decimal
PAGE = Path(__file__).parents[3] / "docs" / "earnings.md"
TEXT = re.sub(r"\n(> ?)?", " ", PAGE.read_text())
PROGRAM = read_program_file(blueprint_text("standard")).program
TERMS = PROGRAM.incentives()


def said(amount: Decimal) -> str:
    """An amount as the page writes it: no decimals where there are none."""
    return f"{amount:,.2f}".removesuffix(".00")


def earned(model: str, base: int, rate: int | None = None, **more) -> str:
    return said(calculate(Inputs(model, "USD", D(base), None if rate is None else D(rate), **more)).amount)


def test_the_figures_of_attribution_come_out():
    contact = date(2026, 3, 2)
    terms = PROGRAM.topics["attribution"]

    def kind(day, *touches, direct=None):
        facts = DealFacts(date(2026, 5, 1), (Claim(1, 1, "registration", day, contact),), direct)
        return judge(facts, 1, touches, terms).kind

    assert f"Registered on 9 March: the seventh day, **{kind(date(2026, 3, 9))}**" in TEXT
    demo = TouchFact(1, "partner", 1, "demo", date(2026, 3, 20))
    assert f"on record it is **{kind(date(2026, 3, 10), demo)}**" in TEXT
    assert kind(date(2026, 3, 9), direct=date(2026, 3, 1)) != "sourced"
    assert kind(date(2026, 3, 9), direct=contact) == "sourced"


def test_the_figures_of_credit_come_out():
    won = date(2026, 5, 29)
    steps = [(1, 21, "introduction"), (2, 14, "demo"), (2, 7, "demo"), (3, 0, "negotiation")]
    touches = [TouchFact(n, "partner", who, kind, won - timedelta(days=d)) for n, (who, d, kind) in enumerate(steps)]
    for model, words in (("linear", "linear"), ("time_decay", "time decay: ⅛, ¼ + ½, 1 of 1⅞")):
        shares = credit(touches, model, won_on=won, terms=PROGRAM.topics["attribution"]).values()
        cells = " | ".join(f"{said(D(bps) / 100)} %" for bps in shares)
        assert f"| {words} | {cells} |" in TEXT


def test_the_figures_of_plans_come_out():
    plans = [
        PlanTerm.from_dict(
            {
                "code": code,
                "name": code,
                "model": "first_year",
                "rate_percent": rate,
                "scope": {"deal": "commission", **scope},
            }
        )
        for code, rate, scope in (
            ("solution", 20, {"tracks": ["solution"]}),
            ("gold", 22, {"tiers": ["gold"]}),
            ("atlas", 18, {"products": ["atlas"]}),
        )
    ]
    deal = Situation("commission", "solution", "reseller", date(2026, 1, 1), "gold", frozenset({"atlas"}))
    assert f"Atlas counts: **{choose(plans, deal).rate_percent} %**" in TEXT


def test_every_plan_that_ships_is_in_the_table():
    rows = {row.split(" | ")[0].strip("| "): row for row in PAGE.read_text().splitlines() if row.startswith("| ")}
    for plan in TERMS.plans:
        row = rows[plan.name]
        if plan.rate_percent is not None:
            assert f"{plan.rate_percent} %" in row
        if plan.months:
            assert f"{plan.months} months" in row
        track = (plan.scope.tracks or (plan.scope.types[0],))[0]
        if plan.rate_benefit:
            assert ", ".join(map(str, PROGRAM.rates(plan.rate_benefit, track).values())) in row


def test_the_figures_of_commission_come_out():
    brackets = tuple(
        Bracket(D(a), b and D(b), D(p)) for a, b, p in ((0, 100_000, 20), (100_000, 250_000, 25), (250_000, None, 30))
    )
    assert f"24,000 ARR × 20 % = **{earned('first_year', 24_000, 20)}**, once" in TEXT
    years = [
        calculate(Inputs("recurring", "USD", D(24_000), D(15), months=24, months_since_start=n)).amount for n in (0, 12)
    ]
    assert f"= {said(years[0])} + {said(years[1])} = **{said(sum(years))}**" in TEXT
    assert f"20,000 + 37,500 + 45,000 = **{earned('brackets', 400_000, brackets=brackets)}**" in TEXT
    part = earned("brackets", 20_000, brackets=brackets, volume_before=D(240_000))
    assert f"10,000 × 25 % + 10,000 × 30 % = **{part}**" in TEXT
    assert f"100,000 × 25 % × 50 % = **{earned('first_year', 100_000, 25, verdict_factor_percent=D(50))}**" in TEXT
    everything = earned(
        "first_year",
        10_000,
        20,
        points=(Addition("bundle", D(5)),),
        multiplier=D(2),
        bonuses=(Addition("first", D(500)), Addition("displaced", D(1000))),
    )
    assert f"10,000 × (20 + 5) % × 2 + 500 + 1,000 = **{everything}**" in TEXT


def test_the_figures_of_margin_and_rebate_come_out():
    points = PROGRAM.registration().margin_points
    offer = quote(D(50_000), D(35), True, points, "USD")
    assert (
        f"the partner pays **{said(offer.partner_pays)}**, its gross profit is **{said(offer.gross_profit)}**" in TEXT
    )
    assert f"at 40 % is a list price of {said(list_price_of(D(30_000), D(35), True, points, 'USD'))}" in TEXT
    year = rebate(RebateInputs(D(600_000), D(0), "USD", TERMS.rebate_bands))
    assert f"250,000 × 2 % + 100,000 × 5 % = **{said(year.amount)}**" in TEXT


def test_the_dates_of_a_line_come_out():
    payable = payable_on(date(2026, 1, 31), TERMS.holdback_days)
    by = pay_by(payable, TERMS.pay_within_days)
    assert f"payable on **{payable:%-d %B}**, to be paid by **{by:%-d %B}**" in TEXT
    assert f"is final on **{final_on(date(2026, 1, 1), TERMS.clawback):%-d %B}**" in TEXT


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("on day 29: **{}** back", 29),
        ("and still day 90: **{}**", 90),
        ("89 ÷ 180 = **{}**", 91),
        ("Day 179: **{}**", 179),
    ],
)
def test_the_figures_of_clawback_come_out(words, days):
    taken = clawback(ClawbackInputs(D(3600), D(0), days, Cause.cancelled(), TERMS.clawback, "USD")).taken
    assert words.format(said(taken)) in TEXT
    assert share(180, TERMS.clawback) == 0


def test_the_figures_of_a_downgrade_come_out():
    first = ClawbackInputs(D(1000), D(0), 40, Cause.downgraded(D(24_000), D(18_000)), TERMS.clawback, "USD")
    taken = clawback(first).taken
    assert f"1,000 × ¼ × 50 % = **{said(taken)}** back" in TEXT
    second = ClawbackInputs(D(1000), taken, 135, Cause.cancelled(D(18_000), D(24_000)), TERMS.clawback, "USD")
    assert f"1,000 × ¾ × 45 ÷ 180 = **{said(clawback(second).taken)}** more" in TEXT


def test_limits_and_bands_are_the_program_s():
    for kind, words in (
        ("first_deal", "500–2,000"),
        ("quarterly_push", "10–20 % of the quarter's commission"),
        ("displacement", "1,000–5,000"),
    ):
        limit = TERMS.spiff_limit(kind)
        assert words.startswith(f"{limit.least:,}–{limit.most:,}")
        assert words in TEXT
    assert f"at most {TERMS.spiff_limit('first_deal').within_days} days after it joined" in TEXT
    launch = TERMS.spiff_limit("product_launch")
    assert (
        f"a window of {launch.window_least_days}–{launch.window_most_days} days | commission × {launch.least}" in TEXT
    )
    assert f"less than {TERMS.minimum('USD')} in a currency is carried over" in TEXT
    assert f"the clawback window of {TERMS.clawback_window_days} days" in TEXT
