"""Importing what another system knows: products, end customers and opportunities.

Opportunities come in as they are, without registrations and without claims. Nothing is lost on the way: a deal whose
account nobody knows is kept without it, a product that is not on the price list is kept under its spelling as one that
is not offered, and the importer's ``notes`` say what was not known and how often. A second run of the same file changes
nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from deals.actions.verdicts import judge_won_deals
from deals.choices import LostReason, OpportunitySource, OpportunityStage, OpportunityStatus
from deals.models import Account, Contract, Opportunity, Product
from deals.queries.program import Program, program_at
from deals.queries.rates import rate_on
from deals.rules.accounts import AccountError, account_keys
from deals.rules.arr import annual, convert
from partners.actions.imports import PartnerFinder
from partners.models import Partner
from prm.core.actions import audit
from prm.core.codes import new_code
from prm.core.csv_import import (
    CellError,
    Field,
    Run,
    choice_cell,
    day_cell,
    decimal_cell,
    text_cell,
    whole_cell,
)
from prm.core.money import CURRENCY_DIGITS, MoneyError, parse_amount
from prm.core.refs import Ref
from prm.core.seen import Seen

Outcome = str | CellError
OPEN_STAGES = [stage for stage in OpportunityStage if stage != OpportunityStage.CLOSED]
MOST = Decimal(10) ** 12
OnNote = Callable[[str, str, str], None]


class SeenOnce:
    """Which numbers a file has named already, so that no file says two things of one record."""

    def __init__(self) -> None:
        self._seen = Seen()

    def check(self, key: str) -> str:
        """The key, the first time; CellError after that."""
        if not self._seen.add(key):
            raise CellError(_("%(key)s stands in this file more than once") % {"key": key[:80]})
        return key


@dataclass(frozen=True)
class Standing:
    """What a foreign stage means here: the partner's axis and the vendor's."""

    stage: str
    status: str


@dataclass(frozen=True)
class OpportunityOptions:
    """How a file speaks: ``stages`` by their name in the file, ``spellings`` of products, and the currency it is in.

    ``is_partner_worked`` says that the partner named in a row worked the deal, so that it counts as sourced.
    """

    currency: str = ""
    stages: Mapping[str, Standing] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    is_partner_worked: bool = True


class ProductImporter:
    """The price list. Products of one series share a product line, numbered as the series appear.

    A blank cell leaves a known product's field as it is.
    """

    kind = "products"
    fields = (
        Field("name", required=True, aliases=("product",)),
        Field("series", aliases=("line", "family")),
        Field("list_price", aliases=("sales price", "price")),
        Field("currency"),
    )

    def __init__(self, currency: str = "") -> None:
        self.currency = currency
        self._once = SeenOnce()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check the cells of one product."""
        currency = _currency(cells.get("currency", ""), self.currency)
        values: dict[str, Any] = {"name": text_cell(cells["name"], 150, required=True)}
        if cells.get("series"):
            values["series"] = text_cell(cells["series"], 100)
        if cells.get("list_price"):
            values |= {"list_price": _amount(cells["list_price"], currency), "currency": currency}
        self._once.check(values["name"].casefold())
        return {"currency": currency, **values}

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Write what is new or differs, product by product: price lists are short."""
        known = {product.name.casefold(): product for product in Product.objects.all()}
        lines = {product.series: product.line for product in known.values() if product.series and product.line}
        last = max((product.line or 0 for product in known.values()), default=0)
        outcomes: list[Outcome] = []
        for values in batch:
            series = values.get("series")
            if series and series not in lines:
                last += 1
                lines[series] = last
            outcomes.append(self._one(values | ({"line": lines[series]} if series else {}), known, run))
        return outcomes

    def _one(self, values: dict[str, Any], known: dict[str, Product], run: Run) -> Outcome:
        product = known.get(values["name"].casefold())
        if product is None:
            Product.objects.create(code=new_code("PR"), created_at=run.at, **values)
            return "created"
        if "list_price" not in values:
            values = {name: value for name, value in values.items() if name != "currency"}
        if not product.is_active and product.list_price is None and "list_price" in values:
            values = values | {"is_active": True}  # a deal named it before the price list did
        changed = [name for name, value in values.items() if getattr(product, name) != value]
        if not changed:
            return "unchanged"
        for name in changed:
            setattr(product, name, values[name])
        product.save(update_fields=changed)
        return "updated"


class AccountImporter:
    """End customers, known by their name where the file has no number for them."""

    kind = "accounts"
    fields = (
        Field("name", required=True, aliases=("account", "company")),
        Field("external_id", aliases=("account id",)),
        Field("domain", aliases=("website",)),
        Field("country"),
        Field("address"),
    )

    def __init__(self) -> None:
        self._once = SeenOnce()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check the cells of one account and make its keys."""
        values = {
            "name": text_cell(cells["name"], 200, required=True),
            "domain": text_cell(cells.get("domain", ""), 253),
            "country": text_cell(cells.get("country", ""), 2).upper(),
            "address": text_cell(cells.get("address", ""), 2000),
        }
        values |= _keys(values["name"], values["domain"], values["country"])
        return values | {
            "external_id": self._once.check(text_cell(cells.get("external_id") or cells["name"], 100)),
        }

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Create and change in a fixed number of statements."""
        known = Account.objects.in_bulk([values["external_id"] for values in batch], field_name="external_id")
        names = [name for name in batch[0] if name != "external_id"]
        fresh: list[Account] = []
        changed: list[Account] = []
        outcomes: list[Outcome] = []
        for values in batch:
            account = known.get(values["external_id"])
            if account is None:
                fresh.append(Account(code=new_code("AC"), created_at=run.at, **values))
                outcomes.append("created")
            elif all(getattr(account, name) == values[name] for name in names):
                outcomes.append("unchanged")
            else:
                for name in names:
                    setattr(account, name, values[name])
                changed.append(account)
                outcomes.append("updated")
        Account.objects.bulk_create(fresh)
        Account.objects.bulk_update(changed, names)
        return outcomes


@dataclass
class Totals:
    """What the rows taken add up to, by result and currency: for comparing with the file's own sums."""

    deals: Counter[tuple[str, str]] = field(default_factory=Counter)
    amounts: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def add(self, status: str, currency: str, amount: Decimal | None) -> None:
        """Count one deal."""
        self.deals[status, currency] += 1
        self.amounts[status, currency] = self.amounts.get((status, currency), Decimal(0)) + (amount or Decimal(0))


