"""What a file really is, told from its bytes. Pure: bytes in, clean bytes or a refusal out.

The ending is only a claim; the content must prove it. Pictures are drawn anew, so that nothing but their pixels
comes in; documents that can act (scripts, macros, links that load, files inside files) are refused, because taking
the danger out would change what a person signed or was invoiced. Every limit is checked before the work it limits.
"""

import csv
import html
import io
import re
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import filetype
import pypdf
from defusedxml import ElementTree as SafeXml
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageFile, ImageOps
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from prm.core.refused import Refused

MOST_PIXELS = 25_000_000
LONGEST_SIDE = 12_000
MOST_PDF_PAGES = 500
MOST_PDF_OBJECTS = 100_000
PDF_SECONDS = 10
MOST_ZIP_MEMBERS = 3_000
MOST_UNPACKED = 150_000_000
MOST_RATIO = 150
MOST_XML_TO_READ = 30_000_000
LONGEST_CSV_CELL = 32_767


class UploadRefused(Refused):
    """The file can't be taken; the message says what the person can do instead."""

    code = "core.upload.refused"
    text = _("This file can't be taken.")


@dataclass(frozen=True)
class Checked:
    """What may be kept: the bytes (redrawn, for pictures), their type and the ending they get."""

    content: bytes
    media_type: str
    suffix: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
KINDS: dict[str, dict[str, str]] = {
    "pdf": {".pdf": "application/pdf"},
    "image": {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".webp": "image/webp",
    },
    "office": {
        ".docx": f"{_OFFICE}.wordprocessingml.document",
        ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
        ".pptx": f"{_OFFICE}.presentationml.presentation",
    },
    "csv": {".csv": "text/csv"},
}
MEDIA_TYPES = frozenset(media for endings in KINDS.values() for media in endings.values())


def check_content(data: bytes, suffix: str, kinds: tuple[str, ...]) -> Checked:
    """The file as it may be kept; ``UploadRefused`` when its ending or content isn't one of ``kinds``."""
    kind = next((each for each in kinds if suffix in KINDS[each]), None)
    if kind is None:
        endings = ", ".join(ending for each in kinds for ending in KINDS[each])
        raise UploadRefused(
            "core.upload.type", _("Files of this type can't be taken. Allowed: %(endings)s."), {"endings": endings}
        )
    return _CHECKS[kind](data, suffix)


def _mismatch() -> UploadRefused:
    return UploadRefused(
        "core.upload.content", _("The content of this file doesn't match its name. Save it again and retry.")
    )


def _sniffed(data: bytes) -> str:
    found = filetype.guess(data[:8192])
    return found.mime if found else ""


# --- Pictures --------------------------------------------------------------------------------------


_decoding = threading.Lock()


@contextmanager
def _strict_decoding() -> Iterator[None]:
    """Pillow as strict as it comes. The PDF engine, loaded in the same process, tells it for good to forgive broken
    pictures, and with them text chunks that unpack without end.
    """
    with _decoding, warnings.catch_warnings():
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def check_image(data: bytes, suffix: str) -> Checked:
    """The first frame, upright, drawn anew: no EXIF, no profile, no text, nothing behind the last pixel."""
    media_type = KINDS["image"][suffix]
    if _sniffed(data) not in {media_type, "image/apng" if media_type == "image/png" else media_type}:
        raise _mismatch()
    file_format = media_type.partition("/")[2].upper()
    try:
        with _strict_decoding(), Image.open(io.BytesIO(data), formats=[file_format]) as picture:
            wide, high = picture.size
            if wide * high > MOST_PIXELS or max(wide, high) > LONGEST_SIDE:
                raise _too_many_pixels()
            picture.load()
            clean = ImageOps.exif_transpose(picture).convert("RGBA" if _has_alpha(picture) else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UploadRefused:
        raise
    except Exception as error:  # a broken picture fails in as many ways as there are decoders
        raise UploadRefused("core.upload.broken", _("This picture can't be read. Save it again and retry.")) from error
    clean.info.clear()
    if file_format == "JPEG":
        clean = clean.convert("RGB")
    options: dict[str, Any] = {"JPEG": {"quality": 90}, "PNG": {}, "WEBP": {"quality": 90}}[file_format]
    drawn = io.BytesIO()
    clean.save(drawn, file_format, **options)
    return Checked(drawn.getvalue(), media_type, ".jpg" if suffix == ".jpeg" else suffix)


def _too_many_pixels() -> UploadRefused:
    return UploadRefused(
        "core.upload.pixels",
        _("This picture is too large. Up to %(most)s million pixels can be taken."),
        {"most": MOST_PIXELS // 1_000_000},
    )


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


# --- PDF -------------------------------------------------------------------------------------------

_ACTIVE_KEYS = {
    "/JS",
    "/JavaScript",
    "/EmbeddedFile",
    "/EmbeddedFiles",
    "/EF",
    "/RichMedia",
    "/RichMediaContent",
    "/XFA",
}
_ACTIVE_ACTIONS = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToE",
    "/GoToR",
    "/Rendition",
    "/RichMediaExecute",
    "/Movie",
    "/Sound",
    "/ResetForm",
}
_ACTIVE_TYPES = {"/EmbeddedFile", "/Filespec", "/RichMedia", "/Screen", "/Movie", "/FileAttachment"}
_HARMLESS_SCHEMES = ("http://", "https://", "mailto:", "tel:")
# Also looked for in the raw bytes: a reader that repairs a broken file may find what the tables of contents hide.
_ACTIVE_WORDS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)(?![A-Za-z])")
_HEX_IN_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_MARKUP = re.compile(rb"<\s*(?:!doctype\s+html|html|script|svg|iframe|body|\?php)", re.IGNORECASE)


