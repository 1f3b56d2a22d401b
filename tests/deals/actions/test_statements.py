"""Monthly statements: a literal month adds up, equals the ledger, is written once, and holds no more than it should."""

import csv
import io
import re
import zlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader

from deals.actions import ledger, statements
from deals.actions.commissions import adjust_commission, void_commission
from deals.actions.statements import StatementRefused, make_statement, order_again, order_month, order_statements
from deals.choices import CommissionStatus
from deals.models import Commission, LedgerClose, PayoutItem, PayoutLine, PayoutRun, Statement
from deals.queries.earnings import balances
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import AuditEntry, Mail, OutboxDelivery, OutboxEvent
from tests.deals.earning_stage import SETUP, earned
from tests.deals.stage import partner_of
from tests.world import World

pytestmark = pytest.mark.django_db
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
NIGHT = Actor.system("night")


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def paid(world: World, line: Commission, on: datetime) -> PayoutItem:
    """A run that pays one line, approved by somebody else, arrived on the day."""
    run = PayoutRun.objects.create(
        code=new_code("PR"),
        currency=line.currency,
        through=on.date(),
        status="completed",
        minimum_amount=50,
        total_amount=line.amount,
        requested_by=world.finn.user,
        requested_at=on,
        approved_by=world.vera.user,
        approved_at=on,
        completed_at=on,
    )
    item = PayoutItem.objects.create(
        code=new_code("PI"),
        run=run,
        partner_id=line.partner_id,
        currency=line.currency,
        amount=line.amount,
        status="paid",
        attempt=1,
        paid_on=on.date(),
    )
    PayoutLine.objects.create(item=item, commission=line, partner_id=line.partner_id, amount=line.amount)
    ledger.post_payout(item=item, commissions=[line], by=SETUP, at=on)
    ledger.post_payment(item=item, commissions=[line], by=SETUP, at=on)
    Commission.objects.filter(pk=line.pk).update(status=CommissionStatus.PAID, paid_on=on.date())
    return item


def a_march(world: World) -> dict[str, object]:
    """February leaves 1,000. March: 4,800 earned, 400 added, 300 booked and withdrawn, 2,400 taken back, 1,000 paid."""
    old = earned(world.sara, at=at(2, 10), base="5000", status=CommissionStatus.PAYABLE, title="Aster Clinics")
    deal = earned(world.sara, at=at(3, 3), title="Helios Energy GmbH")
    added = adjust_commission(
        commission=deal, amount=Decimal(400), reason="Registered after all", source_key="s:1", by=world.dan.actor,
        at=at(3, 5),
    )  # fmt: skip
    twice = earned(world.sara, at=at(3, 9), base="1500", title="Booked twice")
    void_commission(commission=twice, reason="Booked twice", by=world.dan.actor, at=at(3, 10))
    taken = adjust_commission(
        commission=deal, amount=Decimal(-2400), reason="Cancelled on day 40", source_key="s:2", by=world.dan.actor,
        at=at(3, 20),
    )  # fmt: skip
    item = paid(world, old, at(3, 31, 21))
    earned(world.sara, at=at(4, 1, 8), base="9000", title="Already April")
    return {"old": old, "deal": deal, "added": added, "twice": twice, "taken": taken, "item": item}


def ordered(month: date = MARCH) -> Statement:
    [statement] = order_month(month=month, by=NIGHT, at=at(month.month + 1, 1))
    return statement


def made(month: date = MARCH) -> Statement:
    statement = ordered(month)
    assert make_statement(code=statement.code, at=at(month.month + 1, 1)) == "ready"
    statement.refresh_from_db()
    return statement


def words(pdf: bytes) -> str:
    """The text of a PDF, as a reader's program extracts it."""
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def table(statement: Statement) -> list[list[str]]:
    with statement.csv.content.open("rb") as handle:
        return list(csv.reader(io.StringIO(handle.read().decode("utf-8-sig"))))


def test_a_literal_month_adds_up_and_equals_the_ledger(world: World) -> None:
    a_march(world)
    totals = made().totals
    figures = {name: Decimal(totals[name]) for name in ("opening", "closing", "accrued", "payable", "clearing")}
    moved = {group: Decimal(amount) for group, amount in totals["moved"].items()}
    assert figures == {"opening": 1000, "closing": 2800, "accrued": 2800, "payable": 0, "clearing": 0}
    assert moved == {"earned": 5100, "taken_back": 0, "adjusted": -2000, "withdrawn": -300, "paid": -1000}
    assert figures["opening"] + sum(moved.values()) == figures["closing"]


