"""What deals do with their own events: news of what the night did is told one by one, after it is written."""

from datetime import date, datetime

from deals.actions.decisions import tell_partner
from deals.actions.links import links_to_extend
from deals.models import Registration
from prm.core.models import OutboxEvent
from prm.core.outbox import handles


@handles("deals.registration.expired", name="deals.tell_of_expiry")
def tell_of_expiry(event: OutboxEvent, at: datetime) -> None:
    """Tell the partner that a protection ended and the deal can still be won."""
    tell_partner(_registration(event), "deals.registration_expired", event.at)


@handles("deals.registration.lapsed", name="deals.tell_of_lapse")
def tell_of_lapse(event: OutboxEvent, at: datetime) -> None:
    """Tell the partner that its registration was withdrawn, because our question went unanswered."""
    tell_partner(_registration(event), "deals.registration_lapsed", event.at)


@handles("deals.registration.reminded", name="deals.remind_of_end")
def remind_of_end(event: OutboxEvent, at: datetime) -> None:
    """Remind the partner of the end of a protection, unless something happened to it since."""
    registration = _registration(event)
    day = date.fromisoformat(event.data["on"])
    if registration.protected_until is not None and registration.is_protected_on(day):
        tell_partner(
            registration,
            "deals.protection_ends",
            event.at,
            links=links_to_extend(registration, on=day, at=event.at),
            days=(registration.protected_until - day).days,
        )


def _registration(event: OutboxEvent) -> Registration:
    return Registration.objects.select_related("partner__organization", "program_version").get(code=event.ref_code)
