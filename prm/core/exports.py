"""The only writer of CSV and XLSX. What people typed stays text, so that no spreadsheet runs it.

A text that a spreadsheet would take for a formula gets an apostrophe before it. Numbers, dates and yes/no keep their
types: a negative amount stays a number that can be added up.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from prm.core.money import Money
from prm.core.uploads import clean_name

MOST_XLSX_ROWS = 1_000_000
LONGEST_CELL = 32_767
_TRIGGERS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
_LEADING = re.compile(r"^[\s\0\ufeff\u200b'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
# Where lists are separated by semicolons, a comma-separated file falls apart inside a quoted text as well.
_AFTER_SEPARATOR = re.compile(r"([;\t\r\n]\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])")
_NOT_PRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without signs that no file format may hold."""
    runs = text[:1] in set(_TRIGGERS) or bool(_LEADING.match(text))
    clean = _AFTER_SEPARATOR.sub(r"\1'\2", _NOT_PRINTED.sub("", text))[: LONGEST_CELL - 1]
    return f"'{clean}" if runs and text else clean


def export_response(
    *,
    rows: Iterable[Sequence[Any]],
    filename: str,
    format: Literal["csv", "xlsx"],
    columns: Sequence[str] | None = None,
) -> HttpResponseBase:
    """A download of these rows; without ``columns`` the first row is the head. CSV streams, XLSX is written to a
    temporary file first.
    """
    name = clean_name(f"{filename}.{format}")
    response: HttpResponseBase
    if format == "csv":
        response = StreamingHttpResponse(csv_lines(rows=rows, columns=columns), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name.encode("ascii", "ignore").decode()}"'
    elif format == "xlsx":
        content = TemporaryFile()  # noqa: SIM115 - the response closes it
        write_xlsx(content, rows=rows, columns=columns)
        content.seek(0)
        response = FileResponse(content, as_attachment=True, filename=name, content_type=XLSX)
    else:
        raise ValueError(f"unknown format {format!r}")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def csv_lines(*, rows: Iterable[Sequence[Any]], columns: Sequence[str] | None = None) -> Iterator[str]:
    """The file line by line, in UTF-8 with its mark, so that spreadsheets read accents rightly. Texts are quoted."""
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    yield "\ufeff"
    for row in _with_head(rows, columns):
        writer.writerow([_csv_value(value) for value in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def write_csv(*, rows: Iterable[Sequence[Any]], columns: Sequence[str] | None = None) -> bytes:
    """The whole file, for a background job or a test."""
    return "".join(csv_lines(rows=rows, columns=columns)).encode()


def write_xlsx(out: IO[bytes], *, rows: Iterable[Sequence[Any]], columns: Sequence[str] | None = None) -> None:
    """One sheet with a frozen head, row by row; ValueError above a million rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    sheet.freeze_panes = "A2"
    for number, row in enumerate(_with_head(rows, columns)):
        if number > MOST_XLSX_ROWS:
            raise ValueError(f"more than {MOST_XLSX_ROWS} rows")
        sheet.append([_xlsx_cell(sheet, value) for value in row])
    book.save(out)


def _with_head(rows: Iterable[Sequence[Any]], columns: Sequence[str] | None) -> Iterator[Sequence[Any]]:
    if columns is not None:
        yield [str(column) for column in columns]
    yield from rows


def _plain(value: Any) -> Any:
    """None, yes/no, a number, a date, or text."""
    if isinstance(value, Money):
        return value.amount
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    return safe_text(str(value))


def _csv_value(value: Any) -> Any:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, datetime):
        return (timezone.localtime(plain) if timezone.is_aware(plain) else plain).isoformat(" ", "seconds")
    if isinstance(plain, date):
        return plain.isoformat()
    if isinstance(plain, Decimal):
        return _Figure(format(plain, "f")) if plain.is_finite() else str(plain)
    return plain


class _Figure(float):
    """A decimal that the CSV writer leaves unquoted and prints digit for digit."""

    def __new__(cls, digits: str) -> "_Figure":
        figure = super().__new__(cls, digits)
        figure.digits = digits
        return figure

    digits: str

    def __repr__(self) -> str:
        return self.digits

    __str__ = __repr__


def _xlsx_cell(sheet: Any, value: Any) -> WriteOnlyCell:
    plain = _plain(value)
    if isinstance(plain, datetime):
        plain = timezone.make_naive(plain) if timezone.is_aware(plain) else plain
    if isinstance(plain, Decimal | float) and plain != plain:  # NaN is not a number a sheet can hold
        plain = "NaN"
    cell = WriteOnlyCell(sheet, value=plain)
    if isinstance(plain, str):
        cell.data_type = "s"
    if isinstance(plain, Decimal):
        cell.number_format = "#,##0.00##"
    return cell
