"""The kinds of waiting work that Today knows: what deals put on people's desks, and the night's question."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.actions.contract_events import close_fraud_case
from deals.actions.decisions import approve_registration
from deals.actions.extensions import decide_extension
from deals.actions.referrals import accept_referral
from deals.choices import ConflictOutcome, ExtensionStatus
from deals.kinds import DECISION, DISPUTE, EXTENSION, FRAUD, INFO, REFERRAL, WIN
from deals.models import Contract, Dispute, ExtensionRequest, Referral, Registration
from partners.actions.health import ALERT, acknowledge_health_alert
from partners.choices import HealthBand
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.explain import from_json
from prm.core.figures import day_text, money_text
from prm.core.models import WorkItem
from reporting.why_words import play_text, word
from reporting.work_rows import Decision, Facts, WorkKind, register_group, register_work

MISSED_NIGHTS = "reporting.missed_nights"


def _codes(items: Sequence[WorkItem]) -> list[str]:
    return [item.ref_code for item in items]


def registration_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """Customer, amount, and what the check of the account found."""
    rows = Registration.objects.visible_to(actor).filter(code__in=_codes(items))
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


def win_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """The deal, and on which day it is said to be won."""
    rows = Registration.objects.visible_to(actor).filter(code__in=_codes(items)).select_related("opportunity")
    found = {}
    for row in rows:
        deal = getattr(row, "opportunity", None)
        amount, currency = (deal.amount, deal.currency) if deal else (row.amount, row.currency)
        badges = []
        if deal and deal.reported_won_on:
            badges.append((_("won on %(day)s") % {"day": day_text(deal.reported_won_on)}, "green"))
        found[row.code] = Facts(_what(row.customer_name, amount, currency), tuple(badges), version=row.version)
    return found


def extension_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """The deal whose protection is to be extended, and until when it runs now."""
    rows = (
        ExtensionRequest.objects.visible_to(actor)
        .filter(registration__code__in=_codes(items), status=ExtensionStatus.REQUESTED)
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


def referral_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """The company that was referred, and whether we know it already."""
    found = {}
    for row in Referral.objects.visible_to(actor).filter(code__in=_codes(items)):
        known = row.conflict_outcome not in ("", ConflictOutcome.CLEAR)
        found[row.code] = Facts(
            _what(row.customer_name, row.amount, row.currency),
            ((_("Known account"), "amber"),) if known else (),
            _("We know this account already: look first.") if known else "",
            row.version,
        )
    return found


def dispute_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """The line that is disputed, what it gave and what the partner expected."""
    rows = Dispute.objects.visible_to(actor).filter(code__in=_codes(items)).select_related("commission")
    return {row.code: _dispute(row) for row in rows}


def _dispute(row: Dispute) -> Facts:
    line = row.commission
    badges: list[tuple[str, str]] = []
    if row.expected_amount is not None:
        wanted = _("expects %(amount)s") % {"amount": money_text(row.expected_amount, line.currency)}
        badges.append((wanted, "amber"))
    if row.file_id is not None:
        badges.append((_("Evidence"), "blue"))
    return Facts(_what(line.title, line.amount, line.currency), tuple(badges), version=row.version)


def _what(customer: str, amount: object, currency: str) -> str:
    return f"{customer} · {money_text(amount, currency)}" if amount is not None else customer


def health_facts(items: Sequence[WorkItem], actor: Actor) -> Mapping[str, Facts]:
    """How far the score fell, from what to what, and the suggested play; all of it stands in the work itself."""
    return {item.ref_code: _health(item.context) for item in items}


def _health(context: Mapping) -> Facts:
    fall = next((line.values for line in from_json(context.get("lines", [])) if line.code == "health.alert"), {})
    play = play_text(context["play"]) if context.get("play") else ""
    change = f"{fall.get('score_before', '–')} → {fall.get('score', '–')}"
    badge = (word(HealthBand, fall.get("band")), BAND_TONES.get(str(fall.get("band")), "grey"))
    return Facts(f"{change} · {play}" if play else change, (badge,) if fall else ())


BAND_TONES = {"champion": "green", "healthy": "lime", "at_risk": "amber", "critical": "orange", "churning": "red"}


def approve(code: str, by: Actor, at: datetime) -> None:
    """Approve one registration."""
    approve_registration(registration=Registration.objects.visible_to(by).get(code=code), by=by, at=at)


def extend(code: str, by: Actor, at: datetime) -> None:
    """Grant the extension that is asked for."""
    decide_extension(registration=Registration.objects.visible_to(by).get(code=code), by=by, at=at, grant=True)


def accept(code: str, by: Actor, at: datetime) -> None:
    """Take a referral on."""
    accept_referral(referral=Referral.objects.visible_to(by).get(code=code), by=by, at=at)


def take_up(code: str, by: Actor, at: datetime) -> None:
    """Take up a fall in health: its manager knows and acts."""
    acknowledge_health_alert(partner=Partner.objects.visible_to(by).get(code=code), by=by, at=at)


def decide_fraud(code: str, by: Actor, at: datetime) -> None:
    """Close the question whether a partnership ends after fraud; ending it happens on the partner's page."""
    close_fraud_case(contract=Contract.objects.visible_to(by).get(code=code), by=by, at=at)


