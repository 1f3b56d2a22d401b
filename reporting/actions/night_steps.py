"""The steps of the night, in their order, as one table.

A step gets the night's context, leaves what later steps need in it, and says what it did. Each is safe to run again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deals.actions.earning_nights import run_earnings
from deals.actions.expiries import run_expiries
from deals.actions.reconciliations import reconcile
from deals.actions.statements import order_statements
from deals.actions.verdicts import judge_won_deals
from prm.core.actors import Actor
from reporting.actions import scorecards
from reporting.actions.packs import order_due_packs
from reporting.actions.scorecards import Gathered, Tally
from training.actions.certificates import link_certificates, refresh_certificate_grants
from training.actions.reminders import remind_certificates


@dataclass
class StepResult:
    """Looked at, changed, skipped by name, and figures worth keeping."""

    seen: int = 0
    changed: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class Night:
    """One business date being worked on. ``at`` is the midnight that ended it; ``morning`` the date that begins."""

    on: date
    at: datetime
    by: Actor
    gathered: Gathered | None = None

    @property
    def morning(self) -> date:
        """The first date that is still to come: what ended before it has ended."""
        return self.on + timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """A row of the table."""

    job: str
    label: str | Promise
    run: Callable[[Night], StepResult]


def end_what_expired(night: Night) -> StepResult:
    """Protections, unanswered questions, entitlements from certificates; reminders of what ends soon."""
    tally = Tally()
    done = run_expiries(on=night.morning, by=night.by, at=night.at, skip=tally.skip)
    done["certificates_linked"] = link_certificates(at=night.at)
    done["certificate_grants"] = refresh_certificate_grants(on=night.morning, at=night.at)
    changed = sum(done.values())
    return StepResult(seen=changed + len(tally.skipped), changed=changed, skipped=tally.skipped, detail=done)


def judge_stragglers(night: Night) -> StepResult:
    """Won deals that have no verdict yet, so many a night."""
    judged = judge_won_deals(by=night.by, at=night.at)
    return StepResult(seen=judged, changed=judged)


def gather(night: Night) -> StepResult:
    """Everything the rules need to know, for all partners at once."""
    tally = Tally()
    night.gathered = scorecards.gather_facts(on=night.on, tally=tally)
    return _result(tally)


def score(night: Night) -> StepResult:
    """Health of every partner."""
    tally = Tally()
    scorecards.score_health(gathered=_facts(night), tally=tally, by=night.by, at=night.at)
    return _result(tally)


def decide(night: Night) -> StepResult:
    """Tier status of every partner."""
    tally = Tally()
    scorecards.decide_tiers(gathered=_facts(night), tally=tally, by=night.by, at=night.at)
    return _result(tally)


def remind(night: Night) -> StepResult:
    """Certificates that run out soon. Tier notices left with the tier decisions, protections with the expiries."""
    tally = Tally()
    told = remind_certificates(on=night.morning, by=night.by, at=night.at, skip=tally.skip)
    return StepResult(seen=told + len(tally.skipped), changed=told, skipped=tally.skipped)


def earn(night: Night) -> StepResult:
    """Pushes and rebates of a quarter that ended, what became payable or final, and one piece of news for each partner.

    Money is due on the date that begins: what can be paid on it is payable in its morning.
    """
    tally = Tally()
    done = run_earnings(on=night.morning, by=night.by, at=night.at, skip=tally.skip)
    changed = sum(done.values()) - done["told"]
    return StepResult(seen=changed + len(tally.skipped), changed=changed, skipped=tally.skipped, detail=done)


def order_packs(night: Night) -> StepResult:
    """Packs of the last complete quarter for partners whose review is due and who have none yet."""
    packs = order_due_packs(on=night.on, by=night.by, at=night.at)
    return StepResult(seen=len(packs), changed=len(packs))


def state_months(night: Night) -> StepResult:
    """Statements of the months that have ended, once each; their books are closed first."""
    done = order_statements(on=night.on, by=night.by, at=night.at)
    changed = sum(done.values())
    return StepResult(seen=changed, changed=changed, detail=done)


def prove_books(night: Night) -> StepResult:
    """Every invariant of the books, over all rows. What does not hold is on finance's desk; the night goes on."""
    found = reconcile(by=night.by, at=night.at)
    return StepResult(
        seen=len(found),
        detail={proven.check.code: proven.finding.broken for proven in found},
    )


STEPS = (
    Step("night.expiries", _("What ended"), end_what_expired),
    Step("night.verdicts", _("Attribution"), judge_stragglers),
    Step("night.facts", _("Facts"), gather),
    Step("night.health", _("Health"), score),
    Step("night.tiers", _("Tiers"), decide),
    Step("night.reminders", _("Reminders"), remind),
    Step("night.earnings", _("Earnings"), earn),
    Step("night.statements", _("Statements"), state_months),
    Step("night.packs", _("QBR packs"), order_packs),
    Step("night.reconcile", _("Proof of the books"), prove_books),
)


def _facts(night: Night) -> Gathered:
    if night.gathered is None:
        raise RuntimeError("facts are gathered by an earlier step of the same night")
    return night.gathered


def _result(tally: Tally) -> StepResult:
    return StepResult(tally.seen, tally.changed, tally.skipped, tally.detail)
