"""A payout run from the question to the bank: four eyes, files that add up, failures, and nobody paid twice."""

import csv
import io
import xml.etree.ElementTree as ET
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from deals.actions import commissions, ledger, payout_items, payout_runs
from deals.actions.payout_items import (
    PayoutRefused,
    Result,
    confirm_paid,
    fail_item,
    record_results,
    release_item,
    retry_items,
)
from deals.actions.payout_runs import (
    ChangedRefused,
    RunRefused,
    approve_run,
    cancel_run,
    prepare_again,
    process_run,
    request_run,
    resume_runs,
    unfinished_runs,
    write_payout_files,
)
from deals.models import Commission, LedgerEntry, LedgerTransaction, PayoutItem, PayoutLine, PayoutRun
from deals.queries.payouts import changes_since, preview
from deals.queries.program import program_at
from prm.core.models import AuditEntry, Mail, OutboxEvent, WorkItem
from prm.core.refused import Refused
from prm.core.sealing import SealRefused, unseal_bytes
from prm.core.transitions import TransitionRefused
from tests.deals.payables import (
    IBAN,
    OTHER_IBAN,
    ROUTING,
    TODAY,
    approved,
    details,
    payable,
    processed,
    ready_to_pay,
    requested,
)
from tests.partners import making
from tests.world import AT, World, add_person

LATER = AT + timedelta(hours=3)
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
OWN_IBAN = "DE02120300000000202051"


@pytest.fixture(autouse=True)
def own_account(settings: Any) -> None:
    settings.PAYOUT_IBAN, settings.PAYOUT_BIC, settings.PAYOUT_ACCOUNT_NAME = OWN_IBAN, "", "Acme Cloud"


def content_of(stored: Any) -> bytes:
    with stored.content.open("rb") as file:
        return unseal_bytes(file.read(), about=stored.code)


def transfers_of(run: PayoutRun) -> list[tuple[str, str, Decimal]]:
    """Every transfer in every file of a run: reference, account, amount."""
    found = []
    for made in run.files.order_by("number"):
        content = content_of(made.file)
        if made.format == "csv":
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
            found += [(row["reference"], row["account"], Decimal(row["amount"])) for row in rows]
            continue
        for each in ET.fromstring(content).iter(f"{{{NS['p']}}}CdtTrfTxInf"):  # noqa: S314 - our own file
            found.append(
                (
                    each.findtext("p:PmtId/p:EndToEndId", None, NS) or "",
                    each.findtext("p:CdtrAcct/p:Id/p:IBAN", None, NS) or "",
                    Decimal(each.findtext("p:Amt/p:InstdAmt", "0", NS)),
                )
            )
    return found


def clearing(run: PayoutRun) -> Decimal:
    """What the books say is on its way for this run."""
    total = LedgerEntry.objects.filter(item__run=run, account="clearing").aggregate(total=Sum("amount"))["total"]
    return -(total or Decimal(0))


