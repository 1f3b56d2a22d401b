"""The proof on real input: an export of 8,800 deals, made-up companions, and the night of 2017-12-31.

Expected figures come from the files themselves, with nothing but ``csv`` and ``Decimal``, never from the code that is
being tested.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum

from deals.models import Claim, Opportunity, Product, Registration
from partners.models import HealthScore, Partner
from prm.core.actors import Actor
from reporting.actions import night
from reporting.actions.night_steps import STEPS
from reporting.models import JobRun, QbrPack
from tests.integrations.by_hand import Sheet
from tests.integrations.exports import installation
from tests.integrations.real_export import bring_in, real_export, rows
from tests.tables import table_prints

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
AS_OF = date(2017, 12, 31)
NOW = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
# A run by hand writes down that it ran; what it finds must be what the tables hold already.
RUNS = {"reporting_jobrun", "core_auditentry"}


@pytest.fixture(scope="module")
def companions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Companions drawn from the seed 2017."""
    out = tmp_path_factory.mktemp("companions")
    call_command("generate_companions", real_export(), out=out, seed=2017, stdout=StringIO())
    return out


@pytest.fixture(scope="module")
def imported(
    companions: Path,
    django_db_setup: None,
    django_db_blocker: "pytest.FixtureRequest",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[str]]:
    """Everything brought in once and the night run once; all tests of this file see it, and it is undone after them."""
    errors = tmp_path_factory.mktemp("errors") / "errors.csv"
    with django_db_blocker.unblock(), transaction.atomic():
        installation()
        said = list(bring_in(real_export(), companions, errors))
        assert night.run_as_of(on=AS_OF, now=lambda: NOW, by=Actor.system("proof"))
        yield said
        transaction.set_rollback(True)


def partner(name: str) -> Partner:
    """A partner of the export as the night left it."""
    return Partner.objects.select_related("tier", "next_tier", "owner").get(external_id=name)


def points(name: str) -> tuple[int | None, ...]:
    """Revenue, activity, engagement, satisfaction and fit of the night."""
    row = HealthScore.objects.get(partner__external_id=name, day=AS_OF)
    return (
        row.revenue_points, row.activity_points, row.engagement_points, row.satisfaction_points, row.fit_points,
    )  # fmt: skip


def test_the_whole_export_came_in(imported: list[str]) -> None:
    pipeline = rows(real_export() / "sales_pipeline.csv")
    won = sum(Decimal(row["close_value"]) for row in pipeline if row["deal_stage"] == "Won")
    assert (len(pipeline), won) == (8800, Decimal(10_005_534))

    assert all(line.endswith(" 0 refused") for line in imported), imported
    assert "sales_pipeline.csv: 8800 rows: 8800 created, 0 updated, 0 unchanged, 0 refused" in imported
    real = Opportunity.objects.exclude(external_id__startswith="MADE-")
    assert real.count() == 8800
    assert real.filter(status="won").aggregate(Sum("amount"))["amount__sum"] == won
    assert real.filter(status="won").aggregate(Sum("amount_program"))["amount_program__sum"] == won
    assert dict(Counter(real.values_list("status", flat=True))) == {"won": 4238, "lost": 2473, "open": 1589 + 500}
    assert real.filter(account=None).count() == sum(not row["account"] for row in pipeline) == 1425
    assert real.filter(product__name="GTX Pro").count() == sum(row["product"] == "GTXPro" for row in pipeline) == 1480
    assert not real.filter(product=None).exists()
    assert not Product.objects.filter(name="GTXPro").exists()
    assert not Registration.objects.exists()
    assert not Claim.objects.exists()
    assert Partner.objects.count() == 35
    assert Partner.objects.values("owner").distinct().count() == 6


def test_the_distribution(imported: list[str]) -> None:
    tiers = Counter(Partner.objects.values_list("tier__code", flat=True))
    bands = Counter(Partner.objects.values_list("health_band", flat=True))
    assert tiers == {"platinum": 1, "gold": 14, "silver": 6, "registered": 9, None: 5}
    assert bands == {"champion": 13, "healthy": 6, "at_risk": 3, "critical": 7, "churning": 5, "unknown": 1}
    assert QbrPack.objects.count() == 2 * (1 + 14 + 6)  # both versions, for every tier that is reviewed


