"""The closed word lists of the partner side. Figures and thresholds are terms (rows), never choices."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PartnerType(TextChoices):
    """What kind of company a partner is to the vendor; decides which track it may join."""

    TECHNOLOGY = "technology", _("Technology")
    REFERRAL = "referral", _("Referral")
    AFFILIATE = "affiliate", _("Affiliate")
    RESELLER = "reseller", _("Reseller")
    SI = "si", _("SI / consultant")
    STRATEGIC = "strategic", _("Strategic")
    OEM = "oem", _("OEM")


class PartnerStatus(TextChoices):
    """Whether the partnership is alive. Only active partners are worked on by the night."""

    PROSPECT = "prospect", _("Prospect")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("Ended")


class LifecycleStage(TextChoices):
    """How far a partnership has come. The first four are timed, the rest are a way of working."""

    RECRUIT = "recruit", _("Recruit")
    ONBOARD = "onboard", _("Onboard")
    ENABLE = "enable", _("Enable")
    ACTIVATE = "activate", _("Activate")
    MONITOR = "monitor", _("Monitor")
    ENGAGE = "engage", _("Engage")
    EXPAND = "expand", _("Expand")
    ADVOCATE = "advocate", _("Advocate")


class EconomicModel(TextChoices):
    """How a track pays: resale earns a margin, everything else a commission or a custom deal."""

    MARGIN = "margin", _("Margin")
    COMMISSION = "commission", _("Commission")
    CUSTOM = "custom", _("Custom")


class TierMetric(TextChoices):
    """What a path to a tier counts: over the trailing twelve months, but live integrations as they stand on the day."""

    SOURCED_ARR = "sourced_arr", _("Partner-sourced ARR")
    QUALIFIED_REFERRALS = "qualified_referrals", _("Qualified referrals")
    LIVE_INTEGRATIONS = "live_integrations", _("Live integrations")
    CO_SOLD_DEALS = "co_sold_deals", _("Co-sold deals")


class TierOutcome(TextChoices):
    """What one night's look at a partner's tier came to."""

    UNCHANGED = "unchanged", _("Unchanged")
    PROMOTED = "promoted", _("Promoted")
    PROMOTION_QUEUED = "promotion_queued", _("Promotion waits for approval")
    REVIEW_PASSED = "review_passed", _("Review passed")
    GRACE_STARTED = "grace_started", _("Grace period started")
    DEMOTED = "demoted", _("One tier down")
    RESET = "reset", _("Set to the qualified tier")
    REMOVED = "removed", _("No tier without an agreement")


class OverrideKind(TextChoices):
    """A dated exception to the ladder, always with a reason and an author."""

    STRATEGIC = "strategic", _("Strategic")
    PROVISIONAL = "provisional", _("Provisional")
    ACCELERATOR = "accelerator", _("Accelerator")


class TierNoticeKind(TextChoices):
    """What a partner at risk of losing a tier is told about in advance."""

    REVIEW = "review", _("Tier review ahead")
    GRACE = "grace", _("Grace period ends")
    PROVISIONAL = "provisional", _("Provisional tier ends")


class HealthDimension(TextChoices):
    REVENUE = "revenue", _("Revenue")
    ACTIVITY = "activity", _("Activity")
    ENGAGEMENT = "engagement", _("Engagement")
    SATISFACTION = "satisfaction", _("Satisfaction")
    FIT = "fit", _("Strategic fit")


class HealthBand(TextChoices):
    """A health score in one word, best first; "unknown" when too little is known to say."""

    CHAMPION = "champion", _("Champion")
    HEALTHY = "healthy", _("Healthy")
    AT_RISK = "at_risk", _("At risk")
    CRITICAL = "critical", _("Critical")
    CHURNING = "churning", _("Churning")
    UNKNOWN = "unknown", _("Unknown")


class FitRating(TextChoices):
    """The manager's dated judgement of how well the two companies fit."""

    STRONG = "strong", _("Strong")
    MODERATE = "moderate", _("Moderate")
    WEAK = "weak", _("Weak")


class Trend(TextChoices):
    """How a figure stands against the same period a year before."""

    STRONG = "strong", _("Growing strongly")
    GROWING = "growing", _("Growing")
    FLAT = "flat", _("Flat")
    DECLINING = "declining", _("Declining")
    NO_DATA = "no_data", _("Without data")


class Quadrant(TextChoices):
    """Position in the value matrix: (strategic value, revenue)."""

    STRATEGIC_ALLIANCE = "strategic_alliance", _("Strategic alliance")
    TECHNOLOGY = "technology", _("Technology")
    CHANNEL = "channel", _("Channel")
    AFFILIATE = "affiliate", _("Affiliate")
    UNPLACED = "unplaced", _("Not placed yet")


