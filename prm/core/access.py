"""Who may open a page. Every view declares it with one of four decorators; a view without one does not start.

Anonymous → sign-in. Wrong audience, or a foreign object → 404. Right audience without the permission → 403.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from prm.core.models import PortalDay
from prm.core.permissions import PERMISSIONS
from prm.core.roles import ROLES

Audience = Literal["vendor", "partner", "account", "public"]


@dataclass(frozen=True)
class Access:
    """What a view declared: its audience, the permission it asks for, and for public pages why."""

    audience: Audience
    permission: str = ""
    reason: str = ""


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


def needs_second_factor(request: HttpRequest) -> bool:
    """Whether the role in use demands a second factor that the person has not set up yet."""
    role = ROLES.get(request.actor.role)
    if not (settings.MFA_REQUIRED and role and role.mfa_required):
        return False
    from allauth.mfa.utils import is_mfa_enabled

    return not is_mfa_enabled(request.user)


def _company_in_form_matches(request: HttpRequest) -> bool:
    """A form opened as one company must not act as another after a switch in a second tab."""
    named = request.POST.get("acting_as") if request.method == "POST" else None
    return named is None or named == request.organization.code


def switched_company(request: HttpRequest) -> HttpResponse:
    """Tell that the form belongs to another company of the same person; nothing is written."""
    from django.shortcuts import render

    return render(request, "account/other_company.html", {"organization": request.organization}, status=409)


def _note_portal_day(request: HttpRequest) -> None:
    """Keep that the member used the portal today: once a day in the table, once a day per session asked."""
    from prm.core.business_time import local_date

    day = local_date(request.at, request.organization.time_zone)
    mark = f"{request.actor.membership_id}:{day.isoformat()}"
    if request.session.get("portal_day") == mark:
        return
    PortalDay.objects.bulk_create(
        [
            PortalDay(
                membership_id=request.actor.membership_id,
                organization_id=request.actor.organization_id,
                day=day,
            )
        ],
        ignore_conflicts=True,
    )
    request.session["portal_day"] = mark
