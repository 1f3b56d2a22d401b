"""Setting SPIFFs up within the program's limits, and ending them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from deals.actions.spiffs import SpiffRefused, create_spiff, end_spiff
from deals.models import Spiff
from prm.core.models import AuditEntry
from tests.deals import stage
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db
TODAY, DAY = AT.date(), timedelta(days=1)


def made(world: World, kind: str = "displacement", *, by: Person | None = None, **changes: Any) -> Spiff:
    values: dict[str, Any] = {
        "name": "Goodbye Contoso",
        "kind": kind,
        "value": Decimal(1000),
        "starts_on": TODAY,
        "ends_on": TODAY + 59 * DAY,
        "currency": "USD",
        "budget_amount": Decimal(10_000),
    }
    return create_spiff(**values | changes, by=(by or world.dan).actor, at=AT)


@pytest.mark.parametrize(
    ("kind", "more", "column"),
    [
        ("first_deal", {"value": Decimal(500)}, "amount"),
        ("product_launch", {"value": Decimal(2), "products": 1}, "multiplier"),
        ("quarterly_push", {"value": Decimal(10), "quota_amount": Decimal(60_000)}, "percent"),
        ("displacement", {"value": Decimal(5000), "competitor": "Contoso"}, "amount"),
        ("bundle", {"value": Decimal(5), "products": 2}, "points"),
    ],
)
def test_each_kind_keeps_its_own_value(world: World, kind: str, more: dict[str, Any], column: str) -> None:
    if "products" in more:
        more = more | {"products": [stage.product(f"Product {n}", n) for n in range(more["products"])]}
    spiff = made(world, kind, **more)
    spiff.refresh_from_db()
    kept = {name: getattr(spiff, name) for name in ("amount", "multiplier", "percent", "points")}
    assert kept.pop(column) == more["value"]
    assert set(kept.values()) == {None}
    assert spiff.products.count() == len(more.get("products", ()))
    assert AuditEntry.objects.get(code="deals.spiff.created").changes["kind"] == kind


@pytest.mark.parametrize(
    ("kind", "changes", "problems"),
    [
        ("displacement", {"value": Decimal(999)}, {"below_limit"}),
        ("displacement", {"value": Decimal(5001)}, {"above_limit"}),
        ("displacement", {"starts_on": TODAY - DAY}, {"window_in_past"}),
        ("displacement", {"ends_on": TODAY - DAY}, {"window_order"}),
        ("displacement", {"budget_amount": Decimal(999)}, {"budget_too_small"}),
        ("displacement", {"budget_amount": Decimal(0)}, {"budget_missing"}),
        ("product_launch", {"value": Decimal(2)}, {"products_missing"}),
        ("product_launch", {"value": Decimal(2), "ends_on": TODAY + 9 * DAY}, {"products_missing", "window_too_short"}),
        ("quarterly_push", {"value": Decimal(10)}, {"quota_missing"}),
        ("bundle", {"value": Decimal(5)}, {"two_products_needed"}),
    ],
)
def test_limits_of_the_program(world: World, kind: str, changes: dict[str, Any], problems: set[str]) -> None:
    with pytest.raises(SpiffRefused) as refused:
        made(world, kind, **changes)
    assert set(refused.value.problems) == problems
    assert not Spiff.objects.exists()


def test_ending_early(world: World) -> None:
    spiff = made(world)
    with pytest.raises(SpiffRefused):
        end_spiff(spiff=spiff, reason=" ", by=world.dan.actor, at=AT)
    with pytest.raises(SpiffRefused) as stale:
        end_spiff(spiff=spiff, reason="x", by=world.dan.actor, at=AT, version=7)
    assert stale.value.code == "deals.spiff.stale"
    ended = end_spiff(spiff=spiff, reason="Budget cut", by=world.dan.actor, at=AT, version=spiff.version)
    assert (ended.status, ended.ended_at) == ("ended", AT)
    with pytest.raises(SpiffRefused) as again:
        end_spiff(spiff=spiff, reason="Budget cut", by=world.dan.actor, at=AT)
    assert again.value.code == "deals.spiff.ended"
    assert AuditEntry.objects.filter(code="deals.spiff.ended", reason="Budget cut").count() == 1


@pytest.mark.parametrize("name", ["mia", "finn", "sue", "rory", "sara"])
def test_who_may_not(world: World, name: str) -> None:
    spiff = made(world)
    with pytest.raises(SpiffRefused):
        made(world, by=world.people[name])
    with pytest.raises(SpiffRefused):
        end_spiff(spiff=spiff, reason="x", by=world.people[name].actor, at=AT)
    spiff.refresh_from_db()
    assert spiff.status == "active"
