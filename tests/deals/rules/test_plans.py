"""Which plan counts: the precedence, own rates, and why the others lost."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.plans import SCOPE_NAMES, OwnRate, Situation, choose, misfit, why_none
from partners.documents.program_file import blueprint_text, read_program_file
from partners.rules.incentive_terms import IncentiveTerms, PlanTerm
from partners.rules.terms import TermsError
from prm.core.explain import for_audience

ON = date(2026, 5, 20)
STANDARD = read_program_file(blueprint_text("standard")).program.incentives().plans


def plan(code, rate="10", **more):
    return PlanTerm.from_dict({"code": code, "name": code.title(), "model": "first_year", "rate_percent": rate, **more})


def situation(**changes):
    values = {
        "deal_kind": "commission", "track": "solution", "type": "reseller", "tier": "gold", "on": ON,
        "products": frozenset({"atlas"}), "currency": "USD",
        "rates": {"commission_rate": Decimal(20), "reseller_margin": Decimal(35)},
    }  # fmt: skip
    return Situation(**{**values, **changes})


def lost(lines):
    return {line.values["plan"]: line.values["reason"] for line in lines if line.code == "plan.lost"}


# --- the plans that ship ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "rate", "source"),
    [
        ({"deal_kind": "resale"}, "reseller_margin", 35, "tier"),
        ({}, "solution_commission", 20, "tier"),
        ({"type": "si", "deal_kind": "resale"}, "reseller_margin", 35, "tier"),
        ({"track": "referral", "type": "referral", "tier": "", "rates": {}}, "referral_first_year", 15, "plan"),
        (
            {"track": "technology", "type": "technology", "tier": "premier", "rates": {"commission_rate": Decimal(15)}},
            "technology_co_sold",
            15,
            "tier",
        ),
        ({"track": "affiliate", "type": "affiliate", "tier": "", "rates": {}}, "affiliate_recurring", 30, "plan"),
        ({"track": "technology", "type": "oem", "deal_kind": "resale", "rates": {}}, "oem_wholesale", 40, "plan"),
        ({"track": "technology", "type": "oem", "rates": {}}, "oem_wholesale", 40, "plan"),
    ],
)
def test_the_shipped_plans_cover_their_deals(changes, code, rate, source):
    chosen = choose(STANDARD, situation(**changes))
    assert (chosen.plan.code, chosen.rate_percent, chosen.rate_source) == (code, rate, source)


def test_a_tier_without_the_rate_gets_no_plan_and_is_told_so():
    registered = situation(track="technology", type="technology", tier="registered", rates={})
    assert choose(STANDARD, registered) is None
    lines = why_none(STANDARD, registered)
    assert lines[0].values == {"deal": "commission", "track": "technology", "type": "technology"}
    assert lost(lines)["technology_co_sold"] == "no_rate"
    assert lost(lines)["oem_wholesale"] == "type"
    assert [line.code for line in for_audience(lines, "partner")] == ["plan.none"]


# --- precedence -------------------------------------------------------------------------------------

NARROW = {
    "products": {"products": ["atlas"]},
    "tiers": {"tiers": ["gold"]},
    "types": {"types": ["reseller"]},
    "tracks": {"tracks": ["solution"]},
    "deal": {"deal": "commission"},
}


def test_product_beats_tier_beats_type_beats_track_beats_deal():
    plans = [plan("everyone"), *(plan(name, scope=NARROW[name]) for name in reversed(SCOPE_NAMES))]
    for winner in [*SCOPE_NAMES, "everyone"]:
        assert choose(plans, situation()).plan.code == winner
        plans = [each for each in plans if each.code != winner]
    assert choose(plans, situation()) is None


def test_one_step_up_beats_everything_below_it_together():
    for number, name in enumerate(SCOPE_NAMES):
        below = {key: value for each in SCOPE_NAMES[number + 1 :] for key, value in NARROW[each].items()}
        both = [plan("narrow", scope=NARROW[name]), plan("wide", scope=below)]
        assert choose(both, situation()).plan.code == "narrow"


def test_among_equals_the_next_step_decides():
    plans = [plan("a", scope=NARROW["tiers"]), plan("b", scope={**NARROW["tiers"], **NARROW["deal"]})]
    chosen = choose(plans, situation())
    assert chosen.plan.code == "b"
    assert lost(chosen.lines) == {"a": "less_specific"}
    assert chosen.lines[0].values["named"] == ["tiers", "deal"]


@pytest.mark.parametrize(
    ("scope", "more", "reason"),
    [
        ({"deal": "resale"}, {}, "deal"),
        ({"tracks": ["referral"]}, {}, "track"),
        ({"types": ["si", "oem"]}, {}, "type"),
        ({"tiers": ["silver"]}, {}, "tier"),
        ({"products": ["beacon"]}, {}, "product"),
        ({"products": ["atlas"]}, {}, ""),
        ({}, {"starts_on": "2026-05-21"}, "dates"),
        ({}, {"starts_on": "2026-05-20", "ends_on": "2026-05-20"}, ""),
        ({}, {"ends_on": "2026-05-19"}, "dates"),
        ({}, {"model": "hybrid", "flat_amount": 100, "currency": "EUR"}, "currency"),
        ({}, {"model": "hybrid", "flat_amount": 100, "currency": "USD"}, ""),
        ({}, {"currency": "EUR"}, ""),  # a percentage needs no currency
    ],
)
def test_why_a_plan_does_not_fit(scope, more, reason):
    assert misfit(plan("x", scope=scope, **more), situation()) == reason


def test_a_plan_for_products_wants_all_of_the_deal_s():
    both = situation(products=frozenset({"atlas", "beacon"}))
    assert misfit(plan("x", scope={"products": ["atlas"]}), both) == "product"
    assert misfit(plan("x", scope={"products": ["atlas", "beacon", "comet"]}), both) == ""
    assert misfit(plan("x", scope={"products": ["atlas"]}), situation(products=frozenset())) == "product"


def test_plans_that_lost_are_for_the_vendor_only():
    chosen = choose(STANDARD, situation())
    assert lost(chosen.lines) == {
        "reseller_margin": "deal",
        "referral_first_year": "track",
        "technology_co_sold": "type",
        "affiliate_recurring": "track",
        "oem_wholesale": "type",
    }
    assert [line.code for line in for_audience(chosen.lines, "partner")] == ["plan.chosen", "plan.rate"]
    assert chosen.lines[1].values == {"percent": 20, "source": "tier", "benefit": "commission_rate", "tier": "gold"}


# --- own rates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "rate", "source"),
    [
        (OwnRate(Decimal("27.5"), ON), "27.5", "own"),
        (OwnRate(Decimal("27.5"), ON, ON), "27.5", "own"),
        (OwnRate(Decimal("27.5"), date(2026, 5, 21)), "20", "tier"),
        (OwnRate(Decimal("27.5"), date(2026, 1, 1), date(2026, 5, 19)), "20", "tier"),
        (OwnRate(Decimal("27.5"), ON, plan_code="solution_commission"), "27.5", "own"),
        (OwnRate(Decimal("27.5"), ON, plan_code="reseller_margin"), "20", "tier"),
        (OwnRate(Decimal(5), ON), "5", "own"),
    ],
)
def test_an_own_rate_replaces_the_plan_s_while_it_holds(own, rate, source):
    chosen = choose(STANDARD, situation(), own)
    assert (chosen.plan.code, chosen.rate_percent, chosen.rate_source) == ("solution_commission", Decimal(rate), source)
    told = [line.values for line in chosen.lines if line.code == "plan.own_rate"]
    assert told == ([{"percent": Decimal(rate), "instead_of": 20, "agreement": ""}] if source == "own" else [])


def test_brackets_have_no_rate_but_can_be_replaced_by_one_and_flat_amounts_cannot():
    brackets = plan("v", None, model="brackets", brackets=[{"at_least": 0, "percent": 20}])
    flat = plan("f", None, model="flat", flat_amount=100)
    own = OwnRate(Decimal(30), ON)
    assert [
        (c.rate_percent, c.rate_source) for c in (choose([brackets], situation()), choose([brackets], situation(), own))
    ] == [
        (None, "brackets"),
        (30, "own"),
    ]
    assert [
        (c.rate_percent, c.rate_source) for c in (choose([flat], situation()), choose([flat], situation(), own))
    ] == [
        (None, "none"),
        (None, "none"),
    ]


# --- property: what the program accepts, the precedence can decide ------------------------------------

scopes = st.fixed_dictionaries(
    {
        "deal": st.sampled_from(["any", "resale", "commission"]),
        "tracks": st.sets(st.sampled_from(["a", "b"])).map(sorted),
        "types": st.sets(st.sampled_from(["si", "oem"])).map(sorted),
        "tiers": st.sets(st.sampled_from(["x", "y"])).map(sorted),
        "products": st.sets(st.sampled_from(["p", "q"])).map(sorted),
    }
)
SITUATIONS = [
    situation(deal_kind=deal, track=track, type=kind, tier=tier, products=frozenset(products))
    for deal, track, kind, tier, products in product(
        ["resale", "commission"], "ab", ["si", "oem"], "xy", ["", "p", "q", "pq"]
    )
]


@given(st.lists(scopes, min_size=2, max_size=4))
def test_no_situation_is_ever_left_with_two_plans_of_one_rank(scopes):
    plans = tuple(plan(f"plan{number}", scope=scope) for number, scope in enumerate(scopes))
    try:
        IncentiveTerms(plans=plans)
        is_accepted = True
    except TermsError:
        is_accepted = False
    doubts = []
    for each in SITUATIONS:
        ranks = [one.scope.specificity for one in plans if not misfit(one, each)]
        doubts += [each] if ranks.count(max(ranks, default=None)) > 1 else []
        chosen = choose(plans, each)
        assert (chosen is None) == (not ranks)
        assert chosen is None or chosen.plan.scope.specificity == max(ranks)
    assert not (is_accepted and doubts)
