"""Every reason that the rules of health, tiers and value give can be said, and is said with its figures."""

import ast
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import partners.rules
from partners.choices import HealthDimension
from partners.rules.growth import compare
from partners.rules.health import HealthFacts, score
from partners.rules.health_alerts import HealthSnapshot, alert
from partners.rules.standing import Override, Standing
from partners.rules.terms import HealthTerms, LadderTerms, TierTerm, ValueMatrixTerms
from partners.rules.terms import Path as TierPath
from partners.rules.tier_status import decide_tier
from partners.rules.tiers import TierFacts, what_if
from partners.rules.value_matrix import recommend
from prm.core.explain import Line, from_json, to_json
from reporting.why_words import WORDS, Speaker, is_worded

AT = date(2026, 6, 15)
TERMS = HealthTerms()
SPEAKER = Speaker("USD", {"silver": "Silver", "gold": "Gold"}, {"technical": "Technical Certified"})
LADDER = LadderTerms(
    "solution",
    (
        TierTerm("registered", "Registered", 0, review_months=0),
        TierTerm(
            "silver", "Silver", 1,
            (TierPath("sourced_arr", Decimal(25_000)), TierPath("qualified_referrals", Decimal(5))),
            certified_people=1, certificate_kind="technical", review_months=12, grace_months=3, falls_to="registered",
        ),
    ),
    promotion_needs_approval=True,
)  # fmt: skip


def facts(**changes: object) -> HealthFacts:
    known = {
        "at": AT,
        "partner_since": date(2024, 1, 1),
        "quarter_revenue": Decimal(135_000),
        "year_ago_revenue": Decimal(100_000),
        "deals_registered": 7,
        "has_portal_account": True,
        "portal_weeks": 2,
        "last_portal_day": date(2026, 6, 8),
        "nps_promoters": 4,
        "nps_detractors": 1,
        "nps_answers": 7,
        "fit": "moderate",
    }
    return HealthFacts(**{**known, **changes})


def stored(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Lines as they come back from the database: decimals and dates are text."""
    return from_json(to_json(lines))


def codes_in_the_rules() -> set[str]:
    """Every code that a ``Line(…)`` in partners' rules is made with; f-strings stand for each health dimension."""
    found: set[str] = set()
    for path in Path(partners.rules.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Line" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
                elif isinstance(first, ast.JoinedStr) and str(first.values[0].value) == "health.":
                    found |= {f"health.{dimension}" for dimension in HealthDimension}
                elif isinstance(first, ast.JoinedStr) and str(first.values[0].value) == "value.":
                    found |= {f"value.{name}" for name in ("strategic_value", "revenue", "health", "growth")}
                else:
                    pytest.fail(f"{path.name}: a code that this test can't read")
    return found


def test_every_code_of_the_rules_has_words_and_every_word_a_code() -> None:
    codes = codes_in_the_rules()
    assert len(codes) > 15
    assert codes == set(WORDS)
    assert all(is_worded(code) for code in codes)
    assert not is_worded("health.nonsense")


def test_health_is_said_with_its_evidence() -> None:
    said = {each.label: each for each in SPEAKER.say(stored(score(facts(), TERMS).lines))}
    assert said["Revenue"].value == "30 of 30"
    assert "+35" in said["Revenue"].note
    assert "135,000\N{NO-BREAK SPACE}USD after 100,000\N{NO-BREAK SPACE}USD" in said["Revenue"].note
    assert said["Activity"].note == "7 deals registered in 90 days"
    assert said["Engagement"].note == "portal used in 2 of the last 4 weeks, last on 8 Jun 2026"
    assert said["Satisfaction"].note == "NPS 43 from 7 answers"
    assert said["Strategic fit"].note == "judged moderate"
    assert said["Health"].total
    assert said["Health"].value.endswith("Champion")


def test_what_is_not_known_is_said_and_not_shown_as_nothing() -> None:
    unknown = facts(
        year_ago_revenue=None, has_portal_account=False, nps_answers=0, nps_promoters=0, nps_detractors=0, fit=""
    )
    said = {each.label: each for each in SPEAKER.say(stored(score(unknown, TERMS).lines))}
    assert {said[name].value for name in ("Revenue", "Engagement", "Satisfaction", "Strategic fit")} == {"no data"}
    assert said["Health"].value == "Unknown"
    assert "25 of 100 points are known" in said["Health"].note


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"year_ago_revenue": Decimal(0)}, "after nothing a year ago"),
        ({"partner_since": date(2026, 5, 1)}, "too recently"),
        ({"quarter_revenue": Decimal(90_000)}, "\N{MINUS SIGN}10"),
    ],
)
def test_revenue_is_said_in_each_situation(changes: dict, words: str) -> None:
    line = next(each for each in score(facts(**changes), TERMS).lines if each.code == "health.revenue")
    assert words in SPEAKER.note(stored((line,))[0])


def test_a_fall_says_what_pulled_it_down() -> None:
    now = score(facts(deals_registered=0), TERMS)
    before = HealthSnapshot(95, "champion", dict(zip(HealthDimension, (30, 25, 15, 10, 5), strict=True)))
    raised = alert(now, before, TERMS)
    assert raised is not None
    said = SPEAKER.say(stored(raised.lines))
    assert said[0].value == f"95 → {now.score}"
    assert ("Activity", "25 → 0") in [(each.label, each.value) for each in said]


def test_a_tier_is_said_with_paths_people_and_dates() -> None:
    standing = Standing(
        tier="registered",
        since=AT,
        overrides=(Override("OV-1", "provisional", "registered", AT, date(2026, 12, 1)),),
    )
    half = TierFacts(True, {"sourced_arr": Decimal(20_000), "qualified_referrals": Decimal(2)}, 0, {})
    said = SPEAKER.say(stored(decide_tier(standing, half, LADDER, AT).lines))
    words = {(each.label, each.value) for each in said}
    assert ("Partner-sourced ARR", "20,000\N{NO-BREAK SPACE}USD of 25,000\N{NO-BREAK SPACE}USD") in words
    assert ("People with Technical Certified", "0 of 1") in words
    assert ("Provisional", "Registered") in words
    queued = TierFacts(True, {"sourced_arr": Decimal(30_000)}, 1, {"technical": 1})
    assert ("Waits for approval", "Silver") in {
        (each.label, each.value) for each in SPEAKER.say(stored(decide_tier(standing, queued, LADDER, AT).lines))
    }


def test_the_calculator_and_the_value_matrix_are_said() -> None:
    imagined = what_if(
        LADDER, TierFacts(True), current="registered", add_metrics={"sourced_arr": Decimal(30_000)}, add_certified=1
    )
    assert SPEAKER.say(stored(imagined.lines))[0].value == "Silver"
    result = recommend(
        strategic_value=5,
        revenue=Decimal(120_000),
        health=70,
        growth=compare(Decimal(120_000), Decimal(100_000), TERMS.revenue),
        terms=ValueMatrixTerms(),
    )
    said = {each.label: each.value for each in SPEAKER.say(stored(result.lines))}
    assert said["Recommendation"] == "Invest"
    assert said["Strategic value"] == "5 of 5"
    assert said["Growth on the year before"].startswith("20")


def test_a_code_of_another_app_falls_back_on_its_own_words() -> None:
    assert SPEAKER.say_one(Line("nowhere.a_thing", {"count": 3})).value == "3"
