"""What a partner sold, lost and has open, as a pack prints it: figures as of the end of a quarter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from deals.choices import LostReason, OpportunityStage
from deals.models import Opportunity
from deals.queries.attribution import (
    OWN_SHARE,
    OWN_VERDICT,
    PartnerParts,
    parts_of_partner,
    quarters_of_partner,
    sourced_deals,
)
from deals.queries.rates import rate_on
from deals.rules.arr import convert
from partners.models import Partner
from prm.core.business_time import Quarter, quarter_of, same_day_last_year
from prm.core.queries.rows import dict_rows
from reporting import facts as gathered
from reporting.rules import pack as p

ZERO = Decimal(0)


def _quarters_before(quarter: Quarter, count: int, fiscal: int) -> list[Quarter]:
    quarters = [quarter]
    while len(quarters) < count:
        quarters.insert(0, quarter_of(quarters[0].start - timedelta(days=1), fiscal))
    return quarters


def revenue_of(partner: Partner, end: date, fiscal: int) -> p.RevenueFacts:
    """Revenue of eight quarters and of twelve months, each asked for by itself and compared before printing."""
    quarters = _quarters_before(quarter_of(end, fiscal), 8, fiscal)
    rows = dict_rows(
        f"""
        SELECT o.won_on, o.amount_program, round(o.amount_program * {OWN_SHARE} / 10000, 4) AS sourced
          FROM deals_opportunity o {OWN_VERDICT}
         WHERE o.partner_id = %s AND o.status = 'won' AND o.won_on BETWEEN %s AND %s
        """,  # noqa: S608 - only a constant of ours is put in
        [partner.pk, quarters[0].start, quarters[-1].end],
    )
    since = [day for day in (partner.partner_since or partner.agreement_signed_on, gathered.data_since()) if day]
    known_since = max(since) if since else None

    def reaches(quarter: Quarter) -> bool:
        return known_since is not None and known_since <= quarter.end

    def total(quarter: Quarter, *, sourced: bool) -> Decimal | None:
        if not reaches(quarter):
            return None
        return sum(
            (
                row["sourced"] if sourced else row["amount_program"]
                for row in rows
                if row["won_on"] in quarter and row["amount_program"] is not None
            ),
            ZERO,
        )

    year_start = same_day_last_year(end)
    sums = dict_rows(
        f"""
        SELECT coalesce(sum(amount_program) FILTER (WHERE won_on > %(year)s), 0) AS t12m,
               coalesce(sum(round(amount_program * {OWN_SHARE} / 10000, 4)) FILTER (WHERE won_on > %(year)s), 0)
                 AS sourced,
               coalesce(sum(amount_program) FILTER (WHERE won_on <= %(year)s), 0) AS prior,
               count(*) FILTER (WHERE won_on >= %(quarter)s AND amount_program IS NULL) AS left_out
          FROM deals_opportunity o {OWN_VERDICT}
         WHERE o.partner_id = %(id)s AND o.status = 'won' AND o.won_on > %(prior)s AND o.won_on <= %(end)s
        """,  # noqa: S608 - only a constant of ours is put in
        {
            "id": partner.pk,
            "year": year_start,
            "prior": same_day_last_year(year_start),
            "quarter": quarters[-1].start,
            "end": end,
        },
    )[0]
    has_prior = known_since is not None and known_since <= quarters[0].start
    return p.RevenueFacts(
        quarters=tuple(
            p.QuarterRevenue(
                each.label,
                each.start,
                each.end,
                total(each, sourced=False),
                total(each, sourced=True),
                influenced=_influenced(parts) if reaches(each) else None,
            )
            for each, parts in zip(quarters, quarters_of_partner(partner.pk, quarters), strict=True)
        ),
        t12m=sums["t12m"],
        t12m_prior=sums["prior"] if has_prior else None,
        t12m_sourced=sums["sourced"],
        left_out=sums["left_out"],
        t12m_influenced=_influenced(parts_of_partner(partner.pk, end)),
    )


def _influenced(parts: PartnerParts) -> p.Influenced:
    return p.Influenced(parts.influenced, parts.reported, parts.influenced_deals)


_DEALS = """
WITH deal AS (
  SELECT least(coalesce((r.submitted_at AT TIME ZONE 'UTC')::date, o.engaged_on,
                        CASE WHEN o.origin = 'import' THEN DATE '0001-01-01' ELSE (o.created_at)::date END),
               coalesce(o.closed_on, DATE '9999-12-31')) AS starts,
         o.closed_on AS ends, o.status AS outcome
    FROM deals_opportunity o LEFT JOIN deals_registration r ON r.id = o.registration_id
   WHERE o.partner_id = %(id)s
  UNION ALL
  SELECT (r.submitted_at AT TIME ZONE 'UTC')::date,
         CASE WHEN r.status IN ('submitted', 'info_requested') THEN NULL
              ELSE greatest((coalesce(r.closed_at, r.decided_at, r.saved_at) AT TIME ZONE 'UTC')::date,
                            (r.submitted_at AT TIME ZONE 'UTC')::date) END,
         CASE WHEN r.status IN ('submitted', 'info_requested') THEN 'waiting' ELSE 'dropped' END
    FROM deals_registration r
   WHERE r.partner_id = %(id)s AND r.submitted_at IS NOT NULL
     AND NOT EXISTS (SELECT FROM deals_opportunity o WHERE o.registration_id = r.id)
)
"""


def deal_flow(partner: Partner, quarter: Quarter, end: date) -> p.DealFlow:
    """How many deals came, went and are there: opportunities, and registrations that have not become one."""
    year = same_day_last_year(end)
    params = {
        "id": partner.pk,
        "start": quarter.start,
        "end": quarter.end,
        "year": year,
        "prior": same_day_last_year(year),
    }
    row = dict_rows(
        _DEALS  # noqa: S608 - a constant of ours
        + """
        SELECT count(*) FILTER (WHERE starts < %(start)s AND (ends IS NULL OR ends >= %(start)s)) AS open_before,
               count(*) FILTER (WHERE starts BETWEEN %(start)s AND %(end)s) AS opened,
               count(*) FILTER (WHERE outcome = 'won' AND ends BETWEEN %(start)s AND %(end)s) AS won,
               count(*) FILTER (WHERE outcome = 'lost' AND ends BETWEEN %(start)s AND %(end)s) AS lost,
               count(*) FILTER (WHERE outcome = 'dropped' AND ends BETWEEN %(start)s AND %(end)s) AS dropped,
               count(*) FILTER (WHERE starts <= %(end)s AND (ends IS NULL OR ends > %(end)s)) AS open_after,
               count(*) FILTER (WHERE starts <= %(end)s AND (ends IS NULL OR ends > %(end)s)
                                  AND outcome IN ('waiting', 'dropped')) AS awaiting_decision,
               count(*) FILTER (WHERE outcome = 'won' AND ends > %(year)s AND ends <= %(end)s) AS won_t12m,
               count(*) FILTER (WHERE outcome = 'lost' AND ends > %(year)s AND ends <= %(end)s) AS lost_t12m,
               count(*) FILTER (WHERE outcome = 'won' AND ends > %(prior)s AND ends <= %(year)s) AS won_t12m_prior,
               count(*) FILTER (WHERE outcome = 'lost' AND ends > %(prior)s AND ends <= %(year)s) AS lost_t12m_prior
          FROM deal
        """,
        params,
    )[0]
    registered = dict_rows(
        """
        SELECT count(*) FILTER (WHERE day BETWEEN %(start)s AND %(end)s) AS registered,
               count(*) FILTER (WHERE day > %(year)s) AS registered_t12m,
               count(*) FILTER (WHERE day <= %(year)s) AS registered_t12m_prior
          FROM (SELECT (submitted_at AT TIME ZONE 'UTC')::date AS day FROM deals_registration
                 WHERE partner_id = %(id)s AND submitted_at IS NOT NULL
                UNION ALL
                SELECT (submitted_at AT TIME ZONE 'UTC')::date FROM deals_referral WHERE partner_id = %(id)s) AS sent
         WHERE day > %(prior)s AND day <= %(end)s
        """,
        params,
    )[0]
    return p.DealFlow(**row, **registered)


def won_deals(partner: Partner, quarter: Quarter) -> tuple[p.WonDeal, ...]:
    """All deals won in the quarter, largest first."""
    deals = list(
        Opportunity.objects.filter(partner=partner, status="won", won_on__gte=quarter.start, won_on__lte=quarter.end)
        .select_related("account", "product")
        .only(*_READ)
        .order_by("-amount_program", "pk")
    )
    sourced = sourced_deals(partner.pk, deals)
    return tuple(
        p.WonDeal(_customer(deal), _product(deal), deal.amount_program, deal.won_on, deal.pk in sourced)
        for deal in deals
        if deal.won_on is not None
    )


def lost_deals(partner: Partner, quarter: Quarter, currency: str) -> tuple[p.LostDeal, ...]:
    """All deals lost in the quarter, largest first."""
    deals = (
        Opportunity.objects.filter(
            partner=partner, status="lost", closed_on__gte=quarter.start, closed_on__lte=quarter.end
        )
        .select_related("account", "product")
        .only(*_READ)
        .order_by("-amount", "pk")
    )
    worth = _worth(deals, currency, quarter.end)
    return tuple(
        p.LostDeal(
            _customer(deal),
            _product(deal),
            worth[deal.pk],
            deal.closed_on,
            "",
            str(LostReason(deal.lost_reason).label) if deal.lost_reason else "",
        )
        for deal in deals
        if deal.closed_on is not None
    )


# What a pack prints of a deal; the largest partners have a thousand open ones.
_READ = (
    "amount", "amount_program", "currency", "stage", "touched_at", "engaged_on", "expected_close_on", "closed_on",
    "won_on", "lost_reason", "reported_won_at", "origin", "account__name", "product__name",
)  # fmt: skip


@dataclass(frozen=True)
class OpenDeals:
    """The deals that were open when a day ended, and what each is worth in the program's currency."""

    rows: list[Opportunity]
    worth: dict[int, Decimal | None]


