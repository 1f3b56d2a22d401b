"""What follows from what customers do: due dates, clawbacks by the day, renewals, fraud; and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from deals.actions.contract_events import close_fraud_case
from deals.actions.contracts import ContractRefused
from deals.actions.disputes import open_dispute, withdraw_dispute
from deals.kinds import FRAUD
from deals.models import Commission, Contract, ContractEvent, LedgerEntry
from prm.core.models import AuditEntry, WorkItem
from tests.deals import earning
from tests.deals.earning import happens, plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def in_state(contract: Contract, status: str) -> Commission:
    """The contract's first line as payouts would leave it: booked as payable, leaving or paid."""
    line = contract.commissions.order_by("pk").first()
    assert line is not None
    if status != "accrued":
        from deals.actions import ledger
        from prm.core.actors import Actor

        ledger.post_release(commissions=[line], by=Actor.system("test"), at=AT + 40 * DAY)
        Commission.objects.filter(pk=line.pk).update(
            status=status, payable_on=AT.date(), paid_on=AT.date() if status in ("paid", "final") else None
        )
    line.refresh_from_db()
    return line


# --- Triggers and the holdback ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "kind", "amount"),
    [("first_payment", "paid", 1000), ("implementation", "implemented", None), ("trial", "trial_completed", None)],
)
def test_the_holdback_begins_with_what_the_plan_waits_for(
    world: World, trigger: str, kind: str, amount: int | None
) -> None:
    plans(plan(trigger=trigger, holdback_days=14))
    contract = won(world)
    others = {"paid": 1000, "implemented": None, "trial_completed": None}
    for other, value in others.items():
        if other != kind:
            happens(world, contract, other, 3, value)
    line = contract.commissions.get()
    assert (line.waits_for, line.triggered_on, line.payable_on) == (trigger, None, None)
    happens(world, contract, kind, 5, amount)
    line.refresh_from_db()
    assert (line.triggered_on, line.payable_on) == (contract.started_on + 5 * DAY, contract.started_on + 19 * DAY)


def test_only_the_first_payment_counts(world: World) -> None:
    plans(plan())
    contract = won(world)
    for after in (3, 30, 1):
        happens(world, contract, "paid", after, 2000, at=AT + 60 * DAY)
    assert contract.commissions.get().triggered_on == contract.started_on + 3 * DAY
    contract.refresh_from_db()
    assert contract.first_paid_on == contract.started_on + DAY


def test_each_recurring_share_waits_from_its_own_payment(world: World) -> None:
    plans(plan("recurring", months=2, rate_percent="10"))
    contract = won(world)
    for after in (0, 31, 62):
        happens(world, contract, "paid", after, 2000)
    lines = contract.commissions.order_by("pk")
    assert [(line.amount, line.payable_on) for line in lines] == [
        (200, contract.started_on + 30 * DAY),
        (200, contract.started_on + 61 * DAY),
    ]


def test_what_corrects_a_waiting_line_waits_with_it(world: World) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "downgraded", 20, 12000)
    happens(world, contract, "paid", 3, 24000, at=AT + 40 * DAY)
    assert {line.payable_on for line in contract.commissions.all()} == {contract.started_on + 33 * DAY}


# --- Clawback ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "taken"),
    [(0, 4800), (29, 4800), (30, 2400), (89, 2400), (90, 2400), (135, 1200), (179, "26.67"), (180, 0), (400, 0)],
)
def test_a_cancellation_takes_back_by_the_day(world: World, after: int, taken: object) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "cancelled", after)
    assert -sum(earning.amounts(contract)[1:]) == Decimal(str(taken))
    contract.refresh_from_db()
    assert (contract.status, contract.cancelled_on) == ("cancelled", contract.started_on + after * DAY)
    assert earning.is_sound()


def test_a_downgrade_takes_the_share_of_the_difference_and_a_cancellation_the_rest(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "downgraded", 45, 18000)  # half of the commission on 6,000
    happens(world, contract, "downgraded", 60, 12000)
    happens(world, contract, "cancelled", 80)  # half of the commission on 12,000
    assert earning.amounts(contract) == [4800, -600, -600, -1200]
    assert earning.is_sound()


