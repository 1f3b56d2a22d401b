"""Who holds an account: the first complete version, for its product lines, until it ends or is handed over."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange, NumericRange

from deals.actions import claims, decisions, registrations
from deals.choices import ConflictOutcome, MatchBasis, MatchStrength
from deals.choices import RegistrationStatus as Status
from deals.models import Claim
from prm.core.codes import new_code
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def held(registration) -> bool:
    return claims.holds_claim(registration=registration, at=AT + DAY)


def test_the_second_is_kept_in_conflict_without_a_claim(world: World) -> None:
    first, second = stage.submitted(world.sara), stage.submitted(world.rita)
    assert (first.in_conflict, first.conflict_outcome, held(first)) == (False, ConflictOutcome.CLEAR, True)
    assert (second.in_conflict, second.conflict_outcome, held(second)) == (True, ConflictOutcome.CONFLICT, False)
    assert second.status == Status.SUBMITTED
    match = second.matches.get()
    assert (match.matched_code, match.strength, match.basis) == (first.code, MatchStrength.EXACT, MatchBasis.DOMAIN)


def test_a_newcomer_does_not_put_the_holder_in_conflict(world: World) -> None:
    first = stage.returned(world, world.sara, fields=("customer_name",))
    stage.submitted(world.rita)
    answered = registrations.answer_info(
        registration=first,
        by=world.sara.actor,
        at=AT + DAY,
        answer="Full name.",
        values={"customer_name": "Helios Energy Gesellschaft mbH"},
    )
    assert (answered.in_conflict, answered.conflict_outcome) == (False, ConflictOutcome.WARNING)
    assert decisions.approve_registration(registration=answered, by=world.mia.actor, at=AT + DAY).status == "approved"


@pytest.mark.parametrize(
    "typed",
    [
        "https://www.helios-energy.com/about",
        "HELIOS-ENERGY.COM",
        "shop.helios-energy.com",
        "eva@helios-energy.com",
        "helios-energy.com.",
    ],
)
def test_the_same_domain_however_it_is_typed(world: World, typed: str) -> None:
    stage.submitted(world.sara)
    assert stage.submitted(world.rita, customer_domain=typed, customer_name="Other Words").in_conflict


def test_without_a_domain_the_name_and_country_count(world: World) -> None:
    stage.submitted(world.sara, customer_domain="", customer_name="ACME GmbH")
    assert stage.submitted(world.rita, customer_domain="", customer_name="Acme").in_conflict
    assert not stage.submitted(world.rita, customer_domain="", customer_name="Acme", customer_country="AT").in_conflict


def test_keys_of_different_kinds_only_warn(world: World) -> None:
    stage.submitted(world.sara)
    second = stage.submitted(world.rita, customer_domain="")
    assert (second.in_conflict, second.conflict_outcome) == (False, ConflictOutcome.WARNING)
    assert held(second)


def test_other_product_lines_do_not_collide_and_no_line_collides_with_all(world: World) -> None:
    platform, analytics = stage.product("Platform", 1), stage.product("Analytics", 2)
    suite = stage.product("Whole suite", None)
    assert not stage.submitted(world.sara, products=[platform]).in_conflict
    assert not stage.submitted(world.rita, products=[analytics]).in_conflict
    assert stage.submitted(world.rita, products=[suite]).in_conflict
    assert stage.submitted(world.rita, products=[analytics, platform]).in_conflict


def test_ones_own_second_deal_is_a_duplicate_and_no_conflict(world: World) -> None:
    stage.submitted(world.sara)
    second = stage.submitted(world.paul)
    assert (second.in_conflict, second.conflict_outcome) == (False, ConflictOutcome.DUPLICATE)
    assert held(second)


def test_the_database_refuses_two_partners_on_one_account(world: World) -> None:
    first, second = stage.submitted(world.sara), stage.submitted(world.rita)
    claim = Claim.objects.get(registration=first)
    with pytest.raises(IntegrityError, match="deals_claim_one_holder"), transaction.atomic():
        Claim.objects.create(
            code=new_code("CL"),
            registration=second,
            partner_id=second.partner_id,
            basis=claim.basis,
            account_key=claim.account_key,
            key_version=1,
            product_line=NumericRange(None, None),
            period=DateTimeTZRange(AT + DAY, None),
            started_at=AT + DAY,
        )


def test_a_claim_is_cut_short_and_never_deleted(world: World) -> None:
    first = stage.submitted(world.sara)
    registrations.withdraw_registration(registration=first, by=world.sara.actor, at=AT + DAY)
    claim = Claim.objects.get()
    assert (claim.period.lower, claim.period.upper, claim.ended_because) == (AT, AT + DAY, "withdrawn")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Claim.objects.all().delete()
    assert not stage.submitted(world.rita, at=AT + DAY).in_conflict


def test_a_claim_and_its_registration_have_the_same_partner(world: World) -> None:
    first = stage.submitted(world.sara)
    with pytest.raises(IntegrityError, match="same_partner"), transaction.atomic():
        Claim.objects.filter(registration=first).update(partner_id=world.rival.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_only_a_transfer_gives_the_account_away(world: World) -> None:
    first, second = stage.submitted(world.sara), stage.submitted(world.rita)
    with pytest.raises(decisions.ConflictRefused):
        decisions.approve_registration(registration=second, by=world.dan.actor, at=AT + DAY, reason="I want to")
    with pytest.raises(claims.ClaimRefused) as refusal:
        claims.transfer_claim(registration=second, by=world.mia.actor, at=AT + DAY, reason="Customer's letter")
    assert refusal.value.code == "deals.claim.not_allowed"
    with pytest.raises(claims.ClaimRefused) as refusal:
        claims.transfer_claim(registration=second, by=world.dan.actor, at=AT + DAY, reason=" ")
    assert refusal.value.code == "deals.claim.reason_missing"

    ended = claims.transfer_claim(registration=second, by=world.dan.actor, at=AT + DAY, reason="Customer's letter")
    assert [claim.partner_id for claim in ended] == [world.northwind.pk]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.in_conflict, second.in_conflict) == (True, False)
    taken = Claim.objects.get(registration=second)
    assert (taken.transferred_from.registration_id, taken.reason) == (first.pk, "Customer's letter")
    approved = decisions.approve_registration(registration=second, by=world.mia.actor, at=AT + 2 * DAY)
    assert approved.is_protected_on(approved.protected_until)
    with pytest.raises(decisions.ConflictRefused):
        decisions.approve_registration(registration=first, by=world.mia.actor, at=AT + 2 * DAY)


def test_an_approved_deal_loses_its_protection_by_a_transfer(world: World) -> None:
    first = stage.approved(world, world.sara)
    second = stage.submitted(world.rita, at=AT + 5 * DAY)
    claims.transfer_claim(registration=second, by=world.vera.actor, at=AT + 6 * DAY, reason="Customer's letter")
    first.refresh_from_db()
    assert first.status == Status.APPROVED
    assert first.protected_until == (AT + 5 * DAY).date()
    assert not first.is_protected_on((AT + 5 * DAY).date())


def test_who_holds_the_account_already_needs_no_transfer(world: World) -> None:
    first = stage.submitted(world.sara)
    with pytest.raises(claims.ClaimRefused) as refusal:
        claims.transfer_claim(registration=first, by=world.dan.actor, at=AT, reason="Because")
    assert refusal.value.code == "deals.claim.holds_already"


def test_dates_decide_not_what_the_night_wrote(world: World) -> None:
    """The protection ended yesterday but no night has run: the account is free."""
    first = stage.approved(world, world.sara)
    assert first.protected_until == date(2026, 7, 15)
    still = stage.submitted(world.rita, at=AT + timedelta(days=30), expected_close_on=date(2026, 12, 1))
    assert still.in_conflict
    free = stage.submitted(
        world.rita, at=AT + timedelta(days=31), expected_close_on=date(2026, 12, 1), contact_name="Second try"
    )
    assert not free.in_conflict


def test_known_to_us_needs_a_reason(world: World) -> None:
    """An existing customer of somebody else, and our own pipeline: approving must say why."""
    stage.won(world, world.rita, customer_domain="customer.com", customer_name="Customer AG")
    registration = stage.submitted(
        world.sara, at=AT + timedelta(days=9), customer_domain="customer.com", customer_name="Customer AG"
    )
    assert (registration.in_conflict, registration.conflict_outcome) == (False, ConflictOutcome.CONFLICT)
    with pytest.raises(decisions.ReasonNeededRefused):
        decisions.approve_registration(registration=registration, by=world.mia.actor, at=AT + timedelta(days=9))
    approved = decisions.approve_registration(
        registration=registration, by=world.mia.actor, at=AT + timedelta(days=9), reason="New subsidiary"
    )
    assert approved.approval_reason == "New subsidiary"


def test_upsell_to_ones_own_customer_is_allowed(world: World) -> None:
    stage.won(world, world.sara)
    again = stage.submitted(world.sara, at=AT + timedelta(days=9))
    assert (again.in_conflict, again.conflict_outcome) == (False, ConflictOutcome.CLEAR)
    assert [(match.kind, match.is_own) for match in again.matches.all()] == [("customer", True)]
    decisions.approve_registration(registration=again, by=world.mia.actor, at=AT + timedelta(days=9))
