"""Filling a QBR pack from the database: the only place that reads for it.

Every figure is asked once here; ``reporting.rules.pack_checks`` compares them before anything is drawn. The figures
stand as of the last day of the reviewed quarter, whatever has happened since.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext

from deals.choices import LostReason, OpportunityStage
from deals.models import Opportunity
from partners.choices import FitRating, HealthBand, HealthDimension, Trend
from partners.models import HealthScore, NpsAnswer, Partner, ProgramVersion, TierChange, TierStanding, ValueRating
from partners.queries.program import (
    benefit_values,
    calendar_terms,
    health_terms,
    ladder_terms,
    matrix_terms,
    program_of,
    term_set,
    version_at,
)
from partners.rules.growth import compare
from partners.rules.terms import HealthTerms, TierTerm, ValueMatrixTerms
from partners.rules.value_matrix import recommend
from partners.wording import benefit_text
from prm.core.business_time import Quarter, add_months, quarter_of, same_day_last_year
from prm.core.models import Organization
from prm.core.queries.organizations import vendor
from reporting import facts as gathered
from reporting.models import QbrAction, QbrPack
from reporting.rules import pack as p
from training.models import Certificate

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
    revenue = _revenue(partner, end, fiscal)
    health = _health(partner, end, health_terms(version), fiscal)
    matrix, value = _matrix(partner, end, matrix_terms(version), revenue)
    following = quarter_of(quarter.end + timedelta(days=1), fiscal)
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
        flow=_flow(partner, quarter, end),
        won=_won(partner, quarter),
        lost=_lost(partner, quarter),
        stuck=_stuck(partner, end, terms.stuck_days),
        pipeline=_pipeline(partner, quarter, following),
        tier=_tier(partner, end, version),
        certificates=_certificates(partner, end),
        matrix=matrix,
        nps=_nps(partner, end, health_terms(version)),
        actions=_actions(partner, quarter),
        actions_before=_actions_before(partner, quarter),
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


# --- Revenue and deals -----------------------------------------------------------------------------------


def _quarters_before(quarter: Quarter, count: int, fiscal: int) -> list[Quarter]:
    quarters = [quarter]
    while len(quarters) < count:
        quarters.insert(0, quarter_of(quarters[0].start - timedelta(days=1), fiscal))
    return quarters


def _revenue(partner: Partner, end: date, fiscal: int) -> p.RevenueFacts:
    quarters = _quarters_before(quarter_of(end, fiscal), 8, fiscal)
    rows = _dicts(
        f"""
        SELECT won_on, amount_program, {gathered.SOURCED} AS sourced
          FROM deals_opportunity
         WHERE partner_id = %s AND status = 'won' AND won_on BETWEEN %s AND %s
        """,  # noqa: S608 - only a constant of ours is put in
        [partner.pk, quarters[0].start, quarters[-1].end],
    )
    since = [day for day in (partner.partner_since or partner.agreement_signed_on, gathered.data_since()) if day]
    known_since = max(since) if since else None

    def total(quarter: Quarter, *, sourced: bool) -> Decimal | None:
        if known_since is None or known_since > quarter.end:
            return None
        return sum(
            (
                row["amount_program"]
                for row in rows
                if row["won_on"] in quarter and row["amount_program"] is not None and (row["sourced"] or not sourced)
            ),
            ZERO,
        )

    year_start = same_day_last_year(end)
    sums = _dicts(
        f"""
        SELECT coalesce(sum(amount_program) FILTER (WHERE won_on > %(year)s), 0) AS t12m,
               coalesce(sum(amount_program) FILTER (WHERE won_on > %(year)s AND {gathered.SOURCED}), 0) AS sourced,
               coalesce(sum(amount_program) FILTER (WHERE won_on <= %(year)s), 0) AS prior,
               count(*) FILTER (WHERE won_on >= %(quarter)s AND amount_program IS NULL) AS left_out
          FROM deals_opportunity
         WHERE partner_id = %(id)s AND status = 'won' AND won_on > %(prior)s AND won_on <= %(end)s
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
            p.QuarterRevenue(each.label, each.start, each.end, total(each, sourced=False), total(each, sourced=True))
            for each in quarters
        ),
        t12m=sums["t12m"],
        t12m_prior=sums["prior"] if has_prior else None,
        t12m_sourced=sums["sourced"],
        left_out=sums["left_out"],
    )


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


