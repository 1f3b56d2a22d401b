"""Run the night on demand."""

from datetime import date

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from prm.core.actors import Actor
from prm.core.refused import Refused
from reporting.actions import night
from reporting.models import JobRun


class Command(BaseCommand):
    """Without options: what the clock does, every ended date that is not done, in order."""

    help = "Run the nightly steps: missed dates in order, or all steps as of one date."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--as-of`` computes one date by hand and never moves the mark of the last night done."""
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD")

    def handle(self, *args: object, **options: object) -> None:
        """Print what each step did."""
        on = options["as_of"]
        began = timezone.now()
        try:
            if on is None:
                done = night.run_due_nights(now=timezone.now)
                self.stdout.write(f"nights done: {', '.join(day.isoformat() for day in done) or 'none were due'}")
            elif not night.run_as_of(on=on, now=timezone.now, by=Actor.system("command")):
                self._print(began)
                raise CommandError("a step failed; see above")
        except Refused as error:
            raise CommandError(error.message) from error
        self._print(began)

    def _print(self, began: object) -> None:
        for run in JobRun.objects.filter(started_at__gte=began).order_by("on", "started_at"):
            self.stdout.write(
                f"{run.on} {run.job:<16} {run.get_state_display():<8} {run.seconds or 0:6.2f} s"
                f"  looked at {run.seen}, changed {run.changed}, skipped {len(run.skipped)} {run.error}"
            )
            for row in run.skipped:
                self.stdout.write(f"    skipped {row['partner']}: {row['why']}")
