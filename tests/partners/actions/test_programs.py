"""Program versions: drafted, published for dates that nobody governs yet, and never changed afterwards."""

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, transaction

from partners.actions.programs import ProgramRefused, delete_draft, load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import (
    BenefitTerm,
    PartnerTypeTerm,
    ProgramVersion,
    TermSet,
    TierPath,
    TierTerm,
    TrackTerm,
)
from partners.queries.program import (
    NoProgramInForce,
    attribution_terms,
    benefit_values,
    calendar,
    ends_on,
    incentive_terms,
    ladder_terms,
    program_of,
    program_today,
    registration_terms,
    term_set,
    version_at,
    version_in_force,
)
from partners.rules.attribution_terms import AttributionTerms
from partners.rules.incentive_terms import IncentiveTerms
from prm.core.models import AuditEntry
from tests.partners import making
from tests.world import AT, World

pytestmark = pytest.mark.django_db
STARTER = read_program_file(blueprint_text("starter"))


def draft(by=making.SETUP, at=AT) -> ProgramVersion:
    return load_program(program=STARTER.program, source_text=STARTER.text, by=by, at=at)


def test_a_version_reads_back_as_the_program_it_was_made_of() -> None:
    standard = read_program_file(blueprint_text("standard")).program
    version = making.program()
    assert program_of(version) == standard
    assert ladder_terms(version, "solution") == standard.ladder("solution")
    assert ladder_terms(version, "referral").tiers == ()
    assert registration_terms(version).priority_tiers == ("platinum",)
    assert calendar(version).time_zone == "UTC"
    assert benefit_values(version, "solution")["gold"]["commission_rate"] == "20"
    with pytest.raises(KeyError):
        term_set(version, "weather")


def test_the_terms_of_earning_come_with_a_version() -> None:
    version = making.program()
    assert attribution_terms(version).registered_within_days == 7
    plan = incentive_terms(version).plan("referral_first_year")
    assert plan is not None
    assert (plan.rate_percent, plan.currency) == (15, "USD")


def test_a_version_from_before_the_terms_of_earning_reads_with_defaults_and_no_plans() -> None:
    version = draft()
    TermSet.objects.filter(version=version, topic__in=["attribution", "incentives"]).delete()
    assert attribution_terms(version) == AttributionTerms()
    assert incentive_terms(version) == IncentiveTerms()


def test_the_version_of_a_date_is_the_latest_that_has_begun() -> None:
    first = making.program(valid_from=date(2024, 1, 1))
    second = making.program("starter", valid_from=date(2026, 7, 1))
    assert [version_at(day) for day in (date(2024, 1, 1), date(2026, 6, 30), date(2026, 7, 1))] == [
        first,
        first,
        second,
    ]
    assert (ends_on(first), ends_on(second)) == (date(2026, 7, 1), None)
    with pytest.raises(NoProgramInForce):
        version_at(date(2023, 12, 31))


def test_published_terms_stay_in_memory_and_drafts_do_not(django_assert_num_queries) -> None:
    version = making.program()
    program_of(version)
    with django_assert_num_queries(0):
        ladder_terms(version, "solution")
        registration_terms(version)
    with django_assert_num_queries(1):
        version_at(date(2026, 1, 1))


def test_terms_never_reach_back_over_dates_that_have_terms() -> None:
    making.program(valid_from=date(2024, 1, 1))
    with pytest.raises(ProgramRefused) as refusal:
        publish_version(version=draft(), valid_from=date(2026, 6, 14), by=making.SETUP, at=AT)
    assert refusal.value.code == "partners.program.reaches_back"
    publish_version(version=draft(), valid_from=date(2026, 6, 15), by=making.SETUP, at=AT)
    publish_version(version=draft(), valid_from=date(2020, 1, 1), by=making.SETUP, at=AT)
    assert ProgramVersion.objects.published().count() == 3


def test_two_versions_can_not_begin_on_one_day() -> None:
    making.program(valid_from=date(2027, 1, 1))
    with pytest.raises(ProgramRefused) as refusal:
        publish_version(version=draft(), valid_from=date(2027, 1, 1), by=making.SETUP, at=AT)
    assert refusal.value.code == "partners.program.same_start"
    version = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgramVersion.objects.filter(pk=version.pk).update(
            status="published", valid_from=date(2027, 1, 1), published_at=AT
        )


def test_publishing_is_for_those_who_may_edit_the_program_and_happens_once(world: World) -> None:
    with pytest.raises(ProgramRefused):
        draft(by=world.mia.actor)
    version = draft(by=world.ada.actor)
    with pytest.raises(ProgramRefused):
        publish_version(version=version, valid_from=date(2026, 7, 1), by=world.vera.actor, at=AT)
    publish_version(version=version, valid_from=date(2026, 7, 1), by=world.ada.actor, at=AT)
    with pytest.raises(ProgramRefused) as refusal:
        publish_version(version=version, valid_from=date(2026, 8, 1), by=world.ada.actor, at=AT)
    assert refusal.value.code == "partners.program.published"
    lines = AuditEntry.objects.about("partners.program", version.code).values_list("code", "actor_user_id")
    assert list(lines) == [
        ("partners.program.drafted", world.ada.user.pk),
        ("partners.program.published", world.ada.user.pk),
    ]


