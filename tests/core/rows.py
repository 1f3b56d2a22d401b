"""Core's rows in the world of the access sweep."""

from datetime import timedelta
from typing import Any

from prm.core.actions import invitations
from prm.core.models import Invitation, Mail, Membership, Notice
from prm.core.signed_links import hash_token
from tests.world import PASSWORD, Rows, World, register


def _notice(world: World, owner: str, route: str) -> Notice:
    return Notice.objects.create(
        code=f"NT-{owner.upper()[:7]}",
        membership=world.head(owner).membership,
        topic="core.work_due_soon",
        title=world.words(owner, "News"),
        url="/me/preferences/",
        at=world.at,
    )


def _staff(world: World, owner: str, route: str) -> Membership:
    return world.sue.membership


def _invitation(world: World, owner: str, route: str) -> Invitation:
    return invitations.invite_person(
        organization=world.company(owner),
        email=f"guest@{owner}.example",
        name=world.words(owner, "Guest"),
        role="read_only" if owner == "vendor" else "seller",
        by=world.head(owner).actor,
        at=world.now,
    )


def _mail(world: World, owner: str, route: str) -> Mail:
    return Mail.objects.create(
        code="ML-SWEEPED",
        topic="core.account",
        to_email="somebody@example.com",
        subject="Your code",
        body_text="Text",
        body_html="<p>HTML</p>",
        created_at=world.at,
    )


def _token(world: World, owner: str, route: str) -> Invitation:
    """An invitation whose token the sweep knows, as only its mailbox would."""
    invitation = Invitation.objects.create(
        code=f"IN-{owner.upper()[:7]}",
        organization=world.company(owner),
        email=f"newcomer@{owner}.example",
        name=world.words(owner, "Newcomer"),
        role="seller",
        token_hash=hash_token(f"sweep-token-of-{owner}-0123456789"),
        invited_by=world.head(owner).user,
        created_at=world.now,
        expires_at=world.now + timedelta(days=7),
    )
    invitation.token = f"sweep-token-of-{owner}-0123456789"
    return invitation


def _new_role(world: World, row: Any) -> dict[str, str]:
    return {f"{row.code}-role": "read_only"}


register(Rows(kind="core.notice", make=_notice))
register(Rows(kind="core.staff", make=_staff, owners=("vendor",), bodies={"staff_role": _new_role}))
register(Rows(kind="core.invitation", make=_invitation, owners=("vendor",)))
register(Rows(kind="core.mail", make=_mail, owners=("vendor",)))
register(
    Rows(
        kind="core.invitation_accept",
        make=_token,
        kwargs=lambda row: {"token": row.token},
        bodies={"invitation_accept": lambda world, row: {"name": "New Comer", "password": PASSWORD}},
    )
)
