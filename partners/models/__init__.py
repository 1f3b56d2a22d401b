"""The nouns of the partner side: the program, the companies, the people around them, and what is known of them."""

from partners.models.integration import Integration
from partners.models.partner import LifecycleChange, Partner
from partners.models.people import Delegation, PartnerContact, TerritoryCover
from partners.models.program import (
    Benefit,
    BenefitTerm,
    PartnerTypeTerm,
    ProgramVersion,
    TermSet,
    Tier,
    TierPath,
    TierTerm,
    Track,
    TrackTerm,
)
from partners.models.record import FitRating, HealthScore, NpsAnswer, ValueRating
from partners.models.tier import Grant, TierChange, TierNoticeSent, TierOverride, TierStanding

__all__ = [
    "Benefit",
    "BenefitTerm",
    "Delegation",
    "FitRating",
    "Grant",
    "HealthScore",
    "Integration",
    "LifecycleChange",
    "NpsAnswer",
    "Partner",
    "PartnerContact",
    "PartnerTypeTerm",
    "ProgramVersion",
    "TermSet",
    "TerritoryCover",
    "Tier",
    "TierChange",
    "TierNoticeSent",
    "TierOverride",
    "TierPath",
    "TierStanding",
    "TierTerm",
    "Track",
    "TrackTerm",
    "ValueRating",
]
