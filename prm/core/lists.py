"""Every list of the product: filters in the address, allowed sort keys, keyset pages, columns, views, export.

A view builds a ``ListPage`` from a queryset that is already narrowed to the reader and hands it to
``components/list.html``. Whatever stands in the address, only declared filters, sort keys and columns are used;
the rest is ignored. It costs two statements, one for the rows and one for the capped count, whatever the list holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_filters import FilterSet

from prm.core import exports, keyset
from prm.core.cells import Column, Drawer, export_labels, export_values, read
from prm.core.figures import day_text, figure
from prm.core.templatetags.prm import query_string, urgency

COUNT_CAP = 10_000
EXPORT_CAP = 100_000
EXPORT_PIECE = 2000
SIZES = (25, 50, 100)
_OWN = ("sort", "after", "before", "cols", "size", "export")


@dataclass(frozen=True)
class Sort:
    """What a sort key means: fields in order of weight, and which of them may be empty. ``-key`` turns it round."""

    fields: tuple[str, ...]
    nullable: frozenset[str] = frozenset()

    @classmethod
    def by(cls, *fields: str, nullable: Iterable[str] = ()) -> "Sort":
        """``Sort.by("due_at", nullable=["due_at"])``; a leading minus makes a field descend."""
        return cls(fields, frozenset(nullable))

    def keyset(self, descending: bool) -> tuple[keyset.Field, ...]:
        """The order with the primary key at its end."""
        parts = [
            keyset.Field(
                name.removeprefix("-"), name.startswith("-") != descending, name.removeprefix("-") in self.nullable
            )
            for name in self.fields
        ]
        return (*parts, keyset.Field("pk", descending))


@dataclass(frozen=True)
class View:
    """A saved view: a name and the filters it stands for. ``count`` is shown when given."""

    label: str | Promise
    params: dict[str, Any] = field(default_factory=dict)
    count: int | None = None


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class Heading:
    """A column's head: its label, the address that sorts by it, and how it is sorted now."""

    column: Column
    url: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the table, drawn."""

    object: Any
    code: str
    cells: SafeString
    edge: str
    opens: bool


class ListPage:
    """One page of a list, computed from the request. Everything is read once, on demand.

    ``select`` is where a row's code is read for the check boxes of bulk actions; without it there are none.
    ``primary`` names the filters that stand in the bar; the others wait behind "More filters".
    ``show`` turns the rows of the query, a page or a piece of an export at a time, into the rows that are drawn, in the
    same order: for a queue that is ordered by one table and read in another.
    """

    def __init__(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        *,
        columns: Sequence[Column],
        sorts: dict[str, Sort],
        default_sort: str,
        filterset: type[FilterSet] | None = None,
        primary: Sequence[str] = (),
        views: Sequence[View] = (),
        size: int = 50,
        select: str = "",
        can_export: bool = True,
        name: str = "list",
        show: Callable[[list[Any]], list[Any]] | None = None,
    ) -> None:
        if default_sort.removeprefix("-") not in sorts:
            raise ValueError(f"unknown default sort {default_sort!r}")
        self.request, self.name, self.select, self.can_export = request, name, select, can_export
        self.all_columns, self.sorts, self.default_sort = list(columns), sorts, default_sort
        self.saved_views, self.default_size, self._primary = list(views), size, tuple(primary)
        self.now = getattr(request, "at", None) or timezone.now()
        self.filterset = filterset(request.GET, queryset=queryset, request=request) if filterset else None
        self._queryset, self._show = queryset, show

    # -- what the address says ------------------------------------------------------------------

    @cached_property
    def params(self) -> QueryDict:
        """The address's parameters that mean something here; all links are built from these."""
        known = set(_OWN) | self._filter_params
        kept = QueryDict(mutable=True)
        for key, values in MultiValueDict(dict(self.request.GET.lists())).lists():
            if key in known and any(values):
                kept.setlist(key, [value for value in values if value])
        return kept

    @cached_property
    def _filter_params(self) -> set[str]:
        if self.filterset is None:
            return set()
        names: set[str] = set()
        for name, form_field in self.filterset.form.fields.items():
            parts = getattr(form_field.widget, "widgets_names", None)
            names |= {f"{name}{part}" for part in parts} if parts else {name}
        return names

    @cached_property
    def sort(self) -> str:
        """The sort key in use, with its minus."""
        asked = self.params.get("sort", "")
        return asked if asked.removeprefix("-") in self.sorts else self.default_sort

    @cached_property
    def size(self) -> int:
        """Rows on a page: one of the sizes on offer."""
        asked = self.params.get("size", "")
        return int(asked) if asked.isdecimal() and int(asked) in SIZES else self.default_size

    @cached_property
    def columns(self) -> list[Column]:
        """The columns to show, in their own order."""
        asked = set(self.params.get("cols", "").split(",")) - {""}
        known = asked & {column.key for column in self.all_columns}
        if not known:
            return [column for column in self.all_columns if column.shown or column.fixed]
        return [column for column in self.all_columns if column.key in known or column.fixed]

    @property
    def export(self) -> str:
        """``csv`` or ``xlsx`` when the address asks for an export that the reader may have, else nothing."""
        asked = self.params.get("export", "")
        return asked if self.can_export and asked in ("csv", "xlsx") else ""

    # -- rows -----------------------------------------------------------------------------------

    @cached_property
    def filtered(self) -> QuerySet:
        """All rows that match, in no order yet."""
        return self.filterset.qs if self.filterset is not None else self._queryset

    @cached_property
    def _order(self) -> tuple[keyset.Field, ...]:
        return self.sorts[self.sort.removeprefix("-")].keyset(self.sort.startswith("-"))

    @cached_property
    def _window(self) -> tuple[list[Any], bool, bool]:
        """The rows of this page, and whether there are some before and after them."""
        after = keyset.from_cursor(self.params.get("after", ""), self.sort, len(self._order))
        before = keyset.from_cursor(self.params.get("before", ""), self.sort, len(self._order))
        backwards = before is not None and after is None
        place = before if backwards else after
        rows = self.filtered.order_by(*keyset.order(self._order, backwards=backwards))
        if place is not None:
            rows = rows.filter(keyset.beyond(self._order, place, backwards=backwards))
        found = list(rows[: self.size + 1])
        more, found = len(found) > self.size, found[: self.size]
        if backwards:
            return found[::-1], more, True
        return found, place is not None, more

    @cached_property
    def objects(self) -> list[Any]:
        """The model rows of this page."""
        return self._drawn(self._window[0])

    def _drawn(self, rows: list[Any]) -> list[Any]:
        return self._show(rows) if self._show is not None else rows

    @cached_property
    def rows(self) -> list[Row]:
        """The drawn lines of this page."""
        opens = any(column.link for column in self.columns)
        drawers = [Drawer(column, now=self.now, request=self.request) for column in self.columns]
        return [
            Row(
                row,
                str(read(row, self.select)) if self.select else "",
                SafeString("".join([draw(row) for draw in drawers])),
                urgency(row, self.now) if hasattr(row, "due_at") else "",
                opens,
            )
            for row in self.objects
        ]

    @cached_property
    def total(self) -> int:
        """How many rows match; counting stops just above the cap."""
        return self.filtered.order_by()[: COUNT_CAP + 1].count()

    @property
    def total_text(self) -> str:
        """The count as people read it: 1,234 or 10,000+."""
        return f"{figure(COUNT_CAP)}+" if self.total > COUNT_CAP else figure(self.total)

    # -- links ----------------------------------------------------------------------------------

    def url(self, **changes: Any) -> str:
        """The address with changes; a change of anything but the place starts again at the first page."""
        if not {"after", "before"} & set(changes):
            changes = {"after": None, "before": None, **changes}
        return query_string(self.params, {"export": None, **changes})

    @property
    def next_url(self) -> str:
        """The page after this one, if there is one."""
        if not (self._window[2] and self._window[0]):
            return ""
        place = keyset.place_of(self._window[0][-1], self._order)
        return self.url(after=keyset.to_cursor(self.sort, place), before=None)

    @property
    def previous_url(self) -> str:
        """The page before this one, if there is one."""
        if not (self._window[1] and self._window[0]):
            return ""
        place = keyset.place_of(self._window[0][0], self._order)
        return self.url(before=keyset.to_cursor(self.sort, place), after=None)

    @property
    def first_url(self) -> str:
        """The first page of the same list."""
        return self.url()

    @property
    def csv_url(self) -> str:
        """Everything that matches, in the columns shown, as CSV."""
        return self.url(export="csv")

    @property
    def xlsx_url(self) -> str:
        """Everything that matches, in the columns shown, as a spreadsheet."""
        return self.url(export="xlsx")

    @cached_property
    def headings(self) -> list[Heading]:
        """The head of the table with its sort links; a second click turns the order round."""
        heads = []
        for column in self.columns:
            if column.sort not in self.sorts:
                heads.append(Heading(column))
                continue
            now = self.sort == column.sort, self.sort == f"-{column.sort}"
            direction = "ascending" if now[0] else "descending" if now[1] else ""
            # figures and dates are asked for largest or latest first
            first = f"-{column.sort}" if column.is_right or column.kind in ("moment", "day") else column.sort
            other = column.sort if self.sort.startswith("-") else f"-{column.sort}"
            heads.append(Heading(column, self.url(sort=other if direction else first), direction))
        return heads

    @cached_property
    def column_choices(self) -> list[dict[str, Any]]:
        """The column menu: each column, whether it is shown, and the address that changes that."""
        shown = [column.key for column in self.columns]
        choices = []
        for column in self.all_columns:
            if column.fixed:
                continue
            is_on = column.key in shown
            keys = [key for key in shown if key != column.key] if is_on else [*shown, column.key]
            choices.append({"label": column.label, "on": is_on, "url": self.url(cols=",".join(keys))})
        return choices

    @property
    def sizes(self) -> list[dict[str, Any]]:
        """The page lengths on offer."""
        return [{"size": each, "on": each == self.size, "url": self.url(size=each)} for each in SIZES]

    # -- filters --------------------------------------------------------------------------------

    @property
    def filter_form(self) -> Any:
        """The form of the filters, for the bar."""
        return self.filterset.form if self.filterset is not None else None

    def _bound(self, wanted: bool) -> Iterator[Any]:
        form = self.filter_form
        names = self._primary or tuple(list(form.fields)[:4]) if form is not None else ()
        for bound in form or ():
            if (bound.name in names) is wanted and not bound.is_hidden:
                yield bound

    @property
    def primary_filters(self) -> list[Any]:
        """The filters in the bar."""
        return list(self._bound(True))

    @property
    def more_filters(self) -> list[Any]:
        """The filters behind "More filters"."""
        return list(self._bound(False))

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters in use, each with a way to take it off."""
        form = self.filter_form
        if form is None or not hasattr(form, "cleaned_data"):
            return []
        chips = []
        for name, value in form.cleaned_data.items():
            text = _filter_text(form.fields[name], value)
            if text:
                without = {key: None for key in self.params if key == name or key.startswith(f"{name}_")}
                chips.append(Chip(str(form.fields[name].label or name), text, self.url(**without)))
        return chips

    @property
    def clear_url(self) -> str:
        """The list without any filter."""
        return self.url(**dict.fromkeys(self._filter_params))

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is in use: an empty page then means "nothing matches", not "nothing yet"."""
        return bool(self.chips)

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing at all yet: then the first step is shown, not tools for what isn't there."""
        return not (self.objects or self.is_filtered or "after" in self.params or "before" in self.params)

    @property
    def hidden_params(self) -> list[tuple[str, str]]:
        """What the filter form carries along: order, columns, size."""
        return [(key, str(self.params[key])) for key in ("sort", "cols", "size") if key in self.params]

    @cached_property
    def views(self) -> list[dict[str, Any]]:
        """The saved views with their addresses; the one whose filters are in use is marked."""
        used = {key: self.params.getlist(key) for key in self.params if key in self._filter_params or key == "sort"}
        drawn = []
        for view in self.saved_views:
            wanted = {
                key: [str(v) for v in (value if isinstance(value, list) else [value])]
                for key, value in view.params.items()
            }
            address = QueryDict(mutable=True)
            for key, values in wanted.items():
                address.setlist(key, values)
            for key in ("cols", "size"):
                if key in self.params:
                    address[key] = str(self.params[key])
            drawn.append(
                {
                    "label": view.label,
                    "url": f"?{address.urlencode()}" if address else "?",
                    "active": used == wanted,
                    "count": view.count,
                }
            )
        return drawn

    # -- answers --------------------------------------------------------------------------------

    def template(self, name: str) -> str:
        """The page's template, or only its ``list`` partial when htmx asks for the list alone."""
        htmx = getattr(self.request, "htmx", None)
        return f"{name}#list" if htmx and htmx.target == self.name and not htmx.history_restore_request else name

    @property
    def _exported(self) -> list[Column]:
        return [column for column in self.columns if column.exported]

    @property
    def export_columns(self) -> list[str]:
        """The head of an export."""
        return export_labels(self._exported)

    def export_rows(self) -> Iterator[list[Any]]:
        """The lines of exactly what is shown, all pages, streamed; at most ``EXPORT_CAP`` of them."""
        columns = self._exported
        rows = self.filtered.order_by(*keyset.order(self._order))[:EXPORT_CAP]
        for piece in _pieces(rows.iterator(chunk_size=EXPORT_PIECE)):
            for row in self._drawn(piece):
                yield export_values(columns, row)

    def export_response(self, filename: str) -> HttpResponseBase:
        """The file that the address asked for (see ``export``); ``filename`` without its ending."""
        return exports.export_response(
            rows=self.export_rows(),
            columns=self.export_columns,
            filename=filename,
            format="xlsx" if self.export == "xlsx" else "csv",
        )


def _pieces(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while piece := list(islice(rows, EXPORT_PIECE)):
        yield piece


def _filter_text(form_field: Any, value: Any) -> str:
    if value is None or value == "" or value == [] or (hasattr(value, "exists") and not value):
        return ""
    if isinstance(value, slice):
        low, high = (_plain(end) for end in (value.start, value.stop))
        if low and high:
            return _("%(low)s to %(high)s") % {"low": low, "high": high}
        return _("from %(low)s") % {"low": low} if low else _("up to %(high)s") % {"high": high}
    if value is True or value is False:
        return _("yes") if value else _("no")
    choices = dict(_flat(getattr(form_field, "choices", ()))) if not hasattr(value, "_meta") else {}
    if isinstance(value, list | tuple | QuerySet):
        return ", ".join(str(choices.get(str(each), each)) for each in value)
    return str(choices.get(str(value), _plain(value)))


def _flat(choices: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield str(value), label


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "hour"):
        return day_text(timezone.localtime(value).date() if value.tzinfo else value.date())
    return day_text(value) if hasattr(value, "isoformat") else str(value)
