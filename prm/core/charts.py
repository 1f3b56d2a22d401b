"""Charts: one Vega-Lite spec each, for the page (vega-embed) and for print (SVG), in one theme.

A builder takes ready labels and plain numbers and returns a `Chart`: the spec, what it says in words
with its figures (`alt`), and the same data as a table for people who can't see it. Colours never
stand in a spec: marks name a style, and `static/prm/charts/theme.json` says what each style looks
like in light, dark and print. Specs hold their data inline and can't load anything.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from prm.core.fonts import STATIC, text_width, unpacked_fonts

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
THEME_FILE = STATIC / "prm" / "charts" / "theme.json"
Label = Callable[[float], str]
NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
LINE_LEFT = 30.0  # room for the axis of a line chart


@dataclass(frozen=True)
class Chart:
    """A drawing with its words: `alt` carries the figures, `columns` and `rows` are the same as a table."""

    name: str
    title: str
    alt: str
    spec: dict[str, Any]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar: its length, a second length inside it, and the texts that stand beside it."""

    label: str
    value: float
    inner: float | None = None
    texts: tuple[str, ...] = ()
    attention: bool = False


@dataclass(frozen=True)
class Step:
    """One step of a waterfall: a total, or what it adds (negative: takes away)."""

    label: str
    value: float
    text: str
    is_total: bool = False
    attention: bool = False


@dataclass(frozen=True)
class Column:
    """One column of a time series: the whole, the part below, a target. `None`: no data."""

    label: str
    value: float | None
    part: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Band:
    """A named horizontal zone from `lowest` upwards to the next band."""

    label: str
    lowest: float
    marked: bool = False


@dataclass(frozen=True)
class Quadrants:
    """Where the axes split, and their names as (x, y): low low, high low, low high, high high."""

    x: float
    y: float
    names: tuple[str, str, str, str] = field(default=("", "", "", ""))


# -- theme ---------------------------------------------------------------------------------------


@cache
def _theme() -> dict[str, Any]:
    return json.loads(THEME_FILE.read_text(encoding="utf-8"))


@cache
def theme_tokens(mode: str) -> dict[str, str]:
    """The named colours of `light`, `dark` or `print`."""
    return dict(_theme()["tokens"][mode])


@cache
def theme_config(mode: str) -> dict[str, Any]:
    """The Vega-Lite config of `light`, `dark` or `print`."""
    names = {f"@{name}": colour for name, colour in theme_tokens(mode).items()}
    names["@font"] = _theme()["fonts"][mode]

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [resolve(item) for item in value]
        return names[value] if isinstance(value, str) and value.startswith("@") else value

    return resolve(_theme()["config"])


def page_spec(chart: Chart) -> dict[str, Any]:
    """The spec for a page: as wide as the element that holds it, described for assistive technology."""
    return {**chart.spec, "width": "container", "description": chart.alt}


# -- drawing -------------------------------------------------------------------------------------


@cache
def _renderer() -> Any:
    # Imported late: the web processes build specs and never draw.
    import vl_convert

    vl_convert.register_font_directory(str(unpacked_fonts()))
    return vl_convert


def to_svg(chart: Chart, mode: str = "print") -> str:
    """The drawing as one `<svg>` with the chart's words as its title; it loads nothing."""
    svg = _renderer().vegalite_to_svg(
        json.dumps(_drawable(chart.spec)), config=theme_config(mode), allowed_base_urls=[], show_warnings=False
    )
    # One text alternative for the whole drawing: the marks' own labels would be read one by one.
    svg = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", svg)
    # The renderer numbers its clip paths through the process; here they start at one, so that the
    # same chart is the same text every time.
    numbers: dict[str, str] = {}
    svg = re.sub(r"\bclip\d+\b", lambda m: numbers.setdefault(m[0], f"{chart.name}-clip{len(numbers) + 1}"), svg)
    return re.sub(r"(<svg[^>]*>)", lambda m: f"{m[1]}<title>{escape(_drawable(chart.alt))}</title>", svg, count=1)


