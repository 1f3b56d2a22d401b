from decimal import Decimal

import pytest

from deals.rules.statements import Books, Movement, StatementMismatch, total

D = Decimal
# March: 1,000 owed; 4,800 earned, 2,400 taken back, 400 adjusted, 300 never came true, 1,000 paid → 2,500 owed.
BOOKS = Books(D(1000), D(2500), accrued=D(2100), payable=D(400), clearing=D(0))
MOVES = [
    Movement("earned", D(4800)),
    Movement("taken_back", D(-2400)),
    Movement("adjusted", D(400)),
    Movement("withdrawn", D(-300)),
    Movement("paid", D(-1000)),
]


def test_opening_and_movements_make_the_closing_balance():
    totals = total(books=BOOKS, movements=MOVES, carried=D(1000))
    assert (totals.opening, totals.closing) == (1000, 2500)
    assert totals.moved == {
        "earned": 4800,
        "taken_back": -2400,
        "adjusted": 400,
        "withdrawn": -300,
        "paid": -1000,
    }


def test_a_first_statement_has_nothing_to_carry():
    assert total(books=BOOKS, movements=MOVES, carried=None).closing == 2500


@pytest.mark.parametrize(
    ("books", "moves", "carried", "code"),
    [
        (BOOKS, MOVES, D(999), "opening"),
        (BOOKS, MOVES[:-1], D(1000), "closing"),
        (Books(D(1000), D(2501), D(2101), D(400), D(0)), MOVES, D(1000), "closing"),
        (Books(D(1000), D(2500), D(2000), D(400), D(0)), MOVES, D(1000), "split"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(books, moves, carried, code):
    with pytest.raises(StatementMismatch) as refused:
        total(books=books, movements=moves, carried=carried)
    assert refused.value.code == code
