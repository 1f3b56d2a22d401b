"""Pages about payouts: who opens them, what they show, and that an account number is nowhere in clear (T5, T32)."""

import io
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deals.actions.payout_items import confirm_paid, fail_item
from deals.actions.payout_news import tell_of_payment
from deals.actions.payout_runs import cancel_run
from deals.models import PayoutDetails, PayoutRun
from prm.core.models import AuditEntry, Mail
from tests.core.corpus import pdf
from tests.deals.payables import OTHER_IBAN, TODAY, details, payable, processed, ready_to_pay, requested
from tests.partners import making
from tests.sweep import readable
from tests.world import AT, PASSWORD, World, add_person, signed_in_client

pytestmark = pytest.mark.django_db
SECRET_IBAN, SECRET_TAX, SECRET_ROUTING = "AT611904300234573201", "987654321", "011401533"
LATER = AT + timedelta(hours=3)


@pytest.fixture(autouse=True)
def today(settings: Any) -> Any:
    settings.PAYOUT_IBAN = "DE02120300000000202051"
    with time_machine.travel(AT + timedelta(hours=4), tick=True):
        yield


def form(**changes: Any) -> dict[str, Any]:
    """What the page's form sends."""
    return {
        "method": "sepa",
        "account_holder": "Northwind Solutions GmbH",
        "account": SECRET_IBAN,
        "bank": "",
        "tax_form": "w9",
        "tax_id": SECRET_TAX,
        "tax_form_signed_on": "2026-06-01",
        "notice_email": "money@northwind.example",
        "tax_form_file": SimpleUploadedFile("w9.pdf", pdf(), content_type="application/pdf"),
        "replaces": "",
    } | changes


EDIT = "/portal/earnings/payouts/details/edit/"


def everything_in_the_database() -> str:
    """All rows of all tables as text."""
    found = io.StringIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT x::text FROM "{table}" x')
            found.writelines(f"{table} {row[0]}\n" for row in cursor.fetchall())
    return found.getvalue()


