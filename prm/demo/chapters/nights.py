"""Nights, weekly and then daily, and people who keep their desks clean."""

from datetime import date, datetime, timedelta

from partners.actions.health import ALERT, acknowledge_health_alert
from partners.models import Partner
from prm.core.actions import work_items
from prm.core.business_time import day_end
from prm.core.models import Notice, WorkItem
from prm.demo.stage import DAILY_NIGHTS, DAY, Stage, deliver
from reporting.actions import night
from reporting.actions.night_steps import STEPS
from reporting.choices import RunTrigger

PROVED_DAYS_AGO = (2, 9, 16, 23, 30)


def plan_nights(stage: Stage) -> None:
    """Weekly, then daily, but not the last one: that is the worker's, with the packs that are due."""
    day, daily_from = stage.start, stage.today - timedelta(days=DAILY_NIGHTS)
    while day < stage.today - DAY:
        stage.plan(day_end(day, "UTC") + timedelta(minutes=7), lambda at, day=day: _night(stage, day, at))
        day = day + DAY if day >= daily_from else min(day + timedelta(days=7), daily_from)


def _night(stage: Stage, day: date, at: datetime) -> None:
    work_items.tick_work_items(at=at)
    # The proof of the books says the same each night; told once a week at the end, it has a history to show.
    left_out = {"night.packs"} if (stage.today - day).days in PROVED_DAYS_AGO else {"night.packs", "night.reconcile"}
    steps = tuple(step for step in STEPS if step.job not in left_out)
    if not night.run_night(on=day, trigger=RunTrigger.SCHEDULE, now=lambda: at, steps=steps):
        raise RuntimeError(f"the night of {day} failed")
    deliver(at)
    _catch_up(stage, at)


def _catch_up(stage: Stage, at: datetime) -> None:
    """People read their notices, and managers take up alerts within a week; what is fresher still waits."""
    Notice.objects.filter(read_at=None, at__lt=at - 3 * DAY).update(read_at=at)
    stale = WorkItem.objects.open().filter(kind=ALERT, opened_at__lt=at - 7 * DAY)
    for partner in Partner.objects.filter(pk__in=stale.values("about_id")).select_related("organization"):
        acknowledge_health_alert(partner=partner, by=stage.owner(partner.organization.name), at=at)
