"""What other apps can refer to here: how it is called and where its pages are."""

from django.utils.translation import gettext_lazy as _

from deals.models import (
    Claim,
    Commission,
    Contract,
    Dispute,
    Opportunity,
    PayoutDetails,
    PayoutItem,
    PayoutRun,
    Referral,
    Registration,
    Spiff,
    Statement,
    Touch,
)
from deals.queries.attribution import deals_with_part
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
register_kind(
    "deals.dispute",
    label=_("Dispute"),
    queryset_for=lambda actor: Dispute.objects.visible_to(actor),
    manage_url="manage:deals:dispute_detail",
    portal_url="portal:deals:dispute_detail",
)
register_kind(
    "deals.statement",
    label=_("Statement"),
    queryset_for=lambda actor: Statement.objects.visible_to(actor),
    manage_url="manage:deals:statement_detail",
    portal_url="portal:deals:statement_detail",
)
register_kind(
    "deals.attribution",
    label=_("Part in a deal"),
    queryset_for=deals_with_part,
    manage_url="manage:deals:attribution_detail",
    portal_url="portal:deals:attribution_detail",
)
register_kind(
    "deals.touch",
    label=_("Touch"),
    queryset_for=lambda actor: Touch.objects.visible_to(actor),
)
register_kind(
    "deals.payout_run",
    label=_("Payout run"),
    queryset_for=lambda actor: PayoutRun.objects.visible_to(actor),
    manage_url="manage:deals:payout_run_detail",
)
register_kind(
    "deals.payout",
    label=_("Payout"),
    queryset_for=lambda actor: PayoutItem.objects.visible_to(actor),
    manage_url="manage:deals:payout_detail",
    portal_url="portal:deals:payout_detail",
)
register_kind(
    "deals.payout_details",
    label=_("Payout details"),
    queryset_for=lambda actor: PayoutDetails.objects.visible_to(actor),
    manage_url="manage:deals:payout_details_detail",
    portal_url="portal:deals:payout_details",
    portal_takes_code=False,
)
register_kind(
    "deals.contract",
    label=_("Contract"),
    queryset_for=lambda actor: Contract.objects.visible_to(actor),
    manage_url="manage:deals:contract_detail",
)
register_kind(
    "deals.commission",
    label=_("Commission"),
    queryset_for=lambda actor: Commission.objects.visible_to(actor),
    manage_url="manage:deals:commission_detail",
)
register_kind(
    "deals.reconciliation",
    label=_("Proof of the books"),
    manage_url="manage:deals:reconcile_detail",
)
register_kind(
    "deals.earnings",
    label=_("Earnings"),
    portal_url="portal:deals:earning_home",
    portal_takes_code=False,
)
register_kind(
    "deals.spiff",
    label=_("SPIFF"),
    queryset_for=lambda actor: Spiff.objects.visible_to(actor),
    manage_url="manage:deals:spiff_detail",
)
