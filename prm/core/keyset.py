"""Pages of a long list by position instead of by number: page 100 costs what page 1 costs.

The order always ends with the primary key, so that every row has one place. A cursor names the place of a row: the
sort key in use and the row's values for it, signed, so that nobody can look up values by inventing places. Empty
values come last in both directions. Source: performance B2.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.db.models import F, Model, OrderBy, Q

_SALT = "prm.core.keyset"


@dataclass(frozen=True)
class Field:
    """One part of an order: a field or annotation (``__`` follows relations), its direction, may it be empty."""

    name: str
    descending: bool = False
    nullable: bool = False

    @property
    def reversed(self) -> "Field":
        """The same field the other way round."""
        return Field(self.name, not self.descending, self.nullable)


def order(fields: tuple[Field, ...], *, backwards: bool = False) -> list[OrderBy]:
    """What goes into ``order_by``. Backwards turns everything round, empty values then come first."""
    parts = []
    for each in fields:
        descending = each.descending != backwards
        ends = {"nulls_first": True} if backwards else {"nulls_last": True}
        parts.append(OrderBy(F(each.name), descending=descending, **(ends if each.nullable else {})))
    return parts


def beyond(fields: tuple[Field, ...], values: tuple[Any, ...], *, backwards: bool = False) -> Q:
    """The rows after the place that ``values`` name, or before it."""
    condition: Q | None = None
    for each, value in reversed(list(zip(fields, values, strict=True))):
        past, same = _past(each, value, backwards), _same(each, value)
        rest = same & condition if condition is not None else None
        condition = past if rest is None else rest if past is None else past | rest
    if condition is None:
        return Q(pk__in=[])  # behind an empty last value there is nothing
    return _lead(fields[0], values[0], backwards) & condition


def _same(field: Field, value: Any) -> Q:
    return Q(**{f"{field.name}__isnull": True}) if value is None else Q(**{field.name: value})


def _past(field: Field, value: Any, backwards: bool) -> Q | None:
    if value is None:
        return Q(**{f"{field.name}__isnull": False}) if backwards else None
    lookup = "lt" if field.descending != backwards else "gt"
    past = Q(**{f"{field.name}__{lookup}": value})
    return past | Q(**{f"{field.name}__isnull": True}) if field.nullable and not backwards else past


def _lead(field: Field, value: Any, backwards: bool) -> Q:
    """A plain bound on the first field, which the database can use to start reading its index at the right place."""
    if value is None or field.nullable:
        return Q()
    lookup = "lte" if field.descending != backwards else "gte"
    return Q(**{f"{field.name}__{lookup}": value})


def place_of(row: Model, fields: tuple[Field, ...]) -> tuple[Any, ...]:
    """The values that name a row's place."""
    return tuple(_read(row, each.name) for each in fields)


def _read(row: Any, path: str) -> Any:
    for name in path.split("__"):
        if row is None:
            return None
        row = getattr(row, name)
    return row


def to_cursor(sort: str, values: tuple[Any, ...]) -> str:
    """An opaque text for the address bar."""
    return signing.dumps([sort, [_packed(value) for value in values]], salt=_SALT)


def from_cursor(text: str, sort: str, length: int) -> tuple[Any, ...] | None:
    """The place, or None for a text that we did not write or that belongs to another order."""
    if not text or len(text) > 2000:
        return None
    try:
        of_sort, packed = signing.loads(text, salt=_SALT)
        values = tuple(_unpacked(value) for value in packed)
    except (signing.BadSignature, ValueError, TypeError, ArithmeticError):
        return None
    return values if of_sort == sort and len(values) == length else None


def _packed(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case int():
            return {"i": str(int(value))}
        case Decimal() | float():
            return {"n": str(value)}
        case datetime():
            return {"t": value.isoformat()}
        case date():
            return {"d": value.isoformat()}
        case _:
            return str(value)


def _unpacked(value: Any) -> Any:
    match value:
        case {"i": text}:
            return int(text)
        case {"n": text}:
            return Decimal(text)
        case {"t": text}:
            return datetime.fromisoformat(text)
        case {"d": text}:
            return date.fromisoformat(text)
        case _:
            return value
