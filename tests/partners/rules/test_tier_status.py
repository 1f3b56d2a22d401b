from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.choices import TierOutcome
from partners.rules.standing import Override, Standing, place
from partners.rules.terms import Path
from partners.rules.tier_status import decide_tier
from tests.partners.rules.ladders import FLAT, GOLD, NOTHING, PLATINUM, SILVER, SOLUTION, reached

START = date(2026, 1, 15)
DAY = timedelta(days=1)
GOLD_YEAR = Standing("gold", START, date(2027, 1, 15))
WITH_APPROVAL = replace(SOLUTION, promotion_needs_approval=True)


def override(kind: str, tier: str = "platinum", first: date = START, last: date = date(2026, 7, 15), **targets):
    return Override(f"{kind}-1", kind, tier, first, last, **targets)


def night(standing: Standing, facts, on: date, ladder=SOLUTION):
    return decide_tier(standing, facts, ladder, on)


def nights(standing: Standing, facts, first: date, last: date, ladder=SOLUTION):
    """Every night from `first` to `last`; the dates on which something happened, and the last standing."""
    events = []
    while first <= last:
        decision = night(standing, facts, first, ladder)
        if decision.outcome != TierOutcome.UNCHANGED:
            events.append((first, decision.outcome.value, decision.standing.tier))
        standing, first = decision.standing, first + DAY
    return events, standing


# --- Up -----------------------------------------------------------------------------------------------------------


def test_a_new_partner_starts_where_its_results_put_it():
    decision = night(Standing(), NOTHING, START)
    assert (decision.outcome, decision.standing.tier, decision.changed) == ("promoted", "registered", True)
    assert decision.standing == Standing("registered", START)
    assert night(Standing(), GOLD, START).standing == GOLD_YEAR


def test_up_at_once_and_over_several_rungs():
    decision = night(Standing("registered", START), PLATINUM, date(2026, 3, 1))
    assert decision.outcome == TierOutcome.PROMOTED
    assert decision.standing == Standing("platinum", date(2026, 3, 1), date(2027, 3, 1))
    assert decision.progress is None


def test_up_only_after_approval_where_the_program_says_so():
    first = night(Standing("silver", START, date(2027, 1, 15)), GOLD, date(2026, 3, 1), WITH_APPROVAL)
    assert (first.outcome, first.standing.tier, first.standing.pending_tier) == ("promotion_queued", "silver", "gold")
    again = night(first.standing, GOLD, date(2026, 3, 2), WITH_APPROVAL)
    assert (again.outcome, again.standing.pending_tier) == ("unchanged", "gold")
    higher = night(again.standing, PLATINUM, date(2026, 3, 3), WITH_APPROVAL)
    assert (higher.outcome, higher.standing.pending_tier) == ("promotion_queued", "platinum")
    gone = night(higher.standing, SILVER, date(2026, 3, 4), WITH_APPROVAL)
    assert (gone.outcome, gone.standing.pending_tier) == ("unchanged", None)
    approved = place(higher.standing, "platinum", WITH_APPROVAL, date(2026, 3, 4))
    assert approved == Standing("platinum", date(2026, 3, 4), date(2027, 3, 4))


def test_a_new_partner_waits_on_the_lowest_rung_for_an_approval():
    decision = night(Standing(), GOLD, START, WITH_APPROVAL)
    assert (decision.standing.tier, decision.standing.pending_tier) == ("registered", "gold")


# --- Review and grace ---------------------------------------------------------------------------------------------


def test_never_down_before_the_review():
    events, standing = nights(GOLD_YEAR, NOTHING, START, date(2027, 1, 14))
    assert events == []
    assert standing.tier == "gold"


def test_a_passed_review_keeps_to_the_anniversary():
    events, standing = nights(GOLD_YEAR, GOLD, START, date(2029, 1, 15))
    assert events == [(date(year, 1, 15), "review_passed", "gold") for year in (2027, 2028, 2029)]
    assert standing.review_on == date(2030, 1, 15)
    assert standing.since == START


