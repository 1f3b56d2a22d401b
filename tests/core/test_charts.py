"""Charts: one spec for page and print, colours in the theme only, words for those who can't see them."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm.core import charts
from prm.core.charts import Band, Bar, Chart, Column, Dot, Quadrants, Step
from prm.core.fonts import balanced_lines, text_width

# The characters at the end are none of XML's: they once took the whole process down.
RUDE = '</text><script>alert(1)</script><image href="http://127.0.0.1/x"/>\x00\x1b\ud800\ufffe\u2028\\"'


def money(value: float) -> str:
    return f"${value:,.0f}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - a drawing of our own


def samples(name: str = "Plain") -> list[Chart]:
    return [
        charts.columns_over_time(
            name="columns",
            title="Revenue",
            alt=f"Revenue {name}",
            columns=[
                Column("Q1", 10, 4, 12),
                Column("Q2", None, None, 12),
                Column("Q3", -5, None, 12),
                Column(name, 0),
            ],
            label=money,
            width=600,
            height=170,
        ),
        charts.bars(
            name="bars",
            title="Stages",
            alt=f"Stages {name}",
            rows=[Bar(name, 10, 4, ("$10", "$4", "2 deals")), Bar("Second", 0, 0, ("$0", "$0", "1 deal"))],
            width=500,
            text_widths=(60, 60, 60),
        ),
        charts.steps(
            name="steps",
            title="Flow",
            alt=f"Flow {name}",
            rows=[Step(name, 5, "5", is_total=True), Step("Won", -2, "2"), Step("End", 3, "3", is_total=True)],
            width=400,
            height=170,
        ),
        charts.line_over_time(
            name="line",
            title="Trend",
            alt=f"Trend {name}",
            points=[("Sep", 55), ("Oct", None), ("Nov", 61)],
            bands=[Band(name, 60, marked=True), Band("Lower", 0)],
            width=500,
            height=200,
        ),
        charts.matrix(
            name="matrix",
            title="Matrix",
            alt=f"Matrix {name}",
            own=Dot(120, 4, name, "note"),
            before=Dot(80, 3, "Q3"),
            others=[Dot(90, 2, name), Dot(4000, 5, "Far"), Dot(0, 1)],
            quadrants=Quadrants(100, 4, ("a", "b", "c", "d")),
            x_title="Revenue",
            y_title="Value",
            x_label=money,
            width=590,
            height=480,
        ),
    ]


@pytest.mark.parametrize("chart", samples(), ids=lambda chart: chart.name)
def test_a_spec_is_plain_json_without_colours_and_without_addresses(chart: Chart) -> None:
    text = json.dumps({**chart.spec, "$schema": ""})
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    assert "url" not in text
    assert "://" not in text


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_every_style_that_a_spec_names_is_in_the_theme(mode: str) -> None:
    config = charts.theme_config(mode)
    named = set(re.findall(r'"style": "([a-z-]+)"', json.dumps([chart.spec for chart in samples()])))
    assert len(named) > 10
    assert named <= set(config["style"])
    assert "@" not in json.dumps(config)


def test_the_three_modes_name_the_same_colours() -> None:
    light, dark, printed = (set(charts.theme_tokens(mode)) for mode in ("light", "dark", "print"))
    assert light == dark == printed


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
@pytest.mark.parametrize("ink", ["ink", "text", "muted", "attention-ink", "main"])
def test_text_can_be_read_on_its_ground(mode: str, ink: str) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    tokens = charts.theme_tokens(mode)
    high, low = sorted((light(tokens[ink]), light(tokens["paper"])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("index", range(5))
def test_a_drawing_is_well_formed_says_its_figures_and_is_the_same_each_time(index: int) -> None:
    chart = samples()[index]
    svg = charts.to_svg(chart)
    root = parsed(svg)
    assert root[0].tag.endswith("title")
    assert root[0].text == chart.alt
    assert svg == charts.to_svg(chart)
    assert "#4c78a8" not in svg, "a mark without a style falls back to the library's own blue"


@pytest.mark.parametrize("index", range(5))
def test_rude_text_stays_text(index: int) -> None:
    plain, rude = (charts.to_svg(samples(name)[index]) for name in ("Plain", RUDE))
    kinds = [{node.tag for node in parsed(svg).iter()} for svg in (plain, rude)]
    assert kinds[1] <= kinds[0]
    assert "<script" not in rude


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_page_gets_the_same_spec_as_wide_as_its_place(mode: str) -> None:
    chart = samples()[0]
    spec = charts.page_spec(chart)
    assert spec["width"] == "container"
    assert spec["description"] == chart.alt
    assert spec["layer"] == chart.spec["layer"]


def test_without_figures_a_chart_is_still_drawn() -> None:
    empty = charts.columns_over_time(
        name="none", title="", alt="nothing", columns=[], label=money, width=400, height=100
    )
    assert "<svg" in charts.to_svg(empty)
    assert "<svg" in charts.to_svg(charts.bars(name="none", title="", alt="nothing", rows=[], width=300))


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_axis_steps_hold_all_values_and_zero_in_a_few_round_steps(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if max(abs(low), abs(high)) < 1e-3:
        return
    steps = charts.axis_steps(low, high)
    hair = max(high - low, abs(low), abs(high)) * 1e-6
    assert steps[0] <= min(low, 0) + hair
    assert steps[-1] >= max(high, 0) - hair
    assert 0 in steps
    assert 2 <= len(steps) <= 12


@given(st.text(alphabet="abc Wi;,.м", max_size=300), st.floats(80, 1000))
def test_a_balanced_headline_keeps_its_words_and_its_width(text: str, width: float) -> None:
    lines = balanced_lines(text, width=width, size=23)
    assert " ".join(lines).split() == text.split()
    for line in lines:
        assert text_width(line, size=23, weight=600) <= width or " " not in line


def test_a_headline_breaks_between_its_clauses_in_lines_of_like_length() -> None:
    text = "38 open deals are worth $692k; 5 of them, worth $128k, have not moved for 60 days or more."
    assert balanced_lines(text, width=980, size=23)[0].endswith(";")
    assert balanced_lines("Short.", width=980, size=23) == ["Short."]
