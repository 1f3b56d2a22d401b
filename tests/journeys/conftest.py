"""A real browser for the journeys: pages of people, and a console that must stay silent."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright

from launcher.system import find_browser
from tests.world import Person, signed_in_client

Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, without a window."""
    path = find_browser()
    if not path:
        pytest.skip("no Chromium on this machine")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture
def opens(browser: Browser, live_server) -> Iterator[Opens]:
    """A page of a person, signed in, or of nobody in particular; whatever the console complains about, a breach of
    the content security policy above all, fails the story.
    """
    complaints: list[str] = []
    contexts = []
    cache.clear()  # counted attempts of an earlier story are not this one's

    def open_as(person: Person | None, path: str, *, width: int = 1440, javascript: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=javascript)
        contexts.append(context)
        if person is not None:
            session = signed_in_client(person).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda note: complaints.append(note.text) if note.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    # a refused form answers 409 or 422, which the console counts as failed to load
    assert [text for text in complaints if "409" not in text and "422" not in text] == []
