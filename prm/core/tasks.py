"""Core's jobs. Each is one action, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from prm.core.actions import outbox, seals, sweeps, work_items


@shared_task(name="core.drain_outbox")
def drain_outbox() -> int:
    """Deliver what is due."""
    return outbox.deliver_due(at=timezone.now())


@shared_task(name="core.tick_work_items")
def tick_work_items() -> dict[str, int]:
    """Warn and escalate."""
    return work_items.tick_work_items(at=timezone.now())


@shared_task(name="core.seal_audit")
def seal_audit() -> int:
    """Seal every ended day that is not sealed yet."""
    return seals.seal_ended_days(at=timezone.now())


@shared_task(name="core.sweep_expired")
def sweep_expired() -> dict[str, int]:
    """Purge what must not be kept."""
    return sweeps.sweep_expired(at=timezone.now())
