"""The pages about who did what for a deal, as staff, its partner, another partner and a helper of both read them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from deals.actions import touches, verdicts
from deals.models import Opportunity, Touch
from prm.core.codes import new_code
from tests.core.corpus import pdf
from tests.deals import stage
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db

SignIn = Callable[[Person], Client]
LATE = AT + timedelta(days=6)


@pytest.fixture
def now() -> datetime:
    return datetime.now(AT.tzinfo)


def shared_deal(world: World, *, at: datetime = AT) -> Opportunity:
    """Northwind's deal on which Rival helped and our own sales worked first; both verdicts are stored."""
    deal = stage.approved(world, world.sara, at=at, first_contact_on=(at - timedelta(days=4)).date()).opportunity
    touches.record_touch(
        opportunity=deal, by=world.dan.actor, at=at, kind="meeting", occurred_on=(at - timedelta(days=9)).date(),
        person="Our Olga", evidence="Our own sales met their CFO",
    )  # fmt: skip
    touches.record_touch(
        opportunity=deal, by=world.dan.actor, at=at, kind="demo", occurred_on=at.date(),
        partner=stage.partner_of(world.rita), person="Rita Moss", evidence="Rival showed the analytics",
    )  # fmt: skip
    return deal


def page(client: Client, name: str, code: str) -> str:
    answer = client.get(reverse(name, args=[code]))
    assert answer.status_code == 200
    return answer.content.decode()


# --- Who reads what ------------------------------------------------------------------------------------------


def test_staff_see_everybody_and_every_model(world: World, sign_in: SignIn) -> None:
    deal = shared_deal(world)
    text = page(sign_in(world.mia), "manage:deals:attribution_detail", deal.code)
    for words in ("Northwind Solutions", "Rival Systems", "Our own sales met their CFO", "our own sales since"):
        assert words in text
    for model in ("First touch", "Last touch", "Linear", "Time decay", "Custom weights"):
        assert model in text
    assert "Overrule a verdict" in text


def test_a_reader_without_the_right_gets_no_form(world: World, sign_in: SignIn) -> None:
    deal = shared_deal(world)
    text = page(sign_in(world.rory), "manage:deals:attribution_detail", deal.code)
    assert "Northwind Solutions" in text
    assert "attribution/add" not in text
    assert "attribution/overrule" not in text
    post = sign_in(world.rory).post(reverse("manage:deals:attribution_overrule", args=[deal.code]))
    assert post.status_code == 403


@pytest.mark.parametrize("name", ["portal:deals:attribution_detail", "portal:deals:registration_detail"])
def test_a_partner_reads_its_own_part_and_nothing_of_others(world: World, sign_in: SignIn, name: str) -> None:
    deal = shared_deal(world)
    code = deal.code if name.endswith("attribution_detail") else deal.registration.code
    text = page(sign_in(world.sara), name, code)
    assert "The account was free at your first contact" in text
    assert "never say who" in text
    assert "Influenced" in text
    for secret in ("Rival", "Rita", "Olga", "CFO", "own sales", "direct", (AT - timedelta(days=9)).strftime("%-d %b")):
        assert secret not in text.split("</nav>")[-1], secret


def test_the_answer_is_the_same_for_direct_sales_and_for_another_partner(world: World, sign_in: SignIn) -> None:
    """One bit, in one wording, whoever was there before."""
    by_direct = shared_deal(world)
    other = stage.approved(world, world.sara, customer_name="Fenwick", customer_domain="fenwick.com").opportunity
    touches.record_touch(
        opportunity=other, by=world.dan.actor, at=LATE, kind="demo", occurred_on=AT.date(),
        partner=stage.partner_of(world.rita), evidence="Demo",
    )  # fmt: skip
    verdicts.overrule_verdict(
        verdict=other.verdicts.current().get(partner=stage.partner_of(world.sara)), kind="not_attributed",
        reason="Only signed", by=world.dan.actor, at=LATE,
    )  # fmt: skip
    verdicts.overrule_verdict(
        verdict=other.verdicts.current().get(partner=stage.partner_of(world.rita)), kind="sourced",
        reason="Theirs", by=world.dan.actor, at=LATE,
    )  # fmt: skip
    client = sign_in(world.sara)

    def answer(deal: Opportunity) -> str:
        text = page(client, "portal:deals:attribution_detail", deal.code)
        row = text[text.index("The account was free") :]
        return row[: row.index("</li>")]

    mine = other.verdicts.current().get(partner=stage.partner_of(world.sara))
    mine.checks = [
        each | ({"passed": False, "internal": {"claim": "DR-RIVALS"}} if each["code"] == "first_partner" else {})
        for each in mine.checks
    ]
    mine.save()
    assert answer(by_direct) == answer(other)


