"""What each side reads of a deal's history (T6)."""

from datetime import timedelta

import pytest

from deals.actions import claims, decisions
from deals.queries.timeline import timeline
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db


def told(registration, person) -> str:
    registration.refresh_from_db()
    lines = timeline(thing=registration, actor=person.actor)
    return "\n".join(f"{line.title} | {line.note} | {line.quote}" for line in lines)


def test_who_when_and_why_newest_first(world: World) -> None:
    registration = stage.returned(world, world.sara)
    lines = timeline(thing=registration, actor=world.sara.actor)
    assert [line.title for line in lines] == [
        "Returned by Dan Okafor",
        "Submitted by Sara Nowak",
        "Draft started by Sara Nowak",
    ]
    assert (lines[0].note, lines[0].quote) == ("clock stopped", "Which business unit?")
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


def test_the_vendors_reasons_and_the_claims_way_stay_with_the_vendor(world: World) -> None:
    first, second = stage.submitted(world.sara), stage.submitted(world.rita)
    claims.transfer_claim(registration=second, by=world.dan.actor, at=AT + timedelta(hours=1), reason="SECRET letter")
    decisions.approve_registration(
        registration=second, by=world.dan.actor, at=AT + timedelta(hours=2), note="Good luck", reason="SECRET reason"
    )
    for registration, person in ((first, world.sara), (second, world.rita)):
        assert "SECRET" not in told(registration, person)
        assert "another partner" not in told(registration, person)
        assert "SECRET" in told(registration, world.mia)
    assert "Good luck" in told(second, world.rita)
    assert "handed over to another partner" in told(first, world.mia)


@pytest.mark.parametrize("make", [stage.submitted, stage.draft])
def test_one_statement_whatever_happened(world: World, make, django_assert_num_queries) -> None:
    registration = make(world.sara)
    with django_assert_num_queries(2):  # the history, and whether there is an opportunity
        timeline(thing=registration, actor=world.sara.actor)
