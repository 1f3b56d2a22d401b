"""What deals add to the cast's world: partners that may register, and two products."""

from datetime import date

from partners.models import Grant, Partner
from tests.deals.stage import product
from tests.world import World


def extend(world: World) -> None:
    """Northwind and Rival may register deals; the platform and the analytics are on the price list."""
    for partner in Partner.objects.all():
        Grant.objects.get_or_create(
            partner=partner,
            entitlement="deal_registration",
            source_kind="manual",
            source_code="tests",
            valid_from=date(2020, 1, 1),
            defaults={"value": "yes", "rank": 1, "reason": "test", "created_at": world.at},
        )
    product("Platform", 1)
    product("Analytics", 2)
