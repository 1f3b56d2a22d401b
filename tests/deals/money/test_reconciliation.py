"""The books are proved: a world in which much happened holds, and whatever is broken past the product is named."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from deals.actions import ledger
from deals.actions.commissions import adjust_commission, hold_commissions, void_commission
from deals.actions.disputes import open_dispute, settle_dispute
from deals.actions.earning_nights import run_earnings
from deals.actions.payout_items import confirm_paid, fail_item, release_item, retry_items
from deals.actions.payout_runs import approve_run, cancel_run, process_run, request_run
from deals.actions.reconciliations import reconcile
from deals.kinds import RECONCILIATION
from deals.models import Commission, Contract, LedgerTransaction, PayoutItem, PayoutRun, Proof
from deals.queries.reconciliation import CHECKS, prove
from prm.core.actions.seals import seal_ended_days
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Mail, Notice, WorkItem
from tests.deals import payables, stage
from tests.deals.earning import happens, plan, plans, won
from tests.deals.money.tampering import unguarded, without
from tests.world import AT, World, build_world

pytestmark = pytest.mark.django_db
NIGHT = Actor.system("night")
LATER = AT + timedelta(days=80)
NEXT = AT + timedelta(days=90)


def broken(*codes: str) -> dict[str, list]:
    """The offenders of every invariant that does not hold, by its number."""
    return {proven.check.code: list(proven.finding.offenders) for proven in prove(codes) if not proven.finding.holds}


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The story, told once for all tests of this module, in a transaction that is never committed."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            yield tell(build_world(at=AT))
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture
def story(told: World) -> Iterator[World]:
    """The story, for a test to spoil: whatever it does is undone."""
    with transaction.atomic():
        yield told
        transaction.set_rollback(True)


def tell(world: World) -> World:
    """Two partners through everything: earned, paid, returned, sent again, clawed back, disputed, void, closed."""
    plans(plan("first_year"))
    contracts = {
        name: won(world, by=person, amount=amount, **more)
        for name, person, amount, more in (
            ("paid", world.sara, 24000, {}),
            ("failed", world.rita, 12000, {}),
            ("cancelled", world.sara, 6000, {}),
            ("void", world.rita, 5000, {}),
            ("waits", world.rita, 7000, {}),
            ("yen", world.sara, 1234567, {"currency": "JPY"}),
            ("disputed", world.sara, 9000, {}),
        )
    }
    for name in ("paid", "failed", "cancelled", "yen", "disputed"):
        happens(world, contracts[name], "paid", 1, contracts[name].amount)
    happens(world, contracts["cancelled"], "cancelled", 20)
    lines = {name: Commission.objects.filter(contract=each).order_by("pk")[0] for name, each in contracts.items()}
    void_commission(commission=lines["void"], reason="Test deal", by=world.finn.actor, at=AT + timedelta(days=10))
    dispute = open_dispute(
        commission=lines["disputed"], by=world.paul.actor, at=AT + timedelta(days=12), reason="25 %",
        expected_amount=Decimal(2250),
    )  # fmt: skip
    settle_dispute(
        dispute=dispute, by=world.vera.actor, at=AT + timedelta(days=13), outcome="partly_upheld", answer="22 %",
        right_amount=Decimal(1980),
    )  # fmt: skip
    hold_commissions(commissions=[lines["waits"]], reason="review", by=world.finn.actor, at=AT + timedelta(days=14))
    payables.details(world.paul)
    payables.details(world.rita, account=payables.OTHER_IBAN, account_holder="Rival", notice_email="m@rival.example")
    run_earnings(on=(AT + timedelta(days=60)).date(), by=NIGHT, at=AT + timedelta(days=60))
    run = requested(world, "JPY")
    cancel_run(run=run, by=world.finn.actor, at=LATER, reason="Too early")
    run = requested(world, "USD")
    approve_run(run=run, by=world.vera.actor, at=LATER + timedelta(hours=1))
    process_run(code=run.code, at=LATER + timedelta(hours=2))
    items = {item.partner_id: item for item in run.items.all()}
    fail_item(item=items[world.rival.pk], by=world.finn.actor, at=LATER + timedelta(hours=3), failure="AC04")
    retry_items(run=run, by=world.finn.actor, at=LATER + timedelta(hours=4))
    process_run(code=run.code, at=LATER + timedelta(hours=5))
    confirm_paid(
        run=run, by=world.finn.actor, at=LATER + timedelta(days=1), paid_on=(LATER + timedelta(days=1)).date(),
        codes=[items[world.northwind.pk].code],
    )  # fmt: skip
    fail_item(
        item=PayoutItem.objects.get(pk=items[world.rival.pk].pk), by=world.finn.actor, at=LATER + timedelta(days=2),
        failure="AC04",
    )  # fmt: skip
    release_item(
        item=PayoutItem.objects.get(pk=items[world.rival.pk].pk), by=world.finn.actor, at=LATER + timedelta(days=2),
        reason="Later",
    )  # fmt: skip
    adjust_commission(
        commission=lines["paid"], amount=Decimal(-100), reason="Discount", source_key="t:1", by=world.finn.actor,
        at=LATER + timedelta(days=3),
    )  # fmt: skip
    ledger.close_books(until=(LATER + timedelta(days=2)).date(), by=world.finn.actor, at=LATER + timedelta(days=4))
    happens(world, contracts["paid"], "cancelled", 85)
    seal_ended_days(at=NEXT)
    return world


def requested(world: World, currency: str) -> PayoutRun:
    return request_run(currency=currency, through=LATER.date(), by=world.finn.actor, at=LATER)


def line_of(customer_amount: int) -> Commission:
    """The first line of the contract with this value."""
    return Commission.objects.filter(contract__amount=customer_amount, origin=None).order_by("pk")[0]


def test_a_world_in_which_much_happened_holds(story: World) -> None:
    assert broken() == {}
    seen = {proven.check.code: proven.finding.seen for proven in prove()}
    assert min(seen.values()) > 0
    assert list(seen) == ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I9", "I10", "I11", "I12"]


# --- Planted offenders ----------------------------------------------------------------------------------------------


def test_i1_an_entry_that_grew(story: World) -> None:
    tx = LedgerTransaction.objects.get(source_key=f"accrual:{line_of(24000).code}")
    with unguarded() as run:
        run("UPDATE deals_ledgerentry SET amount = amount + 0.01 WHERE transaction_id = %s AND amount > 0", [tx.pk])
    [offender] = broken("I1")["I1"]
    assert (offender.problem, offender.what, offender.currency) == ("unbalanced", tx.code, "USD")
    assert (offender.found, offender.expected) == (Decimal("0.01"), 0)


def test_i1_a_transaction_that_lost_its_entries(story: World) -> None:
    tx = LedgerTransaction.objects.get(source_key=f"accrual:{line_of(24000).code}")
    with unguarded() as run:
        run("DELETE FROM deals_ledgerentry WHERE transaction_id = %s", [tx.pk])
    assert [(each.problem, each.what) for each in broken("I1")["I1"]] == [("one_sided", tx.code)]


def test_i2_a_ledger_that_is_not_zero(story: World) -> None:
    with unguarded() as run:
        run("UPDATE deals_ledgerentry SET amount = amount + 5 WHERE id = (SELECT min(id) FROM deals_ledgerentry)")
    [offender] = broken("I2")["I2"]
    assert (offender.problem, offender.currency, offender.found) == ("ledger_unbalanced", "USD", 5)


def test_i2_a_spiff_that_says_it_awarded_something(story: World) -> None:
    with unguarded() as run:
        run(
            """INSERT INTO deals_spiff (code, name, kind, status, starts_on, ends_on, currency, budget_amount,
               spent_amount, competitor, partner_types, tiers, note, version, created_at)
               VALUES ('SF-X', 'X', 'first_deal', 'active', '2026-01-01', '2026-02-01', 'USD', 100, 70, '', '[]', '[]',
               '', 1, now())"""
        )
    [offender] = broken("I2")["I2"]
    assert (offender.problem, offender.what, offender.found, offender.expected) == ("cache_differs", "SF-X", 70, 0)


def test_i3_money_moved_from_one_account_to_another(story: World) -> None:
    """Balanced, but the ledger says payable where the line says accrued."""
    line = line_of(7000)
    with unguarded() as run:
        run(
            "UPDATE deals_ledgerentry SET account = 'payable' WHERE commission_id = %s AND account = 'accrued'",
            [line.pk],
        )
    found = broken("I1", "I2", "I3")
    assert list(found) == ["I3"]
    assert {(each.what, each.detail, each.found) for each in found["I3"]} == {
        (story.rival.code, "accrued", 0),
        (story.rival.code, "payable", -1400 - 2400),
    }


def test_i4_a_line_in_two_payouts(story: World) -> None:
    line = line_of(24000)
    other = PayoutItem.objects.filter(run__currency="USD").exclude(partner=line.partner)[0]
    with unguarded() as run:
        run(without("deals_payoutline", "deals_payout_line_one_live"))
        run("UPDATE deals_payoutitem SET status = 'failed' WHERE id = %s", [other.pk])
        run(
            "INSERT INTO deals_payoutline (item_id, commission_id, partner_id, amount, is_void)"
            " VALUES (%s, %s, %s, %s, false)",
            [other.pk, line.pk, line.partner_id, line.amount],
        )
    twice = [each for each in broken("I4")["I4"] if each.problem == "line_twice"]
    assert [(each.what, each.partner, each.found) for each in twice] == [(line.code, story.northwind.code, 2)]
    assert other.code in twice[0].detail


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (("UPDATE deals_payoutline SET amount = amount + 1 WHERE NOT is_void AND id = (SELECT min(id)"
         " FROM deals_payoutline WHERE NOT is_void)"), "line_differs"),
        ("UPDATE deals_payoutitem SET amount = amount + 1 WHERE status = 'paid'", "item_differs"),
        ("UPDATE deals_payoutrun SET total_amount = total_amount + 1 WHERE status = 'completed'", "run_differs"),
        ("UPDATE deals_payoutfile SET total_amount = 1 WHERE number = 1", "file_differs"),
        ("UPDATE deals_payoutfile SET items_count = items_count - 1 WHERE number = 1", "file_differs"),
        (("UPDATE deals_ledgerentry SET amount = amount * 2 WHERE account IN ('clearing', 'cash')"
         " AND transaction_id = (SELECT id FROM deals_ledgertransaction WHERE kind = 'payment')"), "clearing_differs"),
        ("UPDATE deals_commission SET status = 'payable' WHERE status = 'paid'", "state_differs"),
    ],
)  # fmt: skip
def test_i4_sums_that_do_not_agree(story: World, statement: str, problem: str) -> None:
    with unguarded() as run:
        run(statement)
    found = broken("I4")["I4"]
    assert problem in {each.problem for each in found}
    assert all(each.what for each in found)


def test_i5_history_that_was_rewritten(story: World) -> None:
    entry = AuditEntry.objects.filter(code="deals.commission.accrued").order_by("pk")[0]
    with unguarded() as run:
        run("UPDATE core_auditentry SET reason = 'nothing' WHERE id = %s", [entry.pk])
    found = broken("I5")["I5"]
    assert {each.problem for each in found} == {"seal_broken"}
    assert found[0].what == str(entry.at.date())


def test_i5_a_transaction_that_disappeared(story: World) -> None:
    """Even with its reversal: a pair that adds up to nothing is missed as well."""
    item = PayoutItem.objects.get(status="void", attempt=2)
    keys = [f"payout:{item.code}:1", f"reversal:payout:{item.code}:1"]
    with unguarded() as run:
        run(
            "DELETE FROM deals_ledgerentry WHERE transaction_id IN"
            " (SELECT id FROM deals_ledgertransaction WHERE source_key = ANY(%s))",
            [keys],
        )
        run("DELETE FROM deals_ledgertransaction WHERE source_key = ANY(%s)", [keys])
    found = broken()
    assert list(found) == ["I5"]
    assert sorted((each.problem, each.detail) for each in found["I5"]) == [("not_booked", key) for key in keys]
    assert found["I5"][0].what == item.code


def test_i5_two_lines_that_swapped_what_was_booked(story: World) -> None:
    """The partner's balance is the same; the lines are not."""
    one, two = line_of(24000), line_of(9000)
    with unguarded() as run:
        run(
            "UPDATE deals_ledgerentry SET amount = amount - sign(amount) WHERE commission_id = %s AND account IN"
            " ('expense', 'cash')",
            [one.pk],
        )
        run(
            "UPDATE deals_ledgerentry SET amount = amount + sign(amount) WHERE commission_id = %s AND account IN"
            " ('expense', 'cash')",
            [two.pk],
        )
    found = broken("I2", "I3", "I5")
    assert list(found) == ["I5"]
    assert {(each.problem, each.what) for each in found["I5"]} == {
        ("line_booked_differently", one.code),
        ("line_booked_differently", two.code),
    }


