"""One partner's rows of the files, as somebody with a pencil would read them: ISO days compare as texts."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.integrations.real_export import rows

LAST = "2017-12-31"


class Sheet:
    """What the files say of one partner."""

    def __init__(self, export: Path, companions: Path, name: str) -> None:
        self._companions, self._name = companions, name
        self._deals = [
            row
            for folder in (export, companions / "year_before")
            for row in rows(folder / "sales_pipeline.csv")
            if row["sales_agent"] == name
        ]

    def _of(self, kind: str) -> list[dict[str, str]]:
        return [row for row in rows(self._companions / f"{kind}.csv") if row["partner"] == self._name]

    def won(self, first: str, last: str) -> Decimal:
        """The sum of deals won on these days, both ends included."""
        won = (row for row in self._deals if row["deal_stage"] == "Won" and first <= row["close_date"] <= last)
        return sum((Decimal(row["close_value"]) for row in won), Decimal(0))

    def engaged(self, first: str, last: str) -> int:
        """How many deals began on these days."""
        return sum(first <= row["engage_date"] <= last for row in self._deals)

    def first_engaged(self) -> date:
        """When the first of all deals began."""
        return date.fromisoformat(min(row["engage_date"] for row in self._deals if row["engage_date"]))

    def portal_blocks(self, *firsts: str) -> list[bool]:
        """Whether somebody came in each block of seven days that begins so."""
        days = {row["day"] for row in self._of("portal_days")}
        return [any(str(date.fromisoformat(first) + timedelta(days=n)) in days for n in range(7)) for first in firsts]

    def last_portal_day(self) -> str:
        """The last day on which somebody came."""
        return max(row["day"] for row in self._of("portal_days"))

    def scores(self, first: str) -> list[int]:
        """NPS scores given from a day on, the lowest first."""
        return sorted(int(row["score"]) for row in self._of("nps") if first <= row["answered_on"] <= LAST)

    def fit(self) -> str:
        """The judgement set last, blank without one."""
        judged = sorted((row["set_on"], row["rating"]) for row in self._of("fit"))
        return judged[-1][1] if judged else ""

    def certificates(self) -> int:
        """All certificates, of whatever day."""
        return len(self._of("certificates"))

    def current_certificates(self) -> int:
        """Certificates that hold on the last day."""
        return sum(row["valid_from"] <= LAST <= row["valid_until"] for row in self._of("certificates"))

    def certified(self) -> int:
        """Members with a certificate that holds on the last day."""
        members = {row["email"] for row in self._of("members") if row["since"] <= LAST}
        return len(
            {
                row["email"]
                for row in self._of("certificates")
                if row["valid_from"] <= LAST <= row["valid_until"] and row["email"] in members
            }
        )
