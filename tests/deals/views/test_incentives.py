"""The vendor's pages about incentives open for whoever may see them, whatever there is."""

from decimal import Decimal

import pytest
from django.urls import reverse

from tests.deals.earning import happens, plan, plans, won
from tests.world import World

pytestmark = pytest.mark.django_db

PAGES = [
    "incentive_overview", "commission_list", "contract_list", "plan_list", "plan_try", "plan_why", "plan_compare",
    "own_rate_list", "spiff_list",
]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_before_anything_was_earned(world: World, sign_in, name: str) -> None:
    assert sign_in(world.rory).get(reverse(f"manage:deals:{name}")).status_code == 200


def test_pages_open_with_a_contract_in_them(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    happens(world, contract, "paid", 10, 24000)
    line = contract.commissions.get()
    finn = sign_in(world.finn)
    for name in (*PAGES, "ledger_list"):
        page = finn.get(reverse(f"manage:deals:{name}"))
        assert page.status_code == 200, name
    detail = finn.get(reverse("manage:deals:commission_detail", args=[line.code])).content.decode()
    assert "4,800.00" in detail
    assert line.amount == Decimal(4800)
    assert finn.get(reverse("manage:deals:contract_detail", args=[contract.code])).status_code == 200
