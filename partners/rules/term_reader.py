"""Strict reading of program terms.

The terms of a program arrive as plain data: a parsed blueprint file or a JSON column. They are turned into frozen
dataclasses by what the fields say about themselves: their type, and the limits given with `term(...)`. Anything
unexpected is refused with the place and the reason, never guessed at: an unknown key, a missing one, a number in the
wrong range, a date that does not exist. `to_dict` is the exact way back, with decimals and dates as text, so that
`X.from_dict(x.to_dict()) == x`.
"""

from dataclasses import MISSING, dataclass, field, fields
from datetime import date, time
from decimal import Decimal, InvalidOperation
from types import NoneType, UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints


class TermsError(ValueError):
    """Terms that can't be used. `path` is the place ("tiers[2].paths[0].threshold"), `reason` says why."""

    def __init__(self, path: str, reason: str):
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}" if path else reason)

    def below(self, place: str) -> "TermsError":
        """The same error seen from one level further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return TermsError(f"{place}{joint}{self.path}", self.reason)


def term(default: Any = MISSING, *, least: int | None = None, most: int | None = None, one_of: Any = None) -> Any:
    """A dataclass field with its limits: lowest and highest value (inclusive), or the only allowed values.

    Limits of a tuple hold for each of its items. Without a default the key is required.
    """
    return field(default=default, metadata={"least": least, "most": most, "one_of": one_of})


@dataclass(frozen=True)
class Terms:
    """Base of every terms dataclass. Subclasses override `check` for what concerns several fields together."""

    def __post_init__(self) -> None:
        for each in fields(self):
            _check_limits(getattr(self, each.name), each.metadata, each.name)
        self.check()

    def check(self) -> None:
        """Raise TermsError if the fields contradict each other."""

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data. Raises TermsError with the path of the first thing that is wrong."""
        if not isinstance(data, dict):
            raise TermsError("", "must be a group of named values")
        hints = get_type_hints(cls)
        known = {each.name: each for each in fields(cls)}
        for key in data:
            if key not in known:
                raise TermsError(str(key), "is not a known term")
        values: dict[str, Any] = {}
        for name, each in known.items():
            if name in data:
                values[name] = _read(hints[name], data[name], name)
            elif each.default is MISSING and each.default_factory is MISSING:
                raise TermsError(name, "is missing")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data that `from_dict` reads back to an equal object."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def _read(kind: Any, value: object, path: str) -> Any:
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise TermsError(path, "must be a list")
        return tuple(_read(get_args(kind)[0], item, f"{path}[{n}]") for n, item in enumerate(value))
    if issubclass(kind, Terms):
        try:
            return kind.from_dict(value)
        except TermsError as error:
            raise error.below(path) from None
    return _READERS[kind](value, path)


def _read_bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise TermsError(path, "must be true or false")
    return value


def _read_int(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TermsError(path, "must be a whole number")
    return value


def _read_decimal(value: object, path: str) -> Decimal:
    """Numbers as written. A binary fraction from a YAML or JSON parser is taken by its shortest text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise TermsError(path, "must be a number")
    text = str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise TermsError(path, "must be a number") from None
    if not number.is_finite() or not set(text) <= set("+-.0123456789"):
        raise TermsError(path, "must be a number")
    return number


def _read_str(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise TermsError(path, "must be text")
    return value


def _read_date(value: object, path: str) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise TermsError(path, "must be a date like 2026-12-31") from None


def _read_time(value: object, path: str) -> time:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise TermsError(path, "must be a time like 09:00, in quotes") from None


_READERS = {
    bool: _read_bool,
    int: _read_int,
    Decimal: _read_decimal,
    str: _read_str,
    date: _read_date,
    time: _read_time,
}


def _check_limits(value: Any, limits: Any, path: str) -> None:
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            _check_limits(item, limits, f"{path}[{number}]")
    elif value is not None:
        least, most, one_of = limits.get("least"), limits.get("most"), limits.get("one_of")
        if least is not None and value < least:
            raise TermsError(path, f"must be at least {least}")
        if most is not None and value > most:
            raise TermsError(path, f"must be at most {most}")
        if one_of is not None and value not in one_of:
            raise TermsError(path, f"must be one of {', '.join(map(str, one_of))}")


def _plain(value: Any) -> Any:
    match value:
        case Terms():
            return value.to_dict()
        case tuple():
            return [_plain(item) for item in value]
        case Decimal():
            return format(value, "f")
        case date() | time():
            return value.isoformat()
        case _:
            return value