class OpportunityImporter:
    """Deals that partners worked elsewhere, and direct pipeline where a row says ``direct`` as its origin.

    A row names its partner, unless it is direct: then it must not. A known deal keeps its origin.

    ``notes`` counts what was not known: accounts, products, rates; ``on_note`` hears of each (kind, the deal's number,
    what was not known). ``totals`` adds up what was taken. A known deal that was not imported is never touched, and one
    that was confirmed and signed here stays as it is: what happens to it is told by its contract's events. A deal that
    comes in won makes no contract, because what its partner earned was paid elsewhere.
    """

    kind = "opportunities"
    fields = (
        Field("external_id", required=True, aliases=("id", "opportunity id")),
        Field("partner", required=True, aliases=("partner id", "company")),
        Field("stage", required=True, aliases=("deal stage",)),
        Field("product"),
        Field("account", aliases=("customer",)),
        Field("amount", aliases=("close value",)),
        Field("currency"),
        Field("term_months"),
        Field("engaged_on", aliases=("engage date",)),
        Field("expected_close_on"),
        Field("closed_on", aliases=("close date",)),
        Field("lost_reason"),
        Field("origin"),
    )
    days = ("engaged_on", "expected_close_on", "closed_on")

    def __init__(self, options: OpportunityOptions | None = None, on_note: OnNote | None = None) -> None:
        self.options = options or OpportunityOptions(
            stages={
                **{str(stage): Standing(stage, OpportunityStatus.OPEN) for stage in OPEN_STAGES},
                "won": Standing(OpportunityStage.CLOSED, OpportunityStatus.WON),
                "lost": Standing(OpportunityStage.CLOSED, OpportunityStatus.LOST),
            }
        )
        self.notes: Counter[tuple[str, str]] = Counter()
        self.totals = Totals()
        self._on_note = on_note
        self._finder, self._once = PartnerFinder(), SeenOnce()
        self._program: Program | None = None
        self._products: dict[str, Product] | None = None
        self._accounts: dict[str, int] = {}
        self._rates: dict[tuple[str, date], Decimal | None] = {}
        self._noted: list[tuple[str, str, str]] = []
        self._stages = {name.casefold(): standing for name, standing in self.options.stages.items()}
        self._spellings = {name.casefold(): real for name, real in self.options.spellings.items()}

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell of one deal; partner, product and account are looked up when it is written."""
        standing = self._stages.get(cells["stage"].casefold())
        if standing is None:
            raise CellError(_("the stage %(stage)s is not mapped") % {"stage": cells["stage"][:40] or "–"})
        currency = _currency(cells.get("currency", ""), self.options.currency)
        origin = _origin_cell(cells.get("origin", ""))
        values: dict[str, Any] = {
            "external_id": text_cell(cells["external_id"], 100, required=True),
            "origin": origin,
            "partner": _partner_cell(cells["partner"], origin),
            "product": text_cell(cells.get("product", ""), 150),
            "account": text_cell(cells.get("account", ""), 200),
            "stage": standing.stage,
            "status": standing.status,
            "currency": currency,
            "amount": _amount(cells["amount"], currency) if cells.get("amount") else None,
            "term_months": whole_cell(cells["term_months"], least=1, most=240) if cells.get("term_months") else None,
            "lost_reason": choice_cell(cells["lost_reason"], LostReason.choices) if cells.get("lost_reason") else "",
        }
        for name in self.days:
            values[name] = day_cell(cells[name], run.day_order) if cells.get(name) else None
        if values["account"]:
            _keys(values["account"], "", "")
        self._once.check(values["external_id"])
        return _checked(values)

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Look up, compare and write a batch in a fixed number of statements."""
        self._noted = []
        try:
            outcomes = self._save(batch, run)
        except DatabaseError:
            self._products = None  # what was looked up may have been undone with the batch
            raise
        for kind, number, value in self._noted:
            self.notes[kind, value] += 1
            if self._on_note:
                self._on_note(kind, number, value)
        for values, outcome in zip(batch, outcomes, strict=True):
            if not isinstance(outcome, CellError):
                self.totals.add(values["status"], values["currency"], values["amount"])
        return outcomes

    def _save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        self._load(run)
        known = Opportunity.objects.in_bulk([values["external_id"] for values in batch], field_name="external_id")
        signed = set(Contract.objects.filter(opportunity__in=known.values()).values_list("opportunity_id", flat=True))
        fresh: list[Opportunity] = []
        changed: list[Opportunity] = []
        outcomes: list[Outcome] = []
        for values in batch:
            deal = known.get(values["external_id"])
            if deal is not None and deal.pk in signed:
                outcomes.append("unchanged")
                continue
            try:
                if deal is not None:
                    _check_same_origin(deal, values["origin"])
                columns = self._columns(values, run)
            except CellError as error:
                outcomes.append(error)
                continue
            if deal is None:
                fresh.append(self._new(columns, run))
                outcomes.append("created")
            elif all(getattr(deal, name) == value for name, value in columns.items()):
                outcomes.append("unchanged")
            else:
                for name, value in columns.items():
                    setattr(deal, name, value)
                deal.touched_at = run.at
                deal.version += 1
                changed.append(deal)
                outcomes.append("updated")
        Opportunity.objects.bulk_create(fresh)
        if changed:
            Opportunity.objects.bulk_update(changed, [*columns, "touched_at", "version"])
        self._audit([*fresh, *changed], run)
        won = [deal.pk for deal in (*fresh, *changed) if deal.status == OpportunityStatus.WON]
        if won:
            judge_won_deals(by=run.by, at=run.at, only=won)
        return outcomes

    def _load(self, run: Run) -> None:
        if self._products is None:
            self._program = program_at(run.at)
            self._products = {product.name.casefold(): product for product in Product.objects.all()}
            rows = Account.objects.order_by("-pk").values_list("name", "pk")
            self._accounts = {name.casefold(): pk for name, pk in rows.iterator()}

    def _columns(self, values: dict[str, Any], run: Run) -> dict[str, Any]:
        """The row as columns of an opportunity, with what it is worth in the program's currency."""
        partner: Partner | None = self._finder.find(values["partner"], run) if values["partner"] else None
        won = values["status"] == OpportunityStatus.WON
        columns = {
            "external_id": values["external_id"],
            "partner_id": partner.pk if partner else None,
            "product_id": self._product(values, run),
            "account_id": self._account(values, run),
            "origin": values["origin"],
            "is_partner_worked": partner is not None and self.options.is_partner_worked,
            "won_on": values["closed_on"] if won else None,
            **{
                name: values[name]
                for name in (
                    "stage", "status", "currency", "amount", "term_months", "lost_reason", "engaged_on",
                    "expected_close_on", "closed_on",
                )
            },
        }  # fmt: skip
        return columns | self._worth(columns)

    def _worth(self, columns: dict[str, Any]) -> dict[str, Any]:
        """A closed deal is worth what the rate of its day says; an open one today's."""
        amount, currency = columns["amount"], columns["currency"]
        if amount is None or self._program is None:
            return {"arr": None, "rate": None, "amount_program": None, "arr_program": None}
        program = self._program.currency
        key = (currency, columns["closed_on"] or self._program.today)
        if key not in self._rates:
            self._rates[key] = rate_on(currency=currency, to_currency=program, day=key[1])
        rate = self._rates[key]
        if rate is None:
            self._noted.append(("rate", columns["external_id"], f"{currency} → {program}"))
        arr = annual(amount, columns["term_months"], currency)
        return {
            "arr": arr,
            "rate": rate,
            "amount_program": convert(amount, rate, program),
            "arr_program": convert(arr, rate, program),
        }

    def _product(self, values: dict[str, Any], run: Run) -> int | None:
        name, products = values["product"], self._products or {}
        if not name:
            return None
        wanted = self._spellings.get(name.casefold(), name)
        product = products.get(wanted.casefold())
        if product is None:
            product = products[wanted.casefold()] = Product.objects.create(
                code=new_code("PR"), name=wanted, currency=values["currency"], is_active=False, created_at=run.at
            )
        if not product.is_active and product.list_price is None:
            self._noted.append(("product", values["external_id"], wanted))
        elif product.name != name:
            self._noted.append(("spelling", values["external_id"], f"{name} → {product.name}"))
        return product.pk

    def _account(self, values: dict[str, Any], run: Run) -> int | None:
        name = values["account"]
        if not name:
            self._noted.append(("account", values["external_id"], ""))
            return None
        if name.casefold() not in self._accounts:
            self._noted.append(("new_account", values["external_id"], name))
            self._accounts[name.casefold()] = Account.objects.create(
                code=new_code("AC"), name=name, external_id=_free_number(name), created_at=run.at, **_keys(name, "", "")
            ).pk
        return self._accounts[name.casefold()]

    def _new(self, columns: dict[str, Any], run: Run) -> Opportunity:
        return Opportunity(
            code=new_code("OP"),
            created_at=run.at,
            touched_at=run.at,
            **columns,
        )

    def _audit(self, deals: Sequence[Opportunity], run: Run) -> None:
        counts = Counter(deal.partner_id for deal in deals)
        codes = dict(Partner.objects.filter(pk__in=counts).values_list("pk", "code"))
        audit.record_many(
            audit.entry(
                code="deals.opportunity.imported",
                by=run.by,
                at=run.at,
                ref=Ref("partners.partner", codes[partner_id]),
                organization_id=partner_id,
                changes={"rows_in_batch": count, "file": run.file_name},
            )
            for partner_id, count in counts.items()
            if partner_id is not None
        )
        # no partner's record names them, so each direct deal has a line of its own
        audit.record_many(
            audit.entry(
                code="deals.opportunity.imported",
                by=run.by,
                at=run.at,
                ref=deal.ref,
                changes={"file": run.file_name},
            )
            for deal in deals
            if deal.partner_id is None
        )


