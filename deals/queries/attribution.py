"""Which revenue partners sourced, influenced and were involved in: the only source of these figures.

Everything rests on *parts*: one row for each won deal and partner with a part in it. A deal that was judged has the
verdicts in force; one that was not yet counts by where it came from, wholly sourced by its partner (program rules §2).
Revenue is in the program's currency; a deal without a rate is left out and counted.

- **Sourced** is a partner's credit in the deals that it sourced, in full.
- **Influenced** is its credit in the deals that it influenced; the *reported* part is what the terms of the deal's day
  let count (25 %).
- **Involved** is the whole amount of every deal with any touch or attributed part of a partner, each deal once. A deal
  of two partners therefore stands in both their rows and once in the total.

All shares are of total revenue, direct deals included. Source: program rules §4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from deals.choices import OpportunityStatus, VerdictKind
from deals.models import Opportunity, Touch, Verdict
from deals.rules.targets import distance
from partners.models import ProgramVersion, Tier
from partners.queries import program as programs
from partners.rules.attribution_terms import AttributionTerms, PercentRange
from prm.core.actors import Actor
from prm.core.business_time import Quarter, quarter_of, same_day_last_year
from prm.core.money import percent_of
from prm.core.queries.rows import dict_rows

ZERO = Decimal(0)
WHOLE = 10_000

# Where a deal that was not judged came from, said of a table called "o".
UNJUDGED_SOURCED = "(o.origin IN ('registration', 'referral') OR (o.origin = 'import' AND o.is_partner_worked))"

# What of a deal its own partner sourced, in basis points: by its verdict ("v"), or while there is none by its origin.
OWN_VERDICT = (
    "LEFT JOIN deals_verdict v ON v.opportunity_id = o.id AND v.partner_id = o.partner_id AND v.superseded_at IS NULL"
)
OWN_SHARE = (
    f"(CASE WHEN v.id IS NULL THEN CASE WHEN {UNJUDGED_SOURCED} THEN {WHOLE} ELSE 0 END"
    " WHEN v.kind = 'sourced' THEN v.credit_bps ELSE 0 END)"
)

# Bounds: won after %(after)s, until %(until)s inclusive.
PARTS = f"""
SELECT o.id AS deal_id, v.partner_id, v.kind, v.credit_bps, v.program_version_id AS version_id, o.won_on,
       o.amount_program AS amount, o.arr_program AS arr,
       (v.kind <> 'not_attributed' OR EXISTS (
         SELECT FROM deals_touch t
          WHERE t.opportunity_id = o.id AND t.partner_id = v.partner_id AND t.struck_at IS NULL)) AS is_involved
  FROM deals_opportunity o
  JOIN deals_verdict v ON v.opportunity_id = o.id AND v.superseded_at IS NULL
 WHERE o.status = 'won' AND o.won_on > %(after)s AND o.won_on <= %(until)s
UNION ALL
SELECT o.id, o.partner_id, 'sourced', {WHOLE}, NULL, o.won_on, o.amount_program, o.arr_program, TRUE
  FROM deals_opportunity o
 WHERE o.status = 'won' AND o.won_on > %(after)s AND o.won_on <= %(until)s
   AND o.partner_id IS NOT NULL AND {UNJUDGED_SOURCED}
   AND NOT EXISTS (SELECT FROM deals_verdict v WHERE v.opportunity_id = o.id AND v.superseded_at IS NULL)
"""  # noqa: S608 - only constants of ours are put in

_SUMS = """
       coalesce(sum(amount * credit_bps) FILTER (WHERE kind = 'sourced'), 0) / 10000 AS sourced,
       coalesce(sum(amount * credit_bps) FILTER (WHERE kind = 'influenced'), 0) / 10000 AS influenced,
       coalesce(sum(amount * credit_bps * coalesce(t.percent, 0)) FILTER (WHERE kind = 'influenced'), 0) / 1000000
         AS reported,
       count(DISTINCT deal_id) FILTER (WHERE kind = 'sourced') AS sourced_deals,
       count(DISTINCT deal_id) FILTER (WHERE kind = 'influenced') AS influenced_deals
