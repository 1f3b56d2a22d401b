"""Money that waits to be paid, made directly: commissions that are payable, and accounts to pay them to."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions import ledger
from deals.actions.payout_details import current_details, save_payout_details
from deals.actions.payout_runs import approve_run, process_run, request_run
from deals.choices import CommissionKind, CommissionStatus
from deals.models import Commission, PayoutDetails, PayoutRun
from partners.models import ProgramVersion
from prm.core.codes import new_code
from tests.core.corpus import pdf
from tests.deals.stage import partner_of
from tests.world import AT, Person, World

IBAN = "DE89370400440532013000"
OTHER_IBAN = "NL91ABNA0417164300"
ROUTING = "021000021"
TODAY = AT.date()
_numbers = count(1)


def payable(
    person: Person,
    amount: Decimal | int | str = 1000,
    *,
    currency: str = "EUR",
    on: date = TODAY - timedelta(days=1),
    held: str = "",
    **changes: Any,
) -> Commission:
    """A payable line of a person's company, in the books since a day."""
    number = next(_numbers)
    worth = Decimal(str(amount))
    line = Commission.objects.create(
        code=new_code("CM"),
        partner=partner_of(person),
        kind=CommissionKind.FLAT if worth > 0 else CommissionKind.ADJUSTMENT,
        source_key=f"tests:{number}",
        program_version=ProgramVersion.objects.order_by("pk")[0],
        plan_name="Referral",
        amount=worth,
        currency=currency,
        earned_on=on - timedelta(days=40),
        payable_on=on,
        status=CommissionStatus.PAYABLE,
        held_reason=held,
        **{"title": f"Deal {number}", "created_at": AT - timedelta(days=40)} | changes,
    )
    by = person.actor
    ledger.post_accrual(commissions=[line], by=by, at=AT, on=line.earned_on)
    ledger.post_release(commissions=[line], by=by, at=AT, on=on)
    return line


def details_values(**changes: Any) -> dict[str, Any]:
    """A complete form of payout details."""
    return {
        "method": "sepa",
        "account_holder": "Northwind Solutions GmbH",
        "account": IBAN,
        "bank": "",
        "tax_form": "vat",
        "tax_id": "DE123456789",
        "tax_form_signed_on": None,
        "notice_email": "money@northwind.example",
    } | changes


def details(person: Person, *, at: Any = AT - timedelta(days=60), **changes: Any) -> PayoutDetails:
    """A company's account, as its person enters it."""
    partner = partner_of(person)
    values = details_values(**changes)
    needs_file = values["tax_form"] != "vat" and not changes.get("no_file")
    values.pop("no_file", None)
    if values["tax_form"] != "vat" and values["tax_form_signed_on"] is None:
        values["tax_form_signed_on"] = TODAY - timedelta(days=100)
    before = current_details(partner)
    return save_payout_details(
        partner=partner,
        by=person.actor,
        at=at,
        values=values,
        tax_form_file=SimpleUploadedFile("form.pdf", pdf(), content_type="application/pdf") if needs_file else None,
        replaces=before.code if before else "",
    )


def ready_to_pay(world: World, *, northwind: Any = 1000, rival: Any = 400, currency: str = "EUR") -> None:
    """Northwind and Rival each have an account and a payable line."""
    details(world.paul)
    details(world.rita, account=OTHER_IBAN, account_holder="Rival Systems BV", notice_email="money@rival.example")
    payable(world.paul, northwind, currency=currency)
    payable(world.rita, rival, currency=currency)


def requested(world: World, *, currency: str = "EUR", at: Any = AT, **changes: Any) -> PayoutRun:
    """A run that Finn prepared and that waits."""
    return request_run(currency=currency, through=at.date(), by=world.finn.actor, at=at, **changes)


def approved(world: World, *, currency: str = "EUR", at: Any = AT) -> PayoutRun:
    """… that Vera approved; the worker has not begun."""
    run = requested(world, currency=currency, at=at)
    return approve_run(run=run, by=world.vera.actor, at=at + timedelta(hours=1))


def processed(world: World, *, currency: str = "EUR", at: Any = AT) -> PayoutRun:
    """… and that the worker prepared and wrote files of."""
    run = approved(world, currency=currency, at=at)
    process_run(code=run.code, at=at + timedelta(hours=2))
    run.refresh_from_db()
    return run
