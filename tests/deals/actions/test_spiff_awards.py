"""SPIFFs on deals: what each kind gives, that they work together in order, and that no budget is overdrawn."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from deals.actions.spiff_awards import take_budget
from deals.models import Commission, EarningTerms, Spiff, SpiffAward
from prm.core.codes import new_code
from tests.deals import earning, stage
from tests.deals.earning import plan, plans, won
from tests.world import AT, World

pytestmark = pytest.mark.django_db


def spiff(kind: str, *, products: tuple[str, ...] = (), **more: Any) -> Spiff:
    """A SPIFF of a usual size for June and July."""
    usual: dict[str, dict[str, Any]] = {
        "first_deal": {"amount": Decimal(500)},
        "displacement": {"amount": Decimal(1000)},
        "product_launch": {"multiplier": Decimal(2)},
        "bundle": {"points": Decimal(5)},
    }
    values = {
        "name": kind,
        "starts_on": date(2026, 6, 1),
        "ends_on": date(2026, 7, 20),
        "currency": "USD",
        "budget_amount": Decimal(100000),
    }
    made = Spiff.objects.create(code=new_code("SP"), kind=kind, created_at=AT, **values | usual[kind] | more)
    made.products.set([stage.product(name) for name in products])
    return made


def paying(contract: Any) -> list[str]:
    """The kinds of SPIFFs that are said to pay, as kept with the terms."""
    return [
        line["values"]["kind"]
        for line in EarningTerms.objects.get(contract=contract).lines
        if line["code"] == "spiff.awarded"
    ]


def reasons(contract: Any) -> list[str]:
    """Why SPIFFs gave nothing, as kept with the terms."""
    return [
        line["values"]["reason"]
        for line in EarningTerms.objects.get(contract=contract).lines
        if line["code"] == "spiff.not_awarded"
    ]


@pytest.fixture
def _new_partner(world: World) -> None:
    """Northwind signed its agreement a month ago."""
    partner = stage.partner_of(world.sara)
    partner.agreement_signed_on = AT.date() - timedelta(days=30)
    partner.save(update_fields=["agreement_signed_on"])


def test_a_launch_doubles_the_commission(world: World) -> None:
    plans(plan())
    made = spiff("product_launch", products=("Platform",))
    contract = won(world, amount=24000)
    assert earning.lines(contract) == [("first_year", Decimal(9600), "accrued")]
    made.refresh_from_db()
    award = SpiffAward.objects.get()
    assert (made.spent_amount, award.amount, award.award_key) == (4800, 4800, contract.code)


def test_a_bundle_adds_points_and_needs_all_of_its_products(world: World) -> None:
    plans(plan())
    spiff("bundle", products=("Platform", "Analytics"))
    both = [stage.product("Platform"), stage.product("Analytics")]
    assert earning.amounts(won(world, amount=24000, products=both)) == [Decimal(6000)]
    one = won(world, amount=24000)
    assert earning.amounts(one) == [Decimal(4800)]
    assert reasons(one) == ["bundle_incomplete"]


@pytest.mark.usefixtures("_new_partner")
def test_together_they_count_in_order(world: World) -> None:
    plans(plan())
    spiff("bundle", products=("Platform", "Analytics"))
    spiff("product_launch", products=("Platform",))
    spiff("first_deal")
    spiff("displacement", competitor="Contoso")
    both = [stage.product("Platform"), stage.product("Analytics")]
    contract = won(world, amount=24000, products=both, competitor="contoso")
    assert sorted(earning.amounts(contract)) == [500, 1000, 24000 * 25 // 100 * 2]
    assert {award.amount for award in SpiffAward.objects.all()} == {500, 1000, 1200, 6000}
    spent = sum(each.spent_amount for each in Spiff.objects.all())
    assert spent == sum(award.amount for award in SpiffAward.objects.all())
    assert earning.is_sound()


@pytest.mark.usefixtures("_new_partner")
def test_only_the_first_deal_is_the_first(world: World) -> None:
    plans(plan())
    spiff("first_deal")
    assert earning.amounts(won(world, amount=24000)) == [4800, 500]
    second = won(world, amount=24000)
    assert (earning.amounts(second), reasons(second)) == ([4800], ["not_first_deal"])


@pytest.mark.parametrize(
    ("kind", "given", "deal", "reason"),
    [
        ("product_launch", {"currency": "EUR"}, {}, "other_currency"),
        ("displacement", {"currency": "EUR"}, {"competitor": "Contoso"}, "other_currency"),
        ("displacement", {}, {}, "no_competitor"),
        ("displacement", {"partner_types": ["si"]}, {"competitor": "Contoso"}, "other_type"),
        ("displacement", {"budget_amount": Decimal(999)}, {"competitor": "Contoso"}, "budget_spent"),
        ("product_launch", {"budget_amount": Decimal(4799)}, {}, "budget_spent"),
        ("displacement", {}, {"competitor": "C", "first_contact_on": AT.date() - timedelta(days=60)}, "not_sourced"),
        ("displacement", {"amount": Decimal(6000)}, {"competitor": "Contoso"}, "outside_limits"),
    ],
)
def test_what_gives_nothing_says_why(world: World, kind: str, given: dict, deal: dict, reason: str) -> None:
    plans(plan())
    made = spiff(kind, products=("Platform",) if kind == "product_launch" else (), **given)
    contract = won(world, amount=24000, **deal)
    assert (reasons(contract), paying(contract)) == ([reason], [])
    assert Commission.objects.count() == 1
    made.refresh_from_db()
    assert made.spent_amount == 0
    assert not SpiffAward.objects.exists()


@pytest.mark.parametrize("given", [{"status": "ended"}, {"ends_on": date(2026, 6, 17)}, {"starts_on": earning.WON}])
def test_only_running_ones_count(world: World, given: dict) -> None:
    plans(plan())
    spiff("displacement", **given)
    expected = 2 if "starts_on" in given else 1
    assert len(earning.lines(won(world, competitor="Contoso"))) == expected


def test_a_margin_takes_flat_amounts_only(world: World) -> None:
    plans(plan("margin", scope={"deal": "resale"}, rate_percent="20"))
    spiff("product_launch", products=("Platform",))
    spiff("displacement")
    contract = won(world, engagement="resale", competitor="Contoso")
    assert earning.lines(contract) == [("spiff", Decimal(1000), "accrued")]
    assert (reasons(contract), paying(contract)) == (["no_rate"], ["displacement"])


def test_a_spiff_is_taken_back_with_the_deal_and_its_budget_stays_spent(world: World) -> None:
    plans(plan())
    made = spiff("displacement")
    contract = won(world, competitor="Contoso")
    earning.happens(world, contract, "cancelled", 10)
    assert sum(earning.amounts(contract)) == 0
    made.refresh_from_db()
    assert made.spent_amount == 1000


def test_a_budget_is_never_overdrawn(world: World) -> None:
    made = spiff("displacement", budget_amount=Decimal(1500))
    assert [take_budget(made, Decimal(1000)), take_budget(made, Decimal(501)), take_budget(made, Decimal(500))] == [
        True,
        False,
        True,
    ]
    made.refresh_from_db()
    assert made.spent_amount == 1500
    with pytest.raises(IntegrityError, match="within_budget"), transaction.atomic():
        Spiff.objects.filter(pk=made.pk).update(spent_amount=1501)
