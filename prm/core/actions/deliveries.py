"""Giving deliveries that were given up another chance."""

from datetime import datetime

from django.db import transaction

from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.choices import DeliveryState
from prm.core.models import OutboxDelivery
from prm.core.refs import Ref


def retry_delivery(*, delivery: OutboxDelivery, by: Actor, at: datetime) -> bool:
    """Put a failed or parked delivery back in line; ``False`` when it is neither."""
    with transaction.atomic():
        delivery = OutboxDelivery.objects.select_for_update(of=("self",)).select_related("event").get(pk=delivery.pk)
        if delivery.state not in {DeliveryState.FAILED, DeliveryState.PARKED}:
            return False
        delivery.state, delivery.attempts, delivery.next_try_at = DeliveryState.PENDING, 0, at
        delivery.save(update_fields=["state", "attempts", "next_try_at"])
        audit.record(
            code="core.delivery.retried",
            by=by,
            at=at,
            ref=Ref(delivery.event.ref_kind, delivery.event.ref_code),
            changes={"event": delivery.event.name, "handler": delivery.handler},
        )
    return True