def test_i5_a_line_that_was_changed_together_with_its_postings_and_inputs(story: World) -> None:
    """Everything in these tables agrees; only history, which is sealed, knows better."""
    line = line_of(7000)
    inputs = {**line.inputs, "base_amount": "70000"}
    with unguarded() as run:
        run("UPDATE deals_ledgerentry SET amount = amount * 10 WHERE commission_id = %s", [line.pk])
        run(
            "UPDATE deals_commission SET amount = amount * 10, inputs = %s WHERE id = %s",
            [json.dumps(inputs), line.pk],
        )
    found = broken()
    assert list(found) == ["I5"]
    [offender] = found["I5"]
    assert (offender.problem, offender.what) == ("history_differs", line.code)
    assert (offender.found, offender.expected) == (14000, 1400)


def test_i5_an_entry_without_a_line_and_one_in_a_closed_period(story: World) -> None:
    tx = LedgerTransaction.objects.order_by("-pk")[0]
    with unguarded() as run:
        run("UPDATE deals_ledgertransaction SET posted_on = '2026-06-20' WHERE id = %s", [tx.pk])
        run("UPDATE deals_ledgerentry SET commission_id = NULL WHERE transaction_id = %s", [tx.pk])
    found = {(each.problem, each.what) for each in broken("I5")["I5"]}
    assert {("into_closed", tx.code), ("no_line", tx.code)} <= found


