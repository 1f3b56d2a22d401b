"""The partner's own company page: profile, team, invitations, and who at the vendor looks after them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.actions.partners import StaleEdit, edit_profile
from partners.forms import ProfileForm
from partners.models import Partner
from partners.queries.companies import company_of, contacts_of, integrations_of
from partners.queries.grants import entitlements
from partners.queries.program import latest_version, program_today
from partners.views.answers import attempt
from partners.views.manage.companies import conflict_rows
from partners.wording import benefit_text
from prm.core.access import portal_page
from prm.core.actions import invitations, memberships
from prm.core.forms import InvitationForm, RoleForm
from prm.core.models import Invitation, Membership
from prm.core.queries.people import members_of, waiting_invitations
from prm.core.roles import ROLES

MANAGE = "partners.company_manage"


@require_safe
@portal_page("partners.company_view")
def company_detail(request: HttpRequest) -> HttpResponse:
    """Profile, team and contacts of one's own company."""
    return _page(request, _company(request))


def _page(request: HttpRequest, partner: Partner, form: InvitationForm | None = None) -> HttpResponse:
    can_manage = request.actor.can(MANAGE)
    members = members_of(partner.pk, request.actor)
    contacts = list(contacts_of(partner, request.actor))
    ours = [each for each in contacts if each.side == "ours"]
    owner, today = partner.owner, program_today(request.at)
    context = {
        "partner": partner,
        # named once: an owner who is also a named contact stands among the contacts
        "owner": owner if owner and all(each.email != owner.email for each in ours) else None,
        "members": [
            {"membership": each, "role": ROLES[each.role], "form": RoleForm(membership=each, prefix=each.code)}
            for each in (members if can_manage else members.filter(is_active=True))
        ],
        "invitations": [
            {"invitation": each, "role": ROLES[each.role], "is_expired": each.expires_at <= request.at}
            for each in (waiting_invitations(partner.pk, request.actor) if can_manage else [])
        ],
        "ours": ours,
        "theirs": [each for each in contacts if each.side == "theirs"],
        "benefits": _benefits(partner, request),
        "integrations": [
            {"integration": each, "is_live": each.is_live(today)} for each in integrations_of(partner, request.actor)
        ],
        "form": form or InvitationForm(organization=partner.organization),
        "roles": [role for role in ROLES.values() if role.audience == "partner"],
        "can_manage": can_manage,
    }
    return render(request, "portal/partners/company_detail.html", context, status=422 if form and form.errors else 200)


def _benefits(partner: Partner, request: HttpRequest) -> list[tuple[str, str]]:
    """What the company is entitled to today, in words; what comes to nothing is left out."""
    version = latest_version()
    currency = version.currency if version else ""
    return [
        (benefit.name, benefit_text(benefit, each.value, currency))
        for benefit, each in entitlements(partner, program_today(request.at))
        if each.granted
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page(MANAGE)
def company_edit(request: HttpRequest) -> HttpResponse:
    """Change the company's profile. When a colleague saved in between, both values are shown."""
    partner = _company(request)
    form = ProfileForm(request.POST or None, initial=ProfileForm.initial_of(partner))
    stale: StaleEdit | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if attempt(request, lambda: _save(request, partner, form), _("The profile is saved."), form):
                return redirect("portal:partners:company_detail")
        except StaleEdit as refusal:
            stale = refusal
    context = {
        "partner": partner,
        "form": form,
        "version": stale.version if stale else partner.version,
        "stale": stale,
        "conflicts": conflict_rows(form, stale),
    }
    status = 409 if stale else 422 if form.errors else 200
    return render(request, "portal/partners/company_edit.html", context, status=status)


def _save(request: HttpRequest, partner: Partner, form: ProfileForm) -> None:
    version = request.POST.get("version", "")
    edit_profile(
        partner=partner,
        version=int(version) if version.isascii() and version.isdecimal() else 0,
        changes=form.cleaned_data,
        by=request.actor,
        at=request.at,
    )


@require_POST
@portal_page(MANAGE)
def company_invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague."""
    partner = _company(request)
    form = InvitationForm(request.POST, organization=partner.organization)
    if form.is_valid() and attempt(
        request,
        lambda: invitations.invite_person(
            organization=partner.organization, **form.cleaned_data, by=request.actor, at=request.at
        ),
        _("The invitation is on its way."),
        form,
    ):
        return redirect("portal:partners:company_detail")
    return _page(request, partner, form)


@require_POST
@portal_page(MANAGE)
def member_role(request: HttpRequest, code: str) -> HttpResponse:
    """Give a colleague another role."""
    membership = _member(request, code)
    form = RoleForm(request.POST, membership=membership, prefix=membership.code)
    if form.is_valid():
        attempt(
            request,
            lambda: memberships.change_role(
                membership=membership, role=form.cleaned_data["role"], by=request.actor, at=request.at
            ),
            _("The role is changed."),
        )
    return redirect("portal:partners:company_detail")


@require_POST
@portal_page(MANAGE)
def member_deactivate(request: HttpRequest, code: str) -> HttpResponse:
    """End a colleague's access."""
    membership = _member(request, code)
    attempt(
        request,
        lambda: memberships.deactivate_membership(membership=membership, by=request.actor, at=request.at),
        _("Access has ended, with every open session."),
    )
    return redirect("portal:partners:company_detail")


@require_POST
@portal_page(MANAGE)
def invitation_resend(request: HttpRequest, code: str) -> HttpResponse:
    """Send an invitation again."""
    invitation = _invitation(request, code)
    attempt(
        request,
        lambda: invitations.resend_invitation(invitation=invitation, by=request.actor, at=request.at),
        _("The invitation is on its way again; the earlier link no longer works."),
    )
    return redirect("portal:partners:company_detail")


@require_POST
@portal_page(MANAGE)
def invitation_revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw an invitation."""
    invitation = _invitation(request, code)
    attempt(
        request,
        lambda: invitations.revoke_invitation(invitation=invitation, by=request.actor, at=request.at),
        _("The invitation is withdrawn."),
    )
    return redirect("portal:partners:company_detail")


def _company(request: HttpRequest) -> Partner:
    try:
        return company_of(request.actor)
    except Partner.DoesNotExist:
        raise Http404 from None


def _member(request: HttpRequest, code: str) -> Membership:
    visible = Membership.objects.visible_to(request.actor).select_related("organization", "user")
    return get_object_or_404(visible, code=code)


def _invitation(request: HttpRequest, code: str) -> Invitation:
    return get_object_or_404(Invitation.objects.visible_to(request.actor).select_related("organization"), code=code)
