"""From a reported win to revenue, and from a protection to its end."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, ProgrammingError, connection

from deals.actions import claims, decisions, extensions, opportunities
from deals.actions.expiries import expire_registrations, remind_protections, run_expiries
from deals.choices import OpportunityStatus, RegistrationStatus
from deals.kinds import EXTENSION, WIN
from deals.models import Claim, ExchangeRate, Opportunity
from prm.core.actions.outbox import deliver_due
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Mail, WorkItem
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db

NIGHT = Actor.system("night")
DAY = timedelta(days=1)


# --- Won, lost, corrected ---------------------------------------------------------------------------


def test_approval_opens_the_opportunity(world: World) -> None:
    registration = stage.approved(world, world.sara, amount=Decimal(60000), term_months=24)
    deal = registration.opportunity
    assert (deal.amount, deal.arr, deal.status, deal.origin) == (60000, 30000, "open", "registration")
    assert deal.account.domain_key == "d:helios-energy.com"
    assert (registration.protected_from, registration.protected_until) == (date(2026, 6, 15), date(2026, 7, 15))


def test_only_the_vendors_confirmation_makes_revenue(world: World) -> None:
    registration = stage.reported(world, world.sara)
    deal = registration.opportunity
    assert (deal.status, deal.won_on, registration.status) == ("open", None, RegistrationStatus.APPROVED)
    item = WorkItem.objects.get(kind=WIN)
    assert item.assignee == world.mia.user
    opportunities.confirm_won(opportunity=deal, by=world.mia.actor, at=AT + 4 * DAY, won_on=date(2026, 6, 18))
    deal.refresh_from_db()
    registration.refresh_from_db()
    assert (deal.status, registration.status) == (OpportunityStatus.WON, RegistrationStatus.WON)
    assert (deal.won_on, deal.amount_program, deal.arr_program, deal.rate) == (date(2026, 6, 18), 84000, 84000, 1)
    assert not Claim.objects.filter(registration=registration, ended_at=None).exists()
    item.refresh_from_db()
    assert item.outcome == "won"


def test_a_win_needs_evidence_and_a_past_day(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    for evidence, day, code in [
        ("", AT.date(), "deals.opportunity.evidence_missing"),
        ("Order 17", AT.date() + DAY, "deals.opportunity.won_in_future"),
    ]:
        with pytest.raises(opportunities.OpportunityRefused) as refusal:
            opportunities.report_won(opportunity=deal, by=world.sara.actor, at=AT, won_on=day, evidence=evidence)
        assert refusal.value.code == code


def test_a_win_can_be_sent_back_for_more_evidence(world: World) -> None:
    registration = stage.reported(world, world.sara)
    opportunities.decline_win(
        opportunity=registration.opportunity, by=world.mia.actor, at=AT + 4 * DAY, note="Which order?"
    )
    deal = Opportunity.objects.get(registration=registration)
    assert deal.reported_won_at is None
    assert WorkItem.objects.get(kind=WIN).outcome == "declined"
    opportunities.report_won(
        opportunity=deal, by=world.sara.actor, at=AT + 5 * DAY, won_on=date(2026, 6, 19), evidence="Order 17"
    )


@pytest.mark.parametrize(("with_rate", "expected"), [(True, Decimal("92400.0000")), (False, None)])
def test_another_currency_is_converted_at_the_won_dates_rate(
    world: World, with_rate: bool, expected: Decimal | None
) -> None:
    if with_rate:
        for day, rate in [(date(2026, 1, 1), "1.1"), (date(2026, 6, 19), "9")]:
            ExchangeRate.objects.create(currency="EUR", to_currency="USD", valid_from=day, rate=Decimal(rate))
    deal = stage.won(world, world.sara, currency="EUR").opportunity
    assert (deal.amount_program, deal.arr_program) == (expected, expected)


def test_a_correction_after_won_needs_a_reason_and_recomputes(world: World) -> None:
    deal = stage.won(world, world.sara, amount=Decimal(24000), term_months=12).opportunity
    with pytest.raises(opportunities.OpportunityRefused):
        opportunities.correct_opportunity(
            opportunity=deal, by=world.mia.actor, at=AT + 9 * DAY, values={"amount": Decimal(30000)}, reason=" "
        )
    with pytest.raises(opportunities.OpportunityRefused):
        opportunities.correct_opportunity(
            opportunity=deal, by=world.sara.actor, at=AT + 9 * DAY, values={"amount": Decimal(1)}, reason="More"
        )
    corrected = opportunities.correct_opportunity(
        opportunity=deal,
        by=world.mia.actor,
        at=AT + 9 * DAY,
        values={"amount": Decimal(30000), "term_months": 24, "status": "open"},
        reason="Invoice 42",
    )
    assert (corrected.arr, corrected.amount_program, corrected.status) == (15000, 30000, "won")
    line = AuditEntry.objects.get(code="deals.opportunity.corrected")
    assert line.reason == "Invoice 42"
    assert set(line.changes) == {"amount", "term_months"}


def test_stage_is_the_partners_axis(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    moved = opportunities.update_opportunity(
        opportunity=deal, by=world.sara.actor, at=AT + DAY, stage="negotiation", expected_close_on=date(2026, 8, 1)
    )
    assert (moved.stage, moved.expected_close_on, moved.touched_at) == ("negotiation", date(2026, 8, 1), AT + DAY)
    with pytest.raises(opportunities.OpportunityRefused):
        opportunities.update_opportunity(
            opportunity=moved, by=world.sara.actor, at=AT + DAY, stage="closed", expected_close_on=None
        )


# --- Protection ------------------------------------------------------------------------------------


def test_expiry_ends_exclusivity_only(world: World) -> None:
    registration = stage.approved(world, world.sara)
    last = registration.protected_until
    assert expire_registrations(on=last, by=NIGHT, at=AT + 31 * DAY) == 0
    assert expire_registrations(on=last + DAY, by=NIGHT, at=AT + 31 * DAY) == 1
    assert expire_registrations(on=last + DAY, by=NIGHT, at=AT + 31 * DAY) == 0
    registration.refresh_from_db()
    assert registration.status == RegistrationStatus.EXPIRED
    assert registration.opportunity.status == OpportunityStatus.OPEN
    opportunities.report_won(
        opportunity=registration.opportunity,
        by=world.sara.actor,
        at=AT + 40 * DAY,
        won_on=date(2026, 7, 20),
        evidence="Order 17",
    )
    opportunities.confirm_won(
        opportunity=registration.opportunity, by=world.mia.actor, at=AT + 41 * DAY, won_on=date(2026, 7, 20)
    )
    registration.refresh_from_db()
    assert registration.status == RegistrationStatus.WON


def test_a_reported_win_outlives_the_protection(world: World) -> None:
    registration = stage.reported(world, world.sara)
    expire_registrations(on=date(2026, 8, 1), by=NIGHT, at=AT + 47 * DAY)
    assert WorkItem.objects.get(kind=WIN, ref_code=registration.code).closed_at is None


def test_the_approval_date_is_the_programs_not_utc(world: World) -> None:
    """The program runs in UTC by default: what is approved at 23:59 counts for that day."""
    registration = stage.submitted(world.sara)
    approved = decisions.approve_registration(
        registration=registration, by=world.mia.actor, at=datetime(2026, 6, 15, 23, 59, tzinfo=UTC)
    )
    assert approved.protected_until == date(2026, 7, 15)
    claim = Claim.objects.get(registration=approved)
    assert claim.period.upper == datetime(2026, 7, 16, tzinfo=UTC)


def test_reminders_at_14_7_and_1_days_each_once(world: World) -> None:
    registration = stage.approved(world, world.sara)
    Mail.objects.all().delete()
    ends = registration.protected_until
    told = {
        left: remind_protections(on=ends - timedelta(days=left), by=NIGHT, at=AT + 20 * DAY)
        for left in (15, 14, 13, 7, 6, 1, 0)
    }
    assert told == {15: 0, 14: 1, 13: 0, 7: 1, 6: 0, 1: 1, 0: 0}
    deliver_due(at=AT + 60 * DAY)
    assert Mail.objects.filter(topic="deals.protection_ends").count() == 3 * 3


def test_after_missed_nights_one_reminder_is_enough(world: World) -> None:
    registration = stage.approved(world, world.sara)
    on = registration.protected_until - timedelta(days=5)
    assert remind_protections(on=on, by=NIGHT, at=AT + 25 * DAY) == 1
    assert remind_protections(on=on, by=NIGHT, at=AT + 25 * DAY) == 0


def test_a_night_is_told_in_counts_and_runs_twice_without_harm(world: World) -> None:
    stage.approved(world, world.sara)
    assert run_expiries(on=date(2026, 8, 1), by=NIGHT, at=AT + 47 * DAY) == {
        "expired": 1,
        "withdrawn": 0,
        "reminded": 0,
    }
    assert run_expiries(on=date(2026, 8, 1), by=NIGHT, at=AT + 47 * DAY) == {
        "expired": 0,
        "withdrawn": 0,
        "reminded": 0,
    }


@pytest.mark.parametrize("many", [1, 6])
def test_a_night_over_many_costs_the_same_statements(world: World, many: int, django_assert_num_queries) -> None:
    """Rows, history and events are written once for all; people are told afterwards, one by one."""
    for number in range(many):
        stage.approved(world, world.sara, customer_domain=f"firm{number}.com", customer_name=f"Firm {number}")
    with django_assert_num_queries(11):
        assert expire_registrations(on=date(2026, 8, 1), by=NIGHT, at=AT + 47 * DAY) == many


@pytest.fixture
def refused_by_the_database(world: World) -> str:
    """The code of a registration of three whose row the database does not let change."""
    codes = [
        stage.approved(world, world.sara, customer_domain=f"firm{n}.com", customer_name=f"Firm {n}").code
        for n in range(3)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.code = '{codes[1]}' THEN RAISE EXCEPTION 'a row that makes no sense'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER refuse_one BEFORE UPDATE ON deals_registration FOR EACH ROW EXECUTE FUNCTION refuse_one()"
        )
    return codes[1]


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize("act", [expire_registrations, remind_protections])
def test_a_row_that_can_not_be_ended_is_named_and_the_others_are_done(
    refused_by_the_database: str, act: Callable[..., int], limit: int
) -> None:
    last = date(2026, 7, 15)
    on, at = (last + DAY, AT + 31 * DAY) if act is expire_registrations else (last - 7 * DAY, AT + 23 * DAY)
    skipped: dict[str, str] = {}
    told = act(on=on, by=NIGHT, at=at, limit=limit, skip=lambda code, error: skipped.update({code: str(error)}))
    assert told == 2
    assert list(skipped) == [refused_by_the_database]
    assert "makes no sense" in skipped[refused_by_the_database]
    code = "deals.registration.expired" if act is expire_registrations else "deals.registration.reminded"
    assert AuditEntry.objects.filter(code=code).exclude(ref_code=refused_by_the_database).count() == 2
    assert not AuditEntry.objects.filter(code=code, ref_code=refused_by_the_database).exists()


def test_without_anybody_to_tell_the_error_goes_up(refused_by_the_database: str) -> None:
    with pytest.raises(ProgrammingError):
        expire_registrations(on=date(2026, 7, 16), by=NIGHT, at=AT + 31 * DAY)


def test_a_busy_database_is_no_row_s_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.approved(world, world.sara)

    def gone(**_kwargs: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(claims, "end_claims", gone)
    skipped: list[str] = []
    with pytest.raises(OperationalError):
        run_expiries(on=date(2026, 7, 16), by=NIGHT, at=AT + 31 * DAY, skip=lambda code, _error: skipped.append(code))
    assert skipped == []


# --- Extensions ------------------------------------------------------------------------------------


def test_an_extension_counts_from_the_old_end_and_is_granted_once(world: World) -> None:
    registration = stage.approved(world, world.sara)
    extensions.request_extension(registration=registration, by=world.sara.actor, at=AT + 20 * DAY, activity="A demo.")
    assert WorkItem.objects.get(kind=EXTENSION).assignee == world.mia.user
    extensions.decide_extension(registration=registration, by=world.mia.actor, at=AT + 21 * DAY, grant=True)
    registration.refresh_from_db()
    assert (registration.protected_until, registration.extensions_used) == (date(2026, 8, 14), 1)
    assert Claim.objects.get(registration=registration).period.upper == datetime(2026, 8, 15, tzinfo=UTC)
    with pytest.raises(extensions.ExtensionRefused):
        extensions.request_extension(registration=registration, by=world.sara.actor, at=AT + 40 * DAY, activity="More.")


def test_an_extension_is_asked_for_while_protected_with_activity(world: World) -> None:
    registration = stage.approved(world, world.sara)
    with pytest.raises(extensions.ExtensionRefused):
        extensions.request_extension(
            registration=registration, by=world.sara.actor, at=AT + 31 * DAY, activity="Too late."
        )
    with pytest.raises(extensions.RegistrationRefused):
        extensions.request_extension(registration=registration, by=world.sara.actor, at=AT + 3 * DAY, activity=" ")


def test_a_declined_extension_leaves_the_end_as_it_is(world: World) -> None:
    registration = stage.approved(world, world.sara)
    extensions.request_extension(registration=registration, by=world.sara.actor, at=AT + DAY, activity="A call.")
    extensions.decide_extension(
        registration=registration, by=world.mia.actor, at=AT + 2 * DAY, grant=False, note="Too early."
    )
    registration.refresh_from_db()
    assert (registration.protected_until, registration.extensions_used) == (date(2026, 7, 15), 0)


def test_a_late_grant_does_not_take_the_account_from_a_new_holder(world: World) -> None:
    registration = stage.approved(world, world.sara)
    extensions.request_extension(registration=registration, by=world.sara.actor, at=AT + 30 * DAY, activity="A call.")
    newcomer = stage.submitted(world.rita, at=AT + 31 * DAY, expected_close_on=date(2026, 12, 1))
    assert not newcomer.in_conflict
    with pytest.raises(extensions.ExtensionRefused) as refusal:
        extensions.decide_extension(registration=registration, by=world.mia.actor, at=AT + 32 * DAY, grant=True)
    assert refusal.value.code == "deals.extension.taken"
    registration.refresh_from_db()
    assert registration.protected_until == date(2026, 7, 15)
