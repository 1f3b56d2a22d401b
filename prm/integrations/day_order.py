"""In which order a file writes its dates: stated, or seen, never guessed.

Every date of every date column must fit one and the same order. ``03/04/2017`` fits two; as long as nothing in the file
rules one of them out, the file is refused and the option that states the order is named.
"""

from collections.abc import Iterable
from functools import lru_cache

from prm.core.csv_import import DAY_ORDERS, CellError, day_cell
from prm.core.refused import Refused


class DayOrderUnclear(Refused):
    """The dates fit several orders, or none."""

    code = "integrations.dates.unclear"
    text = "%(why)s State the order of dates: --dates iso, dmy or mdy."


@lru_cache(maxsize=20_000)
def orders_of(text: str) -> frozenset[str]:
    """The orders in which a text is a date."""
    fits = set()
    for order in DAY_ORDERS:
        try:
            day_cell(text, order)
        except CellError:
            continue
        fits.add(order)
    return frozenset(fits)


def detect_day_order(dates: Iterable[tuple[str, str]]) -> str:
    """The one order that all dates fit, from (column, text) pairs; blanks do not count, ``iso`` without any date.

    A text that is no date in any order is left for the import to report. Raises DayOrderUnclear.
    """
    left, other, seen, readable = frozenset(DAY_ORDERS), "", False, False
    for column, text in dates:
        if not text:
            continue
        seen = True
        fits = orders_of(text)
        if not fits:
            other = other or f"{column} ({text[:40]})"
            continue
        readable = True
        if not left & fits:
            raise DayOrderUnclear(values={"why": f"The dates are written in different orders, see {column}: {text}."})
        left &= fits
    if not seen:
        return "iso"
    if not readable:
        raise DayOrderUnclear(values={"why": f"The dates can't be read: {other}."})
    if len(left) > 1:
        raise DayOrderUnclear(values={"why": "The dates fit day/month/year as well as month/day/year."})
    return next(iter(left))
