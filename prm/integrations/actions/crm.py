"""Importing a CRM's export: products, end customers, partners, and the opportunities that partners worked.

Before anything is written, every file must be readable, the currency stated, and the order of dates known. Then each
row is taken or refused with its line and reason; a row that can't be used never costs another one. Deals come in
without registrations and without claims. A second run of the same files changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions.imports import (
    AccountImporter,
    OpportunityImporter,
    OpportunityOptions,
    ProductImporter,
    Totals,
)
from partners.actions.partners import sort_name
from partners.models import Partner
from partners.queries.program import program_today, version_at
from prm.core.actors import Actor
from prm.core.csv_import import (
    CellError,
    CsvFile,
    CsvRefused,
    Field,
    Importer,
    Report,
    Row,
    Run,
    day_cell,
    run_import,
)
from prm.core.models import Organization
from prm.core.money import CURRENCY_DIGITS
from prm.core.refused import Refused
from prm.integrations.actions.team import TeamImporter
from prm.integrations.day_order import detect_day_order
from prm.integrations.mapping import Mapping as ExportMapping
from prm.integrations.mapping import Source

OnError = Callable[[str, Row, str], None]
OnNote = Callable[[str, str, str], None]


class CrmRefused(Refused):
    """The import can't begin; nothing was written."""

    code = "integrations.crm.refused"
    text = _("This export can't be imported.")


