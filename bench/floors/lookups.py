"""The lookups of the conflict check in one bare statement, and by hand in memory."""

from collections.abc import Iterable
from datetime import date

from django.db import connection
from rapidfuzz import fuzz, process

from deals.queries.conflicts import TRIGRAM_THRESHOLD

_OPEN = "('submitted', 'info_requested', 'approved')"
_ALIKE = "({t}.domain_key = %(domain)s OR {t}.plain_name %% %(plain)s)"

# Domain equality and likeness of names over what is open, referred, sold or in the pipeline.
BARE = f"""
SELECT r.code FROM deals_registration r
 WHERE r.status IN {_OPEN} AND {_ALIKE.format(t="r")} AND (r.status <> 'approved' OR r.protected_until >= %(day)s)
UNION ALL
SELECT f.code FROM deals_referral f WHERE f.status IN ('submitted', 'accepted', 'qualified') AND {_ALIKE.format(t="f")}
UNION ALL
SELECT min(o.code) FROM deals_account a JOIN deals_opportunity o ON o.account_id = a.id AND o.status IN ('open', 'won')
 WHERE {_ALIKE.format(t="a")} AND (o.status = 'won' OR (o.registration_id IS NULL AND o.referral_id IS NULL))
 GROUP BY a.id, o.status = 'won', o.partner_id
"""
EXACT = f"""
SELECT r.code FROM deals_registration r
 WHERE r.status IN {_OPEN} AND r.domain_key = %(domain)s AND (r.status <> 'approved' OR r.protected_until >= %(day)s)
UNION ALL
SELECT f.code FROM deals_referral f
 WHERE f.status IN ('submitted', 'accepted', 'qualified') AND f.domain_key = %(domain)s
UNION ALL
SELECT min(o.code) FROM deals_account a JOIN deals_opportunity o ON o.account_id = a.id AND o.status IN ('open', 'won')
 WHERE a.domain_key = %(domain)s AND (o.status = 'won' OR (o.registration_id IS NULL AND o.referral_id IS NULL))
 GROUP BY a.id, o.status = 'won', o.partner_id
"""


def set_threshold() -> None:
    """How alike names must be for ``%``, for this session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, false)", [str(TRIGRAM_THRESHOLD)])


def ask(sql: str, *, domain: str, plain: str, day: date) -> list[str]:
    """The codes that a statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"domain": domain, "plain": plain, "day": day})
        return [row[0] for row in cursor.fetchall()]


def known_names() -> list[str]:
    """Every name there is, for the search in memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT plain_name FROM deals_registration")
        return [row[0] for row in cursor.fetchall()]


def by_likeness(plain: str, names: Iterable[str], score: int) -> list[tuple]:
    """All names above a score, in memory."""
    return process.extract(plain, names, scorer=fuzz.ratio, score_cutoff=score, limit=50)