def test_by_hand_the_partner_that_sold_most(imported: list[str], companions: Path) -> None:
    sheet = Sheet(real_export(), companions, "Darcel Schlecht")

    # Revenue: Q4 2017 against Q4 2016. (357,666 − 336,159) ÷ 336,159 = 6.4 %: above the flat band, below 20 % → 20.
    assert sheet.won("2017-10-01", "2017-12-31") == 357_666
    assert sheet.won("2016-10-01", "2016-12-31") == 336_159
    # Activity: 82 deals engaged in the 90 days to 31 December (3 October on), five are enough → 25.
    assert sheet.engaged("2017-10-03", "2017-12-31") == 82
    # Engagement: portal days in each of the last four blocks of seven days (4, 11, 18, 25 December on) → 20.
    assert sheet.portal_blocks("2017-12-25", "2017-12-18", "2017-12-11", "2017-12-04") == [True, True, True, True]
    # Satisfaction: nine answers in 2017, four of 9 or 10, one of 6 or less: (4 − 1) ÷ 9 = 33.3 → 10.
    assert sheet.scores("2017-01-01") == [6, 7, 8, 8, 8, 9, 9, 9, 9]
    # Fit: strong since October → 10. Together 20 + 25 + 20 + 10 + 10 = 85 of 100: champion.
    assert sheet.fit() == "strong"
    assert points("Darcel Schlecht") == (20, 25, 20, 10, 10)
    darcel = partner("Darcel Schlecht")
    assert (darcel.health_score, darcel.health_band, darcel.health_known_points) == (85, "champion", 100)

    # Tier: 1,153,214 sourced in the twelve months; nine current certificates, but of six people. Platinum asks for
    # 500,000 and five.
    assert sheet.won("2017-01-01", "2017-12-31") == 1_153_214
    assert (sheet.current_certificates(), sheet.certified()) == (9, 6)
    assert (darcel.tier.code, darcel.next_tier) == ("platinum", None)
    assert (darcel.sourced_arr_t12m, darcel.revenue_t12m, darcel.certified_people) == (1_153_214, 1_153_214, 6)
    # (1,153,214 − 1,083,852) ÷ 1,083,852 = 6.4 %
    assert sheet.won("2016-01-01", "2016-12-31") == 1_083_852
    assert darcel.revenue_growth_percent == Decimal("6.40")
    assert darcel.partner_since == date(2015, 10, 25) == sheet.first_engaged()
    assert (darcel.owner.name, darcel.territory) == ("Melvin Marxen", "Central")


def test_by_hand_a_partner_that_was_never_judged(imported: list[str], companions: Path) -> None:
    sheet = Sheet(real_export(), companions, "Kary Hendrixson")

    # Revenue: 129,543 in both quarters, so 0 %: flat → 10.
    assert sheet.won("2017-10-01", "2017-12-31") == sheet.won("2016-10-01", "2016-12-31") == 129_543
    # Activity: 67 → 25.
    assert sheet.engaged("2017-10-03", "2017-12-31") == 67
    # Engagement: of the last four blocks only the one from 4 December; the last day, the 8th, is 23 days ago → 15.
    assert sheet.portal_blocks("2017-12-25", "2017-12-18", "2017-12-11", "2017-12-04") == [False, False, False, True]
    assert sheet.last_portal_day() == "2017-12-08"
    # Satisfaction: of eight answers four are promoters and none detractors: 50, just enough → 15. The answer of
    # 23 December 2016 is too old.
    assert sheet.scores("2017-01-01") == [7, 8, 8, 8, 9, 9, 9, 9]
    assert sheet.scores("2016-12-01") == [7, 8, 8, 8, 9, 9, 9, 9, 9]
    # Fit was never set: 10 + 25 + 15 + 15 = 65 of 90 known points; 65 × 100 ÷ 90 = 72.2 → 72: healthy.
    assert sheet.fit() == ""
    assert points("Kary Hendrixson") == (10, 25, 15, 15, None)
    kary = partner("Kary Hendrixson")
    assert (kary.health_score, kary.health_band, kary.health_known_points) == (72, "healthy", 90)

    # Tier: 454,298 would be Gold, but one certified person is only enough for Silver. Gold's path is complete, the
    # second person is missing: 99 %, not 100.
    assert sheet.won("2017-01-01", "2017-12-31") == 454_298
    assert sheet.certified() == 1
    assert (kary.tier.code, kary.next_tier.code, kary.tier_progress_percent) == ("silver", "gold", 99)


