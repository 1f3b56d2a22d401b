"""What was agreed in a review: adding, completing, dropping, and postponing it to the next one."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partners.models import Partner
from partners.queries.program import program_today
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refs import Ref
from prm.core.refused import Refused
from prm.core.transitions import Transitions
from reporting.choices import ActionSide, ActionState
from reporting.models import QbrAction

QBR_ACTION = Transitions(
    "QBR action",
    {
        "complete": ((ActionState.OPEN,), ActionState.DONE),
        "drop": ((ActionState.OPEN,), ActionState.DROPPED),
        "carry": ((ActionState.OPEN,), ActionState.OPEN),
    },
)
PERMISSION = "reporting.pack_create"


class QbrActionRefused(Refused):
    """The action can't be changed so."""

    code = "reporting.qbr_action.refused"
    text = _("This action can't be changed so.")


def _must_keep(by: Actor) -> None:
    if not by.can(PERMISSION):
        raise QbrActionRefused("reporting.qbr_action.not_allowed", _("You do not keep QBR actions."))


def _ref(action: QbrAction) -> Ref:
    return Ref("reporting.qbr_action", action.code)


def add_qbr_action(
    *,
    partner: Partner,
    title: str,
    side: str,
    by: Actor,
    at: datetime,
    owner_name: str = "",
    due_on: date | None = None,
    agreed_on: date | None = None,
    external_id: str | None = None,
) -> QbrAction:
    """Note something that was agreed. Raises QbrActionRefused without words, side, or with a due day before it."""
    _must_keep(by)
    agreed_on = agreed_on or program_today(at)
    if not title.strip() or side not in ActionSide.values:
        raise QbrActionRefused("reporting.qbr_action.incomplete", _("Say what was agreed and who does it."))
    if due_on and due_on < agreed_on:
        raise QbrActionRefused("reporting.qbr_action.due_before", _("It can't be due before it was agreed."))
    with transaction.atomic():
        action = QbrAction.objects.create(
            code=new_code("QA"),
            external_id=external_id or None,
            partner=partner,
            title=title.strip()[:250],
            side=side,
            owner_name=owner_name.strip()[:150],
            agreed_on=agreed_on,
            due_on=due_on,
            state=ActionState.OPEN,
            created_at=at,
        )
        audit.record(
            code="reporting.qbr_action.added",
            by=by,
            at=at,
            ref=_ref(action),
            organization_id=partner.pk,
            changes={"title": action.title, "side": side, "due_on": due_on},
        )
    return action


def complete_qbr_action(*, action: QbrAction, by: Actor, at: datetime) -> QbrAction:
    """It is done; it no longer goes into the next pack as open."""
    return _close(action, "complete", "reporting.qbr_action.completed", by, at)


def drop_qbr_action(*, action: QbrAction, by: Actor, at: datetime, reason: str = "") -> QbrAction:
    """Both sides agreed not to do it."""
    return _close(action, "drop", "reporting.qbr_action.dropped", by, at, reason)


def _close(action: QbrAction, verb: str, code: str, by: Actor, at: datetime, reason: str = "") -> QbrAction:
    _must_keep(by)
    with transaction.atomic():
        locked = QbrAction.objects.select_for_update().get(pk=action.pk)
        before = locked.state
        locked.state = QBR_ACTION.target(before, verb)
        locked.closed_on = program_today(at)
        locked.save(update_fields=["state", "closed_on"])
        audit.record(
            code=code,
            by=by,
            at=at,
            ref=_ref(locked),
            organization_id=locked.partner_id,
            changes={"state": [before, locked.state]},
            reason=reason.strip(),
        )
    return locked


def carry_qbr_action(*, action: QbrAction, due_on: date, by: Actor, at: datetime) -> QbrAction:
    """Carry an open action over to a later day. Raises QbrActionRefused for a day that has passed."""
    _must_keep(by)
    if due_on < program_today(at):
        raise QbrActionRefused("reporting.qbr_action.past", _("Choose a day that is still to come."))
    with transaction.atomic():
        locked = QbrAction.objects.select_for_update().get(pk=action.pk)
        QBR_ACTION.target(locked.state, "carry")
        before, locked.due_on = locked.due_on, due_on
        locked.save(update_fields=["due_on"])
        audit.record(
            code="reporting.qbr_action.carried",
            by=by,
            at=at,
            ref=_ref(locked),
            organization_id=locked.partner_id,
            changes={"due_on": [before, due_on]},
        )
    return locked
