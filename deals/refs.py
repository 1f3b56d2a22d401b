"""What other apps can refer to here: how it is called and where its pages are."""

from django.utils.translation import gettext_lazy as _

from deals.models import Claim, Opportunity, Referral, Registration
from prm.core.refs import register_kind

register_kind(
    "deals.registration",
    label=_("Deal registration"),
    queryset_for=lambda actor: Registration.objects.visible_to(actor),
    manage_url="manage:deals:registration_detail",
    portal_url="portal:deals:registration_detail",
)
register_kind(
    "deals.referral",
    label=_("Referral"),
    queryset_for=lambda actor: Referral.objects.visible_to(actor),
    manage_url="manage:deals:referral_detail",
    portal_url="portal:deals:referral_detail",
)
register_kind(
    "deals.opportunity",
    label=_("Opportunity"),
    queryset_for=lambda actor: Opportunity.objects.visible_to(actor),
    manage_url="manage:deals:opportunity_detail",
)
register_kind(
    "deals.claim",
    label=_("Claim"),
    queryset_for=lambda actor: Claim.objects.visible_to(actor),
    manage_url="manage:deals:claim_detail",
)
