"""An invitation lets one address into one company in one role, once (trust T14, T16)."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from prm.core.actions import invitations, memberships
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Invitation, Mail, Membership, Notice, Organization, User
from prm.core.signed_links import hash_token
from tests.world import AT, PASSWORD, World, signed_in_client

pytestmark = pytest.mark.django_db
ANONYMOUS = Actor.anonymous()


@pytest.fixture(autouse=True)
def _today(time_machine_at):
    """Pages read the clock; invitations are made on the story's day."""


@pytest.fixture
def time_machine_at():
    import time_machine

    with time_machine.travel(AT, tick=True):
        yield


def invite(world: World, email: str = "nina@example.com", role: str = "seller", by=None) -> tuple[Invitation, str]:
    invitation = invitations.invite_person(
        organization=world.northwind, email=email, name="Nina Holt", role=role, by=(by or world.paul).actor, at=AT
    )
    return invitation, token_of(invitation)


def token_of(invitation: Invitation) -> str:
    body = Mail.objects.filter(to_email=invitation.email, topic="core.invitation").latest("pk").body_text
    return re.search(r"/join/([^/\s]+)/", body)[1]


def accept(token: str, *, by: Actor = ANONYMOUS, at=AT, **given) -> Membership:
    return invitations.accept_invitation(
        token=token, by=by, at=at, **({"name": "Nina Holt", "password": PASSWORD} | given)
    )


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises((invitations.InvitationRefused, memberships.MembershipRefused)) as refused:
        call(*args, **kwargs)
    assert refused.value.message
    return refused.value.code


def test_an_invitation_makes_a_member_with_a_verified_address(world: World) -> None:
    invitation, token = invite(world)
    membership = accept(token)
    assert membership.organization == world.northwind
    assert membership.role == "seller"
    assert membership.user.email == "nina@example.com"
    assert membership.user.check_password(PASSWORD)
    assert EmailAddress.objects.get(user=membership.user).verified
    invitation.refresh_from_db()
    assert (invitation.accepted_at, invitation.accepted_by) == (AT, membership.user)
    codes = list(AuditEntry.objects.filter(ref_code=invitation.code).order_by("pk").values_list("code", flat=True))
    assert codes == ["core.invitation.sent", "core.invitation.accepted"]
    assert Notice.objects.filter(membership=world.paul.membership, topic="core.invitation_accepted").count() == 1


def test_the_token_is_kept_nowhere_but_in_the_mail(world: World) -> None:
    invitation, token = invite(world)
    assert invitation.token_hash == hash_token(token)
    assert len(token) >= 32
    assert Mail.objects.get(topic="core.invitation").is_secret
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_token_works_once(world: World) -> None:
    _, token = invite(world)
    accept(token)
    assert refusal(accept, token) == "core.invitation.unusable"


def test_a_token_ends_with_its_days(world: World) -> None:
    invitation, token = invite(world)
    assert refusal(accept, token, at=invitation.expires_at) == "core.invitation.unusable"
    assert accept(token, at=invitation.expires_at - timedelta(seconds=1))


def test_a_withdrawn_invitation_is_useless(world: World) -> None:
    invitation, token = invite(world)
    invitations.revoke_invitation(invitation=invitation, by=world.paul.actor, at=AT)
    assert refusal(accept, token) == "core.invitation.unusable"


def test_sending_again_makes_the_first_link_useless_and_starts_the_days_anew(world: World) -> None:
    invitation, first = invite(world)
    later = AT + timedelta(days=20)
    invitations.resend_invitation(invitation=invitation, by=world.paul.actor, at=later)
    second = token_of(invitation)
    assert first != second
    assert refusal(accept, first, at=later) == "core.invitation.unusable"
    assert accept(second, at=later + timedelta(days=6))


def test_a_used_invitation_is_neither_sent_again_nor_withdrawn(world: World) -> None:
    invitation, token = invite(world)
    accept(token)
    assert refusal(invitations.resend_invitation, invitation=invitation, by=world.paul.actor, at=AT)
    assert (
        refusal(invitations.revoke_invitation, invitation=invitation, by=world.paul.actor, at=AT)
        == "core.invitation.accepted"
    )


def test_a_closed_company_takes_nobody_in(world: World) -> None:
    _, token = invite(world)
    Organization.objects.filter(pk=world.northwind.pk).update(status="closed")
    assert refusal(accept, token) == "core.invitation.unusable"
    assert refusal(invite, world, "x@example.com") == "core.invitation.company_closed"


@pytest.mark.parametrize("role", ["admin", "partner_manager", "nonsense", ""])
def test_a_partner_cannot_hand_out_roles_of_the_vendor(world: World, role: str) -> None:
    assert refusal(invite, world, role=role) == "core.membership.role_unknown"


def test_only_those_who_manage_a_company_invite_into_it(world: World) -> None:
    for person in (world.sara, world.rita, world.finn, world.rory):
        assert refusal(invite, world, by=person) == "core.membership.not_yours"
    for number, person in enumerate((world.mia, world.ada)):
        assert invite(world, f"n{number}@example.com", by=person)
    with pytest.raises(memberships.MembershipRefused):
        invitations.invite_person(
            organization=world.vendor, email="x@example.com", name="", role="admin", by=world.mia.actor, at=AT
        )