def test_a_helper_sees_its_part_but_neither_amount_nor_owner(world: World, sign_in: SignIn) -> None:
    deal = shared_deal(world)
    text = page(sign_in(world.rita), "portal:deals:attribution_detail", deal.code)
    assert "Rival showed the analytics" in text
    for secret in ("Northwind", "Sara", "84,000", deal.registration.code, "CFO"):
        assert secret not in text, secret
    assert deal.code in sign_in(world.rita).get(reverse("portal:deals:attribution_list")).content.decode()


def test_a_stranger_finds_nothing(world: World, sign_in: SignIn) -> None:
    deal = stage.approved(world, world.sara).opportunity
    client = sign_in(world.rita)
    for name in ("attribution_detail", "attribution_record"):
        url = reverse(f"portal:deals:{name}", args=[deal.code])
        answer = client.post(url, {}) if name == "attribution_record" else client.get(url)
        assert answer.status_code == 404


# --- Writing -------------------------------------------------------------------------------------------------


def posted(day: date, **more: object) -> dict[str, object]:
    return {
        "touch-kind": "demo", "touch-occurred_on": day.isoformat(), "touch-evidence": "Demo, see mail",
    } | more  # fmt: skip


def test_a_partner_adds_what_it_did_with_a_file(world: World, sign_in: SignIn, now: datetime) -> None:
    deal = stage.approved(world, world.sara, at=now - timedelta(days=5), **stage.near(now)).opportunity
    client = sign_in(world.sara)
    url = reverse("portal:deals:attribution_record", args=[deal.code])
    nothing = client.post(url, posted(now.date(), **{"touch-evidence": " "}))
    assert nothing.status_code == 422
    assert "Please describe or attach what shows it." in nothing.content.decode()
    file = SimpleUploadedFile("minutes.pdf", pdf(), content_type="application/pdf")
    assert client.post(url, posted(now.date(), **{"touch-evidence": "", "touch-file": file})).status_code == 302
    touch = deal.touches.get(kind="demo")
    assert (touch.source, touch.recorded_by, touch.is_documented) == ("hand", world.sara.user, True)
    assert client.get(reverse("portal:deals:touch_file", args=[touch.code])).status_code == 200
    assert sign_in(world.rita).get(reverse("portal:deals:touch_file", args=[touch.code])).status_code == 404


def test_nothing_in_the_body_says_whose_or_what_it_was_worth(world: World, sign_in: SignIn, now: datetime) -> None:
    deal = stage.approved(world, world.sara, at=now - timedelta(days=5), **stage.near(now)).opportunity
    foreign = stage.approved(world, world.rita, at=now - timedelta(days=5), **stage.near(now, "other")).opportunity
    rival = stage.partner_of(world.rita)
    more = {}
    for prefix in ("touch-", ""):
        more |= {
            f"{prefix}is_material": "on", f"{prefix}partner": rival.pk, f"{prefix}partner_id": rival.pk,
            f"{prefix}side": "direct", f"{prefix}source": "system", f"{prefix}source_key": "win:x",
            f"{prefix}opportunity": foreign.pk, f"{prefix}code": "TC-AAAAAAA", f"{prefix}struck_reason": "x",
            f"{prefix}created_at": "2020-01-01",
        }  # fmt: skip
    client = sign_in(world.sara)
    client.post(reverse("portal:deals:attribution_record", args=[deal.code]), posted(now.date(), **more))
    touch = Touch.objects.get(source="hand")
    assert (touch.opportunity, touch.partner_id, touch.side) == (deal, world.northwind.pk, "partner")
    assert (touch.is_material, touch.source_key, touch.struck_reason) == (False, None, "")
    assert touch.code != "TC-AAAAAAA"
    assert touch.created_at > now - timedelta(days=1)


