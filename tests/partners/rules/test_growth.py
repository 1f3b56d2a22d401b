from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.growth import compare
from partners.rules.terms import GrowthTerms

TERMS = GrowthTerms()


@pytest.mark.parametrize(
    ("now", "before", "trend", "percent"),
    [
        ("120000", "100000", "strong", "20.0"),
        ("119999.99", "100000", "growing", "20.0"),  # judged exactly, though it reads 20.0
        ("102000.01", "100000", "growing", "2.0"),
        ("102000", "100000", "flat", "2.0"),
        ("100000", "100000", "flat", "0.0"),
        ("98000", "100000", "flat", "-2.0"),
        ("97999.99", "100000", "declining", "-2.0"),
        ("0", "100000", "declining", "-100.0"),
        ("-5", "100", "declining", "-105.0"),
        ("0.01", "0", "strong", None),
        ("0", "0", "declining", None),
        ("1", "-100", "strong", None),
        ("0", "-100", "declining", None),
    ],
)
def test_growth_at_its_edges(now, before, trend, percent):
    growth = compare(Decimal(now), Decimal(before), TERMS)
    assert growth.trend == trend
    assert growth.percent == (None if percent is None else Decimal(percent))


def test_without_a_year_before_there_is_no_verdict():
    assert compare(Decimal(5), None, TERMS).trend == "no_data"


ORDER = ["declining", "flat", "growing", "strong"]
amounts = st.decimals(0, 10**9, places=2)


@given(amounts, amounts, st.decimals("0.01", 10**9, places=2))
def test_more_revenue_is_never_a_worse_trend(a, b, before):
    low, high = sorted([a, b])
    trends = [compare(now, before, TERMS).trend for now in (low, high)]
    assert ORDER.index(trends[0]) <= ORDER.index(trends[1])
