"""Every sentence that the rules can choose has words, and every word's figures are at hand."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.choices import TierMetric
from reporting.documents import qbr_words
from reporting.documents.figures import Figures
from reporting.documents.qbr_words import Words
from reporting.rules import sentences as say
from reporting.rules.pack import (
    Action,
    ActionsBefore,
    DealFlow,
    LostDeal,
    MatrixPoint,
    NpsFacts,
    PackFacts,
    PipelineFacts,
    StuckDeal,
    TierPath,
    WonDeal,
)
from tests.reporting.sample_facts import ALL, FALLING, FLAT, NEW, RISING, certificates, revenue

TITLES = (
    say.summary_title,
    say.revenue_title,
    say.pipeline_title,
    say.tier_title,
    say.matrix_title,
    say.health_title,
    say.plan_title,
)


def printed(facts: PackFacts) -> list[str]:
    words = Words(Figures(facts.currency))
    texts = [words.headline(title(facts)) for title in TITLES]
    for sentence in (*say.wins_of(facts, 99), *say.gaps_of(facts, 99)):
        texts.extend(words.statement(sentence))
    for sentence in say.goals_of(facts, 99):
        texts.extend(words.goal(sentence))
    if facts.recommendation:
        reasons = (say.reason_of(reason) for reason in facts.recommendation.reasons)
        texts.extend(words.reason(reason) for reason in reasons if reason)
    return texts


amounts = st.lists(st.one_of(st.none(), st.integers(-50, 10**7)), min_size=8, max_size=8).map(
    lambda a: [*a[:4], *(n or 0 for n in a[4:])]
)
counts = st.integers(0, 60)


@st.composite
def packs(draw: st.DrawFn) -> PackFacts:
    """Packs of every kind; the rules must find words for inconsistent ones too."""
    facts = draw(st.sampled_from([RISING, FLAT, FALLING, NEW]))
    made = revenue(draw(amounts), targets=draw(st.sampled_from([None, [100_000] * 8])))
    tier = facts.tier or RISING.tier
    assert tier
    paths = draw(
        st.lists(
            st.builds(
                TierPath,
                st.sampled_from(TierMetric.values),
                st.just("A path"),
                st.integers(0, 9).map(Decimal),
                st.integers(1, 9).map(Decimal),
                st.booleans(),
            ).filter(lambda path: path.is_money or path.code != "sourced_arr"),
            max_size=2,
        )
    )
    tier = replace(
        tier,
        standing=draw(st.sampled_from(["held", "at_risk", "grace", "strategic", "provisional"])),
        next_label=draw(st.sampled_from([None, "Platinum"])),
        previous_label=draw(st.sampled_from(["", "Silver"])),
        since=date(2026, 8, 1),
        review_on=date(2027, 1, 1),
        grace_until=date(2027, 1, 1),
        override_until=date(2027, 1, 1),
        paths=tuple(paths),
        people=draw(st.integers(0, 9)),
        people_required=draw(st.integers(0, 9)),
        progress_percent=draw(st.sampled_from([None, 0, 69, 70, 100])),
    )
    price = st.one_of(st.none(), st.integers(0, 10**6).map(Decimal))
    side = st.sampled_from([None, "us", "partner", "both"])
    stuck = draw(
        st.lists(
            st.builds(StuckDeal, st.just("C"), st.just("P"), price, st.just("S"), st.just(61), waits_for=side),
            max_size=3,
        )
    )
    deals = draw(st.integers(0, 3))
    total = Decimal(draw(st.sampled_from([0, 5, 10**7])))
    flow = DealFlow(*(draw(counts) for _ in range(10)), *(draw(st.one_of(st.none(), counts)) for _ in range(1)))
    flow = replace(
        flow,
        won_t12m=draw(counts),
        lost_t12m=draw(counts),
        won_t12m_prior=draw(st.one_of(st.none(), counts)),
        lost_t12m_prior=draw(st.one_of(st.none(), counts)),
    )
    nps = draw(st.one_of(st.none(), st.builds(NpsFacts, st.integers(-100, 100), counts, counts, counts)))
    optional: dict[str, Any] = {
        "tier": tier,
        "pipeline": PipelineFacts((), deals, total),
        "flow": flow,
        "nps": nps,
        "matrix": replace(RISING.matrix, own=MatrixPoint("N", made.t12m, draw(st.integers(1, 5))))
        if RISING.matrix
        else None,
    }
    kept = {name: value for name, value in optional.items() if draw(st.booleans())}
    blank = dict.fromkeys(optional)
    return replace(
        facts,
        revenue=made,
        won=tuple(
            WonDeal(name, "P", Decimal(n), date(2026, 7, 1))
            for name, n in zip("AB", draw(st.lists(counts, max_size=2)), strict=False)
        ),
        lost=(LostDeal("C", "P", None, date(2026, 7, 1)),) * draw(st.integers(0, 2)),
        stuck=tuple(stuck),
        certificates=certificates(draw(st.lists(st.integers(-10, 200), max_size=3))),
        actions=(Action("a", "us", carried_over=True),) * draw(st.integers(0, 2)),
        actions_before=draw(st.sampled_from([None, ActionsBefore(2, 2), ActionsBefore(1, 1), ActionsBefore(3, 1)])),
        **{**blank, **kept},
    )


@settings(max_examples=300, deadline=None)
@given(packs())
def test_every_pack_can_be_put_into_words(facts: PackFacts) -> None:
    for text in printed(facts):
        assert "%(" not in text
        assert "None" not in text
        assert "  " not in text
        assert text == "" or text[0] != " "


@pytest.mark.parametrize("name", ALL)
def test_headlines_are_one_sentence_with_a_full_stop(name: str) -> None:
    words = Words(Figures("USD"))
    for title in TITLES:
        text = words.headline(title(ALL[name]))
        assert text == "" or re.fullmatch(r"[A-Z0-9$€].*[^.]\.", text), text


def test_the_words_of_the_samples() -> None:
    """The sentences as people read them: a rising, a flat, a falling and an empty pack."""
    words = Words(Figures("USD"))
    assert words.headline(say.summary_title(RISING)) == (
        "Northwind grew revenue by 76% to $505k in twelve months; $46k more and 1 certified person lead to Platinum."
    )
    assert words.headline(say.summary_title(FLAT)) == (
        "Meridian held its revenue at $86k over twelve months; $14k more leads to Gold."
    )
    assert words.headline(say.summary_title(FALLING)) == (
        "Revenue with Rival fell by 58% to $144k in twelve months; Gold is in its grace period until 3 February 2027."
    )
    assert words.headline(say.summary_title(NEW)) == "Tiny Start has not brought in revenue yet."
    assert words.headline(say.pipeline_title(RISING)) == (
        "38 open deals are worth $692k; 5 of them, worth $128k, have not moved for 60 days or more."
    )
    assert words.headline(say.health_title(FALLING)).startswith("Health fell 45 points in a year to 10 (Churning)")
    assert words.headline(say.plan_title(NEW)) == "Plan for Q4 2026: win the next deal."
    assert words.headline(say.plan_title(replace(FLAT, pipeline=None, tier=None, revenue=RISING.revenue))) == (
        "Plan for Q4 2026: the meeting agrees on what comes next."
    )


def test_one_and_many() -> None:
    words = Words(Figures("USD"))
    one, many = (say.Sentence("next.stuck", {"deals": n, "amount": Decimal(5000)}) for n in (1, 1200))
    assert words.headline([one]) == "1 deal worth $5k is stuck."
    assert words.headline([many]) == "1,200 deals worth $5k are stuck."


def test_every_code_the_rules_write_has_words() -> None:
    """The codes as they stand in the source, so that one that no sample reaches is found too."""
    source = Path(say.__file__).read_text(encoding="utf-8")
    known = {*qbr_words.CLAUSES, *qbr_words.STATEMENTS, *qbr_words.GOALS, *qbr_words.REASONS, "plan"}
    written = set(
        re.findall(
            r'"((?:summary|next|revenue|pipeline|tier|matrix|health|plan|win|gap|goal|reason)\.[a-z_]+)"', source
        )
    )
    assert len(written) > 80
    assert {code for code in written if code not in known and not code.endswith("_")} == set()
