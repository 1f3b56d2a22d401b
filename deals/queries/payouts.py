"""What is due to partners, what a run would take and leave, how runs stand. One answer for page, action and test."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum

from deals.choices import CommissionStatus, LeftOut, PayoutItemStatus, PayoutRunStatus
from deals.models import Commission, PayoutDetails, PayoutItem, PayoutLine, PayoutRun
from deals.queries.program import Program
from deals.rules.payouts import Decision, DueLine, Payee, RunTerms, decide, payee_problem
from partners.models import Partner
from partners.queries.program import incentive_terms
from prm.core.actors import Actor

NEW_ACCOUNT = timedelta(days=14)
_OPEN = (PayoutRunStatus.REQUESTED, PayoutRunStatus.APPROVED, PayoutRunStatus.PARTIAL)


@dataclass(frozen=True)
class Row:
    """One partner in a preview: what is decided about it, its lines, and the account it would be paid to."""

    partner: Partner
    decision: Decision
    lines: tuple[Commission, ...]
    held: tuple[Commission, ...]
    details: PayoutDetails | None

    @property
    def why(self) -> str:
        """Why it is left out, in words."""
        return str(LeftOut(self.decision.left_out).label) if self.decision.left_out else ""

    @property
    def held_amount(self) -> Decimal:
        """The sum of what is held."""
        return sum((line.amount for line in self.held), Decimal(0))


@dataclass(frozen=True)
class Preview:
    """What a run in one currency would pay, partner by partner, and what it would leave for later and why."""

    currency: str
    through: date
    minimum: Decimal
    includes_ended: bool
    rows: tuple[Row, ...] = field(default_factory=tuple)

    @cached_property
    def included(self) -> list[Row]:
        """Who is paid, the largest amount first."""
        return sorted((row for row in self.rows if row.decision.is_paid), key=lambda row: -row.decision.amount)

    @cached_property
    def left_out(self) -> list[Row]:
        """Who is not, grouped by reason in the order of the reasons."""
        order = list(LeftOut.values)
        rows = (row for row in self.rows if not row.decision.is_paid)
        return sorted(rows, key=lambda row: (order.index(row.decision.left_out), -row.decision.amount))

    @cached_property
    def held(self) -> list[Row]:
        """Who is paid although some lines are held."""
        return [row for row in self.included if row.held]

    @cached_property
    def total(self) -> Decimal:
        """What the run pays."""
        return sum((row.decision.amount for row in self.included), Decimal(0))

    @property
    def lines_count(self) -> int:
        """How many lines it takes."""
        return sum(len(row.lines) for row in self.included)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with anything that the run would do: a request names the preview that somebody has seen."""
        seen = hashlib.sha256(f"{self.currency} {self.through} {self.includes_ended}".encode())
        for row in sorted(self.included, key=lambda each: each.partner.pk):
            account = row.details.code if row.details else ""
            seen.update(f"\n{row.partner.pk} {row.decision.amount} {account} {sorted(row.decision.line_ids)}".encode())
        return seen.hexdigest()[:32]


def preview(*, program: Program, currency: str, through: date, includes_ended: bool = False) -> Preview:
    """What a run would take now. Four statements, however many partners.

    The lines come without their inputs and explanations, which are most of what they hold.
    """
    lines = defaultdict(list)
    for line in due_lines(currency, through).defer("inputs", "lines").order_by("partner_id", "pk"):
        lines[line.partner_id].append(line)
    partners = Partner.objects.select_related("organization").in_bulk(list(lines))
    details = current_details(lines)
    terms = RunTerms(minimum_for(program, currency), program.today, includes_ended)
    rows = []
    for partner_id, own in lines.items():
        decision = decide(
            payee_of(partners[partner_id], details.get(partner_id)),
            [DueLine(line.pk, line.amount, line.held_reason) for line in own],
            terms,
        )
        rows.append(
            Row(
                partners[partner_id],
                decision,
                tuple(line for line in own if not line.held_reason),
                tuple(line for line in own if line.held_reason),
                details.get(partner_id),
            )
        )
    return Preview(currency, through, terms.minimum, includes_ended, tuple(rows))


def minimum_for(program: Program, currency: str) -> Decimal:
    """The smallest amount that is worth a transfer in a currency, from the program's terms."""
    return incentive_terms(program.version).minimum(currency)


def due_lines(currency: str, through: date) -> QuerySet[Commission]:
    """Payable lines of a currency until a day that no run holds; held ones are among them."""
    taken = PayoutLine.objects.filter(commission_id=OuterRef("pk"), is_void=False)
    return Commission.objects.filter(
        ~Exists(taken), status=CommissionStatus.PAYABLE, currency=currency, payable_on__lte=through
    )


