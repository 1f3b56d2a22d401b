"""The people of a partner: who can sign in, who is invited, who does what around the partnership."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.actions.contacts import add_contact, end_contact
from partners.actions.partners import require_change
from partners.forms import ContactForm
from partners.models import Partner, PartnerContact
from partners.queries.companies import contacts_of, partner_list
from partners.views.answers import attempt
from prm.core.access import manage_page
from prm.core.actions import invitations, memberships
from prm.core.forms import InvitationForm, RoleForm
from prm.core.models import Invitation, Membership
from prm.core.queries.people import members_of, waiting_invitations
from prm.core.roles import ROLES

PERMISSION = "partners.partner_people"


@require_safe
@manage_page("partners.partner_view")
def partner_people(request: HttpRequest, code: str) -> HttpResponse:
    """Members, invitations and contacts of one partner."""
    return _page(request, _partner(request, code))


def _page(
    request: HttpRequest,
    partner: Partner,
    invite_form: InvitationForm | None = None,
    contact_form: ContactForm | None = None,
) -> HttpResponse:
    contacts = list(contacts_of(partner, request.actor))
    theirs = [each for each in contacts if each.side == "theirs"]
    context = {
        "partner": partner,
        "members": [
            {"membership": each, "role": ROLES[each.role], "form": RoleForm(membership=each, prefix=each.code)}
            for each in members_of(partner.pk, request.actor)
        ],
        "invitations": [
            {"invitation": each, "role": ROLES[each.role], "is_expired": each.expires_at <= request.at}
            for each in waiting_invitations(partner.pk, request.actor)
        ],
        "contacts": contacts,
        "is_single_threaded": partner.owner_id is None or len(theirs) < 2,
        "few_contacts": len(theirs) < 2,
        "invite_form": invite_form
        or InvitationForm(organization=partner.organization, initial={"role": "partner_admin"}),
        "contact_form": contact_form or ContactForm(),
        "can_manage": request.actor.can(PERMISSION),
    }
    failed = (invite_form and invite_form.errors) or (contact_form and contact_form.errors)
    return render(request, "manage/partners/partner_people.html", context, status=422 if failed else 200)


@require_POST
@manage_page(PERMISSION)
def partner_invite(request: HttpRequest, code: str) -> HttpResponse:
    """Invite a person of the partner."""
    partner = _partner(request, code)
    form = InvitationForm(request.POST, organization=partner.organization)
    if form.is_valid() and attempt(
        request,
        lambda: (
            _checked(request, partner)
            and invitations.invite_person(
                organization=partner.organization, **form.cleaned_data, by=request.actor, at=request.at
            )
        ),
        _("The invitation is on its way."),
        form,
    ):
        return redirect("manage:partners:partner_people", partner.code)
    return _page(request, partner, invite_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page(PERMISSION)
def partner_add_contact(request: HttpRequest, code: str) -> HttpResponse:
    """Name a contact."""
    partner = _partner(request, code)
    if request.method != "POST":
        return _page(request, partner)
    form = ContactForm(request.POST)
    if form.is_valid() and attempt(
        request,
        lambda: add_contact(partner=partner, **form.cleaned_data, by=request.actor, at=request.at),
        _("The contact is kept."),
        form,
    ):
        return redirect("manage:partners:partner_people", partner.code)
    return _page(request, partner, contact_form=form)


@require_POST
@manage_page(PERMISSION)
def contact_end(request: HttpRequest, code: str) -> HttpResponse:
    """A contact no longer has their role."""
    visible = PartnerContact.objects.visible_to(request.actor).select_related("partner")
    contact = get_object_or_404(visible, code=code)
    attempt(
        request,
        lambda: end_contact(contact=contact, by=request.actor, at=request.at),
        _("The contact is taken off."),
    )
    return redirect("manage:partners:partner_people", contact.partner.code)


@require_POST
@manage_page(PERMISSION)
def member_role(request: HttpRequest, code: str) -> HttpResponse:
    """Give a partner's person another role."""
    membership, partner = _member(request, code)
    form = RoleForm(request.POST, membership=membership, prefix=membership.code)
    if form.is_valid():
        attempt(
            request,
            lambda: (
                _checked(request, partner)
                and memberships.change_role(
                    membership=membership, role=form.cleaned_data["role"], by=request.actor, at=request.at
                )
            ),
            _("The role is changed."),
        )
    return redirect("manage:partners:partner_people", partner.code)


@require_POST
@manage_page(PERMISSION)
def member_deactivate(request: HttpRequest, code: str) -> HttpResponse:
    """End a person's access at the partner."""
    membership, partner = _member(request, code)
    attempt(
        request,
        lambda: (
            _checked(request, partner)
            and memberships.deactivate_membership(membership=membership, by=request.actor, at=request.at)
        ),
        _("Access has ended, with every open session."),
    )
    return redirect("manage:partners:partner_people", partner.code)


@require_POST
@manage_page(PERMISSION)
def invitation_resend(request: HttpRequest, code: str) -> HttpResponse:
    """Send an invitation again."""
    invitation, partner = _invitation(request, code)
    attempt(
        request,
        lambda: (
            _checked(request, partner)
            and invitations.resend_invitation(invitation=invitation, by=request.actor, at=request.at)
        ),
        _("The invitation is on its way again; the earlier link no longer works."),
    )
    return redirect("manage:partners:partner_people", partner.code)


@require_POST
@manage_page(PERMISSION)
def invitation_revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw an invitation."""
    invitation, partner = _invitation(request, code)
    attempt(
        request,
        lambda: (
            _checked(request, partner)
            and invitations.revoke_invitation(invitation=invitation, by=request.actor, at=request.at)
        ),
        _("The invitation is withdrawn."),
    )
    return redirect("manage:partners:partner_people", partner.code)


def _checked(request: HttpRequest, partner: Partner) -> bool:
    """Managers look after the people of partners they decide for; raises NotYours otherwise."""
    require_change(request.actor, partner, request.at, PERMISSION)
    return True


def _partner(request: HttpRequest, code: str) -> Partner:
    return get_object_or_404(partner_list(request.actor), code=code)


def _member(request: HttpRequest, code: str) -> tuple[Membership, Partner]:
    members = Membership.objects.visible_to(request.actor).select_related("organization", "user")
    membership = get_object_or_404(members, code=code, organization__kind="partner")
    return membership, get_object_or_404(partner_list(request.actor), pk=membership.organization_id)


def _invitation(request: HttpRequest, code: str) -> tuple[Invitation, Partner]:
    visible = Invitation.objects.visible_to(request.actor).select_related("organization")
    invitation = get_object_or_404(visible, code=code, organization__kind="partner")
    return invitation, get_object_or_404(partner_list(request.actor), pk=invitation.organization_id)
