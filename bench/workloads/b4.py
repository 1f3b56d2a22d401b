"""B4: the portal's home, against a bare page with the same reads in the same shell."""

from collections.abc import Iterator

from django.urls import reverse

from bench.floors.pages import listen
from bench.measure import Point, in_turn
from bench.people import Browser, seller
from bench.run import Bench
from bench.stopwatch import memory

TITLE = "the portal's home"


def run(bench: Bench) -> Iterator[Point]:
    """A seller of the partner with the most deals."""
    bench.lived_in()
    browser = Browser(seller(bench.world))
    path = reverse("portal:reporting:home")
    statements, _around = listen("b4", browser, path)
    series = in_turn(
        {"ours": lambda: browser.get(path), "floor": lambda: browser.get("/bench/page/b4/")}, rounds=bench.rounds(60),
        warm_up=5,
    )  # fmt: skip
    yield Point(
        "B4", "home of a seller with many deals", series["ours"], series["floor"], 1.5, statements=statements,
        memory=memory(),
    )  # fmt: skip
