"""The states of a partnership and of its lifecycle: which change may follow which."""

from partners.choices import PartnerStatus
from prm.core.transitions import Transitions

PARTNER = Transitions(
    "partner",
    {
        "activate": ([PartnerStatus.PROSPECT, PartnerStatus.SUSPENDED, PartnerStatus.ENDED], PartnerStatus.ACTIVE),
        "suspend": ([PartnerStatus.ACTIVE], PartnerStatus.SUSPENDED),
        "end": ([PartnerStatus.PROSPECT, PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED], PartnerStatus.ENDED),
    },
)
