"""Telling people that certificates run out."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import OperationalError, transaction

from partners.queries.program import NoProgramInForce, reminder_terms, term_set, version_at
from partners.rules.reminders import due_reminder
from prm.core.actions import audit
from prm.core.actions.notices import notify
from prm.core.actors import Actor
from prm.core.models import Membership
from training.models import Certificate

TOPIC = "training.certificate_ends"


def remind_certificates(*, on: date, by: Actor, at: datetime, skip: Callable[[str, object], None] | None = None) -> int:
    """Tell holders and their company's admins 90, 30 and 7 days (the terms' list) before a certificate ends.

    Only certificates that count are announced: current ones of current members. Each step is told once; after
    missed nights only the nearest one. The number of certificates announced. A certificate that can't be announced is
    told to ``skip`` by its code, and the others go on; without ``skip`` the error is raised.
    """
    try:
        steps = reminder_terms(version_at(on)).yearly_days
    except NoProgramInForce:
        return 0
    soon = (
        Certificate.objects.current(on)
        .filter(valid_until__lte=on + timedelta(days=max(steps, default=0)), user__isnull=False)
        .order_by("pk")
        .values_list("pk", "code", "valid_until", "reminded_days")
    )
    told = 0
    for pk, code, valid_until, reminded in list(soon):
        if due_reminder(valid_until, on, steps, () if reminded is None else (reminded,)) is None:
            continue
        try:
            told += _remind(pk, on, steps, by, at)
        except OperationalError:
            raise
        except Exception as error:
            if skip is None:
                raise
            skip(code, error)
    return told


def _remind(pk: int, on: date, steps: tuple[int, ...], by: Actor, at: datetime) -> bool:
    with transaction.atomic():
        certificate = (
            Certificate.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("partner__organization")
            .filter(pk=pk)
            .first()
        )
        if certificate is None or certificate.user_id is None:
            return False
        sent = () if certificate.reminded_days is None else (certificate.reminded_days,)
        step = due_reminder(certificate.valid_until, on, steps, sent)
        company = Membership.objects.active().filter(organization_id=certificate.partner_id)
        holder = company.filter(user_id=certificate.user_id).values_list("pk", flat=True).first()
        if step is None or holder is None:
            return False
        certificate.reminded_days = step
        certificate.save(update_fields=["reminded_days"])
        audit.record(
            code="training.certificate.reminded",
            by=by,
            at=at,
            ref=certificate.ref,
            organization_id=certificate.partner_id,
            changes={"days": step, "valid_until": certificate.valid_until},
        )
        notify(
            topic=TOPIC,
            membership_ids={holder, *company.filter(role="partner_admin").values_list("pk", flat=True)},
            ref=certificate.ref,
            at=at,
            context={
                "certificate": certificate,
                "kind_name": _name_of(certificate.kind, on),
                "days": (certificate.valid_until - on).days,
                "partner": certificate.partner,
            },
        )
    return True


def _name_of(kind: str, on: date) -> str:
    """How the program calls this kind of certificate; one it no longer knows keeps its code."""
    entry = term_set(version_at(on), "certificates").kind(kind)
    return entry.name if entry else kind