def _free_number(name: str) -> str | None:
    """The name as an account's outside number, as the account import would give it; None where it is taken or long."""
    number = name[:100]
    return None if len(name) > 100 or Account.objects.filter(external_id=number).exists() else number


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """What must go together: results with their dates, and dates in order."""
    is_open = values["status"] == OpportunityStatus.OPEN
    if is_open and values["closed_on"]:
        raise CellError(_("an open deal has no close date"))
    if not is_open and values["closed_on"] is None:
        raise CellError(_("a closed deal needs its close date"))
    if values["status"] == OpportunityStatus.WON and values["amount"] is None:
        raise CellError(_("a won deal needs its value"))
    if values["closed_on"] and values["engaged_on"] and values["closed_on"] < values["engaged_on"]:
        raise CellError(_("the deal closed before it began"))
    return values


def _origin_cell(text: str) -> str:
    """Direct pipeline where the row says so; anything else that is not blank is refused."""
    if not text:
        return str(OpportunitySource.IMPORT)
    if text.casefold() != OpportunitySource.DIRECT:
        raise CellError(_("%(text)s is not an origin: direct, or blank for a partner's deal") % {"text": text[:40]})
    return str(OpportunitySource.DIRECT)


def _partner_cell(text: str, origin: str) -> str:
    if origin != OpportunitySource.DIRECT:
        return text_cell(text, 200, required=True)
    if text:
        raise CellError(_("a direct deal has no partner"))
    return ""


