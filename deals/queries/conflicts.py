"""What is already known of an account: one statement over registrations, referrals, customers and pipeline."""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction

from deals.choices import CandidateKind, ClaimBasis, MatchStrength
from deals.models import ConflictMatch, Product
from deals.rules.accounts import AccountKeys
from deals.rules.conflicts import Candidate, ConflictVerdict, Subject, judge

# pg_trgm only finds candidates, cheaply; the rule scores them. 0.7 keeps the index scan to a few milliseconds.
TRIGRAM_THRESHOLD = 0.7
_MOST_CANDIDATES = 50

_ALIKE = "({t}.domain_key = %(domain)s OR {t}.name_key = %(name_key)s OR {t}.plain_name %% %(plain)s)"
_ALIKE_BY_NAME = "({t}.name_key = %(name_key)s OR {t}.plain_name %% %(plain)s)"

_FIND = """
WITH found AS (
  (SELECT 'registration' AS kind, r.code, r.partner_id, r.domain_key, r.name_key, r.plain_name,
          r.customer_country AS country, r.key_version,
          CASE WHEN r.status = 'approved' THEN r.protected_until END AS until,
          ARRAY(SELECT DISTINCT p.line FROM deals_registration_products rp JOIN deals_product p ON p.id = rp.product_id
                WHERE rp.registration_id = r.id) AS lines
     FROM deals_registration r
    WHERE r.status IN ('submitted', 'info_requested', 'approved') AND {registration}
      AND r.code <> %(except)s
      AND (r.status <> 'approved' OR r.protected_until >= %(day)s)
    ORDER BY (r.domain_key = %(domain)s AND r.domain_key <> '') DESC, similarity(r.plain_name, %(plain)s) DESC
    LIMIT %(most)s)
  UNION ALL
  (SELECT 'referral', f.code, f.partner_id, f.domain_key, f.name_key, f.plain_name, f.customer_country, f.key_version,
          NULL::date,
          ARRAY(SELECT p.line FROM deals_product p WHERE p.id = f.product_id)
     FROM deals_referral f
    WHERE f.status IN ('submitted', 'accepted', 'qualified') AND {referral} AND f.code <> %(except)s
    ORDER BY (f.domain_key = %(domain)s AND f.domain_key <> '') DESC, similarity(f.plain_name, %(plain)s) DESC
    LIMIT %(most)s)
  UNION ALL
  (SELECT CASE WHEN o.status = 'won' THEN 'customer' WHEN o.partner_id IS NULL THEN 'direct' ELSE 'opportunity' END,
          min(o.code), o.partner_id, a.domain_key, a.name_key, a.plain_name, a.country, a.key_version,
          NULL::date, array_agg(DISTINCT p.line)
     FROM deals_account a
     JOIN deals_opportunity o ON o.account_id = a.id AND o.status IN ('open', 'won')
     LEFT JOIN deals_product p ON p.id = o.product_id
    WHERE {account} AND (o.status = 'won' OR (o.registration_id IS NULL AND o.referral_id IS NULL))
    GROUP BY a.id, 1, o.partner_id
    ORDER BY (a.domain_key = %(domain)s AND a.domain_key <> '') DESC, similarity(a.plain_name, %(plain)s) DESC
    LIMIT %(most)s)
)
SELECT kind, code, partner_id, domain_key, name_key, plain_name, country, key_version, until, lines FROM found
"""


def lines_of(products: Iterable[Product]) -> tuple[int, ...]:
    """The product lines of some products, in order; empty (all lines) as soon as one belongs to every line."""
    lines = {product.line for product in products}
    return () if None in lines else tuple(sorted(line for line in lines if line is not None))


def stored_keys(*, domain_key: str, name_key: str, plain_name: str, country: str, key_version: int) -> AccountKeys:
    """The keys of a row as they were made when it was written, without normalising again."""
    basis = ClaimBasis.DOMAIN if domain_key else ClaimBasis.NAME
    return AccountKeys(
        claim=domain_key or name_key,
        basis=basis,
        domain_key=domain_key,
        name_key=name_key,
        name=plain_name,
        country=country,
        version=key_version,
    )


def candidates_for(*, keys: AccountKeys, day: date, except_code: str = "") -> list[Candidate]:
    """Everything open, protected, sold or in direct pipeline that shares a key or nearly the name. Two statements.

    ``day`` is the program's date: a protection that ended is left out, whatever the night has written so far.
    """
    alike = _ALIKE if keys.domain_key else _ALIKE_BY_NAME
    sql = _FIND.format(registration=alike.format(t="r"), referral=alike.format(t="f"), account=alike.format(t="a"))
    values: dict[str, str | int | date] = {
        "domain": keys.domain_key,
        "name_key": keys.name_key,
        "plain": keys.name,
        "except": except_code,
        "day": day,
        "most": _MOST_CANDIDATES,
    }
    # no savepoint inside a caller's transaction: nothing here is recovered from
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(TRIGRAM_THRESHOLD)])
        cursor.execute(sql, values)
        return [_candidate(row) for row in cursor.fetchall()]


def _candidate(row: tuple) -> Candidate:
    kind, code, partner_id, domain_key, name_key, plain_name, country, version, until, lines = row
    known = CandidateKind(kind)
    every_line = not lines or None in lines
    return Candidate(
        kind=known,
        ref=code,
        partner_id=partner_id,
        keys=stored_keys(
            domain_key=domain_key, name_key=name_key, plain_name=plain_name, country=country, key_version=version
        ),
        lines=frozenset() if every_line else frozenset(map(str, lines)),
        until=until,
    )


def verdict_on(
    *, partner_id: int, keys: AccountKeys, lines: Iterable[int], day: date, similarity: int, except_code: str = ""
) -> ConflictVerdict:
    """What the rules say of an account against everything known."""
    found = candidates_for(keys=keys, day=day, except_code=except_code)
    subject = Subject(partner_id=partner_id, keys=keys, lines=frozenset(map(str, lines)))
    return judge(subject, found, at=day, similarity=similarity)


# What is sold or in our own pipeline makes a conflict by itself; between partners the claim decides who was first.
KNOWN = frozenset({CandidateKind.CUSTOMER, CandidateKind.DIRECT, CandidateKind.OPPORTUNITY})


def approval_needs_reason(matches: Iterable[ConflictMatch]) -> bool:
    """Whether, by the latest check, the very account is somebody else's customer or pipeline already.

    The decision itself looks again; this is what the page asks for beforehand.
    """
    return any(each.strength == MatchStrength.EXACT and not each.is_own and each.kind in KNOWN for each in matches)


MATCHED_KINDS = {
    CandidateKind.REGISTRATION: "deals.registration",
    CandidateKind.REFERRAL: "deals.referral",
    CandidateKind.OPPORTUNITY: "deals.opportunity",
    CandidateKind.DIRECT: "deals.opportunity",
    CandidateKind.CUSTOMER: "deals.opportunity",
}
