"""The invariants of the ledger, the lines and the payouts, each as a question to the database (I1–I7, I11).

Every question is asked of all rows at once. What a table can't promise by itself is asked here as well as what its
triggers and constraints promise: a superuser passes by those, and a restored backup may come without them.
"""

from decimal import Decimal

from deals.models import Commission
from deals.queries.offenders import MOST, Finding, Offender, counted, named
from deals.rules.recomputation import recalculate
from partners.rules.term_reader import TermsError
from prm.core.actions.seals import broken_seals
from prm.core.models import AuditSeal
from prm.core.money import MoneyError
from prm.core.queries.rows import dict_rows

CHUNK = 2000
_OF_PARTNER = "JOIN core_organization o ON o.id = "


def transactions_balance() -> Finding:
    """I1: each transaction has two entries at least, which add up to zero in each currency."""
    return named(
        """
        SELECT 'unbalanced' AS problem, t.code AS what, NULL AS partner, s.currency, s.total AS found,
               0::numeric AS expected, t.source_key AS detail
          FROM (SELECT transaction_id, currency, sum(amount) AS total FROM deals_ledgerentry
                 GROUP BY transaction_id, currency HAVING sum(amount) <> 0) AS s
          JOIN deals_ledgertransaction t ON t.id = s.transaction_id
         UNION ALL
        SELECT 'one_sided', t.code, NULL, NULL, NULL, NULL, t.source_key
          FROM deals_ledgertransaction t
         WHERE NOT EXISTS (SELECT FROM deals_ledgerentry e WHERE e.transaction_id = t.id OFFSET 1)
        """,
        seen=counted("deals_ledgertransaction"),
    )


def sums_are_sums() -> Finding:
    """I2: the ledger as a whole is zero in each currency, and stored sums equal what they sum up.

    Balances are not stored, so there is none to compare. Stored sums are what a SPIFF has awarded.
    """
    return named(
        """
        SELECT 'ledger_unbalanced' AS problem, 'ledger' AS what, NULL AS partner, currency, sum(amount) AS found,
               0::numeric AS expected, NULL AS detail
          FROM deals_ledgerentry GROUP BY currency HAVING sum(amount) <> 0
         UNION ALL
        SELECT 'cache_differs', s.code, NULL, s.currency, s.spent_amount, coalesce(a.total, 0), NULL
          FROM deals_spiff s
          LEFT JOIN (SELECT spiff_id, sum(amount) AS total FROM deals_spiffaward GROUP BY spiff_id) AS a
            ON a.spiff_id = s.id
         WHERE s.spent_amount <> coalesce(a.total, 0)
        """,
        seen=counted("deals_ledgerentry"),
    )


# What the accounts of a line hold in each of its states, as a share of its amount: one debit, one credit.
_STANDS = """
  VALUES ('accrued', 'expense', 1), ('accrued', 'accrued', -1), ('payable', 'expense', 1), ('payable', 'payable', -1),
         ('in_payout', 'expense', 1), ('in_payout', 'clearing', -1), ('paid', 'expense', 1), ('paid', 'cash', -1),
         ('final', 'expense', 1), ('final', 'cash', -1)
"""


def balances_are_lines() -> Finding:
    """I3: by partner, currency and account the ledger holds what the lines in their states come to.

    Accrued, payable, on its way and paid together are thereby what was earned less what was taken back; void lines
    count nowhere.
    """
    return named(
        f"""
        SELECT 'balance_differs' AS problem, o.code AS what, o.code AS partner, currency, coalesce(b.total, 0) AS found,
               coalesce(l.total, 0) AS expected, account AS detail
          FROM (SELECT partner_id, currency, account, sum(amount) AS total FROM deals_ledgerentry GROUP BY 1, 2, 3) AS b
          FULL JOIN (SELECT c.partner_id, c.currency, s.account, sum(c.total * s.sign) AS total
                       FROM (SELECT partner_id, currency, status, sum(amount) AS total FROM deals_commission
                              GROUP BY 1, 2, 3) AS c
                       JOIN ({_STANDS}) AS s (status, account, sign) ON s.status = c.status
                      GROUP BY 1, 2, 3) AS l USING (partner_id, currency, account)
          {_OF_PARTNER} partner_id
         WHERE coalesce(b.total, 0) <> coalesce(l.total, 0)
        """,  # noqa: S608 - a constant of ours
        seen=counted("deals_commission"),
    )


