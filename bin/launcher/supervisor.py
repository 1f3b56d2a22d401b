"""Starts programs, notices when one dies, and leaves none behind, whether we end, fail or are killed.

Each program gets a session of its own, so that Ctrl-C reaches only us and we end the programs in the right
order. Three nets, one below the other: an orderly end in reverse order; on Linux the kernel ends a program whose
launcher is gone; and the next start ends whatever the last one had written down as running.
"""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from launcher.console import Stop, say

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
LINES_OF_A_LOG = 40
RESTARTS = 3


class Interrupted(BaseException):
    """Somebody asked us to end. Not an ``Exception``, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """From now on a signal that asks us to end raises ``Interrupted``, once."""
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # From here on the end is on its way; a second signal must not break it off.
    for each in STOP_SIGNALS:
        signal.signal(each, _ask_for_patience)
    raise Interrupted(number)


def started_at(pid: int) -> str:
    """When a process was started, as its system says it; "" if there is none. Tells a reused number apart."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return found.stdout.strip()
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def end_leftovers(folder: Path) -> list[str]:
    """End what a killed launcher left running here, by the list it kept. Returns their names."""
    record = folder / "children.json"
    try:
        listed = json.loads(record.read_text())
    except (OSError, ValueError):
        return []
    alive = [row for row in listed if row["started"] and started_at(row["pid"]) == row["started"]]
    for row in reversed(alive):
        for number, patience in ((row["signal"], 10.0), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                os.killpg(row["pid"], number)
            if _gone(row["pid"], row["started"], patience):
                break
    record.unlink(missing_ok=True)
    return [row["name"] for row in alive]


def _gone(pid: int, started: str, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while started_at(pid) == started:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class Child:
    """One running program."""

    name: str
    argv: list[str]
    process: "subprocess.Popen[bytes]"
    stop_signal: signal.Signals
    patience: float
    log: Path | None
    start_again: Callable[[], "Child"] | None = None
    restarts: int = 0

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def end(self) -> None:
        """Ask it to end, wait for it, and make sure of its whole group."""
        if self.alive:
            with suppress(ProcessLookupError, PermissionError):
                self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                say(f"  {self.name} did not end within {self.patience:.0f} s and is killed")
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Supervisor:
    """Owns every program that a run starts. A context: leaving it ends them all, last started first."""

    folder: Path
    logs: Path
    children: list[Child] = field(default_factory=list)

    def __enter__(self) -> "Supervisor":
        self._before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        listen()
        ended = end_leftovers(self.folder)
        if ended:
            say(f"  ended what a killed run had left: {', '.join(ended)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, _ask_for_patience)
        while self.children:
            self.children[-1].end()
            self.children.pop()
        (self.folder / "children.json").unlink(missing_ok=True)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        patience: float = 15.0,
        keep_alive: bool = False,
        shown: bool = False,
        pass_fds: tuple[int, ...] = (),
    ) -> Child:
        """Start a program in the background.

        ``user``: run as that user (we must be root). ``keep_alive``: start it again when it dies, at most
        three times. ``shown``: its output goes to the screen instead of ``logs/<name>.log``.
        """
        words = [str(word) for word in argv]
        log = None if shown else self.logs / f"{name}.log"
        output = None if log is None else log.open("ab")
        # No signal may come between the start of a program and the moment when we know of it.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            process = subprocess.Popen(
                words,
                env=dict(env),
                cwd=cwd,
                stdin=None if shown else subprocess.DEVNULL,
                stdout=output,
                stderr=None if shown else subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
                preexec_fn=_become(user, stop_signal),
            )
            child = Child(name, words, process, stop_signal, patience, log)
            self.children.append(child)
            self._write_down()
        except FileNotFoundError as error:
            raise Stop(f"{name} can't be started: {error}") from error
        finally:
            if output is not None:
                output.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        if keep_alive:
            child.start_again = lambda: self.start(
                name,
                argv,
                env=env,
                cwd=cwd,
                user=user,
                stop_signal=stop_signal,
                patience=patience,
                keep_alive=True,
                shown=shown,
                pass_fds=pass_fds,
            )
        return child

    def run(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        user: str | None = None,
        shown: bool = False,
        needed: bool = True,
    ) -> int:
        """Run a program to its end and return its status. ``needed``: a failure stops us."""
        child = self.start(name, argv, env=env, cwd=cwd, user=user, shown=shown, stop_signal=signal.SIGINT)
        while child.alive:
            self._look_after(except_for=child)
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(0.2)
        self.children.remove(child)
        self._write_down()
        status = child.process.returncode
        if status and needed:
            raise Stop(f"{name} failed with status {status}.{last_lines(child.log)}")
        return status

    def watch(self) -> None:
        """Look after the programs until one can't be kept alive (``Stop``) or somebody interrupts us."""
        while True:
            self._look_after()
            time.sleep(0.2)

    def _look_after(self, except_for: Child | None = None) -> None:
        for child in list(self.children):
            if child.alive or child is except_for:
                continue
            status = child.process.returncode
            if child.start_again is None or child.restarts >= RESTARTS:
                raise Stop(f"{child.name} ended by itself with status {status}.{last_lines(child.log)}")
            say(f"  {child.name} ended by itself with status {status} and is started again")
            child.end()
            place = self.children.index(child)
            again = child.start_again()
            again.restarts = child.restarts + 1
            # It takes the place of the one before, so that the order of ending stays.
            self.children.remove(again)
            self.children[place] = again
            self._write_down()

    def _write_down(self) -> None:
        rows = [
            {
                "name": child.name,
                "pid": child.process.pid,
                "started": started_at(child.process.pid),
                "signal": int(child.stop_signal),
            }
            for child in self.children
        ]
        draft = self.folder / "children.json.new"
        draft.write_text(json.dumps(rows))
        draft.replace(self.folder / "children.json")


def last_lines(log: Path | None) -> str:
    """The end of a log, to be shown below an error."""
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-LINES_OF_A_LOG:]
    return "".join(f"\n    {line}" for line in ["", *lines]) + f"\n\n  All of it: {log}"


def _ask_for_patience(number: int, frame: FrameType | None) -> None:
    say("  ending …")


def _become(user: str | None, parent_gone: signal.Signals) -> Callable[[], None]:
    """What the new process does before it becomes the program: drop rights, and ask to be ended with us."""
    person = pwd.getpwnam(user) if user else None
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    parent = os.getpid()

    def become() -> None:
        if person is not None:
            os.setgroups([])
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
        if libc is not None:
            # After the change of user, which would forget it.
            libc.prctl(PR_SET_PDEATHSIG, int(parent_gone), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    return become
