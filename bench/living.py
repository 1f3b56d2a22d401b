"""What a world needs before people look at it: a night."""

from datetime import UTC, datetime, timedelta

import psycopg

from bench.generator import World
from bench.measure import Broken
from partners.models import Partner
from prm.core.actions.outbox import unattended
from reporting.actions.night import run_night
from reporting.actions.night_steps import STEPS
from reporting.choices import RunTrigger


def live(world: World, owner: psycopg.Connection) -> None:
    """Run the night of yesterday, all of its steps but the packs, unless it ran already."""
    if Partner.objects.filter(scored_on__isnull=False).exists():
        return
    steps = [step for step in STEPS if step.job in ("night.facts", "night.health", "night.tiers")]
    with unattended():
        done = run_night(
            on=world.today - timedelta(days=1), trigger=RunTrigger.SCHEDULE, now=lambda: datetime.now(UTC), steps=steps
        )
    if not done:
        raise Broken("the night before failed")
    owner.execute("VACUUM ANALYZE")
