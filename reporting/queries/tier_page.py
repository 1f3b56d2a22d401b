"""A partner's tier as stored by the last night: results, the way to the next tier, and what more would bring."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count

from partners.choices import TierMetric
from partners.models import Partner, TierStanding
from partners.rules.terms import LadderTerms, TierTerm
from partners.rules.tiers import Progress, TierFacts, WhatIf, next_progress, progress_to, what_if
from prm.core.explain import Line, from_json
from reporting.queries.terms import ProgramTerms
from training.models import Certificate


@dataclass(frozen=True)
class TierView:
    """Where a partner stands on its ladder. ``held`` and ``next`` are measured with the results of the last night."""

    partner: Partner
    ladder: LadderTerms
    facts: TierFacts
    held: TierTerm | None
    next: Progress | None
    holding: Progress | None

    @property
    def is_flat(self) -> bool:
        """Whether the track has no tiers at all."""
        return not self.ladder.tiers

    @property
    def due_on(self) -> date | None:
        """Until when the next tier's results, or those of the tier held in grace, should be there."""
        return self.partner.grace_until or self.partner.review_on


def stored_facts(
    partner: Partner, lines: tuple[Line, ...] = (), certified_by_kind: Mapping[str, int] | None = None
) -> TierFacts:
    """The results that the last night stored. ``lines`` of its explanation carry the people by kind of certificate."""
    metrics = {
        TierMetric.SOURCED_ARR.value: partner.sourced_arr_t12m,
        TierMetric.QUALIFIED_REFERRALS.value: Decimal(partner.qualified_referrals_t12m),
        TierMetric.LIVE_INTEGRATIONS.value: Decimal(partner.live_integrations),
        TierMetric.CO_SOLD_DEALS.value: Decimal(partner.co_sold_deals_t12m),
    }
    kinds: dict[str, int] = dict(certified_by_kind or {})
    for line in lines:
        if line.code == "tier.certified" and line.values.get("kind"):
            kinds.setdefault(str(line.values["kind"]), int(line.values["reached"]))
    return TierFacts(
        has_agreement=partner.agreement_signed_on is not None,
        metrics=metrics,
        certified_people=partner.certified_people,
        certified_by_kind=kinds,
    )


def tier_view(
    partner: Partner,
    terms: ProgramTerms,
    standing: TierStanding | None = None,
    certified_by_kind: Mapping[str, int] | None = None,
) -> TierView:
    """The partner's place and its progress, without asking the database; ``partner.track`` must be joined."""
    ladder = terms.ladder(partner.track.code)
    lines = from_json(standing.explanation) if standing else ()
    facts = stored_facts(partner, lines, certified_by_kind)
    current = partner.tier.code if partner.tier else None
    held = ladder.tier(current)
    return TierView(
        partner=partner,
        ladder=ladder,
        facts=facts,
        held=held,
        next=next_progress(ladder, facts, current),
        holding=progress_to(held, facts) if held else None,
    )


def asks_for_kinds(partner: Partner, terms: ProgramTerms) -> bool:
    """Whether a tier of the partner's ladder asks for certificates of a certain kind."""
    return any(tier.certificate_kind for tier in terms.ladder(partner.track.code).tiers)


def certified_by_kind(partner: Partner, *, on: date) -> dict[str, int]:
    """How many current members hold a current certificate of each kind. One statement."""
    rows = (
        Certificate.objects.current(on)
        .filter(
            partner=partner,
            user__memberships__organization_id=partner.pk,
            user__memberships__is_active=True,
        )
        .values_list("kind")
        .annotate(people=Count("user", distinct=True))
        .order_by("kind")
    )
    return dict(rows)


def imagine(view: TierView, terms: ProgramTerms, *, add: Mapping[str, Decimal], add_certified: int) -> WhatIf:
    """What these results on top of today's would bring."""
    track = view.partner.track.code
    benefits: dict[str, dict[str, str]] = {}
    for entry in terms.program.benefits:
        for (of_track, tier), value in entry.values.items():
            if of_track == track:
                benefits.setdefault(tier, {})[entry.head.code] = value
    return what_if(
        view.ladder,
        view.facts,
        current=view.held.code if view.held else None,
        add_metrics=add,
        add_certified=add_certified,
        benefits=benefits,
    )