"""


@dataclass(frozen=True)
class Period:
    """The won dates that a report looks at, both inclusive."""

    start: date
    end: date

    @property
    def bounds(self) -> dict[str, date]:
        """For SQL: the day before the first, and the last."""
        return {"after": self.start - timedelta(days=1), "until": self.end}


@dataclass(frozen=True)
class Figures:
    """Revenue of one partner, tier, quarter, or of all. ``revenue`` is the base of every share."""

    key: str
    label: str
    revenue: Decimal
    sourced: Decimal = ZERO
    influenced: Decimal = ZERO
    reported: Decimal = ZERO
    involved: Decimal = ZERO
    deals: int = 0
    sourced_deals: int = 0
    influenced_deals: int = 0
    involved_deals: int = 0
    left_out: int = 0

    @property
    def sourced_percent(self) -> Decimal | None:
        """The share of revenue that was sourced; None without revenue."""
        return percent_of(self.sourced, self.revenue)

    @property
    def reported_percent(self) -> Decimal | None:
        """The share that influenced revenue has at its reporting credit."""
        return percent_of(self.reported, self.revenue)

    @property
    def involved_percent(self) -> Decimal | None:
        """The share of revenue with any part of a partner."""
        return percent_of(self.involved, self.revenue)


@dataclass(frozen=True)
class Report:
    """The figures of a period: the whole, and one page of its rows with how many there are."""

    period: Period
    terms: AttributionTerms
    currency: str
    total: Figures
    rows: Sequence[Figures]
    count: int

    @property
    def sourced_delta(self) -> Decimal | None:
        """Points from the target of sourced revenue; None without revenue."""
        return _delta(self.total.sourced_percent, self.terms.sourced_target)

    @property
    def involved_delta(self) -> Decimal | None:
        """Points from the target of partner-involved revenue; None without revenue."""
        return _delta(self.total.involved_percent, self.terms.involved_target)


def period_named(name: str, today: date, fiscal_start_month: int) -> Period:
    """A period up to ``today`` by its name: 12m (also for any unknown name), quarter, last_quarter, year, last_year."""
    quarter = quarter_of(today, fiscal_start_month)
    start = today.replace(month=fiscal_start_month, day=1)
    start = start if start <= today else start.replace(year=start.year - 1)
    match name:
        case "quarter":
            return Period(quarter.start, today)
        case "last_quarter":
            before = quarter_of(quarter.start - timedelta(days=1), fiscal_start_month)
            return Period(before.start, before.end)
        case "year":
            return Period(start, today)
        case "last_year":
            return Period(start.replace(year=start.year - 1), start - timedelta(days=1))
    return Period(same_day_last_year(today) + timedelta(days=1), today)


def _delta(percent: Decimal | None, target: PercentRange) -> Decimal | None:
    return None if percent is None else distance(percent, target)


def tier_numbered(pk: int) -> Tier | None:
    """A tier by its key. Tiers belong to the program, so everybody who may read the report may name one."""
    return Tier.objects.filter(pk=pk).first()


# --- Who is on a deal ---------------------------------------------------------------------------------------------


def deals_with_part(actor: Actor) -> QuerySet[Opportunity]:
    """For a partner's person: its company's own deals and those with a standing touch of it. For staff: all."""
    if not actor.is_partner:
        return Opportunity.objects.visible_to(actor)
    touched = Touch.objects.visible_to(actor).standing().filter(opportunity=OuterRef("pk"))
    return Opportunity.objects.filter(Q(partner_id=actor.organization_id) | Q(Exists(touched)))


def is_on_deal(actor: Actor, opportunity: Opportunity) -> bool:
    """Whether a partner's person may see and add what the company did for this deal."""
    return deals_with_part(actor).filter(pk=opportunity.pk).exists()


# --- The report ---------------------------------------------------------------------------------------------------


