"""The night by hand: health and tier of all partners in a few statements that write what the night writes.

One statement computes all into a temporary table; the others write columns, history, changes, grants, audit and events
from it. It holds the standard program's figures as constants, knows neither overrides nor grace nor half a year
of data, and one bad row stops it: that is what the rules row by row cost against it.
"""

from datetime import date, datetime
from typing import Any

from django.db import connection

from deals.queries.attribution import OWN_SHARE, OWN_VERDICT
from partners.choices import TierMetric
from partners.models import ProgramVersion
from partners.queries.program import ladder_terms
from partners.rules.terms import HealthTerms
from prm.core.actors import Actor
from prm.core.business_time import add_months
from prm.core.codes import new_code
from reporting.facts import Windows

_RUNGS = """
CREATE TEMP TABLE rung ON COMMIT DROP AS
SELECT t.track_id, t.id, t.code, t.rank, v.arr, v.referrals, v.integrations, v.co_sold, v.people, v.kind, v.review_on::date
  FROM (VALUES {values}) AS v(track, tier, arr, referrals, integrations, co_sold, people, kind, review_on)
  JOIN partners_track k ON k.code = v.track JOIN partners_tier t ON t.track_id = k.id AND t.code = v.tier
"""

_COMPUTE = f"""
CREATE TEMP TABLE tonight ON COMMIT DROP AS
WITH won AS (
  SELECT o.partner_id,
         sum(amount_program) FILTER (WHERE won_on BETWEEN %(q_start)s AND %(q_end)s) AS quarter,
         sum(amount_program) FILTER (WHERE won_on BETWEEN %(y_start)s AND %(y_end)s) AS year_ago,
         sum(amount_program) FILTER (WHERE won_on > %(year_after)s) AS t12m,
         sum(amount_program) FILTER (WHERE won_on > %(prior_from)s AND won_on <= %(year_after)s) AS prior,
         round(sum(arr_program * {OWN_SHARE}) FILTER (WHERE won_on > %(year_after)s) / 10000, 4) AS arr,
         count(*) FILTER (WHERE won_on > %(year_after)s) AS co_sold
    FROM deals_opportunity o {OWN_VERDICT}
   WHERE o.status = 'won' AND won_on > %(prior_after)s AND won_on <= %(as_of)s GROUP BY o.partner_id
), registered AS (
  SELECT partner_id, count(*) AS deals FROM (
    SELECT partner_id FROM deals_registration
     WHERE submitted_at >= %(from)s AND submitted_at < %(until)s AND status <> 'rejected'
    UNION ALL SELECT partner_id FROM deals_referral
     WHERE submitted_at >= %(from)s AND submitted_at < %(until)s AND status <> 'declined'
    UNION ALL SELECT partner_id FROM deals_opportunity
     WHERE origin = 'import' AND is_partner_worked AND engaged_on > %(activity_after)s AND engaged_on <= %(as_of)s
  ) AS r GROUP BY partner_id
), referrals AS (
  SELECT partner_id, count(*) AS referrals FROM deals_referral
   WHERE qualified_on > %(year_after)s AND qualified_on <= %(as_of)s GROUP BY partner_id
), portal AS (
  SELECT organization_id AS partner_id, max(day) AS last_day,
         count(DISTINCT (%(as_of)s::date - day) / 7) FILTER (WHERE %(as_of)s::date - day < 28) AS weeks
    FROM core_portalday WHERE day <= %(as_of)s AND day > %(as_of)s::date - 366 GROUP BY organization_id
), nps AS (
  SELECT partner_id, count(*) AS answers,
         (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) * 100.0 / count(*) AS nps
    FROM partners_npsanswer WHERE answered_on > %(nps_after)s AND answered_on <= %(as_of)s GROUP BY partner_id
), fit AS (
  SELECT DISTINCT ON (partner_id) partner_id, rating FROM partners_fitrating WHERE set_on <= %(as_of)s
   ORDER BY partner_id, set_on DESC, id DESC
), certified AS (
  SELECT c.partner_id, count(DISTINCT c.user_id) AS people,
         count(DISTINCT c.user_id) FILTER (WHERE c.kind = 'technical') AS technical
    FROM training_certificate c JOIN core_membership m ON m.user_id = c.user_id AND m.organization_id = c.partner_id
   WHERE c.valid_from <= %(as_of)s AND c.valid_until >= %(as_of)s AND (c.revoked_on IS NULL OR c.revoked_on > %(as_of)s)
     AND m.created_at < %(until)s AND (m.deactivated_at IS NULL OR m.deactivated_at >= %(until)s)
   GROUP BY c.partner_id
), integrations AS (
  SELECT partner_id, count(*) AS integrations FROM partners_integration
   WHERE live_on <= %(as_of)s AND (ended_on IS NULL OR ended_on > %(as_of)s) GROUP BY partner_id
), facts AS (
  SELECT p.organization_id AS id, p.code, p.track_id, p.tier_id, p.owner_id, o.name, p.review_on AS was_review_on,
         EXISTS (SELECT FROM core_membership m WHERE m.organization_id = p.organization_id
                    AND m.created_at < %(until)s AND (m.deactivated_at IS NULL OR m.deactivated_at >= %(until)s)) AS has_account,
         %(as_of)s::date - p.agreement_signed_on < 90 AS is_new,
         greatest(p.partner_since, %(since)s) <= %(y_start)s AS has_year_ago,
         greatest(p.partner_since, %(since)s) <= %(prior_from)s::date + 1 AS has_prior,
         coalesce(quarter, 0) AS quarter, coalesce(year_ago, 0) AS year_ago, coalesce(t12m, 0) AS t12m,
         coalesce(prior, 0) AS prior, greatest(coalesce(arr, 0), 0) AS arr, coalesce(deals, 0) AS deals,
         coalesce(referrals, 0) AS referrals, coalesce(integrations, 0) AS integrations, coalesce(co_sold, 0) AS co_sold,
         last_day, coalesce(weeks, 0) AS weeks, nps, coalesce(answers, 0) AS answers,
         rating, coalesce(people, 0) AS people, coalesce(technical, 0) AS technical
    FROM partners_partner p JOIN core_organization o ON o.id = p.organization_id
    LEFT JOIN won w ON w.partner_id = p.organization_id LEFT JOIN registered r ON r.partner_id = p.organization_id
    LEFT JOIN referrals f ON f.partner_id = p.organization_id LEFT JOIN portal d ON d.partner_id = p.organization_id
    LEFT JOIN nps n ON n.partner_id = p.organization_id LEFT JOIN fit t ON t.partner_id = p.organization_id
    LEFT JOIN certified c ON c.partner_id = p.organization_id LEFT JOIN integrations i ON i.partner_id = p.organization_id
   WHERE p.status = 'active'
), points AS (
  SELECT *,
         CASE WHEN is_new OR NOT has_year_ago THEN NULL
              WHEN year_ago <= 0 THEN CASE WHEN quarter > 0 THEN 30 ELSE 0 END
              WHEN (quarter - year_ago) * 100 >= 20 * year_ago THEN 30
              WHEN (quarter - year_ago) * 100 > 2 * year_ago THEN 20
              WHEN (quarter - year_ago) * 100 >= -2 * year_ago THEN 10 ELSE 0 END AS revenue_points,
         CASE WHEN is_new THEN NULL WHEN deals >= 5 THEN 25 WHEN deals >= 3 THEN 20 WHEN deals >= 1 THEN 10 ELSE 0 END
           AS activity_points,
         CASE WHEN NOT has_account THEN NULL WHEN weeks >= 3 THEN 20
              WHEN last_day IS NULL OR %(as_of)s::date - last_day >= 90 THEN 0
              WHEN %(as_of)s::date - last_day < 30 THEN 15 ELSE 10 END AS engagement_points,
         CASE WHEN nps IS NULL THEN NULL WHEN nps >= 50 THEN 15 WHEN nps >= 25 THEN 10 WHEN nps >= 0 THEN 5 ELSE 0 END
           AS satisfaction_points,
         CASE rating WHEN 'strong' THEN 10 WHEN 'moderate' THEN 5 WHEN 'weak' THEN 0 END AS fit_points
    FROM facts
), known AS (
  SELECT *, coalesce(revenue_points, 0) + coalesce(activity_points, 0) + coalesce(engagement_points, 0)
            + coalesce(satisfaction_points, 0) + coalesce(fit_points, 0) AS points,
         (CASE WHEN revenue_points IS NULL THEN 0 ELSE 30 END) + (CASE WHEN activity_points IS NULL THEN 0 ELSE 25 END)
         + (CASE WHEN engagement_points IS NULL THEN 0 ELSE 20 END)
         + (CASE WHEN satisfaction_points IS NULL THEN 0 ELSE 15 END)
         + (CASE WHEN fit_points IS NULL THEN 0 ELSE 10 END) AS known_points
    FROM points
), scored AS (
  SELECT *, CASE WHEN known_points >= 50 THEN round(points * 100.0 / known_points)::int END AS score FROM known
), banded AS (
  SELECT *, CASE WHEN score IS NULL THEN 'unknown' WHEN score >= 80 THEN 'champion' WHEN score >= 60 THEN 'healthy'
                 WHEN score >= 40 THEN 'at_risk' WHEN score >= 20 THEN 'critical' ELSE 'churning' END AS band,
         CASE WHEN has_prior AND prior > 0 THEN round((t12m - prior) * 100 / prior, 1) END AS growth
    FROM scored
), qualified AS (
  SELECT b.*, q.id AS qualified_id, q.code AS qualified, coalesce(q.rank, -1) AS qualified_rank,
         h.code AS held, coalesce(h.rank, -1) AS held_rank
    FROM banded b
    LEFT JOIN LATERAL (
      SELECT * FROM rung r WHERE r.track_id = b.track_id
         AND (num_nonnulls(r.arr, r.referrals, r.integrations, r.co_sold) = 0 OR b.arr >= r.arr OR b.referrals >= r.referrals
              OR b.integrations >= r.integrations OR b.co_sold >= r.co_sold)
         AND (CASE r.kind WHEN '' THEN b.people ELSE b.technical END) >= r.people
       ORDER BY r.rank DESC LIMIT 1) AS q ON true
    LEFT JOIN rung h ON h.id = b.tier_id
), placed AS (
  SELECT q.*, t.id AS new_tier_id, t.code AS new_tier, coalesce(t.rank, -1) AS new_rank,
         CASE WHEN coalesce(t.rank, -1) > q.held_rank THEN t.review_on ELSE q.was_review_on END AS review_on
    FROM qualified q LEFT JOIN rung t ON t.id = CASE WHEN q.qualified_rank > q.held_rank THEN q.qualified_id ELSE q.tier_id END
)
SELECT p.*, x.id AS next_id, x.code AS next_tier, x.arr AS next_arr, x.referrals AS next_referrals, x.people AS next_people,
       CASE WHEN x.id IS NOT NULL THEN least(99, greatest(
         CASE WHEN num_nonnulls(x.arr, x.referrals, x.integrations, x.co_sold) = 0 THEN 100 ELSE 0 END,
         CASE WHEN p.integrations >= x.integrations THEN 100 ELSE floor(p.integrations * 100 / nullif(x.integrations, 0)) END,
         CASE WHEN p.co_sold >= x.co_sold THEN 100 ELSE floor(p.co_sold * 100 / nullif(x.co_sold, 0)) END,
         CASE WHEN p.arr >= x.arr THEN 100 ELSE floor(p.arr * 100 / nullif(x.arr, 0)) END,
         CASE WHEN p.referrals >= x.referrals THEN 100 ELSE floor(p.referrals * 100 / nullif(x.referrals, 0)) END)) END::int AS progress,
       jsonb_build_array(
         jsonb_build_object('code', 'health.score', 'unit', 'points', 'audience', 'all', 'values', jsonb_build_object(
           'score', score, 'band', band, 'points', points, 'known', known_points, 'needed', 50)),
         jsonb_build_object('code', 'health.revenue', 'unit', 'money', 'audience', 'all', 'values', jsonb_build_object(
           'now', quarter::text, 'before', year_ago::text, 'percent', CASE WHEN year_ago > 0 THEN round((quarter - year_ago) * 100 / year_ago, 1)::text END,
           'trend', CASE revenue_points WHEN 30 THEN 'strong' WHEN 20 THEN 'growing' WHEN 10 THEN 'flat' ELSE 'declining' END,
           'new_partner', is_new, 'points', revenue_points, 'most', 30)),
         jsonb_build_object('code', 'health.activity', 'unit', 'deals', 'audience', 'all', 'values', jsonb_build_object(
           'deals', deals, 'days', 90, 'new_partner', is_new, 'points', activity_points, 'most', 25)),
         jsonb_build_object('code', 'health.engagement', 'unit', 'weeks', 'audience', 'all', 'values', jsonb_build_object(
           'weeks', weeks, 'of_weeks', 4, 'last_day', last_day, 'has_account', has_account,
           'points', engagement_points, 'most', 20)),
         jsonb_build_object('code', 'health.satisfaction', 'unit', 'nps', 'audience', 'all', 'values', jsonb_build_object(
           'nps', round(nps, 1)::text, 'answers', answers, 'points', satisfaction_points, 'most', 15)),
         jsonb_build_object('code', 'health.fit', 'unit', 'rating', 'audience', 'all', 'values', jsonb_build_object(
           'rating', rating, 'points', fit_points, 'most', 10))) AS health_lines,
       jsonb_build_array(
         jsonb_build_object('code', 'tier.outcome', 'unit', '', 'audience', 'all', 'values', jsonb_build_object(
           'outcome', CASE WHEN new_rank > held_rank THEN 'promoted' ELSE 'unchanged' END, 'before', held, 'tier', new_tier)),
         jsonb_build_object('code', 'tier.qualified', 'unit', '', 'audience', 'all', 'values', jsonb_build_object('tier', qualified)),
         jsonb_build_object('code', 'tier.review', 'unit', 'date', 'audience', 'all', 'values', jsonb_build_object('on', p.review_on)),
         jsonb_build_object('code', 'tier.path', 'unit', 'money', 'audience', 'all', 'values', jsonb_build_object(
           'tier', x.code, 'metric', 'sourced_arr', 'reached', p.arr::text, 'required', x.arr::text,
           'missing', greatest(x.arr - p.arr, 0)::text, 'percent', least(100, floor(p.arr * 100 / nullif(x.arr, 0))), 'met', p.arr >= x.arr)),
         jsonb_build_object('code', 'tier.path', 'unit', 'count', 'audience', 'all', 'values', jsonb_build_object(
           'tier', x.code, 'metric', 'qualified_referrals', 'reached', p.referrals::text, 'required', x.referrals::text,
           'missing', greatest(x.referrals - p.referrals, 0)::text, 'percent', least(100, p.referrals * 100 / nullif(x.referrals, 0)), 'met', p.referrals >= x.referrals)),
         jsonb_build_object('code', 'tier.certified', 'unit', 'people', 'audience', 'all', 'values', jsonb_build_object(
           'tier', x.code, 'kind', x.kind, 'reached', p.people, 'required', x.people, 'missing', greatest(x.people - p.people, 0), 'met', p.people >= x.people)),
         jsonb_build_object('code', 'tier.agreement', 'unit', '', 'audience', 'all', 'values', jsonb_build_object('tier', x.code, 'met', true))) AS tier_lines
  FROM placed p
  LEFT JOIN LATERAL (SELECT * FROM rung r WHERE r.track_id = p.track_id AND r.rank > p.new_rank ORDER BY r.rank LIMIT 1) AS x ON true
"""

