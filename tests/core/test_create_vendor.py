"""The first step of a new installation: its company and its first administrator."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client

from prm.core.actions.invitations import accept_invitation
from prm.core.actors import Actor
from prm.core.management.commands import create_vendor
from prm.core.models import AuditEntry, Invitation, Mail, Membership, Organization, User
from tests.world import AT, PASSWORD

pytestmark = pytest.mark.django_db


def create(**options: object) -> str:
    """Run the command for Acme and Ada; what it said."""
    out = StringIO()
    given = {"name": "Acme Cloud", "email": "ada@acme.example", "person": "Ada Lind", **options}
    call_command("create_vendor", stdout=out, **given)
    return out.getvalue()


def link(email: str) -> str:
    """The token of the newest invitation to an address."""
    body = Mail.objects.filter(to_email=email, topic="core.invitation").latest("pk").body_text
    return re.search(r"/join/([^/\s]+)/", body)[1]


def join(email: str, *, at) -> Membership:
    return accept_invitation(token=link(email), by=Actor.anonymous(), at=at, name="Ada Lind", password=PASSWORD)


def type_in(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    answers = list(typed)
    monkeypatch.setattr(create_vendor, "getpass", lambda prompt: answers.pop(0))


def test_it_makes_the_company_and_invites_the_administrator() -> None:
    said = create(time_zone="Europe/Berlin", language="de")
    vendor = Organization.objects.get()
    assert (vendor.kind, vendor.status, vendor.time_zone, vendor.locale) == ("vendor", "active", "Europe/Berlin", "de")
    assert "ada@acme.example" in said
    assert not User.objects.exists()
    invitation = Invitation.objects.get()
    assert (invitation.role, invitation.organization) == ("admin", vendor)
    membership = join("ada@acme.example", at=invitation.created_at)
    assert (membership.role, membership.organization) == ("admin", vendor)


def test_it_leaves_a_trace() -> None:
    create()
    found = AuditEntry.objects.order_by("pk").values_list("code", "job")
    assert list(found) == [("core.organization.set_up", "create_vendor"), ("core.invitation.sent", "create_vendor")]


def test_the_link_is_in_the_mail_only() -> None:
    said = create()
    assert link("ada@acme.example") not in said
    assert Mail.objects.get().is_secret


def test_a_password_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, PASSWORD, PASSWORD)
    create(ask_password=True)
    ada = User.objects.get(email="ada@acme.example")
    assert ada.check_password(PASSWORD)
    assert EmailAddress.objects.get(user=ada).verified
    assert Membership.objects.get(user=ada).role == "admin"
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("typed", [(PASSWORD, "something else entirely"), ("short", "short"), ("1234567890123",) * 2])
def test_a_poor_password_makes_nothing(monkeypatch: pytest.MonkeyPatch, typed: tuple[str, str]) -> None:
    type_in(monkeypatch, *typed)
    with pytest.raises(CommandError):
        create(ask_password=True)
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"email": "ada"}, {"name": "  "}, {"person": ""}, {"time_zone": "Europe/Nowhere"}], ids=str
)
def test_what_can_t_be_right_makes_nothing(wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        create(**wrong)
    assert not Organization.objects.exists()


def test_a_mistyped_address_can_be_corrected() -> None:
    create(email="adda@acme.example")
    wrong = link("adda@acme.example")
    create(name="Another name")
    assert Organization.objects.get().name == "Acme Cloud"
    assert Client().get(f"/join/{wrong}/").status_code == 410
    assert Client().get(f"/join/{link('ada@acme.example')}/").status_code == 200


def test_a_lost_mail_can_be_sent_again() -> None:
    create()
    first = link("ada@acme.example")
    create()
    assert first != link("ada@acme.example")
    assert Client().get(f"/join/{first}/").status_code == 410


def test_it_ends_with_the_first_administrator() -> None:
    create()
    join("ada@acme.example", at=Invitation.objects.get().created_at + timedelta(minutes=1))
    with pytest.raises(CommandError, match="Acme Cloud is set up"):
        create(email="mallory@acme.example")
    assert Invitation.objects.count() == 1
    assert Membership.objects.count() == 1


def test_it_never_takes_over_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_person(email="ada@acme.example", name="Ada", at=AT)
    type_in(monkeypatch, PASSWORD, PASSWORD)
    with pytest.raises(CommandError, match="has an account"):
        create(ask_password=True)
