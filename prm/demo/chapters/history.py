"""Deals from before registrations came in here, as the CRM knew them.

Most partners' deals come in won or lost. Those of a few, with whom commission was agreed from the start, come in open
and are confirmed here, so that they have contracts and two years of earnings.
"""

from datetime import date, datetime, timedelta
from typing import Any

from deals.actions import opportunities
from deals.models import Opportunity
from prm.core.business_time import add_months
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.stage import Stage

EARNING = {cast.NORTHWIND, cast.RIVAL, "Cloudkontor"}


def pace(stage: Stage, profile: Profile, day: date) -> float:
    """Deals a quarter around a day."""
    years = (day - stage.start).days / 365
    return max(profile.deals * (1 + profile.trend / 100) ** years, 0.0)


def amount_of(stage: Stage, profile: Profile) -> int:
    """The value of one deal of a partner in whole hundreds."""
    return int(round(profile.size * stage.chance.lognormvariate(0, 0.45), -2)) or 100


def plan_history(stage: Stage, profile: Profile, begins: date) -> None:
    """Deals that were won or lost while another system kept them; they come in by month of their end."""
    rows: dict[date, list[dict[str, Any]]] = {}
    day, number = begins, 0
    while day < stage.system_since:
        wait = 91 / max(pace(stage, profile, day), 0.05)
        day += timedelta(days=max(int(stage.chance.expovariate(1 / wait)), 1))
        closed = day + timedelta(days=stage.chance.randint(15, 80))
        if day >= stage.system_since or closed >= stage.today:
            continue
        number += 1
        customer, _domain = next(stage.customers)
        won = stage.chance.random() < 0.62
        month = date(closed.year, closed.month, 1)
        external_id = f"CRM-{profile.domain.split('.')[0]}-{number}"
        confirms = won and profile.name in EARNING
        if confirms:
            at = stage.moment(add_months(month, 1), 9 + number / 60)
            stage.plan(at, lambda at, number=external_id, closed=closed: _confirm(stage, profile, number, closed, at))
        rows.setdefault(month, []).append(
            {
                "external_id": external_id,
                "partner": profile.domain,
                "stage": "negotiation" if confirms else "won" if won else "lost",
                "product": stage.chance.choice(cast.PRODUCTS)[0],
                "account": customer,
                "amount": amount_of(stage, profile),
                "currency": "USD",
                "term_months": 12,
                "engaged_on": day.isoformat(),
                "closed_on": "" if confirms else closed.isoformat(),
                "lost_reason": "" if won else stage.chance.choice(["price", "competitor", "timing", "no_budget"]),
            }
        )
    for month, deals in rows.items():
        stage.history.setdefault(month, []).extend(deals)


def _confirm(stage: Stage, profile: Profile, external_id: str, closed: date, at: datetime) -> None:
    """The partner's manager confirms what the CRM reported as signed in the month before."""
    opportunities.confirm_won(
        opportunity=Opportunity.objects.get(external_id=external_id), by=stage.owner(profile.name), at=at, won_on=closed
    )
