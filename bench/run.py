"""Runs workloads on a generated world, prints the table and writes it as JSON.

Needs a migrated, empty database of its own: ``DATABASE_URL`` (the role that runs) and ``DATABASE_OWNER_URL``.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import Broken, Point, median, p95
from bench.sizes import SIZES

if TYPE_CHECKING:
    import psycopg

    from bench.generator import World

# In the order in which they run: the night comes first, because it needs a world that was never scored.
WORKLOADS = ("B7", "B1", "B2", "B3", "B4", "B6", "B5", "B9", "B12")


@dataclass
class Bench:
    """What a workload gets: the world, a connection that owns the tables, and how patient we are."""

    world: "World"
    owner: "psycopg.Connection"
    quick: bool = False
    packs: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def rounds(self, usual: int) -> int:
        """How often each contender runs: as usual, or the least that counts."""
        return min(usual, 3) if self.quick else max(usual, 3)

    def at_largest(self, goal: float) -> float | None:
        """A goal that is promised at L only."""
        return goal if self.world.size.name == "L" else None

    def lived_in(self) -> None:
        """Let one night pass, so that partners have scores, tiers and grants. Once, and after B7."""
        from bench.living import live

        live(self.world, self.owner)

    def vacuum(self, *tables: str) -> None:
        """Take away what rolled-back rounds left behind."""
        for table in tables:
            self.owner.execute(f"VACUUM {table}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, measure, tell. Exit status 1 when an answer was wrong; a missed goal is a finding, not an error."""
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure workloads against floors.")
    parser.add_argument("workloads", nargs="*", metavar="B1", help=f"of {' '.join(WORKLOADS)}; all by default")
    parser.add_argument("--size", choices=list(SIZES), default="S")
    parser.add_argument("--json", type=Path, help="where to write the table with every single time")
    parser.add_argument("--quick", action="store_true", help="three rounds of everything")
    parser.add_argument("--packs", type=int, default=0, help="B9: how many packs to render on two processes")
    parser.add_argument("--entries", type=int, default=0, help="B12: how many entries the ledger has")
    parser.add_argument("--keep-world", action="store_true", help="use the world that the database holds already")
    chosen = parser.parse_args(arguments)
    asked = [name.upper() for name in chosen.workloads] or list(WORKLOADS)
    unknown = set(asked) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload is called {', '.join(sorted(unknown))}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    import django

    django.setup()
    bench = Bench(None, _owner(), quick=chosen.quick, packs=chosen.packs, options={"entries": chosen.entries})  # type: ignore[arg-type]
    bench.world = _stored_world(chosen.size) if chosen.keep_world else _made_world(bench, chosen.size)
    points: list[Point] = []
    broken: list[str] = []
    for name in sorted(asked, key=WORKLOADS.index):
        module = importlib.import_module(f"bench.workloads.{name.lower()}")
        print(f"\n{name}  {module.TITLE}", flush=True)
        try:
            for point in module.run(bench):
                points.append(point)
                print(said(point), flush=True)
        except Broken as wrong:
            broken.append(f"{name}: {wrong}")
            print(f"  BROKEN  {wrong}", flush=True)
    print(table(points))
    document = {
        "size": chosen.size,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "points": [point.as_json() for point in points],
        "broken": broken,
    }
    if chosen.json:
        chosen.json.write_text(json.dumps(document, indent=1))
    return 1 if broken else 0


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    return {
        "processors": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "python": platform.python_version(),
    }


def _owner() -> "psycopg.Connection":
    import psycopg

    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def _made_world(bench: Bench, name: str) -> "World":
    from bench.generator import Generator

    started = time.perf_counter()
    with bench.owner.cursor() as cursor:
        generator = Generator(cursor, SIZES[name], today=datetime.now(UTC).date())
        world = generator.fill()
        filled = time.perf_counter() - started
        cursor.execute("VACUUM ANALYZE")
    print(f"world {name}: {SIZES[name].partners:,} partners, {SIZES[name].deals:,} registrations and opportunities")
    print("  " + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in generator.seconds.items()))
    print(f"  {filled:.0f} s in all, vacuum {time.perf_counter() - started - filled:.0f} s")
    return world


def _stored_world(name: str) -> "World":
    from bench.generator import stored_world

    return stored_world(SIZES[name], datetime.now(UTC).date())


HEADINGS = ("", "workload", "ours", "p95", "floor", "p95", "ratio", "goal", "verdict", "statements", "memory")


def table(points: Sequence[Point]) -> str:
    """All points with columns under each other."""
    rows = [HEADINGS, *(_cells(point) for point in points)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n" + "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]) + "\n"


def said(point: Point) -> str:
    """One point as a line while the others still run."""
    limits = "; ".join(str(limit) for limit in point.limits if not limit.kept)
    more = " · ".join(filter(None, [point.note, limits and f"over: {limits}"]))
    return "  " + "  ".join(cell for cell in _cells(point)[1:] if cell) + (f"\n      {more}" if more else "")


def _cells(point: Point) -> tuple[str, ...]:
    return (
        point.workload,
        point.title,
        duration(median(point.ours)),
        duration(p95(point.ours)),
        duration(median(point.floor)) if point.floor else "",
        duration(p95(point.floor)) if point.floor else "",
        f"{point.ratio:.2f}" if point.ratio is not None else "",
        f"{point.goal:g}" if point.goal is not None else "",
        point.verdict,
        str(point.statements) if point.statements is not None else "",
        f"{point.memory:.0f} MB" if point.memory else "",
    )


def duration(seconds: float) -> str:
    """Seconds as people read them: 3.2 ms, 1.4 s."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
