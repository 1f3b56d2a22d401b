"""How far a share of revenue is from its target range, in percentage points. Source: program rules §4."""

from decimal import Decimal

from partners.rules.attribution_terms import PercentRange


def distance(percent: Decimal, target: PercentRange) -> Decimal:
    """Points to the nearer edge: negative below the range, positive above, 0 inside it."""
    if percent < target.least:
        return percent - target.least
    return max(percent - target.most, Decimal(0))
