"""The arithmetic of the table: medians of calls that take turns, ratios, limits and verdicts."""

from dataclasses import replace

import pytest

from bench.measure import Broken, Limit, Point, in_turn, median, p95
from bench.run import Bench, duration, said, table

POINT = Point("B0", "a page", ours=(0.030, 0.010, 0.020), floor=(0.010, 0.010, 0.040), goal=2.0)


def test_the_ratio_is_that_of_the_medians_whatever_the_outliers() -> None:
    assert POINT.ratio == pytest.approx(2.0)
    assert replace(POINT, ours=(0.020, 0.020, 9.0)).ratio == pytest.approx(2.0)
    assert replace(POINT, floor=()).ratio is None


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "ok"),  # the goal itself is still well
        ({"goal": 1.99}, "misses"),
        ({"goal": None}, "–"),
        ({"goal": None, "limits": (Limit("statements", 8, 8),)}, "ok"),
        ({"limits": (Limit("statements", 8, 8), Limit("megabytes", 321, 320))}, "misses"),
        ({"floor": (), "goal": 1.0}, "ok"),
    ],
)
def test_the_verdict(change: dict, verdict: str) -> None:
    assert replace(POINT, **change).verdict == verdict


def test_a_median_needs_three_rounds() -> None:
    assert median((3.0, 1.0, 2.0)) == 2.0
    with pytest.raises(ValueError, match="2 rounds"):
        median((1.0, 2.0))
    with pytest.raises(ValueError, match="2 rounds"):
        in_turn({"ours": lambda: None}, rounds=2)


def test_the_95th_percentile_is_a_time_that_was_measured() -> None:
    assert p95(tuple(float(n) for n in range(1, 101))) == 96.0
    assert p95((1.0, 2.0, 3.0)) == 3.0


def test_contenders_take_turns_and_change_who_begins() -> None:
    called: list[str] = []
    series = in_turn(
        {"ours": lambda: called.append("o"), "floor": lambda: called.append("f")},
        rounds=3,
        warm_up=1,
        between=lambda: called.append("."),
    )
    # The round before the first warms up and is not kept.
    assert "".join(called) == "f.o." + "o.f." + "f.o." + "o.f."
    assert len(series["ours"]) == len(series["floor"]) == 3


def test_a_contender_may_time_itself() -> None:
    series = in_turn({"ours": lambda: 2.5}, rounds=3)
    assert series["ours"] == (2.5, 2.5, 2.5)


def test_a_wrong_answer_stops_the_workload() -> None:
    def wrong() -> None:
        raise Broken("/manage/ answered 500")

    with pytest.raises(Broken, match="500"):
        in_turn({"ours": wrong}, rounds=3)


def test_the_table_says_everything_once_and_names_the_limit_that_is_exceeded() -> None:
    over = replace(POINT, statements=9, memory=101.4, limits=(Limit("statements", 9, 8),), note="floor: itself")
    lines = table([POINT, over]).strip().splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["workload", *"ours p95 floor p95 ratio goal verdict statements memory".split()]
    assert lines[3].split() == [*"B0 a page 20.0 ms 30.0 ms 10.0 ms 40.0 ms 2.00 2 misses 9 101 MB".split()]
    assert "over: statements 9 (at most 8)" in said(over)
    assert "over" not in said(POINT)


def test_the_json_holds_every_single_time_and_the_verdict() -> None:
    data = POINT.as_json()
    assert data["ours_seconds"] == [0.030, 0.010, 0.020]
    assert (data["ours_median"], data["ratio"], data["verdict"]) == (0.020, pytest.approx(2.0), "ok")


def test_durations_as_people_read_them() -> None:
    assert (duration(0.0032), duration(0.9994), duration(1.4)) == ("3.2 ms", "999.4 ms", "1.40 s")


def test_quick_is_never_fewer_rounds_than_count() -> None:
    bench = Bench(None, None, quick=True)
    assert bench.rounds(60) == 3
    assert replace(bench, quick=False).rounds(1) == 3
