"""Fills the ledger of a made world: lines in every state, what was posted for them, payouts of a year, and history.

Three lines in ten are paid, three payable, the others accrued; so a line has 4.4 entries in the mean. All of it by
INSERT … SELECT over row numbers, as the world itself. Triggers don't fire meanwhile; ``tests/bench`` proves the result
by the product's own reconciliation.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bench.generator import World
from deals.rules.commissions import Inputs
from prm.core.actions import memberships
from prm.core.actors import Actor
from prm.core.models import Membership, Organization

ENTRIES = {"mini": 1_000, "S": 10_000, "M": 100_000, "L": 1_000_000}
RUNS = 12
SETUP = Actor.system("bench")


@dataclass(frozen=True)
class Books:
    """What a workload needs to know: who pays, and how much there is."""

    finn: Membership
    lines: int
    entries: int
    payable: Decimal


def fill_books(cursor: Any, world: World, entries: int) -> Books:
    """Make the books, with about so many entries. The world has no lines yet."""
    now = datetime.combine(world.today, time(6), tzinfo=UTC)
    vendor = Organization.objects.get(pk=world.vendor_id)
    finn, vera = (
        memberships.add_member(
            organization=vendor,
            email=f"{role}@bench.example",
            name=role,
            role=role,
            by=SETUP,
            at=now,
        )
        for role in ("finance", "vp")
    )
    inputs = Inputs(model="first_year", currency="USD", base_amount=Decimal(1000), rate_percent=Decimal(20))
    values = {
        "lines": round(entries / 4.4),
        "partners": world.size.partners,
        "first": world.first_partner,
        "version": world.version_id,
        "today": world.today,
        "at": now - timedelta(days=400),
        "finn": finn.user_id,
        "vera": vera.user_id,
        "runs": RUNS,
        "inputs": json.dumps(inputs.to_json()),
    }
    cursor.execute("SET session_replication_role = replica")
    for statement in _STATEMENTS:
        cursor.execute(statement, values)
    cursor.execute("SET session_replication_role = DEFAULT")
    cursor.execute(
        "SELECT (SELECT count(*) FROM deals_commission), (SELECT count(*) FROM deals_ledgerentry),"
        " (SELECT coalesce(sum(amount), 0) FROM deals_commission WHERE status = 'payable')"
    )
    return Books(finn, *cursor.fetchone())


_LINES = """
INSERT INTO deals_commission (code, partner_id, kind, source_key, program_version_id, plan_code, plan_name, title,
  base_amount, rate_percent, amount, currency, inputs, lines, earned_on, waits_for, holdback_days, created_at, status,
  held_reason, triggered_on, payable_on, paid_on, final_on, version)
SELECT 'BL-' || lpad(n::text, 8, '0'), %(first)s + n %% %(partners)s, 'first_year', 'bench:' || n, %(version)s,
  'solution_commission', 'Solution commission', 'Customer ' || n, b, 20, b / 5.0, 'USD',
  jsonb_set(%(inputs)s::jsonb, '{base_amount}', to_jsonb(b::text)), '[]', %(today)s::date - 400, 'first_payment', 30,
  %(at)s, s, '', CASE WHEN s <> 'accrued' THEN %(today)s::date - 100 END,
  CASE WHEN s <> 'accrued' THEN %(today)s::date - 70 END, CASE s WHEN 'paid' THEN %(today)s::date - 30 END,
  %(today)s::date + 100, 1
  FROM (SELECT n, 1000 + (n * 7919) %% 50000 AS b,
               CASE WHEN n %% 10 < 3 THEN 'paid' WHEN n %% 10 < 6 THEN 'payable' ELSE 'accrued' END AS s
          FROM generate_series(1, %(lines)s) AS n) AS given
"""
_RUNS = """
INSERT INTO deals_payoutrun (code, currency, through, status, minimum_amount, total_amount, includes_ended, left_out,
  note, requested_by_id, requested_at, approved_by_id, approved_at, completed_at, cancelled_reason, version)
SELECT 'BR-' || r, 'USD', %(today)s::date - 40, 'completed', 50, 0, false, '[]', '', %(finn)s, %(at)s, %(vera)s, %(at)s,
  %(at)s, '', 1
  FROM generate_series(0, %(runs)s - 1) AS r
