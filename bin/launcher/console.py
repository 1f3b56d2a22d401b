"""What a person reads while waiting, and the error that ends a run with a sentence instead of a traceback."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stop(Exception):
    """The run can't go on; the text says why and what to do about it."""


def say(text: str = "") -> None:
    """Print a line at once, also when the output is a file or a pipe."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is being done and how many seconds it took."""
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"  {title} …", end="\r", flush=True)
    yield
    say(f"  {title:<60} {time.monotonic() - started:6.1f} s")
