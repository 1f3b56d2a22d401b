"""B2: the list of registrations: page 100 against page 1, and how the count is said."""

import re
from collections.abc import Iterator
from html import unescape

from django.urls import reverse

from bench.measure import Limit, Point, in_turn
from bench.people import Browser, staff
from bench.run import Bench
from bench.stopwatch import counted, is_around, memory, must
from prm.core.lists import COUNT_CAP

TITLE = "the list of all registrations"
PAGES = 100


def run(bench: Bench) -> Iterator[Point]:
    """The first page and the hundredth."""
    bench.lived_in()
    browser = Browser(staff("ada"))
    first = reverse("manage:deals:registration_list")
    far, number = first, 1
    while number < PAGES and (following := _next(browser, far)):
        far, number = first + following, number + 1
    series = in_turn({"ours": lambda: browser.get(far), "floor": lambda: browser.get(first)}, rounds=bench.rounds(40))
    with counted() as found:
        said = browser.get(first).content
    own = [sql for sql in found if not is_around(sql)]
    if bench.world.size.deals > COUNT_CAP:
        must(f"{COUNT_CAP:,}+".encode() in said, "the count is not capped")
    yield Point(
        "B2", f"page {number} of {bench.world.size.deals:,} registrations", series["ours"], series["floor"], 1.1,
        statements=len(own), memory=memory(), note="floor: page 1", limits=(Limit("statements", len(own), 8),),
    )  # fmt: skip


def _next(browser: Browser, path: str) -> str:
    """The address of the page after, as its link says it."""
    link = re.search(r'rel="next" href="([^"]+)"', browser.get(path).content.decode())
    return unescape(link[1]) if link else ""
