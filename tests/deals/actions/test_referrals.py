"""Referrals: open to every tier, with their own clock, their own check and no protection."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from deals.actions import opportunities, referrals
from deals.actions.registrations import IncompleteRefused, RegistrationRefused
from deals.choices import ReferralStatus as Status
from deals.kinds import REFERRAL
from deals.models import Claim, Opportunity, Referral
from partners.models import Grant
from prm.core.models import WorkItem
from prm.core.refused import Refused
from tests.deals import stage
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db

VALUES = {
    "customer_name": "Quarry Stone",
    "customer_domain": "quarry-stone.de",
    "customer_country": "DE",
    "contact_name": "Ole Quast",
}


def sent(person: Person, **changes: object) -> Referral:
    return referrals.submit_referral(
        partner=stage.partner_of(person), by=person.actor, at=AT, values={**VALUES, **changes}
    )


def test_everyone_may_refer_and_nothing_is_protected(world: World) -> None:
    Grant.objects.all().delete()
    referral = sent(world.sara)
    assert referral.status == Status.SUBMITTED
    assert not Claim.objects.exists()
    item = WorkItem.objects.get(kind=REFERRAL)
    assert (item.assignee, item.due_at) == (world.mia.user, AT + timedelta(hours=24))


def test_what_is_known_is_kept_for_who_decides(world: World) -> None:
    stage.submitted(world.rita, customer_domain="quarry-stone.de", customer_name="Quarry")
    referral = sent(world.sara)
    assert referral.conflict_outcome == "conflict"
    assert referral.matches.get().strength == "exact"


@pytest.mark.parametrize("field", ["customer_name", "customer_country", "contact_name"])
def test_a_name_a_country_and_somebody_to_talk_to(world: World, field: str) -> None:
    with pytest.raises(IncompleteRefused) as refusal:
        sent(world.sara, **{field: ""})
    assert set(refusal.value.fields) == {field}
    assert not Referral.objects.exists()


def test_nobody_refers_for_another_company(world: World) -> None:
    with pytest.raises(RegistrationRefused):
        referrals.submit_referral(partner=stage.partner_of(world.rita), by=world.sara.actor, at=AT, values=VALUES)


def test_qualified_counts_from_its_day_and_ends_with_its_deal(world: World) -> None:
    referral = referrals.accept_referral(referral=sent(world.sara), by=world.mia.actor, at=AT, note="Thank you")
    deal = referrals.qualify_referral(
        referral=referral, by=world.mia.actor, at=AT + timedelta(days=3), amount=Decimal(24000), currency="USD"
    )
    referral.refresh_from_db()
    assert (referral.status, referral.qualified_on) == (Status.QUALIFIED, date(2026, 6, 18))
    assert (deal.origin, deal.arr, deal.is_partner_worked) == ("referral", 24000, False)
    assert Opportunity.objects.sourced().get() == deal
    opportunities.lose_opportunity(opportunity=deal, by=world.mia.actor, at=AT + timedelta(days=9), reason="price")
    referral.refresh_from_db()
    assert (referral.status, referral.lost_reason) == (Status.LOST, "price")
    assert referral.qualified_on == date(2026, 6, 18)


def test_only_published_steps_by_those_who_decide(world: World) -> None:
    referral = sent(world.sara)
    steps = {
        "accept": lambda by: referrals.accept_referral(referral=referral, by=by, at=AT),
        "decline": lambda by: referrals.decline_referral(referral=referral, by=by, at=AT, reason="Known"),
        "qualify": lambda by: referrals.qualify_referral(
            referral=referral, by=by, at=AT, amount=Decimal(1), currency="USD"
        ),
    }
    for person in (world.sara, world.rita, world.rory, world.finn, world.ada):
        for step in steps.values():
            with pytest.raises(Refused):
                step(person.actor)
    with pytest.raises(Refused):
        steps["qualify"](world.mia.actor)
    steps["decline"](world.mia.actor)
    for step in steps.values():
        with pytest.raises(Refused):
            step(world.dan.actor)
    assert WorkItem.objects.get(kind=REFERRAL).outcome == "declined"
