"""What the night did."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from reporting.choices import RunState, RunTrigger


class JobRunQuerySet(models.QuerySet["JobRun"]):
    """Runs, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "JobRunQuerySet":
        """Vendor staff with the permission; nobody else."""
        return self if actor.can("core.jobs_view") else self.none()


class JobRun(models.Model):
    """One step of one business date: ran when, took how long, changed and skipped what.

    Runs by the clock are unique per step and date, so a second night of the same date does nothing. A run
    by hand is a row of its own and never moves the mark of the last night done.
    """

    job = models.CharField(_("job"), max_length=60)
    on = models.DateField(_("for"))
    trigger = models.CharField(_("started"), max_length=10, choices=RunTrigger)
    state = models.CharField(_("state"), max_length=10, choices=RunState)
    started_at = models.DateTimeField(_("began"))
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    seen = models.PositiveIntegerField(_("looked at"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    skipped = models.JSONField(_("skipped"), default=list)
    detail = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = [
            models.UniqueConstraint(
                fields=["job", "on"], condition=models.Q(trigger="schedule"), name="reporting_job_run_once"
            )
        ]
        indexes = [models.Index(fields=["-on", "job"], name="reporting_job_run_recent")]

    def __str__(self) -> str:
        return f"{self.job} {self.on}"

    @property
    def seconds(self) -> float | None:
        """How long it took, in seconds; ``None`` while running."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
