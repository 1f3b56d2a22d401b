"""Contracts as the vendor reads them: who earns what on one and why, what happened to it, and what comes next."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from deals.choices import CommissionKind, CommissionStatus, ContractStatus, EarningTrigger
from deals.models import Commission, Contract, ContractEvent, EarningTerms, Spiff
from prm.core.actors import Actor
from prm.core.business_time import add_months

ZERO = Decimal(0)


def contract_rows(actor: Actor) -> QuerySet[Contract]:
    """Contracts with what a list prints; ``earned`` is what all partners earned on one, less what was taken back."""
    lines = (
        Commission.objects.filter(contract=OuterRef("pk"))
        .exclude(status=CommissionStatus.VOID)
        .order_by()
        .values("contract")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    return (
        Contract.objects.visible_to(actor)
        .select_related("opportunity__account", "opportunity__partner__organization", "opportunity__product")
        .annotate(earned=Coalesce(Subquery(lines), ZERO))
    )


@dataclass(frozen=True)
class Earner:
    """A partner on a contract: its terms, its lines, and what they come to."""

    terms: EarningTerms
    lines: list[Commission]

    @property
    def earned(self) -> Decimal:
        """Earned, with adjustments; void lines left out."""
        return sum((line.amount for line in self._counted if line.kind != CommissionKind.CLAWBACK), ZERO)

    @property
    def taken_back(self) -> Decimal:
        """Taken back by clawbacks, above zero."""
        return -sum((line.amount for line in self._counted if line.kind == CommissionKind.CLAWBACK), ZERO)

    @property
    def _counted(self) -> list[Commission]:
        return [line for line in self.lines if line.status != CommissionStatus.VOID]


@dataclass(frozen=True)
class Due:
    """Something that is expected on a contract: a day, or what it waits for."""

    code: str
    on: date | None = None
    amount: Decimal | None = None
    waits_for: str = ""


@dataclass(frozen=True)
class Page:
    """Everything about one contract."""

    contract: Contract
    earners: list[Earner]
    events: list[ContractEvent]
    due: list[Due]
    names: dict[str, str] = field(default_factory=dict)


def contract_page(contract: Contract, *, today: date) -> Page:
    """Four statements."""
    lines: dict[int, list[Commission]] = defaultdict(list)
    for line in contract.commissions.order_by("earned_on", "pk"):
        lines[line.partner_id].append(line)
    terms = contract.earning_terms.select_related("partner__organization", "partner__tier", "program_version")
    earners = [Earner(each, lines[each.partner_id]) for each in terms.order_by("-factor_percent", "partner_id")]
    names = {each.terms.tier_code: each.terms.tier_name for each in earners if each.terms.tier_code}
    mentioned = {str(line.get("values", {}).get("spiff", "")) for each in earners for line in each.terms.lines}
    names |= dict(Spiff.objects.filter(code__in=mentioned - {""}).values_list("code", "name"))
    return Page(
        contract=contract,
        earners=earners,
        events=list(contract.events.select_related("recorded_by").order_by("-effective_on", "-pk")),
        due=_due(contract, [line for each in lines.values() for line in each], today),
        names=names,
    )


def _due(contract: Contract, lines: list[Commission], today: date) -> list[Due]:
    """What comes next, the nearest first; what has no day comes before, because somebody must do something."""
    waiting: dict[str, Decimal] = defaultdict(Decimal)
    coming: dict[date, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.status == CommissionStatus.ACCRUED:
            if line.payable_on is None:
                waiting[line.waits_for or EarningTrigger.FIRST_PAYMENT] += line.amount
            else:
                coming[line.payable_on] += line.amount
    found = [Due("waits", None, amount, trigger) for trigger, amount in sorted(waiting.items())]
    dated = [Due("payable", on, amount) for on, amount in coming.items()]
    if contract.status == ContractStatus.ACTIVE:
        final = max((line.final_on for line in lines if line.final_on and line.amount > 0), default=None)
        if final and final > today:
            dated.append(Due("final", final))
        if contract.term_months and (ends := add_months(contract.started_on, contract.term_months)) >= today:
            dated.append(Due("renewal", ends))
    return found + sorted(dated, key=lambda each: each.on or today)
