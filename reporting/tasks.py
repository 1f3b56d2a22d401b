"""Reporting's jobs: thin, ids in, one action out, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from reporting.actions import night, packs, scorecards


@shared_task(name="reporting.run_due_nights")
def run_due_nights() -> list[str]:
    """Run each ended business date that is not done."""
    return [on.isoformat() for on in night.run_due_nights(now=timezone.now)]


@shared_task(name="reporting.refresh_scorecard")
def refresh_scorecard(partner_id: int) -> None:
    """Compute one partner's health and tier as of today, after something changed by day."""
    scorecards.refresh_partner(partner_id=partner_id, at=timezone.now())


@shared_task(name="reporting.render_pack", soft_time_limit=90, time_limit=120)
def render_pack(code: str) -> str:
    """Make one QBR pack's PDF and store it; the state it ended in."""
    return packs.render_pack_file(code=code, at=timezone.now())


@shared_task(name="reporting.resume_packs")
def resume_packs() -> dict[str, int]:
    """Order again what the broker or a worker lost."""
    return packs.resume_packs(at=timezone.now())
