"""The nouns every app stands on: people, companies, history, work that waits, and the ways out."""

from prm.core.models.audit import AuditEntry, AuditSeal
from prm.core.models.file import StoredFile
from prm.core.models.invitation import Invitation
from prm.core.models.link import SignedLink
from prm.core.models.mail import Mail
from prm.core.models.membership import Membership
from prm.core.models.notice import Notice, NoticePreference
from prm.core.models.organization import Organization
from prm.core.models.outbox import OutboxDelivery, OutboxEvent
from prm.core.models.portal_day import PortalDay
from prm.core.models.user import User
from prm.core.models.work_item import WorkItem

__all__ = [
    "AuditEntry",
    "AuditSeal",
    "Invitation",
    "Mail",
    "Membership",
    "Notice",
    "NoticePreference",
    "Organization",
    "OutboxDelivery",
    "OutboxEvent",
    "PortalDay",
    "SignedLink",
    "StoredFile",
    "User",
    "WorkItem",
]
