"""Contracts: the list, who earns what on one, recording what happened with a preview, and events from a file."""

from decimal import Decimal
from io import StringIO
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions.contract_events import ONCE
from deals.actions.contract_rehearsals import Rehearsal, record_seen_event, rehearse_contract_event
from deals.choices import ContractEventKind
from deals.documents.arithmetic import arithmetic
from deals.documents.earning_words import trigger_text
from deals.documents.line_words import said
from deals.documents.terms_words import terms_words
from deals.forms.contracts import DAYS, MEANINGS, EventForm, EventImportForm, StoredEventsForm
from deals.forms.incentive_filters import ContractFilters
from deals.models import Contract
from deals.queries.contract_page import Earner, contract_page, contract_rows
from deals.queries.people import may_decide
from deals.queries.program import program_at
from deals.queries.timeline import happenings
from deals.rules.earning_states import may_happen
from deals.views.answers import done, put_on_form, status_of, version_in
from partners.queries.companies import own_upload
from prm.core.access import manage_page
from prm.core.cells import Column, page_of
from prm.core.csv_import import CsvFile, ErrorFile, Limits, Report, Run, importer_for, run_import
from prm.core.explain import from_json
from prm.core.lists import ListPage, Sort, View
from prm.core.models import StoredFile
from prm.core.refused import Refused
from prm.core.uploads import accept_upload

_METHODS = require_http_methods(["GET", "HEAD", "POST"])
EVENTS = "contract_events"
LIMITS = Limits(bytes=5_000_000, rows=5_000)


