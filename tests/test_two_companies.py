"""Somebody who works for two companies acts for one at a time (trust T15)."""

import pytest
from django.test import Client

from prm.core.routes import all_routes
from tests.world import World, signed_in_client


@pytest.mark.django_db
def test_a_form_of_one_company_does_not_act_for_another(world: World) -> None:
    """Two tabs: opened as Northwind, sent after switching to Rival (trust T15)."""
    client: Client = signed_in_client(world.toni)
    code = world.northwind.code
    client.post("/me/switch/", {"membership": world.toni_rival.membership.pk})
    assert client.get("/me/").wsgi_request.actor.organization_id == world.rival.pk
    posts = [
        route for route in all_routes() if route.access and route.access.audience == "partner" and not route.kwargs
    ]
    assert posts
    for route in posts:
        answer = client.post(f"/{route.pattern}", {"acting_as": code})
        assert answer.status_code in {405, 409}, route
