"""Reading CSV: every file is read rightly or refused with a reason, and every row is taken or named."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from prm.core import csv_import
from prm.core.actors import Actor
from prm.core.csv_import import (
    CellError,
    CsvFile,
    CsvRefused,
    ErrorFile,
    Field,
    Limits,
    Run,
    choice_cell,
    day_cell,
    decimal_cell,
    email_cell,
    register_importer,
    run_import,
    whole_cell,
)
from prm.core.models import Organization
from tests.world import AT

FIELDS = (Field("id", required=True, aliases=("Key",)), Field("name", required=True), Field("note"))
RUN = Run(Actor.system("test"), AT)


def read(content: bytes | str, **options: Any) -> CsvFile:
    data = content.encode() if isinstance(content, str) else content
    return CsvFile(io.BytesIO(data), FIELDS, **options)


def cells(content: bytes | str, **options: Any) -> list[dict[str, str]]:
    return [row.cells for row in read(content, **options)]


ONE = {"id": "1", "name": "Zoë"}


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,Zoë\n",
        "id,name\r\n1,Zoë\r\n",
        "id,name\n1,Zoë",
        "\ufeffid,name\n1,Zoë\n",
        "ID , Name\n1,  Zoë \n",
        "Key;name\n1;Zoë\n",
        "id\tname\n1\tZoë\n",
        '"id","name"\n"1","Zoë"\n',
        "name,id\nZoë,1\n",
        "\nid,name\n1,Zoë\n"[1:],
        "id,name\n\n1,Zoë\n,\n",
        "id,name\n1,Zoë\n".encode("utf-16"),
        b"\xfe\xff" + "id,name\n1,Zoë\n".encode("utf-16-be"),
    ],
)
def test_the_same_record_in_many_clothes(content: bytes | str) -> None:
    assert cells(content) == [ONE]


def test_latin_1_is_read_when_it_is_stated_and_never_guessed() -> None:
    content = "id,name\n1,Zoë\n".encode("latin-1")
    with pytest.raises(CsvRefused) as refusal:
        read(content)
    assert refusal.value.code == "core.csv.encoding"
    assert cells(content, encoding="latin-1") == [ONE]


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        ("", {}, "core.csv.empty"),
        ("id\n1\n", {}, "core.csv.columns"),
        ("id,name,NAME\n1,a,b\n", {}, "core.csv.twice"),
        ("id,key,name\n1,2,b\n", {}, "core.csv.twice"),
        ("id,name,x,x\n1,a,b,c\n", {}, "core.csv.twice"),
        ("id,name\n1,a\n", {"encoding": "klingon"}, "core.csv.encoding"),
        ("id,name\n1,a\n", {"encoding": "utf-16"}, "core.csv.encoding"),
        (b"\xef\xbb\xbfid,name\n1,a\n", {"encoding": "utf-16"}, "core.csv.encoding"),
        (b"id,name\n1,ok\n2,\xff\xfe\n", {}, "core.csv.encoding"),
        ("id,name\n1,a\n", {"delimiter": "|"}, "core.csv.delimiter"),
        ("id,name\n1,a\n", {"delimiter": ";"}, "core.csv.columns"),
        ("id,name" + ",c" * 200 + "\n", {"limits": Limits(columns=100)}, "core.csv.width"),
        ("id,name\n" + "1,a\n" * 50, {"limits": Limits(bytes=100)}, "core.csv.size"),
        (b"PK\x03\x04\x14\x00\x08\x08", {}, "core.csv.columns"),
        ("i\0d,name\n1,a\n", {}, "core.csv.columns"),
    ],
)
def test_files_that_can_not_be_read_are_refused_as_a_whole(content: bytes | str, options: dict, code: str) -> None:
    with pytest.raises(CsvRefused) as refusal:
        list(read(content, **options))
    assert refusal.value.code == code
    assert refusal.value.message


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        ("id,name\n" + "1,a\n" * 6, Limits(rows=5), "core.csv.rows"),
        ('id,name\n1,"a\n' + "b\n" * 100_000, Limits(), "core.csv.broken"),
        ('id,name\n1,"a"b\n', Limits(), "core.csv.broken"),
    ],
)
def test_a_file_that_turns_out_broken_names_the_line(content: str, limits: Limits, code: str) -> None:
    with pytest.raises(CsvRefused) as refusal:
        list(read(content, limits=limits))
    assert refusal.value.code == code


def test_bad_rows_are_named_by_the_line_they_begin_on_and_good_ones_are_read() -> None:
    content = 'id,name,note\n1,a,"two\nlines"\n2,b\n3,c,d,e\n4,"x\0y",z\n5,' + "n" * 60 + ",z\n6,ok,fine\n"
    rows = list(read(content, limits=Limits(cell=50)))
    assert [(row.line, bool(row.problem)) for row in rows] == [
        (2, False),
        (4, True),
        (5, True),
        (6, True),
        (7, True),
        (8, False),
    ]
    assert rows[0].cells["note"] == "two\nlines"


def test_columns_can_be_mapped_and_unknown_ones_are_said() -> None:
    file = read("Account No,Company name,Shoe size\n7,Acme,42\n", mapping={"account no": "id", "COMPANY NAME": "name"})
    assert [row.cells for row in file] == [{"id": "7", "name": "Acme"}]
    assert file.head.ignored == ["Shoe size"]


def test_a_file_can_be_read_twice() -> None:
    file = read("id,name\n1,a\n2,b\n")
    assert [row.line for row in file] == [row.line for row in file] == [2, 3]


@pytest.mark.parametrize("text", ["1e3", "１２", "1,000", "1 000", "0x1F", "1_000", "", "+5", "--5", "٣", "1.0", "²"])
def test_whole_numbers_are_plain_ascii_digits(text: str) -> None:
    with pytest.raises(CellError):
        whole_cell(text)


@pytest.mark.parametrize("text", ["1e3", "1.234,56", "1,234.56", "NaN", "Infinity", ".5", "5.", "１.５", "1.12345"])
def test_decimals_are_plain_ascii_digits(text: str) -> None:
    with pytest.raises(CellError):
        decimal_cell(text)


def test_cells_are_read_strictly() -> None:
    assert whole_cell("-12") == -12
    assert decimal_cell("-12.50") == Decimal("-12.50")
    assert whole_cell("7", least=0, most=10) == 7
    with pytest.raises(CellError):
        whole_cell("11", least=0, most=10)
    assert day_cell("2026-02-28") == date(2026, 2, 28)
    assert day_cell("01/02/2026", "dmy") == date(2026, 2, 1)
    assert day_cell("01/02/2026", "mdy") == date(2026, 1, 2)
    for text in ("2026-02-29", "28.02.2026", "2026-2-31", "0001-01-01", "20260228", "２０２６-01-01"):
        with pytest.raises(CellError):
            day_cell(text)
    assert email_cell("Sara@Example.com") == "sara@example.com"
    with pytest.raises(CellError):
        email_cell("sara at example")
    assert choice_cell("PARTNER ADMIN", [("partner_admin", "Partner admin")]) == "partner_admin"
    with pytest.raises(CellError):
        choice_cell("boss", [("partner_admin", "Partner admin")])


def test_refused_rows_come_back_as_texts_that_no_spreadsheet_runs() -> None:
    out = io.StringIO()
    sink = ErrorFile(out, ["id", "name"])
    row = next(iter(read('id,name\n1,"=HYPERLINK(""x"")"\n')))
    sink(row, "no")
    assert "'=HYPERLINK" in out.getvalue()


class Companies:
    """An importer for the test: rows named "bad" are refused by the database."""

    kind = "test_companies"
    fields = FIELDS

    def parse(self, cells: dict[str, str], run: Run) -> str:
        if cells["name"] == "unreadable":
            raise CellError("can't be parsed")
        return cells["name"]

    def save(self, batch: list[str], run: Run) -> list[str | CellError]:
        for name in batch:
            Organization.objects.create(
                code=f"T-{name}", name=name, kind="partner", status="active", created_at=run.at,
                accent="blue" if name == "bad" else "#2456e6",
            )  # fmt: skip
        return ["created" for _name in batch]


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind is known during these tests only."""
    monkeypatch.setattr(csv_import, "_IMPORTERS", {**csv_import._IMPORTERS})
    register_importer("test_companies", "Companies of a test", "core.admin_use", Companies)


