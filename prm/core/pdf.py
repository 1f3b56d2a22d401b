"""The only way to a PDF: HTML of our own templates in, tagged PDF/UA bytes out.

Nothing outside the package can be reached while a document is laid out. The page may carry pictures
as `data:` URIs and nothing else; style sheets and fonts come from `static/` and are read by our own
code before the document is opened. A document that asks for anything more is refused, because a
request is either an attack or a mistake, and both should be seen (trust T22).

The same input gives the same bytes: dates and the file identifier come from the input.
"""

import gc
import hashlib
import re
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from prm.core.fonts import FACES, FAMILY, STATIC, unpacked_fonts

PICTURE = re.compile(r"data:image/(?:png|jpeg|webp);base64,", re.IGNORECASE)
LARGEST_PICTURE = 3_000_000  # characters of one data: URI
LARGEST_HTML = 3_000_000  # characters; a hundred pages of table are about one million
MOST_PAGES = 60


class PdfRefused(Exception):
    """The document can't be made. `code` is `outside_request`, `too_large` or `too_many_pages`."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(f"{code} {values}" if values else code)
        self.code = code
        self.values = values


class _Stop(FatalURLFetchingError):
    """Carries the refusal through the layout engine, which swallows ordinary errors."""


class _PicturesOnly(URLFetcher):
    """What a document may load while it is laid out: pictures that it brings along."""

    def fetch(self, url: str, headers: dict | None = None) -> URLFetcherResponse:
        if PICTURE.match(url) and len(url) <= LARGEST_PICTURE:
            return super().fetch(url, headers)
        # Only the scheme: the rest may be a partner's text or a secret path.
        raise _Stop(url.split(":", 1)[0][:20].lower())


class _PackageFiles(URLFetcher):
    """What our own style sheets may load: fonts and pictures under `static/`, and unpacked fonts."""

    def fetch(self, url: str, headers: dict | None = None) -> URLFetcherResponse:
        path = Path(URLFetcherResponse(url).path or "/").resolve()
        if any(path.is_relative_to(root) for root in (STATIC, unpacked_fonts())):
            return super().fetch(url, headers)
        raise _Stop(f"style sheet asks for {url[:200]}")


class _Press:
    """What a process sets up once: the fonts, and each style sheet when first used."""

    def __init__(self) -> None:
        self.fonts = FontConfiguration()
        folder = unpacked_fonts()
        face_rule = '@font-face { font-family: %s; font-weight: %s; src: url("%s.ttf") }'
        self.faces = self._parse("".join(face_rule % (FAMILY, weight, face) for weight, face in FACES.items()), folder)
        self.sheets: dict[tuple[Path, int], CSS] = {}

    def _parse(self, text: str, folder: Path) -> CSS:
        return CSS(string=text, base_url=folder.as_uri() + "/", url_fetcher=_PackageFiles(), font_config=self.fonts)

    def sheet(self, path: Path) -> CSS:
        path = path.resolve()
        if not path.is_relative_to(STATIC):
            raise ValueError(f"A style sheet outside static/: {path}")
        key = (path, path.stat().st_mtime_ns)
        if key not in self.sheets:
            self.sheets[key] = self._parse(path.read_text(encoding="utf-8"), path.parent)
        return self.sheets[key]


@cache
def _press() -> _Press:
    return _Press()


def render_pdf(
    html: str,
    *,
    stylesheets: list[Path],
    title: str,
    lang: str = "en",
    author: str = "",
    created: date | datetime | None = None,
    max_pages: int = MOST_PAGES,
) -> bytes:
    """A tagged PDF (PDF/UA-1) of an HTML document that an autoescaping template wrote.

    `stylesheets` lie under `static/`. `created` is the date written into the file; without it the file
    carries none, so that equal input gives equal bytes. Raises `PdfRefused`: `outside_request` when
    the document asks for anything but an embedded picture, `too_large`, `too_many_pages`.
    """
    if len(html) > LARGEST_HTML:
        raise PdfRefused("too_large", characters=len(html), most=LARGEST_HTML)
    press = _press()
    sheets = [press.faces, *(press.sheet(path) for path in stylesheets)]
    # Laying out makes half a million objects and next to no garbage; the collector would walk them again
    # and again. It takes up its work when the document is written.
    collecting = gc.isenabled()
    gc.disable()
    try:
        document = HTML(string=html, base_url=None, url_fetcher=_PicturesOnly()).render(
            stylesheets=sheets, font_config=press.fonts, pdf_variant="pdf/ua-1"
        )
        if len(document.pages) > max_pages:
            raise PdfRefused("too_many_pages", pages=len(document.pages), most=max_pages)
        # What the file says about itself is ours, whatever <meta> or <link> the HTML holds.
        document.metadata.title = title
        document.metadata.lang = lang
        document.metadata.authors = [author] if author else []
        document.metadata.attachments = []
        document.metadata.created = document.metadata.modified = _w3c(created) if created else None
        return document.write_pdf(
            pdf_variant="pdf/ua-1",
            pdf_identifier=hashlib.sha256(f"{title}\n{lang}\n{html}".encode()).digest()[:16],
        )
    except _Stop as stop:
        raise PdfRefused("outside_request", asked=str(stop)) from None
    finally:
        if collecting:
            gc.enable()


def _w3c(moment: date | datetime) -> str:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
