"""Keeping computed histories small: a row only where something differs from the row before."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from django.db import connection

_LATEST = """
SELECT p.organization_id, h.day, h.fingerprint, p.scored_on
  FROM partners_partner p
  LEFT JOIN LATERAL (
    SELECT day, fingerprint FROM {table} WHERE partner_id = p.organization_id ORDER BY day DESC LIMIT 1
  ) AS h ON true
 WHERE p.organization_id = ANY(%s)
"""


@dataclass(frozen=True)
class Latest:
    """The newest row of a partner's history, blank where there is none yet, and the day of its last score."""

    day: date | None
    fingerprint: str
    scored_on: date | None


def fingerprint(values: dict[str, Any]) -> str:
    """A short hash of plain JSON data, the same for the same data."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def latest_rows(table: str, partner_ids: Iterable[int]) -> dict[int, Latest]:
    """What each partner's history in a table ends with. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST.format(table=connection.ops.quote_name(table)), [list(partner_ids)])
        return {partner_id: Latest(day, print_ or "", scored) for partner_id, day, print_, scored in cursor.fetchall()}


def is_news(latest: Latest | None, day: date, print_: str) -> bool:
    """Whether a result belongs in the history: newer than what is there, or the same day's, and different."""
    return latest is None or latest.day is None or (day >= latest.day and print_ != latest.fingerprint)
