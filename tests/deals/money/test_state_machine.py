"""The whole life of earnings against a small model: whatever happens in whatever order, both say the same.

Hypothesis chooses what happens. After each step come the database's own promises (the constraints that wait for the
commit), the invariants of the ledger, and every balance and line; at the end all invariants. ``PRM_FAULTS=1`` tells
many more and longer stories.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from deals.actions import commissions, ledger, opportunities
from deals.actions.contract_events import record_contract_event
from deals.actions.disputes import SameHandRefused, open_dispute, settle_dispute, withdraw_dispute
from deals.actions.earning_nights import run_earnings
from deals.actions.payout_items import confirm_paid, fail_item, release_item, retry_items
from deals.actions.payout_runs import approve_run, cancel_run, process_run, request_run
from deals.choices import OpportunitySource
from deals.models import Commission, Contract, Opportunity, OwnRate, PayoutRun, Touch
from deals.queries.earnings import balances
from deals.queries.reconciliation import prove
from partners.actions.partners import change_status
from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import ProgramVersion, Tier, TierChange
from partners.rules.incentive_terms import IncentiveTerms
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused
from tests.deals import payables, stage
from tests.deals.earning import plan
from tests.deals.money.model import BEYOND, Books, Deal, Item, Line, Run
from tests.partners import making
from tests.world import AT, World

MORE = os.environ.get("PRM_FAULTS") == "1"
EACH_STEP = ("I1", "I2", "I3", "I4", "I6", "I7", "I11")
NIGHT = Actor.system("night")
AMOUNTS = {
    "USD": ["24000", "100000", "0.63", "33.33", "249.99", "1200.01"],
    "JPY": ["1000000", "7", "12345", "333"],
}
PART = st.integers(0, 10_000)
WHICH = st.integers(0, 10_000)


def programs() -> None:
    """Three plans in Berlin's time; the one of the first year rises from 20 to 30 % after 45 days."""
    read = read_program_file(blueprint_text("standard"))
    for valid_from, rate in ((AT.date(), "20"), (AT.date() + timedelta(days=45), "30")):
        given = [
            plan("first_year", rate_percent=rate),
            plan("recurring", rate_percent="15", months=12, scope={"products": ["Analytics"]}),
            plan("first_year", rate_percent=rate, scope={"products": ["Platform"]}, trigger="implementation",
                 holdback_days=10) | {"code": "on_site"},
        ]  # fmt: skip
        topics = read.program.topics
        terms = topics["incentives"].to_dict() | {"plans": given, "rebate_bands": []}
        topics = topics | {
            "incentives": IncentiveTerms.from_dict(terms),
            "calendar": replace(topics["calendar"], time_zone="Europe/Berlin"),
        }
        version = load_program(
            program=replace(read.program, topics=topics), source_text=read.text, by=making.SETUP, at=AT
        )
        publish_version(version=version, valid_from=valid_from, by=making.SETUP, at=AT)


