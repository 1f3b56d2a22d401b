"""What a link in a mail does to a deal: the link is used up with the change, or neither happens."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from deals.actions.contention import settled
from deals.actions.decisions import approve_registration
from deals.actions.extensions import may_ask_for_extension, request_extension
from deals.models import ExtensionRequest, Registration
from deals.purposes import APPROVE, EXTEND
from prm.core.actions.links import LinkRefused, use_link
from prm.core.actors import Actor
from prm.core.signed_links import LinkRequest


def links_to_extend(registration: Registration, *, on: date, at: datetime) -> Iterable[LinkRequest]:
    """As long as the protection runs and may be extended, more time can be asked for from the mail."""
    if registration.protected_until is None or not may_ask_for_extension(registration, at):
        return ()
    return (LinkRequest(EXTEND, good_for=timedelta(days=(registration.protected_until - on).days + 1)),)


@settled
def approve_by_link(*, token: str, by: Actor, at: datetime, version: int | None, note: str = "") -> Registration:
    """Approve the registration that a link is about, as it was shown. LinkRefused for a link that isn't good."""
    with transaction.atomic():
        return approve_registration(
            registration=_registration_of(token, APPROVE, by, at), by=by, at=at, note=note, version=_shown(version)
        )


@settled
def request_extension_by_link(
    *, token: str, by: Actor, at: datetime, version: int | None, activity: str
) -> ExtensionRequest:
    """Ask for more time for the registration that a link is about. LinkRefused for a link that isn't good."""
    with transaction.atomic():
        return request_extension(
            registration=_registration_of(token, EXTEND, by, at),
            by=by,
            at=at,
            activity=activity,
            version=_shown(version),
        )


def _shown(version: int | None) -> int:
    """The version that the page showed; a form without one was not ours, which is as good as an old one."""
    return -1 if version is None else version


def _registration_of(token: str, purpose: str, by: Actor, at: datetime) -> Registration:
    """Use up the link; what it is about."""
    link = use_link(token=token, purpose=purpose, by=by, at=at)
    registration = Registration.objects.visible_to(by).filter(code=link.ref_code).first()
    if registration is None:
        raise LinkRefused
    return registration
