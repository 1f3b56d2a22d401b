"""Records by hand and contacts: who, why, and when."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from partners.actions.contacts import ContactRefused, add_contact, end_contact
from partners.actions.partners import NotYours
from partners.actions.records import RecordRefused, add_nps_answer, set_fit, set_value
from partners.models import FitRating, NpsAnswer, Partner, PartnerContact, ValueRating
from prm.core.models import AuditEntry
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db
TODAY = AT.date()
SAVES: list[Callable] = [
    lambda partner, **more: add_nps_answer(partner=partner, **({"score": 9, "answered_on": TODAY} | more)),
    lambda partner, **more: set_fit(partner=partner, **({"rating": "strong", "set_on": TODAY} | more)),
    lambda partner, **more: set_value(partner=partner, **({"score": 4, "rated_on": TODAY} | more)),
]


@pytest.mark.parametrize("save", SAVES)
def test_a_record_is_kept_with_author_reason_and_audit(world: World, northwind: Partner, save: Callable) -> None:
    row = save(northwind, by=world.mia.actor, at=AT, reason=" told on the phone ")
    assert (row.reason, row.by, row.source, row.created_at) == ("told on the phone", world.mia.user, "manual", AT)
    line = AuditEntry.objects.get(changes__record=row.code)
    assert (line.reason, line.organization_id) == ("told on the phone", northwind.pk)


@pytest.mark.parametrize("save", SAVES)
def test_a_record_needs_a_reason_and_rights(world: World, northwind: Partner, save: Callable) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    with pytest.raises(RecordRefused):
        save(northwind, by=world.mia.actor, at=AT, reason="  ")
    for person in (other, world.rory, world.paul):
        with pytest.raises(NotYours):
            save(northwind, by=person.actor, at=AT, reason="x")
    assert not (NpsAnswer.objects.count() + FitRating.objects.count() + ValueRating.objects.count())


@pytest.mark.parametrize(("save", "day"), list(zip(SAVES, ["answered_on", "set_on", "rated_on"], strict=True)))
def test_a_record_can_not_lie_in_the_future(world: World, northwind: Partner, save: Callable, day: str) -> None:
    with pytest.raises(RecordRefused):
        save(northwind, by=world.mia.actor, at=AT, reason="x", **{day: TODAY + timedelta(days=1)})


@pytest.mark.parametrize("score", [-1, 11])
def test_nps_answers_are_0_to_10(world: World, northwind: Partner, score: int) -> None:
    with pytest.raises(RecordRefused):
        SAVES[0](northwind, by=world.mia.actor, at=AT, reason="x", score=score)


@pytest.mark.parametrize("score", [0, 6])
def test_strategic_value_is_1_to_5(world: World, northwind: Partner, score: int) -> None:
    with pytest.raises(RecordRefused):
        SAVES[2](northwind, by=world.mia.actor, at=AT, reason="x", score=score)


def test_what_is_recorded_about_a_partner_is_not_for_its_people(world: World, northwind: Partner) -> None:
    for save in SAVES:
        save(northwind, by=world.mia.actor, at=AT, reason="x")
    for model in (NpsAnswer, FitRating, ValueRating):
        assert model.objects.visible_to(world.mia.actor).count() == 1
        assert not model.objects.visible_to(world.paul.actor).exists()


def test_contacts_link_to_members_of_the_right_company_only(world: World, northwind: Partner) -> None:
    def contact(side: str, email: str) -> PartnerContact:
        return add_contact(
            partner=northwind, side=side, role="technical", name="Somebody", email=email, by=world.mia.actor, at=AT
        )

    assert contact("theirs", "SARA@example.com").user == world.sara.user
    assert contact("theirs", "rita@example.com").user is None
    assert contact("ours", "vera@example.com").user == world.vera.user
    assert contact("ours", "sara@example.com").user is None
    with pytest.raises(ContactRefused):
        contact("theirs", "sara@example.com")


def test_a_contact_that_ended_makes_room_and_stays_as_history(world: World, northwind: Partner) -> None:
    values = {"partner": northwind, "side": "theirs", "role": "primary", "name": "Paul", "email": "paul@example.com"}
    first = add_contact(**values, by=world.mia.actor, at=AT)
    end_contact(contact=first, by=world.mia.actor, at=AT)
    add_contact(**values, by=world.mia.actor, at=AT)
    assert PartnerContact.objects.count() == 2
    assert PartnerContact.objects.current().count() == 1
    with pytest.raises(ContactRefused):
        add_contact(partner=northwind, side="theirs", role="primary", name=" ", by=world.mia.actor, at=AT)
