"""The access sweep: every address, every stranger, bodies that would really write.

It walks the URL configuration, so a page is in it from the moment it has an address; a page it can't place is a
finding. Bodies come from the forms that rightful people are shown, so that a missing guard really writes and the
fingerprint shows it. Every request is undone afterwards: each finds the same world.

Oracles: the status is one of those allowed; nothing of Rival's is in the answer; no row changed. And against blindness:
whoever may do a thing can do it, in this world, with this body (positive control).
"""

import copy
import html
import io
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from prm.core.access import Access
from prm.core.routes import Route, all_routes
from tests.core.corpus import pdf
from tests.world import PASSWORD, Person, Rows, World, signed_in_client

# The only tables that a GET may write to.
TELEMETRY = {"core_portalday"}
NOT_BUSINESS = {"sessions", "contenttypes", "usersessions", "zeal"}
STRANGERS = ("anonymous", "paul", "sara", "rita", "toni", "mia", "rory")
VENDOR_BY_REACH = ("dan", "ada", "vera", "mia", "finn", "sue", "rory")
# POST addresses that only read or only touch the session, each with its reason.
WRITES_NOTHING: dict[str, str] = {
    "me:switch": "keeps the chosen company in the session",
    "manage:core:gallery": "shows the bulk bar of a list; its form goes nowhere",
    "manage:deals:contract_event_import_errors": "rehearses a file again and hands out the rows it refuses",
    "manage:partners:import_errors": "rehearses a file again and hands out the rows it refuses",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    route: str
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.route} · {self.who} · {self.what}"


@dataclass
class Answer:
    """What came back, as text whatever it was, and the world's fingerprint afterwards."""

    status: int
    location: str
    text: str
    content: bytes
    after: str
    rival_after: str = ""
    error: str = ""


@dataclass
class Target:
    """One address to try: the route, whose row it is about, and the path."""

    route: Route
    owner: str
    path: str
    missing_path: str = ""
    row: Any = None


