from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.terms import Path, TierTerm
from partners.rules.tiers import TierFacts, next_progress, progress_to, qualify, what_if
from prm.core.explain import to_json
from tests.partners.rules.ladders import FLAT, SOLUTION, TECHNOLOGY, reached


@pytest.mark.parametrize(
    ("arr", "referrals", "certified", "tier"),
    [
        ("0", 0, 0, "registered"),
        ("24999.99", 4, 1, "registered"),
        ("25000", 0, 1, "silver"),
        ("25000", 0, 0, "registered"),
        ("0", 5, 1, "silver"),
        ("99999.99", 19, 2, "silver"),
        ("100000", 0, 2, "gold"),
        ("100000", 0, 1, "silver"),
        ("100000", 0, 0, "registered"),
        ("0", 20, 2, "gold"),
        ("499999.99", 49, 5, "gold"),
        ("500000", 0, 5, "platinum"),
        ("500000", 0, 4, "gold"),
        ("0", 50, 5, "platinum"),
        ("12500", 2, 1, "registered"),  # half of each path is no path
        ("-1000", 0, 5, "registered"),
    ],
)
def test_the_solution_ladder_at_its_edges(arr, referrals, certified, tier):
    assert qualify(SOLUTION, reached(arr, referrals, certified)) == tier


def test_no_agreement_no_tier_and_a_flat_track_has_none():
    assert qualify(SOLUTION, reached(10**6, 99, 9, agreement=False)) is None
    assert qualify(FLAT, reached(10**6, 99, 9)) is None


@pytest.mark.parametrize(
    ("integrations", "co_sold", "technical", "sales", "tier"),
    [
        (1, 0, 1, 0, "certified"),
        (1, 0, 0, 9, "registered"),  # only technical certificates count on this ladder
        (0, 0, 1, 0, "registered"),
        (1, 5, 2, 0, "premier"),
        (1, 4, 2, 0, "certified"),
        (1, 5, 1, 9, "certified"),
    ],
)
def test_the_technology_ladder(integrations, co_sold, technical, sales, tier):
    metrics = {"live_integrations": Decimal(integrations), "co_sold_deals": Decimal(co_sold)}
    facts = TierFacts(True, metrics, technical + sales, {"technical": technical, "sales": sales})
    assert qualify(TECHNOLOGY, facts) == tier


def test_a_ladder_names_what_it_counts():
    assert SOLUTION.metrics == ("sourced_arr", "qualified_referrals")
    assert TECHNOLOGY.metrics == ("live_integrations", "co_sold_deals")
    assert FLAT.metrics == ()


def test_seventy_percent_to_gold():
    progress = next_progress(SOLUTION, reached(70_000, 14, 1), "silver")
    assert (progress.tier, progress.percent) == ("gold", 70)
    assert [(path.metric, path.percent, path.missing) for path in progress.paths] == [
        ("sourced_arr", 70, Decimal(30_000)),
        ("qualified_referrals", 70, Decimal(6)),
    ]
    assert (progress.certified_reached, progress.certified_required, progress.certified_missing) == (1, 2, 1)
    assert not progress.complete


@pytest.mark.parametrize(
    ("arr", "referrals", "certified", "percent"),
    [
        ("0", 0, 0, 0),
        ("999.99", 0, 2, 0),
        ("70999.99", 0, 2, 70),  # rounded down
        ("10000", 13, 2, 65),  # the better path
        ("99999.99", 0, 2, 99),
        ("100000", 0, 1, 99),  # 100 only when everything is met
        ("250000", 0, 0, 99),
        ("100000", 0, 2, 100),
        ("-5000", 0, 2, 0),
    ],
)
def test_progress_is_the_best_path_rounded_down(arr, referrals, certified, percent):
    assert next_progress(SOLUTION, reached(arr, referrals, certified), "silver").percent == percent


def test_progress_without_an_agreement_and_at_the_top():
    first = next_progress(SOLUTION, reached(agreement=False), None)
    assert (first.tier, first.percent, first.agreement_missing) == ("registered", 99, True)
    assert next_progress(SOLUTION, reached(), "platinum") is None
    assert next_progress(FLAT, reached(), None) is None