@pytest.mark.parametrize(("refund", "taken"), [(6000, 1200), (24000, 4800), (99000, 4800)])
def test_a_refund_takes_what_was_earned_on_it_whatever_the_day(world: World, refund: int, taken: int) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "refunded", 300, refund)
    assert earning.amounts(contract) == [4800, -taken]
    assert earning.is_sound()


def test_a_cancellation_ends_what_a_refund_left(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "refunded", 45, 12000)
    happens(world, contract, "cancelled", 60)  # half of the commission on the other 12,000
    assert earning.amounts(contract) == [4800, -2400, -1200]
    assert earning.is_sound()


def test_a_refund_with_or_after_a_cancellation_takes_nothing_more(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "cancelled", 60)
    happens(world, contract, "refunded", 60, 12000)
    happens(world, contract, "refunded", 61, 12000)
    assert earning.amounts(contract) == [4800, -2400]


def test_a_cancellation_ends_what_a_refund_left_of_shares_of_payments(world: World) -> None:
    plans(plan("recurring", months=12))
    contract = won(world, amount=24000)
    for day in (0, 30):
        happens(world, contract, "paid", day, 2000)
    happens(world, contract, "refunded", 40, 1000)  # a quarter of what was paid
    happens(world, contract, "cancelled", 60)  # half of the other three quarters
    assert earning.amounts(contract) == [400, 400, -100, -100, -150, -150]


def test_what_is_taken_back_of_a_disputed_line_waits_for_the_answer(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    line = Commission.objects.get(contract=contract)
    dispute = open_dispute(commission=line, by=world.sara.actor, at=AT + DAY, reason="The base is wrong.")
    happens(world, contract, "cancelled", 60)
    back = Commission.objects.get(origin=line)
    assert (back.amount, back.held_reason) == (-2400, "dispute")
    withdraw_dispute(dispute=dispute, by=world.sara.actor, at=AT + 61 * DAY)
    back.refresh_from_db()
    assert back.held_reason == ""


def test_a_refund_of_a_renewal_leaves_the_first_year_alone(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "renewed", 365, 20000)
    happens(world, contract, "paid", 370, 20000)
    happens(world, contract, "refunded", 380, 10000)
    assert earning.amounts(contract) == [4800, 4000, -2000]


def test_never_more_is_taken_back_than_was_earned(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 1, 24000)
    happens(world, contract, "refunded", 10, 20000)
    happens(world, contract, "downgraded", 11, 1000)
    happens(world, contract, "cancelled", 12)
    happens(world, contract, "refunded", 13, 24000)
    happens(world, contract, "fraud", 14)
    assert sum(earning.amounts(contract)) == 0
    assert earning.is_sound()


@pytest.mark.parametrize("status", ["accrued", "payable", "in_payout", "paid", "final"])
def test_a_clawback_follows_its_origin(world: World, status: str) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    in_state(contract, status)
    happens(world, contract, "cancelled", 50)
    back = contract.commissions.get(kind="clawback")
    assert (back.amount, back.status) == (-2400, "accrued" if status == "accrued" else "payable")
    accounts = {entry.account for entry in LedgerEntry.objects.filter(commission=back)}
    assert accounts == ({"expense", "accrued"} if status == "accrued" else {"expense", "accrued", "payable"})
    # A month after the story began the books of the test know nothing of cash, so the balance is what is owed.
    found = earning.balance(partner_of(world.sara))
    assert (found.accrued, found.payable) == ((2400, 0) if status == "accrued" else (0, 2400))


def test_a_void_line_is_not_taken_back(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    from deals.actions.commissions import void_commission

    void_commission(commission=contract.commissions.get(), reason="Wrong deal", by=world.finn.actor, at=AT + 9 * DAY)
    happens(world, contract, "cancelled", 10)
    assert earning.lines(contract) == [("first_year", 4800, "void")]
    assert earning.balance(partner_of(world.sara)) == earning.Balance()


# --- Revenue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([("downgraded", 45, 18000)], 18000),
        ([("downgraded", 45, 18000), ("downgraded", 60, 9000)], 9000),
        ([("cancelled", 300, None)], 0),
        ([("cancelled", 365, None)], 24000),
        ([("fraud", 10, None)], 0),
        ([("renewed", 365, 30000), ("cancelled", 400, None)], 24000),
        ([("paid", 3, 24000), ("refunded", 10, 24000)], 24000),
    ],
)
def test_revenue_is_without_what_was_cancelled_or_downgraded(world: World, events: list, left: int) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    for kind, after, amount in events:
        happens(world, contract, kind, after, amount)
    deal = contract.opportunity
    deal.refresh_from_db()
    assert (deal.amount, deal.arr, deal.amount_program, deal.arr_program) == (24000, 24000, left, left)


