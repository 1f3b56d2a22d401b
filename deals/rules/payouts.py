"""What a payout run pays, to whom, and what it leaves out and why; what a tax form is good for.

A run takes, partner by partner, every line in its currency that is payable and free until a day. Lines that are held
stay behind; what is taken back is netted with what was earned. A partner is left out as a whole, its lines carried
over to the next run, when it is suspended, has ended (unless the run pays those too), has no bank details or no valid
tax form, or when its net is not above zero or below the minimum. The first reason in that order is the one shown.
Amounts are in the run's currency. Source: program rules §5.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from deals.choices import LeftOut, PayoutItemStatus, PayoutRunStatus, TaxForm
from partners.choices import PartnerStatus

# Asked of people who give a W-8: it is good until the last day of the third year after its signature.
W8_YEARS = 3
_W8 = frozenset({TaxForm.W8BEN, TaxForm.W8BENE})
_UNFINISHED = frozenset({PayoutItemStatus.PLANNED, PayoutItemStatus.READY})


@dataclass(frozen=True)
class DueLine:
    """A payable line: its amount, above or below zero, and why it is held, if it is."""

    id: int
    amount: Decimal
    held: str = ""


@dataclass(frozen=True)
class Payee:
    """A partner as a run looks at it. ``tax_form`` is none while nothing is on file."""

    status: str
    has_details: bool
    tax_form: str = ""
    tax_form_signed_on: date | None = None


@dataclass(frozen=True)
class RunTerms:
    """What a run is made with: the smallest amount worth a transfer, the day, and whether ended partners are paid."""

    minimum: Decimal
    on: date
    includes_ended: bool = False


@dataclass(frozen=True)
class Decision:
    """What comes of one partner: the net of its free lines, which are taken unless ``left_out`` says why not."""

    amount: Decimal
    line_ids: tuple[int, ...]
    held_ids: tuple[int, ...]
    left_out: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether the run pays it."""
        return not self.left_out


def decide(payee: Payee, lines: Iterable[DueLine], terms: RunTerms) -> Decision:
    """What a run does about one partner."""
    lines = list(lines)
    free = [line for line in lines if not line.held]
    amount = sum((line.amount for line in free), Decimal(0))
    return Decision(
        amount,
        tuple(line.id for line in free),
        tuple(line.id for line in lines if line.held),
        _why_left_out(payee, bool(free), amount, terms),
    )


def _why_left_out(payee: Payee, has_free: bool, amount: Decimal, terms: RunTerms) -> str:
    if problem := payee_problem(payee, terms.on, terms.includes_ended):
        return problem
    if not has_free:
        return LeftOut.HELD
    if amount <= 0:
        return LeftOut.NEGATIVE
    return LeftOut.BELOW_MINIMUM if amount < terms.minimum else ""


def payee_problem(payee: Payee, on: date, includes_ended: bool) -> str:
    """Why a partner can't be paid at all on a day; empty when it can."""
    if payee.status == PartnerStatus.SUSPENDED:
        return LeftOut.SUSPENDED
    if payee.status == PartnerStatus.ENDED and not includes_ended:
        return LeftOut.ENDED
    if not payee.has_details:
        return LeftOut.NO_DETAILS
    if not payee.tax_form:
        return LeftOut.NO_TAX_FORM
    until = tax_form_valid_until(payee.tax_form, payee.tax_form_signed_on)
    return LeftOut.TAX_FORM_OLD if until is not None and until < on else ""


def tax_form_valid_until(form: str, signed_on: date | None) -> date | None:
    """The last day on which a tax form counts; None for one that does not run out."""
    return date(signed_on.year + W8_YEARS, 12, 31) if form in _W8 and signed_on is not None else None


def run_arrow(counts: Mapping[str, int]) -> str:
    """The arrow of an approved run after one of its payouts moved: fall_short, complete, or none.

    It falls short with the first failure and stays so; it is complete once every payout is paid or taken out.
    """
    if counts.get(PayoutItemStatus.FAILED, 0):
        return "fall_short"
    return "" if any(counts.get(state, 0) for state in _UNFINISHED) else "complete"


def is_open(status: str) -> bool:
    """Whether a run still holds its lines."""
    return status in {PayoutRunStatus.REQUESTED, PayoutRunStatus.APPROVED, PayoutRunStatus.PARTIAL}
