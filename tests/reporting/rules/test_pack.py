"""What a partner may see of a pack is decided on the facts, before anything is drawn."""

from dataclasses import asdict, replace
from decimal import Decimal

from reporting.rules.pack import MatrixPoint, certified_people, for_partner
from tests.reporting.sample_facts import RISING, others


def test_the_shared_version_has_no_health_and_no_recommendation() -> None:
    shared = for_partner(RISING)
    assert shared.health is None
    assert shared.recommendation is None


def test_health_is_shared_only_when_the_program_says_so() -> None:
    shared = for_partner(replace(RISING, health_shared=True))
    assert shared.health == RISING.health
    assert shared.recommendation is None


def test_other_partners_have_neither_name_nor_exact_revenue() -> None:
    shared = for_partner(RISING)
    assert RISING.matrix
    assert shared.matrix
    assert {point.name for point in shared.matrix.others} == {""}
    exact = {point.revenue for point in RISING.matrix.others}
    step = max(exact) / 20
    assert all(point.revenue % step == 0 for point in shared.matrix.others)
    assert "Rival Systems" in str(asdict(RISING))
    assert "Rival Systems" not in str(asdict(shared))


def test_few_others_are_not_shown_at_all() -> None:
    assert RISING.matrix
    for number, shown in ((0, False), (4, False), (5, True)):
        matrix = replace(RISING.matrix, others=others(number))
        shared = for_partner(replace(RISING, matrix=matrix))
        assert shared.matrix
        assert bool(shared.matrix.others) is shown


def test_others_without_revenue_can_be_shared() -> None:
    assert RISING.matrix
    nothing = tuple(MatrixPoint(f"P{n}", Decimal(0), 1) for n in range(9))
    shared = for_partner(replace(RISING, matrix=replace(RISING.matrix, others=nothing, revenue_high=Decimal(0))))
    assert shared.matrix
    assert shared.matrix.others == (MatrixPoint("", Decimal(0), 1),)


def test_two_people_of_the_same_name_are_two() -> None:
    first = RISING.certificates[0]
    twins = replace(RISING, certificates=(replace(first, holder=1), replace(first, holder=2), replace(first, holder=1)))
    assert len(certified_people(twins)) == 2