def current_details(partner_ids: Iterable[int]) -> dict[int, PayoutDetails]:
    """The account that counts now, by partner. One statement."""
    found = PayoutDetails.objects.filter(partner_id__in=list(partner_ids), superseded_at=None)
    return {details.partner_id: details for details in found}


def payee_of(partner: Partner, details: PayoutDetails | None) -> Payee:
    """A partner as the rule looks at it. A tax form counts once its number, and for W-forms the file, is there."""
    return Payee(
        status=partner.status,
        has_details=bool(details and details.account_sealed),
        tax_form=details.tax_form if details and details.has_tax_form else "",
        tax_form_signed_on=details.tax_form_signed_on if details else None,
    )


def problem_of(partner: Partner, details: PayoutDetails | None, on: date, includes_ended: bool) -> str:
    """Why a partner can't be paid on a day, as a code of ``LeftOut``; empty when it can."""
    return payee_problem(payee_of(partner, details), on, includes_ended)


@dataclass(frozen=True)
class Change:
    """Something that moved since a run was prepared, and so must be looked at before it is approved."""

    partner: Partner
    what: str
    line: Commission | None = None


def changes_since(run: PayoutRun, on: date) -> list[Change]:
    """What differs from what was prepared: lines held or void, corrections that came in, accounts, partners.

    Five statements. An empty list means that the run can be approved as it stands.
    """
    items = list(
        PayoutItem.objects.filter(run=run, status=PayoutItemStatus.PLANNED).select_related(
            "partner__organization", "details"
        )
    )
    by_partner = {item.partner_id: item for item in items}
    lines = Commission.objects.filter(payout_lines__item__in=items, payout_lines__is_void=False)
    moved = lines.exclude(status=CommissionStatus.PAYABLE, held_reason="").order_by("pk")
    changes = [
        Change(by_partner[line.partner_id].partner, "held" if line.held_reason else "gone", line) for line in moved
    ]
    taken_back = due_lines(run.currency, on).filter(
        partner_id__in=by_partner, amount__lt=0, held_reason="", created_at__gt=run.requested_at
    )
    changes += [Change(by_partner[line.partner_id].partner, "taken_back", line) for line in taken_back.order_by("pk")]
    now = current_details(by_partner)
    for item in items:
        current = now.get(item.partner_id)
        if current is None or current.pk != item.details_id:
            changes.append(Change(item.partner, "account"))
        elif problem_of(item.partner, current, on, run.includes_ended):
            changes.append(Change(item.partner, "partner"))
    return changes


@dataclass(frozen=True)
class Standing:
    """How far a run is: how many payouts are in each state, and how much money."""

    counts: dict[str, int]
    amounts: dict[str, Decimal]

    def count(self, *states: str) -> int:
        """Payouts in these states."""
        return sum(self.counts.get(state, 0) for state in states)

    def amount(self, *states: str) -> Decimal:
        """Money in these states."""
        return sum((self.amounts.get(state, Decimal(0)) for state in states), Decimal(0))

    @property
    def planned(self) -> int:
        """What the worker has not looked at yet."""
        return self.count(PayoutItemStatus.PLANNED)

    @property
    def ready(self) -> int:
        """What is on its way to the bank."""
        return self.count(PayoutItemStatus.READY)

    @property
    def paid(self) -> int:
        """What arrived."""
        return self.count(PayoutItemStatus.PAID)

    @property
    def failed(self) -> int:
        """What failed."""
        return self.count(PayoutItemStatus.FAILED)

    @property
    def void(self) -> int:
        """What was taken out."""
        return self.count(PayoutItemStatus.VOID)

    @property
    def live(self) -> int:
        """What was not taken out."""
        return sum(self.counts.values()) - self.void

    @property
    def looked_at(self) -> int:
        """What the worker is done with."""
        return self.live - self.planned


def standing(run: PayoutRun) -> Standing:
    """One statement."""
    rows = list(
        PayoutItem.objects.filter(run=run).order_by().values("status").annotate(n=Count("pk"), total=Sum("amount"))
    )
    return Standing({row["status"]: row["n"] for row in rows}, {row["status"]: row["total"] for row in rows})


def run_list(actor: Actor) -> QuerySet[PayoutRun]:
    """Runs with what a list says of them."""
    live = ~Q(items__status=PayoutItemStatus.VOID)
    return (
        PayoutRun.objects.visible_to(actor)
        .select_related("requested_by", "approved_by")
        .annotate(
            payees=Count("items", filter=live),
            paid_count=Count("items", filter=Q(items__status=PayoutItemStatus.PAID)),
            failed_count=Count("items", filter=Q(items__status=PayoutItemStatus.FAILED)),
        )
    )


