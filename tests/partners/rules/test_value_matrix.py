from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.growth import compare
from partners.rules.terms import GrowthTerms, ValueMatrixTerms
from partners.rules.value_matrix import place_in_matrix, recommend
from prm.core.explain import for_audience

TERMS = ValueMatrixTerms()


def advise(value, revenue, health, now=100, before=100):
    growth = compare(Decimal(now), None if before is None else Decimal(before), GrowthTerms())
    return recommend(strategic_value=value, revenue=Decimal(revenue), health=health, growth=growth, terms=TERMS)


@pytest.mark.parametrize(
    ("value", "revenue", "quadrant"),
    [
        (4, "100000", "strategic_alliance"),
        (5, "99999.99", "technology"),
        (3, "100000", "channel"),
        (3, "99999.99", "affiliate"),
        (1, "0", "affiliate"),
        (None, "500000", "unplaced"),
    ],
)
def test_quadrants_at_their_edges(value, revenue, quadrant):
    assert place_in_matrix(value, Decimal(revenue), TERMS) == quadrant


@pytest.mark.parametrize(
    ("value", "revenue", "health", "now", "before", "recommendation"),
    [
        (4, 0, 60, 100, 100, "invest"),
        (4, 0, 59, 100, 100, "hold"),
        (3, 500_000, 95, 100, 100, "hold"),
        (1, 0, 10, 120, 100, "invest"),  # growth wins over everything that would reduce
        (1, 0, 39, 119, 100, "reduce"),
        (1, 0, 39, 1199, 1000, "reduce"),  # 19.9 %
        (1, 0, 40, 119, 100, "hold"),
        (1, 0, 80, 97, 100, "reduce"),  # both low and declining
        (1, 0, 80, 98, 100, "hold"),  # flat
        (1, 100_000, 10, 50, 100, "hold"),  # revenue is high
        (4, 0, 10, 50, 100, "hold"),  # strategic value is high
        (None, 0, 10, 50, 100, "hold"),  # nobody has said how strategic it is
        (None, 0, None, 120, 100, "invest"),
        (4, 500_000, None, 100, 100, "hold"),  # an unknown health meets no condition
        (1, 0, None, 100, None, "hold"),
        (1, 0, 50, 10, 0, "invest"),  # from nothing
    ],
)
def test_the_first_condition_that_matches_wins(value, revenue, health, now, before, recommendation):
    assert advise(value, revenue, health, now, before).recommendation == recommendation


def test_the_reasons_are_printed_for_the_vendor_only():
    result = advise(4, 120_000, 72)
    assert [line.code for line in result.lines] == [
        "value.verdict",
        "value.strategic_value",
        "value.revenue",
        "value.health",
        "value.growth",
    ]
    assert [line.values["is_high"] for line in advise(4, 100_000, 60).lines[1:]] == [True, True, True, False]
    assert [line.values["is_high"] for line in advise(3, 99_999, 59).lines[1:]] == [False] * 4
    assert result.lines[3].values == {"value": 72, "high": 60, "low": 40, "is_high": True}
    assert for_audience(result.lines, "partner") == ()


@given(
    st.none() | st.integers(1, 5),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 100),
    st.integers(0, 500),
    st.none() | st.integers(0, 500),
)
def test_a_high_partner_is_never_reduced(value, revenue, health, now, before):
    result = advise(value, revenue, health, now, before)
    if result.recommendation == "reduce":
        assert result.quadrant == "affiliate"
    if result.quadrant == "strategic_alliance" and health is not None and health >= 60:
        assert result.recommendation == "invest"
