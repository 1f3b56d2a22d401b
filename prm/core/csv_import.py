"""The one reader of CSV files, and the one way of importing them.

A file is streamed row by row under caps. Its encoding is stated, or known by its byte order mark, or UTF-8; anything
else is refused rather than guessed. The delimiter is the one with which the head has the required columns. Numbers are
plain ASCII digits; dates are ISO unless another order is stated. Every row is either taken or reported with its line.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.exports import safe_text
from prm.core.refused import Refused

BATCH = 500
SHOWN_ERRORS = 200
ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252")
DELIMITERS = (",", ";", "\t")
DAY_ORDERS = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CHUNK = 1 << 20
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?")


class CsvRefused(Refused):
    """The file as a whole can't be read."""

    code = "core.csv.refused"
    text = _("This file can't be read.")


class CellError(ValueError):
    """A cell, or a row, that can't be used; the message is for the person who has the file."""


@dataclass(frozen=True)
class Limits:
    """How large a file may be. ``cell`` is in characters."""

    bytes: int = 200_000_000
    rows: int = 1_000_000
    columns: int = 100
    cell: int = 10_000


@dataclass(frozen=True)
class Field:
    """A column that an import knows, with the other names it goes by."""

    name: str
    required: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A record: the line it begins on, its cells by field, and as they stood. ``problem`` when it can't be read."""

    line: int
    cells: dict[str, str]
    raw: list[str]
    problem: str | Promise = ""


@dataclass(frozen=True)
class Head:
    """What the first record said: columns as written, which fields they are, and which nobody knows."""

    columns: list[str]
    positions: dict[str, int]
    ignored: list[str]


