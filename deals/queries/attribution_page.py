"""What the pages about one deal's attribution show: touches, verdicts and what each credit model would give."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from deals.choices import CreditModel, OpportunityStatus
from deals.models import Contract, Opportunity, Touch, Verdict
from deals.models.verdict import VerdictQuerySet
from deals.queries.attribution_cases import Case, case_of
from deals.queries.attribution_words import CheckGroup, check_groups, reason_text, touch_names
from deals.queries.judgements import provisional
from deals.rules.credits import compare
from partners.models import Partner
from prm.core.actors import Actor


@dataclass(frozen=True)
class Part:
    """One partner's part in a deal. ``is_provisional``: the deal is open or not judged; this is how things stand."""

    verdict: Verdict
    partner: Partner
    groups: list[CheckGroup]
    reason: str
    is_provisional: bool
    earlier: list[Verdict]


@dataclass(frozen=True)
class ModelRow:
    """What every partner would get by one credit model, in basis points; empty where the terms have no weights."""

    model: str
    label: str
    shares: list[int]
    is_used: bool

    @property
    def percents(self) -> list[Decimal]:
        """The shares as percentages."""
        return [Decimal(bps) / 100 for bps in self.shares]


@dataclass(frozen=True)
class Desk:
    """Everything about the attribution of one deal."""

    parts: list[Part]
    touches: list[Touch]
    case: Case
    is_signed: bool
    credited: list[Partner]
    models: list[ModelRow]


def desk_of_deal(deal: Opportunity, actor: Actor, at: datetime) -> Desk:
    """For staff: everybody's part, in the same number of statements however many there are."""
    case = case_of(deal, at)
    found = Touch.objects.filter(opportunity=deal).select_related(
        "partner__organization", "recorded_by", "struck_by", "file"
    )
    touches = list(found.order_by("-occurred_on", "-pk"))
    names = touch_names(touches)
    rows = deal.verdicts.select_related("partner__organization", "judged_by", "program_version").order_by(
        "-judged_at", "-pk"
    )
    stored = list(rows)
    current = [row for row in stored if row.superseded_at is None]
    is_provisional = not current and deal.status != OpportunityStatus.LOST
    if is_provisional:
        current = provisional(case, at)
    partners = Partner.objects.select_related("organization").in_bulk([row.partner_id for row in current])
    order = {"sourced": 0, "influenced": 1}
    current.sort(key=lambda row: (order.get(row.kind, 2), -row.credit_bps, partners[row.partner_id].name))
    parts = [
        Part(
            verdict=row,
            partner=partners[row.partner_id],
            groups=check_groups(row, actor, names),
            reason=reason_text(row, actor),
            is_provisional=is_provisional or _is_open(deal, row),
            earlier=[each for each in stored if each.superseded_at and each.partner_id == row.partner_id],
        )
        for row in current
    ]
    credited = [part.partner for part in parts if part.verdict.kind != "not_attributed"]
    return Desk(
        parts=parts,
        touches=touches,
        case=case,
        is_signed=Contract.objects.filter(opportunity=deal).exists(),
        credited=credited,
        models=_models(case, credited),
    )


def _is_open(deal: Opportunity, verdict: Verdict) -> bool:
    """Whether the verdict may still change by itself."""
    return deal.status == OpportunityStatus.OPEN and not verdict.is_overruled


def _models(case: Case, credited: list[Partner]) -> list[ModelRow]:
    if not credited:
        return []
    shares = compare(case.touches, won_on=case.on, terms=case.terms, partners={each.pk for each in credited})
    return [
        ModelRow(
            model=str(model),
            label=str(model.label),
            shares=[shares[model].get(each.pk, 0) for each in credited] if model in shares else [],
            is_used=model == case.terms.credit_model,
        )
        for model in CreditModel
    ]


@dataclass(frozen=True)
class OwnPart:
    """A partner's own part in a deal, and nothing of anybody else."""

    verdict: Verdict | None
    groups: list[CheckGroup]
    reason: str
    is_provisional: bool
    touches: list[Touch]
    may_add: bool


def _verdicts(actor: Actor) -> VerdictQuerySet:
    return Verdict.objects.visible_to(actor).current().select_related("program_version")


def own_part(deal: Opportunity, actor: Actor, at: datetime) -> OwnPart:
    """What a partner's person may see of the company's part in a deal it is on."""
    verdict = _verdicts(actor).filter(opportunity=deal).first()
    is_provisional = verdict is None and deal.status != OpportunityStatus.LOST
    if is_provisional:
        mine = (row for row in provisional(case_of(deal, at), at) if row.partner_id == actor.organization_id)
        verdict = next(mine, None)
    found = Touch.objects.visible_to(actor).filter(opportunity=deal).select_related("recorded_by", "file")
    touches = list(found.order_by("-occurred_on", "-pk"))
    is_signed = Contract.objects.filter(opportunity=deal).exists()
    return OwnPart(
        verdict=verdict,
        groups=check_groups(verdict, actor, touch_names(touches)) if verdict else [],
        reason=reason_text(verdict, actor) if verdict else "",
        is_provisional=is_provisional or (verdict is not None and _is_open(deal, verdict)),
        touches=touches,
        may_add=actor.can("deals.registration_create") and not is_signed and deal.status != OpportunityStatus.LOST,
    )
