"""Filling a QBR pack from the database: the only place that reads for it.

Every figure is asked once here; ``reporting.rules.pack_checks`` compares them before anything is drawn. The figures
stand as of the last day of the reviewed quarter, whatever has happened since.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, cast

from django.utils.translation import gettext

from deals.queries.earning_lines import earned_in_quarter
from partners.models import Partner, ProgramVersion, ValueRating
from partners.queries.program import (
    calendar_terms,
    health_terms,
    matrix_terms,
    term_set,
    version_at,
)
from partners.rules.growth import compare
from partners.rules.terms import ValueMatrixTerms
from partners.rules.value_matrix import recommend
from prm.core.business_time import Quarter, quarter_of, same_day_last_year
from prm.core.models import Organization
from prm.core.queries.organizations import vendor
from prm.core.queries.rows import dict_rows
from reporting.models import QbrAction, QbrPack
from reporting.queries.pack_deals import (
    deal_flow,
    lost_deals,
    open_deals,
    pipeline_of,
    revenue_of,
    stuck_deals,
    won_deals,
)
from reporting.queries.pack_standing import certificates_of, health_of, nps_of, tier_of
from reporting.rules import pack as p

ZERO = Decimal(0)


def pack_facts(pack: QbrPack, *, at: datetime) -> p.PackFacts:
    """Everything the pack of one partner and quarter prints, both versions alike; ``for_partner`` redacts."""
    partner = Partner.objects.select_related("organization", "organization__logo", "tier", "track", "owner").get(
        pk=pack.partner_id
    )
    end = pack.as_of
    version = version_at(end)
    fiscal = calendar_terms(version).fiscal_start_month
    quarter = quarter_of(end, fiscal)
    terms = _pack_terms(version)
    revenue = revenue_of(partner, end, fiscal)
    health = health_of(partner, end, health_terms(version), fiscal)
    matrix, value = _matrix(partner, end, matrix_terms(version), revenue)
    following = quarter_of(quarter.end + timedelta(days=1), fiscal)
    still_open = open_deals(partner, end, version.currency)
    qbr = term_set(version, "qbr")
    return p.PackFacts(
        vendor=_brand(vendor()),
        partner=_brand(partner.organization),
        period=p.Period(quarter.label, quarter.start, quarter.end, following.label),
        as_of=end,
        pack_date=at.date(),
        currency=version.currency,
        revenue=revenue,
        prepared_by=p.Person(
            partner.owner.name if partner.owner else vendor().name,
            gettext("Partner manager") if partner.owner else "",
        ),
        partner_type=partner.get_type_display(),
        code=pack.code,
        flow=deal_flow(partner, quarter, end),
        won=won_deals(partner, quarter),
        lost=lost_deals(partner, quarter, version.currency),
        stuck=stuck_deals(still_open, end, terms.stuck_days),
        pipeline=pipeline_of(still_open, following),
        tier=tier_of(partner, end, version),
        certificates=certificates_of(partner, end, version),
        matrix=matrix,
        nps=nps_of(partner, end, health_terms(version)),
        actions=_actions(partner, quarter),
        actions_before=_actions_before(partner, quarter),
        earned=tuple(
            p.Earned(month.currency, month.earned - month.clawed_back, month.paid)
            for month in earned_in_quarter(partner.pk, start=quarter.start, end=quarter.end)
        ),
        agenda=tuple(p.AgendaItem(item.name, item.minutes) for item in qbr.agenda),
        agenda_minutes=sum(item.minutes for item in qbr.agenda),
        health=health,
        health_shared=health_terms(version).shared_with_partners,
        recommendation=_recommendation(value, revenue, health, version),
        terms=terms,
    )


def _pack_terms(version: ProgramVersion) -> p.PackTerms:
    return p.PackTerms(
        flat_percent=health_terms(version).revenue.flat_percent, stuck_days=term_set(version, "qbr").stuck_days
    )


def _brand(organization: Organization) -> p.Brand:
    logo = organization.logo
    data = b""
    if logo is not None:
        with logo.content.open("rb") as handle:
            data = handle.read()
    return p.Brand(
        name=organization.name,
        color=organization.accent if organization.is_vendor else "",
        logo=data,
        logo_type=logo.media_type if logo else "",
    )


def _matrix(
    partner: Partner, end: date, terms: ValueMatrixTerms, revenue: p.RevenueFacts
) -> tuple[p.MatrixFacts | None, int | None]:
    values = dict(
        ValueRating.objects.filter(rated_on__lte=end)
        .order_by("partner_id", "-rated_on", "-pk")
        .distinct("partner_id")
        .values_list("partner_id", "score")
    )
    if partner.pk not in values:
        return None, None
    year = same_day_last_year(end)
    sums = {
        row["partner_id"]: row["total"]
        for row in dict_rows(
            """
            SELECT partner_id, coalesce(sum(amount_program), 0) AS total FROM deals_opportunity
             WHERE status = 'won' AND won_on > %s AND won_on <= %s AND partner_id = ANY(%s) GROUP BY 1
            """,
            [year, end, list(values)],
        )
    }
    names = dict(
        Partner.objects.active().filter(pk__in=values).exclude(pk=partner.pk).values_list("pk", "organization__name")
    )
    before = (
        ValueRating.objects.filter(partner=partner, rated_on__lte=year).order_by("-rated_on", "-pk").first()
        if revenue.t12m_prior is not None
        else None
    )
    facts = p.MatrixFacts(
        own=p.MatrixPoint(partner.organization.name, revenue.t12m, values[partner.pk]),
        others=tuple(
            p.MatrixPoint(name, sums.get(pk, ZERO), values[pk])
            for pk, name in sorted(names.items(), key=lambda i: i[1])
        ),
        before=p.MatrixPoint(partner.organization.name, revenue.t12m_prior or ZERO, before.score) if before else None,
        before_label=gettext("a year before") if before else "",
        revenue_high=terms.revenue_high,
        value_high=terms.strategic_value_high,
    )
    return facts, values[partner.pk]


def _recommendation(
    value: int | None, revenue: p.RevenueFacts, health: p.HealthFacts | None, version: ProgramVersion
) -> p.Recommendation:
    result = recommend(
        strategic_value=value,
        revenue=revenue.t12m,
        health=health.score if health else None,
        growth=compare(revenue.t12m, revenue.t12m_prior, health_terms(version).revenue),
        terms=matrix_terms(version),
    )
    return p.Recommendation(
        cast(Literal["invest", "hold", "reduce"], result.recommendation.value),
        tuple(p.Reason(line.code, dict(line.values)) for line in result.lines),
    )


def _actions(partner: Partner, quarter: Quarter) -> tuple[p.Action, ...]:
    rows = QbrAction.objects.filter(partner=partner, agreed_on__lte=quarter.end).filter(closed_on=None)
    return tuple(
        p.Action(
            row.title, cast(p.Side, row.side), row.owner_name, row.due_on, carried_over=row.agreed_on < quarter.start
        )
        for row in rows.order_by("due_on", "pk")
    )


def _actions_before(partner: Partner, quarter: Quarter) -> p.ActionsBefore | None:
    rows = list(
        QbrAction.objects.filter(partner=partner, agreed_on__lt=quarter.start)
        .exclude(closed_on__lt=quarter.start)
        .exclude(state="dropped")
        .values_list("state", flat=True)
    )
    return p.ActionsBefore(len(rows), sum(state == "done" for state in rows)) if rows else None
