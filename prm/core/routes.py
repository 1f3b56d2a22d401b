"""All addresses of the product with the view behind each: what the start-up check and the access sweep walk."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from prm.core.access import Access

# Views of libraries, which declare no access of ours. Each line says who guards it instead.
REVIEWED = {
    "allauth.": "sign-in; allauth guards its own pages, signing up is closed",
    "django.contrib.admin.": "Django admin; prm.core.admin_site lets in those with core.admin_use and a second factor",
    "prm.core.admin_site": "the door of Django admin itself: it sends to the one sign-in",
    "django.contrib.contenttypes.views": "part of Django admin, behind the same guard",
    "django.views.generic.base": "a fixed redirect to a page that is guarded",
    "django.views.i18n": "sets the language of the reader's own session",
}


@dataclass(frozen=True)
class Route:
    """One address: its pattern, its full name with namespaces, the view, and the names of its arguments."""

    pattern: str
    name: str
    view: Callable[..., Any]
    kwargs: tuple[str, ...]

    @property
    def access(self) -> Access | None:
        """What the view declared."""
        return getattr(self.view, "access", None)

    @property
    def module(self) -> str:
        """Where the view is written."""
        inner = inspect.unwrap(self.view)
        return str(getattr(getattr(inner, "view_class", inner), "__module__", type(inner).__module__))

    @property
    def reviewed(self) -> str:
        """Why a view without a declaration of ours is all right; empty when it is not."""
        return next((why for prefix, why in REVIEWED.items() if self.module.startswith(prefix)), "")

    def __str__(self) -> str:
        return self.name or self.pattern


def all_routes(urlconf: str | None = None) -> list[Route]:
    """Every route of a URL configuration, nested ones with their prefixes."""
    return list(_walk(get_resolver(urlconf).url_patterns, "", "", ()))


def _walk(patterns: list, prefix: str, namespace: str, outer: tuple[str, ...]) -> Iterator[Route]:
    for each in patterns:
        pattern = prefix + str(each.pattern)
        names = (*outer, *_arguments(each.pattern))
        if isinstance(each, URLResolver):
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from _walk(each.url_patterns, pattern, inner, names)
        elif isinstance(each, URLPattern):
            yield Route(pattern, f"{namespace}{each.name}" if each.name else "", each.callback, names)


def _arguments(pattern: Any) -> tuple[str, ...]:
    if hasattr(pattern, "converters") and pattern.converters:
        return tuple(pattern.converters)
    regex = getattr(pattern, "regex", None)
    return tuple(regex.groupindex) if regex is not None else ()
