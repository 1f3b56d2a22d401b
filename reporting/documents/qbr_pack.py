"""The QBR pack as a document: facts in, PDF bytes out, in two versions.

`shared` goes to the partner: `for_partner` takes away what it must not see before anything is drawn.
`internal` has all of it. Nothing here computes a business figure: the rules do, and `check_pack`
compares them before the file is written. Tables are capped by the terms, texts by the width of their
column, so that each section is exactly one page.
"""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from prm.core import charts
from prm.core.charts import Bar, Chart, Column, Dot, Quadrants, Step
from prm.core.fonts import STATIC, balanced_lines, text_width
from prm.core.pdf import render_pdf
from reporting.documents.figures import Figures
from reporting.documents.qbr_words import QUADRANTS, RECOMMENDATIONS, Words
from reporting.rules import sentences as say
from reporting.rules.pack import ZERO, Brand, PackFacts, TierPath, Version, for_partner
from reporting.rules.pack_checks import check_pack
from reporting.rules.value_matrix import quadrant

STYLESHEET = STATIC / "pdf" / "pack.css"
CONTENT_WIDTH = 986.0  # A4 landscape at 96 dpi less the margins of pack.css
TITLE_SIZE, TITLE_TRACKING = 23.0, -0.018
MOST_PAGES = 12
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\s]+")


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
    return render_to_string("pdf/qbr_pack.html", _Pack(facts, version).context())


def pack_file_name(facts: PackFacts, version: Version) -> str:
    """A plain ASCII name: QBR-Q3-2026-northwind-solutions-shared.pdf."""
    partner = slugify(facts.partner.called)[:40] or slugify(facts.code) or "partner"
    return f"QBR-{slugify(facts.period.label).upper()}-{partner}-{version}.pdf"


def _title(facts: PackFacts) -> str:
    values = {"quarter": facts.period.label, "partner": tidy(facts.partner.name)}
    return _("Quarterly business review %(quarter)s: %(partner)s") % values


def tidy(text: str) -> str:
    """One line without control characters and without marks that turn the reading direction."""
    return UNSEEN.sub(" ", text).strip()


def clip(text: str, width: float, *, size: float = 11, weight: int = 400) -> str:
    """The text as far as it fits `width`, in px, with an ellipsis where it does not."""
    text = tidy(text)
    if text_width(text, size=size, weight=weight) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + "…", size=size, weight=weight) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


@dataclass(frozen=True)
class Cell:
    text: str
    css: str = ""


@dataclass(frozen=True)
class Row:
    cells: tuple[Cell, ...]
    css: str = ""


@dataclass(frozen=True)
class Heading:
    text: str
    width: str = ""
    css: str = ""


@dataclass(frozen=True)
class Table:
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    css: str = ""


@dataclass(frozen=True)
class Tile:
    label: str
    when: str
    value: str
    note: str
    small: str = ""
    share: str = ""  # per cent of the bar's width; "" draws none
    below: str = ""
    attention: bool = False


