"""Certificates: who counts on which day, what they entitle to, and how they come in."""

import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.actions.partners import NotYours
from partners.models import Grant, Partner
from partners.queries.grants import entitlement
from prm.core.actions.memberships import deactivate_membership
from prm.core.actors import Actor
from prm.core.csv_import import CsvFile, Report, Run, importer_for, run_import
from tests.world import AT, Person, World, add_person
from training.actions.certificates import (
    CertificateRefused,
    add_certificate,
    link_certificates,
    refresh_certificate_grants,
    revoke_certificate,
)
from training.models import Certificate
from training.queries.certified import certified_people

pytestmark = pytest.mark.django_db
TODAY = AT.date()
SignIn = Callable[[Person], Client]


@pytest.fixture(autouse=True)
def _only_real_grants(northwind: Partner) -> None:
    Grant.objects.all().delete()


def certificate(world: World, partner: Partner, email: str = "sara@example.com", **changes: object) -> Certificate:
    values: dict = {"kind": "sales", "valid_from": TODAY, "holder_name": "Sara Nowak", "reason": "exam seen"} | changes
    return add_certificate(partner=partner, holder_email=email, by=world.mia.actor, at=AT, **values)


def people(partner: Partner, on: date = TODAY) -> dict[str, int]:
    return certified_people([partner.pk], on).get(partner.pk, {})


def test_people_are_counted_once_while_current_and_while_they_are_members(world: World, northwind: Partner) -> None:
    first = certificate(world, northwind)
    certificate(world, northwind, kind="technical")
    certificate(world, northwind, "paul@example.com", valid_from=TODAY - timedelta(days=30))
    certificate(world, northwind, "stranger@example.com")
    assert people(northwind) == {"": 2, "sales": 2, "technical": 1}
    assert people(northwind, TODAY - timedelta(days=1)) == {"": 1, "sales": 1}
    assert first.valid_until == date(2027, 6, 14)
    assert people(northwind, date(2027, 6, 14))[""] == 1
    assert people(northwind, date(2027, 6, 15)) == {}
    deactivate_membership(membership=world.sara.membership, by=world.mia.actor, at=AT)
    assert people(northwind) == {"": 1, "sales": 1}


def test_a_certificate_counts_where_it_was_earned(world: World, northwind: Partner) -> None:
    rival = Partner.objects.get(pk=world.rival.pk)
    certificate(world, northwind, "toni@example.com")
    assert people(northwind) == {"": 1, "sales": 1}
    assert people(rival) == {}


def test_counting_costs_one_statement(world: World, northwind: Partner) -> None:
    for number in range(30):
        email = f"p{number}@example.com"
        add_person(world.northwind, f"Person {number}", "learner", at=AT, email=email)
        certificate(world, northwind, email)
    with CaptureQueriesContext(connection) as asked:
        assert people(northwind)[""] == 30
    assert len(asked) == 1


def test_a_sales_certificate_grants_registration_below_silver(world: World, northwind: Partner) -> None:
    assert not entitlement(northwind.pk, "deal_registration", AT).granted
    made = certificate(world, northwind)
    answer = entitlement(northwind.pk, "deal_registration", AT)
    assert (answer.granted, answer.source) == (True, f"certificate:{made.code}")
    assert entitlement(northwind.pk, "deal_registration", made.valid_until).granted
    assert not entitlement(northwind.pk, "deal_registration", made.valid_until + timedelta(days=1)).granted


def test_what_it_entitles_to_ends_with_the_certificate_and_with_the_membership(
    world: World, northwind: Partner
) -> None:
    made = certificate(world, northwind)
    revoke_certificate(certificate=made, reason="cheated", by=world.mia.actor, at=AT + timedelta(days=3))
    assert entitlement(northwind.pk, "deal_registration", AT).granted
    assert not entitlement(northwind.pk, "deal_registration", AT + timedelta(days=3)).granted
    other = certificate(world, northwind, "toni@example.com")
    deactivate_membership(membership=world.toni.membership, by=world.mia.actor, at=AT)
    later = TODAY + timedelta(days=5)
    refresh_certificate_grants(on=later, at=AT)
    assert entitlement(northwind.pk, "deal_registration", later - timedelta(days=1)).source.endswith(other.code)
    assert not entitlement(northwind.pk, "deal_registration", later).granted


def test_a_certificate_waits_for_its_holder(world: World, northwind: Partner) -> None:
    made = certificate(world, northwind, "new@example.com")
    assert (made.user, people(northwind)) == (None, {})
    assert not entitlement(northwind.pk, "deal_registration", AT).granted
    add_person(world.northwind, "New Person", "seller", at=AT, email="New@example.com")
    assert link_certificates(at=AT) == 1
    assert refresh_certificate_grants(on=TODAY, at=AT) == 1
    assert people(northwind) == {"": 1, "sales": 1}
    assert entitlement(northwind.pk, "deal_registration", AT).granted
    assert (link_certificates(at=AT), refresh_certificate_grants(on=TODAY, at=AT)) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "juggling"}, "training.certificate.kind_unknown"),
        ({"valid_from": TODAY + timedelta(days=1)}, "training.certificate.future"),
        ({"valid_until": TODAY - timedelta(days=1)}, "training.certificate.range"),
        ({"reason": " "}, "training.certificate.reason_missing"),
    ],
)
def test_certificates_that_make_no_sense_are_refused(
    world: World, northwind: Partner, changes: dict, code: str
) -> None:
    with pytest.raises(CertificateRefused) as refusal:
        certificate(world, northwind, **changes)
    assert refusal.value.code == code


