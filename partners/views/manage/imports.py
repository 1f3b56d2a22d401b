"""Bringing records in from a CSV file: rehearsed first, then imported, with a file of what was refused."""

from io import StringIO

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partners.forms import ImportForm, StoredImportForm
from partners.queries.companies import own_upload
from prm.core.access import manage_page
from prm.core.csv_import import (
    CsvFile,
    ErrorFile,
    Limits,
    Report,
    Run,
    import_kinds,
    import_permission,
    importer_for,
    run_import,
)
from prm.core.models import StoredFile
from prm.core.refused import Refused
from prm.core.uploads import accept_upload

# A page answers in seconds; larger files go through the command, which streams them.
LIMITS = Limits(bytes=5_000_000, rows=5_000)


def _kinds(request: HttpRequest) -> list:
    return [(kind, label) for kind, label in import_kinds() if request.actor.can(import_permission(kind))]


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.record_edit")
def import_start(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is kept and rehearsed, and nothing is imported yet."""
    form = ImportForm(request.POST or None, request.FILES or None, kinds=_kinds(request))
    if request.method == "POST" and form.is_valid():
        try:
            stored = _keep(request, form.cleaned_data["file"])
            report = _run(request, stored, form.cleaned_data, dry_run=True)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            return _result(request, stored, form.cleaned_data, report, is_done=False)
    context = {"form": form, "columns": _columns(request)}
    return render(request, "manage/partners/import_start.html", context, status=422 if form.errors else 200)


@require_POST
@manage_page("partners.record_edit")
def import_confirm(request: HttpRequest) -> HttpResponse:
    """Import the rehearsed file. A second click changes nothing, because every row carries its id."""
    stored, values = _again(request)
    report = _run(request, stored, values, dry_run=False)
    return _result(request, stored, values, report, is_done=True)


@require_POST
@manage_page("partners.record_edit")
def import_errors(request: HttpRequest) -> HttpResponse:
    """The refused rows with their reasons, as a file to correct and bring again."""
    stored, values = _again(request)
    out = StringIO()
    importer = importer_for(values["kind"])
    with stored.content.open("rb") as file:
        table = CsvFile(file, importer.fields, encoding=values["encoding"], limits=LIMITS)
        sink = ErrorFile(out, table.head.columns)
        run_import(importer=importer, file=table, run=_about(request, stored, values), dry_run=True, on_error=sink)
    response = HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{stored.code}-errors.csv"'
    return response


def _keep(request: HttpRequest, file: UploadedFile) -> StoredFile:
    return accept_upload(
        file=file, by=request.actor, at=request.at, organization_id=request.organization.pk, kinds=("csv",)
    )


def _again(request: HttpRequest) -> tuple[StoredFile, dict]:
    form = StoredImportForm(request.POST, kinds=_kinds(request))
    if not form.is_valid():
        raise PermissionDenied if "kind" in form.errors else Http404
    stored = own_upload(form.cleaned_data["file"], request.actor)
    if stored is None:
        raise Http404
    return stored, form.cleaned_data


def _about(request: HttpRequest, stored: StoredFile, values: dict) -> Run:
    return Run(request.actor, request.at, values["day_order"], stored.name)


def _run(request: HttpRequest, stored: StoredFile, values: dict, *, dry_run: bool) -> Report:
    importer = importer_for(values["kind"])
    with stored.content.open("rb") as file:
        table = CsvFile(file, importer.fields, encoding=values["encoding"], limits=LIMITS)
        return run_import(importer=importer, file=table, run=_about(request, stored, values), dry_run=dry_run)


def _result(request: HttpRequest, stored: StoredFile, values: dict, report: Report, *, is_done: bool) -> HttpResponse:
    labels = dict(import_kinds())
    context = {
        "stored": stored,
        "values": values,
        "label": labels[values["kind"]],
        "report": report,
        "is_done": is_done,
        "title": _("Imported") if is_done else _("Preview"),
    }
    return render(request, "manage/partners/import_result.html", context)


def _columns(request: HttpRequest) -> list[dict]:
    return [{"label": label, "fields": importer_for(kind).fields} for kind, label in _kinds(request)]
