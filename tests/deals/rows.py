"""Deals in the world of the access sweep: one row in each state in which one of its addresses can be carried out."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions import attachments, extensions, referrals, registrations
from deals.models import Attachment, Claim, Opportunity, Referral, Registration
from tests.core.corpus import pdf
from tests.deals import stage
from tests.world import Person, Rows, World, register

# Which state of a registration an address needs; everything else is shown of a submitted one.
STATES = {
    "registration_edit": "draft",
    "attachment_add": "draft",
    "attachment_remove": "draft",
    "registration_answer": "returned",
    "registration_extend": "approved",
    "registration_update": "approved",
    "registration_report_won": "approved",
    "registration_report_lost": "approved",
    "registration_appeal": "rejected",
    "registration_overrule": "in_conflict",
    "extension_grant": "extending",
    "extension_decline": "extending",
    "win_confirm": "reported",
    "win_decline": "reported",
    "opportunity_confirm": "reported",
    "opportunity_correct": "won",
    "opportunity_update": "approved",
    "opportunity_lose": "approved",
    "opportunity_detail": "approved",
    "referral_qualify": "accepted",
}
_numbers = count(1)


def state_of(route: str) -> str:
    """The state in which an address can be carried out."""
    return STATES.get(route, "submitted")


def _person(world: World, owner: str) -> Person:
    return world.head(owner)


def _words(world: World, owner: str) -> dict[str, Any]:
    """A customer that nobody else has, described in words that carry the owner's canary."""
    number = next(_numbers)
    return {
        "customer_name": world.words(owner, f"Customer {number}"),
        "customer_domain": f"sweep-{owner}-{number}.com",
        "contact_name": world.words(owner, "Eva Lenz"),
        "notes": world.words(owner, "Met at the fair."),
    }


def registration(world: World, owner: str, route: str) -> Registration:
    """A registration of the owner's in the state that the address needs."""
    person, state, at = _person(world, owner), state_of(route), world.at
    words = _words(world, owner)
    if state == "draft":
        return stage.draft(person, at=at, **words)
    if state == "submitted":
        return stage.submitted(person, at=at, **words)
    if state == "returned":
        return stage.returned(world, person, at=at, **words)
    if state == "rejected":
        return stage.rejected(world, person, at=at, **words)
    if state == "reported":
        return stage.reported(world, person, at=at, **words)
    if state == "won":
        return stage.won(world, person, at=at, **words)
    if state == "in_conflict":
        return _in_conflict(world, owner, words)
    approved = stage.approved(world, person, at=at, **words)
    if state == "extending":
        extensions.request_extension(
            registration=approved,
            by=person.actor,
            at=at + timedelta(days=4),
            activity=world.words(owner, "Visited the customer twice."),
        )
        approved.refresh_from_db()
    return approved


def _in_conflict(world: World, owner: str, words: dict[str, Any]) -> Registration:
    """The other partner was first with this customer."""
    other = "northwind" if owner == "rival" else "rival"
    stage.submitted(_person(world, other), at=world.at - timedelta(hours=1), **words | {"customer_name": "First one"})
    return stage.submitted(_person(world, owner), at=world.at, **words)


def attachment(world: World, owner: str, route: str) -> Attachment:
    """A file with a registration."""
    person = _person(world, owner)
    thing = stage.draft(person, at=world.at, **_words(world, owner))
    added = attachments.add_attachment(
        registration=thing,
        by=person.actor,
        at=world.at,
        file=SimpleUploadedFile(f"{world.words(owner, 'proof')}.pdf", pdf()),
    )
    if state_of(route) != "draft":
        registrations.submit_registration(registration=thing, by=person.actor, at=world.at)
    return added


def opportunity(world: World, owner: str, route: str) -> Opportunity:
    """An opportunity that came of a registration."""
    return registration(world, owner, route).opportunity


def referral(world: World, owner: str, route: str) -> Referral:
    """A referral that waits, or one that was accepted."""
    person = _person(world, owner)
    given = {
        key: value
        for key, value in stage.values(**_words(world, owner)).items()
        if key in {"customer_name", "customer_domain", "customer_country", "contact_name", "contact_email", "notes"}
    }
    sent = referrals.submit_referral(partner=stage.partner_of(person), by=person.actor, at=world.at, values=given)
    if state_of(route) == "accepted":
        sent = referrals.accept_referral(referral=sent, by=world.dan.actor, at=world.at + timedelta(hours=1))
    return sent


def claim(world: World, owner: str, route: str) -> Claim:
    """What a registration holds."""
    return registration(world, owner, route).claims.get()


BODIES: dict[str, Any] = {
    "registration_report_won": lambda world, row: {"won_on": (world.at + timedelta(days=2)).date().isoformat()},
    "win_confirm": lambda world, row: {"won_on": (world.at + timedelta(days=2)).date().isoformat()},
}
register(Rows("deals.registration", registration, state_of=state_of, bodies=BODIES))
register(Rows("deals.win", registration, state_of=state_of, bodies=BODIES))
register(Rows("deals.extension", registration, state_of=state_of))
register(
    Rows(
        "deals.attachment",
        attachment,
        kwargs=lambda row: {"code": row.registration.code, "file": row.file.code},
        state_of=state_of,
    )
)
register(Rows("deals.opportunity", opportunity, state_of=state_of))
register(Rows("deals.referral", referral, state_of=state_of))
register(Rows("deals.claim", claim, state_of=state_of))
