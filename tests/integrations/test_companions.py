"""Made-up companions: the same seed gives the same bytes, they come in through the importers, and can't collide."""

import csv
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from prm.integrations.companions import KINDS, PREFIX
from prm.integrations.dice import Dice
from prm.integrations.documents.mapping_file import read_mapping
from tests.integrations.exports import MAPPING, installation, write
from tests.tables import table_prints


def generate(tmp_path: Path, out: str = "out", seed: int = 7) -> Path:
    """Companions of the small export."""
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    folder = write(tmp_path / "export")
    call_command(
        "generate_companions", folder, out=tmp_path / out, seed=seed, mapping=str(tmp_path / "mapping.yaml"),
        stdout=StringIO(),
    )  # fmt: skip
    return tmp_path / out


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    first, second = generate(tmp_path, "first"), generate(tmp_path, "second")
    assert contents(first) == contents(second)
    other = generate(tmp_path, "other", seed=8)
    assert contents(first)["members.csv"] != contents(other)["members.csv"]


def test_dice_are_the_same_everywhere() -> None:
    dice = Dice(2017, "proof")
    assert [dice.below(100) for _ in range(8)] == [96, 9, 31, 70, 48, 61, 35, 63]
    assert {Dice(1, "x").between(3, 3)} == {3}
    assert sum(Dice(n, "x").percent(25) for n in range(1000)) in range(200, 300)


def test_the_year_before_is_the_same_deals_a_year_earlier(tmp_path: Path) -> None:
    found = rows(generate(tmp_path, seed=1) / "year_before" / "sales_pipeline.csv")
    assert found
    for row in found:
        assert row["opportunity_id"].startswith(PREFIX)
        assert row["deal_stage"] in ("Won", "Lost")  # nothing of a past year is open
    by_id = {row["opportunity_id"]: row for row in found}
    if f"{PREFIX}A1" in by_id:
        assert by_id[f"{PREFIX}A1"]["close_date"] == "2024-03-20"
    else:
        assert by_id[f"{PREFIX}A3"]["close_date"] == "2024-01-15"


def test_people_have_addresses_that_nobody_owns_and_dates_that_have_come(tmp_path: Path) -> None:
    out = generate(tmp_path)
    assert all(row["email"].endswith(".example") for row in rows(out / "members.csv"))
    until = date(2025, 3, 20)  # the last day of the small export
    for name, column in (("nps", "answered_on"), ("fit", "set_on"), ("portal_days", "day"), ("members", "since")):
        assert all(date.fromisoformat(row[column]) <= until for row in rows(out / f"{name}.csv"))
    assert "none of it is real data" in (out / "README.txt").read_text()


def test_companions_of_companions_are_refused(tmp_path: Path) -> None:
    out = generate(tmp_path)
    with pytest.raises(CommandError, match="itself made up"):
        call_command("generate_companions", out / "year_before", out=tmp_path / "again", seed=1)


def test_without_an_export_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not there"):
        call_command("generate_companions", tmp_path, out=tmp_path / "out")


@pytest.mark.django_db
def test_they_come_in_through_the_importers_and_only_once(tmp_path: Path) -> None:
    installation()
    out = generate(tmp_path)
    mapping = tmp_path / "mapping.yaml"
    assert read_mapping(mapping.read_bytes()).deals.file == "sales_pipeline.csv"

    def bring_in() -> list[str]:
        said = StringIO()
        errors = tmp_path / "errors.csv"
        for folder in (tmp_path / "export", out / "year_before"):
            call_command("import_crm", folder, mapping=mapping, currency="USD", errors=errors, stdout=said)
        for kind in KINDS:
            call_command("import_records", kind, out / f"{kind}.csv", errors=errors, stdout=said, stderr=said)
        return [line for line in said.getvalue().splitlines() if " rows: " in line]

    first = bring_in()
    assert all(line.endswith("0 refused") for line in first), first
    assert sum("0 created" not in line for line in first) >= len(KINDS)
    before = table_prints()
    assert all("0 created, 0 updated" in line for line in bring_in())
    assert table_prints() == before