def report(
    period: Period,
    *,
    by: str,
    at_version: ProgramVersion,
    partner_id: int | None = None,
    tier_id: int | None = None,
    first: int = 0,
    size: int | None = None,
) -> Report:
    """Sourced, influenced and involved revenue of a period ``by`` partner, tier or quarter, in at most four statements.

    ``partner_id`` and ``tier_id`` narrow whose parts are counted; the base stays all revenue. Rows of partners are in
    the order of their sourced revenue, ``size`` of them from ``first`` on; tiers by rank, quarters by date.
    """
    terms = programs.attribution_terms(at_version)
    params = _params(period, partner_id, tier_id)
    quarters = _quarters(period, programs.calendar_terms(at_version).fiscal_start_month)
    base = _base(period, quarters)
    total = _total(params, base)
    rows: list[Figures]
    if by == "quarter":
        rows, count = _by_quarter(params, quarters, base)
    elif by == "tier":
        rows, count = _by_tier(params, total.revenue)
    else:
        rows, count = _by_partner(params, total.revenue, first, size)
    return Report(period, terms, at_version.currency, total, rows, count)


def _params(period: Period, partner_id: int | None, tier_id: int | None) -> dict[str, Any]:
    versions = ProgramVersion.objects.published().defer("source_text")
    percents = {each.pk: programs.attribution_terms(each).influenced_report_percent for each in versions}
    return {
        **period.bounds,
        "partner": partner_id,
        "tier": tier_id,
        "versions": list(percents),
        "percents": list(percents.values()),
    }


_NARROWED = f"""
WITH parts AS ({PARTS}),
terms AS (SELECT * FROM unnest(%(versions)s::bigint[], %(percents)s::numeric[]) AS t(id, percent)),
mine AS (
  SELECT parts.*, p.tier_id, p.code AS partner_code, g.name AS partner_name
    FROM parts
    JOIN partners_partner p ON p.organization_id = parts.partner_id
    JOIN core_organization g ON g.id = parts.partner_id
   WHERE (%(partner)s::bigint IS NULL OR parts.partner_id = %(partner)s)
     AND (%(tier)s::bigint IS NULL OR p.tier_id = %(tier)s)
     AND amount IS NOT NULL
)
"""  # noqa: S608 - only constants of ours are put in


def _total(params: Mapping[str, Any], base: Mapping[int, dict]) -> Figures:
    row = dict_rows(
        f"""{_NARROWED}
        SELECT {_SUMS},
               (SELECT coalesce(sum(amount), 0) FROM (
                  SELECT DISTINCT deal_id, amount FROM mine WHERE is_involved) AS d) AS involved,
               (SELECT count(DISTINCT deal_id) FROM mine WHERE is_involved) AS involved_deals
          FROM mine LEFT JOIN terms t ON t.id = mine.version_id""",  # noqa: S608 - only constants of ours are put in
        params,
    )[0]
    return Figures(
        key="",
        label="",
        revenue=sum((each["revenue"] for each in base.values()), ZERO),
        deals=sum(each["deals"] for each in base.values()),
        left_out=sum(each["left_out"] for each in base.values()),
        **row,
    )


def _by_partner(params: Mapping[str, Any], revenue: Decimal, first: int, size: int | None) -> tuple[list[Figures], int]:
    rows = dict_rows(
        f"""{_NARROWED}
        SELECT partner_code AS key, partner_name AS label, {_SUMS},
               coalesce(sum(amount) FILTER (WHERE is_involved), 0) AS involved,
               count(DISTINCT deal_id) FILTER (WHERE is_involved) AS involved_deals,
               count(DISTINCT deal_id) AS deals, count(*) OVER () AS rows
          FROM mine LEFT JOIN terms t ON t.id = mine.version_id
         GROUP BY partner_id, partner_code, partner_name
         ORDER BY sourced DESC, reported DESC, partner_name, partner_code
         LIMIT %(size)s OFFSET %(first)s""",  # noqa: S608 - only constants of ours are put in
        {**params, "size": size, "first": first},
    )
    count = rows[0]["rows"] if rows else 0
    return [_figures(row, revenue) for row in rows], count


