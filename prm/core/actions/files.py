"""Keeping documents that the product itself makes."""

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile

from prm.core.codes import new_code
from prm.core.models import StoredFile
from prm.core.sealing import seal_bytes


def store_document(
    *,
    content: bytes,
    name: str,
    suffix: str,
    media_type: str,
    organization_id: int | None,
    at: datetime,
    sealed: bool = False,
) -> StoredFile:
    """Keep a generated document in private storage; its row holds the hash of what was written.

    A ``sealed`` one is ciphertext on the disk.
    """
    stored = StoredFile(
        code=new_code("FL"),
        organization_id=organization_id,
        name=name[:200],
        suffix=suffix,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=at,
        is_sealed=sealed,
    )
    kept = seal_bytes(content, about=stored.code) if sealed else content
    stored.content.save(name, ContentFile(kept), save=False)
    stored.save(force_insert=True)
    return stored