_ALERTS = """
CREATE TEMP TABLE fallen ON COMMIT DROP AS
SELECT t.*, b.score AS before, b.band AS band_before
  FROM tonight t
  CROSS JOIN LATERAL (SELECT score, band FROM partners_healthscore h WHERE h.partner_id = t.id AND h.day <= %(as_of)s::date - 30
                       ORDER BY day DESC LIMIT 1) AS b
 WHERE t.score IS NOT NULL AND b.score IS NOT NULL
   AND (b.score - t.score >= 15 OR array_position(ARRAY['churning', 'critical', 'at_risk', 'healthy', 'champion'], t.band)
        < array_position(ARRAY['churning', 'critical', 'at_risk', 'healthy', 'champion'], b.band::text))
   AND NOT EXISTS (SELECT FROM core_workitem w WHERE w.kind = 'partners.health_alert' AND w.ref_kind = 'partners.partner'
                      AND w.ref_code = t.code AND w.closed_at IS NULL)
"""
_ALERT_ITEMS = """
INSERT INTO core_workitem (code, kind, ref_kind, ref_code, title, context, organization_id, about_id, role, assignee_id,
                           priority, step, steps, opened_at, escalate_to_role, outcome)
SELECT %(prefix)s || lpad(row_number() OVER ()::text, 6, '0'), 'partners.health_alert', 'partners.partner', code, name,
       jsonb_build_object('on', %(as_of)s::date, 'fell_band', band <> band_before, 'fell_points', before - score, 'play', 'pipeline_review',
                          'lines', jsonb_build_array(jsonb_build_object('code', 'health.alert', 'score', score, 'before', before))),
       (SELECT id FROM core_organization WHERE kind = 'vendor'), id, 'partner_manager', owner_id, 0, 1, 1, %(at)s, '', ''
  FROM fallen
"""
_AUDIT = """
INSERT INTO core_auditentry (at, code, actor_kind, actor_role, job, organization_id, ref_kind, ref_code, changes, reason, request_id)
SELECT %(at)s, {code}, 'system', 'system', 'night', id, 'partners.partner', code, {changes}, '', '' FROM {rows}
"""
_EVENTS = """
WITH made AS (
  INSERT INTO core_outboxevent (at, name, ref_kind, ref_code, data, request_id)
  SELECT %(at)s, {name}, 'partners.partner', code, {data}, '' FROM {rows} RETURNING id
)
INSERT INTO core_outboxdelivery (event_id, handler, state, attempts, next_try_at, error)
SELECT id, {handler}, 'pending', 0, %(at)s, '' FROM made
"""
_HEALTH = """
INSERT INTO partners_healthscore (partner_id, day, version_id, score, band, known_points, revenue_points, activity_points,
                                  engagement_points, satisfaction_points, fit_points, explanation, fingerprint)
SELECT id, %(as_of)s, %(version)s, t.score, t.band, t.known_points, t.revenue_points, t.activity_points, t.engagement_points,
       t.satisfaction_points, t.fit_points, t.health_lines, md5(t.health_lines::text)
  FROM tonight t
  LEFT JOIN LATERAL (SELECT fingerprint FROM partners_healthscore h WHERE h.partner_id = t.id ORDER BY day DESC LIMIT 1) AS b ON true
 WHERE b.fingerprint IS DISTINCT FROM md5(t.health_lines::text)
"""
_STANDING = """
INSERT INTO partners_tierstanding (partner_id, day, version_id, tier_id, qualified_tier_id, next_tier_id, outcome, progress_percent,
                                   sourced_arr, qualified_referrals, live_integrations, co_sold_deals, certified_people, review_on,
                                   at_risk, support_plan, explanation, fingerprint)
SELECT id, %(as_of)s, %(version)s, new_tier_id, qualified_id, next_id, CASE WHEN new_rank > held_rank THEN 'promoted' ELSE 'unchanged' END,
       progress, arr, referrals, integrations, co_sold, people, review_on, qualified_rank < new_rank, false,
       tier_lines, print
  FROM (SELECT *, md5((tier_lines - 0)::text || coalesce(new_tier, '') || ' ' || integrations || ' ' || co_sold) AS print FROM tonight) AS n
  LEFT JOIN LATERAL (SELECT fingerprint FROM partners_tierstanding h WHERE h.partner_id = n.id ORDER BY day DESC LIMIT 1) AS b ON true
 WHERE b.fingerprint IS DISTINCT FROM n.print
"""
_CHANGES = """
INSERT INTO partners_tierchange (partner_id, from_tier_id, to_tier_id, kind, changed_on, reason, explanation, version_id, created_at)
SELECT id, tier_id, new_tier_id, 'promoted', %(as_of)s, '', tier_lines, %(version)s, %(at)s FROM tonight WHERE new_rank > held_rank
"""
_PARTNERS = """
UPDATE partners_partner p
   SET health_score = t.score, health_band = t.band, health_known_points = t.known_points, revenue_t12m = t.t12m,
       revenue_growth_percent = t.growth, scored_on = %(as_of)s, tier_id = t.new_tier_id,
       tier_changed_on = CASE WHEN t.new_rank > t.held_rank THEN %(as_of)s ELSE p.tier_changed_on END,
       review_on = t.review_on,
       next_tier_id = t.next_id, tier_progress_percent = t.progress, tier_at_risk = t.qualified_rank < t.new_rank,
       sourced_arr_t12m = t.arr, qualified_referrals_t12m = t.referrals, live_integrations = t.integrations,
       co_sold_deals_t12m = t.co_sold, certified_people = t.people
  FROM tonight t WHERE p.organization_id = t.id
"""
_END_GRANTS = """
UPDATE partners_grant g SET valid_until = %(as_of)s::date - 1 FROM tonight t
 WHERE g.partner_id = t.id AND t.new_rank > t.held_rank AND g.source_kind = 'tier' AND g.valid_until IS NULL
"""
_GRANTS = """
INSERT INTO partners_grant (partner_id, entitlement, value, rank, source_kind, source_code, version_id, valid_from, reason, created_at)
SELECT n.id, b.code, t.value, t.rank, 'tier', n.new_tier, t.version_id, %(as_of)s, '', %(at)s
  FROM tonight n JOIN partners_benefitterm t ON t.tier_id = n.new_tier_id AND t.version_id = %(version)s
  JOIN partners_benefit b ON b.id = t.benefit_id
 WHERE n.new_rank > n.held_rank
"""


