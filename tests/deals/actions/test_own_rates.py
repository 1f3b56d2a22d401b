"""Rates of single partners: dated, with a reason, never two at once, never reaching back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from deals.actions.own_rates import OwnRateRefused, end_own_rate, set_own_rate
from deals.models import OwnRate
from prm.core.models import AuditEntry
from tests.deals import stage
from tests.deals.earning import amounts, plan, plans, won
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db
TODAY = AT.date()
DAY = timedelta(days=1)


def agreed(world: World, *, by: Person | None = None, **changes: Any) -> OwnRate:
    values = {
        "partner": stage.partner_of(world.sara),
        "rate_percent": Decimal(27),
        "valid_from": TODAY,
        "reason": "Brings the largest customers",
    }
    return set_own_rate(**values | changes, by=(by or world.dan).actor, at=AT)


def test_an_agreed_rate_counts_for_what_is_signed_from_its_first_day(world: World) -> None:
    plans(plan("first_year"))
    before = won(world, amount=10000)
    agreed(world, valid_from=before.signed_on + DAY)
    # agreed on the day of the world, though it begins later
    after = won(world, at=AT + 2 * DAY, amount=10000)
    assert (amounts(before), amounts(after)) == ([2000], [2700])
    told = AuditEntry.objects.get(code="deals.own_rate.set")
    assert (told.reason, told.changes["rate_percent"]) == ("Brings the largest customers", "27")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_from": TODAY - DAY}, "valid_from"),
        ({"valid_until": TODAY - DAY}, "valid_until"),
        ({"rate_percent": Decimal(101)}, "rate_percent"),
        ({"plan_code": "unheard_of"}, "plan_code"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_what_can_not_be_agreed(world: World, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(OwnRateRefused) as refused:
        agreed(world, **changes)
    assert refused.value.field == field
    assert not OwnRate.objects.exists()


@pytest.mark.parametrize(
    ("since", "until", "is_free"),
    [(0, 5, False), (5, None, False), (10, 12, False), (11, None, True), (-0, 30, False)],
)
def test_two_never_hold_at_once(world: World, since: int, until: int | None, is_free: bool) -> None:
    agreed(world, valid_from=TODAY + 2 * DAY, valid_until=TODAY + 10 * DAY)
    period = {"valid_from": TODAY + since * DAY, "valid_until": None if until is None else TODAY + until * DAY}
    if is_free:
        agreed(world, **period)
        return
    with pytest.raises(OwnRateRefused) as refused:
        agreed(world, **period)
    assert refused.value.code == "deals.own_rate.overlaps"
    assert "27 %" in refused.value.message
    agreed(world, **period, partner=stage.partner_of(world.rita))  # another partner's is its own matter
    agreed(world, **period, plan_code="solution_commission")


@pytest.mark.parametrize("name", ["mia", "finn", "sue", "rory", "sara", "paul"])
def test_who_may_not(world: World, name: str) -> None:
    row = agreed(world)
    with pytest.raises(OwnRateRefused):
        agreed(world, by=world.people[name], partner=stage.partner_of(world.rita))
    with pytest.raises(OwnRateRefused):
        end_own_rate(own_rate=row, last_day=TODAY, reason="x", by=world.people[name].actor, at=AT)
    row.refresh_from_db()
    assert row.valid_until is None


def test_ending(world: World) -> None:
    row = agreed(world)
    with pytest.raises(OwnRateRefused):
        end_own_rate(own_rate=row, last_day=TODAY - 2 * DAY, reason="x", by=world.dan.actor, at=AT)
    end_own_rate(own_rate=row, last_day=TODAY + 5 * DAY, reason="New terms", by=world.dan.actor, at=AT)
    row.refresh_from_db()
    assert row.valid_until == TODAY + 5 * DAY
    with pytest.raises(OwnRateRefused) as refused:
        end_own_rate(own_rate=row, last_day=date(2027, 1, 1), reason="Later", by=world.dan.actor, at=AT)
    assert refused.value.code == "deals.own_rate.ends_before"
    assert AuditEntry.objects.filter(code="deals.own_rate.ended", reason="New terms").count() == 1


def test_one_that_has_not_begun_is_given_up(world: World) -> None:
    row = agreed(world, valid_from=TODAY + 9 * DAY)
    end_own_rate(own_rate=row, last_day=TODAY, reason="Not signed", by=world.dan.actor, at=AT)
    assert not OwnRate.objects.exists()
    assert AuditEntry.objects.filter(code="deals.own_rate.ended").count() == 1
