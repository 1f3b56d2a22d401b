"""Partners in Django admin: figures are read-only, and what changes goes through the actions."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from zeal import zeal_ignore

from partners.models import Delegation, Partner, TerritoryCover
from prm.core.models import AuditEntry
from tests.world import Person, World

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]


def test_a_partners_figures_can_not_be_edited(world: World, northwind: Partner, sign_in: SignIn) -> None:
    address = reverse("admin:partners_partner_change", args=[northwind.pk])
    body = {
        "territory": "Benelux", "country": "NL", "website": "", "domain": "", "about": "", "high_potential_until": "",
        "status": "ended", "tier": "1", "health_score": "99", "sourced_arr_t12m": "1000000", "owner": world.dan.user.pk,
    }  # fmt: skip
    sign_in(world.ada).post(address, body)
    northwind.refresh_from_db()
    assert (northwind.territory, northwind.country, northwind.version) == ("Benelux", "NL", 2)
    assert (northwind.status, northwind.tier, northwind.health_score) == ("active", None, None)
    assert (northwind.sourced_arr_t12m, northwind.owner) == (0, world.mia.user)
    assert AuditEntry.objects.filter(code="partners.partner.edited", actor_user=world.ada.user).count() == 1


def test_covers_and_delegations_come_and_go_with_history(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.ada)
    client.post(reverse("admin:partners_territorycover_add"), {"user": world.mia.user.pk, "territory": "Nordics"})
    cover = TerritoryCover.objects.get()
    days = {"starts_on": "2026-07-01", "ends_on": "2026-07-09"}
    address = reverse("admin:partners_delegation_add")
    with zeal_ignore():  # the two people chosen in one form are looked up one by one
        client.post(address, {"giver": world.mia.user.pk, "taker": world.dan.user.pk, **days})
        refused = client.post(address, {"giver": world.mia.user.pk, "taker": world.rory.user.pk, **days}, follow=True)
    assert "Only staff who decide can stand in." in refused.content.decode()
    assert Delegation.objects.get().taker == world.dan.user
    client.post(reverse("admin:partners_territorycover_changelist"), {"action": "end", "_selected_action": [cover.pk]})
    assert not TerritoryCover.objects.exists()
    codes = AuditEntry.objects.filter(actor_user=world.ada.user).values_list("code", flat=True).order_by("pk")
    assert list(codes) == ["partners.cover.started", "partners.delegation.given", "partners.cover.ended"]
