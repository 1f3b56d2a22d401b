"""B3: one partner from all sides: the first answer against a bare page with the same reads; each lazy section."""

from collections.abc import Iterator

from django.urls import reverse

from bench.floors.pages import listen
from bench.measure import Limit, Point, in_turn
from bench.people import Browser, staff
from bench.run import Bench
from bench.stopwatch import counted, is_around, memory
from partners.models import Partner
from reporting.views.manage.partner import SECTIONS

TITLE = "one partner from all sides"


def run(bench: Bench) -> Iterator[Point]:
    """The partner with the most deals; the statements also of the one with the fewest, and of every section."""
    bench.lived_in()
    browser = Browser(staff("ada"))
    rows = Partner.objects.order_by("pk")
    largest, smallest = rows.first(), rows.last()
    path, other = (reverse("manage:reporting:partner_detail", args=[each.code]) for each in (largest, smallest))
    statements, around = listen("b3", browser, path)
    at_smallest, _around = listen("b3-smallest", browser, other)
    sections = {}
    for name in SECTIONS:
        section = reverse(f"manage:reporting:partner_{name}", args=[largest.code])
        lazily = {"hx-request": "true", "hx-target": f"section-{name}"}
        browser.get(section, bytes_at_least=50, **lazily)
        browser.get(section)
        with counted() as found:
            browser.get(section, bytes_at_least=50, **lazily)
        sections[name] = sum(not is_around(sql) for sql in found)
    series = in_turn(
        {"ours": lambda: browser.get(path), "floor": lambda: browser.get("/bench/page/b3/")}, rounds=bench.rounds(60),
        warm_up=5,
    )  # fmt: skip
    yield Point(
        "B3", "partner with the most deals, first answer", series["ours"], series["floor"], 2.0, statements=statements,
        memory=memory(), note=f"sections: {', '.join(f'{name} {n}' for name, n in sections.items())}",
        limits=(
            Limit("statements", statements, 12), Limit("statements at the smallest partner", at_smallest, 12),
            Limit("statements of the shell", around, 4), Limit("statements of a section", max(sections.values()), 6),
        ),
    )  # fmt: skip
