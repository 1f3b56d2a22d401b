"""Sealing history: each day's audit lines are hashed together with the seal before.

A line changed or removed later no longer fits its seal, and neither does any seal after it.
"""

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from prm.core.models import AuditEntry, AuditSeal


def seal_ended_days(*, at: datetime) -> int:
    """Seal each UTC day that has ended and is not sealed, oldest first; the number of days sealed."""
    first = AuditEntry.objects.order_by("at").values_list("at", flat=True).first()
    if first is None:
        return 0
    sealed = 0
    with transaction.atomic():
        last = AuditSeal.objects.select_for_update().order_by("-day").first()
        day = last.day + timedelta(days=1) if last else first.astimezone(UTC).date()
        previous = last.digest if last else ""
        while day < at.astimezone(UTC).date():
            count, digest = digest_of(day, previous)
            AuditSeal.objects.create(day=day, entries=count, digest=digest, previous=previous, sealed_at=at)
            previous, day, sealed = digest, day + timedelta(days=1), sealed + 1
    return sealed


def broken_seals() -> list[AuditSeal]:
    """Seals that no longer fit the lines they were made of, or the seal before; empty when all is well."""
    broken, previous = [], ""
    for seal in AuditSeal.objects.order_by("day"):
        count, digest = digest_of(seal.day, previous)
        if (count, digest, previous) != (seal.entries, seal.digest, seal.previous):
            broken.append(seal)
        previous = seal.digest
    return broken


def digest_of(day: date, previous: str) -> tuple[int, str]:
    """How many lines a UTC day holds, and the SHA-256 over the previous seal and each line in order."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    digest, count = hashlib.sha256(previous.encode()), 0
    lines = AuditEntry.objects.filter(at__gte=start, at__lt=start + timedelta(days=1)).order_by("pk")
    for row in lines.values().iterator(chunk_size=2000):
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
        count += 1
    return count, digest.hexdigest()
