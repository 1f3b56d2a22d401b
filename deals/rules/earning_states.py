"""The states of commissions, payouts, disputes and contracts, every arrow between them, and the dates they wait for.

A line is accrued at signature and released once the holdback after its trigger is over; a run takes it in, pays it, or
puts it back when the payment fails. It is final when the clawback window is over. Void ends it before a run only; after
that only new, negative lines correct it. That a line is held is a flag beside its state. Days are calendar days of the
program. Source: program rules §5, money rule M10.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from deals.choices import CommissionStatus as Line
from deals.choices import ContractEventKind, ContractStatus
from deals.choices import DisputeStatus as Dispute
from deals.choices import PayoutItemStatus as Item
from deals.choices import PayoutRunStatus as Run
from partners.rules.incentive_terms import ClawbackBand
from prm.core.transitions import Transitions

COMMISSION = Transitions(
    "commission",
    {
        "release": ([Line.ACCRUED], Line.PAYABLE),
        "take_in": ([Line.PAYABLE], Line.IN_PAYOUT),
        "put_back": ([Line.IN_PAYOUT], Line.PAYABLE),
        "pay": ([Line.IN_PAYOUT], Line.PAID),
        "finalise": ([Line.PAID], Line.FINAL),
        "void": ([Line.ACCRUED, Line.PAYABLE], Line.VOID),
    },
)

# Partial: at least one payment failed. It stays open until every item is paid or taken out.
PAYOUT_RUN = Transitions(
    "payout run",
    {
        "approve": ([Run.REQUESTED], Run.APPROVED),
        "cancel": ([Run.REQUESTED], Run.CANCELLED),
        "fall_short": ([Run.APPROVED, Run.PARTIAL], Run.PARTIAL),
        "complete": ([Run.APPROVED, Run.PARTIAL], Run.COMPLETED),
    },
)

PAYOUT_ITEM = Transitions(
    "payout",
    {
        "prepare": ([Item.PLANNED], Item.READY),
        "pay": ([Item.READY], Item.PAID),
        # Planned: its lines or its account changed after the approval, so that it could not be prepared.
        "fail": ([Item.PLANNED, Item.READY], Item.FAILED),
        "retry": ([Item.FAILED], Item.READY),
        "void": ([Item.PLANNED, Item.FAILED], Item.VOID),
    },
)

DISPUTE = Transitions(
    "dispute",
    {
        "uphold": ([Dispute.OPEN], Dispute.UPHELD),
        "uphold_partly": ([Dispute.OPEN], Dispute.PARTLY_UPHELD),
        "reject": ([Dispute.OPEN], Dispute.REJECTED),
        "withdraw": ([Dispute.OPEN], Dispute.WITHDRAWN),
    },
)

CONTRACT = Transitions(
    "contract",
    {
        "cancel": ([ContractStatus.ACTIVE], ContractStatus.CANCELLED),
        "expose_fraud": ([ContractStatus.ACTIVE, ContractStatus.CANCELLED], ContractStatus.CANCELLED),
    },
)

# Invoices of before the end are still paid and refunded after it, and fraud is often found late.
_AFTER_THE_END = frozenset({ContractEventKind.PAID, ContractEventKind.REFUNDED, ContractEventKind.FRAUD})


def may_happen(status: str, event: str) -> bool:
    """Whether an event can be recorded on a contract in this state."""
    return status == ContractStatus.ACTIVE or event in _AFTER_THE_END


def payable_on(trigger_on: date, holdback_days: int) -> date:
    """The first day on which a line can be paid: so many days after what triggered it."""
    return trigger_on + timedelta(days=holdback_days)


def final_on(contract_start: date, bands: Sequence[ClawbackBand]) -> date:
    """The first day on which nothing can be taken back by days any more."""
    return contract_start + timedelta(days=bands[-1].before_day if bands else 0)


def pay_by(payable: date, days: int) -> date:
    """The last day on which a payable line should be paid."""
    return payable + timedelta(days=days)
