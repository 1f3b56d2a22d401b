"""Typed readers of environment variables.

Each reader names the variable in its refusal, so that a wrong value stops the start with a sentence
that says what to change, instead of surfacing later as odd behaviour.
"""

import base64
import binascii
import hashlib
import os
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without a default an unset or empty variable is refused."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} must be set.")
    return default


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of ``allowed``; anything else is refused."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def flag(name: str, default: bool = False) -> bool:
    """A yes/no switch written as 1/0, true/false, yes/no or on/off."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number not below ``least``."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def names(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def database(name: str, default: str | None = None) -> dict:
    """A ``postgresql://user:password@host:port/name?host=/socket/dir`` URL as Django's settings."""
    url = urlsplit(text(name, default))
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} must be a postgresql:// address; other databases lack what the rules rest on."
        )
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    host = options.pop("host", "") or unquote(url.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")) or "prm",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }


def field_keys(name: str, *, derived_from: str = "") -> list[str]:
    """Keys that seal fields, with commas between them: each 32 random bytes in URL-safe base64, none twice.

    Where a secret to derive one from is given, the variable may be left out.
    """
    keys = names(name, derived_field_key(derived_from)) if derived_from else text(name).split(",")
    keys = [key.strip() for key in keys if key.strip()]
    for key in keys:
        try:
            decoded = base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            decoded = b""
        if len(decoded) != 32 or len(set(decoded)) < 16:
            raise ImproperlyConfigured(
                f"{name} must hold random keys of 32 bytes in URL-safe base64, with commas between them."
            )
    if not keys or len(set(keys)) < len(keys):
        raise ImproperlyConfigured(f"{name} must hold at least one key, and none twice.")
    return keys


def derived_field_key(secret: str) -> str:
    """A key for a machine on which nothing is worth stealing: the same as long as the secret is."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"field key of " + secret.encode()).digest()).decode()


def iban(name: str, default: str | None = None) -> str:
    """An account number by its international form, without its spaces; a wrong check digit is refused."""
    value = "".join(text(name, default).split()).upper()
    if not value:
        return ""
    turned = (
        "".join(str(int(sign, 36)) for sign in value[4:] + value[:4]) if value.isascii() and value.isalnum() else ""
    )
    if not 15 <= len(value) <= 34 or not turned or int(turned) % 97 != 1:
        raise ImproperlyConfigured(f"{name} is not an IBAN.")
    return value
