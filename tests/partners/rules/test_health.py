from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.health import HealthFacts, band_of, portal_weeks, score
from partners.rules.terms import BandTerm, HealthTerms
from prm.core.explain import to_json

TERMS = HealthTerms()
AT = date(2017, 12, 31)
BEST = HealthFacts(
    at=AT,
    partner_since=date(2016, 10, 20),
    quarter_revenue=Decimal(120_000),
    year_ago_revenue=Decimal(100_000),
    deals_registered=5,
    has_portal_account=True,
    portal_weeks=4,
    last_portal_day=AT,
    nps_promoters=6,
    nps_detractors=1,
    nps_answers=10,
    fit="strong",
)


def points(dimension: str, **changes) -> int | None:
    return score(replace(BEST, **changes), TERMS).of(dimension).points


def test_the_best_partner_has_a_hundred():
    result = score(BEST, TERMS)
    assert (result.score, result.band, result.points, result.known_points) == (100, "champion", 100, 100)
    assert [each.points for each in result.dimensions] == [30, 25, 20, 15, 10]
    assert [each.most for each in result.dimensions] == [30, 25, 20, 15, 10]


@pytest.mark.parametrize(
    ("now", "before", "earned"),
    [
        (120_000, 100_000, 30),
        (119_999, 100_000, 20),
        (102_001, 100_000, 20),
        (102_000, 100_000, 10),
        (98_000, 100_000, 10),
        (97_999, 100_000, 0),
        (1, 0, 30),  # a full year of history, nothing a year ago, some now
        (0, 0, 0),
        (5_000, None, None),  # the data does not reach back
    ],
)
def test_revenue(now, before, earned):
    before = None if before is None else Decimal(before)
    assert points("revenue", quarter_revenue=Decimal(now), year_ago_revenue=before) == earned


@pytest.mark.parametrize(("deals", "earned"), [(0, 0), (1, 10), (2, 10), (3, 20), (4, 20), (5, 25), (50, 25)])
def test_activity(deals, earned):
    assert points("activity", deals_registered=deals) == earned


@pytest.mark.parametrize(
    ("weeks", "days_ago", "earned"),
    [
        (4, 0, 20),
        (3, 20, 20),
        (2, 0, 15),
        (1, 29, 15),
        (0, 30, 10),
        (0, 89, 10),
        (0, 90, 0),
        (0, None, 0),
    ],
)
def test_engagement(weeks, days_ago, earned):
    last = None if days_ago is None else AT - timedelta(days=days_ago)
    assert points("engagement", portal_weeks=weeks, last_portal_day=last) == earned


def test_without_a_portal_account_engagement_is_unknown():
    assert points("engagement", has_portal_account=False, portal_weeks=0, last_portal_day=None) is None


def test_portal_weeks_are_blocks_of_seven_days_that_end_today():
    def week_count(*days_ago: int) -> int:
        return portal_weeks([AT - timedelta(days=each) for each in days_ago], AT)

    assert week_count() == 0
    assert week_count(0, 1, 6) == 1
    assert week_count(6, 7) == 2
    assert week_count(0, 7, 14, 21) == 4
    assert week_count(0, 13, 27) == 3
    assert week_count(28, -1) == 0


@pytest.mark.parametrize(
    ("promoters", "detractors", "answers", "earned"),
    [
        (5, 0, 10, 15),  # 50
        (499, 0, 1000, 10),  # 49.9 is not 50
        (25, 0, 100, 10),
        (249, 0, 1000, 5),  # 24.9
        (3, 3, 6, 5),  # 0
        (0, 1, 1000, 0),  # −0.1
        (0, 5, 5, 0),
        (0, 0, 3, 5),  # passives only
        (0, 0, 0, None),
    ],
)
def test_satisfaction(promoters, detractors, answers, earned):
    found = points("satisfaction", nps_promoters=promoters, nps_detractors=detractors, nps_answers=answers)
    assert found == earned


@pytest.mark.parametrize(("rating", "earned"), [("strong", 10), ("moderate", 5), ("weak", 0), ("", None)])
def test_fit(rating, earned):
    assert points("fit", fit=rating) == earned


@pytest.mark.parametrize(("age", "is_new"), [(0, True), (89, True), (90, False), (91, False)])
def test_a_new_partner_has_no_revenue_or_activity_to_be_judged_by(age, is_new):
    since = AT - timedelta(days=age)
    expected = (None, None) if is_new else (30, 25)
    assert (points("revenue", partner_since=since), points("activity", partner_since=since)) == expected


UNKNOWN = {"nps_promoters": 0, "nps_detractors": 0, "nps_answers": 0, "fit": ""}


def test_based_on_75_of_100():
    result = score(replace(BEST, **UNKNOWN, quarter_revenue=Decimal(110_000)), TERMS)
    assert (result.points, result.known_points) == (65, 75)
    assert (result.score, result.band) == (87, "champion")  # 86.67


