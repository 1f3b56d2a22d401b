"""Bank accounts as people type them: read, checked and brought into one form.

An IBAN is checked by its country's form and its check digits, a BIC by its form and country, a routing number of the
US by its check digit. ``schwifty`` knows the countries; nothing leaves the machine.
"""

import re

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

_ACH_ACCOUNT = re.compile(r"[0-9]{4,17}")
_ACCOUNT = re.compile(r"[A-Z0-9]{4,34}")
_BEGINS_LIKE_AN_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}")


class BankAccountError(ValueError):
    """Not an account. ``code``: iban, bic, routing, ach_account or account."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def compact(text: str) -> str:
    """Without the spaces and dashes that people group digits with, in capitals."""
    return re.sub(r"[\s\-.]", "", text).upper()


def read_iban(text: str) -> str:
    """An IBAN in its short form. BankAccountError with code ``iban``."""
    try:
        return str(IBAN(_ascii(compact(text), "iban")).compact)
    except SchwiftyException as error:
        raise BankAccountError("iban") from error


def country_of_iban(iban: str) -> str:
    """The country of a checked IBAN, two letters."""
    return iban[:2]


def bic_of_iban(iban: str) -> str:
    """The bank behind a checked IBAN, where it is known; else nothing."""
    try:
        found = IBAN(iban).bic
    except SchwiftyException:
        return ""
    return str(found.compact) if found else ""


def read_bic(text: str) -> str:
    """A BIC in its short form. BankAccountError with code ``bic``."""
    try:
        return str(BIC(_ascii(compact(text), "bic")).compact)
    except SchwiftyException as error:
        raise BankAccountError("bic") from error


def read_routing_number(text: str) -> str:
    """Nine digits whose weighted sum (3, 7, 1) is a multiple of ten. BankAccountError with code ``routing``."""
    number = compact(text)
    if len(number) != 9 or not (number.isascii() and number.isdigit()) or not any(map(int, number)):
        raise BankAccountError("routing")
    if sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10:
        raise BankAccountError("routing")
    return number


def read_ach_account(text: str) -> str:
    """4 to 17 digits. BankAccountError with code ``ach_account``."""
    number = compact(text)
    if not _ACH_ACCOUNT.fullmatch(number):
        raise BankAccountError("ach_account")
    return number


def read_account(text: str) -> str:
    """An account number of any country: 4 to 34 letters and digits; one that begins like an IBAN has to be one."""
    number = _ascii(compact(text), "account")
    if not _ACCOUNT.fullmatch(number):
        raise BankAccountError("account")
    return read_iban(number) if _BEGINS_LIKE_AN_IBAN.match(number) else number


def _ascii(text: str, code: str) -> str:
    if not text.isascii() or not text.isalnum():
        raise BankAccountError(code)
    return text
