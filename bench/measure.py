"""The arithmetic of the table: rounds taken in turn, medians, verdicts.

Absolute times say little on a shared machine, so a workload and its floor take turns, call by call, and the median of
one is divided by the median of the other. Every goal is an upper limit of a ratio or of a figure.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LEAST_ROUNDS = 3


class Broken(Exception):
    """The answer was not the right one: a status, a number of rows, a figure. Its time means nothing."""


@dataclass(frozen=True)
class Limit:
    """A figure beside the ratio that may not be exceeded: statements, megabytes."""

    name: str
    value: float
    at_most: float

    @property
    def kept(self) -> bool:
        """Whether the figure stays within its limit."""
        return self.value <= self.at_most

    def __str__(self) -> str:
        return f"{self.name} {self.value:g} (at most {self.at_most:g})"


@dataclass(frozen=True)
class Point:
    """One row of the table. Times are seconds; ``goal`` is the largest ratio of medians that is well, if there is one.

    ``memory`` is the process's resident memory in megabytes after the workload.
    """

    workload: str
    title: str
    ours: tuple[float, ...]
    floor: tuple[float, ...] = ()
    goal: float | None = None
    statements: int | None = None
    memory: float | None = None
    limits: tuple[Limit, ...] = ()
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Median of ours over median of the floor."""
        return median(self.ours) / median(self.floor) if self.floor else None

    @property
    def verdict(self) -> str:
        """``ok``, ``misses``, or ``–`` where nothing was promised."""
        late = self.goal is not None and self.ratio is not None and self.ratio > self.goal
        if late or not all(limit.kept for limit in self.limits):
            return "misses"
        return "ok" if self.goal is not None or self.limits else "–"

    def as_json(self) -> dict[str, Any]:
        """The row as plain data, with every single time."""
        return {
            "workload": self.workload,
            "title": self.title,
            "ours_seconds": list(self.ours),
            "floor_seconds": list(self.floor),
            "ours_median": median(self.ours),
            "ours_p95": p95(self.ours),
            "floor_median": median(self.floor) if self.floor else None,
            "floor_p95": p95(self.floor) if self.floor else None,
            "ratio": self.ratio,
            "goal": self.goal,
            "verdict": self.verdict,
            "statements": self.statements,
            "memory_megabytes": self.memory,
            "limits": [
                {"name": limit.name, "value": limit.value, "at_most": limit.at_most, "kept": limit.kept}
                for limit in self.limits
            ],
            "note": self.note,
        }


@dataclass
class Series:
    """The times of contenders that took turns."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[float, ...]:
        return tuple(self.times[name])


def median(times: tuple[float, ...]) -> float:
    """The middle time; ValueError with fewer than three, because a median of two is a mean."""
    if len(times) < LEAST_ROUNDS:
        raise ValueError(f"{len(times)} rounds are too few")
    return statistics.median(times)


def p95(times: tuple[float, ...]) -> float:
    """The time that nineteen of twenty calls stay within; printed, never gated."""
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def in_turn(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int = 1,
    between: Callable[[], object] | None = None,
) -> Series:
    """Call each contender once a round, in alternating order, and keep how long it took.

    A contender that returns a number has timed itself (because it had something to set up first). ``between`` runs
    untimed after every call.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"{rounds} rounds are too few")
    series = Series({name: [] for name in contenders})
    names = list(contenders)
    for number in range(-warm_up, rounds):
        for name in names if number % 2 == 0 else reversed(names):
            started = time.perf_counter()
            timed = contenders[name]()
            seconds = timed if isinstance(timed, float) else time.perf_counter() - started
            if between:
                between()
            if number >= 0:
                series.times[name].append(seconds)
    return series
