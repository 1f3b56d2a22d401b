"""What the vendor's own sales won and are working on, as the CRM knew it: the base of every partner's share.

The figures have a chance of their own, so that what partners do does not depend on them. Customers are others than the
partners' ones: nobody's registration meets them by accident.
"""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from deals.actions.imports import OpportunityImporter
from prm.core.business_time import add_months
from prm.demo import cast
from prm.demo.stage import Stage

WON = 52
OPEN = 10
USUAL = 330_000
GROWTH = 1.25  # a year


def plan_direct(stage: Stage) -> None:
    """Some sixty direct deals over two years, in the files of the months in which they were won or begun."""
    chance = Random(52)
    customers = [f"{first} {second}" for first in cast.DIRECT_FIRST for second in cast.DIRECT_SECOND]
    chance.shuffle(customers)
    days = (stage.today - stage.start).days - 60
    rows: dict[date, list[dict[str, Any]]] = {}
    for number in range(WON + OPEN):
        is_open = number >= WON
        if is_open:
            begun = stage.today - timedelta(days=9 * (number - WON + 1))
            closed = None
        else:
            closed = stage.start + timedelta(days=60 + number * days // WON)
            begun = closed - timedelta(days=chance.randint(30, 50))
        day = closed or begun
        size = USUAL * GROWTH ** ((day - stage.start).days / 365 - 1) * chance.lognormvariate(0, 0.3)
        rows.setdefault(day.replace(day=1), []).append(
            {
                "external_id": f"CRM-direct-{number + 1}",
                "origin": "direct",
                "partner": "",
                "stage": chance.choice(["qualified", "proposal", "negotiation"]) if is_open else "won",
                "product": chance.choice(cast.PRODUCTS)[0],
                "account": customers[number],
                "amount": int(round(size, -3)),
                "currency": "USD",
                "term_months": 12,
                "engaged_on": begun.isoformat(),
                "expected_close_on": (day + timedelta(days=chance.randint(95, 150))).isoformat() if is_open else "",
                "closed_on": closed.isoformat() if closed else "",
            }
        )
    for month, deals in sorted(rows.items()):
        at = stage.moment(min(add_months(month, 1), stage.today), 6.2)
        stage.plan(at, lambda at, deals=deals, month=month: _bring_in(stage, month, deals, at))


def _bring_in(stage: Stage, month: date, deals: list[dict[str, Any]], at: datetime) -> None:
    stage.bring_in(OpportunityImporter(), deals, at, f"crm-direct-{month:%Y-%m}.csv")
