"""What a reseller pays, and the way back from net to list."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.margins import list_price_of, quote
from prm.core.money import MoneyError, digits_of

D = Decimal


def test_fifty_thousand_gold_registered():
    result = quote(D(50_000), D(35), True, D(5), "USD")
    assert (result.margin_percent, result.partner_pays, result.gross_profit) == (40, D("30000.00"), D("20000.00"))
    assert {line.code: dict(line.values) for line in result.lines} == {
        "margin.list": {"amount": D("50000.00"), "currency": "USD"},
        "margin.rate": {"percent": 35},
        "margin.points": {"source": "registration", "points": 5},
        "margin.pays": {"amount": D("30000.00"), "percent": 60},
        "margin.profit": {"amount": D("20000.00"), "percent": 40},
    }


def test_without_a_registration_there_are_no_points():
    result = quote(D(50_000), D(35), False, D(5), "USD")
    assert (result.margin_percent, result.partner_pays, result.gross_profit) == (35, D("32500.00"), D("17500.00"))
    assert "margin.points" not in [line.code for line in result.lines]


@pytest.mark.parametrize(
    ("price", "margin", "currency", "pays", "profit"),
    [
        ("0.01", "50", "USD", "0.01", "0.00"),
        ("0.03", "50", "USD", "0.02", "0.01"),
        ("99.99", "33.3333", "USD", "66.66", "33.33"),
        ("999", "35", "JPY", "649", "350"),
        ("1.001", "50", "KWD", "0.501", "0.500"),
        ("100", "0", "USD", "100.00", "0.00"),
        ("100", "100", "USD", "0.00", "100.00"),
    ],
)
def test_the_price_is_rounded_and_the_profit_is_the_rest(price, margin, currency, pays, profit):
    result = quote(D(price), D(margin), False, D(5), currency)
    assert (str(result.partner_pays), str(result.gross_profit)) == (pays, profit)


@pytest.mark.parametrize(
    ("margin", "registered", "points"), [(D("95.01"), True, D(5)), (D(-1), False, D(0)), (D(20), False, D(-1))]
)
def test_a_margin_is_at_most_the_whole_price(margin, registered, points):
    with pytest.raises(MoneyError):
        quote(D(100), margin, registered, points, "USD")


def test_prices_that_cannot_be():
    with pytest.raises(MoneyError):
        quote(D("-0.01"), D(30), False, D(0), "USD")
    with pytest.raises(MoneyError):
        list_price_of(D(100), D(95), True, D(5), "USD")
    with pytest.raises(MoneyError):
        list_price_of(D(-1), D(30), False, D(5), "USD")


def test_from_net_back_to_list():
    assert list_price_of(D(30_000), D(35), True, D(5), "USD") == D("50000.00")
    assert list_price_of(D(100), D("33.3333"), False, D(5), "USD") == D("150.00")


@given(
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.integers(0, 10**9),
    st.decimals(0, 90, places=4),
    st.booleans(),
    st.decimals(0, 9, places=2),
)
def test_price_and_profit_add_up_and_the_way_back_leads_to_the_same_price(currency, units, margin, registered, points):
    net = D(units).scaleb(-digits_of(currency))
    there = quote(net, margin, registered, points, currency)
    assert there.partner_pays + there.gross_profit == there.list_price
    assert there.partner_pays >= 0
    assert there.gross_profit >= 0
    back = list_price_of(net, margin, registered, points, currency)
    assert quote(back, margin, registered, points, currency).partner_pays == net
