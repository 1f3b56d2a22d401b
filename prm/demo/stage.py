"""The stage on which the story plays: who is there, what time it is, and what is planned."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from deals.models import Product
from partners.models import Partner
from prm.core.actions import outbox
from prm.core.actors import Actor
from prm.core.business_time import Calendar, working_seconds_between
from prm.core.csv_import import CsvFile, Importer, Run, run_import
from prm.core.middleware import actor_for
from prm.core.models import Membership
from prm.demo import cast

YEARS_BACK = 730
SYSTEM_DAYS = 120  # since then deals are registered here; what is older was imported
DAILY_NIGHTS = 35
DAY = timedelta(days=1)
SETUP = Actor.system("demo")
LEFT_TO_THE_WORKER = (
    "deals.render_statement",
    "reporting.render_pack",
    "reporting.refresh_after",
    "deals.process_payout_run",
)


@dataclass(order=True)
class Event:
    """Something that happens at a moment; events of one moment keep the order in which they were planned."""

    at: datetime
    order: int
    do: Callable[[datetime], None] = field(compare=False)


class Stage:
    """Plans and plays. ``now`` is the moment at which the audience walks in."""

    def __init__(self, now: datetime, seed: int = 2024) -> None:
        self.now, self.chance = now, Random(seed)
        self.today = now.date()
        self.start = self.today - timedelta(days=YEARS_BACK)
        self.system_since = self.today - timedelta(days=SYSTEM_DAYS)
        self.events: list[Event] = []
        self.partners: dict[str, Partner] = {}
        self.members: dict[str, list[Membership]] = {}
        self.staff: dict[str, Membership] = {}
        self.products: list[Product] = []
        self.customers = self._customer_names()
        self.history: dict[date, list[dict[str, Any]]] = {}

    def play(self) -> None:
        """What was planned, in order of time; what lies in the future does not happen yet."""
        for event in sorted(self.events):
            if event.at <= self.now:
                event.do(event.at)

    def plan(self, at: datetime, do: Callable[[datetime], None]) -> None:
        """Let something happen at a moment."""
        self.events.append(Event(at, len(self.events), do))

    def moment(self, day: date, hour: float | None = None) -> datetime:
        """A moment in working hours of a day (UTC)."""
        hours = self.chance.uniform(7.5, 16.5) if hour is None else hour
        return datetime.combine(day, time(0), tzinfo=UTC) + timedelta(hours=hours)

    def working_ago(self, hours: float) -> datetime:
        """The moment since which so many working hours have passed on the program's calendar."""
        at, calendar = self.now - timedelta(hours=hours), Calendar(time_zone="UTC")
        while working_seconds_between(at, self.now, calendar) < hours * 3600:
            at -= timedelta(minutes=30)
        return at

    def seller(self, name: str) -> Actor:
        """Somebody of a partner who may register deals."""
        sellers = [member for member in self.members[name] if member.role in {"seller", "partner_admin"}]
        member = self.chance.choice(sellers)
        return actor_for(member.user, member)

    def owner(self, name: str) -> Actor:
        """The manager who decides for a partner."""
        profile = next(each for each in cast.PARTNERS if each.name == name)
        return self.by(profile.owner)

    def by(self, name: str) -> Actor:
        """Somebody of the vendor's staff."""
        member = self.staff[name]
        return actor_for(member.user, member)

    def bring_in(self, importer: Importer, rows: list[dict[str, Any]], at: datetime, name: str) -> None:
        """Rows through an importer, as a CSV file that somebody uploads."""
        if not rows:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        file = CsvFile(io.BytesIO(text.getvalue().encode()), importer.fields)
        report = run_import(importer=importer, file=file, run=Run(SETUP, at, "iso", name), dry_run=False)
        if report.refused:
            raise RuntimeError(f"{name}: {report.errors[:3]}")

    def _customer_names(self) -> Iterator[tuple[str, str]]:
        names = [
            f"{first} {second}{third}"
            for first in cast.CUSTOMER_FIRST
            for second in cast.CUSTOMER_SECOND
            for third in ("", " Group", " Works", " Partners")
        ]
        self.chance.shuffle(names)
        return ((name, f"{name.lower().replace(' ', '-')}.com") for name in names if not name.startswith(cast.RESERVED))


def deliver(at: datetime) -> None:
    """Let mails and notices go out at their moment; what asks the worker for something waits for the worker."""
    while outbox.deliver_due(at=at, leave=LEFT_TO_THE_WORKER):
        pass
