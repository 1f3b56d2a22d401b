"""The only way to a PDF: tagged, the same bytes for the same input, and deaf to everything outside (T22)."""

import base64
import http.server
import io
import threading
from collections.abc import Iterator
from datetime import date

import pytest
from pypdf import PdfReader

from prm.core.fonts import STATIC
from prm.core.pdf import PdfRefused, render_pdf

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def sink() -> Iterator[tuple[str, list[str]]]:
    """A web server that answers everything with a redirect to a file and remembers who asked."""
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    server.server_close()


def page(body: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>t</title></head><body>{body}</body></html>'


def streams(pdf: bytes) -> bytes:
    """All objects of the file with their streams inflated."""
    reader = PdfReader(io.BytesIO(pdf))
    parts = [pdf]
    for number in range(1, reader.trailer["/Size"]):
        found = reader.get_object(number)
        if hasattr(found, "get_data"):
            parts.append(found.get_data())
    return b"\n".join(parts)


def test_the_sink_of_these_tests_really_hears_requests(sink: tuple[str, list[str]]) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{sink[0]}/hello")  # noqa: S310
    assert sink[1] == ["/hello"]


def test_a_document_is_tagged_and_says_its_language_title_author_and_date() -> None:
    pdf = render_pdf(
        page("<h1>Hello</h1>"), stylesheets=[], title="A title", lang="de", author="Mia", created=date(2026, 10, 8)
    )
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de"
    assert "/StructTreeRoot" in root
    assert reader.metadata.title == "A title"
    assert reader.metadata.author == "Mia"
    assert reader.metadata.creation_date.date() == date(2026, 10, 8)
    assert "pdfuaid" in streams(pdf).decode("latin-1")


def test_equal_input_gives_equal_bytes_and_other_input_does_not() -> None:
    first, again = (render_pdf(page("<p>1,234</p>"), stylesheets=[], title="t") for _ in range(2))
    assert first == again
    assert render_pdf(page("<p>1,235</p>"), stylesheets=[], title="t") != first


def test_text_is_set_in_the_fonts_of_the_package_and_other_scripts_are_still_there() -> None:
    pdf = render_pdf(
        page('<p style="font-family: Inter; font-weight: 600">Łódź АБВ مرحبا</p>'), stylesheets=[], title="t"
    )
    reader = PdfReader(io.BytesIO(pdf))
    fonts = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].values()}
    assert any("Inter" in name for name in fonts)
    assert "Łódź АБВ" in reader.pages[0].extract_text()


def test_an_embedded_picture_is_printed() -> None:
    picture = f'<img alt="dot" src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}">'
    reader = PdfReader(io.BytesIO(render_pdf(page(picture), stylesheets=[], title="t")))
    assert len(reader.pages[0].images) == 1


@pytest.mark.parametrize(
    "body",
    [
        '<img src="{url}">',
        '<img src="file:///etc/passwd">',
        '<style>@import "{url}";</style>',
        "<style>@font-face {{ font-family: x; src: url({url}) }} p {{ font-family: x }}</style><p>x</p>",
        "<style>@font-face {{ font-family: y; src: url(file:///etc/passwd) }} p {{ font-family: y }}</style><p>x</p>",
        '<link rel="stylesheet" href="{url}">',
        '<p style="background: url({url})">x</p>',
        '<p style="content: url(file:///etc/passwd)">x</p><p style="background: url(FILE:///etc/passwd)">x</p>',
        '<object data="file:///etc/passwd"></object>',
        '<embed src="{url}">',
        '<base href="{url}/"><img src="a.png">',
        '<img src="data:text/html,<p>x</p>">',
        '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E">',
    ],
)
def test_a_document_that_asks_for_anything_outside_is_refused(body: str, sink: tuple[str, list[str]]) -> None:
    url, hits = sink
    with pytest.raises(PdfRefused) as refused:
        render_pdf(page(body.format(url=url)), stylesheets=[], title="t")
    assert refused.value.code == "outside_request"
    assert "passwd" not in str(refused.value)
    assert hits == []
    assert render_pdf(page("<p>next</p>"), stylesheets=[], title="t").startswith(b"%PDF")


@pytest.mark.parametrize(
    "body",
    [
        '<link rel="attachment" href="file:///etc/passwd"><p>x</p>',
        '<link rel="attachment" href="{url}"><p>x</p>',
        '<a rel="attachment" href="file:///etc/passwd">x</a>',
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{url}" width="9" height="9"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><use href="file:///etc/passwd#x"/></svg>',
        '<iframe src="file:///etc/passwd"></iframe><script>fetch("{url}")</script>',
        '<meta name="dcterms.created" content="{url}"><p>x</p>',
    ],
)
def test_what_the_renderer_does_not_load_leaves_no_trace(body: str, sink: tuple[str, list[str]]) -> None:
    url, hits = sink
    try:
        found = streams(render_pdf(page(body.format(url=url)), stylesheets=[], title="t"))
    except PdfRefused:
        found = b""
    assert hits == []
    assert b"root:" not in found
    assert b"/EmbeddedFile" not in found


def test_style_sheets_come_from_the_package_only(tmp_path) -> None:
    outside = tmp_path / "x.css"
    outside.write_text("p { color: red }")
    with pytest.raises(ValueError, match="outside static"):
        render_pdf(page("<p>x</p>"), stylesheets=[outside], title="t")
    with pytest.raises(ValueError, match="outside static"):
        render_pdf(page("<p>x</p>"), stylesheets=[STATIC / ".." / "pyproject.toml"], title="t")


def test_a_document_with_too_many_pages_or_characters_is_refused() -> None:
    pages = page('<p style="break-after: page">x</p>' * 5)
    with pytest.raises(PdfRefused) as refused:
        render_pdf(pages, stylesheets=[], title="t", max_pages=4)
    assert refused.value.code == "too_many_pages"
    assert refused.value.values["most"] == 4
    with pytest.raises(PdfRefused) as refused:
        render_pdf("x" * 3_000_001, stylesheets=[], title="t")
    assert refused.value.code == "too_large"
