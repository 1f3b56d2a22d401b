"""Volume rebates: each band on its own part, cumulative over the fiscal year, less what was granted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.rebates import RebateInputs, rebate
from partners.rules.incentive_terms import Bracket, IncentiveTerms
from partners.rules.terms import TermsError

D = Decimal
BANDS = IncentiveTerms().rebate_bands


def of(volume, granted="0", **more):
    values = {"currency": "USD", "bands": BANDS, "period": "FY2026", **more}
    return rebate(RebateInputs(volume=D(volume), already_granted=D(granted), **values))


def test_six_hundred_thousand_a_year():
    result = of(600_000)
    assert result.amount == result.earned == D("10000.00")
    bands = [line.values for line in result.lines if line.code == "rebate.band"]
    assert [(band["part"], band["percent"], band["amount"]) for band in bands] == [
        (150_000, 0, 0),
        (250_000, 2, 5_000),
        (100_000, 5, 5_000),
    ]


@pytest.mark.parametrize(
    ("volume", "earned"),
    [
        ("0", "0.00"),
        ("99999.99", "0.00"),
        ("100000", "0.00"),
        ("250000", "0.00"),
        ("250000.24", "0.00"),
        ("250000.25", "0.01"),
        ("500000", "5000.00"),
        ("500000.10", "5000.01"),
        ("1000000", "30000.00"),
        ("2500000", "30000.00"),  # above the bands: agreed partner by partner
    ],
)
def test_each_band_s_rate_counts_for_its_own_part(volume, earned):
    assert of(volume).earned == D(earned)


def test_above_the_bands_an_agreed_rate_counts():
    assert of(1_200_000, above_percent=D("7.5")).earned == D("45000.00")
    bands = [line.values["from"] for line in of(1_200_000).lines if line.code == "rebate.band"]
    assert bands == [100_000, 250_000, 500_000]


def test_quarters_add_up_to_the_year():
    volumes, granted, dues = [180_000, 310_000, 310_000, 600_000], D(0), []
    for volume in volumes:
        due = of(volume, granted).amount
        dues.append(due)
        granted += due
    assert dues == [0, D("1200.00"), 0, D("8800.00")]
    assert granted == of(600_000).earned


def test_lost_volume_is_made_up_for_before_anything_is_due_again():
    fallen = of(400_000, "10000")
    assert (fallen.amount, fallen.earned, fallen.overpaid) == (0, 3_000, 7_000)
    assert [line.code for line in fallen.lines][-3:] == ["rebate.granted", "rebate.overpaid", "rebate.amount"]
    assert of(700_000, "10000").amount == 5_000


@pytest.mark.parametrize(("currency", "earned"), [("JPY", "1"), ("KWD", "0.500"), ("USD", "0.50")])
def test_amounts_have_their_currency_s_digits(currency, earned):
    assert str(of("250025", currency=currency).earned) == earned


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"volume": "-1"}, "volume"),
        ({"already_granted": "-1"}, "already_granted"),
        ({"above_percent": "101"}, "above_percent"),
        ({"bands": []}, "above_percent"),
        (
            {"bands": [{"at_least": 1, "below": 2, "percent": 1}, {"at_least": 3, "below": 4, "percent": 1}]},
            "bands[1].at_least",
        ),
    ],
)
def test_inputs_that_cannot_be_are_refused(changes, path):
    data = {**of(1, above_percent=D(1)).inputs.to_json(), **changes}
    with pytest.raises(TermsError) as error:
        RebateInputs.from_json(data)
    assert error.value.path == path


def test_an_open_band_leaves_nothing_above_it():
    open_band = (Bracket(D(100), None, D(1)),)
    assert of(1_100, bands=open_band).earned == D("10.00")
    with pytest.raises(TermsError):
        of(1_100, bands=open_band, above_percent=D(2))


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=6), st.decimals(0, 20, places=3))
def test_in_a_growing_year_what_is_granted_is_what_is_earned(steps, above):
    volume = granted = D(0)
    for step in steps:
        volume += step
        result = of(volume, granted, above_percent=above)
        assert result.amount >= 0
        assert result.overpaid == 0
        granted += result.amount
        assert granted == result.earned
    assert RebateInputs.from_json(result.inputs.to_json()) == result.inputs


@given(st.decimals(0, 2 * 10**6, places=2), st.decimals(0, 10**5, places=2))
def test_what_is_due_is_never_negative(volume, granted):
    result = of(volume, granted)
    assert result.amount - result.overpaid == result.earned - granted
    assert min(result.amount, result.overpaid) == 0