def open_deals(partner: Partner, end: date, currency: str) -> OpenDeals:
    """Deals that were open when a day ended, read once for all pages of the pack."""
    rows = list(_open_at(partner, end))
    return OpenDeals(rows, _worth(rows, currency, end))


def _open_at(partner: Partner, end: date) -> QuerySet[Opportunity]:
    return (
        Opportunity.objects.filter(partner=partner)
        .filter(Q(closed_on=None) | Q(closed_on__gt=end))
        .filter(
            Q(registration__submitted_at__date__lte=end)
            | Q(registration=None, engaged_on__lte=end)
            | Q(registration=None, engaged_on=None, origin="import")
            | Q(registration=None, engaged_on=None, created_at__date__lte=end)
        )
        .select_related("account", "product")
        .only(*_READ)
    )


def stuck_deals(open_deals: OpenDeals, end: date, days: int) -> tuple[p.StuckDeal, ...]:
    """Open deals on which nothing has happened for so many days."""
    found = []
    for deal in open_deals.rows:
        touched = deal.touched_at.date() if deal.touched_at.date() <= end else None
        since = max((day for day in (touched, deal.engaged_on) if day), default=None)
        if since is not None and (end - since).days >= days:
            found.append(
                p.StuckDeal(
                    _customer(deal),
                    _product(deal),
                    open_deals.worth[deal.pk],
                    _stage_label(deal.stage),
                    (end - since).days,
                    waits_for="us" if deal.reported_won_at else None,
                )
            )
    return tuple(sorted(found, key=lambda deal: (-(deal.amount or ZERO), -deal.days_in_stage, deal.customer)))


