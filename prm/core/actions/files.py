"""Keeping documents that the product itself makes."""

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile

from prm.core.codes import new_code
from prm.core.models import StoredFile


def store_document(
    *, content: bytes, name: str, suffix: str, media_type: str, organization_id: int | None, at: datetime
) -> StoredFile:
    """Keep a generated document in private storage; its row holds the hash of what was written."""
    stored = StoredFile(
        code=new_code("FL"),
        organization_id=organization_id,
        name=name[:200],
        suffix=suffix,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=at,
    )
    stored.content.save(name, ContentFile(content), save=False)
    stored.save(force_insert=True)
    return stored
