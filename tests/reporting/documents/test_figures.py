"""Figures in print: few digits where space is short, all of them where people add up."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from reporting.documents.figures import Figures


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("0.4", "$0"),
        ("-0.4", "$0"),
        ("840", "$840"),
        ("999.5", "$1k"),
        ("1000", "$1k"),
        ("8449", "$8.4k"),
        ("8450", "$8.5k"),
        ("9999", "$10k"),
        ("45500", "$46k"),
        ("540000", "$540k"),
        ("999499", "$999k"),
        ("999500", "$1.00M"),
        ("1812000", "$1.81M"),
        ("12345678", "$12.3M"),
        ("123456789", "$123M"),
        ("24150030090", "$24.2B"),
        ("-12000", "−$12k"),
        ("9000000000000000", "$9,000T"),
    ],
)
def test_short_amounts(amount: str, text: str) -> None:
    assert Figures("USD").short(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("currency", "text"), [("JPY", "¥181M"), ("EUR", "€181M"), ("CHF", "CHF\N{NO-BREAK SPACE}181M")]
)
def test_every_amount_shows_its_currency(currency: str, text: str) -> None:
    assert Figures(currency).short(Decimal(181_000_000)) == text


def test_full_amounts_keep_all_digits() -> None:
    figures = Figures("USD")
    assert figures.full(Decimal("1234567.5")) == "1,234,568"
    assert figures.full(Decimal("1234567.5"), places=2) == "1,234,567.50"
    assert figures.full(Decimal("-1234.5"), places=2) == "−1,234.50"
    assert figures.full(None) == "–"


@pytest.mark.parametrize(
    ("amounts", "places"),
    [
        (["1", "2"], 0),
        (["1.0000"], 0),
        (["1.5", "2"], 2),
        (["1.25"], 2),
        (["1.125"], 3),
        ([None, "1"], 0),
        (["10000"], 0),
    ],
)
def test_a_column_shows_cents_only_where_one_has_them(amounts: list[str | None], places: int) -> None:
    assert Figures("USD").places(None if a is None else Decimal(a) for a in amounts) == places


def test_narrow_rows_name_their_unit() -> None:
    figures = Figures("JPY")
    assert figures.unit([Decimal(99_999), None]) == (1, "JPY")
    assert figures.unit([Decimal(-100_000)]) == (1_000, "JPY thousand")
    assert figures.unit([Decimal(10_000_000)]) == (1_000_000, "JPY million")


def test_changes_carry_their_sign() -> None:
    assert [Figures.signed(n) for n in (14, 0, -1234)] == ["+14", "±0", "−1,234"]


def test_figures_follow_the_reader() -> None:
    with translation.override("de"):
        assert Figures("EUR").full(Decimal("1234.5"), places=2) == "1.234,50"
    assert Figures.day(date(2026, 3, 1)) == "1 Mar 2026"
    assert Figures.day(None) == ""
