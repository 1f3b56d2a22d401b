"""The closed word lists of deals: registrations, referrals, opportunities, claims and their conflicts, and earnings."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Words that the terms of a program use too stand below, with the partners; here they go by the same names.
from partners.choices import CreditModel as CreditModel
from partners.choices import DealKind as DealKind
from partners.choices import EarningTrigger as EarningTrigger
from partners.choices import PlanModel as PlanModel
from partners.choices import SpiffKind as SpiffKind
from partners.choices import TouchKind as TouchKind


class RegistrationStatus(TextChoices):
    """The vendor's side of a registration. What the partner does with the deal is its stage."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    INFO_REQUESTED = "info_requested", _("Information requested")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    EXPIRED = "expired", _("Expired")


class ReferralStatus(TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    QUALIFIED = "qualified", _("Qualified")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class ExtensionStatus(TextChoices):
    """The life of a request to protect an approved registration for longer."""

    REQUESTED = "requested", _("Requested")
    GRANTED = "granted", _("Granted")
    DECLINED = "declined", _("Declined")


class OpportunityStage(TextChoices):
    """The partner's side of a deal: how far the sale has come."""

    PROSPECTING = "prospecting", _("Prospecting")
    QUALIFIED = "qualified", _("Qualified")
    PROPOSAL = "proposal", _("Proposal")
    NEGOTIATION = "negotiation", _("Negotiation")
    CLOSED = "closed", _("Closed")


class OpportunityStatus(TextChoices):
    """The result of a deal. Only the vendor's confirmation, or the CRM, makes it won."""

    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class OpportunitySource(TextChoices):
    """Where an opportunity came from; decides whether it counts as partner-sourced."""

    REGISTRATION = "registration", _("Deal registration")
    REFERRAL = "referral", _("Referral")
    IMPORT = "import", _("Imported, partner-worked")
    DIRECT = "direct", _("Direct pipeline")


class LostReason(TextChoices):
    PRICE = "price", _("Price")
    COMPETITOR = "competitor", _("Lost to a competitor")
    NO_BUDGET = "no_budget", _("No budget")
    NO_DECISION = "no_decision", _("No decision")
    NO_RESPONSE = "no_response", _("No response")
    TIMING = "timing", _("Wrong time")
    PRODUCT_FIT = "product_fit", _("Product did not fit")
    NOT_A_CUSTOMER = "not_a_customer", _("Not a real prospect")
    OTHER = "other", _("Other")


class EngagementKind(TextChoices):
    """How the partner is engaged with the end customer."""

    FOUND = "found", _("Found the customer")
    INTRODUCED = "introduced", _("Was asked by the customer")
    CO_SELLING = "co_selling", _("Sells together with the vendor")
    SERVICES = "services", _("Delivers services to the customer")
    RESALE = "resale", _("Resells to the customer")


class ClaimBasis(TextChoices):
    """Which kind of key an account is claimed by. Keys of different kinds never collide."""

    DOMAIN = "domain", _("Domain")
    NAME = "name", _("Name and country")


class ClaimEnd(TextChoices):
    """Why a claim ended before its period did."""

    WITHDRAWN = "withdrawn", _("Withdrawn")
    REJECTED = "rejected", _("Rejected")
    CHANGED = "changed", _("Another customer or product")
    TRANSFERRED = "transferred", _("Handed over")
    EXPIRED = "expired", _("Protection ended")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class CandidateKind(TextChoices):
    """What an account may already be when somebody registers it."""

    REGISTRATION = "registration", _("Registration")
    REFERRAL = "referral", _("Referral")
    OPPORTUNITY = "opportunity", _("Partner opportunity")
    DIRECT = "direct", _("Direct pipeline")
    CUSTOMER = "customer", _("Existing customer")


class MatchBasis(TextChoices):
    """Which key of two accounts matched, strongest first."""

    DOMAIN = "domain", _("Same domain")
    NAME = "name", _("Same name and country")
    MIXED = "mixed", _("Same name and country, but not the same kind of key")
    NAME_ABROAD = "name_abroad", _("Same name in another country")
    SIMILAR_NAME = "similar_name", _("Similar name")


class MatchStrength(TextChoices):
    EXACT = "exact", _("Exact")
    SIMILAR = "similar", _("Similar")


class ConflictOutcome(TextChoices):
    """What the check of an account against everything known came to."""

    CLEAR = "clear", _("No conflict")
    WARNING = "warning", _("Similar account")
    CONFLICT = "conflict", _("Conflict")
    DUPLICATE = "duplicate", _("Own earlier record")


class Availability(TextChoices):
    """All that a partner may learn from a check: one answer for everything that is not free."""

    FREE = "free", _("Available")
    YOURS = "yours", _("Already registered by you")
    UNAVAILABLE = "unavailable", _("Not available")


class SlaState(TextChoices):
    """Where a decision clock stands."""

    RUNNING = "running", _("In time")
    DUE_SOON = "due_soon", _("Due soon")
    BREACHED = "breached", _("Overdue")
    PAUSED = "paused", _("Waiting for the partner")


class RecordSource(TextChoices):
    """How a touch or a contract event came in."""

    HAND = "hand", _("Entered by hand")
    IMPORT = "import", _("Imported from a file")
    API = "api", _("Sent by another system")
    SYSTEM = "system", _("Recorded by the system")


class ContractStatus(TextChoices):
    """Whether a customer still has what it signed for."""

    ACTIVE = "active", _("Active")
    CANCELLED = "cancelled", _("Cancelled")


class SpiffStatus(TextChoices):
    """Whether a SPIFF may still award; its window and budget decide the rest."""

    ACTIVE = "active", _("Active")
    ENDED = "ended", _("Ended")


class PayoutMethod(TextChoices):
    """How a partner's bank is reached."""

    SEPA = "sepa", _("SEPA transfer (IBAN)")
    ACH = "ach", _("ACH (routing and account number)")
    WIRE = "wire", _("Wire (account number and BIC)")


class TaxForm(TextChoices):
    """What a partner gives before its first payout, so that the tax office can be told."""

    W9 = "w9", _("W-9 (US person)")
    W8BEN = "w8ben", _("W-8BEN (foreign individual)")
    W8BENE = "w8bene", _("W-8BEN-E (foreign company)")
    VAT = "vat", _("VAT number")


class TouchSide(TextChoices):
    """Whose touch it was."""

    PARTNER = "partner", _("Partner")
    DIRECT = "direct", _("Our own sales")


class VerdictKind(TextChoices):
    """What a partner's part in a deal was judged to be."""

    SOURCED = "sourced", _("Sourced")
    INFLUENCED = "influenced", _("Influenced")
    NOT_ATTRIBUTED = "not_attributed", _("Not attributed")


class CommissionKind(TextChoices):
    """Why a line exists."""

    FLAT = "flat", _("Flat commission")
    FIRST_YEAR = "first_year", _("First-year commission")
    BRACKET = "bracket", _("Commission by brackets")
    HYBRID = "hybrid", _("Flat and percentage commission")
    RECURRING = "recurring", _("Recurring commission")
    RENEWAL = "renewal", _("Commission on a renewal")
    SPIFF = "spiff", _("SPIFF bonus")
    PUSH = "push", _("Quarterly push")
    REBATE = "rebate", _("Volume rebate")
    CLAWBACK = "clawback", _("Clawback")
    ADJUSTMENT = "adjustment", _("Adjustment")


class CommissionStatus(TextChoices):
    """Where a line stands between signature and final."""

    ACCRUED = "accrued", _("Accrued")
    PAYABLE = "payable", _("Payable")
    IN_PAYOUT = "in_payout", _("In a payout run")
    PAID = "paid", _("Paid")
    FINAL = "final", _("Final")
    VOID = "void", _("Void")


class HoldReason(TextChoices):
    """Why a line is kept out of runs."""

    DISPUTE = "dispute", _("Disputed")
    FRAUD = "fraud", _("Suspected fraud")
    REVIEW = "review", _("Under review")
    SUSPENDED = "suspended", _("Partner suspended")


class ContractEventKind(TextChoices):
    """What can happen to a contract after it was signed."""

    PAID = "paid", _("Customer paid")
    IMPLEMENTED = "implemented", _("Implementation complete")
    TRIAL_COMPLETED = "trial_completed", _("Trial complete")
    RENEWED = "renewed", _("Renewed")
    DOWNGRADED = "downgraded", _("Downgraded")
    REFUNDED = "refunded", _("Refunded")
    CANCELLED = "cancelled", _("Cancelled")
    FRAUD = "fraud", _("Fraud found")


class PayoutRunStatus(TextChoices):
    """The life of a payout run."""

    REQUESTED = "requested", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    PARTIAL = "partial", _("Partly failed")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


class PayoutFileFormat(TextChoices):
    """What a bank can read."""

    PAIN = "pain001", _("SEPA credit transfer (pain.001)")
    CSV = "csv", _("CSV")


class LeftOut(TextChoices):
    """Why what is due to a partner is not in a payout run."""

    SUSPENDED = "suspended", _("Partner is suspended")
    ENDED = "ended", _("Partnership has ended")
    NO_DETAILS = "no_details", _("No bank details")
    NO_TAX_FORM = "no_tax_form", _("No tax form")
    TAX_FORM_OLD = "tax_form_old", _("Tax form has run out")
    HELD = "held", _("Held")
    NEGATIVE = "negative", _("Owes more than it earned: carried forward")
    BELOW_MINIMUM = "below_minimum", _("Below the minimum: carried forward")


class PayoutItemStatus(TextChoices):
    """The life of one payout of a run."""

    PLANNED = "planned", _("Planned")
    READY = "ready", _("Ready to pay")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    VOID = "void", _("Taken out")


class DisputeStatus(TextChoices):
    """How a dispute stands or ended."""

    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Partly upheld")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class LedgerAccount(TextChoices):
    """The accounts of the ledger. All but expense and cash say what we owe a partner."""

    EXPENSE = "expense", _("Commission expense")
    ACCRUED = "accrued", _("Accrued, not yet due")
    PAYABLE = "payable", _("Payable")
    CLEARING = "clearing", _("Leaving by a payout run")
    CASH = "cash", _("Bank")


class LedgerKind(TextChoices):
    """What kind of fact a ledger transaction books."""

    ACCRUAL = "accrual", _("Accrual")
    RELEASE = "release", _("Release")
    PAYOUT = "payout", _("Payout")
    PAYMENT = "payment", _("Payment")
    REVERSAL = "reversal", _("Reversal")


class ClaimKind(TextChoices):
    """How a partner laid claim to a deal as its own."""

    REGISTRATION = "registration", _("Registration")
    REFERRAL = "referral", _("Referral")
    IMPORT = "import", _("Imported, partner-worked")


class ClawbackCause(TextChoices):
    """What takes commission back."""

    CANCELLED = "cancelled", _("Customer cancelled")
    DOWNGRADED = "downgraded", _("Customer downgraded")
    REFUNDED = "refunded", _("Customer was refunded")
    FRAUD = "fraud", _("Fraud")
