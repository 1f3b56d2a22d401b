import contextlib
import copy
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.terms import (
    CalendarTerms,
    GrowthTerms,
    HealthTerms,
    LadderTerms,
    RegistrationTerms,
    ReminderTerms,
    TermsError,
    ValueMatrixTerms,
)
from tests.partners.rules.ladders import FLAT, SOLUTION, TECHNOLOGY

EVERY = [
    SOLUTION,
    TECHNOLOGY,
    FLAT,
    HealthTerms(),
    RegistrationTerms(auto_approval_below=Decimal("5000.50")),
    ReminderTerms(),
    ValueMatrixTerms(),
    CalendarTerms("Europe/Berlin", opens=time(9), closes=time(17, 30), holidays=(date(2026, 12, 25),)),
]


@pytest.mark.parametrize("terms", EVERY, ids=lambda terms: type(terms).__name__)
def test_terms_come_back_from_plain_data_as_they_were(terms):
    assert type(terms).from_dict(terms.to_dict()) == terms


def places(data, path=()):
    """Every place in nested plain data."""
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield from places(value, (*path, key))


@pytest.mark.parametrize("terms", EVERY, ids=lambda terms: type(terms).__name__)
def test_nonsense_in_any_place_is_refused_by_name_and_never_crashes(terms):
    data = terms.to_dict()
    for path in places(data):
        for nonsense in (object(), {"x": 1}, float("nan")):
            broken = copy.deepcopy(data)
            spot = broken
            for key in path[:-1]:
                spot = spot[key]
            if path:
                spot[path[-1]] = nonsense
            else:
                broken = nonsense
            with pytest.raises(TermsError) as error:
                type(terms).from_dict(broken)
            if path and isinstance(path[0], str):
                assert error.value.path.startswith(path[0])


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["track", "tiers", "code"]), inner),
    max_leaves=10,
)


@given(junk)
def test_any_input_reads_or_is_refused(data):
    for kind in (LadderTerms, HealthTerms, CalendarTerms, RegistrationTerms):
        with contextlib.suppress(TermsError):
            assert isinstance(kind.from_dict(data), kind)


def ladder(**changes):
    data = SOLUTION.to_dict()
    data["tiers"][2].update(changes)
    return data


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "track"),
        ({"track": "x", "extra": 1}, "extra"),
        (ladder(rank=1), "tiers[2].rank"),
        (ladder(rank="2"), "tiers[2].rank"),
        (ladder(rank=True), "tiers[2].rank"),
        (ladder(code="silver"), "tiers[2].code"),
        (ladder(falls_to="registered"), "tiers[2].falls_to"),
        (ladder(falls_to=None), "tiers[2].falls_to"),
        (ladder(certified_people=-1), "tiers[2].certified_people"),
        (ladder(paths=[{"metric": "luck", "threshold": "1"}]), "tiers[2].paths[0].metric"),
        (ladder(paths=[{"metric": "sourced_arr", "threshold": "-1"}]), "tiers[2].paths[0].threshold"),
        (ladder(paths=[{"metric": "sourced_arr", "threshold": "1e5"}]), "tiers[2].paths[0].threshold"),
        (ladder(paths=[{"metric": "sourced_arr", "threshold": "１"}]), "tiers[2].paths[0].threshold"),
        (ladder(paths=[{"metric": "sourced_arr", "threshold": float("inf")}]), "tiers[2].paths[0].threshold"),
        (ladder(paths=[{"metric": "sourced_arr"}]), "tiers[2].paths[0].threshold"),
        (ladder(paths=[{"metric": "sourced_arr", "threshold": 1}] * 2), "tiers[2].paths"),
        ({"track": "x", "tiers": [{"code": "a", "name": "A", "rank": 0}]}, "tiers[0].review_months"),
        ({**SOLUTION.to_dict(), "strategic_tier": "diamond"}, "strategic_tier"),
        ({**SOLUTION.to_dict(), "notice_days": [90, 0]}, "notice_days[1]"),
        ({**SOLUTION.to_dict(), "tiers": "gold"}, "tiers"),
        ({**SOLUTION.to_dict(), "promotion_needs_approval": "no"}, "promotion_needs_approval"),
    ],
)
def test_an_inconsistent_ladder_is_refused_with_its_place(data, path):
    with pytest.raises(TermsError) as error:
        LadderTerms.from_dict(data)
    assert error.value.path == path
    assert str(error.value) == f"{path}: {error.value.reason}"


