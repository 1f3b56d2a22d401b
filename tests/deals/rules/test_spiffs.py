"""SPIFFs: who gets one, at the edges of window and range, and in which order several work."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.commissions import Addition, Inputs, calculate
from deals.rules.spiffs import Award, PushInputs, Spiff, SpiffFacts, award, combine, problems, push
from partners.rules.incentive_terms import IncentiveTerms
from partners.rules.terms import TermsError

D = Decimal
TERMS = IncentiveTerms()
FIRST, LAST = date(2026, 4, 1), date(2026, 5, 15)
JOINED = date(2026, 3, 1)

SPIFFS = {
    "first_deal": Spiff("SP-F", "first_deal", D(500), FIRST, LAST, "USD"),
    "product_launch": Spiff("SP-L", "product_launch", D(2), FIRST, LAST, products=frozenset({"comet"})),
    "quarterly_push": Spiff("SP-Q", "quarterly_push", D(10), FIRST, LAST, quota_amount=D(100_000)),
    "displacement": Spiff("SP-D", "displacement", D(1000), FIRST, LAST, "USD"),
    "bundle": Spiff("SP-B", "bundle", D(5), FIRST, LAST, products=frozenset({"atlas", "comet"})),
}
DEAL = SpiffFacts(
    verdict="sourced",
    won_on=date(2026, 4, 20),
    currency="USD",
    type="reseller",
    tier="gold",
    products=frozenset({"atlas", "comet"}),
    competitor="Globex",
    is_first_deal=True,
    joined_on=JOINED,
    quota_reached=D(100_000),
)


def reason(kind, spiff=None, terms=TERMS, **deal):
    ruling = award(replace(SPIFFS[kind], **(spiff or {})), replace(DEAL, **deal), terms)
    assert (ruling.award is None) == bool(ruling.reason)
    (line,) = ruling.lines
    assert line.code == ("spiff.not_awarded" if ruling.reason else "spiff.awarded")
    assert line.values.get("reason", "") == ruling.reason
    return ruling.reason


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("first_deal", Award("SP-F", "first_deal", amount=D(500))),
        ("product_launch", Award("SP-L", "product_launch", multiplier=D(2))),
        ("quarterly_push", Award("SP-Q", "quarterly_push", percent=D(10))),
        ("displacement", Award("SP-D", "displacement", amount=D(1000))),
        ("bundle", Award("SP-B", "bundle", points=D(5))),
    ],
)
def test_what_each_kind_gives(kind, given):
    ruling = award(SPIFFS[kind], DEAL, TERMS)
    assert (ruling.award, ruling.reason) == (given, "")


@pytest.mark.parametrize("kind", SPIFFS)
def test_sourced_deals_in_the_window_only(kind):
    assert reason(kind, verdict="influenced") == "not_sourced"
    assert reason(kind, verdict="not_attributed") == "not_sourced"
    assert reason(kind, won_on=FIRST - timedelta(days=1)) == "outside_window"
    assert reason(kind, won_on=LAST + timedelta(days=1)) == "outside_window"
    assert reason(kind, won_on=FIRST) == reason(kind, won_on=LAST) == ""


@pytest.mark.parametrize("kind", SPIFFS)
def test_types_and_tiers_it_is_meant_for(kind):
    assert reason(kind, {"types": frozenset({"si"})}) == "other_type"
    assert reason(kind, {"tiers": frozenset({"silver"})}) == "other_tier"
    assert reason(kind, {"types": frozenset({"reseller"}), "tiers": frozenset({"gold", "silver"})}) == ""


def test_flat_amounts_go_with_deals_of_their_currency_and_with_the_budget():
    for kind in ("first_deal", "displacement"):
        assert reason(kind, currency="EUR") == "other_currency"
        value = SPIFFS[kind].value
        assert reason(kind, budget_left=value - D("0.01")) == "budget_spent"
        assert reason(kind, budget_left=value) == ""
    assert reason("bundle", currency="EUR") == ""


@pytest.mark.parametrize(
    ("deal", "expected"),
    [
        ({"is_first_deal": False}, "not_first_deal"),
        ({"joined_on": None}, "not_new_partner"),
        ({"joined_on": date(2026, 1, 20)}, ""),  # the ninetieth day
        ({"joined_on": date(2026, 1, 19)}, "not_new_partner"),
        ({"joined_on": date(2026, 4, 20)}, ""),
        ({"joined_on": date(2026, 4, 21)}, "not_new_partner"),
    ],
)
def test_first_deal_of_a_new_partner_within_ninety_days(deal, expected):
    assert reason("first_deal", **deal) == expected


def test_a_launch_wants_the_product_and_a_bundle_all_of_them():
    assert reason("product_launch", products=frozenset({"atlas"})) == "product_missing"
    assert reason("product_launch", products=frozenset({"comet"})) == ""
    assert reason("bundle", products=frozenset({"atlas"})) == "bundle_incomplete"
    assert reason("bundle", products=frozenset({"atlas", "comet", "beacon"})) == ""


def test_a_push_wants_the_quota():
    assert reason("quarterly_push", quota_reached=D("99999.99")) == "quota_missed"
    assert reason("quarterly_push", quota_reached=D(100_000)) == ""


@pytest.mark.parametrize(
    ("named", "displaced", "expected"),
    [
        ("", "", "no_competitor"),
        ("", " ", "no_competitor"),
        ("", "Anyone", ""),
        ("Globex", "globex ", ""),
        ("Globex", "Initech", "other_competitor"),
    ],
)
def test_displacement_of_any_or_of_the_named_competitor(named, displaced, expected):
    assert reason("displacement", {"competitor": named}, competitor=displaced) == expected


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("first_deal", {"value": D("499.99")}, ("below_limit",)),
        ("first_deal", {"value": D(2000)}, ()),
        ("first_deal", {"value": D("2000.01")}, ("above_limit",)),
        ("first_deal", {"currency": ""}, ("currency_missing",)),
        ("product_launch", {"value": D(3)}, ("above_limit",)),
        ("product_launch", {"ends_on": FIRST + timedelta(days=28)}, ("window_too_short",)),
        ("product_launch", {"ends_on": FIRST + timedelta(days=29)}, ()),
        ("product_launch", {"ends_on": FIRST + timedelta(days=59)}, ()),
        ("product_launch", {"ends_on": FIRST + timedelta(days=60)}, ("window_too_long",)),
        ("product_launch", {"products": frozenset()}, ("products_missing",)),
        ("quarterly_push", {"value": D("20.01")}, ("above_limit",)),
        ("quarterly_push", {"value": D(20)}, ()),
        ("quarterly_push", {"quota_amount": None}, ("quota_missing",)),
        ("displacement", {"value": D(5000)}, ()),
        ("displacement", {"value": D(999)}, ("below_limit",)),
        ("bundle", {"products": frozenset({"atlas"})}, ("two_products_needed",)),
        ("bundle", {"value": D(6)}, ("above_limit",)),
        ("bundle", {"ends_on": FIRST}, ()),
        ("bundle", {"ends_on": FIRST - timedelta(days=1)}, ("window_order",)),
    ],
)
def test_limits_of_the_program_at_set_up_and_again_when_it_awards(kind, changes, expected):
    spiff = replace(SPIFFS[kind], **changes)
    assert problems(spiff, TERMS) == expected
    if expected:
        assert award(spiff, DEAL, TERMS).reason == "outside_limits"


def test_a_kind_that_the_program_does_not_offer():
    none = IncentiveTerms(spiff_limits=())
    assert problems(SPIFFS["bundle"], none) == ("kind_not_offered",)
    assert reason("bundle", terms=none) == "outside_limits"


# --- several together -------------------------------------------------------------------------------


def test_points_then_the_highest_multiplier_then_flat_amounts():
    launches = [Award("SP-1", "product_launch", multiplier=D(2)), Award("SP-2", "product_launch", multiplier=D("1.5"))]
    others = [
        Award("SP-4", "displacement", amount=D(1000)),
        Award("SP-3", "first_deal", amount=D(500)),
        Award("SP-0", "bundle", points=D(5)),
        Award("SP-5", "quarterly_push", percent=D(10)),
    ]
    both = combine(launches + others)
    assert [each.spiff for each in both.points] == ["SP-0"]
    assert both.multiplier == launches[0]
    assert [each.spiff for each in both.bonuses] == ["SP-3", "SP-4"]
    assert [each.spiff for each in both.pushes] == ["SP-5"]
    assert combine([]) == combine(iter(()))
    assert combine([]).multiplier is None


def test_a_deal_with_everything():
    """10,000 at 20 %: (20 + 5) × 2 × 100 % = 5,000, and 500 and 1,000 on top."""
    awards = [award(SPIFFS[kind], DEAL, TERMS).award for kind in SPIFFS if kind != "quarterly_push"]
    together = combine(each for each in awards if each)
    inputs = Inputs(
        "first_year",
        "USD",
        D(10_000),
        D(20),
        points=tuple(Addition(each.spiff, each.points) for each in together.points),
        multiplier=together.multiplier.multiplier,
        multiplier_source=together.multiplier.spiff,
        bonuses=tuple(Addition(each.spiff, each.amount) for each in together.bonuses),
    )
    assert calculate(inputs).amount == D("6500.00")


# --- the quarterly push -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commission", "percent", "currency", "amount"),
    [
        ("12500", "10", "USD", "1250.00"),
        ("12500", "20", "USD", "2500.00"),
        ("0.05", "10", "USD", "0.01"),
        ("0", "20", "USD", "0.00"),
        ("1234", "12.5", "JPY", "154"),
    ],
)
def test_a_push_adds_its_percentage_of_the_quarter_s_commission(commission, percent, currency, amount):
    result = push(PushInputs(D(commission), D(percent), currency, "Q2 2026", "SP-Q"))
    assert str(result.amount) == amount
    assert [line.code for line in result.lines] == ["push.commission", "push.percent", "push.amount"]


def test_a_negative_quarter_is_not_pushed():
    with pytest.raises(TermsError):
        PushInputs(D(-1), D(10), "USD")


@given(st.decimals(0, 10**7, places=2), st.decimals(10, 20, places=2))
def test_a_push_is_never_negative_and_comes_back_from_json(commission, percent):
    inputs = PushInputs(commission, percent, "USD")
    assert push(inputs).amount >= 0
    assert PushInputs.from_json(inputs.to_json()) == inputs
