"""What is taken back, day by day, and never more than was earned."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.clawbacks import Cause, ClawbackInputs, clawback, days_from, share
from partners.rules.incentive_terms import IncentiveTerms
from partners.rules.terms import TermsError

D = Decimal
BANDS = IncentiveTerms().clawback
CANCELLED = Cause.cancelled()


def of(commission="3600", days=0, cause=CANCELLED, taken="0", currency="USD", bands=BANDS):
    return clawback(ClawbackInputs(D(commission), D(taken), days, cause, bands, currency))


@pytest.mark.parametrize(
    ("days", "part"),
    [
        (-5, 1),
        (0, 1),
        (29, 1),
        (30, Fraction(1, 2)),
        (89, Fraction(1, 2)),
        (90, Fraction(90, 180)),
        (91, Fraction(89, 180)),
        (135, Fraction(1, 4)),
        (179, Fraction(1, 180)),
        (180, 0),
        (3650, 0),
    ],
)
def test_the_share_of_each_day(days, part):
    assert share(days, BANDS) == part


@pytest.mark.parametrize(
    ("days", "amount"),
    [
        (29, "-3600.00"),
        (30, "-1800.00"),
        (89, "-1800.00"),
        (90, "-1800.00"),
        (91, "-1780.00"),
        (179, "-20.00"),
        (180, "0"),
    ],
)
def test_a_commission_of_3600_when_the_customer_cancels(days, amount):
    result = of(days=days)
    assert result.amount == D(amount)
    assert result.taken == -D(amount)
    assert str(result.amount) != "-0"
    assert result.lines[-1].values == {"amount": D(amount), "currency": "USD"}


@pytest.mark.parametrize(
    ("currency", "commission", "days", "amount"),
    [
        ("USD", "100", 91, "-49.44"),
        ("JPY", "101", 30, "-51"),
        ("KWD", "0.101", 30, "-0.051"),
        ("USD", "0.01", 30, "-0.01"),
        ("USD", "0.01", 91, "0"),
    ],
)
def test_amounts_are_rounded_half_away_from_zero(currency, commission, days, amount):
    assert of(commission, days, currency=currency).amount == D(amount)


def test_days_run_from_the_contract_s_start_to_the_day_it_takes_effect():
    assert days_from(date(2026, 1, 1), date(2026, 1, 31)) == 30
    assert days_from(date(2026, 1, 15), date(2026, 1, 1)) == -14


# --- causes -----------------------------------------------------------------------------------------


def test_a_downgrade_takes_the_same_share_of_the_difference():
    assert of("1000", 29, Cause.downgraded(D(24_000), D(18_000))).amount == D("-250.00")
    assert of("1000", 30, Cause.downgraded(D(24_000), D(18_000))).amount == D("-125.00")
    assert of("1000", 180, Cause.downgraded(D(24_000), D(18_000))).amount == 0
    assert of("1000", 0, Cause.downgraded(D(24_000), D(30_000))).amount == 0  # no downgrade at all


def test_a_cancellation_after_a_downgrade_takes_the_rest_only():
    downgrade = of("1000", 40, Cause.downgraded(D(24_000), D(18_000)))
    assert downgrade.amount == D("-125.00")
    rest = of("1000", 135, Cause.cancelled(D(18_000), D(24_000)), taken="125")
    assert rest.amount == D("-187.50")  # three quarters of the value, a quarter of the time
    second = of("1000", 50, Cause.downgraded(D(18_000), D(12_000), original=D(24_000)), taken="125")
    assert second.amount == D("-125.00")


def test_a_refund_gives_back_its_part_whatever_the_day():
    for days in (0, 100, 400):
        assert of("300", days, Cause.refunded(D(2_000), D(500))).amount == D("-75.00")
    assert of("300", 10, Cause.refunded(D(2_000), D(5_000))).amount == D("-300.00")  # more than was ever paid
    assert of("300", 10, Cause.refunded(D(0), D(0))).amount == 0


def test_fraud_takes_all_that_is_left_whatever_the_day():
    assert of("1000", 400, Cause.fraud()).amount == D("-1000.00")
    assert of("1000", 400, Cause.fraud(), taken="999.99").amount == D("-0.01")
    assert of("1000", 400, Cause.fraud(), taken="1000").amount == 0


def test_never_more_than_is_left():
    result = of("1000", 0, taken="600")
    assert result.amount == D("-400.00")
    assert [line.code for line in result.lines] == [
        "clawback.commission",
        "clawback.cause",
        "clawback.share",
        "clawback.already_taken",
        "clawback.amount",
    ]
    assert result.lines[3].values == {"amount": 600, "left": 400}


def test_without_bands_nothing_is_taken_for_a_cancellation():
    assert of("1000", 0, bands=()).amount == 0
    assert of("1000", 0, Cause.fraud(), bands=()).amount == D("-1000.00")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"commission_amount": "-1"}, "commission_amount"),
        ({"already_taken": "3600.01"}, "already_taken"),
        ({"cause": {"kind": "mood"}}, "cause.kind"),
        ({"cause": {"kind": "cancelled", "lost": "-1"}}, "cause.lost"),
        ({"formula": "commission"}, "formula"),
    ],
)
def test_inputs_that_cannot_be_are_refused(changes, path):
    with pytest.raises(TermsError) as error:
        ClawbackInputs.from_json({**of().inputs.to_json(), **changes})
    assert error.value.path == path


# --- properties -------------------------------------------------------------------------------------

amounts = st.decimals(0, 10**7, places=2)
causes = st.one_of(
    st.builds(Cause.cancelled, amounts, amounts),
    st.builds(Cause.downgraded, amounts, amounts),
    st.builds(Cause.downgraded, amounts, amounts, amounts),
    st.builds(Cause.refunded, amounts, amounts),
    st.just(Cause.fraud()),
)


@given(amounts, st.lists(st.tuples(st.integers(-30, 400), causes), max_size=8))
def test_all_clawbacks_of_a_commission_together_never_exceed_it(commission, events):
    taken = D(0)
    for days, cause in events:
        result = of(commission, days, cause, taken)
        assert result.amount <= 0
        assert ClawbackInputs.from_json(result.inputs.to_json()) == result.inputs
        taken += result.taken
        assert taken <= commission


@given(amounts, st.integers(-10, 400), st.integers(0, 50), causes, st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_later_day_never_takes_back_more(commission, days, later, cause, currency):
    commission = commission.to_integral_value()
    first, second = (of(commission, each, cause, currency=currency) for each in (days, days + later))
    assert second.taken <= first.taken
