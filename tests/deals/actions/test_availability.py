"""What a partner learns while typing a domain: one sentence for everything that is not free (T7)."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deals.actions.availability import AvailabilityRefused, check_availability
from deals.choices import Availability
from deals.models import Account, AvailabilityCheck, Opportunity
from deals.rules.accounts import account_keys
from deals.views.portal.registrations import in_plain_words
from partners.models import Grant
from prm.core.codes import new_code
from tests.deals import stage
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db


def ask(person: Person, domain: str, **more: object):
    return check_availability(domain=domain, by=person.actor, at=AT, **more)


def direct(domain: str) -> Opportunity:
    """A deal of our own sales with a company."""
    keys = account_keys(domain=domain, name=domain, country="DE")
    account = Account.objects.create(
        code=new_code("AC"),
        name=domain,
        domain=domain,
        country="DE",
        domain_key=keys.domain_key,
        name_key=keys.name_key,
        plain_name=keys.name,
        created_at=AT,
    )
    return Opportunity.objects.create(
        code=new_code("OP"), account=account, origin="direct", currency="USD", created_at=AT, touched_at=AT
    )


@pytest.fixture
def known(world: World) -> dict[str, str]:
    """Domains by why they are not free, and one that is."""
    stage.submitted(world.rita, customer_domain="others.com", customer_name="Others")
    stage.won(world, world.rita, customer_domain="customers.com", customer_name="Customers")
    direct("pipeline.com")
    return {"partner": "others.com", "customer": "customers.com", "direct": "pipeline.com", "free": "nobody.com"}


def test_everything_that_is_not_free_sounds_the_same(world: World, known: dict[str, str]) -> None:
    answers = {why: ask(world.sara, known[why]) for why in ("partner", "customer", "direct")}
    assert len(set(answers.values())) == 1
    assert answers["partner"].answer == Availability.UNAVAILABLE
    words = {str(sorted(in_plain_words(answer).items())) for answer in answers.values()}
    assert len(words) == 1
    assert ask(world.sara, known["free"]).answer == Availability.FREE


def test_every_answer_runs_the_same_statements(world: World, known: dict[str, str]) -> None:
    ask(world.sara, "warm-up.com")  # reads the terms, which stay in memory
    shapes = set()
    for domain in known.values():
        with CaptureQueriesContext(connection) as queries:
            ask(world.sara, domain)
        shapes.add(tuple(re.sub(r"s\d+_x\d+|'[^']*'|\d+", "?", query["sql"]) for query in queries.captured_queries))
    assert len(shapes) == 1
    assert len(shapes.pop()) >= 8


def test_ones_own_record_is_named(world: World) -> None:
    mine = stage.submitted(world.sara)
    found = ask(world.paul, "helios-energy.com")
    assert (found.answer, found.own_code) == (Availability.YOURS, mine.code)


def test_ones_own_customer_is_free_for_more(world: World) -> None:
    stage.won(world, world.sara)
    found = ask(world.sara, "helios-energy.com")
    assert (found.answer, found.own_customer) == (Availability.FREE, True)


def test_only_members_entitled_to_register_may_ask(world: World) -> None:
    with pytest.raises(AvailabilityRefused):
        ask(world.mia, "acme.com")
    Grant.objects.filter(partner=world.northwind.pk).delete()
    with pytest.raises(AvailabilityRefused) as refusal:
        ask(world.sara, "acme.com")
    assert refusal.value.code == "deals.availability.not_entitled"
    assert not AvailabilityCheck.objects.exists()


def test_thirty_different_domains_a_day_and_company(world: World) -> None:
    for number in range(30):
        ask(world.sara if number % 2 else world.paul, f"firm{number}.com")
    with pytest.raises(AvailabilityRefused) as refusal:
        ask(world.sara, "one-more.com")
    assert refusal.value.code == "deals.availability.limit"
    assert ask(world.sara, "www.firm3.com").answer == Availability.FREE
    assert ask(world.rita, "one-more.com").answer == Availability.FREE
    tomorrow = AT + timedelta(days=1)
    assert check_availability(domain="one-more.com", by=world.sara.actor, at=tomorrow).answer == Availability.FREE
    assert AvailabilityCheck.objects.filter(partner=world.northwind.pk, day=AT.date()).count() == 30


@pytest.mark.parametrize("typed", ["gmail.com", "helios", "co.uk", "not a domain", "127.0.0.1"])
def test_what_names_no_company_is_said(world: World, typed: str) -> None:
    with pytest.raises(AvailabilityRefused):
        ask(world.sara, typed)
    assert not AvailabilityCheck.objects.exists()


def test_the_registration_page_says_no_more_than_the_check(world: World, known: dict[str, str]) -> None:
    """Customer, direct pipeline and other partner leave the same trace on the partner's own record."""
    told = set()
    for why in ("partner", "customer", "direct"):
        sent = stage.submitted(world.sara, customer_domain=known[why], customer_name=f"Company {why}")
        told.add((sent.status, sent.conflict_outcome))
    assert told == {("submitted", "conflict")}