def test_the_anniversary_of_a_leap_day():
    standing = Standing("gold", date(2028, 2, 29), date(2029, 2, 28))
    events, standing = nights(standing, GOLD, date(2028, 2, 29), date(2032, 2, 29))
    assert [on for on, *_ in events] == [
        date(2029, 2, 28),
        date(2030, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]


@pytest.mark.parametrize(
    ("tier", "grace_ends", "falls_to"),
    [
        ("silver", date(2027, 4, 15), "registered"),
        ("gold", date(2027, 7, 15), "silver"),
        ("platinum", date(2027, 10, 15), "gold"),
    ],
)
def test_grace_of_one_two_or_three_quarters_and_then_one_rung_down(tier, grace_ends, falls_to):
    events, standing = nights(Standing(tier, START, date(2027, 1, 15)), NOTHING, START, grace_ends)
    assert events == [(date(2027, 1, 15), "grace_started", tier), (grace_ends, "demoted", falls_to)]
    assert standing.since == grace_ends
    assert standing.grace_until is None


def test_from_platinum_to_registered_takes_years():
    events, standing = nights(Standing("platinum", START, date(2027, 1, 15)), NOTHING, START, date(2031, 1, 1))
    assert [event for event in events if event[1] == "demoted"] == [
        (date(2027, 10, 15), "demoted", "gold"),
        (date(2029, 4, 15), "demoted", "silver"),
        (date(2030, 7, 15), "demoted", "registered"),
    ]
    assert standing == Standing("registered", date(2030, 7, 15))


def test_one_qualified_night_in_grace_passes_the_review():
    _, standing = nights(GOLD_YEAR, NOTHING, START, date(2027, 3, 1))
    decision = night(standing, GOLD, date(2027, 3, 2))
    assert decision.outcome == TierOutcome.REVIEW_PASSED
    assert decision.standing.grace_until is None
    assert decision.standing.review_on == date(2028, 3, 2)
    events, _ = nights(decision.standing, NOTHING, date(2027, 3, 3), date(2028, 3, 2))
    assert events == [(date(2028, 3, 2), "grace_started", "gold")]


def test_the_last_night_of_grace_still_counts():
    _, standing = nights(GOLD_YEAR, NOTHING, START, date(2027, 7, 14))
    assert night(standing, GOLD, date(2027, 7, 15)).outcome == TierOutcome.REVIEW_PASSED
    assert night(standing, SILVER, date(2027, 7, 15)).standing.tier == "silver"


def test_up_from_grace():
    _, standing = nights(GOLD_YEAR, NOTHING, START, date(2027, 3, 1))
    decision = night(standing, PLATINUM, date(2027, 3, 2))
    assert decision.standing == Standing("platinum", date(2027, 3, 2), date(2028, 3, 2))


def test_grace_ends_on_the_last_day_of_a_shorter_month():
    standing = Standing("silver", date(2026, 11, 30), date(2027, 11, 30))
    assert night(standing, NOTHING, date(2027, 11, 30)).standing.grace_until == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("found_on", "grace_ends"),
    [
        (date(2027, 1, 16), date(2027, 7, 15)),
        (date(2027, 7, 14), date(2027, 7, 15)),
        (date(2027, 7, 15), date(2028, 1, 15)),
        (date(2028, 1, 1), date(2028, 7, 1)),
    ],
)
def test_a_review_found_late_still_gives_its_grace(found_on, grace_ends):
    decision = night(GOLD_YEAR, NOTHING, found_on)
    assert (decision.outcome, decision.standing.grace_until) == ("grace_started", grace_ends)


def test_a_standing_from_before_reviews_gets_its_date():
    decision = night(Standing("gold", START), GOLD, date(2027, 6, 1))
    assert (decision.outcome, decision.standing.review_on) == ("unchanged", date(2028, 1, 15))


# --- No agreement, no ladder --------------------------------------------------------------------------------------


