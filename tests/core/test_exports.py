"""No text that a person typed becomes a formula, and no number becomes a text (trust T28)."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from prm.core import exports

TRIGGERS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "  =1+1",
    '"=HYPERLINK("http://evil.example")',
]


def written(fmt: str, value: object) -> object:
    """The value as a program that opens the export reads it."""
    response = exports.export_response(rows=[[value]], columns=["head"], filename="list", format=fmt)
    data = b"".join(response.streaming_content)
    if fmt == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert len(rows) == 2, rows
        return rows[1][0]
    cell = openpyxl.load_workbook(io.BytesIO(data)).active["A2"]
    assert cell.data_type != "f"
    return cell.value


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
@pytest.mark.parametrize("trigger", TRIGGERS, ids=range(len(TRIGGERS)))
def test_a_text_that_looks_like_a_formula_is_defused(fmt: str, trigger: str) -> None:
    value = written(fmt, trigger)
    assert value.startswith("'")
    assert "1+1" in value or "A1" in value or "HYPERLINK" in value


def test_there_are_fourteen_triggers() -> None:
    assert len(set(TRIGGERS)) == 14


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["Müller & Söhne", "a=b", "O'Brien", "3-4", "", "10 %", "naïve 😀"])
def test_an_honest_text_stays_as_it_is(fmt: str, text: str) -> None:
    assert (written(fmt, text) or "") == text


def test_a_heading_is_defused_too() -> None:
    assert b'"\'=x"' in exports.write_csv(rows=[], columns=["=x"])


@pytest.mark.parametrize("value", [Decimal("-7919.3700"), Decimal("0.00000001"), -3, 12345678901234567])
def test_numbers_stay_numbers(value: object) -> None:
    text = exports.write_csv(rows=[[value]], columns=["head"]).decode("utf-8-sig").splitlines()[1]
    assert not text.startswith('"')
    assert Decimal(text) == value


def test_a_decimal_keeps_its_digits() -> None:
    assert exports.write_csv(rows=[[Decimal("0.10")]], columns=["a"]).endswith(b"\r\n0.10\r\n")


def test_a_negative_amount_can_be_added_up_in_a_sheet() -> None:
    assert written("xlsx", Decimal("-12.50")) == -12.5


def test_moments_are_told_in_the_readers_time(settings) -> None:
    from django.utils import timezone

    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        assert written("csv", at) == "2026-07-02 00:30:00+02:00"
        assert written("xlsx", at) == datetime(2026, 7, 2, 0, 30)
    assert written("csv", date(2026, 7, 1)) == "2026-07-01"


def test_a_formula_behind_a_semicolon_does_not_come_alive_where_semicolons_separate() -> None:
    data = exports.write_csv(rows=[["x", "a;=1+1"]], columns=["a", "b"]).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(data), delimiter=";"):
        assert not any(cell.startswith("=") for cell in row)


def test_signs_that_a_sheet_cannot_hold_are_left_out() -> None:
    assert written("xlsx", "a\x01b\x1fc") == "abc"


def test_a_file_name_is_harmless_and_the_answer_is_private() -> None:
    response = exports.export_response(rows=[], columns=["a"], filename='x"\r\nSet-Cookie: a/../=b', format="csv")
    assert response["Content-Disposition"] == 'attachment; filename="b.csv"'
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_csv_is_streamed() -> None:
    taken = []

    def rows():
        for number in range(1000):
            taken.append(number)
            yield [number]

    lines = exports.csv_lines(rows=rows(), columns=["a"])
    for _ in range(5):
        next(lines)
    assert len(taken) < 10