register_group("registrations", gettext_lazy("Registrations"))
register_group("referrals", gettext_lazy("Referrals"))
register_group("wins", gettext_lazy("Wins"))
register_group("disputes", gettext_lazy("Disputes"))
register_group("health", gettext_lazy("Health"))

_DECIDE, _CONFIRM = "deals.registration_decide", "deals.opportunity_confirm"
_EDIT = "partners.partner_edit"
_SETTLE = "deals.commission_settle"
register_work(
    WorkKind(
        kind=DECISION,
        label=gettext_lazy("Registration"),
        group="registrations",
        facts=registration_facts,
        decisions=(
            Decision("a", gettext_lazy("Approve"), _DECIDE, "manage:deals:registration_approve", at_once=True),
            Decision("r", gettext_lazy("Return"), _DECIDE, "manage:deals:registration_return"),
            Decision("x", gettext_lazy("Reject"), _DECIDE, "manage:deals:registration_reject", tone="danger"),
        ),
        approve=approve,
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
            Decision("a", gettext_lazy("Extend"), _DECIDE, "manage:deals:extension_grant", at_once=True),
            Decision("x", gettext_lazy("Decline"), _DECIDE, "manage:deals:extension_decline", tone="danger"),
        ),
        approve=extend,
        approve_permission=_DECIDE,
    )
)
register_work(
    WorkKind(
        kind=REFERRAL,
        label=gettext_lazy("Referral"),
        group="referrals",
        facts=referral_facts,
        decisions=(
            Decision("a", gettext_lazy("Accept"), _DECIDE, "manage:deals:referral_accept", at_once=True),
            Decision("x", gettext_lazy("Decline"), _DECIDE, "manage:deals:referral_decline", tone="danger"),
        ),
        approve=accept,
        approve_permission=_DECIDE,
    )
)
register_work(
    WorkKind(
        kind=WIN,
        label=gettext_lazy("Reported win"),
        group="wins",
        facts=win_facts,
        decisions=(
            Decision("a", gettext_lazy("Confirm"), _CONFIRM, "manage:deals:win_confirm"),
            Decision("x", gettext_lazy("Decline"), _CONFIRM, "manage:deals:win_decline", tone="danger"),
        ),
    )
)
register_work(
    WorkKind(
        kind=DISPUTE,
        label=gettext_lazy("Dispute"),
        group="disputes",
        facts=dispute_facts,
        decisions=(
            Decision("a", gettext_lazy("Uphold"), _SETTLE, "manage:deals:dispute_uphold"),
            Decision("x", gettext_lazy("Reject"), _SETTLE, "manage:deals:dispute_reject", tone="danger"),
        ),
    )
)
register_work(
    WorkKind(
        kind=ALERT,
        label=gettext_lazy("Health fell"),
        group="health",
        facts=health_facts,
        decisions=(Decision("a", gettext_lazy("Take up"), _EDIT, at_once=True),),
        approve=take_up,
        approve_permission=_EDIT,
    )
)
register_work(
    WorkKind(
        kind=FRAUD,
        label=gettext_lazy("Fraud"),
        group="",
        decisions=(Decision("a", gettext_lazy("Decided"), "deals.registration_overrule", at_once=True),),
        approve=decide_fraud,
        approve_permission="deals.registration_overrule",
    )
)
register_work(WorkKind(kind=INFO, label=gettext_lazy("Question"), group=""))
register_work(WorkKind(kind=MISSED_NIGHTS, label=gettext_lazy("Missed nights"), group=""))
