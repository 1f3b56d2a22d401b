from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from partners.rules.health import score
from partners.rules.health_alerts import HealthSnapshot, alert
from prm.core.explain import for_audience
from tests.partners.rules.test_health import AT, BEST, TERMS

POINTS = {"revenue": 30, "activity": 25, "engagement": 20, "satisfaction": 15, "fit": 10}
BEFORE = HealthSnapshot(100, "champion", POINTS)


def now(**changes):
    return score(replace(BEST, **changes), TERMS)


def test_no_fall_no_alert():
    assert alert(now(), BEFORE, TERMS) is None
    assert alert(now(), HealthSnapshot(40, "at_risk", {**POINTS, "revenue": 0}), TERMS) is None


@pytest.mark.parametrize(
    ("score_before", "band_before", "raised"),
    [(94, "champion", False), (95, "champion", True)],
)
def test_fifteen_points_within_a_band(score_before, band_before, raised):
    result = now(deals_registered=3, nps_promoters=3, fit="moderate")  # 30 + 20 + 20 + 5 + 5
    assert (result.score, result.band) == (80, "champion")
    found = alert(result, HealthSnapshot(score_before, band_before, POINTS), TERMS)
    assert (found is not None) == raised


def test_a_band_is_enough_even_for_five_points():
    result = now(deals_registered=3, nps_promoters=3, fit="weak")  # 30 + 20 + 20 + 5 + 0
    assert (result.score, result.band) == (75, "healthy")
    found = alert(result, HealthSnapshot(80, "champion", POINTS), TERMS)
    assert (found.fell_band, found.fell_points) == (True, 5)


def test_the_reasons_are_the_losses_worst_first_and_only_the_vendor_reads_them():
    result = now(quarter_revenue=Decimal(90_000), deals_registered=3, portal_weeks=1)
    found = alert(result, BEFORE, TERMS)
    assert (found.fell_points, found.fell_band, found.play) == (40, True, "pipeline_review")
    reasons = [(line.values["dimension"], line.values["before"], line.values["points"]) for line in found.lines[1:]]
    assert reasons == [("revenue", 30, 0), ("activity", 25, 20), ("engagement", 20, 15)]
    assert found.lines[0].values["band_before"] == "champion"
    assert for_audience(found.lines, "partner") == ()


def test_lost_data_is_a_reason_too():
    result = now(deals_registered=0, nps_answers=0, portal_weeks=0, last_portal_day=AT - timedelta(days=80))
    found = alert(result, BEFORE, TERMS)
    assert [line.values["dimension"] for line in found.lines[1:]] == ["activity", "satisfaction", "engagement"]
    assert found.lines[2].values["points"] is None
    assert found.play == "registration_drive"


def test_with_an_unknown_score_there_is_nothing_to_compare():
    unknown = now(partner_since=AT)
    assert unknown.score is None
    assert alert(unknown, BEFORE, TERMS) is None
    assert alert(now(deals_registered=0), HealthSnapshot(None, "unknown", {}), TERMS) is None
    assert alert(now(deals_registered=0), None, TERMS) is None


def test_a_fall_by_rescaling_alone_has_no_play():
    # Everything earned stays, but the other dimensions that are known now weigh the score down.
    before = HealthSnapshot(100, "champion", {"revenue": 0, "activity": 25, "engagement": 20})
    found = alert(now(quarter_revenue=Decimal(1), nps_answers=0, fit=""), before, TERMS)
    assert (found.fell_band, found.play, len(found.lines)) == (True, "", 1)
