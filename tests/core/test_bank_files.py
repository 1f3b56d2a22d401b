"""Files for the bank: valid by their schema, the same bytes for the same payments, and texts that harm nobody."""

import csv
import io
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sepaxml.validation import try_valid_xml

from prm.core.bank_accounts import BankAccountError, read_account, read_bic, read_iban, read_routing_number
from prm.core.bank_files import SEPA_SCHEMA, BankFileError, OwnAccount, Transfer, csv_file, sepa_file

NS = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SEPA_SCHEMA}"}
MADE = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
OWN = OwnAccount("Acme Cloud", "DE02120300000000202051", "BYLADEM1001")


def transfer(number: int = 1, amount: str = "12.34", **changes: str) -> Transfer:
    given = {
        "reference": f"PI-{number:07d}-1",
        "payee": "Northwind & Söhne <GmbH>",
        "method": "sepa",
        "account": "DE89370400440532013000",
        "bank": "COBADEFFXXX",
        "country": "DE",
        "currency": "EUR",
        "text": "Acme Cloud PI",
    } | changes
    return Transfer(amount=Decimal(amount), **given)


def message(*transfers: Transfer, own: OwnAccount = OWN) -> bytes:
    return sepa_file(transfers, own=own, message_id="PY-0000001-1", made_at=MADE, execute_on=date(2026, 6, 16))


@pytest.mark.parametrize("own", [OWN, OwnAccount("Acme Cloud", OWN.iban)])
@pytest.mark.parametrize("bank", ["COBADEFFXXX", ""])
def test_the_message_is_valid_and_its_sums_are_exact(own: OwnAccount, bank: str) -> None:
    amounts = ["0.01", "1000000.10", "0.20", "33.33"]
    content = message(*(transfer(n, amount, bank=bank) for n, amount in enumerate(amounts)), own=own)
    try_valid_xml(content, SEPA_SCHEMA)
    root = ET.fromstring(content)  # noqa: S314 - our own file
    assert [each.text for each in root.iter(f"{{{NS['p']}}}CtrlSum")] == ["1000033.64"] * 2
    assert [Decimal(each.text or "0") for each in root.iter(f"{{{NS['p']}}}InstdAmt")] == list(map(Decimal, amounts))


def test_the_same_payments_make_the_same_bytes() -> None:
    assert message(transfer()) == message(transfer())


def test_other_currencies_and_accounts_that_are_none_are_refused() -> None:
    with pytest.raises(BankFileError):
        message(transfer(currency="USD"))
    with pytest.raises(BankFileError):
        message(transfer(account="not an account"))


def test_a_name_is_no_formula_in_the_csv() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_file([transfer(payee="=HYPERLINK(1)")]).decode("utf-8-sig")))
    assert row["payee"] == "'=HYPERLINK(1)"
    assert (row["amount"], row["account"]) == ("12.34", "DE89370400440532013000")


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_amounts_have_the_currency_s_decimals(currency: str) -> None:
    content = csv_file([transfer(amount="1200", currency=currency)]).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert row["amount"] == {"JPY": "1200", "KWD": "1200.000"}[currency]


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (read_iban, "de89 3704 0044 0532 0130 00", "DE88370400440532013000"),
        (read_bic, "deutdeff", "DEUTXXFF9"),
        (read_routing_number, "021000021", "021000012"),
        (read_account, "0012-3456", "DE88370400440532013000"),
    ],
)
def test_accounts_are_read_and_checked(read, good: str, bad: str) -> None:
    assert read(good) == good.replace(" ", "").replace("-", "").upper()
    with pytest.raises(BankAccountError):
        read(bad)