def sound(run: PayoutRun) -> None:
    """I1 and I4: the books balance; each line is in one live payout; run = payouts = lines; clearing = on its way."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    run.refresh_from_db()
    live = run.items.exclude(status="void")
    assert run.total_amount == sum((item.amount for item in live), Decimal(0))
    for item in live:
        assert item.amount == sum((line.amount for line in item.lines.filter(is_void=False)), Decimal(0))
    assert clearing(run) == sum((item.amount for item in live if item.status == "ready"), Decimal(0))
    for entry in LedgerEntry.objects.values("transaction", "currency").annotate(total=Sum("amount")):
        assert entry["total"] == 0
    for line in PayoutLine.objects.filter(item__run=run, is_void=False).select_related("item", "commission"):
        expected = {"ready": "in_payout", "paid": "paid"}.get(line.item.status, "payable")
        assert line.commission.status == expected, line.item.status


# --- What a run takes -----------------------------------------------------------------------------------------------


def test_a_run_takes_exactly_what_its_preview_shows(world: World) -> None:
    ready_to_pay(world)
    payable(world.paul, "-250.50")
    payable(world.paul, 80, held="dispute")
    payable(world.paul, 77, currency="USD")
    payable(world.paul, 66, on=TODAY + timedelta(days=1))
    plan = preview(program=program_at(AT), currency="EUR", through=TODAY)
    run = requested(world, seen=plan.fingerprint)
    taken = {item.partner_id: item.amount for item in run.items.all()}
    assert taken == {row.partner.pk: row.decision.amount for row in plan.included}
    assert taken == {world.northwind.pk: Decimal("749.50"), world.rival.pk: Decimal(400)}
    assert set(PayoutLine.objects.values_list("commission_id", flat=True)) == {
        line.pk for row in plan.included for line in row.lines
    }
    assert run.total_amount == plan.total == Decimal("1149.50")
    assert [(each["why"], each["amount"]) for each in run.left_out] == [("held", "80.0000")]
    sound(run)


def test_what_changed_since_the_preview_is_refused(world: World) -> None:
    ready_to_pay(world)
    seen = preview(program=program_at(AT), currency="EUR", through=TODAY).fingerprint
    payable(world.paul, 5)
    with pytest.raises(ChangedRefused):
        requested(world, seen=seen)
    assert not PayoutRun.objects.exists()
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda w: payable(w.paul, 1000), "no_details"),
        (lambda w: (details(w.paul, tax_form="w9", tax_id="123456789", no_file=True), payable(w.paul)), "no_tax_form"),
        (
            lambda w: (
                details(w.paul, tax_form="w8bene", tax_id="A1234", tax_form_signed_on=TODAY.replace(year=2022)),
                payable(w.paul),
            ),
            "tax_form_old",
        ),
        (lambda w: (details(w.paul), payable(w.paul, 100), payable(w.paul, -300)), "negative"),
        (lambda w: (details(w.paul), payable(w.paul, 100), payable(w.paul, -100)), "negative"),
        (lambda w: (details(w.paul), payable(w.paul, "49.99")), "below_minimum"),
        (lambda w: (details(w.paul), payable(w.paul, 900, held="fraud")), "held"),
        (lambda w: (details(w.paul), payable(w.paul), end(w, "suspended")), "suspended"),
        (lambda w: (details(w.paul), payable(w.paul), end(w, "ended")), "ended"),
    ],
)
def test_who_is_left_out_and_why(world: World, prepare: Any, why: str) -> None:
    prepare(world)
    plan = preview(program=program_at(AT), currency="EUR", through=TODAY)
    assert [row.decision.left_out for row in plan.left_out] == [why]
    assert plan.included == []
    with pytest.raises(RunRefused) as refused:
        requested(world)
    assert refused.value.code == "deals.payout_run.empty"


def end(world: World, status: str) -> None:
    partner = world.northwind.partner
    partner.status = status
    partner.save(update_fields=["status"])


def test_partners_that_ended_are_paid_when_the_run_says_so(world: World) -> None:
    details(world.paul)
    payable(world.paul)
    end(world, "ended")
    run = requested(world, includes_ended=True)
    assert run.total_amount == 1000
    approve_run(run=run, by=world.vera.actor, at=LATER)
    assert process_run(code=run.code, at=LATER).ready == 1


def test_exactly_the_minimum_is_paid(world: World) -> None:
    details(world.paul)
    payable(world.paul, 50)
    assert requested(world).total_amount == 50


def test_what_was_left_out_is_in_the_next_run(world: World) -> None:
    ready_to_pay(world, northwind=30)
    run = processed(world)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    payable(world.paul, 40)
    after = requested(world, at=AT + timedelta(days=30))
    assert [(item.partner_id, item.amount) for item in after.items.all()] == [(world.northwind.pk, Decimal(70))]


def test_one_run_of_a_currency_at_a_time(world: World) -> None:
    ready_to_pay(world)
    payable(world.paul, 900, currency="USD")
    requested(world)
    payable(world.paul, 900)
    with pytest.raises(RunRefused) as refused:
        requested(world)
    assert refused.value.code == "deals.payout_run.one_at_a_time"
    assert requested(world, currency="USD").currency == "USD"


@pytest.mark.parametrize("name", ["paul", "mia", "dan", "vera", "ada", "rory", "sue"])
def test_only_finance_asks_for_runs(world: World, name: str) -> None:
    ready_to_pay(world)
    with pytest.raises(Refused):
        request_run(currency="EUR", through=TODAY, by=getattr(world, name).actor, at=AT)
    assert not PayoutRun.objects.exists()


# --- Four eyes (T12) ------------------------------------------------------------------------------------------------


def test_nobody_approves_what_they_asked_for(world: World) -> None:
    ready_to_pay(world)
    run = requested(world)
    with pytest.raises(RunRefused) as refused:
        approve_run(run=run, by=world.finn.actor, at=LATER)
    assert refused.value.code == "deals.payout_run.four_eyes"
    run.refresh_from_db()
    assert run.status == "requested"


@pytest.mark.parametrize("name", ["paul", "mia", "ada", "rory", "dan"])
def test_only_approvers_approve(world: World, name: str) -> None:
    ready_to_pay(world)
    run = requested(world)
    with pytest.raises(Refused):
        approve_run(run=run, by=getattr(world, name).actor, at=LATER)
    run.refresh_from_db()
    assert run.status == "requested"


@pytest.mark.parametrize(
    "statement",
    [
        # the same person
        "UPDATE deals_payoutrun SET status='approved', approved_by_id=requested_by_id, approved_at=now()",
        # nobody
        "UPDATE deals_payoutrun SET status='approved'",
        "UPDATE deals_payoutrun SET status='partial'",
        "UPDATE deals_payoutrun SET status='completed'",
        # another requester first
        "UPDATE deals_payoutrun SET requested_by_id=(SELECT max(id) FROM core_user)",
        # past the run
        "UPDATE deals_payoutitem SET status='ready'",
        "UPDATE deals_payoutitem SET status='paid', paid_on=now()",
        # other money
        "UPDATE deals_payoutitem SET amount=amount+1",
        "UPDATE deals_payoutitem SET partner_id=(SELECT max(partner_id) FROM deals_payoutitem)",
        "UPDATE deals_payoutrun SET total_amount=total_amount+1",
        "UPDATE deals_payoutline SET amount=amount+1",
        "UPDATE deals_payoutline SET is_void=true",
        "UPDATE deals_payoutitem SET details_id=(SELECT max(id) FROM deals_payoutdetails)",
        "UPDATE deals_payoutdetails SET account_mask='x'",
        "DELETE FROM deals_payoutline",
        "DELETE FROM deals_payoutrun",
    ],
)
def test_raw_sql_is_refused_too(world: World, statement: str) -> None:
    ready_to_pay(world)
    requested(world)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_approval_stays_and_a_finished_payout_too(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    for statement in (
        "UPDATE deals_payoutrun SET approved_by_id=(SELECT max(id) FROM core_user)",
        "UPDATE deals_payoutrun SET status='requested'",
        "UPDATE deals_payoutitem SET status='ready'",
        "UPDATE deals_payoutitem SET status='void'",
        "UPDATE deals_payoutfile SET total_amount=1",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_approver_gets_work_with_a_clock_and_a_mail(world: World) -> None:
    ready_to_pay(world)
    run = requested(world)
    work = WorkItem.objects.get(ref_code=run.code)
    assert (work.kind, work.role) == ("deals.payout_approval", "vp")
    assert work.due_at == AT + timedelta(hours=24)
    assert Mail.objects.filter(topic="deals.payout_run_requested", to_email=world.vera.user.email).count() == 1
    approve_run(run=run, by=world.vera.actor, at=LATER)
    work.refresh_from_db()
    assert work.closed_at == LATER


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda w, line: hold(w, line), "held"),
        (lambda w, line: commissions.void_commission(commission=line, reason="x", by=w.finn.actor, at=LATER), "gone"),
        (lambda w, line: details(w.paul, account=OTHER_IBAN, at=LATER), "account"),
        (lambda w, line: end(w, "suspended"), "partner"),
    ],
)
def test_what_changed_since_it_was_prepared_stops_the_approval(world: World, change: Any, what: str) -> None:
    ready_to_pay(world)
    run = requested(world)
    line = Commission.objects.get(partner=world.northwind.pk)
    change(world, line)
    assert [each.what for each in changes_since(run, TODAY)] == [what]
    with pytest.raises(ChangedRefused):
        approve_run(run=run, by=world.vera.actor, at=LATER)
    run.refresh_from_db()
    assert run.status == "requested"


def hold(world: World, line: Commission) -> None:
    commissions.hold_commissions(commissions=[line], reason="dispute", by=world.finn.actor, at=LATER)


def test_a_clawback_that_came_in_since_stops_the_approval_and_nets_when_prepared_again(world: World) -> None:
    ready_to_pay(world)
    run = requested(world)
    payable(world.paul, -400, created_at=LATER)
    assert [each.what for each in changes_since(run, TODAY)] == ["taken_back"]
    with pytest.raises(ChangedRefused):
        approve_run(run=run, by=world.vera.actor, at=LATER)
    again = prepare_again(run=run, by=world.finn.actor, at=LATER)
    assert again.total_amount == 1000
    run.refresh_from_db()
    assert (run.status, run.total_amount) == ("cancelled", 0)
    assert approve_run(run=again, by=world.vera.actor, at=LATER).status == "approved"


def test_a_cancelled_run_lets_its_lines_go(world: World) -> None:
    ready_to_pay(world)
    run = requested(world)
    cancel_run(run=run, by=world.vera.actor, at=LATER, reason="Wait for the audit")
    sound(run)
    assert requested(world).total_amount == 1400
    for step in (
        lambda: approve_run(run=run, by=world.vera.actor, at=LATER),
        lambda: cancel_run(run=run, by=world.vera.actor, at=LATER, reason="x"),
    ):
        with pytest.raises(TransitionRefused):
            step()


def test_an_approved_run_is_not_cancelled_nor_approved_again(world: World) -> None:
    ready_to_pay(world)
    run = approved(world)
    for step in (
        lambda: approve_run(run=run, by=world.vera.actor, at=LATER),
        lambda: cancel_run(run=run, by=world.vera.actor, at=LATER, reason="x"),
        lambda: prepare_again(run=run, by=world.finn.actor, at=LATER),
    ):
        with pytest.raises(TransitionRefused):
            step()


# --- Files (I4) -----------------------------------------------------------------------------------------------------


def test_sepa_goes_out_as_a_valid_message_whose_sums_are_the_run_s(world: World) -> None:
    ready_to_pay(world, northwind="1000.55", rival="400.45")
    run = processed(world)
    (made,) = run.files.all()
    root = ET.fromstring(content_of(made.file))  # noqa: S314 - our own file
    assert made.format == "pain001"
    assert Decimal(root.findtext(".//p:GrpHdr/p:CtrlSum", "0", NS)) == run.total_amount == made.total_amount == 1401
    assert root.findtext(".//p:GrpHdr/p:NbOfTxs", "", NS) == "2"
    assert root.findtext(".//p:GrpHdr/p:MsgId", "", NS) == f"{run.code}-1"
    assert root.findtext(".//p:DbtrAcct/p:Id/p:IBAN", "", NS) == OWN_IBAN
    assert sorted((account, amount) for _ref, account, amount in transfers_of(run)) == [
        (IBAN, Decimal("1000.55")),
        (OTHER_IBAN, Decimal("400.45")),
    ]
    assert clearing(run) == run.total_amount
    sound(run)


def test_without_an_account_of_our_own_everything_is_csv(world: World, settings: Any) -> None:
    settings.PAYOUT_IBAN = ""
    ready_to_pay(world)
    run = processed(world)
    assert [made.format for made in run.files.all()] == ["csv"]
    assert sum(amount for _ref, _account, amount in transfers_of(run)) == run.total_amount


def test_each_payout_is_in_exactly_one_file(world: World) -> None:
    details(world.paul)
    details(world.rita, method="wire", account="12345678", bank="CHASUS33")
    payable(world.paul, 300)
    payable(world.rita, 200)
    run = processed(world)
    assert [(made.format, made.items_count, made.total_amount) for made in run.files.order_by("number")] == [
        ("pain001", 1, 300),
        ("csv", 1, 200),
    ]
    references = [reference for reference, _account, _amount in transfers_of(run)]
    assert len(references) == len(set(references)) == 2
    assert sum(amount for _ref, _account, amount in transfers_of(run)) == run.total_amount


def test_dollars_go_out_as_csv_to_a_routing_and_account_number(world: World) -> None:
    details(world.paul, method="ach", account="1234 5678", bank=ROUTING, tax_form="w9", tax_id="12-3456789")
    payable(world.paul, "99.90", currency="USD")
    run = processed(world, currency="USD")
    (made,) = run.files.all()
    (row,) = csv.DictReader(io.StringIO(content_of(made.file).decode("utf-8-sig")))
    assert (row["account"], row["bank"], row["amount"], row["country"]) == ("12345678", ROUTING, "99.90", "US")


def test_a_file_is_ciphertext_on_the_disk(world: World) -> None:
    ready_to_pay(world)
    (made,) = processed(world).files.all()
    with made.file.content.open("rb") as file:
        kept = file.read()
    assert IBAN.encode() not in kept
    assert b"CstmrCdtTrfInitn" not in kept


def test_without_the_key_no_file_is_written_and_it_is_written_once_the_key_is_back(world: World, settings: Any) -> None:
    ready_to_pay(world)
    run, keys = approved(world), settings.FIELD_KEYS
    settings.FIELD_KEYS = ["Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc="]
    with pytest.raises(SealRefused):
        process_run(code=run.code, at=LATER)
    assert not run.files.exists()
    with pytest.raises(PayoutRefused):
        confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    settings.FIELD_KEYS = keys
    assert unfinished_runs() == [run.code]
    settings.FIELD_KEYS = ["Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc="]
    assert resume_runs(at=LATER) == {}
    settings.FIELD_KEYS = keys
    assert resume_runs(at=LATER)[run.code].files == 1
    assert unfinished_runs() == []


def test_an_account_that_was_swapped_past_the_product_is_not_paid(world: World) -> None:
    ready_to_pay(world)
    run = approved(world)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deals_payoutdetails SET account_sealed = (SELECT account_sealed FROM deals_payoutdetails"
            " WHERE partner_id = %s) WHERE partner_id = %s",
            [world.rival.pk, world.northwind.pk],
        )
    with pytest.raises(SealRefused) as refused:
        process_run(code=run.code, at=LATER)
    assert refused.value.code == "core.sealing.moved"
    assert not run.files.exists()


# --- Paid, failed, again --------------------------------------------------------------------------------------------


def test_confirming_pays_the_lines_and_tells_the_partner(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    run.refresh_from_db()
    assert (run.status, run.completed_at) == ("completed", LATER)
    assert set(Commission.objects.values_list("status", "paid_on")) == {("paid", TODAY)}
    sound(run)
    cash = LedgerEntry.objects.filter(account="cash").aggregate(total=Sum("amount"))["total"]
    assert cash == -run.total_amount
    assert OutboxEvent.objects.filter(name="deals.payout.paid").count() == 2


def test_a_second_click_is_told_so_and_books_nothing(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    item = run.items.first()
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY, codes=[item.code])
    booked = LedgerTransaction.objects.count()
    with pytest.raises(TransitionRefused):
        confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY, codes=[item.code])
    assert LedgerTransaction.objects.count() == booked
    run.refresh_from_db()
    assert run.status == "approved"


@pytest.mark.parametrize("days", [1, -1])
def test_the_day_is_neither_in_the_future_nor_before_the_approval(world: World, days: int) -> None:
    ready_to_pay(world)
    run = processed(world)
    with pytest.raises(PayoutRefused):
        confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY + timedelta(days=days))


def test_a_payout_of_another_run_can_not_be_named(world: World) -> None:
    ready_to_pay(world)
    payable(world.paul, 500, currency="USD")
    other = processed(world, currency="USD")
    run = processed(world)
    with pytest.raises(PayoutRefused) as refused:
        confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY, codes=[other.items.get().code])
    assert refused.value.code == "deals.payout.unknown"


def failed(world: World) -> tuple[PayoutRun, PayoutItem]:
    """A run of which Northwind's payout came back."""
    run = processed(world)
    item = run.items.get(partner=world.northwind.pk)
    fail_item(item=item, by=world.finn.actor, at=LATER, failure="AC04 account closed")
    run.refresh_from_db()
    item.refresh_from_db()
    return run, item


