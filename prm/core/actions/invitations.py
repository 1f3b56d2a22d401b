"""Invitations: offered, sent again, withdrawn, accepted. Role, company and address come from the row alone."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from prm.core.actions import audit
from prm.core.actions.mails import write_mail
from prm.core.actions.memberships import (
    MembershipRefused,
    add_member,
    membership_ref,
    require_manager_of,
    require_role_for,
)
from prm.core.actions.notices import notify
from prm.core.actors import Actor
from prm.core.choices import OrganizationStatus
from prm.core.codes import new_code
from prm.core.models import Invitation, Membership, Organization, User
from prm.core.refs import Ref
from prm.core.refused import Refused
from prm.core.roles import ROLES
from prm.core.signed_links import hash_token


class InvitationRefused(Refused):
    """An invitation can't be made or used. Every unusable token gets the same answer."""

    code = "core.invitation.unusable"
    text = _("This invitation can't be used: it may have expired, been withdrawn, or been used already.")


def invitation_ref(invitation: Invitation) -> Ref:
    """How history and notices name an invitation."""
    return Ref("core.invitation", invitation.code)


def invite_person(
    *, organization: Organization, email: str, name: str, role: str, by: Actor, at: datetime
) -> Invitation:
    """Offer an address a place in a company and mail the link. The token itself is not kept."""
    require_manager_of(organization, by)
    require_role_for(organization, role)
    email = email.strip().lower()
    with transaction.atomic():
        # The company's row orders two invitations of one address in the same moment.
        organization = Organization.objects.select_for_update(of=("self",)).get(pk=organization.pk)
        if organization.status == OrganizationStatus.CLOSED:
            raise InvitationRefused("core.invitation.company_closed", _("This company is closed."))
        if Membership.objects.filter(organization=organization, user__email__iexact=email, is_active=True).exists():
            raise InvitationRefused("core.invitation.already_member", _("This person already works for this company."))
        open_rows = Invitation.objects.filter(
            organization=organization, email__iexact=email, accepted_at=None, revoked_at=None
        )
        if open_rows.open_at(at).exists():
            raise InvitationRefused(
                "core.invitation.already_open", _("This address has an open invitation. Send it again instead.")
            )
        open_rows.update(revoked_at=at)  # expired ones make room
        token = secrets.token_urlsafe(24)
        invitation = Invitation.objects.create(
            code=new_code("IN"),
            organization=organization,
            email=email,
            name=name.strip(),
            role=role,
            token_hash=hash_token(token),
            invited_by_id=by.user_id,
            created_at=at,
            expires_at=at + timedelta(days=settings.INVITATION_DAYS),
        )
        _mail(invitation, token, by, at)
        audit.record(
            code="core.invitation.sent",
            by=by,
            at=at,
            ref=invitation_ref(invitation),
            organization_id=organization.pk,
            changes={"role": role, "expires_at": invitation.expires_at},
        )
    return invitation


def resend_invitation(*, invitation: Invitation, by: Actor, at: datetime) -> Invitation:
    """Mail a new link with a new term; the link sent before stops working."""
    with transaction.atomic():
        invitation = _lock(invitation)
        require_manager_of(invitation.organization, by)
        if invitation.accepted_at or invitation.revoked_at:
            raise InvitationRefused
        token = secrets.token_urlsafe(24)
        invitation.token_hash = hash_token(token)
        invitation.expires_at = at + timedelta(days=settings.INVITATION_DAYS)
        invitation.save(update_fields=["token_hash", "expires_at"])
        _mail(invitation, token, by, at)
        audit.record(
            code="core.invitation.sent_again",
            by=by,
            at=at,
            ref=invitation_ref(invitation),
            organization_id=invitation.organization_id,
            changes={"expires_at": invitation.expires_at},
        )
    return invitation


def revoke_invitation(*, invitation: Invitation, by: Actor, at: datetime) -> Invitation:
    """Withdraw an invitation that has not been used."""
    with transaction.atomic():
        invitation = _lock(invitation)
        require_manager_of(invitation.organization, by)
        if invitation.accepted_at:
            raise InvitationRefused("core.invitation.accepted", _("This invitation has been accepted already."))
        if invitation.revoked_at is None:
            invitation.revoked_at = at
            invitation.save(update_fields=["revoked_at"])
            audit.record(
                code="core.invitation.revoked",
                by=by,
                at=at,
                ref=invitation_ref(invitation),
                organization_id=invitation.organization_id,
            )
    return invitation


