"""Components: what they say, that they escape, that pages need no inline script or style, that colours are legible."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from prm.core import accent, charts
from prm.core.explain import Line
from prm.core.money import Money
from prm.core.templatetags import prm as tags
from prm.core.wording import Words, in_words, say

AT = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
ROOT = Path(settings.BASE_DIR)
TEMPLATES = [*ROOT.glob("templates/**/*.html")]
# Mail and print carry their style inside, because the places that show them load nothing.
PAGES = [path for path in TEMPLATES if not {"mail", "pdf"} & set(path.relative_to(ROOT / "templates").parts[:1])]
NBSP, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def render(source: str, **values: object) -> str:
    request = RequestFactory().get("/here/?sort=name&q=a+b")
    request.at, request.organization = AT, SimpleNamespace(code="ORG-1")
    return Template("{% load prm %}" + source).render(Context({"request": request, **values}))


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace(NBSP, " ").replace(THIN, " ").split())


# --- figures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("84000"), "USD", "84,000 USD"),
        (Decimal("84000.00"), "USD", "84,000 USD"),
        (Decimal("12.5"), "EUR", "12.50 EUR"),
        (Decimal("0.125"), "EUR", "0.13 EUR"),
        (Decimal("-12.5"), "EUR", "−12.50 EUR"),
        (Decimal("-0.001"), "EUR", "0.00 EUR"),
        (Decimal("1500"), "JPY", "1,500 JPY"),
        (Decimal("1.2345"), "KWD", "1.235 KWD"),
        (0, "USD", "0 USD"),
        (None, "USD", ""),
        (Money(Decimal("7.10"), "CHF"), "", "7.10 CHF"),
    ],
)
def test_money_names_its_currency_and_shows_cents_only_when_there_are_some(
    amount: object, currency: str, shown: str
) -> None:
    assert text(render("{{ a|money:c }}", a=amount, c=currency)) == shown


def test_statements_show_all_decimals() -> None:
    assert text(render("{{ a|money_exact:'EUR' }}", a=Decimal(84000))) == "84,000.00 EUR"
    assert text(render("{{ a|money_exact:'JPY' }}", a=Decimal(84000))) == "84,000 JPY"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("2413870.5", "2.41 M USD"), ("24138705", "24.1 M USD"), ("999600", "1.00 M USD"), ("999400", "999,400 USD"),
     ("-2413870.5", "−2.41 M USD"), ("3500000000", "3.50 bn USD"), ("61240.4", "61,240 USD")],
)  # fmt: skip
def test_tiles_shorten_money(amount: str, shown: str) -> None:
    assert text(render("{{ a|money_short:'USD' }}", a=Decimal(amount))) == shown


def test_figures_follow_the_language() -> None:
    with translation.override("de"):
        assert text(render("{{ a|money:'EUR' }}", a=Decimal("1234.5"))) == "1.234,50 EUR"


@pytest.mark.parametrize(
    ("source", "words", "tone"),
    [
        ('{% delta 18 "%" %}', "+18 %", "good"),
        ("{% delta -6 %}", "−6", "bad"),
        ('{% delta 4 good="down" %}', "+4", "bad"),
        ('{% delta -4 good="down" text="in 90 days" %}', "−4 in 90 days", "good"),
        ('{% delta 4 good="none" %}', "+4", "flat"),
        ("{% delta 0 %}", "0", "flat"),
    ],
)
def test_a_change_has_a_sign_and_a_meaning(source: str, words: str, tone: str) -> None:
    html = render(source)
    assert text(html) == words
    assert f'class="delta {tone}"' in html


# --- moments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=42), "in 42 min"),
        (timedelta(hours=-5, minutes=-12), "5 h 12 min ago"),
        (timedelta(hours=30), "in 1 d 6 h"),
        (timedelta(days=9), "in 9 days"),
        (timedelta(days=-40), "6 weeks ago"),
        (timedelta(days=200), "in 7 months"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_a_moment_says_how_far_away_it_is(away: timedelta, words: str) -> None:
    assert text(render("{% moment at %}", at=AT + away)).endswith(words)


def test_a_moment_is_told_in_the_readers_time_zone() -> None:
    with timezone.override("America/Los_Angeles"):
        html = render("{% moment at relative=False %}", at=datetime(2026, 6, 15, 5, 30, tzinfo=UTC))
    assert text(html) == "yesterday 22:30"
    assert 'datetime="2026-06-14T22:30-07:00"' in html
    assert "PDT" in html


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 6, 15), "15 Jun today"),
        (date(2026, 6, 16), "16 Jun tomorrow"),
        (date(2026, 6, 27), "27 Jun in 12 days"),
        (date(2027, 3, 14), "14 Mar 2027 in 9 months"),
    ],
)
def test_a_day_says_how_far_away_it_is(day: date, words: str) -> None:
    assert text(render("{% day d %}", d=day)) == words


# --- clock -------------------------------------------------------------------------------------------


def item(left: timedelta, **more: object) -> dict[str, object]:
    return {"opened_at": AT - timedelta(hours=12), "due_at": AT + left, "due_soon_at": AT + timedelta(hours=2), **more}


@pytest.mark.parametrize(
    ("values", "words", "state"),
    [
        (item(timedelta(hours=9, minutes=25)), "9:25 left", "running"),
        (item(timedelta(hours=44)), "1 d 20 h left", "running"),
        (item(timedelta(hours=3), due_soon_at=AT), "3:00 left", "soon"),
        (item(timedelta(minutes=42), due_soon_at=AT), "0:42 left", "hot"),
        (item(timedelta(0)), "overdue by 0 min", "late"),
        (item(-timedelta(hours=2, minutes=5)), "overdue by 2 h 5 min", "late"),
        (item(timedelta(hours=1), closed_at=AT), "closed", "done"),
        ({"opened_at": AT}, "no deadline", "none"),
        ({"paused_at": AT, "seconds_left": 11400}, "paused, waiting for Northwind, 3:10 left", "paused"),
    ],
)
def test_a_clock_says_its_state_in_words(values: dict[str, object], words: str, state: str) -> None:
    html = render('{% clock item waiting_for="Northwind" %}', item=values)
    assert text(html) == words
    assert f'class="clock {state}"' in html


def test_the_ring_holds_the_share_that_is_left() -> None:
    html = render("{% clock item %}", item=item(timedelta(hours=12)))
    assert 'stroke-dasharray="22.0 44.0"' in html


@pytest.mark.parametrize(
    ("values", "edge"),
    [
        (item(timedelta(hours=9)), ""),
        (item(timedelta(hours=3), due_soon_at=AT), "warm"),
        (item(timedelta(minutes=59)), "hot"),
        (item(-timedelta(hours=1)), "hot"),
        (item(timedelta(minutes=1), paused_at=AT), ""),
    ],
)
def test_a_row_shows_its_urgency(values: dict[str, object], edge: str) -> None:
    assert tags.urgency(SimpleNamespace(**values), AT) == edge


# --- words, links, forms -------------------------------------------------------------------------------


def test_what_people_typed_is_escaped_everywhere() -> None:
    bad = '"><script>alert(1)</script>'
    html = render(
        "{% badge bad %}{% state bad %}{% avatar bad %}{% who bad bad bad %}{% note bad title=bad %}"
        "{% stat bad bad note=bad %}"
        "{% empty_state bad bad href=bad action=bad %}{% card_head bad sub=bad href=bad link=bad %}{% why bad bad %}"
        "{% progress 1 2 bad %}{% measure bad 1 2 note=bad %}{% spark values bad %}{% icon bad label=bad %}"
        "{% unlock bad bad tier=bad href=bad needs=values %}{% delta 1 bad text=bad %}{% clock item waiting_for=bad %}",
        bad=bad,
        values=[1, 2],
        item={"paused_at": AT},
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_link_keeps_the_other_parameters() -> None:
    assert render('{% query sort="-name" %}') == "?sort=-name&amp;q=a+b"
    assert render("{% query sort=None q='' %}") == "?"


def test_every_form_says_for_which_company_it_acts() -> None:
    html = render("{% post_fields 3 %}")
    assert 'name="csrfmiddlewaretoken"' in html
    assert '<input type="hidden" name="acting_as" value="ORG-1">' in html
    assert '<input type="hidden" name="version" value="3">' in html


class DealForm(forms.Form):
    website = forms.CharField(help_text="The domain is enough.")
    amount = forms.DecimalField(widget=forms.TextInput)
    currency = forms.ChoiceField(choices=[("USD", "USD"), ("EUR", "EUR")])
    source = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    proof = forms.FileField(required=False)
    agreed = forms.BooleanField()


class Elements(HTMLParser):
    """All start tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def ids(self) -> set[str]:
        return {attrs["id"] for _tag, attrs in self.found if "id" in attrs}