def test_without_an_agreement_there_is_no_tier_not_even_a_strategic_one():
    held = replace(GOLD_YEAR, overrides=(override("strategic"),))
    decision = night(held, replace(GOLD, has_agreement=False), date(2026, 2, 1))
    assert (decision.outcome, decision.standing.tier, decision.standing.review_on) == ("removed", None, None)
    assert decision.progress.agreement_missing
    again = night(decision.standing, replace(GOLD, has_agreement=False), date(2026, 2, 2))
    assert (again.outcome, again.changed) == ("unchanged", False)


def test_a_flat_track_has_no_tiers():
    decision = night(Standing(), GOLD, START, FLAT)
    assert (decision.outcome, decision.standing, decision.progress) == ("unchanged", Standing(), None)


def test_a_tier_that_left_the_ladder_is_replaced():
    assert night(Standing("diamond", START, date(2027, 1, 15)), SILVER, date(2026, 2, 1)).standing.tier == "silver"


# --- Overrides ----------------------------------------------------------------------------------------------------


def test_strategic_is_platinum_regardless_and_its_end_is_a_review_date():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(override("strategic"),))
    events, standing = nights(held, SILVER, date(2026, 2, 1), date(2026, 7, 15))
    assert events == [(date(2026, 2, 1), "promoted", "platinum")]
    assert standing.review_on == date(2026, 7, 16)
    ended = night(standing, SILVER, date(2026, 7, 16))
    assert (ended.outcome, ended.closed) == ("grace_started", (("strategic-1", "ended"),))
    assert ended.standing.grace_until == date(2027, 4, 16)
    assert nights(ended.standing, SILVER, date(2026, 7, 17), date(2027, 4, 16))[0] == [
        (date(2027, 4, 16), "demoted", "gold")
    ]


def test_strategic_that_has_earned_its_tier_passes():
    held = Standing("platinum", START, date(2026, 7, 16), overrides=(override("strategic"),))
    decision = night(held, PLATINUM, date(2026, 7, 16))
    assert (decision.outcome, decision.standing.review_on) == ("review_passed", date(2027, 7, 16))


def test_strategic_stops_a_grace_period():
    held = replace(GOLD_YEAR, tier="platinum", grace_until=date(2026, 5, 1), overrides=(override("strategic"),))
    decision = night(held, NOTHING, date(2026, 5, 1))
    assert (decision.outcome, decision.standing.tier, decision.standing.grace_until) == ("unchanged", "platinum", None)


def test_an_override_waits_for_its_first_day():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(override("strategic", first=date(2026, 3, 1)),))
    assert night(held, SILVER, date(2026, 2, 28)).standing.tier == "silver"
    assert night(held, SILVER, date(2026, 3, 1)).standing.tier == "platinum"


def test_the_end_of_provisional_sets_the_qualified_tier_at_once_however_many_rungs():
    held = Standing(overrides=(override("provisional", "gold"),))
    events, standing = nights(held, NOTHING, START, date(2026, 7, 15))
    assert events == [(START, "promoted", "gold")]
    assert standing.review_on is None
    ended = night(standing, NOTHING, date(2026, 7, 16))
    assert (ended.outcome, ended.standing.tier) == ("reset", "registered")
    assert ended.closed == (("provisional-1", "ended"),)


def test_a_provisional_tier_that_was_earned_stays():
    _, standing = nights(Standing(overrides=(override("provisional", "gold"),)), GOLD, START, date(2026, 7, 15))
    ended = night(standing, GOLD, date(2026, 7, 16))
    assert (ended.outcome, ended.standing.tier, ended.standing.since) == ("unchanged", "gold", START)
    assert ended.standing.review_on == date(2027, 1, 15)


def test_a_provisional_tier_suspends_review_and_grace_of_the_same_tier():
    held = replace(GOLD_YEAR, grace_until=date(2026, 5, 1), overrides=(override("provisional", "gold"),))
    events, standing = nights(held, NOTHING, date(2026, 2, 1), date(2026, 7, 15))
    assert (events, standing.review_on, standing.grace_until) == ([], None, None)