def payouts_add_up() -> Finding:
    """I4: a line is in one live payout at most, and run, payouts, lines, files and the clearing account agree.

    A file holds the payouts that name it, and those that were in it before they were sent again. So the files of a run
    in which nothing was sent again equal their payouts, otherwise they are not less; and history tells what each one
    was written with, and its hash.
    """
    return named(_PAYOUTS, seen=counted("deals_payoutitem"))


_PAYOUTS = f"""
SELECT 'line_twice' AS problem, c.code AS what, o.code AS partner, c.currency, count(*)::numeric AS found,
       1::numeric AS expected, string_agg(i.code, ', ' ORDER BY i.id) AS detail
  FROM deals_payoutline l JOIN deals_commission c ON c.id = l.commission_id JOIN deals_payoutitem i ON i.id = l.item_id
  {_OF_PARTNER} c.partner_id
 WHERE NOT l.is_void AND i.status <> 'void'
 GROUP BY c.id, o.code HAVING count(*) > 1
 UNION ALL
SELECT 'line_differs', c.code, o.code, c.currency, l.amount, c.amount, i.code
  FROM deals_payoutline l JOIN deals_commission c ON c.id = l.commission_id JOIN deals_payoutitem i ON i.id = l.item_id
  {_OF_PARTNER} i.partner_id
 WHERE l.amount <> c.amount OR c.currency <> i.currency
 UNION ALL
SELECT 'item_differs', i.code, o.code, i.currency, i.amount, coalesce(s.total, 0), r.code
  FROM deals_payoutitem i JOIN deals_payoutrun r ON r.id = i.run_id
  LEFT JOIN (SELECT item_id, sum(amount) AS total FROM deals_payoutline WHERE NOT is_void GROUP BY item_id) AS s
    ON s.item_id = i.id
  {_OF_PARTNER} i.partner_id
 WHERE coalesce(s.total, 0) <> CASE i.status WHEN 'void' THEN 0 ELSE i.amount END
 UNION ALL
SELECT 'run_differs', r.code, NULL, r.currency, r.total_amount, coalesce(s.total, 0), NULL
  FROM deals_payoutrun r
  LEFT JOIN (SELECT run_id, sum(amount) AS total FROM deals_payoutitem WHERE status <> 'void' GROUP BY run_id) AS s
    ON s.run_id = r.id
 WHERE r.total_amount <> coalesce(s.total, 0)
 UNION ALL
SELECT 'file_differs', r.code || '-' || f.number, NULL, r.currency, f.total_amount, coalesce(s.total, 0),
       f.items_count || ' / ' || coalesce(s.n, 0)
  FROM deals_payoutfile f JOIN deals_payoutrun r ON r.id = f.run_id
  LEFT JOIN (SELECT file_id, sum(amount) AS total, count(*) AS n FROM deals_payoutitem GROUP BY file_id) AS s
    ON s.file_id = f.file_id
 WHERE CASE WHEN EXISTS (SELECT FROM deals_payoutitem i WHERE i.run_id = r.id AND i.attempt > 1)
            THEN f.total_amount < coalesce(s.total, 0) OR f.items_count < coalesce(s.n, 0)
            ELSE f.total_amount <> coalesce(s.total, 0) OR f.items_count <> coalesce(s.n, 0) END
 UNION ALL
SELECT 'file_differs', r.code || '-' || f.number, NULL, r.currency, f.total_amount, (a.changes->>'total')::numeric,
       f.items_count || ' / ' || coalesce(a.changes->>'payouts', 'no history')
  FROM deals_payoutfile f JOIN deals_payoutrun r ON r.id = f.run_id JOIN core_storedfile d ON d.id = f.file_id
  LEFT JOIN core_auditentry a ON a.ref_kind = 'deals.payout_run' AND a.ref_code = r.code
   AND a.code = 'deals.payout_run.file_written' AND a.changes->>'file' = d.code
 WHERE ((a.changes->>'total')::numeric, (a.changes->>'payouts')::int, a.changes->>'sha256')
       IS DISTINCT FROM (f.total_amount, f.items_count, d.sha256::text)
 UNION ALL
SELECT 'clearing_differs', i.code, o.code, i.currency, coalesce(b.clearing, 0), i.amount * m.clearing,
       'clearing; bank ' || trim_scale(coalesce(b.cash, 0))
  FROM deals_payoutitem i
  JOIN (VALUES ('planned', 0, 0), ('ready', -1, 0), ('paid', 0, -1), ('failed', 0, 0), ('void', 0, 0))
       AS m (status, clearing, cash) ON m.status = i.status
  LEFT JOIN (SELECT item_id, sum(amount) FILTER (WHERE account = 'clearing') AS clearing,
                    sum(amount) FILTER (WHERE account = 'cash') AS cash
               FROM deals_ledgerentry WHERE item_id IS NOT NULL GROUP BY item_id) AS b ON b.item_id = i.id
  {_OF_PARTNER} i.partner_id
 WHERE coalesce(b.clearing, 0) <> i.amount * m.clearing OR coalesce(b.cash, 0) <> i.amount * m.cash
 UNION ALL
SELECT 'state_differs', c.code, o.code, c.currency, NULL, NULL, c.status || ' / ' || coalesce(i.status, 'no payout')
  FROM deals_commission c
  LEFT JOIN deals_payoutline l ON l.commission_id = c.id AND NOT l.is_void
  LEFT JOIN deals_payoutitem i ON i.id = l.item_id
  {_OF_PARTNER} c.partner_id
 WHERE coalesce(i.status, '') <> ALL (CASE c.status WHEN 'in_payout' THEN ARRAY['ready']
         WHEN 'paid' THEN ARRAY['paid'] WHEN 'final' THEN ARRAY['paid'] WHEN 'accrued' THEN ARRAY['']
         ELSE ARRAY['', 'planned', 'failed'] END)
"""  # noqa: S608


