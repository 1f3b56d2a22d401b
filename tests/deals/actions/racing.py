"""Two things at the same moment, on real connections with real commits."""

import os
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

ROUNDS = 200 if os.environ.get("PRM_FAULTS") == "1" else 20


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; each one's result, or what it raised."""
    start, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=10)
            results[place] = call()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "a race did not end"
    return results


class Paused:
    """A function of a module that stops in the first thread that calls it, until it may go on."""

    def __init__(self, original: Callable) -> None:
        self.original, self.reached, self.go_on = original, threading.Event(), threading.Event()
        self.first = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.first.acquire(blocking=False):
            self.reached.set()
            assert self.go_on.wait(timeout=20)
        return self.original(*args, **kwargs)


def interleaved(paused: Paused, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[list[Any], bool]:
    """Let ``first`` run up to its pause, then start ``second``, see whether it waits, and let both end."""
    results: dict[str, Any] = {}

    def run(name: str, call: Callable[[], Any]) -> None:
        try:
            results[name] = call()
        except Exception as error:
            results[name] = error
        finally:
            connections.close_all()

    one = threading.Thread(target=run, args=("first", first))
    two = threading.Thread(target=run, args=("second", second))
    one.start()
    assert paused.reached.wait(timeout=20)
    two.start()
    two.join(timeout=0.5)
    waited = two.is_alive()
    paused.go_on.set()
    one.join(timeout=30)
    two.join(timeout=30)
    return [results["first"], results["second"]], waited


@contextmanager
def without_constraint(table: str, name: str):
    """The negative control: the database does not guard, and gets its guard back afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        definition = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
