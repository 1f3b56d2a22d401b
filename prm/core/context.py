"""What both shells show on every page: brand, navigation with counters, the person, the day."""

from dataclasses import dataclass
from functools import cached_property, partial

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from prm.core.models import Organization
from prm.core.navigation import MANAGE, PORTAL, Item
from prm.core.queries.work_items import Waiting, waiting_counts


@dataclass(frozen=True)
class NavEntry:
    """One line of the sidebar as the template shows it."""

    label: str
    url: str
    icon: str
    active: bool
    count: int


class Shell:
    """Computed only when a template asks, so fragments and redirects pay nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def brand(self) -> dict:
        """The vendor's name, logo and colour."""
        actor = getattr(self.request, "actor", None)
        own = getattr(self.request, "organization", None)
        vendor = own if actor and actor.is_vendor else Organization.objects.filter(kind="vendor").first()
        return {
            "name": vendor.name if vendor else settings.VENDOR_NAME,
            "accent": vendor.accent if vendor else "#2456e6",
            "css_url": reverse("public:core:brand_css"),
            "logo_url": "",
        }

    @cached_property
    def _waiting(self) -> Waiting:
        """Asked once a page, when the first counter is shown."""
        return waiting_counts(self.request.actor) if self.request.actor.membership_id else Waiting({}, 0)

    @cached_property
    def nav(self) -> list[NavEntry]:
        """The places this person may go, with what waits there."""
        actor = self.request.actor
        items = MANAGE if actor.is_vendor else PORTAL if actor.is_partner else []
        nearest = max((self._nearness(item) for item in items), default=0)
        return [entry for item in items if (entry := self._entry(item, nearest)) is not None]

    def _nearness(self, item: Item) -> int:
        """How much of the address a place claims: the one that claims most is where the reader is."""
        path = self.request.path
        try:
            if path == reverse(item.url_name):
                return len(path)
        except NoReverseMatch:
            return 0
        return max((len(prefix) for prefix in item.prefixes if path.startswith(prefix)), default=0)

    def _entry(self, item: Item, nearest: int) -> NavEntry | None:
        if not self.request.actor.can(item.permission):
            return None
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            return None
        active = 0 < nearest == self._nearness(item)
        return NavEntry(item.label, url, item.icon, active, sum(self._waiting.work.get(k, 0) for k in item.counts))

    @property
    def unread_notices(self) -> int:
        """How many notices wait under the bell."""
        return self._waiting.notices

    @cached_property
    def person(self) -> dict:
        """Who is signed in, for the corner of the shell."""
        user = self.request.user
        name = user.name or user.email
        return {
            "name": name,
            "initials": "".join(word[0] for word in name.split()[:2]).upper(),
            "email": user.email,
        }

    @property
    def organizations(self) -> list:
        """The person's memberships, for the company switcher."""
        return self.request.memberships

    @property
    def now(self):
        """The moment of the request."""
        return self.request.at

    @property
    def time_zone(self) -> str:
        """The reader's time zone."""
        own = getattr(self.request.user, "time_zone", "")
        return own or (self.request.organization.time_zone if self.request.organization else "UTC")


def shell(request: HttpRequest) -> dict:
    """Context processor: lazy values, so a template that asks nothing costs nothing."""
    if not hasattr(request, "actor"):
        return {}
    view = Shell(request)
    names = ("brand", "nav", "unread_notices", "person", "organizations", "now", "time_zone")
    lazy = {name: SimpleLazyObject(partial(getattr, view, name)) for name in names}
    return {**lazy, "actor": request.actor, "organization": request.organization}
