"""How stories about the night begin: partners with deals won on given days, certificates, and a mark to go on from."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from deals.actions.imports import OpportunityImporter, OpportunityOptions, Standing
from partners.models import Partner
from prm.core.actors import Actor
from prm.core.csv_import import CsvFile, Run, run_import
from reporting.choices import RunState, RunTrigger
from reporting.models import JobRun
from tests.partners import making
from tests.world import World
from training.actions.certificates import add_certificate

BY = Actor.system("test")
DAY = timedelta(days=1)
STAGES = {"won": Standing("closed", "won"), "lost": Standing("closed", "lost"), "open": Standing("qualified", "open")}


def clock(day: date, hour: int = 1) -> Callable[[], datetime]:
    """A clock that stands still on a day, early in the morning."""
    return lambda: datetime.combine(day, time(hour), tzinfo=UTC)


def deals(*rows: Sequence[object], at: datetime) -> None:
    """Imported deals: (number, partner's code, stage, amount, engaged on, closed on)."""
    lines = ["external_id,partner,stage,amount,engaged_on,closed_on"]
    lines += [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    importer = OpportunityImporter(OpportunityOptions("USD", STAGES))
    file = CsvFile(io.BytesIO("\n".join(lines).encode()), importer.fields)
    report = run_import(importer=importer, file=file, run=Run(BY, at), dry_run=False)
    assert not report.refused, report.errors


def certified(world: World, partner: Partner, *, since: date, at: datetime) -> None:
    """One certified member: Sara at Northwind, Rita at Rival."""
    person = world.sara if partner.pk == world.northwind.pk else world.rita
    add_certificate(
        partner=partner, holder_email=person.user.email, holder_name=person.user.name, kind="sales",
        valid_from=since, by=BY, at=at, reason="test",
    )  # fmt: skip


def many_partners(world: World, count: int) -> list[Partner]:
    """More partner companies of Mia's, by number."""
    return [making.partner(world, f"Company {number:03}") for number in range(count)]


def mark_at(day: date) -> None:
    """All nights up to a date are done."""
    JobRun.objects.create(
        job="night", on=day, trigger=RunTrigger.SCHEDULE, state=RunState.DONE, started_at=clock(day + DAY)()
    )
