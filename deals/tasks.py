"""The jobs of deals: thin, ids in, one action out, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from deals.actions import payout_runs, statements


@shared_task(name="deals.process_payout_run")
def process_payout_run(code: str) -> str:
    """Prepare the payouts of an approved run and write its files for the bank."""
    return str(payout_runs.process_run(code=code, at=timezone.now()))


@shared_task(name="deals.resume_payout_runs")
def resume_payout_runs() -> list[str]:
    """Go on with runs that the broker or a worker lost."""
    return sorted(payout_runs.resume_runs(at=timezone.now()))


@shared_task(name="deals.render_statement", soft_time_limit=90, time_limit=120)
def render_statement(code: str) -> str:
    """Make one monthly statement as PDF and CSV; the state it ended in."""
    return statements.make_statement(code=code, at=timezone.now())
