"""Django admin: behind the one sign-in, looking only, changes through actions (trust T10, T33)."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from prm.core.admin_apps import OURS
from prm.core.models import AuditEntry, Invitation, Membership, OutboxDelivery, OutboxEvent
from tests.world import PASSWORD, World, signed_in_client

pytestmark = pytest.mark.django_db


def test_every_model_is_in_admin() -> None:
    missing = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in OURS and not model._meta.auto_created and not admin.site.is_registered(model)
    ]
    assert missing == []


@pytest.mark.parametrize("person", ["mia", "finn", "rory", "vera", "paul", "sara", "rita"])
def test_for_everyone_but_admins_there_is_no_such_page(world: World, person: str) -> None:
    client = signed_in_client(getattr(world, person))
    assert client.get("/admin/", follow=True).status_code == 404
    assert client.get(reverse("admin:core_user_changelist"), follow=True).status_code == 404


def test_an_admin_without_second_step_sets_one_up_first(world: World) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert client.get("/admin/", follow=False)["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/accounts/2fa/"


def test_every_list_and_form_opens(world: World) -> None:
    client = signed_in_client(world.ada)
    Invitation.objects.create(
        code="IN-1",
        organization=world.northwind,
        email="x@example.com",
        role="seller",
        token_hash="TOKEN-HASH-9",
        created_at=world.at,
        expires_at=world.at,
    )
    for model, model_admin in admin.site._registry.items():
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(url).status_code == 200, url
        row = model._default_manager.first()
        if row is not None:
            page = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))
            assert page.status_code == 200, model
            for secret in ("TOKEN-HASH-9", "md5$", "JBSWY3DPEHPK3PXP"):
                assert secret not in page.content.decode(), model
        if model._meta.app_label == "core":
            assert not model_admin.has_delete_permission(page.wsgi_request if row else None)


@pytest.mark.parametrize("model", ["auditentry", "auditseal", "mail", "membership", "user", "workitem", "outboxevent"])
def test_nothing_is_added_or_deleted(world: World, model: str) -> None:
    client = signed_in_client(world.ada)
    assert client.get(reverse(f"admin:core_{model}_add")).status_code == 403
    some = Membership.objects.first()
    if model == "membership":
        assert client.post(reverse("admin:core_membership_delete", args=[some.pk]), {"post": "yes"}).status_code == 403
        assert (
            client.post(reverse("admin:core_membership_change", args=[some.pk]), {"role": "admin"}).status_code == 403
        )


def test_editing_a_person_goes_through_the_action(world: World) -> None:
    client = signed_in_client(world.ada)
    client.post(
        reverse("admin:core_user_change", args=[world.sara.user.pk]),
        {"name": "Sara N.", "time_zone": "UTC", "locale": "de", "email": "evil@example.com", "is_active": ""},
    )
    world.sara.user.refresh_from_db()
    assert (world.sara.user.name, world.sara.user.email, world.sara.user.is_active) == (
        "Sara N.",
        "sara@example.com",
        True,
    )
    entry = AuditEntry.objects.get(code="core.user.profile_changed")
    assert (entry.actor_user, entry.changes) == (world.ada.user, {"fields": ["name", "time_zone", "locale"]})


def test_editing_a_company_goes_through_the_action(world: World) -> None:
    client = signed_in_client(world.ada)
    client.post(
        reverse("admin:core_organization_change", args=[world.northwind.pk]),
        {
            "name": "Northwind AG",
            "time_zone": "UTC",
            "locale": "de",
            "accent": "#112233",
            "status": "closed",
            "kind": "vendor",
        },
    )
    world.northwind.refresh_from_db()
    assert (world.northwind.name, world.northwind.status, world.northwind.kind) == ("Northwind AG", "active", "partner")
    assert AuditEntry.objects.get(code="core.organization.changed").changes["name"] == [
        "Northwind Solutions",
        "Northwind AG",
    ]


def test_ending_access_from_the_list(world: World) -> None:
    client, sara = signed_in_client(world.ada), signed_in_client(world.sara)
    client.post(
        reverse("admin:core_membership_changelist"),
        {"action": "end_access", "_selected_action": [world.sara.membership.pk, world.ada.membership.pk]},
    )
    world.sara.membership.refresh_from_db()
    world.ada.membership.refresh_from_db()
    assert (world.sara.membership.is_active, world.ada.membership.is_active) == (False, True)
    assert sara.get("/me/").status_code == 302


def test_a_delivery_that_was_given_up_is_tried_again(world: World) -> None:
    event = OutboxEvent.objects.create(at=world.at, name="x.y", ref_kind="x", ref_code="X")
    failed = OutboxDelivery.objects.create(event=event, handler="a", state="failed", attempts=12, next_try_at=world.at)
    done = OutboxDelivery.objects.create(event=event, handler="b", state="done", attempts=1, next_try_at=world.at)
    signed_in_client(world.ada).post(
        reverse("admin:core_outboxdelivery_changelist"), {"action": "retry", "_selected_action": [failed.pk, done.pk]}
    )
    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.state, failed.attempts, done.state) == ("pending", 0, "done")


def test_a_change_asks_for_a_recent_sign_in(world: World) -> None:
    client = signed_in_client(world.ada)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session.save()
    answer = client.post(
        reverse("admin:core_membership_changelist"),
        {"action": "end_access", "_selected_action": [world.sara.membership.pk]},
    )
    assert "reauthenticate" in answer["Location"]
    world.sara.membership.refresh_from_db()
    assert world.sara.membership.is_active
