"""Plans, bands and limits: what is refused, and with which place and reason."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.incentive_terms import (
    Bracket,
    ClawbackBand,
    IncentiveTerms,
    MinimumPayout,
    PlanScope,
    PlanTerm,
    check_contiguous,
)
from partners.rules.terms import TermsError

D = Decimal
FIRST_YEAR = {"code": "referral", "name": "Referral", "model": "first_year", "rate_percent": "15"}
BRACKETS = {
    "code": "volume",
    "name": "Volume",
    "model": "brackets",
    "brackets": [
        {"at_least": 0, "below": 100_000, "percent": 20},
        {"at_least": 100_000, "below": 250_000, "percent": 25},
        {"at_least": 250_000, "percent": 30},
    ],
}
RICH = IncentiveTerms(
    trigger="implementation",
    holdback_days=14,
    minimum_payouts=(MinimumPayout("JPY", D(5000)),),
    plans=(
        PlanTerm.from_dict({**FIRST_YEAR, "scope": {"tracks": ["referral"]}, "guard_rail": {"least": 10, "most": 20}}),
        PlanTerm.from_dict({**BRACKETS, "scope": {"types": ["affiliate"]}, "currency": "EUR", "splits_credit": True}),
        PlanTerm(
            "hybrid", "Hybrid", "hybrid", PlanScope("commission", ("solution",), ("si",), ("gold",), ("atlas",)),
            rate_benefit="commission_rate", flat_amount=D("250.50"), renewal_rate_percent=D("7.5"), trigger="trial",
            holdback_days=0, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
        ),
    ),
)  # fmt: skip


def test_the_defaults_are_the_figures_of_the_program_rules():
    terms = IncentiveTerms()
    assert (terms.trigger, terms.holdback_days, terms.pay_within_days) == ("first_payment", 30, 30)
    assert (terms.minimum_payout, terms.dispute_hours, terms.payout_approval_hours, terms.plans) == (50, 48, 24, ())
    assert [(band.before_day, band.share_percent, band.declining) for band in terms.clawback] == [
        (30, 100, False),
        (90, 50, False),
        (180, None, True),
    ]
    assert terms.clawback_window_days == 180
    assert [(int(b.at_least), int(b.below or 0), int(b.percent)) for b in terms.rebate_bands] == [
        (100_000, 250_000, 0),
        (250_000, 500_000, 2),
        (500_000, 1_000_000, 5),
    ]
    assert {limit.kind: (int(limit.least), int(limit.most)) for limit in terms.spiff_limits} == {
        "first_deal": (500, 2000),
        "product_launch": (2, 2),
        "quarterly_push": (10, 20),
        "displacement": (1000, 5000),
        "bundle": (5, 5),
    }


@pytest.mark.parametrize("terms", [IncentiveTerms(), RICH])
def test_terms_come_back_from_plain_data_as_they_were(terms):
    assert IncentiveTerms.from_dict(terms.to_dict()) == terms


def test_a_plan_may_replace_trigger_and_holdback():
    plain, _volume, hybrid = RICH.plans
    assert [RICH.trigger_of(plan) for plan in (None, plain, hybrid)] == ["implementation", "implementation", "trial"]
    assert [RICH.holdback_of(plan) for plan in (None, plain, hybrid)] == [14, 14, 0]
    assert (RICH.plan("hybrid"), RICH.plan("missing")) == (hybrid, None)
    assert (RICH.minimum("JPY"), RICH.minimum("EUR")) == (5000, 50)
    assert [plan.renewal_rate(D(20)) for plan in (plain, hybrid)] == [20, D("7.5")]
    assert RICH.spiff_limit("bundle").most == 5
    assert IncentiveTerms(spiff_limits=()).spiff_limit("bundle") is None


def test_a_plan_s_own_dates_include_both_days():
    hybrid = RICH.plans[2]
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [hybrid.holds_on(day) for day in days] == [False, True, True, False]


def plan(base, **changes):
    return {key: value for key, value in {**base, **changes}.items() if value != "gone"}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (plan(FIRST_YEAR, code="Referral"), "code"),
        (plan(FIRST_YEAR, name=" "), "name"),
        (plan(FIRST_YEAR, model="luck"), "model"),
        (plan(FIRST_YEAR, rate_percent="gone"), "rate_percent"),
        (plan(FIRST_YEAR, rate_percent=101), "rate_percent"),
        (plan(FIRST_YEAR, rate_percent=-1), "rate_percent"),
        (plan(FIRST_YEAR, rate_benefit="commission_rate"), "rate_benefit"),
        (plan(FIRST_YEAR, months=12), "months"),
        (plan(FIRST_YEAR, model="recurring"), "months"),
        (plan(FIRST_YEAR, model="recurring", months=0), "months"),
        (plan(FIRST_YEAR, flat_amount=10), "flat_amount"),
        (plan(FIRST_YEAR, model="hybrid"), "flat_amount"),
        (plan(FIRST_YEAR, model="flat"), "rate_percent"),
        (plan(FIRST_YEAR, model="flat", rate_percent="gone"), "flat_amount"),
        (plan(FIRST_YEAR, model="flat", rate_percent="gone", flat_amount=-1), "flat_amount"),
        (
            plan(FIRST_YEAR, model="flat", rate_percent="gone", flat_amount=1, renewal_rate_percent=5),
            "renewal_rate_percent",
        ),
        (plan(FIRST_YEAR, currency="XXY"), "currency"),
        (plan(FIRST_YEAR, renewal_rate_percent=101), "renewal_rate_percent"),
        (plan(FIRST_YEAR, trigger="signature"), "trigger"),
        (plan(FIRST_YEAR, holdback_days=-1), "holdback_days"),
        (plan(FIRST_YEAR, guard_rail={"least": 20, "most": 10}), "guard_rail.most"),
        (plan(FIRST_YEAR, starts_on="2026-02-01", ends_on="2026-01-31"), "ends_on"),
        (plan(FIRST_YEAR, scope={"deal": "gift"}), "scope.deal"),
        (plan(FIRST_YEAR, scope={"types": ["reseller", "friend"]}), "scope.types[1]"),
        (plan(FIRST_YEAR, scope={"tiers": ["gold", "gold"]}), "scope.tiers"),
        (plan(FIRST_YEAR, model="margin", scope={"deal": "commission"}), "scope.deal"),
        (plan(FIRST_YEAR, model="margin", splits_credit=True), "splits_credit"),
        (plan(BRACKETS, brackets="gone"), "brackets"),
        (plan(BRACKETS, rate_percent=10), "rate_percent"),
        (plan(BRACKETS, brackets=[{"at_least": 1, "percent": 5}]), "brackets[0].at_least"),
        (plan(BRACKETS, brackets=[{"at_least": 0, "below": 5, "percent": 5}]), "brackets[0].below"),
        (
            plan(BRACKETS, brackets=[{"at_least": 0, "below": 5, "percent": 1}, {"at_least": 6, "percent": 5}]),
            "brackets[1].at_least",
        ),
        (plan(BRACKETS, brackets=[{"at_least": 0, "percent": 1}, {"at_least": 6, "percent": 5}]), "brackets[1]"),
        (plan(BRACKETS, brackets=[{"at_least": 0, "percent": 101}]), "brackets[0].percent"),
        (plan(BRACKETS, brackets=[{"at_least": 0, "below": None}]), "brackets[0].percent"),
        (plan(BRACKETS, brackets=["all"]), "brackets[0]"),
        (plan(BRACKETS, brackets=[{"at_least": 5, "below": 5, "percent": 1}]), "brackets[0].below"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_with_its_place(data, path):
    with pytest.raises(TermsError) as error:
        PlanTerm.from_dict(data)
    assert error.value.path == path


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (plan(FIRST_YEAR, rate_percent="gone"), "is needed"),
        (plan(BRACKETS, rate_percent=10), "a brackets plan has none"),
        (plan(FIRST_YEAR, model="recurring"), "is needed"),
        (plan(FIRST_YEAR, months=12), "a first_year plan has none"),
    ],
)
def test_what_is_missing_and_what_is_too_much_are_told_apart(data, reason):
    with pytest.raises(TermsError) as error:
        PlanTerm.from_dict(data)
    assert error.value.reason == reason


def test_a_limit_may_sit_on_its_own_edge():
    limits = [
        {"kind": "product_launch", "least": 1, "most": 1, "window_least_days": 9, "window_most_days": 9},
        {"kind": "quarterly_push", "least": 100, "most": 100},
    ]
    assert [limit.most for limit in IncentiveTerms.from_dict({"spiff_limits": limits}).spiff_limits] == [1, 100]


def terms(**changes):
    return {**IncentiveTerms().to_dict(), **changes}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (terms(trigger="signature"), "trigger"),
        (terms(holdback_days=-1), "holdback_days"),
        (terms(minimum_payout="-0.01"), "minimum_payout"),
        (terms(dispute_hours=0), "dispute_hours"),
        (terms(payout_approval_hours=0), "payout_approval_hours"),
        (terms(minimum_payouts=[{"currency": "JPY", "amount": 1}] * 2), "minimum_payouts"),
        (terms(clawback=[{"before_day": 30, "share_percent": 101}]), "clawback[0].share_percent"),
        (terms(clawback=[{"before_day": 30}]), "clawback[0].share_percent"),
        (terms(clawback=[{"before_day": 30, "share_percent": 5, "declining": True}]), "clawback[0].share_percent"),
        (
            terms(clawback=[{"before_day": 30, "share_percent": 50}, {"before_day": 30, "share_percent": 10}]),
            "clawback[1].before_day",
        ),
        (
            terms(clawback=[{"before_day": 30, "share_percent": 50}, {"before_day": 60, "share_percent": 51}]),
            "clawback[1]",
        ),
        (
            terms(clawback=[{"before_day": 30, "share_percent": 50}, {"before_day": 90, "declining": True}]),
            "clawback[1]",
        ),
        (
            terms(clawback=[{"before_day": 30, "declining": True}, {"before_day": 90, "share_percent": 0}]),
            "clawback[1]",
        ),
        (
            terms(rebate_bands=[{"at_least": 1, "below": 2, "percent": 1}, {"at_least": 3, "percent": 2}]),
            "rebate_bands[1].at_least",
        ),
        (terms(spiff_limits=[{"kind": "bundle", "least": 6, "most": 5}]), "spiff_limits[0].most"),
        (terms(spiff_limits=[{"kind": "bundle", "least": 5, "most": 5}] * 2), "spiff_limits"),
        (terms(spiff_limits=[{"kind": "raffle", "least": 5, "most": 5}]), "spiff_limits[0].kind"),
        (terms(spiff_limits=[{"kind": "first_deal", "least": 5, "most": 5}]), "spiff_limits[0].within_days"),
        (
            terms(spiff_limits=[{"kind": "bundle", "least": 5, "most": 5, "within_days": 9}]),
            "spiff_limits[0].within_days",
        ),
        (terms(spiff_limits=[{"kind": "product_launch", "least": "0.5", "most": 2}]), "spiff_limits[0].least"),
        (terms(spiff_limits=[{"kind": "quarterly_push", "least": 5, "most": 101}]), "spiff_limits[0].most"),
        (
            terms(
                spiff_limits=[
                    {"kind": "product_launch", "least": 2, "most": 2, "window_least_days": 9, "window_most_days": 8}
                ]
            ),
            "spiff_limits[0].window_most_days",
        ),
        (terms(plans=[FIRST_YEAR, {**FIRST_YEAR, "scope": {"types": ["si"]}}]), "plans[1].code"),
        (terms(plans=[FIRST_YEAR, BRACKETS]), "plans[1].scope"),
    ],
)
def test_terms_that_contradict_themselves_are_refused_with_their_place(data, path):
    with pytest.raises(TermsError) as error:
        IncentiveTerms.from_dict(data)
    assert error.value.path == path


def scoped(**scope):
    return PlanTerm.from_dict({**FIRST_YEAR, "scope": scope})


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({}, {}, True),
        ({"deal": "resale"}, {"deal": "commission"}, False),
        ({"deal": "resale"}, {"deal": "resale"}, True),
        ({"deal": "resale"}, {}, False),
        ({"tracks": ["a", "b"]}, {"tracks": ["b", "c"]}, True),
        ({"tracks": ["a"]}, {"tracks": ["b"]}, False),
        ({"tracks": ["a"]}, {"types": ["si"]}, False),
        ({"tracks": ["a"], "types": ["si"]}, {"tracks": ["b"], "types": ["si"]}, False),
        ({"tracks": ["a"], "types": ["si"]}, {"tracks": ["a"], "types": ["si", "oem"]}, True),
        ({"tiers": ["gold"]}, {"tiers": ["gold", "silver"]}, True),
        ({"tiers": ["gold"]}, {"tiers": ["silver"]}, False),
        ({"products": ["x"]}, {"products": ["x", "y"]}, True),
        ({"products": ["x"]}, {"products": ["y"]}, False),
        ({"products": ["x"], "tiers": ["gold"]}, {"products": ["x"], "types": ["si"]}, False),
    ],
)
def test_two_plans_for_one_situation_clash_and_others_do_not(one, other, clash):
    assert scoped(**one).clashes(scoped(**other)) == clash
    assert scoped(**other).clashes(scoped(**one)) == clash


def test_plans_that_never_count_on_the_same_day_or_in_one_currency_do_not_clash():
    spring = PlanTerm.from_dict({**FIRST_YEAR, "ends_on": "2026-06-30"})
    autumn = PlanTerm.from_dict({**FIRST_YEAR, "starts_on": "2026-07-01"})
    overlap = PlanTerm.from_dict({**FIRST_YEAR, "starts_on": "2026-06-30"})
    assert autumn.clashes(PlanTerm.from_dict({**FIRST_YEAR, "ends_on": "2026-07-01"}))
    assert not spring.clashes(autumn)
    assert not autumn.clashes(spring)
    assert spring.clashes(overlap)
    flat = {"code": "flat", "name": "Flat", "model": "flat", "flat_amount": 100}
    euro, dollar = (PlanTerm.from_dict({**flat, "currency": currency}) for currency in ("EUR", "USD"))
    assert not euro.clashes(dollar)
    assert euro.clashes(PlanTerm.from_dict(flat))
    assert euro.clashes(PlanTerm.from_dict({**FIRST_YEAR, "currency": "USD"}))  # which fits deals in euros too
    assert PlanTerm.from_dict({**FIRST_YEAR, "currency": "EUR"}).clashes(
        PlanTerm.from_dict({**FIRST_YEAR, "currency": "USD"})
    )


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True).map(sorted),
    st.integers(0, 2 * 10**6),
)
def test_the_parts_of_a_volume_in_contiguous_brackets_add_up_to_it(edges, volume):
    bounds = [0, *edges]
    brackets = tuple(Bracket(D(low), D(high), D(0)) for low, high in zip(bounds, edges, strict=False))
    brackets += (Bracket(D(edges[-1]), None, D(0)),)
    check_contiguous(brackets, "brackets", from_zero=True)
    assert sum(bracket.part(D(volume)) for bracket in brackets) == volume


def test_a_declining_band_ends_the_list():
    with pytest.raises(TermsError):
        IncentiveTerms(clawback=(ClawbackBand(180, declining=True), ClawbackBand(200, D(0))))
    assert IncentiveTerms(clawback=()).clawback_window_days == 0
