"""What happened to a contract: shown before it is recorded, recorded once, and brought in from a file."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from deals.actions.contract_rehearsals import record_seen_event
from deals.actions.contracts import ContractRefused
from deals.models import Commission, Contract, ContractEvent, LedgerTransaction
from prm.core.models import AuditEntry, OutboxEvent
from tests.deals.earning import AT, happens, lines, plan, plans, won
from tests.world import World

pytestmark = pytest.mark.django_db


def send(client: Any, world: World, signed: Contract, **values: Any) -> Any:
    data = {"acting_as": world.vendor.code, "version": signed.version, "note": "", "external_id": "", **values}
    return client.post(reverse("manage:deals:contract_event_create", args=[signed.code]), data)


def shown(page: Any) -> str:
    found = BeautifulSoup(page.content, "html.parser").find(id="preview")
    return " ".join(found.get_text(" ").replace("\xa0", " ").split()) if found else ""


@pytest.mark.parametrize(
    ("days", "taken", "share", "sum_"),
    [
        (10, "−4,800.00 USD", "100 %", "−(4,800.00 USD × 100 %)"),
        (45, "−2,400.00 USD", "50 %", "(4,800.00 USD × 50 %)"),
        (120, "−1,600.00 USD", "60/180", "(180 − 120) ÷ 180"),
        (180, "", "", ""),
    ],
)
def test_the_preview_shows_band_and_arithmetic_and_writes_nothing(
    world: World, sign_in, days: int, taken: str, share: str, sum_: str
) -> None:
    plans(plan("first_year"))
    contract = won(world)
    books = LedgerTransaction.objects.count(), AuditEntry.objects.count(), OutboxEvent.objects.count()
    on = (contract.started_on + timedelta(days=days)).isoformat()
    page = send(sign_in(world.finn), world, contract, kind="cancelled", effective_on=on, do="preview")
    text = shown(page)
    assert page.status_code == 200
    if taken:
        assert taken in text.replace("− ", "−")
        assert sum_.replace(" ", "") in text.replace(" ", "")
        assert share in text or share == "60/180"
    else:
        assert "No commission changes" in text
    assert "The contract ends" in text
    assert lines(contract) == [("first_year", Decimal(4800), "accrued")]
    assert books == (LedgerTransaction.objects.count(), AuditEntry.objects.count(), OutboxEvent.objects.count())
    assert not ContractEvent.objects.exists()


def test_recording_does_what_the_preview_said(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    on = (contract.started_on + timedelta(days=45)).isoformat()
    finn = sign_in(world.finn)
    preview = send(finn, world, contract, kind="cancelled", effective_on=on, do="preview")
    said = [line.amount for line in preview.context["preview"].booked]
    done = send(finn, world, contract, kind="cancelled", effective_on=on, do="record")
    assert done.status_code == 302
    assert [amount for _kind, amount, _state in lines(contract)][1:] == said == [Decimal(-2400)]


def test_the_same_form_twice_records_one_event(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    on = contract.started_on.isoformat()
    finn = sign_in(world.finn)
    first = send(finn, world, contract, kind="paid", effective_on=on, amount="24000", do="record")
    again = send(finn, world, contract, kind="paid", effective_on=on, amount="24000", do="record")
    assert (first.status_code, again.status_code) == (302, 409)
    assert ContractEvent.objects.filter(kind="paid").count() == 1


def test_a_stale_contract_is_refused_by_the_action_too(world: World) -> None:
    contract = won(world)
    with pytest.raises(ContractRefused) as refused:
        record_seen_event(
            contract=contract, version=contract.version + 1, kind="paid", effective_on=contract.started_on,
            amount=Decimal(1), by=world.finn.actor, at=AT + timedelta(days=9),
        )  # fmt: skip
    assert refused.value.code == "deals.contract.stale"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "paid", "amount": "1,5"}, "amount"),
        ({"kind": "paid"}, "amount"),
        ({"kind": "paid", "amount": "-3"}, "amount"),
        ({"kind": "downgraded", "amount": "99999"}, "__all__"),
        ({"kind": "refunded", "amount": "1"}, "__all__"),
        ({"kind": "paid", "amount": "1", "effective_on": "2020-01-01"}, "__all__"),
        ({"kind": "cancelled", "effective_on": "soon"}, "effective_on"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "record"])
def test_what_can_not_be(world: World, sign_in, values: dict[str, str], field: str, do: str) -> None:
    plans(plan("first_year"))
    contract = won(world)
    on = contract.started_on.isoformat()
    page = send(sign_in(world.finn), world, contract, **{"effective_on": on, **values, "do": do})
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not ContractEvent.objects.exists()


def test_what_a_form_says_beyond_its_fields_is_ignored(world: World, sign_in) -> None:
    """Mass assignment (T5): neither the line nor the contract takes what no field asks for."""
    plans(plan("first_year"))
    contract = won(world)
    smuggled = {
        "status": "cancelled", "source": "import", "recorded_by": world.ada.user.pk, "code": "CE-0000000",
        "contract": "CT-0000000", "amount_program": "1", "current_annual_amount": "1", "by": "x", "at": "x",
    }  # fmt: skip
    on = contract.started_on.isoformat()
    done = send(
        sign_in(world.finn), world, contract, kind="paid", effective_on=on, amount="10", do="record", **smuggled
    )
    assert done.status_code == 302
    event = ContractEvent.objects.get()
    contract.refresh_from_db()
    assert (event.source, event.recorded_by, event.contract) == ("hand", world.finn.user, contract)
    assert (contract.status, contract.current_annual_amount) == ("active", 24000)


def test_who_may_record(world: World, sign_in) -> None:
    contract = won(world)
    address = reverse("manage:deals:contract_event_create", args=[contract.code])
    statuses = {
        name: sign_in(world.people[name]).get(address).status_code for name in ("finn", "ada", "dan", "rory", "sue")
    }
    assert statuses == {"finn": 200, "ada": 200, "dan": 200, "rory": 403, "sue": 403}


def test_events_from_a_file(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    text = (
        "external_id,contract,kind,effective_on,amount,currency\n"
        f"INV-1,{contract.code},paid,{contract.started_on},24000,USD\n"
        f"INV-2,CT-UNKNOWN,paid,{contract.started_on},10,USD\n"
        f"INV-3,{contract.code},paid,{contract.started_on},10,EUR\n"
    )
    finn = sign_in(world.finn)
    acting = {"acting_as": world.vendor.code}
    file = SimpleUploadedFile("billing.csv", text.encode(), content_type="text/csv")
    page = finn.post(
        reverse("manage:deals:contract_event_import"), {**acting, "file": file, "day_order": "iso", "encoding": ""}
    )
    report = page.context["report"]
    assert (report.created, report.refused) == (1, 2)
    assert not ContractEvent.objects.exists()
    again = {**acting, "file": page.context["stored"].code, "day_order": "iso", "encoding": ""}
    errors = finn.post(reverse("manage:deals:contract_event_import_errors"), again).content.decode()
    assert "CT-UNKNOWN" in errors
    assert "INV-1" not in errors
    done = finn.post(reverse("manage:deals:contract_event_import_confirm"), again)
    assert done.context["report"].created == 1
    assert finn.post(reverse("manage:deals:contract_event_import_confirm"), again).context["report"].unchanged == 1
    assert ContractEvent.objects.get().external_id == "INV-1"
    assert Commission.objects.get().payable_on == contract.started_on + timedelta(days=30)
    assert sign_in(world.dan).post(reverse("manage:deals:contract_event_import_confirm"), again).status_code == 404


def test_who_earns_what_and_what_comes_next(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world)
    page = sign_in(world.rory).get(reverse("manage:deals:contract_detail", args=[contract.code]))
    assert page.context["found"].due[0].code == "waits"
    happens(world, contract, "paid", 5, 24000)
    page = sign_in(world.rory).get(reverse("manage:deals:contract_detail", args=[contract.code]))
    text = page.content.decode()
    assert "waits for the customer" not in text
    assert "Solution" not in text or "4,800.00" in text
    assert {each.code for each in page.context["found"].due} >= {"payable"}
    assert not page.context["kinds"]