@require_safe
@manage_page("deals.commission_view")
def contract_list(request: HttpRequest) -> HttpResponseBase:
    """Everything that customers signed, the latest first."""
    page = ListPage(
        request,
        contract_rows(request.actor),
        columns=[
            Column(
                "customer",
                _("Customer"),
                value=lambda row: row.opportunity.account.name if row.opportunity.account else row.opportunity.code,
                note="code",
                note_label=_("Number"),
                link=page_of("manage:deals:contract_detail"),
                place="title",
                fixed=True,
            ),
            Column("partner", _("Partner"), value="opportunity.partner.organization.name", kind="who"),
            Column("deal_kind", _("Economic model"), value="get_deal_kind_display"),
            Column("current_annual_amount", _("A year is worth"), kind="money", currency="currency", sort="annual"),
            Column("earned", _("Earned by partners"), kind="money", currency="currency"),
            Column("status", _("State"), kind="state", place="side"),
            Column("signed_on", _("Signed"), kind="day", sort="signed"),
            Column("first_paid_on", _("First paid"), kind="day", sort="paid"),
            Column("product", _("Product"), value="opportunity.product.name", shown=False),
            Column("amount", _("Contract value"), kind="money", currency="currency", shown=False),
            Column("list_amount", _("List price"), kind="money", currency="currency", shown=False),
            Column("cancelled_on", _("Cancelled as of"), kind="day", shown=False),
            Column("external_id", _("External number"), shown=False),
        ],
        sorts={
            "signed": Sort.by("signed_on"),
            "annual": Sort.by("current_annual_amount"),
            "paid": Sort.by("first_paid_on", nullable=["first_paid_on"]),
        },
        default_sort="-signed",
        filterset=ContractFilters,
        primary=("q", "partner"),
        views=[
            View(_("All")),
            View(_("Active"), {"status": ["active"]}),
            View(_("Not paid yet"), {"status": ["active"], "unpaid": "true", "sort": "signed"}),
            View(_("Cancelled"), {"status": ["cancelled"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("contracts")
    context = {"page": page, "can_record": request.actor.can("deals.contract_record")}
    return render(request, page.template("manage/deals/contract_list.html"), context)


def _find(request: HttpRequest, code: str) -> Contract:
    return get_object_or_404(contract_rows(request.actor), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Contract:
    """The row read anew, after somebody else may have changed it."""
    return get_object_or_404(contract_rows(request.actor), code=code)


def _may_record(request: HttpRequest, contract: Contract) -> bool:
    """Finance and operations for all contracts, others for the partners they decide for."""
    actor, partner_id = request.actor, contract.opportunity.partner_id
    return actor.can("deals.contract_record") and (
        actor.role in ("finance", "admin") or partner_id is None or may_decide(actor, partner_id, request.at)
    )


@require_safe
@manage_page("deals.commission_view")
def contract_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One contract: who earns what on it and why, what happened, and what comes next."""
    contract = _find(request, code)
    found = contract_page(contract, today=program_at(request.at).today)
    context = {
        "contract": contract,
        "found": found,
        "earners": [{"earner": each, "why": _why(each, contract, found.names)} for each in found.earners],
        "due": [{"due": each, "waits_for": trigger_text(each.waits_for)} for each in found.due],
        "events": happenings([("deals.contract", contract.code)], request.actor),
        "kinds": _kinds(contract) if _may_record(request, contract) else [],
    }
    return render(request, "manage/deals/contract_detail.html", context)


def _why(earner: Earner, contract: Contract, names: dict[str, str]) -> list[Any]:
    counted, lost = terms_words(from_json(earner.terms.lines), contract.currency, names)
    return [*counted, *lost]


def _kinds(contract: Contract) -> list[dict[str, Any]]:
    """What can happen to the contract as it stands, with what each would mean."""
    known = set(contract.events.filter(kind__in=ONCE).values_list("kind", flat=True))
    return [
        {"code": kind.value, "label": kind.label, "meaning": MEANINGS[kind]}
        for kind in ContractEventKind
        if may_happen(contract.status, kind) and kind not in known
    ]


@_METHODS
@manage_page("deals.contract_record")
def contract_event_create(request: HttpRequest, code: str) -> HttpResponse:
    """Record what happened: first what it will do, worked out for real and taken back, then the record."""
    contract = _find(request, code)
    if not _may_record(request, contract):
        raise PermissionDenied
    kinds = _kinds(contract)
    asked = request.POST.get("kind") or request.GET.get("kind", "")
    kind = asked if asked in DAYS and asked in {each["code"] for each in kinds} else ""
    if not kind:
        status = 409 if request.method == "POST" else 200
        return render(
            request, "manage/deals/contract_event_create.html", {"contract": contract, "kinds": kinds}, status=status
        )
    today = program_at(request.at).today
    if request.method != "POST":
        return _event_page(request, contract, EventForm(kind=kind, contract=contract, today=today))
    form = EventForm(request.POST, kind=kind, contract=contract, today=today)
    if not form.is_valid():
        return _event_page(request, contract, form, status=422)
    values = {**form.cleaned_data, "kind": kind, "by": request.actor, "at": request.at}
    preview = None
    try:
        if request.POST.get("do") == "record":
            event = record_seen_event(contract=contract, version=version_in(request), **values)
            back = reverse("manage:deals:contract_detail", args=[contract.code])
            return done(request, _("Recorded: %(what)s.") % {"what": event.get_kind_display()}, back)
        preview = rehearse_contract_event(contract=contract, **values)
    except Refused as refusal:
        put_on_form(form, refusal)
        status = 409 if refusal.code == "deals.contract.stale" else status_of(refusal)
        return _event_page(request, _as_it_is_now(request, code), form, status=status)
    return _event_page(request, contract, form, preview=preview)


def _event_page(
    request: HttpRequest, contract: Contract, form: EventForm, *, preview: Rehearsal | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "contract": contract,
        "form": form,
        "kind": form.kind,
        "label": ContractEventKind(form.kind).label,
        "meaning": MEANINGS[form.kind],
        "preview": preview,
        "booked": [
            {
                "line": line,
                "sum": arithmetic(line),
                "steps": [
                    each
                    for each in said(from_json(line.lines), line.currency)
                    if not each.total and line.kind == "clawback"
                ],
            }
            for line in (preview.booked if preview else ())
        ],
        "total": sum((line.amount for line in preview.booked), Decimal(0)) if preview else None,
        "program": program_at(request.at),
    }
    return render(request, "manage/deals/contract_event_create.html", context, status=status)


@_METHODS
@manage_page("deals.contract_record")
def contract_event_import(request: HttpRequest) -> HttpResponse:
    """Events from a file: kept and rehearsed, nothing is recorded yet."""
    form = EventImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            stored = accept_upload(
                file=form.cleaned_data["file"],
                by=request.actor,
                at=request.at,
                organization_id=request.organization.pk,
                kinds=("csv",),
            )
            report = _run(request, stored, form.cleaned_data, dry_run=True)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            return _result(request, stored, form.cleaned_data, report, is_done=False)
    context = {"form": form, "fields": importer_for(EVENTS).fields}
    return render(request, "manage/deals/contract_event_import.html", context, status=422 if form.errors else 200)


@require_POST
@manage_page("deals.contract_record")
def contract_event_import_confirm(request: HttpRequest) -> HttpResponse:
    """Record the rehearsed file. A second time changes nothing, because every event carries its number."""
    stored, values = _again(request)
    report = _run(request, stored, values, dry_run=False)
    return _result(request, stored, values, report, is_done=True)


@require_POST
@manage_page("deals.contract_record")
def contract_event_import_errors(request: HttpRequest) -> HttpResponse:
    """The refused rows with their reasons, as a file to correct and bring again."""
    stored, values = _again(request)
    out = StringIO()
    importer = importer_for(EVENTS)
    with stored.content.open("rb") as file:
        table = CsvFile(file, importer.fields, encoding=values["encoding"], limits=LIMITS)
        sink = ErrorFile(out, table.head.columns)
        run_import(importer=importer, file=table, run=_about(request, stored, values), dry_run=True, on_error=sink)
    response = HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{stored.code}-errors.csv"'
    return response


def _again(request: HttpRequest) -> tuple[StoredFile, dict[str, Any]]:
    form = StoredEventsForm(request.POST)
    stored = own_upload(form.cleaned_data["file"], request.actor) if form.is_valid() else None
    if stored is None:
        raise Http404
    return stored, form.cleaned_data


def _about(request: HttpRequest, stored: StoredFile, values: dict[str, Any]) -> Run:
    return Run(request.actor, request.at, values["day_order"], stored.name)


def _run(request: HttpRequest, stored: StoredFile, values: dict[str, Any], *, dry_run: bool) -> Report:
    importer = importer_for(EVENTS)
    with stored.content.open("rb") as file:
        table = CsvFile(file, importer.fields, encoding=values["encoding"], limits=LIMITS)
        return run_import(importer=importer, file=table, run=_about(request, stored, values), dry_run=dry_run)


def _result(
    request: HttpRequest, stored: StoredFile, values: dict[str, Any], report: Report, *, is_done: bool
) -> HttpResponse:
    context = {"stored": stored, "values": values, "report": report, "is_done": is_done}
    return render(request, "manage/deals/contract_event_result.html", context)
