"""The only links that act: one purpose, one thing, one member, until a moment, once.

A GET shows what would happen (mail scanners follow links); only a POST by the person it was made for acts.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from prm.core.models import Membership, SignedLink
from prm.core.permissions import PERMISSIONS
from prm.core.refs import Ref
from prm.core.roles import ROLES

MAX_TOKEN = 64


@dataclass(frozen=True)
class LinkRequest:
    """A wish for a link: what it is good for and for how long."""

    purpose: str
    good_for: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Purpose:
    """How an app acts on a link. ``url_name`` is the confirmation page; it takes the token.

    Only members whose role holds ``permission`` are given such a link, and it works only while they still do.
    """

    code: str
    url_name: str
    permission: str

    def is_for(self, membership: Membership) -> bool:
        """Whether the member's role may do it."""
        role = ROLES.get(membership.role)
        return role is not None and self.permission in role.permissions


_PURPOSES: dict[str, Purpose] = {}


def register_purpose(code: str, *, url_name: str, permission: str) -> None:
    """Make a purpose known; apps call this in ``AppConfig.ready``."""
    if permission not in PERMISSIONS:
        raise ValueError(f"unknown permission {permission!r}")
    _PURPOSES[code] = Purpose(code, url_name, permission)


def purpose_named(code: str) -> Purpose:
    """A registered purpose."""
    return _PURPOSES[code]


def registered_purposes() -> list[Purpose]:
    """All purposes, for the documentation and the sweep."""
    return sorted(_PURPOSES.values(), key=lambda each: each.code)


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(*, request: LinkRequest, membership: Membership, ref: Ref, at: datetime) -> str:
    """A new absolute address; the token in it is stored only as a hash."""
    link, address = new_link(request=request, membership=membership, ref=ref, at=at)
    link.save(force_insert=True)
    return address


def new_link(*, request: LinkRequest, membership: Membership, ref: Ref, at: datetime) -> tuple[SignedLink, str]:
    """A link that is not stored yet, and its address, for those who store many at once."""
    purpose = _PURPOSES[request.purpose]
    token = secrets.token_urlsafe(24)
    link = SignedLink(
        token_hash=hash_token(token),
        purpose=purpose.code,
        membership=membership,
        ref_kind=ref.kind,
        ref_code=ref.code,
        created_at=at,
        expires_at=at + request.good_for,
    )
    return link, settings.SITE_URL + reverse(purpose.url_name, args=[token])


def open_link(*, token: str, purpose: str, at: datetime, lock: bool = False) -> SignedLink | None:
    """The link with its member, if it is good for this purpose now; ``None`` for every other case alike.

    Used, expired, made for something else, its member or company gone, or the member's role without the permission by
    now: nobody can tell these apart. The caller compares the member with who asks.
    """
    if not 0 < len(token) <= MAX_TOKEN:
        return None
    links = SignedLink.objects.select_for_update(of=("self",)) if lock else SignedLink.objects.all()
    link = (
        links.filter(
            token_hash=hash_token(token),
            purpose=purpose,
            membership__is_active=True,
            membership__user__is_active=True,
            membership__organization__status="active",
            used_at=None,
            expires_at__gt=at,
        )
        .select_related("membership__user", "membership__organization")
        .first()
    )
    return link if link is not None and purpose_named(purpose).is_for(link.membership) else None
