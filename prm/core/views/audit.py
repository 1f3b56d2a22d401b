"""Program → Audit: who did what to which thing, when and why."""

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.choices import ActorKind
from prm.core.filters import AuditFilters
from prm.core.lists import ListPage, Sort, View
from prm.core.models import AuditEntry
from prm.core.refs import Ref, kind_of, url_for

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?\+\d\d:\d\d")
_CHECKSUM = re.compile(r"[0-9a-f]{40,}")


@require_safe
@manage_page("core.audit_view")
def audit_list(request: HttpRequest) -> HttpResponseBase:
    """Every line of the audit log, the latest first."""
    page = ListPage(
        request,
        AuditEntry.objects.visible_to(request.actor).select_related("actor_user", "on_behalf_of", "organization"),
        columns=[
            Column("code", _("What happened"), value=what_happened, link=_address, place="title", fixed=True),
            Column("thing", _("Record"), value=_thing, note="ref_code", note_label=_("Number")),
            Column("who", _("Done by"), value=who_did, note=_role, note_label=_("As")),
            Column("organization", _("Company"), value="organization.name"),
            Column("changes", _("Changes"), value=changes_in_words),
            Column("reason", _("Reason"), shown=False),
            Column("request_id", _("Request"), shown=False),
            Column("at", _("When"), kind="moment", sort="at", place="side", fixed=True),
        ],
        sorts={"at": Sort.by("at")},
        default_sort="-at",
        filterset=AuditFilters,
        primary=("q", "thing", "person", "what"),
        views=[
            View(_("All")),
            View(_("By people"), {"by": ActorKind.PERSON.value}),
            View(_("By the system"), {"by": ActorKind.SYSTEM.value}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("audit")
    return render(request, page.template("manage/core/audit_list.html"), {"page": page})


def what_happened(row: AuditEntry) -> str:
    """The code in words: ``deals.registration.win_reported`` reads "Registration: win reported"."""
    noun, _dot, verb = row.code.partition(".")[2].rpartition(".")
    said = f"{noun}: {verb}" if noun else verb or row.code
    said = said.replace("_", " ").replace(".", " ")
    return said[:1].upper() + said[1:]


def who_did(row: AuditEntry) -> str:
    """The person, or the job that the system ran."""
    if row.actor_user is not None:
        return row.actor_user.name or row.actor_user.email
    return row.job or ActorKind(row.actor_kind).label


def _role(row: AuditEntry) -> str:
    """In which role, or for whom."""
    if row.on_behalf_of is not None:
        return _("for %(name)s") % {"name": row.on_behalf_of.name or row.on_behalf_of.email}
    return row.actor_role.replace("_", " ")


def _thing(row: AuditEntry) -> str:
    kind = kind_of(Ref(row.ref_kind, row.ref_code))
    return str(kind.label) if kind else row.ref_kind.rpartition(".")[2].replace("_", " ").capitalize()


def _address(row: AuditEntry) -> str:
    return url_for(Ref(row.ref_kind, row.ref_code), "vendor")


def changes_in_words(row: AuditEntry) -> str:
    """What changed, field by field, and why: "status: submitted → approved; days: 30; because: they signed"."""
    told = ((field.replace("_", " "), value) for field, value in row.changes.items() if value not in (None, "", [], {}))
    parts = [f"{field}: {_value(value)}" for field, value in told]
    if row.reason:
        parts.append(_("because: %(reason)s") % {"reason": row.reason})
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and not any(isinstance(each, list | dict) for each in value):
        return f"{_value(value[0])} → {_value(value[1])}"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_value(each)}" for key, each in value.items())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value in (None, "") else _text(str(value))


def _text(text: str) -> str:
    """A moment in the reader's time zone, a checksum by its beginning, anything else as it stands."""
    if _MOMENT.fullmatch(text):
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M Y H:i")
    return f"{text[:8]}…" if _CHECKSUM.fullmatch(text) else text