def settled_now() -> None:
    """What the database would say at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is taken back whatever happens."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Story:
    """The product and the model side by side; each method does one thing in both."""

    def __init__(self, world: World) -> None:
        self.world, self.books = world, Books(AT)
        self.people = {"northwind": world.paul, "rival": world.rita}
        self.partners = {name: stage.partner_of(person) for name, person in self.people.items()}
        self.contracts: dict[int, Contract] = {}
        self.rows: dict[int, int] = {}
        self.runs: dict[int, PayoutRun] = {}
        self.items: dict[int, int] = {}

    @property
    def at(self) -> datetime:
        return self.books.at

    def both(self, model: Callable[[], Any], product: Callable[[], Any]) -> Any:
        """Do it in both; the model says whether it can be, and the product must say the same."""
        expected = model()
        given, refused = None, None
        try:
            with transaction.atomic():
                given = product()
        except Refused as refusal:
            refused = refusal
        assert (refused is None) == (expected is not False), f"the model says {expected}, the product {refused!r}"
        self.meet()
        return given

    def meet(self) -> None:
        """Tie the model's new lines to the product's, in the order in which both made them."""
        known = set(self.rows.values())
        fresh = [pk for pk in Commission.objects.order_by("pk").values_list("pk", flat=True) if pk not in known]
        waiting = [line for line in self.books.lines if line.number not in self.rows]
        assert len(fresh) == len(waiting), f"{len(fresh)} lines, and {len(waiting)} in the model"
        for pk, line in zip(fresh, waiting, strict=True):
            self.rows[line.number] = pk

    def row(self, line: Line) -> Commission:
        return Commission.objects.get(pk=self.rows[line.number])

    def agree(self, *codes: str) -> None:
        """Both say the same of every balance and every line, and the invariants hold."""
        settled_now()
        found = [offender for proven in prove(codes) for offender in proven.finding.offenders]
        assert not found, [str(each) for each in found]
        names = {partner.pk: name for name, partner in self.partners.items()}
        ours = {
            (names[partner], currency): {key: value for key, value in vars(each).items() if value}
            for (partner, currency), each in balances().items()
        }
        standing = self.books.standing().items()
        model = {key: {name: total for name, total in sums.items() if total} for key, sums in standing}
        assert {key: sums for key, sums in ours.items() if sums} == {key: sums for key, sums in model.items() if sums}
        fields = ("pk", "amount", "status", "held_reason", "payable_on")
        rows = {pk: rest for pk, *rest in Commission.objects.values_list(*fields)}
        for line in self.books.lines:
            due = None if line.payable_on == BEYOND else line.payable_on
            assert rows[self.rows[line.number]] == [line.amount, line.state, line.held, due], line

    # -- what can happen --

    def win(self, product: str, currency: str, amount: Decimal, first: str, second: str = "") -> Deal:
        plan_code = {"Analytics": "recurring", "Platform": "on_site"}.get(product, "first_year")
        deal = Opportunity.objects.create(
            code=new_code("OP"), partner=self.partners[first], product=stage.product(product, line=9),
            origin=OpportunitySource.IMPORT, is_partner_worked=True, amount=amount, currency=currency, term_months=12,
            engaged_on=date(2026, 1, 1), created_at=self.at, touched_at=self.at,
        )  # fmt: skip
        if second:
            Touch.objects.create(
                code=new_code("TO"), opportunity=deal, side="partner", partner=self.partners[second], kind="demo",
                occurred_on=self.books.today, evidence="Showed it", source="hand", created_at=self.at,
            )  # fmt: skip
        parts = {first: 100} | ({second: 50} if second else {})
        order = sorted(parts, key=lambda name: self.partners[name].pk)
        self.both(
            lambda: self.books.win(plan_code, currency, amount, {name: parts[name] for name in order}),
            lambda: opportunities.confirm_won(
                opportunity=deal, by=self.world.vera.actor, at=self.at, won_on=self.books.today
            ),
        )
        made = self.books.deals[-1]
        self.contracts[id(made)] = Contract.objects.get(opportunity=deal)
        return made

    def happens(self, deal: Deal, kind: str, amount: Decimal | None = None, external_id: str | None = None) -> None:
        def record() -> Any:
            return record_contract_event(
                contract=self.contracts[id(deal)], kind=kind, effective_on=self.books.today, amount=amount,
                external_id=external_id, by=self.world.finn.actor, at=self.at,
            )  # fmt: skip

        first = self.both(lambda: self.books.happens(deal, kind, amount or Decimal(0)), record)
        if external_id and first is not None:
            assert record() == first

    def pass_time(self, to: datetime) -> None:
        self.books.at = to

    def night(self, times: int) -> None:
        for _time in range(times):
            self.both(self.books.night, lambda: run_earnings(on=self.books.today, by=NIGHT, at=self.at))

    def own_rate(self, partner: str, rate: str) -> None:
        OwnRate.objects.filter(partner=self.partners[partner]).delete()
        OwnRate.objects.create(
            partner=self.partners[partner], rate_percent=Decimal(rate), valid_from=self.books.today, reason="Agreed",
            created_at=self.at,
        )  # fmt: skip
        self.books.own[partner] = Decimal(rate)

    def tier(self, partner: str, number: int) -> None:
        """Nothing of what was signed may follow."""
        tiers = list(Tier.objects.filter(track=self.partners[partner].track).order_by("rank"))
        if tiers:
            to = tiers[number % len(tiers)]
            TierChange.objects.create(
                partner=self.partners[partner], to_tier=to, kind="override", changed_on=self.books.today,
                version=ProgramVersion.objects.order_by("pk")[0], created_at=self.at,
            )  # fmt: skip

    def end(self, partner: str) -> None:
        change_status(partner=self.partners[partner], action="end", reason="Over", by=self.world.vera.actor, at=self.at)
        self.books.ended.add(partner)

    def hold(self, line: Line) -> None:
        self.both(
            lambda: self.books.hold(line, "review"),
            lambda: commissions.hold_commissions(
                commissions=[self.row(line)], reason="review", by=self.world.finn.actor, at=self.at
            ),
        )

    def free(self, line: Line) -> None:
        self.both(
            lambda: self.books.free(line, "review"),
            lambda: commissions.free_commissions(
                commissions=[self.row(line)], reason="review", by=self.world.finn.actor, at=self.at
            ),
        )

    def void(self, line: Line) -> None:
        self.both(
            lambda: self.books.void(line),
            lambda: commissions.void_commission(
                commission=self.row(line), reason="Wrong", by=self.world.finn.actor, at=self.at
            ),
        )

    def adjust(self, line: Line, amount: Decimal) -> None:
        self.both(
            lambda: self.books.adjust(line, amount),
            lambda: commissions.adjust_commission(
                commission=self.row(line), amount=amount, reason="Agreed", source_key=new_code("AD"),
                by=self.world.finn.actor, at=self.at,
            ),
        )  # fmt: skip

    def dispute(self, line: Line, more: Decimal) -> None:
        expected = self.books.worth(line) + more
        self.both(
            lambda: self.books.dispute(line, more),
            lambda: open_dispute(
                commission=self.row(line), by=self.people[line.partner].actor, at=self.at, reason="Wrong rate",
                expected_amount=expected,
            ),
        )  # fmt: skip

    def end_dispute(self, line: Line, outcome: str) -> None:
        dispute = self.row(line).disputes.get(status="open")
        if outcome == "withdrawn":
            by = self.people[line.partner].actor
            self.both(
                lambda: self.books.end_dispute(line, False),
                lambda: withdraw_dispute(dispute=dispute, by=by, at=self.at),
            )
            return

        def settle() -> Any:
            for person in (self.world.vera, self.world.finn, self.world.dan):
                try:
                    with transaction.atomic():
                        return settle_dispute(
                            dispute=dispute, by=person.actor, at=self.at, outcome=outcome, answer="Looked at"
                        )
                except SameHandRefused:
                    continue
            raise AssertionError("nobody is left to settle it")

        self.both(lambda: self.books.end_dispute(line, outcome == "upheld"), settle)

    def ask(self, currency: str) -> Run | None:
        run = self.both(
            lambda: self.books.ask(currency),
            lambda: request_run(currency=currency, through=self.books.today, by=self.world.finn.actor, at=self.at),
        )
        if run is None:
            return None
        made = self.books.runs[-1]
        self.runs[id(made)] = run
        names = {self.partners[item.partner].pk: item for item in made.items}
        rows = {item.partner_id: item for item in run.items.all()}
        assert {pk: row.amount for pk, row in rows.items()} == {pk: item.amount for pk, item in names.items()}
        self.items |= {id(item): rows[pk].pk for pk, item in names.items()}
        return made

    def run(self, run: Run) -> PayoutRun:
        return PayoutRun.objects.get(pk=self.runs[id(run)].pk)

    def approve(self, run: Run) -> None:
        self.both(
            lambda: self.books.approve(run),
            lambda: approve_run(run=self.run(run), by=self.world.vera.actor, at=self.at),
        )

    def cancel(self, run: Run) -> None:
        self.both(
            lambda: self.books.cancel(run),
            lambda: cancel_run(run=self.run(run), by=self.world.finn.actor, at=self.at, reason="No"),
        )

    def process(self, run: Run) -> None:
        def model() -> None:
            for item in run.items:
                if item.state == "planned":
                    self.books.send(run, item)
            run.settle()

        self.both(model, lambda: process_run(code=self.run(run).code, at=self.at))

    def retry(self, run: Run) -> None:
        def model() -> None:
            for item in run.items:
                if item.state == "failed":
                    self.books.send(run, item)
            run.settle()

        def product() -> None:
            retry_items(run=self.run(run), by=self.world.finn.actor, at=self.at)
            process_run(code=self.run(run).code, at=self.at)

        self.both(model, product)

    def move(self, run: Run, item: Item, step: str) -> None:
        row, finn = self.run(run).items.get(pk=self.items[id(item)]), self.world.finn.actor
        if step == "pay":
            self.both(
                lambda: self.books.pay(run, item),
                lambda: confirm_paid(run=row.run, by=finn, at=self.at, paid_on=self.books.today, codes=[row.code]),
            )
        elif step == "fail":
            self.both(
                lambda: self.books.fail(run, item),
                lambda: fail_item(item=row, by=finn, at=self.at, failure="AC04"),
            )
        else:

            def out() -> None:
                self.books.take_out(item)
                run.settle()

            self.both(out, lambda: release_item(item=row, by=finn, at=self.at, reason="Later"))

    def states_agree(self) -> None:
        for run in self.books.runs:
            row = self.run(run)
            assert row.status == run.state
            states = dict(row.items.values_list("pk", "status"))
            assert states == {self.items[id(item)]: item.state for item in run.items}

    def close(self) -> None:
        self.both(
            self.books.close,
            lambda: ledger.close_books(
                until=self.books.today - timedelta(days=1), by=self.world.finn.actor, at=self.at
            ),
        )


def next_moment(now: datetime, where: str) -> datetime:
    """A moment after now that is easily got wrong: just before a month or a year ends in Berlin, a change of clocks."""
    candidates = {
        "month": [datetime(year, month, 1, 21, 59, tzinfo=UTC) - timedelta(days=1)
                  for year in range(2026, 2030) for month in range(1, 13)],
        "dst": [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 59, tzinfo=UTC),
                datetime(2027, 10, 31, 1, 0, tzinfo=UTC), datetime(2028, 3, 26, 1, 0, tzinfo=UTC)],
        "year": [datetime(year, 12, 31, 23, 30, tzinfo=UTC) for year in (2026, 2027, 2028)],
        "leap": [datetime(2028, 2, 28, 23, 30, tzinfo=UTC), datetime(2028, 2, 29, 22, 59, tzinfo=UTC)],
    }[where]  # fmt: skip
    return next((each for each in candidates if each > now), now + timedelta(days=31))


WORLD: dict[str, World] = {}
SEEN: Counter[str] = Counter()


class Life(RuleBasedStateMachine):
    """What Hypothesis may do."""

    @initialize(
        won=st.lists(
            st.tuples(
                st.sampled_from(["Suite", "Suite", "Analytics", "Platform"]), st.sampled_from(["USD", "USD", "JPY"]),
                st.integers(0, 5), st.booleans(), st.booleans(),
            ),
            min_size=2, max_size=4,
        ),
        days=st.sampled_from([0, 29, 31, 31, 60, 100]),
    )  # fmt: skip
    def begin(self, won: list[tuple[str, str, int, bool, bool]], days: int) -> None:
        """A few deals are won, some of them paid, and time has passed: enough for anything to happen next."""
        self.undo = undone()
        self.undo.__enter__()
        self.story = Story(WORLD["world"])
        self.payments = 0
        for number, (product, currency, which, shared, is_paid) in enumerate(won):
            amount = Decimal(AMOUNTS[currency][which % len(AMOUNTS[currency])])
            first, second = ("northwind", "rival")[:: -1 if number % 2 else 1]
            deal = self.story.win(product, currency, amount, first, second if shared else "")
            if is_paid or not number:
                waits_for = "implemented" if product == "Platform" else "paid"
                self.story.happens(deal, waits_for, amount if waits_for == "paid" else None)
        self.story.pass_time(self.story.at + timedelta(days=days))
        self.story.night(1)

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            try:
                self.story.agree()
                self.note()
            finally:
                self.undo.__exit__(None, None, None)

    def note(self) -> None:
        """What this story has come to, so that the test knows what it has seen."""
        SEEN.update(f"line {line.state}" for line in self.books.lines)
        SEEN.update(f"{line.kind}" for line in self.books.lines)
        SEEN.update(f"run {run.state}" for run in self.books.runs)
        SEEN.update(f"payout {item.state}" for run in self.books.runs for item in run.items)
        SEEN.update(kind for deal in self.books.deals for kind, _on, _amount in deal.events)

    def after(self) -> None:
        """A minute passes, and all agree."""
        self.story.agree(*EACH_STEP)
        self.story.states_agree()
        self.story.pass_time(self.story.at + timedelta(minutes=1))

    @property
    def books(self) -> Books:
        return self.story.books

    def deal(self, which: int) -> Deal:
        return self.books.deals[which % len(self.books.deals)]

    def line(self, which: int, lines: list[Line] | None = None) -> Line:
        lines = self.books.lines if lines is None else lines
        return lines[which % len(lines)]

    def runs(self, *states: str) -> list[Run]:
        return [run for run in self.books.runs if run.state in states]

    def moves(self, *states: str) -> list[tuple[Run, Item]]:
        open_runs = self.runs("approved", "partial")
        return [(run, item) for run in open_runs for item in run.items if item.state in states]

    @rule(
        product=st.sampled_from(["Suite", "Analytics", "Platform"]), currency=st.sampled_from(["USD", "USD", "JPY"]),
        which=WHICH, first=st.sampled_from(["northwind", "rival"]), shared=st.booleans(),
    )  # fmt: skip
    def win(self, product: str, currency: str, which: int, first: str, shared: bool) -> None:
        amount = Decimal(AMOUNTS[currency][which % len(AMOUNTS[currency])])
        second = {"northwind": "rival", "rival": "northwind"}[first] if shared else ""
        self.story.win(product, currency, amount, first, second)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.deals)
    @rule(which=WHICH, tenths=st.integers(1, 15), numbered=st.booleans())
    def customer_pays(self, which: int, tenths: int, numbered: bool) -> None:
        deal = self.deal(which)
        scale = {"USD": Decimal("0.01"), "JPY": Decimal(1)}[deal.currency]
        amount = max((deal.value * tenths / 10).quantize(scale), scale)
        self.payments += 1
        self.story.happens(deal, "paid", amount, f"PAY-{self.payments}" if numbered else None)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.deals)
    @rule(which=WHICH, kind=st.sampled_from(["implemented", "cancelled", "fraud"]))
    def contract_event(self, which: int, kind: str) -> None:
        self.story.happens(self.deal(which), kind)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.deals)
    @rule(which=WHICH, kind=st.sampled_from(["downgraded", "refunded", "renewed"]), tenths=st.integers(0, 20))
    def contract_changes(self, which: int, kind: str, tenths: int) -> None:
        deal = self.deal(which)
        scale = {"USD": Decimal("0.01"), "JPY": Decimal(1)}[deal.currency]
        amount = (deal.now * tenths / 10).quantize(scale)
        if kind != "downgraded":
            amount = max(amount, scale)
        self.story.happens(deal, kind, amount)
        self.after()

    @rule(days=st.sampled_from([1, 1, 9, 10, 28, 29, 30, 31, 60, 90]), times=st.integers(0, 2))
    def days_pass(self, days: int, times: int) -> None:
        self.story.pass_time(self.story.at + timedelta(days=days))
        self.story.night(times)
        self.after()

    @rule(where=st.sampled_from(["month", "dst", "year", "leap"]), times=st.integers(0, 2))
    def clock_jumps(self, where: str, times: int) -> None:
        self.story.pass_time(next_moment(self.story.at, where))
        self.story.night(times)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.lines)
    @rule(which=WHICH, free=st.booleans())
    def hold_or_free(self, which: int, free: bool) -> None:
        (self.story.free if free else self.story.hold)(self.line(which))
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.lines)
    @rule(which=WHICH)
    def void(self, which: int) -> None:
        self.story.void(self.line(which))
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.books.lines)
    @rule(which=WHICH, percent=st.sampled_from([-150, -100, -33, 25, 100]))
    def adjust(self, which: int, percent: int) -> None:
        line = self.line(which)
        scale = {"USD": Decimal("0.01"), "JPY": Decimal(1)}[line.currency]
        amount = (abs(line.amount) * percent / 100).quantize(scale)
        if amount:
            self.story.adjust(line, amount)
            self.after()

    @precondition(lambda self: hasattr(self, "story") and any(self.disputable()))
    @rule(which=WHICH, more=st.integers(1, 500))
    def dispute(self, which: int, more: int) -> None:
        self.story.dispute(self.line(which, self.disputable()), Decimal(more))
        self.after()

    def disputable(self) -> list[Line]:
        return [line for line in self.books.lines if line.amount > 0 and line.partner not in self.books.ended]

    def disputed(self) -> list[Line]:
        lines = [line for line in self.books.lines if line.disputed is not None]
        return [line for line in lines if line.partner not in self.books.ended]

    @precondition(lambda self: hasattr(self, "story") and any(self.disputed()))
    @rule(which=WHICH, outcome=st.sampled_from(["upheld", "rejected", "withdrawn"]))
    def end_dispute(self, which: int, outcome: str) -> None:
        self.story.end_dispute(self.line(which, self.disputed()), outcome)
        self.after()

    @rule(currency=st.sampled_from(["USD", "USD", "JPY"]))
    def ask_for_a_run(self, currency: str) -> None:
        self.story.ask(currency)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.runs("requested"))
    @rule(which=WHICH, approve=st.sampled_from([True, True, True, False]), process=st.booleans())
    def decide_a_run(self, which: int, approve: bool, process: bool) -> None:
        waiting = self.runs("requested")
        run = waiting[which % len(waiting)]
        (self.story.approve if approve else self.story.cancel)(run)
        if process and run.state == "approved":
            self.story.process(run)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.runs("approved", "partial"))
    @rule(which=WHICH, again=st.booleans())
    def worker_or_retry(self, which: int, again: bool) -> None:
        runs = self.runs("approved", "partial")
        run = runs[which % len(runs)]
        if again and any(item.state == "failed" for item in run.items):
            self.story.retry(run)
        else:
            self.story.process(run)
        self.after()

    @precondition(lambda self: hasattr(self, "story") and self.moves("ready", "failed"))
    @rule(which=WHICH, paid=st.sampled_from([True, True, False]))
    def bank_answers(self, which: int, paid: bool) -> None:
        moves = self.moves("ready", "failed")
        run, item = moves[which % len(moves)]
        self.story.move(run, item, "out" if item.state == "failed" else "pay" if paid else "fail")
        self.after()

    @rule(
        what=st.sampled_from(["rate", "tier", "close"]), partner=st.sampled_from(["northwind", "rival"]),
        rate=st.sampled_from(["33.3333", "12.5", "0.5", "40"]), number=WHICH,
    )  # fmt: skip
    def terms_change(self, what: str, partner: str, rate: str, number: int) -> None:
        """An own rate, another tier, a closed period: nothing that was signed or booked may follow."""
        if what == "rate":
            self.story.own_rate(partner, rate)
        elif what == "tier":
            self.story.tier(partner, number)
        else:
            self.story.close()
        self.after()

    @rule(currency=st.sampled_from(["USD", "USD", "JPY"]), answers=st.lists(st.sampled_from("ppfw"), max_size=4))
    def run_to_the_bank(self, currency: str, answers: list[str]) -> None:
        """A run asked for, approved and sent at once; of each payout the bank says paid, failed, or nothing yet."""
        run = self.story.ask(currency)
        if run is not None:
            self.story.pass_time(self.story.at + timedelta(minutes=1))
            self.story.approve(run)
            self.story.process(run)
            for item, answer in zip(run.items, answers, strict=False):
                if item.state == "ready" and answer != "w":
                    self.story.move(run, item, "pay" if answer == "p" else "fail")
        self.after()

    @precondition(lambda self: hasattr(self, "story") and len(self.books.lines) > 3 and not self.books.ended)
    @rule(partner=st.sampled_from(["northwind", "rival"]))
    def partner_ends(self, partner: str) -> None:
        self.story.end(partner)
        self.after()


@pytest.fixture
def stage_world(world: World) -> World:
    """Two partners with accounts, and plans."""
    programs()
    payables.details(world.paul)
    payables.details(world.rita, account=payables.OTHER_IBAN, account_holder="Rival", notice_email="m@rival.example")
    return world


def test_the_product_and_the_model_tell_the_same_story(stage_world: World) -> None:
    WORLD["world"] = stage_world
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=150 if MORE else 25,
            stateful_step_count=60 if MORE else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate, Phase.shrink] if MORE else [Phase.explicit, Phase.generate],
            derandomize=not MORE,
            database=None,
        ),
    )
    assert {"line payable", "line in_payout", "line void", "clawback", "adjustment", "renewal"} <= set(SEEN)