def nothing_was_changed() -> Finding:
    """I5: history fits its seals from the first day, and every posting that must be there is there, unchanged.

    A number that is missing in the ledger's sequence is a transaction that was rolled back, as long as no posting is
    missing: each line has its accrual, its release where it came that far, and each payout one posting for each time
    that it was sent. History, which is sealed, tells the amount that each line was booked with.
    """
    broken = broken_seals()
    seals = Finding(
        AuditSeal.objects.count(),
        len(broken),
        tuple(Offender("seal_broken", str(seal.day), detail=seal.digest[:12]) for seal in broken)[:MOST],
    )
    postings = named(_POSTINGS, seen=counted("deals_ledgerentry"))
    figures = [
        (f"gaps_{table.removeprefix('deals_ledger')}", str(row["gaps"]))
        for table in ("deals_ledgertransaction", "deals_ledgerentry")
        for row in dict_rows(f"SELECT coalesce(max(id), 0) - count(*) AS gaps FROM {table}", {})  # noqa: S608
    ]
    return seals + postings + Finding(0, 0, (), (("sealed_days", str(seals.seen)), *figures))


_POSTINGS = f"""
SELECT 'not_booked' AS problem, c.code AS what, o.code AS partner, c.currency, NULL::numeric AS found,
       c.amount AS expected, w.key || c.code AS detail
  FROM deals_commission c
  JOIN (VALUES ('accrual:', ARRAY['accrued', 'payable', 'in_payout', 'paid', 'final', 'void']),
               ('release:', ARRAY['payable', 'in_payout', 'paid', 'final']),
               ('reversal:accrual:', ARRAY['void'])) AS w (key, states) ON c.status = ANY (w.states)
  LEFT JOIN deals_ledgertransaction t ON t.source_key = w.key || c.code
  {_OF_PARTNER} c.partner_id
 WHERE t.id IS NULL
 UNION ALL
SELECT 'not_booked', i.code, o.code, i.currency, NULL, i.amount, k.key
  FROM deals_payoutitem i CROSS JOIN generate_series(1, i.attempt) AS n
  CROSS JOIN LATERAL (SELECT 'payout:' || i.code || ':' || n UNION ALL
                      SELECT 'reversal:payout:' || i.code || ':' || n
                       WHERE n < i.attempt OR i.status IN ('failed', 'void')
                      UNION ALL SELECT 'payment:' || i.code || ':' || n WHERE n = i.attempt AND i.status = 'paid')
       AS k (key)
  LEFT JOIN deals_ledgertransaction t ON t.source_key = k.key
  {_OF_PARTNER} i.partner_id
 WHERE t.id IS NULL
 UNION ALL
SELECT 'line_booked_differently', c.code, o.code, c.currency, coalesce(b.expense, 0),
       CASE c.status WHEN 'void' THEN 0 ELSE c.amount END, 'expense; ' || c.status
  FROM deals_commission c
  LEFT JOIN (SELECT commission_id, currency, sum(amount) FILTER (WHERE account = 'expense') AS expense,
                    sum(amount) FILTER (WHERE account = 'accrued') AS accrued,
                    sum(amount) FILTER (WHERE account = 'payable') AS payable,
                    sum(amount) FILTER (WHERE account = 'clearing') AS clearing,
                    sum(amount) FILTER (WHERE account = 'cash') AS cash
               FROM deals_ledgerentry GROUP BY commission_id, currency) AS b
    ON b.commission_id = c.id AND b.currency = c.currency
  {_OF_PARTNER} c.partner_id
 WHERE coalesce(b.expense, 0) <> CASE c.status WHEN 'void' THEN 0 ELSE c.amount END
    OR coalesce(b.accrued, 0) <> CASE c.status WHEN 'accrued' THEN -c.amount ELSE 0 END
    OR coalesce(b.payable, 0) <> CASE c.status WHEN 'payable' THEN -c.amount ELSE 0 END
    OR coalesce(b.clearing, 0) <> CASE c.status WHEN 'in_payout' THEN -c.amount ELSE 0 END
    OR coalesce(b.cash, 0) <> CASE WHEN c.status IN ('paid', 'final') THEN -c.amount ELSE 0 END
 UNION ALL
SELECT 'no_line', t.code, o.code, e.currency, e.amount, NULL, t.source_key
  FROM deals_ledgerentry e JOIN deals_ledgertransaction t ON t.id = e.transaction_id
  LEFT JOIN deals_commission c ON c.id = e.commission_id
  {_OF_PARTNER} e.partner_id
 WHERE c.id IS NULL OR c.currency <> e.currency
 UNION ALL
SELECT 'history_differs', c.code, o.code, c.currency, c.amount, (a.changes->>'amount')::numeric,
       coalesce(a.changes->>'currency', 'no history')
  FROM deals_commission c
  LEFT JOIN core_auditentry a ON a.ref_kind = 'deals.commission' AND a.ref_code = c.code
   AND a.code = 'deals.commission.' || CASE c.kind WHEN 'clawback' THEN 'clawed_back' WHEN 'adjustment' THEN 'adjusted'
                                       ELSE 'accrued' END
  {_OF_PARTNER} c.partner_id
 WHERE ((a.changes->>'amount')::numeric, a.changes->>'currency') IS DISTINCT FROM (c.amount, c.currency::text)
 UNION ALL
SELECT 'into_closed', t.code, NULL, NULL, NULL, NULL, t.posted_on || ' ' || t.source_key
  FROM deals_ledgertransaction t
 WHERE EXISTS (SELECT FROM deals_ledgerclose k WHERE k.closed_until >= t.posted_on AND k.closed_at < t.created_at)
"""  # noqa: S608


