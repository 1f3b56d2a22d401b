"""The portal's home: what is coming, what ends, what was won, how far to the next tier; never health, never others."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from partners.models import Partner
from reporting.queries.terms import terms_at
from reporting.queries.tier_page import tier_view
from reporting.views.portal.home import headline, missing_words
from reporting.why_words import speaker_of
from tests.deals import stage as deals
from tests.reporting import stage
from tests.world import World, add_person

pytestmark = pytest.mark.django_db
HOME = "/portal/"


@pytest.fixture
def paul(world: World, sign_in, at: datetime):
    with time_machine.travel(at + timedelta(hours=3), tick=False):
        yield sign_in(world.paul)


def results(world: World, **columns: object) -> Partner:
    return stage.holds(stage.northwind(world), "silver", **columns)


def sentence(partner: Partner, at: datetime) -> str:
    terms = terms_at(at)
    view = tier_view(Partner.objects.select_related("track", "tier").get(pk=partner.pk), terms)
    text = headline(view.next.percent, terms.tier_names[view.next.tier], missing_words(view, speaker_of(terms)))
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("arr", "referrals", "people", "words"),
    [
        (70_000, 14, 1, "70 % to Gold: 30,000 USD ARR to go, or 6 referrals; 1 more certified person"),
        (99_999, 0, 2, "99 % to Gold: 1 USD ARR to go, or 20 referrals"),
        (100_000, 0, 0, "99 % to Gold: 2 more certified people"),
        (0, 19, 2, "95 % to Gold: 100,000 USD ARR to go, or 1 referral"),
        (0, 0, 0, "0 % to Gold: 100,000 USD ARR to go, or 20 referrals; 2 more certified people"),
    ],
)
def test_the_way_to_the_next_tier_in_one_sentence(
    world: World, at: datetime, arr: int, referrals: int, people: int, words: str
) -> None:
    partner = results(world, sourced_arr_t12m=Decimal(arr), qualified_referrals_t12m=referrals, certified_people=people)
    assert sentence(partner, at) == words


def test_a_new_partner_is_told_what_to_do_first(world: World, paul: Client) -> None:
    text = stage.text_of(paul.get(HOME))
    assert "Hello Paul" in text
    assert "No open deals" in text
    assert "Register a deal" in text
    assert "Nothing waits for you" in text


def test_money_that_comes_and_money_that_was_won(world: World, paul: Client, at: datetime) -> None:
    early = at - timedelta(days=20)

    def sale(action, name: str, amount: int) -> None:
        action(
            world, world.paul, at=early, first_contact_on=early.date(), customer_name=name,
            customer_domain=f"{name.lower()}.com", amount=Decimal(amount),
        )  # fmt: skip

    sale(deals.approved, "Aster", 20_000)
    sale(deals.reported, "Baltic", 30_000)
    sale(deals.won, "Corvus", 45_000)
    page = paul.get(HOME)
    found = page.context["figures"]
    assert (found.coming_amount, found.coming_deals) == (50_000, 2)
    assert (found.reported_amount, found.reported_deals) == (30_000, 1)
    assert (found.won_amount, found.won_deals) == (45_000, 1)
    text = stage.text_of(page)
    assert "1 win waits for Acme Cloud’s confirmation" in text
    assert "Won, to be confirmed" in text


def test_deals_say_what_happens_next_and_the_question_comes_first(world: World, paul: Client, at: datetime) -> None:
    deals.approved(world, world.paul, at=at, customer_name="Aster", customer_domain="aster.com")
    deals.submitted(world.paul, at=at, customer_name="Baltic", customer_domain="baltic.com")
    deals.returned(world, world.sara, at=at, customer_name="Corvus", customer_domain="corvus.com")
    deals.draft(world.paul, at=at, customer_name="Dunlin", customer_domain="dunlin.com")
    page = paul.get(HOME)
    assert [deal.customer for deal in page.context["deals"]] == ["Corvus", "Baltic", "Aster", "Dunlin"]
    text = stage.text_of(page)
    assert "clock stopped, one question" in text
    assert "20:59 left" in text or "21:00 left" in text
    assert "finish and send it" in text


def test_a_question_waits_for_the_one_who_registered(world: World, sign_in, paul: Client, at: datetime) -> None:
    deals.returned(world, world.sara, at=at)
    assert [item.kind for item in sign_in(world.sara).get(HOME).context["todo"]] == ["deals.info_request"]
    assert paul.get(HOME).context["todo"] == []


def test_what_ends_soon_is_named_with_its_day(world: World, paul: Client, at: datetime) -> None:
    early = at - timedelta(days=25)
    deals.approved(world, world.paul, at=early, first_contact_on=early.date())
    page = paul.get(HOME)
    assert [(each.kind, each.title) for each in page.context["endings"]] == [("protection", "Helios Energy GmbH")]
    assert "first the protection of Helios Energy GmbH" in stage.text_of(page)


def test_a_tier_at_risk_is_said_with_its_date(world: World, paul: Client) -> None:
    results(world, tier_at_risk=True, grace_until=stage.day_after(world.at, 40))
    text = stage.text_of(paul.get(HOME))
    assert "do not reach Silver any more" in text
    assert "Grace period for Silver" in text


def test_health_is_never_told_to_the_partner(world: World, paul: Client, at: datetime) -> None:
    stage.scored(stage.northwind(world), stage.day_after(at, -1), deals_registered=0)
    for path in (HOME, "/portal/tier/", "/portal/tier/why/", "/portal/reporting/packs/"):
        text = stage.text_of(paul.get(path)).lower()
        assert "health" not in text, path
        assert "healthy" not in text, path
        assert "champion" not in text, path


def test_nothing_of_another_partner_is_there(world: World, paul: Client, at: datetime) -> None:
    """Rival's deals are neither listed nor counted (trust T2)."""
    before = stage.text_of(paul.get(HOME))
    deals.won(world, world.rita, at=at - timedelta(days=4), first_contact_on=stage.day_after(at, -6))
    deals.submitted(world.rita, at=at, customer_name=world.words("rival", "Aster"), customer_domain="aster.com")
    assert stage.text_of(paul.get(HOME)) == before


def test_who_may_not_see_deals_sees_the_tier_instead(world: World, sign_in, paul: Client, at: datetime) -> None:
    deals.approved(world, world.paul, at=at)
    learner = add_person(world.northwind, "Lea Learner", "learner", at=at)
    page = sign_in(learner).get(HOME)
    assert page.context["figures"] is None
    assert "84,000" not in stage.text_of(page)
    assert "Helios" not in stage.text_of(page)


def test_staff_have_no_portal_home(world: World, sign_in) -> None:
    assert sign_in(world.mia).get(HOME).status_code == 404


def test_more_deals_take_no_more_statements(world: World, paul: Client, at: datetime) -> None:
    def bring(number: int) -> None:
        deals.submitted(
            world.paul, at=at, customer_name=f"Customer {number} Works", customer_domain=f"customer-{number}.com"
        )
        deals.approved(world, world.paul, at=at, customer_name=f"Buyer {number}", customer_domain=f"buyer-{number}.com")

    bring(0)
    one = stage.statements(paul, HOME)
    for number in range(1, 30):
        bring(number)
    assert stage.statements(paul, HOME) <= one
