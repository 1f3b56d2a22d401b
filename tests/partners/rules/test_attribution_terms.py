from decimal import Decimal

import pytest

from partners.rules.attribution_terms import AttributionTerms, KindWeight, PercentRange
from partners.rules.terms import TermsError

WEIGHTED = AttributionTerms(
    credit_model="custom", custom_weights=(KindWeight("demo", Decimal(3)), KindWeight("meeting", Decimal("0.5")))
)


def test_the_defaults_are_the_figures_of_the_program_rules():
    terms = AttributionTerms()
    assert (terms.registered_within_days, terms.half_life_days, terms.credit_model) == (7, 7, "time_decay")
    assert (terms.sourced_factor_percent, terms.influenced_factor_percent) == (100, 50)
    assert terms.influenced_report_percent == 25
    assert (terms.sourced_target, terms.involved_target) == (
        PercentRange(Decimal(20), Decimal(30)),
        PercentRange(Decimal(40), Decimal(50)),
    )


@pytest.mark.parametrize("terms", [AttributionTerms(), WEIGHTED])
def test_terms_come_back_from_plain_data_as_they_were(terms):
    assert AttributionTerms.from_dict(terms.to_dict()) == terms


def test_a_kind_without_a_weight_weighs_nothing():
    assert [WEIGHTED.weight(kind) for kind in ("demo", "meeting", "proposal")] == [3, Decimal("0.5"), 0]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"registered_within_days": -1}, "registered_within_days"),
        ({"sourced_factor_percent": 101}, "sourced_factor_percent"),
        ({"influenced_factor_percent": "-1"}, "influenced_factor_percent"),
        ({"sourced_factor_percent": 40}, "influenced_factor_percent"),
        ({"credit_model": "luck"}, "credit_model"),
        ({"credit_model": "custom"}, "custom_weights"),
        ({"custom_weights": [{"kind": "demo", "weight": 1}, {"kind": "demo", "weight": 2}]}, "custom_weights"),
        ({"custom_weights": [{"kind": "demo", "weight": 0}]}, "custom_weights"),
        ({"custom_weights": [{"kind": "dinner", "weight": 1}]}, "custom_weights[0].kind"),
        ({"custom_weights": [{"kind": "demo", "weight": -1}]}, "custom_weights[0].weight"),
        ({"half_life_days": 0}, "half_life_days"),
        ({"sourced_target": {"least": 30, "most": 20}}, "sourced_target.most"),
        ({"involved_target": {"least": 40}}, "involved_target.most"),
        ({"involved_target": {"least": 40, "most": 140}}, "involved_target.most"),
        ({"window": 3}, "window"),
    ],
)
def test_contradictions_are_refused_with_their_place(changes, path):
    with pytest.raises(TermsError) as error:
        AttributionTerms.from_dict({**AttributionTerms().to_dict(), **changes})
    assert error.value.path == path


def test_both_ends_of_a_range_and_both_factors_may_be_the_same():
    point = PercentRange(Decimal(20), Decimal(20))
    assert point.holds(Decimal(20))
    assert AttributionTerms(sourced_factor_percent=Decimal(50)).influenced_factor_percent == 50


@pytest.mark.parametrize(
    ("percent", "inside", "delta"),
    [("19.9", False, "-0.1"), ("20", True, "0"), ("25", True, "0"), ("30", True, "0"), ("32.5", False, "2.5")],
)
def test_a_range_holds_both_its_ends_and_says_how_far_one_is_off(percent, inside, delta):
    target = AttributionTerms().sourced_target
    assert target.holds(Decimal(percent)) == inside
    assert target.delta(Decimal(percent)) == Decimal(delta)
