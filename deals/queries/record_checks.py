"""The invariants of records around the money: history, accounts and credit, rows that lead to others (I9, I10, I12)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Field, Model

from deals.queries.offenders import Finding, counted, named, together
from deals.rules import earning_states, states
from partners.models import Partner
from prm.core.models import Organization
from prm.core.transitions import Transitions

_OF_PARTNER = "JOIN core_organization o ON o.id = "


@dataclass(frozen=True)
class Trace:
    """A line of history that a row in some state must have: by this person, at this moment.

    SQL fragments about ``x``, the row. ``who`` and ``moment`` are null where history alone knows them.
    """

    table: str
    kind: str
    code: str
    when: str
    who: str = "NULL"
    moment: str = "NULL"
    ref: str = "x.code"
    partner: str = "NULL"
    more: str = ""

    @property
    def sql(self) -> str:
        """Rows without their line."""
        who = f"AND a.actor_user_id IS NOT DISTINCT FROM {self.who}" if self.who != "NULL" else ""
        moment = f"AND a.at = {self.moment}" if self.moment != "NULL" else ""
        more = f"AND {self.more}" if self.more else ""
        return f"""
        SELECT 'unrecorded' AS problem, {self.ref} AS what, o.code AS partner, NULL AS currency, NULL::numeric AS found,
               NULL::numeric AS expected, {self.code} AS detail
          FROM {self.table} x LEFT JOIN core_organization o ON o.id = {self.partner}
         WHERE {self.when} AND NOT EXISTS (
               SELECT FROM core_auditentry a WHERE a.ref_kind = '{self.kind}' AND a.ref_code = {self.ref}
                  AND a.code = {self.code} {who} {moment} {more})"""  # noqa: S608 - fragments of ours


def _deal(code: str, when: str, who: str = "NULL", moment: str = "NULL") -> Trace:
    kind = code.rpartition(".")[0]
    table = f"deals_{kind.rpartition('.')[2]}"
    return Trace(table, kind, f"'{code}'", when, who, moment, partner="x.partner_id")


TRACES = (
    _deal("deals.registration.approved", "x.status IN ('approved', 'expired', 'won')", "x.decided_by_id",
          "x.decided_at"),
    _deal("deals.registration.rejected", "x.status = 'rejected'", "x.decided_by_id", "x.decided_at"),
    _deal("deals.registration.expired", "x.status = 'expired'", moment="x.closed_at"),
    _deal("deals.registration.won", "x.status = 'won'", moment="x.closed_at"),
    _deal("deals.registration.lost", "x.status = 'lost'", moment="x.closed_at"),
    _deal("deals.referral.accepted", "x.status IN ('accepted', 'qualified', 'won')", "x.decided_by_id", "x.decided_at"),
    _deal("deals.referral.declined", "x.status = 'declined'", "x.decided_by_id", "x.decided_at"),
    # a direct deal with a number from outside came in by a file, which says so once more with each change
    _deal("deals.opportunity.won",
          "x.status = 'won' AND x.origin <> 'import' AND NOT (x.origin = 'direct' AND x.external_id IS NOT NULL)"),
    _deal("deals.opportunity.imported", "x.origin = 'direct' AND x.external_id IS NOT NULL"),
    Trace("deals_verdict", "deals.opportunity", "'deals.verdict.overruled'", "x.is_overruled", "x.judged_by_id",
          ref="(SELECT d.code FROM deals_opportunity d WHERE d.id = x.opportunity_id)", partner="x.partner_id"),
    Trace("deals_contract", "deals.contract", "'deals.contract.signed'", "true", moment="x.created_at"),
    Trace("deals_contractevent", "deals.contract", "'deals.contract.' || x.kind", "true", "x.recorded_by_id",
          "x.created_at", ref="(SELECT k.code FROM deals_contract k WHERE k.id = x.contract_id)",
          more="a.changes->>'event' = x.code"),
    Trace("deals_commission", "deals.commission", "'deals.commission.' || CASE x.kind WHEN 'clawback'"
          " THEN 'clawed_back' WHEN 'adjustment' THEN 'adjusted' ELSE 'accrued' END", "true", moment="x.created_at",
          partner="x.partner_id"),
    # Payable from the start, or released by a night.
    Trace("deals_commission", "deals.commission", "'deals.commission.payable'",
          "x.status IN ('payable', 'in_payout', 'paid', 'final') AND NOT EXISTS (SELECT FROM core_auditentry b"
          " WHERE b.ref_kind = 'deals.commission' AND b.ref_code = x.code AND b.changes->>'status' = 'payable')",
          partner="x.partner_id"),
    _deal("deals.commission.final", "x.status = 'final'"),
    _deal("deals.commission.voided", "x.status = 'void'"),
    _deal("deals.commission.held", "x.held_reason <> ''"),
    Trace("deals_payoutrun", "deals.payout_run", "'deals.payout_run.requested'", "true", "x.requested_by_id",
          "x.requested_at"),
    Trace("deals_payoutrun", "deals.payout_run", "'deals.payout_run.approved'", "x.approved_at IS NOT NULL",
          "x.approved_by_id", "x.approved_at"),
    Trace("deals_payoutrun", "deals.payout_run", "'deals.payout_run.completed'", "x.status = 'completed'",
          moment="x.completed_at"),
    Trace("deals_payoutrun", "deals.payout_run", "'deals.payout_run.cancelled'", "x.status = 'cancelled'",
          moment="x.cancelled_at"),
    Trace("deals_payoutitem", "deals.payout", "'deals.payout.prepared'", "x.attempt > 0", partner="x.partner_id",
          more="(a.changes->>'attempt')::int = x.attempt"),
    Trace("deals_payoutitem", "deals.payout", "'deals.payout.paid'", "x.status = 'paid'", partner="x.partner_id",
          more="a.changes->>'paid_on' = x.paid_on::text"),
    Trace("deals_payoutitem", "deals.payout", "'deals.payout.failed'", "x.status = 'failed'", partner="x.partner_id"),
    Trace("deals_payoutdetails", "deals.payout_details", "'deals.payout_details.' || CASE WHEN EXISTS (SELECT FROM"
          " deals_payoutdetails b WHERE b.partner_id = x.partner_id AND b.id < x.id) THEN 'changed' ELSE 'entered' END",
          "true", "x.created_by_id", "x.created_at", partner="x.partner_id"),
    Trace("deals_dispute", "deals.dispute", "'deals.dispute.opened'", "true", "x.opened_by_id", "x.opened_at",
          partner="x.partner_id"),
    Trace("deals_dispute", "deals.dispute", "CASE x.status WHEN 'withdrawn' THEN 'deals.dispute.withdrawn'"
          " ELSE 'deals.dispute.settled' END", "x.status <> 'open'", "x.settled_by_id", "x.settled_at",
          partner="x.partner_id"),
    Trace("deals_ledgerclose", "deals.ledger_close", "'deals.ledger.closed'", "true", "x.closed_by_id", "x.closed_at",
          ref="x.closed_until::text"),
)  # fmt: skip

_IN_ORDER = """
SELECT 'out_of_order' AS problem, code AS what, NULL AS partner, NULL AS currency, NULL::numeric AS found,
       NULL::numeric AS expected, 'approved before it was requested' AS detail
  FROM deals_payoutrun WHERE approved_at < requested_at OR completed_at < approved_at OR cancelled_at < requested_at
 UNION ALL