def test_i6_a_reversal_that_is_not_the_opposite(story: World) -> None:
    tx = LedgerTransaction.objects.filter(kind="reversal").order_by("pk")[0]
    with unguarded() as run:
        run("UPDATE deals_ledgerentry SET amount = amount / 2 WHERE transaction_id = %s", [tx.pk])
    assert {(each.problem, each.what) for each in broken("I6")["I6"]} == {("not_opposite", tx.code)}


def test_i6_a_fact_that_was_reversed_twice_and_a_reversal_that_was_reversed(story: World) -> None:
    first, second = LedgerTransaction.objects.filter(kind="reversal").order_by("pk")[:2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'deals_ledgertransaction'::regclass"
            " AND contype = 'u' AND conname LIKE '%reverses%'"
        )
        name = cursor.fetchone()[0]
    with unguarded() as run:
        run(without("deals_ledgertransaction", name))
        run("UPDATE deals_ledgertransaction SET reverses_id = %s WHERE id = %s", [first.reverses_id, second.pk])
    assert ("reversed_twice", first.reverses.code) in {(each.problem, each.what) for each in broken("I6")["I6"]}
    with unguarded() as run:
        run("UPDATE deals_ledgertransaction SET reverses_id = %s WHERE id = %s", [first.pk, second.pk])
    assert ("reversal_reversed", first.code) in {(each.problem, each.what) for each in broken("I6")["I6"]}


