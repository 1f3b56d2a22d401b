"""Importing companies, people, contacts, answers and ratings: twice is once, and nobody's partner but one's own."""

import io
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.models import FitRating, Integration, NpsAnswer, Partner, PartnerContact, ValueRating
from prm.core.actors import Actor
from prm.core.csv_import import CsvFile, Report, Run, importer_for, run_import
from prm.core.models import AuditEntry, Membership, PortalDay
from tests.partners import making
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("import")


def bring(kind: str, content: str, *, by: Actor = SYSTEM, dry_run: bool = False) -> Report:
    importer = importer_for(kind)
    file = CsvFile(io.BytesIO(content.encode()), importer.fields)
    return run_import(importer=importer, file=file, run=Run(by, AT, "iso", "test.csv"), dry_run=dry_run)


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


PARTNERS = """external_id,name,type,territory,country,owner,agreement_signed_on,partner_since
p1,Contoso,reseller,Central,de,mia@example.com,2025-01-01,2024-12-01
p2,Fabrikam,SI / consultant,East,FR,,,
"""


def test_companies_come_in_once_and_changes_are_taken(world: World) -> None:
    assert counts(bring("partners", PARTNERS, dry_run=True)) == (2, 0, 0, 0)
    assert not Partner.objects.filter(external_id="p1").exists()
    assert counts(bring("partners", PARTNERS)) == (2, 0, 0, 0)
    assert counts(bring("partners", PARTNERS)) == (0, 0, 2, 0)
    changed = PARTNERS.replace("Central", "West").replace("FR,,,", "FR,dan@example.com,,")
    assert counts(bring("partners", changed)) == (0, 2, 0, 0)
    contoso, fabrikam = Partner.objects.filter(external_id__startswith="p").order_by("external_id")
    assert (contoso.territory, contoso.owner, contoso.agreement_signed_on) == ("West", world.mia.user, date(2025, 1, 1))
    assert (fabrikam.type, fabrikam.owner) == ("si", world.dan.user)


def test_a_blank_cell_leaves_a_company_as_it_is(world: World) -> None:
    bring("partners", PARTNERS)
    assert counts(bring("partners", "external_id,name,type,territory\np1,Contoso,reseller,\n")) == (0, 0, 1, 0)
    assert Partner.objects.get(external_id="p1").territory == "Central"


