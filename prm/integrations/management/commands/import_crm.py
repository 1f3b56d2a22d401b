"""``manage.py import_crm FOLDER --mapping FILE``: bring a CRM's export in."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from prm.core.actors import Actor
from prm.core.csv_import import DAY_ORDERS, ENCODINGS, Row
from prm.core.exports import csv_lines
from prm.core.refused import Refused
from prm.integrations.actions.crm import CrmReport, import_crm
from prm.integrations.documents.mapping_file import MappingRefused, read_mapping, shipped_mapping, shipped_mappings
from prm.integrations.mapping import Mapping

NOTES = {
    "account": "deals of an unknown account, kept without one",
    "new_account": "deals of an account that the customer file does not have, created by its name",
    "product": "deals of a product that is not on the price list, kept under its spelling",
    "spelling": "deals with a product spelling that the mapping knows",
    "rate": "deals without an exchange rate, left out of sums",
    "no_deals": "partners without a deal: no agreement date, so no tier",
    "not_in_team": "partners that are not in the team file, created without territory and manager",
}


class Command(BaseCommand):
    """Takes every good row, and writes the others with file, line and reason into a file."""

    help = "Import a CRM's export by a column mapping: every row is taken or reported; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder, the mapping, what the files don't say, and where the reports go."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--mapping", required=True, help="path of a YAML file, or the name of a shipped mapping")
        parser.add_argument("--currency", default="", help="what amounts are in, where the files don't say")
        parser.add_argument("--dates", choices=list(DAY_ORDERS), default="", help="default: seen in the files")
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="default: UTF-8, or by its mark")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--errors", type=Path, default=Path("import_crm.errors.csv"), help="default: %(default)s")
        parser.add_argument(
            "--notes", type=Path, help="list every deal with an unknown account, product or rate in this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the mapping, import, say what came of it."""
        mapping = _mapping(options["mapping"])
        try:
            with ExitStack() as stack:
                errors = stack.enter_context(_list(options["errors"], ["file", "line", "problem", "row as it stands"]))
                notes = stack.enter_context(_list(options["notes"], ["note", "number", "value"]))
                report = import_crm(
                    folder=options["folder"],
                    mapping=mapping,
                    by=Actor.system("import_crm"),
                    at=timezone.now(),
                    currency=options["currency"],
                    dates=options["dates"],
                    encoding=options["encoding"],
                    dry_run=options["dry_run"],
                    on_error=errors.refused,
                    on_note=notes.noted,
                )
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self._say(report, dry_run=options["dry_run"])
        if report.refused:
            self.stderr.write(f"refused rows with their reasons: {options['errors']}")
        if options["notes"] and notes.rows:
            self.stdout.write(f"all {notes.rows} notes: {options['notes']}")

    def _say(self, report: CrmReport, *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(f"amounts in {report.currency}, dates as {report.day_order}")
        for name, each in report.files:
            self.stdout.write(
                f"{name}: {each.rows} rows: {each.created} {would}created, {each.updated} {would}updated, "
                f"{each.unchanged} unchanged, {each.refused} refused"
            )
            if each.ignored:
                self.stdout.write(f"    columns that are not mapped: {', '.join(each.ignored)}")
            for line, problem in each.errors[:10]:
                self.stderr.write(f"    line {line}: {problem}")
        for name in report.missing:
            self.stdout.write(f"{name} is not there: what is known stays as it is")
        for (status, currency), count in sorted(report.totals.deals.items()):
            self.stdout.write(f"{status}: {count} deals, {report.totals.amounts[status, currency]:,} {currency}")
        for kind, words in NOTES.items():
            values = {value: count for (each, value), count in sorted(report.notes.items()) if each == kind and value}
            if found := report.noted(kind):
                some = ", ".join(f"{value} ({count})" if count > 1 else value for value, count in values.items())
                self.stdout.write(f"{found} {words}{f': {some[:500]}' if some else ''}")


class _List:
    """A CSV file that is opened before anything is imported, so that a place that can't be written is found first."""

    def __init__(self, out: IO[str] | None, columns: Sequence[str]) -> None:
        self.rows, self._out, self._columns = 0, out, columns

    def refused(self, file: str, row: Row, problem: str) -> None:
        """A refused row."""
        self._write([file, row.line, problem, *row.raw])

    def noted(self, kind: str, number: str, value: str) -> None:
        """Something that was not known."""
        self._write([NOTES.get(kind, kind), number, value])

    def _write(self, row: list[Any]) -> None:
        if self._out is None:
            return
        lines = csv_lines(rows=[row], columns=self._columns)
        mark, head, line = lines
        self._out.write(f"{mark}{head}{line}" if self.rows == 0 else line)
        self.rows += 1


@contextmanager
def _list(path: Path | None, columns: Sequence[str]) -> Iterator[_List]:
    """A list in a file; a file that stays empty is not left behind."""
    if path is None:
        yield _List(None, columns)
        return
    try:
        out = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}. Name another place.") from None
    with out:
        written = _List(out, columns)
        try:
            yield written
        finally:
            if not written.rows:
                path.unlink(missing_ok=True)


def _mapping(name: str) -> Mapping:
    path = Path(name)
    try:
        if path.is_file():
            return read_mapping(path.read_bytes())
        if name in shipped_mappings():
            return shipped_mapping(name)
    except MappingRefused as refusal:
        problems = "\n".join(f"  line {line}: {problem}" for line, problem in refusal.problems)
        raise CommandError(f"{name} can't be used as a mapping:\n{problems}") from None
    raise CommandError(f"{name} is neither a file nor one of {', '.join(shipped_mappings())}")
