"""The QBR pack as a document: facts in, PDF bytes out, in two versions.

`shared` goes to the partner: `for_partner` takes away what it must not see before anything is drawn.
`internal` has all of it. Nothing here computes a business figure: the rules do, and `check_pack`
compares them before the file is written. Tables are capped by the terms, texts by the width of their
column, so that each section is exactly one page.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.text import slugify
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from prm.core import charts
from prm.core.fonts import STATIC, balanced_lines
from prm.core.pdf import render_pdf
from prm.core.print_brand import brand_colour
from prm.core.print_text import clip, tidy
from reporting.documents.qbr_pages.cover import cover
from reporting.documents.qbr_pages.health import health_page
from reporting.documents.qbr_pages.pipeline import pipeline_page
from reporting.documents.qbr_pages.plan import plan_page
from reporting.documents.qbr_pages.position import position_page
from reporting.documents.qbr_pages.revenue import revenue_page
from reporting.documents.qbr_pages.summary import summary_page
from reporting.documents.qbr_pages.tier import tier_page
from reporting.documents.qbr_sheet import CONTENT_WIDTH, TITLE_SIZE, TITLE_TRACKING, Pack
from reporting.rules import sentences as say
from reporting.rules.pack import PackFacts, Version, for_partner
from reporting.rules.pack_checks import check_pack

STYLESHEET = STATIC / "pdf" / "pack.css"
MOST_PAGES = 12


def render_pack(facts: PackFacts, version: Version) -> bytes:
    """The pack as a tagged PDF in the active language; the same facts give the same bytes.

    Raises `PackInconsistent` when two of its figures contradict each other.
    """
    return render_pdf(
        pack_html(facts, version),
        stylesheets=[STYLESHEET],
        title=_title(facts),
        lang=get_language() or "en",
        author=facts.prepared_by.name,
        created=facts.pack_date,
        max_pages=MOST_PAGES,
    )


def pack_html(facts: PackFacts, version: Version) -> str:
    """The checked pack as HTML, ready for the renderer; every text of a person is escaped by the template."""
    check_pack(facts)
    if version == "shared":
        facts = for_partner(facts)
    return render_to_string("pdf/qbr_pack.html", _context(Pack(facts, version)))


def pack_file_name(facts: PackFacts, version: Version) -> str:
    """A plain ASCII name: QBR-Q3-2026-northwind-solutions-shared.pdf."""
    partner = slugify(facts.partner.called)[:40] or slugify(facts.code) or "partner"
    return f"QBR-{slugify(facts.period.label).upper()}-{partner}-{version}.pdf"


def _title(facts: PackFacts) -> str:
    values = {"quarter": facts.period.label, "partner": tidy(facts.partner.name)}
    return _("Quarterly business review %(quarter)s: %(partner)s") % values


def _context(pack: Pack) -> dict[str, Any]:
    facts = pack.facts
    vendor, partner = clip(facts.vendor.name, 230, size=10), clip(facts.partner.name, 330, size=10)
    running = _("%(vendor)s and %(partner)s: quarterly business review, %(quarter)s") % {
        "vendor": vendor,
        "partner": partner,
        "quarter": facts.period.label,
    }
    return {
        "lang": get_language() or "en",
        "direction": "rtl" if get_language_bidi() else "ltr",
        "title": _title(facts),
        "tokens": charts.theme_tokens("print"),
        "brand": brand_colour(facts.vendor.color),
        "running": clip(running, 720, size=10, weight=500),
        "confidential": _confidential(pack),
        "internal": pack.version == "internal",
        "cover": cover(pack),
        "pages": list(_pages(pack)),
    }


def _confidential(pack: Pack) -> str:
    values = {"vendor": clip(pack.facts.vendor.name, 220), "partner": clip(pack.facts.partner.name, 300)}
    if pack.version == "internal":
        return _("Internal to %(vendor)s. Not for %(partner)s.") % values
    return _("Confidential. For %(vendor)s and %(partner)s only.") % values


def _pages(pack: Pack) -> Iterator[dict[str, Any]]:
    facts = pack.facts
    yield _page(pack, "summary", _("Summary"), say.summary_title(facts), summary_page(pack))
    if facts.health:
        yield _page(pack, "health", _("Health"), say.health_title(facts), health_page(pack))
    if facts.won or any(quarter.revenue for quarter in facts.revenue.quarters):
        yield _page(pack, "revenue", _("Revenue"), say.revenue_title(facts), revenue_page(pack))
    if facts.pipeline or facts.flow:
        yield _page(pack, "pipeline", _("Pipeline and deals"), say.pipeline_title(facts), pipeline_page(pack))
    if facts.tier or facts.certificates:
        yield _page(pack, "tier", _("Tier and certificates"), say.tier_title(facts), tier_page(pack))
    if facts.matrix:
        yield _page(pack, "position", _("Position"), say.matrix_title(facts), position_page(pack))
    yield _page(pack, "plan", _("Next quarter"), say.plan_title(facts), plan_page(pack))


def _page(
    pack: Pack, name: str, section: str, clauses: Sequence[say.Sentence], content: dict[str, Any]
) -> dict[str, Any]:
    headline = pack.words.headline([pack.short_names(clause) for clause in clauses])
    lines = balanced_lines(headline, width=CONTENT_WIDTH - 4, size=TITLE_SIZE, tracking=TITLE_TRACKING)
    return {
        "name": name,
        "template": f"pdf/qbr_pack/{name}.html",
        "section": section,
        "lines": lines[:3],
        **content,
    }
