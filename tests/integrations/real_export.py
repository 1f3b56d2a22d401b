"""The real export that the proof stands on, and how it is brought in."""

import csv
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from prm.integrations.companions import KINDS

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data" / "crm-sales-opportunities"


def real_export() -> Path:
    """The folder of the export. Without it the proof can't be made, which fails in CI and is said elsewhere."""
    if not (FOLDER / "sales_pipeline.csv").is_file():
        why = f"the real export is not at {FOLDER}: the proof on real input did not run"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return FOLDER


def bring_in(folder: Path, companions: Path, errors: Path) -> Iterator[str]:
    """Import the export, its year before and all companions; one line for each file."""
    said = StringIO()
    for each in (folder, companions / "year_before"):
        call_command("import_crm", each, mapping="sales_opportunities", currency="USD", errors=errors, stdout=said)
    for kind in KINDS:
        call_command("import_records", kind, companions / f"{kind}.csv", errors=errors, stdout=said)
    yield from (line for line in said.getvalue().splitlines() if " rows: " in line)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as they stand."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))
