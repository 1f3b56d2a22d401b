"""Partners that need somebody, and dates that come nearer. Used by Today, and counted on its tiles."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from deals.choices import RegistrationStatus
from deals.models import Registration
from partners.choices import ContactSide, HealthBand, HealthDimension
from partners.models import HealthScore, Partner
from partners.rules.health import DimensionScore, HealthResult
from partners.rules.health_alerts import HealthAlert, HealthSnapshot, alert
from partners.rules.terms import HealthTerms
from prm.core.actors import Actor
from prm.core.explain import Line
from prm.core.roles import ROLES
from reporting.choices import PackState
from reporting.models import QbrAction, QbrPack
from training.models import Certificate

MOST_SHOWN = 6
LOOK_AHEAD_SHORT = 14
LOOK_AHEAD_LONG = 30


@dataclass(frozen=True)
class Concern:
    """A partner that needs its manager. ``alert`` is set for a fall in health; ``kind`` is health, owner or contact."""

    partner: Partner
    kind: str
    alert: HealthAlert | None = None
    score_before: int | None = None
    band_before: str = ""


@dataclass(frozen=True)
class Coming:
    """Something that ends or is due on a day. ``count`` things of ``kind`` at ``partner``, the first named."""

    on: date
    kind: str
    partner: Partner
    title: str
    ref_code: str
    count: int = 1


def has_portfolio(actor: Actor) -> bool:
    """Whether the person works for the partners they own; everybody else looks at all of them."""
    role = ROLES.get(actor.role)
    return role is not None and role.rank == 1


def my_partners(actor: Actor) -> QuerySet[Partner]:
    """Active partners that the actor looks after: a manager's own, for everybody else all."""
    partners = Partner.objects.visible_to(actor).active()
    return partners.owned_by(actor.user_id) if has_portfolio(actor) else partners


def concerns(partners: QuerySet[Partner], *, today: date, terms: HealthTerms) -> list[Concern]:
    """Falls in health first, the worst first, then partners held by one thread. Three statements."""
    falling = health_falls(partners, today=today, terms=terms)
    named = {each.partner.pk for each in falling}
    return falling + [each for each in single_threaded(partners) if each.partner.pk not in named]


def health_falls(partners: QuerySet[Partner], *, today: date, terms: HealthTerms, limit: int = 30) -> list[Concern]:
    """Partners whose health fell a band, or by the points of the terms, against so many days ago."""
    scores = HealthScore.objects.filter(partner=OuterRef("pk")).order_by("-day")
    before = scores.filter(day__lte=today - timedelta(days=terms.alert_days))
    falling = list(
        partners.filter(health_score__isnull=False)
        .annotate(
            now_id=Subquery(scores.values("pk")[:1]),
            before_id=Subquery(before.values("pk")[:1]),
            before_score=Subquery(before.values("score")[:1]),
        )
        .filter(before_score__gt=F("health_score"))
        .order_by(F("health_score") - F("before_score"), "sort_name")
        .select_related("organization", "tier")[:limit]
    )
    rows = HealthScore.objects.in_bulk([pk for p in falling for pk in (p.now_id, p.before_id)])
    found = []
    for partner in falling:
        then = rows[partner.before_id]
        raised = alert(as_result(rows[partner.now_id], terms), as_snapshot(then), terms)
        if raised:
            found.append(Concern(partner, "health", raised, then.score, then.band))
    return found


def single_threaded(partners: QuerySet[Partner], limit: int = 30) -> list[Concern]:
    """Partners without an owner, or with no more than one person of theirs known to us."""
    theirs = Count("contacts", filter=Q(contacts__side=ContactSide.THEIRS, contacts__ended_at=None))
    rows = (
        partners.annotate(their_people=theirs)
        .filter(Q(owner=None) | Q(their_people__lte=1))
        .order_by("-revenue_t12m", "sort_name")
        .select_related("organization", "tier")[:limit]
    )
    return [Concern(p, "owner" if p.owner_id is None else "contact") for p in rows]


def tiers_at_risk(partners: QuerySet[Partner], limit: int = 30) -> list[Partner]:
    """Partners whose results no longer carry the tier that they hold, the next review first."""
    rows = partners.filter(tier_at_risk=True).select_related("organization", "tier")
    return list(rows.order_by(F("review_on").asc(nulls_last=True), "sort_name")[:limit])


def overdue_actions(actor: Actor, *, today: date, limit: int = 30) -> list[QbrAction]:
    """Agreed actions whose day has passed at the partners that the actor looks after, the oldest first."""
    rows = QbrAction.objects.visible_to(actor).open().filter(_mine(actor), due_on__lt=today)
    return list(rows.select_related("partner__organization").order_by("due_on", "pk")[:limit])


