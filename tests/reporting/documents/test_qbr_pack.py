"""The pack as a file: its pages, its figures, what the partner must not see, and what rude text can't do."""

import hashlib
import http.server
import io
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from pypdf import PdfReader

from prm.core.print_text import clip, tidy
from reporting.documents.qbr_pack import pack_file_name, pack_html, render_pack
from reporting.rules.pack import Brand, Influenced, PackFacts, Version, WonDeal
from reporting.rules.pack_checks import PackInconsistent
from tests.reporting import sample_facts
from tests.reporting.sample_facts import FALLING, NEW, RISING

VERSIONS: tuple[Version, ...] = ("shared", "internal")
ROOT = Path(__file__).resolve().parents[3]


def facts_of(name: str) -> PackFacts:
    return sample_facts.rude() if name == "rude" else sample_facts.ALL[name]


@cache
def pdf_of(name: str, version: Version) -> bytes:
    return render_pack(facts_of(name), version)


def reader_of(name: str, version: Version) -> PdfReader:
    return PdfReader(io.BytesIO(pdf_of(name, version)))


def text_of(pdf: bytes) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def descriptions(node: Any) -> Iterator[str]:
    """The text alternatives in the structure tree."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for child in node:
            yield from descriptions(child)
    elif isinstance(node, dict):
        if "/Alt" in node:
            yield str(node["/Alt"])
        if "/K" in node:
            yield from descriptions(node["/K"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [*sample_facts.ALL, "rude"])
def test_each_section_is_exactly_one_numbered_page(name: str, version: Version) -> None:
    reader = reader_of(name, version)
    sections = pack_html(facts_of(name), version).count("<section ")
    assert len(reader.pages) == sections <= 9
    for number, page in enumerate(reader.pages[1:], start=2):
        assert f"{number} / {sections}" in page.extract_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_is_tagged_in_its_language_with_headings_and_descriptions(version: Version) -> None:
    reader = reader_of("rising", version)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata.title == "Quarterly business review Q3 2026: Northwind Solutions"
    assert reader.metadata.author == "Mia Berg"
    described = list(descriptions(root["/StructTreeRoot"]))
    assert any("Q4 2024 $62k" in text and "Q3 2026 $168k" in text for text in described)
    assert any("Negotiation $78k $66k 3 deals" in text for text in described)
    assert len(described) == len(set(described)) == (7 if version == "internal" else 5)
    assert [outline["/Title"] for outline in reader.outline][-1] == "Next quarter"


def test_the_pages_print_the_figures() -> None:
    text = text_of(pdf_of("rising", "shared"))
    for figure in (
        "Northwind grew revenue by 76% to $505k in twelve months",
        "+75% on last year",
        "112% of $150k target",
        "52,000",
        "168,000",
        "4 other deals",
        "38 open deals",
        "90%",
        "Certified people, needed on every path",
        "Carried over",
        "14:35",
        "Thursday 15 October 2026",
        "14:00 to 15:00 CEST",
        "Confidential. For Acme Cloud and Northwind Solutions only.",
    ):
        assert figure in text, figure


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "rising",
            (
                "Influenced in Q3 2026: $20k in 3 deals (+67% on last year); at the reporting credit $5k."
                " A year before: $12k in 1 deal; at the reporting credit $3k."
            ),
        ),
        ("flat", "Influenced in Q3 2026: $4k in 1 deal; at the reporting credit $1k. A year before there was none."),
        (
            "falling",
            "No deal was influenced in Q3 2026. A year before: $16k in 2 deals; at the reporting credit $4k.",
        ),
    ],
)
def test_influenced_revenue_stands_beside_that_of_a_year_ago(name: str, words: str, version: Version) -> None:
    assert words in text_of(pdf_of(name, version))


def test_influenced_revenue_that_nobody_had() -> None:
    facts, none = sample_facts.ALL["flat"], Influenced(Decimal(0), Decimal(0), 0)
    revenue = facts.revenue
    never = tuple(replace(quarter, influenced=none) for quarter in revenue.quarters)
    html = pack_html(replace(facts, revenue=replace(revenue, quarters=never, t12m_influenced=none)), "shared")
    assert "No deal was influenced in Q3 2026. A year before there was none either." in html
    assert ">Influenced<" not in html
    young = tuple(
        quarter if index > 3 else replace(quarter, revenue=None, sourced=None, influenced=None)
        for index, quarter in enumerate(never)
    )
    html = pack_html(
        replace(facts, revenue=replace(revenue, quarters=young, t12m_prior=None, t12m_influenced=none)), "shared"
    )
    assert "No deal was influenced in Q3 2026." in html
    assert "A year before" not in html


def test_a_falling_partner_reads_falling() -> None:
    text = text_of(pdf_of("falling", "internal"))
    assert "Revenue with Rival fell by 58%" in text
    assert "74% less than a year ago; it is the lowest of 8 quarters" in text
    assert "Health fell 45 points in a year" in text
    assert "grew" not in text
    assert "rose" not in text


def test_sections_without_data_are_absent() -> None:
    text = text_of(pdf_of("new", "internal"))
    for heading in ("Pipeline and deals", "Tier and certificates", "Value matrix", "Health", "NPS", "Open actions"):
        assert heading not in text
    assert "Tiny Start has not brought in revenue yet." in text


def test_the_internal_version_has_health_the_advice_and_the_names() -> None:
    html, text = pack_html(FALLING, "internal"), text_of(pdf_of("falling", "internal"))
    for words in ("Recommendation", "Hold", "Health score", "Strategic value is not high: 2 of 5", "Evidence"):
        assert words in text
    assert "Partner 7" in html
    assert "Internal to Acme Cloud. Not for Rival Systems." in text


def test_the_shared_version_never_has_them_in_any_form() -> None:
    facts = replace(RISING, recommendation=FALLING.recommendation)
    html, text = pack_html(facts, "shared"), text_of(pdf_of("rising", "shared"))
    for words in ("Recommendation", "Invest", "Hold", "Health score", "Partner health", "Champion", "Internal"):
        assert words not in html
        assert words not in text
    assert RISING.matrix
    for point in RISING.matrix.others:
        assert point.name not in html
        assert f"{point.revenue}" not in html
    shared_health = pack_html(replace(RISING, health_shared=True), "shared")
    assert "Health score" in shared_health
    assert "Recommendation" not in shared_health


def test_rows_are_capped_with_a_line_for_the_rest_that_adds_up() -> None:
    deals = tuple(
        WonDeal(f"Customer {n}", "P", Decimal(2000 - n), RISING.period.start + timedelta(days=n)) for n in range(80)
    )
    total = sum(deal.amount or Decimal(0) for deal in deals)
    revenue = sample_facts.revenue([1, 1, 1, 1, 1, 1, 1, int(total)])
    assert RISING.flow
    facts = replace(
        RISING,
        won=deals,
        revenue=revenue,
        matrix=None,
        flow=replace(RISING.flow, won=80, open_before=105, won_t12m=80),
    )
    html = pack_html(facts, "internal")
    shown = sum(deal.amount or Decimal(0) for deal in deals[:5])
    assert "75 other deals" in html
    assert f"{total - shown:,}" in html
    assert f"{total:,}" in html
    assert "Customer 5<" not in html
    assert "77 others" in html


def test_a_rest_of_one_is_shown_itself() -> None:
    facts = replace(FALLING, stuck=FALLING.stuck[:5])
    html = pack_html(facts, "internal")
    assert "1 other" not in html


def test_contradicting_figures_are_refused_before_anything_is_drawn() -> None:
    with pytest.raises(PackInconsistent, match="pipeline total"):
        assert RISING.pipeline
        render_pack(replace(RISING, pipeline=replace(RISING.pipeline, total=Decimal(1))), "shared")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_facts_give_the_same_bytes(version: Version) -> None:
    assert render_pack(RISING, version) == pdf_of("rising", version)
    assert pdf_of("rising", "shared") != pdf_of("rising", "internal")


def test_the_same_facts_give_the_same_bytes_in_another_process_and_at_another_time() -> None:
    script = (
        "import hashlib, django; django.setup();"
        "from tests.reporting.sample_facts import FLAT; from reporting.documents.qbr_pack import render_pack;"
        "print(hashlib.sha256(render_pack(FLAT, 'internal')).hexdigest())"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert made.stdout.split()[-1] == hashlib.sha256(pdf_of("flat", "internal")).hexdigest()


def test_the_language_of_the_reader_is_in_the_file() -> None:
    with translation.override("de"):
        pdf = render_pack(NEW, "shared")
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"] == "de"


def test_a_right_to_left_language_turns_the_page() -> None:
    with translation.override("ar"):
        assert 'dir="rtl"' in pack_html(NEW, "shared")


def test_logos_and_colours_of_the_brands() -> None:
    picture = (b"\x89PNG", "image/png")
    html = pack_html(
        replace(RISING, vendor=Brand("Acme", color="#0b6e4f", logo=picture[0], logo_type=picture[1])), "shared"
    )
    assert "--brand: #0b6e4f" in html
    assert 'src="data:image/png;base64,' in html
    for pale in ("#ffe100", "red; } * { display: none", "#12345"):
        assert "--brand: #2456e6" in pack_html(replace(RISING, vendor=Brand("Acme", color=pale)), "shared")
    svg = Brand("Acme", logo=b"<svg/>", logo_type="image/svg+xml")
    assert "data:" not in pack_html(replace(RISING, vendor=svg), "shared")


def test_file_names_are_plain() -> None:
    assert pack_file_name(RISING, "shared") == "QBR-Q3-2026-northwind-shared.pdf"
    arabic = replace(RISING, partner=Brand(sample_facts.ARABIC))
    assert pack_file_name(arabic, "internal") == "QBR-Q3-2026-qbr-7k3m9qx-internal.pdf"
    rude = replace(RISING, partner=Brand("../../etc/passwd\x00.exe"))
    assert re.fullmatch(r"[A-Za-z0-9-]+\.pdf", pack_file_name(rude, "shared"))


def test_texts_are_cut_to_their_column_and_cleaned() -> None:
    assert clip("Short", 100) == "Short"
    assert clip("W" * 200, 100).endswith("…")
    assert len(clip("W" * 200, 100)) < 15
    assert tidy("a\u202eb\x00c\n d\ufeff") == "a b c d"


# -- rude text (T20, T22) ------------------------------------------------------------------------

PAYLOADS = [
    '<img src=x onerror="alert(1)">',
    '<img src="file:///etc/passwd">',
    "<img src='{url}/img'>",
    '"><script src={url}/js></script>',
    "</title></style><style>@import '{url}/css';</style>",
    '<link rel=attachment href="file:///etc/passwd">',
    '<link rel="stylesheet" href="{url}/sheet">',
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/svg"/></svg>',
    "{{{{ settings.SECRET_KEY }}}}{{% include '/etc/passwd' %}}",
    "javascript:alert(1)//%(amount)s%s",
    "'-->]]></svg></section><section>",
    "\u202ertl\x00\x1b[31m <object data='file:///etc/passwd'>",
]
KEPT = {"color", "currency", "logo_type", "side", "standing", "code", "waits_for"}


def poisoned(value: Any, payload: str | tuple[str, ...], name: str = "") -> Any:
    """The same facts with the payload in every text that a person could have written.

    Of several payloads each text takes one, the same text always the same.
    """
    if isinstance(value, str):
        if name in KEPT:
            return value
        return payload if isinstance(payload, str) else payload[sum(value.encode()) % len(payload)]
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: poisoned(getattr(value, field.name), payload, field.name)
            for field in fields(value)
            if field.name not in ("recommendation",)
        }
        if "holder" in changes:
            changes["holder"] = hash(getattr(value, "person", ""))
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(poisoned(item, payload, name) for item in value)
    return value


class Skeleton(HTMLParser):
    """Counts elements with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[(tag, tuple(sorted(name for name, _ in attrs)))] += 1


