"""Setting up the company that runs the installation; changing how a company is named and shown."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from prm.core.actions import audit
from prm.core.actions.invitations import invite_person, revoke_invitation
from prm.core.actions.memberships import LEADING_ROLES, add_member
from prm.core.actors import Actor
from prm.core.choices import OrganizationKind, OrganizationStatus
from prm.core.codes import new_code
from prm.core.models import Invitation, Membership, Organization
from prm.core.refs import Ref
from prm.core.refused import Refused

EDITABLE = ("name", "time_zone", "locale", "accent")


class SetUpRefused(Refused):
    """The installation has its first administrator already; from then on people are invited in the product."""

    code = "core.organization.set_up_already"
    text = _("%(name)s is set up and has an administrator, who can invite others under Program, Roles & staff.")


def set_up_vendor(
    *,
    name: str,
    email: str,
    person: str,
    by: Actor,
    at: datetime,
    time_zone: str = "UTC",
    locale: str = "en",
    password: str | None = None,
) -> Organization:
    """Make the company that runs this installation, and its first administrator.

    With a password the administrator can sign in at once; without one the address gets an invitation. While nobody
    has become administrator it may be done again, for example with a corrected address: the company stays as it is and
    invitations sent before stop working. Afterwards it raises SetUpRefused.
    """
    with transaction.atomic():
        vendor = Organization.objects.select_for_update().filter(kind=OrganizationKind.VENDOR).first()
        if vendor is None:
            vendor = Organization.objects.create(
                code=new_code("OR"),
                name=name.strip(),
                kind=OrganizationKind.VENDOR,
                status=OrganizationStatus.ACTIVE,
                time_zone=time_zone,
                locale=locale,
                created_at=at,
            )
            audit.record(
                code="core.organization.set_up",
                by=by,
                at=at,
                ref=Ref("core.organization", vendor.code),
                organization_id=vendor.pk,
                changes={"name": vendor.name, "time_zone": time_zone, "locale": locale},
            )
        role = LEADING_ROLES[OrganizationKind.VENDOR]
        if Membership.objects.active().filter(organization=vendor, role=role).exists():
            raise SetUpRefused(values={"name": vendor.name})
        for invitation in Invitation.objects.filter(organization=vendor, role=role, accepted_at=None, revoked_at=None):
            revoke_invitation(invitation=invitation, by=by, at=at)
        if password is None:
            invite_person(organization=vendor, email=email, name=person, role=role, by=by, at=at)
        else:
            add_member(organization=vendor, email=email, name=person, role=role, by=by, at=at, password=password)
    return vendor


def change_organization(*, organization: Organization, values: dict[str, str], by: Actor, at: datetime) -> Organization:
    """Change name, time zone, language or colour; history keeps before and after. Other fields are refused."""
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        organization = Organization.objects.select_for_update(of=("self",)).get(pk=organization.pk)
        changes = {
            field: [getattr(organization, field), value]
            for field, value in values.items()
            if getattr(organization, field) != value
        }
        if changes:
            for field, (_before, after) in changes.items():
                setattr(organization, field, after)
            organization.save(update_fields=list(changes))
            audit.record(
                code="core.organization.changed",
                by=by,
                at=at,
                ref=Ref("core.organization", organization.code),
                organization_id=organization.pk,
                changes=changes,
            )
    return organization