class Recommendation(TextChoices):
    INVEST = "invest", _("Invest")
    HOLD = "hold", _("Hold")
    REDUCE = "reduce", _("Reduce")


# --- Words of the stored records ----------------------------------------------------------------------------------


class VersionStatus(TextChoices):
    """A program version is written as a draft and never changes once it is published."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class BenefitKind(TextChoices):
    """How a benefit's value is read: yes or no, a word on a scale, or a number with its unit."""

    FLAG = "flag", _("Yes or no")
    LEVEL = "level", _("Level")
    PERCENT = "percent", _("Percent")
    MONEY = "money", _("Amount")
    COUNT = "count", _("Count")
    HOURS = "hours", _("Hours")


class GrantSource(TextChoices):
    """Where an entitlement comes from."""

    TIER = "tier", _("Tier")
    CERTIFICATE = "certificate", _("Certificate")
    MANUAL = "manual", _("By hand")


class ContactSide(TextChoices):
    """Whose person it is."""

    OURS = "ours", _("Our side")
    THEIRS = "theirs", _("Partner's side")


class ContactRole(TextChoices):
    """What a person around a partnership is there for."""

    SPONSOR = "sponsor", _("Executive sponsor")
    MANAGER = "manager", _("Partner manager")
    PRIMARY = "primary", _("Primary contact")
    TECHNICAL = "technical", _("Technical contact")
    MARKETING = "marketing", _("Marketing contact")


class RecordSource(TextChoices):
    """How a record came to be known."""

    SURVEY = "survey", _("Survey")
    MANUAL = "manual", _("By hand")
    IMPORT = "import", _("Import")


class TierChangeKind(TextChoices):
    """Why a partner's tier became another one."""

    ASSIGNED = "assigned", _("Assigned")
    PROMOTED = "promoted", _("Promoted")
    DEMOTED = "demoted", _("One tier down")
    RESET = "reset", _("Set to the qualified tier")
    REMOVED = "removed", _("Removed")
    OVERRIDE = "override", _("Set by hand")


class OverrideEnd(TextChoices):
    """How an override came to its end."""

    ENDED = "ended", _("Ran out")
    REACHED = "reached", _("Targets reached")
    CANCELLED = "cancelled", _("Ended early")


class TouchKind(TextChoices):
    """What somebody did for a deal. ``deals.rules.touches`` says what each kind counts as."""

    INTRODUCTION = "introduction", _("Brought the lead")
    MEETING = "meeting", _("Meeting")
    DEMO = "demo", _("Demonstration")
    TECHNICAL = "technical", _("Technical work before the sale")
    PROPOSAL = "proposal", _("Proposal")
    NEGOTIATION = "negotiation", _("Negotiation")
    REFERENCE = "reference", _("Reference or recommendation")
    MARKETING = "marketing", _("Event or campaign")
    MENTION = "mention", _("Only mentioned")
    DELIVERY = "delivery", _("Delivery after the sale")


class CreditModel(TextChoices):
    """How the credit for a deal is shared among its partners."""

    FIRST_TOUCH = "first_touch", _("First touch")
    LAST_TOUCH = "last_touch", _("Last touch")
    LINEAR = "linear", _("Linear")
    TIME_DECAY = "time_decay", _("Time decay")
    CUSTOM = "custom", _("Custom weights")


class DealKind(TextChoices):
    """The one economic model of a deal."""

    RESALE = "resale", _("Resale: margin off the list price")
    COMMISSION = "commission", _("Commission")


class PlanModel(TextChoices):
    """How a plan earns."""

    FLAT = "flat", _("Flat amount")
    FIRST_YEAR = "first_year", _("Percentage of the first year")
    RECURRING = "recurring", _("Recurring share")
    BRACKETS = "brackets", _("Brackets by annual volume")
    MARGIN = "margin", _("Margin off the list price")
    HYBRID = "hybrid", _("Flat amount and percentage")


class EarningTrigger(TextChoices):
    """What must happen at the customer before the holdback begins."""

    FIRST_PAYMENT = "first_payment", _("First payment of the customer")
    IMPLEMENTATION = "implementation", _("Implementation complete")
    TRIAL = "trial", _("Trial complete")


class SpiffKind(TextChoices):
    """What a SPIFF rewards."""

    FIRST_DEAL = "first_deal", _("First deal of a new partner")
    PRODUCT_LAUNCH = "product_launch", _("Product launch")
    QUARTERLY_PUSH = "quarterly_push", _("Quarterly push")
    DISPLACEMENT = "displacement", _("Competitive displacement")
    BUNDLE = "bundle", _("Cross-sell bundle")
