"""The inbox of everything that waits for a person, and the figures above it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    Q,
    QuerySet,
)

from deals.queries.attribution import sourced_twice
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.business_time import same_day_last_year
from prm.core.models import WorkItem
from prm.core.money import percent_of
from prm.core.queries.work_items import waiting_for
from reporting.queries.attention import has_portfolio, my_partners
from reporting.work_rows import OTHER, Group

MOST_ROWS = 60
TEAM_ROWS = 12


@dataclass(frozen=True)
class Decided:
    """Decisions of the last 30 days against the 30 before: percent in time, and the median time of one."""

    percent: int | None
    change: int | None
    decided: int
    median_seconds: float | None

    @property
    def change_size(self) -> int:
        """The change in points without its sign, for the plural."""
        return abs(self.change or 0)


@dataclass(frozen=True)
class Revenue:
    """Partner-sourced revenue of twelve months up to ``as_of``, in the program's currency, and growth on the year."""

    amount: Decimal
    growth_percent: Decimal | None
    as_of: date


@dataclass(frozen=True)
class Portfolio:
    """How many partners one looks after, and how many are on the way up or in danger."""

    partners: int
    at_risk: int
    scored_on: date | None


class Median(Aggregate):
    """The middle value of a duration, in seconds."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM %(expressions)s))"
    name = "Median"
    output_field = FloatField()


def inbox(actor: Actor, group: Group | None = None, taken: tuple[str, ...] = ()) -> QuerySet[WorkItem]:
    """Waiting work in the order in which clocks run out, priority first; what is paused or undated stands last.

    ``taken`` are the kinds that belong to some chip, so that "other" can be the rest.
    """
    waiting = waiting_for(actor)
    if group is not None:
        waiting = waiting.exclude(kind__in=taken) if group == OTHER else waiting.filter(kind__in=group.kinds)
    return waiting.select_related("about", "about__partner__tier").order_by(
        "-priority", F("due_at").asc(nulls_last=True), "opened_at", "pk"
    )


def team_queue(actor: Actor, own: Iterable[int]) -> QuerySet[WorkItem]:
    """What has a clock and waits for anybody else in the company, the least time first."""
    has_clock = Q(due_at__isnull=False) | Q(paused_at__isnull=False)
    return (
        WorkItem.objects.visible_to(actor)
        .open()
        .filter(has_clock)
        .exclude(pk__in=own)
        .select_related("about", "about__partner__tier", "assignee")
        .order_by(F("due_at").asc(nulls_last=True), "opened_at", "pk")
    )


def chip_counts(counts: Mapping[str, int], chips: list[Group]) -> dict[str, int]:
    """How much waits behind each chip, from counts by kind; ``all`` is everything."""
    named = {chip.code: sum(counts.get(kind, 0) for kind in chip.kinds) for chip in chips}
    whole = counts.get("*", 0)
    named[OTHER.code] = whole - sum(named.values())
    return {"all": whole, **named}


def first_due(actor: Actor, at: datetime, day_ends: datetime) -> tuple[datetime | None, int]:
    """When the next clock runs out, and how many run out today or have already."""
    row = (
        waiting_for(actor)
        .order_by()
        .aggregate(first=Min("due_at", filter=Q(due_at__gt=at)), due_today=Count("pk", filter=Q(due_at__lt=day_ends)))
    )
    return row["first"], row["due_today"]


def decided_in_time(actor: Actor, at: datetime) -> Decided:
    """How many decisions with a clock were made before it ran out: a manager's own, for everybody else all."""
    month, before = at - timedelta(days=30), at - timedelta(days=60)
    closed = WorkItem.objects.visible_to(actor).filter(
        closed_at__gte=before, closed_at__lt=at, closed_by__isnull=False, total_seconds__isnull=False
    )
    if has_portfolio(actor):
        closed = closed.filter(closed_by_id=actor.user_id)
    late = Q(breached_at__isnull=False) | Q(closed_at__gt=F("due_at"))
    recent, older = Q(closed_at__gte=month), Q(closed_at__lt=month)
    row = closed.aggregate(
        now=Count("pk", filter=recent),
        now_late=Count("pk", filter=recent & late),
        then=Count("pk", filter=older),
        then_late=Count("pk", filter=older & late),
        median=Median(ExpressionWrapper(F("closed_at") - F("opened_at"), output_field=DurationField()), filter=recent),
    )
    now, then = _share(row["now"], row["now_late"]), _share(row["then"], row["then_late"])
    change = now - then if now is not None and then is not None else None
    return Decided(now, change, row["now"], row["median"])


def _share(decided: int, late: int) -> int | None:
    share = percent_of(Decimal(decided - late), Decimal(decided), 0) if decided else None
    return None if share is None else int(share)


def portfolio(actor: Actor) -> Portfolio:
    """The partners one looks after, in one statement."""
    row = my_partners(actor).aggregate(
        partners=Count("pk"), at_risk=Count("pk", filter=Q(tier_at_risk=True)), scored_on=Max("scored_on")
    )
    return Portfolio(row["partners"], row["at_risk"], row["scored_on"])


def sourced_revenue(actor: Actor, *, as_of: date) -> Revenue:
    """Won partner-sourced amounts of the trailing year and the year before, as of the night that was last run."""
    year, before = same_day_last_year(as_of), same_day_last_year(same_day_last_year(as_of))
    mine = None
    if has_portfolio(actor):
        mine = list(Partner.objects.visible_to(actor).owned_by(actor.user_id).values_list("pk", flat=True))
    now, then = sourced_twice(before=before, middle=year, until=as_of, partners=mine)
    return Revenue(now, percent_of(now - then, then, 0) if then else None, as_of)
