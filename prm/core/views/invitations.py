"""The page behind the link in an invitation."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from prm.core.access import public_page
from prm.core.actions import invitations
from prm.core.forms import AcceptForm
from prm.core.models import Invitation, Membership
from prm.core.roles import ROLES


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
@public_page(reason="whoever is invited has no account yet; the token in the address is the key")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show the company and the role; a POST joins. Every unusable token shows the same page."""
    invitation = invitations.find_invitation(token=token, at=request.at)
    if invitation is None:
        return render(request, "public/core/invitation_unusable.html", status=410)
    account = invitations.existing_account(invitation)
    signed_in = request.user.is_authenticated
    state = _state(request, invitation, has_account=account is not None)
    form = AcceptForm(request.POST or None, invitation=invitation) if state == "new" else None
    if request.method == "POST" and (state == "mine" or (form is not None and form.is_valid())):
        return _join(request, invitation, token, form)
    return render(
        request,
        "public/core/invitation_accept.html",
        {
            "invitation": invitation,
            "company": invitation.organization,
            "role": ROLES[invitation.role],
            "state": state,
            "form": form,
            "sign_in_url": redirect_to_login(request.get_full_path()).url,
            "signed_in": signed_in,
        },
        status=422 if form is not None and form.errors else 200,
    )


def _state(request: HttpRequest, invitation: Invitation, *, has_account: bool) -> str:
    """``new``: make an account; ``mine``: join with this one; ``sign_in``: sign in first; ``other``: sign out first."""
    if not request.user.is_authenticated:
        return "sign_in" if has_account else "new"
    return "mine" if request.user.email.lower() == invitation.email.lower() else "other"


def _join(request: HttpRequest, invitation: Invitation, token: str, form: AcceptForm | None) -> HttpResponse:
    given = form.cleaned_data if form is not None else {}
    try:
        membership = invitations.accept_invitation(
            token=token,
            by=request.actor,
            at=request.at,
            name=given.get("name", ""),
            password=given.get("password"),
        )
    except invitations.InvitationRefused as refusal:
        messages.error(request, refusal.message)
        return redirect(request.get_full_path())
    return _enter(request, membership, is_new=form is not None)


def _enter(request: HttpRequest, membership: Membership, *, is_new: bool) -> HttpResponse:
    """Sign the new person in through the usual stages, use this membership, and go on to the second factor if the
    role needs one.
    """
    if is_new:
        record_authentication(request, membership.user, method="password", email=membership.user.email)
        perform_login(request, membership.user, email_verification="none")
    request.session["membership"] = membership.pk
    messages.success(request, _("Welcome to %(company)s.") % {"company": membership.organization.name})
    return redirect("mfa_index" if ROLES[membership.role].mfa_required else "public:core:start")
