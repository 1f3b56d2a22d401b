"""Explanations: why a number is what it is, as data.

A rule returns its result with lines of (code, values, unit, audience). A line holds no sentence: templates put it into
words in the reader's language, and lines marked for the vendor never reach a partner. Lines are stored as JSON, where
decimals become plain digits and dates ISO text; floats are refused, because they would not come back as they went.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Audience = Literal["all", "vendor"]
_VENDOR_READERS = frozenset({"vendor", "system"})


@dataclass(frozen=True)
class Line:
    """One step of an explanation. `unit` names what the values count: money, percent, points, days …"""

    code: str
    values: dict[str, Any] = field(default_factory=dict)
    unit: str = ""
    audience: Audience = "all"

    def __post_init__(self) -> None:
        if self.audience not in ("all", "vendor"):
            raise ValueError(f"{self.audience!r} is not an audience of a line")


def to_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Lines as plain JSON data. Raises TypeError for a value that would not survive it."""
    return [
        {
            "code": line.code,
            "values": {name: _plain(value) for name, value in line.values.items()},
            "unit": line.unit,
            "audience": line.audience,
        }
        for line in lines
    ]


def from_json(data: Iterable[dict[str, Any]]) -> tuple[Line, ...]:
    """Lines from stored JSON. Values stay as stored: decimals and dates are text."""
    return tuple(
        Line(each["code"], dict(each["values"]), each.get("unit", ""), each.get("audience", "vendor")) for each in data
    )


def for_audience(lines: Iterable[Line], audience: str) -> tuple[Line, ...]:
    """What this audience may read. Anyone who is not the vendor gets only the lines meant for all."""
    return tuple(line for line in lines if line.audience == "all" or audience in _VENDOR_READERS)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)  # also flattens the choices that are strings
        case Decimal():
            return format(value, "f")
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} can't be part of an explanation")
