"""Where the pages that join everything are, for the vendor's staff."""

from django.urls import path

from reporting.views import search
from reporting.views.manage import actions, jobs, packs, partner, today

app_name = "reporting"

urlpatterns = [
    path("", today.today, name="today"),
    path("work/<str:code>/approve/", today.work_approve, name="work_approve"),
    path("work/decide/", today.work_decide, name="work_decide"),
    path("search/", search.manage_search, name="search"),
    path("partner/<str:code>/", partner.partner_detail, name="partner_detail"),
    *(
        path(f"partner/<str:code>/{name}/", partner.partner_section, {"section": name}, name=f"partner_{name}")
        for name in partner.SECTIONS
    ),
    *(
        path(f"partner/<str:code>/why/{name}/", partner.partner_why, {"topic": name}, name=f"partner_why_{name}")
        for name in partner.WHY
    ),
    path("partner/<str:code>/reviews/add/", actions.partner_add_action, name="partner_add_action"),
    path("reporting/actions/<str:code>/complete/", actions.action_complete, name="qbr_action_complete"),
    path("reporting/actions/<str:code>/drop/", actions.action_drop, name="qbr_action_drop"),
    path("reporting/actions/<str:code>/carry/", actions.action_carry, name="qbr_action_carry"),
    path("reporting/packs/", packs.pack_list, name="pack_list"),
    path("reporting/packs/order/", packs.pack_order, name="pack_order"),
    path("reporting/packs/order-due/", packs.pack_order_due, name="pack_order_due"),
    path("reporting/packs/<str:code>/", packs.pack_detail, name="pack_detail"),
    path("reporting/packs/<str:code>/file/", packs.pack_file, name="pack_file"),
    path("reporting/jobs/", jobs.job_list, name="job_list"),
    path("reporting/jobs/run/", jobs.job_run, name="job_run"),
    path("reporting/jobs/resume/", jobs.job_resume, name="job_resume"),
]