def _flow(partner: Partner, quarter: Quarter, end: date) -> p.DealFlow:
    year = same_day_last_year(end)
    params = {
        "id": partner.pk,
        "start": quarter.start,
        "end": quarter.end,
        "year": year,
        "prior": same_day_last_year(year),
    }
    row = _dicts(
        _DEALS
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
    registered = _dicts(
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


def _won(partner: Partner, quarter: Quarter) -> tuple[p.WonDeal, ...]:
    deals = (
        Opportunity.objects.filter(partner=partner, status="won", won_on__gte=quarter.start, won_on__lte=quarter.end)
        .select_related("account", "product")
        .order_by("-amount_program", "pk")
    )
    sourced = set(Opportunity.objects.sourced().filter(pk__in=[deal.pk for deal in deals]).values_list("pk", flat=True))
    return tuple(
        p.WonDeal(_customer(deal), _product(deal), deal.amount_program, deal.won_on, deal.pk in sourced)
        for deal in deals
    )


def _lost(partner: Partner, quarter: Quarter) -> tuple[p.LostDeal, ...]:
    deals = (
        Opportunity.objects.filter(
            partner=partner, status="lost", closed_on__gte=quarter.start, closed_on__lte=quarter.end
        )
        .select_related("account", "product")
        .order_by("-amount_program", "pk")
    )
    return tuple(
        p.LostDeal(
            _customer(deal),
            _product(deal),
            deal.amount_program,
            deal.closed_on,
            "",
            str(LostReason(deal.lost_reason).label) if deal.lost_reason else "",
        )
        for deal in deals
    )


def _open_at(partner: Partner, end: date):
    from django.db.models import Q

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
    )


def _stuck(partner: Partner, end: date, days: int) -> tuple[p.StuckDeal, ...]:
    found = []
    for deal in _open_at(partner, end):
        touched = deal.touched_at.date() if deal.touched_at.date() <= end else None
        since = max((day for day in (touched, deal.engaged_on) if day), default=None)
        if since is not None and (end - since).days >= days:
            found.append(
                p.StuckDeal(
                    _customer(deal),
                    _product(deal),
                    _open_amount(deal),
                    _stage_label(deal.stage),
                    (end - since).days,
                    waits_for="us" if deal.reported_won_at else None,
                )
            )
    return tuple(sorted(found, key=lambda deal: (-(deal.amount or ZERO), -deal.days_in_stage, deal.customer)))


def _pipeline(partner: Partner, quarter: Quarter, following: Quarter) -> p.PipelineFacts:
    deals = list(_open_at(partner, quarter.end))
    stages = []
    for stage in OpportunityStage:
        rows = [deal for deal in deals if deal.stage == stage]
        if not rows:
            continue
        amount = sum((_open_amount(deal) or ZERO for deal in rows), ZERO)
        stages.append(
            p.PipelineStage(
                stage.value,
                _stage_label(stage),
                len(rows),
                amount,
                unpriced=sum(_open_amount(deal) is None for deal in rows),
            )
        )
    next_quarter = [deal for deal in deals if deal.expected_close_on and deal.expected_close_on in following]
    return p.PipelineFacts(
        stages=tuple(stages),
        deals=len(deals),
        total=sum((_open_amount(deal) or ZERO for deal in deals), ZERO),
        due_next_quarter=sum((_open_amount(deal) or ZERO for deal in next_quarter), ZERO),
        due_next_quarter_deals=len(next_quarter),
    )


def _open_amount(deal: Opportunity) -> Decimal | None:
    """An open deal's amount in the program's currency; none without a rate."""
    return deal.amount_program


def _stage_label(stage: str) -> str:
    if stage == OpportunityStage.CLOSED:
        return gettext("Closed since")
    return str(OpportunityStage(stage).label)


def _customer(deal: Opportunity) -> str:
    return deal.account.name if deal.account else gettext("Unknown customer")


def _product(deal: Opportunity) -> str:
    return deal.product.name if deal.product else ""


# --- Tier, certificates, health ------------------------------------------------------------------------------


def _tier(partner: Partner, end: date, version: ProgramVersion) -> p.TierFacts | None:
    standing = (
        TierStanding.objects.filter(partner=partner, day__lte=end)
        .select_related("tier", "qualified_tier", "next_tier")
        .order_by("-day")
        .first()
    )
    if standing is None:
        return None
    ladder = ladder_terms(version, partner.track.code)
    following = ladder.above(standing.tier.code if standing.tier else None)
    changes = TierChange.objects.filter(partner=partner, changed_on__lte=end).select_related("from_tier", "to_tier")
    last = changes.order_by("-changed_on", "-pk").first()
    override = partner.overrides.filter(starts_on__lte=end, ends_on__gte=end, ended_at=None).first()
    reached = {"sourced_arr": standing.sourced_arr, "qualified_referrals": Decimal(standing.qualified_referrals)}
    return p.TierFacts(
        label=standing.tier.name if standing.tier else gettext("No tier"),
        next_label=following.name if following else None,
        since=last.changed_on if last else None,
        previous_label=last.from_tier.name if last and last.from_tier else "",
        standing=_standing_word(standing, override),
        qualified_label=standing.qualified_tier.name if standing.qualified_tier else gettext("No tier"),
        review_on=standing.review_on,
        grace_until=standing.grace_until,
        override_until=override.ends_on if override else None,
        progress_percent=standing.progress_percent if following else None,
        paths=tuple(
            p.TierPath(
                path.metric,
                _metric_label(path.metric),
                reached.get(path.metric, ZERO),
                path.threshold,
                path.metric == "sourced_arr",
            )
            for path in (following.paths if following else ())
        ),
        people=standing.certified_people,
        people_required=following.certified_people if following else 0,
        benefits=_benefits(version, partner, standing, following),
    )


def _standing_word(standing: TierStanding, override) -> str:
    if override and override.kind in {"strategic", "provisional"}:
        return override.kind
    if standing.grace_until:
        return "grace"
    return "at_risk" if standing.at_risk else "held"


def _metric_label(metric: str) -> str:
    from partners.choices import TierMetric

    return str(TierMetric(metric).label)


def _benefits(
    version: ProgramVersion, partner: Partner, standing: TierStanding, following: TierTerm | None
) -> tuple[p.BenefitChange, ...]:
    if following is None:
        return ()
    values = benefit_values(version, partner.track.code)
    now = values.get(standing.tier.code, {}) if standing.tier else {}
    then = values.get(following.code, {})
    return tuple(
        p.BenefitChange(
            entry.head.name,
            benefit_text(entry.head, now[entry.head.code], version.currency)
            if now.get(entry.head.code)
            else gettext("none"),
            benefit_text(entry.head, then[entry.head.code], version.currency),
        )
        for entry in program_of(version).benefits
        if entry.head.code in then and then[entry.head.code] != now.get(entry.head.code, "")
    )


def _certificates(partner: Partner, end: date) -> tuple[p.Certificate, ...]:
    members = partner.organization.memberships.filter(created_at__date__lte=end).exclude(deactivated_at__date__lte=end)
    rows = (
        Certificate.objects.current(end)
        .filter(partner=partner, user__memberships__in=members)
        .select_related("user")
        .order_by("valid_until", "holder_name")
        .distinct()
    )
    return tuple(
        p.Certificate(row.holder_name, row.kind.replace("_", " ").capitalize(), row.valid_until, row.user_id)
        for row in rows
    )


def _health(partner: Partner, end: date, terms: HealthTerms, fiscal: int) -> p.HealthFacts | None:
    rows = list(
        HealthScore.objects.filter(partner=partner, day__lte=end)
        .order_by("-day")
        .values(
            "day", "score", "band", "known_points", "explanation",
            *(f"{each.value}_points" for each in HealthDimension),
        )[:420]
    )  # fmt: skip
    if not rows:
        return None

    def at(day: date) -> dict | None:
        return next((row for row in rows if row["day"] <= day), None)

    now = rows[0]
    quarter = quarter_of(end, fiscal)
    before = at(quarter.start - timedelta(days=1))
    year = at(same_day_last_year(end))
    months = [_month_end(add_months(end, -n)) for n in range(12, 0, -1)] + [end]
    evidence = _evidence(now["explanation"])
    return p.HealthFacts(
        score=now["score"],
        band=str(HealthBand(now["band"]).label),
        known=now["known_points"],
        parts=tuple(
            p.HealthPart(
                each.value,
                str(each.label),
                now[f"{each.value}_points"],
                terms.most(each),
                evidence.get(each.value, ""),
                before[f"{each.value}_points"] if before else None,
            )
            for each in HealthDimension
        ),
        trend=tuple((day, row["score"] if (row := at(day)) else None) for day in months),
        bands=tuple(p.HealthBand(str(HealthBand(band.code).label), band.at_least) for band in terms.bands),
        prior_quarter=before["score"] if before else None,
        prior_year=year["score"] if year else None,
    )


def _month_end(day: date) -> date:
    first = day.replace(day=1)
    return add_months(first, 1) - timedelta(days=1)


def _evidence(explanation: Iterable[dict]) -> dict[str, str]:
    """The stored lines of a health score in a few words each, by dimension."""
    words = {}
    for line in explanation:
        values, code = line.get("values", {}), line.get("code", "")
        if code == "health.revenue":
            trend = values.get("trend")
            percent = values.get("percent")
            if values.get("new_partner") or trend == Trend.NO_DATA:
                words["revenue"] = gettext("no year to compare with")
            elif percent is not None:
                words["revenue"] = gettext("%(percent)s %% on the same quarter a year ago") % {
                    "percent": f"{Decimal(percent):+.0f}"
                }
        elif code == "health.activity":
            words["activity"] = gettext("%(deals)s deals in %(days)s days") % values
        elif code == "health.engagement":
            words["engagement"] = gettext("active in %(weeks)s of the last %(of_weeks)s weeks") % values
        elif code == "health.satisfaction" and values.get("nps") is not None:
            words["satisfaction"] = gettext("NPS %(nps)s from %(answers)s answers") % {
                "nps": f"{Decimal(values['nps']):.0f}",
                "answers": values["answers"],
            }
        elif code == "health.fit" and values.get("rating"):
            words["fit"] = str(FitRating(values["rating"]).label)
    return words


def _nps(partner: Partner, end: date, terms: HealthTerms) -> p.NpsFacts | None:
    def scores(until: date) -> list[int]:
        after = add_months(until, -terms.satisfaction_months)
        rows = NpsAnswer.objects.filter(partner=partner, answered_on__gt=after, answered_on__lte=until)
        return list(rows.values_list("score", flat=True))

    now, before = scores(end), scores(same_day_last_year(end))
    if not now:
        return None
    promoters, detractors = sum(s >= 9 for s in now), sum(s <= 6 for s in now)
    return p.NpsFacts(
        score=_nps_score(now),
        promoters=promoters,
        passives=len(now) - promoters - detractors,
        detractors=detractors,
        prior=_nps_score(before) if before else None,
    )


def _nps_score(scores: list[int]) -> int:
    from prm.core.money import round_half_up

    gap = sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)
    return int(round_half_up(Decimal(gap * 100) / len(scores)))


# --- Value matrix, recommendation, actions -------------------------------------------------------------------


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
        for row in _dicts(
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
        before=p.MatrixPoint(partner.organization.name, revenue.t12m_prior, before.score) if before else None,
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
        result.recommendation.value, tuple(p.Reason(line.code, dict(line.values)) for line in result.lines)
    )


def _actions(partner: Partner, quarter: Quarter) -> tuple[p.Action, ...]:
    rows = QbrAction.objects.filter(partner=partner, agreed_on__lte=quarter.end).filter(closed_on=None)
    return tuple(
        p.Action(row.title, row.side, row.owner_name, row.due_on, carried_over=row.agreed_on < quarter.start)
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


def _dicts(sql: str, params) -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
