"""Judging deals through what really happens to them, and overruling a verdict."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from deals.actions import opportunities, referrals, touches, verdicts
from deals.choices import VerdictKind
from deals.models import Contract, Opportunity, Touch, Verdict
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.models import AuditEntry, Mail, Notice, OutboxEvent
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NIGHT = Actor.system("night")
LATE = AT + 6 * DAY


def rival(world: World) -> Any:
    return stage.partner_of(world.rita)


def direct(world: World, deal: Opportunity, on: date) -> Touch:
    return touches.record_touch(
        opportunity=deal, by=world.dan.actor, at=LATE, kind="meeting", occurred_on=on, evidence="Call"
    )


def helped(world: World, deal: Opportunity, *, on: date = date(2026, 6, 16), kind: str = "demo") -> Touch:
    """Rival did something for Northwind's deal, as staff wrote it down."""
    return touches.record_touch(
        opportunity=deal,
        by=world.dan.actor,
        at=LATE,
        kind=kind,
        occurred_on=on,
        partner=rival(world),
        evidence="Demo for the plant manager",
    )


def current(deal: Opportunity) -> dict[str, Verdict]:
    rows = deal.verdicts.current().select_related("partner__organization")
    return {row.partner.name.split()[0]: row for row in rows}


def judged(world: World) -> Opportunity:
    """Northwind's open deal with its verdict."""
    deal = stage.approved(world, world.sara).opportunity
    verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT)
    return deal


# --- Sourced, influenced, not attributed ---------------------------------------------------------------------


@pytest.mark.parametrize(("days", "kind"), [(0, "sourced"), (7, "sourced"), (8, "influenced")])
def test_registered_within_seven_days_of_the_first_contact(world: World, days: int, kind: str) -> None:
    deal = stage.won(world, world.sara, first_contact_on=AT.date() - days * DAY).opportunity
    verdict = current(deal)["Northwind"]
    assert verdict.kind == kind
    assert verdict.factor_percent == {"sourced": 100, "influenced": 50}[kind]
    assert verdict.credit_bps == 10_000
    check = next(each for each in verdict.checks if each["code"] == "registered_in_time")
    assert (check["passed"], check["values"]["days"]) == (days <= 7, days)


@pytest.mark.parametrize(
    ("on", "kind"), [(date(2026, 6, 10), "influenced"), (date(2026, 6, 11), "sourced"), (date(2026, 6, 12), "sourced")]
)
def test_direct_sales_before_the_first_contact(world: World, on: date, kind: str) -> None:
    deal = stage.approved(world, world.sara).opportunity  # first contact on 11 June
    direct(world, deal, on)
    assert current(deal)["Northwind"].kind == kind


def test_a_direct_deal_with_the_same_customer_counts_unless_it_was_over(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    other = Opportunity.objects.create(
        code=new_code("OP"), account=deal.account, origin="direct", currency="USD", engaged_on=date(2026, 1, 5),
        created_at=AT, touched_at=AT,
    )  # fmt: skip
    verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT)
    assert current(deal)["Northwind"].kind == "influenced"
    other.status, other.closed_on, other.lost_reason = "lost", date(2026, 3, 1), "price"
    other.save()
    verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT)
    assert current(deal)["Northwind"].kind == "sourced"