def test_provisional_is_a_floor_and_not_a_ceiling():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(override("provisional", "gold"),))
    decision = night(held, PLATINUM, date(2026, 2, 1))
    assert decision.standing.tier == "platinum"
    assert decision.standing.review_on == date(2027, 2, 1)


def accelerator(**changes):
    targets = {"paths": (Path("sourced_arr", Decimal(50_000)),), "certified_people": 1}
    return override("accelerator", "gold", **{**targets, **changes})


def test_reaching_the_targets_of_an_accelerator_promotes():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(accelerator(),))
    assert night(held, reached(49_999, 0, 1), date(2026, 3, 1)).outcome == TierOutcome.UNCHANGED
    assert night(held, reached(50_000, 0, 0), date(2026, 3, 1)).outcome == TierOutcome.UNCHANGED
    decision = night(held, reached(50_000, 0, 1), date(2026, 3, 1))
    assert (decision.outcome, decision.closed) == ("promoted", (("accelerator-1", "reached"),))
    assert decision.standing == Standing("gold", date(2026, 3, 1), date(2027, 3, 1))
    assert nights(decision.standing, reached(50_000, 0, 1), date(2026, 3, 2), date(2027, 2, 28))[0] == []


def test_its_last_day_still_counts():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(accelerator(),))
    assert night(held, reached(50_000, 0, 1), date(2026, 7, 15)).outcome == TierOutcome.PROMOTED
    assert night(held, reached(50_000, 0, 1), date(2026, 7, 16)).closed == (("accelerator-1", "ended"),)


def test_missing_them_ends_it_quietly():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(accelerator(),))
    decision = night(held, SILVER, date(2026, 7, 16))
    assert (decision.outcome, decision.standing.tier, decision.notices) == ("unchanged", "silver", ())
    assert decision.standing.review_on == date(2027, 1, 15)
    below = night(replace(held, tier="gold"), NOTHING, date(2026, 7, 16))
    assert (below.outcome, below.standing.tier, below.notices) == ("reset", "registered", ())


def test_an_accelerator_without_targets_is_never_reached():
    held = Standing("silver", START, date(2027, 1, 15), overrides=(accelerator(paths=(), certified_people=0),))
    assert night(held, SILVER, date(2026, 3, 1)).closed == ()


# --- Warnings -----------------------------------------------------------------------------------------------------


def sent(standing: Standing, facts, first: date, last: date):
    found = []
    while first <= last:
        decision = night(standing, facts, first)
        found += [(first, notice.kind.value, notice.days) for notice in decision.notices]
        standing, first = decision.standing, first + DAY
    return found


def test_a_partner_at_risk_is_told_before_the_review_and_before_the_end_of_grace():
    review, end = date(2027, 1, 15), date(2027, 7, 15)
    assert sent(GOLD_YEAR, SILVER, START, end) == [
        (review - 90 * DAY, "review", 90),
        (review - 30 * DAY, "review", 30),
        (review - 7 * DAY, "review", 7),
        (end - 90 * DAY, "grace", 90),
        (end - 30 * DAY, "grace", 30),
        (end - 7 * DAY, "grace", 7),
    ]


def test_who_qualifies_is_left_in_peace():
    assert sent(GOLD_YEAR, GOLD, START, date(2027, 7, 15)) == []


def test_who_falls_behind_late_is_told_at_once_and_not_three_times():
    assert sent(GOLD_YEAR, SILVER, date(2026, 12, 20), date(2027, 1, 10)) == [
        (date(2026, 12, 20), "review", 30),
        (date(2027, 1, 8), "review", 7),
    ]


def test_the_end_of_a_provisional_tier_is_announced():
    held = Standing(overrides=(override("provisional", "gold"),))
    assert [kind for _, kind, _ in sent(held, NOTHING, START, date(2026, 7, 16))] == ["provisional"] * 3


