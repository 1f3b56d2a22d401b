"""Partner companies: who may change them, what an edit and an end do, and what history keeps."""

from datetime import date, timedelta

import pytest

from partners.actions.partners import (
    NotYours,
    PartnerRefused,
    StaleEdit,
    assign_owner,
    change_stage,
    change_status,
    create_partner,
    edit_partner,
    edit_profile,
)
from partners.models import Delegation, Grant, LifecycleChange, Partner, TerritoryCover, TierChange
from partners.queries.authority import can_decide_for, decided_by, decider_for
from partners.queries.program import NoProgramInForce
from prm.core.actions.invitations import invite_person
from prm.core.actions.work_items import open_work_item
from prm.core.models import AuditEntry, Invitation, WorkItem
from prm.core.transitions import TransitionRefused
from tests.partners import making
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db


def test_a_partner_is_its_organization_and_its_track_follows_its_type(world: World, northwind: Partner) -> None:
    assert northwind.pk == world.northwind.pk
    assert (northwind.track.code, northwind.tier, northwind.sort_name) == ("solution", None, "northwind solutions")
    oem = making.partner(world, "  Chip   Works ", type="oem")
    assert (oem.track.code, oem.organization.name, oem.organization.status) == ("technology", "Chip Works", "active")
    prospect = making.partner(world, "Maybe Ltd", status="prospect")
    assert prospect.organization.status == "pending"
    assert LifecycleChange.objects.filter(partner=oem).count() == 1


def test_a_partner_needs_a_program_that_knows_its_type(db: None) -> None:
    with pytest.raises(NoProgramInForce):
        create_partner(name="Early", type="reseller", by=making.SETUP, at=AT)
    making.program("starter")
    with pytest.raises(PartnerRefused) as refusal:
        create_partner(name="Early", type="affiliate", by=making.SETUP, at=AT)
    assert refusal.value.code == "partners.partner.type_unknown"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "   "},
        {"name": "x" * 201},
        {"country": "Germany"},
        {"country": "1E"},
        {"website": "javascript:alert(1)"},
        {"website": "ftp://x.example"},
    ],
)
def test_values_that_can_not_be_used_are_refused(world: World, northwind: Partner, wrong: dict) -> None:
    with pytest.raises(PartnerRefused):
        edit_partner(partner=northwind, version=1, changes=wrong, by=world.mia.actor, at=AT)
    northwind.refresh_from_db()
    assert northwind.version == 1


def test_an_edit_is_audited_with_before_and_after_and_nothing_changed_is_nothing_written(
    world: World, northwind: Partner
) -> None:
    edited = edit_partner(
        partner=northwind,
        version=1,
        changes={"territory": "Benelux", "name": "Northwind AG"},
        by=world.mia.actor,
        at=AT,
    )
    same = edit_partner(partner=edited, version=2, changes={"territory": "Benelux"}, by=world.mia.actor, at=AT)
    assert (edited.version, same.version, same.sort_name) == (2, 2, "northwind ag")
    line = AuditEntry.objects.get(code="partners.partner.edited")
    assert line.changes == {"territory": ["DACH", "Benelux"], "name": ["Northwind Solutions", "Northwind AG"]}
    assert (line.actor_user_id, line.organization_id) == (world.mia.user.pk, northwind.pk)


def test_two_edits_at_once_show_both_values(world: World, northwind: Partner) -> None:
    edit_partner(partner=northwind, version=1, changes={"territory": "Benelux"}, by=world.mia.actor, at=AT)
    with pytest.raises(StaleEdit) as stale:
        edit_partner(
            partner=northwind, version=1, changes={"territory": "Iberia", "country": "DE"}, by=world.dan.actor, at=AT
        )
    assert stale.value.version == 2
    assert [(each.field, each.theirs, each.yours) for each in stale.value.conflicts] == [
        ("territory", "Benelux", "Iberia")
    ]
    northwind.refresh_from_db()
    assert northwind.territory == "Benelux"


def test_only_listed_fields_can_be_edited(world: World, northwind: Partner) -> None:
    for field in ("tier", "health_score", "status", "owner", "sourced_arr_t12m", "organization"):
        with pytest.raises(ValueError, match="not editable"):
            edit_partner(partner=northwind, version=1, changes={field: 1}, by=world.mia.actor, at=AT)
    with pytest.raises(ValueError, match="not part of the profile"):
        edit_profile(partner=northwind, version=1, changes={"name": "X"}, by=world.paul.actor, at=AT)


