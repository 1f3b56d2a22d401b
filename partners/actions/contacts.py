"""The people around a partner: who does what, on our side and on theirs."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partners.actions.partners import lock_partner, require_change
from partners.choices import ContactRole, ContactSide
from partners.models import Partner, PartnerContact
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import Membership
from prm.core.refused import Refused


class ContactRefused(Refused):
    """A contact can't be kept this way."""

    code = "partners.contact.refused"
    text = _("This contact can't be kept.")


def add_contact(
    *,
    partner: Partner,
    side: str,
    role: str,
    name: str,
    by: Actor,
    at: datetime,
    email: str = "",
    phone: str = "",
) -> PartnerContact:
    """Name a person in a role around a partner. An address that is a member's links to their account."""
    if side not in ContactSide.values or role not in ContactRole.values or not name.strip():
        raise ContactRefused("partners.contact.incomplete", _("A contact needs a side, a role and a name."))
    email = email.strip().lower()
    with transaction.atomic():
        partner = lock_partner(partner)
        require_change(by, partner, at, "partners.partner_people")
        kind = "vendor" if side == ContactSide.OURS else "partner"
        member = (
            Membership.objects.active()
            .filter(user__email__iexact=email, organization__kind=kind)
            .filter(**({} if side == ContactSide.OURS else {"organization_id": partner.pk}))
            .first()
            if email
            else None
        )
        try:
            with transaction.atomic():
                contact = PartnerContact.objects.create(
                    code=new_code("CT"),
                    partner=partner,
                    side=side,
                    role=role,
                    name=" ".join(name.split())[:150],
                    email=email,
                    phone=" ".join(phone.split())[:40],
                    user_id=member.user_id if member else None,
                    created_at=at,
                )
        except IntegrityError:
            raise ContactRefused("partners.contact.known", _("This person already has this role here.")) from None
        audit.record(
            code="partners.contact.added",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"contact": contact.code, "side": side, "role": role},
        )
    return contact


def end_contact(*, contact: PartnerContact, by: Actor, at: datetime) -> PartnerContact:
    """A person no longer has their role; the row stays as history."""
    with transaction.atomic():
        require_change(by, lock_partner(contact.partner), at, "partners.partner_people")
        contact = PartnerContact.objects.select_for_update(of=("self",)).select_related("partner").get(pk=contact.pk)
        if contact.ended_at is None:
            contact.ended_at = at
            contact.save(update_fields=["ended_at"])
            audit.record(
                code="partners.contact.ended",
                by=by,
                at=at,
                ref=contact.partner.ref,
                organization_id=contact.partner_id,
                changes={"contact": contact.code, "side": contact.side, "role": contact.role},
            )
    return contact
