"""Payouts in the world of the access sweep: runs in every state, payouts of each company, accounts, files."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions.payout_details import current_details
from deals.actions.payout_items import fail_item
from deals.actions.payout_runs import approve_run, prepare_item, process_run, request_run
from deals.models import PayoutDetails, PayoutFile, PayoutItem, PayoutRun
from prm.core.money import CURRENCY_DIGITS
from tests.deals.payables import IBAN, details, payable
from tests.deals.stage import partner_of
from tests.world import Person, Rows, World, register

_numbers = count()
_CURRENCIES = [code for code, digits in CURRENCY_DIGITS.items() if digits == 2 and code != "EUR"]
_RUN_STATES = {
    "payout_run_approve": "requested",
    "payout_run_cancel": "requested",
    "payout_run_renew": "requested",
    "payout_run_retry": "failed",
    "payout_run_write": "unwritten",
}
_ITEM_STATES = {"payout_retry": "failed", "payout_release": "failed"}


def _person(world: World, owner: str) -> Person:
    return world.rita if owner == "rival" else world.paul


def _account(world: World, owner: str) -> PayoutDetails:
    """The company's account, entered once; its holder carries the canary of accounts."""
    person = _person(world, owner)
    holder = f"Holder {world.canary_of('deals.payout_details')}" if owner == "rival" else "Northwind GmbH"
    if world.payloads is not None:
        holder = world.words(owner, "Holder")[:70]
    known = current_details(partner_of(person))
    return known or details(person, account_holder=holder, tax_form="w9", tax_id="123456789")


def _run(world: World, owner: str, state: str) -> PayoutRun:
    """A run of its own currency, because only one may be open in each; of both companies for the vendor's rows."""
    currency = _CURRENCIES[next(_numbers) % len(_CURRENCIES)]
    for company in ("northwind", "rival") if owner == "vendor" else (owner,):
        _account(world, company)
        payable(
            _person(world, company),
            500,
            currency=currency,
            on=world.at.date(),
            title=world.words(company, "Deal with a customer"),
        )
    if owner == "vendor":  # what the page to prepare a run offers first
        payable(world.paul, 500, on=world.at.date())
    run = request_run(currency=currency, through=world.at.date(), by=world.finn.actor, at=world.at)
    if state == "requested":
        return run
    run = approve_run(run=run, by=world.vera.actor, at=world.at + timedelta(hours=1))
    if state == "unwritten":
        for item in run.items.all():
            prepare_item(item_id=item.pk, by=world.finn.actor, at=world.at)
        return run
    process_run(code=run.code, at=world.at + timedelta(hours=2))
    if state == "failed":
        for item in run.items.all():
            fail_item(item=item, by=world.finn.actor, at=world.at + timedelta(hours=3), failure="AC04")
    run.refresh_from_db()
    return run


def _run_row(world: World, owner: str, route: str) -> PayoutRun:
    return _run(world, owner, _RUN_STATES.get(route, "processed"))


def _item_row(world: World, owner: str, route: str) -> PayoutItem:
    return _run(world, owner, _ITEM_STATES.get(route, "processed")).items.get()


def _details_row(world: World, owner: str, route: str) -> PayoutDetails:
    return _account(world, owner)


def _file_row(world: World, owner: str, route: str) -> PayoutFile:
    return _run(world, owner, "processed").files.get()


def _report(world: World, row: Any) -> dict[str, Any]:
    lines = [f"{item.code}-{item.attempt},2026-06-15," for item in row.items.all()]
    text = "\n".join(["reference,paid_on,reason", *lines]).encode()
    return {"file": SimpleUploadedFile("report.csv", text, content_type="text/csv")}


def _paid(world: World, row: Any) -> dict[str, Any]:
    return {"paid_on": world.at.date().isoformat()}


def _new_account(world: World, row: Any) -> dict[str, Any]:
    return {
        "method": "sepa",
        "account_holder": "Somebody else",
        "account": IBAN,
        "bank": "",
        "tax_form": "vat",
        "tax_id": "DE123456789",
        "tax_form_signed_on": "",
        "notice_email": "new@northwind.example",
    }


register(
    Rows(
        kind="deals.payout_run",
        make=_run_row,
        owners=("vendor",),
        state_of=lambda route: _RUN_STATES.get(route, "processed"),
        bodies={
            "payout_run_create": lambda world, row: {"note": "Monthly run"},
            "payout_run_cancel": lambda world, row: {"reason": "Wait for the audit"},
            "payout_run_confirm": _paid,
            "payout_run_report": _report,
        },
    )
)
register(
    Rows(
        kind="deals.payout",
        make=_item_row,
        state_of=lambda route: _ITEM_STATES.get(route, "processed"),
        bodies={
            "payout_confirm": _paid,
            "payout_fail": lambda world, row: {"reason": "AC04 account closed"},
            "payout_release": lambda world, row: {"reason": "They look for another bank"},
        },
    )
)
register(
    Rows(
        kind="deals.payout_details",
        make=_details_row,
        bodies={"payout_details_edit": _new_account, "payout_details_form": lambda world, row: {}},
    )
)
register(
    Rows(
        kind="deals.payout_file",
        make=_file_row,
        owners=("vendor",),
        kwargs=lambda row: {"code": row.run.code, "number": row.number},
        bodies={"payout_file_download": lambda world, row: {}},
    )
)
