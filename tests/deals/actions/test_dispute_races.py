"""Two people at one dispute in the same moment: one wins, the other is told plainly, and nothing is booked twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from deals.actions.disputes import open_dispute, settle_dispute, withdraw_dispute
from deals.models import Commission, Dispute
from deals.queries.earnings import balances
from prm.core.models import AuditEntry, Mail
from prm.core.refused import Refused
from tests.deals.actions.racing import ROUNDS, at_once
from tests.deals.earning_stage import earned
from tests.world import AT, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LATER = AT + timedelta(hours=2)


def wins(results: list[Any]) -> int:
    """How many went through; anything but a plain refusal on the other side is an error of ours."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refused):
            raise result
    return sum(not isinstance(result, Exception) for result in results)


def ask(world: World, line: Commission, name: str) -> Any:
    person = getattr(world, name)
    return open_dispute(commission=line, by=person.actor, at=AT, reason="Why?", expected_amount=Decimal(6000))


def both_ask(world: World, line: Commission) -> list[Any]:
    return at_once(lambda: ask(world, line, "sara"), lambda: ask(world, line, "paul"))


def test_two_disputes_of_one_line_at_once_make_one(world: World) -> None:
    for _round in range(ROUNDS):
        line = earned(world.sara)
        assert wins(both_ask(world, line)) == 1
        assert Dispute.objects.filter(commission=line).count() == 1
        assert AuditEntry.objects.filter(code="deals.commission.held", ref_code=line.code).count() == 1


def test_without_the_lock_and_the_constraint_there_would_be_two(world: World, monkeypatch) -> None:
    from deals.actions import disputes

    line = earned(world.sara)
    monkeypatch.setattr(disputes, "_must_be_disputable", lambda line: None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'deals_dispute_one_open'")
        [definition] = cursor.fetchone()
        cursor.execute("DROP INDEX deals_dispute_one_open")
        try:
            assert wins(both_ask(world, line)) == 2
        finally:
            Dispute.objects.all().delete()
            cursor.execute(definition)


def test_settled_twice_at_once_is_booked_once(world: World) -> None:
    for _round in range(ROUNDS):
        line = earned(world.sara)
        dispute = ask(world, line, "sara")
        before = Mail.objects.filter(topic="deals.dispute_settled", membership=world.sara.membership).count()

        def settle(name: str, outcome: str, dispute: Dispute = dispute) -> Any:
            return settle_dispute(
                dispute=dispute, by=getattr(world, name).actor, at=LATER, outcome=outcome, answer="So be it."
            )

        results = at_once(
            lambda: settle("mia", "upheld"),
            lambda: settle("dan", "upheld"),
            lambda dispute=dispute: withdraw_dispute(dispute=dispute, by=world.sara.actor, at=LATER),
        )
        assert wins(results) == 1
        dispute.refresh_from_db()
        added = Commission.objects.filter(origin=line).count()
        assert added == (dispute.status == "upheld")
        told = Mail.objects.filter(topic="deals.dispute_settled", membership=world.sara.membership).count()
        assert told - before == added
        line.refresh_from_db()
        assert line.held_reason == ""
    owed = balances([world.northwind.pk])[world.northwind.pk, "USD"].owed
    assert owed == sum(row.amount for row in Commission.objects.all())
