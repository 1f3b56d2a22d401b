"""Which tier a partner's results qualify for, and how far it is to the next one.

A partner qualifies for the highest rung of its track's ladder for which any one path holds (reached ≥ threshold) and
enough members hold a current certificate. Without a signed agreement there is no tier at all, and a track without rungs
has none. Progress to the next rung is the best path's reached ÷ required, capped at 1, in whole percent rounded down;
it says 100 only when everything is met. Reached values are what the caller gathered for the same day: trailing
twelve months, money in the program's currency. Source: program rules §2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from partners.rules.terms import LadderTerms, Path, TierTerm
from prm.core.explain import Line


@dataclass(frozen=True)
class TierFacts:
    """What a partner has reached as of a day. A metric that is not named counts as 0."""

    has_agreement: bool
    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    certified_people: int = 0
    certified_by_kind: Mapping[str, int] = field(default_factory=dict)

    def reached(self, metric: str) -> Decimal:
        """The value of a metric, never below 0: a year of cancellations is no progress, not negative progress."""
        return max(Decimal(self.metrics.get(metric, 0)), Decimal(0))

    def certified(self, kind: str) -> int:
        """People with a current certificate of a kind; blank means of any kind."""
        return self.certified_by_kind.get(kind, 0) if kind else self.certified_people


@dataclass(frozen=True)
class PathProgress:
    metric: str
    reached: Decimal
    required: Decimal
    percent: int  # rounded down, at most 100

    @property
    def missing(self) -> Decimal:
        return max(self.required - self.reached, Decimal(0))

    @property
    def met(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Progress:
    """How far a partner is to one tier. `paths` are alternatives; certificates and agreement are needed besides."""

    tier: str
    percent: int
    paths: tuple[PathProgress, ...]
    certified_reached: int
    certified_required: int
    certificate_kind: str
    agreement_missing: bool
    lines: tuple[Line, ...] = ()

    @property
    def certified_missing(self) -> int:
        return max(self.certified_required - self.certified_reached, 0)

    @property
    def path_met(self) -> bool:
        return not self.paths or any(path.met for path in self.paths)

    @property
    def complete(self) -> bool:
        return self.path_met and not self.certified_missing and not self.agreement_missing


@dataclass(frozen=True)
class WhatIf:
    """The calculator's answer: the tier that the results would give, what it brings, and the next rung."""

    tier: str | None
    tier_now: str | None
    gains: tuple[tuple[str, str, str], ...]  # benefit, value now, value then
    progress: Progress | None
    lines: tuple[Line, ...] = ()


def qualify(ladder: LadderTerms, facts: TierFacts) -> str | None:
    """Code of the highest tier that the facts qualify for, or None."""
    met = [tier.code for tier in ladder.tiers if progress_to(tier, facts).complete]
    return met[-1] if met else None


def progress_to(tier: TierTerm, facts: TierFacts) -> Progress:
    """Progress to this tier, with what is missing on each path."""
    progress = measure(tier.code, tier.paths, tier.certified_people, tier.certificate_kind, facts)
    return replace(progress, lines=_lines(progress))


def next_progress(ladder: LadderTerms, facts: TierFacts, current: str | None) -> Progress | None:
    """Progress to the rung above `current`; None at the top and on a flat track."""
    above = ladder.above(current)
    return progress_to(above, facts) if above else None


def measure(
    tier: str, paths: tuple[Path, ...], certified_people: int, certificate_kind: str, facts: TierFacts
) -> Progress:
    """Facts against any set of targets: a rung's, or those of an accelerator."""
    steps = tuple(_path_progress(path, facts) for path in paths)
    progress = Progress(
        tier=tier,
        percent=max((step.percent for step in steps), default=100),
        paths=steps,
        certified_reached=facts.certified(certificate_kind),
        certified_required=certified_people,
        certificate_kind=certificate_kind,
        agreement_missing=not facts.has_agreement,
    )
    return progress if progress.complete else replace(progress, percent=min(progress.percent, 99))


def _path_progress(path: Path, facts: TierFacts) -> PathProgress:
    reached = facts.reached(path.metric)
    percent = 100 if reached >= path.threshold else int(reached * 100 // path.threshold)
    return PathProgress(path.metric, reached, path.threshold, percent)


def _lines(progress: Progress) -> tuple[Line, ...]:
    lines = [
        Line(
            "tier.path",
            {
                "tier": progress.tier,
                "metric": path.metric,
                "reached": path.reached,
                "required": path.required,
                "missing": path.missing,
                "percent": path.percent,
                "met": path.met,
            },
            unit="money" if path.metric == "sourced_arr" else "count",
        )
        for path in progress.paths
    ]
    if progress.certified_required:
        values = {
            "tier": progress.tier,
            "kind": progress.certificate_kind,
            "reached": progress.certified_reached,
            "required": progress.certified_required,
            "missing": progress.certified_missing,
            "met": not progress.certified_missing,
        }
        lines.append(Line("tier.certified", values, unit="people"))
    lines.append(Line("tier.agreement", {"tier": progress.tier, "met": not progress.agreement_missing}))
    return tuple(lines)


def what_if(
    ladder: LadderTerms,
    facts: TierFacts,
    *,
    current: str | None,
    add_metrics: Mapping[str, Decimal] | None = None,
    add_certified: int = 0,
    benefits: Mapping[str, Mapping[str, str]] | None = None,
) -> WhatIf:
    """What X more ARR, Y more referrals and Z more certified people would bring.

    The tier is never below `current`, because only a review takes one away. New certified people count for every
    kind that the ladder asks for. `benefits` maps tier → benefit → value; what differs is gained.
    """
    added = {name: Decimal(value) for name, value in (add_metrics or {}).items()}
    kinds = {tier.certificate_kind for tier in ladder.tiers if tier.certificate_kind}
    imagined = replace(
        facts,
        metrics={name: facts.reached(name) + added.get(name, Decimal(0)) for name in {**facts.metrics, **added}},
        certified_people=facts.certified_people + add_certified,
        certified_by_kind={kind: facts.certified(kind) + add_certified for kind in kinds},
    )
    qualified = qualify(ladder, imagined)
    tier = qualified if ladder.rank(qualified) > ladder.rank(current) else current
    before, after = (dict((benefits or {}).get(code or "", {})) for code in (current, tier))
    return WhatIf(
        tier=tier,
        tier_now=current,
        gains=tuple(
            (name, before.get(name, ""), value) for name, value in after.items() if value != before.get(name, "")
        ),
        progress=next_progress(ladder, imagined, tier),
        lines=(Line("tier.what_if", {"added": {**added, "certified": add_certified}, "tier": tier}),),
    )
