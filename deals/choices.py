"""The closed word lists of deals: registrations, referrals, opportunities, claims and their conflicts."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
