"""Stories with a known end, and what must not matter: the order of independent events, a second night, the scale."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from deals.actions.contract_events import record_contract_event
from deals.models import Commission, ContractEvent
from deals.queries.earnings import balances
from tests.deals import payables
from tests.deals.money.test_state_machine import Story, programs, undone
from tests.world import World

FEW_ORDERS = 6


@pytest.fixture
def story(world: World) -> Story:
    """Both partners can be paid, three plans are in force."""
    programs()
    payables.details(world.paul)
    payables.details(world.rita, account=payables.OTHER_IBAN, account_holder="Rival", notice_email="m@rival.example")
    return Story(world)


def later(story: Story, days: int, nights: int = 1) -> None:
    story.pass_time(story.at + timedelta(days=days))
    story.night(nights)


def amounts() -> list[Decimal]:
    return list(Commission.objects.order_by("pk").values_list("amount", flat=True))


# --- Hidden traps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "value", "rate", "expected"),
    [
        ("USD", "0.63", "20", "0.13"),  # 0.126
        ("USD", "1.25", "10", "0.13"),  # 0.125, half away from zero
        ("USD", "0.05", "10", "0.01"),  # 0.005
        ("USD", "0.04", "10", None),  # 0.004 earns nothing and makes no line
        ("USD", "100000", "33.3333", "33333.30"),
        ("USD", "33.33", "33.3333", "11.11"),
        ("JPY", "1234567", "20", "246913"),  # 246,913.4
        ("JPY", "333", "33.3333", "111"),
        ("KWD", "0.125", "10", "0.013"),  # 0.0125
        ("KWD", "1000.005", "33.3333", "333.335"),
    ],
)
def test_rates_are_rounded_once_half_away_from_zero(
    story: Story, currency: str, value: str, rate: str, expected: str | None
) -> None:
    story.own_rate("northwind", rate)
    story.win("Suite", currency, Decimal(value), "northwind")
    story.agree()
    assert amounts() == ([Decimal(expected)] if expected else [])


def test_a_clawback_is_rounded_half_away_from_zero_too(story: Story) -> None:
    """Half of 0.01 is 0.005, which takes back the whole cent; what is left of it is nothing, and never less."""
    story.own_rate("northwind", "10")
    deal = story.win("Suite", "USD", Decimal("0.05"), "northwind")
    later(story, 40)
    story.happens(deal, "cancelled")
    story.happens(deal, "fraud")
    story.agree()
    assert amounts() == [Decimal("0.01"), Decimal("-0.01")]


def test_three_shares_of_a_cent_never_come_to_more_than_the_cent(story: Story) -> None:
    story.own_rate("northwind", "10")
    deal = story.win("Suite", "USD", Decimal("0.09"), "northwind")
    later(story, 10)
    for value in ("0.06", "0.03", "0"):
        story.happens(deal, "downgraded", Decimal(value))
    story.agree()
    assert amounts() == [Decimal("0.01")]  # a third of a cent is nothing, three times


def test_a_refund_greater_than_the_sale_takes_all_of_it_once(story: Story) -> None:
    deal = story.win("Analytics", "USD", Decimal(12000), "northwind")
    story.happens(deal, "paid", Decimal(1000))
    story.happens(deal, "refunded", Decimal(99999))
    story.happens(deal, "refunded", Decimal(99999))
    story.agree()
    assert amounts() == [Decimal(150), Decimal(-150)]


def test_a_clawback_after_the_run_is_carried_forward_below_the_minimum_and_netted_in_the_end(story: Story) -> None:
    """Paid 4,800; all of it comes back; 20 earned since do not outweigh it; 6,000 do, and 1,220 are paid."""
    first = story.win("Suite", "USD", Decimal(24000), "northwind")
    story.happens(first, "paid", Decimal(24000))
    later(story, 28)
    later(story, 2)
    run = story.ask("USD")
    story.approve(run)
    story.process(run)
    story.move(run, run.items[0], "pay")
    story.happens(first, "fraud")
    story.states_agree()
    small = story.win("Suite", "USD", Decimal(100), "northwind")
    story.happens(small, "paid", Decimal(100))
    later(story, 40, 2)
    assert story.ask("USD") is None
    [standing] = balances().values()
    assert (standing.payable, standing.paid) == (Decimal(-4780), Decimal(4800))
    big = story.win("Suite", "USD", Decimal(20000), "northwind")
    story.happens(big, "paid", Decimal(20000))
    later(story, 30)
    last = story.ask("USD")
    assert [item.amount for item in last.items] == [Decimal(1220)]
    story.agree()


def test_everything_that_can_become_of_a_payout(story: Story) -> None:
    """Returned, sent again, returned, taken out, paid by the next run; cancelled; disputed on its way; ended; final."""
    deals = {
        name: story.win("Suite", "USD", Decimal(amount), name, other)
        for name, amount, other in (("northwind", 24000, "rival"), ("rival", 12000, ""))
    }
    for deal in deals.values():
        story.happens(deal, "paid", Decimal(5000), f"PAY-{deal.value}")
    later(story, 31, 2)
    story.cancel(story.ask("USD"))
    run = story.ask("USD")
    story.approve(run)
    story.process(run)
    lines = list(story.books.lines)
    story.dispute(lines[0], Decimal(100))
    northwind, rival = run.items
    story.move(run, northwind, "fail")
    story.retry(run)  # it is held now
    assert (northwind.state, run.state) == ("failed", "partial")
    story.end_dispute(lines[0], "upheld")
    story.retry(run)
    story.move(run, northwind, "fail")
    story.move(run, northwind, "out")
    story.move(run, rival, "pay")
    assert run.state == "completed"
    story.agree()
    story.states_agree()
    story.close()
    later(story, 1)
    story.close()
    story.happens(deals["rival"], "cancelled")
    second = story.ask("USD")
    story.dispute(lines[1], Decimal(1))
    story.end_dispute(lines[1], "withdrawn")
    story.approve(second)
    story.process(second)
    story.end("northwind")
    story.move(second, second.items[0], "fail")
    story.retry(second)  # the partnership is over
    assert second.items[0].state == "failed"
    story.agree()
    later(story, 200, 2)
    assert {line.state for line in story.books.lines} >= {"final", "payable"}
    story.states_agree()
    story.agree()


# --- What must not matter ---------------------------------------------------------------------------------------------


def test_the_order_of_independent_events_does_not_matter(story: Story) -> None:
    """Three deals of two partners: paid, downgraded, implemented on the same day, in every order."""
    steps = [("Suite", "paid", Decimal(900)), ("Analytics", "paid", Decimal(77)), ("Platform", "implemented", None)]
    deals = {
        product: story.win(product, "USD", Decimal(9000), first, second)
        for product, first, second in (
            ("Suite", "northwind", "rival"),
            ("Analytics", "rival", ""),
            ("Platform", "northwind", ""),
        )
    }
    found = set()
    for order in list(permutations(steps))[:FEW_ORDERS]:
        with undone():
            other = Story(story.world)
            other.contracts = {product: story.contracts[id(deal)] for product, deal in deals.items()}
            for product, kind, amount in order:
                record(other, product, kind, amount)
            found.add(tuple(sorted((key, tuple(vars(each).values())) for key, each in balances().items())))
    assert len(found) == 1


def record(story: Story, product: str, kind: str, amount: Decimal | None) -> ContractEvent:
    return record_contract_event(
        contract=story.contracts[product], kind=kind, effective_on=story.books.today, amount=amount,
        by=story.world.finn.actor, at=story.at,
    )  # fmt: skip


def test_a_second_night_changes_nothing(story: Story) -> None:
    deal = story.win("Suite", "USD", Decimal(24000), "northwind", "rival")
    story.happens(deal, "paid", Decimal(24000))
    story.happens(deal, "downgraded", Decimal(18000))
    later(story, 30)

    def fingerprint() -> list:
        return [*Commission.objects.order_by("pk").values_list("pk", "status", "version"), *balances().items()]

    before = fingerprint()
    story.night(2)
    assert fingerprint() == before
    story.agree()


@pytest.mark.parametrize("value", ["24000", "33.33", "0.63"])
def test_a_hundred_times_the_amount_earns_a_hundred_times_as_much_within_half_a_cent_a_line(
    story: Story, value: str
) -> None:
    story.own_rate("northwind", "33.3333")
    for scale in (1, 100):
        deal = story.win("Suite", "USD", Decimal(value) * scale, "northwind")
        story.happens(deal, "paid", Decimal(value) * scale)
        story.happens(deal, "refunded", Decimal("0.21") * scale)
    one, taken_one, hundred, taken_hundred = amounts()
    assert abs(one * 100 - hundred) <= Decimal("0.5")
    assert abs(taken_one * 100 - taken_hundred) <= Decimal("0.5")
    story.agree()
