"""What core itself does with events: send mail, and tell people of work that is due soon or overdue."""

from datetime import datetime

from prm.core.actions import notices, work_items
from prm.core.actions.mails import send_mail
from prm.core.models import Mail, OutboxEvent, WorkItem
from prm.core.outbox import handles
from prm.core.refs import Ref


@handles("core.mail.written", name="core.send_mail")
def send_written_mail(event: OutboxEvent, at: datetime) -> None:
    """Hand one written mail to the mail server; an error there is retried with growing pauses."""
    send_mail(mail=Mail.objects.select_for_update().get(code=event.ref_code), at=at)


@handles("core.work_item.due_soon", name="core.warn_holder")
def warn_holder(event: OutboxEvent, at: datetime) -> None:
    """Tell who holds a piece of work that three quarters of its time are gone."""
    item = WorkItem.objects.get(code=event.data["work_item"])
    if item.closed_at is None:
        _tell(item, "core.work_due_soon", work_items.members_who_hold(item), at)


@handles("core.work_item.breached", name="core.escalate")
def escalate(event: OutboxEvent, at: datetime) -> None:
    """Tell the holder and the role the work climbs to that its time is over."""
    item = WorkItem.objects.get(code=event.data["work_item"])
    if item.closed_at is None:
        people = {*work_items.members_who_hold(item), *work_items.members_who_hold(item, escalated=True)}
        _tell(item, "core.work_overdue", sorted(people), at)


def _tell(item: WorkItem, topic: str, membership_ids: list[int], at: datetime) -> None:
    notices.notify(
        topic=topic,
        membership_ids=membership_ids,
        ref=Ref(item.ref_kind, item.ref_code),
        at=at,
        context={
            "title": item.title,
            "about": item.about.name if item.about else "",
            "opened_at": item.opened_at,
            "due_at": item.due_at,
        },
    )