SELECT 'out_of_order', code, NULL, NULL, NULL, NULL, 'decided before it was sent in'
  FROM deals_registration WHERE decided_at < submitted_at
 UNION ALL
SELECT 'out_of_order', code, NULL, NULL, NULL, NULL, 'settled before it was opened'
  FROM deals_dispute WHERE settled_at < opened_at
 UNION ALL
SELECT 'out_of_order', i.code, NULL, NULL, NULL, NULL, 'paid before the run was approved'
  FROM deals_payoutitem i JOIN deals_payoutrun r ON r.id = i.run_id
  JOIN core_auditentry a ON a.ref_kind = 'deals.payout' AND a.ref_code = i.code AND a.code = 'deals.payout.paid'
 WHERE i.status = 'paid' AND a.at < r.approved_at
"""
TABLES = {
    "deals.registration": states.REGISTRATION,
    "deals.referral": states.REFERRAL,
    "deals.commission": earning_states.COMMISSION,
    "deals.payout_run": earning_states.PAYOUT_RUN,
    "deals.dispute": earning_states.DISPUTE,
}


def history_is_complete() -> Finding:
    """I9: each state has its line in history, by the same person at the same moment, and came by a step that exists."""
    traces = together(named(trace.sql) for trace in TRACES)
    steps = named(
        """
        SELECT 'illegal_step' AS problem, a.ref_code AS what, o.code AS partner, NULL AS currency,
               NULL::numeric AS found, NULL::numeric AS expected,
               (a.changes->'status'->>0) || ' → ' || (a.changes->'status'->>1) AS detail
          FROM core_auditentry a LEFT JOIN core_organization o ON o.id = a.organization_id
         WHERE a.ref_kind = ANY (%(kinds)s) AND jsonb_typeof(a.changes->'status') = 'array'
           AND a.ref_kind || ' ' || (a.changes->'status'->>0) || ' ' || (a.changes->'status'->>1) <> ALL (%(steps)s)
        """,
        {
            "kinds": list(TABLES),
            "steps": sorted({step for kind, table in TABLES.items() for step in _steps(kind, table)}),
        },
    )
    return traces + steps + named(_IN_ORDER) + Finding(sum(counted(table) for table in {x.table for x in TRACES}), 0)


def _steps(kind: str, table: Transitions) -> Iterator[str]:
    for sources, target in table.arrows.values():
        yield from (f"{kind} {source} {target}" for source in sources)


def accounts_and_credit_are_whole() -> Finding:
    """I10: one holder of an account at a time; of a deal one source, one full commission, and credit of 100 % in all.

    Two partners may earn a whole rate each where the plan splits by credit, and together that credit is the whole.
    """
    return named(_WHOLE, seen=counted("deals_claim") + counted("deals_verdict") + counted("deals_earningterms"))


_WHOLE = f"""
SELECT 'claimed_twice' AS problem, a.code AS what, o.code AS partner, NULL AS currency, NULL::numeric AS found,
       NULL::numeric AS expected, b.code || ' ' || a.account_key AS detail
  FROM deals_claim a JOIN deals_claim b ON b.account_key = a.account_key AND b.id > a.id
   AND b.partner_id <> a.partner_id AND b.product_line && a.product_line AND b.period && a.period
  {_OF_PARTNER} a.partner_id
 UNION ALL
