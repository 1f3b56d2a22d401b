"""Who acts: a person in one of their memberships, a job of the night, or nobody known."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """The one who asks or changes, fixed for the length of a request or a job.

    Rights come from the role of the membership in use; they are looked up again on every request.
    """

    kind: Literal["person", "system", "anonymous"]
    user_id: int | None = None
    membership_id: int | None = None
    organization_id: int | None = None
    audience: Literal["vendor", "partner", "system", "public"] = "public"
    role: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    name: str = ""
    email: str = ""
    job: str = ""
    request_id: str = ""

    @classmethod
    def system(cls, job: str) -> "Actor":
        """The actor for a named job."""
        return cls(kind="system", audience="system", job=job, name=job)

    @classmethod
    def anonymous(cls) -> "Actor":
        """Nobody signed in."""
        return cls(kind="anonymous")

    @property
    def is_system(self) -> bool:
        """Whether a job acts."""
        return self.kind == "system"

    @property
    def is_vendor(self) -> bool:
        """Whether a member of the vendor's staff acts."""
        return self.audience == "vendor"

    @property
    def is_partner(self) -> bool:
        """Whether a member of a partner acts."""
        return self.audience == "partner"

    def can(self, permission: str) -> bool:
        """Whether the role in use, or the system, holds the permission."""
        return self.is_system or permission in self.permissions

    @property
    def label(self) -> str:
        """How logs name the actor, without personal data."""
        if self.kind == "person":
            return f"user:{self.user_id}"
        return f"system:{self.job}" if self.is_system else "anonymous"
