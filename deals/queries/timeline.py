"""What happened to a deal: who, when and why, as each side may read it.

The lines come from the audit log. A partner reads the whitelisted ones only, and of each only what was written for it;
reasons of the vendor, claims and other partners are not among them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.models import Referral, Registration
from prm.core.actors import Actor
from prm.core.figures import day_text
from prm.core.models import AuditEntry


@dataclass(frozen=True)
class Happening:
    """One line of the timeline. ``quote`` is what somebody wrote; reasons of the vendor stand in its notes only."""

    at: datetime
    title: str
    note: str = ""
    quote: str = ""
    tone: str = ""


@dataclass(frozen=True)
class _Words:
    title: str | Promise
    tone: str = ""
    quote: str = "note"
    shared: bool = True


_T = gettext_lazy
_LINES: dict[str, _Words] = {
    "deals.registration.started": _Words(_T("Draft started")),
    "deals.registration.submitted": _Words(_T("Submitted")),
    "deals.registration.returned": _Words(_T("Returned"), "amber", "question"),
    "deals.registration.answered": _Words(_T("Answered"), "", "answer"),
    "deals.registration.approved": _Words(_T("Approved"), "green"),
    "deals.registration.rejected": _Words(_T("Rejected"), "red"),
    "deals.registration.appealed": _Words(_T("Appealed"), "amber"),
    "deals.registration.withdrawn": _Words(_T("Withdrawn")),
    "deals.registration.lapsed": _Words(_T("Withdrawn: the question was not answered in time")),
    "deals.registration.expired": _Words(_T("Protection ended")),
    "deals.registration.reminded": _Words(_T("Reminded of the end of protection")),
    "deals.registration.extension_requested": _Words(_T("Extension requested"), "amber"),
    "deals.registration.extended": _Words(_T("Protection extended"), "green"),
    "deals.registration.extension_declined": _Words(_T("Extension declined"), "red"),
    "deals.registration.win_reported": _Words(_T("Reported as won"), "green"),
    "deals.registration.win_declined": _Words(_T("Win not confirmed yet"), "amber"),
    "deals.registration.won": _Words(_T("Win confirmed"), "green"),
    "deals.registration.lost": _Words(_T("Lost"), "red"),
    "deals.registration.file_added": _Words(_T("File added")),
    "deals.registration.file_removed": _Words(_T("File removed")),
    "deals.claim.transferred": _Words(_T("Account handed over to this registration"), "amber", "", shared=False),
    "deals.claim.lost": _Words(_T("Account handed over to another partner"), "amber", "", shared=False),
    "core.work_item.breached": _Words(_T("Decision overdue, passed up"), "red", ""),
    "core.work_item.passed_on": _Words(_T("Given to somebody else"), "", "", shared=False),
    "deals.opportunity.updated": _Words(_T("Deal updated")),
    "deals.opportunity.won": _Words(_T("Won"), "green"),
    "deals.opportunity.lost": _Words(_T("Lost"), "red"),
    "deals.opportunity.corrected": _Words(_T("Corrected"), "amber", "", shared=False),
    "deals.touch.recorded": _Words(_T("Touch recorded"), "", "", shared=False),
    "deals.touch.struck": _Words(_T("Touch struck out"), "amber", "", shared=False),
    "deals.touch.marked": _Words(_T("What mattered to the win was changed"), "", "", shared=False),
    "deals.verdict.judged": _Words(_T("Attribution judged"), "", "", shared=False),
    "deals.verdict.overruled": _Words(_T("Attribution overruled"), "amber", "", shared=False),
    "deals.referral.submitted": _Words(_T("Referred")),
    "deals.referral.accepted": _Words(_T("Accepted"), "green"),
    "deals.referral.declined": _Words(_T("Declined"), "red"),
    "deals.referral.qualified": _Words(_T("Qualified: it became an opportunity"), "green"),
    "deals.referral.won": _Words(_T("Won"), "green"),
    "deals.referral.lost": _Words(_T("Lost"), "red"),
    "deals.dispute.opened": _Words(_T("Disputed"), "amber"),
    "deals.dispute.settled": _Words(_T("Settled"), "green"),
    "deals.dispute.withdrawn": _Words(_T("Dispute withdrawn")),
    "deals.commission.accrued": _Words(_T("Earned"), "green", "", shared=False),
    "deals.commission.payable": _Words(_T("Became payable"), "green", "", shared=False),
    "deals.commission.clawed_back": _Words(_T("Taken back"), "red", "", shared=False),
    "deals.commission.adjusted": _Words(_T("Booked as a correction"), "amber", "", shared=False),
    "deals.commission.held": _Words(_T("Held"), "amber", "", shared=False),
    "deals.commission.freed": _Words(_T("Freed"), "green", "", shared=False),
    "deals.commission.voided": _Words(_T("Voided"), "red", "", shared=False),
    "deals.contract.signed": _Words(_T("Signed"), "green", "", shared=False),
    "deals.contract.paid": _Words(_T("Payment recorded"), "green", "", shared=False),
    "deals.contract.implemented": _Words(_T("End of the implementation recorded"), "green", "", shared=False),
    "deals.contract.trial_completed": _Words(_T("End of the trial recorded"), "green", "", shared=False),
    "deals.contract.renewed": _Words(_T("Renewal recorded"), "green", "", shared=False),
    "deals.contract.downgraded": _Words(_T("Downgrade recorded"), "amber", "", shared=False),
    "deals.contract.refunded": _Words(_T("Refund recorded"), "amber", "", shared=False),
    "deals.contract.cancelled": _Words(_T("Cancellation recorded"), "red", "", shared=False),
    "deals.contract.fraud": _Words(_T("Fraud recorded"), "red", "", shared=False),
    "deals.spiff.created": _Words(_T("Set up"), "green", "", shared=False),
    "deals.spiff.ended": _Words(_T("Ended early"), "amber", "", shared=False),
    "deals.payout_run.requested": _Words(_T("Prepared"), "", "", shared=False),
    "deals.payout_run.approved": _Words(_T("Approved"), "green", "", shared=False),
    "deals.payout_run.cancelled": _Words(_T("Cancelled"), "", "", shared=False),
    "deals.payout_run.partial": _Words(_T("A payout failed"), "red", "", shared=False),
    "deals.payout_run.completed": _Words(_T("Completed"), "green", "", shared=False),
    "deals.payout_run.file_written": _Words(_T("File for the bank written"), "", "", shared=False),
    "deals.payout_run.file_downloaded": _Words(_T("File for the bank downloaded"), "", "", shared=False),
    "deals.payout.prepared": _Words(_T("Booked as leaving"), "", "", shared=False),
    "deals.payout.paid": _Words(_T("Paid"), "green", "", shared=False),
    "deals.payout.failed": _Words(_T("Failed"), "red", "", shared=False),
    "deals.payout.taken_out": _Words(_T("Taken out of the run"), "amber", "", shared=False),
    "deals.payout_details.entered": _Words(_T("Entered"), "", "", shared=False),
    "deals.payout_details.changed": _Words(_T("Changed"), "amber", "", shared=False),
    "deals.payout_details.seen": _Words(_T("Read in full"), "", "", shared=False),
    "deals.payout_details.form_downloaded": _Words(_T("Tax form downloaded"), "", "", shared=False),
}
SHARED = [code for code, words in _LINES.items() if words.shared]


def _protected(changes: dict[str, Any]) -> str:
    value = changes.get("protected_until")
    day = value[-1] if isinstance(value, list) else value
    return _("protected until %(day)s") % {"day": day_text(date.fromisoformat(day))} if day else ""


def _reminded(changes: dict[str, Any]) -> str:
    days = int(changes.get("days", 0))
    return ngettext("%(days)s day before", "%(days)s days before", days) % {"days": days}


_NOTES: dict[str, Callable[[dict[str, Any]], str]] = {
    "deals.registration.returned": lambda _changes: _("clock stopped"),
    "deals.registration.answered": lambda _changes: _("clock runs again"),
    "deals.registration.approved": _protected,
    "deals.registration.extended": _protected,
    "deals.registration.reminded": _reminded,
}


def timeline(*, thing: Registration | Referral, actor: Actor) -> list[Happening]:
    """The history of a registration or referral with its opportunity, newest first, as this reader may see it.

    One statement. Staff also read reasons and what happened to the claim.
    """
    kinds = [(thing.ref.kind, thing.code)]
    opportunity = getattr(thing, "opportunity", None)
    if opportunity is not None:
        kinds.append(("deals.opportunity", opportunity.code))
    return happenings(kinds, actor)


def happenings(kinds: list[tuple[str, str]], actor: Actor) -> list[Happening]:
    """The lines about some things, by kind and code, newest first. The caller checked that the reader may see them."""
    lines = AuditEntry.objects.filter(
        ref_kind__in={kind for kind, _code in kinds}, ref_code__in={code for _kind, code in kinds}
    ).select_related("actor_user")
    if not actor.is_vendor:
        lines = lines.filter(code__in=SHARED)
    doubled = {"deals.opportunity.won", "deals.opportunity.lost"} if len(kinds) > 1 else set()
    rows = [row for row in lines.order_by("-at", "-pk") if row.code in _LINES and row.code not in doubled]
    return [_happening(row, actor) for row in rows]


def _happening(row: AuditEntry, actor: Actor) -> Happening:
    words = _LINES[row.code]
    title = str(words.title)
    if row.actor_user:
        title = _("%(what)s by %(who)s") % {"what": title, "who": row.actor_user.name}
    note = _NOTES[row.code](row.changes) if row.code in _NOTES else ""
    if actor.is_vendor and row.reason:
        note = " · ".join(filter(None, [note, _("internal: %(reason)s") % {"reason": row.reason}]))
    quote = str(row.changes.get(words.quote, "")) if words.quote else ""
    return Happening(row.at, title, note, quote, words.tone)