def test_the_next_month_begins_where_this_one_ended(world: World) -> None:
    a_march(world)
    march, april = made(MARCH), made(APRIL)
    assert april.totals["opening"] == march.totals["closing"]
    partner = partner_of(world.sara).pk
    assert Decimal(april.totals["closing"]) == balances([partner])[partner, "USD"].owed == 4600


def test_the_csv_holds_every_line_with_its_arithmetic(world: World) -> None:
    rows = a_march(world)
    lines = table(made())
    assert [row[1] for row in lines[1:]] == [
        "Balance at the start", "First-year commission", "Adjustment", "First-year commission",
        "First-year commission, withdrawn", "Adjustment", "Payout", "Balance at the end",
    ]  # fmt: skip
    assert lines[2][2:5] == [
        rows["deal"].code, "Helios Energy GmbH", "24,000.00\xa0USD\xa0× 20\u202f%\xa0× 100\u202f%\xa0= 4,800.00\xa0USD",
    ]  # fmt: skip
    amounts = [Decimal(row[5]) for row in lines[1:]]
    assert sum(amounts[:-1]) == amounts[-1] == 2800


def test_the_pdf_says_what_the_csv_says(world: World) -> None:
    rows = a_march(world)
    statement = made()
    with statement.pdf.content.open("rb") as handle:
        text = " ".join(words(handle.read()).split())
    for part in (
        "Statement of earnings", "March 2026", "Northwind Solutions", "Helios Energy GmbH", rows["deal"].code,
        rows["item"].code, "2,800.00", "+4,800.00",
    ):  # fmt: skip
        assert part in text, part
    assert "Already April" not in text


def test_the_same_month_is_ordered_and_made_once(world: World) -> None:
    a_march(world)
    statement = made()
    before = statement.pdf.sha256, statement.ready_at
    assert order_month(month=MARCH, by=NIGHT, at=at(4, 2)) == []
    assert make_statement(code=statement.code, at=at(4, 2)) == "ready"
    statement.refresh_from_db()
    assert (statement.pdf.sha256, statement.ready_at) == before
    assert Statement.objects.count() == 1
    assert AuditEntry.objects.filter(code="deals.statement.ready").count() == 1


def test_the_books_of_a_stated_month_are_closed_and_late_facts_stand_in_the_next(world: World) -> None:
    a_march(world)
    made()
    assert LedgerClose.objects.get().closed_until == date(2026, 3, 31)
    late = earned(world.sara, at=at(3, 30), base="100", title="Told late")
    assert late.entries.first().transaction.posted_on == date(2026, 4, 1)


def test_the_night_states_each_month_that_ended_and_nothing_before_it_ends(world: World) -> None:
    a_march(world)
    assert order_statements(on=date(2026, 3, 30), by=NIGHT, at=at(3, 31, 0)) == {
        "statements_ordered": 1,
        "statements_again": 0,
    }
    assert list(Statement.objects.values_list("month", flat=True)) == [date(2026, 2, 1)]
    order_statements(on=date(2026, 3, 31), by=NIGHT, at=at(4, 1, 0))
    order_statements(on=date(2026, 4, 1), by=NIGHT, at=at(4, 2, 0))
    assert list(Statement.objects.order_by("month").values_list("month", flat=True)) == [date(2026, 2, 1), MARCH]
    with pytest.raises(StatementRefused):
        order_month(month=APRIL, by=NIGHT, at=at(4, 2))


def test_what_a_worker_lost_is_asked_for_again(world: World) -> None:
    a_march(world)
    statement = ordered()
    asked = OutboxEvent.objects.filter(name="deals.statement.ordered", ref_code=statement.code)
    order_statements(on=date(2026, 4, 1), by=NIGHT, at=at(4, 2))
    assert asked.count() == 1  # the order still waits: nothing is lost
    OutboxDelivery.objects.filter(event__in=asked).update(state="done", done_at=at(4, 1))
    order_statements(on=date(2026, 4, 2), by=NIGHT, at=at(4, 3))
    assert asked.count() == 2


