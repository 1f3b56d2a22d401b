"""Removing what has no reason to stay."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from prm.core.choices import DeliveryState
from prm.core.models import OutboxEvent, SignedLink

KEEP_DELIVERED_DAYS = 30
KEEP_LINKS_DAYS = 30


def sweep_expired(*, at: datetime) -> dict[str, int]:
    """Drop stale sessions, long-delivered events and long-expired links; counts by kind."""
    sessions, _ = Session.objects.filter(expire_date__lt=at).delete()
    links, _ = SignedLink.objects.filter(expires_at__lt=at - timedelta(days=KEEP_LINKS_DAYS)).delete()
    events, _ = (
        OutboxEvent.objects.filter(at__lt=at - timedelta(days=KEEP_DELIVERED_DAYS))
        .exclude(deliveries__state__in=[DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.PARKED])
        .delete()
    )
    return {"sessions": sessions, "links": links, "events": events}
