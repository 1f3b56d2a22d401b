"""The kinds of waiting work that Today knows: what deals put on people's desks, and the night's question."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.actions.decisions import approve_registration
from deals.choices import ConflictOutcome, ExtensionStatus
from deals.kinds import DECISION, EXTENSION, INFO, REFERRAL, WIN
from deals.models import ExtensionRequest, Referral, Registration
from prm.core.actors import Actor
from prm.core.figures import day_text, money_text
from reporting.work_rows import Decision, Facts, WorkKind, register_group, register_work

MISSED_NIGHTS = "reporting.missed_nights"


def registration_facts(codes: Sequence[str], actor: Actor) -> Mapping[str, Facts]:
    """Customer, amount, and what the check of the account found."""
    rows = Registration.objects.visible_to(actor).filter(code__in=codes)
    return {row.code: _registration(row) for row in rows}


def _registration(row: Registration) -> Facts:
    badges: list[tuple[str, str]] = []
    blocked = ""
    if row.in_conflict or row.conflict_outcome == ConflictOutcome.CONFLICT:
        badges.append((_("Conflict"), "orange"))
        blocked = _("Another partner or our own sales knows this account: compare first.")
    elif row.conflict_outcome == ConflictOutcome.WARNING:
        badges.append((_("Possible conflict"), "amber"))
        blocked = _("A similar account exists: compare first.")
    elif row.conflict_outcome == ConflictOutcome.DUPLICATE:
        badges.append((_("Registered before"), "amber"))
        blocked = _("The partner has an earlier record of this account.")
    if row.quote_sent:
        badges.append((_("Quote sent"), "amber"))
    return Facts(_what(row.customer_name, row.amount, row.currency), tuple(badges), blocked, row.version)


def win_facts(codes: Sequence[str], actor: Actor) -> Mapping[str, Facts]:
    """The deal, and on which day it is said to be won."""
    rows = Registration.objects.visible_to(actor).filter(code__in=codes).select_related("opportunity")
    found = {}
    for row in rows:
        deal = getattr(row, "opportunity", None)
        amount, currency = (deal.amount, deal.currency) if deal else (row.amount, row.currency)
        badges = []
        if deal and deal.reported_won_on:
            badges.append((_("won on %(day)s") % {"day": day_text(deal.reported_won_on)}, "green"))
        found[row.code] = Facts(_what(row.customer_name, amount, currency), tuple(badges), version=row.version)
    return found


def extension_facts(codes: Sequence[str], actor: Actor) -> Mapping[str, Facts]:
    """The deal whose protection is to be extended, and until when it runs now."""
    rows = (
        ExtensionRequest.objects.visible_to(actor)
        .filter(registration__code__in=codes, status=ExtensionStatus.REQUESTED)
        .select_related("registration")
    )
    return {
        row.registration.code: Facts(
            _("%(customer)s · protected until %(day)s")
            % {"customer": row.registration.customer_name, "day": day_text(row.from_day)},
            _again(row.registration.extensions_used),
            version=row.registration.version,
        )
        for row in rows
    }


def _again(used: int) -> tuple[tuple[str, str], ...]:
    if not used:
        return ()
    text = ngettext("extended %(count)s time", "extended %(count)s times", used) % {"count": used}
    return ((text, "amber"),)


def referral_facts(codes: Sequence[str], actor: Actor) -> Mapping[str, Facts]:
    """The company that was referred, and whether we know it already."""
    found = {}
    for row in Referral.objects.visible_to(actor).filter(code__in=codes):
        known = row.conflict_outcome not in ("", ConflictOutcome.CLEAR)
        found[row.code] = Facts(
            _what(row.customer_name, row.amount, row.currency),
            ((_("Known account"), "amber"),) if known else (),
            _("We know this account already: look first.") if known else "",
            row.version,
        )
    return found


def _what(customer: str, amount: object, currency: str) -> str:
    return f"{customer} · {money_text(amount, currency)}" if amount is not None else customer


def approve_by_code(code: str, by: Actor, at: datetime) -> None:
    """Approve one registration; whatever speaks against it is raised as a Refused."""
    approve_registration(registration=Registration.objects.visible_to(by).get(code=code), by=by, at=at)


register_group("registrations", gettext_lazy("Registrations"))
register_group("referrals", gettext_lazy("Referrals"))
register_group("wins", gettext_lazy("Wins"))

_DECIDE, _CONFIRM = "deals.registration_decide", "deals.opportunity_confirm"
register_work(
    WorkKind(
        kind=DECISION,
        label=gettext_lazy("Registration"),
        group="registrations",
        facts=registration_facts,
        decisions=(
            Decision("a", gettext_lazy("Approve"), "manage:deals:registration_approve", _DECIDE, at_once=True),
            Decision("r", gettext_lazy("Return"), "manage:deals:registration_return", _DECIDE),
            Decision("x", gettext_lazy("Reject"), "manage:deals:registration_reject", _DECIDE, tone="danger"),
        ),
        approve=approve_by_code,
        approve_permission=_DECIDE,
    )
)
register_work(
    WorkKind(
        kind=EXTENSION,
        label=gettext_lazy("Extension"),
        group="registrations",
        facts=extension_facts,
        decisions=(
            Decision("a", gettext_lazy("Extend"), "manage:deals:extension_grant", _DECIDE, at_once=True),
            Decision("x", gettext_lazy("Decline"), "manage:deals:extension_decline", _DECIDE, tone="danger"),
        ),
    )
)
register_work(
    WorkKind(
        kind=REFERRAL,
        label=gettext_lazy("Referral"),
        group="referrals",
        facts=referral_facts,
        decisions=(
            Decision("a", gettext_lazy("Accept"), "manage:deals:referral_accept", _DECIDE, at_once=True),
            Decision("x", gettext_lazy("Decline"), "manage:deals:referral_decline", _DECIDE, tone="danger"),
        ),
    )
)
register_work(
    WorkKind(
        kind=WIN,
        label=gettext_lazy("Reported win"),
        group="wins",
        facts=win_facts,
        decisions=(
            Decision("a", gettext_lazy("Confirm"), "manage:deals:win_confirm", _CONFIRM),
            Decision("x", gettext_lazy("Decline"), "manage:deals:win_decline", _CONFIRM, tone="danger"),
        ),
    )
)
register_work(WorkKind(kind=INFO, label=gettext_lazy("Question"), group="questions"))
register_work(WorkKind(kind=MISSED_NIGHTS, label=gettext_lazy("Missed nights"), group=""))
