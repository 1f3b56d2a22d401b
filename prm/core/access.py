"""Who may open a page. Every view declares it with one of five decorators; a view without one does not start.

Anonymous → sign-in. Wrong audience, or a foreign object → 404. Right audience without the permission → 403. A link in
a mail names its member by itself; one that is not good (any more) answers the same 404, whatever the reason.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers

from prm.core.actions.portal_days import note_portal_day
from prm.core.middleware import actor_for
from prm.core.models import Membership, SignedLink
from prm.core.permissions import PERMISSIONS
from prm.core.roles import ROLES
from prm.core.signed_links import open_link

Audience = Literal["vendor", "partner", "account", "public", "link"]


@dataclass(frozen=True)
class Access:
    """What a view declared: its audience, the permission it asks for, for public pages why, for links what for."""

    audience: Audience
    permission: str = ""
    reason: str = ""
    purpose: str = ""


def manage_page(permission: str) -> Callable:
    """A page for the vendor's staff who hold ``permission``."""
    return _guarded(Access("vendor", _known(permission)))


def portal_page(permission: str) -> Callable:
    """A page for people of a partner who hold ``permission`` in the company they are using."""
    return _guarded(Access("partner", _known(permission)))


def account_page(view: Callable) -> Callable:
    """A page for any signed-in person about their own account."""
    return _guarded(Access("account"))(view)


def public_page(*, reason: str) -> Callable:
    """A page for anyone; ``reason`` says why it must be open."""
    return _guarded(Access("public", reason=reason))


def link_page(*, purpose: str) -> Callable:
    """The page behind a link in a mail; the link names the member, so that nobody need sign in to read it.

    The view gets ``request.link``, ``request.acting`` (the member as an actor) and ``request.may_act``. Partner people
    act without signing in; staff, and every role that needs a second factor, only while signed in as this member: a
    POST of theirs is sent to the sign-in and comes back to the page. Whoever is signed in as somebody else finds the
    same page as with a link that was never made.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guard(request: HttpRequest, token: str) -> HttpResponse:
            link = open_link(token=token, purpose=purpose, at=request.at)
            if link is None or not _is_nobody_else(request, link.membership):
                return link_unusable(request)
            request.link = link
            request.acting = actor_for(link.membership.user, link.membership, request_id=request.request_id)
            request.may_act = not _must_sign_in(link.membership) or _is_signed_in_as(request, link.membership)
            if request.method == "POST" and not request.may_act:
                return redirect("mfa_index") if request.user.is_authenticated else redirect_to_login(request.path)
            with _in_words_of(request, link):
                response = view(request, token)
            add_never_cache_headers(response)
            return response

        guard.access = Access("link", purpose=purpose)  # type: ignore[attr-defined]
        return guard

    return decorate


def link_unusable(request: HttpRequest) -> HttpResponse:
    """The one answer to every link that is not good: it does not tell why."""
    response = render(request, "public/core/link_unusable.html", status=404)
    add_never_cache_headers(response)
    return response


def _is_nobody_else(request: HttpRequest, membership: Membership) -> bool:
    return not request.user.is_authenticated or request.user.pk == membership.user_id


def _must_sign_in(membership: Membership) -> bool:
    role = ROLES[membership.role]
    return role.audience == "vendor" or role.mfa_required


def _is_signed_in_as(request: HttpRequest, membership: Membership) -> bool:
    return (
        request.user.is_authenticated
        and membership.pk in {each.pk for each in request.memberships}
        and not needs_second_factor(request, membership.role)
    )


@contextmanager
def _in_words_of(request: HttpRequest, link: SignedLink) -> Iterator[None]:
    """Who is not signed in still reads in the member's language and time zone, like the mail before."""
    if request.user.is_authenticated:
        yield
        return
    member = link.membership
    with (
        translation.override(member.user.locale or member.organization.locale),
        timezone.override(ZoneInfo(member.user.time_zone or member.organization.time_zone)),
    ):
        yield


def _known(permission: str) -> str:
    if permission not in PERMISSIONS:
        raise ValueError(f"unknown permission {permission!r}")
    return permission


def _guarded(access: Access) -> Callable:
    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guard(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            refused = _refusal(request, access)
            return refused if refused is not None else view(request, *args, **kwargs)

        guard.access = access  # type: ignore[attr-defined]
        return guard

    return decorate


def _refusal(request: HttpRequest, access: Access) -> HttpResponse | None:
    if access.audience == "public":
        return None
    actor = request.actor
    if actor.kind != "person":
        return redirect_to_login(request.get_full_path())
    if needs_second_factor(request):
        return redirect("mfa_index")
    if access.audience == "account":
        return None
    if actor.audience != access.audience:
        raise Http404
    if not actor.can(access.permission):
        raise PermissionDenied
    if not _company_in_form_matches(request):
        return switched_company(request)
    if actor.is_partner:
        _note_portal_day(request)
    return None


def needs_second_factor(request: HttpRequest, role_code: str = "") -> bool:
    """Whether the role in use, or the named one of a membership of theirs, demands a second factor not set up yet."""
    role = ROLES.get(role_code or request.actor.role)
    if not (settings.MFA_REQUIRED and role and role.mfa_required):
        return False
    return not any(each.has_second_factor for each in request.memberships)


def _company_in_form_matches(request: HttpRequest) -> bool:
    """A form opened as one company must not act as another after a switch in a second tab."""
    named = request.POST.get("acting_as") if request.method == "POST" else None
    return named is None or named == request.organization.code


def switched_company(request: HttpRequest) -> HttpResponse:
    """Tell that the form belongs to another company of the same person; nothing is written."""
    return render(request, "account/other_company.html", {"organization": request.organization}, status=409)


def _note_portal_day(request: HttpRequest) -> None:
    """Keep that the member used the portal today: once a day in the table, once a day per session asked."""
    from prm.core.business_time import local_date

    day = local_date(request.at, request.organization.time_zone)
    mark = f"{request.actor.membership_id}:{day.isoformat()}"
    if request.session.get("portal_day") == mark:
        return
    note_portal_day(
        membership_id=request.actor.membership_id,
        organization=request.organization,
        at=request.at,
    )
    request.session["portal_day"] = mark