def test_staff_record_mark_strike_and_overrule(world: World, sign_in: SignIn, now: datetime) -> None:
    deal = stage.approved(world, world.sara, at=now - timedelta(days=5), **stage.near(now)).opportunity
    client, here = sign_in(world.mia), reverse("manage:deals:attribution_detail", args=[deal.code])
    record = reverse("manage:deals:attribution_record", args=[deal.code])
    body = posted(now.date(), **{"touch-side": "other", "touch-other": "rival systems", "touch-kind": "meeting"})
    assert client.post(record, body).status_code == 302
    touch = deal.touches.get(kind="meeting")
    assert touch.partner_id == world.rival.pk
    assert deal.verdicts.current().get(partner_id=world.rival.pk).kind == "not_attributed"
    client.post(reverse("manage:deals:touch_mark", args=[touch.code]), {"is_material": "yes"})
    assert deal.verdicts.current().get(partner_id=world.rival.pk).kind == "influenced"
    partner = stage.partner_of(world.rita)
    overrule = {"overrule-partner": partner.code, "overrule-kind": "sourced", "overrule-reason": "Theirs"}
    twice = client.post(reverse("manage:deals:attribution_overrule", args=[deal.code]), overrule)
    # registered twenty days after the first contact, Northwind is influenced, so nothing stands in the way
    assert twice.status_code == 302
    assert deal.verdicts.current().get(partner_id=world.rival.pk).kind == "sourced"
    client.post(reverse("manage:deals:touch_strike", args=[touch.code]), {"strike-reason": "Another customer"})
    touch.refresh_from_db()
    assert touch.struck_reason == "Another customer"
    assert "Another customer" in client.get(here).content.decode()
    again = client.post(reverse("manage:deals:touch_strike", args=[touch.code]), {"strike-reason": "Again"})
    assert again.status_code == 422


def test_a_partner_that_nobody_knows_is_said_at_the_form(world: World, sign_in: SignIn, now: datetime) -> None:
    deal = stage.approved(world, world.sara, at=now - timedelta(days=5), **stage.near(now)).opportunity
    body = posted(now.date(), **{"touch-side": "other", "touch-other": "Nobody"})
    answer = sign_in(world.mia).post(reverse("manage:deals:attribution_record", args=[deal.code]), body)
    assert answer.status_code == 422
    assert "No partner, or more than one" in answer.content.decode()
    assert "Demo, see mail" in answer.content.decode()


@pytest.mark.parametrize("many", [1, 30])
def test_the_pages_cost_the_same_statements(
    world: World, sign_in: SignIn, many: int, django_assert_num_queries: Callable
) -> None:
    deal = shared_deal(world)
    rival = stage.partner_of(world.rita)
    Touch.objects.bulk_create(
        Touch(
            code=new_code("TC"), opportunity=deal, side="partner", partner=rival, kind="meeting",
            occurred_on=AT.date(), source="hand", recorded_by=world.dan.user, created_at=AT,
        )
        for _each in range(many)
    )  # fmt: skip
    staff, partner = sign_in(world.dan), sign_in(world.rita)
    page(staff, "manage:deals:attribution_detail", deal.code)
    with django_assert_num_queries(18):
        page(staff, "manage:deals:attribution_detail", deal.code)
    page(partner, "portal:deals:attribution_detail", deal.code)
    with django_assert_num_queries(9):
        page(partner, "portal:deals:attribution_detail", deal.code)


# --- The report ----------------------------------------------------------------------------------------------


def won(world: World, person: Person | None, amount: int, day: date, *, share: list | None = None) -> Opportunity:
    """A won deal worth ``amount`` with these verdicts: (person, kind, basis points)."""
    deal = Opportunity.objects.create(
        code=new_code("OP"), origin="import" if person else "direct", is_partner_worked=bool(person),
        partner=stage.partner_of(person) if person else None, amount=Decimal(amount), currency="USD",
        amount_program=Decimal(amount), arr_program=Decimal(amount), status="won", stage="closed",
        won_on=day, closed_on=day, created_at=AT, touched_at=AT,
    )  # fmt: skip
    version = _version()
    for who, kind, bps in share or []:
        deal.verdicts.create(
            partner=stage.partner_of(who), kind=kind, credit_bps=bps, credit_model="time_decay", judged_at=AT,
            factor_percent={"sourced": 100, "influenced": 50}.get(kind, 0), program_version=version,
        )  # fmt: skip
    return deal


def _version() -> object:
    from partners.models import ProgramVersion

    return ProgramVersion.objects.published().first()


def played(world: World, day: date) -> None:
    """Total 100,000: sourced 18,000 + 2,500, influenced 12,000 + 2,000, involved 62,500, direct 37,500."""
    won(world, world.sara, 30_000, day, share=[(world.sara, "sourced", 6000), (world.rita, "influenced", 4000)])
    won(world, world.sara, 20_000, day, share=[(world.sara, "influenced", 1000), (world.rita, "not_attributed", 0)])
    won(world, world.rita, 2_500, day)  # nobody judged it: sourced by its origin
    won(world, world.rita, 10_000, day, share=[(world.rita, "sourced", 0)])
    won(world, None, 37_500, day)


