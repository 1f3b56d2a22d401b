"""What deals do with their own events: news of what the night did is told one by one, after it is written."""

from datetime import date, datetime

from deals.actions.decisions import tell_partner
from deals.actions.earning_news import tell_of_earnings
from deals.actions.links import links_to_extend
from deals.actions.payout_news import tell_of_payment
from deals.actions.statements import tell_of_statement
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


@handles("deals.earnings.moved", name="deals.tell_of_earnings")
def tell_earnings_moved(event: OutboxEvent, at: datetime) -> None:
    """Tell the partner's admins and finance people what became payable and what was taken back, once a night."""
    tell_of_earnings(news=event.data, at=event.at)


def _registration(event: OutboxEvent) -> Registration:
    return Registration.objects.select_related("partner__organization", "program_version").get(code=event.ref_code)


@handles("deals.payout_run.approved", name="deals.process_payout_run")
@handles("deals.payout_run.retried", name="deals.process_payout_run:deals.payout_run.retried")
def order_payout_run(event: OutboxEvent, at: datetime) -> None:
    """Ask the worker to prepare what is planned and to write the files; a run that is done already stays as it is."""
    from deals.tasks import process_payout_run

    process_payout_run.apply_async(args=[event.ref_code], retry=False)


@handles("deals.payout.paid", name="deals.tell_payout_paid")
def tell_payout_paid(event: OutboxEvent, at: datetime) -> None:
    """Send the partner its remittance: what was paid, to which account, and the lines that make it up."""
    tell_of_payment(code=event.ref_code, at=event.at)


@handles("deals.statement.ordered", name="deals.render_statement")
def send_statement_to_worker(event: OutboxEvent, at: datetime) -> None:
    """Queue the writing of a statement; without a broker this fails and is tried again."""
    from deals.tasks import render_statement

    render_statement.apply_async(args=[event.ref_code], retry=False)


@handles("deals.statement.ready", name="deals.tell_statement_ready")
def tell_statement_ready(event: OutboxEvent, at: datetime) -> None:
    """Tell the partner's admins and finance people, with the balances and the way to the statement."""
    tell_of_statement(code=event.ref_code, at=event.at)
