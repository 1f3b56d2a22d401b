"""What people type stays text on every page, for everyone who reads it (trust T20)."""

from collections.abc import Iterator
from itertools import cycle

import pytest
from bs4 import BeautifulSoup
from django.db import transaction

from prm.core.models import Organization, User
from tests.sweep import Finding, Sweep, told
from tests.world import build_world, load_rows

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PAYLOADS = [
    "<img src=x onerror=xss()>",
    '"><svg onload=xss()>',
    "' onmouseover='xss()",
    "</script><script>xss()</script>",
    "javascript:xss()",
    "{{7*7}}xss",
    '<a href="javascript:xss()">x</a>',
    '--><iframe srcdoc="xss">',
    ']]><math href="data:text/html,xss">',
    "\\u003cscript\\u003exss()",
    '" autofocus onfocus="xss()',
    "</textarea></title><b class=xss>",
]
LINKS = ("href", "src", "action", "formaction", "xlink:href", "srcdoc", "data", "hx-get", "hx-post", "poster")
FRAMES = {"manage:core:mail_detail"}  # shows mail in a frame that can do nothing


def planted(content: bytes) -> list[str]:
    """Markup on a page that a text must have made: handlers, script, frames, links that run."""
    page = BeautifulSoup(content, "html5lib")
    found = []
    for tag in page.find_all(True):
        for name, value in tag.attrs.items():
            text = " ".join(value) if isinstance(value, list) else str(value)
            if name.startswith("on") or name == "srcdoc":
                found.append(f"<{tag.name} {name}>")
            if name in LINKS and text.strip().lower().startswith(("javascript:", "data:text", "vbscript:")):
                found.append(f"<{tag.name} {name}={text[:40]}>")
            if name == "style":
                found.append(f"<{tag.name} style>")
            if name == "class" and "xss" in text.split():
                found.append(f"<{tag.name} class=xss>")
        if (
            tag.name == "script"
            and tag.get("type") not in {"application/json"}
            and not tag.get("src")
            and "xss" in tag.decode_contents()
        ):
            found.append("<script>")
        if tag.name in {"math", "iframe", "object", "embed", "base", "meta"} and "xss" in str(tag.attrs):
            found.append(f"<{tag.name}>")
    if "49xss" in page.get_text():
        found.append("a template ran")
    return found


@pytest.fixture(scope="module")
def poisoned(django_db_setup: None, django_db_blocker) -> Iterator[Sweep]:
    """A world in which every name and every text is an attempt."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build_world()
        world.payloads = cycle(PAYLOADS)
        for model in (Organization, User):
            for row in model.objects.all():
                model.objects.filter(pk=row.pk).update(name=f"{row.name} {next(world.payloads)}"[:150])
        for person in world.people.values():
            person.user.refresh_from_db()
            person.membership.organization.refresh_from_db()
        yield Sweep(world, load_rows())
        transaction.set_rollback(True)


def test_no_page_lets_a_text_become_markup(poisoned: Sweep) -> None:
    poisoned.findings.clear()
    pages = attempts = 0
    for target in poisoned.targets:
        who = poisoned.rightful(target)
        answer = poisoned.ask(who, "GET", target.path)
        if answer.status != 200 or b"<html" not in answer.content:
            continue
        pages += 1
        attempts += b"xss" in answer.content
        for each in planted(answer.content):
            if not (target.route.name in FRAMES and each == "<iframe>"):
                poisoned.find(target.route, who, f"{target.owner}'s page has {each}")
        if "script-src" not in answer.text or "'unsafe-inline'" in answer.text.split("script-src")[1].split(";")[0]:
            poisoned.find(target.route, who, "has no strict content security policy")
    nothing(poisoned.findings)
    assert pages > 15
    assert attempts > pages * 0.8, "most pages should show at least one attempt, or the test is blind"


def nothing(findings: list[Finding]) -> None:
    if findings:
        pytest.fail(told(findings), pytrace=False)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_each_attempt_is_seen_where_nothing_escapes(payload: str) -> None:
    """The eye of the test: unescaped between tags, in an attribute or in a link, each attempt is noticed somewhere."""
    places = [
        f"<html><body><p>{payload}</p></body></html>",
        f"<html><body><p title='{payload}'>x</p></body></html>",
        f'<html><body><p title="{payload}">x</p></body></html>',
        f'<html><body><a href="{payload}">x</a></body></html>',
        f"<html><body><textarea>{payload}</textarea></body></html>",
        f"<html><body><p>{payload.replace('{{7*7}}', '49')}</p></body></html>",
        f"<html><body><script>let a = '{payload}'</script></body></html>",
    ]
    assert any(planted(place.encode()) for place in places)
