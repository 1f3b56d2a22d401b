"""What time alone does to earnings: due, final, quarters settled; one piece of news a night; the bad row left out."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from deals.actions import earning_nights, ledger
from deals.actions.commissions import adjust_commission, free_commissions, hold_commissions
from deals.actions.earning_nights import finalize_commissions, release_commissions, run_earnings
from deals.actions.rebates import pay_rebates
from deals.actions.spiff_pushes import award_quarterly_pushes
from deals.models import Commission, Spiff
from prm.core.actions.outbox import deliver_due
from prm.core.actors import Actor
from prm.core.business_time import day_end
from prm.core.codes import new_code
from prm.core.models import Mail, Notice
from tests.deals import earning
from tests.deals.earning import happens, plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
NIGHT = Actor.system("night")
DAY = timedelta(days=1)


def night(on: date, **more: Any) -> dict[str, int]:
    """The night before the morning of a day."""
    return run_earnings(on=on, by=NIGHT, at=midnight(on), **more)


def midnight(on: date) -> datetime:
    """The moment at which a day begins."""
    return day_end(on - DAY, "UTC")


def states(world: World) -> list[str]:
    """The states of all lines in order."""
    return list(Commission.objects.order_by("pk").values_list("status", flat=True))


# --- Due --------------------------------------------------------------------------------------------


def test_a_line_is_payable_on_the_morning_after_its_holdback(world: World) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "paid", 3, 24000)
    due = contract.started_on + 33 * DAY
    assert (night(due - DAY)["payable"], states(world)) == (0, ["accrued"])
    assert (night(due)["payable"], states(world)) == (1, ["payable"])
    assert (night(due)["payable"], night(due + DAY)["payable"]) == (0, 0)
    assert earning.balance(partner_of(world.sara)).payable == 4800
    assert earning.is_sound()


def test_what_waits_for_the_customer_is_not_due(world: World) -> None:
    plans(plan())
    won(world)
    assert night(AT.date() + 900 * DAY)["payable"] == 0


def test_a_line_and_its_clawback_go_together(world: World) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "downgraded", 10, 12000)
    assert night(contract.started_on + 33 * DAY)["payable"] == 2
    found = earning.balance(partner_of(world.sara))
    assert (found.accrued, found.payable) == (0, 2400)


@pytest.mark.parametrize("held", [0, 1])
def test_neither_goes_while_one_of_them_is_held(world: World, held: int) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "paid", 3, 24000)
    happens(world, contract, "downgraded", 10, 12000)
    line = list(contract.commissions.order_by("pk"))[held]
    hold_commissions(commissions=[line], reason="dispute", by=world.sara.actor, at=AT + 12 * DAY)
    due = contract.started_on + 33 * DAY
    assert (night(due)["payable"], states(world)) == (0, ["accrued", "accrued"])
    free_commissions(commissions=[line], by=world.finn.actor, at=midnight(due))
    assert night(due + DAY)["payable"] == 2


def test_the_row_at_fault_is_named_and_the_others_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plans(plan())
    lines = []
    for _each in range(5):
        contract = won(world)
        happens(world, contract, "paid", 3, 24000)
        lines.append(contract.commissions.get())
    bad, post = lines[2], ledger.post_release

    def failing(*, commissions: list[Commission], **more: Any) -> int:
        if bad in commissions:
            raise ValueError("this one")
        return post(commissions=commissions, **more)

    monkeypatch.setattr(earning_nights.ledger, "post_release", failing)
    skipped: list[tuple[str, str]] = []
    done = night(lines[0].contract.started_on + 33 * DAY, skip=lambda code, error: skipped.append((code, str(error))))
    assert done["payable"] == 4
    assert skipped == [(bad.code, "this one")]
    assert earning.is_sound()


def test_without_somebody_to_tell_the_error_goes_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plans(plan())
    contract = won(world)
    happens(world, contract, "paid", 3, 24000)
    monkeypatch.setattr(earning_nights.ledger, "post_release", lambda **_: 1 / 0)
    due = contract.started_on + 33 * DAY
    with pytest.raises(ZeroDivisionError):
        release_commissions(on=due, by=NIGHT, at=midnight(due))


def test_a_night_takes_the_same_statements_for_one_and_for_many(world: World, django_assert_num_queries) -> None:
    plans(plan())
    for count, after in ((1, 3), (6, 60)):
        for _each in range(count):
            contract = won(world)
            happens(world, contract, "paid", after, 24000)
        due = contract.started_on + (after + 30) * DAY
        with django_assert_num_queries(14):
            assert release_commissions(on=due, by=NIGHT, at=midnight(due)) == count


# --- Final ------------------------------------------------------------------------------------------


def test_a_paid_line_is_final_after_the_clawback_window(world: World) -> None:
    plans(plan())
    contract = won(world)
    line = contract.commissions.get()
    assert line.final_on == contract.started_on + 180 * DAY
    ends = line.final_on
    assert finalize_commissions(on=ends, by=NIGHT, at=midnight(ends)) == 0  # not paid
    Commission.objects.filter(pk=line.pk).update(status="paid", paid_on=AT.date() + 40 * DAY)
    assert finalize_commissions(on=ends - DAY, by=NIGHT, at=midnight(ends)) == 0
    assert finalize_commissions(on=ends, by=NIGHT, at=midnight(ends)) == 1
    assert finalize_commissions(on=ends, by=NIGHT, at=midnight(ends)) == 0
    line.refresh_from_db()
    assert (line.status, line.final_on) == ("final", ends)


# --- News -------------------------------------------------------------------------------------------


def test_one_piece_of_news_a_night_for_admins_and_finance_only(world: World) -> None:
    plans(plan())
    for _each in range(3):
        contract = won(world)
        happens(world, contract, "paid", 3, 24000)
    other = won(world, currency="EUR")
    due = contract.started_on + 33 * DAY
    happens(world, other, "cancelled", 20, at=midnight(due) - timedelta(hours=3))
    assert night(due)["told"] == 1
    assert night(due)["told"] == 1  # the clawback again, which the handler knows
    while deliver_due(at=midnight(due)):
        pass
    told = Notice.objects.filter(topic="deals.earnings_moved")
    assert {each.membership.user.name for each in told} == {"Paul Keller", "Toni Vale"}
    mail = Mail.objects.filter(topic="deals.earnings_moved").first()
    assert mail is not None
    assert "14,400" in mail.body_text
    assert "4,800 EUR" in mail.body_text.replace("\N{NO-BREAK SPACE}", " ")
    assert told.count() == 2


# --- Quarters ---------------------------------------------------------------------------------------


def margin() -> dict[str, Any]:
    """A margin of 20 % for resold deals."""
    return plan("margin", scope={"deal": "resale"}, rate_percent="20")


def test_a_volume_of_600000_gives_10000_less_what_was_given(world: World) -> None:
    plans(plan(), margin())
    quarter = date(2026, 6, 30)
    first = won(world, amount=300000, engagement="resale")
    assert pay_rebates(on=quarter - DAY, by=NIGHT, at=midnight(quarter)) == 0  # it has not ended
    assert pay_rebates(on=quarter, by=NIGHT, at=midnight(quarter + DAY)) == 1
    assert pay_rebates(on=quarter + DAY, by=NIGHT, at=midnight(quarter + 2 * DAY)) == 0
    won(world, amount=300000, engagement="resale", at=AT + 30 * DAY)
    assert pay_rebates(on=date(2026, 9, 30), by=NIGHT, at=midnight(date(2026, 10, 1))) == 1
    rebates = Commission.objects.filter(kind="rebate").order_by("pk")
    assert [(line.amount, line.base_amount) for line in rebates] == [(1000, 300000), (9000, 600000)]
    happens(world, first, "cancelled", 120)
    won(world, amount=200000, engagement="resale", at=AT + 120 * DAY)
    assert pay_rebates(on=date(2026, 12, 31), by=NIGHT, at=midnight(date(2027, 1, 1))) == 0  # 500,000 earned 5,000
    assert earning.is_sound()


def test_rebates_are_for_resold_volume_in_the_programs_currency(world: World) -> None:
    plans(plan(), margin())
    won(world, amount=900000)
    won(world, amount=900000, engagement="resale", currency="EUR")
    assert pay_rebates(on=date(2026, 6, 30), by=NIGHT, at=midnight(date(2026, 7, 1))) == 0


def push(**more: Any) -> Spiff:
    """A quarterly push of 10 % for 20,000 of sourced revenue in the second quarter."""
    values: dict[str, Any] = {
        "name": "Second quarter push",
        "kind": "quarterly_push",
        "starts_on": date(2026, 4, 1),
        "ends_on": date(2026, 6, 30),
        "currency": "USD",
        "percent": Decimal(10),
        "quota_amount": Decimal(20000),
        "budget_amount": Decimal(1000),
    }
    return Spiff.objects.create(code=new_code("SP"), created_at=AT, **values | more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [Decimal(480)]),
        ({"quota_amount": Decimal(24000)}, [Decimal(480)]),
        ({"quota_amount": Decimal(24001)}, []),
        ({"currency": "EUR"}, []),
        ({"budget_amount": Decimal(479)}, []),
        ({"partner_types": ["si"]}, []),
        ({"status": "ended"}, []),
        ({"percent": Decimal(21)}, []),
    ],
)
def test_a_push_adds_to_a_quarters_commission_when_the_quota_is_met(
    world: World, given: dict, expected: list[Decimal]
) -> None:
    plans(plan())
    spiff = push(**given)
    won(world, amount=24000)
    ended = date(2026, 6, 30)
    award_quarterly_pushes(on=ended - DAY, by=NIGHT, at=midnight(ended))
    assert not Commission.objects.filter(kind="push").exists()
    for _twice in range(2):
        award_quarterly_pushes(on=ended, by=NIGHT, at=midnight(ended + DAY))
    assert list(Commission.objects.filter(kind="push").values_list("amount", flat=True)) == expected
    spiff.refresh_from_db()
    assert spiff.spent_amount == sum(expected)
    assert earning.is_sound()


def test_a_push_is_on_what_is_left_of_the_commission(world: World) -> None:
    plans(plan())
    push()
    contract = won(world, amount=40000)
    happens(world, contract, "downgraded", 5, 30000)
    adjust_commission(
        commission=contract.commissions.first(),
        amount=Decimal(-1000),
        reason="Agreed",
        source_key="test",
        by=world.finn.actor,
        at=AT + 6 * DAY,
    )
    award_quarterly_pushes(on=date(2026, 6, 30), by=NIGHT, at=midnight(date(2026, 7, 1)))
    assert Commission.objects.get(kind="push").amount == (8000 - 2000 - 1000) / 10
