"""A new installation before its program is loaded: pages say what to do instead of failing."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from partners.middleware import NoProgramMiddleware
from prm.core.models import Organization
from prm.core.routes import all_routes
from tests.world import AT, Person, add_person, make_organization, signed_in_client

pytestmark = pytest.mark.django_db
HELP = "load_program standard"


@pytest.fixture
def vendor() -> Organization:
    """The company as set-up leaves it."""
    return make_organization(name="Acme Cloud", kind="vendor", at=AT)


@pytest.fixture
def ada(vendor: Organization) -> Person:
    """The first administrator."""
    return add_person(vendor, "Ada Lind", "admin", at=AT)


def answers(client: Client) -> dict[str, int]:
    """The status of each address of the vendor's staff that needs nothing but a reader (403: finance's alone)."""
    routes = [each for each in all_routes() if each.pattern.startswith("manage/") and not each.kwargs]
    return {f"/{each.pattern}": client.get(f"/{each.pattern}").status_code for each in routes}


def test_no_page_fails_without_a_program(ada: Person) -> None:
    found = answers(signed_in_client(ada))
    assert len(found) > 15
    assert set(found.values()) <= {200, 302, 403, 405, 503}, found
    assert (found["/manage/"], found["/manage/partners/program/"]) == (503, 200)


def test_the_administrator_learns_what_to_do(ada: Person) -> None:
    page = signed_in_client(ada).get("/manage/").content.decode()
    assert HELP in page
    assert 'href="/manage/partners/program/"' in page


def test_others_learn_who_can_do_it(vendor: Organization) -> None:
    page = signed_in_client(add_person(vendor, "Rory Blake", "read_only", at=AT)).get("/manage/")
    assert page.status_code == 503
    assert HELP not in page.content.decode()
    assert "An administrator can publish one" in page.content.decode()


def test_a_form_says_it_beside_what_was_typed(ada: Person) -> None:
    body = {"name": "Northwind", "type": "reseller", "country": "DE", "time_zone": "Europe/Berlin", "locale": "en"}
    page = signed_in_client(ada).post("/manage/partners/add/", body)
    assert page.status_code == 422
    assert "No program is in force" in page.content.decode()


def test_with_the_command_on_the_page_it_is_gone(ada: Person) -> None:
    call_command("load_program", "standard", "--from", (timezone.now() - timedelta(days=1)).date().isoformat())
    found = answers(signed_in_client(ada))
    assert set(found.values()) <= {200, 302, 403, 405}, found


def test_other_failures_go_their_way() -> None:
    middleware = NoProgramMiddleware(lambda request: None)
    assert middleware.process_exception(RequestFactory().get("/"), RuntimeError("x")) is None
