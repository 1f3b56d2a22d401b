"""Made-up companions of a real export: what a CRM does not know, as CSV files for the importers that exist.

An export of sales has no year before, no people, no certificates, no answers and no judgements. These are drawn from a
seed, so the same export and seed give the same files, byte for byte. Nothing here is real data: addresses end in
``.example``, and numbers begin with ``MADE-``, which keeps them apart from the export's own. The year before is the
export's own closed deals a year earlier, at other values.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from deals.actions.imports import OpportunityImporter
from deals.choices import OpportunityStatus
from partners.choices import FitRating
from prm.core.business_time import add_months, same_day_last_year
from prm.core.csv_import import CellError, CsvFile, day_cell, decimal_cell
from prm.core.exports import csv_lines
from prm.core.refused import Refused
from prm.integrations.actions.crm import MappedImporter
from prm.integrations.day_order import detect_day_order
from prm.integrations.dice import Dice
from prm.integrations.mapping import Mapping
from prm.integrations.names import plain_name
from prm.integrations.personas import Persona, persona_for

PREFIX = "MADE-"
FIRST = (
    "Ana Ben Chloe David Elif Farid Grace Hugo Ines Jonas Kira Luca Maya Nils Olga Pablo Quinn Rosa Samir Tara "
    "Uma Viktor Wanda Xavier Yara Zoltan"
).split()
LAST = (
    "Adler Brandt Costa Duarte Eklund Ferrari Gallo Horvat Ivanov Jansen Keller Lang Moreau Novak Okoye Petrov "
    "Quist Rossi Silva Tanaka Ueda Varga Weber Xu Yilmaz Zeman"
).split()
ACTIONS = (
    ("Name an executive sponsor", "us"),
    ("Agree on a joint account list", "both"),
    ("Certify one more sales person", "partner"),
    ("Register open deals in the portal", "partner"),
    ("Plan a joint webinar", "both"),
    ("Review support response times", "us"),
)
README = """Made-up companions of a sales export

Everything in this FOLDER was drawn from the seed {seed}; none of it is real data. Import it after the export:

  manage.py import_crm FOLDER/year_before --mapping {mapping} --currency USD
  for kind in {kinds}; do manage.py import_records $kind FOLDER/$kind.csv; done

