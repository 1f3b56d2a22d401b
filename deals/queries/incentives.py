"""The state of all incentives on one page. Money comes from ``deals.queries.earnings`` and nowhere else."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, Sum

from deals.choices import DisputeStatus, OpportunityStatus, PayoutRunStatus
from deals.models import Dispute, Opportunity, PayoutRun
from deals.queries import earnings
from deals.queries.earnings import Coming, Exposure, Month
from deals.queries.program import Program
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.business_time import add_months

WEEKS = 8
MONTHS = 12
ZERO = Decimal(0)
OPEN_RUNS = (PayoutRunStatus.REQUESTED, PayoutRunStatus.APPROVED, PayoutRunStatus.PARTIAL)


@dataclass(frozen=True)
class Currency:
    """Everything about one currency: exposure now, what comes by week, the last months, and the cost of revenue."""

    currency: str
    exposure: Exposure
    weeks: list[tuple[date, Decimal]]
    later: Decimal
    waiting: Decimal
    held: Decimal
    months: list[Month]
    revenue: Decimal

    @property
    def earned(self) -> Decimal:
        """Earned in the last twelve months, less what was taken back."""
        return sum((each.earned - each.clawed_back for each in self.months), ZERO)

    @property
    def cost_percent(self) -> Decimal | None:
        """What was earned, in percent of the revenue that partners had a part in."""
        return self.earned * 100 / self.revenue if self.revenue else None


@dataclass(frozen=True)
class Overview:
    """All currencies, the largest first, and what waits for somebody."""

    currencies: list[Currency] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    disputes_open: int = 0
    runs: list[PayoutRun] = field(default_factory=list)


def overview(actor: Actor, program: Program) -> Overview:
    """The page's figures: eight statements, whatever there is."""
    today = program.today
    exposure = earnings.exposure(on=today)
    coming: dict[str, list[Coming]] = defaultdict(list)
    for each in earnings.coming():
        coming[each.currency].append(each)
    months: dict[str, list[Month]] = defaultdict(list)
    since = add_months(today.replace(day=1), 1 - MONTHS)
    for month in earnings.by_month(since=since, until=today):
        months[month.currency].append(month)
    revenue = _revenue(since, today)
    names = sorted({*exposure, *coming, *months}, key=lambda name: (name != program.currency, name))
    disputes = Dispute.objects.visible_to(actor).filter(status=DisputeStatus.OPEN)
    runs = PayoutRun.objects.visible_to(actor).filter(status__in=OPEN_RUNS).select_related("requested_by")
    return Overview(
        currencies=[
            _currency(
                name,
                exposure.get(name, Exposure(ZERO, ZERO, ZERO, ZERO)),
                coming[name],
                months[name],
                revenue.get(name, ZERO),
                today,
            )
            for name in names
        ],
        disputes=list(disputes.select_related("commission", "partner__organization").order_by("opened_at")[:5]),
        disputes_open=disputes.count(),
        runs=list(runs.order_by("requested_at")) if actor.can("deals.payout_view") else [],
    )


def _currency(
    name: str, exposure: Exposure, coming: list[Coming], months: list[Month], revenue: Decimal, today: date
) -> Currency:
    weeks = [(today + timedelta(days=7 * number), ZERO) for number in range(WEEKS)]
    end = today + timedelta(days=7 * WEEKS)
    later = waiting = held = ZERO
    for each in coming:
        held += each.held
        if each.on is None:
            waiting += each.amount
        elif each.on >= end:
            later += each.amount
        else:
            number = max((each.on - today).days, 0) // 7
            weeks[number] = (weeks[number][0], weeks[number][1] + each.amount)
    return Currency(name, exposure, weeks, later, waiting, held, months, revenue)


def _revenue(since: date, until: date) -> dict[str, Decimal]:
    """Won revenue in which a partner had a part, by currency and net of cancellations and downgrades since.

    The stored net figure is in the program's currency at the deal's own rate; divided by it, it is the deal's again.
    Deals without a rate are left out, as everywhere.
    """
    rows = Opportunity.objects.filter(
        status=OpportunityStatus.WON, won_on__range=(since, until), partner__isnull=False, rate__gt=0
    )
    return dict(rows.order_by().values_list("currency").annotate(total=Sum(F("amount_program") / F("rate"))))


@dataclass(frozen=True)
class Share:
    """A partner's part of a figure."""

    name: str
    code: str
    amount: Decimal


def largest_shares(figure: str, currency: str, actor: Actor, limit: int = 8) -> list[Share]:
    """Whose accrued, payable or leaving money it is, the largest first. Two statements."""
    found = [
        (partner_id, getattr(balance, figure))
        for (partner_id, name), balance in earnings.balances().items()
        if name == currency and getattr(balance, figure)
    ]
    found.sort(key=lambda pair: (-abs(pair[1]), pair[0]))
    names = {
        pk: (name, code)
        for pk, name, code in Partner.objects.visible_to(actor)
        .filter(pk__in=[pk for pk, _amount in found[:limit]])
        .values_list("pk", "organization__name", "code")
    }
    return [Share(*names[pk], amount) for pk, amount in found[:limit] if pk in names]
