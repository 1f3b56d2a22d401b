"""The closed lists of words that core nouns use."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OrganizationKind(TextChoices):
    VENDOR = "vendor", _("Vendor")
    PARTNER = "partner", _("Partner")


class OrganizationStatus(TextChoices):
    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")


class ActorKind(TextChoices):
    PERSON = "person", _("Person")
    SYSTEM = "system", _("System")
    ANONYMOUS = "anonymous", _("Anonymous")


class DeliveryState(TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    PARKED = "parked", _("Parked")


class MailState(TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    SUPPRESSED = "suppressed", _("Suppressed")


class LinkPurpose(TextChoices):
    OPEN = "open", _("Open")
    APPROVE = "approve", _("Approve")
    RETURN = "return", _("Return")