Then: manage.py run_night --as-of {until}
"""
KINDS = ("members", "certificates", "nps", "fit", "value", "portal_days", "qbr_actions")


class CompanionsRefused(Refused):
    """No companions can be made for this export."""

    code = "integrations.companions.refused"
    text = _("No companions can be made: %(why)s.")


@dataclass
class Seller:
    """A partner of the export: its closed deals as cells by our fields, its sales, and how it is doing."""

    name: str
    persona: Persona
    deals: list[dict[str, str]] = field(default_factory=list)
    since: date | None = None
    won: Decimal = Decimal(0)


@dataclass(frozen=True)
class Member:
    """A made-up person at a partner."""

    partner: str
    name: str
    email: str
    role: str
    since: date


@dataclass
class Companions:
    """All rows by file (without its ending), and the day on which the export ends."""

    until: date
    rows: dict[str, list[Sequence[Any]]]
    columns: dict[str, list[str]]


def make_companions(*, folder: Path, mapping: Mapping, seed: int) -> Companions:
    """Draw the companions of an export. Raises CompanionsRefused, CsvRefused or DayOrderUnclear."""
    path = folder / mapping.deals.file
    if not path.is_file():
        raise CompanionsRefused(values={"why": f"{path} is not there"})
    with path.open("rb") as handle:
        reader = MappedImporter(OpportunityImporter(), mapping.deals.columns)
        file = CsvFile(handle, reader.fields, encoding=mapping.encoding)
        cells = [reader.cells(row.cells) for row in file if not row.problem]
    order = mapping.dates or detect_day_order(
        (name, row[name]) for row in cells for name in OpportunityImporter.days if name in row
    )
    sellers, until = _sellers(cells, mapping, order, seed)
    if not sellers:
        raise CompanionsRefused(values={"why": "the export has no closed deal"})
    members = {seller.name: list(_members(seller, seed, until, _wanted(seller, sellers))) for seller in sellers}
    makers: dict[str, Callable[[Seller], Iterable[Sequence[Any]]]] = {
        "members": lambda seller: ((m.partner, m.email, m.name, m.role, m.since) for m in members[seller.name]),
        "certificates": lambda seller: _certificates(seller, members[seller.name], seed, until, sellers),
        "nps": lambda seller: _answers(seller, members[seller.name], seed, until),
        "fit": lambda seller: _fits(seller, seed, until),
        "value": lambda seller: _values(seller, seed, until),
        "portal_days": lambda seller: _portal_days(seller, members[seller.name], seed, until),
        "qbr_actions": lambda seller: _actions(seller, seed, until),
        YEAR_BEFORE: lambda seller: _year_before(seller, mapping, seed),
    }
    rows = {name: [row for seller in sellers for row in make(seller)] for name, make in makers.items()}
    return Companions(until, rows, COLUMNS | {YEAR_BEFORE: list(mapping.deals.columns.values())})


def write_companions(*, folder: Path, mapping: Mapping, mapping_name: str, seed: int, out: Path) -> dict[str, int]:
    """Write the files below ``out``; the number of rows in each. The same input gives the same bytes."""
    made = make_companions(folder=folder, mapping=mapping, seed=seed)
    counts = {}
    for name, rows in made.rows.items():
        path = out / YEAR_BEFORE / mapping.deals.file if name == YEAR_BEFORE else out / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(csv_lines(rows=rows, columns=made.columns[name])), encoding="utf-8", newline="")
        counts[str(path.relative_to(out))] = len(rows)
    words = README.format(seed=seed, mapping=mapping_name, until=made.until, kinds=" ".join(KINDS))
    (out / "README.txt").write_text(words, encoding="utf-8")
    return counts


YEAR_BEFORE = "year_before"
COLUMNS = {
    "members": ["partner", "email", "name", "role", "since"],
    "certificates": ["external_id", "partner", "email", "name", "kind", "valid_from", "valid_until"],
    "nps": ["external_id", "partner", "score", "answered_on", "email"],
    "fit": ["external_id", "partner", "rating", "set_on", "reason"],
    "value": ["external_id", "partner", "score", "rated_on", "reason"],
    "portal_days": ["partner", "email", "day"],
    "qbr_actions": ["external_id", "partner", "title", "side", "owner_name", "agreed_on", "due_on", "closed_on"],
}


def _sellers(cells: list[dict[str, str]], mapping: Mapping, order: str, seed: int) -> tuple[list[Seller], date]:
    """Partners with closed deals, by name, and the last day that the export speaks of."""
    sellers: dict[str, Seller] = {}
    until = date.min
    for row in cells:
        if row["external_id"].startswith(PREFIX):
            raise CompanionsRefused(values={"why": "the export is itself made up"})
        name, standing = row["partner"], mapping.deals.stages.get(row["stage"])
        days = [_day(row.get(each, ""), order) for each in ("engaged_on", "closed_on")]
        until = max([until, *(day for day in days if day)])
        if not name or standing is None or standing.status == OpportunityStatus.OPEN or not all(days):
            continue
        seller = sellers.setdefault(name, Seller(name, persona_for(Dice(seed, "persona", name))))
        seller.deals.append(row | {"engaged_on": str(days[0]), "closed_on": str(days[1])})
        seller.since = min(filter(None, [seller.since, days[0]]))
        if standing.status == OpportunityStatus.WON:
            seller.won += _amount(row.get("amount", ""))
    return [sellers[name] for name in sorted(sellers)], until


def _wanted(seller: Seller, sellers: list[Seller]) -> int:
    """How many certified people: by how it is doing, and enough for the top at the partner that sold most."""
    best = max(sellers, key=lambda each: (each.won, each.name))
    return 6 if seller is best else -1


def _members(seller: Seller, seed: int, until: date, at_least: int) -> Iterator[Member]:
    dice, used = Dice(seed, "members", seller.name), set()
    count = max(dice.between(*seller.persona.people), at_least)
    for number in range(count):
        while (name := f"{dice.one_of(FIRST)} {dice.one_of(LAST)}") in used:
            pass
        used.add(name)
        role = "partner_admin" if number == 0 else dice.one_of(("seller", "seller", "marketer", "learner"))
        since = until - timedelta(days=dice.between(400, 440))
        company = plain_name(seller.name).replace(".", "-") or f"partner-{dice.below(10**6)}"
        yield Member(seller.name, name, f"{plain_name(name)}@{company}.example", role, since)


def _certificates(
    seller: Seller, members: list[Member], seed: int, until: date, sellers: list[Seller]
) -> Iterator[Sequence[Any]]:
    """Current ones for as many people as the persona has, some people with two, and some that ran out."""
    dice = Dice(seed, "certificates", seller.name)
    certified = max(dice.between(*seller.persona.certified), _wanted(seller, sellers))
    for number, member in enumerate(members):
        current = number < certified
        begin = until - timedelta(days=dice.between(10, 330) if current else dice.between(380, 600))
        end = add_months(begin, 12) - timedelta(days=1)
        if current or dice.percent(40):
            yield (_number("C", seller, number), seller.name, member.email, member.name, "sales", begin, end)
        if current and dice.percent(30):
            begin = until - timedelta(days=dice.between(10, 300))
            end = add_months(begin, 12) - timedelta(days=1)
            yield (_number("T", seller, number), seller.name, member.email, member.name, "technical", begin, end)


def _answers(seller: Seller, members: list[Member], seed: int, until: date) -> Iterator[Sequence[Any]]:
    """Two answers a quarter over fifteen months, so that the oldest no longer count."""
    dice = Dice(seed, "nps", seller.name)
    if not seller.persona.answers or not members:
        return
    for number in range(10):
        on = until - timedelta(days=45 * number + dice.below(20))
        score = dice.one_of(seller.persona.answers)
        yield (_number("N", seller, number), seller.name, score, on, dice.one_of(members).email)


def _fits(seller: Seller, seed: int, until: date) -> Iterator[Sequence[Any]]:
    """An earlier judgement and the one that counts; one partner in eight was never judged."""
    dice = Dice(seed, "fit", seller.name)
    if dice.percent(12):
        return
    earlier = until - timedelta(days=dice.between(300, 360))
    yield (_number("F", seller, 0), seller.name, dice.one_of(FitRating.values), earlier, "Yearly judgement")
    later = until - timedelta(days=dice.between(20, 120))
    yield (_number("F", seller, 1), seller.name, dice.one_of(seller.persona.fits), later, "Yearly judgement")


def _values(seller: Seller, seed: int, until: date) -> Iterator[Sequence[Any]]:
    dice = Dice(seed, "value", seller.name)
    on = until - timedelta(days=dice.between(20, 200))
    yield (_number("V", seller, 0), seller.name, dice.one_of(seller.persona.values), on, "Portfolio planning")


def _portal_days(seller: Seller, members: list[Member], seed: int, until: date) -> Iterator[Sequence[Any]]:
    """Weekdays of the last year, as often as the persona comes; it stops some days before the end."""
    dice = Dice(seed, "portal", seller.name)
    often, silent = seller.persona.portal
    for member in members:
        for ago in range(364, silent - 1, -1):
            day = until - timedelta(days=ago)
            if dice.percent(often) and day.weekday() < 5 and day >= member.since:
                yield (seller.name, member.email, day)


def _actions(seller: Seller, seed: int, until: date) -> Iterator[Sequence[Any]]:
    dice = Dice(seed, "actions", seller.name)
    for number in range(dice.below(4)):
        title, side = dice.one_of(ACTIONS)
        agreed = until - timedelta(days=dice.between(60, 95))
        closed = until - timedelta(days=dice.between(5, 40)) if dice.percent(35) else None
        owner = f"{dice.one_of(FIRST)} {dice.one_of(LAST)}"
        due = agreed + timedelta(days=dice.between(60, 120))
        yield (_number("Q", seller, number), seller.name, title, side, owner, agreed, due, closed)


def _year_before(seller: Seller, mapping: Mapping, seed: int) -> Iterator[Sequence[Any]]:
    """The export's closed deals a year earlier, each at its own value, in the export's own columns."""
    if seller.persona.year_before is None:
        return
    dice = Dice(seed, "year before", seller.name)
    percent = dice.between(*seller.persona.year_before)
    for deal in seller.deals:
        cells = dict(deal)
        cells["external_id"] = f"{PREFIX}{deal['external_id']}"
        for name in ("engaged_on", "closed_on"):
            cells[name] = str(same_day_last_year(date.fromisoformat(deal[name])))
        if "amount" in cells:
            cells["amount"] = str(int(_amount(deal["amount"]) * percent / 100))
        yield [cells[name] for name in mapping.deals.columns]


def _number(letter: str, seller: Seller, number: int) -> str:
    return f"{PREFIX}{letter}-{plain_name(seller.name)[:50]}-{number}"


def _day(text: str, order: str) -> date | None:
    try:
        return day_cell(text, order) if text else None
    except CellError:
        return None


def _amount(text: str) -> Decimal:
    try:
        return decimal_cell(text) if text else Decimal(0)
    except CellError:
        return Decimal(0)