def _check_same_origin(deal: Opportunity, origin: str) -> None:
    """What a verdict and a commission may rest on is not taken away, or given, by a file."""
    if deal.origin == origin:
        return
    if deal.origin == OpportunitySource.DIRECT:
        raise CellError(_("this number belongs to a direct deal"))
    if deal.origin == OpportunitySource.IMPORT:
        raise CellError(_("this number belongs to a partner's deal"))
    raise CellError(_("this number belongs to a deal that was not imported"))


def _currency(text: str, stated: str) -> str:
    currency = (text or stated).upper()
    if not currency:
        raise CellError(_("the currency is neither in the file nor stated"))
    if currency not in CURRENCY_DIGITS:
        raise CellError(_("%(currency)s is not a currency that is known here") % {"currency": currency[:10]})
    return currency


def _amount(text: str, currency: str) -> Decimal:
    number = decimal_cell(text)
    if number < 0:
        raise CellError(_("%(text)s is negative") % {"text": text})
    if number > MOST:
        raise CellError(_("%(text)s is too large for an amount") % {"text": text})
    try:
        return parse_amount(text, currency)
    except MoneyError as error:
        raise CellError(str(error)) from None


def _keys(name: str, domain: str, country: str) -> dict[str, Any]:
    try:
        keys = account_keys(domain=domain, name=name, country=country)
    except AccountError as error:
        raise CellError(_("the account can't be used: %(why)s") % {"why": error.code}) from None
    return {
        "domain_key": keys.domain_key,
        "name_key": keys.name_key,
        "plain_name": keys.name,
        "key_version": keys.version,
    }


IMPORTERS = (
    (ProductImporter, _("Products"), "partners.program_edit"),
    (AccountImporter, _("End customers"), "deals.opportunity_confirm"),
    (OpportunityImporter, _("Opportunities"), "deals.opportunity_confirm"),
)
