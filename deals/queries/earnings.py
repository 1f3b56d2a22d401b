"""What partners earned, what is coming and what they were paid: the one source of these figures.

Pages, statements, packs and exports all read here, so that no two places can show two different figures (M12). Amounts
stay in the deal's currency and are never added across currencies. Balances are sums of ledger entries, nothing is
stored. Each function is one statement, however many partners it is asked for; ``partner_ids`` None means all.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from deals.rules.clawbacks import share
from partners.models import ProgramVersion
from partners.queries.program import incentive_terms
from prm.core.money import round_money
from prm.core.queries.rows import dict_rows

ZERO = Decimal(0)


@dataclass(frozen=True)
class Balance:
    """One partner's account in one currency. ``earned − clawed_back`` equals what is owed and what was paid.

    ``accrued`` waits for the customer or the holdback, ``payable`` is due, ``clearing`` is on its way by a run. Payable
    may be below zero: more was taken back than was left, and later payouts make up for it. ``held`` is the part of
    accrued and payable that is kept out of runs. Void lines count nowhere.
    """

    accrued: Decimal = ZERO
    payable: Decimal = ZERO
    clearing: Decimal = ZERO
    paid: Decimal = ZERO
    earned: Decimal = ZERO
    clawed_back: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def owed(self) -> Decimal:
        """What we owe the partner; below zero it owes us."""
        return self.accrued + self.payable + self.clearing


def balances(partner_ids: Iterable[int] | None = None) -> dict[tuple[int, str], Balance]:
    """Balances by partner and currency."""
    return {
        (row.pop("partner_id"), row.pop("currency")): Balance(**row)
        for row in dict_rows(_BALANCES, {"ids": _ids(partner_ids)})
    }


@dataclass(frozen=True)
class Coming:
    """Money that becomes payable on a day, or (``on`` None) once the customer has done what ``waits_for`` says.

    Clawbacks and adjustments of lines that still wait are counted in. ``held`` lines are left out of it and given as
    an amount of their own.
    """

    partner_id: int
    currency: str
    on: date | None
    waits_for: str
    amount: Decimal
    held: Decimal
    lines: int


def coming(partner_ids: Iterable[int] | None = None) -> list[Coming]:
    """What is accrued, by the day on which it becomes payable, soonest first; what has no day yet comes last."""
    return [Coming(**row) for row in dict_rows(_COMING, {"ids": _ids(partner_ids)})]


@dataclass(frozen=True)
class Exposure:
    """What may still have to be paid, and what would come back if every customer within its window left today."""

    accrued: Decimal
    payable: Decimal
    clearing: Decimal
    at_risk: Decimal


def exposure(*, on: date, partner_ids: Iterable[int] | None = None) -> dict[str, Exposure]:
    """Exposure on a day by currency.

    At risk: what is left of lines that are payable, in a payout or paid, times the share that a cancellation on the
    day would take back under the terms signed. Only the program versions of such lines are read in addition.
    """
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    versions: dict[int, ProgramVersion] = {}
    for row in dict_rows(_EXPOSURE, {"ids": _ids(partner_ids), "on": on}):
        total = sums[row["currency"]]
        if row["account"]:
            total[row["account"]] += row["amount"]
            continue
        version_id = row["program_version_id"]
        if version_id not in versions:
            versions[version_id] = ProgramVersion.objects.defer("source_text").get(pk=version_id)
        part = share(row["days"], incentive_terms(versions[version_id]).clawback)
        total["at_risk"] += round_money(part * Fraction(row["amount"]), row["currency"])
    return {
        currency: Exposure(total["accrued"], total["payable"], total["clearing"], total["at_risk"])
        for currency, total in sorted(sums.items())
    }


@dataclass(frozen=True)
class Month:
    """One month in one currency: earned and taken back by the day it was earned, paid by the day it was paid."""

    month: date
    currency: str
    earned: Decimal
    clawed_back: Decimal
    paid: Decimal


def by_month(*, since: date, until: date, partner_ids: Iterable[int] | None = None) -> list[Month]:
    """Earned and paid by month, oldest first; months in which nothing happened are left out. Both days inclusive."""
    rows = dict_rows(_BY_MONTH, {"ids": _ids(partner_ids), "since": since, "until": until})
    return [Month(**row) for row in rows]


def _ids(partner_ids: Iterable[int] | None) -> list[int] | None:
    return None if partner_ids is None else list(partner_ids)


_OF = "(%(ids)s::bigint[] IS NULL OR partner_id = ANY(%(ids)s))"

_BALANCES = f"""
SELECT partner_id, currency,
       -coalesce(sum(amount) FILTER (WHERE account = 'accrued'), 0) AS accrued,
       -coalesce(sum(amount) FILTER (WHERE account = 'payable'), 0) AS payable,
       -coalesce(sum(amount) FILTER (WHERE account = 'clearing'), 0) AS clearing,
       -coalesce(sum(amount) FILTER (WHERE account = 'cash'), 0) AS paid,
       coalesce(sum(amount) FILTER (WHERE account = '*earned'), 0) AS earned,
       -coalesce(sum(amount) FILTER (WHERE account = '*clawed_back'), 0) AS clawed_back,
       coalesce(sum(amount) FILTER (WHERE account = '*held'), 0) AS held
  FROM (SELECT partner_id, currency, account, amount FROM deals_ledgerentry WHERE {_OF}
        UNION ALL
        SELECT partner_id, currency, CASE kind WHEN 'clawback' THEN '*clawed_back' ELSE '*earned' END, amount
          FROM deals_commission WHERE {_OF} AND status <> 'void'
        UNION ALL
        SELECT partner_id, currency, '*held', amount
          FROM deals_commission WHERE {_OF} AND status IN ('accrued', 'payable') AND held_reason <> '') AS counted
 GROUP BY partner_id, currency
 ORDER BY partner_id, currency
