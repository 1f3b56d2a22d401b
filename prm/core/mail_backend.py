"""A mail backend for demos and tests: mail counts as sent and stays where it was written."""

from collections.abc import Sequence

import structlog
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

log = structlog.get_logger(__name__)


class StoreOnlyBackend(BaseEmailBackend):
    """Sends nothing. The outbox keeps every mail, so it can be read on the mail page."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Say how many would have been sent."""
        for message in email_messages:
            log.info("mail.kept", recipients=len(message.recipients()))
        return len(email_messages)
