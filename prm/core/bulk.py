"""Writing many rows with JSON in them in one statement.

``bulk_create`` hands each column over as an array; JSON inside an array is quoted twice, letter by letter, which for
the night's explanations costs more than computing them. Here the rows go over as one JSON document and the database
takes them apart. One statement whatever the number of rows, so callers hand over chunks (performance B7).
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model


def insert_many(objects: Sequence[Model], *, unique: Sequence[str] = (), update: Sequence[str] = ()) -> list[int]:
    """Insert unsaved objects of one model; their new primary keys, in order.

    With ``unique`` (fields of a unique constraint) rows that are there already get the new values of ``update``
    instead. A value that the column refuses raises DatabaseError, as it would row by row. Nothing of the model's
    ``save`` runs, and no signals.
    """
    if not objects:
        return []
    meta: Any = objects[0]._meta
    clash = ""
    if unique:
        keys = ", ".join(_columns(meta, unique))
        news = ", ".join(f"{column} = EXCLUDED.{column}" for column in _columns(meta, update))
        clash = f" ON CONFLICT ({keys}) DO UPDATE SET {news}"
    return [row[0] for row in _insert(objects, clash, ["pk"])]


def insert_missing(objects: Sequence[Model], *, key: Sequence[str], unique: Sequence[str] = ()) -> dict[tuple, int]:
    """Insert those unsaved objects of one model that clash with no row there is; the others are left out silently.

    Gives the new primary keys by the values of ``key``, fields that tell the objects apart. The database decides, so
    of two who write the same at once only one learns that it did. With ``unique`` only a clash of that constraint
    counts as being there already, and any other is an error. Otherwise as ``insert_many``.
    """
    if not objects:
        return {}
    target = f" ({', '.join(_columns(objects[0]._meta, unique))})" if unique else ""
    rows = _insert(objects, f" ON CONFLICT{target} DO NOTHING", ["pk", *key])
    return {tuple(values): pk for pk, *values in rows}


def _insert(objects: Sequence[Model], clash: str, returned: Sequence[str]) -> list[tuple]:
    meta: Any = objects[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    types = ", ".join(f"{quote(field.column)} {field.db_type(connection)}" for field in fields)
    wanted = ", ".join(_columns(meta, returned))
    sql = (
        f"INSERT INTO {quote(meta.db_table)} ({columns}) SELECT {columns}"  # noqa: S608 - names of our own models
        f" FROM json_to_recordset(%s::json) AS given({types}){clash} RETURNING {wanted}"
    )
    attributes = [(field.column, field.attname) for field in fields]
    rows = [{column: getattr(each, attribute) for column, attribute in attributes} for each in objects]
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(rows, default=_plain, ensure_ascii=False)])
        return cursor.fetchall()


def _columns(meta: Any, names: Sequence[str]) -> list[str]:
    fields = [meta.pk if name == "pk" else meta.get_field(name) for name in names]
    return [connection.ops.quote_name(field.column) for field in fields]


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be written in bulk")