def night_by_hand(*, version: ProgramVersion, windows: Windows, since: date, at: datetime) -> None:
    """Score and place every partner as of a day, in the caller's transaction."""
    as_of = windows.as_of
    values: dict[str, Any] = {
        "as_of": as_of, "until": windows.until, "from": windows.activity_from, "activity_after": windows.activity_after,
        "q_start": windows.quarter.start, "q_end": windows.quarter.end, "y_start": windows.year_ago.start,
        "y_end": windows.year_ago.end, "year_after": windows.year_after, "prior_from": windows.prior_after,
        "prior_after": min(windows.prior_after, windows.year_ago.start), "nps_after": windows.nps_after, "since": since,
        "version": version.pk, "at": at, "prefix": new_code("WI")[:6],
    }  # fmt: skip
    changed = {"rows": "tonight WHERE new_rank > held_rank"}
    with connection.cursor() as cursor:
        rungs, given = _rungs(version, as_of)
        cursor.execute(_RUNGS.format(values=rungs), given)
        cursor.execute(_COMPUTE, values)
        cursor.execute(_ALERTS, values)
        cursor.execute(_HEALTH, values)
        cursor.execute(_ALERT_ITEMS, values)
        cursor.execute(
            _AUDIT.format(
                code="'partners.health.alerted'", rows="fallen", changes="jsonb_build_object('fell_points', before - score, 'on', %(as_of)s::date)"
            ),
            values,
        )  # fmt: skip
        cursor.execute(
            _EVENTS.format(
                name="'partners.health.alerted'", rows="fallen", handler="'partners.tell_health_alert'",
                data="jsonb_build_object('partner_id', id, 'play', 'pipeline_review')",
            ),
            values,
        )  # fmt: skip
        cursor.execute(_STANDING, values)
        cursor.execute(_CHANGES, values)
        cursor.execute(
            _AUDIT.format(
                code="'partners.tier.changed'", **changed,
                changes="jsonb_build_object('tier', jsonb_build_array(held, new_tier), 'outcome', 'promoted', 'on', %(as_of)s::date)",
            ),
            values,
        )  # fmt: skip
        cursor.execute(
            _EVENTS.format(
                name="'partners.tier.changed'", **changed, handler="'partners.tell_tier_change'",
                data="jsonb_build_object('partner_id', id, 'from', held, 'to', new_tier, 'outcome', 'promoted', 'on', %(as_of)s::date)",
            ),
            values,
        )  # fmt: skip
        cursor.execute(_PARTNERS, values)
        cursor.execute(_END_GRANTS, values)
        cursor.execute(_GRANTS, values)
        cursor.execute("DROP TABLE tonight, fallen, rung")


def _rungs(version: ProgramVersion, as_of: date) -> tuple[str, list[Any]]:
    """The ladders as rows of VALUES, a column for each metric."""
    rows, given = [], []
    for track in ("solution", "technology"):
        for tier in ladder_terms(version, track).tiers:
            paths = {path.metric: path.threshold for path in tier.paths}
            review = add_months(as_of, tier.review_months) if tier.review_months else None
            rows.append(f"(%s, %s, {'%s::numeric, ' * len(TierMetric)}%s::int, %s, %s::date)")
            asked = [paths.get(metric) for metric in TierMetric.values]
            given += [track, tier.code, *asked, tier.certified_people, tier.certificate_kind, review]
    return ", ".join(rows), given


def check_terms(terms: HealthTerms) -> bool:
    """Whether the program's health terms are the ones that the statements above hold as constants."""
    return terms == HealthTerms()


BY = Actor.system("night")
