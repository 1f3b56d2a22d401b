"""Links in mails about deals: a GET changes nothing, a POST by the right person acts once (trust T14, T16, T19)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail as outgoing
from django.test import Client

from deals.actions import registrations
from deals.actions.expiries import remind_protections
from deals.choices import RegistrationStatus
from deals.models import ExtensionRequest, Registration
from deals.purposes import APPROVE, EXTEND
from prm.core.actions import memberships
from prm.core.actions.links import LinkRefused, use_link
from prm.core.actions.mails import PURGED
from prm.core.actions.outbox import deliver_due
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Mail, Organization, PortalDay, SignedLink
from prm.core.signed_links import LinkRequest, make_link
from tests.deals import stage
from tests.sweep import fingerprint
from tests.world import AT, Person, World, give_second_factor, signed_in_client

pytestmark = pytest.mark.django_db

NOW = AT + timedelta(days=1)
ACTIVITY = {"activity": "Two workshops with their team."}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Pages read the real clock: it stands a day after the story began."""
    with time_machine.travel(NOW, tick=False):
        yield


def path_of(purpose: str, person: Person, registration: Registration, *, at: datetime = AT, days: int = 7) -> str:
    """The path of a new link."""
    wish = LinkRequest(purpose, good_for=timedelta(days=days))
    return make_link(request=wish, membership=person.membership, ref=registration.ref, at=at).removeprefix(
        settings.SITE_URL
    )


def token_of(path: str) -> str:
    return path.split("/")[2]


def to_approve(world: World) -> tuple[Registration, str]:
    registration = stage.submitted(world.sara)
    return registration, path_of(APPROVE, world.mia, registration)


def to_extend(world: World) -> tuple[Registration, str]:
    registration = stage.approved(world, world.sara)
    return registration, path_of(EXTEND, world.sara, registration)


def status(registration: Registration) -> str:
    return Registration.objects.get(pk=registration.pk).status


def asked(registration: Registration) -> int:
    return ExtensionRequest.objects.filter(registration=registration).count()


# --- What acts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_that_opens_the_links_changes_nothing(world: World, method: str) -> None:
    paths = [to_approve(world)[1], path_of(EXTEND, world.sara, stage.approved(world, world.sara, **other()))]
    before, days = fingerprint(), PortalDay.objects.count()
    for path in paths:
        for _time in range(2):
            answer = getattr(Client(), method)(path)
            assert answer.status_code == 200
            assert "no-store" in answer["Cache-Control"]
    assert (fingerprint(), PortalDay.objects.count()) == (before, days)


def other() -> dict[str, str]:
    return {"customer_name": "Bluebird Logistics", "customer_domain": "bluebird.com"}


def test_a_partner_asks_for_more_time_without_signing_in(world: World) -> None:
    registration, path = to_extend(world)
    page = Client().get(path).content.decode()
    assert "You act as Sara Nowak" in page
    assert registration.customer_name in page
    answer = Client().post(path, ACTIVITY | {"version": registration.version})
    assert answer.status_code == 200
    request = ExtensionRequest.objects.get(registration=registration)
    assert (request.requested_by, request.activity, request.requested_at) == (
        world.sara.user,
        ACTIVITY["activity"],
        NOW,
    )
    line = AuditEntry.objects.get(code="core.link.used")
    assert (line.actor_user, line.ref_code) == (world.sara.user, registration.code)


def test_acting_through_a_mail_is_a_portal_day(world: World) -> None:
    registration, path = to_extend(world)
    Client().get(path)
    assert not PortalDay.objects.exists()
    Client().post(path, ACTIVITY | {"version": registration.version})
    day = PortalDay.objects.get()
    assert (day.membership, day.organization, day.day) == (world.sara.membership, world.northwind, NOW.date())


def test_staff_sign_in_to_approve(world: World) -> None:
    registration, path = to_approve(world)
    page = Client().get(path).content.decode()
    assert f"/accounts/login/?next={path}" in page
    assert "Approve and protect" not in page
    answer = Client().post(path, {"version": registration.version})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")
    assert status(registration) == RegistrationStatus.SUBMITTED
    mia = signed_in_client(world.mia)
    assert "Approve and protect" in mia.get(path).content.decode()
    assert mia.post(path, {"version": registration.version, "note": "Good luck"}).status_code == 200
    registration.refresh_from_db()
    assert (registration.status, registration.decided_by) == (RegistrationStatus.APPROVED, world.mia.user)
    assert registration.decision_note == "Good luck"
    assert SignedLink.objects.get(purpose=APPROVE, membership=world.mia.membership, used_at=NOW)
    assert not PortalDay.objects.exists()


def test_staff_without_a_second_step_set_one_up_first(world: World) -> None:
    registration, path = to_approve(world)
    client = Client()
    client.force_login(world.mia.user)
    answer = client.post(path, {"version": registration.version})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/")
    assert status(registration) == RegistrationStatus.SUBMITTED
    give_second_factor(world.mia.user)
    assert client.post(path, {"version": registration.version}).status_code == 200
    assert status(registration) == RegistrationStatus.APPROVED