FILE = "id,name\n1,a\n2,bad\n3,unreadable\n4,b\n"


@pytest.mark.django_db
def test_one_bad_row_is_named_and_the_others_come_in() -> None:
    seen: list[int] = []
    report = run_import(
        importer=Companies(), file=read(FILE), run=RUN, dry_run=False, on_error=lambda row, why: seen.append(row.line)
    )
    assert (report.created, report.refused, report.rows) == (2, 2, 4)
    assert sorted(seen) == [3, 4]
    assert sorted(Organization.objects.values_list("name", flat=True)) == ["a", "b"]


@pytest.mark.django_db
def test_nothing_stays_of_a_dry_run() -> None:
    report = run_import(importer=Companies(), file=read(FILE), run=RUN, dry_run=True)
    assert report.created == 2
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_an_import_needs_its_permission() -> None:
    with pytest.raises(CsvRefused):
        run_import(importer=Companies(), file=read(FILE), run=Run(Actor(kind="person"), AT), dry_run=False)


@pytest.mark.django_db
def test_a_mistake_in_our_code_is_not_hidden_as_a_bad_row() -> None:
    class Broken(Companies):
        def save(self, batch: list[str], run: Run) -> list[str | CellError]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_import(importer=Broken(), file=read(FILE), run=RUN, dry_run=False)
    with pytest.raises(IntegrityError):
        Organization.objects.create(code="X", name="x", kind="partner", status="active", created_at=AT, accent="no")
