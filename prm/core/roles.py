"""The only role table. A role is a name for a set of permissions; a membership holds exactly one."""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Role:
    """A role as an administrator reads it. ``rank`` orders approval: a higher rank may decide for a lower."""

    code: str
    audience: Literal["vendor", "partner"]
    label: Promise
    description: Promise
    permissions: frozenset[str]
    mfa_required: bool = False
    rank: int = 0


_STAFF_READ = frozenset(
    {
        "partners.partner_view",
        "partners.program_view",
        "training.certificate_view",
        "deals.registration_view",
        "deals.commission_view",
        "reporting.today_view",
        "reporting.scorecard_view",
        "reporting.pack_view",
        "reporting.insights_view",
        "core.gallery_view",
    }
)
_MANAGER = _STAFF_READ | {
    "partners.partner_edit",
    "partners.partner_people",
    "partners.record_edit",
    "training.certificate_edit",
    "deals.registration_decide",
    "deals.opportunity_confirm",
    "deals.attribution_overrule",
    "deals.contract_record",
    "deals.commission_settle",
    "reporting.pack_create",
    "reporting.export",
    "core.jobs_view",
}
_DIRECTOR = _MANAGER | {
    "deals.registration_overrule",
    "deals.plan_edit",
    "deals.spiff_edit",
    "deals.payout_view",
    "partners.tier_override",
    "core.audit_view",
}
_VP = _DIRECTOR | {"deals.payout_approve", "deals.ledger_view"}
_FINANCE = _STAFF_READ | {
    "deals.contract_record",
    "deals.commission_settle",
    "deals.payout_view",
    "deals.payout_request",
    "deals.payout_approve",
    "deals.payout_details_view",
    "deals.ledger_view",
    "reporting.export",
}
_ADMIN = _STAFF_READ | {
    "partners.partner_edit",
    "partners.partner_people",
    "partners.record_edit",
    "partners.tier_override",
    "partners.program_edit",
    "training.certificate_edit",
    "deals.contract_record",
    "deals.plan_edit",
    "deals.spiff_edit",
    "deals.payout_view",
    "deals.ledger_view",
    "reporting.pack_create",
    "reporting.export",
    "core.admin_use",
    "core.audit_view",
    "core.jobs_view",
    "core.jobs_run",
    "core.mail_view",
    "core.staff_manage",
}
_PARTNER_READ = frozenset(
    {
        "reporting.home_view",
        "partners.company_view",
        "partners.tier_view",
    }
)
_SELLER = _PARTNER_READ | {
    "deals.own_view",
    "deals.registration_create",
    "deals.referral_create",
    "deals.earnings_view",
    "deals.dispute_create",
}

_TABLE = [
    Role(
        "admin",
        "vendor",
        _("Admin / ops"),
        _("Runs the program as data: terms, users, jobs, audit."),
        _ADMIN,
        True,
        4,
    ),
    Role("vp", "vendor", _("VP"), _("Decides everything, sees program against target."), _VP, True, 3),
    Role("director", "vendor", _("Director"), _("Second approvals, breaches, overrules."), _DIRECTOR, True, 2),
    Role(
        "partner_manager",
        "vendor",
        _("Partner manager"),
        _("Owns a portfolio and decides for it."),
        _MANAGER,
        True,
        1,
    ),
    Role(
        "partner_marketing",
        "vendor",
        _("Partner marketing"),
        _("Plans campaigns and funds; reads partners and deals."),
        _STAFF_READ | {"reporting.export"},
        True,
    ),
    Role(
        "finance",
        "vendor",
        _("Finance"),
        _("Prepares and approves payouts, settles commissions, keeps the books."),
        _FINANCE,
        True,
    ),
    Role(
        "support",
        "vendor",
        _("Support"),
        _("Helps partner people; changes nothing that counts."),
        _STAFF_READ,
        True,
    ),
    Role(
        "read_only",
        "vendor",
        _("Read-only"),
        _("Sees what staff see and changes nothing."),
        _STAFF_READ,
        True,
    ),
    Role(
        "partner_admin",
        "partner",
        _("Partner admin"),
        _("Runs the company's account: team, profile, deals, packs."),
        _SELLER | {"partners.company_manage", "reporting.own_pack_view", "deals.payout_details_edit"},
    ),
    Role("seller", "partner", _("Seller"), _("Registers deals and follows them."), _SELLER),
    Role(
        "marketer",
        "partner",
        _("Marketer"),
        _("Refers leads and uses materials."),
        _PARTNER_READ | {"deals.own_view", "deals.referral_create"},
    ),
    Role(
        "partner_finance",
        "partner",
        _("Partner finance"),
        _("Follows what was sold; keeps payment details."),
        _PARTNER_READ
        | {
            "deals.own_view",
            "reporting.own_pack_view",
            "deals.earnings_view",
            "deals.dispute_create",
            "deals.payout_details_edit",
        },
        True,
    ),
    Role("learner", "partner", _("Learner"), _("Learns and earns certificates."), _PARTNER_READ),
]
ROLES: dict[str, Role] = {role.code: role for role in _TABLE}


def role_choices() -> list[tuple[str, Promise]]:
    """Choices for a model field."""
    return [(role.code, role.label) for role in _TABLE]


def roles_for(audience: str) -> list[Role]:
    """The roles that a company of this kind can give, highest first."""
    return [role for role in _TABLE if role.audience == audience]


def at_least(rank: int) -> list[str]:
    """Vendor roles that stand at or above a rank in an approval chain (admins run data, they do not decide)."""
    return [role.code for role in _TABLE if role.audience == "vendor" and rank <= role.rank < 4]


def django_permission_allowed(role_code: str, perm: str) -> bool:
    """Django admin's ``app.verb_model`` question: admin is for those who may use it; each ModelAdmin narrows rows."""
    role = ROLES.get(role_code)
    return role is not None and "core.admin_use" in role.permissions
