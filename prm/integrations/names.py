"""Mail addresses made of people's names."""

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from prm.core.csv_import import CellError, email_cell


def plain_name(name: str) -> str:
    """A name in ASCII small letters with points between the words; blank where nothing of it is ASCII."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", folded))


def mail_address(name: str, domain: str) -> str:
    """``Jane Doe`` at ``example.com`` is ``jane.doe@example.com``; CellError for a name that gives no address."""
    plain = plain_name(name)
    if not plain:
        raise CellError(_("no mail address can be made of %(name)s") % {"name": name[:80]})
    return email_cell(f"{plain[:60].rstrip('.')}@{domain}")
