from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm.core.money import (
    CURRENCY_DIGITS,
    Money,
    MoneyError,
    digits_of,
    parse_amount,
    percent_of,
    round_half_up,
    round_money,
    split,
)

currencies = st.sampled_from(["EUR", "JPY", "KWD", "USD"])


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.125", "EUR", "0.13"),
        ("0.135", "EUR", "0.14"),
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("-0.004", "EUR", "0.00"),
        ("2.5", "JPY", "3"),
        ("3.5", "JPY", "4"),
        ("1.0005", "KWD", "1.001"),
        ("1.00049", "KWD", "1.000"),
        ("999999999999.994", "EUR", "999999999999.99"),
    ],
)
def test_rounding_is_half_away_from_zero_to_the_minor_unit(amount, currency, rounded):
    assert str(round_money(Decimal(amount), currency)) == rounded


def test_what_rounds_up_to_the_limit_is_out_of_range():
    with pytest.raises(MoneyError) as error:
        round_money(Decimal("999999999999.995"), "EUR")
    assert error.value.code == "range"


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1e12", "-1e12"])
def test_amounts_that_no_column_may_hold_are_refused(amount):
    with pytest.raises(MoneyError):
        round_money(Decimal(amount), "EUR")


def test_floats_are_refused_everywhere():
    with pytest.raises(MoneyError):
        round_money(0.1, "EUR")  # type: ignore[arg-type]
    with pytest.raises(MoneyError):
        Money(0.1, "EUR")  # type: ignore[arg-type]
    with pytest.raises(MoneyError):
        Money(Decimal(1), "EUR") * 0.1  # type: ignore[operator]
    with pytest.raises(MoneyError):
        split(Decimal("1.00"), [0.5, 0.5], "EUR")  # type: ignore[list-item]


def test_minor_units_are_those_of_iso_4217():
    by_digits = {n: {code for code, digits in CURRENCY_DIGITS.items() if digits == n} for n in (0, 2, 3)}
    assert by_digits[0] == {"CLP", "ISK", "JPY", "KRW", "VND"}
    assert by_digits[3] == {"BHD", "JOD", "KWD", "OMR", "TND"}
    assert len(by_digits[2]) == len(CURRENCY_DIGITS) - 10


def test_an_unknown_currency_is_refused():
    with pytest.raises(MoneyError) as error:
        digits_of("XXX")
    assert error.value.code == "currency"


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("0", "EUR", "0.00"), (" 1250.5 ", "EUR", "1250.50"), ("007", "JPY", "7"), ("1.234", "KWD", "1.234")],
)
def test_plain_digits_are_read(text, currency, amount):
    assert str(parse_amount(text, currency)) == amount


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1e3", "format"),
        ("1_000", "format"),
        ("１２", "format"),
        ("٣", "format"),
        ("1,000.00", "format"),
        ("1 000", "format"),
        ("-5", "format"),
        ("+5", "format"),
        ("", "format"),
        (".5", "format"),
        ("5.", "format"),
        ("NaN", "format"),
        ("0x10", "format"),
        ("1234567890123", "format"),
        ("5\n", "format"),
        ("1.005", "digits"),
    ],
)
def test_anything_else_is_refused(text, code):
    with pytest.raises(MoneyError) as error:
        parse_amount(text, "EUR")
    assert error.value.code == code


def test_yen_have_no_decimals():
    with pytest.raises(MoneyError) as error:
        parse_amount("5.0", "JPY")
    assert error.value.code == "digits"


def test_one_cent_in_three_goes_to_the_first():
    assert split(Decimal("0.01"), [1, 1, 1], "EUR") == [Decimal("0.01"), Decimal(0), Decimal(0)]


def test_the_rest_goes_to_the_largest_remainders():
    # 100.00 at 1:1:4 is 16.666…, 16.666…, 66.666…: two cents are left, equal remainders are served in order.
    assert split(Decimal("100.00"), [1, 1, 4], "EUR") == [Decimal("16.67"), Decimal("16.67"), Decimal("66.66")]
    # 10.00 at 1:2:4 is 1.428…, 2.857…, 5.714…: the cents go to the two largest, 0.857 and 0.714.
    assert split(Decimal("10.00"), [1, 2, 4], "EUR") == [Decimal("1.43"), Decimal("2.86"), Decimal("5.71")]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_must_make_sense(weights):
    with pytest.raises(MoneyError):
        split(Decimal("1.00"), weights, "EUR")


def test_only_a_rounded_amount_is_split():
    with pytest.raises(MoneyError):
        split(Decimal("0.001"), [1], "EUR")


@given(
    st.integers(-(10**13), 10**13),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any),
    currencies,
)
def test_parts_add_up_to_the_whole_and_stay_within_a_unit_of_their_share(units, weights, currency):
    unit = Decimal(1).scaleb(-CURRENCY_DIGITS[currency])
    amount = units * unit
    if abs(amount) >= 10**12:
        return
    parts = split(amount, weights, currency)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * weight / sum(weights)) < Fraction(unit)
        assert part == 0 or (part < 0) == (amount < 0)
    assert parts == split(amount, weights, currency)


@given(st.decimals(-(10**9), 10**9, places=6), currencies)
def test_rounding_twice_is_rounding_once_and_moves_by_half_a_unit_at_most(amount, currency):
    rounded = round_money(amount, currency)
    assert round_money(rounded, currency) == rounded
    assert abs(rounded - amount) <= Decimal(1).scaleb(-CURRENCY_DIGITS[currency]) / 2
    assert round_money(-amount, currency) == -rounded


@given(st.decimals(-(10**6), 10**6, places=5), st.integers(0, 4))
def test_scores_round_as_money_does(number, digits):
    expected = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    assert round_half_up(number, digits) == expected


def test_percentages_are_exact_until_they_are_shown():
    assert percent_of(Decimal(1), Decimal(3)) == Decimal("33.3")
    assert percent_of(Decimal(1), Decimal(8), digits=0) == Decimal(13)
    assert percent_of(Decimal(-1), Decimal(8), digits=0) == Decimal(-13)
    assert percent_of(Decimal(5), Decimal(0)) is None


def test_money_travels_with_its_currency():
    assert Money(Decimal("1.10"), "EUR") + Money(Decimal("2.20"), "EUR") == Money(Decimal("3.30"), "EUR")
    assert Money.total([], "JPY") == Money.zero("JPY")
    assert str((Money(Decimal("100"), "EUR") * Decimal("0.00125")).rounded()) == "0.13 EUR"
    one, two = Money(Decimal(1), "EUR"), Money(Decimal(2), "EUR")
    assert max(one, two) == two
    assert (one < two, two < one, one < one, one <= one) == (True, False, False, True)


@pytest.mark.parametrize("combine", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b])
def test_two_currencies_never_mix(combine):
    with pytest.raises(MoneyError) as error:
        combine(Money(Decimal(1), "EUR"), Money(Decimal(1), "USD"))
    assert error.value.code == "mixed"
