"""A partner's earnings as its own pages show them: the account by currency, what comes when, and a line's whole story.

Figures come from ``deals.queries.earnings`` and nowhere else; here they are put together for one company.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, Prefetch, QuerySet

from deals.choices import CommissionStatus, DealKind, PayoutItemStatus, SpiffStatus
from deals.models import Commission, Contract, EarningTerms, PayoutItem, PayoutLine, Spiff, Statement, Verdict
from deals.queries import earnings
from deals.queries.earnings import Balance, Coming, Month
from deals.queries.program import Program
from partners.models import Partner
from partners.queries.program import incentive_terms
from prm.core.actors import Actor
from prm.core.business_time import add_months

HELD_SHOWN = 5
LATEST_SHOWN = 8
MONTHS = 12
ZERO = Decimal(0)


@dataclass(frozen=True)
class NextPayout:
    """What the next run would bring. ``state``: on_its_way, planned, waits, below_minimum, carried, nothing.

    ``by`` is the last day on which it is due to be paid, where it is due.
    """

    state: str
    amount: Decimal
    minimum: Decimal
    by: date | None = None


@dataclass(frozen=True)
class Account:
    """One currency of a company: the balance, what comes by day, the months, and the next payout."""

    currency: str
    balance: Balance
    coming: list[Coming]
    months: list[Month]
    payout: NextPayout

    @property
    def carried(self) -> Decimal:
        """What is made up from later earnings, as an amount above zero: payable below nothing."""
        return max(-self.balance.payable, ZERO)

    @property
    def net_earned(self) -> Decimal:
        """Earned less what was taken back."""
        return self.balance.earned - self.balance.clawed_back

    @property
    def next_coming(self) -> Coming | None:
        """The next amount with a day."""
        return next((each for each in self.coming if each.on and each.amount), None)

    @property
    def waiting(self) -> Decimal:
        """What has no day yet."""
        return sum((each.amount for each in self.coming if each.on is None), ZERO)


def accounts(partner_id: int, program: Program) -> list[Account]:
    """The company's account in each currency it ever earned in, the largest first. Five statements."""
    found = {currency: balance for (_pk, currency), balance in earnings.balances([partner_id]).items()}
    if not found:
        return []
    by_currency: dict[str, list[Coming]] = defaultdict(list)
    for each in earnings.coming([partner_id]):
        by_currency[each.currency].append(each)
    months: dict[str, list[Month]] = defaultdict(list)
    since = add_months(program.today.replace(day=1), 1 - MONTHS)
    for month in earnings.by_month(since=since, until=program.today, partner_ids=[partner_id]):
        months[month.currency].append(month)
    payouts = _next_payouts(partner_id, found, program)
    return [
        Account(currency, balance, by_currency[currency], months[currency], payouts[currency])
        for currency, balance in sorted(found.items(), key=lambda pair: (-pair[1].earned, pair[0]))
    ]


def _next_payouts(partner_id: int, balances: dict[str, Balance], program: Program) -> dict[str, NextPayout]:
    terms = incentive_terms(program.version)
    underway = {
        item.currency: item
        for item in PayoutItem.objects.filter(
            partner_id=partner_id, status=PayoutItemStatus.READY, run__approved_at__isnull=False
        ).order_by("pk")
    }
    free: dict[str, list[Commission]] = defaultdict(list)
    for line in Commission.objects.filter(
        partner_id=partner_id, status__in=[CommissionStatus.PAYABLE, CommissionStatus.IN_PAYOUT], held_reason=""
    ).only("currency", "amount", "payable_on", "status"):
        free[line.currency].append(line)
    found = {}
    for currency in balances:
        minimum = terms.minimum(currency)
        item, lines = underway.get(currency), free[currency]
        amount = sum((line.amount for line in lines), ZERO)
        days = [line.payable_on for line in lines if line.payable_on]
        by = min(days) + timedelta(days=terms.pay_within_days) if days else None
        if item is not None:
            found[currency] = NextPayout("on_its_way", item.amount, minimum)
        elif any(line.status == CommissionStatus.IN_PAYOUT for line in lines):
            found[currency] = NextPayout("planned", amount, minimum, by)
        elif amount < 0:
            found[currency] = NextPayout("carried", amount, minimum)
        elif not amount:
            found[currency] = NextPayout("nothing", ZERO, minimum)
        elif amount < minimum:
            found[currency] = NextPayout("below_minimum", amount, minimum)
        else:
            found[currency] = NextPayout("waits", amount, minimum, by)
    return found


def own_lines(actor: Actor) -> QuerySet[Commission]:
    """The company's lines with what a list prints."""
    return Commission.objects.visible_to(actor).select_related("opportunity__account", "contract", "origin")


def latest_lines(actor: Actor) -> list[Commission]:
    """The newest lines."""
    return list(own_lines(actor).order_by("-earned_on", "-pk")[:LATEST_SHOWN])


def latest_of(actor: Actor, partner_id: int) -> list[Commission]:
    """The newest lines of one company, for those who see several."""
    return list(own_lines(actor).filter(partner_id=partner_id).order_by("-earned_on", "-pk")[:LATEST_SHOWN])


def held_lines(actor: Actor) -> list[Commission]:
    """Unpaid lines that something holds, the largest first."""
    held = own_lines(actor).filter(
        status__in=[CommissionStatus.ACCRUED, CommissionStatus.PAYABLE, CommissionStatus.IN_PAYOUT]
    )
    return list(held.exclude(held_reason="").order_by("-amount", "-pk")[:HELD_SHOWN])


