"""Commission lines for stories about earnings: booked through the one door, in the state that a story needs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from deals.actions.commissions import book_lines
from deals.choices import CommissionStatus, EarningTrigger
from deals.models import Commission
from deals.rules.commissions import Inputs, calculate
from partners.queries.program import version_at
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.explain import to_json
from tests.deals.stage import partner_of
from tests.world import AT, Person

_numbers = count(1)
SETUP = Actor.system("tests")


def earned(
    person: Person,
    *,
    at: datetime = AT,
    base: str = "24000",
    rate: str = "20",
    currency: str = "USD",
    status: str = CommissionStatus.ACCRUED,
    title: str = "Helios Energy GmbH",
    **more: Any,
) -> Commission:
    """24,000 × 20 % = 4,800 earned by the person's company on the day; payable ones since the same day."""
    done = calculate(
        Inputs(model="first_year", currency=currency, base_amount=Decimal(base), rate_percent=Decimal(rate), **more)
    )
    on = at.date()
    days: dict[str, date | None] = {"triggered_on": on, "payable_on": on, "final_on": on + timedelta(days=180)}
    [line] = book_lines(
        lines=[
            Commission(
                code=new_code("CM"),
                partner=partner_of(person),
                kind=done.kind,
                source_key=f"stage:{next(_numbers)}",
                program_version=version_at(on),
                plan_code="solution_commission",
                plan_name="Solution commission",
                title=title,
                base_amount=done.inputs.base_amount,
                rate_percent=done.inputs.rate_percent,
                amount=done.amount,
                currency=currency,
                inputs=done.inputs.to_json(),
                lines=to_json(done.lines),
                earned_on=on,
                created_at=at,
                status=status,
                waits_for=EarningTrigger.FIRST_PAYMENT if status == CommissionStatus.ACCRUED else "",
                holdback_days=30,
                **(days if status == CommissionStatus.PAYABLE else {}),
            )
        ],
        by=SETUP,
        at=at,
    )
    return line