def test_the_figures_of_the_report_by_hand(world: World) -> None:
    from deals.queries.attribution import Period, deals_behind, report

    day = date(2026, 5, 4)
    played(world, day)
    version = _version()
    found = report(Period(date(2026, 1, 1), date(2026, 6, 30)), by="partner", at_version=version)
    total = found.total
    assert (total.revenue, total.deals) == (100_000, 5)
    assert (total.sourced, total.influenced, total.reported, total.involved) == (20_500, 14_000, 3_500, 62_500)
    assert (total.sourced_percent, total.reported_percent, total.involved_percent) == (
        Decimal("20.5"), Decimal("3.5"), Decimal("62.5"),
    )  # fmt: skip
    assert (found.sourced_delta, found.involved_delta) == (0, Decimal("12.5"))
    rows = {row.label: (row.sourced, row.influenced, row.reported, row.involved) for row in found.rows}
    assert rows == {
        "Northwind Solutions": (18_000, 2_000, 500, 50_000),
        "Rival Systems": (2_500, 12_000, 3_000, 42_500),
    }
    for figure, deals in (("revenue", 5), ("sourced", 3), ("influenced", 2), ("involved", 4)):
        assert deals_behind(figure, found.period).count() == deals, figure
    quarters = report(Period(date(2026, 1, 1), date(2026, 6, 30)), by="quarter", at_version=version).rows
    assert [(row.revenue, row.sourced, row.involved) for row in quarters] == [(0, 0, 0), (100_000, 20_500, 62_500)]
    tiers = report(Period(date(2026, 1, 1), date(2026, 6, 30)), by="tier", at_version=version).rows
    assert sum(row.sourced for row in tiers) == 20_500
    only = report(
        Period(date(2026, 1, 1), date(2026, 6, 30)), by="partner", at_version=version, partner_id=world.rival.pk
    ).total
    assert (only.revenue, only.sourced, only.reported, only.involved) == (100_000, 2_500, 3_000, 42_500)


def test_a_deal_without_a_rate_is_left_out_and_said(world: World, sign_in: SignIn, now: datetime) -> None:
    deal = won(world, world.sara, 500, now.date() - timedelta(days=3))
    Opportunity.objects.filter(pk=deal.pk).update(amount_program=None, arr_program=None)
    text = sign_in(world.mia).get(reverse("manage:deals:attribution_report")).content.decode()
    assert "1 won deal is left out of all figures" in text


@pytest.mark.parametrize("by", ["partner", "tier", "quarter"])
def test_the_report_opens_empty_and_full(world: World, sign_in: SignIn, now: datetime, by: str) -> None:
    client, url = sign_in(world.mia), reverse("manage:deals:attribution_report")
    assert client.get(url, {"by": by}).status_code == 200
    played(world, now.date() - timedelta(days=3))
    text = client.get(url, {"by": by}).content.decode()
    assert "20.5" in text
    assert "62.5" in text
    for figure in ("revenue", "sourced", "influenced", "involved"):
        assert client.get(reverse("manage:deals:attribution_why"), {"figure": figure}).status_code == 200
        deals = client.get(reverse("manage:deals:attribution_deals"), {"figure": figure, "by": by})
        assert deals.status_code == 200


def test_the_export_has_every_row_and_the_total(world: World, sign_in: SignIn, now: datetime) -> None:
    played(world, now.date() - timedelta(days=3))
    answer = sign_in(world.mia).get(reverse("manage:deals:attribution_report"), {"export": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 4
    assert lines[-1].split(",")[2] == "100000.0000"
    assert "Northwind Solutions" in lines[1]
    denied = sign_in(world.rory).get(reverse("manage:deals:attribution_report"), {"export": "csv"})
    assert "text/html" in denied["Content-Type"]


@pytest.mark.parametrize("many", [1, 30])
def test_the_report_and_its_deals_cost_the_same_statements(
    world: World, sign_in: SignIn, now: datetime, many: int, django_assert_num_queries: Callable
) -> None:
    day = now.date() - timedelta(days=3)
    for _each in range(many):
        won(world, world.sara, 100, day, share=[(world.sara, "sourced", 5000), (world.rita, "influenced", 5000)])
    client = sign_in(world.mia)
    report, deals = reverse("manage:deals:attribution_report"), reverse("manage:deals:attribution_deals")
    client.get(report)
    with django_assert_num_queries(9):
        client.get(report)
    with django_assert_num_queries(10):
        client.get(deals)
    partner = sign_in(world.sara)
    partner.get(reverse("portal:deals:attribution_list"))
    with django_assert_num_queries(7):
        partner.get(reverse("portal:deals:attribution_list"))