def test_i7_more_taken_back_than_there_was(story: World) -> None:
    line = line_of(6000)
    with unguarded() as run:
        run("UPDATE deals_commission SET amount = amount - 1 WHERE origin_id = %s", [line.pk])
    [offender] = broken("I7")["I7"]
    assert (offender.problem, offender.what, offender.partner) == ("taken_too_much", line.code, story.northwind.code)
    assert (offender.found, offender.expected) == (1201, 1200)


def test_i7_more_taken_back_by_a_correction_of_a_correction(story: World) -> None:
    line = line_of(6000)
    back = line.corrections.get()
    with unguarded() as run:
        run("UPDATE deals_commission SET origin_id = %s WHERE source_key = 't:1'", [back.pk])
    offenders = {(each.problem, each.what, each.found) for each in broken("I7")["I7"]}
    assert offenders == {("taken_too_much", line.code, 1300)}


@pytest.mark.parametrize(
    ("statement", "problem", "what"),
    [
        (("UPDATE deals_payoutrun SET approved_by_id = (SELECT id FROM core_user WHERE email = 'dan@example.com')"
         " WHERE status = 'completed'"), "unrecorded", "deals.payout_run.approved"),
        ("UPDATE deals_registration SET decided_at = decided_at + interval '1 second'", "unrecorded",
         "deals.registration.approved"),
        ("DELETE FROM core_auditentry WHERE code = 'deals.commission.voided'", "unrecorded", "deals.commission.voided"),
        ("DELETE FROM core_auditentry WHERE code = 'deals.contract.cancelled'", "unrecorded",
         "deals.contract.cancelled"),
        ("UPDATE deals_dispute SET settled_by_id = opened_by_id", "unrecorded", "deals.dispute.settled"),
        ("UPDATE deals_commission SET status = 'final' WHERE status = 'paid'", "unrecorded", "deals.commission.final"),
        ("UPDATE deals_payoutrun SET completed_at = approved_at - interval '1 day' WHERE status = 'completed'",
         "out_of_order", "approved before it was requested"),
        (("UPDATE core_auditentry SET changes = jsonb_set(changes, '{status}', '[\"paid\", \"void\"]')"
         " WHERE code = 'deals.commission.voided'"), "illegal_step", "paid → void"),
    ],
)  # fmt: skip
def test_i9_a_state_without_its_history(story: World, statement: str, problem: str, what: str) -> None:
    with unguarded() as run:
        run("ALTER TABLE deals_dispute DROP CONSTRAINT deals_dispute_two_people")
        run(statement)
    assert (problem, what) in {(each.problem, each.detail) for each in broken("I9")["I9"]}


