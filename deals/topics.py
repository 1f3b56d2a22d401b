"""The news that deals bring to people."""

from django.utils.translation import gettext_lazy as _

from prm.core.topics import register_topic

register_topic("deals.registration_submitted", _("A deal registration to decide"), audience="vendor")
register_topic("deals.registration_appealed", _("An appeal to decide"), audience="vendor")
register_topic("deals.extension_requested", _("An extension to decide"), audience="vendor")
register_topic("deals.win_reported", _("A reported win to confirm"), audience="vendor")
register_topic("deals.referral_submitted", _("A referral to decide"), audience="vendor")
register_topic("deals.registration_returned", _("Questions about your registrations"), audience="partner")
register_topic("deals.registration_approved", _("Your registrations approved"), audience="partner")
register_topic("deals.registration_rejected", _("Your registrations rejected"), audience="partner")
register_topic("deals.registration_won", _("Your wins confirmed"), audience="partner")
register_topic("deals.registration_expired", _("Protections that ended"), audience="partner")
register_topic("deals.registration_lapsed", _("Registrations withdrawn without an answer"), audience="partner")
register_topic("deals.protection_ends", _("Protections that end soon"), audience="partner")
register_topic("deals.extension_decided", _("Your extension requests"), audience="partner")
register_topic("deals.win_declined", _("Wins that need more evidence"), audience="partner")
register_topic("deals.referral_accepted", _("Your referrals accepted"), audience="partner")
register_topic("deals.referral_declined", _("Your referrals declined"), audience="partner")
register_topic("deals.referral_qualified", _("Your referrals qualified"), audience="partner")
register_topic("deals.referral_closed", _("Your referrals won or lost"), audience="partner")
register_topic("deals.dispute_opened", _("A dispute to settle"), audience="vendor")
register_topic("deals.dispute_withdrawn", _("A dispute was withdrawn"), audience="vendor")
register_topic("deals.dispute_settled", _("Your disputes settled"), audience="partner")
register_topic("deals.statement_ready", _("Your monthly statements"), audience="partner")
register_topic("deals.verdict_overruled", _("Your part in a deal judged by a person"), audience="partner")
register_topic("deals.payout_run_requested", _("A payout run to approve"), audience="vendor")
register_topic("deals.payout_paid", _("Payments to you"), audience="partner")
register_topic(
    "deals.payout_details_changed", _("Changes of your payout details"), audience="partner", can_opt_out=False
)
register_topic("deals.books_broken", _("Books that contradict themselves"), audience="vendor", can_opt_out=False)
register_topic("deals.earnings_moved", _("Your earnings: payable and taken back"), audience="partner")