def _drawable(value: Any) -> Any:
    """The value with every character taken out that XML does not know.

    The renderer measures text by way of XML and aborts the whole process at such a character.
    """
    if isinstance(value, str):
        return NOT_XML.sub("", value)
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    return value


# -- scales --------------------------------------------------------------------------------------


def axis_steps(low: float, high: float, *, wanted: int = 4) -> list[float]:
    """Round axis values around `low` and `high`, zero among them, about `wanted` steps."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = 1.0
    rough = (high - low) / wanted
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 6) for index in range(first, last + 1)]


def _labels(values: Sequence[float], label: Label) -> str:
    """A Vega expression that gives each axis value its ready label."""
    table = {_key(value): _drawable(label(value)) for value in values}
    return f"({json.dumps(table)})[datum.value] || ''"


def _words(labels: Iterable[str]) -> str:
    """A Vega expression that gives each position ("0", "1", …) its label."""
    return f"({json.dumps({str(index): _drawable(label) for index, label in enumerate(labels)})})[datum.value]"


def _key(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _number(name: str, **options: Any) -> dict[str, Any]:
    return {"field": name, "type": "quantitative", **options}


def _scale(values: Sequence[float]) -> dict[str, Any]:
    return {"domain": [values[0], values[-1]], "nice": False, "zero": False}


def _text(style: str, **options: Any) -> dict[str, Any]:
    return {"type": "text", "style": style, **options}


def _spec(width: float, height: float, layers: list[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "padding": 0,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": layers,
        **rest,
    }


# -- builders ------------------------------------------------------------------------------------


def columns_over_time(
    *,
    name: str,
    title: str,
    alt: str,
    columns: Sequence[Column],
    label: Label,
    width: float,
    height: float,
    left: float = 88,
    headings: tuple[str, ...] = (),
    rows: tuple[tuple[str, ...], ...] = (),
    named: bool = False,
) -> Chart:
    """Columns by period, split in part and rest where a part is given, with a dashed line of targets.

    The plot leaves `left` free for the axis, so that a table with a first column of that width lines up. `named`
    writes each column's label below it, where no such table stands there.
    """
    known = [column.value for column in columns if column.value is not None]
    targets = [column.target for column in columns if column.target is not None]
    ticks = axis_steps(min([*known, 0.0]), max([*known, *targets, 0.0]))
    x = {
        "field": "label",
        "type": "ordinal",
        "sort": None,
        "axis": {"labelExpr": _words(column.label for column in columns), "title": None} if named else None,
        "scale": {
            "domain": [str(index) for index in range(len(columns))],
            "paddingInner": 0.42,
            "paddingOuter": 0.21,
        },
    }
    axis = {"values": ticks, "labelExpr": _labels(ticks, label), "title": None}
    y = {"scale": _scale(ticks), "axis": axis, "title": None}
    rest, part, target = [], [], []
    for index, column in enumerate(columns):
        if column.value is not None:
            inner = column.value if column.part is None else min(column.part, column.value)
            rest.append({"label": str(index), "from": inner, "to": column.value})
            part.append({"label": str(index), "from": 0, "to": inner})
        if column.target is not None:
            target.append({"label": str(index), "to": column.target})
    bars = [
        {
            "data": {"values": values},
            "mark": {"type": "bar", "style": style, "cornerRadiusEnd": radius},
            "encoding": {"x": x, "y": _number("from", **y), "y2": {"field": "to"}},
        }
        for values, style, radius in (
            ([row for row in rest if row["from"] != row["to"]], "second", 2.5),
            (part, "main", 2.5),
        )
        if values
    ]
    layers = [
        *bars,
        {
            "data": {"values": [{"to": 0}]},
            "mark": {"type": "rule", "style": "zero-line"},
            "encoding": {"y": _number("to", **y)},
        },
    ]
    if target:
        layers += [
            {
                "data": {"values": target},
                "mark": {"type": mark, "style": style},
                "encoding": {"x": x, "y": _number("to", **y)},
            }
            for mark, style in (("line", "target-line"), ("point", "target-dot"))
        ]
    spec = _spec(
        width - left,
        height,
        layers,
        autosize={"type": "none"},
        padding={"left": left, "right": 0, "top": 7, "bottom": 26 if named else 6},
    )
    return Chart(name, title, alt, spec, headings, rows)


def bars(
    *,
    name: str,
    title: str,
    alt: str,
    rows: Sequence[Bar],
    width: float,
    label_width: float = 92,
    text_widths: Sequence[float] = (),
    row_height: float = 31,
    thickness: float = 16,
    longest: float | None = None,
    headings: tuple[str, ...] = (),
) -> Chart:
    """Horizontal bars, one a row, with a second shorter bar inside each and columns of text at the end.

    `text_widths` are the widths of the text columns; the first is printed strong, the second in the
    main colour where the bars have an inner part, the others quiet. `longest` fixes the full length.
    """
    most = longest or max([bar.value for bar in rows] + [0.0]) or 1.0
    # Said in terms of the drawn width, so that the texts keep their room on a narrow page too.
    domain = {"domain": [0, most], "range": [0, {"expr": f"width - {sum(text_widths)}"}], "nice": False}
    has_inner = any(bar.inner is not None for bar in rows)
    values = []
    for index, bar in enumerate(rows):
        inner = bar.inner if has_inner else bar.value
        values.append(
            {
                "row": str(index),
                "value": max(bar.value, 0.0),
                "inner": max(inner or 0.0, 0.0),
                "attention": bar.attention,
                **{f"t{number}": text for number, text in enumerate(bar.texts)},
            }
        )
    y = {
        "field": "row",
        "type": "nominal",
        "sort": None,
        "title": None,
        "scale": {"paddingInner": 0.2, "paddingOuter": 0.1},
        "axis": {
            "labelPadding": label_width,
            "labelExpr": _words(bar.label for bar in rows),
            "labelLimit": label_width - 10,
        },
    }
    layers: list[dict[str, Any]] = []
    if has_inner:
        layers.append(
            {
                "mark": {"type": "bar", "style": "soft", "height": thickness, "cornerRadius": 2.5},
                "encoding": {"x": _number("value", scale=domain, axis=None)},
            }
        )
    for attention, style in ((False, "main"), (True, "attention")):
        if any(bar.attention is attention for bar in rows):
            layers.append(
                {
                    "transform": [{"filter": {"field": "attention", "equal": attention}}],
                    "mark": {"type": "bar", "style": style, "height": thickness, "cornerRadius": 2.5},
                    "encoding": {"x": _number("inner", scale=domain, axis=None)},
                }
            )
    behind = sum(text_widths)
    for number, room in enumerate(text_widths):
        behind -= room
        style = (
            "label"
            if number == 0
            else "label-main"
            if number == 1 and has_inner and len(text_widths) > 2
            else "label-muted"
        )
        layers.append(
            {
                "mark": _text(style, align="right"),
                "encoding": {
                    "x": {"value": {"expr": f"width - {behind}"}},
                    "text": {"field": f"t{number}"},
                },
            }
        )
    spec = _spec(
        width - label_width,
        max(len(rows), 1) * row_height,
        layers,
        data={"values": values},
        encoding={"y": y},
        autosize={"type": "none"},
        padding={"left": label_width, "right": 0, "top": 0, "bottom": 0},
    )
    table = tuple((bar.label, *bar.texts) for bar in rows)
    return Chart(name, title, alt, spec, headings, table)


def steps(
    *,
    name: str,
    title: str,
    alt: str,
    rows: Sequence[Step],
    width: float,
    height: float,
    headings: tuple[str, ...] = (),
) -> Chart:
    """A waterfall of counts: totals stand on the ground, every other step goes on from the one before."""
    level = 0.0
    values: list[dict[str, Any]] = []
    for index, step in enumerate(rows):
        start, end = (0.0, step.value) if step.is_total else (level, level + step.value)
        level = end
        values.append(
            {
                "at": str(index),
                "from": min(start, end),
                "to": max(start, end),
                "text": step.text,
                "kind": "main" if step.is_total else "attention" if step.attention else "second",
            }
        )
    most = max([row["to"] for row in values] + [1.0])
    x = {
        "field": "at",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "scale": {
            "paddingInner": 0.34,
            "paddingOuter": 0.1,
            "domain": [str(index) for index in range(len(rows))],
        },
        "axis": {"labelExpr": _words(step.label for step in rows), "labelLimit": width / max(len(rows), 1) - 2},
    }
    scale = {"domain": [min([row["from"] for row in values] + [0.0]), most * 1.16], "nice": False}
    y = _number("to", scale=scale, title=None, axis=None)
    layers = [
        {
            "transform": [{"filter": {"field": "kind", "equal": kind}}],
            "mark": {"type": "bar", "style": kind, "cornerRadius": 2.5},
            "encoding": {"y": _number("from", scale=scale, title=None, axis=None), "y2": {"field": "to"}},
        }
        for kind in ("second", "attention", "main")
        if any(row["kind"] == kind for row in values)
    ]
    layers.append(
        {
            "mark": _text("label", baseline="bottom", dy=-5),
            "encoding": {"y": y, "text": {"field": "text"}},
        }
    )
    spec = _spec(width, height, layers, data={"values": values}, encoding={"x": x})
    return Chart(name, title, alt, spec, headings, tuple((step.label, step.text) for step in rows))


def line_over_time(
    *,
    name: str,
    title: str,
    alt: str,
    points: Sequence[tuple[str, float | None]],
    width: float,
    height: float,
    low: float = 0,
    high: float = 100,
    bands: Sequence[Band] = (),
    headings: tuple[str, ...] = (),
) -> Chart:
    """A line by period with named bands behind it; the first and last known values are printed.

    The names stand at the right of the plot, where they can't meet the line.
    `bands` run from the highest to the lowest. A period without data leaves a gap.
    """
    cuts = sorted({low, high, *(band.lowest for band in bands if low < band.lowest < high)})
    x = {
        "field": "at",
        "type": "ordinal",
        "title": None,
        "sort": None,
        "scale": {"type": "point", "padding": 0.35, "domain": [str(index) for index in range(len(points))]},
        "axis": {"labelExpr": _words(label for label, _ in points)},
    }
    scale = {"domain": [low, high], "nice": False, "zero": False}
    y = _number("value", scale=scale, title=None, axis={"values": cuts})
    values = [{"at": str(index), "value": value} for index, (_, value) in enumerate(points)]
    known = [row for row in values if row["value"] is not None]
    margin = 12 + max((text_width(band.label, size=10.5) for band in bands), default=0)
    layers: list[dict[str, Any]] = []
    upper = high
    for band in bands:
        floor = max(band.lowest, low)
        if floor >= upper:
            continue
        if band.marked:
            layers.append(
                {
                    "data": {"values": [{"value": floor, "top": upper}]},
                    "mark": {"type": "rect", "style": "wash"},
                    "encoding": {"y": y, "y2": {"field": "top"}},
                }
            )
        layers.append(
            {
                "data": {"values": [{"value": (upper + floor) / 2, "text": band.label}]},
                "mark": _text("label-muted", align="left", x={"expr": "width + 10"}),
                "encoding": {"y": y, "text": {"field": "text"}},
            }
        )
        upper = floor
    layers.append(
        {
            "data": {"values": values},
            "mark": {"type": "line", "style": "main-line", "invalid": "break-paths-show-path-domains"},
            "encoding": {"x": x, "y": y},
        }
    )
    ends = known[:1] + known[-1:] if len(known) > 1 else known
    layers += [
        {
            "data": {"values": ends},
            "mark": {"type": "point", "style": "main-dot", "size": 110, "filled": True},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": ends},
            "mark": _text("label-big", dy=-16),
            "encoding": {"x": x, "y": y, "text": {"field": "value"}},
        },
    ]
    rows = tuple((label, "" if value is None else f"{value:g}") for label, value in points)
    spec = _spec(
        width - LINE_LEFT - margin,
        height,
        layers,
        autosize={"type": "none"},
        padding={"left": LINE_LEFT, "right": margin, "top": 8, "bottom": 22},
    )
    return Chart(name, title, alt, spec, headings, rows)


def matrix(
    *,
    name: str,
    title: str,
    alt: str,
    own: Dot,
    before: Dot | None,
    others: Sequence[Dot],
    quadrants: Quadrants,
    x_title: str,
    y_title: str,
    x_label: Label,
    width: float,
    height: float,
    y_values: Sequence[int] = (1, 2, 3, 4, 5),
    headings: tuple[str, ...] = (),
    rows: tuple[tuple[str, ...], ...] = (),
) -> Chart:
    """Value against revenue in four quadrants: oneself now and before, and the others.

    Others with a name are labelled where there is room, the first ones first. Scores on the upright axis
    are whole, so dots of one score are spread within its row to be seen. The revenue axis is a square
    root where one partner is far bigger than the rest.
    """
    dots = [own, *([before] if before else []), *others]
    most = max([dot.x for dot in dots] + [quadrants.x * 1.6])
    middle = sorted(dot.x for dot in dots)[len(dots) // 2]
    curved = most > 6 * max(middle, quadrants.x)
    ticks = axis_steps(0, most)
    top = max(ticks[-1], most * 1.02)
    scale_x: dict[str, Any] = {"domain": [0, top], "nice": False}
    if curved:
        scale_x.update(type="pow", exponent=0.5)
        ticks = [0.0, *(float(f"{top * share:.1g}") for share in (1 / 16, 1 / 4, 9 / 16)), top]
    low, high = min(y_values) - 0.5, max(y_values) + 0.5
    scale_y = {"domain": [low, high], "nice": False, "zero": False}
    axis_x = {"grid": False, "values": ticks, "labelExpr": _labels(ticks, x_label), "title": x_title}
    axis_y = {"grid": False, "values": list(y_values), "title": y_title}
    x, y = _number("x", scale=scale_x, axis=axis_x), _number("y", scale=scale_y, axis=axis_y)
    x2, y2 = {"field": "x2"}, {"field": "y2"}
    split = quadrants.y - 0.5
    fields = [
        (0.0, quadrants.x, low, split, quadrants.names[0]),
        (quadrants.x, top, low, split, quadrants.names[1]),
        (0.0, quadrants.x, split, high, quadrants.names[2]),
        (quadrants.x, top, split, high, quadrants.names[3]),
    ]
    home = next(
        index
        for index, (x0, x1, y0, y1, _) in enumerate(fields)
        if (index % 2 == (own.x >= quadrants.x)) and (index // 2 == (own.y >= quadrants.y))
    )
    boxes = [
        {"x": x0, "x2": x1, "y": y0, "y2": y1, "label": label, "home": index == home}
        for index, (x0, x1, y0, y1, label) in enumerate(fields)
    ]
    layers: list[dict[str, Any]] = []
    for at_home, ground, words in ((False, "plain", "quadrant"), (True, "wash", "quadrant-own")):
        data = {"values": [box for box in boxes if box["home"] is at_home]}
        layers.append(
            {
                "data": data,
                "mark": {"type": "rect", "style": ground, "cornerRadius": 5},
                "encoding": {"x": x, "x2": x2, "y": y, "y2": y2},
            }
        )
        layers.append(
            {
                "data": data,
                "mark": _text(words, align="left", baseline="top", dx=11, dy=10),
                "encoding": {"x": x, "y": {**y, "field": "y2"}, "text": {"field": "label"}},
            }
        )
    layers.append(
        {
            "data": {"values": _spread(others)},
            "mark": {"type": "point", "style": "peer", "size": 74, "filled": True},
            "encoding": {"x": x, "y": y},
        }
    )

    def place(row: dict[str, Any]) -> tuple[float, float]:
        share = row["x"] / top
        return (share**0.5 if curved else share) * (width - 40), (high - row["y"]) / (high - low) * (height - 44)

    taken = [(0.0, 0.0, 110.0, 30.0)]
    for dot, above, below, reach in ((own, 42, 12, 190), *([(before, 8, 26, 60)] if before else [])):
        px, py = place({"x": dot.x, "y": dot.y})
        taken.append((px - reach, py - above, px + reach, py + below))
    rank = {dot.name: index for index, dot in enumerate(others) if dot.name}
    named = []
    for row in sorted((row for row in _spread(others) if row["name"]), key=lambda row: rank[row["name"]]):
        px, py = place(row)
        area = (px - 4, py - 7, px + 12 + text_width(row["name"], size=9.5), py + 7)
        if area[2] <= width - 40 and not any(_overlap(area, other) for other in taken):
            taken.append(area)
            named.append(row)
    if named:
        layers.append(
            {
                "data": {"values": named},
                "mark": _text("label-small", align="left", dx=7, dy=0, limit=120),
                "encoding": {"x": x, "y": y, "text": {"field": "name"}},
            }
        )
    if before and (before.x, before.y) != (own.x, own.y):
        path = {"x": before.x, "y": before.y, "x2": own.x, "y2": own.y}
        layers += [
            {
                "data": {"values": [path]},
                "mark": {"type": "rule", "style": "trace"},
                "encoding": {"x": x, "y": y, "x2": x2, "y2": y2},
            },
            {
                "data": {"values": [{"x": before.x, "y": before.y}]},
                "mark": {"type": "point", "style": "before-dot", "size": 90, "filled": True},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": [{"x": before.x, "y": before.y, "name": before.name}]},
                "mark": _text("label-muted", dy=17),
                "encoding": {"x": x, "y": y, "text": {"field": "name"}},
            },
        ]
    # The own label stands above its dot, where the line from the year before does not cross it.
    right = own.x <= top * (0.55 if not curved else 0.35)
    beside = {"align": "left" if right else "right", "dx": -9 if right else 9}
    at = {"values": [{"x": own.x, "y": own.y, "name": own.name, "note": own.note}]}
    layers += [
        {
            "data": at,
            "mark": {"type": "point", "style": "main-dot", "size": 260, "filled": True},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": at,
            "mark": _text("label-big", dy=-31, limit=220, **beside),
            "encoding": {"x": x, "y": y, "text": {"field": "name"}},
        },
        {
            "data": at,
            "mark": _text("label-muted", dy=-17, **beside),
            "encoding": {"x": x, "y": y, "text": {"field": "note"}},
        },
    ]
    return Chart(name, title, alt, _spec(width, height, layers), headings, rows)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two rectangles (left, top, right, bottom) share any room."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _spread(dots: Sequence[Dot]) -> list[dict[str, Any]]:
    """Dots of one row at five heights in turn, by revenue, so that near ones don't cover each other."""
    offsets = (0.0, 0.2, -0.2, 0.34, -0.34)
    placed: list[dict[str, Any]] = []
    for row in sorted({dot.y for dot in dots}):
        inside = sorted((dot for dot in dots if dot.y == row), key=lambda dot: (dot.x, dot.name))
        for index, dot in enumerate(inside):
            placed.append({"x": dot.x, "y": dot.y + offsets[index % 5], "name": dot.name})
    return placed