def test_a_returned_payout_makes_the_run_partial_and_takes_the_booking_back(world: World) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    assert (run.status, item.status, item.failure) == ("partial", "failed", "AC04 account closed")
    sound(run)
    assert clearing(run) == 400


def test_only_what_failed_is_sent_again_in_a_file_of_its_own(world: World) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    details(world.paul, account="AT611904300234573201", at=LATER)
    done = retry_items(run=run, by=world.finn.actor, at=LATER)
    assert [each.code for each in done.sent] == [item.code]
    process_run(code=run.code, at=LATER)
    first, second = run.files.order_by("number")
    assert (second.items_count, second.total_amount) == (1, 1000)
    sent = transfers_of(run)
    assert (f"{item.code}-1", IBAN, Decimal(1000)) in sent
    assert (f"{item.code}-2", "AT611904300234573201", Decimal(1000)) in sent
    assert len(sent) == 3
    keys = set(LedgerTransaction.objects.filter(kind="payout").values_list("source_key", flat=True))
    assert {f"payout:{item.code}:1", f"payout:{item.code}:2"} <= keys
    sound(run)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    run.refresh_from_db()
    assert run.status == "completed"
    cash = LedgerEntry.objects.filter(account="cash").aggregate(total=Sum("amount"))["total"]
    assert cash == -run.total_amount == -1400
    assert first.total_amount + second.total_amount == 2400, "the failed attempt stays written"


