"""What customers signed and what became of it: billing by the month, customers that left, and SPIFFs that ran."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from deals.actions.contract_imports import ContractEventImporter
from deals.actions.spiffs import create_spiff
from deals.choices import ContractStatus, PlanModel
from deals.models import Contract
from prm.core.business_time import add_months, last_complete_quarter
from prm.demo.cast import NORTHWIND
from prm.demo.stage import DAY, Stage

BILLING_DAY = 3
LEAVES, SHRINKS = 0.02, 0.015  # of the customers in their first half year, each month
RENEWS = 0.85
# What happened at Northwind's customers, by how many it had signed before: every story needs its setbacks.
NORTHWINDS = {3: "cancelled", 6: "downgraded", 9: "refunded"}


def plan_contracts(stage: Stage) -> None:
    """The billing system's file of each month, and the SPIFFs."""
    month = stage.start.replace(day=1)
    while month <= stage.today:
        stage.plan(stage.moment(month.replace(day=BILLING_DAY), 7), lambda at: _bill(stage, at))
        month = add_months(month, 1)
    _plan_spiffs(stage)


def _bill(stage: Stage, at: datetime) -> None:
    """What the customers did since the last file: first payments, shares of a year, renewals, and the end of some."""
    rows: list[dict[str, Any]] = []
    contracts = Contract.objects.filter(status=ContractStatus.ACTIVE).select_related("opportunity__partner")
    seen = 0
    for contract in contracts.prefetch_related("events", "earning_terms").order_by("pk"):
        partner = contract.opportunity.partner
        is_northwinds = partner is not None and partner == stage.partners[NORTHWIND]
        seen += is_northwinds
        rows += _of_contract(stage, contract, at.date(), NORTHWINDS.get(seen - 1) if is_northwinds else None)
    stage.bring_in(ContractEventImporter(), rows, at, f"billing-{at:%Y-%m}.csv")


def _of_contract(stage: Stage, contract: Contract, today: date, fate: str | None) -> list[dict[str, Any]]:
    kinds = {event.kind for event in contract.events.all()}
    age = (today - contract.started_on).days
    rows: list[dict[str, Any]] = []

    def add(kind: str, on: date, amount: Decimal | None = None, note: str = "") -> None:
        rows.append(
            {
                "external_id": f"BILL-{contract.code}-{kind}-{on.isoformat()}",
                "contract": contract.code,
                "kind": kind,
                "effective_on": on.isoformat(),
                "amount": "" if amount is None else f"{amount:.2f}",
                "currency": contract.currency,
                "note": note,
            }
        )

    if any(terms.plan.get("model") == PlanModel.RECURRING for terms in contract.earning_terms.all()):
        add("paid", today - DAY, contract.current_annual_amount / 12)
    elif contract.first_paid_on is None and age > 12 and stage.chance.random() > 0.06:
        add("paid", min(contract.started_on + timedelta(days=stage.chance.randint(5, 25)), today), contract.amount)
    elif 25 <= age < 175:
        luck = stage.chance.random()
        if fate is not None and fate not in kinds and age >= 40:
            _change(add, fate, contract, today)
        elif fate is None and luck < LEAVES:
            add(
                "cancelled", today - timedelta(days=stage.chance.randint(0, 9)), note="Project stopped by the customer."
            )
        elif fate is None and luck < LEAVES + SHRINKS and "downgraded" not in kinds:
            _change(add, "downgraded", contract, today)
    elif age >= 365 and "renewed" not in kinds and age < 400:
        on = add_months(contract.started_on, 12)
        if stage.chance.random() < RENEWS:
            amount = (contract.current_annual_amount * Decimal("1.05")).quantize(Decimal(1))
            add("renewed", on, amount)
            add("paid", min(on + 9 * DAY, today), amount)
        else:
            add("cancelled", on, note="Not renewed.")
    return rows


def _change(add: Any, kind: str, contract: Contract, today: date) -> None:
    on = today - 2 * DAY
    if kind == "cancelled":
        add(kind, on, note="Moved to a group-wide contract of its parent.")
    elif kind == "downgraded":
        add(kind, on, (contract.current_annual_amount * Decimal("0.75")).quantize(Decimal(1)), "Fewer seats.")
    else:
        add(kind, on, (contract.amount / 10).quantize(Decimal(1)), "Credit for a late start.")


def _plan_spiffs(stage: Stage) -> None:
    """A launch that is over, a welcome for new partners, a bounty on a competitor, and a push of the last quarter."""
    quarter = last_complete_quarter(stage.today - DAY)
    launched = stage.today - timedelta(days=100)
    for day, values in (
        (
            launched,
            {
                "name": "Secure Workspace launch",
                "kind": "product_launch",
                "value": Decimal(2),
                "ends_on": launched + timedelta(days=59),
                "budget_amount": Decimal(15_000),
                "note": "Twice the commission on every deal with Secure Workspace.",
            },
        ),
        (
            stage.start + timedelta(days=20),
            {
                "name": "Welcome bonus",
                "kind": "first_deal",
                "value": Decimal(1000),
                "ends_on": stage.today + timedelta(days=40),
                "budget_amount": Decimal(30_000),
                "note": "For the first deal within 90 days of signing the agreement.",
            },
        ),
        (
            stage.today - timedelta(days=90),
            {
                "name": "Goodbye Contoso",
                "kind": "displacement",
                "value": Decimal(2000),
                "ends_on": stage.today + timedelta(days=30),
                "budget_amount": Decimal(20_000),
                "competitor": "Contoso",
                "note": "For each customer that leaves Contoso for us.",
            },
        ),
        (
            quarter.start,
            {
                "name": "Quarterly push",
                "kind": "quarterly_push",
                "value": Decimal(10),
                "ends_on": quarter.end,
                "budget_amount": Decimal(25_000),
                "quota_amount": Decimal(60_000),
                "note": "Ten percent on top of the quarter's commission from 60,000 of sourced revenue.",
            },
        ),
    ):
        stage.plan(stage.moment(day, 7.1), lambda at, values=values: _launch(stage, at, values))


def _launch(stage: Stage, at: datetime, values: dict[str, Any]) -> None:
    products = [each for each in stage.products if each.name == "Secure Workspace"]
    create_spiff(
        **values,
        starts_on=at.date(),
        currency="USD",
        products=products if values["kind"] == "product_launch" else (),
        by=stage.by("Dan Okafor"),
        at=at,
    )