def test_an_account_number_is_nowhere_in_clear(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entered, refused, changed, paid, failed, mailed, shown: logs, rows, files, mails and every page hold masks."""
    caplog.set_level(logging.DEBUG)
    paul, finn = signed_in_client(world.paul), signed_in_client(world.finn)
    assert paul.post(EDIT, form()).status_code == 302
    first = PayoutDetails.objects.get()
    paul.post(EDIT, form(account="AT611904300234573202", replaces=first.code))  # refused: shown again, kept nowhere
    changed = form(method="ach", account=SECRET_TAX, bank=SECRET_ROUTING, replaces=first.code, tax_id=SECRET_TAX)
    assert paul.post(EDIT, changed).status_code == 302
    second = PayoutDetails.objects.get(superseded_at=None)
    back = form(method="sepa", account=SECRET_IBAN, replaces=second.code)
    assert paul.post(EDIT, back).status_code == 302
    payable(world.paul, 700)
    run = processed(world)
    item = run.items.get()
    fail_item(item=item, by=world.finn.actor, at=LATER, failure="AC04")
    finn.post(reverse("manage:deals:payout_retry", args=[item.code]))
    finn.post(reverse("manage:deals:payout_run_write", args=[run.code]))
    confirm_paid(run=run, by=world.finn.actor, at=LATER, paid_on=TODAY)
    tell_of_payment(code=item.code, at=LATER)

    def explode(**_given: Any) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as patch:
        patch.setattr("deals.views.portal.payouts.save_payout_details", explode)
        quiet = signed_in_client(world.paul, raise_request_exception=False)
        broken = quiet.post(EDIT, form(replaces=PayoutDetails.objects.get(superseded_at=None).code))
    assert broken.status_code == 500
    current = PayoutDetails.objects.get(superseded_at=None)
    pages = [
        *(paul.get(path) for path in (EDIT, "/portal/earnings/payouts/", "/portal/earnings/payouts/details/")),
        paul.get(reverse("portal:deals:payout_detail", args=[item.code])),
        finn.get(reverse("manage:deals:payout_details_detail", args=[current.code])),
        finn.get("/manage/incentives/payouts/details/"),
        finn.get("/manage/incentives/payouts/"),
        finn.get(reverse("manage:deals:payout_run_detail", args=[run.code])),
        finn.get(reverse("manage:deals:payout_run_detail", args=[run.code]) + "?export=csv"),
        finn.get(reverse("manage:deals:payout_detail", args=[item.code])),
        signed_in_client(world.ada).get("/manage/core/audit/"),
        broken,
    ]
    seen = {"pages": "", "logs": caplog.text, "rows": everything_in_the_database(), "files": ""}
    for page in pages:
        content = b"".join(page.streaming_content) if page.streaming else page.content
        seen["pages"] += readable(content, page.get("Content-Type", "")) + str(dict(page.items()))
    for path in Path(django_settings.PRIVATE_FILES_DIR).rglob("*"):
        if path.is_file():
            seen["files"] += path.read_bytes().decode("latin-1")
    for place, text in seen.items():
        for secret in (SECRET_IBAN, "AT611904300234573202", SECRET_TAX, SECRET_ROUTING):
            assert secret not in text, f"{secret} is in {place}"
    assert "•••• 3201" in seen["pages"], "the search would see what is shown"
    assert "•••• 3201" in seen["rows"]
    assert Mail.objects.filter(topic="deals.payout_details_changed").exists()
    full = finn.post(reverse("manage:deals:payout_details_detail", args=[current.code]))
    assert SECRET_IBAN in full.content.decode(), "finance does read it"
    assert "no-store" in full["Cache-Control"]
    assert SECRET_IBAN not in everything_in_the_database()


def test_details_ask_for_a_fresh_proof_and_keep_nothing_meanwhile(world: World) -> None:
    """What allauth would keep of the suspended form is not kept: neither in the session nor anywhere else."""
    client = signed_in_client(world.paul)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    asked = client.get(EDIT)
    assert asked.status_code == 302
    assert "reauthenticate" in asked["Location"]
    sent = client.post(EDIT, form())
    assert (sent.status_code, sent["Location"]) == (302, EDIT)
    assert not PayoutDetails.objects.exists()
    for stored in Session.objects.all():
        assert SECRET_IBAN not in str(stored.get_decoded())
    assert SECRET_IBAN not in everything_in_the_database()


def test_reading_in_full_asks_for_a_fresh_proof_too(world: World) -> None:
    row = details(world.paul)
    client = signed_in_client(world.finn)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    assert "reauthenticate" in client.get(reverse("manage:deals:payout_details_detail", args=[row.code]))["Location"]
    assert not AuditEntry.objects.filter(code="deals.payout_details.seen").exists()


def test_opening_the_page_is_no_look_and_the_button_is_one(world: World) -> None:
    row, client = details(world.paul), signed_in_client(world.finn)
    path = reverse("manage:deals:payout_details_detail", args=[row.code])
    client.get(path)
    assert not AuditEntry.objects.filter(code="deals.payout_details.seen").exists()
    client.post(path)
    assert AuditEntry.objects.filter(code="deals.payout_details.seen").count() == 1


def test_only_the_form_s_fields_are_written(world: World) -> None:
    """T5: every column of the row sent along, none of them taken but those on the form."""
    columns = {field.name: "1" for field in PayoutDetails._meta.get_fields() if getattr(field, "column", None)}
    injected = {"partner": str(world.rival.pk), "partner_id": str(world.rival.pk), "account_mask": "x", "code": "PD-X"}
    body = columns | injected | {"account_sealed": "x", "created_by": str(world.rita.user.pk)} | form()
    assert signed_in_client(world.paul).post(EDIT, body).status_code == 302
    row = PayoutDetails.objects.get()
    assert (row.partner_id, row.created_by_id, row.account_mask) == (
        world.northwind.pk,
        world.paul.user.pk,
        "AT61 •••• 3201",
    )
    assert row.superseded_at is None


def test_only_the_form_s_fields_of_a_run_are_taken(world: World) -> None:
    ready_to_pay(world)
    client = signed_in_client(world.finn)
    page = client.get("/manage/incentives/payouts/new/?currency=EUR&through=2026-06-15")
    seen = page.context["ask"].initial["seen"]
    body = {
        "currency": "EUR",
        "through": "2026-06-15",
        "seen": seen,
        "note": "",
        "status": "approved",
        "approved_by": world.vera.user.pk,
        "total_amount": "1",
        "minimum_amount": "0",
        "requested_by": world.vera.user.pk,
    }
    assert client.post("/manage/incentives/payouts/new/", body).status_code == 302
    run = PayoutRun.objects.get()
    assert (run.status, run.approved_by_id, run.requested_by_id, run.total_amount, run.minimum_amount) == (
        "requested",
        None,
        world.finn.user.pk,
        1400,
        50,
    )
    again = client.post("/manage/incentives/payouts/new/", body)
    assert again.status_code == 422
    assert PayoutRun.objects.count() == 1


def test_another_company_s_numbers_answer_like_numbers_that_do_not_exist(world: World) -> None:
    """T4: of a foreign payout and of none at all one hears the same."""
    ready_to_pay(world)
    run = processed(world)
    foreign = run.items.get(partner=world.rival.pk)
    client = signed_in_client(world.paul)
    theirs = client.get(reverse("portal:deals:payout_detail", args=[foreign.code]))
    nobody_s = client.get(reverse("portal:deals:payout_detail", args=["PI-ZZZZZZZ"]))
    assert theirs.status_code == nobody_s.status_code == 404
    finn = signed_in_client(world.finn)
    other = requested_in(world, "USD").items.get()
    answers = [
        finn.post(reverse("manage:deals:payout_run_confirm", args=[run.code]), {"paid_on": "2026-06-15", "codes": code})
        for code in (other.code,)
    ]
    assert [answer.status_code for answer in answers] == [302]
    other.refresh_from_db()
    assert other.status == "planned"


def requested_in(world: World, currency: str) -> PayoutRun:
    payable(world.paul, 300, currency=currency)
    return requested(world, currency=currency)


def test_the_four_eyes_are_told_on_the_page(world: World) -> None:
    ready_to_pay(world)
    run = requested(world)
    path = reverse("manage:deals:payout_run_approve", args=[run.code])
    refused = signed_in_client(world.finn).post(path, {"version": run.version})
    assert refused.status_code == 422
    assert "Somebody else has to approve" in refused.content.decode()
    assert signed_in_client(world.vera).post(path, {"version": run.version}).status_code == 302
    again = signed_in_client(world.vera).post(path, {"version": run.version})
    assert again.status_code == 409
    run.refresh_from_db()
    assert run.approved_by_id == world.vera.user.pk


def test_a_run_offered_to_somebody_for_whom_it_is_tomorrow_is_of_the_program_s_day(world: World) -> None:
    """A reader far to the east is a day ahead of the program, and a run can't be of a day that has not come."""
    ready_to_pay(world)
    world.finn.user.time_zone = "Pacific/Kiritimati"
    world.finn.user.save(update_fields=["time_zone"])
    client = signed_in_client(world.finn)
    offered = f"?currency=EUR&amp;through={TODAY.isoformat()}"
    assert offered in client.get(reverse("manage:deals:payout_run_list")).content.decode()
    path = reverse("manage:deals:payout_run_create")
    assert client.get(path + offered.replace("&amp;", "&")).status_code == 200


def test_a_report_of_the_bank_is_read_line_by_line(world: World) -> None:
    ready_to_pay(world)
    run = processed(world)
    north, rival = run.items.get(partner=world.northwind.pk), run.items.get(partner=world.rival.pk)
    lines = [
        "reference,paid_on,reason",
        f"{north.code}-1,2026-06-15,",
        f"{rival.code}-1,,AC04",
        f"{rival.code}-1,2026-06-15,AC04",
        f"{rival.code}-1,,",
        "PI-ZZZZZZZ-1,2026-06-15,",
        f"{north.code}-1,15 June,",
    ]
    client, path = signed_in_client(world.finn), reverse("manage:deals:payout_run_report", args=[run.code])
    for paid, failed, known in ((1, 1, 0), (0, 0, 2)):
        file = SimpleUploadedFile("bank.csv", "\n".join(lines).encode(), content_type="text/csv")
        answer = client.post(path, {"file": file})
        assert answer.status_code == 200
        recorded = answer.context["recorded"]
        assert (recorded.paid, recorded.failed, recorded.known) == (paid, failed, known)
        assert len(answer.context["problems"]) == 4


def test_a_missing_key_is_a_page_and_not_an_error(world: World, settings: Any) -> None:
    ready_to_pay(world)
    run, client = processed(world), signed_in_client(world.finn)
    settings.FIELD_KEYS = ["Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc="]
    answer = client.post(reverse("manage:deals:payout_file_download", args=[run.code, 1]))
    assert answer.status_code == 503
    assert "PRM_FIELD_KEYS" in answer.content.decode()
    row = PayoutDetails.objects.filter(partner=world.northwind.pk).get()
    assert client.post(reverse("manage:deals:payout_details_detail", args=[row.code])).status_code == 503


def test_a_file_is_downloaded_as_a_file_and_written_down(world: World) -> None:
    ready_to_pay(world)
    run, client = processed(world), signed_in_client(world.finn)
    answer = client.post(reverse("manage:deals:payout_file_download", args=[run.code, 1]))
    content = b"".join(answer.streaming_content)
    assert OTHER_IBAN.encode() in content
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    assert AuditEntry.objects.filter(code="deals.payout_run.file_downloaded").count() == 1
    for name in ("vera", "dan", "ada"):
        refused = signed_in_client(getattr(world, name)).post(
            reverse("manage:deals:payout_file_download", args=[run.code, 1])
        )
        assert refused.status_code == 403, name


def test_a_file_asks_for_a_fresh_proof_that_leads_back_to_its_button(world: World) -> None:
    """Neither file is the answer to the password, which would leave the person on the page that asks for it."""
    ready_to_pay(world)
    details(world.paul, tax_form="w9", tax_id=SECRET_TAX)
    run, client = processed(world), signed_in_client(world.finn)
    row = PayoutDetails.objects.get(partner=world.northwind.pk, superseded_at=None)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    for path, page in (
        (
            reverse("manage:deals:payout_file_download", args=[run.code, 1]),
            reverse("manage:deals:payout_run_detail", args=[run.code]),
        ),
        (
            reverse("manage:deals:payout_details_form", args=[row.code]),
            reverse("manage:deals:payout_details_detail", args=[row.code]),
        ),
    ):
        asked = client.post(path)
        assert (asked.status_code, asked["Location"]) == (302, f"/accounts/reauthenticate/?next={quote(page, safe='')}")
    assert not AuditEntry.objects.filter(code="deals.payout_run.file_downloaded").exists()
    proved = client.post(f"/accounts/reauthenticate/?next={quote(page, safe='')}", {"password": PASSWORD})
    assert (proved.status_code, proved["Location"]) == (302, page)
    assert client.post(path)["Content-Disposition"].startswith("attachment")


def many(world: World, number: int) -> None:
    """So many partners with an account and a payable line."""
    for place in range(number):
        company = making.partner(world, f"Partner {place} of {number}").organization
        person = add_person(company, f"Person {place} {number}", "partner_admin", at=AT)
        details(person, account_holder=f"Partner {place}")
        payable(person, 100 + place)


PAGES = {
    "/manage/incentives/payouts/new/": "finn",
    "/manage/incentives/payouts/details/": "finn",
    "/manage/incentives/payouts/": "finn",
}


def statements(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("path", sorted(PAGES))
def test_pages_ask_as_much_with_one_partner_as_with_thirty(world: World, path: str) -> None:
    client = signed_in_client(world.finn)
    many(world, 1)
    few = statements(client, path)
    many(world, 30)
    assert statements(client, path) == few


def test_a_run_s_page_asks_as_much_with_one_payout_as_with_thirty(world: World) -> None:
    client = signed_in_client(world.vera)
    many(world, 1)
    small = requested(world)
    few = statements(client, reverse("manage:deals:payout_run_detail", args=[small.code]))
    many(world, 30)
    cancel_run(run=small, by=world.finn.actor, at=LATER, reason="Again")
    large = requested(world)
    assert large.items.count() > 25
    assert statements(client, reverse("manage:deals:payout_run_detail", args=[large.code])) == few


def test_the_portal_s_list_asks_as_much_with_one_payout_as_with_more(world: World) -> None:
    client = signed_in_client(world.paul)
    ready_to_pay(world)
    processed(world)
    few = statements(client, "/portal/earnings/payouts/")
    for currency in ("USD", "GBP", "CHF", "SEK", "NOK"):
        payable(world.paul, 300, currency=currency)
        processed(world, currency=currency)
    assert statements(client, "/portal/earnings/payouts/") == few


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("vera", "/manage/incentives/payouts/", 200),
        ("dan", "/manage/incentives/payouts/", 200),
        ("ada", "/manage/incentives/payouts/", 200),
        ("mia", "/manage/incentives/payouts/", 403),
        ("rory", "/manage/incentives/payouts/", 403),
        ("vera", "/manage/incentives/payouts/new/", 403),
        ("vera", "/manage/incentives/payouts/details/", 403),
        ("ada", "/manage/incentives/payouts/details/", 403),
        ("paul", "/manage/incentives/payouts/", 404),
        ("sara", "/portal/earnings/payouts/", 200),
        ("sara", "/portal/earnings/payouts/details/", 403),
        ("sara", EDIT, 403),
        ("finn", "/portal/earnings/payouts/details/", 404),
    ],
)
def test_who_may_open_what(world: World, name: str, path: str, status: int) -> None:
    assert signed_in_client(getattr(world, name)).get(path).status_code == status
