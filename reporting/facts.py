"""Gathering what the rules need to know about partners, set by set: the only module that joins all apps.

Each source is one SQL statement for a whole chunk of partners, so the number of statements does not grow with
partners. Windows follow the program rules: trailing twelve months end on the day itself and begin after the same
day a year ago; the quarter is the last complete fiscal one. Amounts are in the program's currency; a won deal
without an exchange rate is left out and counted in ``left_out``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from deals.queries.attribution import OWN_SHARE, OWN_VERDICT
from partners.choices import TierMetric
from partners.rules.health import HealthFacts
from partners.rules.terms import HealthTerms
from partners.rules.tiers import TierFacts
from prm.core.business_time import (
    Quarter,
    add_months,
    day_end,
    last_complete_quarter,
    same_day_last_year,
    same_quarter_last_year,
)
from prm.core.queries.rows import dict_rows

ZERO = Decimal(0)
CHUNK = 5000


@dataclass(frozen=True)
class Windows:
    """The periods that one night looks at. A ``*_after`` date is exclusive, every other bound inclusive."""

    as_of: date
    until: datetime
    quarter: Quarter
    year_ago: Quarter
    year_after: date
    prior_after: date
    activity_from: datetime
    activity_after: date
    nps_after: date
    weeks: int

    @classmethod
    def of(cls, as_of: date, *, time_zone: str, fiscal_start_month: int, health: HealthTerms) -> "Windows":
        """The windows of the night that follows ``as_of``."""
        quarter = last_complete_quarter(as_of, fiscal_start_month)
        year_after = same_day_last_year(as_of)
        activity_after = as_of - timedelta(days=health.activity_days)
        return cls(
            as_of=as_of,
            until=day_end(as_of, time_zone),
            quarter=quarter,
            year_ago=same_quarter_last_year(quarter, fiscal_start_month),
            year_after=year_after,
            prior_after=same_day_last_year(year_after),
            activity_from=day_end(activity_after, time_zone),
            activity_after=activity_after,
            nps_after=add_months(as_of, -health.satisfaction_months),
            weeks=health.engagement.weeks_window,
        )


@dataclass(frozen=True)
class PartnerFacts:
    """One partner as of one day: the inputs of the health and tier rules, and the sums that pages show."""

    partner_id: int
    health: HealthFacts
    tier: TierFacts
    revenue_t12m: Decimal
    revenue_prior: Decimal | None
    left_out: int


@dataclass
class Sources:
    """Raw rows by partner, one mapping per statement."""

    base: dict[int, dict] = field(default_factory=dict)
    won: dict[int, dict] = field(default_factory=dict)
    registered: dict[int, int] = field(default_factory=dict)
    referrals: dict[int, int] = field(default_factory=dict)
    portal: dict[int, dict] = field(default_factory=dict)
    nps: dict[int, dict] = field(default_factory=dict)
    certified: dict[int, dict[str, int]] = field(default_factory=dict)


def chunks(ids: Sequence[int], size: int = CHUNK) -> Iterator[list[int]]:
    """The ids in order, ``size`` at a time."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def data_since() -> date | None:
    """The first day our deals reach back to: before it "no revenue" means "no data"."""
    rows = _rows(
        "SELECT least((SELECT min(engaged_on) FROM deals_opportunity),"
        " (SELECT min(won_on) FROM deals_opportunity WHERE status = 'won'))",
        [],
    )
    return rows[0][0] if rows else None


def gather(ids: Sequence[int], windows: Windows) -> Sources:
    """Everything about a chunk of partners, in a constant number of statements."""
    ids = list(ids)
    return Sources(
        base={row["id"]: row for row in dict_rows(_BASE, {"until": windows.until, "as_of": windows.as_of, "ids": ids})},
        won={
            row["partner_id"]: row
            for row in dict_rows(
                _WON,
                {
                    "ids": ids,
                    "as_of": windows.as_of,
                    "q_start": windows.quarter.start,
                    "q_end": windows.quarter.end,
                    "y_start": windows.year_ago.start,
                    "y_end": windows.year_ago.end,
                    "year_after": windows.year_after,
                    "prior_after": min(windows.prior_after, windows.year_ago.start - timedelta(days=1)),
                    "prior_from": windows.prior_after,
                },
            )
        },
        registered=dict(
            _rows(
                _REGISTERED,
                {
                    "ids": ids,
                    "from": windows.activity_from,
                    "until": windows.until,
                    "after": windows.activity_after,
                    "as_of": windows.as_of,
                },
            )
        ),
        referrals=dict(_rows(_QUALIFIED_REFERRALS, [ids, windows.year_after, windows.as_of])),
        portal={
            row["organization_id"]: row
            for row in dict_rows(
                _PORTAL,
                {"ids": ids, "as_of": windows.as_of, "window": windows.weeks * 7, "far": 366},
            )
        },
        nps={row["partner_id"]: row for row in dict_rows(_NPS, [ids, windows.nps_after, windows.as_of])},
        certified=_certified(ids, windows),
    )