def pipeline_of(open_deals: OpenDeals, following: Quarter) -> p.PipelineFacts:
    """Open deals by stage, in the program's currency."""
    deals, worth = open_deals.rows, open_deals.worth
    stages = []
    for stage in OpportunityStage:
        rows = [deal for deal in deals if deal.stage == stage]
        if not rows:
            continue
        amount = sum((worth[deal.pk] or ZERO for deal in rows), ZERO)
        stages.append(
            p.PipelineStage(
                stage.value,
                _stage_label(stage),
                len(rows),
                amount,
                unpriced=sum(worth[deal.pk] is None for deal in rows),
            )
        )
    next_quarter = [deal for deal in deals if deal.expected_close_on and deal.expected_close_on in following]
    return p.PipelineFacts(
        stages=tuple(stages),
        deals=len(deals),
        total=sum((worth[deal.pk] or ZERO for deal in deals), ZERO),
        due_next_quarter=sum((worth[deal.pk] or ZERO for deal in next_quarter), ZERO),
        due_next_quarter_deals=len(next_quarter),
    )


def _worth(deals: Iterable[Opportunity], currency: str, day: date) -> dict[int, Decimal | None]:
    """Deals in the program's currency: won ones at the rate kept with them, others at the rate of the day."""
    rates: dict[str, Decimal | None] = {}
    worth: dict[int, Decimal | None] = {}
    for deal in deals:
        if deal.amount_program is not None or deal.amount is None:
            worth[deal.pk] = deal.amount_program
            continue
        if deal.currency not in rates:
            rates[deal.currency] = rate_on(currency=deal.currency, to_currency=currency, day=day)
        worth[deal.pk] = convert(deal.amount, rates[deal.currency], currency)
    return worth


def _stage_label(stage: str) -> str:
    if stage == OpportunityStage.CLOSED:
        return gettext("Closed since")
    return str(OpportunityStage(stage).label)


def _customer(deal: Opportunity) -> str:
    return deal.account.name if deal.account else gettext("Unknown customer")


def _product(deal: Opportunity) -> str:
    return deal.product.name if deal.product else ""