SELECT 'credit_differs', d.code, NULL, NULL, sum(v.credit_bps) / 100.0, 100, string_agg(v.kind, ', ' ORDER BY v.id)
  FROM deals_verdict v JOIN deals_opportunity d ON d.id = v.opportunity_id
 WHERE v.superseded_at IS NULL
 GROUP BY d.id HAVING sum(v.credit_bps) NOT IN (0, 10000)
 UNION ALL
SELECT 'sourced_twice', d.code, NULL, NULL, count(*)::numeric, 1, NULL
  FROM deals_verdict v JOIN deals_opportunity d ON d.id = v.opportunity_id
 WHERE v.superseded_at IS NULL AND v.kind = 'sourced'
 GROUP BY d.id HAVING count(*) > 1
 UNION ALL
SELECT 'earned_twice', k.code, NULL, NULL, sum(t.credit_bps) / 100.0, 100, string_agg(o.code, ', ' ORDER BY o.code)
  FROM deals_earningterms t JOIN deals_contract k ON k.id = t.contract_id
  {_OF_PARTNER} t.partner_id
 WHERE t.factor_percent = 100 AND t.plan <> '{{}}'::jsonb
 GROUP BY k.id
HAVING count(*) > 1 AND NOT (bool_and(coalesce((t.plan->>'splits_credit')::boolean, false))
                             AND sum(t.credit_bps) <= 10000)
