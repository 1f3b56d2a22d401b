"""Importing what happened to contracts: payments and cancellations from a billing system, as a file."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.actions.contract_events import NEEDS_AMOUNT, record_contract_event
from deals.choices import ContractEventKind, RecordSource
from deals.models import Contract, ContractEvent
from prm.core.csv_import import CellError, Field, Run, choice_cell, day_cell, text_cell
from prm.core.money import MoneyError, parse_amount
from prm.core.refused import Refused
from prm.core.seen import Seen

Outcome = str | CellError


class ContractEventImporter:
    """Events of contracts, each with its outside number, by which a second run of the same file changes nothing.

    A contract is named by its number here or outside, or by that of its deal. The currency, where it is given, must be
    the contract's. Rows are taken one by one in the order of the file, and one that is refused leaves the others alone.
    """

    kind = "contract_events"
    fields = (
        Field("external_id", required=True, aliases=("id", "event id")),
        Field("contract", required=True, aliases=("contract number", "deal", "opportunity")),
        Field("kind", required=True, aliases=("event", "type")),
        Field("effective_on", required=True, aliases=("date", "effective date")),
        Field("amount"),
        Field("currency"),
        Field("note"),
    )

    def __init__(self) -> None:
        self._seen = Seen()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check the cells of one event; the contract is looked up when it is written."""
        number = text_cell(cells["external_id"], 100, required=True)
        if not self._seen.add(number):
            raise CellError(_("%(key)s stands in this file more than once") % {"key": number[:80]})
        kind = choice_cell(cells["kind"], ContractEventKind.choices)
        if kind in NEEDS_AMOUNT and not cells.get("amount"):
            raise CellError(_("the amount is missing"))
        return {
            "external_id": number,
            "contract": text_cell(cells["contract"], 100, required=True),
            "kind": kind,
            "effective_on": day_cell(cells["effective_on"], run.day_order),
            "amount": cells.get("amount", ""),
            "currency": cells.get("currency", "").upper(),
            "note": text_cell(cells.get("note", ""), 2000),
        }

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Record the events of a batch, each in its own savepoint."""
        known = set(
            ContractEvent.objects.filter(external_id__in=[values["external_id"] for values in batch]).values_list(
                "external_id", flat=True
            )
        )
        return [self._one(values, run, is_known=values["external_id"] in known) for values in batch]

    def _one(self, values: dict[str, Any], run: Run, *, is_known: bool) -> Outcome:
        try:
            contract = _contract(values["contract"])
            with transaction.atomic():
                record_contract_event(
                    contract=contract,
                    kind=values["kind"],
                    effective_on=values["effective_on"],
                    amount=_amount(values, contract),
                    external_id=values["external_id"],
                    source=RecordSource.IMPORT,
                    note=values["note"],
                    by=run.by,
                    at=run.at,
                )
        except CellError as error:
            return error
        except Refused as refusal:
            return CellError(refusal.message)
        return "unchanged" if is_known else "created"


def _contract(number: str) -> Contract:
    found = list(
        Contract.objects.filter(
            Q(code=number) | Q(external_id=number) | Q(opportunity__code=number) | Q(opportunity__external_id=number)
        )[:2]
    )
    if len(found) != 1:
        raise CellError(_("no contract has the number %(number)s") % {"number": number[:40]})
    return found[0]


def _amount(values: dict[str, Any], contract: Contract) -> Decimal | None:
    if values["currency"] and values["currency"] != contract.currency:
        raise CellError(_("the contract is in %(currency)s") % {"currency": contract.currency})
    if not values["amount"]:
        return None
    try:
        return parse_amount(values["amount"], contract.currency)
    except MoneyError as error:
        raise CellError(str(error)) from None


IMPORTERS = ((ContractEventImporter, _("Contract events"), "deals.contract_record"),)
"""Kind, label and permission of the import."""
