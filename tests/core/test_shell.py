"""What every page costs before its own work begins, and that being cheap opens no door (performance B1, trust T14)."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.stopwatch import is_around
from prm.core.models import Membership, Notice, User, WorkItem
from prm.core.queries.work_items import open_counts, waiting_counts
from tests.world import AT, Person, World, signed_in_client

pytestmark = pytest.mark.django_db


def work(person: Person, kind: str, code: str) -> None:
    WorkItem.objects.create(
        code=code, kind=kind, ref_kind="a.b", ref_code=code, title="T", organization=person.membership.organization,
        assignee=person.user, opened_at=AT,
    )  # fmt: skip


def notice(person: Person, code: str, **more: object) -> None:
    Notice.objects.create(code=code, membership=person.membership, topic="t", title="T", at=AT, **more)


def test_both_counters_are_told_in_one_statement(world: World, django_assert_num_queries) -> None:
    for number, kind in enumerate(("a.one", "a.one", "a.two")):
        work(world.mia, kind, f"WI-{number}")
    notice(world.mia, "NT-1")
    notice(world.mia, "NT-2", read_at=AT)
    notice(world.paul, "NT-3")
    with django_assert_num_queries(1):
        told = waiting_counts(world.mia.actor)
    assert told.work == {"a.one": 2, "a.two": 1, "*": 3} == open_counts(world.mia.actor)
    assert told.notices == 1
    nothing = waiting_counts(world.rory.actor)
    assert (nothing.work, nothing.notices) == ({"*": 0}, 0)


@pytest.mark.parametrize(("who", "path"), [("mia", "/manage/partners/"), ("paul", "/portal/"), ("sara", "/portal/")])
def test_the_shell_of_a_page_takes_four_statements(world: World, who: str, path: str) -> None:
    """Session, person, memberships with company and second factor, both counters."""
    person = getattr(world, who)
    client = signed_in_client(person)
    work(person, "a.one", "WI-1")
    notice(person, "NT-1")
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(path)
    around = [query["sql"] for query in asked if is_around(query["sql"])]
    tables = ("django_session", "core_user", "core_membership", "core_workitem")
    assert [re.findall(r'FROM "(\w+)"', sql)[-1 if "mfa_" in sql else 0] for sql in around] == list(tables)
    assert page.context["unread_notices"] == 1


def refused(client: Client) -> bool:
    answer = client.get("/manage/partners/")
    return answer.status_code in (302, 403, 404)


def test_a_lost_second_factor_closes_the_next_page(world: World) -> None:
    client = signed_in_client(world.mia)
    assert client.get("/manage/partners/").status_code == 200
    Authenticator.objects.filter(user=world.mia.user).delete()
    answer = client.get("/manage/partners/")
    assert (answer.status_code, answer.url) == (302, "/accounts/2fa/")
    signed_in_client(world.dan)  # somebody else's factor does not count
    assert client.get("/manage/partners/").status_code == 302


@pytest.mark.parametrize("change", ["person", "membership", "role", "company"])
def test_whatever_was_taken_away_is_gone_on_the_next_page(world: World, change: str) -> None:
    client = signed_in_client(world.mia)
    assert not refused(client)
    mine = Membership.objects.filter(pk=world.mia.membership.pk)
    match change:
        case "person":
            User.objects.filter(pk=world.mia.user.pk).update(is_active=False)
        case "membership":
            mine.update(is_active=False, deactivated_at=AT)
        case "role":
            mine.update(role="unknown")
        case "company":
            world.vendor.status = "closed"
            world.vendor.save()
    assert refused(client)
