"""The order of dates is seen where it can be seen, and asked for where it can't."""

import pytest

from prm.integrations.day_order import DayOrderUnclear, detect_day_order, orders_of


def seen(*texts: str) -> str:
    """The order that texts of one column show."""
    return detect_day_order(("closed_on", text) for text in texts)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (("2017-03-04", "", "2017-12-31"), "iso"),
        (("03/04/2017", "31/12/2017"), "dmy"),
        (("03/04/2017", "12/31/2017"), "mdy"),
        ((), "iso"),
        (("", ""), "iso"),
        (("soon", "2017-03-04"), "iso"),  # the import reports "soon" with its line
    ],
)
def test_one_order_fits(texts: tuple[str, ...], order: str) -> None:
    assert seen(*texts) == order


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("03/04/2017", "05/06/2017"), "day/month/year as well as month/day/year"),
        (("13/04/2017", "04/13/2017"), "different orders"),
        (("2017-04-13", "13/04/2017"), "different orders"),
        (("13.04.2017", "soon"), "can't be read"),
        (("２０１７-04-13",), "can't be read"),
    ],
)
def test_what_is_not_clear_is_refused_and_the_option_named(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(DayOrderUnclear, match="--dates") as refused:
        seen(*texts)
    assert said in refused.value.message


def test_all_columns_count_together() -> None:
    assert detect_day_order([("engaged_on", "03/04/2017"), ("closed_on", "25/04/2017")]) == "dmy"


def test_an_iso_date_fits_nothing_else() -> None:
    assert orders_of("2017-01-02") == {"iso"}
    assert orders_of("01/02/2017") == {"dmy", "mdy"}
    assert orders_of("2017-02-30") == frozenset()