def facts_of(partner_id: int, sources: Sources, windows: Windows, *, reaches_back_to: date | None) -> PartnerFacts:
    """One partner's facts from the gathered rows.

    Raises KeyError or ValueError for a row that makes no sense; the caller skips and names the partner.
    """
    base, won = sources.base[partner_id], sources.won.get(partner_id, {})
    for name, amount in won.items():
        if isinstance(amount, Decimal) and not amount.is_finite():
            raise ValueError(f"the sum {name} of won deals is {amount}")
    nps, portal = sources.nps.get(partner_id, {}), sources.portal.get(partner_id, {})
    since = base["partner_since"] or base["agreement_signed_on"]
    starts = [day for day in (since, reaches_back_to) if day]
    known_since = max(starts) if starts else None
    has_year_ago = known_since is not None and known_since <= windows.year_ago.start
    has_prior = known_since is not None and known_since <= windows.prior_after + timedelta(days=1)
    certified = sources.certified.get(partner_id, {})
    return PartnerFacts(
        partner_id=partner_id,
        health=HealthFacts(
            at=windows.as_of,
            partner_since=base["agreement_signed_on"] or base["partner_since"],
            quarter_revenue=won.get("quarter") or ZERO,
            year_ago_revenue=(won.get("year_ago") or ZERO) if has_year_ago else None,
            deals_registered=sources.registered.get(partner_id, 0),
            has_portal_account=base["has_account"],
            portal_weeks=portal.get("weeks", 0),
            last_portal_day=portal.get("last_day"),
            nps_promoters=nps.get("promoters", 0),
            nps_detractors=nps.get("detractors", 0),
            nps_answers=nps.get("answers", 0),
            fit=base["fit"] or "",
        ),
        tier=TierFacts(
            has_agreement=base["agreement_signed_on"] is not None and base["agreement_signed_on"] <= windows.as_of,
            metrics={
                TierMetric.SOURCED_ARR: won.get("sourced_arr") or ZERO,
                TierMetric.QUALIFIED_REFERRALS: Decimal(sources.referrals.get(partner_id, 0)),
                TierMetric.LIVE_INTEGRATIONS: Decimal(base["integrations"]),
                TierMetric.CO_SOLD_DEALS: Decimal(won.get("co_sold", 0)),
            },
            certified_people=certified.get("", 0),
            certified_by_kind={kind: n for kind, n in certified.items() if kind},
        ),
        revenue_t12m=won.get("t12m") or ZERO,
        revenue_prior=(won.get("prior") or ZERO) if has_prior else None,
        left_out=won.get("left_out", 0),
    )


def _certified(ids: list[int], windows: Windows) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for partner_id, kind, people in _rows(
        _CERTIFIED, [windows.as_of, windows.as_of, windows.as_of, ids, windows.until, windows.until]
    ):
        found[partner_id][kind] = people
    return found


def _rows(sql: str, params: Any) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


_BASE = """
SELECT p.organization_id AS id, p.agreement_signed_on, p.partner_since,
       EXISTS (SELECT FROM core_membership m
                WHERE m.organization_id = p.organization_id AND m.created_at < %(until)s
                  AND (m.deactivated_at IS NULL OR m.deactivated_at >= %(until)s)) AS has_account,
       (SELECT f.rating FROM partners_fitrating f WHERE f.partner_id = p.organization_id AND f.set_on <= %(as_of)s
         ORDER BY f.set_on DESC, f.id DESC LIMIT 1) AS fit,
       (SELECT count(*) FROM partners_integration i
         WHERE i.partner_id = p.organization_id AND i.live_on <= %(as_of)s
           AND (i.ended_on IS NULL OR i.ended_on > %(as_of)s)) AS integrations
  FROM partners_partner p
 WHERE p.organization_id = ANY(%(ids)s)
"""

