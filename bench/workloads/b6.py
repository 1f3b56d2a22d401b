"""B6: the conflict check alone, against the same lookups in one bare statement and against a search in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

from django.db import connection

from bench.floors.lookups import BARE, EXACT, ask, by_likeness, known_names, set_threshold
from bench.measure import Point, in_turn
from bench.run import Bench
from bench.stopwatch import memory, must, statements_of
from deals.choices import ConflictOutcome
from deals.queries.conflicts import verdict_on
from deals.rules.accounts import AccountKeys, account_keys

TITLE = "the conflict check of a registration"
SUBJECTS = 40
SIMILARITY = 82


@dataclass(frozen=True)
class Subject:
    """An account that somebody wants to register."""

    keys: AccountKeys
    partner_id: int


def run(bench: Bench) -> Iterator[Point]:
    """Accounts known by their domain, and accounts whose name only resembles a known one."""
    set_threshold()
    bench.lived_in()
    exact, fuzzy = _subjects(bench, resembling=False), _subjects(bench, resembling=True)
    rounds = bench.rounds(3 * SUBJECTS)
    for title, subjects, goal in (("known by its domain", exact, 2.0), ("a name that resembles", fuzzy, 1.3)):
        series = in_turn({"ours": _ours(bench, subjects), "floor": _bare(bench, subjects, BARE)}, rounds=rounds)
        statements = statements_of(_ours(bench, subjects))
        yield Point(
            "B6", f"check: {title}", series["ours"], series["floor"], goal, statements=statements, memory=memory(),
            note="floor: the same lookups in one bare statement",
        )  # fmt: skip
    series = in_turn({"ours": _ours(bench, exact), "floor": _bare(bench, exact, EXACT)}, rounds=rounds)
    yield Point(
        "B6", "check: known by its domain, against equality alone", series["ours"], series["floor"],
        note="names are always compared too, so that no time tells one kind of holder from another",
    )  # fmt: skip
    names = known_names()
    lookups = cycle(fuzzy)
    series = in_turn(
        {
            "ours": _ours(bench, fuzzy),
            "floor": lambda: must(bool(by_likeness(next(lookups).keys.name, names, SIMILARITY)), "nothing resembles"),
        },
        rounds=bench.rounds(10),
    )
    yield Point(
        "B6",
        f"check: against rapidfuzz over {len(names):,} names",
        series["ours"],
        series["floor"],
        bench.at_largest(0.2),
        memory=memory(),
    )


def _subjects(bench: Bench, *, resembling: bool) -> list[Subject]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_name, customer_domain, customer_country, partner_id FROM deals_registration
                WHERE status = 'approved' AND domain_key <> '' AND protected_until >= %s ORDER BY code LIMIT %s""",
            [bench.world.today, SUBJECTS],
        )
        rows = cursor.fetchall()
    must(len(rows) == SUBJECTS, f"only {len(rows)} open registrations have a domain")
    subjects = []
    for name, domain, country, holder in rows:
        somebody = next(pk for pk in (bench.world.first_partner, bench.world.first_partner + 1) if pk != holder)
        if resembling:
            name, domain = name[:3] + name[3] + name[3:], f"not-{domain}"
        subjects.append(Subject(account_keys(domain=domain, name=name, country=country), somebody))
    return subjects


def _ours(bench: Bench, subjects: list[Subject]) -> Callable[[], None]:
    turn = cycle(subjects)

    def call() -> None:
        subject = next(turn)
        verdict = verdict_on(
            partner_id=subject.partner_id, keys=subject.keys, lines=(), day=bench.world.today, similarity=SIMILARITY
        )
        must(verdict.outcome != ConflictOutcome.CLEAR, f"{subject.keys.name} was not found")

    return call


def _bare(bench: Bench, subjects: list[Subject], sql: str) -> Callable[[], None]:
    turn = cycle(subjects)

    def call() -> None:
        keys = next(turn).keys
        must(
            bool(ask(sql, domain=keys.domain_key, plain=keys.name, day=bench.world.today)), f"{keys.name} was not found"
        )

    return call