"""  # noqa: S608 - only a constant of ours is put in

_COMING = f"""
SELECT partner_id, currency, payable_on AS on,
       CASE WHEN payable_on IS NULL THEN waits_for ELSE '' END AS waits_for,
       coalesce(sum(amount) FILTER (WHERE held_reason = ''), 0) AS amount,
       coalesce(sum(amount) FILTER (WHERE held_reason <> ''), 0) AS held,
       count(*) AS lines
  FROM deals_commission
 WHERE {_OF} AND status = 'accrued'
 GROUP BY 1, 2, 3, 4
HAVING sum(amount) <> 0
 ORDER BY payable_on NULLS LAST, partner_id, currency
"""  # noqa: S608

_EXPOSURE = f"""
SELECT currency, account, NULL::bigint AS program_version_id, NULL::integer AS days, -sum(amount) AS amount
  FROM deals_ledgerentry
 WHERE {_OF} AND account IN ('accrued', 'payable', 'clearing')
 GROUP BY currency, account
UNION ALL
SELECT c.currency, '', t.program_version_id, greatest(%(on)s::date - k.started_on, 0),
       sum(c.amount + coalesce(taken.amount, 0))
  FROM deals_commission c
  JOIN deals_contract k ON k.id = c.contract_id
  JOIN deals_earningterms t ON t.contract_id = c.contract_id AND t.partner_id = c.partner_id
  LEFT JOIN LATERAL (SELECT sum(o.amount) AS amount FROM deals_commission o
                      WHERE o.origin_id = c.id AND o.amount < 0 AND o.status <> 'void') AS taken ON true
 WHERE (%(ids)s::bigint[] IS NULL OR c.partner_id = ANY(%(ids)s)) AND c.amount > 0
   AND c.status IN ('payable', 'in_payout', 'paid') AND k.status = 'active'
 GROUP BY 1, 2, 3, 4
"""  # noqa: S608

_BY_MONTH = f"""
SELECT month, currency, sum(earned) AS earned, sum(clawed_back) AS clawed_back, sum(paid) AS paid
  FROM (SELECT date_trunc('month', earned_on)::date AS month, currency,
               CASE WHEN kind <> 'clawback' THEN amount ELSE 0 END AS earned,
               CASE WHEN kind = 'clawback' THEN -amount ELSE 0 END AS clawed_back, 0 AS paid
          FROM deals_commission
         WHERE {_OF} AND status <> 'void' AND earned_on BETWEEN %(since)s AND %(until)s
        UNION ALL
        SELECT date_trunc('month', paid_on)::date, currency, 0, 0, amount
          FROM deals_commission
         WHERE {_OF} AND status IN ('paid', 'final') AND paid_on BETWEEN %(since)s AND %(until)s) AS counted
 GROUP BY month, currency
 ORDER BY month, currency
"""  # noqa: S608