def test_taken_out_the_lines_are_payable_again(world: World) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    release_item(item=item, by=world.finn.actor, at=LATER, reason="They look for another bank")
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    run.refresh_from_db()
    assert (run.status, run.total_amount) == ("completed", 400)
    sound(run)
    assert requested(world, at=AT + timedelta(days=1)).total_amount == 1000


def test_a_line_held_after_the_approval_fails_its_payout_only(world: World) -> None:
    ready_to_pay(world)
    run = approved(world)
    line = Commission.objects.get(partner=world.northwind.pk)
    hold(world, line)
    done = process_run(code=run.code, at=LATER)
    assert (done.ready, done.failed) == (1, 1)
    item = run.items.get(partner=world.northwind.pk)
    assert (item.status, item.attempt) == ("failed", 0)
    assert line.code in item.failure
    sound(run)
    assert retry_items(run=run, by=world.finn.actor, at=LATER).stuck
    commissions.free_commissions(commissions=[line], reason="dispute", by=world.finn.actor, at=LATER)
    assert retry_items(run=run, by=world.finn.actor, at=LATER).sent
    process_run(code=run.code, at=LATER)
    sound(run)
    assert len({reference for reference, _a, _m in transfers_of(run)}) == 2


def test_a_change_of_account_after_the_approval_fails_the_payout(world: World) -> None:
    ready_to_pay(world)
    run = approved(world)
    details(world.paul, account="AT611904300234573201", at=LATER)
    assert process_run(code=run.code, at=LATER).failed == 1
    assert "AT611904300234573201" not in str(transfers_of(run))


