"""Promising and delivering. A promise is a row in the caller's transaction; delivery happens afterwards."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.pools import producers

from prm.core.choices import DeliveryState
from prm.core.models import OutboxDelivery, OutboxEvent
from prm.core.outbox import handler_named, handlers_of
from prm.core.refs import Ref

log = structlog.get_logger(__name__)
_is_unattended: ContextVar[bool] = ContextVar("outbox_unattended", default=False)
MAX_ATTEMPTS = 12
WAKE_SECONDS = 10  # a wake-up that nobody took by then is stale: the schedule has asked since
WAKE_PATIENCE = 0.5  # seconds that a request waits for the broker at most
_quiet_until = 0.0  # on this process's own clock: until when the broker is not called


def emit(*, name: str, ref: Ref, data: dict, at: datetime, request_id: str = "") -> OutboxEvent | None:
    """Keep an event for every handler that wants it; without handlers nothing is written."""
    return emit_many(name=name, items=[(ref, data)], at=at, request_id=request_id)


def emit_many(*, name: str, items: list[tuple[Ref, dict]], at: datetime, request_id: str = "") -> OutboxEvent | None:
    """Keep one event per item in one statement; returns the last one written."""
    return emit_events(events=[Event(name, ref, data) for ref, data in items], at=at, request_id=request_id)


@dataclass(frozen=True)
class Event:
    """News of one thing, for ``emit_events``."""

    name: str
    ref: Ref
    data: dict


def emit_events(*, events: Sequence[Event], at: datetime, request_id: str = "") -> OutboxEvent | None:
    """Keep events of several names in one statement, those that somebody hears; returns the last one written."""
    wanted = {name: handlers_of(name) for name in {event.name for event in events}}
    heard = [event for event in events if wanted[event.name]]
    if not heard:
        return None
    given = [{"name": e.name, "kind": e.ref.kind, "code": e.ref.code, "data": e.data} for e in heard]
    hears = [{"name": name, "handler": handler} for name, handlers in wanted.items() for handler in handlers]
    with connection.cursor() as cursor:
        cursor.execute(
            _PROMISE, {"given": json.dumps(given), "hears": json.dumps(hears), "at": at, "request": request_id}
        )
        pk = cursor.fetchone()[0]
    transaction.on_commit(wake_outbox, robust=True)
    last, ref = heard[-1], heard[-1].ref
    return OutboxEvent(
        pk, at=at, name=last.name, ref_kind=ref.kind, ref_code=ref.code, data=last.data, request_id=request_id
    )


_PROMISE = """
WITH made AS (
  INSERT INTO core_outboxevent (at, name, ref_kind, ref_code, data, request_id)
  SELECT %(at)s, name, kind, code, data, %(request)s
    FROM json_to_recordset(%(given)s::json) AS given(name text, kind text, code text, data jsonb)
  RETURNING id, name
), promised AS (
  INSERT INTO core_outboxdelivery (event_id, handler, state, attempts, next_try_at, error)
  SELECT id, handler, 'pending', 0, %(at)s, ''
    FROM made JOIN json_to_recordset(%(hears)s::json) AS hears(name text, handler text) USING (name)
)
SELECT max(id) FROM made
"""


@contextmanager
def unattended() -> Iterator[None]:
    """Within this block no worker is woken: for bulk work while none runs. The schedule finds what was promised."""
    before = _is_unattended.set(True)
    try:
        yield
    finally:
        _is_unattended.reset(before)


def wake_outbox() -> None:
    """Ask a worker to deliver now. If Redis is away nothing is lost: the schedule asks again in seconds.

    Somebody's click waits for this, so a broker that takes the call and says nothing gets half a second, and a broker
    that failed is left alone for a while: a worker that is back finds the work without being woken.
    """
    from prm.core.tasks import drain_outbox

    global _quiet_until
    if _is_unattended.get() or time.monotonic() < _quiet_until:
        return
    try:
        connection = current_app.connection_for_write(transport_options={"socket_timeout": WAKE_PATIENCE})
        with producers[connection].acquire(block=True, timeout=WAKE_PATIENCE) as producer:
            drain_outbox.apply_async(producer=producer, retry=False, expires=WAKE_SECONDS)
    except Exception as error:  # the broker's client raises many kinds; the sweep delivers anyway
        _quiet_until = time.monotonic() + WAKE_SECONDS
        log.warning("outbox.wake_failed", error=str(error))


def deliver_due(*, at: datetime, limit: int = 200, leave: tuple[str, ...] = ()) -> int:
    """Deliver what is due, each in its own transaction; the number of deliveries tried.

    Handlers whose names begin with one of ``leave`` are left for somebody else.

    A row is locked while its handler runs, so two workers never run one delivery at the same time; a crash
    between the handler's commit and ours cannot happen, because they are the same transaction.
    """
    tried = 0
    while tried < limit and _deliver_one(at, leave):
        tried += 1
    return tried


def _deliver_one(at: datetime, leave: tuple[str, ...]) -> bool:
    with transaction.atomic():
        waiting = OutboxDelivery.objects.all()
        for name in leave:
            waiting = waiting.exclude(handler__startswith=name)
        delivery = (
            waiting.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(state=DeliveryState.PENDING, next_try_at__lte=at)
            .order_by("next_try_at", "pk")
            .first()
        )
        if delivery is None:
            return False
        handler = handler_named(delivery.handler)
        delivery.attempts += 1
        if handler is None:
            delivery.state, delivery.error = DeliveryState.PARKED, "no handler has this name"
        else:
            try:
                with transaction.atomic():
                    handler(delivery.event, at)
                delivery.state, delivery.done_at, delivery.error = DeliveryState.DONE, at, ""
            except Exception as error:  # a broken handler must not stop the others
                log.warning("outbox.delivery_failed", handler=delivery.handler, error=repr(error))
                delivery.error = repr(error)[:2000]
                delivery.next_try_at = at + timedelta(seconds=min(5 * 2**delivery.attempts, 6 * 3600))
                if delivery.attempts >= MAX_ATTEMPTS:
                    delivery.state = DeliveryState.FAILED
        delivery.save(update_fields=["state", "attempts", "next_try_at", "done_at", "error"])
    return True
