"""One partner from all sides: the scorecard of the first answer, and each further section for itself.

The first answer (header, health, tier, this quarter, open work) takes a fixed number of statements whatever the
partner holds; every section is capped and asked for only when somebody looks at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from deals.choices import OpportunityStatus
from deals.models import Opportunity, Referral, Registration
from partners.models import (
    FitRating,
    HealthScore,
    Integration,
    LifecycleChange,
    NpsAnswer,
    Partner,
    PartnerContact,
    TierChange,
    TierOverride,
    TierStanding,
    ValueRating,
)
from partners.queries.companies import integrations_of
from partners.rules.growth import compare
from partners.rules.value_matrix import ValueResult, recommend
from prm.core.actors import Actor
from prm.core.business_time import Quarter, same_quarter_last_year
from prm.core.models import Membership, WorkItem
from prm.core.money import percent_of
from reporting import facts as gathered
from reporting.choices import ActionState
from reporting.models import QbrAction, QbrPack
from reporting.queries.terms import ProgramTerms
from training.models import Certificate

SECTION_ROWS = 25
HISTORY_ROWS = 40


def _count(model: Any, **where: Any) -> Coalesce:
    """How many rows of a model a partner has, inside the statement that reads the partner."""
    rows = model.objects.order_by().filter(partner=OuterRef("pk"), **where).values("partner").annotate(n=Count("pk"))
    return Coalesce(Subquery(rows.values("n")), 0)


def partners_with_counts(actor: Actor) -> QuerySet[Partner]:
    """Partners with what their header and tabs show: names joined, sections counted. One statement."""
    return (
        Partner.objects.visible_to(actor)
        .select_related("organization", "tier", "next_tier", "pending_tier", "track", "owner")
        .annotate(
            deal_count=_count(Registration, submitted_at__isnull=False),
            referral_count=_count(Referral),
            opportunity_count=_count(Opportunity),
            certificate_count=_count(Certificate),
            action_count=_count(QbrAction, state=ActionState.OPEN),
        )
    )


@dataclass(frozen=True)
class QuarterFigures:
    """A quarter so far against the same quarter a year ago, in the program's currency."""

    quarter: Quarter
    won_amount: Decimal
    won_deals: int
    year_ago_amount: Decimal
    lost_deals: int
    open_amount: Decimal
    open_deals: int

    @property
    def win_rate(self) -> Decimal | None:
        """Won of all that was decided this quarter, in percent."""
        closed = self.won_deals + self.lost_deals
        return percent_of(Decimal(self.won_deals), Decimal(closed), 0) if closed else None


def health_now(partner: Partner, actor: Actor) -> HealthScore | None:
    """The latest stored health with its explanation."""
    return HealthScore.objects.visible_to(actor).filter(partner=partner).order_by("-day").first()


def health_points(partner: Partner, actor: Actor, *, today: date, months: int = 12) -> list[tuple[date, int | None]]:
    """Stored scores of the last months, oldest first; the last one before them stands for the first day."""
    first = today - timedelta(days=months * 31)
    rows = HealthScore.objects.visible_to(actor).filter(partner=partner)
    anchor = rows.filter(day__lt=first).order_by("-day").values("day")[:1]
    return list(rows.filter(Q(day__gte=first) | Q(day=Subquery(anchor))).order_by("day").values_list("day", "score"))


def standing_now(partner: Partner, actor: Actor) -> TierStanding | None:
    """The latest stored standing with its explanation."""
    return (
        TierStanding.objects.visible_to(actor)
        .filter(partner=partner)
        .select_related("tier", "next_tier", "qualified_tier")
        .order_by("-day")
        .first()
    )


def open_overrides(partner: Partner, actor: Actor) -> list[TierOverride]:
    """Exceptions to the ladder that still count."""
    return list(
        TierOverride.objects.visible_to(actor)
        .filter(partner=partner, ended_at=None)
        .select_related("tier", "by")
        .order_by("ends_on")
    )


def open_work(partner: Partner, actor: Actor) -> list[WorkItem]:
    """What waits at us about this partner, the nearest clock first."""
    return list(
        WorkItem.objects.visible_to(actor)
        .open()
        .filter(about_id=partner.pk)
        .select_related("assignee", "about__partner__tier")
        .order_by("-priority", "due_at", "opened_at")[:8]
    )