def test_the_bank_s_report_is_booked_once(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    north, rival = run.items.get(partner=world.northwind.pk), run.items.get(partner=world.rival.pk)
    report = [
        Result(f"{north.code}-1", paid_on=TODAY),
        Result(f"{rival.code}-1", failure="AC01"),
        Result("PI-0000000-1", paid_on=TODAY),
        Result(f"{north.code}-7", paid_on=TODAY),
    ]
    first = record_results(run=run, by=world.finn.actor, at=LATER, results=report)
    assert (first.paid, first.failed, first.known, len(first.refused)) == (1, 1, 0, 2)
    booked = LedgerTransaction.objects.count()
    again = record_results(run=run, by=world.finn.actor, at=LATER, results=report)
    assert (again.paid, again.failed, again.known, len(again.refused)) == (0, 0, 2, 2)
    assert LedgerTransaction.objects.count() == booked
    sound(run)


def test_an_answer_to_an_old_attempt_is_refused(world: World) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    retry_items(run=run, by=world.finn.actor, at=LATER)
    process_run(code=run.code, at=LATER)
    late = record_results(run=run, by=world.finn.actor, at=LATER, results=[Result(f"{item.code}-1", failure="AC04")])
    assert late.refused
    item.refresh_from_db()
    assert item.status == "ready"


@pytest.mark.parametrize("name", ["vera", "dan", "ada", "mia", "paul", "rory"])
def test_only_finance_reports_what_the_bank_did(world: World, name: str) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    by = getattr(world, name).actor
    for step in (
        lambda: confirm_paid(run=run, by=by, at=LATER, paid_on=TODAY),
        lambda: fail_item(item=item, by=by, at=LATER, failure="x"),
        lambda: retry_items(run=run, by=by, at=LATER),
        lambda: release_item(item=item, by=by, at=LATER, reason="x"),
        lambda: record_results(run=run, by=by, at=LATER, results=[]),
    ):
        with pytest.raises(Refused):
            step()


STEPS = {
    "fail": lambda w, run, item: fail_item(item=item, by=w.finn.actor, at=LATER, failure="x"),
    "pay": lambda w, run, item: confirm_paid(run=run, by=w.finn.actor, at=LATER, paid_on=TODAY, codes=[item.code]),
    "retry": lambda w, run, item: retry_items(run=run, by=w.finn.actor, at=LATER, codes=[item.code]),
    "take out": lambda w, run, item: release_item(item=item, by=w.finn.actor, at=LATER, reason="x"),
}
ALLOWED = {"planned": set(), "ready": {"fail", "pay"}, "paid": set(), "failed": {"retry", "take out"}, "void": set()}


@pytest.mark.parametrize("state", sorted(ALLOWED))
def test_every_other_step_is_refused_and_changes_nothing(world: World, state: str) -> None:
    """T13: all pairs of state and step; only those in the table succeed."""
    ready_to_pay(world)
    run = approved(world) if state == "planned" else processed(world)
    item = run.items.get(partner=world.northwind.pk)
    if state in {"failed", "void"}:
        fail_item(item=item, by=world.finn.actor, at=LATER, failure="x")
    if state == "void":
        release_item(item=item, by=world.finn.actor, at=LATER, reason="x")
    if state == "paid":
        confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY, codes=[item.code])
    item.refresh_from_db()
    assert item.status == state
    for name, step in STEPS.items():
        mark = transaction.savepoint()
        if name in ALLOWED[state]:
            step(world, run, item)
        else:
            with pytest.raises(TransitionRefused):
                step(world, run, item)
            item.refresh_from_db()
            assert item.status == state, name
        transaction.savepoint_rollback(mark)
        item.refresh_from_db()


