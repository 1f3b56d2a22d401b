"""B7: the night. Health and tier of all partners against hand-written SQL that writes the same rows.

Two nights are measured: the very first, in which every partner gets a score, a tier and grants, and the night after
it, in which only what changed is written. Each round runs in a transaction that is rolled back, tables are vacuumed in
between, and both contenders must leave the same columns and as many rows.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from unittest import mock

from django.db import connection, transaction

from bench.floors.night import check_terms, night_by_hand
from bench.measure import Broken, Limit, Point, in_turn
from bench.run import Bench
from bench.stopwatch import memory, must, statements_of
from partners.queries.program import calendar_terms, health_terms, version_at
from prm.core.actions.outbox import unattended
from reporting import facts
from reporting.actions import scorecards
from reporting.actions.night import run_night
from reporting.actions.night_steps import STEPS
from reporting.actions.scorecards import refresh_partner
from reporting.choices import RunTrigger
from reporting.facts import Windows, data_since

TITLE = "the night: health and tier of all partners"
PARTS = [step for step in STEPS if step.job in ("night.facts", "night.health", "night.tiers")]
WRITTEN = (
    "partners_healthscore", "partners_tierstanding", "partners_tierchange", "partners_grant", "core_workitem",
    "core_outboxevent", "core_outboxdelivery",
)  # fmt: skip
_COLUMNS = """
SELECT organization_id, health_score, health_band, health_known_points, revenue_t12m, revenue_growth_percent,
       tier_id, next_tier_id, tier_progress_percent, sourced_arr_t12m, qualified_referrals_t12m, live_integrations,
       co_sold_deals_t12m, certified_people, review_on, tier_at_risk
  FROM partners_partner ORDER BY 1
"""


def run(bench: Bench) -> Iterator[Point]:
    """First night, next night, second run of the same night; at M also a loop over partners."""
    last = bench.world.today - timedelta(days=1)
    contenders = {"ours": ours, "floor": by_hand}
    must(check_terms(health_terms(version_at(last))), "the floor's health terms are not the program's")

    seen: dict[str, tuple] = {}
    yield _point(bench, "first night", contenders, seen, before=None, on=last, goal=3.0)
    yield _point(bench, "next night", contenders, seen, before=last - timedelta(days=1), on=last, goal=3.0)
    yield _again(bench, last)
    if bench.world.size.name in ("S", "M"):
        yield _loop(bench, last)


def ours(on: date) -> None:
    """Facts, health and tiers as the worker runs them."""
    if not run_night(on=on, trigger=RunTrigger.MANUAL, now=_now, steps=PARTS):
        raise Broken(f"the night of {on} failed")


def by_hand(on: date) -> None:
    """The same by SQL."""
    version = version_at(on)
    calendar = calendar_terms(version)
    windows = Windows.of(
        on, time_zone=calendar.time_zone, fiscal_start_month=calendar.fiscal_start_month, health=health_terms(version)
    )
    night_by_hand(version=version, windows=windows, since=data_since() or on, at=windows.until)


def _now() -> datetime:
    return datetime.now(UTC)


def _point(
    bench: Bench,
    title: str,
    contenders: dict[str, Callable[[date], None]],
    seen: dict[str, tuple],
    *,
    before: date | None,
    on: date,
    goal: float,
) -> Point:
    results: dict[str, tuple] = {}

    def timed(name: str) -> Callable[[], float]:
        def call() -> float:
            with _undone():
                if before:
                    contenders[name](before)
                counts = _counts()
                started = time.perf_counter()
                contenders[name](on)
                seconds = time.perf_counter() - started
                results[name] = (_columns(), tuple(after - then for after, then in zip(_counts(), counts, strict=True)))
                return seconds

        return call

    series = in_turn(
        {name: timed(name) for name in contenders},
        rounds=bench.rounds(3),
        between=lambda: bench.vacuum(*WRITTEN, "partners_partner"),
    )
    _compare(title, results)
    whole, halves = (_statements(bench, before, on, chunks) for chunks in (1, 2))
    rows = dict(zip(WRITTEN, results["ours"][1], strict=True))
    return Point(
        "B7", f"{title}, {bench.world.size.partners:,} partners", series["ours"], series["floor"], goal,
        statements=whole, memory=memory(), limits=(Limit("statements a chunk", halves - whole, 20),),
        note=f"{halves - whole} statements a chunk; " + ", ".join(f"{name} {n:,}" for name, n in rows.items() if n),
    )  # fmt: skip


def _statements(bench: Bench, before: date | None, on: date, chunks: int) -> int:
    """What a night sends when it works in so many chunks; the difference of two numbers is the cost of a chunk."""
    size = -(-bench.world.size.partners // chunks)
    with mock.patch.object(scorecards, "chunks", lambda ids: facts.chunks(ids, size)), _undone():
        if before:
            ours(before)
        return statements_of(lambda: ours(on))


def _compare(title: str, results: dict[str, tuple]) -> None:
    (mine, wrote), (theirs, they_wrote) = results["ours"], results["floor"]
    different = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    must(not different, f"{title}: {len(different)} partners differ, first {different[:1]}")
    must(any(wrote), f"{title}: nothing was written")
    for table, ours_n, floor_n in zip(WRITTEN, wrote, they_wrote, strict=True):
        must(abs(ours_n - floor_n) <= 0.05 * max(floor_n, 50), f"{title}: {table} got {ours_n} rows, by hand {floor_n}")


def _again(bench: Bench, on: date) -> Point:
    """A second run on the same day changes nothing, and does not take longer than the first."""
    times: list[float] = []
    firsts: list[float] = []
    for _round in range(bench.rounds(3)):
        with _undone():
            firsts.append(_timed(lambda: ours(on)))
            columns, counts = _columns(), _counts()
            times.append(_timed(lambda: ours(on)))
            must((columns, counts) == (_columns(), _counts()), "the second run of a night changed something")
        bench.vacuum(*WRITTEN, "partners_partner")
    return Point(
        "B7", "second run of the same night: changes nothing", tuple(times), tuple(firsts), 1.0, memory=memory(),
        note="floor: its first run",
    )  # fmt: skip


def _loop(bench: Bench, on: date) -> Point:
    """A loop over partners, each with its own statements, timed on a sample and multiplied."""
    size = bench.world.size
    ids = list(range(bench.world.first_partner, bench.world.first_partner + size.partners, max(1, size.partners // 40)))
    loops: list[float] = []
    nights: list[float] = []
    at = datetime.combine(on + timedelta(days=1), datetime.min.time(), tzinfo=UTC) + timedelta(hours=1)
    for _round in range(bench.rounds(3)):
        with _undone():
            nights.append(_timed(lambda: ours(on)))
        with _undone():
            loops.append(
                _timed(lambda: [refresh_partner(partner_id=pk, at=at) for pk in ids]) * size.partners / len(ids)
            )
        bench.vacuum(*WRITTEN, "partners_partner")
    return Point(
        "B7", "against a loop over partners", tuple(nights), tuple(loops), 1 / 20, memory=memory(),
        note=f"the loop is timed on {len(ids)} partners and multiplied",
    )  # fmt: skip


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


class _undone:  # noqa: N801 - reads as a word of the sentence: with _undone()
    """A transaction that leaves nothing behind. No worker is woken."""

    def __enter__(self) -> None:
        self._quiet = unattended()
        self._quiet.__enter__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()

    def __exit__(self, *error: object) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)
        self._quiet.__exit__(None, None, None)


def _columns() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        return cursor.fetchall()


def _counts() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in WRITTEN))
        return list(cursor.fetchone())
