"""References between apps: a kind and a code instead of a foreign key upwards.

Each app registers its kinds in ``AppConfig.ready``: how to name one, where its page is for which audience, and
which rows an actor may see. So a work item, notice or audit line low in the house can be shown and linked
without knowing the apps above.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise

from prm.core.actors import Actor


@dataclass(frozen=True)
class Ref:
    """A thing somewhere in the product, by kind (``app.noun``) and public code."""

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """The inverse of ``str``; ValueError when it is not one."""
        kind, separator, code = text.partition(":")
        if not (separator and kind and code):
            raise ValueError(f"not a reference: {text!r}")
        return cls(kind, code)


@dataclass(frozen=True)
class Kind:
    """What an app says about one of its kinds."""

    kind: str
    label: str | Promise
    queryset_for: Callable[[Actor], QuerySet] | None = None
    manage_url: str = ""
    portal_url: str = ""
    portal_takes_code: bool = True


_KINDS: dict[str, Kind] = {}


def register_kind(
    kind: str,
    *,
    label: str | Promise,
    queryset_for: Callable[[Actor], QuerySet] | None = None,
    manage_url: str = "",
    portal_url: str = "",
    portal_takes_code: bool = True,
) -> None:
    """Make a kind known. URL names take the code as their one argument, called ``code``.

    A partner's page about its own company needs none: ``portal_takes_code`` is then false.
    """
    _KINDS[kind] = Kind(kind, label, queryset_for, manage_url, portal_url, portal_takes_code)


def kind_of(ref: Ref) -> Kind | None:
    """What is known of the reference's kind, if an app registered it."""
    return _KINDS.get(ref.kind)


def registered_kinds() -> list[Kind]:
    """All kinds, for tests and the documentation."""
    return sorted(_KINDS.values(), key=lambda each: each.kind)


def url_for(ref: Ref, audience: str) -> str:
    """The page of the thing for ``vendor`` or ``partner``; empty when that audience has none."""
    kind = _KINDS.get(ref.kind)
    if kind is None:
        return ""
    name = kind.manage_url if audience == "vendor" else kind.portal_url
    if not name:
        return ""
    takes_code = audience == "vendor" or kind.portal_takes_code
    return reverse(name, args=[ref.code] if takes_code else [])