# --- Kills and faults (F12) ------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What a worker that is killed leaves behind: nothing of the transaction that was open, all of those before."""


def five_payees(world: World) -> PayoutRun:
    """A run that five partners are in, approved."""
    for number in range(3):
        company = making.partner(world, f"Partner {number}").organization
        person = add_person(company, f"Person {number}", "partner_admin", at=AT)
        details(person, account_holder=f"Partner {number}")
        payable(person, 100 + number)
    ready_to_pay(world)
    return approved(world)


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("step", ["before", "after booking", "after commit", "before the file", "after the file"])
def test_a_worker_killed_anywhere_goes_on_and_pays_each_once(
    world: World, monkeypatch: pytest.MonkeyPatch, index: int, step: str
) -> None:
    run = five_payees(world)
    calls = {"n": 0}

    def strike() -> None:
        calls["n"] += 1
        if calls["n"] == index + 1:
            raise Killed

    real_post, real_prepare, real_store = ledger.post_payout, payout_runs.prepare_item, payout_runs.store_document
    with monkeypatch.context() as patch, pytest.raises(Killed):
        if step == "before":
            patch.setattr(payout_runs, "prepare_item", lambda **k: (strike(), real_prepare(**k))[1])
        elif step == "after booking":
            patch.setattr(ledger, "post_payout", lambda **k: (real_post(**k), strike())[0])
        elif step == "after commit":
            patch.setattr(payout_runs, "prepare_item", lambda **k: (real_prepare(**k), strike())[0])
        else:
            calls["n"] = index
            around = (lambda **k: (strike(), real_store(**k))[1], lambda **k: (real_store(**k), strike())[0])
            patch.setattr(payout_runs, "store_document", around[step == "after the file"])
        process_run(code=run.code, at=LATER)
    sound(run)
    assert unfinished_runs() == [run.code]
    resume_runs(at=LATER)
    assert unfinished_runs() == []
    assert process_run(code=run.code, at=LATER) == payout_runs.Processed()
    sound(run)
    sent = transfers_of(run)
    assert len(sent) == len({reference for reference, _a, _m in sent}) == 5
    assert sum(amount for _r, _a, amount in sent) == run.total_amount == clearing(run) == 1703
    assert LedgerTransaction.objects.filter(kind="payout").count() == 5


