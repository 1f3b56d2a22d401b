"""In a real browser: one deal across all its audiences up to the pack, a handed-over account, a clock that runs out."""

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db.models import Q
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from deals.kinds import DECISION
from deals.models import Claim, Registration
from partners.models import Grant, HealthScore, Partner, TierChange
from prm.core.actions.work_items import tick_work_items
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Mail, Notice, OutboxDelivery, WorkItem
from reporting.actions import night, packs
from reporting.models import QbrPack
from tests.deals import stage
from tests.journeys.conftest import Opens
from tests.journeys.steps import deliver_all, fill_in
from tests.world import World, build_world
from training.actions.certificates import add_certificate

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def long_world(transactional_db: None) -> World:
    """The cast for half a year: a browser lives in the present, and a pack reviews a quarter that has ended."""
    world = build_world(at=timezone.now() - timedelta(days=200))
    Grant.objects.update(valid_from=date(2020, 1, 1))
    return world


def bell(page: Page) -> Page:
    """Look under the bell."""
    page.locator("a.bell").click()
    page.wait_for_url("**/me/notices/")
    return page


def test_one_deal_from_its_registration_to_the_pack(long_world: World, opens: Opens, live_server) -> None:
    world, at = long_world, timezone.now()
    northwind = Partner.objects.get(pk=world.northwind.pk)
    add_certificate(
        partner=northwind,
        holder_email=world.sara.user.email,
        holder_name="Sara Nowak",
        kind="sales",
        valid_from=(at - timedelta(days=30)).date(),
        by=world.mia.actor,
        at=at - timedelta(days=30),
        reason="Passed before this system",
    )
    deliver_all()

    # Sara registers; the inbox of Mia has it.
    sara = opens(world.sara, "/portal/deals/new/")
    fill_in(sara, "helios-energy.com", "Helios Energy GmbH")
    sara.get_by_role("button", name="Submit").click()
    expect(sara.locator("main")).to_contain_text("Waiting for Mia Berg")
    registration = Registration.objects.get()

    mia = opens(world.mia, "/manage/")
    mia.locator("[data-row]", has_text=registration.code).locator("[data-row-link]").click()
    mia.locator("#decide").get_by_text("Return with a question").click()
    mia.get_by_label("Your question").fill("Is the amount for one year?")
    mia.locator("input[name=return-fields_to_fix][value=amount]").check()
    mia.get_by_role("button", name="Return", exact=True).click()
    expect(mia.locator("main")).to_contain_text("Waiting for the partner")

    # Sara hears of it, and may fix what was asked for and nothing else.
    deliver_all()
    bell(sara).get_by_role("button", name="Helios Energy").first.click()
    expect(sara.locator("#answer")).to_contain_text("Is the amount for one year?")
    asked = sara.locator("#answer [name^=answer-]").evaluate_all("nodes => nodes.map(node => node.name).sort()")
    assert set(asked) <= {"answer-answer", "answer-amount", "answer-currency", "answer-file"}
    assert "answer-amount" in asked
    sara.locator("[name=answer-amount]").fill("90000")
    sara.locator("[name=answer-answer]").fill("Yes, for one year.")
    sara.get_by_role("button", name="Send the answer").click()
    expect(sara.locator("main")).to_contain_text("90,000")

    # Mia approves, Sara reports the win, Mia confirms it.
    mia.reload()
    expect(mia.locator("main")).to_contain_text("Yes, for one year.")
    mia.get_by_role("button", name="Approve").click()
    expect(mia.locator("main")).to_contain_text("protected until")
    sara.reload()
    sara.locator("[name=won-evidence]").fill("Signed order 4711")
    sara.locator("#won").get_by_role("button", name="Report as won").click()
    expect(sara.locator("main")).to_contain_text("We are confirming it")
    mia.reload()
    mia.get_by_role("button", name="Confirm the win").click()
    expect(mia.locator("main")).to_contain_text("Win confirmed by Mia Berg")

    # The night computes health and tier.
    today, tomorrow = timezone.now().date(), timezone.now() + timedelta(days=2)
    assert night.run_as_of(on=today, now=lambda: tomorrow, by=Actor.system("test"))
    northwind.refresh_from_db()
    assert northwind.tier is not None
    assert northwind.tier.code == "silver"
    assert northwind.sourced_arr_t12m == 90_000
    assert northwind.tier_progress_percent == 90
    assert TierChange.objects.filter(partner=northwind, to_tier__code="silver").count() == 1
    assert HealthScore.objects.filter(partner=northwind, day=today).exists()
    deliver_all(at=tomorrow)

    # Paul sees the new tier at home and under the bell, and has it in his mail.
    paul = opens(world.paul, "/portal/")
    expect(paul.locator("main")).to_contain_text("Silver")
    expect(paul.locator("main")).to_contain_text("90 %")
    expect(paul.locator("a.bell .dot")).to_be_visible()
    expect(bell(paul).get_by_role("button", name="Silver")).to_have_count(1)
    mail = Mail.objects.get(to_email=world.paul.user.email, topic="partners.tier_changed")
    assert "Silver" in mail.subject + mail.body_text
    assert mail.state == "sent"

    # Mia orders the pack (the night has queued both versions, Silver being reviewed every quarter), the worker makes
    # it, Paul downloads it.
    mia.goto(f"{live_server.url}/manage/reporting/packs/")
    mia.get_by_role("button", name="Generate a pack").click()
    mia.locator("#order-pack").get_by_label("Partner").select_option(northwind.code)
    mia.locator("#order-pack").get_by_role("button", name="Generate").click()
    mia.wait_for_url("**/reporting/packs/QP-*/")
    pack = QbrPack.objects.get(code=mia.url.rstrip("/").rpartition("/")[2])
    assert (pack.partner, pack.version) == (northwind, "shared")
    assert packs.render_pack_file(code=pack.code, at=timezone.now()) == "ready"
    expect(mia.get_by_role("link", name="PDF").first).to_be_visible(timeout=15_000)
    deliver_all()
    bell(paul).get_by_role("button", name="QBR pack").first.click()
    with paul.expect_download() as download:
        paul.get_by_role("link", name="Download the PDF").click()
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(".pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "Northwind Solutions" in text
    assert "Rival" not in text
    assert world.canary not in text

    # The internal version is not Paul's; Rita finds none of it; and nothing is left to be told.
    internal = QbrPack.objects.get(partner=northwind, version="internal")
    assert packs.render_pack_file(code=internal.code, at=timezone.now()) == "ready"
    assert paul.request.get(f"{live_server.url}/portal/reporting/packs/{internal.code}/file/").status == 404
    rita = opens(world.rita, "/portal/reporting/packs/")
    expect(rita.locator("main")).to_contain_text("No review pack yet")
    assert rita.request.get(f"{live_server.url}/portal/reporting/packs/{pack.code}/file/").status == 404
    assert not Notice.objects.filter(membership=world.rita.membership).filter(
        Q(title__icontains="Helios") | Q(title__icontains="Northwind")
    )
    deliver_all()
    assert not OutboxDelivery.objects.exclude(state="done").exists()
    assert AuditEntry.objects.filter(code="deals.opportunity.won").count() == 1


def test_two_partners_want_one_account_and_each_reads_the_right_words(world: World, opens: Opens) -> None:
    now = timezone.now()
    first = stage.submitted(world.sara, at=now - timedelta(hours=2), **stage.near(now))
    rita = opens(world.rita, "/portal/deals/new/")
    fill_in(rita, "www.helios-energy.com", "Helios Energy")
    expect(rita.locator("#availability")).to_contain_text("This account is not available.")
    rita.get_by_role("button", name="Submit").click()
    expect(rita.locator("main")).to_contain_text("Your registration is looked at all the same")
    second = Registration.objects.get(partner_id=world.rival.pk)
    assert second.in_conflict
    assert "Northwind" not in rita.content()
    assert first.code not in rita.content()

    # The holder sees nothing of the rival's attempt.
    sara = opens(world.sara, f"/portal/deals/{first.code}/")
    assert "Rival" not in sara.content()
    assert second.code not in sara.content()

    # Dan compares both and hands the account over, with a reason.
    dan = opens(world.dan, f"/manage/deals/registrations/{second.code}/")
    for words in ("Northwind Solutions holds this account", "Exact match", first.code):
        expect(dan.locator("main")).to_contain_text(words)
    dan.get_by_label("Why the account changes hands").fill("The customer's letter names Rival.")
    dan.get_by_role("button", name="Hand the account over").click()
    dan.locator("#confirm").get_by_role("button", name="Hand over").click()
    expect(dan.get_by_role("button", name="Approve")).to_be_visible()
    dan.get_by_role("button", name="Approve").click()
    expect(dan.locator("main")).to_contain_text("protected until")
    holder = Claim.objects.get(ended_at=None)
    assert holder.registration_id == second.pk
    deliver_all()

    # Rita reads of an approval; Northwind reads that the account is gone, and neither reads of the other or of the
    # reason, which is the vendor's.
    rita.reload()
    expect(rita.locator("main")).to_contain_text("Protected until")
    assert "This account is not available." not in rita.locator("main").inner_text()
    sara.reload()
    first.refresh_from_db()
    assert first.in_conflict
    assert not Claim.objects.filter(registration=first, ended_at=None).exists()
    for page, other in ((rita, "Northwind"), (sara, "Rival")):
        assert other not in page.locator("body").inner_text()
        assert "The customer's letter" not in page.locator("body").inner_text()
    told = Mail.objects.filter(membership__organization=world.northwind)
    assert not told.filter(Q(body_text__contains="Rival") | Q(body_text__contains=second.code)).exists()
    mine = Mail.objects.filter(membership__organization=world.rival)
    assert mine.filter(topic="deals.registration_approved").exists()
    assert not mine.filter(Q(body_text__contains="Northwind") | Q(body_text__contains=first.code)).exists()


def test_a_clock_that_runs_out_climbs_to_the_director(world: World, opens: Opens) -> None:
    now = timezone.now()
    begun = now - timedelta(days=8)  # longer than any decision may take, weekends included
    registration = stage.submitted(world.sara, at=begun, **stage.near(now))
    other = stage.submitted(world.rita, at=now - timedelta(minutes=5), **stage.near(now, "boreas"))
    deliver_all()
    item = WorkItem.objects.get(ref_code=registration.code, kind=DECISION)
    assert item.due_at is not None
    assert item.due_at < now

    dan = opens(world.dan, "/manage/")
    before = Notice.objects.filter(membership=world.dan.membership).count()
    assert tick_work_items(at=now)["breached"] == 1
    assert tick_work_items(at=now + timedelta(minutes=1))["breached"] == 0
    deliver_all()

    dan.reload()
    row = dan.locator("[data-row]", has_text=registration.code)
    expect(row).to_have_count(1)
    expect(row).to_have_class("go hot")
    expect(dan.locator("a.bell .dot")).to_be_visible()
    mail = Mail.objects.get(topic="core.work_overdue", to_email=world.dan.user.email)
    assert registration.customer_name in mail.subject
    assert f"/manage/deals/registrations/{registration.code}/" in mail.body_text
    assert mail.state == "sent"
    assert Notice.objects.filter(membership=world.dan.membership, topic="core.work_overdue").count() == 1
    assert Notice.objects.filter(membership=world.dan.membership).count() == before + 1
    assert Mail.objects.filter(topic="core.work_overdue", to_email=world.mia.user.email).count() == 1
    assert not Mail.objects.filter(topic="core.work_overdue", body_text__contains=other.code).exists()

    # From the bell to the page, and the decision ends it.
    bell(dan).get_by_role("button", name=registration.customer_name).first.click()
    dan.wait_for_url(f"**/registrations/{registration.code}/")
    dan.get_by_role("button", name="Approve").click()
    expect(dan.locator("main")).to_contain_text("protected until")
    closed = WorkItem.objects.get(pk=item.pk)
    assert (closed.outcome, closed.closed_by, closed.breached_at) == ("approved", world.dan.user, item.due_at)
