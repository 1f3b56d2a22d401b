"""Every permission a view or action can ask for, with the sentence that explains it to an administrator."""

PERMISSIONS: dict[str, str] = {
    # core
    "core.admin_use": "Open Django admin",
    "core.audit_view": "Read the audit log",
    "core.gallery_view": "See the component gallery",
    "core.jobs_view": "See what the nightly jobs did",
    "core.jobs_run": "Run nightly jobs on demand",
    "core.mail_view": "Read the mail that was written",
    "core.staff_manage": "Invite and deactivate vendor staff",
    # partners
    "partners.partner_view": "See partner companies",
    "partners.partner_edit": "Create and change partner companies",
    "partners.partner_people": "Invite and deactivate people of a partner",
    "partners.record_edit": "Enter NPS answers, fit, strategic value and other records",
    "partners.tier_override": "Set a tier by hand, with reason and end",
    "partners.program_view": "See the program in force",
    "partners.program_edit": "Publish program versions",
    "partners.company_view": "See one's own company page",
    "partners.company_manage": "Manage one's own company and team",
    "partners.tier_view": "See one's own tier and progress",
    # training
    "training.certificate_view": "See certificates",
    "training.certificate_edit": "Enter certificates",
    # deals
    "deals.registration_view": "See registrations and opportunities of partners",
    "deals.registration_decide": "Approve, return or reject registrations and referrals",
    "deals.registration_overrule": "Overrule a conflict or the direct-sales guard, or transfer a claim",
    "deals.opportunity_confirm": "Confirm a reported win or correct an opportunity",
    "deals.own_view": "See one's own company's deals and referrals",
    "deals.registration_create": "Register deals",
    "deals.referral_create": "Submit referrals",
    # reporting
    "reporting.today_view": "See the work that waits",
    "reporting.home_view": "See the portal home",
    "reporting.scorecard_view": "See health, tier standing and their reasons",
    "reporting.pack_view": "Read QBR packs",
    "reporting.pack_create": "Order QBR packs and keep QBR actions",
    "reporting.own_pack_view": "Read the shared QBR packs of one's own company",
    "reporting.insights_view": "See program-wide figures",
    "reporting.export": "Export lists",
}
