"""How stories about earnings begin: plans in force, deals won through the actions, and what happens to contracts."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from deals.actions.contract_events import record_contract_event
from deals.models import Commission, Contract, ContractEvent, LedgerEntry
from deals.queries.earnings import Balance, balances
from deals.rules.recomputation import recalculate
from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import Partner
from partners.rules.incentive_terms import IncentiveTerms
from tests.deals import stage
from tests.partners import making
from tests.world import AT, Person, World

DAY = timedelta(days=1)
TODAY = AT.date()
RATED = {"first_year", "recurring", "hybrid"}
WON = date(2026, 6, 18)  # three days after the story begins, see ``stage.reported``
_numbers = count(1)


def plans(*given: dict[str, Any], valid_from: date = TODAY, **incentives: Any) -> None:
    """The standard program with these plans instead of its own, in force from a day."""
    read = read_program_file(blueprint_text("standard"))
    topics = read.program.topics
    terms = IncentiveTerms.from_dict(topics["incentives"].to_dict() | {"plans": list(given)} | incentives)
    program = replace(read.program, topics=topics | {"incentives": terms})
    version = load_program(program=program, source_text=read.text, by=making.SETUP, at=AT)
    publish_version(version=version, valid_from=valid_from, by=making.SETUP, at=AT)


def plan(model: str = "first_year", **more: Any) -> dict[str, Any]:
    """A plan for every deal: 20 % where the model has a rate and nothing else is said."""
    rated = (
        {"rate_percent": "20"} if model in {"first_year", "recurring", "hybrid"} and "rate_benefit" not in more else {}
    )
    return {"code": model, "name": model.replace("_", " ").capitalize(), "model": model, **rated, **more}


def won(world: World, *, by: Person | None = None, at: datetime = AT, amount: Any = 24000, **changes: Any) -> Contract:
    """A deal of another customer, registered, approved and won three days later; its contract."""
    number = next(_numbers)
    values = {
        "customer_name": f"Customer {number} AG",
        "customer_domain": f"customer-{number}.com",
        "amount": Decimal(amount),
        "term_months": 12,
        "first_contact_on": at.date() - 4 * DAY,
        "expected_close_on": at.date() + 60 * DAY,
    }
    registration = stage.won(world, by or world.sara, at=at, **values | changes)
    return Contract.objects.get(opportunity__registration=registration)


def happens(
    world: World, contract: Contract, kind: str, after: int = 0, amount: Any = None, **more: Any
) -> ContractEvent:
    """An event so many days after the contract's start, recorded by finance on that day (or on ``at``)."""
    on = contract.started_on + after * DAY
    at = more.pop("at", AT + (on - TODAY) + timedelta(hours=5))
    return record_contract_event(
        contract=contract,
        kind=kind,
        effective_on=on,
        amount=None if amount is None else Decimal(amount),
        by=more.pop("by", world.finn).actor,
        at=at,
        **more,
    )


def lines(contract: Contract) -> list[tuple[str, Decimal, str]]:
    """Kind, amount and state of every line of a contract, as they were written."""
    return [(row.kind, row.amount, row.status) for row in Commission.objects.filter(contract=contract).order_by("pk")]


def amounts(contract: Contract) -> list[Decimal]:
    """Only the amounts."""
    return [amount for _kind, amount, _status in lines(contract)]


def balance(partner: Partner, currency: str = "USD") -> Balance:
    """What the queries say of a partner; nothing at all is all zeros."""
    return balances([partner.pk]).get((partner.pk, currency), Balance())


def is_sound() -> bool:
    """The invariants that must hold after every step: I1, I2, I3, I7, I11."""
    books: dict[tuple[int, str], Decimal] = {}
    for entry in LedgerEntry.objects.all():
        books[entry.transaction_id, entry.currency] = (
            books.get((entry.transaction_id, entry.currency), Decimal(0)) + entry.amount
        )
    balanced = not any(books.values())
    equal = all(each.earned - each.clawed_back == each.owed + each.paid for each in balances().values())
    rows = list(Commission.objects.all())
    recomputed = all(recalculate(row.inputs) == row.amount for row in rows)
    within = all(
        0
        <= -sum(each.amount for each in rows if each.origin_id == row.pk and each.amount < 0 and each.status != "void")
        <= row.amount
        for row in rows
        if row.amount > 0
    )
    return balanced and equal and recomputed and within
