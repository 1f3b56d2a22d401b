"""The only way out: what a transaction promises to tell others, kept until it is told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.choices import DeliveryState


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that made it happen."""

    at = models.DateTimeField(_("when"))
    name = models.CharField(_("event"), max_length=80)
    ref_kind = models.CharField(max_length=50)
    ref_code = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=36, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [models.Index(fields=["name", "at"], name="core_event_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.ref_code}"


class OutboxDelivery(models.Model):
    """One event for one handler: delivered once, retried with growing pauses, parked when unknown."""

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="core_delivery_once")]
        indexes = [
            models.Index(fields=["next_try_at", "id"], condition=models.Q(state="pending"), name="core_delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.handler} ({self.state})"