@dataclass
class Sweep:
    """One walk over the URL configuration in one world; ``only`` narrows it to the addresses below a prefix."""

    world: World
    rows: dict[str, Rows]
    only: str = ""
    findings: list[Finding] = field(default_factory=list)
    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.routes = [route for route in all_routes() if route.pattern.startswith(self.only) and not route.reviewed]
        self._clients: dict[str, Client] = {
            name: signed_in_client(person, raise_request_exception=False) for name, person in self.world.people.items()
        }
        self.before = self.rival_before = ""
        self.targets = list(self._aim())
        self.before = fingerprint()
        self.rival_before = tenant_fingerprint(self.world.rival.pk)

    # -- placing --------------------------------------------------------------------------------

    def find(self, route: Route | str, who: str, what: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(str(route), who, what))

    def _aim(self) -> Iterator[Target]:
        for route in self.routes:
            if route.access is None:
                self.find(route, "-", "the view does not declare who may open it")
                continue
            if not route.name:
                self.find(route, "-", "has no name, so it can't be placed")
                continue
            if not route.kwargs:
                for owner in ("vendor",) if route.access.audience == "vendor" else ("northwind", "rival"):
                    yield Target(route, owner, reverse(route.name))
                continue
            yield from self._aim_at_rows(route)

    def _aim_at_rows(self, route: Route) -> Iterator[Target]:
        rows = self._rows_of(route)
        if rows is None:
            self.find(route, "-", f"no rows for it: register Rows for {self._kind(route)} in tests/<app>/rows.py")
            return
        verb = route.name.rpartition(":")[2]
        for owner in rows.owners:
            key = (rows.kind, owner, rows.state_of(verb))
            if key not in self.world.rows:
                self.world.making = rows.kind
                self.world.rows[key] = rows.make(self.world, owner, verb)
                self.world.making = ""
            row = self.world.rows[key]
            given = rows.kwargs(row)
            if not set(route.kwargs) <= set(given):
                self.find(route, "-", f"rows of {rows.kind} don't give {set(route.kwargs) - set(given)}")
                continue
            kwargs = {name: given[name] for name in route.kwargs}
            missing = {name: _changed(value) for name, value in kwargs.items()}
            yield Target(
                route,
                owner,
                reverse(route.name, kwargs=kwargs),
                reverse(route.name, kwargs=missing),
                row,
            )

    @staticmethod
    def _kind(route: Route) -> str:
        *spaces, last = route.name.split(":")
        app = spaces[-1] if len(spaces) > 1 else "core"
        return f"{app}.{last}"

    def _rows_of(self, route: Route) -> Rows | None:
        kind = self._kind(route)
        fitting = [each for each in self.rows if kind == each or kind.startswith(f"{each}_")]
        return self.rows[max(fitting, key=len)] if fitting else None

    def rightful(self, target: Target) -> str:
        """Who may do most at this address."""
        access = target.route.access
        assert access is not None
        if access.audience == "public":
            return "anonymous"
        if access.audience == "link":
            return target.row.holder
        if access.audience == "vendor":
            return next(
                (name for name in VENDOR_BY_REACH if self.world.people[name].actor.can(access.permission)), "ada"
            )
        if target.owner == "vendor":
            return "ada"
        return "paul" if target.owner == "northwind" else "rita"

    # -- asking ---------------------------------------------------------------------------------

    def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        rival: bool = False,
        only_status: bool = False,
    ) -> Answer:
        """One request as one person, undone afterwards. Fingerprints are taken unless only the status is asked for."""
        if who == "anonymous":
            client = Client(raise_request_exception=False)
        else:
            client = Client(raise_request_exception=False)
            client.cookies = copy.deepcopy(self._clients[who].cookies)
        with undone():
            data = {name: _fresh(value) for name, value in (body or {}).items()}
            response = getattr(client, method.lower())(path, data)
            raised = getattr(response, "exc_info", None)
            content = response.getvalue() if not response.streaming else b"".join(response.streaming_content)
            transaction.set_rollback(False)
            text = readable(content, response.get("Content-Type", "")) + str(dict(response.items()))
            after = self.before if only_status else fingerprint()
            rival_after = self.rival_before
            if rival and after != self.before:
                rival_after = tenant_fingerprint(self.world.rival.pk)
        error = f" {raised[0].__name__}: {raised[1]}"[:300] if raised and response.status_code >= 500 else ""
        return Answer(response.status_code, response.get("Location", ""), text, content, after, rival_after, error)

    # -- the positive control -------------------------------------------------------------------

    def control(self) -> None:
        """Those who may, can: pages open, forms write, and Rival's people do see Rival's words."""
        for target in self.targets:
            self._open_as_rightful(target)
        for target in self.targets:
            self._write_as_rightful(target)
        for kind, rows in self.rows.items():
            used = any(self._rows_of(route) is rows for route in self.routes if route.kwargs)
            if "rival" in rows.owners and used and kind not in self.shown and not rows.unseen:
                self.find(kind, "-", "no page ever shows the canary of Rival's row, so the sweep is blind to it")

    def _open_as_rightful(self, target: Target) -> None:
        who = self.rightful(target)
        answer = self.ask(who, "GET", target.path)
        if answer.status not in {200, 204, 302, 405} and answer.status not in _allowed_oddities(target):
            self.find(target.route, who, f"GET {target.owner}'s answers {answer.status} to those who may{answer.error}")
        if answer.after != self.before:
            self.find(target.route, who, f"GET writes: {', '.join(changed_tables(self.before, answer.after))}")
        self.shown |= {kind for kind in self.rows if self.world.canary_of(kind) in answer.text}
        for path, body in forms_of(answer.content, target.path):
            key = (who, path)
            if len(body) >= len(self.bodies.get(key, {})):
                self.bodies[key] = body

    def body_for(self, target: Target) -> dict[str, Any] | None:
        """The body that the rightful person's own page would send to this address."""
        who = self.rightful(target)
        found = self.bodies.get((who, target.path))
        rows = self._rows_of(target.route) if target.route.kwargs else None
        verb = target.route.name.rpartition(":")[2]
        given = None
        for each in [rows] if rows else self.rows.values():
            if verb in each.bodies:
                given = each.bodies[verb](self.world, target.row)
        if found is None and given is None:
            return None
        return {**(found or {}), **(given or {})}

    def _write_as_rightful(self, target: Target) -> None:
        who, body = self.rightful(target), self.body_for(target)
        if body is None and target.route.name in WRITES_NOTHING:
            return
        if body is None:
            answer = self.ask(who, "POST", target.path, {})
            if answer.status != 405:
                self.find(target.route, who, "takes POST, but no page shows a form for it and no Rows give a body")
            return
        answer = self.ask(who, "POST", target.path, body)
        if answer.status >= 500 or answer.status in {403, 404}:
            self.find(
                target.route, who, f"POST to {target.owner}'s answers {answer.status} to those who may{answer.error}"
            )
        elif answer.after == self.before and target.route.name not in WRITES_NOTHING:
            self.find(
                target.route, who, f"POST with {_short(body)} writes nothing ({answer.status}): {errors_in(answer)}"
            )

    # -- strangers ------------------------------------------------------------------------------

    def try_as(self, who: str) -> None:
        """Every address as one person, with GET and POST, own and foreign rows, and rows that don't exist."""
        person = None if who == "anonymous" else self.world.people[who]
        for target in self.targets:
            self._try_get(who, person, target)
            self._try_post(who, person, target)

    def allowed(self, who: str, person: Person | None, target: Target) -> tuple[set[int] | None, bool]:
        """Which statuses a stranger may get (``None``: any but an error) and whether it is a refusal."""
        access = target.route.access
        assert access is not None
        if access.audience == "public":
            return None, False
        if access.audience == "link":
            return (None, False) if who in {"anonymous", target.row.holder} else ({404, 405}, True)
        if person is None:
            return {302, 405}, True
        if access.audience == "account":
            foreign = target.route.kwargs and self.rightful(target) != who
            return ({404, 405}, True) if foreign else (None, False)
        return self._allowed_for(who, person, access, target)

    def _allowed_for(self, who: str, person: Person, access: Access, target: Target) -> tuple[set[int] | None, bool]:
        if person.actor.audience != access.audience:
            return {404, 405}, True
        if not person.actor.can(access.permission):
            return {403, 404, 405}, True
        if (
            access.audience == "partner"
            and target.route.kwargs
            and person.organization != self.world.company(target.owner)
        ):
            return ({404, 405, 409} if who == "toni" else {404, 405}), True
        return None, False

    def _try_get(self, who: str, person: Person | None, target: Target) -> None:
        statuses, refused = self.allowed(who, person, target)
        answer = self.ask(who, "GET", target.path)
        self._judge(who, person, target, "GET", answer, statuses)
        if answer.after != self.before:
            self.find(target.route, who, f"GET writes: {', '.join(changed_tables(self.before, answer.after))}")
        if refused and target.missing_path and who != "toni":
            missing = self.ask(who, "GET", target.missing_path, only_status=True)
            if missing.status != answer.status:
                self.find(
                    target.route, who, f"GET tells that a row exists: {answer.status}, but {missing.status} without one"
                )

    def _try_post(self, who: str, person: Person | None, target: Target) -> None:
        body = self.body_for(target)
        if body is None:
            return
        if "acting_as" in body and person is not None:
            body["acting_as"] = person.organization.code
        statuses, refused = self.allowed(who, person, target)
        outsider = person is None or person.organization != self.world.rival
        answer = self.ask(who, "POST", target.path, body, rival=outsider)
        self._judge(who, person, target, "POST", answer, statuses)
        by_token = opens_by_token(target)
        if refused and answer.after != self.before:
            self.find(target.route, who, f"refused POST writes: {', '.join(changed_tables(self.before, answer.after))}")
        if who == "rory" and target.route.access.audience == "vendor" and answer.after != self.before:
            self.find(
                target.route, who, f"read-only staff writes: {', '.join(changed_tables(self.before, answer.after))}"
            )
        is_partner = person is not None and person.actor.is_partner
        if outsider and (is_partner or person is None) and not by_token and answer.rival_after != self.rival_before:
            self.find(target.route, who, "changes rows of Rival's")
        if refused and target.missing_path and who != "toni":
            missing = self.ask(who, "POST", target.missing_path, body, only_status=True)
            if missing.status != answer.status:
                self.find(
                    target.route,
                    who,
                    f"POST tells that a row exists: {answer.status}, but {missing.status} without one",
                )

    def _judge(
        self, who: str, person: Person | None, target: Target, method: str, answer: Answer, statuses: set[int] | None
    ) -> None:
        about = f"{method} {target.owner}'s"
        if statuses is not None and answer.status not in statuses:
            self.find(target.route, who, f"{about} answers {answer.status}, allowed {sorted(statuses)}")
        if answer.status >= 500:
            self.find(target.route, who, f"{about} answers {answer.status}{answer.error}")
        sent_away = person is None and answer.status == 302 and statuses is not None
        if sent_away and not answer.location.startswith("/accounts/login/"):
            self.find(target.route, who, f"{about} is sent to {answer.location} instead of the sign-in")
        leaked = self._leaks(who, person, target, answer)
        if leaked:
            self.find(target.route, who, f"{about} shows {leaked}")

    def _leaks(self, who: str, person: Person | None, target: Target, answer: Answer) -> str:
        if person is not None and (person.actor.is_vendor or person.organization == self.world.rival):
            return ""
        if opens_by_token(target) and target.owner == "rival" and self.allowed(who, person, target)[0] is None:
            return ""  # whoever has the token is meant to see it
        secrets_of_rival = [self.world.canary]
        if who != "toni":  # she works for both and is told so in the company switch
            secrets_of_rival += [self.world.rival.name, self.world.rita.user.name, self.world.rita.user.email]
        text = answer.text.replace(target.path, "")
        return next((secret for secret in secrets_of_rival if secret in text), "")


