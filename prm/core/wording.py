"""Explanations put into words: each line code has a label, a value and a remark in the reader's language.

Rules give lines of figures without sentences (`prm.core.explain`). Each app registers the words for its codes in
``AppConfig.ready``; a code without words is shown by its name and figures, so that nothing is hidden.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise

from prm.core.explain import Line
from prm.core.figures import figure

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T.+")


@dataclass(frozen=True)
class Words:
    """How one code is said. Each part may name values of the line as ``%(name)s``; ``group`` is a heading."""

    label: str | Promise
    value: str | Promise = ""
    note: str | Promise = ""
    total: bool = False
    group: str | Promise = ""


@dataclass(frozen=True)
class Said:
    """A line ready for the page."""

    label: str
    value: str
    note: str
    total: bool
    group: str


_WORDS: dict[str, Words] = {}


def say(code: str, words: Words) -> None:
    """Register the words for a line code; a second registration replaces the first."""
    _WORDS[code] = words


def is_worded(code: str) -> bool:
    """Whether an app registered words for the code; a test asks this for every code its rules can give."""
    return code in _WORDS


def in_words(lines: Iterable[Line]) -> list[Said]:
    """Lines as label, value and remark. Drop lines the reader may not see first (`explain.for_audience`)."""
    return [_said(line) for line in lines]


def _said(line: Line) -> Said:
    words = _WORDS.get(line.code)
    values = _Values({name: value_text(value) for name, value in line.values.items()})
    values["unit"] = line.unit
    if words is None:
        shown = ", ".join(value_text(value) for value in line.values.values())
        return Said(line.code.rpartition(".")[2].replace("_", " ").capitalize(), shown, "", False, "")
    label, value, note = (str(part) % values for part in (words.label, words.value, words.note))
    return Said(label, value, note, words.total, str(words.group))


class _Values(dict[str, str]):
    """A value that a line happens not to carry is said as a dash, never as an error."""

    def __missing__(self, name: str) -> str:
        return "–"


def value_text(value: Any) -> str:
    """One stored value as the reader writes it: numbers grouped, dates in words, lists joined."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, int | Decimal):
        return figure(value)
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "j M Y H:i")
    if isinstance(value, date):
        return date_format(value, "j M Y")
    if isinstance(value, list | tuple):
        return ", ".join(value_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(item)}" for name, item in value.items())
    text = str(value)
    if _NUMBER.fullmatch(text):
        return figure(text)
    if _DAY.fullmatch(text):
        return date_format(date.fromisoformat(text), "j M Y")
    if _MOMENT.fullmatch(text):
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M Y H:i")
    return text
