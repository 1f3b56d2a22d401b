"""Where the vendor's staff find deals."""

from django.urls import URLPattern, URLResolver, include, path

from deals.urls import incentives
from deals.views.manage import (
    attribution,
    attribution_report,
    claims,
    decisions,
    disputes,
    opportunities,
    payout_details,
    payout_steps,
    payouts,
    reconciliation,
    referrals,
    registrations,
    statements,
)

app_name = "deals"
_deals = [
    path("", registrations.registration_queue, name="registration_queue"),
    path("registrations/", registrations.registration_list, name="registration_list"),
    path("registrations/<str:code>/", registrations.registration_detail, name="registration_detail"),
    path("registrations/<str:code>/approve/", decisions.registration_approve, name="registration_approve"),
    path("registrations/<str:code>/return/", decisions.registration_return, name="registration_return"),
    path("registrations/<str:code>/reject/", decisions.registration_reject, name="registration_reject"),
    path("registrations/<str:code>/hand-over/", decisions.registration_overrule, name="registration_overrule"),
    path("registrations/<str:code>/extend/", decisions.extension_grant, name="extension_grant"),
    path("registrations/<str:code>/extend/decline/", decisions.extension_decline, name="extension_decline"),
    path("registrations/<str:code>/won/", decisions.win_confirm, name="win_confirm"),
    path("registrations/<str:code>/won/decline/", decisions.win_decline, name="win_decline"),
    path("registrations/<str:code>/files/<str:file>/", registrations.attachment_download, name="attachment_download"),
    path("opportunities/", opportunities.opportunity_list, name="opportunity_list"),
    path("opportunities/<str:code>/", opportunities.opportunity_detail, name="opportunity_detail"),
    path("opportunities/<str:code>/update/", opportunities.opportunity_update, name="opportunity_update"),
    path("opportunities/<str:code>/won/", opportunities.opportunity_confirm, name="opportunity_confirm"),
    path("opportunities/<str:code>/lost/", opportunities.opportunity_lose, name="opportunity_lose"),
    path("opportunities/<str:code>/correct/", opportunities.opportunity_correct, name="opportunity_correct"),
    # attribution
    path("opportunities/<str:code>/attribution/", attribution.attribution_detail, name="attribution_detail"),
    path("opportunities/<str:code>/attribution/add/", attribution.attribution_record, name="attribution_record"),
    path(
        "opportunities/<str:code>/attribution/overrule/", attribution.attribution_overrule, name="attribution_overrule"
    ),
    path("touches/<str:code>/strike/", attribution.touch_strike, name="touch_strike"),
    path("touches/<str:code>/matter/", attribution.touch_mark, name="touch_mark"),
    path("touches/<str:code>/file/", attribution.touch_file, name="touch_file"),
    path("attribution/", attribution_report.attribution_report, name="attribution_report"),
    path("attribution/why/", attribution_report.attribution_why, name="attribution_why"),
    path("attribution/deals/", attribution_report.attribution_deals, name="attribution_deals"),
    path("referrals/", referrals.referral_list, name="referral_list"),
    path("referrals/<str:code>/", referrals.referral_detail, name="referral_detail"),
    path("referrals/<str:code>/accept/", referrals.referral_accept, name="referral_accept"),
    path("referrals/<str:code>/decline/", referrals.referral_decline, name="referral_decline"),
    path("referrals/<str:code>/qualify/", referrals.referral_qualify, name="referral_qualify"),
    path("claims/", claims.claim_list, name="claim_list"),
    path("claims/<str:code>/", claims.claim_detail, name="claim_detail"),
]
_disputes = [
    path("", disputes.dispute_list, name="dispute_list"),
    path("<str:code>/", disputes.dispute_detail, name="dispute_detail"),
    path("<str:code>/uphold/", disputes.dispute_uphold, name="dispute_uphold"),
    path("<str:code>/reject/", disputes.dispute_reject, name="dispute_reject"),
    path("<str:code>/evidence/", disputes.dispute_file, name="dispute_file"),
]
_statements = [
    path("", statements.statement_list, name="statement_list"),
    path("<str:code>/", statements.statement_detail, name="statement_detail"),
    path("<str:code>/order/", statements.statement_order, name="statement_order"),
    path("<str:code>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("<str:code>/csv/", statements.statement_csv, name="statement_csv"),
]
_payouts = [
    path("", payouts.payout_run_list, name="payout_run_list"),
    path("new/", payouts.payout_run_create, name="payout_run_create"),
    path("details/", payout_details.payout_details_list, name="payout_details_list"),
    path("details/<str:code>/", payout_details.payout_details_detail, name="payout_details_detail"),
    path("details/<str:code>/form/", payout_details.payout_details_form, name="payout_details_form"),
    path("runs/<str:code>/", payouts.payout_run_detail, name="payout_run_detail"),
    path("runs/<str:code>/approve/", payout_steps.payout_run_approve, name="payout_run_approve"),
    path("runs/<str:code>/cancel/", payout_steps.payout_run_cancel, name="payout_run_cancel"),
    path("runs/<str:code>/renew/", payout_steps.payout_run_renew, name="payout_run_renew"),
    path("runs/<str:code>/paid/", payout_steps.payout_run_confirm, name="payout_run_confirm"),
    path("runs/<str:code>/retry/", payout_steps.payout_run_retry, name="payout_run_retry"),
    path("runs/<str:code>/write/", payout_steps.payout_run_write, name="payout_run_write"),
    path("runs/<str:code>/report/", payout_steps.payout_run_report, name="payout_run_report"),
    path("runs/<str:code>/files/<int:number>/", payouts.payout_file_download, name="payout_file_download"),
    path("<str:code>/", payouts.payout_detail, name="payout_detail"),
    path("<str:code>/paid/", payout_steps.payout_confirm, name="payout_confirm"),
    path("<str:code>/failed/", payout_steps.payout_fail, name="payout_fail"),
    path("<str:code>/retry/", payout_steps.payout_retry, name="payout_retry"),
    path("<str:code>/release/", payout_steps.payout_release, name="payout_release"),
]
_reconcile = [
    path("", reconciliation.reconcile, name="reconcile"),
    path("<str:code>/", reconciliation.reconcile_detail, name="reconcile_detail"),
]
_incentives: list[URLPattern | URLResolver] = [
    path("ledger/reconcile/", include(_reconcile)),
    path("disputes/", include(_disputes)),
    path("statements/", include(_statements)),
    path("payouts/", include(_payouts)),
    *incentives.patterns,
]
urlpatterns = [path("deals/", include(_deals)), path("incentives/", include(_incentives))]
