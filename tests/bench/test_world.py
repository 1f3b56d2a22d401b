"""A world from the generator keeps the promises of the product, and the same seed gives the same world."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.db.models import F

from bench.floors.night import check_terms
from bench.generator import Generator, World, stored_world
from bench.sizes import SIZES
from bench.stopwatch import is_around, statements_of
from bench.workloads import b7
from deals.models import Account, Claim, Opportunity, Registration
from deals.queries.conflicts import stored_keys
from deals.rules.accounts import account_keys
from partners.models import HealthScore, Partner
from partners.queries.program import health_terms, version_at
from partners.rules.terms import HealthTerms
from prm.core.codes import read_code
from prm.core.models import Membership, PortalDay, WorkItem
from reporting.actions.scorecards import Tally, gather_facts

TODAY = date(2026, 6, 15)
MINI = SIZES["mini"]


def generate(seed: int = 1) -> World:
    """A small world, with every foreign key and constraint watched by the database."""
    with connection.cursor() as cursor:
        return Generator(cursor, MINI, today=TODAY, seed=seed, bulk=False).fill()


@pytest.fixture
def made(db: None) -> Iterator[World]:
    """A small world, which the database finds consistent."""
    made = generate()
    connection.check_constraints()
    yield made
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION pg_temp.bench_code, pg_temp.letters, pg_temp.word, pg_temp.dice")


def test_as_many_rows_as_the_size_says(made: World) -> None:
    assert Partner.objects.count() == MINI.partners
    assert Registration.objects.count() == Opportunity.objects.count() == MINI.deals
    assert Account.objects.count() == MINI.customers
    assert Membership.objects.filter(organization__kind="partner").count() == MINI.partners * MINI.members
    assert PortalDay.objects.count() == MINI.portal_days
    assert made == stored_world(MINI, TODAY)


def test_keys_are_those_that_the_rules_make(made: World) -> None:
    for row in Registration.objects.all()[:60]:
        keys = account_keys(domain=row.customer_domain, name=row.customer_name, country=row.customer_country)
        stored = stored_keys(
            domain_key=row.domain_key, name_key=row.name_key, plain_name=row.plain_name, country=row.customer_country,
            key_version=row.key_version,
        )  # fmt: skip
        assert (keys, row.account_key) == (stored, keys.claim)
        assert read_code(row.code) == row.code


def test_what_is_open_holds_its_account_and_a_late_rival_does_not(made: World) -> None:
    now = datetime(2026, 6, 15, 6, tzinfo=UTC)
    live = Registration.objects.filter(status__in=["submitted", "info_requested", "approved"])
    holders = live.filter(in_conflict=False)
    assert holders.count() > 5
    assert (
        Claim.objects.filter(registration__in=holders, ended_at=None, period__contains=now).count() == holders.count()
    )
    rivals = live.filter(in_conflict=True)
    assert not Claim.objects.filter(registration__in=rivals).exists()
    for rival in rivals:
        assert Claim.objects.filter(account_key=rival.account_key, period__contains=rival.submitted_at).exists()


def test_states_are_dated_as_the_product_dates_them(made: World) -> None:
    approved = Registration.objects.filter(status="approved")
    assert approved.exists()
    assert not approved.filter(protected_until__lt=TODAY).exists()
    assert not Registration.objects.filter(submitted_at__gt=datetime(2026, 6, 15, 6, tzinfo=UTC)).exists()
    made_by_one = Opportunity.objects.filter(registration__isnull=False)
    assert not made_by_one.exclude(partner_id=F("registration__partner_id")).exists()
    assert not Opportunity.objects.filter(status="won", amount_program=None).exists()
    assert WorkItem.objects.count() == Registration.objects.filter(status="submitted").count()
    for row in HealthScore.objects.all()[:40]:
        parts = ("revenue", "activity", "engagement", "satisfaction", "fit")
        assert sum(getattr(row, f"{part}_points") for part in parts) == row.score


def test_facts_can_be_gathered_of_every_partner(made: World) -> None:
    tally = Tally()
    gathered = gather_facts(on=date(2026, 6, 14), tally=tally)
    assert (len(gathered.facts), tally.skipped) == (MINI.partners, [])
    assert any(
        facts.revenue_t12m and facts.health.nps_answers and facts.tier.certified_people for facts in gathered.facts
    )


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    def fingerprint(seed: int) -> tuple:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            generate(seed)
            cursor.execute(
                """SELECT md5(string_agg(
                            (r.id - base, customer_name, status, amount, submitted_at)::text, ',' ORDER BY r.id))
                     FROM deals_registration r, (SELECT min(id) AS base FROM deals_registration) AS b"""
            )
            found = cursor.fetchone()
            cursor.execute("ROLLBACK TO before")
        return found

    assert fingerprint(1) == fingerprint(1) != fingerprint(2)


def test_the_night_by_hand_comes_to_what_the_night_comes_to(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor of B7 is no strawman: the same scores, tiers, sums and rows, by the rules and by SQL."""
    on = date(2026, 6, 14)
    assert check_terms(health_terms(version_at(on)))
    found = {}
    for name, night in (("ours", b7.ours), ("by hand", b7.by_hand)):
        with b7._undone():
            before = b7._counts()
            night(on)
            found[name] = b7._columns(), [n - was for n, was in zip(b7._counts(), before, strict=True)]
    assert found["ours"] == found["by hand"]
    assert all(any(row[at] is not None for row in found["ours"][0]) for at in (1, 6))


def test_the_night_by_hand_refuses_to_be_compared_with_other_terms() -> None:
    assert check_terms(HealthTerms())
    assert not check_terms(replace(HealthTerms(), alert_fall_points=16))


def test_statements_are_counted_without_savepoints_and_told_from_the_shells(made: World) -> None:
    def call() -> None:
        with transaction.atomic():
            Partner.objects.count()
            list(Membership.objects.all()[:1])

    assert statements_of(call) == 2
    assert is_around('SELECT "django_session"."session_key" FROM "django_session" WHERE x')
    assert not is_around('SELECT 1 FROM "partners_partner"')
