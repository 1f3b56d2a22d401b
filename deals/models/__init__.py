"""The nouns of selling together: customers, products, registrations, claims, referrals and opportunities."""

from deals.models.account import Account
from deals.models.attachment import Attachment
from deals.models.availability import AvailabilityCheck
from deals.models.claim import Claim
from deals.models.conflict import ConflictMatch
from deals.models.opportunity import Opportunity
from deals.models.product import Product
from deals.models.rate import ExchangeRate
from deals.models.referral import Referral
from deals.models.registration import Registration
from deals.models.request import Appeal, ExtensionRequest, InfoRequest

__all__ = [
    "Account",
    "Appeal",
    "Attachment",
    "AvailabilityCheck",
    "Claim",
    "ConflictMatch",
    "ExchangeRate",
    "ExtensionRequest",
    "InfoRequest",
    "Opportunity",
    "Product",
    "Referral",
    "Registration",
]
