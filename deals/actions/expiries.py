"""What time alone does to many deals: protections end and are announced, unanswered questions withdraw."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db.models import F

from deals.actions import claims
from deals.actions.chunks import CHUNK, in_chunks
from deals.models import ExtensionRequest, InfoRequest, Registration
from deals.queries.program import program_at
from deals.rules.states import REGISTRATION
from partners.rules.reminders import due_reminder
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.models import WorkItem


def expire_registrations(
    *, on: date, by: Actor, at: datetime, limit: int = CHUNK, skip: Callable[[str, object], None] | None = None
) -> int:
    """End the protections whose last day lies before ``on``; the number expired. Safe to run twice.

    The opportunity stays open: expiry ends exclusivity only, and an expired deal can still be won. A registration that
    can't be ended is told to ``skip`` by its code, and the others go on; without ``skip`` the error is raised.
    """
    due = Registration.objects.filter(status__in=REGISTRATION.sources("expire"), protected_until__lt=on)
    return in_chunks(due, lambda rows: _end(rows, "expire", "expired", by, at), limit, skip)


def withdraw_unanswered(
    *, on: date, by: Actor, at: datetime, limit: int = CHUNK, skip: Callable[[str, object], None] | None = None
) -> int:
    """Withdraw registrations whose question was not answered by its day; the number withdrawn. Safe to run twice.

    ``skip`` as in ``expire_registrations``.
    """
    late = InfoRequest.objects.filter(closed_at=None, expires_on__lt=on).values("registration_id")
    due = Registration.objects.filter(status__in=REGISTRATION.sources("lapse"), pk__in=late)
    return in_chunks(due, lambda rows: _end(rows, "lapse", "withdrawn", by, at), limit, skip)


def _end(rows: list[Registration], action: str, because: str, by: Actor, at: datetime) -> int:
    """One guarded update, one audit insert, one outbox insert for all rows, which the caller holds locked."""
    if not rows:
        return 0
    ids = [row.pk for row in rows]
    target = REGISTRATION.target(rows[0].status, action)
    name = "deals.registration.expired" if action == "expire" else "deals.registration.lapsed"
    Registration.objects.filter(pk__in=ids, status__in=REGISTRATION.sources(action)).update(
        status=target, closed_at=at, version=F("version") + 1
    )
    claims.end_claims(registration_ids=ids, because=because, at=at)
    InfoRequest.objects.filter(registration_id__in=ids, closed_at=None).update(closed_at=at)
    ExtensionRequest.objects.filter(registration_id__in=ids, status="requested").update(
        status="declined", decided_at=at
    )
    _close_work([row.code for row in rows], because, at)
    audit.record_many(
        audit.entry(
            code=name,
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"status": [row.status, target], "protected_until": row.protected_until},
        )
        for row in rows
    )
    outbox.emit_many(name=name, items=[(row.ref, {"partner_id": row.partner_id}) for row in rows], at=at)
    return len(rows)


def _close_work(codes: list[str], outcome: str, at: datetime) -> None:
    """A reported win outlives the protection: it still waits for the vendor."""
    WorkItem.objects.open().filter(ref_kind="deals.registration", ref_code__in=codes).exclude(
        kind="deals.win_confirmation"
    ).update(closed_at=at, outcome=outcome)


def remind_protections(
    *, on: date, by: Actor, at: datetime, limit: int = CHUNK, skip: Callable[[str, object], None] | None = None
) -> int:
    """Announce 14, 7 and 1 days (the terms' list) before a protection ends, each once; the number announced.

    After missed nights only the nearest reminder goes out, not all that were missed. ``skip`` as in
    ``expire_registrations``.
    """
    steps = program_at(at).terms.reminder_days
    if not steps:
        return 0
    ahead = Registration.objects.protected_on(on).filter(protected_until__lte=on + timedelta(days=max(steps)))
    return in_chunks(ahead, lambda rows: _remind(rows, on, steps, by, at), limit, skip)


def _remind(rows: list[Registration], on: date, steps: tuple[int, ...], by: Actor, at: datetime) -> int:
    due = [(row, step) for row in rows if (step := _step(row, on, steps)) is not None]
    for step in steps:
        reached = [row.pk for row, reached_step in due if reached_step == step]
        if reached:
            Registration.objects.filter(pk__in=reached).update(reminded_days=step)
    audit.record_many(
        audit.entry(
            code="deals.registration.reminded",
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"days": step, "protected_until": row.protected_until},
        )
        for row, step in due
    )
    outbox.emit_many(
        name="deals.registration.reminded",
        items=[(row.ref, {"partner_id": row.partner_id, "on": on.isoformat()}) for row, _step in due],
        at=at,
    )
    return len(due)


def _step(row: Registration, on: date, steps: tuple[int, ...]) -> int | None:
    """The reminder that is due for a protection on this date, if one is."""
    if row.protected_until is None:
        return None
    sent = () if row.reminded_days is None else (row.reminded_days,)
    return due_reminder(row.protected_until, on, steps, sent)


def run_expiries(
    *, on: date, by: Actor, at: datetime, skip: Callable[[str, object], None] | None = None
) -> dict[str, int]:
    """All that a night does to deals on a date, in order; counts by what was done. ``skip`` names what was left out."""
    return {
        "expired": expire_registrations(on=on, by=by, at=at, skip=skip),
        "withdrawn": withdraw_unanswered(on=on, by=by, at=at, skip=skip),
        "reminded": remind_protections(on=on, by=by, at=at, skip=skip),
    }