def quarter_figures(partner: Partner, actor: Actor, *, quarter: Quarter, fiscal_start_month: int) -> QuarterFigures:
    """This quarter's results and what is open, in one statement."""
    ago = same_quarter_last_year(quarter, fiscal_start_month)
    won = Q(status=OpportunityStatus.WON)
    now = Q(won_on__range=(quarter.start, quarter.end))
    row = (
        Opportunity.objects.visible_to(actor)
        .filter(partner=partner)
        .aggregate(
            won_amount=Sum("amount_program", filter=won & now),
            won_deals=Count("pk", filter=won & now),
            year_ago=Sum("amount_program", filter=won & Q(won_on__range=(ago.start, ago.end))),
            lost_deals=Count(
                "pk",
                filter=Q(status=OpportunityStatus.LOST, closed_on__range=(quarter.start, quarter.end)),
            ),
            open_amount=Sum("amount", filter=Q(status=OpportunityStatus.OPEN)),
            open_deals=Count("pk", filter=Q(status=OpportunityStatus.OPEN)),
        )
    )
    return QuarterFigures(
        quarter=quarter,
        won_amount=row["won_amount"] or Decimal(0),
        won_deals=row["won_deals"],
        year_ago_amount=row["year_ago"] or Decimal(0),
        lost_deals=row["lost_deals"],
        open_amount=row["open_amount"] or Decimal(0),
        open_deals=row["open_deals"],
    )


def contacts(partner: Partner, actor: Actor, limit: int = SECTION_ROWS) -> list[PartnerContact]:
    """People around the partnership on both sides, theirs first."""
    return list(
        PartnerContact.objects.visible_to(actor)
        .current()
        .filter(partner=partner)
        .select_related("user")
        .order_by("-side", "role", "name")[:limit]
    )


def open_actions(partner: Partner, actor: Actor, limit: int = SECTION_ROWS) -> list[QbrAction]:
    """Agreed actions that are not done, the earliest due first."""
    return list(QbrAction.objects.visible_to(actor).open().filter(partner=partner).order_by("due_on", "pk")[:limit])


def value_result(partner: Partner, rating: ValueRating | None, terms: ProgramTerms) -> ValueResult:
    """Position in the value matrix and the recommendation, as of the day on which the partner was last scored."""
    as_of = partner.scored_on or terms.today
    windows = gathered.Windows.of(
        as_of, time_zone=terms.time_zone, fiscal_start_month=terms.fiscal_start_month, health=terms.health
    )
    found = gathered.facts_of(
        partner.pk, gathered.gather([partner.pk], windows), windows, reaches_back_to=gathered.data_since()
    )
    return recommend(
        strategic_value=rating.score if rating else None,
        revenue=found.revenue_t12m,
        health=partner.health_score,
        growth=compare(found.revenue_t12m, found.revenue_prior, terms.health.revenue),
        terms=terms.matrix,
    )


# --- Sections, each its own answer -----------------------------------------------------------------------------------


def registrations(partner: Partner, actor: Actor) -> list[Registration]:
    """The newest registrations that were sent in."""
    return list(
        Registration.objects.visible_to(actor)
        .filter(partner=partner, submitted_at__isnull=False)
        .order_by("-submitted_at", "-pk")[:SECTION_ROWS]
    )


def referrals(partner: Partner, actor: Actor) -> list[Referral]:
    """The newest referrals."""
    return list(
        Referral.objects.visible_to(actor).filter(partner=partner).order_by("-submitted_at", "-pk")[:SECTION_ROWS]
    )


def opportunities(partner: Partner, actor: Actor) -> list[Opportunity]:
    """Open opportunities first, then what was closed last."""
    return list(
        Opportunity.objects.visible_to(actor)
        .filter(partner=partner)
        .select_related("account", "product", "registration")
        .order_by("-touched_at", "-pk")[:SECTION_ROWS]
    )


def members(partner: Partner, actor: Actor) -> list[Membership]:
    """People of the partner who can sign in."""
    return list(
        Membership.objects.visible_to(actor)
        .active()
        .filter(organization_id=partner.pk)
        .select_related("user")
        .order_by("role", "user__name")[: SECTION_ROWS * 2]
    )


def certificates(partner: Partner, actor: Actor) -> list[Certificate]:
    """Certificates, the longest valid first."""
    return list(
        Certificate.objects.visible_to(actor)
        .filter(partner=partner)
        .order_by("-valid_until", "holder_name")[: SECTION_ROWS * 2]
    )


