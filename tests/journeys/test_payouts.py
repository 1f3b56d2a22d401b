"""In a real browser: Paul says where to pay him, Finn prepares a run, Vera approves it, and the bank returns a payment
that is sent again, until everything arrived and Paul reads what he was paid for.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from deals.actions.payout_runs import process_run
from deals.models import Commission, PayoutDetails, PayoutItem, PayoutRun
from prm.core.models import AuditEntry, Mail, WorkItem
from tests.deals.payables import IBAN, OTHER_IBAN, details, payable
from tests.journeys.conftest import Opens
from tests.journeys.steps import age_sign_in, deliver_all
from tests.partners import making
from tests.world import PASSWORD, Person, World, add_person, build_world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ASKED_AGAIN = 301  # seconds; one more than a proof of who somebody is counts


@pytest.fixture
def now_world(transactional_db: None, settings: Any) -> World:
    """The cast of three days ago, because a browser lives in the present, and an account of our own at a bank."""
    settings.PAYOUT_IBAN, settings.PAYOUT_BIC = "DE02120300000000202051", "BYLADEM1001"
    return build_world(at=timezone.now() - timedelta(days=3))


def colleague(world: World, company: str) -> Person:
    """The admin of one more partner company."""
    organization = making.partner(world, company).organization
    return add_person(organization, f"Lee {company.split()[0]}", "partner_admin", at=world.at)


def due(person: Person, amount: int | str, title: str, *, held: str = "") -> Commission:
    """A line that became payable yesterday."""
    at = timezone.now() - timedelta(days=40)
    day = timezone.now().date() - timedelta(days=1)
    return payable(person, amount, on=day, title=title, held=held, created_at=at)


def something_is_due(world: World) -> None:
    """Northwind has two lines and a disputed one, Rival one; of two others nothing can be paid, each for a reason."""
    due(world.paul, 1000, "Helios Energy")
    due(world.paul, "234.56", "Aster Clinics")
    due(world.paul, 120, "Boreas Shipping", held="dispute")
    rival = "Rival Systems BV"
    details(world.rita, account=OTHER_IBAN, account_holder=rival, notice_email="money@rival.example", at=world.at)
    due(world.rita, 400, "Corvus Media")
    due(colleague(world, "Dorado Data"), 300, "Elm Logistics")
    small = colleague(world, "Fjord Consulting")
    details(small, account_holder="Fjord Consulting AS", at=world.at)
    due(small, "49.99", "Garnet Foods")


def prove_who(page: Page) -> None:
    """Give the password once more."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("Confirm that it is you")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()


def type_account(page: Page) -> None:
    """Fill in where a company is paid and its tax number, and save."""
    page.get_by_label("Name on the account").fill("Northwind Solutions GmbH")
    page.get_by_label("IBAN or account number").fill(IBAN)
    page.get_by_label("Tax form", exact=True).select_option("vat")
    page.get_by_label("Tax number").fill("DE123456789")
    page.get_by_label("Notices to").fill("money@northwind.example")
    page.get_by_role("button", name="Save").click()


def must_fit(page: Page) -> None:
    """Nothing runs over the edge of the window."""
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, (page.url, wider)


