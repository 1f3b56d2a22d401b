"""Importing an export: everything comes in once, what is unknown is said, and a bad row costs no other one."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deals.models import Account, Claim, ExchangeRate, Opportunity, Product, Registration
from partners.actions.partners import edit_partner
from partners.models import Partner
from prm.core.actions.memberships import deactivate_membership
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Membership, User
from prm.integrations.actions.crm import import_crm
from prm.integrations.documents.mapping_file import read_mapping
from tests.integrations.exports import DEALS, FILES, HEAD, MAPPING, installation, write
from tests.tables import table_prints

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small export, the mapping beside it, and a ready installation."""
    installation()
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return write(tmp_path / "export")


def run(folder: Path, **options: Any) -> str:
    """What the command says; errors go beside the export."""
    out = StringIO()
    options = {"currency": "USD", "errors": folder / "errors.csv"} | options
    call_command("import_crm", folder, mapping=folder.parent / "mapping.yaml", stdout=out, stderr=out, **options)
    return out.getvalue()


def refused(folder: Path) -> list[list[str]]:
    """The rows of the error file, without its head."""
    with (folder / "errors.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.reader(handle))[1:]


def deals(*rows: str) -> str:
    """A pipeline file of these rows."""
    return "\n".join([HEAD, *rows, ""])


def test_everything_comes_in(folder: Path) -> None:
    said = run(folder)
    assert "sales_pipeline.csv: 4 rows: 4 created, 0 updated, 0 unchanged, 0 refused" in said
    assert "won: 1 deals, 1,200.00 USD" in said
    assert "2 deals of an unknown account" in said
    assert "BasicPlus → Basic Plus" in said
    assert "1 partners without a deal" in said
    assert "columns that are not mapped: sector" in said

    won = Opportunity.objects.get(external_id="A1")
    assert (won.status, won.stage, won.won_on, won.closed_on) == (
        "won", "closed", date(2025, 3, 20), date(2025, 3, 20),
    )  # fmt: skip
    assert (won.amount, won.arr, won.amount_program, won.rate) == (1200, 1200, 1200, 1)
    assert (won.origin, won.is_partner_worked) == ("import", True)
    assert won.account.name == "Globex"
    assert won.account.country == "DE"
    assert won.product.name == "Basic"
    engaging = Opportunity.objects.get(external_id="A2")
    assert (engaging.status, engaging.stage, engaging.account, engaging.amount) == ("open", "qualified", None, None)
    assert engaging.product.name == "Basic Plus"
    assert engaging.product.list_price == Decimal("1500.50")
    lost = Opportunity.objects.get(external_id="A3")
    assert (lost.status, lost.won_on, lost.amount) == ("lost", None, 0)
    assert not Registration.objects.exists()
    assert not Claim.objects.exists()


def test_partners_begin_with_their_first_deal(folder: Path) -> None:
    run(folder)
    jane = Partner.objects.select_related("organization", "owner", "track").get(external_id="Jane Doe")
    assert (jane.type, jane.track.code, jane.territory, jane.status) == ("reseller", "solution", "East", "active")
    assert jane.partner_since == jane.agreement_signed_on == date(2025, 1, 10)
    assert (jane.owner.name, jane.owner.email) == ("Mia Hart", "mia.hart@crm.example.com")
    manager = Membership.objects.get(user=jane.owner)
    assert (manager.organization.kind, manager.role) == ("vendor", "partner_manager")
    assert not jane.owner.has_usable_password()
    ann = Partner.objects.get(external_id="Ann Poe")
    assert (ann.partner_since, ann.agreement_signed_on) == (None, None)


def test_a_second_run_changes_nothing(folder: Path) -> None:
    run(folder)
    before = table_prints()
    said = run(folder)
    assert "4 rows: 0 created, 0 updated, 4 unchanged, 0 refused" in said
    assert said.count(" 0 created, 0 updated,") == 4
    assert table_prints() == before


def test_a_dry_run_says_the_same_and_writes_nothing(folder: Path) -> None:
    before = table_prints()
    rehearsed = run(folder, dry_run=True)
    assert table_prints() == before
    assert rehearsed.replace("would be ", "") == run(folder)


def test_a_changed_row_is_brought_up_to_date(folder: Path) -> None:
    run(folder)
    write(
        folder,
        sales_pipeline=FILES["sales_pipeline.csv"].replace("Engaging,2025-02-01,,", "Won,2025-02-01,2025-06-30,1500"),
    )
    said = run(folder)
    assert "4 rows: 0 created, 1 updated, 3 unchanged" in said
    deal = Opportunity.objects.get(external_id="A2")
    assert (deal.status, deal.amount, deal.won_on, deal.version) == ("won", 1500, date(2025, 6, 30), 2)
    assert AuditEntry.objects.filter(code="deals.opportunity.imported").count() == 3  # two partners, then one


def test_older_deals_move_the_beginning_back_and_newer_ones_do_not(folder: Path) -> None:
    run(folder)
    older = write(folder.parent / "older", sales_pipeline=deals("Z1,Jane Doe,Basic,,Lost,2023-05-02,2023-08-01,0"))
    assert "sales_teams.csv: 3 rows: 0 created, 1 updated" in run(older)
    jane = Partner.objects.get(external_id="Jane Doe")
    assert jane.partner_since == jane.agreement_signed_on == date(2023, 5, 2)
    assert "sales_teams.csv: 3 rows: 0 created, 0 updated" in run(folder)


def test_an_agreement_entered_by_hand_stays(folder: Path) -> None:
    run(folder)
    jane = Partner.objects.select_related("organization").get(external_id="Jane Doe")
    edit_partner(
        partner=jane, version=jane.version, changes={"agreement_signed_on": date(2025, 6, 1)}, by=BY, at=timezone.now()
    )
    older = write(folder.parent / "older", sales_pipeline=deals("Z1,Jane Doe,Basic,,Lost,2023-05-02,2023-08-01,0"))
    run(older)
    jane.refresh_from_db()
    assert (jane.partner_since, jane.agreement_signed_on) == (date(2023, 5, 2), date(2025, 6, 1))


def test_a_folder_with_deals_only_uses_what_is_known(folder: Path) -> None:
    run(folder)
    only = write(
        folder.parent / "only",
        sales_pipeline=deals("N1,Jane Doe,Basic,Globex,Won,2025-04-01,2025-05-01,10"),
        products=None, accounts=None, sales_teams=None,
    )  # fmt: skip
    said = run(only)
    assert "products.csv is not there: what is known stays as it is" in said
    assert "sales_pipeline.csv: 1 rows: 1 created" in said
    assert Partner.objects.get(external_id="Jane Doe").territory == "East"


def test_a_partner_whom_only_deals_name_is_created_and_said(folder: Path) -> None:
    write(folder, sales_pipeline=deals("N1,New One,Basic,Globex,Won,2025-04-01,2025-05-01,10"))
    said = run(folder)
    assert "1 partners that are not in the team file, created without territory and manager: New One" in said
    new = Partner.objects.get(external_id="New One")
    assert (new.owner, new.partner_since) == (None, date(2025, 4, 1))
    assert "0 created, 0 updated, 1 unchanged" in run(folder)


def test_what_nobody_knows_is_kept_and_said(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        sales_pipeline=deals(
            "U1,Jane Doe,Bsic,Umbrella,Won,2025-01-10,2025-03-20,50",
            "U2,Jane Doe,Bsic,,Won,2025-01-10,2025-03-20,70",
        ),
    )
    said = run(folder, notes=tmp_path / "notes.csv")
    assert "2 deals of a product that is not on the price list, kept under its spelling: Bsic (2)" in said
    assert "1 deals of an account that the customer file does not have, created by its name: Umbrella" in said
    deal = Opportunity.objects.get(external_id="U1")
    assert (deal.product.name, deal.product.is_active, deal.account.name) == ("Bsic", False, "Umbrella")
    listed = (tmp_path / "notes.csv").read_text(encoding="utf-8-sig")
    assert '"deals of an unknown account, kept without one","U2",""' in listed
    assert "2 deals of a product that is not on the price list" in run(folder)  # it still isn't
    assert Product.objects.filter(name="Bsic").count() == Account.objects.filter(name="Umbrella").count() == 1
    write(folder, products=FILES["products.csv"] + "Bsic,B,5\n", sales_pipeline=FILES["sales_pipeline.csv"])
    run(folder)
    assert Product.objects.get(name="Bsic").is_active


BAD_ROWS = [
    ("B1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,1e3", "not a number in plain digits"),
    ("B2,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,１２３", "not a number in plain digits"),
    ('B3,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,"1.234,56"', "not a number in plain digits"),
    ('B4,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,"1,234.56"', "not a number in plain digits"),
    ("B5,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,-5", "negative"),
    ("B6,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,NaN", "not a number in plain digits"),
    ("B7,Jane Doe,Basic,Globex,Won,2025-02-30,2025-03-20,5", "not a date"),
    ("B8,Jane Doe,Basic,Globex,Won,2025-04-10,2025-03-20,5", "closed before it began"),
    ("B9,Jane Doe,Basic,Globex,Won,2025-01-10,,5", "needs its close date"),
    ("C1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,", "needs its value"),
    ("C2,Jane Doe,Basic,Globex,Engaging,2025-01-10,2025-03-20,5", "no close date"),
    ("C3,Jane Doe,Basic,Globex,Maybe,2025-01-10,2025-03-20,5", "is not mapped"),
    (",Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,5", "a text is missing"),
    ("C4,,Basic,Globex,Won,2025-01-10,2025-03-20,5", "a text is missing"),
    ("C5,Jane Doe,Basic,Globex,Won,2025-01-10", "cells where the head has"),
    ("C6,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,5,more", "cells where the head has"),
    ("C7,Jane\0Doe,Basic,Globex,Won,2025-01-10,2025-03-20,5", "NUL"),
    (f"C8,Jane Doe,Basic,{'x' * 300},Won,2025-01-10,2025-03-20,5", "longer than 200"),
    ("C9,Jane Doe,Basic,!!!,Won,2025-01-10,2025-03-20,5", "the account can't be used"),
    ("D1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,99999999999999", "too large"),
    (f"{'D' * 120},Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,5", "longer than 100"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "why"), BAD_ROWS)
def test_a_bad_row_is_named_and_the_others_come_in(folder: Path, row: str, why: str) -> None:
    good = "G1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,10"
    write(folder, sales_pipeline=deals(good, row, good.replace("G1", "G2")))
    said = run(folder)
    assert "3 rows: 2 created, 0 updated, 0 unchanged, 1 refused" in said
    [[file, line, problem, *_cells]] = refused(folder)
    assert (file, line) == ("sales_pipeline.csv", "3")
    assert why in problem
    assert f"line 3: {problem.removeprefix(chr(39))}" in said
    assert set(Opportunity.objects.values_list("external_id", flat=True)) == {"G1", "G2"}


def test_a_number_counts_once_in_a_file(folder: Path) -> None:
    row = "G1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,10"
    write(folder, sales_pipeline=deals(row, row.replace(",10", ",20")))
    for _again in range(2):
        assert "1 refused" in run(folder)
        assert "more than once" in refused(folder)[0][2]
        assert Opportunity.objects.get().amount == 10


def test_quoted_line_breaks_and_formulas_stay_texts(folder: Path) -> None:
    write(
        folder,
        sales_pipeline=deals('"Q\n1",Jane Doe,Basic,"=HYPERLINK(""x"")",Won,2025-01-10,2025-03-20,10', "bad"),
        accounts=FILES["accounts.csv"] + '"=1+1|cmd",x,Germany\n',
    )
    run(folder)
    assert Opportunity.objects.get().external_id == "Q\n1"
    assert Account.objects.filter(name="=1+1|cmd").exists()
    [[_file, line, _problem, *_cells]] = refused(folder)
    assert line == "4"  # the row before it took two lines
    write(folder, sales_pipeline=deals("F1,=cmd,Basic,Globex,Nope,2025-01-10,2025-03-20,10"))
    run(folder)
    assert refused(folder)[0][4] == "'=cmd"  # a spreadsheet shows it, and runs nothing


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(folder: Path, encoding: str) -> None:
    write(folder, sales_pipeline=deals("E1,Zoë Ünal,Basic,Globex,Won,2025-01-10,2025-03-20,10").encode(encoding))
    run(folder)
    assert Opportunity.objects.get().partner.organization.name == "Zoë Ünal"


def test_latin_1_has_to_be_stated(folder: Path) -> None:
    write(folder, sales_pipeline=deals("E1,Zoë Ünal,Basic,Globex,Won,2025-01-10,2025-03-20,10").encode("latin-1"))
    with pytest.raises(CommandError, match=r"sales_pipeline.csv: .* State its encoding"):
        run(folder)
    assert not Partner.objects.exists()
    run(folder, encoding="latin-1")
    assert Opportunity.objects.get().partner.organization.name == "Zoë Ünal"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("sales_pipeline", None, "is not there"),
        ("sales_pipeline", "", "is empty"),
        ("sales_pipeline", f"{HEAD},close_value\n", "stands twice"),
        ("sales_pipeline", HEAD.replace("close_value", "value"), "no column for: close_value"),
        ("accounts", "account,sector\nGlobex,energy\n", "no column for: office_location"),
        ("products", b"product,series,sales_price\n\xffBasic,B,5\n", "is not utf-8 text"),
        ("sales_teams", "sales_agent,manager,regional_office,manager\n", "stands twice"),
    ],
)
def test_a_file_that_cant_be_read_stops_everything_before_it_begins(
    folder: Path, name: str, content: str | bytes | None, why: str
) -> None:
    write(folder, **{name: content})
    if content is None:
        (folder / f"{name}.csv").unlink()
    before = table_prints()
    with pytest.raises(CommandError, match=why):
        run(folder)
    assert table_prints() == before
    assert not (folder / "errors.csv").exists()