class CsvFile:
    """A readable file with a known head. Iterating streams its rows; it can be read more than once."""

    def __init__(
        self,
        file: IO[bytes],
        fields: Sequence[Field],
        *,
        encoding: str = "",
        delimiter: str = "",
        mapping: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        """``mapping`` names columns of the file for fields: ``{"Sales Agent": "external_id"}``."""
        self.file, self.fields, self.limits = file, list(fields), limits or Limits()
        self.mapping = {_plain(column): name for column, name in (mapping or {}).items()}
        self.encoding = self._encoding(encoding)
        self._check_text()
        self.delimiter, self.head = self._head(delimiter)

    def __iter__(self) -> Iterator[Row]:
        line, count = 1, 0
        for record, number in self._records(self.delimiter):
            if line == 1:
                line = number + 1
                continue
            begins, line = line, number + 1
            if not any(cell.strip() for cell in record):
                continue
            count += 1
            if count > self.limits.rows:
                raise CsvRefused(
                    "core.csv.rows", _("The file has more than %(most)s rows."), {"most": self.limits.rows}
                )
            yield self._row(begins, record)

    def _row(self, line: int, record: list[str]) -> Row:
        columns = len(self.head.columns)
        if len(record) != columns:
            problem = _("has %(found)s cells where the head has %(wanted)s") % {"found": len(record), "wanted": columns}
            return Row(line, {}, record, problem)
        if any(len(cell) > self.limits.cell for cell in record):
            return Row(line, {}, [cell[:100] for cell in record], _("has a cell that is too long"))
        if any("\0" in cell for cell in record):
            return Row(line, {}, record, _("holds a character that is not text (NUL)"))
        cells = {name: record[position].strip() for name, position in self.head.positions.items()}
        return Row(line, cells, record)

    def _encoding(self, stated: str) -> str:
        self.file.seek(0)
        start = self.file.read(4)
        marked = next((name for bom, name in _BOMS if start.startswith(bom)), "")
        if stated and stated not in ENCODINGS:
            raise CsvRefused("core.csv.encoding", _("The encoding %(name)s is not known here."), {"name": stated})
        if marked:
            if stated and not marked.startswith(stated):
                raise CsvRefused(
                    "core.csv.encoding",
                    _("The file is marked as %(marked)s, not %(stated)s."),
                    {"marked": marked.removesuffix("-sig"), "stated": stated},
                )
            return marked
        if stated == "utf-16":
            raise CsvRefused("core.csv.encoding", _("A UTF-16 file must begin with its byte order mark."))
        return stated or "utf-8"

    def _check_text(self) -> None:
        """Decode everything once, so that nothing is imported from a file whose end can't be read."""
        self.file.seek(0)
        decoder = io.TextIOWrapper(
            io.BufferedReader(_Open(self.file)), encoding=self.encoding, errors="strict", newline=""
        )
        size = 0
        try:
            while chunk := decoder.read(_CHUNK):
                size += len(chunk)
                if size > self.limits.bytes:
                    raise CsvRefused("core.csv.size", _("The file is too large."))
        except UnicodeError:
            raise CsvRefused(
                "core.csv.encoding",
                _("The file is not %(name)s text. State its encoding: %(known)s."),
                {"name": self.encoding.removesuffix("-sig"), "known": ", ".join(ENCODINGS)},
            ) from None
        finally:
            decoder.detach()
        if size == 0:
            raise CsvRefused("core.csv.empty", _("The file is empty."))

    def _text(self) -> io.TextIOWrapper:
        """The file from its beginning as text; closing it leaves the file open."""
        self.file.seek(0)
        return io.TextIOWrapper(io.BufferedReader(_Open(self.file)), encoding=self.encoding, newline="")

    def _records(self, delimiter: str) -> Iterator[tuple[list[str], int]]:
        self.file.seek(0)
        text = io.TextIOWrapper(
            io.BufferedReader(_Open(self.file)), encoding=self.encoding, errors="strict", newline=""
        )
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                yield record, reader.line_num
        except csv.Error as error:
            raise CsvRefused(
                "core.csv.broken",
                _("Line %(line)s can't be read: %(why)s."),
                {"line": reader.line_num, "why": str(error)},
            ) from None
        finally:
            text.detach()

    def _head(self, stated: str) -> tuple[str, Head]:
        if stated and stated not in DELIMITERS:
            raise CsvRefused("core.csv.delimiter", _("Columns are separated by comma, semicolon or tab."))
        best: Head | None = None
        for delimiter in [stated] if stated else DELIMITERS:
            record = next(self._records(delimiter), ([], 0))[0]
            head = self._understand(record)
            if all(field.name in head.positions for field in self.fields if field.required):
                return delimiter, self._checked(head)
            if best is None or len(head.positions) > len(best.positions):
                best = head
        missing = [field.name for field in self.fields if field.required and field.name not in (best or head).positions]
        raise CsvRefused("core.csv.columns", _("The file has no column for: %(names)s."), {"names": ", ".join(missing)})

    def _names(self) -> dict[str, str]:
        names = {_plain(each): field.name for field in self.fields for each in (field.name, *field.aliases)}
        return names | self.mapping

    def _understand(self, record: list[str]) -> Head:
        names = self._names()
        positions: dict[str, int] = {}
        ignored = []
        for position, column in enumerate(record):
            name = names.get(_plain(column))
            if name is None:
                ignored.append(column)
            else:
                positions.setdefault(name, position)
        return Head(record, positions, ignored)

    def _checked(self, head: Head) -> Head:
        if len(head.columns) > self.limits.columns:
            raise CsvRefused("core.csv.width", _("The file has too many columns."))
        seen: set[str] = set()
        names = {
            _plain(each): field.name for field in self.fields for each in (field.name, *field.aliases)
        } | self.mapping
        for column in head.columns:
            meaning = names.get(_plain(column), _plain(column))
            if meaning and meaning in seen:
                raise CsvRefused("core.csv.twice", _("The column %(name)s stands twice in the head."), {"name": column})
            seen.add(meaning)
        return head


class _Open(io.RawIOBase):
    """A view of a file that a text wrapper may close without closing the file itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _plain(column: str) -> str:
    return re.sub(r"[\s_\-]+", " ", column.strip().casefold())


# --- Cells --------------------------------------------------------------------------------------------------------


def whole_cell(text: str, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number in ASCII digits; no exponent, no separators, no other scripts' digits."""
    if not _WHOLE.fullmatch(text):
        raise CellError(_("%(text)s is not a whole number in plain digits") % {"text": text[:40]})
    number = int(text)
    if (least is not None and number < least) or (most is not None and number > most):
        raise CellError(
            _("%(number)s is not between %(least)s and %(most)s") % {"number": number, "least": least, "most": most}
        )
    return number


def decimal_cell(text: str) -> Decimal:
    """A number in ASCII digits with a point; thousands separators and exponents are refused."""
    if not _DECIMAL.fullmatch(text):
        raise CellError(_("%(text)s is not a number in plain digits, like 1250.50") % {"text": text[:40]})
    return Decimal(text)


def day_cell(text: str, order: str = "iso") -> date:
    """A date in the stated order: iso 2026-12-31, dmy 31/12/2026, mdy 12/31/2026."""
    if text.isascii():
        try:
            found = datetime.strptime(text, DAY_ORDERS[order]).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            found = None
        if found and 1900 <= found.year <= 2200:
            return found
    example = date(2026, 12, 31).strftime(DAY_ORDERS[order])
    raise CellError(_("%(text)s is not a date like %(example)s") % {"text": text[:40], "example": example})


def email_cell(text: str) -> str:
    """A mail address in small letters."""
    try:
        validate_email(text)
    except ValidationError:
        raise CellError(_("%(text)s is not a mail address") % {"text": text[:80]}) from None
    return text.lower()


def choice_cell(text: str, choices: Sequence[tuple[str, Any]]) -> str:
    """One of the choices, by its code or its label, whatever the letter case."""
    wanted = text.casefold()
    for code, label in choices:
        if wanted in (str(code).casefold(), str(label).casefold()):
            return str(code)
    known = ", ".join(str(code) for code, _label in choices)
    raise CellError(_("%(text)s is not one of %(known)s") % {"text": text[:40], "known": known})


def text_cell(text: str, most: int, *, required: bool = False) -> str:
    """Text of at most so many characters."""
    if required and not text:
        raise CellError(_("a text is missing"))
    if len(text) > most:
        raise CellError(_("a text is longer than %(most)s characters") % {"most": most})
    return text


# --- Importing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What an import is told: who, when, in which order dates are, and what the file is called."""

    by: Actor
    at: datetime
    day_order: str = "iso"
    file_name: str = ""


class Importer(Protocol):
    """How one kind of record comes in. A fresh one is made for each run and may remember what it has seen.

    ``save`` takes a batch of parsed rows inside a transaction and answers for each with ``created``, ``updated`` or
    ``unchanged``, or with a CellError for a row that can't be taken.
    """

    @property
    def kind(self) -> str:
        """Its name, under which its permission is registered."""

    @property
    def fields(self) -> Sequence[Field]:
        """The columns that it knows."""

    def parse(self, cells: dict[str, str], run: Run) -> Any:
        """The row's values, or CellError."""

    def save(self, batch: list[Any], run: Run) -> "list[str | CellError]":
        """Write a batch."""


@dataclass
class Report:
    """What came of a file. ``errors`` are the first ones; all of them went to the sink."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return self.created + self.updated + self.unchanged + self.refused


Sink = Callable[[Row, str], None]


class ErrorFile:
    """A sink that writes refused rows with line and reason to a CSV file, as texts that no spreadsheet runs."""

    def __init__(self, out: IO[str], columns: Sequence[str]) -> None:
        self._writer = csv.writer(out)
        self._write(["line", "problem", *columns])

    def __call__(self, row: Row, problem: str) -> None:
        self._write([str(row.line), problem, *row.raw])

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([safe_text(cell) for cell in cells])


_IMPORTERS: dict[str, tuple[str | Promise, str, Callable[[], Importer]]] = {}


def register_importer(kind: str, label: str | Promise, permission: str, factory: Callable[[], Importer]) -> None:
    """Make a kind of import known to the command and the pages; apps call this in ``AppConfig.ready``."""
    _IMPORTERS[kind] = (label, permission, factory)


def importer_for(kind: str) -> Importer:
    """A fresh importer of a kind; KeyError for one that nobody registered."""
    return _IMPORTERS[kind][2]()


def import_permission(kind: str) -> str:
    """The permission that importing a kind asks for."""
    return _IMPORTERS[kind][1]


def import_kinds() -> list[tuple[str, str | Promise]]:
    """All kinds with their labels, by kind."""
    return sorted((kind, label) for kind, (label, _permission, _factory) in _IMPORTERS.items())


def run_import(*, importer: Importer, file: CsvFile, run: Run, dry_run: bool, on_error: Sink | None = None) -> Report:
    """Take every row that can be taken and report every other one with its line; nothing stays of a dry run.

    Rows are written in batches of 500, each in one transaction. A batch that the database refuses is tried row by
    row, so that one bad row is named and the others come in.
    """
    if not run.by.can(import_permission(importer.kind)):
        raise CsvRefused("core.csv.not_allowed", _("You may not import records of this kind."))
    report = Report(ignored=[column for column in file.head.ignored if column.strip()])
    batch: list[tuple[Row, Any]] = []

    def refuse(row: Row, problem: object) -> None:
        report.refused += 1
        if len(report.errors) < SHOWN_ERRORS:
            report.errors.append((row.line, str(problem)))
        if on_error:
            on_error(row, str(problem))

    def flush() -> None:
        for (row, _value), outcome in zip(
            batch, _save(importer, [value for _row, value in batch], run, dry_run), strict=True
        ):
            if isinstance(outcome, CellError):
                refuse(row, outcome)
            else:
                setattr(report, outcome, getattr(report, outcome) + 1)
        batch.clear()

    for row in file:
        if row.problem:
            refuse(row, row.problem)
            continue
        try:
            batch.append((row, importer.parse(row.cells, run)))
        except CellError as error:
            refuse(row, error)
        if len(batch) >= BATCH:
            flush()
    flush()
    return report


def _save(importer: Importer, values: list[Any], run: Run, dry_run: bool) -> "list[str | CellError]":
    if not values:
        return []
    try:
        with transaction.atomic():
            outcomes = importer.save(values, run)
            if dry_run:
                transaction.set_rollback(True)
        return outcomes
    except DatabaseError:
        if len(values) == 1:
            return [CellError(_("the database refuses this row"))]
        return [outcome for value in values for outcome in _save(importer, [value], run, dry_run)]