@pytest.mark.parametrize("index", range(5))
def test_an_error_in_one_payout_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    run = five_payees(world)
    items = list(run.items.order_by("pk"))
    real = ledger.post_payout

    def post(**given: Any) -> bool:
        if given["item"].pk == items[index].pk:
            raise ValueError("something nobody thought of")
        return real(**given)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "post_payout", post)
        done = process_run(code=run.code, at=LATER)
    assert (done.ready, done.failed) == (4, 1)
    sound(run)
    assert run.status == "partial"
    retry_items(run=run, by=world.finn.actor, at=LATER)
    process_run(code=run.code, at=LATER)
    sound(run)
    sent = transfers_of(run)
    assert len(sent) == len({reference.rsplit("-", 1)[0] for reference, _a, _m in sent}) == 5
    assert sum(amount for _r, _a, amount in sent) == run.total_amount == clearing(run)


def test_a_file_is_not_written_while_payouts_are_being_prepared(world: World) -> None:
    ready_to_pay(world)
    run = approved(world)
    payout_items.prepare_item(item_id=run.items.first().pk, by=payout_runs.WORKER, at=LATER)
    assert write_payout_files(run=run, by=payout_runs.WORKER, at=LATER) == []
    process_run(code=run.code, at=LATER)
    assert run.files.get().items_count == 2


def test_everything_leaves_an_audit_line(world: World) -> None:
    ready_to_pay(world)
    run, item = failed(world)
    retry_items(run=run, by=world.finn.actor, at=LATER)
    process_run(code=run.code, at=LATER)
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    codes = set(AuditEntry.objects.filter(ref_code__in=[run.code, item.code]).values_list("code", flat=True))
    assert codes >= {
        "deals.payout_run.requested",
        "deals.payout_run.approved",
        "deals.payout_run.partial",
        "deals.payout_run.completed",
        "deals.payout_run.file_written",
        "deals.payout.prepared",
        "deals.payout.failed",
        "deals.payout.paid",
    }
