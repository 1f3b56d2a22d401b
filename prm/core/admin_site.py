"""The door of Django admin: the same sign-in as everywhere, the role table, and a second factor."""

from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from prm.core.access import needs_second_factor

# Models of libraries that say who somebody is. Their own admins would edit them past our actions, so only ours are
# taken (see prm.core.admin); groups would be a second table of rights beside the roles.
_NOT_BY_LIBRARIES = {
    "account.emailaddress",
    "account.emailconfirmation",
    "auth.group",
    "mfa.authenticator",
    "socialaccount.socialaccount",
    "socialaccount.socialtoken",
    "usersessions.usersession",
}


class PrmAdminSite(admin.AdminSite):
    """Lets in those whose role in use holds ``core.admin_use``; to everyone else there is no such page."""

    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("Records")
    site_url = "/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As in Django, but libraries don't bring editors for who somebody is."""
        listed: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        is_ours = admin_class is not None and admin_class.__module__.startswith("prm.")
        wanted = [each for each in listed if is_ours or each._meta.label_lower not in _NOT_BY_LIBRARIES]
        if wanted:
            super().register(wanted, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Role, active account, second factor."""
        return bool(
            request.user.is_active
            and request.user.is_staff
            and request.actor.can("core.admin_use")
            and not needs_second_factor(request)
        )

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Never a form of its own: the one sign-in has the rate limits, the passkeys and the second factor."""
        wanted = request.GET.get("next", "/admin/")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted)
        if needs_second_factor(request):
            return redirect("mfa_index")
        if self.has_permission(request):
            return redirect("admin:index")
        raise Http404

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The person's own page, which asks for the old password and tells them by mail."""
        return redirect("account_change_password")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Changes ask for a recent proof of who is there; reading does not."""

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            from prm.core.accounts import proved_recently

            if request.method not in {"GET", "HEAD", "OPTIONS"} and not proved_recently(request):
                raise ReauthenticationRequired
            return view(request, *args, **kwargs)

        return super().admin_view(guarded, cacheable)
