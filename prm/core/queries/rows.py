"""Rows of raw SQL as dictionaries."""

from typing import Any

from django.db import connection


def dict_rows(sql: str, params: Any) -> list[dict[str, Any]]:
    """All rows of a query, each by column name."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
