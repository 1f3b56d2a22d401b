"""Keeping computed histories small: a row only where something differs from the row before."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from django.db import connection

_LATEST = """
SELECT p.id, h.day, h.fingerprint
  FROM unnest(%s::bigint[]) AS p(id)
  CROSS JOIN LATERAL (
    SELECT day, fingerprint FROM {table} WHERE partner_id = p.id ORDER BY day DESC LIMIT 1
  ) AS h
"""


@dataclass(frozen=True)
class Latest:
    """The newest row of a partner's history."""

    day: date
    fingerprint: str


def fingerprint(values: dict[str, Any]) -> str:
    """A short hash of plain JSON data, the same for the same data."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def latest_rows(table: str, partner_ids: Iterable[int]) -> dict[int, Latest]:
    """The newest row of each partner in a history table. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST.format(table=connection.ops.quote_name(table)), [list(partner_ids)])
        return {partner_id: Latest(day, print_) for partner_id, day, print_ in cursor.fetchall()}


def is_news(latest: Latest | None, day: date, print_: str) -> bool:
    """Whether a result belongs in the history: newer than what is there, or the same day's, and different."""
    return latest is None or (day >= latest.day and print_ != latest.fingerprint)
