"""What one call costs besides time: statements and memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.measure import Broken

# What every page of a signed-in person costs before the view begins, and the shell around it.
_AROUND = ('FROM "django_session"', 'FROM "core_membership"', "mfa_authenticator", 'FROM "core_notice"')
_COUNTERS = "GROUP BY 1"


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of a block, savepoints left out; the list is filled when the block ends."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as caught:
        yield found
    found += [each["sql"] for each in caught.captured_queries if not _is_bracket(each["sql"])]


def _is_bracket(sql: str) -> bool:
    return sql.split(" ", 1)[0].upper() in ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def statements_of(call: Callable[[], Any]) -> int:
    """How many statements a call sends."""
    with counted() as found:
        call()
    return len(found)


def is_around(sql: str) -> bool:
    """Whether a statement belongs to the shell of a page: session, user, membership, second factor, counters."""
    own_user = 'FROM "core_user" WHERE "core_user"."id" = ' in sql
    counters = 'FROM "core_workitem"' in sql and _COUNTERS in sql
    return own_user or counters or any(mark in sql for mark in _AROUND)


def memory() -> float:
    """Resident memory of this process in megabytes; 0 where the system does not say."""
    return _status("VmRSS")


def peak_memory(pid: int | str = "self") -> float:
    """The most memory a process has held, in megabytes; 0 where the system does not say."""
    return _status("VmHWM", pid)


def _status(name: str, pid: int | str = "self") -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = next((line for line in lines if line.startswith(f"{name}:")), f"{name}: 0")
    return int(found.split()[1]) / 1024


def must(is_right: bool, said: str) -> None:
    """Break off when an answer is not what it should be."""
    if not is_right:
        raise Broken(said)