def test_two_partners_share_the_credit_and_one_is_sourced(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    helped(world, deal, on=date(2026, 6, 11))
    found = current(deal)
    assert {name: row.kind for name, row in found.items()} == {"Northwind": "sourced", "Rival": "influenced"}
    # both touched the deal on 11 June, once each: half a deal each, whatever the half-life
    assert {name: row.credit_bps for name, row in found.items()} == {"Northwind": 5000, "Rival": 5000}


def test_credit_by_time_decay_to_the_basis_point(world: World) -> None:
    registration = stage.reported(world, world.sara, first_contact_on=date(2026, 6, 15))
    deal = registration.opportunity
    helped(world, deal, on=date(2026, 6, 15))
    opportunities.confirm_won(opportunity=deal, by=world.dan.actor, at=LATE, won_on=date(2026, 6, 18))
    # Northwind: 2^(-3/7) for 15 June and 1 for the win of 18 June; Rival: 2^(-3/7) = 0.742997
    # 0.742997 / (0.742997 × 2 + 1) = 29.8873 %
    assert {name: row.credit_bps for name, row in current(deal).items()} == {"Northwind": 7011, "Rival": 2989}


@pytest.mark.parametrize("kind", ["mention", "delivery"])
def test_a_mention_or_delivery_earns_nothing(world: World, kind: str) -> None:
    deal = stage.approved(world, world.sara).opportunity
    helped(world, deal, kind=kind)
    row = current(deal)["Rival"]
    assert (row.kind, row.factor_percent, row.credit_bps) == ("not_attributed", 0, 0)
    assert current(deal)["Northwind"].credit_bps == 10_000


def test_a_meeting_is_material_once_we_say_so(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    touch = helped(world, deal, kind="meeting")
    assert current(deal)["Rival"].kind == "not_attributed"
    touches.mark_material(touch=touch, by=world.mia.actor, at=LATE, is_material=True)
    assert current(deal)["Rival"].kind == "influenced"
    touches.strike_touch(touch=touch, by=world.mia.actor, at=LATE, reason="Another customer")
    assert current(deal)["Rival"].kind == "not_attributed"
    assert Verdict.objects.filter(partner=rival(world)).count() == 3


def test_a_referral_sources_like_a_registration(world: World) -> None:
    lead = referrals.submit_referral(
        partner=stage.partner_of(world.sara),
        by=world.sara.actor,
        at=AT,
        values={
            "customer_name": "Fenwick Retail", "customer_country": "GB", "contact_name": "Ada",
            "first_contact_on": AT.date() - 7 * DAY,
        },
    )  # fmt: skip
    referrals.accept_referral(referral=lead, by=world.dan.actor, at=AT)
    deal = referrals.qualify_referral(
        referral=lead, by=world.dan.actor, at=AT + DAY, amount=Decimal(9000), currency="USD"
    )
    touch = deal.touches.get()
    assert (touch.source, touch.kind, touch.occurred_on) == ("system", "introduction", AT.date() - 7 * DAY)
    opportunities.confirm_won(opportunity=deal, by=world.dan.actor, at=LATE, won_on=LATE.date())
    assert current(deal)["Northwind"].kind == "sourced"


def test_a_registration_gives_way_to_one_approved_after_its_protection(world: World) -> None:
    first = stage.approved(world, world.sara)
    second = stage.submitted(world.rita, at=AT + 40 * DAY, first_contact_on=(AT + 39 * DAY).date())
    first.refresh_from_db()
    from deals.actions import decisions, expiries

    expiries.expire_registrations(on=first.protected_until + DAY, by=NIGHT, at=AT + 31 * DAY)
    verdicts.judge_deal(opportunity=first.opportunity, by=NIGHT, at=AT + 40 * DAY)
    assert current(first.opportunity)["Northwind"].kind == "sourced", "expiry alone ends exclusivity only"
    second = stage.submitted(world.rita, at=AT + 41 * DAY, first_contact_on=(AT + 39 * DAY).date())
    decisions.approve_registration(
        registration=second, by=world.dan.actor, at=AT + 41 * DAY, reason="Their customer now"
    )
    verdicts.judge_deal(opportunity=first.opportunity, by=NIGHT, at=AT + 42 * DAY)
    assert current(first.opportunity)["Northwind"].kind == "influenced"


# --- When, and how often -------------------------------------------------------------------------------------


def test_the_system_writes_its_touches_once(world: World) -> None:
    registration = stage.approved(world, world.sara)
    deal = registration.opportunity
    for stage_name in ("proposal", "negotiation", "proposal"):
        deal = opportunities.update_opportunity(
            opportunity=deal, by=world.sara.actor, at=AT + DAY, stage=stage_name, expected_close_on=None
        )
    opportunities.update_opportunity(
        opportunity=deal, by=world.mia.actor, at=AT + 2 * DAY, stage="negotiation", expected_close_on=None
    )
    kinds = list(deal.touches.order_by("pk").values_list("kind", "source", "occurred_on"))
    assert kinds == [
        ("introduction", "system", date(2026, 6, 11)),
        ("proposal", "system", date(2026, 6, 16)),
        ("negotiation", "system", date(2026, 6, 16)),
    ]


def test_a_confirmed_win_is_a_touch_that_mattered(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    touch = deal.touches.get(source_key=f"win:{deal.code}")
    assert (touch.kind, touch.occurred_on, touch.is_material) == ("negotiation", date(2026, 6, 18), True)
    assert touch.evidence == "Signed order of the customer."


def test_judging_again_with_nothing_new_writes_nothing(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT)
    lines = AuditEntry.objects.count()
    verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT + timedelta(hours=1))
    assert (deal.verdicts.count(), AuditEntry.objects.count()) == (1, lines)


def test_terms_of_the_day_of_the_win_count(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    verdict = current(deal)["Northwind"]
    assert verdict.program_version.valid_from <= deal.won_on
    assert verdict.credit_model == "time_decay"


def test_a_lost_deal_is_not_judged(world: World) -> None:
    deal = stage.approved(world, world.sara).opportunity
    opportunities.lose_opportunity(opportunity=deal, by=world.sara.actor, at=AT + DAY, reason="price")
    with pytest.raises(verdicts.VerdictRefused) as refusal:
        verdicts.judge_deal(opportunity=deal, by=NIGHT, at=AT + DAY)
    assert refusal.value.code == "deals.verdict.lost"


# --- Deals nobody judged yet ---------------------------------------------------------------------------------


def imported(world: World, many: int, **changes: Any) -> list[Opportunity]:
    partner = stage.partner_of(world.sara)
    return Opportunity.objects.bulk_create(
        Opportunity(
            **{
                "code": new_code("OP"), "origin": "import", "is_partner_worked": True, "partner": partner,
                "amount": Decimal(1000), "currency": "USD", "status": "won", "stage": "closed",
                "engaged_on": date(2026, 1, 1), "won_on": date(2026, 3, 1), "closed_on": date(2026, 3, 1),
                "created_at": AT, "touched_at": AT,
            }
            | changes
        )
        for _each in range(many)
    )  # fmt: skip


@pytest.mark.parametrize("many", [1, 30])
def test_imports_are_judged_by_their_basis_in_the_same_statements(
    world: World, many: int, django_assert_num_queries: Callable
) -> None:
    deals = imported(world, many)
    with django_assert_num_queries(10):
        assert verdicts.judge_won_deals(by=NIGHT, at=AT) == many
    rows = Verdict.objects.filter(opportunity__in=deals)
    assert set(rows.values_list("kind", "factor_percent", "credit_bps")) == {("sourced", 100, 10_000)}
    assert verdicts.judge_won_deals(by=NIGHT, at=AT) == 0
    assert rows.count() == many


def test_an_import_the_partner_did_not_work_is_not_attributed(world: World) -> None:
    imported(world, 1, is_partner_worked=False)
    verdicts.judge_won_deals(by=NIGHT, at=AT)
    assert Verdict.objects.get().kind == VerdictKind.NOT_ATTRIBUTED


def test_so_many_a_night_and_the_rest_the_next(world: World) -> None:
    imported(world, 5)
    assert verdicts.judge_won_deals(by=NIGHT, at=AT, most=3) == 3
    assert verdicts.judge_won_deals(by=NIGHT, at=AT, most=3) == 2


# --- Overruling ----------------------------------------------------------------------------------------------


def test_an_overrule_needs_a_reason_and_the_right(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    verdict = current(deal)["Northwind"]
    for person, reason, code in [
        (world.mia, " ", "deals.verdict.reason_missing"),
        (world.rory, "Because", "deals.verdict.not_allowed"),
        (world.finn, "Because", "deals.verdict.not_allowed"),
        (world.sara, "Because", "deals.verdict.not_allowed"),
    ]:
        with pytest.raises(verdicts.VerdictRefused) as refusal:
            verdicts.overrule_verdict(verdict=verdict, kind="influenced", reason=reason, by=person.actor, at=LATE)
        assert refusal.value.code == code
    assert deal.verdicts.count() == 1


def test_a_manager_overrules_for_own_partners_only(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    partner = stage.partner_of(world.sara)
    partner.owner, partner.territory = world.dan.user, ""
    partner.save()
    with pytest.raises(verdicts.VerdictRefused):
        verdicts.overrule_verdict(
            verdict=current(deal)["Northwind"], kind="influenced", reason="No", by=world.mia.actor, at=LATE
        )


def test_an_overrule_replaces_tells_and_is_kept(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    before = current(deal)["Northwind"]
    after = verdicts.overrule_verdict(
        verdict=before, kind="influenced", reason="Our team closed it.", by=world.mia.actor, at=LATE
    )
    before.refresh_from_db()
    assert (before.superseded_at, after.is_overruled, after.reason) == (LATE, True, "Our team closed it.")
    assert (after.kind, after.factor_percent, after.judged_by) == ("influenced", 50, world.mia.user)
    assert after.checks == before.checks
    line = AuditEntry.objects.get(code="deals.verdict.overruled")
    assert (line.reason, line.changes["verdict"]) == ("Our team closed it.", ["sourced", "influenced"])
    assert OutboxEvent.objects.filter(name="deals.verdict.overruled", data__partner_id=after.partner_id).exists()
    told = Notice.objects.filter(topic="deals.verdict_overruled")
    assert {each.membership for each in told} == {world.sara.membership, world.paul.membership, world.toni.membership}
    mail = Mail.objects.filter(topic="deals.verdict_overruled").first()
    assert "Our team closed it." in mail.body_text
    assert "Our team closed it." in mail.body_html


def test_new_touches_do_not_undo_an_overrule(world: World) -> None:
    deal = judged(world)
    verdicts.overrule_verdict(
        verdict=current(deal)["Northwind"], kind="influenced", reason="We closed it.", by=world.mia.actor, at=LATE
    )
    helped(world, deal, on=date(2026, 6, 11))
    kept = current(deal)["Northwind"]
    assert (kept.kind, kept.is_overruled, kept.reason) == ("influenced", True, "We closed it.")
    assert (kept.credit_bps, kept.judged_by) == (5000, world.mia.user)


def test_a_signed_deal_is_changed_by_an_overrule_only(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    assert Contract.objects.filter(opportunity=deal).exists()
    helped(world, deal)
    assert set(current(deal)) == {"Northwind"}
    with pytest.raises(verdicts.VerdictRefused) as refusal:
        verdicts.judge_deal(opportunity=deal, by=NIGHT, at=LATE)
    assert refusal.value.code == "deals.verdict.signed"
    with pytest.raises(touches.TouchRefused) as late:
        touches.record_touch(
            opportunity=deal, by=world.sara.actor, at=LATE, kind="demo", occurred_on=AT.date(), evidence="Demo"
        )
    assert late.value.code == "deals.touch.closed"


def test_a_second_sourced_partner_is_refused_by_name_and_by_the_database(world: World) -> None:
    deal = judged(world)
    helped(world, deal)
    with pytest.raises(verdicts.VerdictRefused) as refusal:
        verdicts.overrule_verdict(
            verdict=current(deal)["Rival"], kind="sourced", reason="Theirs", by=world.dan.actor, at=LATE
        )
    assert refusal.value.code == "deals.verdict.sourced_already"
    assert "Northwind Solutions" in str(refusal.value.message)
    row = current(deal)["Rival"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Verdict.objects.filter(pk=row.pk).update(kind="sourced")
    verdicts.overrule_verdict(
        verdict=current(deal)["Northwind"],
        kind="not_attributed",
        reason="They only signed",
        by=world.dan.actor,
        at=LATE,
    )
    verdicts.overrule_verdict(
        verdict=current(deal)["Rival"], kind="sourced", reason="Theirs", by=world.dan.actor, at=LATE
    )
    assert {name: (row.kind, row.credit_bps) for name, row in current(deal).items()} == {
        "Northwind": ("not_attributed", 0),
        "Rival": ("sourced", 10_000),
    }


def test_an_old_form_is_told_that_the_deal_was_judged_again(world: World) -> None:
    deal = stage.won(world, world.sara).opportunity
    old = current(deal)["Northwind"]
    verdicts.overrule_verdict(verdict=old, kind="influenced", reason="One", by=world.mia.actor, at=LATE)
    with pytest.raises(verdicts.VerdictStaleRefused):
        verdicts.overrule_verdict(verdict=old, kind="not_attributed", reason="Two", by=world.dan.actor, at=LATE)