def test_figures_that_contradict_the_ledger_are_not_written(world: World, monkeypatch) -> None:
    a_march(world)
    statement = ordered()
    true_books = statements.statement_facts.__globals__["_books"]

    def other_books(*args: object) -> object:
        books = true_books(*args)
        return type(books)(books.opening, books.closing + 1, books.accrued + 1, books.payable, books.clearing)

    monkeypatch.setitem(statements.statement_facts.__globals__, "_books", other_books)
    assert make_statement(code=statement.code, at=at(4, 1)) == "failed"
    statement.refresh_from_db()
    assert (statement.pdf, statement.csv, statement.ready_at) == (None, None, None)
    assert "closing" in statement.failure
    monkeypatch.undo()
    with pytest.raises(StatementRefused):
        order_again(statement=statement, by=world.mia.actor, at=at(4, 1))
    order_again(statement=statement, by=world.finn.actor, at=at(4, 1))
    assert make_statement(code=statement.code, at=at(4, 1)) == "ready"
    with pytest.raises(StatementRefused):
        order_again(statement=statement, by=world.finn.actor, at=at(4, 1))


def test_each_partner_and_currency_has_its_own(world: World) -> None:
    earned(world.sara, at=at(3, 3))
    earned(world.sara, at=at(3, 3), currency="JPY", base="300001")
    earned(world.rita, at=at(3, 4), title="Rival's customer")
    found = order_month(month=MARCH, by=NIGHT, at=at(4, 1))
    assert {(each.partner_id, each.currency) for each in found} == {
        (world.northwind.pk, "USD"), (world.northwind.pk, "JPY"), (world.rival.pk, "USD"),
    }  # fmt: skip
    for each in found:
        assert make_statement(code=each.code, at=at(4, 1)) == "ready"
    yen = Statement.objects.get(currency="JPY")
    assert Decimal(yen.totals["closing"]) == 60000
    with yen.pdf.content.open("rb") as handle:
        text = words(handle.read())
    assert "60,000" in text
    assert "60,000.00" not in text
    assert "Rival" not in text


def test_the_company_is_told_with_a_link(world: World) -> None:
    a_march(world)
    statement = made()
    statements.tell_of_statement(code=statement.code, at=at(4, 1))
    mail = Mail.objects.get(topic="deals.statement_ready", membership=world.paul.membership)
    assert "March 2026" in mail.subject
    assert f"/portal/earnings/statements/{statement.code}/" in mail.body_text
    assert not Mail.objects.filter(topic="deals.statement_ready", membership=world.sara.membership).exists()


def test_a_year_of_lines_ends_on_paper_with_a_pointer_to_the_table(world: World) -> None:
    for number in range(203):
        earned(world.sara, at=at(3, 3), base="1000", title=f"Customer {number}")
    statement = made()
    assert len(table(statement)) == 1 + 203 + 2
    with statement.pdf.content.open("rb") as handle:
        text = " ".join(words(handle.read()).split())
    assert "3 further lines stand in the CSV file only" in text


PAYLOADS = [
    "<img src='http://127.0.0.1:9/x.png'>",
    "<link rel=attachment href='file:///etc/passwd'>",
    "<object data='file:///etc/passwd'></object>",
    "<style>@import url(http://127.0.0.1:9/x.css)</style>",
    "<iframe src='http://127.0.0.1:9/'></iframe>",
    "<svg><image href='file:///etc/hostname'/></svg>",
    "\u202egnp.exe\x00\x07",
    '=HYPERLINK("http://evil","x")',
    "A" * 250,
]


@pytest.mark.parametrize("text", PAYLOADS, ids=lambda text: text[:20])
def test_what_people_typed_stays_text_on_paper_and_in_the_table(world: World, text: str) -> None:
    organization = partner_of(world.sara).organization
    organization.name = text.replace("\x00", "")[:200]
    organization.save(update_fields=["name"])
    earned(world.sara, at=at(3, 3), title=text.replace("\x00", "")[:250])
    statement = made()
    with statement.pdf.content.open("rb") as handle:
        pdf = handle.read()
    inflated = pdf + b"".join(_inflate(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL))
    assert b"/EmbeddedFile" not in inflated
    assert b"/URI" not in inflated
    assert b"root:" not in inflated
    assert not any(cell.startswith("=") for row in table(statement) for cell in row)


def _inflate(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""
