"""Files that a bank carries out: SEPA credit transfers as pain.001, everything else as CSV.

``sepaxml`` writes the XML and checks it against the schema of the ISO 20022 message before anybody gets it. Numbers
and moments in the file come from the caller, so that the same payouts always make the same bytes. There is no NACHA
writer among well-kept libraries for Python: US transfers go out as CSV, which every bank's portal can import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError

from prm.core.exports import write_csv
from prm.core.money import digits_of, round_money

SEPA_SCHEMA = "pain.001.001.09"
SEPA_CURRENCY = "EUR"
LONGEST_REFERENCE = 35
CSV_COLUMNS = ("reference", "payee", "method", "account", "bank", "country", "amount", "currency", "text")


class BankFileError(ValueError):
    """The schema of the message refuses what was to be written."""


@dataclass(frozen=True)
class Transfer:
    """One payment. ``reference`` comes back from the bank with the result, so it names the payout and the attempt."""

    reference: str
    payee: str
    method: str
    account: str
    bank: str
    country: str
    amount: Decimal
    currency: str
    text: str


@dataclass(frozen=True)
class OwnAccount:
    """The account that pays."""

    name: str
    iban: str
    bic: str = ""


class _Transfer(SepaTransfer):
    """The library's message, with our number and moment instead of random and present ones."""

    def __init__(self, config: dict[str, Any], *, message_id: str, made_at: datetime) -> None:
        self._message_id, self._made_at = message_id, made_at
        super().__init__(config, schema=SEPA_SCHEMA, clean=True)

    def _create_header(self) -> None:
        super()._create_header()
        head = self._xml.find("CstmrCdtTrfInitn/GrpHdr")
        head.find("MsgId").text = self._message_id
        head.find("CreDtTm").text = self._made_at.strftime("%Y-%m-%dT%H:%M:%S")

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        for number, batch in enumerate(self._xml.iter("PmtInfId"), start=1):
            batch.text = f"{self._message_id}-{number}"


def sepa_file(
    transfers: Sequence[Transfer], *, own: OwnAccount, message_id: str, made_at: datetime, execute_on: date
) -> bytes:
    """A pain.001 of these transfers in euro, valid by its schema. BankFileError where the schema refuses it.

    ``message_id`` has at most 33 signs. The message's control sum is the sum of the amounts.
    """
    config = {"name": own.name, "IBAN": own.iban, "batch": True, "currency": SEPA_CURRENCY}
    message = _Transfer(config | ({"BIC": own.bic} if own.bic else {}), message_id=message_id, made_at=made_at)
    for each in transfers:
        if each.currency != SEPA_CURRENCY:
            raise BankFileError(f"{each.reference} is not in {SEPA_CURRENCY}")
        payment = {
            "name": each.payee,
            "IBAN": each.account,
            "amount": _cents(each.amount, each.currency),
            "execution_date": execute_on,
            "description": each.text,
            "endtoend_id": each.reference[:LONGEST_REFERENCE],
        }
        message.add_payment(payment | ({"BIC": each.bank} if each.bank else {}))
    try:
        return bytes(message.export(validate=True))
    except ValidationError as error:
        raise BankFileError("the schema of the message refuses the file") from error


def csv_file(transfers: Sequence[Transfer]) -> bytes:
    """The same as CSV, with the columns of ``CSV_COLUMNS``. Amounts have the currency's decimals."""
    return write_csv(
        rows=[
            [
                each.reference,
                each.payee,
                each.method,
                each.account,
                each.bank,
                each.country,
                round_money(each.amount, each.currency),
                each.currency,
                each.text,
            ]
            for each in transfers
        ],
        columns=CSV_COLUMNS,
    )


def _cents(amount: Decimal, currency: str) -> int:
    return int(round_money(amount, currency).scaleb(digits_of(currency)))
