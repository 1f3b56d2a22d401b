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
from prm.core.refs import Ref


@dataclass(frozen=True)
class LinkRequest:
    """A wish for a link: what it is good for and for how long."""

    purpose: str
    good_for: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Purpose:
    """How an app acts on a link. ``url_name`` is the confirmation page; it takes the token."""

    code: str
    url_name: str


_PURPOSES: dict[str, Purpose] = {}


def register_purpose(code: str, *, url_name: str) -> None:
    """Make a purpose known; apps call this in ``AppConfig.ready``."""
    _PURPOSES[code] = Purpose(code, url_name)


def registered_purposes() -> list[Purpose]:
    """All purposes, for the documentation and the sweep."""
    return sorted(_PURPOSES.values(), key=lambda each: each.code)


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(*, request: LinkRequest, membership: Membership, ref: Ref, at: datetime) -> str:
    """A new absolute address; the token in it is stored only as a hash."""
    purpose = _PURPOSES[request.purpose]
    token = secrets.token_urlsafe(24)
    SignedLink.objects.create(
        token_hash=hash_token(token),
        purpose=purpose.code,
        membership=membership,
        ref_kind=ref.kind,
        ref_code=ref.code,
        created_at=at,
        expires_at=at + request.good_for,
    )
    return settings.SITE_URL + reverse(purpose.url_name, args=[token])


def open_link(
    *, token: str, purpose: str, membership_id: int | None, at: datetime, lock: bool = False
) -> SignedLink | None:
    """The link if it is good for this purpose and member now; ``None`` for every other case alike."""
    if membership_id is None:
        return None
    links = SignedLink.objects.select_for_update(of=("self",)) if lock else SignedLink.objects
    return (
        links.filter(
            token_hash=hash_token(token),
            purpose=purpose,
            membership_id=membership_id,
            membership__is_active=True,
            membership__user__is_active=True,
            used_at=None,
            expires_at__gt=at,
        )
        .exclude(membership__organization__status="closed")
        .first()
    )
