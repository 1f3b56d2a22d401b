"""Holding, freeing, voiding and adjusting lines: who may, from which state, and never more than there is."""

from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal

import pytest

from deals.actions import commissions
from deals.actions.commissions import CommissionRefused, adjust_commission, free_commissions, hold_commissions
from deals.models import Commission
from prm.core.models import AuditEntry
from prm.core.transitions import TransitionRefused
from tests.deals import earning
from tests.deals.earning import happens, plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=20)


@pytest.fixture
def line(world: World) -> Commission:
    """An accrued line of 4,800."""
    plans(plan())
    return won(world, amount=24000).commissions.get()


def adjusted(world: World, line: Commission, amount: object, **more: object) -> Commission:
    """An adjustment by finance."""
    values = {"reason": "Agreed by mail", "source_key": "case:1", "by": world.finn.actor, "at": LATER} | more
    return adjust_commission(commission=line, amount=Decimal(str(amount)), **values)


def in_state(line: Commission, status: str) -> Commission:
    """The line in a state that payouts bring it to."""
    Commission.objects.filter(pk=line.pk).update(status=status)
    line.refresh_from_db()
    return line


# --- Held -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [("accrued", 1), ("payable", 1), ("in_payout", 1), ("paid", 0), ("final", 0), ("void", 0)],
)
def test_what_can_be_held(world: World, line: Commission, status: str, expected: int) -> None:
    in_state(line, status)
    assert len(hold_commissions(commissions=[line], reason="review", by=world.finn.actor, at=LATER)) == expected
    line.refresh_from_db()
    assert (line.status, line.held_reason) == (status, "review" if expected else "")


def test_only_fraud_takes_the_place_of_another_reason_and_is_freed_by_name(world: World, line: Commission) -> None:
    finn = world.finn.actor
    for reason, expected in [("dispute", "dispute"), ("review", "dispute"), ("fraud", "fraud"), ("dispute", "fraud")]:
        hold_commissions(commissions=[line], reason=reason, by=finn, at=LATER)
        line.refresh_from_db()
        assert line.held_reason == expected
    for reason, expected in [(None, "fraud"), ("dispute", "fraud"), ("fraud", "")]:
        free_commissions(commissions=[line], reason=reason, by=finn, at=LATER)
        line.refresh_from_db()
        assert line.held_reason == expected
    assert AuditEntry.objects.filter(code="deals.commission.held").count() == 2


@pytest.mark.parametrize(
    ("name", "reason", "allowed"),
    [
        ("sara", "dispute", True),
        ("paul", "dispute", True),
        ("sara", "review", False),
        ("rita", "dispute", False),
        ("rory", "review", False),
        ("ada", "review", False),
        ("mia", "review", True),
        ("vera", "review", True),
        ("finn", "review", True),
    ],
)
def test_who_may_hold(world: World, line: Commission, name: str, reason: str, allowed: bool) -> None:
    with nullcontext() if allowed else pytest.raises(CommissionRefused, match="do not decide"):
        hold_commissions(commissions=[line], reason=reason, by=world.people[name].actor, at=LATER)
    line.refresh_from_db()
    assert bool(line.held_reason) == allowed


def test_a_partner_frees_its_own_dispute_and_nothing_else(world: World, line: Commission) -> None:
    hold_commissions(commissions=[line], reason="review", by=world.finn.actor, at=LATER)
    assert free_commissions(commissions=[line], by=world.sara.actor, at=LATER) == []
    with pytest.raises(CommissionRefused):
        free_commissions(commissions=[line], reason="review", by=world.sara.actor, at=LATER)
    with pytest.raises(CommissionRefused):
        free_commissions(commissions=[line], by=world.rita.actor, at=LATER)


# --- Void -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["in_payout", "paid", "final", "void"])
def test_void_is_for_before_a_run_only(world: World, line: Commission, status: str) -> None:
    in_state(line, status)
    with pytest.raises(TransitionRefused):
        commissions.void_commission(commission=line, reason="Wrong", by=world.finn.actor, at=LATER)


def test_void_needs_a_reason_and_no_corrections(world: World, line: Commission) -> None:
    with pytest.raises(CommissionRefused) as refusal:
        commissions.void_commission(commission=line, reason=" ", by=world.finn.actor, at=LATER)
    assert refusal.value.code == "deals.commission.reason_missing"
    change = adjusted(world, line, -100)
    with pytest.raises(CommissionRefused) as refusal:
        commissions.void_commission(commission=line, reason="Wrong", by=world.finn.actor, at=LATER)
    assert refusal.value.code == "deals.commission.corrected"
    for each in (change, line):
        commissions.void_commission(commission=each, reason="Wrong", by=world.finn.actor, at=LATER)
    assert earning.balance(partner_of(world.sara)) == earning.Balance()


# --- Adjusted ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [250, -250, -4800])
def test_an_adjustment_is_a_line_of_its_own_and_comes_once(world: World, line: Commission, amount: int) -> None:
    first, again = adjusted(world, line, amount), adjusted(world, line, amount)
    assert (first.pk, first.origin, first.status) == (again.pk, line, "accrued")
    assert first.title == "Agreed by mail"
    line.refresh_from_db()
    assert (line.amount, Commission.objects.count()) == (4800, 2)
    assert earning.balance(partner_of(world.sara)).accrued == 4800 + amount
    assert earning.is_sound()
    with pytest.raises(CommissionRefused) as refusal:
        adjusted(world, line, amount + 1)
    assert refusal.value.code == "deals.commission.key_used"


@pytest.mark.parametrize("status", ["payable", "in_payout", "paid", "final"])
def test_an_adjustment_of_what_is_due_is_due(world: World, line: Commission, status: str) -> None:
    assert adjusted(world, in_state(line, status), -10).status == "payable"


@pytest.mark.parametrize(
    ("amount", "code"),
    [(-4801, "more_than_left"), (0, "amount"), ("0.001", "amount"), ("NaN", "amount"), ("1e12", "amount")],
)
def test_what_can_not_be_adjusted(world: World, line: Commission, amount: object, code: str) -> None:
    with pytest.raises(CommissionRefused) as refusal:
        adjusted(world, line, amount)
    assert refusal.value.code == f"deals.commission.{code}"


def test_adjustments_and_clawbacks_share_what_there_is(world: World, line: Commission) -> None:
    adjusted(world, line, -4000)
    happens(world, line.contract, "cancelled", 10)
    assert earning.amounts(line.contract) == [4800, -4000, -800]
    with pytest.raises(CommissionRefused):
        adjusted(world, line, -1, source_key="case:2")
    back = line.corrections.get(kind="clawback")
    with pytest.raises(CommissionRefused):
        adjusted(world, back, 801, source_key="case:3")
    adjusted(world, back, 800, source_key="case:4")
    assert earning.is_sound()


def test_nothing_more_is_taken_back_through_a_clawback(world: World, line: Commission) -> None:
    """Adjusted down itself, a clawback would take back more than the line that was earned."""
    happens(world, line.contract, "cancelled", 10)
    with pytest.raises(CommissionRefused) as refusal:
        adjusted(world, line.corrections.get(kind="clawback"), -1)
    assert refusal.value.code == "deals.commission.correct_the_line"


@pytest.mark.parametrize("name", ["rory", "sue", "sara", "paul", "ada"])
def test_who_may_not_adjust(world: World, line: Commission, name: str) -> None:
    with pytest.raises(CommissionRefused) as refusal:
        adjusted(world, line, 10, by=world.people[name].actor)
    assert refusal.value.code == "deals.commission.not_allowed"