"""
_ITEMS = """
INSERT INTO deals_payoutitem (code, run_id, partner_id, currency, amount, status, attempt, failure, paid_on, version)
SELECT 'BI-' || r.id || '-' || c.partner_id, r.id, c.partner_id, 'USD', sum(c.amount), 'paid', 1, '',
  %(today)s::date - 30, 1
  FROM deals_commission c JOIN deals_payoutrun r ON r.code = 'BR-' || c.id %% %(runs)s
 WHERE c.status = 'paid' GROUP BY r.id, c.partner_id
"""
_PAYOUT_LINES = """
INSERT INTO deals_payoutline (item_id, commission_id, partner_id, amount, is_void)
SELECT i.id, c.id, c.partner_id, c.amount, false
  FROM deals_commission c JOIN deals_payoutrun r ON r.code = 'BR-' || c.id %% %(runs)s
  JOIN deals_payoutitem i ON i.run_id = r.id AND i.partner_id = c.partner_id
 WHERE c.status = 'paid'
"""
_TOTALS = """
UPDATE deals_payoutrun r SET total_amount = (SELECT coalesce(sum(amount), 0) FROM deals_payoutitem WHERE run_id = r.id)
"""
_TRANSACTIONS = """
INSERT INTO deals_ledgertransaction (code, kind, source_key, posted_on, by, memo, created_at)
SELECT 'BT-' || row_number() OVER (ORDER BY key), kind, key, %(today)s::date - 300, 'system:bench', '', %(at)s
  FROM (SELECT 'accrual' AS kind, 'accrual:' || code AS key FROM deals_commission
         UNION ALL SELECT 'release', 'release:' || code FROM deals_commission WHERE status <> 'accrued'
         UNION ALL SELECT 'payout', 'payout:' || code || ':1' FROM deals_payoutitem
         UNION ALL SELECT 'payment', 'payment:' || code || ':1' FROM deals_payoutitem) AS facts
"""
_ENTRIES = """
INSERT INTO deals_ledgerentry (transaction_id, account, partner_id, commission_id, item_id, currency, amount)
SELECT t.id, w.account, c.partner_id, c.id, i.id, 'USD', c.amount * w.sign
  FROM deals_commission c
  LEFT JOIN deals_payoutline l ON l.commission_id = c.id
  LEFT JOIN deals_payoutitem p ON p.id = l.item_id
  CROSS JOIN (VALUES ('accrual', 'expense', 1), ('accrual', 'accrued', -1), ('release', 'accrued', 1),
                     ('release', 'payable', -1), ('payout', 'payable', 1), ('payout', 'clearing', -1),
                     ('payment', 'clearing', 1), ('payment', 'cash', -1)) AS w (kind, account, sign)
  JOIN deals_ledgertransaction t ON t.source_key = w.kind || ':' ||
       CASE WHEN w.kind IN ('payout', 'payment') THEN p.code || ':1' ELSE c.code END
  LEFT JOIN deals_payoutitem i ON i.id = p.id AND w.kind IN ('payout', 'payment')
"""
_HISTORY = """
INSERT INTO core_auditentry (at, code, actor_kind, actor_role, job, ref_kind, ref_code, changes, reason, request_id,
  organization_id)
SELECT %(at)s, 'deals.commission.accrued', 'system', '', 'bench', 'deals.commission', code,
  jsonb_build_object('amount', amount::text, 'currency', currency, 'status', 'accrued'), '', '', partner_id
  FROM deals_commission
"""
_ACCOUNTS = """
INSERT INTO deals_payoutdetails (code, partner_id, method, account_holder, country, account_sealed, account_mask,
  bank_sealed, bank_mask, tax_form, tax_id_sealed, tax_id_mask, notice_email, created_by_id, created_at)
SELECT 'BD-' || n, %(first)s + n, 'ach', 'Bench', 'US', 'sealed', '•••', '', '', 'vat', 'sealed', '•••',
  'money@bench.example', %(finn)s, %(at)s
  FROM generate_series(0, %(partners)s - 1) AS n
"""
_STATEMENTS = (
    _LINES, _RUNS, _ITEMS, _PAYOUT_LINES, _TOTALS, _TRANSACTIONS, _ENTRIES, _HISTORY, _ACCOUNTS,
)  # fmt: skip
