"""What a proof of the books says: how much it looked at, and each thing that contradicts it, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from prm.core.queries.rows import dict_rows

MOST = 100  # named by one proof; all are counted

# What can be wrong, in words for finance. The values are an offender's own fields.
PROBLEMS = {
    "unbalanced": _("its entries do not add up to zero"),
    "one_sided": _("it has fewer than two entries"),
    "ledger_unbalanced": _("the whole ledger does not add up to zero"),
    "cache_differs": _("the stored sum is not the sum of its parts"),
    "balance_differs": _("the ledger says something else than the lines in their states"),
    "line_twice": _("the line is in two payouts that are not void"),
    "line_differs": _("the line in the payout is not the commission"),
    "item_differs": _("the payout is not the sum of its lines"),
    "run_differs": _("the run is not the sum of its payouts"),
    "file_differs": _("the file for the bank is not the sum of its payouts"),
    "clearing_differs": _("the ledger moved something else than the payout’s amount"),
    "state_differs": _("the line’s state does not fit the state of its payout"),
    "seal_broken": _("history was changed after it was sealed"),
    "not_booked": _("a posting that must be there is missing"),
    "line_booked_differently": _("what is booked for the line is not what its state demands"),
    "no_line": _("an entry belongs to no line"),
    "history_differs": _("history has another amount than the line"),
    "into_closed": _("it was posted into a period that was closed already"),
    "not_opposite": _("the reversal is not the opposite of what it reverses"),
    "reversed_twice": _("it was reversed twice"),
    "reversal_reversed": _("a reversal was reversed"),
    "taken_too_much": _("more was taken back than the line was worth"),
    "unrecorded": _("its state is not in the history, or not by that person at that moment"),
    "out_of_order": _("what came second is dated before what came first"),
    "illegal_step": _("its state changed in a way that does not exist"),
    "claimed_twice": _("two partners hold the same account at the same time"),
    "credit_differs": _("the credit of its partners does not add up to the whole"),
    "sourced_twice": _("two partners are the source of one deal"),
    "earned_twice": _("two partners earn the whole commission of one deal"),
    "not_recomputed": _("its stored inputs give another amount"),
    "not_readable": _("its stored inputs can’t be read"),
    "other_partner": _("it leads to a row of another partner"),
    "no_part": _("the partner has no terms on this contract"),
}


@dataclass(frozen=True)
class Offender:
    """One thing that contradicts an invariant. ``what`` is its code, ``partner`` whose it is."""

    problem: str
    what: str
    partner: str = ""
    currency: str = ""
    found: Decimal | None = None
    expected: Decimal | None = None
    detail: str = ""

    @property
    def words(self) -> str:
        """The problem in words."""
        return str(PROBLEMS[self.problem])

    def to_json(self) -> dict[str, str]:
        """Plain data, amounts as text."""
        numbers = {"found": self.found, "expected": self.expected}
        texts = {name: getattr(self, name) for name in ("problem", "what", "partner", "currency", "detail")}
        return texts | {name: "" if value is None else f"{value:f}" for name, value in numbers.items()}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> "Offender":
        """The inverse of ``to_json``."""
        found, expected = (Decimal(data[name]) if data[name] else None for name in ("found", "expected"))
        texts = (data["problem"], data["what"], data["partner"], data["currency"])
        return cls(*texts, found, expected, data["detail"])

    def __str__(self) -> str:
        sums = ""
        if self.found is not None:
            wanted = "" if self.expected is None else f", not {self.expected:f}"
            sums = f": {self.found:f}{wanted} {self.currency}".rstrip()
        whose = f" ({self.partner})" if self.partner else ""
        more = f" [{self.detail}]" if self.detail else ""
        return f"{self.what}{whose} – {self.words}{sums}{more}"


@dataclass(frozen=True)
class Finding:
    """What one check came to: rows looked at, contradictions counted, the first of them named, further figures."""

    seen: int
    broken: int
    offenders: tuple[Offender, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return not self.broken

    def __add__(self, other: "Finding") -> "Finding":
        return Finding(
            self.seen + other.seen,
            self.broken + other.broken,
            (self.offenders + other.offenders)[:MOST],
            self.figures + other.figures,
        )


def named(sql: str, params: dict[str, Any] | None = None, *, seen: int = 0) -> Finding:
    """The offenders that a query gives, one statement: columns as in ``Offender``; those left out are null or empty."""
    rows = dict_rows(
        f"SELECT *, count(*) OVER () AS n FROM ({sql}) AS offenders LIMIT {MOST}",  # noqa: S608 - queries of ours
        params or {},
    )
    return Finding(seen, rows[0]["n"] if rows else 0, tuple(_offender(row) for row in rows))


def together(findings: Iterable[Finding]) -> Finding:
    """Several findings as one."""
    return sum(findings, Finding(0, 0))


def counted(table: str) -> int:
    """How many rows a table has."""
    [row] = dict_rows(f"SELECT count(*) AS n FROM {table}", {})  # noqa: S608 - a table of ours
    return int(row["n"])


def _offender(row: dict[str, Any]) -> Offender:
    return Offender(
        problem=row["problem"],
        what=str(row["what"]),
        partner=row.get("partner") or "",
        currency=row.get("currency") or "",
        found=row.get("found"),
        expected=row.get("expected"),
        detail=row.get("detail") or "",
    )
