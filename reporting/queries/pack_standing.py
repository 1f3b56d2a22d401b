"""Where a partner stands, as a pack prints it: tier, certificates, health and answers as of the end of a quarter."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext

from partners.choices import FitRating, HealthBand, HealthDimension, TierMetric, Trend
from partners.models import HealthScore, NpsAnswer, Partner, ProgramVersion, TierChange, TierOverride, TierStanding
from partners.queries.program import (
    benefit_values,
    ladder_terms,
    program_of,
    term_set,
)
from partners.rules.terms import HealthTerms, TierTerm
from partners.wording import benefit_text
from prm.core.business_time import add_months, quarter_of, same_day_last_year
from reporting.rules import pack as p
from training.models import Certificate

ZERO = Decimal(0)


def tier_of(partner: Partner, end: date, version: ProgramVersion) -> p.TierFacts | None:
    """The tier as the last night of the period found it, with the way to the next one; none before the first night."""
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
    reached = {
        TierMetric.SOURCED_ARR.value: standing.sourced_arr,
        TierMetric.QUALIFIED_REFERRALS.value: Decimal(standing.qualified_referrals),
        TierMetric.LIVE_INTEGRATIONS.value: Decimal(standing.live_integrations),
        TierMetric.CO_SOLD_DEALS.value: Decimal(standing.co_sold_deals),
    }
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
                str(TierMetric(path.metric).label),
                reached.get(path.metric, ZERO),
                path.threshold,
                path.metric == "sourced_arr",
            )
            for path in (following.paths if following else ())
        ),
        people=_people_toward(standing, following),
        people_required=following.certified_people if following else 0,
        benefits=_benefits(version, partner, standing, following),
    )


def _standing_word(standing: TierStanding, override: TierOverride | None) -> str:
    if override and override.kind in {"strategic", "provisional"}:
        return override.kind
    if standing.grace_until:
        return "grace"
    return "at_risk" if standing.at_risk else "held"


def _people_toward(standing: TierStanding, following: TierTerm | None) -> int:
    """Certified people as the next tier counts them: where it asks for a kind, those that the night found with it."""
    if following is None or not following.certificate_kind:
        return standing.certified_people
    found = (
        line["values"]["reached"]
        for line in standing.explanation
        if line["code"] == "tier.certified" and line["values"].get("kind") == following.certificate_kind
    )
    return int(next(found, 0))


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


def certificates_of(partner: Partner, end: date, version: ProgramVersion) -> tuple[p.Certificate, ...]:
    """Current certificates of current members."""
    members = partner.organization.memberships.filter(created_at__date__lte=end).exclude(deactivated_at__date__lte=end)
    rows = (
        Certificate.objects.current(end)
        .filter(partner=partner, user__memberships__in=members)
        .select_related("user")
        .order_by("valid_until", "holder_name")
        .distinct()
    )
    names = {kind.code: kind.name for kind in term_set(version, "certificates").kinds}
    return tuple(
        p.Certificate(row.holder_name, names.get(row.kind, row.kind), row.valid_until, row.user_id)
        for row in rows
        if row.user_id is not None
    )


def health_of(partner: Partner, end: date, terms: HealthTerms, fiscal: int) -> p.HealthFacts | None:
    """Health with its parts and the month ends before; none before the first night."""
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


def nps_of(partner: Partner, end: date, terms: HealthTerms) -> p.NpsFacts | None:
    """What the partner's people answered in the terms' window; none without answers."""

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
