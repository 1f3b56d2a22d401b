"""What the books must say, in lists and Decimals: no database, nothing of the product, small enough to be read.

The product is run beside it, step by step, and must agree after each one (see ``test_state_machine``). Whether a step
is possible is asked of the model as well: where it answers False, the product must refuse.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from zoneinfo import ZoneInfo

SCALE = {"USD": 100, "JPY": 1, "KWD": 1000}
ZONE, MINIMUM, BEYOND = ZoneInfo("Europe/Berlin"), Decimal(50), date(9999, 1, 1)
OPEN, UNPAID = ("accrued", "payable"), ("accrued", "payable", "in_payout")
ACCOUNT = {"accrued": "accrued", "payable": "payable", "in_payout": "clearing", "paid": "paid", "final": "paid"}
_order = count(1)


def cents(exact: Fraction, currency: str) -> Decimal:
    """Rounded once, half away from zero."""
    units = int(abs(exact) * SCALE[currency] + Fraction(1, 2))
    return Decimal(units if exact > 0 else -units) / SCALE[currency]


def share(days: int) -> Fraction:
    """What a cancellation takes back, by the days since the start."""
    return Fraction(1) if days < 30 else Fraction(1, 2) if days < 90 else max(Fraction(180 - days, 180), Fraction(0))


@dataclass(eq=False)
class Line:
    """One amount that a partner earned or that was taken back."""

    partner: str
    currency: str
    amount: Decimal
    kind: str
    contract: "Deal"
    earned_on: date
    made_at: datetime
    state: str = "accrued"
    waits_for: str = "paid"
    holdback: int = 30
    payable_on: date = BEYOND
    final_on: date = BEYOND
    held: str = ""
    origin: "Line | None" = None
    disputed: Decimal | None = None
    item: "Item | None" = None
    number: int = field(default_factory=lambda: next(_order))


@dataclass(eq=False)
class Deal:
    """A signed contract. ``parts`` are the percent of each partner's rate that counts."""

    plan: str
    currency: str
    value: Decimal
    parts: dict[str, int]
    rates: dict[str, Decimal]
    started: date
    now: Decimal
    status: str = "active"
    events: list[tuple[str, date, Decimal]] = field(default_factory=list)


@dataclass(eq=False)
class Item:
    """What a run pays to a partner."""

    partner: str
    amount: Decimal
    lines: list[Line]
    state: str = "planned"


@dataclass(eq=False)
class Run:
    """A payout run."""

    currency: str
    items: list[Item]
    asked_at: datetime
    state: str = "requested"

    def settle(self) -> None:
        """Partial with the first failure, complete once nothing is left to do."""
        states = {item.state for item in self.items}
        self.state = "partial" if "failed" in states else self.state if states & {"planned", "ready"} else "completed"


