"""The partner's tier page and its calculator."""

from datetime import datetime
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from partners.choices import TierMetric
from partners.models import Partner, ProgramVersion, TierStanding
from prm.core.explain import Line, to_json
from reporting.forms import WhatIfForm
from tests.reporting import stage
from tests.world import World

pytestmark = pytest.mark.django_db
TIER = "/portal/tier/"


@pytest.fixture
def paul(world: World, sign_in, at: datetime):
    with time_machine.travel(at, tick=False):
        yield sign_in(world.paul)


@pytest.fixture
def silver(world: World) -> Partner:
    return stage.holds(
        stage.northwind(world), "silver", sourced_arr_t12m=Decimal(70_000), qualified_referrals_t12m=14,
        certified_people=1, review_on=datetime(2026, 12, 1).date(),
    )  # fmt: skip


def test_criteria_stand_with_today_target_and_what_is_missing(paul: Client, silver: Partner) -> None:
    page = paul.get(TIER)
    rows = {row["label"]: row for row in page.context["criteria"]}
    assert rows["Partner-sourced ARR"]["missing"].replace("\N{NO-BREAK SPACE}", " ") == "30,000 USD"
    assert rows["Qualified referrals"]["missing"] == "6"
    assert rows["Certified people"]["missing"] == "1"
    assert [step["state"] for step in page.context["rungs"]] == ["done", "now", "", ""]
    text = stage.text_of(page)
    assert "You are a Silver partner" in text
    assert "Commission rate 15 % 20 %" in text


@pytest.mark.parametrize("typed", ["1e3", "１２", "٣٠٠", "1_000", "NaN"])
def test_what_if_takes_plain_digits_only(paul: Client, silver: Partner, typed: str) -> None:
    asked = {"arr": typed}
    form = WhatIfForm(asked, metrics=[TierMetric.SOURCED_ARR])
    assert list(form.errors) == ["arr"]
    page = paul.get(TIER, asked)
    assert "Please write plain digits" in stage.text_of(page)


@pytest.mark.parametrize(
    ("asked", "tier", "moves"),
    [
        ({"arr": "30000", "certified": "1"}, "Gold", True),
        ({"arr": "29999.99", "certified": "1"}, "Silver", False),
        ({"referrals": "6", "certified": "1"}, "Gold", True),
        ({"arr": "30000"}, "Silver", False),
        ({"arr": "430000", "certified": "4"}, "Platinum", True),
    ],
)
def test_what_if(paul: Client, silver: Partner, asked: dict, tier: str, moves: bool) -> None:
    answer = paul.get(TIER, asked).context["answer"]
    assert (answer["tier"], answer["moves"]) == (tier, moves)
    assert bool(answer["gains"]) is moves


def test_the_answer_comes_alone_for_htmx_and_changes_nothing(paul: Client, silver: Partner) -> None:
    part = paul.get(TIER, {"arr": "30000"}, headers={"HX-Request": "true", "HX-Target": "what-if-answer"})
    assert b"<html" not in part.content
    assert "1 more certified person" in stage.text_of(part)
    silver.refresh_from_db()
    assert silver.tier.code == "silver"


@pytest.mark.parametrize("nonsense", ["-5", "a lot", "1e99", "99999999999999"])
def test_nonsense_gets_a_message_and_no_answer(paul: Client, silver: Partner, nonsense: str) -> None:
    page = paul.get(TIER, {"arr": nonsense})
    assert page.status_code == 200
    assert page.context["answer"] is None
    assert page.context["form"].errors


def test_a_tier_at_risk_lists_what_keeps_it(paul: Client, silver: Partner) -> None:
    Partner.objects.filter(pk=silver.pk).update(tier_at_risk=True, sourced_arr_t12m=10_000, qualified_referrals_t12m=0)
    page = paul.get(TIER)
    assert "To keep Silver" in stage.text_of(page)
    assert any(row["missing"] for row in page.context["holding"])


def test_a_track_without_tiers_says_so(world: World, paul: Client) -> None:
    from partners.models import Track

    Partner.objects.filter(pk=world.northwind.pk).update(track=Track.objects.get(code="referral"), tier=None)
    assert "No ladder on this track" in stage.text_of(paul.get(TIER))
    assert paul.get("/portal/").status_code == 200


def test_the_reasons_leave_out_what_is_the_vendors(paul: Client, silver: Partner) -> None:
    TierStanding.objects.create(
        partner=silver, day="2026-06-14", version=ProgramVersion.objects.get(), tier=silver.tier, outcome="unchanged",
        sourced_arr=70_000, qualified_referrals=14, certified_people=1,
        explanation=to_json(
            [
                Line("tier.qualified", {"tier": "silver"}),
                Line("tier.override", {"kind": "strategic", "tier": "platinum"}, audience="vendor"),
            ]
        ),
    )  # fmt: skip
    text = stage.text_of(paul.get("/portal/tier/why/"))
    assert "Results qualify for Silver" in text
    assert "Strategic" not in text
    assert "Platinum" not in text