# What a partner sourced is its credit in deals where its verdict says so; a deal that was not judged counts by where it
# came from (deals.queries.attribution). Revenue is the partner's own deals, whatever their verdicts. Co-sold is every
# win with an attributed part of the partner, its own unjudged wins among them: in direct deals a partner has none.
_WON = f"""
WITH part AS (
  SELECT o.partner_id, o.won_on, o.amount_program, o.arr_program, TRUE AS is_own, {OWN_SHARE} AS share,
         (v.id IS NULL OR v.kind <> 'not_attributed') AS is_attributed
    FROM deals_opportunity o {OWN_VERDICT}
   WHERE o.status = 'won' AND o.partner_id = ANY(%(ids)s) AND o.won_on > %(prior_after)s AND o.won_on <= %(as_of)s
  UNION ALL
  SELECT v.partner_id, o.won_on, o.amount_program, o.arr_program, FALSE,
         CASE WHEN v.kind = 'sourced' THEN v.credit_bps ELSE 0 END, TRUE
    FROM deals_verdict v
    JOIN deals_opportunity o ON o.id = v.opportunity_id AND o.partner_id IS DISTINCT FROM v.partner_id
   WHERE v.partner_id = ANY(%(ids)s) AND v.superseded_at IS NULL AND v.kind <> 'not_attributed'
     AND o.status = 'won' AND o.won_on > %(year_after)s AND o.won_on <= %(as_of)s
)
SELECT partner_id,
       sum(amount_program) FILTER (WHERE is_own AND won_on BETWEEN %(q_start)s AND %(q_end)s) AS quarter,
       sum(amount_program) FILTER (WHERE is_own AND won_on BETWEEN %(y_start)s AND %(y_end)s) AS year_ago,
       sum(amount_program) FILTER (WHERE is_own AND won_on > %(year_after)s) AS t12m,
       sum(amount_program) FILTER (WHERE is_own AND won_on > %(prior_from)s AND won_on <= %(year_after)s) AS prior,
       round(sum(arr_program * share) FILTER (WHERE won_on > %(year_after)s AND share > 0) / 10000, 4) AS sourced_arr,
       count(*) FILTER (WHERE is_attributed AND won_on > %(year_after)s) AS co_sold,
       count(*) FILTER (WHERE is_own AND won_on > %(year_after)s AND amount_program IS NULL) AS left_out
  FROM part
 GROUP BY partner_id
"""  # noqa: S608 - only constants of ours are put in

_REGISTERED = """
SELECT partner_id, count(*) FROM (
  SELECT partner_id FROM deals_registration
   WHERE partner_id = ANY(%(ids)s) AND submitted_at >= %(from)s AND submitted_at < %(until)s AND status <> 'rejected'
  UNION ALL
  SELECT partner_id FROM deals_referral
   WHERE partner_id = ANY(%(ids)s) AND submitted_at >= %(from)s AND submitted_at < %(until)s AND status <> 'declined'
  UNION ALL
  SELECT partner_id FROM deals_opportunity
   WHERE partner_id = ANY(%(ids)s) AND origin = 'import' AND is_partner_worked
     AND engaged_on > %(after)s AND engaged_on <= %(as_of)s
) AS registered GROUP BY partner_id
"""

_QUALIFIED_REFERRALS = """
SELECT partner_id, count(*) FROM deals_referral
 WHERE partner_id = ANY(%s) AND qualified_on > %s AND qualified_on <= %s
 GROUP BY partner_id
"""

_PORTAL = """
SELECT organization_id, max(day) AS last_day,
       count(DISTINCT (%(as_of)s::date - day) / 7) FILTER (WHERE %(as_of)s::date - day < %(window)s) AS weeks
  FROM core_portalday
 WHERE organization_id = ANY(%(ids)s) AND day <= %(as_of)s AND day > %(as_of)s::date - %(far)s
 GROUP BY organization_id
"""

_NPS = """
SELECT partner_id, count(*) AS answers,
       count(*) FILTER (WHERE score >= 9) AS promoters,
       count(*) FILTER (WHERE score <= 6) AS detractors
  FROM partners_npsanswer
 WHERE partner_id = ANY(%s) AND answered_on > %s AND answered_on <= %s
 GROUP BY partner_id
"""

_CERTIFIED = """
SELECT c.partner_id, coalesce(c.kind, ''), count(DISTINCT m.user_id)
  FROM training_certificate c
  JOIN core_membership m ON m.user_id = c.user_id AND m.organization_id = c.partner_id
 WHERE c.valid_from <= %s AND c.valid_until >= %s AND (c.revoked_on IS NULL OR c.revoked_on > %s)
   AND c.partner_id = ANY(%s)
   AND m.created_at < %s AND (m.deactivated_at IS NULL OR m.deactivated_at >= %s)
 GROUP BY GROUPING SETS ((c.partner_id), (c.partner_id, c.kind))
"""