class Books:
    """Everything, and what can happen to it. ``at`` is the moment, ``today`` the program's day."""

    def __init__(self, at: datetime) -> None:
        self.at, self.lines, self.deals, self.runs = at, list[Line](), list[Deal](), list[Run]()
        self.ended, self.own, self.closed = set[str](), dict[str, Decimal](), date(2000, 1, 1)
        self.plan_changes = at.date() + timedelta(days=45)

    @property
    def today(self) -> date:
        return self.at.astimezone(ZONE).date()

    def rate(self, partner: str, plan: str) -> Decimal:
        """An own rate replaces the plan's; the plan of the first year rises on a day that is known."""
        usual = Decimal(15) if plan == "recurring" else Decimal(30 if self.today >= self.plan_changes else 20)
        return self.own.get(partner, usual)

    def standing(self) -> dict[tuple[str, str], dict[str, Decimal]]:
        """The balances, as sums over the lines."""
        found: dict = defaultdict(lambda: defaultdict(Decimal))
        for line in self.lines:
            if line.state == "void":
                continue
            sums, is_taken = found[line.partner, line.currency], line.kind == "clawback"
            sums[ACCOUNT[line.state]] += line.amount
            sums["clawed_back" if is_taken else "earned"] += -line.amount if is_taken else line.amount
            sums["held"] += line.amount if line.held and line.state in OPEN else 0
        return found

    def _add(self, deal: Deal, partner: str, kind: str, exact: Fraction, waits_for: str = "paid") -> None:
        amount = cents(exact, deal.currency)
        if amount:
            line = Line(partner, deal.currency, amount, kind, deal, self.today, self.at, waits_for=waits_for)
            line.holdback = 10 if waits_for == "implemented" else 30
            line.final_on = deal.started + timedelta(days=180)
            self.lines.append(line)
            days = [day for what, day, _amount in deal.events if what == waits_for]
            if waits_for == "implemented" and days:
                line.payable_on = max(days[0], self.today) + timedelta(days=line.holdback)
            elif waits_for == "paid" and (days := [day for day in days if day >= self.today]):
                line.payable_on = min(days) + timedelta(days=line.holdback)

    def _correct(self, origin: Line, amount: Decimal, kind: str) -> None:
        line = Line(origin.partner, origin.currency, amount, kind, origin.contract, self.today, self.at, origin=origin)
        line.waits_for, line.holdback, line.payable_on = origin.waits_for, origin.holdback, origin.payable_on
        line.final_on = origin.final_on
        if origin.state != "accrued":
            line.state, line.payable_on, line.final_on = "payable", self.today, max(origin.final_on, self.today)
        self.lines.append(line)

    def against(self, line: Line) -> list[Line]:
        """What corrects a line and stands."""
        return [each for each in self.lines if each.origin is line and each.state != "void"]

    def left(self, line: Line) -> Decimal:
        """What was not taken back yet."""
        return line.amount + sum(each.amount for each in self.against(line) if each.amount < 0)

    # -- contracts --

    def win(self, plan: str, currency: str, value: Decimal, parts: dict[str, int]) -> None:
        rates = {partner: self.rate(partner, plan) for partner in parts}
        deal = Deal(plan, currency, value, parts, rates, self.today, value)
        self.deals.append(deal)
        if plan != "recurring":
            for partner, part in sorted(parts.items()):
                exact = Fraction(value) * Fraction(rates[partner]) * part / 10000
                self._add(deal, partner, "first_year", exact, "implemented" if plan == "on_site" else "paid")

    def happens(self, deal: Deal, kind: str, amount: Decimal = Decimal(0)) -> bool:
        """An event of today, and everything that follows from it."""
        once = any(what == kind for what, _on, _amount in deal.events) and kind in ("implemented", "fraud")
        ended = deal.status == "cancelled" and kind not in ("paid", "refunded", "fraud")
        never_paid = kind == "refunded" and not any(what == "paid" for what, _on, _amount in deal.events)
        again = kind == "renewed" and (
            self.today <= deal.started or any(what == kind and on == self.today for what, on, _amount in deal.events)
        )
        if once or ended or again or never_paid or (kind == "downgraded" and amount >= deal.now):
            return False
        before, deal.events = list(deal.events), [*deal.events, (kind, self.today, amount)]
        mine = [line for line in self.lines if line.contract is deal]
        for line in mine:
            if line.state == "accrued" and line.waits_for == kind and line.payable_on == BEYOND:
                line.payable_on = self.today + timedelta(days=line.holdback)
        months = (self.today.year - deal.started.year) * 12 + self.today.month - deal.started.month
        whole_months = months - (self.today.day < deal.started.day and not _is_month_end(self.today))
        was_fraud = any(what == "fraud" for what, _on, _amount in before)
        if kind == "paid" and deal.plan == "recurring" and whole_months < 12 and not was_fraud:
            for partner, part in sorted(deal.parts.items()):
                self._add(deal, partner, "recurring", Fraction(amount) * Fraction(deal.rates[partner]) * part / 10000)
        if kind == "renewed" and (deal.plan != "recurring" or whole_months >= 12):
            for partner, part in sorted(deal.parts.items()):
                exact = Fraction(amount) * Fraction(self.rate(partner, deal.plan)) * part / 10000
                self._add(deal, partner, "renewal", exact, "implemented" if deal.plan == "on_site" else "paid")
        if kind in ("cancelled", "downgraded", "refunded", "fraud"):
            self._take_back(deal, mine, before, kind, amount)
        if kind in ("downgraded", "renewed"):
            deal.now = amount
        if kind in ("cancelled", "fraud"):
            deal.status = "cancelled"
        if kind == "fraud":
            for line in [each for each in self.lines if each.contract is deal and each.state in OPEN]:
                if line.origin is None or line.origin.state in OPEN:
                    line.held = "fraud"
        return True

    def _take_back(self, deal: Deal, mine: list[Line], before: list, kind: str, amount: Decimal) -> None:
        since, worth = deal.started, deal.value
        for what, on, value in before:
            if what == "renewed":
                since, worth = on, value
        paid = sum((value for what, on, value in before if what == "paid" and on >= since), Decimal(0))
        refunded = sum((value for what, on, value in before if what == "refunded" and on >= since), Decimal(0))
        if kind == "refunded" and deal.status == "cancelled":
            return
        days = share((self.today - deal.started).days)
        for line in [each for each in mine if each.amount > 0 and each.state != "void"]:
            if kind == "refunded":
                whole = paid if line.kind == "recurring" else max(paid, worth)
                counts = whole and line.earned_on >= since
                part = Fraction(min(amount, whole)) / Fraction(whole) if counts else Fraction(0)
            elif kind == "fraud":
                part = Fraction(1)
            else:
                lost, whole = deal.now - amount if kind == "downgraded" else deal.now, deal.value
                if kind == "cancelled" and refunded and line.earned_on >= since:
                    before_it, whole = (paid, paid) if line.kind == "recurring" else (deal.now, deal.value)
                    lost = max(before_it - refunded, Decimal(0))
                part = min(Fraction(lost) / Fraction(whole), Fraction(1)) * days if whole else Fraction(0)
            taken = min(cents(Fraction(line.amount) * part, line.currency), self.left(line))
            if taken:
                self._correct(line, -taken, "clawback")
                if line.disputed is not None:
                    self.hold(self.lines[-1], "dispute")

    # -- lines --

    def night(self) -> None:
        """What falls due, with what corrects it, unless one of them is held; what can't be taken back any more."""
        for _depth in range(4):
            due = [
                line
                for line in self.lines
                if line.state == "accrued" and line.payable_on <= self.today and not line.held
                and (line.origin is None or line.origin.state != "accrued")
                and not any(each.held and each.state == "accrued" for each in self.against(line))
            ]  # fmt: skip
            for line in due:
                line.state = "payable"
        for line in self.lines:
            if line.state == "paid" and line.final_on <= self.today:
                line.state = "final"

    def hold(self, line: Line, reason: str) -> None:
        if line.state in UNPAID and not line.held:
            line.held = reason

    def free(self, line: Line, reason: str) -> None:
        waits = any(each is not None and each.disputed is not None for each in (line, line.origin))
        line.held = "" if line.held == reason and not waits else line.held

    def void(self, line: Line) -> bool:
        if line.state not in OPEN or self.against(line) or line.disputed is not None:
            return False
        line.state, line.held = "void", ""
        return True

    def adjust(self, line: Line, amount: Decimal) -> bool:
        """Up without a limit, down to nothing; a line below zero only up, to nothing as well."""
        against = abs(sum(each.amount for each in self.against(line) if (each.amount > 0) == (amount > 0)))
        up = line.amount > 0 and amount > 0
        within = (line.amount > 0 or amount > 0) and abs(amount) <= abs(line.amount) - against
        if line.state == "void" or not (up or within):
            return False
        self._correct(line, amount, "adjustment")
        return True

    def worth(self, line: Line) -> Decimal:
        """The line with its adjustments."""
        return line.amount + sum(each.amount for each in self.against(line) if each.kind == "adjustment")

    def dispute(self, line: Line, more: Decimal) -> bool:
        if line.state == "void" or line.disputed is not None:
            return False
        line.disputed = self.worth(line) + more
        for each in (line, *self.against(line)):
            self.hold(each, "dispute")
        return True

    def end_dispute(self, line: Line, upheld: bool) -> bool:
        gain = line.disputed - self.worth(line) if line.disputed is not None else Decimal(0)
        if upheld and (gain <= 0 or line.state == "void"):
            return False
        if upheld:
            self._correct(line, gain, "adjustment")
        line.disputed = None
        for each in (line, *(each for each in self.lines if each.origin is line)):
            if each.disputed is None:
                self.free(each, "dispute")
        return True

    # -- payouts --

    def ask(self, currency: str) -> bool:
        due: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            free = line.item is None and not line.held and line.partner not in self.ended
            if line.state == "payable" and line.currency == currency and line.payable_on <= self.today and free:
                due[line.partner].append(line)
        sums = {partner: sum((line.amount for line in lines), Decimal(0)) for partner, lines in due.items()}
        items = [Item(partner, sums[partner], due[partner]) for partner in due if sums[partner] >= MINIMUM]
        if not items or any(run.currency == currency and self.is_open(run) for run in self.runs):
            return False
        for item in items:
            for line in item.lines:
                line.item = item
        self.runs.append(Run(currency, items, self.at))
        return True

    @staticmethod
    def is_open(run: Run) -> bool:
        return run.state in ("requested", "approved", "partial")

    def approve(self, run: Run) -> bool:
        for item in run.items:
            news = [line for line in self.lines if line.partner == item.partner and line.currency == run.currency]
            news = [each for each in news if each.state == "payable" and each.amount < 0 and not each.held]
            late = any(each.item is None and each.made_at > run.asked_at for each in news)
            if late or item.partner in self.ended or not self._fits(item):
                return False
        run.state = "approved"
        return True

    def _fits(self, item: Item) -> bool:
        return all(line.state == "payable" and not line.held for line in item.lines)

    def cancel(self, run: Run) -> None:
        run.state = "cancelled"
        for item in run.items:
            self.take_out(item)

    def send(self, run: Run, item: Item) -> None:
        """Prepared for the first time or again."""
        sent = self._fits(item) and item.partner not in self.ended
        item.state = "ready" if sent else "failed"
        if sent:
            for line in item.lines:
                line.state = "in_payout"

    def fail(self, run: Run, item: Item) -> None:
        item.state = "failed"
        for line in item.lines:
            line.state = "payable"
        run.settle()

    def pay(self, run: Run, item: Item) -> None:
        item.state = "paid"
        for line in item.lines:
            line.state = "paid"
        run.settle()

    def take_out(self, item: Item) -> None:
        item.state = "void"
        for line in item.lines:
            line.item = None

    def close(self) -> bool:
        until = self.today - timedelta(days=1)
        if until <= self.closed:
            return False
        self.closed = until
        return True


def _is_month_end(day: date) -> bool:
    return (day + timedelta(days=1)).month != day.month
