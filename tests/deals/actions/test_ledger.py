"""The books: balanced, written once, reversed and never edited, closed for good, and nobody can change them."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction

from deals.actions import ledger
from deals.actions.commissions import void_commission
from deals.choices import LedgerAccount
from deals.models import Commission, LedgerClose, LedgerEntry, LedgerTransaction, PayoutItem, PayoutLine, PayoutRun
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import AuditEntry
from tests.deals import earning
from tests.deals.earning import plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

DAY = timedelta(days=1)
BY = Actor.system("test")
LATER = AT + 30 * DAY
APPEND_ONLY = ("deals_ledgertransaction", "deals_ledgerentry", "deals_ledgerclose")


def entries(key: str) -> list[tuple[str, Decimal]]:
    """Accounts and amounts of one fact."""
    rows = LedgerEntry.objects.filter(transaction__source_key=key).order_by("pk")
    return list(rows.values_list("account", "amount"))


def line_of(world: World, amount: int = 24000) -> Commission:
    """An accrued commission of a fifth of the amount."""
    return won(world, amount=amount).commissions.get()


def item_of(world: World, lines: list[Commission], attempt: int = 1) -> PayoutItem:
    """A payout of some lines, as a run prepares it."""
    run = PayoutRun.objects.create(
        code=new_code("PR"),
        currency="USD",
        through=LATER.date(),
        status="requested",
        minimum_amount=50,
        total_amount=sum(line.amount for line in lines),
        requested_by=world.finn.user,
        requested_at=LATER,
    )
    item = PayoutItem.objects.create(
        code=new_code("PI"),
        run=run,
        partner_id=lines[0].partner_id,
        currency="USD",
        amount=sum(line.amount for line in lines),
        status="planned",
        attempt=attempt,
    )
    for line in lines:
        PayoutLine.objects.create(item=item, commission=line, partner_id=line.partner_id, amount=line.amount)
    return item


@pytest.mark.django_db
def test_money_goes_from_expense_to_the_bank(world: World) -> None:
    plans(plan())
    line = line_of(world)
    item = item_of(world, [line])
    assert ledger.post_release(commissions=[line], by=BY, at=LATER) == 1
    assert ledger.post_payout(item=item, commissions=[line], by=BY, at=LATER)
    assert ledger.post_payment(item=item, commissions=[line], by=BY, at=LATER)
    assert entries(f"accrual:{line.code}") == [("expense", 4800), ("accrued", -4800)]
    assert entries(f"release:{line.code}") == [("accrued", 4800), ("payable", -4800)]
    assert entries(f"payout:{item.code}:1") == [("payable", 4800), ("clearing", -4800)]
    assert entries(f"payment:{item.code}:1") == [("clearing", 4800), ("cash", -4800)]
    found = earning.balance(partner_of(world.sara))
    assert (found.accrued, found.payable, found.clearing, found.paid, found.owed) == (0, 0, 0, 4800, 0)
    assert ledger.facts_of([line.pk]) == {
        line.pk: [
            f"accrual:{line.code}", f"release:{line.code}", f"payout:{item.code}:1", f"payment:{item.code}:1",
        ]
    }  # fmt: skip


@pytest.mark.django_db
def test_a_fact_is_posted_once(world: World) -> None:
    plans(plan())
    line = line_of(world)
    posts: list[Callable[[], int]] = [
        lambda: ledger.post_accrual(commissions=[line], by=BY, at=LATER),
        lambda: ledger.post_release(commissions=[line], by=BY, at=LATER),
        lambda: ledger.post_release(commissions=[line], by=BY, at=LATER + DAY),
        lambda: ledger.reverse(source_keys=[f"release:{line.code}"], by=BY, at=LATER),
        lambda: ledger.reverse(source_keys=[f"release:{line.code}"], by=BY, at=LATER),
    ]
    assert [post() for post in posts] == [0, 1, 0, 1, 0]
    assert LedgerTransaction.objects.count() == 3


@pytest.mark.django_db
def test_posting_takes_the_same_statements_for_one_and_for_thirty(world: World, django_assert_num_queries) -> None:
    plans(plan())
    one, *many = [line_of(world, 1000) for _each in range(6)]
    for lines in ([one], many):
        with django_assert_num_queries(6):  # savepoint, lock, closed until, two inserts, savepoint
            assert ledger.post_release(commissions=lines, by=BY, at=LATER, on=LATER.date()) == len(lines)


@pytest.mark.django_db
def test_a_payout_is_the_sum_of_its_lines(world: World) -> None:
    plans(plan())
    lines = [line_of(world), line_of(world, 1000)]
    item = item_of(world, lines)
    with pytest.raises(ledger.LedgerRefused) as refusal:
        ledger.post_payout(item=item, commissions=lines[:1], by=BY, at=LATER)
    assert refusal.value.code == "deals.ledger.item_differs"


@pytest.mark.django_db
def test_a_reversal_is_the_same_with_opposite_signs_and_is_never_reversed(world: World) -> None:
    plans(plan())
    line = line_of(world)
    key = f"accrual:{line.code}"
    ledger.reverse(source_keys=[key], by=BY, at=LATER)
    assert entries(f"reversal:{key}") == [(account, -amount) for account, amount in entries(key)]
    assert LedgerTransaction.objects.get(source_key=f"reversal:{key}").reverses.source_key == key
    for wrong in (f"reversal:{key}", "accrual:CM-NEVER"):
        with pytest.raises(ledger.LedgerRefused):
            ledger.reverse(source_keys=[wrong], by=BY, at=LATER)
    back = LedgerTransaction.objects.get(kind="reversal")
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerTransaction.objects.create(
            code="LT-X", kind="reversal", source_key="again", posted_on=LATER.date(), reverses=back, created_at=LATER
        )


@pytest.mark.django_db
def test_voiding_leaves_no_balance(world: World) -> None:
    plans(plan())
    line = line_of(world)
    ledger.post_release(commissions=[line], by=BY, at=LATER)
    Commission.objects.filter(pk=line.pk).update(status="payable")
    void_commission(commission=line, reason="Wrong customer", by=world.finn.actor, at=LATER)
    assert earning.balance(partner_of(world.sara)) == earning.Balance()
    assert ledger.facts_of([line.pk]) == {}


# --- Closed periods ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_late_facts_stand_on_the_first_open_day(world: World) -> None:
    plans(plan())
    line = line_of(world)
    ledger.close_books(until=date(2026, 6, 30), by=world.finn.actor, at=LATER)
    ledger.post_release(commissions=[line], by=BY, at=LATER, on=date(2026, 6, 20))
    assert LedgerTransaction.objects.get(kind="release").posted_on == date(2026, 7, 1)
    assert AuditEntry.objects.filter(code="deals.ledger.closed").count() == 1


@pytest.mark.django_db
def test_the_database_keeps_closed_periods_closed(world: World) -> None:
    ledger.close_books(until=date(2026, 6, 30), by=world.finn.actor, at=LATER)
    for day, allowed in ((date(2026, 6, 30), False), (date(2026, 7, 1), True)):
        try:
            with transaction.atomic():
                LedgerTransaction.objects.create(
                    code=new_code("LT"), kind="accrual", source_key=str(day), posted_on=day, created_at=LATER
                )
                transaction.set_rollback(True)  # it has no entries
            found = True
        except IntegrityError:
            found = False
        assert found == allowed


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "until", "code"),
    [
        ("vera", date(2026, 6, 1), "not_allowed"),
        ("mia", date(2026, 6, 1), "not_allowed"),
        ("paul", date(2026, 6, 1), "not_allowed"),
        ("finn", LATER.date(), "not_ended"),
        ("finn", date(2026, 5, 31), "closed"),
        ("finn", date(2026, 5, 30), "closed"),
    ],
)
def test_what_can_not_be_closed(world: World, name: str, until: date, code: str) -> None:
    ledger.close_books(until=date(2026, 5, 31), by=world.finn.actor, at=LATER)
    with pytest.raises(ledger.LedgerRefused) as refusal:
        ledger.close_books(until=until, by=world.people[name].actor, at=LATER)
    assert refusal.value.code == f"deals.ledger.{code}"
    assert LedgerClose.objects.count() == 1


# --- What the database itself refuses ---------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "amounts",
    [[("USD", 10)], [("USD", 10), ("USD", -9)], [("USD", 10), ("EUR", -10)], []],
    ids=["one side", "a unit short", "two currencies", "no entries"],
)
def test_what_does_not_balance_is_refused_at_the_commit(world: World, amounts: list[tuple[str, int]]) -> None:
    written = []
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        fact = LedgerTransaction.objects.create(
            code="LT-X", kind="accrual", source_key="x", posted_on=AT.date(), created_at=AT
        )
        for number, (currency, amount) in enumerate(amounts):
            LedgerEntry.objects.create(
                transaction=fact,
                account=LedgerAccount.values[number],
                partner_id=world.northwind.pk,
                currency=currency,
                amount=amount,
            )
        written.append(fact.pk)
    assert written  # every statement was taken, only the commit was not
    assert not LedgerTransaction.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nobody_changes_the_books(app_role: psycopg.Connection, table: str, change: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_role.execute(change.format(table))
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change.format(table))  # the owner, whom no right stops


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1000000000000", "0"])
def test_amounts_that_are_none(world: World, amount: str) -> None:
    with pytest.raises((IntegrityError, DataError)), transaction.atomic(), connection.cursor() as cursor:
        fact = LedgerTransaction.objects.create(
            code="LT-X", kind="accrual", source_key="x", posted_on=AT.date(), created_at=AT
        )
        cursor.execute(
            "INSERT INTO deals_ledgerentry (transaction_id, account, partner_id, currency, amount)"
            " VALUES (%s, 'cash', %s, 'USD', %s::numeric)",
            [fact.pk, world.northwind.pk, amount],
        )


@pytest.mark.django_db
def test_an_entry_belongs_to_the_partner_of_its_commission(world: World) -> None:
    plans(plan())
    line = line_of(world)
    with pytest.raises(IntegrityError, match="same_partner"), transaction.atomic():
        LedgerEntry.objects.create(
            transaction=LedgerTransaction.objects.get(),
            account="cash",
            partner_id=world.rival.pk,
            commission=line,
            currency="USD",
            amount=1,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS deals_ledgerentry_same_partner IMMEDIATE")