def test_rows_that_can_not_be_companies_are_named(world: World) -> None:
    report = bring(
        "partners",
        "external_id,name,type,country,owner,website,partner_since\n"
        "p1,Contoso,franchise,,,,\np1,,reseller,,,,\np2,X,reseller,Germany,,,\np3,X,reseller,,nobody@example.com,,\n"
        "p4,X,reseller,,rory@example.com,,\np5,X,reseller,,,javascript:1,\np6,X,reseller,,,,2999-01-01\n"
        ",X,reseller,,,,\np7,Good,reseller,,,,\np7,Twice,reseller,,,,\n",
    )
    assert counts(report) == (1, 0, 0, 9)
    assert sorted(line for line, _why in report.errors) == [2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_members_join_and_can_sign_in_only_by_mail(world: World) -> None:
    content = (
        "partner,email,name,role,since\n"
        "Northwind Solutions,lea@example.com,Lea Roy,seller,2025-03-01\n"
        "Northwind Solutions,sara@example.com,Sara Nowak,marketer,\n"
        "Northwind Solutions,max@example.com,Max,admin,\n"
    )
    report = bring("members", content)
    assert counts(report) == (1, 1, 0, 1)
    assert "admin" in report.errors[0][1]
    lea = Membership.objects.select_related("user").get(user__email="lea@example.com")
    assert (lea.role, lea.created_at.date(), lea.user.has_usable_password()) == ("seller", date(2025, 3, 1), False)
    assert Membership.objects.get(pk=world.sara.membership.pk).role == "marketer"
    assert counts(bring("members", content))[:3] == (0, 0, 2)


def test_contacts_are_added_once(world: World) -> None:
    content = (
        "partner,side,role,name,email\n"
        "Northwind Solutions,theirs,primary,Paul Keller,paul@example.com\n"
        "Northwind Solutions,Our side,Executive sponsor,Vera Stone,vera@example.com\n"
        "Northwind Solutions,theirs,cook,Sam,sam@example.com\n"
    )
    assert counts(bring("contacts", content)) == (2, 0, 0, 1)
    assert counts(bring("contacts", content)) == (0, 0, 2, 1)
    assert PartnerContact.objects.get(side="ours").user == world.vera.user


RECORDS = {
    "nps": (
        NpsAnswer,
        "external_id,partner,score,answered_on,email,comment\nr1,{p},9,2026-05-01,sara@example.com,good\n",
        (",9,", ",3,"),
        [
            "r1,{p},11,2026-05-01,,",
            "r1,{p},1e0,2026-05-01,,",
            "r1,{p},9,2999-05-01,,",
            "r1,{p},9,1/5/2026,,",
            "r1,{p},９,2026-05-01,,",
        ],
    ),
    "fit": (
        FitRating,
        "external_id,partner,rating,set_on,reason\nr1,{p},strong,2026-05-01,because\n",
        ("strong", "weak"),
        ["r1,{p},great,2026-05-01,x", "r1,{p},strong,2999-01-01,x", ",{p},strong,2026-05-01,x"],
    ),
    "value": (
        ValueRating,
        "external_id,partner,score,rated_on,reason\nr1,{p},4,2026-05-01,because\n",
        (",4,", ",2,"),
        ["r1,{p},0,2026-05-01,x", "r1,{p},6,2026-05-01,x", "r1,{p},,2026-05-01,x"],
    ),
    "integrations": (
        Integration,
        """external_id,partner,name,live_on,product,url,ended_on
r1,{p},Sync,2026-05-01,Platform,https://northwind.example/sync,2026-06-01
""",
        ("Sync", "Bridge"),
        [
            "r1,{p},,2026-05-01,,,",
            "r1,{p},Sync,2999-05-01,,,",
            "r1,{p},Sync,2026-05-01,,,2026-04-30",
            "r1,{p},Sync,2026-05-01,,http://northwind.example,",
            "r1,{p},Sync,2026-05-01,,https://,",
            "r1,{p},Sync,,,,",
        ],
    ),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_records_come_in_once_and_corrections_are_taken(kind: str, northwind: Partner) -> None:
    model, content, change, _bad = RECORDS[kind]
    content = content.format(p=northwind.code)
    assert counts(bring(kind, content)) == (1, 0, 0, 0)
    assert counts(bring(kind, content)) == (0, 0, 1, 0)
    assert counts(bring(kind, content.replace(*change))) == (0, 1, 0, 0)
    row = model.objects.get()
    assert (row.partner, row.source, row.external_id) == (northwind, "import", "r1")
    assert AuditEntry.objects.filter(code="partners.record.imported", organization=northwind.pk).count() == 2


@pytest.mark.parametrize("kind", RECORDS)
def test_bad_records_are_named_and_nothing_of_them_stays(kind: str, northwind: Partner) -> None:
    model, content, _change, bad = RECORDS[kind]
    head = content.splitlines()[0]
    for row in bad:
        report = bring(kind, f"{head}\n{row.format(p=northwind.code)}\n")
        assert counts(report) == (0, 0, 0, 1), row
    assert not model.objects.exists()


SYNC = "external_id,partner,name,live_on\n{id},{p},{name},2026-05-01\n"


def test_an_integration_s_end_outlives_a_file_that_does_not_speak_of_it(northwind: Partner) -> None:
    content = SYNC.format(id="r1", p=northwind.code, name="Sync")
    bring("integrations", content)
    ended = content.replace("live_on\n", "live_on,ended_on\n").replace("-01\n", "-01,2026-06-01\n")
    assert counts(bring("integrations", ended)) == (0, 1, 0, 0)
    assert counts(bring("integrations", content)) == (0, 0, 1, 0)
    row = Integration.objects.get()
    assert (row.ended_on, row.version, row.evidence) == (date(2026, 6, 1), 2, "import test.csv")
    report = bring("integrations", content.replace("2026-05-01", "2026-06-02"))
    assert "can't end before" in report.errors[0][1]


def test_a_running_integration_is_not_counted_twice_under_two_ids(northwind: Partner) -> None:
    one = SYNC.format(id="r1", p=northwind.code, name="Sync")
    assert counts(bring("integrations", f"{one}r2,{northwind.code},SYNC,2026-05-02\n")) == (1, 0, 0, 1)
    ended = "external_id,partner,name,live_on,ended_on\nr1,{p},Sync,2026-05-01,2026-05-09\nr2,{p},Sync,2026-05-10,\n"
    assert counts(bring("integrations", ended.format(p=northwind.code))) == (1, 1, 0, 0)
    assert [row.external_id for row in Integration.objects.filter(ended_on=None)] == ["r2"]


def test_an_id_never_moves_to_another_partner(northwind: Partner, rival: Partner) -> None:
    line = "external_id,partner,score,answered_on\nr1,{},9,2026-05-01\n"
    bring("nps", line.format(northwind.code))
    assert counts(bring("nps", line.format(rival.code))) == (0, 0, 0, 1)
    assert NpsAnswer.objects.get().partner == northwind


def test_partners_are_found_by_code_id_and_a_name_that_is_theirs_alone(world: World, northwind: Partner) -> None:
    making.partner(world, "Twin", external_id="t1")
    making.partner(world, "Twin", external_id="t2")
    rows = [
        northwind.code,
        northwind.code.lower(),
        "northwind  solutions".replace("  ", " "),
        "T1",
        "Twin",
        "Nobody",
        "",
    ]
    content = "external_id,partner,score,answered_on\n" + "".join(
        f"r{number},{name},9,2026-05-01\n" for number, name in enumerate(rows)
    )
    report = bring("nps", content)
    assert counts(report) == (4, 0, 0, 3)
    assert [line for line, _why in report.errors] == [6, 7, 8]


def test_a_managers_file_speaks_of_their_own_partners_only(world: World, northwind: Partner, rival: Partner) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=AT)
    Partner.objects.filter(pk=rival.pk).update(owner=other.user)
    content = f"external_id,partner,score,answered_on\nr1,{northwind.code},9,2026-05-01\nr2,{rival.code},9,2026-05-01\n"
    report = bring("nps", content, by=world.mia.actor)
    assert counts(report) == (1, 0, 0, 1)
    assert "another manager" in report.errors[0][1]
    assert NpsAnswer.objects.get().by == world.mia.user
    assert counts(bring("nps", content, by=world.ada.actor)) == (1, 0, 1, 0)


def test_portal_days_belong_to_members_and_are_kept_once(world: World, northwind: Partner) -> None:
    content = (
        "partner,email,day\n"
        f"{northwind.code},sara@example.com,2026-05-01\n{northwind.code},sara@example.com,2026-05-01\n"
        f"{northwind.code},rita@example.com,2026-05-01\n{northwind.code},sara@example.com,2999-05-01\n"
    )
    assert counts(bring("portal_days", content)) == (1, 0, 1, 2)
    assert counts(bring("portal_days", content)) == (0, 0, 2, 2)
    assert PortalDay.objects.get().organization_id == northwind.pk


def test_a_batch_costs_the_same_for_two_rows_and_for_a_hundred(northwind: Partner) -> None:
    def content(first: int, rows: int) -> str:
        return "external_id,partner,score,answered_on\n" + "".join(
            f"r{number},{northwind.code},9,2026-05-01\n" for number in range(first, first + rows)
        )

    with CaptureQueriesContext(connection) as few:
        bring("nps", content(0, 2))
    with CaptureQueriesContext(connection) as many:
        bring("nps", content(10, 100))
    assert len(many) == len(few)


def test_the_command_imports_rehearses_and_writes_the_refused_rows(tmp_path: Path, northwind: Partner) -> None:
    path = tmp_path / "nps.csv"
    path.write_text(f"Key,Company,Score,Day\nr1,{northwind.code},9,01/05/2026\nr2,=cmd|x,9,01/05/2026\n")
    options = {"dates": "dmy", "map": ["Key=external_id"], "stdout": (out := StringIO()), "stderr": StringIO()}
    call_command("import_records", "nps", str(path), dry_run=True, **options)
    assert not NpsAnswer.objects.exists()
    call_command("import_records", "nps", str(path), **options)
    call_command("import_records", "nps", str(path), **options)
    assert NpsAnswer.objects.get().answered_on == date(2026, 5, 1)
    assert "2 rows: 0 created, 0 updated, 1 unchanged, 1 refused" in out.getvalue()
    errors = (tmp_path / "nps.csv.errors.csv").read_text(encoding="utf-8-sig").splitlines()
    assert errors[0] == "line,problem,Key,Company,Score,Day"
    assert ",'=cmd|x," in errors[1]
    with pytest.raises(CommandError):
        call_command("import_records", "nps", str(tmp_path / "missing.csv"))
    with pytest.raises(CommandError, match="no column for"):
        call_command("import_records", "value", str(path))
