"""``bin/test``: the same set-up as the demo with the tools, then lint, types, all tests and the demo's proof."""

import argparse
import os
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher import backing, system
from launcher.console import Stop, say
from launcher.demo import base_environment, check, prepare
from launcher.environment import DEV, RUN, Environment
from launcher.places import CHECKOUT, Place, is_root, scratch_place, state_root
from launcher.supervisor import Interrupted, Supervisor, listen

PROCESSES = "2"
TEMPLATES = "templates"


@dataclass
class Results:
    """What passed and what didn't, for the last lines."""

    rows: list[tuple[str, bool, float]] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        """The titles of what didn't pass."""
        return [title for title, passed, _ in self.rows if not passed]

    def show(self) -> None:
        """Print one line each."""
        say()
        for title, passed, seconds in self.rows:
            say(f"  {'ok    ' if passed else 'FAILED'}  {title:<40} {seconds:7.1f} s")


def lint(python: Path) -> list[tuple[str, list[str]]]:
    """Title and command of each check that reads the code without running it."""
    module = [str(python), "-m"]
    templates = sorted(str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / TEMPLATES).rglob("*.html"))
    rows = [
        ("ruff check", [*module, "ruff", "check", "."]),
        ("ruff format", [*module, "ruff", "format", "--check", "."]),
        ("djlint", [*module, "djlint", "--lint", "--quiet", TEMPLATES]),
        ("djade", [str(python.with_name("djade")), "--check", "--target-version", "5.2", *templates]),
        ("mypy", [*module, "mypy"]),
        (
            "migrations",
            [str(python), "manage.py", "makemigrations", "--check", "--dry-run", "--verbosity", "1"],
        ),
    ]
    return [row for row in rows if templates or row[0] not in {"djlint", "djade"}]


def pytest_arguments(arguments: Sequence[str], report: Path, *, faults: bool) -> list[str]:
    """What pytest is called with: all on two processes, or what was asked for on one."""
    if arguments:
        return [*arguments]
    chosen = [] if faults else ["-m", "not faults"]
    return ["-n", PROCESSES, "--dist", "loadfile", "-q", f"--junitxml={report}", *chosen]


def skipped(report: Path) -> Counter[str]:
    """How often tests were skipped, by the reason given."""
    found: Counter[str] = Counter()
    if report.exists():
        for mark in ET.parse(report).iter("skipped"):  # noqa: S314 - pytest wrote it a moment ago
            found[mark.get("message", "no reason given")] += 1
    return found


def environment_of(place: Place, found: backing.Backing, *, faults: bool) -> dict[str, str]:
    """The settings of a test run."""
    return (
        base_environment(os.environ)
        | found.variables
        | {"PRM_ENV": "test", "PRM_STATE_DIR": str(place.folder / "files")}
        | ({"PRM_FAULTS": "1"} if faults else {})
    )


def run(environment: Environment, root: Path, arguments: Sequence[str], *, faults: bool) -> Results:
    """Run what was asked for and say how each part went."""
    results = Results()
    with scratch_place(root, "test") as place, Supervisor(place.folder, place.logs) as supervisor:
        # Tests throw their data away: faster settings than the demo's, and a cluster of their own.
        found = backing.start(supervisor, place, environment, root, durable=False)
        say(f"  {found.described}")
        env = environment_of(place, found, faults=faults)

        def part(title: str, argv: list[str]) -> None:
            started = time.monotonic()
            say(f"\n— {title}")
            status = supervisor.run(title, argv, env=env, cwd=CHECKOUT, shown=True, needed=False)
            results.rows.append((title, status == 0, time.monotonic() - started))

        if not arguments and not faults:
            for title, argv in lint(environment.python):
                part(title, argv)
        report = place.folder / "report.xml"
        words = pytest_arguments(arguments, report, faults=faults)
        part("pytest", [str(environment.python), "-m", "pytest", *words])
        count_skips(results, skipped(report))
    return results


def prove(results: Results, environment: Environment, root: Path) -> None:
    """Run ``bin/demo --check`` as the last part."""
    say("\n— bin/demo --check")
    started = time.monotonic()
    passed = True
    try:
        check(environment, root)
    except Stop as stop:
        say(f"\n{stop}")
        passed = False
    results.rows.append(("bin/demo --check", passed, time.monotonic() - started))


def count_skips(results: Results, found: Counter[str]) -> None:
    """Say loudly what was not tested. In CI, where everything can be had, that is a failure."""
    if not found:
        return
    say(f"\n{'!' * 80}\n  {found.total()} TESTS WERE SKIPPED, so this run proves less than it could:")
    for reason, count in found.most_common():
        say(f"  {count:>5} × {reason}")
    say("!" * 80)
    if in_ci():
        results.rows.append((f"{found.total()} skipped tests, in CI", False, 0.0))


def in_ci() -> bool:
    """Whether a machine waits for the answer."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def main(arguments: Sequence[str]) -> int:
    """Run ``bin/test`` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="bin/test",
        description="Lint, types, all tests, the demo's proof. Other arguments go to pytest, which then runs alone.",
    )
    parser.add_argument("--faults", action="store_true", help="kills and races with 200 rounds each")
    parser.add_argument("--no-browser", action="store_true", help="skip what needs Chromium, if there is none")
    chosen, for_pytest = parser.parse_known_args(arguments)
    started = time.monotonic()
    try:
        listen()
        root = state_root()
        wants_browser = not for_pytest and (is_root() or not chosen.no_browser)
        environment = prepare((RUN, DEV), browser=wants_browser)
        if not system.find_browser():
            say("  no Chromium here: what needs one will be skipped")
        results = run(environment, root, for_pytest, faults=chosen.faults)
        if not for_pytest and not chosen.faults:
            prove(results, environment, root)
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    except Interrupted as interrupted:
        say("  ended; nothing is left running")
        return 128 + interrupted.number
    results.show()
    verdict = f"FAILED: {', '.join(results.failed)}" if results.failed else "All green."
    say(f"\n  {time.monotonic() - started:.0f} s in all. {verdict}")
    return 1 if results.failed else 0
