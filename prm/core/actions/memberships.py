"""Joining a company, changing role, and leaving: what ends with a membership ends in the same transaction."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.choices import OrganizationKind
from prm.core.codes import new_code
from prm.core.models import Membership, Organization, SignedLink, User
from prm.core.refs import Ref
from prm.core.refused import Refused
from prm.core.roles import ROLES

LEADING_ROLES = {OrganizationKind.VENDOR: "admin", OrganizationKind.PARTNER: "partner_admin"}


class MembershipRefused(Refused):
    """A membership can't be made, changed or ended this way."""

    code = "core.membership.refused"
    text = _("This can't be done for this person.")


def membership_ref(membership: Membership) -> Ref:
    """How history and notices name a membership."""
    return Ref("core.membership", membership.code)


def require_role_for(organization: Organization, role: str) -> None:
    """Refuse a role that a company of this kind can't give."""
    known = ROLES.get(role)
    wanted = "vendor" if organization.is_vendor else "partner"
    if known is None or known.audience != wanted:
        raise MembershipRefused("core.membership.role_unknown", _("This role can't be given in this company."))


def require_manager_of(organization: Organization, by: Actor) -> None:
    """Refuse anyone who may not manage the people of this company; the view's guard says it first."""
    if by.is_system:
        return
    if organization.is_vendor:
        allowed = by.is_vendor and by.can("core.staff_manage")
    else:
        allowed = (by.is_vendor and by.can("partners.partner_people")) or (
            by.is_partner and by.organization_id == organization.pk and by.can("partners.company_manage")
        )
    if not allowed:
        raise MembershipRefused("core.membership.not_yours", _("You may not manage the people of this company."))


def add_member(
    *,
    organization: Organization,
    email: str,
    name: str,
    role: str,
    by: Actor,
    at: datetime,
    password: str | None = None,
) -> Membership:
    """Make a person a member at once, without an invitation: set-up, demo data, and accepted invitations.

    An account with this address is reused and keeps its name and password; a membership that had ended starts
    again in the new role. The address counts as verified, because whoever calls this has proof of it.
    """
    require_role_for(organization, role)
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email.strip()).first()
        if user is None:
            user = User.objects.create_person(email=email.strip(), name=name.strip(), at=at, password=password)
        _verify(user)
        membership = (
            Membership.objects.select_for_update(of=("self",)).filter(user=user, organization=organization).first()
        )
        if membership is not None and membership.is_active:
            raise MembershipRefused("core.membership.already_member", _("This person already works for this company."))
        if membership is None:
            membership = Membership.objects.create(
                code=new_code("MB"), user=user, organization=organization, role=role, created_at=at
            )
        else:
            membership.role, membership.is_active, membership.deactivated_at = role, True, None
            membership.save(update_fields=["role", "is_active", "deactivated_at"])
        audit.record(
            code="core.membership.started",
            by=by,
            at=at,
            ref=membership_ref(membership),
            organization_id=organization.pk,
            changes={"user": user.pk, "role": role},
        )
    return membership


def _verify(user: User) -> None:
    address, _created = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if not (address.verified and address.primary):
        address.verified = address.primary = True
        address.save(update_fields=["verified", "primary"])


def change_role(*, membership: Membership, role: str, by: Actor, at: datetime) -> Membership:
    """Give a member another role of the same company. What the old role could open closes with the next request;
    links mailed under it stop working now, because they may act beyond the new one.
    """
    with transaction.atomic():
        membership = _lock(membership)
        require_manager_of(membership.organization, by)
        require_role_for(membership.organization, role)
        if membership.role == role:
            return membership
        if not membership.is_active:
            raise MembershipRefused("core.membership.ended", _("This person no longer works for this company."))
        if by.membership_id == membership.pk:
            raise MembershipRefused("core.membership.self", _("You can't change your own role."))
        _keep_a_leader(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _close_links(membership, at)
        audit.record(
            code="core.membership.role_changed",
            by=by,
            at=at,
            ref=membership_ref(membership),
            organization_id=membership.organization_id,
            changes={"role": [before, role]},
        )
    return membership


def deactivate_membership(*, membership: Membership, by: Actor, at: datetime, reason: str = "") -> Membership:
    """End a membership now: every session of the person and every open link made for it end with it.

    Sessions are the person's, not the company's, so someone who works for two companies signs in again.
    """
    with transaction.atomic():
        membership = _lock(membership)
        require_manager_of(membership.organization, by)
        if not membership.is_active:
            return membership
        if by.membership_id == membership.pk:
            raise MembershipRefused("core.membership.self", _("You can't end your own membership."))
        _keep_a_leader(membership)
        membership.is_active, membership.deactivated_at = False, at
        membership.save(update_fields=["is_active", "deactivated_at"])
        ended = end_sessions(user=membership.user)
        links = _close_links(membership, at)
        audit.record(
            code="core.membership.ended",
            by=by,
            at=at,
            ref=membership_ref(membership),
            organization_id=membership.organization_id,
            changes={"sessions": ended, "links": links},
            reason=reason,
        )
    return membership


def end_sessions(*, user: User, except_key: str = "") -> int:
    """Sign a person out everywhere but in one session; the number of sessions ended."""
    sessions = UserSession.objects.filter(user=user).exclude(session_key=except_key)
    keys = list(sessions.values_list("session_key", flat=True))
    # Sessions that the sign-in never listed (a client that made no second request) are found by their owner.
    keys += [
        session.session_key
        for session in Session.objects.exclude(session_key__in=keys).exclude(session_key=except_key)
        if session.get_decoded().get("_auth_user_id") == str(user.pk)
    ]
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)


def _lock(membership: Membership) -> Membership:
    """The membership under lock. Its company's leaders are locked too, in order, so two can't leave at once."""
    leader = LEADING_ROLES[OrganizationKind(membership.organization.kind)]
    list(
        Membership.objects.select_for_update(of=("self",))
        .filter(organization_id=membership.organization_id, role=leader, is_active=True)
        .order_by("pk")
        .values_list("pk")
    )
    return (
        Membership.objects.select_for_update(of=("self",)).select_related("organization", "user").get(pk=membership.pk)
    )


def _keep_a_leader(membership: Membership) -> None:
    leader = LEADING_ROLES[OrganizationKind(membership.organization.kind)]
    if membership.role != leader:
        return
    others = (
        Membership.objects.active()
        .filter(organization_id=membership.organization_id, role=leader)
        .exclude(pk=membership.pk)
    )
    if not others.exists():
        raise MembershipRefused(
            "core.membership.last_leader",
            _("%(role)s must stay with at least one person. Give it to someone else first."),
            {"role": ROLES[leader].label},
        )


def _close_links(membership: Membership, at: datetime) -> int:
    return SignedLink.objects.filter(membership=membership, used_at=None, expires_at__gt=at).update(expires_at=at)