def _mine(actor: Actor) -> Q:
    return Q(partner__owner_id=actor.user_id) if has_portfolio(actor) else Q()


def as_result(row: HealthScore, terms: HealthTerms) -> HealthResult:
    """A stored score as the rules speak of it."""
    points = points_of(row)
    return HealthResult(
        score=row.score,
        band=HealthBand(row.band),
        points=sum(each or 0 for each in points.values()),
        known_points=row.known_points,
        dimensions=tuple(
            DimensionScore(dimension, points[dimension], terms.most(dimension), Line(f"health.{dimension}"))
            for dimension in HealthDimension
        ),
        lines=(),
    )


def as_snapshot(row: HealthScore) -> HealthSnapshot:
    """A stored score as the alert rule compares it."""
    return HealthSnapshot(row.score, row.band, points_of(row))


def points_of(row: HealthScore) -> dict[str, int | None]:
    """The points of each dimension; ``None`` is without data."""
    return {dimension: getattr(row, f"{dimension}_points") for dimension in HealthDimension}


def coming_up(actor: Actor, *, today: date) -> list[Coming]:
    """What ends or is due from today on at the partners that the actor looks after, soonest first. Five statements."""
    mine = _mine(actor)
    found = [
        *_protections(actor, mine, today),
        *_reviews(actor, today),
        *_certificates(actor, mine, today),
        *_actions(actor, mine, today),
        *_packs(actor, mine, today),
    ]
    return sorted(found, key=lambda each: (each.on, each.kind, each.partner.sort_name))


def _protections(actor: Actor, mine: Q, today: date) -> list[Coming]:
    rows = (
        Registration.objects.visible_to(actor)
        .filter(
            mine,
            status=RegistrationStatus.APPROVED,
            protected_until__range=(today, today + timedelta(days=LOOK_AHEAD_SHORT)),
        )
        .select_related("partner__organization")
        .order_by("protected_until", "pk")[:MOST_SHOWN]
    )
    return [
        Coming(r.protected_until, "protection", r.partner, r.customer_name, r.code) for r in rows if r.protected_until
    ]


def _reviews(actor: Actor, today: date) -> list[Coming]:
    soon = (today, today + timedelta(days=LOOK_AHEAD_LONG))
    rows = (
        my_partners(actor)
        .filter(Q(grace_until__range=soon) | Q(review_on__range=soon, tier_at_risk=True))
        .select_related("organization", "tier")
        .order_by("review_on", "pk")[:MOST_SHOWN]
    )
    dated = ((p, p.grace_until or p.review_on) for p in rows)
    return [Coming(on, "grace" if p.grace_until else "review", p, str(p.tier or ""), p.code) for p, on in dated if on]


def _certificates(actor: Actor, mine: Q, today: date) -> list[Coming]:
    rows = (
        Certificate.objects.visible_to(actor)
        .filter(mine, revoked_on=None, valid_until__range=(today, today + timedelta(days=LOOK_AHEAD_LONG)))
        .select_related("partner__organization")
        .order_by("valid_until", "pk")[: MOST_SHOWN * 3]
    )
    by_day: dict[tuple[date, int], list[Certificate]] = {}
    for row in rows:
        by_day.setdefault((row.valid_until, row.partner_id), []).append(row)
    return [
        Coming(on, "certificate", group[0].partner, group[0].holder_name, group[0].partner.code, len(group))
        for (on, _partner), group in list(by_day.items())[:MOST_SHOWN]
    ]


def _actions(actor: Actor, mine: Q, today: date) -> list[Coming]:
    rows = (
        QbrAction.objects.visible_to(actor)
        .open()
        .filter(mine, due_on__range=(today, today + timedelta(days=LOOK_AHEAD_SHORT)))
        .select_related("partner__organization")
        .order_by("due_on", "pk")[:MOST_SHOWN]
    )
    return [Coming(r.due_on, "action", r.partner, r.title, r.partner.code) for r in rows if r.due_on]


def _packs(actor: Actor, mine: Q, today: date) -> list[Coming]:
    rows = list(
        QbrPack.objects.visible_to(actor)
        .filter(mine, state=PackState.READY, ready_at__date__gte=today - timedelta(days=7))
        .select_related("partner__organization")
        .order_by("-ready_at", "-version", "pk")[:MOST_SHOWN]
    )
    first_of = {row.partner_id: row for row in reversed(rows)}
    return [Coming(today, "pack", r.partner, r.version, r.code) for r in first_of.values()]
