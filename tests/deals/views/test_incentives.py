"""The vendor's pages about incentives open for whoever may see them, whatever there is."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from deals.actions.commissions import adjust_commission
from deals.actions.own_rates import set_own_rate
from deals.actions.spiffs import create_spiff
from deals.choices import SpiffKind
from deals.models import LedgerClose, Spiff
from prm.core.business_time import quarter_of
from tests.deals.earning import happens, is_sound, plan, plans, won
from tests.deals.earning_stage import earned
from tests.deals.stage import partner_of
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


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.parametrize(
    ("name", "statements"),
    [("commission_list", 7), ("contract_list", 6), ("ledger_list", 10), ("spiff_list", 7), ("own_rate_list", 7)],
)
def test_lists_cost_the_same_statements(
    world: World, sign_in, many: int, name: str, statements: int, django_assert_num_queries
) -> None:
    for number in range(many):
        match name:
            case "spiff_list":
                bounty(world, name=f"Bounty {number}")
            case "own_rate_list":
                on = timezone.now().date() + timedelta(days=10 * number + 1)
                set_own_rate(
                    partner=partner_of(world.sara), rate_percent=Decimal(20), valid_from=on,
                    valid_until=on + timedelta(days=5), reason="Agreed", by=world.dan.actor, at=timezone.now(),
                )  # fmt: skip
            case "contract_list":
                won(world)
            case _:
                earned(world.sara, title=f"Customer {number}")
    finn = sign_in(world.finn)
    finn.get(reverse(f"manage:deals:{name}"))
    with django_assert_num_queries(statements):
        page = finn.get(reverse(f"manage:deals:{name}"))
    assert len(page.context["page"].rows) == many


@pytest.mark.parametrize("many", [1, 12])
@pytest.mark.parametrize(("name", "statements"), [("contract_detail", 11), ("commission_detail", 18)])
def test_a_page_costs_the_same_statements_whatever_happened(
    world: World, sign_in, many: int, name: str, statements: int, django_assert_num_queries
) -> None:
    plans(plan("recurring", months=24))
    contract = won(world)
    for number in range(many):
        happens(world, contract, "paid", number + 1, 100)
    line = contract.commissions.first()
    adjust_commission(
        commission=line, amount=Decimal(1), reason="More", source_key="x", by=world.finn.actor, at=timezone.now()
    )
    code = contract.code if name == "contract_detail" else line.code
    finn, address = sign_in(world.finn), reverse(f"manage:deals:{name}", args=[code])
    finn.get(address)
    with django_assert_num_queries(statements):
        assert finn.get(address).status_code == 200


def bounty(world: World, **changes: Any) -> Spiff:
    today = timezone.now().date()
    values = {
        "name": "Bounty", "kind": "displacement", "value": Decimal(1000), "starts_on": today + timedelta(days=1),
        "ends_on": today + timedelta(days=60), "currency": "USD", "budget_amount": Decimal(5000),
    }  # fmt: skip
    return create_spiff(**values | changes, by=world.dan.actor, at=timezone.now())


def test_tiles_lead_to_the_lines_that_add_up_to_them(world: World, sign_in) -> None:
    plans(plan("first_year"))
    earned(world.sara)
    earned(world.rita, base="1000")
    earned(world.sara, status="payable", base="5000")
    contract = won(world)
    happens(world, contract, "cancelled", 45)
    held = earned(world.sara, status="payable")
    finn = sign_in(world.finn)
    finn.post(
        reverse("manage:deals:commission_hold", args=[held.code]),
        {"acting_as": world.vendor.code, "reason": "review", "note": "Which customer?"},
    )
    page = finn.get(reverse("manage:deals:incentive_overview"))
    [drawn] = page.context["currencies"]
    tiles = {str(tile["label"]): tile for tile in drawn["tiles"]}
    assert tiles["Accrued"]["amount"] == 4800 + 200 + 4800 - 2400
    assert tiles["Payable"]["amount"] == 1000 + 4800
    for name in ("Accrued", "Payable"):
        listed = finn.get(tiles[name]["rows"])
        assert listed.context["totals"] == [("USD", tiles[name]["amount"])]
        why = finn.get(tiles[name]["why"]).content.decode()
        assert "Northwind Solutions" in why
    assert finn.get(tiles["At risk of clawback"]["rows"]).status_code == 200
    assert "(180 − d)" in finn.get(tiles["At risk of clawback"]["why"]).content.decode()
    assert finn.get(reverse("manage:deals:incentive_why"), {"figure": "everything"}).status_code == 404


def test_filters_of_commissions(world: World, sign_in) -> None:
    one = earned(world.sara, title="Alpha")
    two = earned(world.rita, title="Beta", status="payable", currency="EUR")
    finn, address = sign_in(world.finn), reverse("manage:deals:commission_list")
    quarter = quarter_of(one.earned_on).start.isoformat()

    def found(**asked: Any) -> set[str]:
        return {row.code for row in finn.get(address, asked).context["page"].objects}

    assert found(q="alph") == {one.code}
    assert found(partner="rival") == {two.code}
    assert found(status=["payable"]) == {two.code}
    assert found(currency="eur") == {two.code}
    assert found(plan="solution_commission") == {one.code, two.code}
    assert found(plan="unheard") == set()
    assert found(kind=["clawback"]) == set()
    assert found(quarter=quarter) == {one.code, two.code}
    assert found(quarter="1999-01-01", partner__owner__password="x") == {one.code, two.code}
    export = b"".join(finn.get(address, {"export": "csv", "q": "alph"}).streaming_content).decode()
    assert one.code in export
    assert two.code not in export


def act(client: Any, world: World, step: str, line: Any, **data: Any) -> Any:
    address = reverse(f"manage:deals:commission_{step}", args=[line.code])
    return client.post(address, {"acting_as": world.vendor.code, **data})


def test_a_line_is_held_freed_adjusted_and_voided_by_page(world: World, sign_in) -> None:
    line, finn = earned(world.sara), sign_in(world.finn)
    assert act(finn, world, "hold", line, reason="review", note="Which customer?").status_code == 302
    line.refresh_from_db()
    assert line.held_reason == "review"
    assert act(finn, world, "hold", line, reason="review", note="Again").status_code == 422
    assert act(finn, world, "free", line, note="Cleared up").status_code == 302
    key = finn.get(reverse("manage:deals:commission_adjust", args=[line.code])).context["form"].initial["key"]
    typed = {"amount": "-250.50", "reason": "Counted twice", "key": key}
    assert act(finn, world, "adjust", line, **typed).status_code == 302
    assert act(finn, world, "adjust", line, **typed).status_code == 302
    assert [each.amount for each in line.corrections.all()] == [Decimal("-250.50")]
    more = act(finn, world, "adjust", line, amount="-99999", reason="All", key="other")
    assert more.status_code == 422
    assert "4549.50" in str(more.context["form"].errors)
    assert "amount" in act(finn, world, "adjust", line, amount="1,5", reason="x", key="k").context["form"].errors
    assert act(finn, world, "void", line, reason="").status_code == 422
    assert act(finn, world, "void", line, reason="Mistake").status_code == 422  # its correction stands
    assert act(finn, world, "void", line.corrections.get(), reason="Mistake").status_code == 302
    assert act(finn, world, "void", line, reason="Mistake").status_code == 302
    line.refresh_from_db()
    assert (line.status, line.amount) == ("void", 4800)
    assert act(finn, world, "void", line, reason="Mistake").status_code == 409
    assert is_sound()


@pytest.mark.parametrize("step", ["hold", "free", "adjust", "void"])
def test_who_settles_lines(world: World, sign_in, step: str) -> None:
    line = earned(world.rita)
    address = reverse(f"manage:deals:commission_{step}", args=[line.code])
    people = ("finn", "dan", "vera", "ada", "rory")
    found = {name: sign_in(world.people[name]).get(address).status_code for name in people}
    assert found == {"finn": 200, "dan": 200, "vera": 200, "ada": 403, "rory": 403}


def test_forms_take_no_more_than_their_fields(world: World, sign_in) -> None:
    """Mass assignment (T5): computed and decided columns are no field of any form."""
    line, finn = earned(world.sara), sign_in(world.finn)
    smuggled = {"status": "paid", "amount": "999999", "partner": world.rival.pk, "paid_on": "2026-01-01"}
    act(finn, world, "hold", line, note="Why", **smuggled | {"reason": "review"})
    line.refresh_from_db()
    assert (line.status, line.amount, line.partner_id, line.paid_on) == ("accrued", 4800, world.northwind.pk, None)
    today = timezone.now().date()
    sign_in(world.dan).post(
        reverse("manage:deals:spiff_create"),
        {
            "acting_as": world.vendor.code, "kind": "displacement", "name": "Bounty", "value": "1000",
            "currency": "USD", "budget_amount": "5000", "starts_on": (today + timedelta(days=1)).isoformat(),
            "ends_on": (today + timedelta(days=30)).isoformat(), "note": "", "competitor": "",
            "spent_amount": "4000", "status": "ended", "amount": "9", "code": "SP-0000000", "points": "5",
        },
    )  # fmt: skip
    spiff = Spiff.objects.get()
    assert (spiff.amount, spiff.spent_amount, spiff.status, spiff.points) == (1000, 0, "active", None)
    assert spiff.code != "SP-0000000"


def test_a_spiff_is_set_up_by_its_kind_and_ended(world: World, sign_in) -> None:
    dan, address = sign_in(world.dan), reverse("manage:deals:spiff_create")
    assert {each["code"] for each in dan.get(address).context["kinds"]} == set(SpiffKind.values)
    form = dan.get(address, {"kind": "product_launch"}).context["form"]
    assert "products" in form.fields
    assert {"quota_amount", "competitor"}.isdisjoint(form.fields)
    assert form.initial["value"] == "2"
    assert (form.initial["ends_on"] - form.initial["starts_on"]).days == 29
    today = timezone.now().date()
    values = {
        "acting_as": world.vendor.code, "kind": "displacement", "name": "Bounty", "value": "100", "currency": "USD",
        "budget_amount": "5000", "starts_on": (today - timedelta(days=3)).isoformat(), "note": "", "competitor": "",
        "ends_on": (today + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    refused = dan.post(address, values)
    assert refused.status_code == 422
    assert {"value", "starts_on"} <= set(refused.context["form"].errors)
    spiff = bounty(world)
    assert dan.get(reverse("manage:deals:spiff_detail", args=[spiff.code])).context["standing"].state == "planned"
    end = reverse("manage:deals:spiff_end", args=[spiff.code])
    done = dan.post(end, {"acting_as": world.vendor.code, "version": spiff.version, "reason": "Cut"})
    assert done.status_code == 302
    assert dan.get(reverse("manage:deals:spiff_detail", args=[spiff.code])).context["standing"].state == "ended"
    assert sign_in(world.rory).get(end).status_code == 403


def test_the_ledger_adds_up_to_zero_and_is_closed_by_finance(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    happens(world, contract, "cancelled", 45)
    earned(world.rita, currency="EUR")
    finn, address = sign_in(world.finn), reverse("manage:deals:ledger_list")
    page = finn.get(address)
    assert {each.currency: each.total for each in page.context["balances"]} == {"EUR": 0, "USD": 0}
    usd = next(each for each in page.context["balances"] if each.currency == "USD")
    assert usd.owed == 2400
    rival = finn.get(address, {"partner": "rival"})
    assert [each.currency for each in rival.context["balances"]] == ["EUR"]
    assert len(finn.get(address, {"account": ["accrued"]}).context["page"].rows) == 3
    assert page.context["proof"]["unproved"] == page.context["proof"]["count"] > 5
    close = reverse("manage:deals:ledger_close")
    yesterday = timezone.now().date() - timedelta(days=2)
    typed = {"acting_as": world.vendor.code, "until": yesterday.isoformat()}
    assert finn.post(close, typed).status_code == 422
    assert finn.post(close, typed | {"is_sure": "on"}).status_code == 302
    assert finn.post(close, typed | {"is_sure": "on"}).status_code == 422
    assert LedgerClose.objects.get().closed_until == yesterday
    people = ("vera", "ada", "mia", "dan", "rory")
    found = {name: sign_in(world.people[name]).get(address).status_code for name in people}
    assert found == {"vera": 200, "ada": 200, "mia": 403, "dan": 403, "rory": 403}
    assert sign_in(world.vera).get(close).status_code == 403
