"""Two people at the same moment: one wins, the other gets a plain answer (F7, F9), and without the guard it breaks."""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from deals.actions import claims, decisions, registrations
from deals.actions.contention import ContentionRefused, settled
from deals.models import Claim, Opportunity, Registration
from deals.purposes import EXTEND
from prm.core.actions import links
from prm.core.models import AuditEntry, Mail, WorkItem
from prm.core.refused import Refused
from prm.core.signed_links import LinkRequest, make_link, open_link
from tests.deals import stage
from tests.deals.actions.racing import ROUNDS, Paused, at_once, interleaved, without_constraint
from tests.world import AT, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LATER = AT + timedelta(hours=1)
DECIDED = ["deals.registration.approved", "deals.registration.rejected", "deals.registration.withdrawn"]


def calls(world: World, registration: Registration) -> dict[str, Callable[[], Any]]:
    """What three people do to one registration, each with the page they opened a minute ago."""
    return {
        "approve": lambda: decisions.approve_registration(
            registration=registration, by=world.mia.actor, at=LATER, version=registration.version
        ),
        "reject": lambda: decisions.reject_registration(
            registration=registration, by=world.dan.actor, at=LATER, reason="No.", version=registration.version
        ),
        "withdraw": lambda: registrations.withdraw_registration(
            registration=registration, by=world.sara.actor, at=LATER, version=registration.version
        ),
    }


def wins(results: list[Any]) -> int:
    """How many went through; anything but a plain refusal on the other side is an error of ours."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refused):
            raise result
    return sum(not isinstance(result, Exception) for result in results)


def is_sound(registration: Registration) -> bool:
    """One decision, told once, with one protection and one deal, or none at all."""
    registration.refresh_from_db()
    approved = registration.status == "approved"
    return (
        AuditEntry.objects.filter(ref_code=registration.code, code__in=DECIDED).count() == 1
        and Opportunity.objects.filter(registration=registration).count() == approved
        and Claim.objects.filter(registration=registration, ended_at=None).count() == approved
        and Mail.objects.filter(
            topic="deals.registration_approved", subject__contains=registration.customer_name
        ).count()
        == (3 if approved else 0)
        and not WorkItem.objects.open().filter(ref_code=registration.code).exists()
    )


def one_round(world: World, number: int, pair: tuple[str, str]) -> tuple[int, bool]:
    registration = stage.submitted(
        world.sara, customer_domain=f"firm{number}.com", customer_name=f"Firm number {number} of {pair[0]}"
    )
    acts = calls(world, registration)
    results = at_once(acts[pair[0]], acts[pair[1]])
    return wins(results), is_sound(registration)


@pytest.mark.parametrize("pair", list(combinations_with_replacement(["approve", "reject", "withdraw"], 2)))
def test_one_decision_wins(world: World, pair: tuple[str, str]) -> None:
    assert [one_round(world, number, pair) for number in range(ROUNDS)] == [(1, True)] * ROUNDS


@pytest.mark.parametrize("pair", [("approve", "reject"), ("reject", "withdraw")])
def test_without_the_lock_both_win(world: World, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the same race over a row that nobody locks."""

    def read_only(registration: Registration, *, version: int | None = None) -> Registration:
        return Registration.objects.select_related("partner__organization").get(pk=registration.pk)

    monkeypatch.setattr(registrations, "lock", read_only)
    monkeypatch.setattr(decisions, "lock", read_only)
    outcomes = [one_round(world, number, pair) for number in range(ROUNDS)]
    assert any(won > 1 or not sound for won, sound in outcomes)