def test_the_same_certificate_is_kept_once_and_revoked_once(world: World, northwind: Partner) -> None:
    made = certificate(world, northwind)
    with pytest.raises(CertificateRefused):
        certificate(world, northwind)
    revoke_certificate(certificate=made, reason="x", by=world.mia.actor, at=AT)
    with pytest.raises(CertificateRefused):
        revoke_certificate(certificate=made, reason="x", by=world.mia.actor, at=AT)


def test_rights_and_visibility(world: World, northwind: Partner) -> None:
    made = certificate(world, northwind)
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    for person in (other, world.rory, world.paul):
        with pytest.raises(NotYours):
            revoke_certificate(certificate=made, reason="x", by=person.actor, at=AT)
    assert Certificate.objects.visible_to(world.paul.actor).count() == 1
    assert not Certificate.objects.visible_to(world.rita.actor).exists()


# --- From a file --------------------------------------------------------------------------------------------------


def bring(content: str, **options: bool) -> Report:
    importer = importer_for("certificates")
    file = CsvFile(io.BytesIO(content.encode()), importer.fields)
    run = Run(Actor.system("import"), AT, "iso", "certificates.csv")
    return run_import(importer=importer, file=file, run=run, dry_run=options.get("dry_run", False))


HEAD = "external_id,partner,email,name,kind,valid_from,valid_until\n"


def test_certificates_come_in_once_and_corrections_are_taken(world: World, northwind: Partner) -> None:
    content = HEAD + f"c1,{northwind.code},SARA@example.com,Sara Nowak,sales,2026-01-01,\n"
    report = bring(content)
    row = Certificate.objects.get()
    assert (report.created, row.user, row.valid_until, row.source) == (
        1,
        world.sara.user,
        date(2026, 12, 31),
        "import",
    )
    assert entitlement(northwind.pk, "deal_registration", AT).granted
    assert bring(content).unchanged == 1
    assert bring(content.replace("2026-01-01,", "2026-01-01,2026-06-30")).updated == 1
    assert Certificate.objects.get().valid_until == date(2026, 6, 30)
    assert entitlement(northwind.pk, "deal_registration", date(2026, 6, 30)).granted
    assert not entitlement(northwind.pk, "deal_registration", date(2026, 7, 1)).granted


def test_bad_rows_are_named(world: World, northwind: Partner) -> None:
    rows = [
        f"c1,{northwind.code},sara@example.com,Sara,juggling,2026-01-01,",
        f"c2,{northwind.code},sara,Sara,sales,2026-01-01,",
        f"c3,{northwind.code},sara@example.com,Sara,sales,2999-01-01,",
        f"c4,{northwind.code},sara@example.com,Sara,sales,2026-01-01,2025-01-01",
        "c5,Nobody,sara@example.com,Sara,sales,2026-01-01,",
        f"c6,{northwind.code},sara@example.com,,sales,2026-01-01,",
        f"c7,{northwind.code},sara@example.com,Sara,sales,2026-01-01,",
        f"c8,{northwind.code},sara@example.com,Sara,sales,2026-01-01,",
    ]
    report = bring(HEAD + "\n".join(rows) + "\n")
    assert (report.created, report.refused) == (1, 7)
    assert sorted(line for line, _why in report.errors) == [2, 3, 4, 5, 6, 7, 9]
    assert Certificate.objects.get().external_id == "c7"


# --- Pages --------------------------------------------------------------------------------------------------------


def url(name: str, *args: str) -> str:
    return reverse(f"manage:training:{name}", args=args)


def test_pages_show_enter_and_revoke(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    body = {
        "partner": northwind.code,
        "kind": "sales",
        "holder_name": "Sara Nowak",
        "holder_email": "sara@example.com",
        "valid_from": "2026-06-01",
        "valid_until": "",
        "number": "",
        "reason": "exam seen",
    }
    assert client.get(url("certificate_create"), {"partner": northwind.code}).status_code == 200
    made = client.post(url("certificate_create"), body)
    row = Certificate.objects.get()
    assert made["Location"] == url("certificate_detail", row.code)
    assert client.post(url("certificate_create"), body | {"valid_from": "1.6.2026"}).status_code == 422
    assert "Sales Certified" in client.get(url("certificate_detail", row.code)).content.decode()
    assert "Sara Nowak" in client.get(url("certificate_list"), {"state": "current"}).content.decode()
    client.post(url("certificate_revoke", row.code), {"reason": "mistake"})
    row.refresh_from_db()
    assert row.revoked_reason == "mistake"
    assert sign_in(world.rory).post(url("certificate_revoke", row.code), {"reason": "x"}).status_code == 403
    assert sign_in(world.paul).get(url("certificate_list")).status_code == 404


def test_the_list_costs_the_same_for_one_row_and_for_thirty(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    certificate(world, northwind)
    client.get(url("certificate_list"))
    with CaptureQueriesContext(connection) as one:
        client.get(url("certificate_list"))
    for number in range(30):
        certificate(world, northwind, f"p{number}@example.com")
    with CaptureQueriesContext(connection) as many:
        client.get(url("certificate_list"))
    assert len(many) == len(one)
