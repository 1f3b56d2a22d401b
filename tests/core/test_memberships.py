"""What a membership opened closes with it, at once (trust T14)."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from prm.core.actions import memberships
from prm.core.actions.memberships import MembershipRefused
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Membership, SignedLink
from tests.world import AT, PASSWORD, Person, World, signed_in_client

pytestmark = pytest.mark.django_db


def code_of(call, **kwargs) -> str:
    with pytest.raises(MembershipRefused) as refused:
        call(**kwargs, at=AT)
    assert refused.value.message
    return refused.value.code


def link_for(person: Person, *, used: bool = False) -> SignedLink:
    return SignedLink.objects.create(
        token_hash=f"hash-{person.membership.pk}-{used}",
        purpose="test",
        membership=person.membership,
        ref_kind="a.b",
        ref_code="C",
        created_at=AT,
        expires_at=AT + timedelta(days=7),
        used_at=AT if used else None,
    )


def test_ending_a_membership_ends_every_session_and_open_link(world: World) -> None:
    by_password = Client()
    by_password.post("/accounts/login/", {"login": "sara@example.com", "password": PASSWORD})
    assert by_password.get("/me/").status_code == 200
    unlisted = signed_in_client(world.sara)
    others = signed_in_client(world.paul)
    open_link, used, foreign = link_for(world.sara), link_for(world.sara, used=True), link_for(world.paul)

    memberships.deactivate_membership(membership=world.sara.membership, by=world.paul.actor, at=AT, reason="left")

    for client in (by_password, unlisted):
        assert client.get("/me/")["Location"].startswith("/accounts/login/")
    assert others.get("/me/").status_code == 200
    assert not UserSession.objects.filter(user=world.sara.user).exists()
    for link, expires in ((open_link, AT), (used, AT + timedelta(days=7)), (foreign, AT + timedelta(days=7))):
        link.refresh_from_db()
        assert link.expires_at == expires
    entry = AuditEntry.objects.get(code="core.membership.ended")
    assert (entry.reason, entry.changes) == ("left", {"sessions": 2, "links": 1})


def test_a_session_that_was_missed_still_opens_nothing(world: World) -> None:
    client = signed_in_client(world.paul)
    Membership.objects.filter(pk=world.paul.membership.pk).update(is_active=False, deactivated_at=AT)
    request_actor = client.get("/me/").wsgi_request.actor
    assert request_actor.membership_id is None
    assert request_actor.permissions == frozenset()


def test_who_works_for_two_companies_keeps_the_other_one(world: World) -> None:
    memberships.deactivate_membership(membership=world.toni.membership, by=world.paul.actor, at=AT)
    client = signed_in_client(world.toni_rival)
    assert client.get("/me/").wsgi_request.actor.organization_id == world.rival.pk


def test_the_last_leader_can_neither_go_nor_step_down(world: World) -> None:
    memberships.deactivate_membership(membership=world.toni_rival.membership, by=world.ada.actor, at=AT)
    for call, extra in (
        (memberships.deactivate_membership, {}),
        (memberships.change_role, {"role": "seller"}),
    ):
        code = code_of(call, membership=world.rita.membership, by=world.ada.actor, **extra)
        assert code == "core.membership.last_leader"
    assert (
        code_of(memberships.deactivate_membership, membership=world.ada.membership, by=Actor.system("test"))
        == "core.membership.last_leader"
    )


def test_nobody_changes_their_own_place(world: World) -> None:
    assert (
        code_of(memberships.deactivate_membership, membership=world.paul.membership, by=world.paul.actor)
        == "core.membership.self"
    )
    assert (
        code_of(memberships.change_role, membership=world.paul.membership, role="seller", by=world.paul.actor)
        == "core.membership.self"
    )


def test_strangers_change_nobody(world: World) -> None:
    for stranger in (world.rita, world.sara, world.toni_rival, world.finn, world.rory):
        for call, extra in ((memberships.deactivate_membership, {}), (memberships.change_role, {"role": "learner"})):
            code = code_of(call, membership=world.sara.membership, by=stranger.actor, **extra)
            assert code == "core.membership.not_yours", stranger.user
    world.sara.membership.refresh_from_db()
    assert (world.sara.membership.role, world.sara.membership.is_active) == ("seller", True)


def test_another_role_closes_links_mailed_under_the_old_one(world: World) -> None:
    link = link_for(world.sara)
    memberships.change_role(membership=world.sara.membership, role="learner", by=world.paul.actor, at=AT)
    link.refresh_from_db()
    assert link.expires_at == AT
    entry = AuditEntry.objects.get(code="core.membership.role_changed")
    assert entry.changes == {"role": ["seller", "learner"]}


def test_a_role_of_the_other_side_is_refused(world: World) -> None:
    assert (
        code_of(memberships.change_role, membership=world.sara.membership, role="admin", by=world.ada.actor)
        == "core.membership.role_unknown"
    )


def test_ending_twice_writes_history_once(world: World) -> None:
    for _ in range(2):
        memberships.deactivate_membership(membership=world.sara.membership, by=world.paul.actor, at=AT)
    assert AuditEntry.objects.filter(code="core.membership.ended").count() == 1


def test_ending_sessions_can_spare_the_one_in_use(world: World) -> None:
    kept, ended = signed_in_client(world.sara), signed_in_client(world.sara)
    assert memberships.end_sessions(user=world.sara.user, except_key=kept.session.session_key) == 1
    assert kept.get("/me/").status_code == 200
    assert ended.get("/me/").status_code == 302
    assert Session.objects.count() == 1
