"""The daily pages in a real browser: the inbox by keyboard, reasons in a panel, search, the calculator."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from playwright import sync_api as playwright
from playwright.sync_api import Browser, Page

from deals.models import Registration
from partners.models import Grant, Partner
from tests.deals import stage as deals
from tests.reporting import stage
from tests.world import World, build_world, signed_in_client

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def now_world(transactional_db: None) -> World:
    """The cast a minute ago: a browser lives in the present."""
    world = build_world(at=timezone.now() - timedelta(days=3))
    Grant.objects.update(valid_from=date(2020, 1, 1))
    return world


@pytest.fixture
def page(browser_page) -> Iterator[object]:
    """A page that fails the test when the browser complains, about the content security policy above all."""
    complaints: list[str] = []
    browser_page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    yield browser_page
    assert complaints == []


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """One page in a fresh context."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield page
    page.close()


def enter(page, live_server, person) -> None:
    """Sign the browser in as a person."""
    client = signed_in_client(person)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


def register(world: World, person, name: str, hours: int) -> Registration:
    at = timezone.now() - timedelta(hours=hours)
    return deals.submitted(
        person, at=at, customer_name=name, customer_domain=f"{name.lower()}.com",
        first_contact_on=at.date(), expected_close_on=(at + timedelta(days=60)).date(),
    )  # fmt: skip


def test_a_manager_works_the_inbox_off_by_keyboard(now_world: World, live_server, page) -> None:
    first = register(now_world, now_world.paul, "Aster", 9)
    second = register(now_world, now_world.rita, "Baltic", 5)
    third = register(now_world, now_world.sara, "Corvus", 1)
    enter(page, live_server, now_world.mia)
    page.goto(f"{live_server.url}/manage/")
    expect = playwright.expect
    expect(page.locator("[data-row]")).to_have_count(3)

    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-toast]")).to_contain_text("done")
    first.refresh_from_db()
    assert first.status == "approved"

    page.keyboard.press("x")
    expect(page.locator("#modal")).to_be_visible()
    page.locator("#modal textarea").fill("No sign of a project.")
    page.locator("#modal form button.btn-danger").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    second.refresh_from_db()
    assert (second.status, second.decision_note) == ("rejected", "No sign of a project.")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/registrations/{third.code}/")


def test_several_are_selected_previewed_and_approved(now_world: World, live_server, page) -> None:
    names = ("Aster", "Baltic")
    for name in names:
        register(now_world, now_world.paul, name, 3)
    enter(page, live_server, now_world.mia)
    page.goto(f"{live_server.url}/manage/")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.get_by_role("button", name="Approve selected").click()
    playwright.expect(page.locator("h1")).to_contain_text("Approve 2")
    assert set(Registration.objects.values_list("status", flat=True)) == {"submitted"}


def test_figures_answer_why_in_a_panel_and_sections_come_when_seen(now_world: World, live_server, page) -> None:
    partner = Partner.objects.get(pk=now_world.northwind.pk)
    today = timezone.now().date()
    for back in (70, 40, 1):
        stage.scored(partner, today - timedelta(days=back))
    registration = register(now_world, now_world.paul, "Aster", 2)
    enter(page, live_server, now_world.mia)
    page.goto(f"{live_server.url}/manage/partner/{partner.code}/")
    expect = playwright.expect
    page.get_by_role("link", name="why 100?").click()
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("7 deals registered in 90 days")
    page.keyboard.press("Escape")
    page.locator("#section-deals").scroll_into_view_if_needed()
    expect(page.locator("#section-deals")).to_contain_text(registration.code)
    expect(page.locator(".chart-box svg").last).to_be_visible()


def test_search_finds_while_typing(now_world: World, live_server, page) -> None:
    registration = register(now_world, now_world.paul, "Aster", 2)
    enter(page, live_server, now_world.mia)
    page.goto(f"{live_server.url}/manage/")
    page.keyboard.press("Control+k")
    page.keyboard.type("aster")
    link = page.locator("#search-pop a", has_text=registration.code)
    playwright.expect(link).to_be_visible()
    link.click()
    page.wait_for_url(f"**/registrations/{registration.code}/")


def test_a_partner_works_out_what_it_would_take(now_world: World, live_server, page) -> None:
    partner = stage.northwind(now_world)
    stage.holds(partner, "silver", sourced_arr_t12m=Decimal(70_000), certified_people=1)
    enter(page, live_server, now_world.paul)
    page.goto(f"{live_server.url}/portal/")
    page.get_by_role("link", name="what would it take?").click()
    page.get_by_label("More sourced ARR").fill("30000")
    answer = page.locator("#what-if-answer")
    playwright.expect(answer).to_contain_text("You stay Silver")
    page.get_by_label("More certified people").fill("1")
    playwright.expect(answer).to_contain_text("That makes you Gold")


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_runs_over_the_edge(now_world: World, live_server, page, width: int) -> None:
    register(now_world, now_world.paul, "A-company-with-a-very-long-name-that-does-not-break", 2)
    page.set_viewport_size({"width": width, "height": 900})
    partner = Partner.objects.get(pk=now_world.northwind.pk)
    for person, paths in (
        (now_world.mia, ["/manage/", f"/manage/partner/{partner.code}/", f"/manage/partner/{partner.code}/deals/"]),
        (now_world.ada, ["/manage/reporting/packs/", "/manage/reporting/jobs/", "/manage/search/?q=company"]),
        (now_world.paul, ["/portal/", "/portal/tier/", "/portal/search/?q=company"]),
    ):
        enter(page, live_server, person)
        for path in paths:
            page.goto(f"{live_server.url}{path}")
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0, (path, over)
