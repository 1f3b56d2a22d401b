"""Search finds by part, by likeness, by code and domain, and only what the reader may see."""

from datetime import datetime

import pytest
import time_machine
from django.test import Client

from deals.models import Account
from partners.models import Partner
from reporting.queries.search import search
from tests.deals import stage as deals
from tests.reporting import stage
from tests.world import World, add_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(at: datetime):
    with time_machine.travel(at, tick=False):
        yield


def kinds(actor, text: str) -> dict[str, list[str]]:
    return {each.kind: [str(row.code) for row in each.rows] for each in search(actor, text)}


def test_a_manager_finds_everything_by_part_of_a_name(world: World, at: datetime) -> None:
    registration = deals.approved(world, world.paul, at=at)
    found = kinds(world.mia.actor, "helios")
    assert found["registration"] == [registration.code]
    assert found["opportunity"] == [registration.opportunity.code]
    assert found["account"] == [Account.objects.get().code]
    assert kinds(world.mia.actor, "northw") == {"partner": [Partner.objects.get(pk=world.northwind.pk).code]}


def test_a_typing_mistake_is_forgiven(world: World, at: datetime) -> None:
    registration = deals.submitted(world.paul, at=at)
    assert kinds(world.mia.actor, "helois energy")["registration"] == [registration.code]
    assert "partner" in kinds(world.mia.actor, "northwnd")


def test_codes_and_domains_find_exactly(world: World, at: datetime) -> None:
    registration = deals.submitted(world.paul, at=at)
    deals.submitted(world.sara, at=at, customer_name="Aster", customer_domain="aster.com")
    assert kinds(world.mia.actor, registration.code) == {"registration": [registration.code]}
    assert kinds(world.mia.actor, registration.code.lower()[:7]) == {"registration": [registration.code]}
    assert kinds(world.mia.actor, "helios-energy.com")["registration"] == [registration.code]


def test_a_partner_finds_its_own_and_learns_of_no_other(world: World, at: datetime) -> None:
    """The same words, the same accounts: only one's own rows come back (trust T2)."""
    deals.submitted(world.rita, at=at)
    mine = deals.submitted(world.paul, at=at, customer_name="Helios Solar", customer_domain="helios-solar.com")
    assert kinds(world.paul.actor, "helios") == {"registration": [mine.code]}
    assert kinds(world.paul.actor, "rival") == {}
    assert kinds(world.paul.actor, "northwind") == {}


def test_who_may_not_see_deals_finds_none(world: World, at: datetime) -> None:
    deals.submitted(world.paul, at=at)
    learner = add_person(world.northwind, "Lea Learner", "learner", at=at)
    assert kinds(learner.actor, "helios") == {}


@pytest.mark.parametrize("text", ["", " ", "a", "%", "_", "\\", "'", "%%", "DR-", "🦆🦆", "x" * 5000, "a\x0bb", "GmbH"])
def test_no_text_breaks_it(world: World, sign_in, text: str) -> None:
    assert sign_in(world.mia).get("/manage/search/", {"q": text}).status_code == 200


def test_a_draft_is_the_partners_alone(world: World, at: datetime) -> None:
    draft = deals.draft(world.paul, at=at)
    assert kinds(world.mia.actor, "helios") == {}
    assert kinds(world.paul.actor, "helios") == {"registration": [draft.code]}


def test_the_field_gets_a_short_list_and_the_page_says_more(world: World, sign_in, at: datetime) -> None:
    mia: Client = sign_in(world.mia)
    for number in range(8):
        deals.submitted(world.paul, at=at, customer_name=f"Helios {number}", customer_domain=f"helios-{number}.com")
    lazy = mia.get("/manage/search/", {"q": "helios"}, headers={"HX-Request": "true", "HX-Target": "search-pop"})
    assert b"<html" not in lazy.content
    assert lazy.content.count(b"DR-") >= 5
    assert "All results" in stage.text_of(lazy)
    page = mia.get("/manage/search/", {"q": "helios"})
    assert len(page.context["groups"][0]["lines"]) == 8


def test_more_results_take_no_more_statements(world: World, sign_in, at: datetime) -> None:
    mia = sign_in(world.mia)
    deals.approved(world, world.paul, at=at, customer_name="Helios 0", customer_domain="helios-0.com")
    one = stage.statements(mia, "/manage/search/?q=helios")
    for number in range(1, 12):
        deals.approved(
            world, world.paul, at=at, customer_name=f"Helios {number}", customer_domain=f"helios-{number}.com"
        )
    assert stage.statements(mia, "/manage/search/?q=helios") == one
