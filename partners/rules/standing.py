"""Where a partner stands on its ladder, and the dated exceptions to it.

The standing is what is stored between two nights; `place` is the only way a tier changes in it. Source: program
rules §2.
"""

from dataclasses import dataclass, replace
from datetime import date

from partners.choices import OverrideKind
from partners.rules.terms import LadderTerms, Path
from prm.core.business_time import add_months


@dataclass(frozen=True)
class Override:
    """A dated exception, first and last day inclusive. `paths` and `certified_people` are an accelerator's targets."""

    code: str
    kind: str
    tier: str
    starts_on: date
    ends_on: date
    paths: tuple[Path, ...] = ()
    certified_people: int = 0

    def runs_on(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True)
class TierNotice:
    """A warning: `days` is the step (90, 30, 7) before `due_on`."""

    kind: str
    due_on: date
    days: int


@dataclass(frozen=True)
class Standing:
    """What is stored about a partner's tier. `overrides` are those not closed yet, whether they run or not."""

    tier: str | None = None
    since: date | None = None
    review_on: date | None = None
    grace_until: date | None = None
    pending_tier: str | None = None
    overrides: tuple[Override, ...] = ()
    notices_sent: frozenset[TierNotice] = frozenset()

    def running(self, kind: OverrideKind, day: date) -> Override | None:
        """The override of a kind that runs on a day; of several, the one that ends last."""
        running = [each for each in self.overrides if each.kind == kind and each.runs_on(day)]
        return max(running, key=lambda each: (each.ends_on, each.code), default=None)


def place(standing: Standing, tier: str | None, ladder: LadderTerms, at_date: date) -> Standing:
    """The standing after a change of tier: a fresh year, no grace, nothing queued, nothing announced."""
    term = ladder.tier(tier)
    months = term.review_months if term else 0
    return replace(
        standing,
        tier=tier,
        since=at_date if tier else None,
        review_on=add_months(at_date, months) if months else None,
        grace_until=None,
        pending_tier=None,
        notices_sent=frozenset(),
    )
