"""The columns of a list: what a cell shows, how it is drawn, what it gives to an export.

Cells are drawn here and not by a template each, because a page of fifty rows has hundreds of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from django.template.loader import get_template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from prm.core.figures import figure, money_text, percent_text
from prm.core.money import Money
from prm.core.templatetags.prm import avatar, badge, day_html, moment_html, state, tone_of

Kind = Literal["text", "number", "money", "percent", "moment", "day", "state", "who", "flag"]
Reader = str | Callable[[Any], Any]
_RIGHT = {"number", "money", "percent"}
_BY_VALUE = {"number", "percent", "moment", "day", "who", "flag"}  # drawn from nothing but the value


@dataclass(frozen=True)
class Column:
    """One column of a list.

    ``value``, ``note``, ``currency`` and ``link`` are read from the row by a dotted path or a function; ``value``
    falls back to ``key``. ``sort`` names an allowed sort key. ``place`` says where the cell goes on a phone's card:
    ``title`` or ``side`` at the top, ``actions`` at the bottom, else a line with its label. ``draw`` gives the markup
    of a cell that none of the kinds fits, ``template`` that of one with controls in it (see ``Drawer``). ``fixed``
    columns can't be hidden, those not ``shown`` wait in the column menu.
    """

    key: str
    label: str | Promise
    value: Reader = ""
    kind: Kind = "text"
    currency: Reader = ""
    note: Reader = ""
    note_label: str | Promise = ""
    link: Reader = ""
    sort: str = ""
    place: Literal["", "title", "side", "actions"] = ""
    shown: bool = True
    fixed: bool = False
    draw: Callable[[Any], SafeString] | None = None
    template: str = ""
    exported: bool = True

    @property
    def is_right(self) -> bool:
        """Whether figures stand under each other at the end of the column."""
        return self.kind in _RIGHT

    def as_fixed(self) -> "Column":
        """The same column, always shown."""
        return replace(self, fixed=True, shown=True)


def read(row: Any, reader: Reader) -> Any:
    """A value of a row by path (``partner.organization.name``) or function. A missing link gives None."""
    if callable(reader):
        return reader(row)
    for name in reader.split("."):
        if row is None:
            return None
        row = getattr(row, name)
        if callable(row) and name.startswith("get_"):
            row = row()
    return row


def page_of(url_name: str, code: Reader = "code") -> Callable[[Any], str]:
    """A ``link`` to the page of a row. The address is looked up once, because fifty lookups cost as much as the rows.

    ``url_name`` takes one argument, the code, which ``code`` reads from the row.
    """
    around: list[str] = []

    def address(row: Any) -> str:
        if not around:
            around.extend(reverse(url_name, args=[_CODE]).split(_CODE))
        return quote(str(read(row, code))).join(around)

    return address


_CODE = "XX-CODE"


def cell(column: Column, row: Any, *, now: datetime, request: Any = None) -> SafeString:
    """The table cell of a row, label for phones included."""
    return Drawer(column, now=now, request=request)(row)


class Drawer:
    """Draws one column of one page, row by row. What is the same in every row is made once.

    Its template gets ``row``, ``value``, ``column``, ``now``, ``request`` and ``actor`` and no more: a page's whole
    context, made anew for each of fifty rows, would cost more than the rows.
    """

    def __init__(self, column: Column, *, now: datetime, request: Any = None) -> None:
        self.column, self.now = column, now
        name = f"cell-{column.place}" if column.place else ""
        classes = " ".join(filter(None, ["num" if column.is_right else "", name]))
        self.opening = format_html(
            "<td{}{}>",
            format_html(' class="{}"', classes) if classes else "",
            format_html(' data-label="{}"', column.label) if not column.place else "",
        )
        self.template = get_template(column.template) if column.template else None
        self.shared = {"column": column, "now": now, "request": request, "actor": getattr(request, "actor", None)}
        self.words: dict[Any, str] = {}
        self.is_by_value = column.kind in _BY_VALUE and not (column.draw or column.template)
        self.drawn: dict[Any, SafeString | str] = {}

    def __call__(self, row: Any) -> SafeString:
        """The cell of a row."""
        column = self.column
        value = self._value(row)
        inside = self._drawn_once(row, value) if self.is_by_value else self._content(row, value)
        if column.link and (address := read(row, column.link)):
            inside = format_html('<a class="main-link" href="{}" data-row-link>{}</a>', address, inside)
        note = read(row, column.note) if column.note else None
        small = format_html("<small>{}</small>", note) if note not in (None, "") else ""
        return SafeString(f"{self.opening}{conditional_escape(inside)}{small}</td>")

    def _value(self, row: Any) -> Any:
        reader = self.column.value or self.column.key
        if isinstance(reader, str) and reader.startswith("get_") and reader.endswith("_display") and "." not in reader:
            return self._in_words(row, reader[4:-8])
        return read(row, reader)

    def _in_words(self, row: Any, name: str) -> str:
        """What a choice is called. Asking the model means to translate all choices of the field."""
        code = getattr(row, name)
        if code not in self.words:
            self.words[code] = getattr(row, f"get_{name}_display")()
        return self.words[code]

    def _drawn_once(self, row: Any, value: Any) -> SafeString | str:
        """Many rows share a day or a person; writing a date in the reader's language costs as much as a query."""
        if value not in self.drawn:
            self.drawn[value] = self._content(row, value)
        return self.drawn[value]

    def _content(self, row: Any, value: Any) -> SafeString | str:
        if self.column.draw is not None:
            return self.column.draw(row)
        if self.template is not None:
            return SafeString(self.template.render({**self.shared, "row": row, "value": value}).strip())
        if value is None or value == "":
            return ""
        match self.column.kind:
            case "number":
                return figure(value)
            case "percent":
                return percent_text(value)
            case "money":
                return money_text(value, "" if isinstance(value, Money) else _currency(self.column, row))
            case "moment":
                return moment_html(value, self.now)
            case "day":
                return day_html(value, self.now)
            case "state":
                return self._state(row, value)
            case "who":
                return format_html('<span class="row-x tight nowrap">{} {}</span>', avatar(value, "sm"), value)
            case "flag":
                return badge(_("yes"), "green") if value else format_html('<span class="sub">{}</span>', _("no"))
            case _:
                return format_html("{}", value)

    def _state(self, row: Any, value: Any) -> SafeString:
        name = self.column.value or self.column.key
        if isinstance(name, str) and hasattr(row, f"get_{name}_display"):
            return state(value, self._in_words(row, name))
        return badge(value, tone_of(str(value).lower().replace(" ", "_")))


def _currency(column: Column, row: Any) -> str:
    reader = column.currency
    # a plain three-letter code is the currency itself, anything else says where to read it
    if isinstance(reader, str) and len(reader) == 3 and reader.isupper():
        return reader
    return str(read(row, reader) or "") if reader else ""


def export_labels(columns: list[Column]) -> list[str]:
    """The heading line of an export: money gives its currency a column of its own."""
    labels: list[str] = []
    for column in columns:
        labels.append(str(column.label))
        if column.kind == "money":
            labels.append(_("%(column)s currency") % {"column": column.label})
        if column.note and column.note_label:
            labels.append(str(column.note_label))
    return labels


def export_values(columns: list[Column], row: Any) -> list[Any]:
    """One line of an export: the figures themselves, not their pictures."""
    values: list[Any] = []
    for column in columns:
        value = read(row, column.value or column.key)
        if column.kind == "money":
            amount = value.amount if isinstance(value, Money) else value
            values += [amount, value.currency if isinstance(value, Money) else _currency(column, row)]
        elif column.kind == "state":
            display = getattr(row, f"get_{column.value or column.key}_display", None)
            values.append(display() if display else value)
        else:
            values.append(value)
        if column.note and column.note_label:
            values.append(read(row, column.note))
    return values
