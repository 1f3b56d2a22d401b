"""Who the end customer is: one key per account, however it was typed.

An account is known by its registrable domain (`d:acme.com`): lower case, scheme, port, path, user and subdomains gone,
international names in punycode, by the public suffix list shipped with the software. Without a domain of its own
(none given, or a mail provider's) it is known by its normalised name and country (`n:acme|DE`): accents folded, case
folded, punctuation and legal forms gone. Keys of different kinds never collide. The same text gives the same key for
as long as KEY_VERSION stays; raise it with every change that could give another. Input that can't be read raises
AccountError with a code (domain, suffix, name, country). Source: program rules §3; conventions 2.3.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import idna
import tldextract

from deals.choices import ClaimBasis
from deals.rules.account_words import (
    FOLDED_LETTERS,
    FREE_MAIL,
    JOINERS,
    LEGAL_AFFIXES,
    LEGAL_FORMS,
    LEGAL_PHRASES,
)

KEY_VERSION = 1

SplitHost = Callable[[str], str]
_ACCENTS = re.compile("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; other scripts' marks are letters
_COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}
_COUNTRY = re.compile(r"[A-Z]{2}")


class AccountError(ValueError):
    """Input that names no account. `code`: domain (not a host name), suffix (belongs to no company), name, country."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class AccountKeys:
    """All keys of one account. `claim` is the one it is held by; blank keys were not given."""

    claim: str
    basis: ClaimBasis
    domain_key: str
    name_key: str
    name: str
    country: str
    version: int = KEY_VERSION


def account_keys(*, domain: str, name: str, country: str) -> AccountKeys:
    """The keys of an account. The name is always needed; the country may be blank where nobody knows it."""
    registrable = registrable_domain(domain) if domain.strip() else ""
    plain, country = normalise_name(name), _country(country)
    domain_key = f"d:{registrable}" if registrable else ""
    name_key = f"n:{plain}|{country}"
    basis = ClaimBasis.DOMAIN if domain_key else ClaimBasis.NAME
    return AccountKeys(domain_key or name_key, basis, domain_key, name_key, plain, country)


def registrable_domain(text: str, split: SplitHost | None = None) -> str:
    """The domain that a company registers, from whatever was pasted: a host, an address, a URL.

    Blank for a mail provider, whose domain identifies nobody. `split` finds the registrable part of a host name; it is
    an argument so that the public suffix list can be fixed.
    """
    host = _host(text)
    find = split or split_host
    bare = host.removeprefix("www.")
    found = (find(bare) if "." in bare else "") or find(host)
    if not found:
        raise AccountError("suffix")
    return "" if found in FREE_MAIL else found


def name_from_domain(text: str, split: SplitHost | None = None) -> str:
    """A first guess at a company's name: "Aster Clinics" for anything at aster-clinics.org.

    Blank where the text names no single company. A proposal for a form, never a key.
    """
    try:
        label = registrable_domain(text, split).partition(".")[0]
        readable = idna.decode(label) if label.startswith("xn--") else label
    except (AccountError, idna.IDNAError):
        return ""
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_]+", readable) if word)


def split_host(host: str) -> str:
    """The registrable part by the public suffix list; blank if the host is nothing but a suffix.

    Hosting suffixes count (every shop on one platform is its own company), except for the platform's own name.
    """
    for with_hosting in (True, False):
        parts = _suffix_list()(host, include_psl_private_domains=with_hosting)
        if parts.domain and parts.suffix:
            return f"{parts.domain}.{parts.suffix}"
    return ""


@cache
def _suffix_list() -> tldextract.TLDExtract:
    """The list that came with the library: nothing is fetched, nothing is written."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _host(text: str) -> str:
    text = text.strip().lower()
    if any(unicodedata.category(letter) in ("Cc", "Cf") or letter.isspace() for letter in text):
        raise AccountError("domain")
    text = re.split(r"[/?#\\]", re.sub(r"^([a-z][a-z0-9+.-]*:)?//|^mailto:", "", text), maxsplit=1)[0]
    host = re.sub(r":[0-9]*$", "", text.rpartition("@")[2])
    try:
        ascii_host = idna.encode(host, uts46=True, std3_rules=True).decode().removesuffix(".")
    except (idna.IDNAError, UnicodeError):
        raise AccountError("domain") from None
    if "." not in ascii_host or _is_address(ascii_host):
        raise AccountError("domain")
    return ascii_host


def _is_address(host: str) -> bool:
    last = host.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def normalise_name(name: str) -> str:
    """A company name reduced to what tells it apart: "ACME Gmbh & Co. KG" and "Acme" are both "acme"."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(FOLDED_LETTERS)
    words = _words(unicodedata.normalize("NFC", _ACCENTS.sub("", folded)))
    for affix in LEGAL_AFFIXES:
        words = [word.removeprefix(affix).removesuffix(affix) or word for word in words if word != affix] or words
    bare = _without_legal_form(words)
    if not any(letter.isalnum() for word in bare for letter in word):
        raise AccountError("name")
    return " ".join(bare)


def _words(text: str) -> list[str]:
    """Words of letters and digits; dots and apostrophes join ("S.p.A.", "O'Neil"), "&" reads "and"."""
    joined = re.sub(r"[.'’`´]", "", text).replace("&", " & ").replace("+", " & ")
    spaced = "".join(letter if _belongs_in_word(letter) else " " for letter in joined)
    return ["and" if word == "&" else word for word in spaced.split()]


def _belongs_in_word(letter: str) -> bool:
    return letter.isalnum() or letter == "&" or unicodedata.category(letter).startswith("M")


def _without_legal_form(words: list[str]) -> list[str]:
    """The words before the legal form. A name that is nothing but legal forms stays as it is."""
    left = words
    while left:
        phrase = next((each for each in LEGAL_PHRASES if tuple(left[-len(each) :]) == each), ())
        if phrase:
            left = left[: -len(phrase)]
        elif left[-1] in LEGAL_FORMS or (left[-1] in JOINERS and left is not words):
            left = left[:-1]
        else:
            return left
    return words


def _country(text: str) -> str:
    country = text.strip().upper()
    if country and not _COUNTRY.fullmatch(country):
        raise AccountError("country")
    return _COUNTRY_ALIASES.get(country, country)
