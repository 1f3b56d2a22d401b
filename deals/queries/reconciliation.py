"""The proof that the books are right: named checks, each an invariant, each telling what contradicts it.

The checks look at every row there is and trust no trigger. Run by the night, by ``manage.py reconcile`` and after a
restored backup. I8 (market development funds) joins them with the funds. Source: trust, section 4.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deals.models import Proof
from deals.queries.money_checks import (
    amounts_are_recomputed,
    balances_are_lines,
    no_more_than_there_was,
    nothing_was_changed,
    payouts_add_up,
    reversals_are_opposite,
    sums_are_sums,
    transactions_balance,
)
from deals.queries.offenders import Finding
from deals.queries.record_checks import (
    accounts_and_credit_are_whole,
    history_is_complete,
    rows_stay_with_their_partner,
)
from prm.core.actors import Actor


@dataclass(frozen=True)
class Check:
    """One invariant: its number, what it says to finance, what to do when it breaks, and the question."""

    code: str
    title: str | Promise
    means: str | Promise
    remedy: str | Promise
    ask: Callable[[], Finding]


CHECKS = {
    check.code: check
    for check in (
        Check(
            "I1",
            _("Every transaction balances"),
            _("Each transaction has at least two entries, and in each currency they add up to zero."),
            _("An entry was written or changed past the product. Compare with a backup; correct by a reversal."),
            transactions_balance,
        ),
        Check(
            "I2",
            _("Sums are the sums of their parts"),
            _("The ledger as a whole is zero in each currency. What a SPIFF has awarded is the sum of its awards."),
            _("See I1 for the ledger. A SPIFF’s sum was changed past the product: set it to the sum of its awards."),
            sums_are_sums,
        ),
        Check(
            "I3",
            _("Balances are the lines behind them"),
            _(
                "For each partner and currency: accrued, payable, on its way and paid in the ledger are the lines in"
                " these states, and together what was earned less what was taken back."
            ),
            _("Look which of the partner’s lines I5 names. Until it is settled, hold the partner’s lines."),
            balances_are_lines,
        ),
        Check(
            "I4",
            _("Payouts add up, and each line is paid once"),
            _(
                "A line is in at most one payout that is not void. Run, payouts, lines, files for the bank and the"
                " clearing account agree."
            ),
            _("Do not send the run’s file. Compare with the bank’s statement before anything else is paid."),
            payouts_add_up,
        ),
        Check(
            "I5",
            _("Nothing was changed or removed"),
            _(
                "History fits its seals from the first day. Every posting that must be there is there with the amount"
                " that history tells; numbers missing in between were rolled back."
            ),
            _("Somebody changed rows as a superuser. Keep the database as it is, and compare with a backup."),
            nothing_was_changed,
        ),
        Check(
            "I6",
            _("Reversals are opposites"),
            _("A reversal is minus its original, nothing is reversed twice, and no reversal is reversed."),
            _("See I1. What was reversed twice is posted once more as a fact of its own."),
            reversals_are_opposite,
        ),
        Check(
            "I7",
            _("No more is taken back than was earned"),
            _("What was taken back of a line, by clawbacks and adjustments, is at most the line."),
            _("Give back what is too much by an adjustment of the line, with the reason."),
            no_more_than_there_was,
        ),
        Check(
            "I9",
            _("Every state has its history"),
            _(
                "What was approved, rejected, expired, paid or settled has a line of history by the same person at the"
                " same moment, and came there by a step that exists."
            ),
            _("The row was changed past the product. Find out who could; the history says what it was before."),
            history_is_complete,
        ),
        Check(
            "I10",
            _("One holder of an account, and one whole commission"),
            _(
                "No two partners hold one account at the same time. A deal has one source, its credit adds up to 100 %,"
                " and two partners earn the whole only where the plan splits it."
            ),
            _("Hand the account over, or overrule a verdict; what was earned too much is adjusted by hand."),
            accounts_and_credit_are_whole,
        ),
        Check(
            "I11",
            _("Every amount can be computed again"),
            _("The inputs stored with each line give its amount, years later too."),
            _("The line or a formula was changed. If it was the formula, correct it: a line keeps its meaning."),
            amounts_are_recomputed,
        ),
        Check(
            "I12",
            _("Everything belongs to one partner"),
            _("Where a row of a partner leads to another row of a partner, it is the same partner."),
            _("Close the page that shows it to the other partner; see the audit log for how it came about."),
            rows_stay_with_their_partner,
        ),
    )
}


@dataclass(frozen=True)
class Proven:
    """What a check came to, and how long it took."""

    check: Check
    finding: Finding
    seconds: float


def prove(codes: Iterable[str] = ()) -> Iterable[Proven]:
    """Ask the named checks, or all, one after the other. KeyError for a name that is none."""
    for check in [CHECKS[code] for code in codes] or list(CHECKS.values()):
        began = time.perf_counter()
        finding = check.ask()
        yield Proven(check, finding, time.perf_counter() - began)


@dataclass(frozen=True)
class Standing:
    """An invariant with its newest proof, if there is one."""

    check: Check
    proof: Proof | None


def standings(actor: Actor) -> list[Standing]:
    """Every invariant with its newest proof. One statement."""
    newest = Proof.objects.visible_to(actor).order_by("check_code", "-proved_at", "-pk").distinct("check_code")
    found = {proof.check_code: proof for proof in newest}
    return [Standing(check, found.get(code)) for code, check in CHECKS.items()]
