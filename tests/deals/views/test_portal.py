"""The partner's pages: the short form, drafts, the page of a deal, and what must not be learned there."""

import json
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deals.choices import RegistrationStatus as Status
from deals.models import Attachment, AvailabilityCheck, Referral, Registration
from partners.models import Grant
from prm.core.models import AuditEntry, WorkItem
from tests.core import corpus
from tests.deals import stage
from tests.world import World, add_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Pages act at the moment of the request."""
    return timezone.now()


def form(client: Client, **changes: object) -> dict[str, object]:
    """The short form as a browser sends it."""
    today = timezone.now().date()
    page = client.get(reverse("portal:deals:registration_new"))
    return {
        "acting_as": page.context["organization"].code,
        "draft": page.context["token"],
        "version": "",
        "customer_domain": "helios-energy.com",
        "customer_name": "Helios Energy GmbH",
        "customer_country": "DE",
        "products": [str(stage.product().pk)],
        "amount": "84000",
        "currency": "USD",
        "expected_close_on": (today + timedelta(days=60)).isoformat(),
        "first_contact_on": (today - timedelta(days=3)).isoformat(),
        "do": "submit",
    } | changes


def order(name: str = "order.pdf") -> SimpleUploadedFile:
    """A real PDF."""
    return SimpleUploadedFile(name, corpus.pdf(), content_type="application/pdf")


def post(client: Client, name: str, registration: Registration, **data: object):
    data.setdefault("acting_as", registration.partner.organization.code)
    return client.post(reverse(f"portal:deals:{name}", args=[registration.code]), data)


# --- Registering ------------------------------------------------------------------------------------


def test_a_deal_is_registered_from_one_short_form(world: World, sign_in) -> None:
    sara = sign_in(world.sara)
    answer = sara.post(reverse("portal:deals:registration_new"), form(sara))
    registration = Registration.objects.get()
    assert answer.status_code == 302
    assert answer.url == reverse("portal:deals:registration_detail", args=[registration.code])
    assert (registration.status, registration.amount) == (Status.SUBMITTED, 84000)
    page = sara.get(answer.url).content.decode()
    assert registration.code in page
    assert "Waiting for Mia Berg" in page


def test_the_same_form_sent_twice_registers_once(world: World, sign_in) -> None:
    sara = sign_in(world.sara)
    data = form(sara)
    first = sara.post(reverse("portal:deals:registration_new"), data)
    second = sara.post(reverse("portal:deals:registration_new"), data)
    assert Registration.objects.count() == 1
    assert first.url == second.url


def test_sending_a_deal_in_takes_few_statements(world: World, sign_in) -> None:
    """B5. Session and person included; what the check finds may add one."""
    sara = sign_in(world.sara)
    sara.post(reverse("portal:deals:registration_new"), form(sara))  # the program's terms stay in memory
    another = form(sara, customer_domain="aster.com", customer_name="Aster")
    with CaptureQueriesContext(connection) as asked:
        answer = sara.post(reverse("portal:deals:registration_new"), another)
    assert answer.status_code == 302
    sent = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(sent) <= 26
    asked_of = [next((table for table in ASKED_ONCE if f'FROM "{table}"' in sql), "") for sql in sent]
    assert {table: asked_of.count(table) for table in ASKED_ONCE} == dict.fromkeys(ASKED_ONCE, 1)


ASKED_ONCE = ("partners_programversion", "partners_grant", "django_session", "partners_delegation")


def test_a_company_that_lost_its_entitlement_meanwhile_is_refused_on_sending(world: World, sign_in, now) -> None:
    draft = stage.draft(world.sara, at=now)
    sara = sign_in(world.sara)
    data = form(sara, version=draft.version)
    Grant.objects.filter(partner=world.northwind.pk).delete()
    answer = sara.post(reverse("portal:deals:registration_edit", args=[draft.code]), data)
    assert answer.url == reverse("portal:deals:registration_new")
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "1e3"}, "amount"),
        ({"amount": "８４０００"}, "amount"),
        ({"amount": "84,000"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "10.5", "currency": "JPY"}, "amount"),
        ({"customer_name": ""}, "customer_name"),
        ({"customer_domain": "not a site"}, "customer_domain"),
        ({"first_contact_on": "2999-01-01"}, "first_contact_on"),
        ({"products": []}, "products"),
        ({"products": ["999999"]}, "products"),
    ],
)
def test_errors_stand_at_the_field_and_nothing_typed_is_lost(world: World, sign_in, changes: dict, field: str) -> None:
    sara = sign_in(world.sara)
    answer = sara.post(reverse("portal:deals:registration_new"), form(sara, notes="Typed with care.", **changes))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert "Typed with care." in answer.content.decode()
    kept = Registration.objects.get()
    assert (kept.status, kept.notes) == (Status.DRAFT, "Typed with care.")


def test_typing_is_saved_as_a_draft_with_its_address(world: World, sign_in) -> None:
    sara = sign_in(world.sara)
    data = form(sara, customer_name="Hel", amount="", products=[], do="")
    answer = sara.post(reverse("portal:deals:registration_new"), data, headers={"X-Autosave": "1"})
    draft = Registration.objects.get()
    told = json.loads(answer.content)
    assert told["url"] == reverse("portal:deals:registration_edit", args=[draft.code])
    assert told["fields"]["version"] == draft.version
    more = sara.post(
        told["autosave"], {**data, "customer_name": "Helios", "version": draft.version}, headers={"X-Autosave": "1"}
    )
    assert more.status_code == 200
    draft.refresh_from_db()
    assert (draft.customer_name, draft.status) == ("Helios", Status.DRAFT)


def test_another_window_shows_both_values(world: World, sign_in, now) -> None:
    draft = stage.draft(world.sara, at=now)
    sara = sign_in(world.sara)
    Registration.objects.filter(pk=draft.pk).update(notes="From the other window", version=9)
    data = form(sara, notes="From this window", version=draft.version, do="keep")
    answer = sara.post(reverse("portal:deals:registration_edit", args=[draft.code]), data)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "From the other window" in page
    assert "From this window" in page
    again = sara.post(
        reverse("portal:deals:registration_edit", args=[draft.code]), {**data, "version": answer.context["version"]}
    )
    assert again.status_code == 302


def test_without_the_entitlement_the_page_says_what_unlocks_it(world: World, sign_in) -> None:
    Grant.objects.filter(partner=world.northwind.pk).delete()
    sara = sign_in(world.sara)
    page = sara.get(reverse("portal:deals:registration_new"))
    assert page.status_code == 200
    assert reverse("portal:deals:referral_new") in page.content.decode()
    assert sara.post(reverse("portal:deals:registration_new"), {"customer_name": "X"}).status_code == 403
    assert not Registration.objects.exists()


def test_a_form_of_one_company_does_not_act_for_another(world: World, sign_in) -> None:
    """T15: the form was opened for Northwind, then the person switched to Rival."""
    toni = sign_in(world.toni)
    data = form(toni)
    session = toni.session
    session["membership"] = world.toni_rival.membership.pk
    session.save()
    assert toni.post(reverse("portal:deals:registration_new"), data).status_code == 409
    assert not Registration.objects.exists()


def test_fields_of_decisions_in_the_body_change_nothing(world: World, sign_in) -> None:
    """T5."""
    sara = sign_in(world.sara)
    sara.post(
        reverse("portal:deals:registration_new"),
        form(
            sara,
            status="approved",
            protected_until="2030-01-01",
            partner=world.rival.pk,
            in_conflict="0",
            decided_by=world.mia.user.pk,
            extensions_used="9",
        ),
    )
    made = Registration.objects.get()
    assert (made.status, made.protected_until, made.partner_id) == (Status.SUBMITTED, None, world.northwind.pk)


# --- Availability -----------------------------------------------------------------------------------


def check(client: Client, world: World, domain: str) -> str:
    answer = client.post(
        reverse("portal:deals:registration_check"),
        {"customer_domain": domain, "customer_name": "Typed", "acting_as": world.northwind.code},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_check_answers_as_a_fragment_and_says_one_thing_for_all(world: World, sign_in, now) -> None:
    stage.submitted(world.rita, at=now, customer_domain="others.com", **stage.near(now))
    stage.won(world, world.rita, at=now - timedelta(days=9), customer_domain="theirs.com", **stage.near(now))
    sara = sign_in(world.sara)
    taken, customer, free = (check(sara, world, domain) for domain in ("others.com", "theirs.com", "nobody.com"))
    assert taken == customer
    assert "not available" in taken
    assert "Rival" not in taken
    assert "Free" in free
    assert "<html" not in free
    assert AvailabilityCheck.objects.count() == 3


def ask(client: Client, world: World, *, htmx: bool = True, **typed: str) -> BeautifulSoup:
    """The answer to a check of what is typed so far."""
    headers = {"HX-Request": "true"} if htmx else {}
    body = {"acting_as": world.northwind.code, **typed}
    answer = client.post(reverse("portal:deals:registration_check"), body, headers=headers)
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html5lib")


def test_an_empty_name_is_filled_in_from_the_domain(world: World, sign_in) -> None:
    page = ask(sign_in(world.sara), world, customer_domain="aster-clinics.org", customer_name=" ")
    (proposal,) = page.find_all("input")
    assert (proposal["name"], proposal["value"]) == ("name_filled", "Aster Clinics")
    assert proposal["data-fills"] == "customer_name"
    assert "filled in from the domain" in page.get_text()


def test_a_name_that_was_typed_is_left_alone(world: World, sign_in) -> None:
    sara = sign_in(world.sara)
    typed = {"customer_domain": "aster-clinics.org", "customer_name": "Aster Klinik"}
    for body in (typed, typed | {"name_filled": "Aster"}, {"customer_domain": "gmail.com"}, {"customer_domain": ""}):
        page = ask(sara, world, **body)
        assert page.find_all("input") == []
        assert "filled in" not in page.get_text()


def test_what_was_filled_in_follows_the_domain(world: World, sign_in) -> None:
    """The first guess came from half a domain."""
    typed = {"customer_domain": "aster-clinics.org", "customer_name": "Aster", "name_filled": "Aster"}
    assert ask(sign_in(world.sara), world, **typed).find("input")["value"] == "Aster Clinics"


def test_a_plain_form_gets_the_name_too(world: World, sign_in) -> None:
    page = ask(sign_in(world.sara), world, htmx=False, customer_domain="aster-clinics.org", customer_name="")
    (control,) = page.find_all("input", attrs={"name": "customer_name"})
    assert control["value"] == "Aster Clinics"
    assert "filled in from the domain" in page.get_text()


def test_a_check_is_never_a_get(world: World, sign_in) -> None:
    assert sign_in(world.sara).get(reverse("portal:deals:registration_check")).status_code == 405


def test_the_conflict_page_names_nobody(world: World, sign_in, now) -> None:
    first = stage.submitted(world.rita, at=now, **stage.near(now))
    second = stage.submitted(world.sara, at=now, **stage.near(now))
    page = sign_in(world.sara).get(reverse("portal:deals:registration_detail", args=[second.code])).content.decode()
    assert "not available" in page
    for word in ("Rival", "Rita", first.code, "conflict", "Conflict"):
        assert word not in page


# --- The page of a deal -----------------------------------------------------------------------------


def test_rita_finds_nothing_of_northwinds(world: World, sign_in, now) -> None:
    registration = stage.submitted(world.sara, at=now, **stage.near(now))
    rita = sign_in(world.rita)
    for name in ("registration_detail", "registration_edit"):
        assert rita.get(reverse(f"portal:deals:{name}", args=[registration.code])).status_code == 404
        assert rita.get(reverse(f"portal:deals:{name}", args=["DR-0000000"])).status_code == 404
    for name in ("withdraw", "answer", "extend", "update", "report_won", "report_lost", "appeal"):
        address = reverse(f"portal:deals:registration_{name}", args=[registration.code])
        assert rita.post(address, {"acting_as": world.rival.code}).status_code == 404
    assert registration.customer_name not in rita.get(reverse("portal:deals:registration_list")).content.decode()


def test_only_the_fields_asked_for_are_open(world: World, sign_in, now) -> None:
    registration = stage.returned(world, world.sara, at=now, fields=("amount",), **stage.near(now))
    sara = sign_in(world.sara)
    page = sara.get(reverse("portal:deals:registration_detail", args=[registration.code]))
    assert [bound.name for bound in page.context["forms"]["answer"].asked] == ["amount"]
    answer = post(
        sara,
        "registration_answer",
        registration,
        version=registration.version,
        **{
            "answer-answer": "Corrected",
            "answer-amount": "90000",
            "answer-currency": "USD",
            "answer-customer_name": "Somebody Else",
        },
    )
    assert answer.status_code == 302
    registration.refresh_from_db()
    assert (registration.amount, registration.customer_name) == (90000, "Helios Energy GmbH")


def test_a_win_is_reported_with_a_file(world: World, sign_in, now) -> None:
    registration = stage.approved(world, world.sara, at=now - timedelta(days=3), **stage.near(now))
    sara = sign_in(world.sara)
    refused = post(sara, "registration_report_won", registration, **{"won-won_on": now.date().isoformat()})
    assert refused.status_code == 422
    answer = post(
        sara,
        "registration_report_won",
        registration,
        **{"won-won_on": now.date().isoformat(), "won-file": order()},
    )
    assert answer.status_code == 302
    attachment = Attachment.objects.get()
    assert attachment.is_evidence
    download = sara.get(reverse("portal:deals:attachment_download", args=[registration.code, attachment.file.code]))
    assert download.status_code == 200
    assert download["Content-Disposition"].startswith("attachment")
    address = reverse("portal:deals:attachment_download", args=[registration.code, attachment.file.code])
    assert sign_in(world.rita).get(address).status_code == 404
    manage = reverse("manage:deals:attachment_download", args=[registration.code, attachment.file.code])
    assert sign_in(world.mia).get(manage).status_code == 200
    assert WorkItem.objects.filter(kind="deals.win_confirmation", closed_at=None).exists()


def test_a_file_that_is_none_is_refused_at_its_field(world: World, sign_in, now) -> None:
    registration = stage.submitted(world.sara, at=now, **stage.near(now))
    bad = SimpleUploadedFile("minutes.pdf", b"<html><script>alert(1)</script></html>")
    answer = post(sign_in(world.sara), "attachment_add", registration, **{"attach-file": bad})
    assert answer.status_code == 422
    assert not Attachment.objects.exists()


def test_buttons_follow_the_state(world: World, sign_in, now) -> None:
    sara = sign_in(world.sara)
    at = now - timedelta(days=9)
    offered = {
        "submitted": stage.submitted(world.sara, at=at, **stage.near(now, "a")),
        "approved": stage.approved(world, world.sara, at=at, **stage.near(now, "b")),
        "rejected": stage.rejected(world, world.sara, at=at, **stage.near(now, "c")),
        "won": stage.won(world, world.sara, at=at, **stage.near(now, "d")),
    }
    forms = {
        name: set(sara.get(reverse("portal:deals:registration_detail", args=[row.code])).context["forms"])
        for name, row in offered.items()
    }
    assert forms == {
        "submitted": {"withdraw", "attach"},
        "approved": {"won", "update", "lost", "extend", "withdraw", "attach"},
        "rejected": {"appeal", "attach"},
        "won": {"attach"},
    }


def test_a_finance_person_reads_and_does_nothing(world: World, sign_in, now) -> None:
    clerk = add_person(world.northwind, "Cleo Clerk", "partner_finance", at=now)
    registration = stage.submitted(world.sara, at=now, **stage.near(now))
    client = sign_in(clerk)
    page = client.get(reverse("portal:deals:registration_detail", args=[registration.code]))
    assert page.status_code == 200
    assert "forms" not in page.context
    assert reverse("portal:deals:registration_withdraw", args=[registration.code]) not in page.content.decode()
    assert post(client, "registration_withdraw", registration).status_code == 403


# --- Lists and referrals ----------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 30])
def test_the_list_costs_the_same_statements(world: World, sign_in, now, many: int, django_assert_num_queries) -> None:
    for number in range(many):
        stage.submitted(world.sara, at=now, **stage.near(now, f"firm{number}"))
    sara = sign_in(world.sara)
    sara.get(reverse("portal:deals:registration_list"))
    with django_assert_num_queries(8):
        page = sara.get(reverse("portal:deals:registration_list"))
    assert len(page.context["page"].rows) == many


def test_the_list_filters_and_exports_what_is_shown(world: World, sign_in, now) -> None:
    stage.submitted(world.sara, at=now, **stage.near(now, "alpha"))
    stage.draft(world.sara, at=now, **stage.near(now, "beta"))
    stage.submitted(world.rita, at=now, **stage.near(now, "gamma"))
    sara = sign_in(world.sara)
    address = reverse("portal:deals:registration_list")
    page = sara.get(address, {"status": "draft"})
    assert [row.customer_name for row in page.context["page"].objects] == ["beta"]
    found = sara.get(address, {"q": "alph"}).context["page"].objects
    assert [row.customer_name for row in found] == ["alpha"]
    export = b"".join(sara.get(address, {"export": "csv"}).streaming_content).decode()
    assert "alpha" in export
    assert "beta" in export
    assert "gamma" not in export


def test_a_referral_is_sent_by_anyone_who_sells_or_markets(world: World, sign_in, now) -> None:
    marketer = add_person(world.northwind, "Max Market", "marketer", at=now)
    Grant.objects.filter(partner=world.northwind.pk).delete()
    client = sign_in(marketer)
    page = client.get(reverse("portal:deals:referral_new"))
    data = {
        "acting_as": world.northwind.code,
        "draft": page.context["token"],
        "customer_name": "Quarry Stone",
        "customer_country": "DE",
        "contact_name": "Ole Quast",
        "amount": "",
        "currency": "USD",
    }
    first = client.post(reverse("portal:deals:referral_new"), data)
    second = client.post(reverse("portal:deals:referral_new"), data)
    assert first.status_code == 302
    assert first.url == second.url
    referral = Referral.objects.get()
    assert WorkItem.objects.get(ref_code=referral.code).kind == "deals.referral_decision"
    assert "Quarry Stone" in client.get(reverse("portal:deals:referral_list")).content.decode()
    assert client.get(first.url).status_code == 200
    assert sign_in(world.rita).get(first.url).status_code == 404
    assert client.get(reverse("portal:deals:registration_new")).status_code == 403


def test_every_change_leaves_a_line_of_history(world: World, sign_in, now) -> None:
    """T33."""
    registration = stage.submitted(world.sara, at=now, **stage.near(now))
    before = AuditEntry.objects.count()
    post(sign_in(world.sara), "registration_withdraw", registration, **{"withdraw-reason": "No budget"})
    line = AuditEntry.objects.order_by("-pk").first()
    assert AuditEntry.objects.count() == before + 1
    assert (line.code, line.actor_user, line.changes["note"]) == (
        "deals.registration.withdrawn",
        world.sara.user,
        "No budget",
    )
    assert line.request_id
