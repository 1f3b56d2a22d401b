"""Fields and files that are kept as ciphertext: bank accounts, tax numbers, tax forms, payment files.

Keys come from ``PRM_FIELD_KEYS``: the first one seals, all of them unseal, so that a key is replaced by putting a new
one in front, running ``manage.py rotate_field_keys`` and taking the old one away. What is sealed is bound to its
place: ``about`` names the row and column, and a value that was copied to another row does not open there. Without the
right key nothing comes out but a refusal that says so; never garbage. Source: trust T32, F21.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from prm.core.refused import Refused

DOTS = "••••"


class SealRefused(Refused):
    """A sealed value can't be opened: its key is missing, or it was changed or copied from another place."""

    code = "core.sealing.key_missing"
    text = _(
        "This can’t be read: the key it was sealed with is missing. An administrator has to add it to PRM_FIELD_KEYS."
    )


@lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> MultiFernet:
    return _ring(tuple(settings.FIELD_KEYS))


def seal(text: str, *, about: str) -> str:
    """The ciphertext of a text that belongs to ``about`` (``<row’s code>:<column>``). Empty stays empty."""
    return seal_bytes(text.encode(), about=about).decode() if text else ""


def unseal(token: str, *, about: str) -> str:
    """The text. SealRefused when its key is missing, or when it was sealed for another place."""
    return unseal_bytes(token.encode(), about=about).decode() if token else ""


def seal_bytes(content: bytes, *, about: str) -> bytes:
    """The ciphertext of a file that belongs to ``about``."""
    return _keys().encrypt(about.encode() + b"\0" + content)


def unseal_bytes(token: bytes, *, about: str) -> bytes:
    """The content. SealRefused like ``unseal``."""
    try:
        place, _mark, content = _keys().decrypt(token).partition(b"\0")
    except InvalidToken as error:
        raise SealRefused from error
    if place != about.encode():
        raise SealRefused(
            "core.sealing.moved", _("This can’t be read: it was sealed for another place. Somebody has moved it.")
        )
    return content


def resealed(token: str) -> str:
    """The same secret under the first key. SealRefused when no key opens it."""
    try:
        return _keys().rotate(token.encode()).decode() if token else ""
    except InvalidToken as error:
        raise SealRefused from error


def resealed_bytes(token: bytes) -> bytes:
    """The same sealed file under the first key. SealRefused when no key opens it."""
    try:
        return _keys().rotate(token)
    except InvalidToken as error:
        raise SealRefused from error


def mask(text: str, *, first: int = 0, last: int = 4) -> str:
    """What may be shown of a secret: its end, and for an IBAN its country. Half of it at most, whatever is asked."""
    plain = "".join(text.split())
    if not plain:
        return ""
    room = len(plain) // 2
    last = min(last, room)
    first = min(first, room - last)
    return " ".join(part for part in (plain[:first], DOTS, plain[len(plain) - last :] if last else "") if part)


# --- What is sealed where -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """A model whose columns hold ciphertext."""

    model: Callable[[], type[Model]]
    columns: tuple[str, ...]


_SEALED: list[Sealed] = []


def register_sealed(model: Callable[[], type[Model]], *columns: str) -> None:
    """Make sealed columns known to ``rotate_field_keys``; apps call it in ``AppConfig.ready``."""
    _SEALED.append(Sealed(model, columns))


def sealed_places() -> Iterator[Sealed]:
    """All of them."""
    yield from _SEALED
