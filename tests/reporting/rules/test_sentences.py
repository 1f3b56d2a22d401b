"""What a pack says, for partners that rise, stand still, fall, begin, or have nothing to show."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from partners.choices import Quadrant
from reporting.rules import sentences as say
from reporting.rules.pack import (
    DealFlow,
    HealthPart,
    MatrixPoint,
    PackFacts,
    PipelineFacts,
    Reason,
    StuckDeal,
    TierPath,
    WonDeal,
)
from tests.reporting.sample_facts import FALLING, FLAT, NEW, RISING, revenue


def codes(sentences: tuple[say.Sentence, ...]) -> list[str]:
    return [sentence.code for sentence in sentences]


def with_revenue(amounts: list[int | None], facts: PackFacts = RISING) -> PackFacts:
    made = revenue(amounts)
    last = made.quarters[-1].revenue or Decimal(0)
    deals = (WonDeal("Harbor", "P", last, facts.period.end),) if last else ()
    return replace(facts, revenue=made, won=deals)


@pytest.mark.parametrize(
    ("now", "before", "trend", "percent"),
    [
        ("100", None, "unknown", None),
        ("0", "0", "none", None),
        ("-5", "0", "none", None),
        ("1", "0", "new", None),
        ("1", "-10", "new", None),
        ("102", "100", "flat", 2),
        ("102.01", "100", "rising", 2),
        ("98", "100", "flat", -2),
        ("97.99", "100", "falling", -2),
        ("100", "100", "flat", 0),
        ("0", "100", "falling", -100),
        ("-20", "100", "falling", -120),
        ("250", "100", "rising", 150),
        ("112.5", "100", "rising", 13),
    ],
)
def test_a_change_is_judged_exactly_and_printed_rounded(
    now: str, before: str | None, trend: str, percent: int | None
) -> None:
    found = say.compare(Decimal(now), None if before is None else Decimal(before), Decimal(2))
    assert (found.trend, found.percent) == (trend, percent)


def test_titles_of_a_rising_partner() -> None:
    assert codes(say.summary_title(RISING)) == ["summary.rising", "next.tier_money_people"]
    assert codes(say.revenue_title(RISING)) == ["revenue.rising", "revenue.of_target"]
    assert codes(say.pipeline_title(RISING)) == ["pipeline.open", "pipeline.stuck"]
    assert codes(say.tier_title(RISING)) == ["tier.progress", "missing.money_people"]
    assert codes(say.matrix_title(RISING)) == ["matrix.moved", "matrix.revenue_over"]
    assert codes(say.health_title(RISING)) == ["health.rising_year", "health.weakest"]
    assert codes(say.plan_title(RISING)) == ["plan", "plan.tier", "plan.stuck"]


def test_titles_of_a_partner_that_stands_still() -> None:
    assert codes(say.summary_title(FLAT)) == ["summary.flat", "next.tier_money"]
    assert codes(say.revenue_title(FLAT)) == ["revenue.flat", "revenue.concentrated"]
    assert codes(say.pipeline_title(FLAT)) == ["pipeline.open", "pipeline.closed"]
    assert codes(say.matrix_title(FLAT)) == ["matrix.stays", "matrix.revenue_short"]
    assert codes(say.health_title(FLAT)) == ["health.flat_year", "health.weakest"]


def test_titles_of_a_falling_partner() -> None:
    assert codes(say.summary_title(FALLING)) == ["summary.falling", "next.grace"]
    assert codes(say.revenue_title(FALLING)) == ["revenue.falling", "revenue.lowest"]
    assert codes(say.tier_title(FALLING)) == ["tier.grace", "tier.renewals"]
    assert codes(say.health_title(FALLING)) == ["health.falling_year", "health.weakest"]
    assert codes(say.plan_title(FALLING)) == ["plan", "plan.keep_tier", "plan.stuck"]


def test_titles_of_a_partner_with_nothing_yet() -> None:
    assert codes(say.summary_title(NEW)) == ["summary.none"]
    assert codes(say.revenue_title(NEW)) == ["revenue.none"]
    assert say.matrix_title(NEW) == ()
    assert say.health_title(NEW) == ()
    assert codes(say.plan_title(NEW)) == ["plan", "plan.first_deal"]


@pytest.mark.parametrize(
    ("amounts", "first"),
    [
        ([0, 0, 0, 0, 1, 0, 0, 0], "summary.new"),
        ([0, 0, 0, 0, 0, 0, 0, 0], "summary.none"),
        ([1, 1, 1, 1, 0, 0, 0, 0], "summary.gone"),
        ([None, 1, 1, 1, 2, 0, 0, 0], "summary.unknown"),
        ([None, None, None, None, 0, 0, 0, 0], "summary.none"),
        ([9, 9, 9, 9, 5, 0, 0, -1], "summary.falling"),
    ],
)
def test_the_year_in_words(amounts: list[int | None], first: str) -> None:
    assert say.summary_title(with_revenue(amounts))[0].code == first


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([5, 5, 5, 5, 5, 5, 5, 9], ["revenue.rising", "revenue.best"]),
        ([9, 9, 9, 8, 9, 9, 9, 5], ["revenue.falling", "revenue.lowest"]),
        ([9, 9, 9, 0, 9, 9, 9, 5], ["revenue.new", "revenue.year"]),
        ([9, 9, 9, 5, 9, 9, 9, 5], ["revenue.flat", "revenue.year"]),
        ([9, 9, 9, 5, 9, 9, 9, 0], ["revenue.none", "revenue.year_still"]),
        ([None, None, None, None, None, None, 9, 12], ["revenue.unknown", "revenue.year"]),
    ],
)
def test_the_quarter_in_words(amounts: list[int | None], expected: list[str]) -> None:
    assert codes(say.revenue_title(with_revenue(amounts))) == expected


def test_a_falling_quarter_is_never_called_the_best() -> None:
    # The best of eight, and still below the year before, cannot be; a fall among four quarters can.
    facts = with_revenue([None, None, None, 10, 1, 2, 3, 9])
    assert codes(say.revenue_title(facts)) == ["revenue.falling", "revenue.year"]
    assert "win.best_quarter" not in codes(say.wins_of(facts))


@pytest.mark.parametrize(("amounts", "rank"), [([1, 2, 3], ""), ([1, 2, 3, 4], "best"), ([4, 3, 2, 1], "lowest")])
def test_a_rank_needs_four_quarters_with_data(amounts: list[int], rank: str) -> None:
    assert say.quarter_rank(with_revenue([None] * (8 - len(amounts)) + amounts)) == rank


def test_a_tie_has_no_rank() -> None:
    assert say.quarter_rank(with_revenue([1, 1, 1, 9, 1, 1, 1, 9])) == ""


@pytest.mark.parametrize(
    ("won", "lost", "rate"), [(0, 0, None), (None, 1, None), (1, 0, 100), (0, 1, 0), (1, 7, 13), (36, 39, 48)]
)
def test_win_rate(won: int | None, lost: int, rate: int | None) -> None:
    assert say.win_rate(won, lost) == rate


def test_pipeline_titles_without_amounts_without_deals_and_without_a_pipeline() -> None:
    assert RISING.pipeline
    stages = tuple(replace(stage, amount=Decimal(0)) for stage in RISING.pipeline.stages)
    unpriced = replace(RISING, pipeline=replace(RISING.pipeline, stages=stages, total=Decimal(0)))
    assert codes(say.pipeline_title(unpriced)) == ["pipeline.unpriced", "pipeline.stuck"]
    no_amounts = tuple(replace(deal, amount=None) for deal in RISING.stuck)
    assert codes(say.pipeline_title(replace(unpriced, stuck=no_amounts)))[1] == "pipeline.stuck_unpriced"
    empty = replace(RISING, pipeline=PipelineFacts((), 0, Decimal(0)), stuck=())
    assert codes(say.pipeline_title(empty)) == ["pipeline.none", "pipeline.closed"]
    assert codes(say.pipeline_title(replace(empty, pipeline=None))) == ["pipeline.closed_first"]
    still = DealFlow(0, 0, 0, 0, 0, 0)
    assert codes(say.pipeline_title(replace(empty, pipeline=None, flow=still))) == ["pipeline.nothing"]
    assert codes(say.pipeline_title(replace(RISING, stuck=(), flow=None))) == ["pipeline.open", "pipeline.moving"]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"standing": "at_risk"}, "tier.at_risk"),
        ({"standing": "grace", "grace_until": date(2027, 1, 1)}, "tier.grace"),
        ({"standing": "strategic", "override_until": date(2027, 1, 1)}, "tier.strategic"),
        ({"standing": "provisional", "override_until": date(2027, 1, 1)}, "tier.provisional"),
        ({"next_label": None, "paths": (), "progress_percent": None}, "tier.top"),
        ({"progress_percent": 100}, "tier.reached"),
        ({}, "tier.progress"),
    ],
)
def test_the_tier_in_words(changes: dict, first: str) -> None:
    assert RISING.tier
    facts = replace(RISING, tier=replace(RISING.tier, **changes))
    assert say.tier_title(facts)[0].code == first


@pytest.mark.parametrize(
    ("paths", "people", "code"),
    [
        ((TierPath("sourced_arr", "ARR", Decimal(1), Decimal(2), is_money=True),), 5, "missing.money"),
        ((TierPath("sourced_arr", "ARR", Decimal(1), Decimal(2), is_money=True),), 4, "missing.money_people"),
        ((TierPath("qualified_referrals", "R", Decimal(1), Decimal(2)),), 5, "missing.referrals"),
        ((TierPath("qualified_referrals", "R", Decimal(1), Decimal(2)),), 4, "missing.referrals_people"),
        ((TierPath("live_integrations", "I", Decimal(0), Decimal(1)),), 5, "missing.integrations"),
        ((TierPath("live_integrations", "I", Decimal(0), Decimal(1)),), 4, "missing.integrations_people"),
        ((TierPath("co_sold_deals", "C", Decimal(4), Decimal(5)),), 5, "missing.co_sold"),
        ((TierPath("co_sold_deals", "C", Decimal(4), Decimal(5)),), 4, "missing.co_sold_people"),
        ((TierPath("sourced_arr", "ARR", Decimal(2), Decimal(2), is_money=True),), 4, "missing.people"),
        ((TierPath("sourced_arr", "ARR", Decimal(2), Decimal(2), is_money=True),), 5, "missing.met"),
        ((), 5, "missing.met"),
    ],
)
def test_what_is_missing_to_the_next_tier(paths: tuple[TierPath, ...], people: int, code: str) -> None:
    assert RISING.tier
    tier = replace(RISING.tier, paths=paths, people=people, people_required=5, progress_percent=50)
    assert say.tier_title(replace(RISING, tier=tier))[1].code == code


def test_the_best_path_is_the_one_furthest_along() -> None:
    assert RISING.tier
    arr, referrals = RISING.tier.paths
    ahead = replace(referrals, reached=Decimal(49))
    found = say.best_path(replace(RISING.tier, paths=(arr, ahead)))
    assert found == ahead


def test_without_a_tier_the_certified_people_are_counted() -> None:
    assert say.tier_title(replace(RISING, tier=None))[0] == say.Sentence(
        "tier.people_only", {"partner": "Northwind", "people": 4}
    )


def test_certificates_that_end_on_the_last_day_of_the_window_count_and_expired_ones_do_not() -> None:
    first = RISING.certificates[0]
    made = tuple(replace(first, valid_until=RISING.as_of + timedelta(days=offset)) for offset in (-1, 0, 90, 91))
    assert say.expiring(replace(RISING, certificates=made)) == made[1:3]


def test_quadrants_include_their_thresholds() -> None:
    assert RISING.matrix
    at = Decimal(100_000)
    found = [
        say.quadrant_of(RISING.matrix, MatrixPoint("", amount, value))
        for amount, value in ((at, 4), (at - 1, 4), (at, 3), (at - 1, 3))
    ]
    assert found == [Quadrant.STRATEGIC_ALLIANCE, Quadrant.TECHNOLOGY, Quadrant.CHANNEL, Quadrant.AFFILIATE]


def test_health_without_a_year_compares_the_quarter_and_without_both_just_stands() -> None:
    assert RISING.health
    health = replace(RISING.health, prior_year=None)
    assert say.health_title(replace(RISING, health=health))[0].code == "health.rising_quarter"
    alone = replace(health, prior_quarter=None)
    assert say.health_title(replace(RISING, health=alone))[0].code == "health.stands"
    unknown = replace(alone, score=None, known=35)
    assert codes(say.health_title(replace(RISING, health=unknown))) == ["health.unknown"]


def test_the_weakest_part_is_the_one_that_leaves_most_points() -> None:
    parts = (HealthPart("a", "A", 25, 30), HealthPart("b", "B", None, 25), HealthPart("c", "C", 9, 15))
    found = say.weakest_part(parts)
    assert found is not None
    assert found.code == "c"
    assert say.weakest_part((HealthPart("a", "A", 30, 30),)) is None


def test_wins_and_gaps_of_the_samples() -> None:
    assert codes(say.wins_of(RISING)) == ["win.best_quarter_up", "win.year_rising", "win.rate_up"]
    assert codes(say.gaps_of(RISING)) == ["gap.stuck_ours", "gap.expiring", "gap.people"]
    assert codes(say.wins_of(FLAT)) == ["win.close_to_tier", "win.actions", "win.largest"]
    assert codes(say.gaps_of(FLAT)) == ["gap.pipeline", "gap.concentrated"]
    assert codes(say.wins_of(FALLING)) == ["win.largest"]
    assert codes(say.gaps_of(FALLING)) == ["gap.grace", "gap.year", "gap.stuck_ours"]
    assert codes(say.wins_of(NEW)) == []
    assert codes(say.gaps_of(NEW)) == ["gap.no_revenue"]


@pytest.mark.parametrize("facts", [RISING, FLAT, FALLING, NEW])
def test_no_topic_is_both_a_win_and_a_gap_twice(facts: PackFacts) -> None:
    for sentences in (say.wins_of(facts, 99), say.gaps_of(facts, 99)):
        assert len(codes(sentences)) == len(set(codes(sentences)))
    growth = {"win.year_rising", "win.year_new", "win.held"} & set(codes(say.wins_of(facts, 99)))
    fall = {"gap.year"} & set(codes(say.gaps_of(facts, 99)))
    assert not (growth and fall)


def test_one_customer_of_many_is_a_risk_from_half_the_quarter_on() -> None:
    def gaps(*amounts: int) -> list[str]:
        deals = tuple(WonDeal(name, "", Decimal(n), date(2026, 7, 1)) for name, n in zip("ABC", amounts, strict=True))
        facts = with_revenue([0, 0, 0, 100, 0, 0, 0, sum(amounts)])
        return codes(say.gaps_of(replace(facts, won=deals), 99))

    assert "gap.concentrated" in gaps(50, 30, 20)
    assert "gap.concentrated" not in gaps(49, 30, 21)


def test_goals_come_from_what_is_missing() -> None:
    assert codes(say.goals_of(RISING)) == ["goal.tier", "goal.stuck", "goal.people", "goal.renew"]
    assert codes(say.goals_of(FALLING)) == ["goal.keep_tier", "goal.stuck", "goal.renew"]
    assert codes(say.goals_of(NEW)) == ["goal.first_deal"]
    empty = replace(FLAT, pipeline=PipelineFacts((), 0, Decimal(0)), revenue=revenue([0] * 8), won=())
    assert "goal.first_pipeline" in codes(say.goals_of(empty))


def test_the_pipeline_wanted_is_coverage_times_an_average_quarter() -> None:
    facts = with_revenue([0, 0, 0, 0, 100, 100, 100, 100])
    assert say.pipeline_wanted(facts) == Decimal(300)
    assert say.pipeline_wanted(with_revenue([0] * 8)) is None


def test_a_stuck_deal_without_an_amount_counts_but_does_not_sum() -> None:
    deals = (StuckDeal("A", "", None, "Demo", 61), StuckDeal("B", "", Decimal(5), "Demo", 61))
    facts = replace(RISING, stuck=deals)
    assert say.stuck_amount(facts) == Decimal(5)
    assert say.gaps_of(facts)[0].values["deals"] == 2


@pytest.mark.parametrize(
    ("code", "values", "sentence"),
    [
        ("value.verdict", {}, None),
        ("value.strategic_value", {"value": None, "high": 4, "is_high": False}, "reason.value_unknown"),
        ("value.strategic_value", {"value": 4, "high": 4, "is_high": True}, "reason.value_high"),
        ("value.strategic_value", {"value": 3, "high": 4, "is_high": False}, "reason.value_low"),
        ("value.revenue", {"value": Decimal(5), "high": Decimal(9), "is_high": False}, "reason.revenue_low"),
        ("value.revenue", {"value": Decimal(9), "high": Decimal(9), "is_high": True}, "reason.revenue_high"),
        ("value.health", {"value": None, "high": 60, "low": 40, "is_high": False}, "reason.health_unknown"),
        ("value.health", {"value": 39, "high": 60, "low": 40, "is_high": False}, "reason.health_poor"),
        ("value.health", {"value": 40, "high": 60, "low": 40, "is_high": False}, "reason.health_short"),
        ("value.health", {"value": 60, "high": 60, "low": 40, "is_high": True}, "reason.health_good"),
        ("value.growth", {"value": None, "high": 20, "trend": "strong", "is_high": True}, "reason.growth_new"),
        ("value.growth", {"value": None, "high": 20, "trend": "no_data", "is_high": False}, "reason.growth_unknown"),
        (
            "value.growth",
            {"value": Decimal("20.0"), "high": 20, "trend": "strong", "is_high": True},
            "reason.growth_good",
        ),
        (
            "value.growth",
            {"value": Decimal("1.0"), "high": 20, "trend": "flat", "is_high": False},
            "reason.growth_short",
        ),
        (
            "value.growth",
            {"value": Decimal(-9), "high": 20, "trend": "declining", "is_high": False},
            "reason.growth_falling",
        ),
    ],
)
def test_reasons_of_the_recommendation(code: str, values: dict, sentence: str | None) -> None:
    found = say.reason_of(Reason(code, values))
    assert (found.code if found else None) == sentence