def test_errors_stand_at_the_field_and_are_linked_to_it() -> None:
    form = DealForm({"website": "", "amount": "12,5", "currency": "USD"})
    html = render("{% form_errors form %}{% fields form %}", form=form)
    elements = Elements(html)
    controls = {attrs["name"]: attrs for tag, attrs in elements.found if tag in ("input", "select") and "name" in attrs}
    for name in ("website", "amount"):
        described = controls[name]["aria-describedby"].split()
        assert f"id_{name}_error" in described
        assert controls[name]["aria-invalid"] == "true"
        assert set(described) <= elements.ids()
    assert "id_website_helptext" in controls["website"]["aria-describedby"]
    assert controls["amount"]["inputmode"] == "decimal"
    assert controls["amount"]["value"] == "12,5"  # what was typed is never lost
    links = [attrs["href"][1:] for tag, attrs in elements.found if tag == "a"]
    assert links == ["id_website", "id_amount", "id_source", "id_agreed"]
    assert set(links) <= elements.ids()


def test_a_group_of_boxes_can_be_reached_from_the_summary() -> None:
    """The frame around the boxes takes the focus, because none of them is the field."""
    html = render("{% form_errors form %}{% field form.source %}", form=DealForm({"website": "a"}))
    frame = next(attrs for tag, attrs in Elements(html).found if tag == "fieldset")
    assert (frame["id"], frame["tabindex"]) == ("id_source", "-1")
    assert '<a href="#id_source">Source: This field is required.</a>' in html