def reversals_are_opposite() -> Finding:
    """I6: a reversal is minus its original, entry by entry; nothing is reversed twice, no reversal is reversed."""
    return named(
        """
        SELECT DISTINCT 'not_opposite' AS problem, r.code AS what, NULL AS partner, s.currency, s.left_over AS found,
               0::numeric AS expected, r.source_key AS detail
          FROM (SELECT r.id, e.account, e.currency, sum(e.amount) AS left_over
                  FROM deals_ledgertransaction r JOIN deals_ledgerentry e ON e.transaction_id IN (r.id, r.reverses_id)
                 WHERE r.kind = 'reversal'
                 GROUP BY r.id, e.account, e.currency, e.partner_id, e.commission_id, e.item_id
                HAVING sum(e.amount) <> 0) AS s
          JOIN deals_ledgertransaction r ON r.id = s.id
         UNION ALL
        SELECT 'reversed_twice', t.code, NULL, NULL, count(*)::numeric, 1, t.source_key
          FROM deals_ledgertransaction r JOIN deals_ledgertransaction t ON t.id = r.reverses_id
         GROUP BY t.id HAVING count(*) > 1
         UNION ALL
        SELECT 'reversal_reversed', t.code, NULL, NULL, NULL, NULL, t.source_key
          FROM deals_ledgertransaction r JOIN deals_ledgertransaction t ON t.id = r.reverses_id
         WHERE t.kind = 'reversal'
        """,
        seen=sum(row["n"] for row in dict_rows(_REVERSALS, {})),
    )


