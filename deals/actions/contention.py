"""What happens when two people act in the same moment: one wins, the other gets a plain answer, never an error page."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _

from prm.core.refused import Refused

UNIQUE, EXCLUDED, DEADLOCK, SERIALIZATION, LOCK_TIMEOUT = "23505", "23P01", "40P01", "40001", "55P03"
_AGAIN = {UNIQUE, EXCLUDED, DEADLOCK, SERIALIZATION}
_TRIES = 5

P = ParamSpec("P")
R = TypeVar("R")


class ContentionRefused(Refused):
    """Somebody else changed the same thing at the same moment, again and again."""

    code = "deals.contention"
    text = _("Somebody else changed this at the same moment. Please try again.")


def sqlstate(error: BaseException) -> str:
    """The database's code of an error, or nothing."""
    return getattr(error.__cause__, "sqlstate", "") or getattr(error, "sqlstate", "") or ""


def settled(action: Callable[P, R]) -> Callable[P, R]:
    """Run a whole action again when it lost a race inside the database.

    Only the outermost transaction can be repeated, so inside another one the error goes up as it is. What is still
    contended after a few tries, or waited too long for a lock, is refused in plain words.
    """

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return action(*args, **kwargs)
        for left in reversed(range(_TRIES)):
            try:
                return action(*args, **kwargs)
            except DatabaseError as error:
                state = sqlstate(error)
                if state == LOCK_TIMEOUT or (state in _AGAIN and not left):
                    raise ContentionRefused from error
                if state not in _AGAIN:
                    raise
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (spreads two rivals, guards no secret)
        raise AssertionError("the last try either returns or raises")

    return run