# --- the world's fingerprint -----------------------------------------------------------------------


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.set_rollback(False)
        transaction.savepoint_rollback(mark)
        connection.run_on_commit = []


@cache
def business_models() -> list[type[models.Model]]:
    """Every model whose rows must not change by themselves; a table that is missing is test_migrations' business."""
    there = set(connection.introspection.table_names())
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.app_label not in NOT_BUSINESS
        and model._meta.db_table in there - TELEMETRY
    ]


def fingerprint() -> str:
    """One hash per business table, as text: what was there, regardless of order."""
    parts = [
        f"SELECT '{table}' AS t, md5(coalesce(string_agg(h, '' ORDER BY h), '')) AS f"
        f' FROM (SELECT md5(x::text) AS h FROM "{table}" x) y'
        for table in sorted({model._meta.db_table for model in business_models()})
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return "\n".join(f"{table} {value}" for table, value in sorted(cursor.fetchall()))


def changed_tables(before: str, after: str) -> list[str]:
    """Names of the tables whose hash differs."""
    return sorted({line.split()[0] for line in set(before.splitlines()) ^ set(after.splitlines())})


def path_to_company(model: type[models.Model], depth: int = 3) -> str:
    """How a model belongs to a company, as a lookup; empty when it belongs to none."""
    if model._meta.label == "core.Organization":
        return "pk"
    waiting: list[tuple[type[models.Model], str, int]] = [(model, "", 0)]
    while waiting:
        current, prefix, steps = waiting.pop(0)
        for each in current._meta.concrete_fields:
            if not isinstance(each, models.ForeignKey) or each.null:
                continue
            target = each.related_model
            if target._meta.label == "core.Organization":
                return f"{prefix}{each.name}"
            if steps < depth and target._meta.label != "core.User" and target is not model:
                waiting.append((target, f"{prefix}{each.name}__", steps + 1))
    return ""


def tenant_fingerprint(organization_id: int) -> str:
    """Everything that belongs to one company."""
    found = []
    for model in business_models():
        path = path_to_company(model)
        if path:
            rows = model._base_manager.filter(**{path: organization_id}).order_by("pk").values_list()
            found.append(f"{model._meta.label} {list(rows)}")
    return "\n".join(found)


# --- reading pages ---------------------------------------------------------------------------------


def told(findings: Iterable[Finding]) -> str:
    """Findings as lines, each once."""
    return "\n".join(sorted({str(each) for each in findings}))


def readable(content: bytes, content_type: str) -> str:
    """The words of a page, a sheet or a PDF."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return html.unescape(" ".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist()))
    if content[:5] == b"%PDF-":
        return _pdf_text(content)
    text = content.decode("utf-8", "replace")
    return html.unescape(text) if "html" in content_type else text


def _pdf_text(content: bytes) -> str:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(content))
    words = " ".join(page.extract_text() for page in reader.pages)
    inflated = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            inflated.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue
    return words + str(reader.metadata) + " ".join(inflated)


def forms_of(content: bytes, path: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Every form a page would send with POST: where to, and a body that fills every field."""
    if b"<form" not in content:
        return
    page = BeautifulSoup(content, "html5lib")
    for form in page.find_all("form"):
        if str(form.get("method", "get")).lower() != "post":
            continue
        action = urlsplit(str(form.get("action") or path)).path or path
        if _is_known(action):
            yield action, dict(_filled(form, page))


def _is_known(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _filled(form: Tag, page: BeautifulSoup) -> Iterator[tuple[str, Any]]:
    controls = form.find_all(["input", "select", "textarea", "button"])
    if form.get("id"):
        controls += page.find_all(["input", "select", "textarea", "button"], attrs={"form": form["id"]})
    chosen: dict[str, Any] = {}
    for control in controls:
        name = str(control.get("name") or "")
        if not name or control.has_attr("disabled") or name == "csrfmiddlewaretoken":
            continue
        kind = control.name if control.name != "input" else str(control.get("type") or "text").lower()
        if kind == "button":
            chosen.setdefault(name, str(control.get("value") or ""))
        elif kind in {"checkbox", "radio"}:
            if control.has_attr("checked") or name not in chosen:
                chosen[name] = str(control.get("value") or "on")
        elif kind == "select":
            chosen[name] = _option(control)
        else:
            chosen[name] = _value(control, kind, name)
    yield from chosen.items()


def _option(select: Tag) -> str:
    options = [each for each in select.find_all("option") if each.get("value")]
    picked = [each for each in options if each.has_attr("selected")] or options
    return str(picked[0]["value"]) if picked else ""


def _value(control: Tag, kind: str, name: str) -> Any:
    present = str(control.get("value") or "") if kind != "textarea" else control.get_text().strip()
    if kind == "file":
        return SimpleUploadedFile("proof.pdf", pdf())
    if kind == "password":
        return PASSWORD
    if present or kind == "hidden":
        return present
    by_kind = {
        "email": "sweep@example.com",
        "url": "https://sweep.example.com/",
        "number": str(control.get("min") or "10"),
        "date": str(control.get("min") or date(2026, 9, 30).isoformat()),
        "datetime-local": "2026-09-30T10:00",
        "tel": "+49 30 1234567",
        "color": "#2456e6",
        "search": "",
    }
    if kind in by_kind:
        return by_kind[kind]
    if control.get("inputmode") in {"decimal", "numeric"}:
        return "1000"
    if "domain" in name or "website" in name:
        return "sweep-customer.example"
    if "email" in name:
        return "sweep@example.com"
    if name.endswith("_on"):
        return "2026-09-30"
    return "Words of the sweep"


def errors_in(answer: Answer) -> str:
    """What a page says is wrong with a form, for the finding."""
    page = BeautifulSoup(answer.content, "html5lib")
    said = [
        each.get_text(" ", strip=True) for each in page.select(".field-error, [data-error-summary], .toast-item div")
    ]
    return "; ".join(text for text in said if text)[:300]


def opens_by_token(target: Target) -> bool:
    """Whether a secret in the address is the key: a public page or a link from a mail."""
    return target.route.access is not None and target.route.access.audience in {"public", "link"}


def _allowed_oddities(target: Target) -> set[int]:
    return {410} if target.route.access is not None and target.route.access.audience == "public" else set()


def _changed(value: Any) -> Any:
    """An argument of the same shape that belongs to no row."""
    if isinstance(value, int):
        return 2_000_000_000
    text = str(value)
    prefix, dash, rest = text.partition("-")
    if dash and rest.isalnum() and rest.isupper():
        return f"{prefix}-{'Z' * len(rest)}"
    return secrets.token_urlsafe(24)[: max(len(text), 8)]


def _fresh(value: Any) -> Any:
    if isinstance(value, SimpleUploadedFile):
        value.seek(0)
    return value


def _short(body: dict[str, Any]) -> str:
    return str({name: str(value)[:30] for name, value in body.items()})[:400]
