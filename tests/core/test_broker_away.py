"""The broker is away, or hangs, or forgets everything: people notice nothing and nothing is lost (trust F3, F5)."""

import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from deals.models import Registration
from partners.models import Partner
from prm.celery import app
from prm.core.actions import outbox
from prm.core.models import Mail, Notice, OutboxDelivery
from prm.core.refs import Ref
from prm.core.tasks import drain_outbox
from tests.deals import stage
from tests.world import PASSWORD, World, signed_in_client

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
MOST_SECONDS = 2.0


def use_broker(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the application publish to another broker for the rest of the test.

    The address for writing goes first: it falls back on the other one, and what is put back afterwards is what it said
    before either was changed.
    """
    monkeypatch.setattr(app.conf, "broker_write_url", url)
    monkeypatch.setattr(app.conf, "broker_url", url)
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    monkeypatch.setattr(outbox, "_quiet_until", 0.0)


@pytest.fixture(params=["refuses", "hangs"])
def lost_broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A broker nobody answers for, or one that takes the call and says nothing."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        if request.param == "hangs":
            door.listen(64)
        use_broker(f"redis://127.0.0.1:{door.getsockname()[1]}/0", monkeypatch)
        yield request.param


@dataclass
class Day:
    """A day's clicks, each timed: pages are read, their forms filled as a browser would and sent."""

    took: dict[str, float] = field(default_factory=dict)

    def read(self, name: str, client: Client, path: str) -> BeautifulSoup:
        """Open a page."""
        answer = self._timed(name, lambda: client.get(path))
        assert answer.status_code == 200, (name, answer.status_code)
        return BeautifulSoup(answer.content, "html.parser")

    def send(self, name: str, client: Client, path: str, action: str, **changes: object) -> None:
        """Open a page and send its form whose address ends so, with changes; it must be taken."""
        page = BeautifulSoup(client.get(path).content, "html.parser")
        found = [form for form in page.find_all("form") if re.search(f"{action}$", form.get("action") or path)]
        data: dict[str, object] = {}
        for each in found[0].find_all(["input", "textarea", "select"]):
            kind = each.get("type")
            if (
                not each.get("name")
                or kind == "file"
                or (kind in {"checkbox", "radio"} and not each.has_attr("checked"))
            ):
                continue
            chosen = each.find("option", selected=True) if each.name == "select" else None
            data[each["name"]] = (
                (chosen or {}).get("value", "") if each.name == "select" else each.get("value", each.text)
            )
        answer = self._timed(name, lambda: client.post(found[0].get("action") or path, {**data, **changes}))
        said = BeautifulSoup(answer.content, "html.parser").select("[role=alert]")
        assert answer.status_code == 302, (name, answer.status_code, [each.text for each in said])

    def _timed(self, name: str, click):
        began = time.perf_counter()
        answer = click()
        self.took[name] = time.perf_counter() - began
        return answer


def live(world: World) -> Day:
    """Twenty things people do in a day, most of which promise something to somebody."""
    cache.clear()
    day, now = Day(), timezone.now()
    sara, rita, paul, mia, ada = (
        signed_in_client(each) for each in (world.sara, world.rita, world.paul, world.mia, world.ada)
    )
    dates = stage.near(now)
    deal = {
        "customer_name": "Aster",
        "customer_domain": "aster.com",
        "customer_country": "DE",
        "products": [str(stage.product().pk)],
        "amount": "84000",
        "expected_close_on": dates["expected_close_on"].isoformat(),
        "first_contact_on": dates["first_contact_on"].isoformat(),
        "do": "submit",
    }

    def page(registration: Registration, side: str) -> str:
        path = "deals/registrations" if side == "manage" else "deals"
        return f"/{side}/{path}/{registration.code}/"

    def named(name: str) -> Registration:
        return Registration.objects.get(customer_name=name)

    for client, name in ((sara, "Aster"), (sara, "Boreas"), (rita, "Corvus")):
        changes = {**deal, "customer_name": name, "customer_domain": f"{name.lower()}.com"}
        day.send(f"register {name}", client, "/portal/deals/new/", "new/", **changes)
    manage, portal = page(named("Aster"), "manage"), page(named("Aster"), "portal")
    ask = {"return-note": "Which unit?", "return-fields_to_fix": ["amount"]}
    day.send("return", mia, manage, "/return/", **ask)
    day.send("answer", sara, portal, "/answer/", **{"answer-answer": "North", "answer-amount": "90000"})
    day.send("approve", mia, manage, "/approve/")
    day.send(
        "say how far it is", sara, portal, "/update/", **{"update-stage": "negotiation", "update-note": "Going on"}
    )
    day.send("report won", sara, portal, "/won/", **{"won-evidence": "Order 4711"})
    day.send("confirm won", mia, manage, "/won/")
    day.send("reject", mia, page(named("Boreas"), "manage"), "/reject/", **{"reject-note": "No project."})
    day.send("withdraw", rita, page(named("Corvus"), "portal"), "/withdraw/")
    referral = {
        "customer_name": "Delta",
        "customer_country": "DE",
        "contact_name": "Eva",
        "contact_email": "eva@delta.com",
    }
    day.send("refer", sara, "/portal/deals/referrals/new/", "new/", **referral)
    day.send("invite a colleague", paul, "/portal/partners/", "/invite/", email="kim@example.com", role="seller")
    day.send("invite staff", ada, "/manage/core/staff/", "/staff/invite/", email="nina@example.com", role="read_only")
    code = Partner.objects.get(pk=world.northwind.pk).code
    day.send("order a pack", mia, "/manage/reporting/packs/", "/order/", partner=code, version="shared")
    day.send("forget the password", Client(), "/accounts/password/reset/", "", email="rita@example.com")
    day.send("sign in", Client(), "/accounts/login/", "", login="sara@example.com", password=PASSWORD)
    day.read("today", mia, "/manage/")
    day.read("portal home", paul, "/portal/")
    day.read("the queue", mia, "/manage/deals/")
    return day


def test_twenty_clicks_without_a_broker(world: World, lost_broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    day = live(world)
    assert len(day.took) == 20
    slow = {name: round(seconds, 1) for name, seconds in day.took.items() if seconds >= MOST_SECONDS}
    assert slow == {}
    promised = OutboxDelivery.objects.count()
    assert promised > 20
    assert OutboxDelivery.objects.filter(state="pending", attempts=0).count() == promised
    assert not Mail.objects.filter(state="sent").exists()

    # It is back: one sweep delivers everything, each once.
    use_broker("memory://", monkeypatch)
    at = timezone.now() + timedelta(minutes=1)
    while outbox.deliver_due(at=at):
        pass
    assert set(OutboxDelivery.objects.values_list("state", "attempts")) == {("done", 1)}
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent"}
    twice = Counter(Notice.objects.values_list("membership", "topic", "ref_code"))
    assert {key: count for key, count in twice.items() if count > 1} == {}
    mails = Mail.objects.count()
    assert outbox.deliver_due(at=at + timedelta(hours=1)) == 0
    assert Mail.objects.count() == mails


def test_a_broker_that_forgets_everything_loses_nothing(world: World, at, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand promises, their wake-ups gone; the schedule's own job needs none of them and keeps each once."""
    use_broker("memory://", monkeypatch)
    mails = [
        Mail(
            code=f"ML-T{n:06}",
            topic="core.account",
            to_email=f"p{n}@example.com",
            subject="S",
            body_text="T",
            created_at=at,
        )
        for n in range(1000)
    ]
    Mail.objects.bulk_create(mails)
    for start in range(0, 1000, 100):
        items = [(Ref("core.mail", mail.code), {}) for mail in mails[start : start + 100]]
        outbox.emit_many(name="core.mail.written", items=items, at=at)
    with app.connection_for_write() as connection:
        queue = connection.default_channel
        assert queue.queue_purge("default") > 0
        assert queue._size("default") == 0

    tried = []
    while number := drain_outbox():
        tried.append(number)
    assert sum(tried) == 1000
    assert set(OutboxDelivery.objects.values_list("state", "attempts")) == {("done", 1)}
    assert Mail.objects.filter(state="sent").count() == 1000


def test_afterwards_the_broker_is_the_one_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = (app.conf.broker_url, app.conf.broker_write_url)
    with monkeypatch.context() as patch:
        use_broker("redis://127.0.0.1:1/0", patch)
        assert app.conf.broker_write_url == "redis://127.0.0.1:1/0"
    assert (app.conf.broker_url, app.conf.broker_write_url) == before