_REVERSALS = "SELECT count(*) AS n FROM deals_ledgertransaction WHERE kind = 'reversal'"


def no_more_than_there_was() -> Finding:
    """I7: what was taken back of a line is not more than the line; nor what was given back of a clawback.

    Asked of each line and its corrections, and of each earned line with everything that came of it.
    """
    return named(
        f"""
        SELECT 'taken_too_much' AS problem, c.code AS what, o.code AS partner, c.currency, abs(s.total) AS found,
               abs(c.amount) AS expected, s.codes AS detail
          FROM (SELECT origin_id, sign(amount) AS way, sum(amount) AS total, string_agg(code, ', ' ORDER BY id) AS codes
                  FROM deals_commission WHERE origin_id IS NOT NULL AND status <> 'void' GROUP BY 1, 2) AS s
          JOIN deals_commission c ON c.id = s.origin_id AND sign(c.amount) <> s.way
          {_OF_PARTNER} c.partner_id
         WHERE abs(s.total) > abs(c.amount)
         UNION ALL
        SELECT 'taken_too_much', c.code, o.code, c.currency, c.amount - t.total, c.amount, t.n || ' corrections'
          FROM (WITH RECURSIVE below AS (
                  SELECT id, origin_id AS top, amount, 1 AS depth FROM deals_commission
                   WHERE origin_id IS NOT NULL AND status <> 'void'
                   UNION ALL
                  SELECT b.id, c.origin_id, b.amount, b.depth + 1 FROM below b JOIN deals_commission c ON c.id = b.top
                   WHERE c.origin_id IS NOT NULL)
                SELECT c.id, c.amount + sum(b.amount) AS total, count(*) AS n
                  FROM below b JOIN deals_commission c ON c.id = b.top
                 WHERE c.origin_id IS NULL AND c.amount > 0 GROUP BY c.id HAVING max(b.depth) > 1) AS t
          JOIN deals_commission c ON c.id = t.id
          {_OF_PARTNER} c.partner_id
         WHERE t.total < 0
        """,  # noqa: S608
        seen=sum(row["n"] for row in dict_rows(_CORRECTIONS, {})),
    )


_CORRECTIONS = "SELECT count(*) AS n FROM deals_commission WHERE origin_id IS NOT NULL"


def amounts_are_recomputed() -> Finding:
    """I11: every line's stored inputs give its amount again, line by line in chunks, so that memory stays flat."""
    seen = broken = 0
    offenders: list[Offender] = []
    rows = Commission.objects.order_by("pk").values_list(
        "code", "partner__organization__code", "currency", "amount", "inputs"
    )
    for code, partner, currency, amount, inputs in rows.iterator(chunk_size=CHUNK):
        seen += 1
        problem, again, detail = _recomputed(inputs, amount)
        if problem:
            broken += 1
            if len(offenders) < MOST:
                offenders.append(Offender(problem, code, partner, currency, amount, again, detail))
    return Finding(seen, broken, tuple(offenders))


def _recomputed(inputs: dict, amount: Decimal) -> tuple[str, Decimal | None, str]:
    try:
        again = recalculate(inputs)
    except (TermsError, MoneyError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return "not_readable", None, f"{type(error).__name__}: {error}"[:200]
    return ("", again, "") if again == amount else ("not_recomputed", again, str(inputs.get("formula", "")))