def test_nothing_of_a_published_version_can_change() -> None:
    version = making.program()
    term = TierTerm.objects.filter(version=version).first()
    path = TierPath.objects.filter(tier_term__version=version).first()
    assert term is not None
    assert path is not None
    attempts = [
        lambda: ProgramVersion.objects.filter(pk=version.pk).update(name="Other"),
        lambda: ProgramVersion.objects.filter(pk=version.pk).update(status="draft"),
        lambda: ProgramVersion.objects.filter(pk=version.pk).delete(),
        lambda: TierTerm.objects.filter(pk=term.pk).update(certified_people=0),
        lambda: TierTerm.objects.filter(pk=term.pk).delete(),
        lambda: TierPath.objects.filter(pk=path.pk).update(threshold=1),
        lambda: TierPath.objects.create(tier_term=term, metric="co_sold_deals", threshold=1),
        lambda: TermSet.objects.filter(version=version).update(values={}),
        lambda: TermSet.objects.create(version=version, topic="extra", values={}),
        lambda: BenefitTerm.objects.filter(version=version).update(value="1"),
        lambda: PartnerTypeTerm.objects.filter(version=version).delete(),
        lambda: TrackTerm.objects.filter(version=version).update(provisional_months=1),
    ]
    for attempt in attempts:
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            attempt()
    assert program_of(version) == read_program_file(blueprint_text("standard")).program


def test_terms_can_not_be_moved_into_a_published_version() -> None:
    published, version = making.program(), draft()
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        TermSet.objects.filter(version=version).update(version=published)


def test_a_draft_can_be_thrown_away_and_a_published_version_can_not() -> None:
    version = draft()
    delete_draft(version=version, by=making.SETUP, at=AT)
    assert not ProgramVersion.objects.exists()
    with pytest.raises(ProgramRefused):
        delete_draft(version=making.program(), by=making.SETUP, at=AT)


def test_a_benefit_never_changes_its_kind() -> None:
    making.program()
    text = blueprint_text("starter").replace(
        "code: custom_pricing\n    name: Custom pricing", "code: logo_usage2\n    name: X"
    )
    text = text.replace("code: logo_usage2", "code: commission_rate")
    with pytest.raises(ProgramRefused) as refusal:
        load_program(program=read_program_file(text).program, source_text=text, by=making.SETUP, at=AT)
    assert refusal.value.code == "partners.program.benefit_kind"


def test_the_programs_date_is_the_date_of_its_time_zone() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
    assert program_today(late) == date(2026, 6, 15)
    making.program("starter", text=blueprint_text("starter") + "\ncalendar:\n  time_zone: Pacific/Kiritimati\n")
    assert program_today(late) == date(2026, 6, 16)


def test_the_version_of_a_moment_is_that_of_the_programs_date(django_assert_num_queries) -> None:
    with pytest.raises(NoProgramInForce) as refusal:
        version_in_force(AT)
    assert refusal.value.values == {"on": AT.date().isoformat()}
    first = making.program(valid_from=date(2026, 1, 1))
    zone = blueprint_text("starter") + "\ncalendar:\n  time_zone: Pacific/Kiritimati\n"
    later = making.program(valid_from=date(2026, 7, 1), text=zone)
    moments = (datetime(2026, 6, 30, 9, 30, tzinfo=UTC), datetime(2026, 6, 30, 10, 30, tzinfo=UTC))
    assert [version_at(program_today(at)) for at in moments] == [first, later]
    for at, expected in zip(moments, (first, later), strict=True):
        with django_assert_num_queries(1):
            assert version_in_force(at) == expected


def test_the_command_publishes_rehearses_and_refuses_with_lines(tmp_path: Path) -> None:
    out, err = StringIO(), StringIO()
    call_command("load_program", "standard", "--from", "2026-01-01", "--dry-run", stdout=out)
    assert not ProgramVersion.objects.exists()
    call_command("load_program", "standard", "--from", "2026-01-01", stdout=out)
    assert "would be in force from 2026-01-01" in out.getvalue()
    assert version_at(date(2026, 1, 1)).name == "Standard partner program"
    bad = tmp_path / "bad.yaml"
    bad.write_text(blueprint_text("standard").replace("threshold: 500000", "threshold: 50"))
    with pytest.raises(CommandError):
        call_command("load_program", str(bad), "--from", "2030-01-01", stderr=err)
    line = blueprint_text("standard")[: blueprint_text("standard").index("threshold: 500000")].count("\n") + 1
    assert err.getvalue().startswith(f"line {line}: ")
    with pytest.raises(CommandError, match="neither a file"):
        call_command("load_program", "nowhere.yaml", "--from", "2030-01-01")
    assert ProgramVersion.objects.count() == 1
