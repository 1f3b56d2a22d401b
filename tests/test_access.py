"""Every address × every stranger: nobody sees or changes what is not theirs (trust T1–T6, T10, T11, T15, T19)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from prm.core.models import Notice
from prm.core.routes import all_routes
from prm.core.signed_links import registered_purposes
from tests.sweep import STRANGERS, WRITES_NOTHING, Finding, Sweep, told
from tests.world import AT, build_world, load_rows, signed_in_client

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def swept(django_db_setup: None, django_db_blocker) -> Iterator[Sweep]:
    """One world for all strangers; nothing of it is ever committed."""
    five_days_later = AT + timedelta(days=5)
    with (
        django_db_blocker.unblock(),
        time_machine.travel(five_days_later, tick=True),
        transaction.atomic(),
    ):
        sweep = Sweep(build_world(), load_rows())
        sweep.control()
        sweep.controlled = list(sweep.findings)
        yield sweep
        transaction.set_rollback(True)


def nothing(findings: list[Finding]) -> None:
    """Fail with every finding on a line of its own."""
    if findings:
        pytest.fail(told(findings), pytrace=False)


def test_every_page_is_placed_and_works_for_those_who_may(swept: Sweep) -> None:
    nothing(swept.controlled)


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_finds_nothing(swept: Sweep, who: str) -> None:
    swept.findings.clear()
    swept.try_as(who)
    nothing(swept.findings)


def test_the_sweep_is_not_blind(swept: Sweep) -> None:
    assert len(swept.targets) > 20
    assert len(swept.bodies) > 10
    assert swept.world.canary in str(list(Notice.objects.values_list("title", flat=True)))


def test_exceptions_name_addresses_that_exist() -> None:
    assert set(WRITES_NOTHING) <= {route.name for route in all_routes()}


@pytest.mark.parametrize("method", ["put", "delete", "options", "head"])
def test_other_methods_change_nothing(swept: Sweep, method: str) -> None:
    swept.findings.clear()
    for target in swept.targets:
        answer = swept.ask(swept.rightful(target), method, target.path)
        if answer.after != swept.before:
            swept.find(target.route, method, "writes")
        if answer.status >= 500:
            swept.find(target.route, method, f"answers {answer.status}{answer.error}")
    nothing(swept.findings)


def test_every_form_is_guarded_against_other_sites(swept: Sweep) -> None:
    """A POST without the token is refused by everyone's browser session, before the view."""
    clients = {name: signed_in_client(person, enforce_csrf_checks=True) for name, person in swept.world.people.items()}
    clients["anonymous"] = Client(enforce_csrf_checks=True)
    open_doors = [
        str(target.route)
        for target in swept.targets
        if swept.body_for(target) is not None
        and clients[swept.rightful(target)].post(target.path, {"a": "b"}).status_code != 403
    ]
    assert open_doors == []


def test_no_view_is_exempt_from_that_guard() -> None:
    exempt = [str(route) for route in all_routes() if getattr(route.view, "csrf_exempt", False) and not route.reviewed]
    assert exempt == []


def test_public_pages_are_a_reviewed_list() -> None:
    declared = {route.name: route.access for route in all_routes() if route.access}
    public = {name: access.reason for name, access in declared.items() if access.audience == "public"}
    assert all(public.values())
    assert set(public) == {
        "public:core:start",
        "public:core:brand_css",
        "public:core:health",
        "public:core:invitation_accept",
    }


def test_pages_behind_links_are_a_reviewed_list() -> None:
    """Whoever may open one needs no session: each is listed with its purpose, and each purpose has its page."""
    links = {
        route.name: route.access.purpose for route in all_routes() if route.access and route.access.audience == "link"
    }
    assert links == {"public:deals:link_approve": "deals.approve", "public:deals:link_extend": "deals.extend"}
    assert links == {each.url_name: each.code for each in registered_purposes()}


def test_the_real_addresses_pass_that_check() -> None:
    call_command("check", "--tag", "urls")
