"""Rates agreed with single partners beyond their plan."""

from datetime import datetime, timedelta
from decimal import Decimal

from deals.actions.own_rates import set_own_rate
from prm.demo.stage import Stage

AGREED = (
    ("Atlas Alliance Group", "27", 200, None, "Custom terms for a strategic alliance: two joint products a year."),
    ("Cascade Cloud", "18", 90, 180, "Invests in a practice of its own this year."),
)
"""Partner, percent, agreed so many days ago, for so many days (None: until it is ended), and why."""


def plan_own_rates(stage: Stage) -> None:
    """One agreement without an end and one for half a year."""
    for name, percent, ago, days, reason in AGREED:
        if name in stage.partners:
            stage.plan(
                stage.moment(stage.today - timedelta(days=ago), 9),
                lambda at, name=name, percent=percent, days=days, reason=reason: _agree(
                    stage, at, name, Decimal(percent), days, reason
                ),
            )


def _agree(stage: Stage, at: datetime, name: str, percent: Decimal, days: int | None, reason: str) -> None:
    set_own_rate(
        partner=stage.partners[name],
        rate_percent=percent,
        valid_from=at.date(),
        valid_until=None if days is None else at.date() + timedelta(days=days),
        reason=reason,
        by=stage.by("Dan Okafor"),
        at=at,
    )