def test_one_open_invitation_per_address_and_company(world: World) -> None:
    invitation, _ = invite(world)
    assert refusal(invite, world, "NINA@example.com") == "core.invitation.already_open"
    assert refusal(invite, world, "sara@example.com") == "core.invitation.already_member"
    later = invitations.invite_person(
        organization=world.northwind,
        email="nina@example.com",
        name="",
        role="learner",
        by=world.paul.actor,
        at=invitation.expires_at,
    )
    assert later.pk != invitation.pk


def test_an_address_with_an_account_must_be_signed_in(world: World) -> None:
    _, token = invite(world, "rita@example.com")
    before = User.objects.get(email="rita@example.com").password
    assert refusal(accept, token) == "core.invitation.sign_in_first"
    assert refusal(accept, token, by=world.sara.actor) == "core.invitation.sign_in_first"
    membership = accept(token, by=world.rita.actor, name="Somebody Else", password="other-password-123")
    assert membership.user == world.rita.user
    world.rita.user.refresh_from_db()
    assert (world.rita.user.name, world.rita.user.password) == ("Rita Moss", before)


def test_a_new_address_is_not_taken_by_whoever_is_signed_in(world: World) -> None:
    _, token = invite(world)
    assert refusal(accept, token, by=world.rita.actor) == "core.invitation.other_account"


def test_someone_who_left_comes_back_in_the_new_role(world: World) -> None:
    memberships.deactivate_membership(membership=world.sara.membership, by=world.paul.actor, at=AT)
    _, token = invite(world, "sara@example.com", role="learner")
    membership = accept(token, by=Actor(kind="person", user_id=world.sara.user.pk))
    assert membership.pk == world.sara.membership.pk
    assert (membership.role, membership.is_active, membership.deactivated_at) == ("learner", True, None)


# --- the page --------------------------------------------------------------------------------------


def form(**changes: str) -> dict[str, str]:
    return {"name": "Nina Holt", "password": PASSWORD} | changes


def test_the_page_shows_company_and_role_and_changes_nothing(world: World) -> None:
    _, token = invite(world)
    page = Client().get(f"/join/{token}/")
    assert page.status_code == 200
    assert "Northwind Solutions" in page.content.decode()
    assert "Seller" in page.content.decode()
    assert not User.objects.filter(email="nina@example.com").exists()


def test_accepting_on_the_page_signs_in(world: World) -> None:
    _, token = invite(world)
    client = Client()
    answer = client.post(f"/join/{token}/", form())
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    user = User.objects.get(email="nina@example.com")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.post(f"/join/{token}/", form()).status_code == 410


def test_role_company_and_address_in_the_body_are_ignored(world: World) -> None:
    _, token = invite(world)
    Client().post(
        f"/join/{token}/",
        form(role="partner_admin", organization=str(world.rival.pk), email="mallory@example.com", is_staff="1"),
    )
    membership = Membership.objects.get(user__email="nina@example.com")
    assert (membership.role, membership.organization) == ("seller", world.northwind)
    assert not User.objects.filter(email="mallory@example.com").exists()


def test_a_role_that_needs_a_second_step_goes_there_first(world: World) -> None:
    _, token = invite(world, role="partner_finance")
    client = Client()
    assert client.post(f"/join/{token}/", form())["Location"] == "/accounts/2fa/"
    for path in ("/portal/", "/me/", "/me/notices/"):
        answer = client.get(path)
        if answer.status_code != 404:
            assert answer["Location"] == "/accounts/2fa/", path
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("password", ["pw-7", "402817365920", "nina@example.com"])
def test_a_weak_password_is_refused_and_the_name_stays(world: World, password: str) -> None:
    _, token = invite(world)
    page = Client().post(f"/join/{token}/", form(name="Nina H.", password=password))
    assert page.status_code == 422
    assert "Nina H." in page.content.decode()
    assert password not in page.content.decode() or password == "nina@example.com"


def test_every_unusable_token_shows_the_same_page(world: World) -> None:
    _, used = invite(world)
    Client().post(f"/join/{used}/", form())
    withdrawn, gone = invite(world, "o@example.com")
    invitations.revoke_invitation(invitation=withdrawn, by=world.paul.actor, at=AT)
    strip = re.compile(r'nonce="[^"]*"|csrf\w*|X-CSRFToken": "[^"]*"')
    pages = {strip.sub("", Client().get(f"/join/{token}/").content.decode()) for token in (used, gone, "x" * 32)}
    assert len(pages) == 1
    assert Client().get(f"/join/{used}/").status_code == 410


def test_somebody_else_who_is_signed_in_is_asked_to_sign_out(world: World) -> None:
    _, token = invite(world)
    client = signed_in_client(world.rita)
    assert "another address" in client.get(f"/join/{token}/").content.decode()
    client.post(f"/join/{token}/", form())
    assert not User.objects.filter(email="nina@example.com").exists()


def test_an_address_with_an_account_is_asked_to_sign_in_and_comes_back(world: World) -> None:
    _, token = invite(world, "rita@example.com")
    page = Client().get(f"/join/{token}/").content.decode()
    assert f"/accounts/login/?next=/join/{token}/" in page
    assert "password" not in page.lower()
    client = signed_in_client(world.rita)
    assert client.post(f"/join/{token}/").status_code == 302
    assert client.session["membership"] == Membership.objects.get(user=world.rita.user, organization=world.northwind).pk


def test_the_form_is_guarded_against_other_sites(world: World) -> None:
    _, token = invite(world)
    assert Client(enforce_csrf_checks=True).post(f"/join/{token}/", form()).status_code == 403
