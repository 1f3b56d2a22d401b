"""What time alone does to many deals: protections end and are announced, unanswered questions withdraw."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from deals.actions import claims
from deals.actions.decisions import tell_partner
from deals.choices import RegistrationStatus
from deals.models import ExtensionRequest, InfoRequest, Registration
from deals.queries.program import program_at
from deals.rules.states import REGISTRATION
from partners.rules.reminders import due_reminder
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.models import WorkItem

CHUNK = 1000


def expire_registrations(*, on: date, by: Actor, at: datetime, limit: int = CHUNK) -> int:
    """End the protections whose last day lies before ``on``; the number expired. Safe to run twice.

    The opportunity stays open: expiry ends exclusivity only, and an expired deal can still be won.
    """
    done = 0
    while rows := _expire_chunk(on, by, at, limit):
        done += rows
    return done


def _expire_chunk(on: date, by: Actor, at: datetime, limit: int) -> int:
    with transaction.atomic():
        rows = list(
            Registration.objects.filter(status__in=REGISTRATION.sources("expire"), protected_until__lt=on)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("partner__organization")
            .order_by("pk")[:limit]
        )
        _end(rows, "expire", "expired", by, at, topic="deals.registration_expired")
    return len(rows)


def withdraw_unanswered(*, on: date, by: Actor, at: datetime, limit: int = CHUNK) -> int:
    """Withdraw registrations whose question was not answered by its day; the number withdrawn. Safe to run twice."""
    done = 0
    while rows := _lapse_chunk(on, by, at, limit):
        done += rows
    return done


def _lapse_chunk(on: date, by: Actor, at: datetime, limit: int) -> int:
    with transaction.atomic():
        late = InfoRequest.objects.filter(closed_at=None, expires_on__lt=on).values("registration_id")
        rows = list(
            Registration.objects.filter(status__in=REGISTRATION.sources("lapse"), pk__in=late)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("partner__organization")
            .order_by("pk")[:limit]
        )
        _end(rows, "lapse", "withdrawn", by, at, topic="deals.registration_lapsed")
    return len(rows)


def _end(rows: list[Registration], action: str, word: str, by: Actor, at: datetime, *, topic: str) -> None:
    """One guarded update, one audit insert, one outbox insert for all rows, which the caller holds locked."""
    if not rows:
        return
    ids = [row.pk for row in rows]
    target = REGISTRATION.target(rows[0].status, action)
    Registration.objects.filter(pk__in=ids, status__in=REGISTRATION.sources(action)).update(
        status=target, closed_at=at, version=F("version") + 1
    )
    claims.end_claims(registration_ids=ids, because=word, at=at)
    InfoRequest.objects.filter(registration_id__in=ids, closed_at=None).update(closed_at=at)
    ExtensionRequest.objects.filter(registration_id__in=ids, status="requested").update(
        status="declined", decided_at=at
    )
    _close_work([row.code for row in rows], word, at)
    audit.record_many(
        audit.entry(
            code=f"deals.registration.{'lapsed' if action == 'lapse' else word}",
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"status": [row.status, target], "protected_until": row.protected_until},
        )
        for row in rows
    )
    outbox.emit_many(
        name=f"deals.registration.{word}",
        items=[(row.ref, {"partner": row.partner_id}) for row in rows],
        at=at,
    )
    for row in rows:
        row.status = target
        tell_partner(row, topic, at)


def _close_work(codes: list[str], outcome: str, at: datetime) -> None:
    """A reported win outlives the protection: it still waits for the vendor."""
    WorkItem.objects.open().filter(ref_kind="deals.registration", ref_code__in=codes).exclude(
        kind="deals.win_confirmation"
    ).update(closed_at=at, outcome=outcome)


def remind_protections(*, on: date, by: Actor, at: datetime) -> int:
    """Tell partners 14, 7 and 1 days (the terms' list) before a protection ends, each once; the number told.

    After missed nights only the nearest reminder goes out, not all that were missed.
    """
    steps = program_at(at).terms.reminder_days
    if not steps:
        return 0
    told = 0
    ahead = Registration.objects.filter(
        status=RegistrationStatus.APPROVED,
        in_conflict=False,
        protected_until__gte=on,
        protected_until__lte=on + timedelta(days=max(steps)),
    )
    for pk in list(ahead.order_by("pk").values_list("pk", flat=True)):
        told += _remind(pk, on, steps, by, at)
    return told


def _remind(pk: int, on: date, steps: tuple[int, ...], by: Actor, at: datetime) -> bool:
    with transaction.atomic():
        row = (
            Registration.objects.filter(pk=pk, status=RegistrationStatus.APPROVED)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("partner__organization")
            .first()
        )
        if row is None or row.protected_until is None:
            return False
        sent = () if row.reminded_days is None else (row.reminded_days,)
        step = due_reminder(row.protected_until, on, steps, sent)
        if step is None:
            return False
        row.reminded_days = step
        row.save(update_fields=["reminded_days"])
        audit.record(
            code="deals.registration.reminded",
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"days": step, "protected_until": row.protected_until},
        )
        tell_partner(row, "deals.protection_ends", at, days=(row.protected_until - on).days)
    return True


def run_expiries(*, on: date, by: Actor, at: datetime) -> dict[str, int]:
    """All that a night does to deals on a date, in order; counts by what was done."""
    return {
        "expired": expire_registrations(on=on, by=by, at=at),
        "withdrawn": withdraw_unanswered(on=on, by=by, at=at),
        "reminded": remind_protections(on=on, by=by, at=at),
    }
