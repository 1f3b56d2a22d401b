"""Nothing is left running: not after an orderly end, a failure, a signal, or the launcher's own violent death."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import supervisor as module
from launcher.console import Stop
from launcher.places import CHECKOUT
from launcher.supervisor import Supervisor, end_leftovers, started_at

ENV = {"PATH": os.environ["PATH"]}
STUBBORN = "trap '' TERM INT; while true; do sleep 0.1; done"


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be read counts as ended."""
    return started_at(pid) != ""


def wait_until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def shell(owner: Supervisor, name: str, script: str, **more):
    return owner.start(name, ["/bin/sh", "-c", script], env=ENV, cwd=owner.folder, **more)


def test_programs_end_in_reverse_order(place):
    said = place.folder / "said"
    with Supervisor(place.folder, place.logs) as owner:
        for name in ("database", "worker", "web"):
            shell(owner, name, f"trap 'echo {name} >> {said}; exit' TERM; touch {name}; while :; do sleep 0.05; done")
        assert wait_until(lambda: (place.folder / "web").exists() and (place.folder / "database").exists())
        assert wait_until(lambda: (place.folder / "worker").exists())
    assert said.read_text().split() == ["web", "worker", "database"]


def test_one_that_will_not_end_is_killed_with_all_it_started(place):
    with Supervisor(place.folder, place.logs) as owner:
        child = shell(owner, "stubborn", f"({STUBBORN}) & echo $! > grandchild; {STUBBORN}", patience=0.3)
        assert wait_until(lambda: (place.folder / "grandchild").exists() and (place.folder / "grandchild").read_text())
        grandchild = int((place.folder / "grandchild").read_text())
    assert not alive(child.process.pid)
    assert wait_until(lambda: not alive(grandchild))


def test_everything_ends_when_a_step_fails(place):
    with pytest.raises(Stop, match="migrate failed with status 3"), Supervisor(place.folder, place.logs) as owner:
        child = shell(owner, "database", "sleep 60")
        owner.run("migrate", ["/bin/sh", "-c", "exit 3"], env=ENV, cwd=place.folder)
    assert not alive(child.process.pid)


def test_a_failure_shows_the_end_of_the_log(supervisor):
    with pytest.raises(Stop, match="no such table"):
        supervisor.run("migrate", ["/bin/sh", "-c", "echo no such table >&2; exit 1"], env=ENV, cwd=supervisor.folder)


def test_a_failure_may_be_expected(supervisor):
    status = supervisor.run("lint", ["/bin/sh", "-c", "exit 4"], env=ENV, cwd=supervisor.folder, needed=False)
    assert status == 4


def test_a_missing_program_stops_with_its_name(supervisor):
    with pytest.raises(Stop, match="web can't be started"):
        supervisor.start("web", ["/no/such/program"], env=ENV, cwd=supervisor.folder)


def test_a_program_that_dies_while_a_step_runs_stops_us(supervisor):
    shell(supervisor, "database", "sleep 0.1; echo out of disk; exit 2")
    with pytest.raises(Stop, match=r"(?s)database ended by itself with status 2.*out of disk"):
        supervisor.run("migrate", ["sleep", "30"], env=ENV, cwd=supervisor.folder)


def test_a_program_to_be_kept_alive_is_started_again_a_few_times(supervisor):
    shell(supervisor, "web", "echo started >> web.starts", keep_alive=True)
    with pytest.raises(Stop, match="web ended by itself"):
        supervisor.watch()
    starts = (supervisor.folder / "web.starts").read_text().split()
    assert len(starts) == 1 + module.RESTARTS


LAUNCHER = """
import sys
from pathlib import Path
from launcher.supervisor import Interrupted, Supervisor, listen
folder = Path(sys.argv[1])
listen()
try:
    with Supervisor(folder, folder) as owner:
        owner.start("database", ["sleep", "60"], env={}, cwd=folder)
        (folder / "ready").touch()
        owner.run("migrate", ["sleep", "60"], env={}, cwd=folder)
except Interrupted as interrupted:
    sys.exit(128 + interrupted.number)
"""


def launch(folder: Path) -> tuple["subprocess.Popen[bytes]", list[int]]:
    """A launcher in a process of its own, with two programs running, and their numbers."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)], env=ENV | {"PYTHONPATH": str(CHECKOUT / "bin")}
    )

    def listed():
        try:
            return [row["pid"] for row in json.loads((folder / "children.json").read_text())]
        except (OSError, ValueError):
            return []

    assert wait_until(lambda: len(listed()) == 2)
    return process, listed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_step_leaves_nothing(place, number):
    process, children = launch(place.folder)
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    assert not any(alive(pid) for pid in children)


def test_a_second_signal_does_not_break_off_the_end(place):
    process, children = launch(place.folder)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) in {128 + signal.SIGTERM, 128 + signal.SIGINT}
    assert not any(alive(pid) for pid in children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program whose parent is gone")
def test_a_killed_launcher_leaves_nothing(place):
    process, children = launch(place.folder)
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(alive(pid) for pid in children))


def orphan(folder: Path, script: str) -> "subprocess.Popen[bytes]":
    """A program that a launcher started and left, as seen by the next launcher."""
    process = subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True)
    row = {"name": "web", "pid": process.pid, "started": started_at(process.pid), "signal": int(signal.SIGTERM)}
    (folder / "children.json").write_text(json.dumps([row]))
    return process


def test_the_next_start_ends_what_was_left(place):
    left = orphan(place.folder, "sleep 60")
    with Supervisor(place.folder, place.logs):
        assert left.wait(5) == -signal.SIGTERM
    assert not (place.folder / "children.json").exists()


def test_a_number_that_another_program_has_by_now_is_left_alone(place):
    stranger = orphan(place.folder, "sleep 60")
    rows = json.loads((place.folder / "children.json").read_text())
    rows[0]["started"] = "1"
    (place.folder / "children.json").write_text(json.dumps(rows))
    assert end_leftovers(place.folder) == []
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_unreadable_list_is_no_reason_to_fail(place):
    (place.folder / "children.json").write_text("{half")
    assert end_leftovers(place.folder) == []
