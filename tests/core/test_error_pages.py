"""Pages that refuse keep a signed-in person's way about, and tell nobody more than that there is nothing here."""

import re

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from tests.deals import stage
from tests.world import AT, World, signed_in_client

pytestmark = pytest.mark.django_db


def page_of(client: Client, path: str, status: int) -> str:
    """The page, less the form tokens, which differ each time a page is made."""
    answer = client.get(path)
    assert answer.status_code == status
    return re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode())


def places(page: str) -> list[str]:
    return [
        link.get_text(strip=True) for link in BeautifulSoup(page, "html5lib").select(".side-nav a span:first-of-type")
    ]


def main_of(page: str) -> str:
    found = BeautifulSoup(page, "html5lib").find(id="main")
    assert found is not None
    return found.get_text(" ", strip=True)


def test_what_belongs_to_others_and_what_is_not_there_are_the_same_page(world: World) -> None:
    foreign = stage.draft(world.rita, at=AT)
    client = signed_in_client(world.paul)
    theirs = page_of(client, f"/portal/deals/{foreign.code}/", 404)
    assert theirs == page_of(client, "/portal/deals/DR-0000000/", 404)
    assert "Rival" not in theirs


def test_a_signed_in_person_keeps_the_navigation_and_is_led_home(world: World) -> None:
    mine = page_of(signed_in_client(world.paul), "/portal/deals/DR-0000000/", 404)
    assert "Home" in places(mine)
    assert "Go to Home" in main_of(mine)
    staff = page_of(signed_in_client(world.mia), "/manage/partner/PA-0000000/", 404)
    assert "Today" in places(staff)
    assert "Go to Today" in main_of(staff)


def test_a_stranger_is_led_to_the_sign_in(db: None) -> None:
    page = page_of(Client(), "/nothing-like-this/", 404)
    assert places(page) == []
    assert "Go to sign-in" in main_of(page)


def test_a_refusal_names_the_role_and_who_can_change_it(world: World) -> None:
    page = page_of(signed_in_client(world.finn), "/manage/core/staff/", 403)
    assert "Today" in places(page)
    assert "You work for Acme Cloud as Finance. An admin there can give you another role." in main_of(page)


def test_a_link_that_is_not_valid_keeps_the_navigation_too(world: World) -> None:
    assert "Today" in places(page_of(signed_in_client(world.mia), "/act/not-a-token/approve/", 404))
    assert places(page_of(Client(), "/act/not-a-token/approve/", 404)) == []