def test_what_was_never_gathered_counts_for_nothing():
    bare = TierFacts(True)
    assert bare.reached("sourced_arr") == 0
    assert (bare.certified(""), bare.certified("technical")) == (0, 0)


def test_a_threshold_of_zero_is_met():
    tier = TierTerm("open", "Open", 0, (Path("sourced_arr", Decimal(0)),), review_months=0)
    assert progress_to(tier, reached()).percent == 100


def test_progress_explains_itself():
    lines = to_json(next_progress(SOLUTION, reached("70000.00", 14, 1), "silver").lines)
    assert [line["code"] for line in lines] == ["tier.path", "tier.path", "tier.certified", "tier.agreement"]
    assert lines[0]["values"] == {
        "tier": "gold",
        "metric": "sourced_arr",
        "reached": "70000.00",
        "required": "100000",
        "missing": "30000.00",
        "percent": 70,
        "met": False,
    }
    assert (lines[0]["unit"], lines[1]["unit"]) == ("money", "count")
    assert lines[2]["values"]["missing"] == 1
    assert {line["audience"] for line in lines} == {"all"}


BENEFITS = {
    "silver": {"commission rate": "15 %", "mdf": "5,000", "portal": "full"},
    "gold": {"commission rate": "20 %", "mdf": "25,000", "portal": "full"},
}


def test_what_if_i_add_thirty_thousand_and_a_certified_person():
    answer = what_if(
        SOLUTION,
        reached(70_000, 14, 1),
        current="silver",
        add_metrics={"sourced_arr": Decimal(30_000)},
        add_certified=1,
        benefits=BENEFITS,
    )
    assert (answer.tier_now, answer.tier) == ("silver", "gold")
    assert answer.gains == (("commission rate", "15 %", "20 %"), ("mdf", "5,000", "25,000"))
    assert answer.progress.tier == "platinum"
    assert answer.progress.percent == 28  # 14 of 50 referrals beat 100,000 of 500,000


def test_what_if_it_is_not_enough():
    answer = what_if(
        SOLUTION,
        reached(70_000, 14, 1),
        current="silver",
        add_metrics={"qualified_referrals": Decimal(6)},
        benefits=BENEFITS,
    )
    assert (answer.tier, answer.gains, answer.progress.percent) == ("silver", (), 99)
    assert answer.progress.certified_missing == 1


def test_the_calculator_never_takes_a_tier_away():
    assert what_if(SOLUTION, reached(), current="gold").tier == "gold"


def test_new_people_count_for_the_kind_that_the_ladder_asks_for():
    facts = TierFacts(True, {"live_integrations": Decimal(1)}, 0, {})
    assert what_if(TECHNOLOGY, facts, current="registered", add_certified=1).tier == "certified"


facts = st.builds(
    reached,
    arr=st.decimals(-(10**6), 10**6, places=2),
    referrals=st.integers(0, 80),
    certified=st.integers(0, 8),
)


@given(facts, st.decimals(0, 10**6, places=2), st.integers(0, 50), st.integers(0, 5))
def test_more_of_anything_never_lowers_tier_or_progress(before, arr, referrals, people):
    after = replace(
        before,
        metrics={
            "sourced_arr": before.metrics["sourced_arr"] + arr,
            "qualified_referrals": before.metrics["qualified_referrals"] + referrals,
        },
        certified_people=before.certified_people + people,
    )
    assert SOLUTION.rank(qualify(SOLUTION, after)) >= SOLUTION.rank(qualify(SOLUTION, before))
    for tier in SOLUTION.tiers:
        assert progress_to(tier, after).percent >= progress_to(tier, before).percent


@given(facts)
def test_a_hundred_percent_means_qualified_and_nothing_missing(found):
    for tier in SOLUTION.tiers:
        progress = progress_to(tier, found)
        assert 0 <= progress.percent <= 100
        assert (progress.percent == 100) == progress.complete
        assert progress.complete == (SOLUTION.rank(qualify(SOLUTION, found)) >= tier.rank)
        assert all(path.missing >= 0 for path in progress.paths)
