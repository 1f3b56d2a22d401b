"""Drafts, completeness, what an answer may change, appeals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from deals.actions import decisions, registrations
from deals.actions.registrations import IncompleteRefused, NotEntitledRefused, RegistrationRefused, StaleRefused
from deals.choices import RegistrationStatus as Status
from deals.kinds import DECISION
from deals.models import Claim, Registration
from partners.models import Grant
from prm.core.models import WorkItem
from prm.core.transitions import TransitionRefused
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db


def test_a_draft_keeps_anything_and_takes_no_account(world: World) -> None:
    kept = registrations.save_draft(
        partner=stage.partner_of(world.sara), by=world.sara.actor, at=AT, values={"customer_name": "He"}
    )
    assert kept.status == Status.DRAFT
    assert not Claim.objects.exists()
    assert not Registration.objects.visible_to(world.mia.actor).exists()


def test_the_same_form_saved_twice_is_one_draft(world: World) -> None:
    partner = stage.partner_of(world.sara)
    for name in ("Helios", "Helios Energy"):
        registrations.save_draft(
            partner=partner, by=world.sara.actor, at=AT, code="DR-7K3M9QX", values={"customer_name": name}
        )
    assert Registration.objects.get().customer_name == "Helios Energy"


def test_another_window_is_not_overwritten(world: World) -> None:
    draft = stage.draft(world.sara)
    saved = registrations.save_draft(
        partner=draft.partner,
        by=world.paul.actor,
        at=AT,
        registration=draft,
        values={"notes": "Paul was here."},
        version=draft.version,
    )
    with pytest.raises(StaleRefused) as refusal:
        registrations.save_draft(
            partner=draft.partner,
            by=world.sara.actor,
            at=AT,
            registration=draft,
            values={"notes": "Sara was here."},
            version=draft.version,
        )
    assert refusal.value.values["saved"] == {"notes": "Paul was here."}
    assert refusal.value.values["version"] == saved.version
    # the same text again is no contradiction
    registrations.save_draft(
        partner=draft.partner,
        by=world.sara.actor,
        at=AT,
        registration=draft,
        values={"notes": "Paul was here."},
        version=draft.version,
    )


def test_only_whitelisted_fields_are_written(world: World) -> None:
    draft = registrations.save_draft(
        partner=stage.partner_of(world.sara),
        by=world.sara.actor,
        at=AT,
        values={"status": "approved", "protected_until": date(2030, 1, 1), "partner_id": world.rival.pk, "notes": "x"},
    )
    assert (draft.status, draft.protected_until, draft.partner_id) == (Status.DRAFT, None, world.northwind.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer_name": ""}, "customer_name"),
        ({"customer_country": ""}, "customer_country"),
        ({"amount": None}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"first_contact_on": date(2026, 6, 16)}, "first_contact_on"),
        ({"expected_close_on": date(2026, 6, 14)}, "expected_close_on"),
        ({"customer_domain": "not a domain"}, "customer_domain"),
        ({"customer_domain": "co.uk"}, "customer_domain"),
        ({"customer_name": "!!!"}, "customer_name"),
        ({"quote_sent_on": date(2026, 6, 16)}, "quote_sent_on"),
    ],
)
def test_what_is_missing_is_said_at_its_field(world: World, changes: dict, field: str) -> None:
    draft = stage.draft(world.sara, **changes)
    with pytest.raises(IncompleteRefused) as refusal:
        registrations.submit_registration(registration=draft, by=world.sara.actor, at=AT)
    assert set(refusal.value.fields) == {field}
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_a_product_is_needed(world: World) -> None:
    with pytest.raises(IncompleteRefused) as refusal:
        stage.submitted(world.sara, products=[])
    assert set(refusal.value.fields) == {"products"}


def test_without_the_entitlement_nothing_is_sent(world: World) -> None:
    Grant.objects.filter(partner=world.northwind.pk).delete()
    with pytest.raises(NotEntitledRefused):
        stage.submitted(world.sara)


def test_sending_twice_sends_once(world: World) -> None:
    draft = stage.draft(world.sara)
    registrations.submit_registration(registration=draft, by=world.sara.actor, at=AT)
    with pytest.raises(TransitionRefused):
        registrations.submit_registration(registration=draft, by=world.sara.actor, at=AT)
    assert WorkItem.objects.filter(kind=DECISION).count() == 1


def test_an_answer_changes_only_what_was_asked_for(world: World) -> None:
    registration = stage.returned(world, world.sara, fields=("amount",))
    answered = registrations.answer_info(
        registration=registration,
        by=world.sara.actor,
        at=AT + timedelta(days=1),
        answer="Corrected.",
        values={"amount": Decimal(90000), "customer_name": "Somebody Else", "notes": "Changed"},
    )
    assert answered.amount == 90000
    assert (answered.customer_name, answered.notes) == ("Helios Energy GmbH", "Met at the energy fair.")


def test_an_empty_answer_is_none(world: World) -> None:
    registration = stage.returned(world, world.sara)
    with pytest.raises(IncompleteRefused):
        registrations.answer_info(registration=registration, by=world.sara.actor, at=AT, answer=" ", values={})


def test_another_customer_in_an_answer_is_another_account(world: World) -> None:
    stage.submitted(world.rita, customer_domain="taken.com")
    registration = stage.returned(world, world.sara, fields=("customer_domain",))
    answered = registrations.answer_info(
        registration=registration,
        by=world.sara.actor,
        at=AT + timedelta(days=1),
        answer="Their other site.",
        values={"customer_domain": "taken.com"},
    )
    assert answered.in_conflict
    assert not Claim.objects.filter(registration=registration, ended_at=None).exists()
    assert Claim.objects.get(registration=registration).ended_because == "changed"


def test_an_appeal_goes_to_the_next_rank_once(world: World) -> None:
    registration = stage.rejected(world, world.sara)
    appealed = registrations.appeal_registration(
        registration=registration, by=world.paul.actor, at=AT + timedelta(days=1), grounds="See the minutes."
    )
    assert appealed.status == Status.SUBMITTED
    item = WorkItem.objects.get(kind=DECISION, closed_at=None)
    assert (item.role, item.assignee, item.step) == ("director", None, 2)
    with pytest.raises(decisions.NotYoursRefused):
        decisions.approve_registration(registration=appealed, by=world.mia.actor, at=AT + timedelta(days=1))
    upheld = decisions.reject_registration(
        registration=appealed, by=world.dan.actor, at=AT + timedelta(days=2), reason="Still no project."
    )
    assert upheld.appeals.get().outcome == "upheld"
    with pytest.raises(RegistrationRefused) as refusal:
        registrations.appeal_registration(
            registration=upheld, by=world.paul.actor, at=AT + timedelta(days=3), grounds="Again."
        )
    assert refusal.value.code == "deals.registration.appealed_already"


def test_an_appeal_can_overturn(world: World) -> None:
    registration = stage.rejected(world, world.sara)
    appealed = registrations.appeal_registration(
        registration=registration, by=world.sara.actor, at=AT + timedelta(days=1), grounds="See the minutes."
    )
    approved = decisions.approve_registration(
        registration=appealed, by=world.dan.actor, at=AT + timedelta(days=1, hours=1)
    )
    assert approved.appeals.get().outcome == "overturned"
    assert Claim.objects.filter(registration=approved, ended_at=None).count() == 1