def test_a_form_from_another_site_is_refused(world: World) -> None:
    registration, path = to_extend(world)
    assert Client(enforce_csrf_checks=True).post(path, ACTIVITY | {"version": registration.version}).status_code == 403
    assert asked(registration) == 0


# --- What does not ---------------------------------------------------------------------------------


# Masked anew for each page, so that two pages that are the same differ in it.
FORM_TOKEN = re.compile(r'"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"')


def refused(path: str, *, client: Client | None = None, body: dict | None = None) -> str:
    """What GET and POST answer, which must be the same 404 and change nothing."""
    before = fingerprint()
    answers = [(client or Client()).get(path), (client or Client()).post(path, body or ACTIVITY)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert fingerprint() == before
    pages = {FORM_TOKEN.sub("", answer.content.decode()) for answer in answers}
    assert len(pages) == 1
    return pages.pop()


def test_every_link_that_is_not_good_answers_alike(world: World) -> None:
    registration, path = to_extend(world)
    version = {"version": registration.version}
    unknown = refused(f"/act/{'x' * 32}/extend/")
    assert "This link is no longer valid" in unknown
    assert refused(f"/act/{'x' * 500}/extend/") == unknown

    assert refused(path.replace("/extend/", "/approve/")) == unknown  # another purpose
    assert refused(path_of(EXTEND, world.sara, registration, at=AT - timedelta(days=9))) == unknown  # expired

    assert Client().post(path, ACTIVITY | version).status_code == 200
    assert refused(path, body=ACTIVITY | version) == unknown  # used
    assert asked(registration) == 1


def test_a_link_is_good_until_its_last_moment_and_not_after(world: World) -> None:
    registration, path = to_extend(world)
    expiry = SignedLink.objects.get(purpose=EXTEND).expires_at
    for moment, expected in [(expiry - timedelta(seconds=1), 200), (expiry, 404)]:
        with time_machine.travel(moment, tick=False):
            assert Client().get(path).status_code == expected
    assert asked(registration) == 0


def test_somebody_else_who_is_signed_in_is_refused(world: World) -> None:
    extend = to_extend(world)[1]
    for person in (world.paul, world.rita, world.toni, world.dan):
        refused(extend, client=signed_in_client(person))
    registration = stage.submitted(world.sara, **other())
    approve = path_of(APPROVE, world.mia, registration)
    for person in (world.dan, world.ada, world.sara):
        refused(approve, client=signed_in_client(person))
    assert status(registration) == RegistrationStatus.SUBMITTED


def test_leaving_ends_the_link_at_once(world: World) -> None:
    registration, path = to_extend(world)
    memberships.deactivate_membership(membership=world.sara.membership, by=world.paul.actor, at=NOW)
    refused(path, body=ACTIVITY | {"version": registration.version})


def test_a_deactivated_account_or_a_closed_company_ends_it_too(world: World) -> None:
    path = to_extend(world)[1]
    Organization.objects.filter(pk=world.northwind.pk).update(status="closed")
    refused(path)
    Organization.objects.filter(pk=world.northwind.pk).update(status="active")
    assert Client().get(path).status_code == 200
    world.sara.user.is_active = False
    world.sara.user.save(update_fields=["is_active"])
    refused(path)


def test_a_role_that_lost_the_right_ends_it(world: World) -> None:
    path = to_extend(world)[1]
    type(world.sara.membership).objects.filter(pk=world.sara.membership.pk).update(role="learner")
    refused(path)


def test_a_link_to_another_company_s_deal_opens_nothing(world: World) -> None:
    refused(path_of(EXTEND, world.rita, stage.approved(world, world.sara)))


def test_the_action_knows_its_member_by_itself(world: World) -> None:
    path = to_extend(world)[1]
    for by in (world.paul.actor, world.rita.actor, Actor.system("night"), Actor.anonymous()):
        with pytest.raises(LinkRefused):
            use_link(token=token_of(path), purpose=EXTEND, by=by, at=NOW)
    assert use_link(token=token_of(path), purpose=EXTEND, by=world.sara.actor, at=NOW).used_at == NOW
    with pytest.raises(LinkRefused):
        use_link(token=token_of(path), purpose=EXTEND, by=world.sara.actor, at=NOW)


# --- Refusals leave the link good ------------------------------------------------------------------


def test_what_changed_meanwhile_is_shown_before_it_is_approved(world: World) -> None:
    registration, path = to_approve(world)
    mia = signed_in_client(world.mia)
    Registration.objects.filter(pk=registration.pk).update(version=registration.version + 1, amount=1)
    for version in (registration.version, ""):
        answer = mia.post(path, {"version": version})
        assert answer.status_code == 409
        assert "was changed since you opened it" in answer.content.decode()
    assert status(registration) == RegistrationStatus.SUBMITTED
    assert SignedLink.objects.get(membership=world.mia.membership, token_hash=hash_of(path)).used_at is None
    assert mia.post(path, {"version": registration.version + 1}).status_code == 200
    assert status(registration) == RegistrationStatus.APPROVED


def hash_of(path: str) -> str:
    from prm.core.signed_links import hash_token

    return hash_token(token_of(path))


def test_what_was_decided_meanwhile_says_so(world: World) -> None:
    registration, path = to_approve(world)
    registrations.withdraw_registration(registration=registration, by=world.sara.actor, at=NOW)
    mia = signed_in_client(world.mia)
    page = mia.get(path)
    assert page.status_code == 200
    assert "nothing to approve" in page.content.decode()
    registration.refresh_from_db()
    assert mia.post(path, {"version": registration.version}).status_code == 409
    assert status(registration) == RegistrationStatus.WITHDRAWN


def test_whoever_no_longer_decides_is_not_offered_it(world: World) -> None:
    registration = stage.submitted(world.rita)
    path = path_of(APPROVE, world.mia, registration)
    type(registration.partner).objects.filter(pk=world.rival.pk).update(owner=world.dan.user, territory="")
    mia = signed_in_client(world.mia)
    assert "Somebody else decides" in mia.get(path).content.decode()
    assert mia.post(path, {"version": registration.version}).status_code == 422
    assert status(registration) == RegistrationStatus.SUBMITTED


def test_the_activity_is_needed_and_the_link_stays_good(world: World) -> None:
    registration, path = to_extend(world)
    assert Client().post(path, {"activity": " ", "version": registration.version}).status_code == 422
    assert Client().post(path, {"activity": "x" * 2001, "version": registration.version}).status_code == 422
    assert asked(registration) == 0
    assert Client().post(path, ACTIVITY | {"version": registration.version}).status_code == 200


# --- The mails -------------------------------------------------------------------------------------


def links_in(mail: Mail) -> set[str]:
    found = re.findall(rf"{re.escape(settings.SITE_URL)}(/act/[\w-]+/\w+/)", mail.body_text + mail.body_html)
    return set(found)


def test_the_mail_to_decide_holds_a_link_for_its_reader(world: World) -> None:
    registration = stage.submitted(world.sara)
    mail = Mail.objects.get(topic="deals.registration_submitted")
    assert mail.membership == world.mia.membership
    (path,) = links_in(mail)
    assert mail.body_text.count(path) == mail.body_html.count(path) == 1
    assert mail.is_secret
    assert signed_in_client(world.mia).post(path, {"version": registration.version}).status_code == 200
    assert status(registration) == RegistrationStatus.APPROVED


def test_a_conflict_is_not_approved_from_a_mail(world: World) -> None:
    stage.submitted(world.rita)
    Mail.objects.all().delete()
    assert stage.submitted(world.sara).in_conflict
    mail = Mail.objects.get(topic="deals.registration_submitted")
    assert links_in(mail) == set()
    assert not mail.is_secret


def test_the_reminder_holds_a_link_for_each_reader_who_may(world: World) -> None:
    registration = stage.approved(world, world.sara)
    on = registration.protected_until - timedelta(days=7)
    at = datetime.combine(on, AT.timetz())
    remind_protections(on=on, by=Actor.system("night"), at=at)
    deliver_due(at=at)
    mails = {mail.membership_id: mail for mail in Mail.objects.filter(topic="deals.protection_ends")}
    assert set(mails) == {world.sara.membership.pk, world.paul.membership.pk, world.toni.membership.pk}
    paths = {member: links_in(mail) for member, mail in mails.items()}
    assert len(set().union(*paths.values())) == 3
    (path,) = paths[world.paul.membership.pk]
    with time_machine.travel(at + timedelta(hours=3), tick=False):
        assert Client().post(path, ACTIVITY | {"version": registration.version}).status_code == 200
    assert ExtensionRequest.objects.get().requested_by == world.paul.user


def test_nobody_is_offered_more_time_that_can_not_be_had(world: World) -> None:
    registration, path = to_extend(world)
    Client().post(path, ACTIVITY | {"version": registration.version})
    on = registration.protected_until - timedelta(days=7)
    at = datetime.combine(on, AT.timetz())
    remind_protections(on=on, by=Actor.system("night"), at=at)
    deliver_due(at=at)
    mails = Mail.objects.filter(topic="deals.protection_ends")
    assert mails.count() == 3
    assert not set().union(*map(links_in, mails))


@pytest.mark.parametrize("shown", [False, True])
def test_a_mail_with_a_link_is_forgotten_after_sending(world: World, settings, shown: bool) -> None:
    settings.MAIL_PAGE = shown
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    stage.submitted(world.sara)
    deliver_due(at=NOW)
    sent = Mail.objects.get(topic="deals.registration_submitted")
    assert sent.sent_at == NOW
    assert any("/act/" in message.body for message in outgoing.outbox)
    assert (sent.body_text == PURGED) == (not shown)
    assert bool(links_in(sent)) == shown
