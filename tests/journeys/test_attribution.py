"""In a real browser: Sara adds what she did, Mia weighs a second partner and overrules, Sara reads why."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from partners.models import Grant
from tests.deals import stage
from tests.journeys.conftest import Opens
from tests.world import World, build_world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def now_world(transactional_db: None) -> World:
    """The cast of last week: a browser lives in the present."""
    world = build_world(at=timezone.now() - timedelta(days=8))
    Grant.objects.update(valid_from=date(2020, 1, 1))
    return world


def test_a_verdict_from_both_sides(now_world: World, opens: Opens) -> None:
    world, now = now_world, timezone.now()
    dates = stage.near(now) | {"first_contact_on": (now - timedelta(days=9)).date()}
    deal = stage.approved(world, world.sara, at=now - timedelta(days=6), **dates).opportunity

    # Sara finds her part on her deal and adds a demonstration.
    page = opens(world.sara, f"/portal/deals/{deal.registration.code}/")
    part = page.locator("#part")
    expect(part).to_contain_text("Sourced")
    expect(part).to_contain_text("as things stand")
    part.get_by_role("link", name="Details").click()
    form = page.locator("#record")
    form.get_by_label("What happened").select_option("demo")
    form.get_by_label("On", exact=True).fill((now - timedelta(days=2)).date().isoformat())
    form.get_by_role("button", name="Add").click()
    expect(form).to_contain_text("Please describe or attach what shows it.")
    form.get_by_label("What shows it").fill("Demonstration for the plant managers")
    form.get_by_role("button", name="Add").click()
    expect(page.locator("#touches")).to_contain_text("Demonstration for the plant managers")

    # Mia writes down what Rival did; both have a part now, and the models stand side by side.
    desk = opens(world.mia, f"/manage/deals/opportunities/{deal.code}/")
    desk.get_by_role("link", name="Attribution").click()
    record = desk.locator("#record")
    record.get_by_label("Who did it").select_option("other")
    record.get_by_label("Another partner’s name or number").fill("Rival Systems")
    record.get_by_label("What happened").select_option("technical")
    record.get_by_label("On", exact=True).fill((now - timedelta(days=1)).date().isoformat())
    record.get_by_label("Evidence").fill("Sizing workshop")
    record.get_by_role("button", name="Add").click()
    expect(desk.locator("#models")).to_contain_text("Rival Systems")
    expect(desk.locator("#models")).to_contain_text("in force")

    # A second sourced partner is refused in plain words; overruling Northwind is not.
    overrule = desk.locator("#overrule")
    overrule.get_by_label("Partner").select_option(label="Rival Systems")
    overrule.get_by_label("New verdict").select_option("sourced")
    overrule.get_by_label("Why").fill("They brought the customer.")
    overrule.get_by_role("button", name="Overrule").click()
    expect(desk.locator("#overrule")).to_contain_text("Northwind Solutions is the sourced partner of this deal.")
    overrule = desk.locator("#overrule")
    overrule.get_by_label("Partner").select_option(label="Northwind Solutions")
    overrule.get_by_label("New verdict").select_option("influenced")
    overrule.get_by_label("Why").fill("We met them at our own event first.")
    overrule.get_by_role("button", name="Overrule").click()
    expect(desk.locator("body")).to_contain_text("The partner is told why.")

    # Sara reads it, and nothing of anybody else.
    page.goto(page.url)
    expect(page.locator("#part")).to_contain_text("decided by a person")
    expect(page.locator("#part")).to_contain_text("We met them at our own event first.")
    expect(page.locator("main")).not_to_contain_text("Rival")
    expect(page.locator("main")).not_to_contain_text("Sizing workshop")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_leads_to_its_deals_and_reasons(now_world: World, opens: Opens, width: int) -> None:
    world, now = now_world, timezone.now()
    dates = stage.near(now) | {"first_contact_on": (now - timedelta(days=9)).date()}
    stage.won(world, world.sara, at=now - timedelta(days=6), **dates)
    page = opens(world.mia, "/manage/deals/attribution/", width=width)
    tile = page.locator("section", has_text="Partner-sourced").first
    expect(tile).to_contain_text("100")
    tile.get_by_role("link", name="why?").click()
    expect(page.locator("body")).to_contain_text("Deals with a sourced partner")
    page.goto(page.url.split("/manage/")[0] + "/manage/deals/attribution/?by=quarter")
    page.get_by_role("link", name="84,000").first.click()
    expect(page.locator("body")).to_contain_text("Helios Energy GmbH")