def check_pdf(data: bytes, suffix: str) -> Checked:
    """A PDF of reasonable length that can be read without a key and does nothing by itself."""
    if not data.startswith(b"%PDF-") or _sniffed(data) != "application/pdf":
        raise _mismatch()
    head, tail = data[:1024], data[data.rfind(b"%%EOF") + 5 :] if b"%%EOF" in data else data[-2048:]
    if _MARKUP.search(head) or len(tail.strip()) > 0 or b"PK\x05\x06" in data[-66_000:]:
        raise _mismatch()
    plain_names = _HEX_IN_NAME.sub(lambda found: bytes([int(found[1], 16)]), data)
    if _ACTIVE_WORDS.search(data) or _ACTIVE_WORDS.search(plain_names):
        raise _active_pdf()
    del plain_names
    try:
        with pypdf.apply_configuration(
            maximum_declared_stream_length=25_000_000,
            zlib_maximum_output_length=30_000_000,
            lzw_maximum_output_length=30_000_000,
            run_length_maximum_output_length=30_000_000,
            array_based_stream_maximum_output_length=30_000_000,
            page_tree_maximum_entries=5_000,
        ):
            reader = pypdf.PdfReader(
                io.BytesIO(data), strict=False, root_object_recovery_limit=2_000, xref_stream_maximum_entries=200_000
            )
            if reader.is_encrypted:
                raise UploadRefused(
                    "core.upload.encrypted", _("This PDF is protected by a password. Save it without one and retry.")
                )
            _count_pages(reader)
            _walk_pdf(reader)
    except UploadRefused:
        raise
    except (Exception, RecursionError) as error:  # a hostile file fails in any way it likes
        raise UploadRefused(
            "core.upload.broken", _("This PDF can't be read. Print it to PDF again and retry.")
        ) from error
    return Checked(data, "application/pdf", ".pdf")


def _count_pages(reader: pypdf.PdfReader) -> None:
    """Walk the page tree ourselves: the count a file declares may lie, and the tree may be a circle."""
    waiting, seen, pages = [reader.root_object["/Pages"]], set(), 0
    while waiting:
        node = waiting.pop().get_object()
        if not isinstance(node, DictionaryObject) or id(node) in seen:
            continue
        seen.add(id(node))
        kids = node.get("/Kids")
        if kids is None:
            pages += 1
        else:
            waiting.extend(kids.get_object())
        if pages > MOST_PDF_PAGES or len(seen) > 4 * MOST_PDF_PAGES or len(waiting) > 4 * MOST_PDF_PAGES:
            raise UploadRefused(
                "core.upload.pages", _("This PDF has more than %(most)s pages."), {"most": MOST_PDF_PAGES}
            )
    if not pages:
        raise UploadRefused("core.upload.broken", _("This PDF has no page."))


def _walk_pdf(reader: pypdf.PdfReader) -> None:
    """Look at every object the file lists, reachable or not, and at everything inside it."""
    numbers = [(number, generation) for generation, table in reader.xref.items() for number in table]
    numbers += [(number, 0) for number in reader.xref_objStm]
    if len(numbers) > MOST_PDF_OBJECTS:
        raise UploadRefused("core.upload.pages", _("This PDF is too complex. Print it to PDF again and retry."))
    stop = time.monotonic() + PDF_SECONDS
    _look(reader.trailer)
    for number, generation in numbers:
        if time.monotonic() > stop:
            raise UploadRefused("core.upload.pages", _("This PDF is too complex. Print it to PDF again and retry."))
        _look(reader.get_object(IndirectObject(number, generation, reader)))