def test_i10_an_account_that_two_partners_hold(story: World) -> None:
    one, two = stage.approved(story, story.sara), stage.approved(story, story.rita, customer_domain="other.com")
    held = one.claims.order_by("pk")[0]
    with unguarded() as run:
        run(without("deals_claim", "deals_claim_one_holder"))
        run("UPDATE deals_claim SET account_key = %s WHERE registration_id = %s", [held.account_key, two.pk])
    [offender] = broken("I10")["I10"]
    assert (offender.problem, offender.what) == ("claimed_twice", held.code)
    assert held.account_key in offender.detail


def test_i10_credit_that_is_not_the_whole_and_a_deal_that_two_earn(story: World) -> None:
    contract = Contract.objects.get(amount=7000)
    deal = contract.opportunity
    with unguarded() as run:
        run("UPDATE deals_verdict SET credit_bps = 9999 WHERE opportunity_id = %s", [deal.pk])
        run(
            """INSERT INTO deals_earningterms (contract_id, partner_id, program_version_id, plan_code, plan_name, plan,
               tier_code, tier_name, verdict_kind, rate_percent, points, factor_percent, credit_bps, lines, pinned_at)
               SELECT contract_id, %s, program_version_id, plan_code, plan_name, plan, tier_code, tier_name,
               verdict_kind, rate_percent, points, factor_percent, credit_bps, lines, pinned_at
               FROM deals_earningterms WHERE contract_id = %s""",
            [story.northwind.pk, contract.pk],
        )
    found = {(each.problem, each.what): each for each in broken("I10")["I10"]}
    assert set(found) == {("credit_differs", deal.code), ("earned_twice", contract.code)}
    assert found["credit_differs", deal.code].found == Decimal("99.99")


