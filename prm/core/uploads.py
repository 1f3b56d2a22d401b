"""The only way in for files, and the only way they are handed out again.

A file is kept under a name of our own making in a private place; what the person called it is cleaned and kept as
text. It leaves as a download through the view of the noun that owns it, never as a page.
"""

import hashlib
import io
import re
import unicodedata
from datetime import datetime

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.file_checks import KINDS, MEDIA_TYPES, UploadRefused, check_content
from prm.core.models import StoredFile
from prm.core.sealing import seal_bytes, unseal_bytes

__all__ = ["KINDS", "UploadRefused", "accept_upload", "clean_name", "file_response"]

log = structlog.get_logger(__name__)
LONGEST_NAME = 120
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)
_UNWANTED = re.compile(r'[<>:"|?*%\\/]+')
_SANDBOX = "sandbox; default-src 'none'"


def accept_upload(
    *,
    file: UploadedFile,
    by: Actor,
    at: datetime,
    organization_id: int | None,
    kinds: tuple[str, ...] = ("pdf", "image", "office", "csv"),
    sealed: bool = False,
) -> StoredFile:
    """Check a file and keep it; ``UploadRefused`` says why not. ``kinds`` are keys of ``file_checks.KINDS``.

    A ``sealed`` file is ciphertext on the disk and is opened by ``file_response`` only.
    """
    most = settings.UPLOAD_MAX_BYTES
    size = file.size or 0
    if size > most:
        raise _too_large()
    data = file.read(most + 1)
    if len(data) > most:
        raise _too_large()
    if not data:
        raise UploadRefused("core.upload.empty", _("This file is empty."))
    name = clean_name(file.name or "")
    suffix = suffix_of(name)
    try:
        checked = check_content(data, suffix, kinds)
    except UploadRefused as refusal:
        log.info("upload.refused", reason=refusal.code, suffix=suffix[:10], size=len(data), actor=by.label)
        raise
    stem = name[: len(name) - len(suffix)]
    return _keep(
        name=f"{stem}{checked.suffix}",
        suffix=checked.suffix,
        media_type=checked.media_type,
        data=checked.content,
        by=by,
        at=at,
        organization_id=organization_id,
        sealed=sealed,
    )


def _keep(
    *,
    name: str,
    suffix: str,
    media_type: str,
    data: bytes,
    by: Actor,
    at: datetime,
    organization_id: int | None,
    sealed: bool,
) -> StoredFile:
    stored = StoredFile(
        code=new_code("FL"),
        organization_id=organization_id,
        name=name,
        suffix=suffix,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        uploaded_by_id=by.user_id,
        created_at=at,
        is_sealed=sealed,
    )
    if sealed:
        data = seal_bytes(data, about=stored.code)
    try:
        stored.content.save(name, ContentFile(data), save=False)
    except OSError as error:
        log.error("upload.storage_failed", error=str(error))
        raise UploadRefused(
            "core.upload.storage", _("The file can't be stored just now. Nothing was saved; please retry later.")
        ) from error
    try:
        stored.save(force_insert=True)
    except BaseException:
        stored.content.delete(save=False)
        raise
    return stored


def _too_large() -> UploadRefused:
    return UploadRefused(
        "core.upload.too_large",
        _("This file is larger than %(most)s MB."),
        {"most": settings.UPLOAD_MAX_BYTES // (1024 * 1024)},
    )


def clean_name(name: str) -> str:
    """What a person called the file, safe to show and to save under: no path, no invisible or direction-turning
    signs, nothing a spreadsheet or a shell would take for a command, at most 120 characters with its ending.
    """
    text = unicodedata.normalize("NFC", name)
    text = "".join(
        sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    text = re.split(r"[\\/]", text)[-1]
    text = " ".join(_UNWANTED.sub(" ", text).split())
    text = text.lstrip(".-=+@~\uff1d\uff0b\uff0d\uff20 ").rstrip(". ")
    suffix = suffix_of(text)
    stem = text[: len(text) - len(suffix)].rstrip(". ")
    if not stem or _RESERVED.match(stem.split(".")[0].strip()):
        stem = f"file-{stem}".rstrip("-")
    return f"{stem[: LONGEST_NAME - len(suffix)]}{suffix}"


def suffix_of(name: str) -> str:
    """The last ending, in small letters with its dot; empty without one."""
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem and ending.isascii() and ending.isalnum() and len(ending) <= 8 else ""


def file_response(request: HttpRequest, stored: StoredFile) -> HttpResponseBase:
    """The file as a download. The caller has checked that the reader may have the noun that owns it.

    SealRefused when it is sealed with a key that is missing.
    """
    try:
        content = stored.content.open("rb")
    except (OSError, ValueError):
        log.error("file.missing", file=stored.code)
        return render(request, "public/core/file_unavailable.html", {"file": stored}, status=404)
    safe = stored.media_type in MEDIA_TYPES
    response = FileResponse(
        io.BytesIO(unseal_bytes(content.read(), about=stored.code)) if stored.is_sealed else content,
        as_attachment=True,
        filename=clean_name(stored.name),
        content_type=stored.media_type if safe else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _SANDBOX
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
