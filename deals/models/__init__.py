"""The nouns of selling together: customers, deals, who earned what on them, and how it is paid."""

from deals.models.account import Account
from deals.models.attachment import Attachment
from deals.models.availability import AvailabilityCheck
from deals.models.claim import Claim
from deals.models.commission import Commission
from deals.models.conflict import ConflictMatch
from deals.models.contract import Contract, ContractEvent, EarningTerms, OwnRate
from deals.models.dispute import Dispute
from deals.models.ledger import LedgerClose, LedgerEntry, LedgerTransaction
from deals.models.opportunity import Opportunity
from deals.models.payout import PayoutDetails, PayoutFile, PayoutItem, PayoutLine, PayoutRun
from deals.models.product import Product
from deals.models.proof import Proof
from deals.models.rate import ExchangeRate
from deals.models.referral import Referral
from deals.models.registration import Registration
from deals.models.request import Appeal, ExtensionRequest, InfoRequest
from deals.models.spiff import Spiff, SpiffAward
from deals.models.statement import Statement
from deals.models.touch import Touch
from deals.models.verdict import Verdict

__all__ = [
    "Account",
    "Appeal",
    "Attachment",
    "AvailabilityCheck",
    "Claim",
    "Commission",
    "ConflictMatch",
    "Contract",
    "ContractEvent",
    "Dispute",
    "EarningTerms",
    "ExchangeRate",
    "ExtensionRequest",
    "InfoRequest",
    "LedgerClose",
    "LedgerEntry",
    "LedgerTransaction",
    "Opportunity",
    "OwnRate",
    "PayoutDetails",
    "PayoutFile",
    "PayoutItem",
    "PayoutLine",
    "PayoutRun",
    "Product",
    "Proof",
    "Referral",
    "Registration",
    "Spiff",
    "SpiffAward",
    "Statement",
    "Touch",
    "Verdict",
]
