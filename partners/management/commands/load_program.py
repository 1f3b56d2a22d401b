"""``manage.py load_program FILE --from DATE``: put a program from a file in force."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import (
    ProgramFileRefused,
    blueprint_text,
    read_program_file,
    shipped_blueprints,
)
from prm.core.actors import Actor
from prm.core.refused import Refused


class Command(BaseCommand):
    """Reads strictly, says every problem with its line, and writes nothing unless all is well."""

    help = "Publish a program file (or a shipped blueprint by name) from a date on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file, the date and the rehearsal."""
        parser.add_argument("file", help="path of a YAML file, or the name of a shipped blueprint")
        parser.add_argument("--from", dest="valid_from", required=True, type=_date, metavar="DATE")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, write the draft, publish it; undo all of it when rehearsing."""
        try:
            read = read_program_file(_content(options["file"]))
        except ProgramFileRefused as refusal:
            for problem in refusal.problems:
                self.stderr.write(str(problem))
            raise CommandError(f"{options['file']} was refused: {len(refusal.problems)} problem(s)") from None
        for warning in read.warnings:
            self.stderr.write(f"warning, {warning}")
        by, at = Actor.system("load_program"), timezone.now()
        try:
            with transaction.atomic():
                version = load_program(program=read.program, source_text=read.text, by=by, at=at)
                publish_version(version=version, valid_from=options["valid_from"], by=by, at=at)
                transaction.set_rollback(options["dry_run"])
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        done = "would be" if options["dry_run"] else "is"
        self.stdout.write(f"{version.name} ({version.code}) {done} in force from {options['valid_from']}")


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _content(name: str) -> bytes | str:
    path = Path(name)
    if path.is_file():
        return path.read_bytes()
    if name in shipped_blueprints():
        return blueprint_text(name)
    raise CommandError(f"{name} is neither a file nor one of {', '.join(shipped_blueprints())}")
