"""The night: one table of ordered steps, run once for each ended business date.

A date is done when all its steps are. Missed dates are caught up in order, dated by the period and not by the
moment they run; after a long gap the night asks an administrator instead of writing weeks of notices. A run by
hand (``run_as_of``) computes the same rows and never moves the mark of the last date done.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Max

from partners.queries.program import program_time_zone, program_today
from prm.core.actions import audit, work_items
from prm.core.actors import Actor
from prm.core.business_time import day_end
from prm.core.models import Organization
from prm.core.refs import Ref
from prm.core.refused import Refused
from reporting.actions.night_steps import STEPS, Night, Step, StepResult
from reporting.choices import RunState, RunTrigger
from reporting.models import JobRun

log = structlog.get_logger(__name__)

NIGHT = "night"
MOST_MISSED = 35
NIGHT_LOCK = 0x9261

Now = Callable[[], datetime]


class NightRefused(Refused):
    """The night can't be run or resumed as asked."""


def last_night() -> date | None:
    """The mark: the last business date that the clock has done; ``None`` before the first."""
    return JobRun.objects.filter(job=NIGHT, trigger=RunTrigger.SCHEDULE, state=RunState.DONE).aggregate(Max("on"))[
        "on__max"
    ]


def missed_nights(*, at: datetime) -> list[date]:
    """Ended business dates that are not done, oldest first; on a new installation only yesterday."""
    yesterday = program_today(at) - timedelta(days=1)
    mark = last_night()
    first = mark + timedelta(days=1) if mark else yesterday
    return [first + timedelta(days=n) for n in range((yesterday - first).days + 1)]


def run_due_nights(*, now: Now) -> list[date]:
    """Run every missed date in order; the dates done. Does nothing while another process is at it.

    More than 35 missed dates are not run: an administrator is asked once, by a work item, where to go on.
    """
    done: list[date] = []
    with _only_one() as mine:
        if not mine:
            log.info("night.already_running")
            return done
        missed = missed_nights(at=now())
        if len(missed) > MOST_MISSED:
            _ask_where_to_go_on(missed, at=now())
            return done
        for on in missed:
            if not run_night(on=on, trigger=RunTrigger.SCHEDULE, now=now):
                break
            done.append(on)
    return done


def run_as_of(*, on: date, now: Now, by: Actor) -> bool:
    """Run all steps for a date by hand; whether all went well. The mark stays where it is.

    Raises NightRefused while a night is running, and for a date that has not ended: its results would look later than
    those of the nights that are still to come, which then would change nothing.
    """
    if on >= program_today(now()):
        raise NightRefused("date", "Choose a date that has ended.")
    with _only_one() as mine:
        if not mine:
            raise NightRefused("running", "The night is running already. Try again when it has finished.")
        audit.record(code="reporting.night.run_by_hand", by=by, at=now(), ref=Ref("reporting.night", on.isoformat()))
        return run_night(on=on, trigger=RunTrigger.MANUAL, now=now)


def resume_after(*, on: date, by: Actor, at: datetime) -> None:
    """Declare all dates up to ``on`` as passed over, so that the clock goes on with the day after.

    Raises NightRefused for a date that has not ended or is behind the mark.
    """
    mark = last_night()
    if on >= program_today(at) or (mark and on <= mark):
        raise NightRefused("date", "Choose an ended date after the last night done.")
    with transaction.atomic():
        JobRun.objects.create(
            job=NIGHT,
            on=on,
            trigger=RunTrigger.SCHEDULE,
            state=RunState.DONE,
            started_at=at,
            finished_at=at,
            detail={"passed_over_from": mark.isoformat() if mark else None},
        )
        audit.record(
            code="reporting.night.passed_over",
            by=by,
            at=at,
            ref=Ref("reporting.night", on.isoformat()),
            changes={"mark": [mark, on]},
        )
        work_items.close_work_items(ref=_QUESTION, outcome="answered", by=by, at=at)


def run_night(*, on: date, trigger: RunTrigger, now: Now, steps: Sequence[Step] = STEPS) -> bool:
    """All steps of one date; stops at the first that fails, because later steps build on earlier ones.

    The caller holds the night's lock, or knows that nobody else can be at it.
    """
    whole = _begin(NIGHT, on, trigger, now())
    night = Night(on=on, at=day_end(on, program_time_zone()), by=Actor.system(NIGHT))
    total = StepResult()
    for step in steps:
        result = _run_step(step.job, step.run, night, trigger, now)
        if result is None:
            _finish(whole, RunState.FAILED, now(), StepResult(), error=f"step {step.job} failed")
            return False
        total.seen, total.changed = max(total.seen, result.seen), total.changed + result.changed
    _finish(whole, RunState.DONE, now(), total)
    return True


def _run_step(
    job: str, run: Callable[[Night], StepResult], night: Night, trigger: RunTrigger, now: Now
) -> StepResult | None:
    row = _begin(job, night.on, trigger, now())
    try:
        result = run(night)
    except Exception as error:  # named on the jobs page and tried again by the clock
        log.exception("night.step_failed", job=job, on=night.on.isoformat())
        _finish(row, RunState.FAILED, now(), StepResult(), error=repr(error)[:2000])
        return None
    _finish(row, RunState.DONE, now(), result)
    return result


def _begin(job: str, on: date, trigger: RunTrigger, at: datetime) -> JobRun:
    fresh = {"state": RunState.RUNNING, "started_at": at, "finished_at": None, "error": ""}
    if trigger == RunTrigger.MANUAL:
        return JobRun.objects.create(job=job, on=on, trigger=trigger, **fresh)
    row, _ = JobRun.objects.update_or_create(job=job, on=on, trigger=trigger, defaults=fresh)
    return row


def _finish(row: JobRun, state: RunState, at: datetime, result: StepResult, error: str = "") -> None:
    row.state, row.finished_at, row.error = state, at, error
    row.seen, row.changed, row.skipped, row.detail = result.seen, result.changed, result.skipped, result.detail
    row.save(update_fields=["state", "finished_at", "error", "seen", "changed", "skipped", "detail"])


@contextmanager
def _only_one() -> Iterator[bool]:
    """Hold the night's lock for this database session, or learn that another has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [NIGHT_LOCK])
        mine = cursor.fetchone()[0]
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [NIGHT_LOCK])


_QUESTION = Ref("reporting.night", "missed")


def _ask_where_to_go_on(missed: list[date], *, at: datetime) -> None:
    from prm.core.models import WorkItem

    if WorkItem.objects.open().about(_QUESTION.kind, _QUESTION.code).exists():
        return
    work_items.open_work_item(
        kind="reporting.missed_nights",
        ref=_QUESTION,
        organization_id=Organization.objects.get(kind="vendor").pk,
        title=f"{len(missed)} nights were missed since {missed[0].isoformat()}: say where to go on",
        role="admin",
        at=at,
    )
