"""A pack whose figures contradict each other is refused, and the two figures are named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reporting.rules.pack import ActionsBefore, AgendaItem, MatrixPoint, PackFacts, Period, PipelineStage
from reporting.rules.pack_checks import PackInconsistent, check_pack
from tests.reporting import sample_facts
from tests.reporting.sample_facts import RISING


@pytest.mark.parametrize("facts", [*sample_facts.ALL.values(), sample_facts.rude()])
def test_a_consistent_pack_passes(facts: PackFacts) -> None:
    check_pack(facts)


def part(name: str, **changes: object) -> Callable[[PackFacts], PackFacts]:
    return lambda facts: replace(facts, **{name: replace(getattr(facts, name), **changes)})  # type: ignore[arg-type]


def first_quarter_sold_more(facts: PackFacts) -> PackFacts:
    first, *rest = facts.revenue.quarters
    dearer = replace(first, revenue=(first.revenue or Decimal(0)) + 1)
    return replace(facts, revenue=replace(facts.revenue, quarters=(dearer, *rest)))


def one_quarter_sourced_too_much(facts: PackFacts) -> PackFacts:
    *rest, last = facts.revenue.quarters
    return replace(facts, revenue=replace(facts.revenue, quarters=(*rest, replace(last, sourced=Decimal(168_001)))))


def one_quarter_influenced(**changes: object) -> Callable[[PackFacts], PackFacts]:
    def change(facts: PackFacts) -> PackFacts:
        *rest, last = facts.revenue.quarters
        assert last.influenced
        other = replace(last, influenced=replace(last.influenced, **changes))  # type: ignore[arg-type]
        return replace(facts, revenue=replace(facts.revenue, quarters=(*rest, other)))

    return change


def stage_with_one_deal_more(facts: PackFacts) -> PackFacts:
    assert facts.pipeline
    first, *rest = facts.pipeline.stages
    stages = (replace(first, deals=first.deals + 1), *rest)
    return replace(facts, pipeline=replace(facts.pipeline, stages=stages))


def won_before_the_quarter(facts: PackFacts) -> PackFacts:
    first, *rest = facts.won
    return replace(facts, won=(replace(first, won_on=date(2026, 6, 30)), *rest))


def stuck_too_soon(facts: PackFacts) -> PackFacts:
    first, *rest = facts.stuck
    return replace(facts, stuck=(replace(first, days_in_stage=59), *rest))


def one_part_of_health_better(facts: PackFacts) -> PackFacts:
    assert facts.health
    *rest, last = facts.health.parts
    return replace(facts, health=replace(facts.health, parts=(*rest, replace(last, points=10))))


PLANTED = [
    ("T12M not the sum of its quarters", part("revenue", t12m=Decimal(505_001)), "revenue T12M"),
    ("the year before not its quarters", first_quarter_sold_more, "revenue T12M a year ago"),
    ("sourced more than all", one_quarter_sourced_too_much, "revenue of Q3 2026"),
    ("sourced T12M not its quarters", part("revenue", t12m_sourced=Decimal(1)), "sourced revenue T12M"),
    (
        "influenced T12M not its quarters",
        one_quarter_influenced(amount=Decimal(20_001)),
        "influenced revenue T12M",
    ),
    (
        "the reporting credit T12M not its quarters",
        one_quarter_influenced(reported=Decimal("5000.01")),
        "influenced revenue at the reporting credit T12M",
    ),
    ("influenced deals T12M not their quarters", one_quarter_influenced(deals=2), "influenced deals T12M"),
    (
        "more counted than influenced",
        one_quarter_influenced(reported=Decimal(20_001)),
        "influenced revenue of Q3 2026",
    ),
    ("influenced without a deal", one_quarter_influenced(deals=0), "nothing"),
    ("a deal too few in the list", lambda f: replace(f, won=f.won[1:]), "revenue of Q3 2026"),
    ("a deal left out that is not listed", part("revenue", left_out=1), "deals left out of revenue"),
    ("a deal won before the quarter", won_before_the_quarter, "reviewed quarter"),
    (
        "another quarter reviewed",
        lambda f: replace(f, period=Period("Q2 2026", date(2026, 4, 1), date(2026, 6, 30), "Q3")),
        "reviewed quarter",
    ),
    ("the flow loses a deal", part("flow", open_after=39), "deals open at its end"),
    ("a lost deal not listed", lambda f: replace(f, lost=f.lost[1:]), "deals lost in the quarter"),
    ("won in T12M fewer than in the quarter", part("flow", won_t12m=8), "won in T12M"),
    (
        "a deal waits that the flow does not know",
        part("flow", awaiting_decision=3),
        "deals in the pipeline and awaiting a decision",
    ),
    ("stages with another number of deals", stage_with_one_deal_more, "deals in the pipeline"),
    ("stages with another sum", part("pipeline", total=Decimal(692_001)), "pipeline total"),
    ("weights with another sum", part("pipeline", weighted=Decimal(1)), "weighted pipeline"),
    ("stuck for 59 days", stuck_too_soon, "days in stage"),
    ("more due than open", part("pipeline", due_next_quarter=Decimal(692_001)), "pipeline total"),
    ("certified people that have no certificate", part("tier", people=5), "certified people of the tier"),
    ("progress that no path has", part("tier", progress_percent=91), "progress to the next tier"),
    (
        "another revenue in the matrix",
        part("matrix", own=MatrixPoint("Northwind", Decimal(505_001), 4)),
        "revenue T12M",
    ),
    ("NPS not that of its answers", part("nps", score=58), "NPS"),
    ("health not the sum of its parts", one_part_of_health_better, "health score"),
    ("the trend ends elsewhere", part("health", trend=((date(2026, 9, 30), 89),)), "health score"),
    ("more done than agreed", lambda f: replace(f, actions_before=ActionsBefore(2, 3)), "actions agreed"),
    (
        "more carried over than open",
        lambda f: replace(f, actions_before=ActionsBefore(8, 7)),
        "actions agreed and not done",
    ),
    (
        "an agenda longer than the meeting",
        lambda f: replace(f, agenda=(*f.agenda, AgendaItem("More", 5))),
        "length of the meeting",
    ),
]


@pytest.mark.parametrize(("change", "second"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_each_contradiction_is_found_and_named(change: Callable[[PackFacts], PackFacts], second: str) -> None:
    with pytest.raises(PackInconsistent) as found:
        check_pack(change(RISING))
    assert found.value.second == second
    assert found.value.first in str(found.value)
    assert second in str(found.value)


def test_what_is_absent_is_not_compared() -> None:
    check_pack(replace(RISING, flow=None, pipeline=None, tier=None, matrix=None, nps=None, health=None, agenda=()))


def test_progress_stays_under_a_hundred_while_people_are_missing() -> None:
    tier = RISING.tier
    assert tier
    done = tuple(replace(path, reached=path.required) for path in tier.paths)
    check_pack(replace(RISING, tier=replace(tier, paths=done, progress_percent=99)))
    with pytest.raises(PackInconsistent):
        check_pack(replace(RISING, tier=replace(tier, paths=done, progress_percent=100)))
    check_pack(replace(RISING, tier=replace(tier, paths=done, progress_percent=100, people_required=4)))


def test_a_hundred_cents_are_a_contradiction_of_one_cent() -> None:
    pipeline = RISING.pipeline
    assert pipeline
    stages = (*pipeline.stages, PipelineStage("x", "X", 0, Decimal("0.01"), Decimal(0)))
    with pytest.raises(PackInconsistent) as found:
        check_pack(replace(RISING, pipeline=replace(pipeline, stages=stages)))
    assert found.value.first_value - found.value.second_value == Decimal("0.01")
