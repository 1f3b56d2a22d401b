"""Credit among partners: each model by hand, the remainder, and what never counts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import CreditModel, TouchKind, TouchSide
from deals.rules.credits import WHOLE, compare, credit, share_amount
from deals.rules.touches import TouchFact
from partners.rules.attribution_terms import AttributionTerms, KindWeight

WON = date(2026, 5, 29)
TERMS = AttributionTerms(custom_weights=(KindWeight("introduction", Decimal(3)), KindWeight("demo", Decimal("1.5"))))
A, B, C = 1, 2, 3


def touch(partner, days_before, kind="demo", number=0):
    side = TouchSide.PARTNER if partner else TouchSide.DIRECT
    return TouchFact(number or 1000 - days_before, side, partner, kind, WON - timedelta(days=days_before))


# A brought the lead three weeks before the win, B demonstrated two weeks and one week before, C negotiated on the day.
STORY = [
    touch(A, 21, "introduction"),
    touch(B, 14, "demo"),
    touch(B, 7, "demo"),
    touch(C, 0, "negotiation"),
]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first_touch", {A: 10_000, B: 0, C: 0}),
        ("last_touch", {A: 0, B: 0, C: 10_000}),
        ("linear", {A: 2500, B: 5000, C: 2500}),
        # 1/8, 1/4 + 1/2 and 1 of 15/8: 666.67, 4,000 and 5,333.33 basis points
        ("time_decay", {A: 667, B: 4000, C: 5333}),
        # 3, 1.5 + 1.5 and 0 of 6
        ("custom", {A: 5000, B: 5000, C: 0}),
    ],
)
def test_each_model_by_hand(model, expected):
    assert credit(STORY, model, won_on=WON, terms=TERMS) == expected
    assert compare(STORY, won_on=WON, terms=TERMS)[model] == expected


def test_models_stand_side_by_side_and_custom_only_with_weights():
    assert list(compare(STORY, won_on=WON, terms=TERMS)) == CreditModel.values
    assert "custom" not in compare(STORY, won_on=WON, terms=AttributionTerms())


def test_the_half_life_is_the_program_s():
    touches = [touch(A, 14), touch(B, 0)]
    assert credit(touches, "time_decay", won_on=WON, terms=TERMS) == {A: 2000, B: 8000}
    slower = AttributionTerms(half_life_days=14)
    assert credit(touches, "time_decay", won_on=WON, terms=slower) == {A: 3333, B: 6667}


def test_a_third_of_a_half_life_is_not_rounded_to_a_step():
    # 2^(−1/7) = 0.905723…: 4,752.6 and 5,247.4
    assert credit([touch(A, 1), touch(B, 0)], "time_decay", won_on=WON, terms=TERMS) == {A: 4753, B: 5247}


def test_decay_is_counted_to_the_won_date_so_a_late_win_changes_nothing_between_partners():
    early = credit([touch(A, 10), touch(B, 3)], "time_decay", won_on=WON, terms=TERMS)
    late = credit([touch(A, 10), touch(B, 3)], "time_decay", won_on=WON + timedelta(days=700), terms=TERMS)
    assert early == late == {A: 3333, B: 6667}


def test_what_is_left_over_goes_to_the_largest_fraction_then_to_the_earliest_touch():
    thirds = [touch(C, 3), touch(B, 2), touch(A, 1)]
    assert credit(thirds, "linear", won_on=WON, terms=TERMS) == {C: 3334, B: 3333, A: 3333}
    sevenths = [touch(A, 9), *[touch(B, n) for n in (8, 7, 6)], *[touch(C, n) for n in (5, 4, 3)]]
    # 1,428.57, 4,285.71 and 4,285.71: two basis points are left for the two larger fractions
    assert credit(sevenths, "linear", won_on=WON, terms=TERMS) == {A: 1428, B: 4286, C: 4286}


def test_only_work_on_the_sale_up_to_the_day_of_the_win_counts():
    after = touch(B, -1)
    assert credit([touch(A, 5), after], "last_touch", won_on=WON, terms=TERMS) == {A: WHOLE}
    assert credit([touch(A, 5), touch(B, 0)], "last_touch", won_on=WON, terms=TERMS) == {A: 0, B: WHOLE}
    for kind in ("mention", "delivery"):
        assert credit([touch(A, 5), touch(B, 1, kind)], "linear", won_on=WON, terms=TERMS) == {A: WHOLE}


def test_direct_sales_take_no_credit_from_partners():
    touches = [touch(None, 30), touch(A, 5), touch(None, 1)]
    for model in CreditModel.values:
        assert credit(touches, model, won_on=WON, terms=TERMS) == {A: WHOLE}
    assert credit([touch(None, 3)], "linear", won_on=WON, terms=TERMS) == {}


def test_on_one_day_the_touch_recorded_first_is_the_first():
    touches = [touch(A, 4, number=8), touch(B, 4, number=7)]
    assert credit(touches, "first_touch", won_on=WON, terms=TERMS) == {A: 0, B: WHOLE}
    assert credit(touches, "last_touch", won_on=WON, terms=TERMS) == {A: WHOLE, B: 0}


def test_credit_goes_to_the_attributed_partners_only():
    assert credit(STORY, "linear", won_on=WON, terms=TERMS, partners={A, C}) == {A: 5000, C: 5000}
    assert credit(STORY, "first_touch", won_on=WON, terms=TERMS, partners=[B]) == {B: WHOLE}
    assert credit(STORY, "linear", won_on=WON, terms=TERMS, partners=()) == {}


def test_attributed_partners_without_touches_share_equally():
    assert credit([], "time_decay", won_on=WON, terms=TERMS, partners=[C, A, B]) == {A: 3334, B: 3333, C: 3333}
    assert credit([], "time_decay", won_on=WON, terms=TERMS) == {}


def test_custom_weights_that_fit_no_touch_leave_all_the_same():
    touches = [touch(A, 5, "meeting"), touch(B, 4, "proposal")]
    assert credit(touches, "custom", won_on=WON, terms=TERMS) == {A: 5000, B: 5000}


def test_an_unknown_model_is_an_error():
    with pytest.raises(ValueError, match="luck"):
        credit(STORY, "luck", won_on=WON, terms=TERMS)


def test_an_amount_is_split_to_the_cent():
    credits = {A: 667, B: 4000, C: 5333}
    parts = share_amount(Decimal("100000.01"), credits, "USD")
    assert parts == {A: Decimal("6670.00"), B: Decimal("40000.00"), C: Decimal("53330.01")}
    assert sum(share_amount(Decimal("0.01"), {A: 3334, B: 3333, C: 3333}, "USD").values()) == Decimal("0.01")
    assert share_amount(Decimal(100), {}, "USD") == {}


touches = st.builds(
    lambda number, partner, kind, days: TouchFact(
        number,
        TouchSide.PARTNER if partner else TouchSide.DIRECT,
        partner,
        kind,
        WON - timedelta(days=days),
    ),
    st.integers(1, 10**6),
    st.none() | st.integers(1, 5),
    st.sampled_from(TouchKind.values),
    st.integers(-30, 3000),
)


@given(
    st.lists(touches, max_size=12, unique_by=lambda each: each.id),
    st.sampled_from(CreditModel.values),
    st.integers(1, 60),
    st.none() | st.sets(st.integers(1, 6)),
)
def test_credits_add_up_to_exactly_the_whole(touches, model, half_life, partners):
    terms = AttributionTerms(half_life_days=half_life, custom_weights=TERMS.custom_weights)
    given_credits = credit(touches, model, won_on=WON, terms=terms, partners=partners)
    assert all(bps >= 0 for bps in given_credits.values())
    assert sum(given_credits.values()) == (WHOLE if given_credits else 0)
    counted = {each.partner_id for each in touches if each.is_activity and each.on <= WON and each.partner_id}
    meant = counted if partners is None else counted & partners or partners
    assert set(given_credits) == meant
    assert given_credits == credit(touches[::-1], model, won_on=WON, terms=terms, partners=partners)


@given(st.decimals(0, 10**9, places=2), st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_shared_amounts_add_up_to_the_whole(amount, weights):
    total = sum(weights)
    credits = {n: weight * WHOLE // total for n, weight in enumerate(weights)}
    credits[0] += WHOLE - sum(credits.values())
    assert sum(share_amount(amount, credits, "EUR").values()) == amount
