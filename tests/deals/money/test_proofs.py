"""What the proof of the books asks, of whatever there is: every pair of tables, an empty world, proofs that stay."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from deals.actions.reconciliations import reconcile
from deals.queries import record_checks
from deals.queries.reconciliation import CHECKS, prove
from prm.core.actors import Actor
from prm.core.models import WorkItem
from tests.world import AT, World

NIGHT = Actor.system("night")


def test_an_empty_world_holds(world: World) -> None:
    found = reconcile(by=NIGHT, at=AT)
    assert [proven.check.code for proven in found] == list(CHECKS)
    assert all(proven.finding.holds for proven in found)
    assert not WorkItem.objects.exists()


def test_an_unknown_invariant_is_refused(world: World) -> None:
    with pytest.raises(KeyError):
        list(prove(["I8"]))


@pytest.mark.parametrize("pair", record_checks.pairs(), ids=lambda pair: pair.name)
def test_i12_asks_every_pair(db: None, pair: record_checks.Pair) -> None:
    """Each question is valid SQL about two different ends."""
    with connection.cursor() as cursor:
        cursor.execute(pair.sql)
    assert {pair.owner, pair.target_owner} <= {"partner_id", "organization_id"}


def test_i12_knows_every_pair_of_the_money_and_only_real_exceptions() -> None:
    names = {pair.name for pair in record_checks.pairs()}
    assert {
        "deals.LedgerEntry.commission", "deals.LedgerEntry.item", "deals.PayoutLine.commission",
        "deals.PayoutLine.item", "deals.PayoutItem.details", "deals.Dispute.commission", "deals.Commission.origin",
        "deals.SpiffAward.commission", "deals.Claim.registration", "deals.Opportunity.registration",
        "deals.Dispute.file", "deals.Statement.pdf", "reporting.QbrPack.file",
    } <= names  # fmt: skip
    whole = {*names, *record_checks.CROSSES}
    record = dict(record_checks.CROSSES)
    record_checks.CROSSES.clear()
    try:
        assert {pair.name for pair in record_checks.pairs()} == whole
    finally:
        record_checks.CROSSES.update(record)


@pytest.mark.parametrize("statement", ["UPDATE deals_proof SET broken = 1", "DELETE FROM deals_proof"])
def test_a_proof_is_never_changed(world: World, statement: str) -> None:
    reconcile(by=NIGHT, at=AT + timedelta(days=1), codes=["I1"])
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
