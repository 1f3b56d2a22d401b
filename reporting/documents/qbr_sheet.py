"""What the pages of a QBR pack are made of: the pack at hand, texts cut to their column, tables, tiles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from prm.core import charts
from prm.core.charts import Chart
from prm.core.fonts import text_width
from reporting.documents.figures import Figures
from reporting.documents.qbr_words import Words
from reporting.rules.pack import PackFacts, Version
from reporting.rules.sentences import Change, Sentence

CONTENT_WIDTH = 986.0  # A4 landscape at 96 dpi less the margins of pack.css
TITLE_SIZE, TITLE_TRACKING = 23.0, -0.018
# Control characters, marks that turn the reading direction, and runs of white space.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\s]+")


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
