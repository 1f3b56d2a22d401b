"""Every worked figure of the program's rules comes out on the calculator's page, to the cent."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tests.world import World

pytestmark = pytest.mark.django_db

STEPS = "0 - 100000: 20\n100000 - 250000: 25\n250000 - : 30"
BANDS = "100000 - 250000: 0\n250000 - 500000: 2\n500000 - 1000000: 5"


def answer(page: Any) -> str:
    """What the page answers, spaces made plain."""
    found = BeautifulSoup(page.content, "html.parser").find(id="answer")
    return " ".join(found.get_text(" ").replace("\xa0", " ").replace("\u202f", " ").split()) if found else ""


def tried(client: Any, **asked: Any) -> str:
    page = client.get(
        reverse("manage:deals:plan_try"), {"currency": "USD", "verdict": "sourced", "model": "first_year"} | asked
    )
    assert page.status_code == 200, page.context["form"].errors
    return answer(page)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"amount": "24000", "rate_percent": "20"}, ["4,800.00 USD"]),
        (
            {"model": "recurring", "amount": "24000", "rate_percent": "15", "months": "24"},
            ["7,200.00 USD", "year 1 3,600.00 USD", "year 2 3,600.00 USD"],
        ),
        (
            {"model": "brackets", "amount": "400000", "brackets": STEPS},
            ["102,500.00 USD", "20,000.00 USD", "37,500.00 USD", "45,000.00 USD"],
        ),
        ({"amount": "100000", "rate_percent": "25", "verdict": "influenced"}, ["12,500.00 USD"]),
        (
            {"model": "margin", "amount": "50000", "rate_percent": "35", "points": "5"},
            ["30,000.00 USD", "20,000.00 USD", "60 %"],
        ),
        ({"model": "rebate", "amount": "600000", "brackets": BANDS}, ["10,000.00 USD", "5,000.00 USD"]),
        (
            {"model": "rebate", "amount": "600000", "brackets": BANDS, "granted": "4000"},
            ["Rebate due now 6,000.00 USD"],
        ),
        (
            {"amount": "24000", "rate_percent": "20", "points": "5", "multiplier": "2", "bonus": "500"},
            ["12,500.00 USD"],
        ),
        (
            {"amount": "24000", "rate_percent": "20", "points": "5", "multiplier": "2", "bonus": "500",
             "verdict": "influenced"},
            ["6,500.00 USD"],
        ),
        ({"amount": "24000", "rate_percent": "20", "credit_percent": "50"}, ["2,400.00 USD"]),
        ({"model": "flat", "amount": "1", "flat_amount": "750"}, ["750.00 USD"]),
        ({"model": "hybrid", "amount": "24000", "rate_percent": "10", "flat_amount": "500"}, ["2,900.00 USD"]),
        (
            {"model": "brackets", "amount": "60000", "brackets": STEPS, "volume_before": "80000"},
            ["14,000.00 USD"],
        ),
        ({"amount": "1000", "rate_percent": "20", "currency": "JPY"}, ["200 JPY"]),
    ],
)  # fmt: skip
def test_worked_figures_come_out(world: World, sign_in, asked: dict[str, str], expected: list[str]) -> None:
    text = tried(sign_in(world.rory), **asked)
    for figure in expected:
        assert figure in text


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"amount": "24000"}, "rate_percent"),
        ({"model": "recurring", "amount": "1", "rate_percent": "10"}, "months"),
        ({"model": "brackets", "amount": "1", "brackets": "twenty"}, "brackets"),
        ({"model": "brackets", "amount": "1"}, "brackets"),
        ({"model": "flat", "amount": "1"}, "flat_amount"),
        ({"amount": "1,5", "rate_percent": "20"}, "amount"),
        ({"amount": "1", "rate_percent": "120"}, "rate_percent"),
        ({"model": "margin", "amount": "1", "rate_percent": "99", "points": "5"}, "__all__"),
        ({"model": "brackets", "amount": "1", "brackets": "0 - 10: 5\n20 - : 6"}, "__all__"),
    ],
)
def test_what_can_not_be_is_said_at_its_field(world: World, sign_in, asked: dict[str, str], field: str) -> None:
    page = sign_in(world.rory).get(
        reverse("manage:deals:plan_try"), {"currency": "USD", "verdict": "sourced", "model": "first_year"} | asked
    )
    assert page.status_code == 422
    assert field in page.context["form"].errors


def test_a_plan_fills_the_form(world: World, sign_in) -> None:
    page = sign_in(world.rory).get(reverse("manage:deals:plan_try"), {"plan": "affiliate_recurring"})
    initial = page.context["form"].initial
    assert (initial["model"], initial["rate_percent"], initial["months"]) == ("recurring", "30", 12)
