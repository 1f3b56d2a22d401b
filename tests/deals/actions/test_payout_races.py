"""Two people, or a person and the worker, at the same moment: one run, one approval, one payment (T30), and without
the guard it breaks."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from deals.actions import commissions, payout_items, payout_runs
from deals.actions.payout_items import confirm_paid, fail_item, retry_items
from deals.actions.payout_runs import approve_run, cancel_run, process_run, request_run
from deals.models import Commission, LedgerEntry, LedgerTransaction, PayoutLine, PayoutRun
from prm.core.models import AuditEntry
from prm.core.refused import Refused
from tests.deals.actions.racing import ROUNDS, Paused, at_once, interleaved
from tests.deals.payables import TODAY, approved, processed, ready_to_pay, requested
from tests.world import AT, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LATER = AT + timedelta(hours=3)
FEW = max(ROUNDS // 5, 4)


@pytest.fixture(autouse=True)
def own_account(settings: Any) -> None:
    settings.PAYOUT_IBAN = "DE02120300000000202051"


def wins(results: list[Any]) -> int:
    """How many went through; anything but a plain refusal on the other side is an error of ours."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refused):
            raise result
    return sum(not isinstance(result, Exception) for result in results)


def ask(world: World) -> Any:
    return lambda: request_run(currency="EUR", through=TODAY, by=world.finn.actor, at=AT)


def test_of_two_runs_at_once_one_is_made(world: World) -> None:
    ready_to_pay(world)
    for _round in range(FEW):
        assert wins(at_once(ask(world), ask(world))) == 1
        run = PayoutRun.objects.get(status="requested")
        assert PayoutLine.objects.filter(is_void=False).count() == 2
        cancel_run(run=run, by=world.finn.actor, at=LATER, reason="Again")


def test_without_the_constraints_two_runs_take_the_same_lines(world: World, monkeypatch: Any) -> None:
    """The negative control: the check before the insert alone lets both through."""
    ready_to_pay(world)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX deals_payout_run_one_open")
        cursor.execute("DROP INDEX deals_payout_line_one_live")
    try:
        paused = Paused(payout_runs._write_items)
        monkeypatch.setattr(payout_runs, "_write_items", paused)
        results, _waited = interleaved(paused, ask(world), ask(world))
        assert wins(results) == 2
        taken = PayoutLine.objects.values("commission").annotate(n=Sum("amount")).count()
        assert PayoutLine.objects.filter(is_void=False).count() == 2 * taken
    finally:
        connection.close()
        _restore_constraints()


def _restore_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM deals_payoutline; DELETE FROM deals_payoutitem; DELETE FROM deals_payoutrun")
        cursor.execute("SET session_replication_role = DEFAULT")
        for model in (PayoutRun, PayoutLine):
            for constraint in model._meta.constraints:
                if constraint.name in {"deals_payout_run_one_open", "deals_payout_line_one_live"}:
                    with connection.schema_editor() as editor:
                        editor.add_constraint(model, constraint)


def test_two_approvals_at_once_are_one(world: World) -> None:
    ready_to_pay(world)
    for _round in range(FEW):
        run = requested(world)
        calls = [lambda run=run: approve_run(run=run, by=world.vera.actor, at=LATER)] * 2
        assert wins(at_once(*calls)) == 1
        assert AuditEntry.objects.filter(code="deals.payout_run.approved", ref_code=run.code).count() == 1
        _finish(world, run)


def test_approval_and_cancellation_at_once(world: World) -> None:
    ready_to_pay(world)
    for _round in range(FEW):
        run = requested(world)
        outcomes = at_once(
            lambda run=run: approve_run(run=run, by=world.vera.actor, at=LATER),
            lambda run=run: cancel_run(run=run, by=world.finn.actor, at=LATER, reason="No"),
        )
        assert wins(outcomes) == 1
        run.refresh_from_db()
        assert run.status in {"approved", "cancelled"}
        live = PayoutLine.objects.filter(item__run=run, is_void=False).count()
        assert live == (2 if run.status == "approved" else 0)
        if run.status == "approved":
            _finish(world, run)


def _finish(world: World, run: PayoutRun) -> None:
    """Take an approved run out of the way, so that its lines are payable for the next round."""
    run.refresh_from_db()
    if run.status not in {"approved", "partial"}:
        return
    process_run(code=run.code, at=LATER)
    for item in run.items.filter(status="ready"):
        fail_item(item=item, by=world.finn.actor, at=LATER, failure="x")
    for item in run.items.filter(status="failed"):
        payout_items.release_item(item=item, by=world.finn.actor, at=LATER, reason="x")


