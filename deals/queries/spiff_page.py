"""SPIFFs as the vendor reads them: what is left of window and budget, and who got what."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from deals.choices import SpiffKind, SpiffStatus
from deals.models import Spiff, SpiffAward
from prm.core.actors import Actor


def spiff_rows(actor: Actor) -> QuerySet[Spiff]:
    """SPIFFs with what a list prints."""
    return Spiff.objects.visible_to(actor).annotate(awarded=Count("awards"))


@dataclass(frozen=True)
class Standing:
    """Where a SPIFF stands on a day: ``state`` is planned, running, spent, over or ended."""

    state: str
    days_left: int
    budget_left: Decimal
    percent: Decimal


def standing(spiff: Spiff, today: date) -> Standing:
    """Its window and budget on a day."""
    left = spiff.budget_amount - spiff.spent_amount
    percent = spiff.spent_amount * 100 / spiff.budget_amount if spiff.budget_amount else Decimal(100)
    if spiff.status == SpiffStatus.ENDED:
        state = "ended"
    elif today > spiff.ends_on:
        state = "over"
    elif today < spiff.starts_on:
        state = "planned"
    else:
        state = "running" if left > 0 else "spent"
    days = (spiff.ends_on - today).days + 1 if state in ("running", "spent") else 0
    return Standing(state, days, left, percent)


def value_of(spiff: Spiff) -> Decimal:
    """The figure that its kind uses."""
    values = {
        SpiffKind.PRODUCT_LAUNCH: spiff.multiplier,
        SpiffKind.QUARTERLY_PUSH: spiff.percent,
        SpiffKind.BUNDLE: spiff.points,
    }
    return values.get(SpiffKind(spiff.kind), spiff.amount) or Decimal(0)


def awards_of(spiff: Spiff, limit: int = 200) -> list[SpiffAward]:
    """The latest awards with whom and what for. One statement."""
    rows = spiff.awards.select_related("partner__organization", "commission").order_by("-awarded_at", "-pk")
    return list(rows[:limit])


def by_partner(spiff: Spiff) -> list[tuple[str, str, int, Decimal]]:
    """Code, name, number and sum of awards by partner, the largest first. One statement."""
    rows = (
        SpiffAward.objects.filter(spiff=spiff)
        .values_list("partner__code", "partner__organization__name")
        .annotate(count=Count("pk"), total=Sum("amount"))
        .order_by("-total", "partner__code")
    )
    return list(rows)


def running(actor: Actor, today: date) -> list[Spiff]:
    """SPIFFs that can award today, the first to end first. One statement."""
    rows = Spiff.objects.visible_to(actor).filter(status=SpiffStatus.ACTIVE, starts_on__lte=today, ends_on__gte=today)
    return list(rows.order_by("ends_on", "pk"))
