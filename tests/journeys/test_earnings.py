"""Sara asks why a line is what it is, disputes it with a file, and Mia settles it from her day's list."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from deals.models import Commission, Dispute
from tests.core import corpus
from tests.deals.earning_stage import earned
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_from_a_question_to_an_adjustment(world: World, opens, tmp_path: Path, width: int) -> None:
    line = earned(world.sara, at=timezone.now(), title="Helios Energy GmbH")
    proof = tmp_path / "order.pdf"
    proof.write_bytes(corpus.pdf())

    sara = opens(world.sara, "/portal/earnings/", width=width)
    sara.get_by_role("link", name="Helios Energy GmbH").first.click()
    expect(sara.locator("main")).to_contain_text("4,800.00")
    expect(sara.locator("main")).to_contain_text("Waits for the customer’s first payment")
    sara.get_by_role("link", name="Dispute this line").click()
    sara.get_by_label("What is wrong").fill("The order is over 30,000 a year.")
    sara.get_by_label("What it should be").fill("6000")
    sara.get_by_label("Evidence").set_input_files(proof)
    sara.get_by_role("button", name="Open the dispute").click()
    expect(sara.locator("main")).to_contain_text("Waiting for Mia Berg")
    line.refresh_from_db()
    assert line.held_reason == "dispute"

    mia = opens(world.mia, "/manage/", width=width)
    expect(mia.locator("main")).to_contain_text("expects 6,000")
    mia.goto(mia.url.split("/manage/")[0] + f"/manage/incentives/disputes/{Dispute.objects.get().code}/")
    expect(mia.locator("main")).to_contain_text("The order is over 30,000 a year.")
    mia.get_by_label("What the line should be").fill("5400")
    mia.get_by_label("Answer").fill("The order says 27,000 a year.")
    mia.get_by_role("button", name="Uphold").click()
    expect(mia.locator("main")).to_contain_text("600.00")

    sara.reload()
    expect(sara.locator("main")).to_contain_text("was added to your earnings")
    sara.get_by_role("link", name=Commission.objects.get(kind="adjustment").code).click()
    expect(sara.locator("main")).to_contain_text("It corrects")
    assert Commission.objects.get(kind="adjustment").amount == Decimal(600)


def test_the_calculator_answers_while_typing_and_without_javascript(world: World, opens) -> None:
    from tests.deals.views.test_earnings import entitled

    entitled(world, commission_rate=20, reseller_margin=35)
    sara = opens(world.sara, "/portal/earnings/calculator/")
    sara.get_by_label("Amount", exact=True).fill("24000")
    expect(sara.locator("#result")).to_contain_text("4,800.00")
    assert "amount=24000" in sara.url
    plain = opens(world.sara, "/portal/earnings/quote/", javascript=False)
    plain.get_by_label("List price").fill("50000")
    plain.get_by_role("button", name="Quote").click()
    expect(plain.locator("#result")).to_contain_text("20,000.00")