def _look(found: object) -> None:
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            _look_at_dictionary(each)
            waiting.extend(dict.values(each))
        elif isinstance(each, ArrayObject):
            waiting.extend(list.__iter__(each))


def _look_at_dictionary(found: DictionaryObject) -> None:
    if any(key in _ACTIVE_KEYS for key in found):
        raise _active_pdf()
    action = str(found.get("/S", ""))
    kinds = {str(found.get("/Type", "")), str(found.get("/Subtype", ""))}
    if action in _ACTIVE_ACTIONS or kinds & _ACTIVE_TYPES:
        raise _active_pdf()
    address = str(found.get("/URI", "")) if action == "/URI" else ""
    if address and ":" in address.split("/")[0] and not address.lower().startswith(_HARMLESS_SCHEMES):
        raise _active_pdf()
    # A stream's data may live in a file elsewhere.
    if isinstance(found, StreamObject) and "/F" in found:
        raise _active_pdf()


def _active_pdf() -> UploadRefused:
    return UploadRefused(
        "core.upload.active",
        _("This PDF has scripts, actions or files inside it. Print it to PDF again and retry."),
    )


# --- Office documents ------------------------------------------------------------------------------

_MAIN_PARTS = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml"}
_ACTIVE_PARTS = re.compile(
    r"vbaproject|activex|oleobject|macrosheets|dialogsheets|externallinks|/connections\.xml|querytable|webextension"
    r"|taskpanes|\.bin$|\.exe$|\.js$|\.vbs$|\.html?$|\.svg$|afchunk",
    re.IGNORECASE,
)
_HARMLESS_BINARY = re.compile(r"^(?:xl|word|ppt)/(?:printerSettings|media)/[^/]+$", re.IGNORECASE)
_FIELD_CODES = re.compile(rb"<(?:\w+:)?instrText\b[^>]*>([^<]*)<|\b(?:\w+:)?instr\s*=\s*[\"']([^\"']*)[\"']")
_BAD_FIELDS = re.compile(r"\b(?:DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|IMPORT|MACROBUTTON|LINK)\b", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*>([^<]*)<")
_BAD_FORMULA = re.compile(
    r"\||\b(?:WEBSERVICE|CALL|REGISTER(?:\.ID)?|EXEC|RTD|FILTERXML|IMPORTXML)\s*\(", re.IGNORECASE
)
_NOT_UTF8 = re.compile(rb"""^<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)


def check_office(data: bytes, suffix: str, *, depth: int = 0) -> Checked:
    """A document of the modern Office formats without macros, links that load, embedded programs or bombs."""
    if not data.startswith(b"PK\x03\x04"):
        raise _mismatch()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_archive(members, data)
            names = {member.filename for member in members}
            if "[Content_Types].xml" not in names or _MAIN_PARTS[suffix] not in names:
                raise _mismatch()
            for member in members:
                _check_part(archive, member, depth)
            _check_types(_read(archive, "[Content_Types].xml"), suffix)
    except UploadRefused:
        raise
    except Exception as error:
        raise UploadRefused("core.upload.broken", _("This document can't be read. Save it again and retry.")) from error
    return Checked(data, KINDS["office"][suffix], suffix)


def _check_archive(members: list[zipfile.ZipInfo], data: bytes) -> None:
    """The archive as a whole, before anything is unpacked."""
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if (
        len(members) > MOST_ZIP_MEMBERS
        or unpacked > MOST_UNPACKED
        or packed > len(data)
        or unpacked > MOST_RATIO * max(packed, 1)
    ):
        raise UploadRefused(
            "core.upload.bomb", _("This document unpacks to far more than it seems. It can't be taken.")
        )
    names = [member.filename.lower() for member in members]
    # The archive must be the whole file: nothing before its first member and nothing behind its directory.
    whole = min((member.header_offset for member in members), default=1) == 0 and data[-22:-18] == b"PK\x05\x06"
    if not whole or len(set(names)) != len(names):
        raise _mismatch()
    for member in members:
        name = member.filename
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        strange = name.startswith(("/", "\\")) or ".." in name.split("/") or "\\" in name or ":" in name or "\0" in name
        if strange or is_link or member.flag_bits & 0x1 or member.compress_type not in {0, 8}:
            raise _mismatch()


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> None:
    name = member.filename
    lower = name.lower()
    if member.is_dir() or name == "[Content_Types].xml":
        return
    if "/embeddings/" in lower:
        # Charts in slides bring their table along as a workbook: checked like any other, one level deep.
        inner = "." + lower.rpartition(".")[2]
        if depth or inner != ".xlsx" or member.file_size > MOST_XML_TO_READ:
            raise _active_office()
        check_office(_read(archive, name), inner, depth=depth + 1)
        return
    if _ACTIVE_PARTS.search("/" + name) and not _HARMLESS_BINARY.match(name):
        raise _active_office()
    if lower.endswith((".xml", ".rels", ".vml")):
        _check_xml(archive, member)
        return
    with archive.open(member) as part:
        start = part.read(8)
    if start.startswith((b"PK\x03\x04", b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise _active_office()


def _check_xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    name = member.filename
    for number, chunk in enumerate(_chunks(archive, member)):
        if number == 0 and (
            _NOT_UTF8.match(chunk.lstrip(b"\xef\xbb\xbf \r\n\t")) or chunk[:2] in {b"\xff\xfe", b"\xfe\xff"}
        ):
            raise _active_office()
        if b"\0" in chunk or b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
            raise _active_office()
        if "/worksheets/" in name or name == "xl/workbook.xml":
            for formula in _FORMULA.findall(chunk):
                if _BAD_FORMULA.search(html.unescape(formula.decode("utf-8", "replace"))):
                    raise _active_office()
        if b"ddeLink" in chunk or b"oleLink" in chunk:
            raise _active_office()
    if name.startswith("word/") and name.endswith(".xml"):
        _check_fields(_read(archive, name))
    if name.endswith(".rels"):
        _check_relations(_read(archive, name))


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces that overlap, so that nothing hides on a seam."""
    keep = b""
    with archive.open(member) as part:
        while piece := part.read(1 << 20):
            yield keep + piece
            keep = piece[-4096:]


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        data = part.read(MOST_XML_TO_READ + 1)
    if len(data) > MOST_XML_TO_READ:
        raise UploadRefused(
            "core.upload.bomb", _("This document unpacks to far more than it seems. It can't be taken.")
        )
    return data


def _check_fields(xml: bytes) -> None:
    """Field codes may be cut into pieces by formatting, so they are read as one text."""
    code = html.unescape(
        b"".join(a or b"\n" + b + b"\n" for a, b in _FIELD_CODES.findall(xml)).decode("utf-8", "replace")
    )
    if _BAD_FIELDS.search(code):
        raise _active_office()


def _check_relations(xml: bytes) -> None:
    """Links that a reader clicks may point outside; anything a program loads by itself may not."""
    for link in SafeXml.fromstring(xml, forbid_dtd=True):
        target, kind = link.get("Target", ""), link.get("Type", "").rpartition("/")[2].lower()
        if link.get("TargetMode", "").lower() == "external":
            if kind != "hyperlink" or not target.lower().startswith((*_HARMLESS_SCHEMES, "#")):
                raise _active_office()
        elif "://" in target or target.startswith("\\\\"):
            raise _active_office()


def _check_types(xml: bytes, suffix: str) -> None:
    types = {part.get("ContentType", "").lower() for part in SafeXml.fromstring(xml, forbid_dtd=True)}
    wanted = KINDS["office"][suffix]
    if any("macro" in each or "vba" in each or "activex" in each for each in types):
        raise _active_office()
    if not any(each == f"{wanted}.main+xml" for each in types):
        raise _mismatch()


def _active_office() -> UploadRefused:
    return UploadRefused(
        "core.upload.active",
        _("This document has macros, links that load data, or files inside it. Save it as PDF and retry."),
    )


# --- Tables as text --------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?[\d.,'  ]+%?$")


def check_csv(data: bytes, suffix: str) -> Checked:
    """Plain text in rows. A cell that a spreadsheet would run is refused with its row."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text or "\ufffd" in text or any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text[:65536]):
        raise _mismatch()
    if _sniffed(data) or _MARKUP.match(text[:1024].lstrip().encode()) or text.lstrip()[:5] in {"<?xml", "%PDF-"}:
        raise _mismatch()
    csv.field_size_limit(LONGEST_CSV_CELL)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=_delimiter(text)), start=1):
            if any(_runs(cell) for cell in row):
                raise UploadRefused(
                    "core.upload.formula",
                    _("Row %(row)s has a formula. Save the table as values and retry."),
                    {"row": number},
                )
    except csv.Error as error:
        raise UploadRefused("core.upload.broken", _("This table can't be read. Save it as CSV again.")) from error
    return Checked(data, "text/csv", ".csv")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _runs(cell: str) -> bool:
    value = cell.lstrip(" \t\r\n'\"")
    if value[:1] in {"=", "@", "\uff1d", "\uff20"}:
        return True
    return value[:1] in {"+", "-", "\uff0b", "\uff0d"} and not _NUMBER.match(value) and any(s in value for s in "(|!")


_CHECKS: dict[str, Callable[[bytes, str], Checked]] = {
    "pdf": check_pdf,
    "image": check_image,
    "office": check_office,
    "csv": check_csv,
}