def test_the_currency_is_stated_or_asked_for(folder: Path) -> None:
    with pytest.raises(CommandError, match="--currency USD"):
        run(folder, currency="")
    with pytest.raises(CommandError, match="XXQ is not a currency"):
        run(folder, currency="XXQ")
    (folder.parent / "mapping.yaml").write_text(f"currency: USD\n{MAPPING}")
    assert "amounts in USD" in run(folder, currency="")


def test_dates_that_fit_two_orders_are_asked_for(folder: Path) -> None:
    row = "S1,Jane Doe,Basic,Globex,Won,03/04/2025,05/06/2025,10"
    write(folder, sales_pipeline=deals(row))
    with pytest.raises(CommandError, match="--dates iso, dmy or mdy"):
        run(folder)
    assert not Partner.objects.exists()
    run(folder, dates="dmy")
    assert Opportunity.objects.get().engaged_on == date(2025, 4, 3)
    write(folder, sales_pipeline=deals(row, row.replace("S1", "S2").replace("05/06", "06/25")))
    assert "dates as mdy" in run(folder)


def test_without_a_vendor_or_a_program_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    folder = write(tmp_path / "export")
    with pytest.raises(CommandError, match="create_vendor"):
        run(folder)


def test_another_currency_is_worth_what_its_day_says(folder: Path) -> None:
    ExchangeRate.objects.create(currency="EUR", to_currency="USD", valid_from=date(2025, 1, 1), rate=Decimal("1.10"))
    write(
        folder,
        sales_pipeline=deals(
            "R1,Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,100.05",
            "R2,Jane Doe,Basic,Globex,Won,2024-01-10,2024-03-20,100",
        ),
    )
    said = run(folder, currency="EUR")
    assert "1 deals without an exchange rate, left out of sums: EUR → USD" in said
    assert Opportunity.objects.get(external_id="R1").amount_program == Decimal("110.06")  # 110.055, half up
    assert Opportunity.objects.get(external_id="R2").amount_program is None


