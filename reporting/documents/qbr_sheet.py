"""What the pages of a QBR pack are made of: the pack at hand, texts cut to their column, tables, tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from prm.core import charts
from prm.core.charts import Chart
from prm.core.print_text import clip
from reporting.documents.figures import Figures
from reporting.documents.qbr_words import Words
from reporting.rules.pack import PackFacts, Version
from reporting.rules.sentences import Change, Sentence

CONTENT_WIDTH = 986.0  # A4 landscape at 96 dpi less the margins of pack.css
TITLE_SIZE, TITLE_TRACKING = 23.0, -0.018


def cap(items: Sequence[Any], most: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """The items to show and the rest; a rest of one is shown, since its line would take the same room."""
    if len(items) <= most + 1:
        return items, ()
    return items[:most], items[most:]


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


class Pack:
    """One pack while it is put on paper: its facts, its figures and words, the short names of both sides."""

    def __init__(self, facts: PackFacts, version: Version) -> None:
        self.facts = facts
        self.version = version
        self.figures = Figures(facts.currency)
        self.words = Words(self.figures)
        self.terms = facts.terms
        self.us = clip(facts.vendor.called, 96)
        self.them = clip(facts.partner.called, 96)

    def short_names(self, sentence: Sentence) -> Sentence:
        """The sentence with each name kept to a third of a headline's line."""
        values = {
            name: clip(value, 300, size=TITLE_SIZE, weight=600) if isinstance(value, str) else value
            for name, value in sentence.values.items()
        }
        return Sentence(sentence.code, values)

    def change_note(self, change: Change) -> str:
        """A change on the year in three words, its sign always with it."""
        if change.percent is not None:
            return _("%(percent)s%% on last year") % {"percent": self.figures.signed(change.percent)}
        if change.trend == "new":
            return _("none a year ago")
        return _("as a year ago") if change.trend == "none" else _("no figure a year ago")

    def side(self, side: str | None) -> str:
        """Who an action or a deal waits for, by name."""
        return {"us": self.us, "partner": self.them, "both": _("Both")}.get(side or "", "")

    def draw(self, chart: Chart) -> SafeString:
        """The chart as SVG. The renderer draws it from our own spec and escapes the texts in it."""
        return mark_safe(charts.to_svg(chart))
