"""Storing tier decisions: standing, history, grants, audit and events in one go, once, for the right rows only."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.actions.overrides import TierRefused, approve_promotion, end_override, set_override
from partners.actions.tiers import Applied, TierResult, apply_tier_decision, apply_tier_decisions
from partners.models import (
    Grant,
    Partner,
    ProgramVersion,
    Tier,
    TierChange,
    TierNoticeSent,
    TierOverride,
    TierStanding,
)
from partners.queries.grants import entitlement, entitlements
from partners.queries.program import ladder_terms
from partners.queries.tiers import standing_of, standing_rows
from partners.rules.tier_status import decide_tier
from partners.rules.tiers import TierFacts
from prm.core.models import AuditEntry
from tests.partners import making
from tests.world import AT, World

pytestmark = pytest.mark.django_db
TODAY = AT.date()
SILVER = TierFacts(has_agreement=True, metrics={"sourced_arr": Decimal(30_000)}, certified_people=1)
GOLD = TierFacts(has_agreement=True, metrics={"sourced_arr": Decimal(100_000)}, certified_people=2)
NOTHING = TierFacts(has_agreement=True)


def decided(partner: Partner, facts: TierFacts, version: ProgramVersion, on: date) -> TierResult:
    standing = standing_of(standing_rows([partner.pk])[partner.pk])
    return TierResult(partner.pk, decide_tier(standing, facts, ladder_terms(version, "solution"), on), facts)


def night(partner: Partner, facts: TierFacts, version: ProgramVersion, on: date = TODAY) -> Applied:
    result = decided(partner, facts, version, on)
    applied = apply_tier_decision(result=result, version=version, on=on, by=making.SETUP, at=AT)
    partner.refresh_from_db()
    return applied


def tier_grants(partner: Partner, day: date) -> set[str]:
    rows = Grant.objects.filter(partner=partner, source_kind="tier", valid_from__lte=day)
    return {row.source_code for row in rows if row.valid_until is None or row.valid_until >= day}


def test_a_promotion_stores_everything_at_once(northwind: Partner, standard: ProgramVersion) -> None:
    applied = night(northwind, GOLD, standard)
    assert (applied.changed, applied.skipped) == ([northwind.pk], [])
    assert northwind.tier is not None
    assert northwind.next_tier is not None
    assert (northwind.tier.code, northwind.tier_changed_on, northwind.review_on) == (
        "gold",
        TODAY,
        date(2027, 6, 15),
    )
    assert (northwind.next_tier.code, northwind.tier_progress_percent) == ("platinum", 20)
    assert (northwind.sourced_arr_t12m, northwind.certified_people) == (100_000, 2)
    change = TierChange.objects.get()
    assert (change.from_tier, change.to_tier, change.kind, change.version) == (
        None,
        northwind.tier,
        "promoted",
        standard,
    )
    assert TierStanding.objects.get().outcome == "promoted"
    assert AuditEntry.objects.get(code="partners.tier.changed").changes["tier"] == [None, "gold"]
    assert tier_grants(northwind, TODAY) == {"gold"}


def test_what_a_tier_gives_is_granted_from_that_day_and_ends_with_it(
    northwind: Partner, standard: ProgramVersion
) -> None:
    night(northwind, GOLD, standard)
    rate = entitlement(northwind.pk, "commission_rate", AT)
    assert (rate.value, rate.number, rate.source, rate.granted) == ("20", Decimal(20), "tier:gold", True)
    assert not entitlement(northwind.pk, "commission_rate", TODAY - timedelta(days=1)).granted
    given = {benefit.code: answer.value for benefit, answer in entitlements(northwind, TODAY)}
    assert (given["mdf_year"], given["events"], given["support_response"]) == ("25000", "sponsor", "4")
    down = date(2027, 12, 15)
    night(northwind, NOTHING, standard, northwind.review_on)
    night(northwind, NOTHING, standard, down)
    assert northwind.tier is not None
    assert northwind.tier.code == "silver"
    assert tier_grants(northwind, down - timedelta(days=1)) == {"gold"}
    assert tier_grants(northwind, down) == {"silver"}
    assert entitlement(northwind.pk, "commission_rate", down).value == "15"


def test_a_second_run_changes_nothing(northwind: Partner, standard: ProgramVersion) -> None:
    night(northwind, SILVER, standard)
    counts = [model.objects.count() for model in (TierChange, TierStanding, Grant, AuditEntry)]
    applied = night(northwind, SILVER, standard)
    assert (applied.changed, applied.stored) == ([], 0)
    night(northwind, SILVER, standard, TODAY + timedelta(days=1))
    assert [model.objects.count() for model in (TierChange, TierStanding, Grant, AuditEntry)] == counts


def test_history_keeps_only_days_on_which_something_differs(northwind: Partner, standard: ProgramVersion) -> None:
    for days, arr in ((0, 30_000), (1, 30_000), (2, 31_000), (3, 31_000)):
        facts = replace(SILVER, metrics={"sourced_arr": Decimal(arr)})
        night(northwind, facts, standard, TODAY + timedelta(days=days))
    kept = TierStanding.objects.order_by("day").values_list("day", "sourced_arr")
    assert [(day, int(arr)) for day, arr in kept] == [(TODAY, 30_000), (TODAY + timedelta(days=2), 31_000)]


def test_the_same_day_computed_again_replaces_its_row(northwind: Partner, standard: ProgramVersion) -> None:
    night(northwind, SILVER, standard)
    night(northwind, replace(SILVER, metrics={"sourced_arr": Decimal(40_000)}), standard)
    assert int(TierStanding.objects.get().sourced_arr) == 40_000


def test_a_decision_made_from_an_old_standing_is_skipped(northwind: Partner, standard: ProgramVersion) -> None:
    stale = decided(northwind, SILVER, standard, TODAY)
    night(northwind, GOLD, standard)
    applied = apply_tier_decisions(results=[stale], version=standard, on=TODAY, by=making.SETUP, at=AT)
    northwind.refresh_from_db()
    assert applied.skipped == [northwind.pk]
    assert northwind.tier is not None
    assert northwind.tier.code == "gold"


def test_a_day_before_the_last_one_scored_is_skipped(northwind: Partner, standard: ProgramVersion) -> None:
    Partner.objects.filter(pk=northwind.pk).update(scored_on=TODAY)
    assert night(northwind, SILVER, standard, TODAY - timedelta(days=1)).skipped == [northwind.pk]
    assert night(northwind, SILVER, standard, TODAY).changed == [northwind.pk]


def test_thirty_partners_cost_as_many_statements_as_two(world: World, standard: ProgramVersion) -> None:
    partners = [making.partner(world, f"Company {number}") for number in range(32)]

    def apply(some: list[Partner]) -> int:
        results = [decided(partner, SILVER, standard, TODAY) for partner in some]
        with CaptureQueriesContext(connection) as asked:
            apply_tier_decisions(results=results, version=standard, on=TODAY, by=making.SETUP, at=AT)
        return len(asked)

    apply(partners[:1])  # the version's terms stay in memory
    assert apply(partners[1:3]) == apply(partners[3:])


def test_notices_are_kept_and_sent_once(northwind: Partner, standard: ProgramVersion) -> None:
    night(northwind, GOLD, standard)
    near = date(2027, 6, 15) - timedelta(days=30)
    result = decided(northwind, NOTHING, standard, near)
    for _time in range(2):
        apply_tier_decisions(results=[result], version=standard, on=near, by=making.SETUP, at=AT)
    assert list(TierNoticeSent.objects.values_list("kind", "days")) == [("review", 30)]
    northwind.refresh_from_db()
    assert northwind.tier_at_risk
    assert northwind.support_plan
    assert decided(northwind, NOTHING, standard, near + timedelta(days=1)).decision.notices == ()


def test_new_terms_renew_what_a_tier_gives(northwind: Partner, standard: ProgramVersion) -> None:
    night(northwind, SILVER, standard)
    other = making.program("starter", valid_from=TODAY + timedelta(days=10))
    day = TODAY + timedelta(days=10)
    facts = replace(SILVER, metrics={"sourced_arr": Decimal(30_000)})
    night(northwind, facts, other, day)
    open_ones = Grant.objects.filter(partner=northwind, source_kind="tier", valid_until=None)
    assert {row.version for row in open_ones} == {other}
    assert entitlement(northwind.pk, "commission_rate", day - timedelta(days=1)).value == "15"
    assert not entitlement(northwind.pk, "commission_rate", day).granted


def test_a_gate_stays_shut_while_the_partnership_is_not_active(northwind: Partner, standard: ProgramVersion) -> None:
    night(northwind, SILVER, standard)
    assert entitlement(northwind.pk, "deal_registration", AT).granted
    Partner.objects.filter(pk=northwind.pk).update(status="suspended")
    assert not entitlement(northwind.pk, "deal_registration", AT).granted


def test_the_best_of_several_sources_counts_and_zero_grants_nothing(
    northwind: Partner, standard: ProgramVersion
) -> None:
    Grant.objects.filter(partner=northwind).delete()
    night(northwind, NOTHING, standard)
    assert not entitlement(northwind.pk, "mdf_year", AT).granted
    assert not entitlement(northwind.pk, "deal_registration", AT).granted
    Grant.objects.create(
        partner=northwind, entitlement="commission_rate", value="12.5", source_kind="manual", source_code="vp",
        valid_from=TODAY, valid_until=TODAY, created_at=AT,
    )  # fmt: skip
    answer = entitlement(northwind.pk, "commission_rate", TODAY)
    assert (answer.value, answer.source, len(answer.lines)) == ("12.5", "manual:vp", 2)
    assert entitlement(northwind.pk, "commission_rate", TODAY + timedelta(days=1)).value == "10"


# --- Overrides ----------------------------------------------------------------------------------------------------


def override(world: World, partner: Partner, kind: str = "provisional", **changes: object) -> TierOverride:
    values: dict = {
        "tier": Tier.objects.get(track=partner.track, code="gold"),
        "reason": "New team",
        "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=180),
        "by": world.dan.actor,
    } | changes
    return set_override(partner=partner, kind=kind, at=AT, **values)


def test_a_provisional_tier_holds_until_its_end_and_then_drops_at_once(
    world: World, northwind: Partner, standard: ProgramVersion
) -> None:
    made = override(world, northwind)
    night(northwind, NOTHING, standard)
    assert northwind.tier is not None
    assert northwind.tier.code == "gold"
    day = TODAY + timedelta(days=181)
    night(northwind, NOTHING, standard, day)
    made.refresh_from_db()
    assert northwind.tier.code == "registered"
    assert (made.ended_how, made.ended_at) == ("ended", AT)


def test_an_override_ended_early_is_acted_on_by_the_next_decision(
    world: World, northwind: Partner, standard: ProgramVersion
) -> None:
    made = override(world, northwind)
    night(northwind, NOTHING, standard)
    ended = end_override(override=made, reason="Team left", by=world.vera.actor, at=AT)
    assert (ended.ends_on, ended.ended_at) == (TODAY - timedelta(days=1), None)
    night(northwind, NOTHING, standard)
    assert northwind.tier is not None
    assert northwind.tier.code == "registered"
    with pytest.raises(TierRefused):
        end_override(override=made, reason="again", by=world.vera.actor, at=AT)


def test_an_override_that_never_began_is_cancelled(world: World, northwind: Partner) -> None:
    made = override(world, northwind, starts_on=TODAY + timedelta(days=5))
    ended = end_override(override=made, reason="Changed our mind", by=world.dan.actor, at=AT)
    assert (ended.ended_at, ended.ended_how) == (AT, "cancelled")


def test_an_accelerator_promotes_when_its_targets_are_reached(
    world: World, northwind: Partner, standard: ProgramVersion
) -> None:
    targets = {"paths": [{"metric": "sourced_arr", "threshold": "60000"}], "certified_people": 1}
    made = override(world, northwind, "accelerator", targets=targets)
    night(northwind, SILVER, standard)
    assert northwind.tier is not None
    assert northwind.tier.code == "silver"
    night(northwind, replace(SILVER, metrics={"sourced_arr": Decimal(60_000)}), standard, TODAY + timedelta(days=1))
    made.refresh_from_db()
    assert (northwind.tier.code, made.ended_how) == ("gold", "reached")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, "partners.tier.reason_missing"),
        ({"ends_on": TODAY - timedelta(days=1)}, "partners.tier.range"),
        ({"starts_on": TODAY + timedelta(days=9), "ends_on": TODAY + timedelta(days=8)}, "partners.tier.range"),
        ({"kind": "accelerator"}, "partners.tier.targets_missing"),
        ({"kind": "accelerator", "targets": {"paths": [{"metric": "luck", "threshold": 1}]}}, "partners.tier.targets"),
    ],
)
def test_overrides_that_make_no_sense_are_refused(world: World, northwind: Partner, changes: dict, code: str) -> None:
    with pytest.raises(TierRefused) as refusal:
        override(world, northwind, **changes)
    assert refusal.value.code == code
    assert not TierOverride.objects.exists()


def test_overrides_are_for_directors_one_of_a_kind_on_the_right_track(world: World, northwind: Partner) -> None:
    for person in (world.mia, world.rory, world.paul):
        with pytest.raises(TierRefused):
            override(world, northwind, by=person.actor)
    with pytest.raises(TierRefused) as refusal:
        override(world, northwind, tier=Tier.objects.get(code="premier"))
    assert refusal.value.code == "partners.tier.other_track"
    override(world, northwind)
    with pytest.raises(TierRefused) as refusal:
        override(world, northwind)
    assert refusal.value.code == "partners.tier.override_open"
    Partner.objects.filter(pk=northwind.pk).update(agreement_signed_on=None)
    with pytest.raises(TierRefused) as refusal:
        override(world, northwind, "strategic")
    assert refusal.value.code == "partners.tier.no_agreement"


def test_a_queued_promotion_waits_for_somebody(world: World, northwind: Partner, standard: ProgramVersion) -> None:
    gold = Tier.objects.get(track=northwind.track, code="gold")
    with pytest.raises(TierRefused):
        approve_promotion(partner=northwind, by=world.dan.actor, at=AT)
    Partner.objects.filter(pk=northwind.pk).update(pending_tier=gold)
    with pytest.raises(TierRefused):
        approve_promotion(partner=northwind, by=world.mia.actor, at=AT)
    promoted = approve_promotion(partner=northwind, by=world.dan.actor, at=AT)
    assert (promoted.tier, promoted.pending_tier, promoted.review_on) == (gold, None, date(2027, 6, 15))
    assert entitlement(northwind.pk, "events", AT).value == "sponsor"
    assert TierChange.objects.get().by == world.dan.user
