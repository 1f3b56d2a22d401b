"""A changed, added or removed audit line shows (trust T33)."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from prm.core.actions import audit
from prm.core.actions.seals import broken_seals, seal_ended_days
from prm.core.actors import Actor
from prm.core.models import AuditEntry, AuditSeal
from prm.core.refs import Ref
from tests.world import AT

pytestmark = pytest.mark.django_db


def write(day: int, code: str = "test.thing.done") -> AuditEntry:
    return audit.record(
        code=code,
        by=Actor.system("test"),
        at=AT + timedelta(days=day),
        ref=Ref("test.thing", f"T-{day}"),
        changes={"n": 1},
    )


def past_the_trigger(sql: str) -> None:
    """What only somebody with the owner's password could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture
def sealed() -> None:
    for day in (0, 0, 1, 3):
        write(day)
    assert seal_ended_days(at=AT + timedelta(days=4)) == 4


def test_each_ended_day_is_sealed_once(sealed: None) -> None:
    assert [seal.entries for seal in AuditSeal.objects.order_by("day")] == [2, 1, 0, 1]
    assert seal_ended_days(at=AT + timedelta(days=4)) == 0
    seals = list(AuditSeal.objects.order_by("day"))
    assert [seal.previous for seal in seals] == ["", *(seal.digest for seal in seals[:-1])]
    assert broken_seals() == []


def test_today_is_not_sealed_yet() -> None:
    write(0)
    assert seal_ended_days(at=AT + timedelta(hours=10)) == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditentry SET reason = 'x' WHERE ref_code = 'T-1'",
        "UPDATE core_auditentry SET changes = '{\"n\": 2}' WHERE ref_code = 'T-1'",
        "DELETE FROM core_auditentry WHERE ref_code = 'T-1'",
        "UPDATE core_auditentry SET at = at + interval '1 second' WHERE ref_code = 'T-1'",
        "UPDATE core_auditseal SET entries = 0 WHERE day = '2026-06-16'",
    ],
)
def test_a_changed_line_is_found(sealed: None, sql: str) -> None:
    past_the_trigger(sql)
    assert [str(seal.day) for seal in broken_seals()] == ["2026-06-16"]
    with pytest.raises(CommandError, match="2026-06-16"):
        call_command("verify_seals")


def test_a_line_slipped_in_later_is_found(sealed: None) -> None:
    write(1, "test.thing.invented")
    assert [str(seal.day) for seal in broken_seals()] == ["2026-06-16"]


def test_a_resealed_day_breaks_the_next(sealed: None) -> None:
    past_the_trigger("UPDATE core_auditseal SET digest = repeat('0', 64) WHERE day = '2026-06-16'")
    assert [str(seal.day) for seal in broken_seals()] == ["2026-06-16", "2026-06-17"]


def test_the_command_says_all_is_well(sealed: None) -> None:
    out = StringIO()
    call_command("verify_seals", stdout=out)
    assert out.getvalue() == "4 days verified.\n"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditentry SET reason = 'x'",
        "DELETE FROM core_auditentry",
        "TRUNCATE core_auditentry CASCADE",
        "UPDATE core_auditseal SET entries = 0",
        "DELETE FROM core_auditseal",
    ],
)
def test_even_the_owner_is_refused_by_the_trigger(sealed: None, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)


@pytest.mark.parametrize("table", ["core_auditentry", "core_auditseal"])
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_has_no_right_to_rewrite(app_role, table: str, right: str) -> None:
    assert app_role.execute("SELECT current_user").fetchone() != ("prm_owner",)
    assert app_role.execute("SELECT has_table_privilege(%s, %s)", (table, right)).fetchone() == (False,)
    assert app_role.execute("SELECT has_table_privilege(%s, 'INSERT')", (table,)).fetchone() == (True,)


def test_secrets_are_masked_and_a_rolled_back_change_leaves_no_line() -> None:
    line = audit.record(
        code="test.secret",
        by=Actor.system("test"),
        at=AT,
        ref=Ref("test.thing", "T"),
        changes={"iban": ["DE89370400440532013000", "x"], "bank": {"account_number": "123"}, "amount": 1},
    )
    assert "DE89" not in str(line.changes)
    assert "123" not in str(line.changes)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write(0, "test.rolled_back")
        _ = 1 / 0
    assert not AuditEntry.objects.filter(code="test.rolled_back").exists()