def _by_tier(params: Mapping[str, Any], revenue: Decimal) -> tuple[list[Figures], int]:
    rows = dict_rows(
        f"""{_NARROWED},
        whole AS (
          SELECT tier_id, sum(amount) AS involved, count(*) AS involved_deals
            FROM (SELECT DISTINCT tier_id, deal_id, amount FROM mine WHERE is_involved) AS once GROUP BY tier_id)
        SELECT coalesce(r.code, '') AS key, coalesce(r.name, '') AS label, {_SUMS},
               coalesce(max(w.involved), 0) AS involved, coalesce(max(w.involved_deals), 0) AS involved_deals,
               count(DISTINCT deal_id) AS deals
          FROM mine LEFT JOIN terms t ON t.id = mine.version_id
          LEFT JOIN partners_tier r ON r.id = mine.tier_id
          LEFT JOIN whole w ON w.tier_id IS NOT DISTINCT FROM mine.tier_id
         GROUP BY r.id, r.code, r.name
         ORDER BY sourced DESC, r.name""",  # noqa: S608 - only constants of ours are put in
        params,
    )
    return [_figures(row, revenue) for row in rows], len(rows)


def _by_quarter(
    params: Mapping[str, Any], quarters: Sequence[Quarter], base: Mapping[int, dict]
) -> tuple[list[Figures], int]:
    rows = {
        row["place"]: row
        for row in dict_rows(
            f"""{_NARROWED},
            placed AS (SELECT mine.*, width_bucket(won_on, %(starts)s::date[]) - 1 AS place FROM mine),
            whole AS (
              SELECT place, sum(amount) AS involved, count(*) AS involved_deals
                FROM (SELECT DISTINCT place, deal_id, amount FROM placed WHERE is_involved) AS once GROUP BY place)
            SELECT placed.place, {_SUMS},
                   coalesce(max(w.involved), 0) AS involved, coalesce(max(w.involved_deals), 0) AS involved_deals
              FROM placed LEFT JOIN terms t ON t.id = placed.version_id LEFT JOIN whole w ON w.place = placed.place
             GROUP BY placed.place""",  # noqa: S608 - only constants of ours are put in
            {**params, "starts": [each.start for each in quarters]},
        )
    }
    none = dict.fromkeys(
        ("sourced", "influenced", "reported", "involved", "sourced_deals", "influenced_deals", "involved_deals"), 0
    )
    found = []
    for place, quarter in enumerate(quarters):
        whole = base.get(place, {"revenue": ZERO, "deals": 0, "left_out": 0})
        row = {name: value for name, value in rows.get(place, {"place": place} | none).items() if name != "place"}
        found.append(Figures(key=quarter.start.isoformat(), label=quarter.label, **whole, **row))
    return found, len(found)


def _quarters(period: Period, fiscal: int) -> list[Quarter]:
    """The fiscal quarters that a period touches, the first cut off at its start."""
    quarters = [quarter_of(period.start, fiscal)]
    while quarters[-1].end < period.end:
        quarters.append(quarter_of(quarters[-1].end + timedelta(days=1), fiscal))
    return quarters


def _base(period: Period, quarters: Sequence[Quarter]) -> dict[int, dict]:
    """All revenue won, direct deals included, by place of its quarter."""
    rows = dict_rows(
        """
        SELECT width_bucket(won_on, %(starts)s::date[]) - 1 AS place,
               coalesce(sum(amount_program), 0) AS revenue, count(amount_program) AS deals,
               count(*) - count(amount_program) AS left_out
          FROM deals_opportunity
         WHERE status = 'won' AND won_on > %(after)s AND won_on <= %(until)s
         GROUP BY 1
        """,
        {**period.bounds, "starts": [each.start for each in quarters]},
    )
    return {row.pop("place"): row for row in rows}


def _figures(row: dict[str, Any], revenue: Decimal) -> Figures:
    row.pop("rows", None)
    return Figures(revenue=revenue, **row)


# --- One partner --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartnerParts:
    """One partner's part in what was won: sums of the credit it has, as the pack and its page print them."""

    sourced: Decimal
    influenced: Decimal
    reported: Decimal
    sourced_deals: int
    influenced_deals: int


def parts_of_partner(partner_id: int, until: date) -> PartnerParts:
    """A partner's twelve months up to and including a day. Two statements."""
    start = same_day_last_year(until) + timedelta(days=1)
    rows = dict_rows(
        f"{_NARROWED} SELECT {_SUMS} FROM mine LEFT JOIN terms t ON t.id = mine.version_id",  # noqa: S608 - only constants of ours are put in
        _params(Period(start, until), partner_id, None),
    )
    return PartnerParts(**rows[0])


