"""Writing mail down and sending it."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from prm.core.actions import outbox
from prm.core.choices import MailState
from prm.core.codes import new_code
from prm.core.models import Mail
from prm.core.refs import Ref

PURGED = "(removed after sending: it held a code or a personal link)"


def write_mail(
    *,
    topic: str,
    to_email: str,
    subject: str,
    body_text: str,
    body_html: str = "",
    at: datetime,
    membership_id: int | None = None,
    is_secret: bool = False,
) -> Mail:
    """Keep a mail in the caller's transaction and promise to send it afterwards."""
    mail = new_mail(
        topic=topic,
        to_email=to_email,
        subject=subject,
        body_text=body_text,
        body_html=body_html,
        at=at,
        membership_id=membership_id,
        is_secret=is_secret,
    )
    write_mails(mails=[mail], at=at)
    return mail


def new_mail(
    *,
    topic: str,
    to_email: str,
    subject: str,
    body_text: str,
    body_html: str = "",
    at: datetime,
    membership_id: int | None = None,
    is_secret: bool = False,
) -> Mail:
    """A mail that is not written down yet, for ``write_mails``."""
    return Mail(
        code=new_code("ML"),
        topic=topic,
        membership_id=membership_id,
        to_email=to_email,
        subject=" ".join(subject.split())[:250],
        body_text=body_text,
        body_html=body_html,
        is_secret=is_secret,
        created_at=at,
    )


def write_mails(*, mails: Sequence[Mail], at: datetime) -> None:
    """Keep many new mails in the caller's transaction and promise to send them. Two statements."""
    Mail.objects.bulk_create(mails)
    outbox.emit_many(name="core.mail.written", items=[(Ref("core.mail", mail.code), {}) for mail in mails], at=at)


def send_mail(*, mail: Mail, at: datetime) -> None:
    """Send once; a mail that was sent before stays as it is. Secret bodies are purged on success."""
    if mail.state != MailState.QUEUED:
        return
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.body_text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to_email],
        headers={"Message-ID": f"<{mail.code}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>"},
    )
    if mail.body_html:
        message.attach_alternative(mail.body_html, "text/html")
    message.send()
    mail.state, mail.sent_at = MailState.SENT, at
    if mail.is_secret and not settings.MAIL_PAGE:
        mail.body_text, mail.body_html, mail.purged_at = PURGED, "", at
    mail.save(update_fields=["state", "sent_at", "body_text", "body_html", "purged_at"])
