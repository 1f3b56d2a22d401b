"""The partner's page: a scorecard in few statements, sections that come when asked, and a reason for every figure."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from partners.actions.contacts import add_contact
from partners.actions.records import add_nps_answer, set_value
from partners.models import Partner, ProgramVersion, TierStanding
from prm.core.explain import to_json
from reporting.actions.qbr_actions import add_qbr_action
from reporting.queries.terms import terms_at
from reporting.queries.tier_page import tier_view
from reporting.views.manage.partner import SECTIONS, WHY
from tests.deals import stage as deals
from tests.reporting import stage
from tests.world import World
from training.actions.certificates import add_certificate

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def mia(world: World, sign_in, at: datetime):
    with time_machine.travel(at + timedelta(hours=3), tick=False):
        yield sign_in(world.mia)


@pytest.fixture
def partner(world: World, mia: Client) -> Partner:
    return stage.northwind(world)


def url(partner: Partner, rest: str = "") -> str:
    return f"/manage/partner/{partner.code}/{rest}"


def fill(world: World, partner: Partner, at: datetime, number: int) -> None:
    """One of everything that the page shows."""
    person = world.paul
    deals.submitted(person, at=at, customer_name=f"Customer {number} Works", customer_domain=f"customer-{number}.com")
    deals.approved(world, person, at=at, customer_name=f"Buyer {number} AG", customer_domain=f"buyer-{number}.com")
    add_contact(
        partner=partner, side="theirs", role="technical", name=f"Tom {number}", email=f"tom{number}@example.com",
        by=world.mia.actor, at=at,
    )  # fmt: skip
    add_certificate(
        partner=partner, holder_email=f"cert{number}@example.com", holder_name=f"Cert {number}", kind="sales",
        valid_from=date(2026, 1, 1), by=world.mia.actor, at=at, reason="test",
    )  # fmt: skip
    add_nps_answer(
        partner=partner, score=9, answered_on=date(2026, 5, 1), by=world.mia.actor, at=at, reason="survey",
        email=f"nps{number}@example.com",
    )  # fmt: skip
    add_qbr_action(partner=partner, title=f"Action {number}", side="us", by=world.mia.actor, at=at)
    stage.scored(partner, stage.day_after(at, -number * 9 - 1), deals_registered=number % 6)


def test_a_new_partner_has_a_page_that_says_what_will_be_there(mia: Client, partner: Partner) -> None:
    text = stage.text_of(mia.get(url(partner)))
    assert "Not scored yet" in text
    assert "Nothing of this partner waits for a decision" in text
    for section in SECTIONS:
        answer = mia.get(url(partner, f"{section}/"))
        assert answer.status_code == 200, section
        assert "empty-state" in answer.content.decode() or "sub" in answer.content.decode()


def test_the_scorecard_shows_health_with_its_evidence_and_the_way_up(
    world: World, mia: Client, partner: Partner, at: datetime
) -> None:
    stage.holds(partner, "gold", sourced_arr_t12m=Decimal(390_000), qualified_referrals_t12m=11, certified_people=4)
    stage.scored(partner, stage.day_after(at, -1), nps_promoters=4, nps_detractors=1, nps_answers=7, fit="moderate")
    text = stage.text_of(mia.get(url(partner)))
    assert "why 90?" in text
    assert "NPS 43 from 7 answers" in text
    assert "78 % to Platinum" in text
    assert "390,000 USD / 500,000 USD" in text
    assert "4 / 5" in text
    assert "commission rate 25 %" in text


def test_the_first_answer_takes_at_most_twelve_statements_whatever_the_partner_holds(
    world: World, mia: Client, partner: Partner, at: datetime
) -> None:
    fill(world, partner, at, 0)
    one = stage.beyond_the_shell(mia, url(partner))
    assert one <= 12
    for number in range(1, 30):
        fill(world, partner, at, number)
    assert stage.beyond_the_shell(mia, url(partner)) == one

    session_and_people = stage.statements(mia, "/manage/search/?q=a", **FRAGMENT, **{"HX-Target": "search-pop"})
    for section in SECTIONS:
        taken = stage.statements(mia, url(partner, f"{section}/"), **FRAGMENT, **{"HX-Target": f"section-{section}"})
        assert taken - session_and_people <= 6, section


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_a_fragment_for_htmx_and_a_page_for_everybody(
    world: World, mia: Client, partner: Partner, at: datetime, section: str
) -> None:
    fill(world, partner, at, 1)
    page = mia.get(url(partner, f"{section}/"))
    part = mia.get(url(partner, f"{section}/"), headers={**FRAGMENT, "HX-Target": f"section-{section}"})
    assert b"<html" in page.content
    assert b"<html" not in part.content
    assert b"<section" in part.content
    assert 'aria-current="page"' in page.content.decode()


def test_sections_show_what_is_there(world: World, mia: Client, partner: Partner, at: datetime) -> None:
    fill(world, partner, at, 1)
    expected = {
        "deals": "Customer 1 Works",
        "opportunities": "Buyer 1 AG",
        "people": "Tom 1",
        "certificates": "Sales Certified",
        "records": "Promoter",
        "reviews": "Action 1",
        "history": "Buyer 1 AG",
    }
    for section, words in expected.items():
        assert words in stage.text_of(mia.get(url(partner, f"{section}/"))), section


def test_why_health_gives_the_stored_reasons_in_words(mia: Client, partner: Partner, at: datetime) -> None:
    stage.scored(partner, stage.day_after(at, -1))
    text = stage.text_of(mia.get(url(partner, "why/health/")))
    assert "7 deals registered in 90 days 25 of 25" in text or "Activity 25 of 25 7 deals registered" in text
    assert "Standard partner program" in text


def test_why_tier_reads_the_stored_standing(world: World, mia: Client, partner: Partner, at: datetime) -> None:
    stage.holds(partner, "silver", sourced_arr_t12m=Decimal(60_000), certified_people=1)
    view = tier_view(Partner.objects.select_related("track", "tier").get(pk=partner.pk), terms_at(at))
    TierStanding.objects.create(
        partner=partner, day=stage.day_after(at, -1), version=ProgramVersion.objects.get(), tier=partner.tier,
        outcome="unchanged", sourced_arr=60_000, qualified_referrals=0, certified_people=1,
        explanation=to_json(view.next.lines),
    )  # fmt: skip
    text = stage.text_of(mia.get(url(partner, "why/tier/")))
    assert "60,000 USD of 100,000 USD" in text
    assert "40,000 USD to go" in text


def test_why_the_recommendation_weighs_value_revenue_health_and_growth(
    world: World, mia: Client, partner: Partner, at: datetime
) -> None:
    stage.scored(partner, stage.day_after(at, -1))
    set_value(partner=partner, score=5, rated_on=date(2026, 5, 1), by=world.mia.actor, at=at, reason="market access")
    text = stage.text_of(mia.get(url(partner, "why/value/")))
    assert "Invest" in text
    assert "5 of 5" in text
    assert "Technology" in text


@pytest.mark.parametrize("topic", WHY)
def test_why_has_an_answer_before_the_first_night(mia: Client, partner: Partner, topic: str) -> None:
    assert 'id="why"' in mia.get(url(partner, f"why/{topic}/")).content.decode()


def test_partners_never_reach_it(world: World, sign_in, partner: Partner) -> None:
    for person in (world.paul, world.rita):
        for rest in ("", "deals/", "why/health/"):
            assert sign_in(person).get(url(partner, rest)).status_code == 404


def test_a_partner_that_does_not_exist_is_not_found(mia: Client) -> None:
    assert mia.get("/manage/partner/PA-0000000/").status_code == 404


def test_names_cannot_carry_markup(world: World, mia: Client, partner: Partner, at: datetime) -> None:
    """Partner text stays text on the manager's page (trust T20)."""
    nasty = "<img src=x onerror=alert(1)>"
    deals.submitted(world.paul, at=at, customer_name=f"Acme {nasty}", customer_domain="acme-nasty.com")
    add_qbr_action(partner=partner, title=nasty, side="us", by=world.mia.actor, at=at)
    for path in (url(partner), url(partner, "deals/"), url(partner, "reviews/"), "/manage/", "/manage/search/?q=acme"):
        body = mia.get(path).content.decode()
        assert "<img src=x" not in body, path
    assert "&lt;img src=x" in mia.get(url(partner, "deals/")).content.decode()
