"""Every state, step and person (T13), nobody on both sides (T12): what is published succeeds, and nothing else moves.

The triples are generated from the tables of states; who may is written down here once more, by name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from deals.actions.commissions import adjust_commission, void_commission
from deals.actions.disputes import open_dispute, settle_dispute, withdraw_dispute
from deals.actions.payout_items import confirm_paid, fail_item, release_item, retry_items
from deals.actions.payout_runs import approve_run, cancel_run
from deals.choices import CommissionStatus, DisputeStatus, PayoutItemStatus, PayoutRunStatus
from deals.models import Commission, Dispute, LedgerEntry, PayoutItem, PayoutRun
from deals.rules.earning_states import COMMISSION, DISPUTE, PAYOUT_ITEM, PAYOUT_RUN
from prm.core.models import AuditEntry, Mail, OutboxEvent
from prm.core.refused import Refused
from tests.deals.earning_stage import earned
from tests.deals.money.tampering import unguarded
from tests.deals.payables import approved, payable, processed, ready_to_pay, requested
from tests.world import AT, Person, World

LATER = AT + timedelta(hours=5)
Step = Callable[[Any, Person], Any]


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fingerprint() -> list[Any]:
    """Everything that a denied step could have moved."""
    return [
        *Commission.objects.order_by("pk").values_list("pk", "status", "held_reason", "version"),
        *PayoutRun.objects.order_by("pk").values_list("pk", "status", "version", "approved_by"),
        *PayoutItem.objects.order_by("pk").values_list("pk", "status", "attempt", "version"),
        *Dispute.objects.order_by("pk").values_list("pk", "status", "version"),
        *(model.objects.count() for model in (LedgerEntry, AuditEntry, OutboxEvent, Mail)),
    ]


def sweep(world: World, thing: Any, allowed: dict[str, set[str]], steps: dict[str, Step]) -> int:
    """Let everybody try every step on a thing in its state; how often one succeeded."""
    succeeded, before = 0, fingerprint()
    for name, step in steps.items():
        for who, person in world.people.items():
            with undone():
                try:
                    with transaction.atomic():
                        step(thing, person)
                    went = True
                except Refused:
                    went = False
                    assert fingerprint() == before, (thing.status, name, who)
            assert went == (who in allowed[name]), (thing.status, name, who, went)
            succeeded += went
    return succeeded


def who_may(table: Any, state: str, arrows: dict[str, str], people: dict[str, set[str]]) -> dict[str, set[str]]:
    """Per step the people who may, nobody where the table has no such arrow from this state."""
    return {step: people[step] if table.allows(state, arrow) else set() for step, arrow in arrows.items()}


# --- Payout runs and payouts ------------------------------------------------------------------------------------------

RUN_STEPS: dict[str, Step] = {
    "approve": lambda run, who: approve_run(run=run, by=who.actor, at=LATER),
    "cancel": lambda run, who: cancel_run(run=run, by=who.actor, at=LATER, reason="No"),
}
RUN_PEOPLE = {"approve": {"vera"}, "cancel": {"finn", "vera"}}  # Finn may approve as well, but prepared it himself


def run_in(world: World, state: str) -> PayoutRun:
    ready_to_pay(world)
    if state in {"requested", "cancelled"}:
        run = requested(world)
        if state == "cancelled":
            cancel_run(run=run, by=world.finn.actor, at=LATER, reason="No")
    elif state == "approved":
        run = approved(world)
    else:
        run = processed(world)
        if state == "completed":
            confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=LATER.date())
        else:
            fail_item(item=run.items.all()[0], by=world.finn.actor, at=LATER, failure="AC04")
    run.refresh_from_db()
    assert run.status == state
    return run


@pytest.mark.django_db
def test_every_step_of_a_run(world: World) -> None:
    done = 0
    for state in PayoutRunStatus.values:
        with undone():
            run = run_in(world, state)
            allowed = who_may(PAYOUT_RUN, state, {"approve": "approve", "cancel": "cancel"}, RUN_PEOPLE)
            done += sweep(world, run, allowed, RUN_STEPS)
    assert done == sum(len(people) for people in RUN_PEOPLE.values())


ITEM_STEPS: dict[str, Step] = {
    "pay": lambda item, who: confirm_paid(
        run=item.run, by=who.actor, at=LATER, paid_on=LATER.date(), codes=[item.code]
    ),
    "fail": lambda item, who: fail_item(item=item, by=who.actor, at=LATER, failure="AC04"),
    "retry": lambda item, who: retry_items(run=item.run, by=who.actor, at=LATER, codes=[item.code]),
    "void": lambda item, who: release_item(item=item, by=who.actor, at=LATER, reason="Later"),
}


def item_in(world: World, state: str) -> PayoutItem:
    run = run_in(world, "approved" if state == "planned" else "completed" if state == "paid" else "partial")
    items = run.items.order_by("pk")
    if state == "void":
        failed = items.get(status="failed")
        release_item(item=failed, by=world.finn.actor, at=LATER, reason="Later")
        return items.get(pk=failed.pk)
    return items.filter(status=state)[0]


@pytest.mark.django_db
def test_every_step_of_a_payout(world: World) -> None:
    people = {step: {"finn"} for step in ITEM_STEPS}
    for state in PayoutItemStatus.values:
        with undone():
            item = item_in(world, state)
            allowed = who_may(PAYOUT_ITEM, state, {step: step for step in ITEM_STEPS}, people)
            if state == "planned":  # the worker's own arrows: nobody reports on what was not sent
                allowed |= {"fail": set(), "void": set()}
            sweep(world, item, allowed, ITEM_STEPS)


# --- Lines and disputes -----------------------------------------------------------------------------------------------

SETTLERS = {"finn", "vera", "dan", "mia"}  # Mia looks after Northwind


@pytest.mark.django_db
def test_every_state_of_a_line_that_somebody_voids(world: World) -> None:
    line = earned(world.sara)
    for state in CommissionStatus.values:
        with undone():
            with unguarded() as run:
                run("UPDATE deals_commission SET status = %s WHERE id = %s", [state, line.pk])
            line.refresh_from_db()
            allowed = who_may(COMMISSION, state, {"void": "void"}, {"void": SETTLERS})
            steps = {"void": lambda row, who: void_commission(commission=row, reason="x", by=who.actor, at=LATER)}
            sweep(world, line, allowed, steps)


def settling(outcome: str, **more: Any) -> Step:
    return lambda row, who: settle_dispute(
        dispute=row, by=who.actor, at=LATER, outcome=outcome, answer="Looked at", **more
    )


@pytest.mark.django_db
def test_every_step_of_a_dispute(world: World) -> None:
    line = earned(world.sara)
    opened = open_dispute(commission=line, by=world.sara.actor, at=AT, reason="Gold", expected_amount=line.amount + 100)
    steps = {
        "uphold": settling("upheld"),
        "uphold_partly": settling("partly_upheld", right_amount=line.amount + 50),
        "reject": settling("rejected"),
        "withdraw": lambda row, who: withdraw_dispute(dispute=row, by=who.actor, at=LATER),
    }
    people = dict.fromkeys(steps, SETTLERS) | {"withdraw": {"sara", "paul", "toni"}}
    for state in DisputeStatus.values:
        with undone():
            if state != "open":
                settled_by = world.sara if state == "withdrawn" else world.vera
                with unguarded() as run:
                    run(
                        "UPDATE deals_dispute SET status = %s, settled_at = %s, settled_by_id = %s",
                        [state, LATER, settled_by.user.pk],
                    )
            row = Dispute.objects.get(pk=opened.pk)
            sweep(world, row, who_may(DISPUTE, state, {step: step for step in steps}, people), steps)


# --- Four eyes (T12) --------------------------------------------------------------------------------------------------


def test_who_asked_for_a_run_does_not_approve_it_on_the_page(world: World, sign_in: Callable[[Person], Client]) -> None:
    """Finance may ask and approve, but not the same person."""
    ready_to_pay(world)
    run = requested(world)
    before = fingerprint()
    for person in (world.finn, world.ada, world.mia):
        answer = sign_in(person).post(f"/manage/incentives/payouts/runs/{run.code}/approve/", {"version": run.version})
        assert answer.status_code in {403, 409, 422}
    assert fingerprint() == before


@pytest.mark.django_db
def test_who_made_a_line_by_hand_does_not_settle_it_on_the_page(
    world: World, sign_in: Callable[[Person], Client]
) -> None:
    line = earned(world.sara)
    by_hand = adjust_commission(
        commission=line, amount=line.amount / 10, reason="Agreed", source_key="t:1", by=world.finn.actor, at=AT
    )
    dispute = open_dispute(
        commission=by_hand, by=world.sara.actor, at=AT, reason="More", expected_amount=by_hand.amount + 1
    )
    before = Commission.objects.count()
    answer = sign_in(world.finn).post(
        f"/manage/incentives/disputes/{dispute.code}/uphold/",
        {"version": dispute.version, "right_amount": str(by_hand.amount + 1), "answer": "Fine"},
    )
    dispute.refresh_from_db()
    assert (answer.status_code in {403, 409, 422}, dispute.status, Commission.objects.count()) == (True, "open", before)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deals_payoutrun SET status='approved', approved_at=now(), approved_by_id=requested_by_id",
        "UPDATE deals_dispute SET status='upheld', settled_at=now(), settled_by_id=opened_by_id",
        "UPDATE deals_dispute SET status='rejected', settled_at=now(), settled_by_id=opened_by_id",
    ],
)
def test_the_database_refuses_one_person_on_both_sides_even_without_triggers(world: World, statement: str) -> None:
    ready_to_pay(world)
    requested(world)
    line = payable(world.sara)
    open_dispute(commission=line, by=world.sara.actor, at=AT, reason="More", expected_amount=line.amount + 1)
    with unguarded() as run, pytest.raises(DatabaseError), transaction.atomic():
        run(statement)