def test_two_workers_at_once_book_each_payout_once(world: World) -> None:
    ready_to_pay(world)
    for _round in range(FEW):
        run = approved(world)
        at_once(*[lambda run=run: process_run(code=run.code, at=LATER)] * 3)
        run.refresh_from_db()
        assert set(run.items.values_list("status", "attempt")) == {("ready", 1)}
        keys = LedgerTransaction.objects.filter(source_key__in=[f"payout:{i.code}:1" for i in run.items.all()])
        assert keys.count() == 2
        assert sum(made.items_count for made in run.files.all()) == 2
        _finish(world, run)


def test_two_confirmations_at_once_pay_once(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    calls = [lambda: confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)] * 2
    assert wins(at_once(*calls)) == 1
    cash = LedgerEntry.objects.filter(account="cash").aggregate(total=Sum("amount"))["total"]
    assert cash == Decimal(-1400)


def test_paid_and_failed_at_once_are_one_of_the_two(world: World) -> None:
    ready_to_pay(world)
    for _round in range(FEW):
        run = processed(world)
        item = run.items.get(partner=world.northwind.pk)
        outcomes = at_once(
            lambda run=run, item=item: confirm_paid(
                run=run, by=world.finn.actor, at=LATER, paid_on=TODAY, codes=[item.code]
            ),
            lambda item=item: fail_item(item=item, by=world.finn.actor, at=LATER, failure="AC04"),
        )
        assert wins(outcomes) == 1
        item.refresh_from_db()
        booked = LedgerEntry.objects.filter(item=item).values("account").annotate(total=Sum("amount"))
        totals = {row["account"]: row["total"] for row in booked}
        assert totals["clearing"] == 0
        assert totals.get("cash", Decimal(0)) == (-item.amount if item.status == "paid" else 0)
        if item.status == "paid":
            return
        _finish(world, run)


def test_two_retries_at_once_send_once(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    item = run.items.get(partner=world.northwind.pk)
    fail_item(item=item, by=world.finn.actor, at=LATER, failure="AC04")
    assert wins(at_once(*[lambda: retry_items(run=run, by=world.finn.actor, at=LATER)] * 2)) == 1
    item.refresh_from_db()
    assert item.attempt == 2
    process_run(code=run.code, at=LATER)
    assert run.files.count() == 2


def test_a_hold_and_the_worker_at_once_never_pay_a_held_line(world: World) -> None:
    """Held first, its payout fails with the reason. Once it has left it goes on its way, and the hold comes after."""
    ready_to_pay(world)
    for _round in range(FEW):
        run = approved(world)
        line = Commission.objects.get(partner=world.northwind.pk)
        at_once(
            lambda run=run: process_run(code=run.code, at=LATER),
            lambda line=line: commissions.hold_commissions(
                commissions=[line], reason="dispute", by=world.finn.actor, at=LATER
            ),
        )
        line.refresh_from_db()
        item = run.items.get(partner=world.northwind.pk)
        assert (item.status, line.status) in {("ready", "in_payout"), ("failed", "payable")}
        assert line.held_reason or item.status == "ready"
        if line.held_reason and item.status == "ready":
            left = AuditEntry.objects.get(code="deals.payout.prepared", ref_code=item.code)
            held = AuditEntry.objects.filter(code="deals.commission.held", ref_code=line.code).latest("pk")
            assert left.pk < held.pk
        if line.held_reason:
            commissions.free_commissions(commissions=[line], reason="dispute", by=world.finn.actor, at=LATER)
        _finish(world, run)


def test_a_hold_and_a_request_at_once_never_approve_a_held_line(world: World) -> None:
    ready_to_pay(world)
    line = Commission.objects.get(partner=world.northwind.pk)
    at_once(
        ask(world),
        lambda: commissions.hold_commissions(commissions=[line], reason="fraud", by=world.finn.actor, at=AT),
    )
    run = PayoutRun.objects.get()
    if PayoutLine.objects.filter(commission=line, is_void=False).exists():
        with pytest.raises(Refused):
            approve_run(run=run, by=world.vera.actor, at=LATER)
    else:
        assert approve_run(run=run, by=world.vera.actor, at=LATER).total_amount == 400
