"""What the nights did, date by date, and which are missing."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from partners.queries.program import program_today
from prm.core.actors import Actor
from prm.core.models import WorkItem
from reporting.choices import RunState, RunTrigger
from reporting.models import JobRun

NIGHT = "night"
DATES_SHOWN = 14


@dataclass
class DateRun:
    """All runs of one business date: the night as a whole and its steps, in the order in which they ran."""

    on: date
    whole: JobRun | None = None
    steps: list[JobRun] = field(default_factory=list)
    by_hand: list[JobRun] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """How many rows were skipped, over all steps."""
        return sum(len(step.skipped or []) for step in self.steps)

    @property
    def state(self) -> str:
        """The word for the date: that of the night, or of its steps while there is no night row."""
        if self.whole:
            return self.whole.state
        states = {step.state for step in self.steps or self.by_hand}
        return RunState.FAILED if RunState.FAILED in states else RunState.DONE


@dataclass(frozen=True)
class JobsView:
    """The newest dates, the first of those before, the mark and whether the clock waits for an answer."""

    dates: list[DateRun]
    older_than: date | None
    last_done: date | None
    missed: int
    question: WorkItem | None


def jobs(actor: Actor, *, at: datetime, before: date | None = None) -> JobsView:
    """The runs of the newest dates (before a date, for the next page), in a constant number of statements."""
    visible = JobRun.objects.visible_to(actor)
    older = visible.filter(on__lt=before) if before else visible
    days = list(older.order_by("-on").values_list("on", flat=True).distinct()[: DATES_SHOWN + 1])
    shown = days[:DATES_SHOWN]
    dates = {on: DateRun(on) for on in shown}
    for run in visible.filter(on__in=shown).order_by("-on", "started_at", "pk"):
        place = dates[run.on]
        if run.trigger == RunTrigger.MANUAL:
            place.by_hand.append(run)
        elif run.job == NIGHT:
            place.whole = run
        else:
            place.steps.append(run)
    done = (
        visible.filter(job=NIGHT, trigger=RunTrigger.SCHEDULE, state=RunState.DONE)
        .order_by("-on")
        .values_list("on", flat=True)
        .first()
    )
    yesterday = program_today(at) - timedelta(days=1)
    question = WorkItem.objects.visible_to(actor).open().filter(kind="reporting.missed_nights").first()
    return JobsView(
        dates=list(dates.values()),
        older_than=shown[-1] if len(days) > DATES_SHOWN else None,
        last_done=done,
        missed=max((yesterday - done).days, 0) if done else 0,
        question=question,
    )
