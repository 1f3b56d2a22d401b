"""Writing many rows in one statement: the same rows as one by one, in order, refused alike."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, transaction

from partners.choices import TierNoticeKind, TierOutcome
from partners.models import HealthScore, ProgramVersion, TierNoticeSent, TierStanding
from prm.core.bulk import insert_many, insert_missing
from prm.core.models import AuditEntry
from tests.world import World

AT = datetime(2026, 6, 15, 9, 0, 30, 123456, tzinfo=UTC)


def entries(n: int, **more: object) -> list[AuditEntry]:
    nasty = {"a": ['"', "\\", "\n", "é", "{}", None, 1, True], "b": {"c": "'; --"}}
    fields = {"at": AT, "actor_kind": "system", "ref_kind": "x.y", "ref_code": "R", "changes": nasty, **more}
    return [AuditEntry(code=f"code {each}", **fields) for each in range(n)]


def standing(world: World, **more: object) -> TierStanding:
    fields = {
        "partner_id": world.northwind.pk,
        "day": date(2026, 6, 14),
        "version": ProgramVersion.objects.get(),
        "outcome": TierOutcome.UNCHANGED,
        "sourced_arr": Decimal("12345678901234.5678"),
        "qualified_referrals": 3,
        "certified_people": 2,
        "review_on": None,
        "explanation": [{"code": "x", "values": {"n": '"quoted"'}}],
        "fingerprint": "f",
    }
    return TierStanding(**{**fields, **more})


@pytest.mark.django_db
def test_rows_are_as_they_were_given_in_their_order(django_assert_num_queries) -> None:
    given = entries(500)
    with django_assert_num_queries(1):
        keys = insert_many(given)
    stored = AuditEntry.objects.in_bulk(keys)
    assert [stored[pk].code for pk in keys] == [each.code for each in given]
    row = stored[keys[0]]
    assert (row.at, row.changes, row.actor_user_id) == (AT, given[0].changes, None)
    assert insert_many([]) == []


def test_every_kind_of_column_keeps_its_value(world: World) -> None:
    [pk] = insert_many([standing(world)])
    row = TierStanding.objects.get(pk=pk)
    assert (row.sourced_arr, row.day, row.review_on) == (Decimal("12345678901234.5678"), date(2026, 6, 14), None)
    assert (row.outcome, row.at_risk, row.explanation) == ("unchanged", False, standing(world).explanation)


def test_a_row_that_is_there_gets_the_new_values_named_and_no_others(world: World) -> None:
    [pk] = insert_many([standing(world)])
    news = standing(world, fingerprint="g", certified_people=9)
    assert insert_many([news], unique=["partner", "day"], update=["fingerprint"]) == [pk]
    row = TierStanding.objects.get(partner_id=world.northwind.pk)
    assert (row.fingerprint, row.certified_people) == ("g", 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_many([news])


def test_what_the_column_refuses_is_refused_and_nothing_is_written(world: World) -> None:
    with pytest.raises(DataError), transaction.atomic():
        insert_many([*entries(1), *entries(1, ref_code="x" * 61)])
    with pytest.raises(DataError), transaction.atomic():
        insert_many(entries(1, changes={"nul": "\x00"}))
    assert not AuditEntry.objects.filter(ref_kind="x.y").exists()
    score = HealthScore(partner_id=world.northwind.pk, day=AT.date(), version=ProgramVersion.objects.get())
    score.score, score.band, score.known_points, score.fingerprint = 101, "healthy", 100, "f"
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_many([score])


def test_of_rows_that_are_there_already_nothing_is_written_or_told(world: World, django_assert_num_queries) -> None:
    on = AT.date()

    def told(days: int) -> TierNoticeSent:
        fields = {"partner_id": world.northwind.pk, "kind": TierNoticeKind.REVIEW, "due_on": on, "sent_on": on}
        return TierNoticeSent(days=days, **fields)

    key = ["partner", "kind", "due_on", "days"]
    pk = insert_missing([told(30)], key=key)[world.northwind.pk, "review", AT.date(), 30]
    with django_assert_num_queries(1):
        fresh = insert_missing([told(30), told(7), told(7)], key=key)
    assert list(fresh) == [(world.northwind.pk, "review", AT.date(), 7)]
    assert set(TierNoticeSent.objects.values_list("pk", flat=True)) == {pk, *fresh.values()}
    assert insert_missing([], key=key) == {}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_missing([told(-1)], key=key)