def test_by_hand_a_partner_that_sells_less(imported: list[str], companions: Path) -> None:
    sheet = Sheet(real_export(), companions, "Versie Hillebrand")

    # Revenue: (54,058 − 67,553) ÷ 67,553 = −20.0 %: declining → 0.
    assert sheet.won("2017-10-01", "2017-12-31") == 54_058
    assert sheet.won("2016-10-01", "2016-12-31") == 67_553
    # Activity: 30 → 25.
    assert sheet.engaged("2017-10-03", "2017-12-31") == 30
    # Engagement: two blocks of four, three are needed; the last day is 19 days ago → 15.
    assert sheet.portal_blocks("2017-12-25", "2017-12-18", "2017-12-11", "2017-12-04") == [False, False, True, True]
    assert sheet.last_portal_day() == "2017-12-12"
    # Satisfaction: three promoters of eight, 37.5 → 10. The 9 of 27 December 2016 is too old to help.
    assert sheet.scores("2017-01-01") == [7, 7, 8, 8, 8, 9, 9, 9]
    # Fit: strong in February, weak since October; the later one counts → 0.
    # Together 0 + 25 + 15 + 10 + 0 = 50 of 100: at risk.
    assert sheet.fit() == "weak"
    assert points("Versie Hillebrand") == (0, 25, 15, 10, 0)
    versie = partner("Versie Hillebrand")
    assert (versie.health_score, versie.health_band, versie.health_known_points) == (50, "at_risk", 100)

    # Tier: 187,693, and of two certificates one ran out in September: Silver.
    assert sheet.won("2017-01-01", "2017-12-31") == 187_693
    assert (sheet.certificates(), sheet.certified()) == (2, 1)
    assert (versie.tier.code, versie.next_tier.code, versie.certified_people) == ("silver", "gold", 1)
    # (187,693 − 234,544) ÷ 234,544 = −20.0 %
    assert sheet.won("2016-01-01", "2016-12-31") == 234_544
    assert versie.revenue_growth_percent == Decimal("-20.00")


def test_a_second_night_changes_nothing(imported: list[str]) -> None:
    before = table_prints(leave_out=RUNS)
    assert night.run_as_of(on=AS_OF, now=lambda: LATER, by=Actor.system("proof"))
    assert table_prints(leave_out=RUNS) == before
    again = JobRun.objects.filter(on=AS_OF, started_at=LATER)
    assert again.count() == 1 + len(STEPS)
    assert {run.changed for run in again} == {0}
    assert {run.state for run in again} == {"done"}


def test_a_second_import_changes_nothing(imported: list[str], companions: Path, tmp_path: Path) -> None:
    before = table_prints()
    for line in bring_in(real_export(), companions, tmp_path / "errors.csv"):
        assert " 0 created, 0 updated, " in line, line
    assert table_prints() == before


def test_one_poisoned_partner_is_named_and_the_others_are_done(imported: list[str]) -> None:
    """F23, three poisons at once: a sum that is no number, a date that no calendar has, an override without sense."""
    names = ["Moses Frase", "Zane Levy", "Boris Faz"]
    codes = [partner(name).code for name in names]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deals_opportunity SET amount_program = 'NaN' WHERE id = (SELECT max(id) FROM deals_opportunity"
            " WHERE status = 'won' AND partner_id = %s AND won_on BETWEEN '2017-10-01' AND '2017-12-31')",
            [partner(names[0]).pk],
        )
        cursor.execute("UPDATE partners_partner SET agreement_signed_on = 'infinity' WHERE code = %s", [codes[1]])
        cursor.execute(
            "INSERT INTO partners_tieroverride (code, partner_id, kind, tier_id, reason, targets, starts_on, ends_on,"
            " created_at, ended_how) SELECT 'TO-POISON', organization_id, 'accelerator', tier_id, 'x',"
            """ '{"paths": [{"metric": "magic", "threshold": "many"}]}', '2017-01-01', '2018-12-31', now(), ''"""
            " FROM partners_partner WHERE code = %s",
            [codes[2]],
        )
    Partner.objects.update(scored_on=None, health_score=None)
    assert night.run_as_of(on=AS_OF, now=lambda: LATER, by=Actor.system("proof"))
    runs = {run.job: run for run in JobRun.objects.filter(on=AS_OF, started_at=LATER)}
    assert {row["partner"] for row in runs["night.facts"].skipped} == {codes[0], codes[1]}
    assert not runs["night.health"].skipped
    assert [row["partner"] for row in runs["night.tiers"].skipped] == [codes[2]]
    scored = set(Partner.objects.filter(scored_on=AS_OF).values_list("code", flat=True))
    assert len(scored) == 33
    assert not scored & {codes[0], codes[1]}
