import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm.core.explain import Line, for_audience, from_json, to_json

LINES = (
    Line("tier.path", {"reached": Decimal("70000.00"), "percent": 70, "met": False}, unit="money"),
    Line("tier.review", {"on": date(2026, 2, 28), "seen_at": datetime(2026, 1, 1, tzinfo=UTC), "by": None}),
    Line("conflict.match", {"refs": ("a", "b"), "more": {"x": Decimal("1E+2")}}, audience="vendor"),
)


def test_lines_become_plain_json_and_come_back():
    data = to_json(LINES)
    assert json.loads(json.dumps(data)) == data
    assert data[0]["values"] == {"reached": "70000.00", "percent": 70, "met": False}
    assert data[1]["values"] == {"on": "2026-02-28", "seen_at": "2026-01-01T00:00:00+00:00", "by": None}
    assert data[2]["values"] == {"refs": ["a", "b"], "more": {"x": "100"}}
    assert to_json(from_json(data)) == data
    assert [line.code for line in from_json(data)] == [line.code for line in LINES]


@pytest.mark.parametrize("value", [0.5, object(), {1, 2}])
def test_what_would_not_survive_json_is_refused(value):
    with pytest.raises(TypeError):
        to_json([Line("x", {"value": value})])


@pytest.mark.parametrize("audience", ["partner", "public", "", "Vendor"])
def test_only_the_vendor_reads_the_vendors_lines(audience):
    assert [line.code for line in for_audience(LINES, audience)] == ["tier.path", "tier.review"]


@pytest.mark.parametrize("audience", ["vendor", "system"])
def test_the_vendor_reads_all(audience):
    assert for_audience(LINES, audience) == LINES


def test_a_stored_line_without_an_audience_is_kept_from_partners():
    assert for_audience(from_json([{"code": "x", "values": {}}]), "partner") == ()


def test_a_misspelt_audience_is_a_mistake():
    with pytest.raises(ValueError):
        Line("x", audience="partner")  # type: ignore[arg-type]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), plain, max_size=4))
def test_storing_twice_changes_nothing(values):
    once = to_json([Line("x", values)])
    assert to_json(from_json(json.loads(json.dumps(once)))) == once