def items_of(run: PayoutRun) -> QuerySet[PayoutItem]:
    """A run's payouts as its page lists them."""
    return (
        PayoutItem.objects.filter(run=run)
        .select_related("partner__organization", "details", "run")
        .annotate(lines_count=Count("lines"))
    )


def lines_of(items: Sequence[PayoutItem]) -> dict[int, list[PayoutLine]]:
    """The lines behind payouts, by payout, in the order in which they were earned. One statement."""
    found: dict[int, list[PayoutLine]] = defaultdict(list)
    rows = (
        PayoutLine.objects.filter(item__in=items)
        .select_related("commission__contract__opportunity__account", "commission__opportunity__account")
        .order_by("commission__earned_on", "commission_id")
    )
    for line in rows:
        found[line.item_id].append(line)
    return dict(found)


def own_payouts(actor: Actor) -> QuerySet:
    """A partner's payouts that it may know of: from the approval on, without those that were never sent."""
    return (
        PayoutItem.objects.visible_to(actor)
        .filter(run__approved_at__isnull=False)
        .exclude(status=PayoutItemStatus.VOID, attempt=0)
        .select_related("run", "details")
        .annotate(lines_count=Count("lines"), sent_at=F("run__approved_at"))
    )


@dataclass(frozen=True)
class Due:
    """What is payable in one currency: the free sum, the held sum, to how many partners, and the run under way."""

    currency: str
    free: Decimal
    held: Decimal
    partners: int
    oldest_on: date | None
    run: PayoutRun | None


def due_by_currency(through: date) -> list[Due]:
    """What waits to be paid, by currency, the largest first. Two statements."""
    taken = PayoutLine.objects.filter(commission_id=OuterRef("pk"), is_void=False)
    rows = (
        Commission.objects.filter(~Exists(taken), status=CommissionStatus.PAYABLE, payable_on__lte=through)
        .order_by()
        .values("currency")
        .annotate(
            free=Sum("amount", filter=Q(held_reason=""), default=Decimal(0)),
            held=Sum("amount", filter=~Q(held_reason=""), default=Decimal(0)),
            partners=Count("partner", distinct=True),
            oldest=Min("payable_on"),
        )
    )
    runs = {run.currency: run for run in PayoutRun.objects.filter(status__in=_OPEN)}
    found = {row["currency"]: row for row in rows}
    due = [
        Due(
            currency,
            found[currency]["free"] if currency in found else Decimal(0),
            found[currency]["held"] if currency in found else Decimal(0),
            found[currency]["partners"] if currency in found else 0,
            found[currency]["oldest"] if currency in found else None,
            runs.get(currency),
        )
        for currency in sorted({*found, *runs})
    ]
    return sorted(due, key=lambda each: -each.free)


@dataclass(frozen=True)
class OnFile:
    """One partner that has earned something, and what finance has of it to pay it with."""

    partner: Partner
    details: PayoutDetails | None
    problem: str
    is_new: bool

    @property
    def why(self) -> str:
        """What is missing, in words."""
        return str(LeftOut(self.problem).label) if self.problem else ""


def on_file(program: Program) -> list[OnFile]:
    """Every partner that has details or is owed something, those with a problem first. Two statements."""
    owed = Commission.objects.filter(
        partner_id=OuterRef("pk"), status__in=[CommissionStatus.ACCRUED, CommissionStatus.PAYABLE]
    )
    known = PayoutDetails.objects.filter(partner_id=OuterRef("pk"))
    partners = Partner.objects.filter(Exists(owed) | Exists(known)).select_related("organization")
    rows = list(partners.order_by("organization__name"))
    details = current_details([row.pk for row in rows])
    found = [
        OnFile(
            row,
            details.get(row.pk),
            problem_of(row, details.get(row.pk), program.today, includes_ended=True),
            is_new_account(details.get(row.pk), program.at),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: not each.problem)


def is_new_account(details: PayoutDetails | None, at: datetime) -> bool:
    """Whether an account was entered so lately that one looks twice before money goes there."""
    return details is not None and details.created_at > at - NEW_ACCOUNT


def counts_by_reason(left_out: Iterable[dict]) -> list[tuple[str, int]]:
    """How many partners a run left out for which reason, in words."""
    counts = Counter(entry["why"] for entry in left_out)
    return [(str(LeftOut(code).label), counts[code]) for code in LeftOut.values if counts[code]]
