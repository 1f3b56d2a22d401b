"""Working through many due rows: locked, so many to a transaction, with the one row at fault left out and named."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import Model, QuerySet

CHUNK = 1000
Skip = Callable[[str, object], None]
M = TypeVar("M", bound=Model)


def in_chunks(due: QuerySet[M], act: Callable[[list[M]], int], limit: int = CHUNK, skip: Skip | None = None) -> int:
    """Act on what is due, locked, ``limit`` rows to a transaction; rows that somebody holds wait for the next night.

    A row that can't be worked on is told to ``skip`` by its code, and the others go on; without ``skip`` the error is
    raised. ``act`` gets locked rows in the order of their keys and says how many it changed.
    """
    waiting, done = list(due.order_by("pk").values_list("pk", "code")), 0
    for start in range(0, len(waiting), limit):
        done += _halved(due, waiting[start : start + limit], act, skip)
    return done


def _halved(due: QuerySet[M], some: list[tuple[int, str]], act: Callable[[list[M]], int], skip: Skip | None) -> int:
    """Act on some rows at once. If that fails, on each half, until the row at fault stands alone and is named.

    A database that is busy or gone is no row's fault: that error goes up.
    """
    try:
        with transaction.atomic():
            mine = due.filter(pk__in=[pk for pk, _code in some])
            return act(list(mine.select_for_update(skip_locked=True, of=("self",)).order_by("pk")))
    except OperationalError:
        raise
    except Exception as error:
        if skip is None:
            raise
        if len(some) == 1:
            skip(some[0][1], error)
            return 0
    middle = len(some) // 2
    return _halved(due, some[:middle], act, skip) + _halved(due, some[middle:], act, skip)
