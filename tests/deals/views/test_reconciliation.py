"""The proof of the books as finance reads it."""

from collections.abc import Callable

import pytest
from django.test import Client

from deals.models import Proof
from deals.queries.reconciliation import CHECKS
from tests.world import AT, Person, World

LIST = "/manage/incentives/ledger/reconcile/"
OFFENDER = {
    "problem": "taken_too_much",
    "what": "CM-7K3M9QX",
    "partner": "OR-AAAAAAA",
    "currency": "EUR",
    "detail": "CM-BBBBBBB",
    "found": "1201.5",
    "expected": "1200",
}


def proved(code: str, *offenders: dict[str, str], many: int | None = None) -> Proof:
    """A proof, as the night keeps it."""
    return Proof.objects.create(
        check_code=code, proved_at=AT, by="system:night", milliseconds=12, seen=70, offenders=list(offenders),
        broken=len(offenders) if many is None else many,
    )  # fmt: skip


def test_every_invariant_is_there_in_words_with_its_newest_proof(world: World, sign_in: Callable) -> None:
    client = sign_in(world.finn)
    assert client.get(LIST).content.decode().count("Not proved yet") == len(CHECKS)
    proved("I7", OFFENDER)
    proved("I1")
    text = client.get(LIST).content.decode()
    assert text.count("Not proved yet") == len(CHECKS) - 2
    assert "1 contradiction" in text
    assert "1 invariant does not hold" in text
    for check in CHECKS.values():
        assert str(check.title) in text
    proved("I7")
    assert "1 contradiction" not in client.get(LIST).content.decode()


def test_what_contradicts_is_named_with_what_to_do(world: World, sign_in: Callable) -> None:
    proved("I7", OFFENDER, many=130)
    text = sign_in(world.finn).get(f"{LIST}I7/").content.decode()
    for words in ("CM-7K3M9QX", "OR-AAAAAAA", "1,201.50", "1,200", "more was taken back", "129 more", "What to do"):
        assert words in text, words


@pytest.mark.parametrize(("name", "status"), [("finn", 200), ("vera", 200), ("ada", 200), ("mia", 403), ("rory", 403)])
def test_who_reads_it(world: World, sign_in: Callable[[Person], Client], name: str, status: int) -> None:
    client = sign_in(getattr(world, name))
    assert client.get(LIST).status_code == status
    assert client.get(f"{LIST}I1/").status_code == status


def test_an_invariant_that_is_none_is_not_found(world: World, sign_in: Callable) -> None:
    assert sign_in(world.finn).get(f"{LIST}I8/").status_code == 404
    assert sign_in(world.paul).get(LIST).status_code == 404


@pytest.mark.parametrize("many", [1, 40])
def test_the_list_costs_the_same_statements(
    world: World, sign_in: Callable, many: int, django_assert_max_num_queries: Callable
) -> None:
    for _night in range(many):
        for code in CHECKS:
            proved(code)
    client = sign_in(world.finn)
    client.get(LIST)
    with django_assert_max_num_queries(9):
        client.get(LIST)