"""  # noqa: S608

# Where a row of one partner leads to a row of another one by design, and why.
CROSSES = {
    "deals.Claim.transferred_from": "an account that changed hands names who held it before",
    "deals.Commission.opportunity": "several partners can earn on one deal; I12 asks for terms on its contract instead",
    "deals.ConflictMatch.registration": "a match names whose record stands in the way",
    "deals.ConflictMatch.referral": "a match names whose record stands in the way",
    "deals.Touch.opportunity": "several partners can work on one deal",
    "deals.Verdict.opportunity": "several partners can have a part in one deal",
}


@dataclass(frozen=True)
class Pair:
    """A foreign key between two rows that each belong to a company."""

    name: str
    table: str
    owner: str
    column: str
    target: str
    target_owner: str

    @property
    def sql(self) -> str:
        """Rows that lead to another company's row; the vendor's own rows are nobody's secret of another partner."""
        return f"""
        SELECT 'other_partner' AS problem, '{self.name} ' || x.id AS what, o.code AS partner, NULL AS currency,
               NULL::numeric AS found, NULL::numeric AS expected, p.code AS detail
          FROM {self.table} x JOIN {self.target} y ON y.id = x.{self.column}
          JOIN core_organization o ON o.id = x.{self.owner} JOIN core_organization p ON p.id = y.{self.target_owner}
         WHERE x.{self.owner} <> y.{self.target_owner} AND p.kind <> 'vendor'"""  # noqa: S608 - names of our models


def pairs() -> list[Pair]:
    """Every foreign key of ours with a company on both ends, found from the models, without those of ``CROSSES``."""
    owners = {model: owner for model in apps.get_models() if (owner := _owner(model)) is not None}
    found = [
        Pair(
            f"{model._meta.label}.{field.name}",
            model._meta.db_table,
            str(owner.column),
            str(field.column),
            target._meta.db_table,
            str(owners[target].column),
        )
        for model, owner in owners.items()
        for field in model._meta.concrete_fields
        for target in owners
        if field is not owner and field.related_model is target and not field.primary_key
    ]
    return sorted((pair for pair in found if pair.name not in CROSSES), key=lambda pair: pair.name)


def _owner(model: type[Model]) -> Field | None:
    """The field that says whose a row is: its partner, else its company. A company itself is no row of one."""
    fields = {field.name: field for field in model._meta.concrete_fields if field.is_relation}
    for name, company in (("partner", Partner), ("organization", Organization)):
        field = fields.get(name)
        if field is not None and not field.primary_key and field.related_model is company:
            return field
    return None


def rows_stay_with_their_partner() -> Finding:
    """I12: where both ends of a foreign key belong to a company, it is the same one; and who earns has terms."""
    asked = pairs()
    crossing = together(named(pair.sql) for pair in asked)
    parts = named(
        f"""
        SELECT 'no_part' AS problem, c.code AS what, o.code AS partner, c.currency, NULL::numeric AS found,
               NULL::numeric AS expected, k.code AS detail
          FROM deals_commission c JOIN deals_contract k ON k.id = c.contract_id
          {_OF_PARTNER} c.partner_id
         WHERE NOT EXISTS (SELECT FROM deals_earningterms t WHERE t.contract_id = k.id AND t.partner_id = c.partner_id)
            OR c.opportunity_id IS DISTINCT FROM k.opportunity_id
        """  # noqa: S608
    )
    return crossing + parts + Finding(sum(counted(pair.table) for pair in asked), 0, (), (("pairs", str(len(asked))),))