def skeleton(html: str) -> set[tuple[str, tuple[str, ...]]]:
    return set(Skeleton(html).seen)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_never_becomes_an_element_or_an_attribute(payload: str) -> None:
    html = pack_html(poisoned(RISING, payload.format(url="http://127.0.0.1:9")), "internal")
    plain = skeleton(pack_html(poisoned(RISING, "plain"), "internal")) | skeleton(pack_html(RISING, "internal"))
    assert skeleton(html) <= plain
    assert html.count("<section ") == 8


def test_the_skeleton_would_find_a_hole() -> None:
    html = pack_html(RISING, "internal")
    assert not skeleton(html.replace("Harbor Logistics", PAYLOADS[0], 1)) <= skeleton(html)


def test_a_pack_full_of_rude_text_asks_for_nothing_and_shows_it_as_text() -> None:
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        facts = poisoned(RISING, tuple(payload.format(url=url) for payload in PAYLOADS))
        html = pack_html(facts, "internal")
        for mark in ("onerror=&quot;alert", "/etc/passwd", "@import", "rel=attachment", "/svg&quot;", "javascript:"):
            assert mark in html, mark
        for version in VERSIONS:
            pdf = render_pack(facts, version)
            reader = PdfReader(io.BytesIO(pdf))
            streams = b"".join(
                found.get_data()
                for number in range(1, reader.trailer["/Size"])
                if hasattr(found := reader.get_object(number), "get_data")
            )
            assert b"root:x:" not in streams
            assert b"/EmbeddedFile" not in pdf
            assert not reader.attachments
            assert all("/Annots" not in page for page in reader.pages)
    finally:
        server.shutdown()
        server.server_close()
    assert hits == []
    assert "<img src=" in text_of(render_pack(replace(RISING, partner=Brand(PAYLOADS[0])), "shared"))