@pytest.mark.parametrize(
    ("revenue", "deals", "promoters", "number"),
    [
        (110_000, 3, 4, 63),  # 20 + 20 + 10 + 0 = 50 of 80 without engagement: 62.5
        (97_000, 3, 4, 38),  # 30 of 80: 37.5
        (102_000, 3, 3, 44),  # 35 of 80: 43.75
        (102_000, 1, 3, 31),  # 25 of 80: 31.25
    ],
)
def test_the_score_is_rounded_half_up(revenue, deals, promoters, number):
    facts = replace(
        BEST,
        quarter_revenue=Decimal(revenue),
        deals_registered=deals,
        nps_promoters=promoters,
        fit="weak",
        has_portal_account=False,
    )
    assert score(facts, TERMS).score == number


def test_the_score_is_rounded_before_its_band_is_read():
    facts = replace(
        BEST,
        quarter_revenue=Decimal(110_000),
        deals_registered=3,
        nps_promoters=4,
        fit="weak",
        has_portal_account=False,
    )
    edge_at_63 = HealthTerms(bands=(BandTerm("champion", 63), BandTerm("churning", 0)))
    assert score(facts, edge_at_63).band == "champion"


@pytest.mark.parametrize(
    ("number", "band"),
    [
        (100, "champion"),
        (80, "champion"),
        (79, "healthy"),
        (60, "healthy"),
        (59, "at_risk"),
        (40, "at_risk"),
        (39, "critical"),
        (20, "critical"),
        (19, "churning"),
        (0, "churning"),
        (None, "unknown"),
    ],
)
def test_bands(number, band):
    assert band_of(number, TERMS) == band


def test_under_fifty_known_points_the_score_is_unknown():
    new = {"partner_since": AT - timedelta(days=10)}
    result = score(replace(BEST, **new), TERMS)  # engagement 20, satisfaction 15, fit 10: 45 known
    assert (result.score, result.band, result.known_points) == (None, "unknown", 45)
    just_enough = replace(BEST, has_portal_account=False, nps_answers=0, fit="")  # revenue 30, activity 25
    assert score(just_enough, TERMS).known_points == 55
    fifty = replace(BEST, year_ago_revenue=None, has_portal_account=False)  # activity 25, satisfaction 15, fit 10
    result = score(fifty, TERMS)
    assert (result.known_points, result.score) == (50, 100)


def test_nothing_known_at_all():
    facts = replace(BEST, partner_since=AT, has_portal_account=False, **UNKNOWN)
    result = score(facts, TERMS)
    assert (result.score, result.known_points, result.points) == (None, 0, 0)


def test_the_evidence_of_each_dimension():
    lines = to_json(score(replace(BEST, **UNKNOWN), TERMS).lines)
    assert [line["code"] for line in lines] == [
        "health.score",
        "health.revenue",
        "health.activity",
        "health.engagement",
        "health.satisfaction",
        "health.fit",
    ]
    assert lines[0]["values"] == {"score": 100, "band": "champion", "points": 75, "known": 75, "needed": 50}
    assert lines[1]["values"]["percent"] == "20.0"
    assert lines[4]["values"] == {"nps": None, "answers": 0, "points": None, "most": 15}


money = st.decimals(0, 10**6, places=2)


@st.composite
def facts_of_anybody(draw):
    answers = draw(st.integers(0, 20))
    promoters = draw(st.integers(0, answers))
    return HealthFacts(
        at=AT,
        partner_since=draw(st.none() | st.dates(date(2016, 1, 1), AT)),
        quarter_revenue=draw(money),
        year_ago_revenue=draw(st.none() | money),
        deals_registered=draw(st.integers(0, 9)),
        has_portal_account=draw(st.booleans()),
        portal_weeks=draw(st.integers(0, 4)),
        last_portal_day=draw(st.none() | st.dates(date(2017, 6, 1), AT)),
        nps_promoters=promoters,
        nps_detractors=draw(st.integers(0, answers - promoters)),
        nps_answers=answers,
        fit=draw(st.sampled_from(["", "weak", "moderate", "strong"])),
    )


@given(facts_of_anybody())
def test_a_score_is_between_nothing_and_a_hundred_and_adds_up(facts):
    result = score(facts, TERMS)
    known = [each for each in result.dimensions if each.points is not None]
    assert result.points == sum(each.points for each in known) <= result.known_points
    assert result.known_points == sum(each.most for each in known) <= 100
    if result.known_points < 50:
        assert result.score is None
    else:
        assert 0 <= result.score <= 100
        assert abs(result.score - Decimal(result.points * 100) / result.known_points) <= Decimal("0.5")
    assert score(facts, TERMS) == result


@given(facts_of_anybody(), st.integers(1, 5), money)
def test_doing_more_never_costs_points(facts, deals, revenue):
    before = score(facts, TERMS)
    better = score(
        replace(
            facts,
            deals_registered=facts.deals_registered + deals,
            quarter_revenue=facts.quarter_revenue + revenue,
            portal_weeks=4,
        ),
        TERMS,
    )
    assert better.known_points == before.known_points
    assert better.points >= before.points