class _Pack:
    """Puts one pack's facts into the pages' templates."""

    def __init__(self, facts: PackFacts, version: Version) -> None:
        self.facts = facts
        self.version = version
        self.figures = Figures(facts.currency)
        self.words = Words(self.figures)
        self.terms = facts.terms
        self.us = clip(facts.vendor.called, 96)
        self.them = clip(facts.partner.called, 96)

    # -- frame -----------------------------------------------------------------------------------

    def context(self) -> dict[str, Any]:
        facts = self.facts
        pages = [page for page in self._pages() if page]
        vendor, partner = clip(facts.vendor.name, 230, size=10), clip(facts.partner.name, 330, size=10)
        return {
            "lang": get_language() or "en",
            "direction": "rtl" if get_language_bidi() else "ltr",
            "title": _title(facts),
            "tokens": charts.theme_tokens("print"),
            "brand": _brand_colour(facts.vendor.color),
            "running": _("%(vendor)s and %(partner)s: quarterly business review, %(quarter)s")
            % {"vendor": vendor, "partner": partner, "quarter": facts.period.label},
            "confidential": self._confidential(),
            "internal": self.version == "internal",
            "cover": self._cover(),
            "pages": pages,
        }

    def _confidential(self) -> str:
        values = {"vendor": clip(self.facts.vendor.name, 220), "partner": clip(self.facts.partner.name, 300)}
        if self.version == "internal":
            return _("Internal to %(vendor)s. Not for %(partner)s.") % values
        return _("Confidential. For %(vendor)s and %(partner)s only.") % values

    def _pages(self) -> Iterable[dict[str, Any] | None]:
        facts = self.facts
        yield self._page("summary", _("Summary"), say.summary_title(facts), self._summary())
        if facts.health:
            yield self._page("health", _("Health"), say.health_title(facts), self._health())
        yield self._page("revenue", _("Revenue"), say.revenue_title(facts), self._revenue())
        if facts.pipeline or facts.flow:
            yield self._page("pipeline", _("Pipeline and deals"), say.pipeline_title(facts), self._pipeline())
        if facts.tier or facts.certificates:
            yield self._page("tier", _("Tier and certificates"), say.tier_title(facts), self._tier())
        if facts.matrix:
            yield self._page("position", _("Position"), say.matrix_title(facts), self._position())
        yield self._page("plan", _("Next quarter"), say.plan_title(facts), self._plan())

    def _page(
        self, name: str, section: str, clauses: Sequence[say.Sentence], content: dict[str, Any]
    ) -> dict[str, Any]:
        headline = self.words.headline([self._short_names(clause) for clause in clauses])
        lines = balanced_lines(headline, width=CONTENT_WIDTH - 4, size=TITLE_SIZE, tracking=TITLE_TRACKING)
        return {
            "name": name,
            "template": f"pdf/qbr_pack/{name}.html",
            "section": section,
            "lines": lines[:3],
            **content,
        }

    def _short_names(self, clause: say.Sentence) -> say.Sentence:
        """Names inside a headline or a statement are kept to a third of a line."""
        values = {
            name: clip(value, 300, size=TITLE_SIZE, weight=600) if isinstance(value, str) else value
            for name, value in clause.values.items()
        }
        return say.Sentence(clause.code, values)

    # -- cover -----------------------------------------------------------------------------------

    def _cover(self) -> dict[str, Any]:
        facts = self.facts
        partner = balanced_lines(clip(facts.partner.name, 1000, size=21, weight=600), width=520, size=21, weight=600)
        what = [facts.tier.label if facts.tier else "", facts.partner_type]
        meeting: list[str] = []
        if facts.meeting_at:
            end = facts.meeting_at + timedelta(minutes=facts.agenda_minutes)
            start_text, end_text = (formats.time_format(moment, "H:i") for moment in (facts.meeting_at, end))
            zone = facts.meeting_at.tzname() or ""
            meeting = [
                self.figures.weekday(facts.meeting_at),
                _("%(start)s to %(end)s %(zone)s") % {"start": start_text, "end": end_text, "zone": zone},
            ]
        period = _("%(start)s to %(end)s") % {
            "start": self.figures.long_day(facts.period.start),
            "end": self.figures.long_day(facts.period.end),
        }
        return {
            "brands": [_mark(facts.vendor, filled=True), _mark(facts.partner, filled=False)],
            "quarter": facts.period.label,
            "partner": partner[:2],
            "what": clip(" · ".join(filter(None, what)), 520, size=16),
            "prepared_by": [clip(facts.prepared_by.name, 230, size=12.5), clip(facts.prepared_by.role, 230, size=12.5)],
            "meeting": meeting,
            "period": period,
            "made_on": self.figures.long_day(facts.pack_date),
            "currency": facts.currency,
            "people": self._people(),
            "art": self._cover_art(),
        }

    def _people(self) -> str:
        names = [tidy(person.name) for person in self.facts.attendees]
        shown, rest = names[: self.terms.attendee_rows], len(names) - self.terms.attendee_rows
        text = ", ".join(clip(name, 170, size=12.5) for name in shown)
        if rest > 0:
            text += " " + ngettext("and %(rest)s other", "and %(rest)s others", rest) % {"rest": rest}
        return clip(text, 1000, size=12.5)

    def _cover_art(self) -> dict[str, Any] | None:
        """Columns of the quarters for the cover; none where fewer than two have revenue."""
        quarters = [quarter for quarter in self.facts.revenue.quarters if quarter.revenue is not None][-8:]
        amounts = [max(quarter.revenue or ZERO, ZERO) for quarter in quarters]
        if sum(amount > 0 for amount in amounts) < 2:
            return None
        top, pitch, tallest = max(amounts), 344 / len(quarters), 540.0
        bars = []
        for index, amount in enumerate(amounts):
            height = max(float(amount / top) * tallest, 2.0)
            x = 50 + index * pitch
            labelled = index in (0, len(amounts) - 1)
            bars.append(
                {
                    "x": f"{x:.1f}",
                    "y": f"{794 - height:.1f}",
                    "width": f"{pitch * 0.7:.1f}",
                    "height": f"{height + 10:.1f}",
                    "last": index == len(amounts) - 1,
                    "middle": f"{x + pitch * 0.35:.1f}",
                    "above": f"{794 - height - 11:.1f}",
                    "text": self.figures.short(amount) if labelled else "",
                }
            )
        values = {
            "first": quarters[0].label,
            "last": quarters[-1].label,
            "from": self.figures.short(amounts[0]),
            "to": self.figures.short(amounts[-1]),
        }
        return {
            "bars": bars,
            "alt": _("Revenue by quarter from %(first)s, %(from)s, to %(last)s, %(to)s") % values,
            "heading": _("Revenue by quarter"),
            "span": _("%(first)s to %(last)s") % values,
        }

    # -- summary ---------------------------------------------------------------------------------

    def _summary(self) -> dict[str, Any]:
        facts = self.facts
        panel: dict[str, Any]
        if facts.recommendation:
            code = facts.recommendation.code
            panel = {
                "heading": _("Recommendation"),
                "big": RECOMMENDATIONS[code],
                "attention": code == "reduce",
                "items": [self.words.reason(reason) for reason in facts.recommendation.reasons],
            }
        else:
            goals = [self.words.goal(goal) for goal in say.goals_of(facts, 3)]
            panel = {
                "heading": _("Toward %(quarter)s") % {"quarter": facts.period.next_label},
                "big": "",
                "attention": False,
                "items": [_("%(name)s: %(figure)s") % {"name": name, "figure": figure} for figure, name, _text in goals]
                or [_("The meeting agrees on what comes next.")],
            }
        return {
            "tiles": self._tiles()[:6],
            "wins": [self.words.statement(self._short_names(item)) for item in say.wins_of(facts)],
            "gaps": [self.words.statement(self._short_names(item)) for item in say.gaps_of(facts)],
            "panel": panel,
        }

    def _tiles(self) -> list[Tile]:
        facts, figures = self.facts, self.figures
        revenue, flow, pipeline, tier = facts.revenue, facts.flow, facts.pipeline, facts.tier
        amount = revenue.quarter.revenue or ZERO
        tiles = [
            self._amount_tile(
                _("Revenue"), facts.period.label, amount, say.quarter_change(facts), revenue.quarter.target
            ),
            self._amount_tile(
                _("Revenue"), _("last 12 months"), revenue.t12m, say.revenue_change(facts), revenue.target
            ),
        ]
        if pipeline:
            tiles.append(self._pipeline_tile())
        if flow:
            now = say.win_rate(flow.won_t12m, flow.lost_t12m)
            before = say.win_rate(flow.won_t12m_prior, flow.lost_t12m_prior)
            closed = flow.won_t12m + flow.lost_t12m
            if now is not None:
                when = _("%(won)s of %(closed)s closed, 12 months") % {"won": flow.won_t12m, "closed": closed}
                note = (
                    _("no figure a year ago")
                    if before is None
                    else _("%(points)s points on last year") % {"points": figures.signed(now - before)}
                )
                falling = before is not None and now < before - 1
                tiles.append(Tile(_("Win rate"), when, f"{now}%", note, share=str(now), attention=falling))
        if facts.health and facts.health.score is not None:
            health = facts.health
            note = (
                _("no figure a year ago")
                if health.prior_year is None
                else _("%(points)s points on last year")
                % {"points": figures.signed((health.score or 0) - health.prior_year)}
            )
            tiles.append(
                Tile(
                    _("Partner health"),
                    _("of 100 points"),
                    str(health.score),
                    note,
                    small=clip(health.band, 70, size=12, weight=600),
                    share=str(health.score),
                )
            )
        elif flow and (flow.registered_t12m or flow.registered_t12m_prior):
            tiles.append(
                Tile(
                    _("Registered deals"),
                    _("last 12 months"),
                    figures.count(flow.registered_t12m),
                    self._change_note(
                        say.compare(
                            Decimal(flow.registered_t12m),
                            None if flow.registered_t12m_prior is None else Decimal(flow.registered_t12m_prior),
                            self.terms.flat_percent,
                        )
                    ),
                )
            )
        if tier and tier.next_label and tier.progress_percent is not None:
            people = _("%(people)s of %(required)s certified") % {
                "people": tier.people,
                "required": tier.people_required,
            }
            tiles.append(
                Tile(
                    _("Tier progress"),
                    clip(_("to %(tier)s") % {"tier": tier.next_label}, 140, size=10.5),
                    f"{tier.progress_percent}%",
                    people if tier.people_required else clip(tier.label, 140),
                    share=str(tier.progress_percent),
                )
            )
        if facts.nps and facts.nps.answers:
            answers = ngettext("from %(answers)s answer", "from %(answers)s answers", facts.nps.answers)
            target = _("target %(target)s") % {"target": self.terms.nps_target}
            tiles.append(
                Tile(
                    _("Partner NPS"),
                    answers % {"answers": facts.nps.answers},
                    figures.signed(facts.nps.score),
                    target,
                    attention=facts.nps.score < self.terms.nps_target,
                )
            )
        return tiles

    def _amount_tile(self, label: str, when: str, amount: Decimal, change: say.Change, target: Decimal | None) -> Tile:
        percent = say.percent_of(amount, target) if target else None
        below, share = "", ""
        if percent is not None and target:
            below = _("%(percent)s%% of %(target)s target") % {
                "percent": percent,
                "target": self.figures.short(target),
            }
            share = str(min(max(percent, 0), 100))
        attention = change.trend == "falling" if percent is None else percent < 100
        return Tile(
            label,
            when,
            self.figures.short(amount),
            self._change_note(change),
            share=share,
            below=below,
            attention=attention,
        )

    def _change_note(self, change: say.Change) -> str:
        if change.percent is not None:
            return _("%(percent)s%% on last year") % {"percent": self.figures.signed(change.percent)}
        if change.trend == "new":
            return _("none a year ago")
        return _("as a year ago") if change.trend == "none" else _("no figure a year ago")

    def _pipeline_tile(self) -> Tile:
        pipeline = self.facts.pipeline
        assert pipeline is not None
        day = _("on %(day)s") % {"day": self.figures.day(self.facts.as_of)}
        deals = ngettext("%(deals)s open deal", "%(deals)s open deals", pipeline.deals) % {"deals": pipeline.deals}
        wanted = say.pipeline_wanted(self.facts)
        if pipeline.total <= 0:
            note = _("no amounts yet") if pipeline.deals else ""
            return Tile(_("Open deals"), day, self.figures.count(pipeline.deals), note, attention=not pipeline.deals)
        percent = say.percent_of(pipeline.total, wanted) if wanted else None
        below, share = "", ""
        if percent is not None and wanted:
            values = {"percent": percent, "wanted": self.figures.short(wanted)}
            below, share = _("%(percent)s%% of %(wanted)s wanted") % values, str(min(percent, 100))
        short = percent is not None and percent < 100
        value = self.figures.short(pipeline.total)
        return Tile(_("Open pipeline"), day, value, deals, share=share, below=below, attention=short)

    # -- revenue ---------------------------------------------------------------------------------

    def _revenue(self) -> dict[str, Any]:
        facts, figures = self.facts, self.figures
        quarters = facts.revenue.quarters[-8:]
        split = any(q.sourced is not None and q.revenue is not None and q.sourced != q.revenue for q in quarters)
        targets = any(quarter.target for quarter in quarters)
        listed = ", ".join(
            _("%(quarter)s %(amount)s") % {"quarter": q.label, "amount": figures.short(q.revenue)}
            for q in quarters
            if q.revenue is not None
        )
        chart = charts.columns_over_time(
            name="revenue_quarters",
            title=_("Revenue by quarter"),
            alt=_("Revenue by quarter: %(listed)s") % {"listed": listed or _("no data")},
            columns=[
                Column(
                    q.label,
                    _float(q.revenue),
                    _float(q.sourced) if split and q.sourced is not None else None,
                    _float(q.target),
                )
                for q in quarters
            ],
            label=lambda value: "0" if value == 0 else figures.short(value),
            width=648,
            height=176,
        )
        divisor, unit = figures.unit([quarter.revenue for quarter in quarters])
        places = figures.places([q.revenue for q in quarters]) if divisor == 1 else 1 if divisor == 1_000_000 else 0

        def cells(make: Callable[[int], str | Cell]) -> tuple[Cell, ...]:
            made = (make(index) for index in range(len(quarters)))
            return tuple(item if isinstance(item, Cell) else Cell(item) for item in made)

        def amount_of(index: int) -> Cell:
            amount = quarters[index].revenue
            return Cell(figures.full(None if amount is None else amount / divisor, places=places), "strong")

        def target_of(index: int) -> Cell:
            amount, target = quarters[index].revenue, quarters[index].target
            percent = say.percent_of(amount, target) if amount is not None and target else None
            return Cell(
                "" if percent is None else f"{percent}%", "warn" if percent is not None and percent < 100 else ""
            )

        def year_of(index: int) -> Cell:
            if index < 4:
                return Cell("")
            change = say.compare(quarters[index].revenue or ZERO, quarters[index - 4].revenue, self.terms.flat_percent)
            text = "" if change.percent is None else f"{figures.signed(change.percent)}%"
            return Cell(
                text or (_("new") if change.trend == "new" else ""), "warn" if change.trend == "falling" else ""
            )

        rows = [Row((Cell(_("Revenue")), *cells(amount_of)))]
        if targets:
            rows.append(Row((Cell(_("Of target")), *cells(target_of))))
        if len(quarters) > 4 and any(quarter.revenue is not None for quarter in quarters[:-4]):
            rows.append(Row((Cell(_("On last year")), *cells(year_of))))
        headings = (Heading(unit), *(Heading(clip(quarter.label, 68, size=10.5)) for quarter in quarters))
        return {
            "chart": self._draw(chart),
            "split": split,
            "targets": targets,
            "under": Table(headings, tuple(rows), "under"),
            "figures": self._revenue_figures(),
            "left_out": self._left_out(),
            "deals_heading": _("Deals won in %(quarter)s") % {"quarter": facts.period.label},
            "deals": self._won_table() if facts.won else None,
            "no_deals": _("No deal was won in %(quarter)s.") % {"quarter": facts.period.label},
        }

    def _revenue_figures(self) -> list[Tile]:
        facts, revenue = self.facts, self.facts.revenue
        items = [
            Tile(
                _("Last 12 months"),
                self._before(revenue.t12m_prior),
                self.figures.short(revenue.t12m),
                self._change_note(say.revenue_change(facts)),
            )
        ]
        if revenue.t12m_sourced is not None and revenue.t12m > 0:
            share = say.percent_of(revenue.t12m_sourced, revenue.t12m)
            items.append(
                Tile(
                    _("Sourced by the partner"),
                    _("last 12 months"),
                    self.figures.short(revenue.t12m_sourced),
                    _("%(percent)s%% of it") % {"percent": share},
                )
            )
        year_ago = revenue.year_ago
        items.append(
            Tile(
                facts.period.label,
                self._before(year_ago.revenue if year_ago else None),
                self.figures.short(revenue.quarter.revenue or ZERO),
                self._change_note(say.quarter_change(facts)),
            )
        )
        priced = [deal.amount for deal in facts.won if deal.amount is not None]
        if priced:
            deals = ngettext("%(deals)s deal won", "%(deals)s deals won", len(facts.won)) % {"deals": len(facts.won)}
            average = sum(priced, ZERO) / len(priced)
            items.append(Tile(_("Average deal"), facts.period.label, self.figures.short(average), deals))
        return items

    def _before(self, amount: Decimal | None) -> str:
        return "" if amount is None else _("%(amount)s a year before") % {"amount": self.figures.short(amount)}

    def _left_out(self) -> str:
        number = self.facts.revenue.left_out
        if not number:
            return ""
        text = ngettext(
            "%(deals)s won deal is left out: there is no exchange rate for its currency on the day it was won.",
            "%(deals)s won deals are left out: there is no exchange rate for their currency on the day they were won.",
            number,
        )
        return text % {"deals": number}

    def _won_table(self) -> Table:
        ranked = sorted(
            self.facts.won, key=lambda deal: (-(deal.amount or ZERO), deal.won_on, deal.customer, deal.product)
        )
        shown, rest = _cap(ranked, self.terms.top_deals)
        places = self.figures.places(deal.amount for deal in ranked)
        split = any(not deal.sourced for deal in ranked)
        rows = [
            Row(
                (
                    Cell(clip(deal.customer, 330, weight=500), "key"),
                    Cell(clip(deal.product, 230)),
                    *(
                        [Cell(_("Sourced") if deal.sourced else _("With us"), "mark" if deal.sourced else "mark soft")]
                        if split
                        else []
                    ),
                    Cell(self.figures.day(deal.won_on)),
                    Cell(self.figures.full(deal.amount, places=places), "num strong"),
                )
            )
            for deal in shown
        ]
        empty = [Cell("")] * (3 if split else 2)
        if rest:
            text = ngettext("%(deals)s other deal", "%(deals)s other deals", len(rest)) % {"deals": len(rest)}
            amount = sum((deal.amount or ZERO for deal in rest), ZERO)
            rows.append(Row((Cell(text), *empty, Cell(self.figures.full(amount, places=places), "num")), "rest"))
        total = sum((deal.amount or ZERO for deal in ranked), ZERO)
        if len(ranked) > 1:
            cell = Cell(self.figures.full(total, places=places), "num")
            rows.append(Row((Cell(self.facts.period.label), *empty, cell), "sum"))
        headings = [
            Heading(_("Customer"), "37%"),
            Heading(_("Product"), "26%"),
            *([Heading(_("Origin"), "12%")] if split else []),
            Heading(_("Won on"), "13%"),
            Heading(_("Amount, %(currency)s") % {"currency": self.facts.currency}, css="num"),
        ]
        return Table(tuple(headings), tuple(rows), "tight")

    # -- pipeline --------------------------------------------------------------------------------

    def _pipeline(self) -> dict[str, Any]:
        pipeline, flow = self.facts.pipeline, self.facts.flow
        stages = self._stage_chart() if pipeline and pipeline.deals else None
        return {
            "stages": self._draw(stages) if stages else "",
            "weighted": bool(pipeline and pipeline.weighted is not None and pipeline.total > 0),
            "total": self.figures.short(pipeline.total) if pipeline and pipeline.total > 0 else "",
            "weighted_total": self.figures.short(pipeline.weighted)
            if pipeline and pipeline.weighted is not None
            else "",
            "open_note": self._open_note(),
            "flow": self._draw(self._flow_chart()) if flow else "",
            "flow_heading": _("Deals in %(quarter)s") % {"quarter": self.facts.period.label},
            "awaiting": ngettext(
                "%(deals)s registration awaits a decision and is not in the pipeline yet.",
                "%(deals)s registrations await a decision and are not in the pipeline yet.",
                flow.awaiting_decision,
            )
            % {"deals": flow.awaiting_decision}
            if flow and flow.awaiting_decision
            else "",
            "outcomes_heading": self._outcomes_heading(),
            "outcomes": self._outcomes() if self.facts.won or self.facts.lost or self.facts.stuck else None,
        }

    def _open_note(self) -> str:
        pipeline = self.facts.pipeline
        if not pipeline:
            return ""
        notes = [
            ngettext("%(deals)s open deal", "%(deals)s open deals", pipeline.deals)
            % {"deals": self.figures.count(pipeline.deals)}
        ]
        if pipeline.unpriced and pipeline.total > 0:
            notes.append(
                ngettext("%(deals)s without an amount", "%(deals)s without an amount", pipeline.unpriced)
                % {"deals": pipeline.unpriced}
            )
        if pipeline.due_next_quarter:
            notes.append(
                _("%(amount)s due in %(quarter)s")
                % {
                    "amount": self.figures.short(pipeline.due_next_quarter),
                    "quarter": self.facts.period.next_label,
                }
            )
        return ", ".join(notes)

    def _stage_chart(self) -> Chart:
        pipeline = self.facts.pipeline
        assert pipeline is not None
        priced = pipeline.total > 0
        weighted = priced and pipeline.weighted is not None
        rows = []
        for stage in pipeline.stages:
            deals = ngettext("%(deals)s deal", "%(deals)s deals", stage.deals) % {"deals": stage.deals}
            texts = (self.figures.short(stage.amount),) if priced else ()
            if weighted:
                texts = (*texts, self.figures.short(stage.weighted or ZERO))
            rows.append(
                Bar(
                    clip(stage.label, 84),
                    float(stage.amount) if priced else float(stage.deals),
                    float(stage.weighted or ZERO) if weighted else None,
                    (*texts, deals),
                )
            )
        listed = ", ".join(f"{bar.label} {' '.join(bar.texts)}" for bar in rows)
        widths = (58, 58, 66) if weighted else (62, 72) if priced else (78,)
        return charts.bars(
            name="pipeline_stages",
            title=_("Open pipeline by stage"),
            alt=_("Open pipeline by stage: %(listed)s") % {"listed": listed},
            rows=rows,
            width=520,
            label_width=94,
            text_widths=widths,
            row_height=min(33, 165 / max(len(rows), 1)),
            thickness=min(17, 120 / max(len(rows), 1)),
        )

    def _flow_chart(self) -> Chart:
        flow = self.facts.flow
        assert flow is not None
        count = self.figures.count
        rows = [
            Step(_("At start"), flow.open_before, count(flow.open_before), is_total=True),
            Step(_("Opened"), flow.opened, f"+{count(flow.opened)}" if flow.opened else "0"),
            Step(_("Won"), -flow.won, count(flow.won)),
            Step(_("Lost"), -flow.lost, count(flow.lost), attention=True),
            *([Step(_("Ended"), -flow.dropped, count(flow.dropped), attention=True)] if flow.dropped else []),
            Step(_("At end"), flow.open_after, count(flow.open_after), is_total=True),
        ]
        listed = ", ".join(f"{step.label} {step.text}" for step in rows)
        return charts.steps(
            name="deal_flow",
            title=_("Deals in the quarter"),
            alt=_("Deals in the quarter: %(listed)s") % {"listed": listed},
            rows=rows,
            width=426,
            height=168,
        )

    def _outcomes_heading(self) -> str:
        facts = self.facts
        parts = []
        if facts.flow and facts.flow.registered:
            parts.append(
                ngettext("%(deals)s registered", "%(deals)s registered", facts.flow.registered)
                % {"deals": facts.flow.registered}
            )
        parts.append(_("%(deals)s won") % {"deals": self.figures.count(len(facts.won))})
        parts.append(_("%(deals)s lost") % {"deals": self.figures.count(len(facts.lost))})
        parts.append(_("%(deals)s stuck") % {"deals": self.figures.count(len(facts.stuck))})
        return ", ".join(parts)

    def _outcomes(self) -> Table:
        facts, figures = self.facts, self.figures
        won = sorted(facts.won, key=lambda deal: (-(deal.amount or ZERO), deal.won_on, deal.customer))
        lost = sorted(facts.lost, key=lambda deal: (-(deal.amount or ZERO), deal.lost_on, deal.customer))
        stuck = sorted(facts.stuck, key=lambda deal: (-deal.days_in_stage, -(deal.amount or ZERO), deal.customer))
        places = figures.places(deal.amount for deal in (*won, *lost, *stuck))
        rows: list[Row] = []

        def add(
            kind: str, deals: Sequence[Any], most: int, label: str, css: str, texts: Callable[[Any], list[Cell]]
        ) -> None:
            shown, rest = _cap(deals, most)
            for index, deal in enumerate(shown):
                amount = Cell(figures.full(deal.amount, places=places), "num")
                customer = Cell(clip(deal.customer, 228, weight=500), "key")
                first = "group" if index == 0 and rows else ""
                rows.append(Row((Cell(label, f"mark {css}"), customer, amount, *texts(deal)), first))
            if rest:
                text = ngettext("%(deals)s other", "%(deals)s others", len(rest)) % {"deals": figures.count(len(rest))}
                total = sum((deal.amount or ZERO for deal in rest), ZERO)
                cells = (Cell(label), Cell(text), Cell(figures.full(total, places=places), "num"), *[Cell("")] * 4)
                rows.append(Row(cells, "rest"))

        most = self.terms.rows_per_outcome
        add("won", won, most, _("Won"), "", lambda deal: [
            Cell(clip(deal.product, 138)), Cell("", "num"), Cell(_("Won on %(day)s") % {"day": figures.day(deal.won_on)}), Cell(""),
        ])  # fmt: skip
        add("lost", lost, most, _("Lost"), "off", lambda deal: [
            Cell(clip(deal.stage or deal.product, 138)), Cell("", "num"), Cell(clip(deal.reason or figures.day(deal.lost_on), 270)), Cell(""),
        ])  # fmt: skip
        add("stuck", stuck, self.terms.stuck_rows, _("Stuck"), "open", lambda deal: [
            Cell(clip(deal.stage, 138)), Cell(figures.count(deal.days_in_stage), "num warn"), Cell(clip(deal.next_step, 270)),
            Cell(clip(self._side(deal.waits_for), 100)),
        ])  # fmt: skip
        headings = (
            Heading(_("Status"), "66px"),
            Heading(_("Customer"), "238px"),
            Heading(_("Amount, %(currency)s") % {"currency": facts.currency}, "100px", "num"),
            Heading(_("Stage or product"), "148px"),
            Heading(_("Days"), "62px", "num"),
            Heading(_("Reason or next step")),
            Heading(_("Waits for"), "96px"),
        )
        return Table(headings, tuple(rows), "tight outcomes")

    def _side(self, side: str | None) -> str:
        return {"us": self.us, "partner": self.them, "both": _("Both")}.get(side or "", "")

    # -- tier ------------------------------------------------------------------------------------

    def _tier(self) -> dict[str, Any]:
        facts, figures, tier = self.facts, self.figures, self.facts.tier
        content: dict[str, Any] = {"tier": None, "certificates": self._certificates(), "cert_heading": ""}
        holders = {item.person for item in facts.certificates if item.valid_until >= facts.as_of}
        content["cert_heading"] = ngettext(
            "%(people)s certified person", "%(people)s certified people", len(holders)
        ) % {"people": len(holders)}
        if tier is None:
            return content
        dates = []
        if tier.since:
            dates.append((_("Since"), figures.long_day(tier.since)))
        if tier.review_on:
            dates.append((_("Next review"), figures.long_day(tier.review_on)))
        if tier.grace_until:
            dates.append((_("Grace period until"), figures.long_day(tier.grace_until)))
        if tier.override_until:
            dates.append((_("Granted until"), figures.long_day(tier.override_until)))
        ending = {item.person for item in say.expiring(facts)} & holders
        places = tier.people_required or tier.people
        people = ["y"] * (tier.people - len(ending)) + ["r"] * len(ending)
        people += [""] * max(places - len(people), 0)
        shown, rest = _cap([change for change in tier.benefits if change.now != change.next], 7)
        benefits = [
            Row(
                (
                    Cell(clip(change.label, 240, weight=500), "key"),
                    Cell(clip(change.now, 120)),
                    Cell(clip(change.next, 120, weight=600), "gain"),
                )
            )
            for change in shown
        ]
        if rest:
            text = ngettext("and %(number)s more", "and %(number)s more", len(rest)) % {"number": len(rest)}
            benefits.append(Row((Cell(text), Cell(""), Cell("")), "rest"))
        headings = (
            Heading(_("Benefit"), "50%"),
            Heading(clip(_("%(tier)s today") % {"tier": tier.label}, 120, size=10), "25%"),
            Heading(clip(tier.next_label or "", 120, size=10), "25%"),
        )
        content.update(
            tier={
                "label": clip(tier.label, 230, size=34, weight=600),
                "next": clip(tier.next_label or "", 200, size=13, weight=600),
                "progress": tier.progress_percent,
                "dates": dates[:3],
                "paths": [self._path(path) for path in tier.paths[:3]] if tier.next_label else [],
                "many_paths": len(tier.paths) > 1,
                "people": people if len(people) <= 40 else [],
                "person_share": f"{100 / max(len(people), 1):.4f}",
                "people_text": (_("%(people)s of %(required)s") if tier.people_required else "%(people)s")
                % {"people": figures.count(tier.people), "required": figures.count(tier.people_required)},
                "people_note": ngettext(
                    "%(people)s of them holds a certificate that ends soon (orange).",
                    "%(people)s of them hold certificates that end soon (orange).",
                    len(ending),
                )
                % {"people": len(ending)}
                if ending
                else "",
                "needs_people": tier.people_required > 0,
            },
            benefits=Table(headings, tuple(benefits)) if benefits and tier.next_label else None,
        )
        return content

    def _path(self, path: TierPath) -> dict[str, str]:
        write: Callable[[Decimal], str] = self.figures.short if path.is_money else self.figures.count
        share = min(float(path.reached / path.required), 1.0) if path.required > 0 else 1.0
        return {
            "label": clip(path.label, 250, weight=500),
            "reached": write(path.reached),
            "of": _("of %(required)s") % {"required": write(path.required)},
            "share": f"{max(share, 0) * 100:.1f}",
            "missing": _("%(missing)s to go") % {"missing": write(path.missing)} if path.missing > 0 else _("Met"),
        }

    def _certificates(self) -> Table | None:
        facts = self.facts
        soon = facts.as_of + timedelta(days=self.terms.expiring_days)
        ranked = sorted(facts.certificates, key=lambda item: (item.valid_until, item.person, item.kind))
        if not ranked:
            return None
        shown, rest = _cap(ranked, self.terms.certificate_rows)
        cells = []
        for item in shown:
            if item.valid_until < facts.as_of:
                state = Cell(_("Expired"), "mark off")
            elif item.valid_until <= soon:
                state = Cell(_("Renew"), "mark open")
            else:
                state = Cell(_("Current"), "mark")
            cells.append(
                (
                    Cell(clip(item.person, 150, weight=500), "key"),
                    Cell(clip(item.kind, 150)),
                    Cell(self.figures.day(item.valid_until), "num"),
                    state,
                )
            )
        # Two certificates a line: people read names downwards, so the second half stands beside the first.
        half = (len(cells) + 1) // 2 if len(cells) > 4 else len(cells)
        gap, blank = Cell("", "gap"), (Cell(""), Cell(""), Cell("", "num"), Cell(""))
        two = half < len(cells)
        rows = [
            Row((*cells[i], *((gap, *(cells[half + i] if half + i < len(cells) else blank)) if two else ())))
            for i in range(half)
        ]
        if rest:
            text = ngettext("%(number)s other, later", "%(number)s others, later", len(rest)) % {"number": len(rest)}
            rows.append(Row((Cell(text), *[Cell("")] * (8 if two else 3)), "rest"))
        one = (
            Heading(_("Person")),
            Heading(_("Certificate")),
            Heading(_("Valid until"), css="num"),
            Heading(_("State"), css="state"),
        )
        return Table((*one, Heading("", "36px", "gap"), *one) if two else one, tuple(rows), "tight certificates")

    # -- position --------------------------------------------------------------------------------

    def _position(self) -> dict[str, Any]:
        facts, figures, matrix = self.facts, self.figures, self.facts.matrix
        assert matrix is not None
        limits: dict[str, Any] = {"revenue_high": matrix.revenue_high, "value_high": matrix.value_high}
        code = quadrant(matrix.own.revenue, matrix.own.value, **limits)
        names = {key: str(name) for key, name in QUADRANTS.items()}
        others = sorted(matrix.others, key=lambda point: (-point.revenue, -point.value, point.name))
        named = {id(point) for point in others[:14]}
        own_note = _("%(amount)s, value %(value)s") % {
            "amount": figures.short(matrix.own.revenue),
            "value": matrix.own.value,
        }
        values = {"partner": self.them, "note": own_note, "quadrant": names[code].lower(), "others": len(others)}
        chart = charts.matrix(
            name="value_matrix",
            title=_("Value matrix"),
            alt=_("Value matrix: %(partner)s with %(note)s lies in the %(quadrant)s quadrant, among %(others)s others.")
            % values,
            own=Dot(
                float(max(matrix.own.revenue, ZERO)),
                matrix.own.value,
                clip(facts.partner.called, 200, size=13),
                own_note,
            ),
            before=Dot(float(max(matrix.before.revenue, ZERO)), matrix.before.value, clip(matrix.before_label, 90))
            if matrix.before
            else None,
            others=[
                Dot(
                    float(max(point.revenue, ZERO)),
                    point.value,
                    clip(point.name, 96, size=9.5) if id(point) in named else "",
                )
                for point in others[: self.terms.matrix_dots]
            ],
            quadrants=Quadrants(
                float(matrix.revenue_high),
                matrix.value_high,
                (names["affiliate"], names["channel"], names["technology"], names["strategic_alliance"]),
            ),
            x_title=_("Revenue, last 12 months"),
            y_title=_("Strategic value, 1 to 5"),
            x_label=lambda value: "0" if value == 0 else figures.short(value),
            width=590,
            height=484,
        )
        if not others:
            who = _("The partner alone; others are not drawn.")
        elif self.version == "internal":
            who = _("%(number)s other partners, the largest by name.") % {"number": figures.count(len(others))}
        else:
            who = _("Other partners without names, their revenue rounded.")
        facts_list = [
            (_("Quadrant"), names[code]),
            (_("Strategic value"), _("%(value)s of 5") % {"value": matrix.own.value}),
            (_("Revenue, 12 months"), figures.short(matrix.own.revenue)),
            (
                _("High from"),
                _("value %(value)s, revenue %(amount)s")
                % {"value": matrix.value_high, "amount": figures.short(matrix.revenue_high)},
            ),
        ]
        return {
            "chart": self._draw(chart),
            "who": who,
            "facts": facts_list,
            "advice": QUADRANT_ADVICE[code](),
            "advice_heading": names[code],
            "nps": self._nps(),
        }

    def _nps(self) -> dict[str, Any] | None:
        nps = self.facts.nps
        if not nps or not nps.answers:
            return None
        parts = [
            (_("Promoters, 9 and 10"), nps.promoters, "y"),
            (_("Passives, 7 and 8"), nps.passives, "s"),
            (_("Detractors, 0 to 6"), nps.detractors, "r"),
        ]
        answers = ngettext("%(answers)s answer in twelve months", "%(answers)s answers in twelve months", nps.answers)
        note = answers % {"answers": nps.answers}
        if nps.prior is not None:
            note += ", " + _("%(points)s points on the year before") % {
                "points": self.figures.signed(nps.score - nps.prior)
            }
        return {
            "score": self.figures.signed(nps.score) if nps.score else "0",
            "target": _("target %(target)s") % {"target": self.terms.nps_target},
            "note": note,
            "parts": [
                {"label": label, "count": number, "css": css, "share": f"{100 * number / nps.answers:.2f}"}
                for label, number, css in parts
            ],
        }

    # -- health ----------------------------------------------------------------------------------

    def _health(self) -> dict[str, Any]:
        health = self.facts.health
        assert health is not None
        parts = charts.bars(
            name="health_parts",
            title=_("Health by part"),
            alt=_("Health by part: %(listed)s")
            % {
                "listed": ", ".join(
                    _("%(part)s %(points)s of %(maximum)s")
                    % {
                        "part": p.label,
                        "points": _("without data") if p.points is None else p.points,
                        "maximum": p.maximum,
                    }
                    for p in health.parts
                )
            },
            rows=[
                Bar(
                    clip(part.label, 88),
                    part.maximum,
                    part.points or 0,
                    (
                        _("no data") if part.points is None else f"{part.points} / {part.maximum}",
                        ""
                        if part.before is None or part.points is None
                        else self.figures.signed(part.points - part.before),
                    ),
                    attention=part.points is not None and part.points * 2 < part.maximum,
                )
                for part in health.parts
            ],
            width=400,
            label_width=96,
            text_widths=(58, 34),
            row_height=31,
            thickness=13,
        )
        trend = None
        if sum(score is not None for _day, score in health.trend) > 1:
            trend = self._trend_chart()
        notes = []
        if health.prior_quarter is not None and health.score is not None:
            notes.append(
                _("%(points)s on the quarter before")
                % {"points": self.figures.signed(health.score - health.prior_quarter)}
            )
        if health.prior_year is not None and health.score is not None:
            notes.append(
                _("%(points)s on last year") % {"points": self.figures.signed(health.score - health.prior_year)}
            )
        if health.known < 100:
            notes.append(_("based on %(known)s of 100 points") % {"known": health.known})
        evidence = [
            Row(
                (
                    Cell(clip(part.label, 120, weight=500), "key"),
                    Cell(
                        _("no data") if part.points is None else f"{part.points} / {part.maximum}",
                        "num warn" if part.points is not None and part.points * 2 < part.maximum else "num",
                    ),
                    Cell(clip(part.evidence, 660), "wide"),
                )
            )
            for part in health.parts
        ]
        headings = (
            Heading(_("Part"), "150px"),
            Heading(_("Points"), "70px", "num"),
            Heading(_("What it rests on"), css="wide"),
        )
        return {
            "score": "–" if health.score is None else str(health.score),
            "band": clip(health.band, 160, size=14, weight=600),
            "notes": ", ".join(notes),
            "parts": self._draw(parts),
            "trend": self._draw(trend) if trend else "",
            "evidence": Table(headings, tuple(evidence)) if any(part.evidence for part in health.parts) else None,
        }

    def _trend_chart(self) -> Chart:
        health = self.facts.health
        assert health is not None
        months = health.trend[-13:]
        known = [(day, score) for day, score in months if score is not None]
        lowest = min(score for _day, score in known)
        low = max(0, (lowest - 12) // 20 * 20)
        points: list[tuple[str, float | None]] = []
        for index, (day, score) in enumerate(months):
            label = self.figures.month(day)
            if index == 0 or index == len(months) - 1 or day.month == 1:
                label += f" {day:%y}"
            points.append((label, score))
        values = {
            "first": self.figures.long_day(known[0][0]),
            "last": self.figures.long_day(known[-1][0]),
            "from": known[0][1],
            "to": known[-1][1],
        }
        return charts.line_over_time(
            name="health_trend",
            title=_("Twelve-month trend"),
            alt=_("Health score at month ends, from %(from)s on %(first)s to %(to)s on %(last)s") % values,
            points=points,
            width=546,
            height=232,
            low=low,
            bands=[
                charts.Band(
                    _("%(band)s, from %(lowest)s") % {"band": band.label, "lowest": band.lowest},
                    band.lowest,
                    band.label == health.band,
                )
                for band in health.bands
            ],
        )

    # -- plan ------------------------------------------------------------------------------------

    def _plan(self) -> dict[str, Any]:
        facts = self.facts
        goals = [self.words.goal(self._short_names(goal)) for goal in say.goals_of(facts)]
        return {
            "goals": goals,
            "actions": self._actions() if facts.actions else None,
            "actions_note": self._actions_note(),
            "agenda": self._agenda(),
            "minutes": facts.agenda_minutes,
        }

    def _actions_note(self) -> str:
        before = self.facts.actions_before
        notes = []
        if before and before.agreed:
            notes.append(
                ngettext(
                    "%(done)s of %(agreed)s action of the last review is done.",
                    "%(done)s of %(agreed)s actions of the last review are done.",
                    before.agreed,
                )
                % {"done": before.done, "agreed": before.agreed}
            )
        return " ".join(notes)

    def _actions(self) -> Table:
        facts = self.facts
        ranked = sorted(facts.actions, key=lambda action: (action.due_on is None, action.due_on or facts.as_of))
        shown, rest = _cap(ranked, self.terms.action_rows)
        rows = []
        for index, action in enumerate(shown, start=1):
            late = action.due_on is not None and action.due_on < facts.pack_date
            tag = _("Overdue") if late else _("Carried over") if action.carried_over else ""
            rows.append(
                Row(
                    (
                        Cell(str(index)),
                        Cell(clip(action.text, 500, weight=500), "key"),
                        Cell(tag, "tag" if tag else ""),
                        Cell(clip(self._side(action.side), 100)),
                        Cell(clip(action.owner, 130)),
                        Cell(self.figures.day(action.due_on), "num"),
                    )
                )
            )
        if rest:
            text = ngettext("%(number)s other action", "%(number)s other actions", len(rest)) % {"number": len(rest)}
            rows.append(Row((Cell(""), Cell(text), *[Cell("")] * 4), "rest"))
        headings = (
            Heading(_("No."), "28px"),
            Heading(_("Action")),
            Heading("", "92px"),
            Heading(_("Side"), "110px"),
            Heading(_("Owner"), "140px"),
            Heading(_("Due"), "90px", "num"),
        )
        return Table(headings, tuple(rows))

    def _agenda(self) -> list[dict[str, str]]:
        facts, passed, items = self.facts, 0, []
        for item in facts.agenda[:8]:
            if facts.meeting_at:
                start = formats.time_format(facts.meeting_at + timedelta(minutes=passed), "H:i")
            else:
                start = _("minute %(minute)s") % {"minute": passed}
            share = 100 * item.minutes / facts.agenda_minutes
            items.append(
                {
                    "start": start,
                    "minutes": _("%(minutes)s min") % {"minutes": item.minutes},
                    "label": clip(item.label, max(CONTENT_WIDTH * share / 100 - 8, 40) * 2, weight=600),
                    "share": f"{share:.3f}",
                }
            )
            passed += item.minutes
        return items

    def _draw(self, chart: Chart) -> SafeString:
        # Drawn by the chart renderer from our own spec, which escapes the texts in it.
        return mark_safe(charts.to_svg(chart))


QUADRANT_ADVICE: dict[str, Callable[[], str]] = {
    "strategic_alliance": lambda: _("High strategic value and high revenue: a shared plan, led from the top."),
    "technology": lambda: _("High strategic value, revenue still to come: build the offer that customers buy."),
    "channel": lambda: _("High revenue, less strategic value: make selling simple and dependable."),
    "affiliate": lambda: _("Revenue and strategic value are still small: keep it light and grow what works."),
}


def _cap(items: Sequence[Any], most: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """The items to show and the rest; a rest of one is shown, since its line would take the same room."""
    if len(items) <= most + 1:
        return items, ()
    return items[:most], items[most:]


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _brand_colour(colour: str) -> str:
    """The vendor's colour where white text on it can be read (4.5 : 1), else the theme's."""
    default = charts.theme_tokens("print")["main"]
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return default
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return colour if 1.05 / (luminance + 0.05) >= 4.5 else default


def _mark(brand: Brand, *, filled: bool) -> dict[str, Any]:
    """A company's logo, or its initial and name where it has none."""
    name = tidy(brand.name)
    kind = brand.logo_type.removeprefix("image/")
    logo = ""
    if brand.logo and kind in ("png", "jpeg", "webp"):
        logo = f"data:image/{kind};base64,{base64.b64encode(brand.logo).decode()}"
    colour = brand.color if re.fullmatch(r"#[0-9a-fA-F]{6}", brand.color) else ""
    return {
        "logo": logo,
        "name": name,
        "short": clip(brand.called, 210, size=18, weight=600),
        "initial": name[:1].upper(),
        "filled": filled,
        "colour": colour,
    }