def test_who_comes_second_waits_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, step by step: the approval holds the row, the rejection waits for it and finds it decided."""
    registration = stage.submitted(world.sara)
    acts = calls(world, registration)
    paused = Paused(decisions._protect)
    monkeypatch.setattr(decisions, "_protect", paused)
    results, waited = interleaved(paused, acts["approve"], acts["reject"])
    assert waited
    assert results[0].status == "approved"
    assert results[1].code in {"deals.registration.stale", "transition.refused"}
    assert is_sound(registration)


# --- Two partners, one account (F9) -----------------------------------------------------------------

SPELLINGS = [("Helios%s.com", "www.helios%s.COM"), ("https://helios%s.com/a", "sales@helios%s.com"), ("", "")]


def rivals(world: World, number: int, spelling: tuple[str, str]) -> tuple[Registration, Registration]:
    """Two drafts of two partners for the same customer, spelt differently."""
    drafts = []
    for person, domain, name in (
        (world.sara, spelling[0], "Helios %s GmbH"),
        (world.rita, spelling[1], "HELIOS %s"),
    ):
        drafts.append(
            stage.draft(person, customer_domain=domain % number if domain else "", customer_name=name % f"no{number}")
        )
    return drafts[0], drafts[1]


def both_submit(world: World, drafts: tuple[Registration, Registration]) -> list[Any]:
    return at_once(
        lambda: registrations.submit_registration(registration=drafts[0], by=world.sara.actor, at=AT),
        lambda: registrations.submit_registration(registration=drafts[1], by=world.rita.actor, at=AT),
    )


def holders(drafts: tuple[Registration, Registration]) -> int:
    return sum(claims.holds_claim(registration=each, at=LATER) for each in drafts)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_exactly_one_partner_holds_the_account(world: World, spelling: tuple[str, str]) -> None:
    for number in range(ROUNDS):
        drafts = rivals(world, number, spelling)
        assert wins(both_submit(world, drafts)) == 2
        for each in drafts:
            each.refresh_from_db()
        assert [each.status for each in drafts] == ["submitted"] * 2
        assert sorted(each.in_conflict for each in drafts) == [False, True]
        assert holders(drafts) == 1
        loser = next(each for each in drafts if each.in_conflict)
        assert loser.matches.filter(strength="exact", is_own=False).count() == 1


def test_without_the_constraint_both_hold_it(world: World) -> None:
    """The negative control: the check alone lets both through."""
    found = []
    with without_constraint("deals_claim", "deals_claim_one_holder"):
        for number in range(ROUNDS):
            drafts = rivals(world, number, SPELLINGS[0])
            both_submit(world, drafts)
            found.append(holders(drafts))
    assert 2 in found


def test_the_second_partner_waits_for_the_first_and_is_put_in_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step: the first has its claim but has not committed; the second waits and learns it from the database."""
    drafts = rivals(world, 1, SPELLINGS[0])
    paused = Paused(registrations.check_registration)
    monkeypatch.setattr(registrations, "check_registration", paused)
    results, waited = interleaved(
        paused,
        lambda: registrations.submit_registration(registration=drafts[0], by=world.sara.actor, at=AT),
        lambda: registrations.submit_registration(registration=drafts[1], by=world.rita.actor, at=AT),
    )
    assert waited
    assert [result.in_conflict for result in results] == [False, True]


def test_two_transfers_of_one_account_leave_one_holder(world: World) -> None:
    first, second = stage.submitted(world.sara), stage.submitted(world.rita)
    results = at_once(
        lambda: claims.transfer_claim(registration=second, by=world.dan.actor, at=LATER, reason="Letter"),
        lambda: claims.transfer_claim(registration=second, by=world.vera.actor, at=LATER, reason="Letter"),
    )
    assert wins(results) == 1
    assert holders((first, second)) == 1


def test_the_same_form_sent_twice_makes_one_draft(world: World) -> None:
    partner = stage.partner_of(world.sara)
    for number in range(ROUNDS):
        code = f"DR-7K3M{number:03d}"
        results = at_once(
            *[
                lambda code=code: registrations.save_draft(
                    partner=partner, by=world.sara.actor, at=AT, code=code, values={"customer_name": "Helios"}
                )
            ]
            * 2
        )
        assert wins(results) == 2
        assert Registration.objects.filter(code=code).count() == 1


# --- Deadlocks --------------------------------------------------------------------------------------


def test_a_deadlock_is_tried_again_and_in_the_end_refused_in_plain_words(world: World) -> None:
    tries = []

    @settled
    def unlucky(times: int) -> str:
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError("deadlock detected") from psycopg.errors.DeadlockDetected()
        return "done"

    assert unlucky(2) == "done"
    tries.clear()
    with pytest.raises(ContentionRefused):
        unlucky(99)


def test_a_real_deadlock_ends_well_for_both(world: World) -> None:
    """Two transactions lock two rows in opposite order; PostgreSQL kills one, which runs again."""
    one, two = stage.submitted(world.sara), stage.submitted(world.rita, customer_domain="other.com")

    def crosswise(first: Registration, second: Registration) -> Callable[[], str]:
        @settled
        def act() -> str:
            from django.db import transaction

            with transaction.atomic():
                Registration.objects.select_for_update().get(pk=first.pk)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.2)")
                Registration.objects.select_for_update().get(pk=second.pk)
            return "done"

        return act

    assert at_once(crosswise(one, two), crosswise(two, one)) == ["done", "done"]


# --- Two clicks on one link ------------------------------------------------------------------------


def click_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], bool]:
    """The first click holds the link while its action runs; the second comes meanwhile."""
    address = make_link(
        request=LinkRequest(EXTEND),
        membership=world.sara.membership,
        ref=stage.approved(world, world.sara).ref,
        at=AT,
    )
    paused = Paused(links.note_portal_day)
    monkeypatch.setattr(links, "note_portal_day", paused)

    def click() -> Any:
        token = address.rstrip("/").split("/")[-2]
        return links.use_link(token=token, purpose=EXTEND, by=world.sara.actor, at=LATER)

    return interleaved(paused, click, click)


def test_a_link_is_used_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    results, waited = click_twice(world, monkeypatch)
    assert waited
    assert wins(results) == 1
    assert results[1].code == "core.link.unusable"


def test_without_its_lock_a_link_is_used_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(links, "open_link", lambda *, lock, **link: open_link(**link))
    assert wins(click_twice(world, monkeypatch)[0]) == 2