def test_every_control_has_a_label() -> None:
    elements = Elements(render("{% fields form %}", form=DealForm()))
    labels = {attrs.get("for") for tag, attrs in elements.found if tag == "label"}
    for tag, attrs in elements.found:
        if tag in ("input", "select", "textarea") and attrs.get("type") != "hidden":
            assert attrs["id"] in labels, attrs
    assert ("fieldset" in [tag for tag, _attrs in elements.found]) is True


def test_an_amount_stands_beside_its_currency() -> None:
    form = DealForm()
    assert "USD</span>" in render('{% field form.amount currency="USD" %}', form=form)
    html = render("{% field form.amount currency=form.currency %}", form=form)
    assert '<select name="currency"' in html
    assert 'aria-label="Currency"' in html


def test_a_hint_given_by_the_template_is_linked_too() -> None:
    html = render('{% field form.amount hint="Without tax" %}', form=DealForm())
    assert 'aria-describedby="id_amount_helptext"' in html
    assert 'id="id_amount_helptext"' in html


# --- why -----------------------------------------------------------------------------------------------


def test_lines_are_put_into_words() -> None:
    say("test.growth", Words("Growth on %(since)s", "%(percent)s %%", note="%(before)s before", group="Inputs"))
    lines = [
        Line("test.growth", {"since": "2026-03-31", "percent": "35.50", "before": Decimal("105200")}),
        Line("test.never_worded", {"points": 30, "of": None}),
    ]
    growth, other = in_words(lines)
    assert (growth.label, growth.value, growth.note) == ("Growth on 31 Mar 2026", "35.5 %", "105,200 before")
    assert (other.label, other.value) == ("Never worded", "30, –")
    html = render('{% include "components/why.html" with title="35" lines=lines terms="T" as_of=day %}',
                  lines=[growth, other], day=AT.date())  # fmt: skip
    assert 'id="why"' in html
    assert "105,200 before" in html


