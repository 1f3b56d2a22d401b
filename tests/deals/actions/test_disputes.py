"""A dispute: opened on one line, held, settled against the clock by somebody without a hand in it, or withdrawn."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from deals.actions.commissions import (
    CommissionRefused,
    adjust_commission,
    free_commissions,
    hold_commissions,
    void_commission,
)
from deals.actions.disputes import (
    DisputeRefused,
    DisputeStaleRefused,
    SameHandRefused,
    open_dispute,
    settle_dispute,
    withdraw_dispute,
)
from deals.actions.registrations import IncompleteRefused
from deals.choices import CommissionStatus, DisputeStatus, HoldReason
from deals.kinds import DISPUTE
from deals.models import Commission, Dispute
from deals.queries.earnings import balances
from prm.core.actions.work_items import tick_work_items
from prm.core.models import AuditEntry, Mail, Notice, WorkItem
from prm.core.transitions import TransitionRefused
from prm.core.uploads import UploadRefused
from tests.core import corpus
from tests.deals.earning_stage import earned
from tests.deals.stage import partner_of
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=5)


def opened(world: World, line: Commission, **changes: object) -> Dispute:
    """Sara says the line should be 6,000."""
    values = {"reason": "We are Gold since May.", "expected_amount": Decimal(6000)} | changes
    return open_dispute(commission=line, by=world.sara.actor, at=AT, **values)


def settled(world: World, dispute: Dispute, outcome: str = "upheld", *, by: str = "mia", **more: object) -> Dispute:
    return settle_dispute(
        dispute=dispute, by=getattr(world, by).actor, at=LATER, outcome=outcome, answer="You are right.", **more
    )


def test_an_open_dispute_holds_the_line_and_starts_a_clock_of_48_working_hours(world: World) -> None:
    line = earned(world.sara)
    dispute = opened(world, line)
    line.refresh_from_db()
    item = WorkItem.objects.open().get(kind=DISPUTE, ref_code=dispute.code)
    assert (line.held_reason, line.status) == (HoldReason.DISPUTE, CommissionStatus.ACCRUED)
    assert item.due_at == AT + timedelta(hours=48)  # Monday to Wednesday
    assert (item.assignee_id, item.escalate_to_role) == (world.mia.user.pk, "director")
    assert Notice.objects.filter(topic="deals.dispute_opened", membership=world.mia.membership).exists()
    entry = AuditEntry.objects.get(code="deals.dispute.opened")
    assert (entry.actor_user_id, entry.organization_id) == (world.sara.user.pk, world.northwind.pk)


def test_a_late_answer_climbs_to_the_director_once(world: World) -> None:
    dispute = opened(world, earned(world.sara))
    tick_work_items(at=AT + timedelta(hours=49))
    tick_work_items(at=AT + timedelta(hours=50))
    item = WorkItem.objects.get(ref_code=dispute.code)
    assert item.breached_at == item.due_at
    assert AuditEntry.objects.filter(code="core.work_item.breached", ref_code=dispute.code).count() == 1


@pytest.mark.parametrize(
    ("outcome", "right", "status", "added"),
    [
        ("upheld", None, DisputeStatus.UPHELD, "1200"),
        ("partly_upheld", "5400", DisputeStatus.PARTLY_UPHELD, "600"),
        ("rejected", None, DisputeStatus.REJECTED, None),
    ],
)
def test_settling_books_the_difference_and_frees_the_line(world, outcome, right, status, added) -> None:
    line = earned(world.sara)
    dispute = settled(world, opened(world, line), outcome, right_amount=Decimal(right) if right else None)
    line.refresh_from_db()
    assert (dispute.status, dispute.settled_by_id) == (status, world.mia.user.pk)
    assert (line.held_reason, line.amount) == ("", Decimal("4800"))
    owed = balances([line.partner_id])[line.partner_id, "USD"].owed
    if added is None:
        assert dispute.adjustment is None
        assert owed == 4800
    else:
        assert dispute.adjustment.amount == Decimal(added)
        assert (dispute.adjustment.origin_id, dispute.adjustment.status) == (line.pk, CommissionStatus.ACCRUED)
        assert owed == 4800 + Decimal(added)
    assert not WorkItem.objects.open().filter(ref_code=dispute.code).exists()
    mail = Mail.objects.get(topic="deals.dispute_settled", membership=world.sara.membership)
    assert f"/portal/earnings/disputes/{dispute.code}/" in mail.body_text


def test_the_adjustment_of_a_paid_line_is_payable_at_once(world: World) -> None:
    line = earned(world.sara, status=CommissionStatus.PAYABLE)
    Commission.objects.filter(pk=line.pk).update(status=CommissionStatus.PAID, paid_on=AT.date())
    dispute = opened(world, line)
    line.refresh_from_db()
    assert line.held_reason == ""  # what is paid can't be held
    assert settled(world, dispute).adjustment.status == CommissionStatus.PAYABLE


def test_a_line_in_a_run_is_marked_so_that_it_waits_if_its_payout_fails(world: World) -> None:
    line = earned(world.sara, status=CommissionStatus.PAYABLE)
    Commission.objects.filter(pk=line.pk).update(status=CommissionStatus.IN_PAYOUT)
    opened(world, line)
    line.refresh_from_db()
    assert (line.status, line.held_reason) == (CommissionStatus.IN_PAYOUT, HoldReason.DISPUTE)


def test_corrections_of_a_disputed_line_wait_with_it(world: World) -> None:
    line = earned(world.sara)
    correction = adjust_commission(
        commission=line, amount=Decimal(-300), reason="Wrong price", source_key="t:1", by=world.dan.actor, at=AT
    )
    dispute = opened(world, line)
    correction.refresh_from_db()
    assert correction.held_reason == HoldReason.DISPUTE
    withdraw_dispute(dispute=dispute, by=world.sara.actor, at=LATER)
    correction.refresh_from_db()
    assert correction.held_reason == ""


@pytest.mark.parametrize("before", [None, HoldReason.REVIEW])
def test_nobody_frees_a_line_past_its_open_dispute(world: World, before: HoldReason | None) -> None:
    line = earned(world.sara)
    correction = adjust_commission(
        commission=line, amount=Decimal(-300), reason="Wrong price", source_key="t:1", by=world.dan.actor, at=AT
    )
    if before:
        hold_commissions(commissions=[line], reason=before, by=world.finn.actor, at=AT)
    reason = before or HoldReason.DISPUTE
    dispute = opened(world, line)
    for person, each, why in [
        (world.finn, line, reason), (world.mia, line, None), (world.sara, line, None), (world.finn, correction, None)
    ]:  # fmt: skip
        assert free_commissions(commissions=[each], reason=why, by=person.actor, at=LATER) == []
    line.refresh_from_db()
    correction.refresh_from_db()
    assert (line.held_reason, correction.held_reason) == (reason, HoldReason.DISPUTE)
    settled(world, dispute, "rejected")
    line.refresh_from_db()
    correction.refresh_from_db()
    assert (line.held_reason, correction.held_reason) == (before or "", "")
    assert len(free_commissions(commissions=[line], reason=before, by=world.finn.actor, at=LATER)) == bool(before)


def test_a_disputed_line_is_not_made_void(world: World) -> None:
    line = earned(world.sara)
    dispute = opened(world, line)
    with pytest.raises(CommissionRefused) as refused:
        void_commission(commission=line, reason="Booked twice", by=world.dan.actor, at=LATER)
    assert refused.value.code == "deals.commission.disputed"
    line.refresh_from_db()
    assert (line.status, line.held_reason) == (CommissionStatus.ACCRUED, HoldReason.DISPUTE)
    settled(world, dispute, "rejected")
    assert void_commission(commission=line, reason="Booked twice", by=world.dan.actor, at=LATER).status == "void"


def test_another_hold_stays_when_the_dispute_ends(world: World) -> None:
    line = earned(world.sara)
    hold_commissions(commissions=[line], reason=HoldReason.FRAUD, by=world.finn.actor, at=AT)
    settled(world, opened(world, line), "rejected")
    line.refresh_from_db()
    assert line.held_reason == HoldReason.FRAUD


def test_a_clawback_is_disputed_by_its_size(world: World) -> None:
    line = earned(world.sara, status=CommissionStatus.PAYABLE)
    taken = adjust_commission(
        commission=line, amount=Decimal(-2400), reason="Cancelled", source_key="t:2", by=world.dan.actor, at=AT
    )
    with pytest.raises(IncompleteRefused) as refused:
        opened(world, taken, expected_amount=Decimal(2400))
    assert set(refused.value.fields) == {"expected_amount"}
    dispute = opened(world, taken, expected_amount=Decimal(1200))
    assert settled(world, dispute).adjustment.amount == 1200


# --- Four eyes -------------------------------------------------------------------------------------


def test_who_made_a_line_by_hand_does_not_settle_its_dispute(world: World) -> None:
    line = earned(world.sara)
    by_mia = adjust_commission(
        commission=line, amount=Decimal(100), reason="Goodwill", source_key="t:3", by=world.mia.actor, at=AT
    )
    dispute = opened(world, by_mia, expected_amount=Decimal(200))
    item = WorkItem.objects.open().get(ref_code=dispute.code)
    assert (item.assignee_id, item.role) == (None, "director")  # not on Mia's desk
    with pytest.raises(SameHandRefused):
        settled(world, dispute)
    assert settled(world, dispute, by="dan").status == DisputeStatus.UPHELD


def test_a_second_dispute_of_a_line_goes_to_somebody_else(world: World) -> None:
    line = earned(world.sara)
    settled(world, opened(world, line), "rejected")
    again = opened(world, line, reason="See the contract.")
    with pytest.raises(SameHandRefused):
        settled(world, again)
    assert settled(world, again, "rejected", by="dan").status == DisputeStatus.REJECTED


def test_the_database_refuses_one_person_on_both_sides(world: World) -> None:
    dispute = opened(world, earned(world.sara))
    with pytest.raises(IntegrityError, match="deals_dispute_two_people"), transaction.atomic():
        Dispute.objects.filter(pk=dispute.pk).update(
            status="rejected", settled_at=LATER, settled_by_id=dispute.opened_by_id
        )


@pytest.mark.parametrize("name", ["sara", "paul", "rita", "rory", "sue", "vera", "finn"])
def test_only_who_decides_for_the_partner_settles(world: World, name: str) -> None:
    dispute = opened(world, earned(world.sara))
    if name in {"vera", "finn"}:
        assert settled(world, dispute, by=name).status == DisputeStatus.UPHELD
        return
    with pytest.raises(DisputeRefused):
        settled(world, dispute, by=name)
    dispute.refresh_from_db()
    assert dispute.status == DisputeStatus.OPEN
    assert Commission.objects.count() == 1


# --- What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rita", "mia"])
def test_only_the_line_s_own_partner_disputes_it(world: World, name: str) -> None:
    line = earned(world.sara)
    with pytest.raises(DisputeRefused):
        open_dispute(commission=line, by=getattr(world, name).actor, at=AT, reason="Mine")
    assert not Dispute.objects.exists()


def test_learners_and_marketers_do_not_dispute(world: World) -> None:
    line = earned(world.sara)
    for role in ("learner", "marketer"):
        person = add_person(world.northwind, f"{role} Person", role, at=AT)
        with pytest.raises(DisputeRefused):
            open_dispute(commission=line, by=person.actor, at=AT, reason="Mine")


def test_a_void_line_and_one_that_is_disputed_already_are_refused(world: World) -> None:
    line = earned(world.sara)
    opened(world, line)
    with pytest.raises(DisputeRefused) as refused:
        opened(world, line)
    assert refused.value.code == "deals.dispute.open_already"
    other = earned(world.sara)
    void_commission(commission=other, reason="Booked twice", by=world.dan.actor, at=AT)
    with pytest.raises(DisputeRefused) as refused:
        opened(world, other)
    assert refused.value.code == "deals.dispute.void"


def test_what_is_missing_stands_at_its_field_and_nothing_is_written(world: World) -> None:
    line = earned(world.sara)
    with pytest.raises(IncompleteRefused) as refused:
        opened(world, line, reason=" ", expected_amount=Decimal(4800))
    assert set(refused.value.fields) == {"reason", "expected_amount"}
    line.refresh_from_db()
    assert (line.held_reason, Dispute.objects.count(), WorkItem.objects.filter(kind=DISPUTE).count()) == ("", 0, 0)


def test_evidence_that_is_no_file_of_a_kind_we_take_opens_nothing(world: World) -> None:
    line = earned(world.sara)
    with pytest.raises(UploadRefused):
        opened(world, line, file=SimpleUploadedFile("proof.pdf", b"<html><script>alert(1)</script></html>"))
    line.refresh_from_db()
    assert (line.held_reason, Dispute.objects.count()) == ("", 0)
    dispute = opened(world, line, file=SimpleUploadedFile("proof.pdf", corpus.pdf()))
    assert dispute.file.organization_id == partner_of(world.sara).pk


def test_each_arrow_is_taken_once(world: World) -> None:
    dispute = opened(world, earned(world.sara))
    settled(world, dispute)
    for call in (
        lambda: settled(world, dispute),
        lambda: settled(world, dispute, "rejected", by="dan"),
        lambda: withdraw_dispute(dispute=dispute, by=world.sara.actor, at=LATER),
    ):
        with pytest.raises((TransitionRefused, SameHandRefused)):
            call()
    assert Commission.objects.filter(kind="adjustment").count() == 1


def test_a_page_that_was_opened_before_is_refused(world: World) -> None:
    dispute = opened(world, earned(world.sara))
    with pytest.raises(DisputeStaleRefused):
        settled(world, dispute, version=dispute.version + 1)


def test_a_partner_withdraws_and_may_dispute_again(world: World) -> None:
    line = earned(world.sara)
    dispute = withdraw_dispute(dispute=opened(world, line), by=world.paul.actor, at=LATER)
    line.refresh_from_db()
    assert (dispute.status, line.held_reason) == (DisputeStatus.WITHDRAWN, "")
    assert Notice.objects.filter(topic="deals.dispute_withdrawn", membership=world.mia.membership).exists()
    assert opened(world, line).status == DisputeStatus.OPEN
    assert WorkItem.objects.open().filter(kind=DISPUTE).get().assignee_id == world.mia.user.pk
