"""B9: QBR packs: one with its queries and storing, against the renderers alone with the same HTML and drawings.

With ``--packs N`` also N packs on two processes, against the time that the renderers alone would need for as many.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from django.conf import settings
from weasyprint import HTML

from bench.measure import Broken, Limit, Point, in_turn, median
from bench.people import actor_of, staff
from bench.run import Bench
from bench.stopwatch import memory, must, statements_of
from partners.models import Partner
from prm.core import charts, pdf
from prm.core.actions.outbox import unattended
from reporting.actions.packs import order_pack, order_packs_for, render_pack_file, reviewed_quarter
from reporting.choices import PackState, PackVersion
from reporting.documents import qbr_pack
from reporting.models import QbrPack
from reporting.queries.packs import pack_facts

TITLE = "QBR packs"


def run(bench: Bench) -> Iterator[Point]:
    """The internal pack of the partner with the most deals, and of one in the middle."""
    bench.lived_in()
    rows = Partner.objects.filter(tier__isnull=False).order_by("pk")
    found = {"most deals": rows[0], "the usual": rows[rows.count() // 2]}
    usual = 0.0
    for title, partner in found.items():
        pack, floor = _order(bench, partner), Floor()
        floor.learn(pack)
        with unattended():
            statements = statements_of(lambda pack=pack: _render(pack))
            _again(pack)
            series = in_turn(
                {"ours": lambda pack=pack: _render(pack), "floor": floor.render}, rounds=bench.rounds(7),
                between=lambda pack=pack: _again(pack),
            )  # fmt: skip
        usual = median(series["floor"])
        yield Point(
            "B9", f"one pack, partner with {title}", series["ours"], series["floor"], 1.15, statements=statements,
            memory=memory(), note=f"{len(floor.specs)} drawings, {len(floor.html):,} characters of HTML",
        )  # fmt: skip
    if bench.packs:
        yield _many(bench, usual)


def _order(bench: Bench, partner: Partner) -> QbrPack:
    now = datetime.now(UTC)
    with unattended():
        return order_pack(
            partner=partner, quarter=reviewed_quarter(bench.world.today), version=PackVersion.INTERNAL,
            by=actor_of(staff("ada")), at=now,
        )  # fmt: skip


def _render(pack: QbrPack) -> None:
    if render_pack_file(code=pack.code, at=datetime.now(UTC)) != PackState.READY:
        pack.refresh_from_db()
        raise Broken(f"the pack failed: {pack.error}")


def _again(pack: QbrPack) -> None:
    """Check what was made, then put the pack back into the queue."""
    made = QbrPack.objects.select_related("file").get(pk=pack.pk)
    if made.state == PackState.READY:
        with made.file.content.open("rb") as handle:
            content = handle.read()
        must(content.startswith(b"%PDF-") and len(content) > 20_000, f"the pack has {len(content)} bytes")
    QbrPack.objects.filter(pk=pack.pk).update(state=PackState.QUEUED, file=None, ready_at=None)


class Floor:
    """The renderers alone, in a warm process: vl-convert draws the specs, WeasyPrint sets the HTML."""

    def __init__(self) -> None:
        self.html = ""
        self.specs: list[str] = []

    def learn(self, pack: QbrPack) -> None:
        """Listen to what the pack gives to the renderers."""
        draw = charts.to_svg

        def keep(chart: charts.Chart, mode: str = "print") -> str:
            self.specs.append(json.dumps(chart.spec))
            return draw(chart, mode)

        with mock.patch.object(charts, "to_svg", keep):
            self.html = qbr_pack.pack_html(pack_facts(pack, at=datetime.now(UTC)), pack.version)
        must(bool(self.specs), "the pack has no drawings")
        self.render()

    def render(self) -> None:
        """Draw and set. Fonts and style sheets are parsed already; the collector rests, as in the product."""
        press, config = pdf._press(), charts.theme_config("print")
        sheets: list[Any] = [press.faces, press.sheet(qbr_pack.STYLESHEET)]
        for spec in self.specs:
            charts._renderer().vegalite_to_svg(spec, config=config, allowed_base_urls=[], show_warnings=False)
        gc.disable()
        try:
            content = HTML(string=self.html).write_pdf(
                stylesheets=sheets, font_config=press.fonts, pdf_variant="pdf/ua-1"
            )
        finally:
            gc.enable()
        must(content.startswith(b"%PDF-"), "the floor wrote no PDF")


def _many(bench: Bench, one: float) -> Point:
    """Packs on two processes, each a worker's child that renders its half."""
    quarter = reviewed_quarter(bench.world.today)
    partners = Partner.objects.filter(tier__isnull=False).order_by("-pk")[: bench.packs // 2]
    with unattended():
        packs = order_packs_for(partners=partners, quarter=quarter, by=actor_of(staff("ada")), at=datetime.now(UTC))
    codes = [pack.code for pack in packs]
    started = time.perf_counter()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.packer", *codes[half::2]], stdout=subprocess.PIPE, text=True,
            cwd=settings.BASE_DIR,
        )
        for half in (0, 1)
    ]  # fmt: skip
    said = [worker.communicate()[0] for worker in workers]
    seconds = time.perf_counter() - started
    must(all(worker.returncode == 0 for worker in workers), "a worker ended badly")
    ready = QbrPack.objects.filter(code__in=codes, state=PackState.READY).count()
    must(ready == len(codes), f"{ready} of {len(codes)} packs are ready")
    reports = [json.loads(text.splitlines()[-1]) for text in said]
    rendering = max(report["seconds"] for report in reports)
    ideal = one * len(codes) / 2
    peak, after_50 = (max(report[name] for report in reports) for name in ("peak", "after_50"))
    return Point(
        "B9", f"{len(codes)} packs on two processes", (rendering,) * 3, (ideal,) * 3, 1.15, memory=peak,
        note=f"measured once, {seconds:.0f} s with starting; ideal: half as many times the floor of a usual pack",
        limits=(Limit("megabytes a worker", peak, 320), Limit("megabytes more than after 50", peak - after_50, 32)),
    )  # fmt: skip