# --- chart -----------------------------------------------------------------------------------------------


def test_a_chart_is_also_a_table_and_its_data_can_not_break_out() -> None:
    trend = charts.line_over_time(
        name="trend", title="Health", alt="From 1 to 2", points=[("</script><b>", 1), ("Feb", 2)],
        width=300, height=100, headings=("Month", "Score"),
    )  # fmt: skip
    html = render("{% chart trend %}", trend=trend)
    assert "</script><b>" not in html
    block = re.search(r'<script id="chart-trend" type="application/json">(.*?)</script>', html, re.S)
    assert block is not None
    spec = json.loads(block[1])
    assert spec["width"] == "container"
    assert next(text(row) for row in re.findall(r"<tr>.*?</tr>", html, re.S)) == "Month Score"
    reserved = re.search(r'class="chart-space" width="100%" height="(\d+)"', html)
    assert reserved is not None
    assert int(reserved[1]) >= 100  # the place is kept while the drawing loads


# --- all templates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_template_compiles(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))


INLINE = re.compile(
    r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|hx-on|hx-vals=.js:|hx-vars"
    r"|<script(?![^>]*\b(?:src=|type=.application/json))"
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_page_needs_inline_script_or_style(path: Path) -> None:
    assert not INLINE.findall(path.read_text())


@pytest.mark.parametrize(
    "bad", ['<p style="x">', "<style>", "<a onclick='x'>", "<script>x</script>", '<b hx-on:click="x">']
)
def test_the_search_for_inline_code_finds_it(bad: str) -> None:
    assert INLINE.findall(bad)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    sprite = (ROOT / "static/vendor/tabler-icons/sprite.svg").read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {
        name
        for path in TEMPLATES
        for name in re.findall(r"{% icon \"([^\"]+)\"", path.read_text())
        + re.findall(r"icon_name(?:\|default:|=)\"([^\"]+)\"", path.read_text())
    }
    assert used
    assert used <= known, used - known


def test_every_class_in_a_script_or_page_of_the_shell_is_styled_somewhere() -> None:
    """The pieces of the frame: a renamed class would leave the page bare without any error."""
    styles = "".join(path.read_text() for path in (ROOT / "static/prm/css").glob("*.css"))
    for name in ("shell", "side", "side-link", "top", "page-head", "crumbs", "head-actions", "plain", "entrance",
                 "pill", "clock", "stack", "cell-title", "cell-side", "toast-item", "dialog", "drawing"):  # fmt: skip
        assert re.search(rf"\.{name}\b", styles), name


# --- colours ---------------------------------------------------------------------------------------------


def token(name: str) -> tuple[str, str]:
    """The light and the dark value of a token in the style sheet."""
    found = re.search(
        rf"--prm-{name}:light-dark\((#[0-9a-f]{{3,6}}),(#[0-9a-f]{{3,6}})\)",
        (ROOT / "static/prm/css/tokens.css").read_text(),
    )
    assert found is not None, name
    light, dark = (value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for value in found.groups())
    return light, dark


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_is_legible_on_every_ground(mode: int) -> None:
    for ink in ("ink", "ink-2", "muted", "accent", "red", "green", "amber"):
        for ground in ("bg", "surface", "raised", "sunken", "hover"):
            ratio = accent.contrast(token(ink)[mode], token(ground)[mode])
            assert ratio >= 4.5, (ink, ground, round(ratio, 2))
    for tone in ("green", "amber", "orange", "red", "lime", "purple", "grey"):
        ratio = accent.contrast(token(tone)[mode], token(f"{tone}-soft")[mode])
        assert ratio >= 4.5, (tone, round(ratio, 2))


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_controls_and_marks_stand_out(mode: int) -> None:
    for mark in ("control-line", "mark-green", "mark-red", "mark-orange"):
        assert accent.contrast(token(mark)[mode], token("surface")[mode]) >= 3, mark


@pytest.mark.parametrize(
    "colour", ["#2456e6", "#ffd400", "#111111", "#ffffff", "#e30613", "#00a651", "#7f7f7f", "#8a2be2"]
)
def test_any_brand_colour_becomes_legible(colour: str) -> None:
    light, dark = accent.accent_for(colour)
    for mode, grounds in ((light, ("#ffffff", "#f6f7f9")), (dark, ("#161d29", "#1c2432"))):
        assert accent.contrast(mode.on_fill, mode.fill) >= 4.5
        for ground in grounds:
            assert accent.contrast(mode.text, ground) >= 4.5
    assert "--prm-accent-fill:light-dark(" in accent.brand_css(colour)


@pytest.mark.parametrize(("colour", "ink"), [("#2456e6", "#ffffff"), ("#ffd400", "#10151f")])
def test_the_button_of_a_mail_can_be_read_in_any_brand(colour: str, ink: str) -> None:
    html = render('{% include "mail/button.html" with href="/x" text="Open" %}', vendor=SimpleNamespace(accent=colour))
    assert f"background:{colour}" in html
    assert f"color:{ink}" in html


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345", "#12345g", "url(x)", "#123456;}body{"])
def test_a_brand_colour_can_not_bring_other_css(colour: str) -> None:
    with pytest.raises(ValueError, match="not a colour"):
        accent.brand_css(colour)


# --- pages -----------------------------------------------------------------------------------------------


def test_the_gallery_shows_every_component_under_the_policy(world: object, sign_in: object) -> None:
    client: Client = sign_in(world.ada)  # type: ignore[operator, attr-defined]
    response = client.get("/manage/core/gallery/")
    assert response.status_code == 200
    html = response.content.decode()
    elements = Elements(html)
    names = [attrs["id"] for _tag, attrs in elements.found if "id" in attrs]
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}
    assert [tag for tag, _attrs in elements.found].count("h1") == 1
    assert [tag for tag, _attrs in elements.found].count("main") == 1
    assert not INLINE.findall(re.sub(r"<code.*?</code>", "", html, flags=re.S))
    policy = response.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy
    # every piece has its sample; layout parts stand around them
    frame = {"side", "top", "brand", "bell", "search", "person_menu", "account_nav", "theme_switch", "toasts", "toast",
             "dialogs", "list_tools", "filter_field", "fields"}  # fmt: skip
    shown = (ROOT / "templates/manage/core/gallery.html").read_text()
    for path in (ROOT / "templates/components").glob("*.html"):
        if path.stem not in frame and not path.stem.startswith("search_"):
            assert re.search(rf"{path.stem}(\.html| )", shown), path.stem


@pytest.mark.parametrize(("own", "offset"), [("Asia/Tokyo", "+09:00"), ("", "+02:00"), ("Nowhere/City", "+00:00")])
def test_pages_tell_moments_in_the_readers_time_zone(world: object, sign_in: object, own: str, offset: str) -> None:
    person = world.ada  # type: ignore[attr-defined]
    person.organization.time_zone = "Africa/Johannesburg"  # no summer time
    person.organization.save(update_fields=["time_zone"])
    person.user.time_zone = own
    person.user.save(update_fields=["time_zone"])
    html = sign_in(person).get("/manage/core/gallery/").content.decode()  # type: ignore[operator]
    moments = re.findall(r'<time datetime="[^"]*T[^"]*"', html)
    assert moments
    assert all(offset in each for each in moments)


def test_sign_in_offers_all_ways_and_no_sign_up(db: None) -> None:
    html = Client().get("/accounts/login/").content.decode()
    assert 'id="passkey_login"' in html
    assert "/accounts/login/code/" in html
    assert "signup" not in html
    assert Elements(html).found


def test_a_missing_page_wears_the_frame(db: None) -> None:
    response = Client().get("/nothing-like-this/")
    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()
