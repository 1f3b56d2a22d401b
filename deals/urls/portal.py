"""Where partner people find their deals."""

from django.urls import URLPattern, include, path

from deals.views.portal import (
    attribution,
    disputes,
    earnings,
    payouts,
    referrals,
    registration_page,
    registrations,
    statements,
)

app_name = "deals"
_deals = [
    path("", registrations.registration_list, name="registration_list"),
    path("new/", registrations.registration_new, name="registration_new"),
    path("check/", registrations.registration_check, name="registration_check"),
    path("referrals/", referrals.referral_list, name="referral_list"),
    path("referrals/new/", referrals.referral_new, name="referral_new"),
    path("referrals/<str:code>/", referrals.referral_detail, name="referral_detail"),
    # attribution
    path("parts/", attribution.attribution_list, name="attribution_list"),
    path("parts/<str:code>/", attribution.attribution_detail, name="attribution_detail"),
    path("parts/<str:code>/add/", attribution.attribution_record, name="attribution_record"),
    path("touches/<str:code>/file/", attribution.touch_file, name="touch_file"),
    path("<str:code>/", registration_page.registration_detail, name="registration_detail"),
    path("<str:code>/edit/", registrations.registration_edit, name="registration_edit"),
    path("<str:code>/answer/", registration_page.registration_answer, name="registration_answer"),
    path("<str:code>/withdraw/", registration_page.registration_withdraw, name="registration_withdraw"),
    path("<str:code>/extend/", registration_page.registration_extend, name="registration_extend"),
    path("<str:code>/update/", registration_page.registration_update, name="registration_update"),
    path("<str:code>/won/", registration_page.registration_report_won, name="registration_report_won"),
    path("<str:code>/lost/", registration_page.registration_report_lost, name="registration_report_lost"),
    path("<str:code>/appeal/", registration_page.registration_appeal, name="registration_appeal"),
    path("<str:code>/files/", registration_page.attachment_add, name="attachment_add"),
    path("<str:code>/files/<str:file>/", registration_page.attachment_download, name="attachment_download"),
    path("<str:code>/files/<str:file>/remove/", registration_page.attachment_remove, name="attachment_remove"),
]
_earnings: list[URLPattern] = [
    path("", earnings.earning_home, name="earning_home"),
    path("lines/", earnings.commission_list, name="commission_list"),
    path("lines/<str:code>/", earnings.commission_detail, name="commission_detail"),
    path("resold/", earnings.margin_list, name="margin_list"),
    path("resold/<str:code>/", earnings.margin_detail, name="margin_detail"),
    path("calculator/", earnings.earning_calculator, name="earning_calculator"),
    path("quote/", earnings.margin_quote, name="margin_quote"),
    path("statements/", statements.statement_list, name="statement_list"),
    path("statements/<str:code>/", statements.statement_detail, name="statement_detail"),
    path("statements/<str:code>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("statements/<str:code>/csv/", statements.statement_csv, name="statement_csv"),
    path("lines/<str:code>/dispute/", disputes.dispute_create, name="dispute_create"),
    path("disputes/", disputes.dispute_list, name="dispute_list"),
    path("disputes/<str:code>/", disputes.dispute_detail, name="dispute_detail"),
    path("disputes/<str:code>/withdraw/", disputes.dispute_withdraw, name="dispute_withdraw"),
    path("disputes/<str:code>/evidence/", disputes.dispute_file, name="dispute_file"),
    path("payouts/", payouts.payout_list, name="payout_list"),
    path("payouts/details/", payouts.payout_details, name="payout_details"),
    path("payouts/details/edit/", payouts.payout_details_edit, name="payout_details_edit"),
    path("payouts/<str:code>/", payouts.payout_detail, name="payout_detail"),
]
urlpatterns = [path("deals/", include(_deals)), path("earnings/", include(_earnings))]
