"""In a real browser: a deal from the first keystroke to the confirmed win, and two partners who want one account."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from deals.models import Claim, Registration
from tests.deals import stage
from tests.journeys.conftest import Opens
from tests.journeys.steps import fill_in
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_empty_name_follows_the_domain_until_somebody_writes_it(world: World, opens: Opens) -> None:
    sara = opens(world.sara, "/portal/deals/new/")
    domain, name = sara.locator("[name=customer_domain]"), sara.locator("[name=customer_name]")
    domain.fill("aster.org")
    expect(name).to_have_value("Aster")
    domain.fill("aster-clinics.org")
    expect(name).to_have_value("Aster Clinics")
    name.fill("Aster Kliniken")
    domain.fill("aster-clinics.de")
    expect(sara.locator("#availability")).not_to_contain_text("filled in")
    expect(name).to_have_value("Aster Kliniken")


def test_from_the_first_keystroke_to_the_confirmed_win(world: World, opens: Opens) -> None:
    sara = opens(world.sara, "/portal/deals/new/")
    fill_in(sara, "helios-energy.com", "Helios Energy GmbH")
    expect(sara.locator("#availability")).to_contain_text("Free: you can register this account.")
    expect(sara.locator("[data-autosave-status]")).to_contain_text("saved", timeout=8000)
    draft = Registration.objects.get()
    assert draft.status == "draft"
    assert draft.code in sara.url

    sara.get_by_role("button", name="Submit").click()
    expect(sara.get_by_role("heading", level=1)).to_contain_text("Helios Energy GmbH")
    expect(sara.locator("main")).to_contain_text("Waiting for Mia Berg")

    mia = opens(world.mia, "/manage/deals/")
    mia.get_by_role("link", name="Helios Energy GmbH").click()
    mia.locator("#decide").get_by_text("Return with a question").click()
    mia.get_by_label("Your question").fill("Which business unit, and is the amount yearly?")
    mia.locator("input[name=return-fields_to_fix][value=amount]").check()
    mia.get_by_role("button", name="Return", exact=True).click()
    expect(mia.locator("main")).to_contain_text("Waiting for the partner")

    sara.reload()
    expect(sara.locator("#answer")).to_contain_text("Which business unit")
    assert sara.locator("#answer [name=answer-customer_name]").count() == 0
    sara.locator("[name=answer-amount]").fill("90000")
    sara.locator("[name=answer-answer]").fill("The northern unit, yearly.")
    sara.get_by_role("button", name="Send the answer").click()
    expect(sara.locator("main")).to_contain_text("90,000")

    mia.reload()
    expect(mia.locator("main")).to_contain_text("The northern unit, yearly.")
    mia.get_by_label("Note to the partner").first.fill("Good luck!")
    mia.get_by_role("button", name="Approve").click()
    expect(mia.locator("main")).to_contain_text("protected until")

    sara.reload()
    expect(sara.locator("main")).to_contain_text("Good luck!")
    sara.locator("[name=won-evidence]").fill("Signed order 4711")
    sara.locator("#won").get_by_role("button", name="Report as won").click()
    expect(sara.locator("main")).to_contain_text("We are confirming it")

    mia.reload()
    expect(mia.locator("#won")).to_contain_text("Signed order 4711")
    mia.get_by_role("button", name="Confirm the win").click()
    expect(mia.locator("main")).to_contain_text("Win confirmed by Mia Berg")
    registration = Registration.objects.get()
    assert (registration.status, registration.opportunity.status) == ("won", "won")
    assert registration.opportunity.amount_program == 90000


def test_two_partners_one_account_and_a_transfer(world: World, opens: Opens) -> None:
    now = timezone.now()
    first = stage.submitted(world.sara, at=now - timedelta(hours=2), **stage.near(now))
    rita = opens(world.rita, "/portal/deals/new/")
    fill_in(rita, "www.helios-energy.com", "Helios Energy")
    expect(rita.locator("#availability")).to_contain_text("This account is not available.")
    rita.get_by_role("button", name="Submit").click()
    expect(rita.locator("main")).to_contain_text("This account is not available.")
    text = rita.locator("body").inner_text()
    assert "Northwind" not in text
    assert first.code not in text

    second = Registration.objects.get(partner_id=world.rival.pk)
    mia = opens(world.mia, f"/manage/deals/registrations/{second.code}/")
    expect(mia.locator("main")).to_contain_text("Northwind Solutions holds this account")
    expect(mia.locator("main")).to_contain_text("Exact match")
    assert mia.get_by_role("button", name="Approve").count() == 0

    dan = opens(world.dan, f"/manage/deals/registrations/{second.code}/")
    dan.get_by_label("Why the account changes hands").fill("The customer's letter names Rival.")
    dan.get_by_role("button", name="Hand the account over").click()
    dan.locator("#confirm").get_by_role("button", name="Hand over").click()
    expect(dan.get_by_role("button", name="Approve")).to_be_visible()
    assert Claim.objects.get(ended_at=None).registration_id == second.pk


def test_a_stale_decision_keeps_what_was_typed(world: World, opens: Opens) -> None:
    now = timezone.now()
    registration = stage.submitted(world.sara, at=now - timedelta(hours=2), **stage.near(now))
    mia = opens(world.mia, f"/manage/deals/registrations/{registration.code}/")
    dan = opens(world.dan, f"/manage/deals/registrations/{registration.code}/")
    dan.locator("#decide summary").get_by_text("Reject").click()
    dan.get_by_label("Reason").fill("No project.")
    dan.get_by_role("button", name="Reject").click()
    expect(dan.locator("main")).to_contain_text("Rejected by Dan Okafor")
    mia.get_by_label("Note to the partner").first.fill("Written with care")
    mia.get_by_role("button", name="Approve").click()
    expect(mia.get_by_role("alert").first).to_contain_text("changed since you opened it")
    expect(mia.locator("main")).to_contain_text("Written with care")


def test_the_short_form_works_without_javascript(world: World, opens: Opens) -> None:
    page = opens(world.sara, "/portal/deals/new/", javascript=False)
    fill_in(page, "helios-energy.com", "Helios Energy GmbH")
    page.get_by_role("button", name="Check whether it is free").click()
    expect(page.locator("#availability")).to_contain_text("Free: you can register this account.")
    assert page.get_by_label("Amount", exact=True).input_value() == "84000"
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Helios Energy GmbH")


@pytest.mark.parametrize("path", ["/portal/deals/", "/portal/deals/new/", "/portal/deals/referrals/new/"])
def test_portal_pages_fit_a_phone(world: World, opens: Opens, path: str) -> None:
    now = timezone.now()
    stage.submitted(world.sara, at=now, **stage.near(now))
    page = opens(world.sara, path, width=390)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
