"""Where partner people find their deals."""

from django.urls import URLPattern, include, path

from deals.views.portal import disputes, payouts, referrals, registration_page, registrations

app_name = "deals"
_deals = [
    path("", registrations.registration_list, name="registration_list"),
    path("new/", registrations.registration_new, name="registration_new"),
    path("check/", registrations.registration_check, name="registration_check"),
    path("referrals/", referrals.referral_list, name="referral_list"),
    path("referrals/new/", referrals.referral_new, name="referral_new"),
    path("referrals/<str:code>/", referrals.referral_detail, name="referral_detail"),
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