def health(**changes):
    return {**HealthTerms().to_dict(), **changes}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (health(activity=[]), "activity"),
        (health(activity=[{"at_least": 1, "points": 10}, {"at_least": 5, "points": 25}]), "activity[1]"),
        (health(activity=[{"at_least": 5, "points": 24}]), ""),
        (health(fit=[{"rating": "strong", "points": 10}]), "fit"),
        (health(bands=[{"code": "champion", "at_least": 80}]), "bands"),
        (health(bands=[{"code": "healthy", "at_least": 60}, {"code": "healthy", "at_least": 0}]), "bands"),
        (health(bands=[{"code": "unknown", "at_least": 0}]), "bands[0].code"),
        (health(known_points_needed=101), "known_points_needed"),
        (health(revenue={"strong_percent": 2}), "revenue.strong_percent"),
        (health(revenue={"growing_points": 40}), "revenue.strong_points"),
        (health(engagement={"weeks_active": 5}), "engagement.weeks_active"),
        (health(engagement={"monthly_days": 90}), "engagement.monthly_days"),
        (health(engagement={"monthly_points": 21}), "engagement.weekly_points"),
    ],
)
def test_inconsistent_health_terms_are_refused(data, path):
    with pytest.raises(TermsError) as error:
        HealthTerms.from_dict(data)
    assert error.value.path == path


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"working_days": [7]}, "working_days[0]"),
        ({"working_days": []}, ""),
        ({"opens": "09:00"}, ""),
        ({"opens": "17:00", "closes": "09:00"}, ""),
        ({"opens": 540}, "opens"),
        ({"holidays": ["2026-02-30"]}, "holidays[0]"),
        ({"fiscal_start_month": 13}, "fiscal_start_month"),
    ],
)
def test_an_impossible_calendar_is_refused(data, path):
    with pytest.raises(TermsError) as error:
        CalendarTerms.from_dict(data)
    assert error.value.path == path


def test_a_calendar_for_the_clock():
    calendar = CalendarTerms.from_dict({"time_zone": "Europe/Berlin", "holidays": ["2026-12-25"]}).calendar()
    assert calendar.is_working_day(date(2026, 12, 24))
    assert not calendar.is_working_day(date(2026, 12, 25))
    assert not calendar.is_working_day(date(2026, 12, 26))


def test_the_figures_of_the_program_rules():
    terms = HealthTerms()
    assert [terms.most(each) for each in ("revenue", "activity", "engagement", "satisfaction", "fit")] == [
        30,
        25,
        20,
        15,
        10,
    ]
    assert [(band.code, band.at_least) for band in terms.bands] == [
        ("champion", 80),
        ("healthy", 60),
        ("at_risk", 40),
        ("critical", 20),
        ("churning", 0),
    ]
    deals = RegistrationTerms()
    assert (deals.sla_hours, deals.due_soon_percent, deals.protection_days) == (24, 75, 30)
    assert (deals.extension_days, deals.extensions_allowed, deals.info_expiry_days) == (30, 1, 14)
    assert (deals.checks_per_day, deals.reminder_days, deals.auto_approval) == (30, (14, 7, 1), False)
    assert ReminderTerms() == ReminderTerms((14, 7, 1), (90, 30, 7))


def test_a_number_from_a_yaml_parser_is_taken_as_written():
    assert GrowthTerms.from_dict({"flat_percent": 2.1}).flat_percent == Decimal("2.1")


def test_the_way_around_a_ladder():
    assert SOLUTION.above(None).code == "registered"
    assert SOLUTION.above("gold").code == "platinum"
    assert SOLUTION.above("platinum") is None
    assert SOLUTION.strategic == "platinum"
    assert SOLUTION.rank("nonsense") == SOLUTION.rank(None) == -1
    assert FLAT.strategic is None
    assert FLAT.above(None) is None
