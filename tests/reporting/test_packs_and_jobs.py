"""The pages of packs, agreed actions and nightly jobs."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from partners.models import Partner
from prm.core.actions import outbox
from prm.core.models import OutboxDelivery
from reporting import tasks
from reporting.actions import packs, qbr_actions
from reporting.actions.qbr_actions import QbrActionRefused
from reporting.choices import PackState, RunState, RunTrigger
from reporting.models import JobRun, QbrAction, QbrPack
from tests.reporting import rows, stage
from tests.world import World

pytestmark = pytest.mark.django_db
PACKS = "/manage/reporting/packs/"
JOBS = "/manage/reporting/jobs/"


@pytest.fixture
def mia(world: World, sign_in, at: datetime):
    with time_machine.travel(at, tick=False):
        yield sign_in(world.mia)


@pytest.fixture
def partner(world: World) -> Partner:
    return stage.northwind(world)


# --- Packs


def test_ordering_a_pack_shows_that_it_is_being_made(world: World, mia: Client, partner: Partner) -> None:
    answer = mia.post(f"{PACKS}order/", {"partner": partner.code, "version": "internal"})
    pack = QbrPack.objects.get()
    assert answer.url == f"{PACKS}{pack.code}/"
    assert (pack.quarter_start, pack.state, pack.ordered_by) == (date(2026, 1, 1), PackState.QUEUED, world.mia.user)
    page = mia.get(answer.url)
    assert b'hx-trigger="every 2s"' in page.content
    assert "1 pack is being made" in stage.text_of(mia.get(PACKS))
    assert mia.get(f"{PACKS}{pack.code}/file/").status_code == 404


def test_polling_stops_when_it_is_ready_and_the_file_is_a_download(world: World, mia: Client) -> None:
    pack = rows.pack(world, "northwind", "")
    part = mia.get(f"{PACKS}{pack.code}/", headers={"HX-Request": "true", "HX-Target": "pack-state"})
    assert b"<html" not in part.content
    assert b"hx-trigger" not in part.content
    file = mia.get(f"{PACKS}{pack.code}/file/")
    assert file["Content-Type"] == "application/pdf"
    assert "attachment" in file["Content-Disposition"]
    assert b"".join(file.streaming_content).startswith(b"%PDF")


def test_a_failed_pack_says_why(world: World, mia: Client) -> None:
    pack = rows.pack(world, "northwind", "")
    QbrPack.objects.filter(pk=pack.pk).update(state=PackState.FAILED, error="Revenue and won deals differ.")
    assert "Revenue and won deals differ." in stage.text_of(mia.get(f"{PACKS}{pack.code}/"))


def test_all_that_are_due_are_ordered_once(world: World, mia: Client, partner: Partner) -> None:
    stage.holds(partner, "gold")
    mia.post(f"{PACKS}order-due/")
    assert sorted(QbrPack.objects.values_list("version", flat=True)) == ["internal", "shared"]
    assert "has its packs already" in stage.text_of(mia.post(f"{PACKS}order-due/", follow=True))
    assert QbrPack.objects.count() == 2


def test_the_partner_gets_the_shared_version_of_its_own_and_nothing_else(world: World, sign_in, mia: Client) -> None:
    shared, others = rows.pack(world, "northwind", ""), rows.pack(world, "rival", "")
    paul, sara = sign_in(world.paul), sign_in(world.sara)
    assert "Q1 2026" in stage.text_of(paul.get("/portal/reporting/packs/"))
    assert paul.get(f"/portal/reporting/packs/{shared.code}/").status_code == 200
    assert paul.get(f"/portal/reporting/packs/{shared.code}/file/")["Content-Type"] == "application/pdf"
    assert paul.get(f"/portal/reporting/packs/{others.code}/").status_code == 404
    assert paul.get(f"/portal/reporting/packs/{others.code}/file/").status_code == 404
    assert sara.get("/portal/reporting/packs/").status_code == 403
    QbrPack.objects.filter(pk=shared.pk).update(version="internal")
    assert paul.get(f"/portal/reporting/packs/{shared.code}/file/").status_code == 404


def test_read_only_staff_read_packs_and_order_none(world: World, sign_in, mia: Client, partner: Partner) -> None:
    rory = sign_in(world.rory)
    assert rory.get(PACKS).status_code == 200
    assert rory.post(f"{PACKS}order/", {"partner": partner.code, "version": "shared"}).status_code == 403
    assert QbrPack.objects.count() == 0


def test_more_packs_take_no_more_statements(world: World, mia: Client, partner: Partner) -> None:
    pack = rows.pack(world, "northwind", "")
    one = stage.statements(mia, PACKS)
    QbrPack.objects.bulk_create(
        QbrPack(
            code=f"QP-TEST{n:03}", partner=partner, quarter_start=date(2015 + n // 4, 1 + 3 * (n % 4), 1),
            quarter_end=date(2015 + n // 4, 3 + 3 * (n % 4), 28), as_of=date(2026, 1, 1), version="internal",
            state=PackState.READY, file=pack.file, ordered_at=pack.ordered_at,
        )
        for n in range(24)
    )  # fmt: skip
    assert stage.statements(mia, PACKS) == one


def test_an_order_the_broker_lost_is_sent_again(
    world: World, partner: Partner, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.render_pack, "apply_async", lambda args, **_: sent.extend(args))
    quarter = packs.reviewed_quarter(at.date())
    ordered = [
        packs.order_pack(partner=partner, quarter=quarter, version=version, by=world.mia.actor, at=at)
        for version in ("shared", "internal")
    ]
    codes = sorted(pack.code for pack in ordered)
    outbox.deliver_due(at=at)
    assert sorted(sent) == codes
    sent.clear()  # what a broker does that loses its data

    soon, later = at + timedelta(minutes=59), at + timedelta(minutes=61)
    assert packs.resume_packs(at=soon) == {"again": 0, "failed": 0}
    assert packs.resume_packs(at=later) == {"again": 2, "failed": 0}
    assert packs.resume_packs(at=later) == {"again": 0, "failed": 0}
    outbox.deliver_due(at=later)
    assert sorted(sent) == codes

    packs.render_pack_file(code=codes[0], at=later)
    assert packs.resume_packs(at=later + timedelta(hours=2)) == {"again": 1, "failed": 0}


def test_an_order_that_waits_for_the_broker_is_not_sent_again(world: World, partner: Partner, at: datetime) -> None:
    quarter = packs.reviewed_quarter(at.date())
    packs.order_pack(partner=partner, quarter=quarter, version="shared", by=world.mia.actor, at=at)
    assert packs.resume_packs(at=at + timedelta(hours=9)) == {"again": 0, "failed": 0}
    OutboxDelivery.objects.update(state="failed")
    assert packs.resume_packs(at=at + timedelta(hours=9)) == {"again": 1, "failed": 0}


def test_a_pack_that_never_comes_out_fails_so_that_somebody_looks(
    world: World, partner: Partner, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.render_pack, "apply_async", lambda **_: None)
    quarter = packs.reviewed_quarter(at.date())
    pack = packs.order_pack(partner=partner, quarter=quarter, version="shared", by=world.mia.actor, at=at)
    told = []
    for hour in range(0, 14, 2):
        outbox.deliver_due(at=at + timedelta(hours=hour))
        told.append(packs.resume_packs(at=at + timedelta(hours=hour + 1, minutes=30)))
    assert [each["again"] for each in told] == [1, 1, 1, 1, 0, 0, 0]
    assert [each["failed"] for each in told] == [0, 0, 0, 0, 1, 0, 0]
    pack.refresh_from_db()
    assert pack.state == PackState.FAILED
    assert "5 times" in pack.error

    again = packs.order_pack(
        partner=partner, quarter=quarter, version="shared", by=world.mia.actor, at=at + timedelta(days=1)
    )
    assert again.state == PackState.QUEUED
    outbox.deliver_due(at=at + timedelta(days=1))
    assert packs.resume_packs(at=at + timedelta(days=1, hours=2)) == {"again": 1, "failed": 0}


# --- Agreed actions


def test_an_action_is_noted_done_dropped_and_carried(world: World, mia: Client, partner: Partner, at: datetime) -> None:
    page = f"/manage/partner/{partner.code}/reviews/"
    mia.post(f"{page}add/", {"title": "Send the price list", "side": "us", "due_on": "2026-07-01"})
    action = QbrAction.objects.get()
    assert (action.title, action.side, action.agreed_on) == ("Send the price list", "us", at.date())
    assert "Send the price list" in stage.text_of(mia.get(page))

    mia.post(f"/manage/reporting/actions/{action.code}/carry/", {"due_on": "2026-09-01"})
    action.refresh_from_db()
    assert (action.due_on, action.state) == (date(2026, 9, 1), "open")

    mia.post(f"/manage/reporting/actions/{action.code}/complete/")
    action.refresh_from_db()
    assert (action.state, action.closed_on) == ("done", at.date())

    again = mia.post(f"/manage/reporting/actions/{action.code}/drop/", follow=True)
    action.refresh_from_db()
    assert action.state == "done"
    assert again.status_code == 200


@pytest.mark.parametrize(
    "body",
    [{"title": "", "side": "us"}, {"title": "x", "side": "them"}, {"title": "x", "side": "us", "due_on": "2020-01-01"}],
)
def test_an_incomplete_action_keeps_what_was_typed(mia: Client, partner: Partner, body: dict) -> None:
    answer = mia.post(f"/manage/partner/{partner.code}/reviews/add/", body)
    assert answer.status_code == 422
    assert QbrAction.objects.count() == 0


def test_an_action_is_not_carried_into_the_past(world: World, mia: Client, partner: Partner, at: datetime) -> None:
    action = rows.action(world, "northwind", "")
    assert mia.post(f"/manage/reporting/actions/{action.code}/carry/", {"due_on": "2020-01-01"}).status_code == 422
    with pytest.raises(QbrActionRefused):
        qbr_actions.carry_qbr_action(action=action, due_on=date(2020, 1, 1), by=world.mia.actor, at=at)


def test_only_who_keeps_reviews_changes_actions(world: World, at: datetime) -> None:
    action = rows.action(world, "northwind", "")
    for person in (world.rory, world.finn, world.paul):
        with pytest.raises(QbrActionRefused):
            qbr_actions.complete_qbr_action(action=action, by=person.actor, at=at)
    action.refresh_from_db()
    assert action.state == "open"


# --- Jobs


def run(on: date, job: str, at: datetime, trigger: str = RunTrigger.SCHEDULE, **more: object) -> JobRun:
    values = {
        "state": RunState.DONE,
        "started_at": at,
        "finished_at": at + timedelta(seconds=2),
        "seen": 40,
        "changed": 7,
    }
    return JobRun.objects.create(job=job, on=on, trigger=trigger, **{**values, **more})


@pytest.fixture
def ada(world: World, sign_in, at: datetime):
    with time_machine.travel(at, tick=False):
        yield sign_in(world.ada)


def test_before_the_first_night_the_page_says_what_will_be_there(ada: Client) -> None:
    assert "No night has run yet" in stage.text_of(ada.get(JOBS))


def test_each_step_says_what_it_did_and_whom_it_skipped(ada: Client, at: datetime) -> None:
    run(date(2026, 6, 14), "night", at, changed=7)
    run(date(2026, 6, 14), "night.health", at, skipped=[{"partner": "PA-BAD0001", "why": "a date that makes no sense"}])
    run(date(2026, 6, 14), "night.tiers", at, state=RunState.FAILED, error="ValueError('no ladder')")
    text = stage.text_of(ada.get(JOBS))
    assert "Health" in text
    assert "PA-BAD0001: a date that makes no sense" in text
    assert "ValueError('no ladder')" in text
    assert "2.0 s" in text or "2 s" in text


def test_running_a_date_by_hand_computes_it_and_leaves_the_mark(world: World, ada: Client) -> None:
    assert ada.post(f"{JOBS}run/", {"on": "2026-06-14"}).url == JOBS
    assert JobRun.objects.filter(on=date(2026, 6, 14), trigger=RunTrigger.MANUAL, job="night").exists()
    assert "No night has run yet." in stage.text_of(ada.get(JOBS))


@pytest.mark.parametrize("on", ["", "yesterday", "2027-01-01", "2026-06-15"])
def test_a_day_that_has_not_ended_is_refused_at_the_field(ada: Client, on: str) -> None:
    assert ada.post(f"{JOBS}run/", {"on": on}).status_code == 422
    assert JobRun.objects.count() == 0


def test_resuming_after_a_gap_moves_the_mark(ada: Client, at: datetime) -> None:
    run(date(2026, 1, 1), "night", at)
    ada.post(f"{JOBS}resume/", {"on": "2026-06-10"})
    assert "10 Jun" in stage.text_of(ada.get(JOBS))
    ada.post(f"{JOBS}resume/", {"on": "2026-03-01"})
    assert JobRun.objects.filter(job="night").count() == 2


def test_managers_read_jobs_and_run_none(world: World, mia: Client, sign_in) -> None:
    assert mia.get(JOBS).status_code == 200
    assert mia.post(f"{JOBS}run/", {"on": "2026-06-14"}).status_code == 403
    assert sign_in(world.rory).get(JOBS).status_code == 403


def test_more_nights_take_no_more_statements(ada: Client, at: datetime) -> None:
    run(date(2026, 6, 14), "night", at)
    one = stage.statements(ada, JOBS)
    for back in range(1, 30):
        run(date(2026, 6, 14) - timedelta(days=back), "night", at)
        run(date(2026, 6, 14) - timedelta(days=back), "night.health", at)
    assert stage.statements(ada, JOBS) == one
    older = ada.get(JOBS, {"before": "2026-06-01"}).context["view"]
    assert older.dates[0].on == date(2026, 5, 31)