# --- Fraud ------------------------------------------------------------------------------------------


def test_fraud_takes_everything_holds_the_rest_and_asks_the_director(world: World) -> None:
    plans(plan(), plan("recurring", code="share", months=12, rate_percent="5", scope={"deal": "resale"}))
    contract = won(world, amount=24000, engagement="resale")
    for after in (1, 32):
        happens(world, contract, "paid", after, 2000)
    paid = in_state(contract, "paid")
    happens(world, contract, "fraud", 200)
    assert sum(earning.amounts(contract)) == 0
    held = {line.pk: line.held_reason for line in contract.commissions.all()}
    back = paid.corrections.get()
    assert (held.pop(paid.pk), held.pop(back.pk), back.status) == ("", "", "payable")
    assert set(held.values()) == {"fraud"}
    item = WorkItem.objects.open().get(kind=FRAUD)
    assert (item.role, item.about_id, item.ref_code) == ("director", world.northwind.pk, contract.code)
    with pytest.raises(ContractRefused):
        happens(world, contract, "fraud", 201)
    for person in (world.mia, world.finn, world.sara):
        with pytest.raises(ContractRefused):
            close_fraud_case(contract=contract, by=person.actor, at=AT + 210 * DAY)
    close_fraud_case(contract=contract, by=world.dan.actor, at=AT + 210 * DAY, note="Agreement ended")
    item.refresh_from_db()
    assert (item.outcome, item.closed_by) == ("decided", world.dan.user)
    with pytest.raises(ContractRefused):
        close_fraud_case(contract=contract, by=world.dan.actor, at=AT + 211 * DAY)


def test_a_payment_after_fraud_earns_nothing(world: World) -> None:
    plans(plan("recurring", code="share", months=12, rate_percent="5"))
    contract = won(world, amount=24000)
    happens(world, contract, "paid", 1, 2000)
    happens(world, contract, "fraud", 20)
    known = earning.lines(contract)
    happens(world, contract, "paid", 32, 2000)
    assert earning.lines(contract) == known
    assert sum(earning.amounts(contract)) == 0
    assert earning.is_sound()


# --- Once, and what is refused ----------------------------------------------------------------------


def test_an_event_that_comes_twice_happens_once(world: World) -> None:
    plans(plan())
    contract = won(world)
    first = happens(world, contract, "cancelled", 20, external_id="EV-1")
    again = happens(world, contract, "cancelled", 20, external_id=" EV-1 ")
    assert first.pk == again.pk
    assert (ContractEvent.objects.count(), len(earning.lines(contract))) == (1, 2)
    assert AuditEntry.objects.filter(code="deals.contract.cancelled").count() == 1


def test_a_year_is_renewed_once(world: World) -> None:
    """By hand and then from a file, under a number that the first record did not have."""
    plans(plan())
    contract = won(world, amount=24000)
    happens(world, contract, "renewed", 365, 24000)
    with pytest.raises(ContractRefused) as refusal:
        happens(world, contract, "renewed", 365, 24000, external_id="BILL-2")
    assert refusal.value.code == "deals.contract.once"
    happens(world, contract, "renewed", 730, 24000)
    assert earning.amounts(contract) == [4800, 4800, 4800]