@dataclass(frozen=True)
class Records:
    """What people said, judged and built: NPS answers, strategic fit, strategic value, newest first; and integrations,
    each with whether it is live today."""

    nps: list[NpsAnswer]
    fit: list[FitRating]
    value: list[ValueRating]
    integrations: list[tuple[Integration, bool]]


def records(partner: Partner, actor: Actor, *, today: date) -> Records:
    """The records behind health, the value matrix and the technology ladder. Four statements."""
    return Records(
        nps=list(
            NpsAnswer.objects.visible_to(actor).filter(partner=partner).order_by("-answered_on", "-pk")[:SECTION_ROWS]
        ),
        fit=list(
            FitRating.objects.visible_to(actor)
            .filter(partner=partner)
            .select_related("by")
            .order_by("-set_on", "-pk")[:SECTION_ROWS]
        ),
        value=list(
            ValueRating.objects.visible_to(actor)
            .filter(partner=partner)
            .select_related("by")
            .order_by("-rated_on", "-pk")[:SECTION_ROWS]
        ),
        integrations=[(each, each.is_live(today)) for each in integrations_of(partner, actor)[:SECTION_ROWS]],
    )


def qbr_actions(partner: Partner, actor: Actor) -> list[QbrAction]:
    """Open actions by due date, then the ones closed last."""
    return list(
        QbrAction.objects.visible_to(actor)
        .filter(partner=partner)
        .order_by("-state", "due_on", "-closed_on", "pk")[: SECTION_ROWS * 2]
    )


def packs(partner: Partner, actor: Actor) -> list[QbrPack]:
    """The newest packs in both versions."""
    return list(
        QbrPack.objects.visible_to(actor)
        .filter(partner=partner)
        .select_related("file")
        .order_by("-quarter_start", "version")[:SECTION_ROWS]
    )


def tier_history(partner: Partner, actor: Actor) -> list[TierChange]:
    """How the tier came to be what it is, newest first."""
    return list(
        TierChange.objects.visible_to(actor)
        .filter(partner=partner)
        .select_related("from_tier", "to_tier", "by")
        .order_by("-changed_on", "-pk")[:SECTION_ROWS]
    )


def all_overrides(partner: Partner, actor: Actor) -> list[TierOverride]:
    """Every exception there was, open ones first."""
    return list(
        TierOverride.objects.visible_to(actor)
        .filter(partner=partner)
        .select_related("tier", "by")
        .order_by("ended_at", "-starts_on")[:SECTION_ROWS]
    )


@dataclass(frozen=True)
class Happened:
    """One event of the history: ``what`` names its kind, ``thing`` is the row, ``at`` the moment."""

    at: datetime
    what: str
    thing: Any


def history(partner: Partner, actor: Actor, *, time_zone: str) -> list[Happened]:
    """What happened, newest first, from the nouns themselves. Five statements."""

    def moment(day: date) -> datetime:
        return datetime.combine(day, time(12), tzinfo=ZoneInfo(time_zone))

    happened: list[Happened] = []
    for tier in tier_history(partner, actor):
        happened.append(Happened(moment(tier.changed_on), "tier", tier))
    for stage in (
        LifecycleChange.objects.filter(partner=partner)
        .select_related("by")
        .order_by("-changed_on", "-pk")[:SECTION_ROWS]
    ):
        happened.append(Happened(moment(stage.changed_on), "stage", stage))
    for registration in registrations(partner, actor):
        if registration.submitted_at:
            happened.append(Happened(registration.submitted_at, "registered", registration))
        if registration.decided_at and registration.status in ("approved", "rejected", "expired", "won", "lost"):
            happened.append(Happened(registration.decided_at, "decided", registration))
    for won in _closed(partner, actor):
        if won.closed_on:
            happened.append(Happened(moment(won.closed_on), won.status, won))
    for pack in packs(partner, actor):
        if pack.ready_at:
            happened.append(Happened(pack.ready_at, "pack", pack))
    happened.sort(key=lambda each: each.at, reverse=True)
    return happened[:HISTORY_ROWS]


def _closed(partner: Partner, actor: Actor) -> Sequence[Opportunity]:
    return list(
        Opportunity.objects.visible_to(actor)
        .filter(partner=partner, closed_on__isnull=False)
        .select_related("account")
        .order_by("-closed_on", "-pk")[:SECTION_ROWS]
    )
