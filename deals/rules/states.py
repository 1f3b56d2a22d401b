"""The states of deals and every arrow between them; no other change of state exists.

A registration's status is the vendor's axis. Returned for information it keeps its claim and comes back by the
partner's answer; unanswered it is withdrawn by the night. A rejection may be appealed once, to the next rank. Approved
it ends as won, lost, expired or withdrawn; an expired one may still be won, because expiry ends exclusivity only. The
opportunity's stage is the partner's axis and moves freely while its status is open. Source: program rules §3.
"""

from deals.choices import ExtensionStatus, OpportunityStage, OpportunityStatus, ReferralStatus
from deals.choices import RegistrationStatus as Status
from partners.rules.terms import RegistrationTerms
from prm.core.transitions import Transitions

REGISTRATION = Transitions(
    "registration",
    {
        "submit": ([Status.DRAFT], Status.SUBMITTED),
        "request_info": ([Status.SUBMITTED], Status.INFO_REQUESTED),
        "answer": ([Status.INFO_REQUESTED], Status.SUBMITTED),
        "approve": ([Status.SUBMITTED], Status.APPROVED),
        "reject": ([Status.SUBMITTED], Status.REJECTED),
        "appeal": ([Status.REJECTED], Status.SUBMITTED),
        "withdraw": (
            [Status.DRAFT, Status.SUBMITTED, Status.INFO_REQUESTED, Status.APPROVED],
            Status.WITHDRAWN,
        ),
        "lapse": ([Status.INFO_REQUESTED], Status.WITHDRAWN),
        "expire": ([Status.APPROVED], Status.EXPIRED),
        "extend": ([Status.APPROVED], Status.APPROVED),
        "win": ([Status.APPROVED, Status.EXPIRED], Status.WON),
        "lose": ([Status.APPROVED], Status.LOST),
    },
)

REFERRAL = Transitions(
    "referral",
    {
        "accept": ([ReferralStatus.SUBMITTED], ReferralStatus.ACCEPTED),
        "decline": ([ReferralStatus.SUBMITTED], ReferralStatus.DECLINED),
        "qualify": ([ReferralStatus.ACCEPTED], ReferralStatus.QUALIFIED),
        "win": ([ReferralStatus.QUALIFIED], ReferralStatus.WON),
        "lose": ([ReferralStatus.QUALIFIED], ReferralStatus.LOST),
    },
)

OPPORTUNITY = Transitions(
    "opportunity",
    {
        "win": ([OpportunityStatus.OPEN], OpportunityStatus.WON),
        "lose": ([OpportunityStatus.OPEN], OpportunityStatus.LOST),
    },
)

_OPEN_STAGES = [stage for stage in OpportunityStage if stage != OpportunityStage.CLOSED]

# The action is called like the stage it leads to; "closed" follows from won or lost and is never left.
OPPORTUNITY_STAGE = Transitions(
    "stage",
    {stage.value: ([other for other in _OPEN_STAGES if other != stage], stage.value) for stage in OpportunityStage},
)

EXTENSION = Transitions(
    "extension request",
    {
        "grant": ([ExtensionStatus.REQUESTED], ExtensionStatus.GRANTED),
        "decline": ([ExtensionStatus.REQUESTED], ExtensionStatus.DECLINED),
    },
)


def may_appeal(status: str, appeals_used: int, terms: RegistrationTerms) -> bool:
    """Whether a rejection may (still) be appealed."""
    return REGISTRATION.allows(status, "appeal") and appeals_used < terms.appeals_allowed


def appeal_rank(decided_by_role: str, terms: RegistrationTerms) -> str:
    """The role that decides the appeal: one rank above who rejected, and the highest rank above itself."""
    ranks = terms.appeal_ranks
    position = ranks.index(decided_by_role) if decided_by_role in ranks else -1
    return ranks[min(position + 1, len(ranks) - 1)]
