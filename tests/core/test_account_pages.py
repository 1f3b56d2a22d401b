"""One's own pages: profile, notices, mail preferences, the company in use, and the mail page of demos."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from prm.core.actions import people
from prm.core.actions.notices import notify
from prm.core.models import AuditEntry, Mail, Membership, Notice, NoticePreference
from prm.core.refs import Ref
from tests.world import AT, Person, World, signed_in_client

pytestmark = pytest.mark.django_db


def notice(person: Person, code: str, **changes) -> Notice:
    values = {"membership": person.membership, "topic": "core.work_due_soon", "title": f"News {code}", "at": AT}
    return Notice.objects.create(code=code, **values | changes)


def test_a_profile_is_changed_and_history_keeps_no_name(world: World) -> None:
    client = signed_in_client(world.sara)
    answer = client.post("/me/", {"name": "Sara N.", "time_zone": "Asia/Tokyo", "locale": "de", "email": "x@y.example"})
    assert answer.status_code == 302
    world.sara.user.refresh_from_db()
    assert (world.sara.user.name, world.sara.user.time_zone, world.sara.user.locale) == ("Sara N.", "Asia/Tokyo", "de")
    assert world.sara.user.email == "sara@example.com"
    assert AuditEntry.objects.get(code="core.user.profile_changed").changes == {
        "fields": ["name", "time_zone", "locale"]
    }


@pytest.mark.parametrize("changes", [{"name": ""}, {"time_zone": "Mars/Base"}, {"locale": "xx"}])
def test_a_wrong_profile_is_refused_at_the_field(world: World, changes: dict) -> None:
    given = {"name": "Sara", "time_zone": "", "locale": ""} | changes
    assert signed_in_client(world.sara).post("/me/", given).status_code == 422


def test_looking_at_notices_leaves_them_unread(world: World) -> None:
    mine = notice(world.sara, "NT-1")
    page = signed_in_client(world.sara).get("/me/notices/")
    assert "News NT-1" in page.content.decode()
    mine.refresh_from_db()
    assert mine.read_at is None


def test_opening_a_notice_marks_it_and_goes_there(world: World) -> None:
    mine = notice(world.sara, "NT-1", url="/me/preferences/")
    client = signed_in_client(world.sara)
    assert client.post("/me/notices/NT-1/open/")["Location"] == "/me/preferences/"
    mine.refresh_from_db()
    assert mine.read_at is not None


@pytest.mark.parametrize("url", ["//evil.example/", "https://evil.example/", ""])
def test_a_notice_leads_nowhere_else(world: World, url: str) -> None:
    notice(world.sara, "NT-1", url=url)
    assert signed_in_client(world.sara).post("/me/notices/NT-1/open/")["Location"] == "/me/notices/"


def test_marking_all_marks_only_ones_own_in_the_company_in_use(world: World) -> None:
    mine, foreign, elsewhere = notice(world.toni, "NT-1"), notice(world.paul, "NT-2"), notice(world.toni_rival, "NT-3")
    client = signed_in_client(world.toni)
    client.post("/me/notices/read/")
    for each in (mine, foreign, elsewhere):
        each.refresh_from_db()
    assert mine.read_at is not None
    assert (foreign.read_at, elsewhere.read_at) == (None, None)


def test_a_topic_that_is_not_wanted_stays_under_the_bell_only(world: World) -> None:
    client = signed_in_client(world.sara)
    page = client.get("/me/preferences/").content.decode()
    assert "core.work_due_soon" in page
    assert "core.work_overdue" not in page
    client.post("/me/preferences/", {"topics": ["core.invitation_accepted"]})
    assert NoticePreference.objects.filter(membership=world.sara.membership, topic="core.work_due_soon").exists()
    context = {"title": "T", "about": "", "opened_at": AT, "due_at": AT}
    told = {"membership_ids": [world.sara.membership.pk], "ref": Ref("a.b", "C"), "at": AT, "context": context}
    notify(topic="core.work_due_soon", **told)
    notify(topic="core.work_overdue", **told)
    assert set(Notice.objects.values_list("topic", flat=True)) == {"core.work_due_soon", "core.work_overdue"}
    assert set(Mail.objects.values_list("topic", flat=True)) == {"core.work_overdue"}
    client.post("/me/preferences/", {"topics": ["core.work_due_soon", "core.invitation_accepted"]})
    assert not NoticePreference.objects.filter(topic="core.work_due_soon").exists()


def test_telling_many_costs_the_statements_of_telling_one(world: World) -> None:
    told = {"ref": Ref("a.b", "C"), "at": AT, "context": {"title": "T", "about": "", "opened_at": AT, "due_at": AT}}

    def cost(*people: Person) -> int:
        with CaptureQueriesContext(connection) as asked:
            notify(topic="core.work_overdue", membership_ids=[each.membership.pk for each in people], **told)
        return len(asked)

    assert cost(world.mia) == cost(world.mia, world.dan, world.vera) == 4
    everybody = Membership.objects.filter(organization=world.northwind.pk).values_list("pk", flat=True)
    with CaptureQueriesContext(connection) as asked:
        notify(topic="core.work_overdue", membership_ids=everybody, **told)
    assert len(asked) == 5  # none of them is of the vendor, who signs the mails
    assert set(everybody) <= set(Notice.objects.values_list("membership_id", flat=True))
    with CaptureQueriesContext(connection) as asked:
        assert notify(topic="core.work_overdue", membership_ids=[], **told) == []
    assert len(asked) <= 1


def test_a_topic_nobody_offers_is_refused(world: World) -> None:
    client = signed_in_client(world.sara)
    client.post("/me/preferences/", {"topics": ["core.work_overdue"]})
    assert not NoticePreference.objects.exists()


def test_switching_the_company(world: World) -> None:
    client = signed_in_client(world.toni)
    assert client.get("/me/").wsgi_request.actor.organization_id == world.northwind.pk
    client.post("/me/switch/", {"membership": world.toni_rival.membership.pk})
    assert client.get("/me/").wsgi_request.actor.organization_id == world.rival.pk


@pytest.mark.parametrize("wanted", ["paul", "", "999999", "abc"])
def test_nobody_switches_into_a_foreign_membership(world: World, wanted: str) -> None:
    client = signed_in_client(world.toni)
    value = world.paul.membership.pk if wanted == "paul" else wanted
    assert client.post("/me/switch/", {"membership": value}).status_code == 404
    assert client.get("/me/").wsgi_request.actor.membership_id == world.toni.membership.pk


def test_reading_marks_is_scoped_in_the_action_too(world: World) -> None:
    notice(world.paul, "NT-2")
    assert people.mark_notices_read(by=world.sara.actor, at=AT, codes=["NT-2"]) == 0


# --- the mail page ---------------------------------------------------------------------------------


@pytest.fixture
def letter() -> Mail:
    return Mail.objects.create(
        code="ML-1",
        topic="core.account",
        to_email="sara@example.com",
        subject="Your <b>code</b>",
        body_text="Code 123 https://example.com/",
        body_html="<p>Code</p><script>alert(1)</script>",
        created_at=AT,
    )


def test_admins_read_mail_where_the_page_is_on(world: World, letter: Mail) -> None:
    client = signed_in_client(world.ada)
    listed = client.get("/manage/core/mail/?to=SARA").content.decode()
    assert "Your &lt;b&gt;code&lt;/b&gt;" in listed
    shown = client.get("/manage/core/mail/ML-1/").content.decode()
    assert 'sandbox title="' in shown
    assert "<script>alert(1)" not in shown
    body = client.get("/manage/core/mail/ML-1/body/")
    assert body["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert body["X-Frame-Options"] == "SAMEORIGIN"
    assert body.content.decode() == letter.body_html


def test_where_the_page_is_off_there_is_none(world: World, letter: Mail, settings) -> None:
    settings.MAIL_PAGE = False
    client = signed_in_client(world.ada)
    for path in ("/manage/core/mail/", "/manage/core/mail/ML-1/", "/manage/core/mail/ML-1/body/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("mia", 403), ("finn", 403), ("rory", 403), ("paul", 404), (None, 302)])
def test_nobody_else_reads_mail(world: World, letter: Mail, who: str | None, status: int) -> None:
    client = signed_in_client(getattr(world, who)) if who else Client()
    for path in ("/manage/core/mail/", "/manage/core/mail/ML-1/", "/manage/core/mail/ML-1/body/"):
        assert client.get(path).status_code == status


def test_the_address_of_a_form_leads_back_to_its_page(world: World) -> None:
    client = signed_in_client(world.sara)
    answer = client.get("/me/notices/read/", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert 'href="/me/notices/"' in answer.content.decode()
    assert client.get("/me/notices/read/").content == b""
