"""Standing in: who may arrange it, for whom, and that history knows."""

from datetime import timedelta

import pytest

from partners.actions.cover import CoverRefused, cover_territory, delegate, uncover_territory, undelegate
from partners.models import Delegation, Partner, TerritoryCover
from partners.queries.authority import can_decide_for
from prm.core.models import AuditEntry
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db
TODAY = AT.date()


def test_a_cover_lets_a_manager_decide_until_it_ends(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    cover = cover_territory(user=other.user, territory=" DACH ", by=world.ada.actor, at=AT)
    assert can_decide_for(other.actor, northwind, AT)
    with pytest.raises(CoverRefused):
        cover_territory(user=other.user, territory="DACH", by=world.ada.actor, at=AT)
    uncover_territory(cover=cover, by=world.ada.actor, at=AT)
    assert not can_decide_for(other.actor, northwind, AT)
    lines = AuditEntry.objects.filter(code__startswith="partners.cover.").values_list("code", flat=True)
    assert list(lines.order_by("pk")) == ["partners.cover.started", "partners.cover.ended"]


def test_a_delegation_is_dated_and_can_be_taken_back(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    days = {"starts_on": TODAY, "ends_on": TODAY + timedelta(days=7)}
    given = delegate(giver=world.mia.user, taker=other.user, **days, reason="Leave", by=world.ada.actor, at=AT)
    assert can_decide_for(other.actor, northwind, AT)
    undelegate(delegation=given, by=world.ada.actor, at=AT)
    assert not can_decide_for(other.actor, northwind, AT)
    assert AuditEntry.objects.filter(code__startswith="partners.delegation.").count() == 2


def test_nobody_arranges_it_for_themselves_or_for_people_who_do_not_decide(world: World) -> None:
    days = {"starts_on": TODAY, "ends_on": TODAY}
    with pytest.raises(CoverRefused):
        cover_territory(user=world.mia.user, territory="DACH", by=world.mia.actor, at=AT)
    for user in (world.rory.user, world.paul.user):
        with pytest.raises(CoverRefused):
            cover_territory(user=user, territory="DACH", by=world.ada.actor, at=AT)
        with pytest.raises(CoverRefused):
            delegate(giver=world.mia.user, taker=user, **days, by=world.ada.actor, at=AT)
    for values in (
        {"taker": world.mia.user, **days},
        {"taker": world.dan.user, "starts_on": TODAY, "ends_on": TODAY - timedelta(days=1)},
    ):
        with pytest.raises(CoverRefused):
            delegate(giver=world.mia.user, **values, by=world.ada.actor, at=AT)
    with pytest.raises(CoverRefused):
        cover_territory(user=world.mia.user, territory="  ", by=world.ada.actor, at=AT)
    assert not TerritoryCover.objects.exists()
    assert not Delegation.objects.exists()
