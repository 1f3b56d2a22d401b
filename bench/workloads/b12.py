"""B12: a payout run over everything payable, and the proof of the books, against one sum over the ledger.

The sum is by partner, currency and account: what a balance is. A run is asked for in a transaction that is rolled back.
What the proof asks of the rest of the world (I9, I10, I12) is not part of it, because the generator writes no history of
registrations.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connection, transaction

from bench.books import ENTRIES, Books, fill_books
from bench.measure import Point, in_turn
from bench.people import actor_of
from bench.run import Bench
from bench.stopwatch import memory, must, statements_of
from deals.actions.payout_runs import request_run
from deals.models import PayoutItem
from deals.queries.payouts import preview
from deals.queries.program import program_at
from deals.queries.reconciliation import prove

TITLE = "a payout run and the proof of the books"
FLOOR = "SELECT partner_id, currency, account, sum(amount) FROM deals_ledgerentry GROUP BY 1, 2, 3"
IN_SQL = ("I1", "I2", "I3", "I4", "I6", "I7")
ALL = (*IN_SQL, "I5", "I11")


def run(bench: Bench) -> Iterator[Point]:
    """The preview, the request, the proof in SQL, and the whole proof with history and every formula."""
    wanted = int(bench.options.get("entries") or ENTRIES[bench.world.size.name])
    with bench.owner.cursor() as cursor:
        books = fill_books(cursor, bench.world, wanted)
    bench.owner.execute("VACUUM ANALYZE")
    print(f"  {books.lines:,} lines, {books.entries:,} entries", flush=True)
    program = program_at(datetime.now(UTC))
    rounds = bench.rounds(5)
    sum_ = {"floor": lambda: _sum(books)}
    note = "floor: the sums of the ledger by partner, currency and account"

    def previewed() -> None:
        found = preview(program=program, currency="USD", through=program.today)
        must(found.total == books.payable, f"the preview pays {found.total}, not {books.payable}")

    def requested() -> None:
        with transaction.atomic():
            made = request_run(currency="USD", through=program.today, by=actor_of(books.finn), at=datetime.now(UTC))
            must(made.total_amount == books.payable, f"the run pays {made.total_amount}, not {books.payable}")
            must(PayoutItem.objects.filter(run=made).exists(), "the run has no payouts")
            transaction.set_rollback(True)

    for title, call, goal in (
        ("the preview of a run", previewed, None),
        ("a run is asked for", requested, 3.0),
        (f"the proof in SQL: {', '.join(IN_SQL)}", lambda: _proved(IN_SQL, books), 2.0),
        ("the whole proof of the books, every formula and history too", lambda: _proved(ALL, books), 2.0),
    ):
        series = in_turn({"ours": call, **sum_}, rounds=rounds)
        yield Point(
            "B12", f"{title}, {books.entries:,} entries", series["ours"], series["floor"], goal,
            statements=statements_of(call), memory=memory(), note=note,
        )  # fmt: skip
        bench.vacuum("deals_payoutitem", "deals_payoutline", "deals_payoutrun")


def _sum(books: Books) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FLOOR)
        must(sum(row[3] for row in cursor.fetchall()) == 0, f"{books.entries} entries don't add up to zero")


def _proved(codes: tuple[str, ...], books: Books) -> None:
    for proven in prove(codes):
        must(proven.finding.holds, f"{proven.check.code}: {[str(each) for each in proven.finding.offenders[:3]]}")
        must(proven.finding.seen > 0 or proven.check.code in {"I6", "I7"}, f"{proven.check.code} looked at nothing")