def test_i11_an_amount_or_inputs_that_were_changed(story: World) -> None:
    one, two = line_of(7000), line_of(24000)
    with unguarded() as run:
        run("UPDATE deals_commission SET amount = amount + 0.01 WHERE id = %s", [one.pk])
        run("UPDATE deals_commission SET inputs = '{}' WHERE id = %s", [two.pk])
    found = {each.what: each for each in broken("I11")["I11"]}
    assert (found[one.code].problem, found[one.code].found, found[one.code].expected) == (
        "not_recomputed",
        Decimal("1400.01"),
        Decimal("1400"),
    )
    assert found[two.code].problem == "not_readable"


def test_i12_rows_that_lead_to_another_partner(story: World) -> None:
    line = line_of(24000)
    with unguarded() as run:
        run("UPDATE deals_dispute SET partner_id = %s", [story.rival.pk])
        run("UPDATE deals_earningterms SET partner_id = %s WHERE contract_id = %s", [story.rival.pk, line.contract_id])
    found = {(each.problem, each.what.split()[0], each.partner, each.detail) for each in broken("I12")["I12"]}
    assert ("other_partner", "deals.Dispute.commission", story.rival.code, story.northwind.code) in found
    assert ("no_part", line.code, story.northwind.code, line.contract.code) in found


# --- What becomes of a proof -----------------------------------------------------------------------------------------


def test_a_contradiction_is_work_for_finance_once_until_it_is_gone(story: World) -> None:
    line = line_of(7000)
    with unguarded() as run:
        run("UPDATE deals_commission SET amount = amount + 1 WHERE id = %s", [line.pk])
    for hours in (0, 24):
        reconcile(by=NIGHT, at=NEXT + timedelta(hours=hours), codes=["I11"])
    work = WorkItem.objects.open().get(kind=RECONCILIATION)
    assert (work.role, work.ref_code, work.context) == ("finance", "I11", {"invariant": "I11", "count": "1"})
    told = Notice.objects.filter(topic="deals.books_broken")
    assert sorted(told.values_list("membership__user__email", flat=True)) == ["ada@example.com", "finn@example.com"]
    mail = Mail.objects.get(topic="deals.books_broken", to_email="finn@example.com")
    assert line.code in mail.body_text
    assert line.code in mail.body_html
    proof = Proof.objects.order_by("-pk")[0]
    assert (proof.check_code, proof.broken, proof.offenders[0]["what"]) == ("I11", 1, line.code)
    with unguarded() as run:
        run("UPDATE deals_commission SET amount = amount - 1 WHERE id = %s", [line.pk])
    reconcile(by=NIGHT, at=NEXT + timedelta(days=2), codes=["I11"])
    work.refresh_from_db()
    assert work.outcome == "proved"
    assert Proof.objects.order_by("-pk")[0].holds


def test_the_command_says_what_breaks_and_fails(story: World) -> None:
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert out.getvalue().count(" holds ") == len(CHECKS)
    line = line_of(7000)
    with unguarded() as run:
        run("UPDATE deals_commission SET amount = amount + 1 WHERE id = %s", [line.pk])
    out = StringIO()
    with pytest.raises(CommandError, match="I3, I5, I11"):
        call_command("reconcile", stdout=out)
    assert f"{line.code} ({story.rival.code})" in out.getvalue()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile", "--json", "--check", "I11", stdout=out)
    [said] = json.loads(out.getvalue())
    assert (said["check"], said["holds"], said["broken"]) == ("I11", False, 1)
    assert said["offenders"][0]["found"] == "1401.0000"


def test_more_than_can_be_named_are_counted(story: World) -> None:
    with unguarded() as run:
        run(
            "INSERT INTO deals_ledgertransaction (code, kind, source_key, posted_on, by, memo, created_at)"
            " SELECT 'LT-' || n, 'accrual', 'x:' || n, '2027-01-01', 'x', '', now() FROM generate_series(1, 250) AS n"
        )
    [proven] = list(prove(["I1"]))
    assert (proven.finding.broken, len(proven.finding.offenders)) == (250, 100)