@pytest.mark.parametrize(
    ("standing", "facts", "on", "at_risk", "plan"),
    [
        (GOLD_YEAR, GOLD, date(2027, 1, 1), False, False),
        (GOLD_YEAR, SILVER, date(2026, 10, 16), True, False),
        (GOLD_YEAR, SILVER, date(2026, 10, 17), True, True),
        (GOLD_YEAR, SILVER, date(2027, 1, 15), True, True),
        (Standing("registered", START), NOTHING, date(2027, 1, 1), False, False),
    ],
)
def test_a_support_plan_for_the_soft_landing(standing, facts, on, at_risk, plan):
    decision = night(standing, facts, on)
    assert (decision.at_risk, decision.support_plan) == (at_risk, plan)


def test_a_decision_explains_itself_and_keeps_the_exceptions_from_partners():
    held = replace(GOLD_YEAR, overrides=(accelerator(), override("provisional", "gold")))
    lines = {line.code: line for line in night(held, SILVER, date(2026, 2, 1)).lines}
    assert lines["tier.outcome"].values == {"outcome": "unchanged", "before": "gold", "tier": "gold"}
    assert lines["tier.qualified"].values == {"tier": "silver"}
    kinds = [
        (line.values["kind"], line.audience)
        for line in night(held, SILVER, date(2026, 2, 1)).lines
        if line.code == "tier.override"
    ]
    assert kinds == [("accelerator", "vendor"), ("provisional", "all")]
    assert "tier.path" in lines


# --- Whatever happens ---------------------------------------------------------------------------------------------

days = st.dates(date(2026, 1, 1), date(2029, 1, 1))
all_facts = st.builds(
    reached,
    arr=st.sampled_from([0, 25_000, 100_000, 500_000]),
    referrals=st.sampled_from([0, 20]),
    certified=st.integers(0, 5),
    agreement=st.sampled_from([True, True, True, False]),
)
overrides = st.builds(
    lambda kind, tier, first, length, code: Override(
        code, kind, tier, first, first + length * DAY, (Path("sourced_arr", Decimal(60_000)),)
    ),
    st.sampled_from(["strategic", "provisional", "accelerator"]),
    st.sampled_from(["silver", "gold", "platinum"]),
    days,
    st.integers(0, 400),
    st.sampled_from(["O-1", "O-2", "O-3"]),
)
starts = st.builds(
    lambda tier, since, extra: replace(place(Standing(), tier, SOLUTION, since), overrides=tuple(extra)),
    st.sampled_from([None, "registered", "silver", "gold", "platinum"]),
    st.dates(date(2025, 1, 1), date(2026, 1, 1)),
    st.lists(overrides, max_size=3),
)
stories = st.lists(st.tuples(st.integers(1, 200), all_facts), min_size=1, max_size=12)
ladders = st.sampled_from([SOLUTION, WITH_APPROVAL])


@settings(max_examples=300)
@given(starts, stories, ladders)
def test_deciding_twice_is_deciding_once_and_reviews_take_one_rung_at_most(standing, story, ladder):
    on = date(2026, 1, 1)
    for wait, facts in story:
        on += wait * DAY
        decision = decide_tier(standing, facts, ladder, on)
        again = decide_tier(decision.standing, facts, ladder, on)
        assert again.standing == decision.standing
        assert (again.outcome, again.notices, again.closed, again.changed) == ("unchanged", (), (), False)

        after, before = decision.standing, standing
        fell = ladder.rank(before.tier) - ladder.rank(after.tier)
        if decision.outcome == TierOutcome.DEMOTED:
            assert fell == 1
            assert before.grace_until <= on
        elif decision.outcome not in (TierOutcome.RESET, TierOutcome.REMOVED):
            assert fell <= 0
        assert (decision.outcome == TierOutcome.UNCHANGED) <= (after.tier == before.tier)
        if facts.has_agreement and not ladder.promotion_needs_approval:
            assert ladder.rank(after.tier) >= ladder.rank(decision.qualified)
        if not facts.has_agreement:
            assert after.tier is None
        assert after.review_on is None or after.review_on > on or after.grace_until
        assert after.grace_until is None or after.grace_until > on
        standing = after
