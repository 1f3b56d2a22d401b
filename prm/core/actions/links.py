"""Using up a link from a mail."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from prm.core.actions import audit
from prm.core.actions.portal_days import note_portal_day
from prm.core.actors import Actor
from prm.core.models import SignedLink
from prm.core.refused import Refused
from prm.core.signed_links import open_link


class LinkRefused(Refused):
    """The link can't be used. Why is not told: every unusable link gets the same answer."""

    code = "core.link.unusable"
    text = _("This link is no longer good.")


def use_link(*, token: str, purpose: str, by: Actor, at: datetime) -> SignedLink:
    """Use up a link by the member it was made for, in the transaction of what it is used for.

    Raises LinkRefused for a link that is used, expired, revoked or another's, alike. The row stays locked until the
    caller's transaction ends, so that of two clicks one acts; if the caller's action is refused, the link stays good.
    A partner person's use counts as a day on which they used the portal.
    """
    with transaction.atomic():
        link = open_link(token=token, purpose=purpose, at=at, lock=True)
        if link is None or by.kind != "person" or by.membership_id != link.membership_id:
            raise LinkRefused
        link.used_at = at
        link.save(update_fields=["used_at"])
        member = link.membership
        audit.record(
            code="core.link.used",
            by=by,
            at=at,
            ref=link.ref,
            organization_id=member.organization_id,
            changes={"purpose": purpose},
        )
        if not member.organization.is_vendor:
            note_portal_day(membership_id=member.pk, organization=member.organization, at=at)
    return link
