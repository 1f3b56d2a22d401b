"""How sign-in behaves here: accounts come from invitations, mail goes through the outbox, addresses come from settings.

allauth does the work; this says where it differs from its defaults.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context as allauth_context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal.httpkit import clean_client_ip
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from prm.core.actions.mails import write_mail
from prm.core.models import Membership, Organization, User
from prm.core.roles import ROLES

log = structlog.get_logger(__name__)
TOPIC = "core.account"


class Site:
    """What mail templates of the sign-in call the site: the vendor's name, and the host from settings."""

    def __init__(self) -> None:
        vendor = Organization.objects.filter(kind="vendor").first()
        self.name = vendor.name if vendor else settings.VENDOR_NAME
        self.domain = urlsplit(settings.SITE_URL).netloc


def recent_sign_in(view: Callable) -> Callable:
    """A page that asks for the password or second factor again when the last proof is older than five minutes.

    Stands below the access decorator: who may not open the page at all is told so first.
    """

    @wraps(view)
    def guard(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not proved_recently(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guard


def fresh_sign_in(view: Callable) -> Callable:
    """Like ``recent_sign_in``, for forms that must not be kept while somebody proves who they are.

    allauth keeps a suspended POST in the session to carry it out afterwards. Where bank details are typed that would
    write them down in clear, so the form is asked for again instead; whoever opened it has just proved themselves.
    """

    @wraps(view)
    def guard(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if proved_recently(request):
            return view(request, *args, **kwargs)
        if request.method == "POST":
            messages.warning(request, _("Please confirm who you are first, and then fill in the form again."))
            return redirect(request.path)
        raise ReauthenticationRequired

    return guard


def recent_sign_in_for_file(page: str, *names: str) -> Callable:
    """Like ``recent_sign_in``, for a button whose answer is a file: the proof leads back to the page of the button.

    allauth would carry the button out as the answer to the proof. The browser would save the file and stay on the page
    that asks for the password, as if it had not been right. ``page`` is the name of the button's page and ``names`` are
    those arguments of the view that the page takes.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guard(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if proved_recently(request):
                return view(request, *args, **kwargs)
            messages.warning(request, _("Please confirm who you are first, and then download the file again."))
            back = reverse(page, kwargs={name: kwargs[name] for name in names})
            asks = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
            return redirect(f"{asks}?{urlencode({'next': back})}")

        return guard

    return decorate


def proved_recently(request: HttpRequest) -> bool:
    """Whether the person proved who they are in the last minutes (``ACCOUNT_REAUTHENTICATION_TIMEOUT``).

    Who signs in by mailed code only has nothing to prove again with; their session's start has to do.
    """
    records = get_authentication_records(request, request.user)
    last = max((record["at"] for record in records), default=0.0)
    if time.time() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return True
    return not get_reauthentication_flows(request.user)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations only; mail and links as the product makes them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an invitation is the only way in."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A fresh sign-in counts as proof, for setting up a second factor as for everything else."""
        return not proved_recently(allauth_context.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address of the client. ``X-Forwarded-For`` is believed only as far as our own proxies wrote it, so
        nobody escapes a rate limit by sending another; without a usable address all share one limit.
        """
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        trusted = settings.ALLAUTH_TRUSTED_PROXY_COUNT
        found = hops[-trusted] if trusted and len(hops) >= trusted else request.META.get("REMOTE_ADDR", "")
        return (clean_client_ip(found) if found else None) or "0.0.0.0"  # noqa: S104 - a label, not a listener

    def get_reset_password_from_key_url(self, key: str) -> str:
        """A link on the site's own address, whatever host the request named."""
        uid, _dash, token = key.partition("-")
        return _absolute("account_reset_password_from_key", uidb36=uid, key=token)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """A link on the site's own address, whatever host the request named."""
        return _absolute("account_confirm_email", key=emailconfirmation.key)

    def format_email_subject(self, subject: str) -> str:
        """The subject as written, on one line."""
        return " ".join(str(subject).split())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail into the outbox. Bodies with a code or a link are purged once they are sent."""
        request = allauth_context.request
        values = {
            **context,
            "request": request,
            "email": email,
            "current_site": Site(),
            "vendor": Organization.objects.filter(kind="vendor").first(),
            "site_url": settings.SITE_URL,
        }
        values.pop("signup_url", None)
        for name in {"password_reset_url", "activate_url"} & set(values):
            values[name] = _own_host(values[name])
        link = values.get("password_reset_url") or values.get("activate_url") or ""
        subject = self.format_email_subject(render_to_string(f"{template_prefix}_subject.txt", values))
        text = render_to_string(f"{template_prefix}_message.txt", values).strip()
        html = render_to_string(
            "mail/core/account.html",
            {**values, "subject": subject, "text": text, "url": link, "code": values.get("code", "")},
        )
        with transaction.atomic():
            write_mail(
                topic=TOPIC,
                to_email=email,
                subject=subject,
                body_text=f"{text}\n{render_to_string('mail/foot.txt', values)}",
                body_html=html,
                at=timezone.now(),
                is_secret=bool(link or values.get("code")),
            )

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave a trace of a wrong password, without the address that was tried."""
        log.warning("sign_in.failed", ip=self.get_client_ip(request))


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on opens accounts that their owner linked while signed in; it never makes or takes one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never: an invitation is the only way in."""
        return False

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Never: one company's identity provider must not vouch for the addresses of another."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse a person who may not sign in any more."""
        if sociallogin.is_existing and not sociallogin.user.is_active:
            raise PermissionDenied


def memberships_of(user: User) -> list[Membership]:
    """The companies a person can work for now, by name."""
    return list(
        Membership.objects.active()
        .filter(user=user, role__in=ROLES)
        .exclude(organization__status="closed")
        .select_related("organization")
        .order_by("organization__kind", "organization__name")
    )


def _absolute(name: str, **kwargs: str) -> str:
    return settings.SITE_URL + reverse(name, kwargs=kwargs)


def _own_host(url: str) -> str:
    parts = urlsplit(url)
    return settings.SITE_URL + parts.path + (f"?{parts.query}" if parts.query else "")
