"""Incentives as the vendor's staff find them: overview, commissions, contracts, plans, own rates, SPIFFs, ledger."""

from django.urls import path

from deals.views.manage import commissions, contracts, incentives, ledger, own_rates, plan_drafts, plans, spiffs

patterns = [
    path("", incentives.incentive_overview, name="incentive_overview"),
    path("why/", incentives.incentive_why, name="incentive_why"),
    path("commissions/", commissions.commission_list, name="commission_list"),
    path("commissions/<str:code>/", commissions.commission_detail, name="commission_detail"),
    path("commissions/<str:code>/hold/", commissions.commission_hold, name="commission_hold"),
    path("commissions/<str:code>/free/", commissions.commission_free, name="commission_free"),
    path("commissions/<str:code>/adjust/", commissions.commission_adjust, name="commission_adjust"),
    path("commissions/<str:code>/void/", commissions.commission_void, name="commission_void"),
    path("contracts/", contracts.contract_list, name="contract_list"),
    path("contracts/import/", contracts.contract_event_import, name="contract_event_import"),
    path("contracts/import/confirm/", contracts.contract_event_import_confirm, name="contract_event_import_confirm"),
    path("contracts/import/errors/", contracts.contract_event_import_errors, name="contract_event_import_errors"),
    path("contracts/<str:code>/", contracts.contract_detail, name="contract_detail"),
    path("contracts/<str:code>/event/", contracts.contract_event_create, name="contract_event_create"),
    path("plans/", plans.plan_list, name="plan_list"),
    path("plans/try/", plans.plan_try, name="plan_try"),
    path("plans/why/", plans.plan_why, name="plan_why"),
    path("plans/compare/", plan_drafts.plan_compare, name="plan_compare"),
    path("plans/new/", plan_drafts.plan_create, name="plan_create"),
    path("plans/drafts/<str:code>/publish/", plan_drafts.plan_draft_publish, name="plan_draft_publish"),
    path("plans/drafts/<str:code>/discard/", plan_drafts.plan_draft_discard, name="plan_draft_discard"),
    path("plans/of/<str:code>/", plans.plan_detail, name="plan_detail"),
    path("plans/of/<str:code>/edit/", plan_drafts.plan_edit, name="plan_edit"),
    path("plans/of/<str:code>/drop/", plan_drafts.plan_drop, name="plan_drop"),
    path("own-rates/", own_rates.own_rate_list, name="own_rate_list"),
    path("own-rates/new/", own_rates.own_rate_create, name="own_rate_create"),
    path("own-rates/<str:code>/<str:plan>/<str:since>/end/", own_rates.own_rate_end, name="own_rate_end"),
    path("spiffs/", spiffs.spiff_list, name="spiff_list"),
    path("spiffs/new/", spiffs.spiff_create, name="spiff_create"),
    path("spiffs/<str:code>/", spiffs.spiff_detail, name="spiff_detail"),
    path("spiffs/<str:code>/end/", spiffs.spiff_end, name="spiff_end"),
    path("ledger/", ledger.ledger_list, name="ledger_list"),
    path("ledger/close/", ledger.ledger_close, name="ledger_close"),
]
