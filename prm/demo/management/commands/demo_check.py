"""Prove that a running demonstration works, from outside."""

import time
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse
from django.utils import timezone

from deals.models import Registration
from partners.models import Partner
from partners.queries.program import program_today
from prm.demo import cast
from reporting.choices import PackState, PackVersion, RunState, RunTrigger
from reporting.models import JobRun, QbrPack

PATIENCE = timedelta(minutes=4)


class Words(HTMLParser):
    """What a page says, and the token of its first form."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.token = ""

    @classmethod
    def of(cls, page: bytes) -> "Words":
        """Read a page."""
        words = cls()
        words.feed(page.decode(errors="replace"))
        return words

    @property
    def text(self) -> str:
        """All text, white space folded."""
        return " ".join(" ".join(self.parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the first token."""
        given = dict(attrs)
        if tag == "input" and given.get("name") == "csrfmiddlewaretoken" and not self.token:
            self.token = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.parts.append(data)


class Browser:
    """One person with a cookie jar."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of a page."""
        return self._open(path)

    def _open(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, bytes]:
        data = urlencode(form).encode() if form is not None else None
        self._opener.addheaders = [("Referer", self.base_url + path)]
        try:
            with self._opener.open(self.base_url + path, data, timeout=30) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except HTTPError as error:
            return error.code, "", error.read()

    def sign_in(self, email: str) -> bool:
        """Through the real sign-in page; whether it worked."""
        _status, _type, page = self.get("/accounts/login/")
        form = {"login": email, "password": cast.PASSWORD, "csrfmiddlewaretoken": Words.of(page).token}
        status, _type, page = self._open("/accounts/login/", form)
        return status == 200 and b'name="password"' not in page


class Command(BaseCommand):
    """Asks the pages over HTTP, and waits for what the workers owe."""

    help = "Prove that a running demonstration works; exits with 1 when it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the web server answers."""
        parser.add_argument("--base-url", required=True)

    def handle(self, *args: object, **options: str) -> None:
        """Each proof is one line; the first that fails ends it."""
        self.base_url = options["base_url"]
        self.prove("anybody is asked to sign in", self._signed_out)
        self.prove("last night ran through the worker", self._night)
        self.prove("a QBR pack was made by the worker and is a PDF", self._pack)
        self.prove("Mia sees what waits, partners and the queue", self._mia)
        self.prove("Paul sees his home, deals and tier", self._paul)
        self.prove("Rita does not see Northwind's deals", self._rita)

    def prove(self, what: str, proof: Callable[[], str]) -> None:
        """Run one proof; it answers with the figures, or raises SystemExit by ``fail``."""
        self.stdout.write(f"  ✓ {what}: {proof()}")

    def fail(self, why: str) -> None:
        """End with a sentence that says what was expected."""
        self.stderr.write(f"  ✗ {why}")
        raise SystemExit(1)

    def person(self, email: str) -> Browser:
        """Somebody signed in."""
        browser = Browser(self.base_url)
        if not browser.sign_in(email):
            self.fail(f"{email} could not sign in")
        return browser

    def page(self, browser: Browser, path: str, *words: str) -> int:
        """A page that must answer 200 with these words; its size."""
        status, _type, body = browser.get(path)
        text = Words.of(body).text
        if status != 200:
            self.fail(f"{path} answered {status}")
        for word in words:
            if word not in text:
                self.fail(f"{path} does not say “{word}”")
        return len(body)

    def wait_for(self, what: str, question: Callable[[], object]) -> object:
        """Ask again until there is an answer, for some minutes."""
        ends = time.monotonic() + PATIENCE.total_seconds()
        while time.monotonic() < ends:
            if (answer := question()) is not None:
                return answer
            time.sleep(1)
        return self.fail(f"{what} did not happen within {PATIENCE}")

    def _signed_out(self) -> str:
        browser = Browser(self.base_url)
        for path in ("/manage/", "/portal/"):
            status, _type, body = browser.get(path)
            if status != 200 or b'name="login"' not in body:
                self.fail(f"{path} did not ask for a sign-in")
        return "2 pages"

    def _night(self) -> str:
        yesterday = program_today(timezone.now()) - timedelta(days=1)
        run = self.wait_for(
            "the night",
            lambda: JobRun.objects.filter(
                job="night", on=yesterday, trigger=RunTrigger.SCHEDULE, state=RunState.DONE
            ).first(),
        )
        steps = JobRun.objects.filter(on=yesterday, trigger=RunTrigger.SCHEDULE, state=RunState.DONE).count() - 1
        return f"{run.on}, {steps} steps, {run.seen} partners, {run.seconds:.1f} s"

    def _pack(self) -> str:
        northwind = Partner.objects.get(organization__name=cast.NORTHWIND)
        pack = self.wait_for(
            "the pack",
            lambda: QbrPack.objects.filter(
                partner=northwind, version=PackVersion.SHARED, state__in=[PackState.READY, PackState.FAILED]
            ).first(),
        )
        if pack.state == PackState.FAILED:
            self.fail(f"the pack failed: {pack.error}")
        status, kind, body = self.person("paul@example.com").get(
            reverse("portal:reporting:pack_file", args=[pack.code])
        )
        if status != 200 or kind != "application/pdf" or not body.startswith(b"%PDF"):
            self.fail(f"the pack's file answered {status} {kind}")
        return f"{pack.code}, {len(body) // 1024} KB"

    def _mia(self) -> str:
        mia = self.person("mia@example.com")
        northwind = Partner.objects.get(organization__name=cast.NORTHWIND)
        paths = {
            "/manage/": ("Waiting for you",),
            "/manage/partners/": (cast.NORTHWIND,),
            f"/manage/partner/{northwind.code}/": (cast.NORTHWIND,),
            "/manage/deals/": ("Bluebird Logistics",),
        }
        return f"{len(paths)} pages, {sum(self.page(mia, path, *words) for path, words in paths.items()) // 1024} KB"

    def _paul(self) -> str:
        paul = self.person("paul@example.com")
        paths = {
            "/portal/": (cast.NORTHWIND,),
            "/portal/deals/": ("Bluebird Logistics",),
            "/portal/tier/": ("Platinum",),
        }
        return f"{len(paths)} pages, {sum(self.page(paul, path, *words) for path, words in paths.items()) // 1024} KB"

    def _rita(self) -> str:
        rita = self.person("rita@example.com")
        codes = Registration.objects.filter(partner__organization__name=cast.NORTHWIND).values_list("code", flat=True)
        for code in codes[:5]:
            status, _type, _body = rita.get(f"/portal/deals/{code}/")
            if status != 404:
                self.fail(f"Rita's request for {code} answered {status}")
        return f"{len(codes[:5])} addresses answer 404"
