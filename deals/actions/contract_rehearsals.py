"""What an event of a contract would do, shown before it is recorded, and recording it from a page.

A rehearsal records the event and everything that follows from it for real, reads what that came to, and takes all of it
back. So the preview can't differ from what recording does.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.actions.contract_events import record_contract_event
from deals.actions.contracts import ContractRefused
from deals.choices import ContractStatus
from deals.models import Commission, Contract, ContractEvent, Opportunity
from prm.core.actors import Actor


@dataclass(frozen=True)
class Rehearsal:
    """What would change. Lines are the rows as they would be, and are not stored.

    ``triggered`` get the day on which they become payable; ``held`` are kept out of runs. ``annual`` is what a year is
    worth before and after, ``revenue`` what counts as won.
    """

    booked: list[Commission]
    triggered: list[Commission]
    held: list[Commission]
    annual: tuple[Decimal, Decimal]
    revenue: tuple[Decimal | None, Decimal | None]
    ends: bool

    @property
    def is_quiet(self) -> bool:
        """Whether no commission is touched."""
        return not (self.booked or self.triggered or self.held)


def rehearse_contract_event(
    *, contract: Contract, kind: str, effective_on: date, by: Actor, at: datetime, **more: Any
) -> Rehearsal:
    """Everything that recording this event would do; nothing is kept. Raises what recording it would raise."""
    before = {line.pk: (line.payable_on, line.held_reason) for line in contract.commissions.all()}
    deal = Opportunity.objects.get(pk=contract.opportunity_id)
    with transaction.atomic():
        copy = Contract.objects.get(pk=contract.pk)
        record_contract_event(contract=copy, kind=kind, effective_on=effective_on, by=by, at=at, **more)
        after = list(
            Commission.objects.filter(contract=copy)
            .select_related("partner__organization", "origin")
            .order_by("partner_id", "pk")
        )
        changed = Opportunity.objects.get(pk=contract.opportunity_id)
        transaction.set_rollback(True)
    known = [line for line in after if line.pk in before]
    return Rehearsal(
        booked=[line for line in after if line.pk not in before],
        triggered=[line for line in known if line.payable_on and not before[line.pk][0]],
        held=[line for line in known if line.held_reason and line.held_reason != before[line.pk][1]],
        annual=(contract.current_annual_amount, copy.current_annual_amount),
        revenue=(deal.amount_program, changed.amount_program),
        ends=contract.status == ContractStatus.ACTIVE and copy.status != ContractStatus.ACTIVE,
    )


@settled
def record_seen_event(
    *, contract: Contract, version: int | None, kind: str, effective_on: date, by: Actor, at: datetime, **more: Any
) -> ContractEvent:
    """Record an event whose preview somebody saw. Raises ContractRefused when the contract has changed since.

    So a form that is sent twice records one event.
    """
    with transaction.atomic():
        Opportunity.objects.select_for_update(of=("self",)).get(pk=contract.opportunity_id)
        held = Contract.objects.select_for_update().get(pk=contract.pk)
        if held.version != version:
            raise ContractRefused(
                "deals.contract.stale",
                _("Something was recorded on this contract in the meantime. Look at the preview again."),
            )
        return record_contract_event(contract=held, kind=kind, effective_on=effective_on, by=by, at=at, **more)
