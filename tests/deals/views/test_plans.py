"""Plans on their pages: precedence, changing one as a draft, publishing, which one counts, own rates, and what-ifs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from deals.forms.plans import terms_typed
from deals.models import OwnRate
from deals.queries.plans import rates_of
from partners.models import ProgramVersion
from partners.queries.program import incentive_terms, program_of, program_today, version_in_force
from prm.core.models import AuditEntry
from tests.deals.earning import amounts, plan, plans, won
from tests.deals.stage import partner_of
from tests.world import World

pytestmark = pytest.mark.django_db


THREE = (
    plan("first_year", code="solution_commission", scope={"deal": "commission"}),
    plan("margin", code="reseller_margin", rate_percent="30", scope={"deal": "resale"}),
    plan("first_year", code="oem", scope={"types": ["oem"]}),
)


@pytest.fixture
def now():
    """Pages act at the moment of the request."""
    return timezone.now()


def typed(now: Any, which: str, /, **changes: Any) -> dict[str, Any]:
    found = program_of(version_in_force(now)).topics["incentives"].plan(which)
    return {
        **{name: "" if value is None else value for name, value in terms_typed(found).items()},
        "reason": "More for all",
        **changes,
    }


def send(client: Any, world: World, page: str, args: Any = None, query: str = "", /, **data: Any) -> Any:
    return client.post(reverse(f"manage:deals:{page}", args=args) + query, {"acting_as": world.vendor.code, **data})


def test_plans_stand_in_the_order_in_which_they_win(world: World, sign_in) -> None:
    page = sign_in(world.rory).get(reverse("manage:deals:plan_list"))
    order = [each.plan.scope.specificity for each in page.context["rows"]]
    assert order == sorted(order, reverse=True)
    assert len(order) == 6
    assert not any(each.row.warnings for each in page.context["rows"])


def test_a_plan_of_a_type_has_the_rates_of_that_type_s_ladder_only(world: World, now) -> None:
    program = program_of(version_in_force(now))
    plan = program.incentives().plan("technology_co_sold")
    assert [(rate.track, rate.tier, rate.percent) for rate in rates_of(program, plan)] == [
        ("Technology", "Certified", 10),
        ("Technology", "Premier", 15),
    ]


def test_a_change_becomes_a_draft_and_nothing_else(world: World, sign_in, now) -> None:
    before = version_in_force(now)
    done = send(
        sign_in(world.dan), world, "plan_edit", ["referral_first_year"],
        **typed(now, "referral_first_year", rate_percent="18"),
    )  # fmt: skip
    draft = ProgramVersion.objects.get(status="draft")
    assert (done.status_code, done.url) == (302, f"{reverse('manage:deals:plan_list')}?version={draft.code}")
    assert incentive_terms(draft).plan("referral_first_year").rate_percent == 18
    assert [each.code for each in incentive_terms(draft).plans] == [each.code for each in incentive_terms(before).plans]
    assert version_in_force(now) == before
    assert incentive_terms(before).plan("referral_first_year").rate_percent == 15
    assert draft.note == "More for all"
    again = send(
        sign_in(world.dan), world, "plan_edit", ["affiliate_recurring"], f"?version={draft.code}",
        **typed(now, "affiliate_recurring", months="24", reason="Twice as long"),
    )  # fmt: skip
    assert again.status_code == 302
    new = ProgramVersion.objects.get(status="draft")
    assert incentive_terms(new).plan("referral_first_year").rate_percent == 18
    assert incentive_terms(new).plan("affiliate_recurring").months == 24
    assert new.note == "More for all\nTwice as long"


def test_guard_rails_warn(world: World, sign_in, now) -> None:
    dan = sign_in(world.dan)
    send(dan, world, "plan_edit", ["referral_first_year"], **typed(now, "referral_first_year", rate_percent="25"))
    draft = ProgramVersion.objects.get(status="draft")
    page = dan.get(reverse("manage:deals:plan_detail", args=["referral_first_year"]), {"version": draft.code})
    assert "outside the usual 10–20 %" in page.content.decode()


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("referral_first_year", {"rate_percent": ""}, "rate_percent"),
        ("referral_first_year", {"rate_percent": "101"}, "rate_percent"),
        ("referral_first_year", {"rate_benefit": "commission_rate"}, "rate_benefit"),
        ("referral_first_year", {"months": "12"}, "months"),
        ("affiliate_recurring", {"months": ""}, "months"),
        ("referral_first_year", {"model": "brackets", "rate_percent": "", "brackets": "0 - 5: 1\n9 - : 2"}, "brackets"),
        ("referral_first_year", {"model": "brackets", "rate_percent": "", "brackets": "much"}, "brackets"),
        ("referral_first_year", {"model": "flat", "rate_percent": ""}, "flat_amount"),
        ("referral_first_year", {"starts_on": "2027-02-01", "ends_on": "2027-01-01"}, "ends_on"),
        ("referral_first_year", {"tiers": ["platinum"]}, "tiers"),
        ("referral_first_year", {"guard_least": "30", "guard_most": "20"}, "guard_most"),
        ("referral_first_year", {"tracks": ["solution"], "deal": "commission"}, "deal"),
        ("referral_first_year", {"reason": ""}, "reason"),
    ],
)
def test_problems_stand_at_their_fields(
    world: World, sign_in, now, code: str, changes: dict[str, Any], field: str
) -> None:
    page = send(sign_in(world.dan), world, "plan_edit", [code], **typed(now, code, **changes))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not ProgramVersion.objects.filter(status="draft").exists()


def test_adding_and_leaving_out(world: World, sign_in, now) -> None:
    dan = sign_in(world.dan)
    new = typed(now, "referral_first_year", code="strategic", name="Strategic", types=["strategic"], tracks=[],
                deal="commission", rate_percent="12")  # fmt: skip
    assert send(dan, world, "plan_create", **new).status_code == 302
    draft = ProgramVersion.objects.get(status="draft")
    assert incentive_terms(draft).plan("strategic").rate_percent == 12
    again = send(dan, world, "plan_create", None, f"?version={draft.code}", **new)
    assert again.status_code == 422
    assert "code" in again.context["form"].errors
    query = f"?version={draft.code}"
    assert send(dan, world, "plan_drop", ["strategic"], query, reason="No longer").status_code == 302
    assert incentive_terms(ProgramVersion.objects.get(status="draft")).plan("strategic") is None


def test_publishing_takes_both_rights_and_never_reaches_back(world: World, sign_in, now) -> None:
    send(sign_in(world.dan), world, "plan_edit", ["solution_commission"],
         **typed(now, "solution_commission", rate_benefit="", rate_percent="11"))  # fmt: skip
    draft = ProgramVersion.objects.get(status="draft")
    today = program_today(now)
    publish = {"valid_from": (today + timedelta(days=1)).isoformat()}
    for name in ("dan", "vera", "mia", "rory"):
        assert (
            send(sign_in(world.people[name]), world, "plan_draft_publish", [draft.code], **publish).status_code == 403
        )
    ada = sign_in(world.ada)
    past = send(ada, world, "plan_draft_publish", [draft.code], valid_from=(today - timedelta(days=1)).isoformat())
    assert past.status_code == 422
    assert send(ada, world, "plan_draft_publish", [draft.code], **publish).status_code == 302
    draft.refresh_from_db()
    assert draft.valid_from == today + timedelta(days=1)
    assert incentive_terms(version_in_force(now)).plan("solution_commission").rate_benefit == "commission_rate"
    assert AuditEntry.objects.filter(code="partners.program.published").exists()


def test_a_change_of_terms_leaves_what_is_signed(world: World, sign_in) -> None:
    plans(plan("first_year"))
    contract = won(world, amount=10000)
    terms = contract.earning_terms.get()
    now = timezone.now()
    send(sign_in(world.dan), world, "plan_edit", ["first_year"], **typed(now, "first_year", rate_percent="1"))
    draft = ProgramVersion.objects.get(status="draft")
    send(sign_in(world.ada), world, "plan_draft_publish", [draft.code], valid_from=program_today(now).isoformat())
    contract.refresh_from_db()
    assert amounts(contract) == [2000]
    assert contract.earning_terms.get().plan == terms.plan


def test_throwing_a_draft_away(world: World, sign_in, now) -> None:
    dan = sign_in(world.dan)
    send(dan, world, "plan_edit", ["referral_first_year"], **typed(now, "referral_first_year", rate_percent="18"))
    draft = ProgramVersion.objects.get(status="draft")
    assert send(dan, world, "plan_draft_discard", [draft.code]).status_code == 302
    assert not ProgramVersion.objects.filter(status="draft").exists()
    published = version_in_force(now)
    assert send(dan, world, "plan_draft_discard", [published.code]).status_code == 404


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"partner": "Northwind", "deal_kind": "commission"}, "solution_commission"),
        ({"partner": "Northwind", "deal_kind": "resale"}, "reseller_margin"),
        ({"partner": "nobody", "deal_kind": "resale"}, None),
    ],
)
def test_which_plan_counts(world: World, sign_in, now, asked: dict[str, str], expected: str | None) -> None:
    plans(*THREE)
    page = sign_in(world.rory).get(
        reverse("manage:deals:plan_why"), asked | {"on": program_today(now).isoformat(), "product": ""}
    )
    if expected is None:
        assert (page.status_code, "partner" in page.context["form"].errors) == (422, True)
        return
    assert page.context["plan_code"] == expected
    lost = [each for each in page.context["lines"] if each.label == "Not this plan"]
    assert len(lost) == 2
    assert all(each.note for each in lost)


def test_whom_a_plan_is_for(world: World, sign_in) -> None:
    plans(*THREE)
    page = sign_in(world.rory).get(reverse("manage:deals:plan_detail", args=["solution_commission"]))
    assert [each.organization.name for each in page.context["audience"].partners] == [
        "Northwind Solutions",
        "Rival Systems",
    ]
    nobody = sign_in(world.rory).get(reverse("manage:deals:plan_detail", args=["oem"]))
    assert nobody.context["audience"].count == 0
    assert sign_in(world.rory).get(reverse("manage:deals:plan_detail", args=["unheard_of"])).status_code == 404


def test_agreeing_and_ending_an_own_rate_by_page(world: World, sign_in, now) -> None:
    today = program_today(now)
    values = {"partner": "Northwind", "plan_code": "", "rate_percent": "27", "valid_from": today.isoformat(),
              "valid_until": "", "reason": "Largest partner"}  # fmt: skip
    dan = sign_in(world.dan)
    assert send(dan, world, "own_rate_create", **values).status_code == 302
    row = OwnRate.objects.get()
    assert (row.rate_percent, row.created_by) == (Decimal(27), world.dan.user)
    overlap = send(dan, world, "own_rate_create", **values)
    assert overlap.status_code == 422
    assert "27 % is agreed" in str(overlap.context["form"].errors["valid_from"])
    assert "partner" in send(dan, world, "own_rate_create", **values | {"partner": "x"}).context["form"].errors
    args = [partner_of(world.sara).code, "any", today.isoformat()]
    late = send(dan, world, "own_rate_end", args, last_day=(today - timedelta(days=5)).isoformat(), reason="x")
    assert "last_day" in late.context["form"].errors
    assert send(dan, world, "own_rate_end", args, last_day=today.isoformat(), reason="Left").status_code == 302
    row.refresh_from_db()
    assert row.valid_until == today
    for bad in (["PA-ZZZZZZZ", "any", today.isoformat()], [args[0], "any", "never"], [args[0], "x", args[2]]):
        assert dan.get(reverse("manage:deals:own_rate_end", args=bad)).status_code == 404


def test_the_what_if_page(world: World, sign_in) -> None:
    plans(plan("first_year"))
    won(world, amount=10000)
    won(world, by=world.rita, amount=20000)
    vera, address = sign_in(world.vera), reverse("manage:deals:plan_compare")
    page = vera.get(address, {"plan": "first_year", "rate_percent": "25"})
    total = page.context["found"].totals[0]
    assert (total.before, total.after) == (6000, 7500)
    text = page.content.decode()
    assert "7,500.00" in text.replace("\xa0", " ")
    assert "Rival Systems" in text
    export = b"".join(
        vera.get(address, {"plan": "first_year", "rate_percent": "25", "export": "csv"}).streaming_content
    )
    assert [line for line in export.decode().splitlines() if "Northwind" in line and "2500" in line]
    assert vera.get(address, {"plan": "first_year"}).status_code == 422
    assert vera.get(address, {"new": ""}).status_code == 422
    assert vera.get(address, {"plan": "unheard", "rate_percent": "1"}).status_code == 422
