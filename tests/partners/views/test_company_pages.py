"""The partner's own company pages: what its admin may do, what its people see, and what nobody else does."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.actions.contacts import add_contact
from partners.actions.partners import change_status
from partners.models import Partner
from prm.core.models import Invitation, Membership
from tests.world import Person, World, add_person

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]


def url(name: str, *args: str) -> str:
    return reverse(f"portal:partners:{name}", args=args)


def profile(partner: Partner, **changes: object) -> dict[str, object]:
    return {
        "website": "https://northwind.example",
        "about": "We sell.",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "version": partner.version,
    } | changes


def test_the_company_page_shows_its_own_people_and_its_manager(
    world: World, northwind: Partner, rival: Partner, sign_in: SignIn
) -> None:
    add_contact(
        partner=northwind, side="ours", role="sponsor", name="Vera Stone", by=world.mia.actor, at=world.at,
        email="vera@example.com",
    )  # fmt: skip
    for person in (world.paul, world.sara):
        text = sign_in(person).get(url("company_detail")).content.decode()
        for name in ("Northwind Solutions", "Sara Nowak", "Mia Berg", "Vera Stone"):
            assert name in text
        assert "Rita Moss" not in text
        assert world.canary not in text


def test_partner_people_never_see_scorecard_internals(world: World, northwind: Partner, sign_in: SignIn) -> None:
    Partner.objects.filter(pk=northwind.pk).update(health_score=17, health_band="churning", territory="Zone-7919")
    text = sign_in(world.paul).get(url("company_detail")).content.decode()
    assert "Churning" not in text
    assert "Zone-7919" not in text


def test_only_the_admin_changes_the_company(world: World, northwind: Partner, sign_in: SignIn) -> None:
    sara = sign_in(world.sara)
    assert sara.get(url("company_edit")).status_code == 403
    assert sara.post(url("company_edit"), profile(northwind)).status_code == 403
    assert sara.post(url("company_invite"), {"email": "x@example.com", "role": "seller"}).status_code == 403
    assert sara.post(url("member_deactivate", world.toni.membership.code)).status_code == 403
    assert sign_in(world.paul).post(url("company_edit"), profile(northwind)).status_code == 302
    northwind.refresh_from_db()
    assert northwind.website == "https://northwind.example"


def test_the_profile_form_takes_nothing_but_the_profile(world: World, northwind: Partner, sign_in: SignIn) -> None:
    extra = {
        "tier": "1",
        "status": "active",
        "owner": world.paul.user.pk,
        "name": "Evil",
        "type": "oem",
        "territory": "X",
    }
    sign_in(world.paul).post(url("company_edit"), profile(northwind, **extra))
    northwind.refresh_from_db()
    assert (northwind.organization.name, northwind.type, northwind.territory, northwind.owner) == (
        "Northwind Solutions",
        "reseller",
        "DACH",
        world.mia.user,
    )


def test_a_stale_profile_shows_both_values(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.paul)
    client.post(url("company_edit"), profile(northwind, about="First"))
    late = client.post(url("company_edit"), profile(northwind, about="Second"))
    assert late.status_code == 409
    assert "First" in late.content.decode()
    assert "Second" in late.content.decode()
    assert northwind.about == ""


def test_a_form_of_another_company_is_refused(
    world: World, northwind: Partner, rival: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.toni)
    body = profile(northwind, about="For Rival", acting_as=world.rival.code)
    assert client.post(url("company_edit"), body).status_code == 409
    assert not Partner.objects.filter(about="For Rival").exists()


def test_the_admin_can_not_touch_another_companys_people(
    world: World, northwind: Partner, rival: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.paul)
    rita = world.rita.membership
    assert client.post(url("member_role", rita.code), {f"{rita.code}-role": "learner"}).status_code == 404
    assert client.post(url("member_deactivate", rita.code)).status_code == 404
    assert client.post(url("member_deactivate", world.mia.membership.code)).status_code == 404
    rita = Membership.objects.get(pk=rita.pk)
    assert (rita.role, rita.is_active) == ("partner_admin", True)


def test_a_vendor_role_can_not_be_given_in_the_portal(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.paul)
    response = client.post(url("company_invite"), {"email": "x@example.com", "name": "X", "role": "admin"})
    assert response.status_code == 422
    assert not Invitation.objects.exists()


def test_an_ended_partner_opens_nothing(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.paul)
    assert client.get(url("company_detail")).status_code == 200
    change_status(partner=northwind, action="end", reason="Contract over", by=world.mia.actor, at=world.at)
    assert client.get(url("company_detail")).status_code == 404


def test_the_page_costs_the_same_for_few_and_for_many(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.paul)
    client.get(url("company_detail"))
    with CaptureQueriesContext(connection) as few:
        client.get(url("company_detail"))
    for number in range(30):
        add_person(world.northwind, f"Person {number}", "seller", at=world.at, email=f"p{number}@example.com")
        add_contact(
            partner=northwind, side="theirs", role="technical", name=f"Tech {number}", by=world.mia.actor,
            at=world.at, email=f"t{number}@example.com",
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(url("company_detail"))
    assert len(many) == len(few)