def find_invitation(*, token: str, at: datetime) -> Invitation | None:
    """The invitation a token opens now; ``None`` for unknown, used, withdrawn and expired alike."""
    return (
        Invitation.objects.open_at(at)
        .exclude(organization__status=OrganizationStatus.CLOSED)
        .select_related("organization", "invited_by")
        .filter(token_hash=hash_token(token))
        .first()
    )


def existing_account(invitation: Invitation) -> User | None:
    """The account that already has the invited address."""
    return User.objects.filter(email__iexact=invitation.email).first()


def accept_invitation(
    *,
    token: str,
    by: Actor,
    at: datetime,
    name: str = "",
    password: str | None = None,
) -> Membership:
    """Use an invitation once. A new address gets an account with this name and password; an address that has an
    account must be signed in with it, so that a mailbox alone never takes over an account.

    The address counts as verified: only its mailbox had the token.
    """
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .open_at(at)
            .exclude(organization__status=OrganizationStatus.CLOSED)
            .select_related("organization")
            .filter(token_hash=hash_token(token))
            .first()
        )
        if invitation is None:
            raise InvitationRefused
        account = existing_account(invitation)
        if account is not None and (by.user_id != account.pk or not account.is_active):
            raise InvitationRefused(
                "core.invitation.sign_in_first", _("Sign in with the invited address to accept this invitation.")
            )
        if account is None and by.user_id is not None:
            raise InvitationRefused(
                "core.invitation.other_account", _("You are signed in with another address. Sign out first.")
            )
        acting = by if account is not None else Actor(kind="anonymous", request_id=by.request_id)
        try:
            membership = add_member(
                organization=invitation.organization,
                email=invitation.email,
                name=name or invitation.name or invitation.email,
                role=invitation.role,
                by=acting,
                at=at,
                password=password,
            )
        except MembershipRefused as refusal:
            raise InvitationRefused(refusal.code, refusal.text, refusal.values) from refusal
        invitation.accepted_at, invitation.accepted_by = at, membership.user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        audit.record(
            code="core.invitation.accepted",
            by=acting,
            at=at,
            ref=invitation_ref(invitation),
            organization_id=invitation.organization_id,
            changes={"user": membership.user_id, "role": membership.role},
        )
        _tell_inviter(invitation, membership, at)
    return membership


def _lock(invitation: Invitation) -> Invitation:
    return Invitation.objects.select_for_update(of=("self",)).select_related("organization").get(pk=invitation.pk)


def _tell_inviter(invitation: Invitation, membership: Membership, at: datetime) -> None:
    """The one who invited hears of it, in the membership from which they may manage this company's people."""
    if invitation.invited_by_id is None:
        return
    hearers = Membership.objects.active().filter(user_id=invitation.invited_by_id)
    own = hearers.filter(organization_id=invitation.organization_id) or hearers.filter(organization__kind="vendor")
    notify(
        topic="core.invitation_accepted",
        membership_ids=[each.pk for each in own],
        ref=membership_ref(membership),
        at=at,
        context={
            "joined": membership.user.name,
            "company": invitation.organization.name,
            "role": ROLES[membership.role].label,
        },
    )


def _mail(invitation: Invitation, token: str, by: Actor, at: datetime) -> None:
    vendor = Organization.objects.filter(kind="vendor").first()
    with translation.override(invitation.organization.locale):
        values = {
            "invitation": invitation,
            "organization": invitation.organization,
            "vendor": vendor,
            "inviter": by.name if by.kind == "person" else "",
            "role": ROLES[invitation.role],
            "url": settings.SITE_URL + reverse("public:core:invitation_accept", args=[token]),
            "site_url": settings.SITE_URL,
        }
        subject, _sep, text = render_to_string("mail/core/invitation.txt", values).strip().partition("\n")
        html = render_to_string("mail/core/invitation.html", {**values, "subject": subject})
    write_mail(
        topic="core.invitation",
        to_email=invitation.email,
        subject=subject,
        body_text=text.strip() + "\n",
        body_html=html,
        at=at,
        is_secret=True,
    )
