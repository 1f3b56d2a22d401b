"""The Celery application and the whole schedule, one line a job: name, when, why.

Beat ticks in UTC; each job asks the program's calendar what day it is there. All jobs are safe to run twice.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prm.settings")

app = Celery("prm")
app.set_default()


def configure() -> None:
    """Read ``settings.CELERY`` and find every app's ``tasks`` module."""
    from django.conf import settings

    app.conf.update(settings.CELERY)
    app.conf.beat_schedule = {
        name: {"task": task, "schedule": when, "options": {"expires": 3600}} for name, task, when, _why in SCHEDULE
    }
    app.autodiscover_tasks()


SCHEDULE = [
    (
        "outbox",
        "core.drain_outbox",
        5.0,
        "deliver what requests left in the outbox, even if the wake-up was lost",
    ),
    ("clock", "core.tick_work_items", 60.0, "mark work due soon or breached, and escalate breaches once"),
    ("night", "reporting.run_due_nights", crontab(minute=7), "run each ended business date once, in order"),
    ("packs", "reporting.resume_packs", crontab(minute=37), "order packs again that the broker or a worker lost"),
    (
        "payouts",
        "deals.resume_payout_runs",
        crontab(minute=47),
        "go on with payout runs that were lost midway",
    ),
    ("seal", "core.seal_audit", crontab(hour=0, minute=30), "seal yesterday's audit lines"),
    (
        "sweep",
        "core.sweep_expired",
        crontab(hour=3, minute=15),
        "purge secrets from sent mail, drop stale sessions",
    ),
]

configure()