@dataclass(frozen=True)
class Moment:
    """One point of a line's life. ``code`` says which; ``on`` may lie ahead, or be unknown yet."""

    code: str
    on: date | None
    is_ahead: bool
    note: str = ""


@dataclass(frozen=True)
class LineStory:
    """Everything that a partner may read of one of its lines."""

    line: Commission
    terms: EarningTerms | None
    verdict: Verdict | None
    corrections: list[Commission]
    payout: PayoutItem | None
    moments: list[Moment] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def line_story(line: Commission, *, today: date) -> LineStory:
    """The terms pinned at signature, the verdict, corrections, the payout, and the states with their dates.

    Six statements at most. ``names`` are those of SPIFFs and tiers that the explanation mentions by code.
    """
    terms = None
    if line.contract_id is not None:
        pinned = EarningTerms.objects.filter(contract_id=line.contract_id, partner_id=line.partner_id)
        terms = pinned.select_related("program_version").first()
    verdict = None
    if line.opportunity_id is not None:
        verdict = (
            Verdict.objects.current().filter(opportunity_id=line.opportunity_id, partner_id=line.partner_id).first()
        )
    paid = (
        PayoutLine.objects.filter(commission=line, is_void=False, item__run__approved_at__isnull=False)
        .select_related("item__details", "item__run")
        .first()
    )
    awarded = line.spiff_awards.values_list("spiff__code", "spiff__name")
    names = dict(awarded)
    if terms is not None and terms.tier_code:
        names[terms.tier_code] = terms.tier_name
    return LineStory(
        line=line,
        terms=terms,
        verdict=verdict,
        corrections=list(line.corrections.order_by("earned_on", "pk")),
        payout=paid.item if paid else None,
        moments=_moments(line, paid.item if paid else None, today),
        names=names,
    )


def _moments(line: Commission, payout: PayoutItem | None, today: date) -> list[Moment]:
    """The life of a line in its order; what is not known yet comes without a day."""
    if line.status == CommissionStatus.VOID:
        return [Moment("earned", line.earned_on, False), Moment("void", None, False)]
    moments = [Moment("earned", line.earned_on, False)]
    if line.waits_for or line.triggered_on:
        moments.append(Moment("triggered", line.triggered_on, line.triggered_on is None, line.waits_for))
    is_payable = line.status != CommissionStatus.ACCRUED
    moments.append(Moment("payable", line.payable_on, not is_payable))
    if payout is not None and line.paid_on is None:
        moments.append(Moment("in_payout", None, False, payout.code))
    moments.append(Moment("paid", line.paid_on, line.paid_on is None))
    if line.final_on is not None:
        moments.append(Moment("final", line.final_on, line.status != CommissionStatus.FINAL))
    return moments


def winnable(partner: Partner, *, today: date, tier_code: str) -> list[Spiff]:
    """SPIFFs that run today, are meant for this partner, and have something left to give; the first to end first.

    What is left of a budget is the vendor's; a partner learns how long it runs.
    """
    running = Spiff.objects.filter(
        status=SpiffStatus.ACTIVE, starts_on__lte=today, ends_on__gte=today, spent_amount__lt=F("budget_amount")
    ).prefetch_related("products")
    return [
        spiff
        for spiff in running.order_by("ends_on", "pk")
        if (not spiff.partner_types or partner.type in spiff.partner_types)
        and (not spiff.tiers or tier_code in spiff.tiers)
    ]


def resold(actor: Actor) -> QuerySet[Contract]:
    """Contracts that the company resold, each with its own terms as ``own_terms``."""
    own = EarningTerms.objects.filter(partner_id=actor.organization_id)
    return (
        Contract.objects.visible_to(actor)
        .filter(deal_kind=DealKind.RESALE)
        .select_related("opportunity__account")
        .prefetch_related(Prefetch("earning_terms", queryset=own, to_attr="own_terms"))
    )


def latest_statements(actor: Actor) -> list[Statement]:
    """The newest statements that were made."""
    return list(
        Statement.objects.visible_to(actor).filter(ready_at__isnull=False).order_by("-month", "currency", "-pk")[:3]
    )


@dataclass(frozen=True)
class EarningCard:
    """What a home page or an account page says about earnings in one currency."""

    currency: str
    earned: Decimal
    coming: Decimal
    payable: Decimal
    paid: Decimal
    held: Decimal


def earning_cards(partner_id: int) -> list[EarningCard]:
    """The company's account by currency in five figures, the largest first. One statement."""
    return [
        EarningCard(
            currency,
            balance.earned - balance.clawed_back,
            balance.accrued,
            balance.payable + balance.clearing,
            balance.paid,
            balance.held,
        )
        for (_pk, currency), balance in sorted(
            earnings.balances([partner_id]).items(), key=lambda pair: (-pair[1].earned, pair[0])
        )
    ]


def earned_in_quarter(partner_id: int, *, start: date, end: date) -> list[Month]:
    """Earned, taken back and paid in a quarter, one row for each currency. One statement."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for month in earnings.by_month(since=start, until=end, partner_ids=[partner_id]):
        row = sums[month.currency]
        row[0], row[1], row[2] = row[0] + month.earned, row[1] + month.clawed_back, row[2] + month.paid
    return [Month(start, currency, *row) for currency, row in sorted(sums.items())]
