"""Writing history. Every action calls ``record`` inside its own transaction."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from prm.core.actors import Actor
from prm.core.bulk import insert_many
from prm.core.models import AuditEntry
from prm.core.refs import Ref

MASK = "•••"
_SECRET_FIELDS = ("password", "token", "secret", "iban", "tax_id", "account_number")


def entry(
    *,
    code: str,
    by: Actor,
    at: datetime,
    ref: Ref,
    organization_id: int | None = None,
    changes: dict | None = None,
    reason: str = "",
) -> AuditEntry:
    """An unsaved audit line; ``changes`` maps a field to its value or to ``[before, after]``."""
    return AuditEntry(
        at=at,
        code=code,
        actor_kind=by.kind,
        actor_user_id=by.user_id,
        actor_role=by.role,
        job=by.job,
        organization_id=organization_id,
        ref_kind=ref.kind,
        ref_code=ref.code,
        changes=_safe(changes or {}),
        reason=reason,
        request_id=by.request_id,
    )


def record(
    *,
    code: str,
    by: Actor,
    at: datetime,
    ref: Ref,
    organization_id: int | None = None,
    changes: dict | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one audit line in the caller's transaction."""
    line = entry(code=code, by=by, at=at, ref=ref, organization_id=organization_id, changes=changes, reason=reason)
    line.save(force_insert=True)
    return line


def record_many(entries: Iterable[AuditEntry]) -> int:
    """Write many lines, built with ``entry``, in one statement; the count written."""
    return len(insert_many(list(entries)))


def _safe(value: object, field: str = "") -> object:
    """JSON-safe, with secrets masked by the name of their field."""
    if any(word in field for word in _SECRET_FIELDS) and value not in (None, ""):
        return MASK
    if isinstance(value, dict):
        return {str(key): _safe(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(each, field) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
