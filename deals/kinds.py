"""Kinds of work that deals give to people; each is opened and closed by this app’s actions only."""

DECISION = "deals.registration_decision"
INFO = "deals.info_request"
EXTENSION = "deals.extension_decision"
WIN = "deals.win_confirmation"
REFERRAL = "deals.referral_decision"
DISPUTE = "deals.dispute_settlement"
FRAUD = "deals.fraud_decision"
