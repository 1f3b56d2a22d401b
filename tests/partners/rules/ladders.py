"""The ladders of the standard program, as the rules see them."""

from decimal import Decimal

from partners.rules.terms import LadderTerms, Path, TierTerm
from partners.rules.tiers import TierFacts


def rung(code: str, rank: int, arr: int, referrals: int, certified: int, grace: int, falls_to: str) -> TierTerm:
    paths = (Path("sourced_arr", Decimal(arr)), Path("qualified_referrals", Decimal(referrals)))
    return TierTerm(code, code.title(), rank, paths, certified, grace_months=grace, falls_to=falls_to)


SOLUTION = LadderTerms(
    "solution",
    (
        TierTerm("registered", "Registered", 0, review_months=0),
        rung("silver", 1, 25_000, 5, 1, 3, "registered"),
        rung("gold", 2, 100_000, 20, 2, 6, "silver"),
        rung("platinum", 3, 500_000, 50, 5, 9, "gold"),
    ),
)

TECHNOLOGY = LadderTerms(
    "technology",
    (
        TierTerm("registered", "Registered", 0, review_months=0),
        TierTerm(
            "certified", "Certified", 1, (Path("live_integrations", Decimal(1)),), 1, "technical", 12, 3, "registered"
        ),
        TierTerm("premier", "Premier", 2, (Path("co_sold_deals", Decimal(5)),), 2, "technical", 12, 6, "certified"),
    ),
)

FLAT = LadderTerms("referral")


def reached(arr: str | int = 0, referrals: int = 0, certified: int = 0, agreement: bool = True) -> TierFacts:
    return TierFacts(agreement, {"sourced_arr": Decimal(arr), "qualified_referrals": Decimal(referrals)}, certified)


NOTHING = reached()
SILVER = reached(25_000, 0, 1)
GOLD = reached(100_000, 0, 2)
PLATINUM = reached(500_000, 0, 5)