def test_managers_decide_for_own_covered_delegated_and_pooled_partners(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    assert can_decide_for(world.mia.actor, northwind, AT)
    assert not can_decide_for(other.actor, northwind, AT)
    cover = TerritoryCover.objects.create(user=other.user, territory="DACH", created_at=AT)
    assert can_decide_for(other.actor, northwind.pk, AT)
    cover.delete()
    Delegation.objects.create(
        giver=world.mia.user, taker=other.user, starts_on=AT.date(), ends_on=AT.date(), created_at=AT
    )
    assert can_decide_for(other.actor, northwind, AT)
    assert not can_decide_for(other.actor, northwind, AT + timedelta(days=1))
    assert not can_decide_for(other.actor, northwind, AT - timedelta(days=1))
    assert decider_for(northwind, AT).user_id == other.user.pk
    assert decider_for(northwind, AT + timedelta(days=1)).user_id == world.mia.user.pk
    pooled = making.partner(world, "Pooled", owner=None, territory="")
    assert can_decide_for(other.actor, pooled, AT)
    assert decider_for(pooled, AT).user_id is None
    assert list(decided_by(other.actor, AT + timedelta(days=1))) == [pooled]


def test_a_blank_territory_covers_nobody(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    TerritoryCover.objects.create(user=other.user, territory="", created_at=AT)
    Partner.objects.filter(pk=northwind.pk).update(territory="")
    assert not can_decide_for(other.actor, northwind, AT)


def test_roles_beside_and_above_the_manager(world: World, northwind: Partner) -> None:
    assert can_decide_for(world.dan.actor, northwind, AT)
    assert can_decide_for(world.vera.actor, northwind, AT)
    for person in (world.ada, world.finn, world.rory, world.sue, world.paul, world.rita):
        assert not can_decide_for(person.actor, northwind, AT), person.user.name


def test_an_owner_who_left_passes_the_desk_to_all_managers(world: World, northwind: Partner) -> None:
    world.mia.membership.is_active = False
    world.mia.membership.deactivated_at = AT
    world.mia.membership.save()
    assert decider_for(northwind, AT).user_id is None


def test_a_manager_changes_only_what_is_theirs_and_admins_keep_all_data(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    for change in (
        lambda by: edit_partner(partner=northwind, version=1, changes={"territory": "X"}, by=by, at=AT),
        lambda by: change_stage(partner=northwind, stage="expand", reason="", by=by, at=AT),
        lambda by: change_status(partner=northwind, action="suspend", reason="x", by=by, at=AT),
        lambda by: assign_owner(partner=northwind, owner=None, by=by, at=AT),
    ):
        for actor in (other.actor, world.rory.actor, world.paul.actor):
            with pytest.raises(NotYours):
                change(actor)
    assert (
        not AuditEntry.objects.filter(organization=northwind.pk)
        .exclude(code="partners.partner.created")
        .exclude(code__startswith="core.")
        .exists()
    )
    edit_partner(partner=northwind, version=1, changes={"territory": "X"}, by=world.ada.actor, at=AT)


def test_ending_a_partnership_ends_what_its_people_hold(world: World, northwind: Partner) -> None:
    invite_person(
        organization=world.northwind, email="new@example.com", name="", role="seller", by=world.mia.actor, at=AT
    )
    open_work_item(kind="deals.info_request", ref=northwind.ref, organization_id=northwind.pk, title="Answer", at=AT)
    ended = change_status(partner=northwind, action="end", reason="Contract over", by=world.mia.actor, at=AT)
    assert (ended.status, ended.organization.status) == ("ended", "closed")
    assert Invitation.objects.get().revoked_at == AT
    assert WorkItem.objects.get().outcome == "partner_ended"
    line = AuditEntry.objects.get(code="partners.partner.ended")
    assert (line.reason, line.changes["invitations"], line.changes["work"]) == ("Contract over", 1, 1)
    with pytest.raises(TransitionRefused):
        change_status(partner=northwind, action="suspend", reason="x", by=world.mia.actor, at=AT)
    again = change_status(partner=northwind, action="activate", reason="Signed again", by=world.mia.actor, at=AT)
    assert (again.status, again.organization.status) == ("active", "active")


def test_a_status_needs_its_reason(world: World, northwind: Partner) -> None:
    with pytest.raises(PartnerRefused):
        change_status(partner=northwind, action="end", reason="  ", by=world.mia.actor, at=AT)


def test_stages_are_logged_and_dated(world: World, northwind: Partner) -> None:
    later = AT + timedelta(days=40)
    moved = change_stage(partner=northwind, stage="enable", reason="Course done", by=world.mia.actor, at=later)
    assert (moved.stage, moved.stage_since) == ("enable", later.date())
    change = LifecycleChange.objects.get(to_stage="enable")
    assert (change.from_stage, change.reason, change.by) == ("onboard", "Course done", world.mia.user)
    with pytest.raises(PartnerRefused):
        change_stage(partner=northwind, stage="retired", reason="", by=world.mia.actor, at=AT)


def test_open_work_goes_along_with_the_owner(world: World, northwind: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    item = open_work_item(
        kind="deals.registration_decision", ref=northwind.ref, organization_id=world.vendor.pk, about_id=northwind.pk,
        assignee_id=world.mia.user.pk, title="Decide", at=AT,
    )  # fmt: skip
    assign_owner(partner=northwind, owner=other.user, by=world.dan.actor, at=AT)
    item.refresh_from_db()
    assert item.assignee == other.user
    assign_owner(partner=northwind, owner=None, by=world.dan.actor, at=AT)
    item.refresh_from_db()
    assert (item.assignee, item.role) == (None, "partner_manager")


def test_only_deciding_staff_can_own(world: World, northwind: Partner) -> None:
    for person in (world.rory, world.paul, world.ada):
        with pytest.raises(PartnerRefused):
            assign_owner(partner=northwind, owner=person.user, by=world.dan.actor, at=AT)


def test_another_type_on_another_track_begins_the_ladder_anew(world: World, northwind: Partner) -> None:
    gold = northwind.track.tiers.get(code="gold")
    Partner.objects.filter(pk=northwind.pk).update(tier=gold, tier_changed_on=date(2026, 1, 1))
    Grant.objects.create(
        partner=northwind, entitlement="deal_registration", value="yes", source_kind="tier", source_code="gold",
        valid_from=date(2026, 1, 1), created_at=AT,
    )  # fmt: skip
    moved = edit_partner(partner=northwind, version=1, changes={"type": "technology"}, by=world.mia.actor, at=AT)
    moved.refresh_from_db()
    assert (moved.track.code, moved.tier, moved.tier_changed_on) == ("technology", None, None)
    change = TierChange.objects.get()
    assert (change.from_tier, change.to_tier, change.kind) == (gold, None, "reset")
    assert Grant.objects.get(partner=northwind, source_kind="tier").valid_until == AT.date() - timedelta(days=1)
    same_track = making.partner(world, "Two", type="reseller")
    assert (
        edit_partner(partner=same_track, version=1, changes={"type": "si"}, by=world.mia.actor, at=AT).track.code
        == "solution"
    )


def test_visible_to_narrows_to_ones_own_company(world: World, northwind: Partner, rival: Partner) -> None:
    seen = {
        person.user.name: set(Partner.objects.visible_to(person.actor).values_list("pk", flat=True))
        for person in (world.paul, world.rita, world.mia, world.rory)
    }
    both = {northwind.pk, rival.pk}
    assert seen == {
        "Paul Keller": {northwind.pk},
        "Rita Moss": {rival.pk},
        "Mia Berg": both,
        "Rory Blake": both,
    }


def test_an_external_id_is_taken_once(world: World, northwind: Partner) -> None:
    making.partner(world, "One", external_id="crm-1")
    with pytest.raises(PartnerRefused):
        making.partner(world, "Two", external_id="crm-1")


def test_a_seller_can_not_create_partners(world: World, northwind: Partner) -> None:
    for person in (world.sara, world.rory, world.finn):
        with pytest.raises(NotYours):
            create_partner(name="X", type="reseller", by=person.actor, at=AT)
    assert not Partner.objects.filter(sort_name="x").exists()