def test_a_manager_who_left_is_not_let_in_again(folder: Path) -> None:
    run(folder)
    mia = Membership.objects.get(user__email="mia.hart@crm.example.com")
    deactivate_membership(membership=mia, by=BY, at=timezone.now())
    run(folder)
    mia.refresh_from_db()
    assert not mia.is_active
    assert User.objects.count() == 2


def test_a_deal_that_was_not_imported_is_never_touched(folder: Path) -> None:
    run(folder)
    Opportunity.objects.filter(external_id="A1").update(origin="referral")
    write(folder, sales_pipeline=FILES["sales_pipeline.csv"].replace(",1200", ",9"))
    run(folder)
    assert "was not imported" in refused(folder)[0][2]
    assert Opportunity.objects.get(external_id="A1").amount == 1200


def test_a_row_that_the_database_refuses_costs_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What passes every check and still breaks a constraint is tried alone; nothing is counted twice."""
    from deals.actions import imports

    real = imports.annual
    monkeypatch.setattr(imports, "annual", lambda amount, *rest: Decimal(-1) if amount == 13 else real(amount, *rest))
    rows = [f"K{n},Jane Doe,Odd,Newcorp,Won,2025-01-10,2025-03-20,{n}" for n in range(1, 21)]
    write(folder, sales_pipeline=deals(*rows))
    report = import_crm(folder=folder, mapping=read_mapping(MAPPING.encode()), by=BY, at=timezone.now(), currency="USD")
    assert report.refused == 1
    assert Opportunity.objects.count() == 19
    assert report.totals.deals["won", "USD"] == 19
    assert report.totals.amounts["won", "USD"] == sum(range(1, 21)) - 13
    assert report.noted("product") == 19
    assert Account.objects.filter(name="Newcorp").count() == 1
    assert not Opportunity.objects.filter(account=None).exists()


def test_an_error_file_that_cant_be_written_is_found_first(folder: Path) -> None:
    with pytest.raises(CommandError, match="can't be written"):
        run(folder, errors=folder / "nowhere" / "errors.csv")
    assert not Partner.objects.exists()


@pytest.mark.parametrize("mapping", ["nothing.yaml", "/no/such/file"])
def test_a_mapping_that_is_not_there(folder: Path, mapping: str) -> None:
    with pytest.raises(CommandError, match="neither a file nor one of sales_opportunities"):
        call_command("import_crm", folder, mapping=mapping, currency="USD")


def test_a_bad_mapping_is_shown_with_its_lines(folder: Path) -> None:
    (folder.parent / "mapping.yaml").write_text(MAPPING.replace("type: reseller", "type: shop"))
    with pytest.raises(CommandError, match=r"line \d+: type: shop is not one of"):
        run(folder)


def test_statements_do_not_grow_with_rows(folder: Path, django_assert_max_num_queries) -> None:
    rows = [f"M{n},Jane Doe,Basic,Globex,Won,2025-01-10,2025-03-20,{n}" for n in range(1, 401)]
    run(folder)
    write(folder, sales_pipeline=deals(*rows))
    with django_assert_max_num_queries(90):
        run(folder)
    assert DEALS.count("\n") == 4
    assert Opportunity.objects.count() == 404
