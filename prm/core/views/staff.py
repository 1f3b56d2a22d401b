"""Program → Roles & staff: who works for the vendor, in which role, and what each role may do."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from prm.core.access import manage_page
from prm.core.accounts import recent_sign_in
from prm.core.actions import invitations, memberships
from prm.core.forms import InvitationForm, RoleForm
from prm.core.models import Invitation, Membership
from prm.core.permissions import PERMISSIONS
from prm.core.queries.people import members_of, waiting_invitations
from prm.core.refused import Refused
from prm.core.roles import ROLES, roles_for


@require_safe
@manage_page("core.staff_manage")
def staff_list(request: HttpRequest) -> HttpResponse:
    """Everyone of the vendor's, waiting invitations, and the role table in words."""
    return _page(request, InvitationForm(organization=request.organization))


def _page(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    members = [
        {"membership": each, "role": ROLES[each.role], "form": RoleForm(membership=each, prefix=each.code)}
        for each in members_of(request.organization.pk, request.actor)
    ]
    return render(
        request,
        "manage/core/staff_list.html",
        {
            "members": members,
            "invitations": [
                {"invitation": each, "role": ROLES[each.role], "is_expired": each.expires_at <= request.at}
                for each in waiting_invitations(request.organization.pk, request.actor)
            ],
            "form": form,
            "roles": [
                {"role": role, "permissions": sorted(PERMISSIONS[code] for code in role.permissions)}
                for audience in ("vendor", "partner")
                for role in roles_for(audience)
            ],
        },
        status=status,
    )


@require_POST
@manage_page("core.staff_manage")
@recent_sign_in
def staff_invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague."""
    form = InvitationForm(request.POST, organization=request.organization)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        invitations.invite_person(
            organization=request.organization, **form.cleaned_data, by=request.actor, at=request.at
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _page(request, form, status=422)
    messages.success(request, _("The invitation is on its way."))
    return redirect("manage:core:staff_list")


@require_POST
@manage_page("core.staff_manage")
@recent_sign_in
def staff_role(request: HttpRequest, code: str) -> HttpResponse:
    """Give a colleague another role."""
    membership = _colleague(request, code)
    form = RoleForm(request.POST, membership=membership, prefix=membership.code)
    if not form.is_valid():
        messages.error(request, _("This role can't be given in this company."))
        return redirect("manage:core:staff_list")
    return _try(
        request,
        lambda: memberships.change_role(
            membership=membership, role=form.cleaned_data["role"], by=request.actor, at=request.at
        ),
        _("The role is changed."),
    )


@require_POST
@manage_page("core.staff_manage")
@recent_sign_in
def staff_deactivate(request: HttpRequest, code: str) -> HttpResponse:
    """End a colleague's access."""
    membership = _colleague(request, code)
    return _try(
        request,
        lambda: memberships.deactivate_membership(membership=membership, by=request.actor, at=request.at),
        _("Access has ended, with every open session."),
    )


@require_POST
@manage_page("core.staff_manage")
@recent_sign_in
def invitation_resend(request: HttpRequest, code: str) -> HttpResponse:
    """Send an invitation again."""
    invitation = _own_invitation(request, code)
    return _try(
        request,
        lambda: invitations.resend_invitation(invitation=invitation, by=request.actor, at=request.at),
        _("The invitation is on its way again; the earlier link no longer works."),
    )


@require_POST
@manage_page("core.staff_manage")
@recent_sign_in
def invitation_revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw an invitation."""
    invitation = _own_invitation(request, code)
    return _try(
        request,
        lambda: invitations.revoke_invitation(invitation=invitation, by=request.actor, at=request.at),
        _("The invitation is withdrawn."),
    )


def _colleague(request: HttpRequest, code: str) -> Membership:
    own = Membership.objects.visible_to(request.actor).filter(organization=request.organization)
    return get_object_or_404(own, code=code)


def _own_invitation(request: HttpRequest, code: str) -> Invitation:
    own = Invitation.objects.visible_to(request.actor).filter(organization=request.organization)
    return get_object_or_404(own, code=code)


def _try(request: HttpRequest, change: Callable[[], object], done: str) -> HttpResponse:
    try:
        change()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect("manage:core:staff_list")
