"""Contract events from a file: a dry run leaves nothing, each bad row is named, a second run changes nothing."""

import io
from datetime import timedelta

import pytest

from deals.actions.contract_imports import ContractEventImporter
from deals.actions.imports import OpportunityImporter
from deals.models import Contract, ContractEvent, Opportunity
from prm.core.actors import Actor
from prm.core.csv_import import CsvFile, CsvRefused, Report, Run, importer_for, run_import
from prm.core.models import AuditEntry
from tests.deals import earning
from tests.deals.earning import plan, plans, won
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
HEAD = "external_id,contract,kind,effective_on,amount,currency,note"
LATER = AT + timedelta(days=60)


def brought_in(world: World, *rows: str, dry_run: bool = False, by: Actor | None = None) -> Report:
    """What came of a file that Finn uploads."""
    importer = ContractEventImporter()
    file = CsvFile(io.BytesIO("\n".join([HEAD, *rows]).encode()), importer.fields)
    return run_import(importer=importer, file=file, run=Run(by or world.finn.actor, LATER), dry_run=dry_run)


def test_a_file_does_what_the_page_does_and_only_once(world: World) -> None:
    plans(plan())
    contract = won(world, amount=24000)
    rows = (
        f"E1,{contract.code},paid,2026-06-20,24000,USD,Invoice 7",
        f"E2,{contract.opportunity.code},Cancelled,2026-07-30,,,",
    )
    dry = brought_in(world, *rows, dry_run=True)
    assert (dry.created, dry.refused, ContractEvent.objects.count()) == (2, 0, 0)
    first, again = brought_in(world, *rows), brought_in(world, *rows)
    assert (first.created, again.created, again.unchanged) == (2, 0, 2)
    assert earning.amounts(contract) == [4800, -2400]
    event = ContractEvent.objects.get(external_id="E1")
    assert (event.source, event.note, event.recorded_by) == ("import", "Invoice 7", world.finn.user)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("E1,CT-NOBODY,paid,2026-06-20,10,,", "no contract"),
        ("E1,{code},vanished,2026-06-20,10,,", "not one of"),
        ("E1,{code},paid,20.06.2026,10,,", "not a date"),
        ("E1,{code},paid,2026-06-20,,,", "amount is missing"),
        ("E1,{code},paid,2026-06-20,10,EUR,", "contract is in USD"),
        ("E1,{code},paid,2026-06-20,1e3,USD,", "plain digits"),
        ("E1,{code},paid,2026-06-20,0.001,USD,", "decimals"),
        ("E1,{code},paid,2026-12-20,10,USD,", "has not come"),
        ("E1,{code},cancelled,2026-06-20,10,USD,", "no amount"),
        ("E1,{code},downgraded,2026-06-20,99999,USD,", "below what a year"),
        (",{code},paid,2026-06-20,10,USD,", "missing"),
    ],
)
def test_a_bad_row_is_named_and_the_others_come_in(world: World, row: str, problem: str) -> None:
    plans(plan())
    contract = won(world)
    report = brought_in(world, row.format(code=contract.code), f"E9,{contract.code},paid,2026-06-21,5,USD,")
    assert (report.created, report.refused) == (1, 1)
    [(line, said)] = report.errors
    assert line == 2
    assert problem in said
    assert ContractEvent.objects.get().external_id == "E9"


def test_a_number_that_stands_twice_is_refused_the_second_time(world: World) -> None:
    plans(plan())
    contract = won(world)
    report = brought_in(world, *[f"E1,{contract.code},paid,2026-06-2{n},5,USD," for n in (1, 2)])
    assert (report.created, report.refused) == (1, 1)


def test_it_asks_for_the_right(world: World) -> None:
    with pytest.raises(CsvRefused):
        brought_in(world, by=world.rory.actor)
    assert isinstance(importer_for("contract_events"), ContractEventImporter)


def deals(stage: str, closed: str) -> str:
    """A CRM's file with one deal of Northwind's."""
    return f"external_id,partner,stage,amount,currency,closed_on\nCRM-1,Northwind Solutions,{stage},9000,USD,{closed}\n"


def taken(world: World, text: str) -> Report:
    """What came of the CRM's file."""
    importer = OpportunityImporter()
    file = CsvFile(io.BytesIO(text.encode()), importer.fields)
    return run_import(importer=importer, file=file, run=Run(world.dan.actor, LATER), dry_run=False)


def test_history_that_comes_in_won_makes_no_contract(world: World) -> None:
    plans(plan())
    assert taken(world, deals("won", "2026-06-20")).created == 1
    assert Opportunity.objects.get(external_id="CRM-1").status == "won"
    assert not Contract.objects.exists()


def test_a_file_leaves_alone_what_was_signed_here(world: World) -> None:
    from deals.actions.opportunities import confirm_won

    plans(plan())
    taken(world, deals("negotiation", ""))
    deal = Opportunity.objects.get(external_id="CRM-1")
    confirm_won(opportunity=deal, by=world.dan.actor, at=LATER, won_on=LATER.date())
    assert Contract.objects.get().opportunity == deal
    assert taken(world, deals("lost", "2026-06-20")).unchanged == 1
    deal.refresh_from_db()
    assert (deal.status, deal.partner) == ("won", partner_of(world.sara))


DIRECT_HEAD = "external_id,partner,stage,amount,currency,closed_on,origin"


def test_a_direct_deal_comes_in_without_a_partner(world: World) -> None:
    text = f"{DIRECT_HEAD}\nCRM-1,,won,9000,USD,2026-06-20,direct\nCRM-2,,negotiation,500,USD,,Direct\n"
    first, again = taken(world, text), taken(world, text)
    assert (first.created, first.refused, again.unchanged) == (2, 0, 2)
    deal = Opportunity.objects.get(external_id="CRM-1")
    assert (deal.origin, deal.partner, deal.is_partner_worked) == ("direct", None, False)
    assert not deal.verdicts.exists()
    assert not Contract.objects.exists()
    entry = AuditEntry.objects.get(ref_code=deal.code, code="deals.opportunity.imported")
    assert entry.organization_id is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("CRM-1,,won,9000,USD,2026-06-20,", "missing"),
        ("CRM-1,,won,9000,USD,2026-06-20,import", "not an origin"),
        ("CRM-1,Northwind Solutions,won,9000,USD,2026-06-20,direct", "has no partner"),
    ],
)
def test_a_row_names_its_partner_or_says_direct(world: World, row: str, problem: str) -> None:
    report = taken(world, f"{DIRECT_HEAD}\n{row}\n")
    assert (report.created, report.refused) == (0, 1)
    assert problem in report.errors[0][1]


def test_a_deal_does_not_change_between_a_partner_and_direct(world: World) -> None:
    ours = "CRM-1,,won,9000,USD,2026-06-20,direct"
    theirs = "CRM-2,Northwind Solutions,won,9000,USD,2026-06-20,"
    assert taken(world, f"{DIRECT_HEAD}\n{ours}\n{theirs}\n").created == 2
    report = taken(
        world,
        f"{DIRECT_HEAD}\nCRM-1,Northwind Solutions,won,9000,USD,2026-06-20,\nCRM-2,,won,9000,USD,2026-06-20,direct\n",
    )
    assert report.refused == 2
    assert "a direct deal" in report.errors[0][1]
    assert "a partner's deal" in report.errors[1][1]
    assert list(Opportunity.objects.order_by("external_id").values_list("origin", flat=True)) == ["direct", "import"]
