"""``manage.py import_records KIND FILE``: bring records in from a CSV file."""

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from prm.core.actors import Actor
from prm.core.csv_import import (
    DAY_ORDERS,
    DELIMITERS,
    ENCODINGS,
    CsvFile,
    CsvRefused,
    ErrorFile,
    Row,
    Run,
    import_kinds,
    importer_for,
    run_import,
)


class Command(BaseCommand):
    """Takes every good row, and writes the others with their reasons into a file beside it."""

    help = "Import records from CSV: every row is taken or reported; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The kind, the file and how to read it."""
        parser.add_argument("kind", choices=[kind for kind, _label in import_kinds()])
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--errors", type=Path, help="where refused rows go (default: FILE.errors.csv)")
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="default: UTF-8 or by its mark")
        parser.add_argument("--delimiter", choices=[*DELIMITERS, "tab"], default="")
        parser.add_argument("--dates", choices=list(DAY_ORDERS), default="iso")
        parser.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, import, say what came of it."""
        path: Path = options["file"]
        errors_path: Path = options["errors"] or path.with_suffix(f"{path.suffix}.errors.csv")
        run = Run(Actor.system("import_records"), timezone.now(), options["dates"], path.name)
        importer = importer_for(options["kind"])
        with ExitStack() as stack:
            try:
                file = CsvFile(
                    stack.enter_context(path.open("rb")),
                    importer.fields,
                    encoding=options["encoding"],
                    delimiter="\t" if options["delimiter"] == "tab" else options["delimiter"],
                    mapping=_mapping(options["map"]),
                )
                sink = _LateFile(errors_path, file.head.columns, stack)
                report = run_import(importer=importer, file=file, run=run, dry_run=options["dry_run"], on_error=sink)
            except OSError as error:
                raise CommandError(f"{path} can't be read: {error.strerror}") from None
            except CsvRefused as refusal:
                raise CommandError(refusal.message) from None
        prefix = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{report.rows} rows: {report.created} {prefix}created, {report.updated} {prefix}updated, "
            f"{report.unchanged} unchanged, {report.refused} refused"
        )
        if report.ignored:
            self.stdout.write(f"columns that nobody knows here: {', '.join(report.ignored)}")
        for line, problem in report.errors[:10]:
            self.stderr.write(f"line {line}: {problem}")
        if report.refused:
            self.stderr.write(f"refused rows with their reasons: {errors_path}")


class _LateFile:
    """Opens the error file with the first error only."""

    def __init__(self, path: Path, columns: list[str], stack: ExitStack) -> None:
        self._path, self._columns, self._stack = path, columns, stack
        self._sink: ErrorFile | None = None

    def __call__(self, row: Row, problem: str) -> None:
        if self._sink is None:
            out = self._stack.enter_context(self._path.open("w", encoding="utf-8-sig", newline=""))
            self._sink = ErrorFile(out, self._columns)
        self._sink(row, problem)


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, separator, name = pair.rpartition("=")
        if not (separator and column and name):
            raise CommandError(f"--map takes COLUMN=FIELD, not {pair!r}")
        mapping[column] = name
    return mapping
