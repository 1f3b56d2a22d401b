"""Prove the books on demand."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from deals.actions.reconciliations import reconcile
from deals.queries.reconciliation import CHECKS, Proven
from prm.core.actors import Actor


class Command(BaseCommand):
    """Every invariant, or those named; exit status 1 when one does not hold."""

    help = "Prove the invariants of the books and name what contradicts them."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--check`` may be given several times."""
        parser.add_argument("--check", action="append", default=[], choices=list(CHECKS), metavar="I4")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was looked at and what is wrong."""
        found = reconcile(by=Actor.system("reconcile"), at=timezone.now(), codes=options["check"])
        if options["json"]:
            self.stdout.write(json.dumps([as_json(proven) for proven in found], indent=1, ensure_ascii=False))
        else:
            for proven in found:
                self._say(proven)
        broken = [proven.check.code for proven in found if not proven.finding.holds]
        if broken:
            raise CommandError(f"The books do not hold: {', '.join(broken)}.")

    def _say(self, proven: Proven) -> None:
        finding = proven.finding
        figures = "".join(f", {name.replace('_', ' ')} {value}" for name, value in finding.figures)
        word = "holds" if finding.holds else f"BROKEN {finding.broken}"
        self.stdout.write(
            f"{proven.check.code:<4} {word:<10} {proven.seconds:6.2f} s  {proven.check.title}"
            f" (looked at {finding.seen}{figures})"
        )
        for offender in finding.offenders:
            self.stdout.write(f"       {offender}")
        if finding.broken > len(finding.offenders):
            self.stdout.write(f"       … and {finding.broken - len(finding.offenders)} more")


def as_json(proven: Proven) -> dict[str, Any]:
    """One proof as plain data."""
    finding = proven.finding
    return {
        "check": proven.check.code,
        "title": str(proven.check.title),
        "holds": finding.holds,
        "seen": finding.seen,
        "broken": finding.broken,
        "seconds": round(proven.seconds, 3),
        "figures": dict(finding.figures),
        "offenders": [offender.to_json() | {"words": offender.words} for offender in finding.offenders],
    }
