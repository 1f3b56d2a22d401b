"""Every topic has its text and its HTML, both say where it leads, and neither leads elsewhere."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import translation

from prm.core.topics import TOPICS

MAIL = Path(settings.BASE_DIR) / "templates" / "mail"
AT = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
# Topics whose mail has no template of its own: allauth words them.
WORDED_ELSEWHERE = {"core.account"}
EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


def topics() -> list[str]:
    return sorted(set(TOPICS) - WORDED_ELSEWHERE)


@pytest.mark.parametrize("topic", topics())
@pytest.mark.parametrize("ending", ["txt", "html"])
def test_every_topic_has_both_templates(topic: str, ending: str) -> None:
    try:
        get_template(f"mail/{topic.replace('.', '/', 1)}.{ending}")
    except TemplateDoesNotExist:
        pytest.fail(f"templates/mail/{topic.replace('.', '/', 1)}.{ending} is missing")


@pytest.mark.parametrize("topic", topics())
def test_text_and_html_are_rendered_in_each_language(topic: str) -> None:
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for ending in ("txt", "html"):
                words = render(topic, ending)
                assert words.strip()
                assert "{{" not in words
                assert "{%" not in words


class Typed(str):
    """What a person typed, wherever a template looks: any attribute of it is typed as well."""

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name in {"resolve_expression", "as_sql"}:
            raise AttributeError(name)
        return fitting(name)

    def __iter__(self) -> Iterator[tuple["Typed", "Typed"]]:
        """A list of pairs, such as fields before and after."""
        return iter([(Typed(EVIL), Typed(EVIL))])


def fitting(name: str) -> object:
    """A value of the kind that a name promises; text by default."""
    if name.endswith("_at"):
        return AT
    if name.endswith(("_on", "_until", "_from", "_start", "_end")):
        return AT.date()
    if name.endswith("amount"):
        return Decimal("84000.00")
    if name.endswith("currency"):
        return "USD"
    return Typed(EVIL)


def sources(name: str) -> str:
    """The text of a template with all it extends and includes."""
    text = get_template(name).template.source
    inner = re.findall(r"{%\s*(?:extends|include)\s+[\"']([^\"']+)", text)
    return text + "".join(sources(each) for each in inner)


def render(topic: str, ending: str) -> str:
    """The mail with something typed in every place its templates name."""
    name = f"mail/{topic.replace('.', '/', 1)}.{ending}"
    text = sources(name)
    counted = set(re.findall(r"count\s+\w+\s*=\s*(\w+)", text))
    numbers = counted | set(re.findall(r"\b(\w+)\|(?:floatformat|number|percent)", text))
    names = set(re.findall(r"[A-Za-z_]\w*", " ".join(re.findall(r"{[{%](.*?)[%}]}", text, re.DOTALL))))
    values: dict[str, object] = {each: fitting(each) for each in names}
    values |= dict.fromkeys(numbers, 2)
    values |= {
        "subject": "Subject",
        "url": f"{settings.SITE_URL}/here/",
        "site_url": settings.SITE_URL,
        "preferences_url": f"{settings.SITE_URL}/me/preferences/",
        "vendor": {"name": EVIL, "accent": "#2456e6"},
        "links": {},
    }
    return get_template(name).render(values)


@pytest.mark.parametrize("topic", topics())
def test_what_people_typed_stays_text(topic: str) -> None:
    page = BeautifulSoup(render(topic, "html"), "html5lib")
    assert page.find_all(["script", "img", "iframe", "object", "form", "link"]) == []
    assert not [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]


@pytest.mark.parametrize("topic", topics())
def test_links_lead_to_this_site_only(topic: str) -> None:
    page = BeautifulSoup(render(topic, "html"), "html5lib")
    for tag in page.find_all(href=True):
        assert tag["href"].startswith(settings.SITE_URL), tag
    for url in re.findall(r"https?://[^\s\"'<>]+", render(topic, "txt")):
        assert url.startswith(settings.SITE_URL), url


def test_no_template_waits_for_a_topic() -> None:
    known = {f"{topic.replace('.', '/', 1)}.{ending}" for topic in TOPICS for ending in ("txt", "html")}
    shared = {"base.html", "button.html", "core/account.html"}
    there = {path.relative_to(MAIL).as_posix() for path in MAIL.rglob("*.*")}
    assert {name for name in there if "/" in name} - known - shared == set()


def test_mail_templates_load_nothing_from_outside() -> None:
    for path in MAIL.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"src=[\"']?https?:|url\(|@import|<link", text), path
