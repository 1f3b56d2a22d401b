"""What every request carries: an id, the moment, and who acts."""

import re
import uuid
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from prm.core.actors import Actor
from prm.core.models import Membership
from prm.core.roles import ROLES

_SAFE_ID = re.compile(r"^[A-Za-z0-9-]{8,36}$")


class RequestIdMiddleware:
    """Names the request, so that its log lines, audit lines and events can be found together."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if _SAFE_ID.match(given) else uuid.uuid4().hex
        request.at = timezone.now()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        if "Cache-Control" not in response and getattr(request, "user", None) and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class BodySizeMiddleware:
    """Answers 413 to a body larger than any upload may be, before a byte of it is read or put on disk."""

    FORM_AROUND_IT = 64 * 1024

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.UPLOAD_MAX_BYTES + self.FORM_AROUND_IT:
            return HttpResponse(_("This is too large to be sent."), status=413, content_type="text/plain")
        return self.get_response(request)


class ActorMiddleware:
    """Builds ``request.actor`` from the membership in use, looked up anew each time.

    A membership that ended a second ago opens nothing: there is no cached right to wait out. Each of
    ``request.memberships`` says, as ``has_second_factor``, whether the person has set up a second factor.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.organization, request.memberships = Actor.anonymous(), None, []
        if request.user.is_authenticated:
            self._identify(request)
        with timezone.override(_zone_of(request)):
            return self.get_response(request)

    def _identify(self, request: HttpRequest) -> None:
        memberships = list(
            Membership.objects.active()
            .filter(user=request.user, role__in=ROLES)
            .filter(organization__status="active")
            .select_related("organization", "organization__logo")
            .annotate(has_second_factor=Exists(Authenticator.objects.filter(user_id=OuterRef("user_id"))))
            .order_by("organization__kind", "organization__name")
        )
        request.memberships = memberships
        wanted = request.session.get("membership")
        used = next((each for each in memberships if each.pk == wanted), memberships[0] if memberships else None)
        request.actor = actor_for(request.user, used, request_id=request.request_id)
        request.organization = used.organization if used else None
        locale = request.user.locale or (used.organization.locale if used else "")
        if locale and "django_language" not in request.COOKIES:
            translation.activate(locale)
            request.LANGUAGE_CODE = translation.get_language()


def _zone_of(request: HttpRequest) -> ZoneInfo:
    """The time zone in which the reader is told every moment: their own, else their company's."""
    own = getattr(request.user, "time_zone", "")
    try:
        return ZoneInfo(own or (request.organization.time_zone if request.organization else "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def actor_for(user, membership: Membership | None, *, request_id: str = "") -> Actor:
    """The actor for a person in one of their memberships; without one they may only see their account."""
    role = ROLES[membership.role] if membership else None
    return Actor(
        kind="person",
        user_id=user.pk,
        membership_id=membership.pk if membership else None,
        organization_id=membership.organization_id if membership else None,
        audience=role.audience if role else "public",
        role=role.code if role else "",
        permissions=role.permissions if role else frozenset(),
        name=user.name,
        email=user.email,
        request_id=request_id,
    )


class FormAddressMiddleware:
    """Shows a page to whoever opens the address of a form, as a reload after a refused one does, and leads back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        asked_for_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if response.status_code != 405 or response.content or not asked_for_page:
            return response
        page = render(request, "405.html", {"back_url": _page_above(request.path)}, status=405)
        page["Allow"] = response.get("Allow", "")
        return page


def _page_above(path: str) -> str:
    """The page that an action's address belongs to: ``/deals/DR-1/won/`` is the form of ``/deals/DR-1/``."""
    above = f"{path.rstrip('/').rpartition('/')[0]}/"
    try:
        resolve(above)
    except Resolver404:
        return "/"
    return above