def quarters_of_partner(partner_id: int, quarters: Sequence[Quarter]) -> list[PartnerParts]:
    """A partner's quarters, one after the other without a gap. Two statements."""
    period = Period(quarters[0].start, quarters[-1].end)
    rows, _count = _by_quarter(_params(period, partner_id, None), quarters, {})
    return [
        PartnerParts(row.sourced, row.influenced, row.reported, row.sourced_deals, row.influenced_deals) for row in rows
    ]


def sourced_deals(partner_id: int, deals: Sequence[Opportunity]) -> set[int]:
    """Which of a partner's own won deals it sourced."""
    rows = dict_rows(
        f"""
        SELECT o.id FROM deals_opportunity o {OWN_VERDICT}
         WHERE o.partner_id = %(id)s AND o.id = ANY(%(deals)s)
           AND (v.kind = 'sourced' OR (v.id IS NULL AND {UNJUDGED_SOURCED}))
        """,  # noqa: S608 - only constants of ours are put in
        {"id": partner_id, "deals": [deal.pk for deal in deals]},
    )
    return {row["id"] for row in rows}


def sourced_twice(
    *, before: date, middle: date, until: date, partners: Sequence[int] | None
) -> tuple[Decimal, Decimal]:
    """Sourced revenue won after ``middle`` until ``until``, and won after ``before`` until ``middle``. One statement.

    ``partners`` narrows to these, None means all.
    """
    row = dict_rows(
        f"""
        WITH parts AS ({PARTS})
        SELECT coalesce(sum(amount * credit_bps) FILTER (WHERE won_on > %(middle)s), 0) / 10000 AS now,
               coalesce(sum(amount * credit_bps) FILTER (WHERE won_on <= %(middle)s), 0) / 10000 AS then
          FROM parts
         WHERE kind = 'sourced' AND (%(partners)s::bigint[] IS NULL OR partner_id = ANY(%(partners)s))
        """,  # noqa: S608 - only constants of ours are put in
        {
            "after": before,
            "middle": middle,
            "until": until,
            "partners": None if partners is None else list(partners),
        },
    )[0]
    return row["now"], row["then"]


# --- The deals behind a number ------------------------------------------------------------------------------------


def deals_behind(
    figure: str,
    period: Period,
    *,
    partner_id: int | None = None,
    tier_id: int | None = None,
    tier_code: str = "",
) -> QuerySet[Opportunity]:
    """The won deals that a figure (revenue, left_out, sourced, influenced, involved) adds up.

    ``tier_code`` narrows to partners of tiers called so, "none" to those without a tier.
    """
    won = Opportunity.objects.filter(status=OpportunityStatus.WON, won_on__gte=period.start, won_on__lte=period.end)
    if figure == "left_out":
        return won.filter(amount_program=None)
    won = won.exclude(amount_program=None)
    if figure not in ("sourced", "influenced", "involved"):
        return won
    judged = Verdict.objects.current().filter(opportunity=OuterRef("pk"))
    touched = Touch.objects.standing().filter(opportunity=OuterRef("pk"), partner__isnull=False)
    whose = Q()
    if partner_id is not None:
        whose &= Q(partner_id=partner_id)
    if tier_id is not None:
        whose &= Q(partner__tier_id=tier_id)
    if tier_code:
        whose &= Q(partner__tier=None) if tier_code == "none" else Q(partner__tier__code=tier_code)
    kinds = {
        "sourced": [VerdictKind.SOURCED],
        "influenced": [VerdictKind.INFLUENCED],
        "involved": [VerdictKind.SOURCED, VerdictKind.INFLUENCED],
    }[figure]
    found = Q(Exists(judged.filter(whose, kind__in=kinds)))
    if figure == "involved":
        found |= Q(Exists(judged)) & Q(Exists(touched.filter(whose)))
    if figure in ("sourced", "involved"):
        found |= ~Q(Exists(judged)) & Q(pk__in=Opportunity.objects.sourced().values("pk")) & whose
    return won.filter(found)
