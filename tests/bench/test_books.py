"""The books that the benchmark makes are books that the product proves."""

import pytest
from django.db import connection

from bench.books import ENTRIES, fill_books
from bench.workloads.b12 import ALL
from deals.queries.reconciliation import prove
from tests.bench.test_world import generate


@pytest.mark.django_db
def test_made_books_hold() -> None:
    world = generate()
    with connection.cursor() as cursor:
        books = fill_books(cursor, world, ENTRIES["mini"])
        cursor.execute("DROP FUNCTION pg_temp.bench_code, pg_temp.letters, pg_temp.word, pg_temp.dice")
    assert abs(books.entries - ENTRIES["mini"]) < ENTRIES["mini"] / 10
    assert [str(each) for proven in prove((*ALL, "I12")) for each in proven.finding.offenders] == []
