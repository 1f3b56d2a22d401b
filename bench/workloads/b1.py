"""B1: the manager's list of partners, with filters, against a bare page of the same rows in the same shell."""

from collections.abc import Iterator

from django.urls import reverse

from bench.floors.pages import listen
from bench.measure import Broken, Limit, Point, in_turn
from bench.people import Browser, staff
from bench.run import Bench
from bench.stopwatch import memory, must

TITLE = "the manager's list of partners"
ROWS = r'FROM "partners_partner"(?!.*DISTINCT).* LIMIT '


def run(bench: Bench) -> Iterator[Point]:
    """Fifty rows with filters and order; the number of statements at 25, 50 and 100 rows."""
    bench.lived_in()
    browser = Browser(staff("ada"))
    path = reverse("manage:partners:partner_list") + "?health_band=at_risk&status=active&sort=-revenue"
    own = {size: listen(f"b1-{size}", browser, f"{path}&size={size}", only=ROWS) for size in (25, 100, 50)}
    statements, around = own[50]
    rows = browser.get(path).content.count(b"data-row-link")
    must(rows == min(50, _matching(browser, path)), f"{rows} rows are on the page")
    floor = "/bench/page/b1-50/"
    # One line more for the count, and one for the row that tells that there is another page.
    must(browser.get(floor).content.count(b"<tr>") - rows in (1, 2), "the bare page shows other rows")
    series = in_turn(
        {"ours": lambda: browser.get(path), "floor": lambda: browser.get(floor)}, rounds=bench.rounds(60), warm_up=5
    )
    yield Point(
        "B1", f"list of {bench.world.size.partners:,} partners, {rows} rows", series["ours"], series["floor"], 1.5,
        statements=statements, memory=memory(),
        limits=(
            Limit("statements", statements, 8), Limit("statements of the shell", around, 4),
            Limit("statements more at 100 rows than at 25", own[100][0] - own[25][0], 0),
        ),
    )  # fmt: skip


def _matching(browser: Browser, path: str) -> int:
    """How many rows match, read from the export of the same list."""
    answer = browser.client.get(f"{path}&export=csv")
    if answer.status_code != 200:
        raise Broken(f"the export answered {answer.status_code}")
    return b"".join(answer.streaming_content).count(b"\n") - 1