@dataclass
class CrmReport:
    """What came of an export: a report for each file in the order of import, and what was not known.

    ``notes`` counts (kind, value): ``account`` unknown customer, ``new_account`` customer missing in the customer file,
    ``product`` not on the price list, ``spelling`` mapped, ``rate`` missing, ``no_deals`` partner without any deal,
    ``not_in_team`` partner named by deals only.
    """

    files: list[tuple[str, Report]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    totals: Totals = field(default_factory=Totals)
    day_order: str = "iso"
    currency: str = ""

    def noted(self, kind: str) -> int:
        """How often something of a kind was noted."""
        return sum(count for (each, _value), count in self.notes.items() if each == kind)

    @property
    def refused(self) -> int:
        """Rows that were not taken."""
        return sum(report.refused for _name, report in self.files)


class MappedImporter:
    """An importer that reads another program's columns. ``words`` translates the cells of a field."""

    def __init__(
        self, inner: Importer, columns: Mapping[str, str], words: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.kind, self._inner, self._columns = inner.kind, inner, columns
        self.fields = [Field(column, required=True) for column in dict.fromkeys(columns.values())]
        self._words = {
            name: {word.casefold(): ours for word, ours in known.items()} for name, known in (words or {}).items()
        }

    def cells(self, cells: Mapping[str, str]) -> dict[str, str]:
        """A row's cells by our fields."""
        ours = {name: cells[column] for name, column in self._columns.items()}
        for name, known in self._words.items():
            if text := ours.get(name):
                if text.casefold() not in known and text not in known.values():
                    raise CellError(_("the %(field)s %(text)s is not mapped") % {"field": name, "text": text[:40]})
                ours[name] = known.get(text.casefold(), text)
        return ours

    def parse(self, cells: dict[str, str], run: Run) -> Any:
        """The row's values, or CellError."""
        return self._inner.parse(self.cells(cells), run)

    def save(self, batch: list[Any], run: Run) -> list[str | CellError]:
        """Write a batch."""
        return self._inner.save(batch, run)


def import_crm(
    *,
    folder: Path,
    mapping: ExportMapping,
    by: Actor,
    at: datetime,
    currency: str = "",
    dates: str = "",
    encoding: str = "",
    dry_run: bool = False,
    on_error: OnError | None = None,
    on_note: OnNote | None = None,
) -> CrmReport:
    """Import a folder. What the caller states goes before what the mapping states.

    Raises CrmRefused, CsvRefused, DayOrderUnclear or NoProgramInForce before anything is written. ``on_error`` hears of
    each refused row (file, row, why), ``on_note`` of each deal with something unknown (kind, its number, what).
    """
    currency = (currency or mapping.currency).upper()
    if currency and currency not in CURRENCY_DIGITS:
        raise CrmRefused(
            "integrations.crm.currency",
            _("%(currency)s is not a currency that is known here."),
            {"currency": currency[:10]},
        )
    if not currency:
        raise CrmRefused(
            "integrations.crm.currency",
            _("Neither the files nor the mapping say in which currency amounts are. State it: --currency USD."),
        )
    vendor = Organization.objects.filter(kind="vendor").first()
    if vendor is None:
        raise CrmRefused(
            "integrations.crm.no_vendor",
            _("There is no vendor organization yet. Set it up first: manage.py create_vendor --help"),
        )
    version_at(program_today(at))
    options = OpportunityOptions(currency, mapping.deals.stages, mapping.deals.products, mapping.deals.partner_worked)
    deals_importer = OpportunityImporter(options, on_note)
    deals = MappedImporter(deals_importer, mapping.deals.columns)
    report = CrmReport(currency=currency, notes=deals_importer.notes, totals=deals_importer.totals)
    with ExitStack() as stack:
        opened = _Opened(folder, encoding or mapping.encoding, stack, report)
        deals_file = opened.file(mapping.deals, deals, required=True)
        plan: list[tuple[str, Importer, CsvFile]] = []
        if mapping.products and (ready := opened.ready(mapping.products, ProductImporter(currency))):
            plan.append((mapping.products.file, *ready))
        if mapping.customers:
            words = {"country": mapping.customers.countries} if mapping.customers.countries else {}
            if ready := opened.ready(mapping.customers, AccountImporter(), words):
                plan.append((mapping.customers.file, *ready))
        assert deals_file is not None
        report.day_order = dates or mapping.dates or detect_day_order(_dates(deals, deals_file))
        firsts, spelled = _first_deals(deals, deals_file, report.day_order)
        run = Run(by, at, report.day_order, mapping.deals.file)
        team_importer = TeamImporter(mapping.team, firsts, vendor) if mapping.team else None
        if team_importer and mapping.team and (ready := opened.ready(mapping.team, team_importer)):
            plan.append((mapping.team.file, *ready))
        with transaction.atomic() if dry_run else nullcontext():
            for name, importer, file in plan:
                _take(name, importer, file, run, report, on_error)
            if team_importer:
                _note_without_deals(team_importer, report, on_note)
                _partners_of_deals_only(team_importer, spelled, run, report, on_note)
            _take(mapping.deals.file, deals, deals_file, run, report, on_error)
            if dry_run:
                transaction.set_rollback(True)
    return report


class _Opened:
    """Opens the files of a folder and checks their heads. A file that is not there leaves what is known as it is."""

    def __init__(self, folder: Path, encoding: str, stack: ExitStack, report: CrmReport) -> None:
        self._folder, self._encoding, self._stack, self._report = folder, encoding, stack, report
        if not folder.is_dir():
            raise CrmRefused("integrations.crm.folder", _("%(folder)s is not a folder."), {"folder": str(folder)})

    def ready(
        self, source: Source, importer: Importer, words: Mapping[str, Mapping[str, str]] | None = None
    ) -> tuple[Importer, CsvFile] | None:
        """The importer behind the file's columns, and the file; None where it is not there."""
        mapped = MappedImporter(importer, source.columns, words)
        file = self.file(source, mapped)
        return (mapped, file) if file else None

    def file(self, source: Source, importer: MappedImporter, *, required: bool = False) -> CsvFile | None:
        """The file with its head understood. Raises CsvRefused with its name for one that can't be read."""
        path = self._folder / source.file
        if not path.is_file():
            if required:
                raise CrmRefused("integrations.crm.missing", _("%(file)s is not there."), {"file": str(path)})
            self._report.missing.append(source.file)
            return None
        try:
            return CsvFile(self._stack.enter_context(path.open("rb")), importer.fields, encoding=self._encoding)
        except OSError as error:
            raise CrmRefused(
                "integrations.crm.file",
                _("%(file)s can't be read: %(why)s."),
                {"file": str(path), "why": error.strerror or ""},
            ) from None
        except CsvRefused as refusal:
            raise CsvRefused(
                refusal.code, _("%(file)s: %(why)s"), {"file": source.file, "why": refusal.message}
            ) from None


def _take(name: str, importer: Importer, file: CsvFile, run: Run, report: CrmReport, on_error: OnError | None) -> None:
    def tell(row: Row, problem: str) -> None:
        if on_error:
            on_error(name, row, problem)

    told = Run(run.by, run.at, run.day_order, name)
    report.files.append((name, run_import(importer=importer, file=file, run=told, dry_run=False, on_error=tell)))


def _dates(deals: MappedImporter, file: CsvFile) -> Iterator[tuple[str, str]]:
    """Every date cell of the deals with its column."""
    for row in file:
        if not row.problem:
            cells = deals.cells(row.cells)
            for name in OpportunityImporter.days:
                if name in cells:
                    yield name, cells[name]


def _first_deals(deals: MappedImporter, file: CsvFile, order: str) -> tuple[dict[str, date], dict[str, str]]:
    """By partner in small letters: the day its first deal was engaged, and how its name is written."""
    firsts: dict[str, date] = {}
    spelled: dict[str, str] = {}
    days: dict[str, date | None] = {}
    for row in file:
        if row.problem:
            continue
        cells = deals.cells(row.cells)
        name, text = cells["partner"].casefold(), cells.get("engaged_on", "")
        if name:
            spelled.setdefault(name, cells["partner"])
        if text not in days:
            days[text] = _day(text, order)
        day = days[text]
        if name and day and (name not in firsts or day < firsts[name]):
            firsts[name] = day
    return firsts, spelled


def _day(text: str, order: str) -> date | None:
    try:
        return day_cell(text, order) if text else None
    except CellError:
        return None


def _note_without_deals(importer: TeamImporter, report: CrmReport, on_note: OnNote | None) -> None:
    for name in importer.without_deals:
        report.notes["no_deals", name] += 1
        if on_note:
            on_note("no_deals", "", name)


def _partners_of_deals_only(
    importer: TeamImporter, spelled: Mapping[str, str], run: Run, report: CrmReport, on_note: OnNote | None
) -> None:
    """Partners that deals name and nobody knows are partners too, without territory and manager; each is noted.

    Those who are known and not in the team file get their beginning from the deals.
    """
    rows = list(Partner.objects.values_list("code", "external_id", "sort_name"))
    codes = {code.casefold() for code, _id, _name in rows}
    known = {text.casefold() for _code, *texts in rows for text in texts if text}
    values: list[dict[str, Any]] = []
    for name, text in spelled.items():
        if name in importer.named or name in codes:
            continue
        try:
            values.append(importer.parse({"name": text}, run))
        except CellError:
            continue  # each of its deals is refused by name
        if name not in known and sort_name(text) not in known:
            report.notes["not_in_team", text] += 1
            if on_note:
                on_note("not_in_team", "", text)
    extra = Report()
    for outcome in _saved(importer, values, run):
        if isinstance(outcome, str):
            setattr(extra, outcome, getattr(extra, outcome) + 1)
    if extra.rows:
        report.files.append((str(_("partners that only deals name")), extra))


def _saved(importer: TeamImporter, values: Sequence[dict[str, Any]], run: Run) -> list[str | CellError]:
    if not values:
        return []
    with transaction.atomic():
        return importer.save(list(values), run)
