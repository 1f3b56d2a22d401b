"""The terms that deals are decided by, gathered once per request or job."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from partners.models import ProgramVersion
from partners.queries import program as programs
from partners.queries.grants import Entitlement, entitlement
from partners.rules.terms import RegistrationTerms
from prm.core.business_time import Calendar, local_date


@dataclass(frozen=True)
class Program:
    """The program in force at one moment: its version, registration terms, calendar and currency.

    What a request has asked about a partner's entitlements stays with it, because several gates ask the same; a new
    request or job begins with a new one.
    """

    version: ProgramVersion
    at: datetime
    _asked: dict[tuple[int, str], Entitlement] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def terms(self) -> RegistrationTerms:
        """How deals are registered, decided and protected."""
        return programs.registration_terms(self.version)

    @cached_property
    def calendar(self) -> Calendar:
        """The vendor's working time."""
        return programs.calendar(self.version)

    @property
    def currency(self) -> str:
        """The currency in which thresholds are written."""
        return self.version.currency

    @property
    def today(self) -> date:
        """The date on the wall where the program is run."""
        return local_date(self.at, self.calendar.time_zone)

    def tier_names(self, track: str) -> dict[str, str]:
        """Code → name of a track's tiers, as the program writes them."""
        tracks = programs.program_of(self.version).tracks
        return {rung.code: rung.name for entry in tracks if entry.code == track for rung in entry.tiers}

    def entitlement(self, partner_id: int, code: str) -> Entitlement:
        """What a partner may today, and why. One statement, the first time."""
        key = (partner_id, code)
        if key not in self._asked:
            self._asked[key] = entitlement(partner_id, code, self.today)
        return self._asked[key]

    def end_of(self, day: date) -> datetime:
        """The moment (UTC) at which a day of the program has passed."""
        midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(self.calendar.time_zone))
        return midnight.astimezone(UTC)


def program_at(at: datetime) -> Program:
    """The program in force at a moment. Raises NoProgramInForce before the first version. One statement."""
    return Program(programs.version_in_force(at), at)