def press(page: Page, link: str, button: str, **typed: str) -> None:
    """Open a step in the dialog, type what it asks for and send it."""
    page.get_by_role("link", name=link, exact=True).click()
    dialog = page.locator("#modal")
    expect(dialog).to_be_visible()
    must_fit(page)
    for name, text in typed.items():
        dialog.locator(f"[name={name}]").fill(text)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_account_to_the_remittance(now_world: World, opens: Opens, live_server, width: int) -> None:
    world = now_world
    something_is_due(world)

    # Paul is asked who he is before he types an account, and again, with an empty form, when he took
    # too long over it: nothing that was typed is kept meanwhile.
    paul = opens(world.paul, "/portal/earnings/payouts/", width=width)
    expect(paul.locator("main")).to_contain_text("We don’t know yet where to pay you.")
    age_sign_in(paul, ASKED_AGAIN)
    paul.get_by_role("link", name="Enter your payout details").click()
    prove_who(paul)
    expect(paul.get_by_role("heading", level=1)).to_contain_text("Enter your payout details")
    must_fit(paul)
    age_sign_in(paul, ASKED_AGAIN)
    type_account(paul)
    prove_who(paul)
    expect(paul.get_by_label("IBAN or account number")).to_have_value("")
    assert not PayoutDetails.objects.filter(partner_id=world.northwind.pk).exists()
    type_account(paul)
    expect(paul.locator("body")).to_contain_text("Your payout details are saved.")
    account = PayoutDetails.objects.get(partner_id=world.northwind.pk)
    expect(paul.locator("main")).to_contain_text(account.account_mask)
    assert IBAN not in paul.content()
    must_fit(paul)

    # Finn looks at what is due, who would be paid, and who would not and why.
    finn = opens(world.finn, "/manage/incentives/payouts/", width=width)
    expect(finn.locator("main")).to_contain_text("Payable in EUR")
    expect(finn.locator("main")).to_contain_text("120 EUR more is held")
    must_fit(finn)
    finn.get_by_role("link", name="Look at a run").click()
    included, left_out = finn.locator("#included"), finn.locator("#left-out")
    northwind = included.get_by_role("listitem").filter(has_text="Northwind Solutions")
    expect(northwind).to_contain_text("1,234.56")
    expect(northwind).to_contain_text("New account")
    expect(northwind).to_contain_text("Some held")
    northwind.locator("summary").click()
    expect(northwind.get_by_role("row", name="Boreas Shipping")).to_contain_text("ispute")
    expect(included.get_by_role("listitem").filter(has_text="Rival Systems")).to_contain_text("400.00")
    expect(left_out.get_by_role("listitem").filter(has_text="Dorado Data")).to_contain_text("No bank details")
    expect(left_out.get_by_role("listitem").filter(has_text="Fjord Consulting")).to_contain_text("Below the minimum")
    must_fit(finn)
    finn.get_by_label("Note to the approver").fill("The run of the month.")
    finn.get_by_role("button", name="Ask for the approval").click()
    finn.wait_for_url("**/payouts/runs/PY-*/")
    run = PayoutRun.objects.get()
    assert (run.status, run.total_amount) == ("requested", Decimal("1634.56"))
    expect(finn.locator("#run-state")).to_contain_text("You prepared it, so somebody else approves it.")
    expect(finn.get_by_role("link", name="Approve", exact=True)).to_have_count(0)
    expect(finn.locator("#left-out")).to_contain_text("No bank details")
    must_fit(finn)
    finn.goto(f"{finn.url}approve/")  # by the address alone he comes no further
    finn.get_by_role("button", name="Approve the run").click()
    expect(finn.locator("#form")).to_contain_text("Somebody else has to approve a run that you prepared.")
    run.refresh_from_db()
    assert (run.status, run.approved_by) == ("requested", None)

    # Vera finds it on her day's list, reads it and approves it in the dialog.
    vera = opens(world.vera, "/manage/", width=width)
    vera.locator("[data-row]", has_text=run.code).locator("[data-row-link]").click()
    expect(vera.get_by_role("heading", level=1)).to_contain_text("1,634.56")
    expect(vera.locator("main")).to_contain_text("The run of the month.")
    must_fit(vera)
    press(vera, "Approve", "Approve the run")
    expect(vera.locator("#run-state")).to_contain_text("The worker prepares the payouts.")
    run.refresh_from_db()
    assert (run.status, run.approved_by) == ("approved", world.vera.user)
    assert WorkItem.objects.get(ref_code=run.code).outcome == "approved"

    # The worker prepares both payouts and writes one file; Vera's open page follows by itself.
    done = process_run(code=run.code, at=timezone.now())
    assert (done.ready, done.failed, done.files) == (2, 0, 1)
    expect(vera.locator("#run-state")).to_contain_text("on their way", timeout=8000)
    expect(vera.locator("#files")).to_contain_text(f"{run.code}-1.xml")
    expect(vera.get_by_role("button", name="Download")).to_have_count(0)

    # Finn fetches the file for the bank, once he has proved again who he is.
    run_page = f"{live_server.url}/manage/incentives/payouts/runs/{run.code}/"
    finn.goto(run_page)
    age_sign_in(finn, ASKED_AGAIN)
    fetch = finn.locator("#files").get_by_role("button", name="Download")
    fetch.click()
    prove_who(finn)
    expect(finn).to_have_url(run_page)
    with finn.expect_download() as download:
        fetch.click()
    content = Path(download.value.path()).read_text()
    assert download.value.suggested_filename == f"{run.code}-1.xml"
    assert "pain.001" in content
    assert IBAN in content
    assert OTHER_IBAN in content
    assert AuditEntry.objects.filter(code="deals.payout_run.file_downloaded").count() == 1

    # The bank paid Rival and returned Northwind's.
    first = PayoutItem.objects.get(partner_id=world.rival.pk)
    second = PayoutItem.objects.get(partner_id=world.northwind.pk)
    finn.goto(run_page)
    finn.get_by_role("link", name="Rival Systems").click()
    press(finn, "Confirm as paid", "Confirm as paid")
    expect(finn.locator("body")).to_contain_text("1 payout is booked as paid.")
    finn.goto(run_page)
    finn.get_by_role("link", name="Northwind Solutions").click()
    must_fit(finn)
    press(finn, "It came back", "Report a failure", reason="AC04, account closed")
    expect(finn.get_by_role("alert").first).to_contain_text("AC04, account closed")
    run.refresh_from_db()
    assert run.status == "partial"

    # Paul reads that it came back, but not the bank's words.
    paul.goto(f"{live_server.url}/portal/earnings/payouts/")
    paul.get_by_role("link", name=second.code).click()
    expect(paul.get_by_role("alert").first).to_contain_text("Your bank returned this payment.")
    assert "AC04" not in paul.content()

    # Finn sends it again, in a file of its own, and this time it arrives.
    press(finn, "Send it again", "Send it again")
    expect(finn.locator("main")).to_contain_text("attempt 2")
    assert process_run(code=run.code, at=timezone.now()).files == 1
    finn.goto(run_page)
    expect(finn.locator("#files").get_by_role("listitem")).to_have_count(2)
    must_fit(finn)
    finn.get_by_role("link", name="Northwind Solutions").click()
    press(finn, "Confirm as paid", "Confirm as paid")
    finn.goto(run_page)
    expect(finn.locator("#run-state")).to_contain_text("2 of 2 paid")
    expect(finn.locator("main")).to_contain_text("Completed")
    run.refresh_from_db()
    assert (run.status, run.total_amount) == ("completed", Decimal("1634.56"))
    assert set(run.items.values_list("code", "status", "attempt")) == {
        (first.code, "paid", 1),
        (second.code, "paid", 2),
    }
    deliver_all()

    # Paul sees the payout with its lines, without the disputed one, and has the remittance in his mail.
    paul.reload()
    lines = paul.locator("#lines")
    expect(lines).to_contain_text("Helios Energy")
    expect(lines).to_contain_text("Aster Clinics")
    expect(lines).to_contain_text("1,234.56")
    expect(lines).not_to_contain_text("Boreas Shipping")
    expect(paul.locator("main")).to_contain_text(f"{second.code}-2")
    assert paul.get_by_role("alert").count() == 0
    must_fit(paul)
    mail = Mail.objects.get(topic="deals.payout_paid", to_email=world.paul.user.email)
    assert "1,234.56" in mail.subject
    for words in ("Helios Energy", "Aster Clinics", account.account_mask, f"/portal/earnings/payouts/{second.code}/"):
        assert words in mail.body_text
    assert IBAN not in mail.body_text
    assert mail.state == "sent"
    assert Commission.objects.get(title="Boreas Shipping").status == "payable"
    assert set(Commission.objects.filter(payout_lines__item=second).values_list("status", flat=True)) == {"paid"}
