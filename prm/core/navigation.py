"""Where things are: the two sidebars, as data. An entry whose page does not exist is not shown."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Item:
    """One place: ``prefixes`` are paths that belong to it, ``counts`` the kinds of work it announces."""

    label: Promise
    url_name: str
    icon: str
    permission: str
    prefixes: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()


MANAGE = [
    Item(_("Today"), "manage:reporting:today", "sun", "reporting.today_view", ("/manage/work/",), ("*",)),
    Item(
        _("Partners"),
        "manage:partners:partner_list",
        "building-community",
        "partners.partner_view",
        ("/manage/partners/", "/manage/partner/"),
    ),
    Item(
        _("Pipeline"),
        "manage:deals:registration_queue",
        "affiliate",
        "deals.registration_view",
        ("/manage/deals/",),
        (
            "deals.registration_decision",
            "deals.referral_decision",
            "deals.win_confirmation",
            "deals.extension_decision",
        ),
    ),
    Item(
        _("Incentives"),
        "manage:deals:incentive_overview",
        "coins",
        "deals.commission_view",
        ("/manage/incentives/",),
        ("deals.dispute_settlement", "deals.payout_approval"),
    ),
    Item(
        _("Enablement"),
        "manage:training:certificate_list",
        "school",
        "training.certificate_view",
        ("/manage/training/",),
    ),
    Item(
        _("Insights"),
        "manage:reporting:pack_list",
        "chart-bar",
        "reporting.pack_view",
        ("/manage/reporting/", "/manage/deals/attribution/"),
    ),
    Item(
        _("Program"),
        "manage:partners:program_detail",
        "adjustments-horizontal",
        "partners.program_view",
        ("/manage/partners/program/", "/manage/core/"),
    ),
]
PORTAL = [
    Item(
        _("Home"),
        "portal:reporting:home",
        "home",
        "reporting.home_view",
        ("/portal/tier/", "/portal/reporting/", "/portal/search/"),
    ),
    Item(
        _("Deals & leads"),
        "portal:deals:registration_list",
        "briefcase",
        "deals.own_view",
        ("/portal/deals/",),
        ("deals.info_request",),
    ),
    Item(
        _("Earnings"),
        "portal:deals:earning_home",
        "coins",
        "deals.earnings_view",
        ("/portal/earnings/",),
    ),
    Item(
        _("Company"),
        "portal:partners:company_detail",
        "building",
        "partners.company_view",
        ("/portal/partners/",),
    ),
]


@dataclass(frozen=True)
class Tab:
    """One page of a place with several: shown to whoever may open it, where ``setting`` is on."""

    code: str
    label: Promise
    url_name: str
    permission: str
    setting: str = ""


PROGRAM_TABS = [
    Tab("program", _("Program"), "manage:partners:program_detail", "partners.program_view"),
    Tab("staff", _("Roles & staff"), "manage:core:staff_list", "core.staff_manage"),
    Tab("audit", _("Audit log"), "manage:core:audit_list", "core.audit_view"),
    Tab("jobs", _("Nightly jobs"), "manage:reporting:job_list", "core.jobs_view"),
    Tab("mail", _("Mail"), "manage:core:mail_list", "core.mail_view", setting="MAIL_PAGE"),
    Tab("gallery", _("Components"), "manage:core:gallery", "core.gallery_view"),
]

INCENTIVE_TABS = [
    Tab("overview", _("Overview"), "manage:deals:incentive_overview", "deals.commission_view"),
    Tab("commissions", _("Commissions"), "manage:deals:commission_list", "deals.commission_view"),
    Tab("contracts", _("Contracts"), "manage:deals:contract_list", "deals.commission_view"),
    Tab("disputes", _("Disputes"), "manage:deals:dispute_list", "deals.commission_view"),
    Tab("payouts", _("Payout runs"), "manage:deals:payout_run_list", "deals.payout_view"),
    Tab("statements", _("Statements"), "manage:deals:statement_list", "deals.commission_view"),
    Tab("plans", _("Plans"), "manage:deals:plan_list", "deals.commission_view"),
    Tab("spiffs", _("SPIFFs"), "manage:deals:spiff_list", "deals.commission_view"),
    Tab("ledger", _("Ledger"), "manage:deals:ledger_list", "deals.ledger_view"),
]
EARNING_TABS = [
    Tab("earnings", _("Overview"), "portal:deals:earning_home", "deals.earnings_view"),
    Tab("lines", _("Lines"), "portal:deals:commission_list", "deals.earnings_view"),
    Tab("disputes", _("Disputes"), "portal:deals:dispute_list", "deals.earnings_view"),
    Tab("payouts", _("Payouts"), "portal:deals:payout_list", "deals.earnings_view"),
    Tab("statements", _("Statements"), "portal:deals:statement_list", "deals.earnings_view"),
    Tab("calculator", _("Calculator"), "portal:deals:earning_calculator", "deals.earnings_view"),
    Tab("details", _("Payout details"), "portal:deals:payout_details", "deals.payout_details_edit"),
]