@pytest.mark.parametrize("other", [{"kind": "fraud"}, {"after": 21}, {"kind": "paid", "amount": 5}])
def test_the_same_number_with_other_content_is_refused(world: World, other: dict) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "cancelled", 20, external_id="EV-1")
    with pytest.raises(ContractRefused) as refusal:
        happens(world, contract, **{"kind": "cancelled", "after": 20, **other}, external_id="EV-1")
    assert refusal.value.code == "deals.contract.event_differs"
    assert "EV-1" in refusal.value.message
    assert ContractEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (("vanished", 1, None), "kind"),
        (("paid", -1, 100), "too_early"),
        (("paid", 90, 100), "in_future"),
        (("paid", 1, None), "amount"),
        (("paid", 1, 0), "amount"),
        (("paid", 1, "-5"), "amount"),
        (("paid", 1, "0.005"), "amount"),
        (("paid", 1, "NaN"), "amount"),
        (("paid", 1, "1e13"), "amount"),
        (("cancelled", 1, 100), "amount_unwanted"),
        (("downgraded", 1, 24000), "not_less"),
        (("refunded", 1, 5), "nothing_paid"),
        (("renewed", 0, 24000), "not_a_new_year"),
    ],
)
def test_what_can_not_be_is_refused(world: World, event: tuple, code: str) -> None:
    plans(plan())
    contract = won(world)
    with pytest.raises(ContractRefused) as refusal:
        happens(world, contract, *event, at=AT + 30 * DAY)
    assert refusal.value.code == f"deals.contract.{code}"
    assert not ContractEvent.objects.exists()
    assert len(earning.lines(contract)) == 1


@pytest.mark.parametrize("kind", ["cancelled", "downgraded", "renewed", "implemented", "trial_completed"])
def test_a_cancelled_contract_is_over_but_for_its_money(world: World, kind: str) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "cancelled", 20)
    with pytest.raises(ContractRefused) as refusal:
        happens(world, contract, kind, 21, 5 if kind in ("downgraded", "renewed") else None)
    assert refusal.value.code == "deals.contract.ended"
    happens(world, contract, "paid", 22, 24000)
    happens(world, contract, "refunded", 23, 24000)
    assert sum(earning.amounts(contract)) == 0


@pytest.mark.parametrize("name", ["rory", "sue", "sara", "paul"])
def test_who_may_not_record_events(world: World, name: str) -> None:
    plans(plan())
    contract = won(world)
    with pytest.raises(ContractRefused) as refusal:
        happens(world, contract, "cancelled", 20, by=world.people[name])
    assert refusal.value.code == "deals.contract.not_allowed"


@pytest.mark.parametrize("name", ["mia", "dan", "vera", "finn", "ada"])
def test_who_may_record_events(world: World, name: str) -> None:
    plans(plan())
    assert happens(world, won(world), "cancelled", 20, by=world.people[name]).recorded_by == world.people[name].user


# --- A partner that is gone -------------------------------------------------------------------------


def test_nothing_is_rewritten_when_a_partnership_ends(world: World) -> None:
    from partners.actions.partners import change_status
    from prm.core.actors import Actor

    plans(plan("recurring", months=24, rate_percent="10"))
    contract = won(world)
    happens(world, contract, "paid", 3, 2000)
    change_status(
        partner=partner_of(world.sara), action="end", reason="Over", by=Actor.system("test"), at=AT + 10 * DAY
    )
    happens(world, contract, "paid", 34, 2000)
    happens(world, contract, "cancelled", 40)
    assert earning.amounts(contract) == [200, 200, -100, -100]
    assert earning.is_sound()


# --- What the database itself refuses ---------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE deals_contractevent SET amount = 1",
        "DELETE FROM deals_contractevent",
        "TRUNCATE deals_contractevent CASCADE",
        "UPDATE deals_commission SET amount = 1",
        "UPDATE deals_commission SET inputs = '{}'",
        "UPDATE deals_commission SET waits_for = ''",
        "DELETE FROM deals_commission",
    ],
)
def test_what_was_recorded_or_computed_never_changes(world: World, change: str) -> None:
    plans(plan())
    happens(world, won(world), "paid", 3, 100)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing else may be what refuses it
        cursor.execute(change)


def each_step(world: World) -> list[Callable[[], object]]:
    """One of everything, for one contract."""
    contract = won(world, amount=24000)
    return [
        lambda: happens(world, contract, "paid", 3, 24000),
        lambda: happens(world, contract, "implemented", 4),
        lambda: happens(world, contract, "downgraded", 40, 12000),
        lambda: happens(world, contract, "refunded", 50, 3000),
        lambda: happens(world, contract, "renewed", 365, 12000),
        lambda: happens(world, contract, "cancelled", 400),
    ]


def test_the_books_are_right_after_each_step(world: World) -> None:
    plans(plan(), valid_from=AT.date())
    for step in each_step(world):
        step()
        assert earning.is_sound()
