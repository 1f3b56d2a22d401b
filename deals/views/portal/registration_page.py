"""The page of one registration, and what its partner can do there."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deals.actions import opportunities, registrations
from deals.actions.attachments import add_attachment, remove_attachment
from deals.actions.extensions import protection_of, request_extension, terms_program
from deals.choices import ConflictOutcome, ExtensionStatus, OpportunityStatus, RegistrationStatus
from deals.forms.registration import (
    AnswerForm,
    AppealForm,
    ExtensionForm,
    FileForm,
    LostForm,
    UpdateForm,
    WithdrawForm,
    WonForm,
)
from deals.models import Attachment, Registration
from deals.queries.attribution_page import own_part
from deals.queries.program import Program, program_at
from deals.queries.registrations import desk_of
from deals.queries.timeline import timeline
from deals.rules.protection import may_extend
from deals.rules.states import REGISTRATION, may_appeal
from deals.views.answers import done, put_on_form, status_of, version_in
from prm.core.access import portal_page
from prm.core.refused import Refused
from prm.core.uploads import file_response

_NEXT_STEPS = (RegistrationStatus.APPROVED, RegistrationStatus.EXPIRED)


def _rows(request: HttpRequest) -> QuerySet[Registration]:
    return Registration.objects.visible_to(request.actor).select_related(
        "partner__organization", "created_by", "decided_by", "opportunity", "program_version"
    )


def _mine(request: HttpRequest, code: str) -> Registration:
    return get_object_or_404(_rows(request), code=code)


def _as_it_is_now(request: HttpRequest, code: str) -> Registration:
    """The registration read anew, after somebody else may have changed it."""
    return get_object_or_404(_rows(request), code=code)


@require_safe
@portal_page("deals.own_view")
def registration_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Where a deal stands, who has it until when, and what can be done next."""
    registration = _mine(request, code)
    if registration.is_editable and request.actor.can("deals.registration_create"):
        return redirect("portal:deals:registration_edit", registration.code)
    return _page(request, registration)


def _page(
    request: HttpRequest, registration: Registration, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    """The page with all forms that fit the state; ``bound`` ones keep what was typed."""
    program = program_at(request.at)
    can_act = request.actor.can("deals.registration_create")
    info = registration.info_requests.filter(closed_at=None).select_related("asked_by").first()
    opportunity = getattr(registration, "opportunity", None)
    context: dict[str, Any] = {
        "registration": registration,
        "opportunity": opportunity,
        "part": own_part(opportunity, request.actor, request.at) if opportunity else None,
        "desk": desk_of(thing=registration),
        "events": timeline(thing=registration, actor=request.actor),
        "info": info,
        "files": registration.attachments.filter(removed_at=None).select_related("file", "added_by").order_by("pk"),
        "products": list(registration.products.order_by("name")),
        "extension": registration.extension_requests.filter(status=ExtensionStatus.REQUESTED).first(),
        "appeal": registration.appeals.order_by("-pk").first(),
        "unavailable": _told_unavailable(registration),
        "program": program,
        "problem": problem,
        "can_act": can_act,
    }
    if can_act:
        context["forms"] = _forms(registration, opportunity, info, program) | bound
        context["opened"] = next(iter(bound), "")
    return render(request, "portal/deals/registration_detail.html", context, status=status)


def _told_unavailable(registration: Registration) -> bool:
    """One sentence for customer, own pipeline and other partner alike, while a decision is open."""
    waiting = registration.status in (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED)
    return waiting and registration.conflict_outcome == ConflictOutcome.CONFLICT


def _forms(registration: Registration, opportunity: Any, info: Any, program: Program) -> dict[str, forms.Form]:
    """The forms a partner can use in this state, by name."""
    offered: dict[str, forms.Form] = {}
    if info is not None:
        offered["answer"] = AnswerForm(
            currency=program.currency, registration=registration, open_fields=info.fields, prefix="answer"
        )
    is_open = opportunity is not None and opportunity.status == OpportunityStatus.OPEN
    if is_open and registration.status in _NEXT_STEPS:
        initial = {"stage": opportunity.stage, "expected_close_on": opportunity.expected_close_on}
        offered["update"] = UpdateForm(initial=initial, prefix="update")
        offered["lost"] = LostForm(prefix="lost")
        if opportunity.reported_won_at is None:
            offered["won"] = WonForm(initial={"won_on": program.today}, prefix="won")
    if registration.status == RegistrationStatus.APPROVED and not registration.in_conflict:
        terms = terms_program(registration, program.at)
        if may_extend(protection_of(registration), terms.today, True, terms.terms):
            offered["extend"] = ExtensionForm(prefix="extend")
    if may_appeal(registration.status, registration.appeals.count(), program.terms):
        offered["appeal"] = AppealForm(prefix="appeal")
    if REGISTRATION.allows(registration.status, "withdraw"):
        offered["withdraw"] = WithdrawForm(prefix="withdraw")
    if registration.status not in (RegistrationStatus.WITHDRAWN, RegistrationStatus.LOST):
        offered["attach"] = FileForm(prefix="attach")
    return offered


def _act(
    request: HttpRequest,
    registration: Registration,
    name: str,
    form: forms.Form,
    act: Callable[[dict[str, Any]], object],
    text: Any,
) -> HttpResponse:
    """Validate, act, go back to the page; a refusal shows the page as it is now with what was typed."""
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except Refused as refusal:
            put_on_form(form, refusal)
            now = _as_it_is_now(request, registration.code)
            problem = refusal.message if status_of(refusal) == 409 else ""
            return _page(request, now, status=status_of(refusal), problem=problem, **{name: form})
        return done(request, text, reverse("portal:deals:registration_detail", args=[registration.code]))
    return _page(request, registration, status=422, **{name: form})


@require_POST
@portal_page("deals.registration_create")
def registration_answer(request: HttpRequest, code: str) -> HttpResponse:
    """Answer a question; only the fields that were asked for are read."""
    registration = _mine(request, code)
    info = registration.info_requests.filter(closed_at=None).first()
    form = AnswerForm(
        request.POST,
        request.FILES,
        currency=registration.currency,
        registration=registration,
        open_fields=info.fields if info else (),
        prefix="answer",
    )

    def act(typed: dict[str, Any]) -> None:
        if typed.get("file"):
            add_attachment(registration=registration, by=request.actor, at=request.at, file=typed["file"])
        registrations.answer_info(
            registration=registration,
            by=request.actor,
            at=request.at,
            answer=typed.get("answer", "") or (_("File added.") if typed.get("file") else ""),
            values={key: value for key, value in typed.items() if key in registrations.WRITABLE},
            products=typed.get("products"),
            version=version_in(request),
        )

    return _act(request, registration, "answer", form, act, _("Your answer is sent. The clock runs again."))


@require_POST
@portal_page("deals.registration_create")
def registration_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take a registration back; of a draft nothing is left to see."""
    registration = _mine(request, code)
    form = WithdrawForm(request.POST, prefix="withdraw")

    def act(typed: dict[str, Any]) -> None:
        registrations.withdraw_registration(
            registration=registration,
            by=request.actor,
            at=request.at,
            reason=typed["reason"],
            version=version_in(request),
        )

    return _act(request, registration, "withdraw", form, act, _("%(code)s is withdrawn.") % {"code": code})


@require_POST
@portal_page("deals.registration_create")
def registration_extend(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for more time."""
    registration = _mine(request, code)
    form = ExtensionForm(request.POST, prefix="extend")

    def act(typed: dict[str, Any]) -> None:
        request_extension(registration=registration, by=request.actor, at=request.at, activity=typed["activity"])

    return _act(request, registration, "extend", form, act, _("Your request for more time is sent."))


@require_POST
@portal_page("deals.registration_create")
def registration_update(request: HttpRequest, code: str) -> HttpResponse:
    """Say how far the deal has come."""
    registration = _mine(request, code)
    form = UpdateForm(request.POST, prefix="update")

    def act(typed: dict[str, Any]) -> None:
        opportunities.update_opportunity(
            opportunity=_opportunity_of(registration),
            by=request.actor,
            at=request.at,
            version=version_in(request),
            **typed,
        )

    return _act(request, registration, "update", form, act, _("The deal is updated."))


@require_POST
@portal_page("deals.registration_create")
def registration_report_won(request: HttpRequest, code: str) -> HttpResponse:
    """Report a win with evidence; the vendor confirms it."""
    registration = _mine(request, code)
    form = WonForm(request.POST, request.FILES, prefix="won")

    def act(typed: dict[str, Any]) -> None:
        opportunity = _opportunity_of(registration)
        file = typed["file"]
        if file:
            add_attachment(registration=registration, by=request.actor, at=request.at, file=file, is_evidence=True)
        opportunities.report_won(
            opportunity=opportunity,
            by=request.actor,
            at=request.at,
            won_on=typed["won_on"],
            evidence=typed["evidence"],
            has_attachment=bool(file) or registration.attachments.filter(removed_at=None, is_evidence=True).exists(),
        )

    return _act(request, registration, "won", form, act, _("Well done. We confirm the win and tell you."))


@require_POST
@portal_page("deals.registration_create")
def registration_report_lost(request: HttpRequest, code: str) -> HttpResponse:
    """Close a deal as lost."""
    registration = _mine(request, code)
    form = LostForm(request.POST, prefix="lost")

    def act(typed: dict[str, Any]) -> None:
        opportunities.lose_opportunity(
            opportunity=_opportunity_of(registration),
            by=request.actor,
            at=request.at,
            reason=typed["lost_reason"],
            note=typed["note"],
        )

    return _act(request, registration, "lost", form, act, _("The deal is closed as lost."))


@require_POST
@portal_page("deals.registration_create")
def registration_appeal(request: HttpRequest, code: str) -> HttpResponse:
    """Appeal a rejection once."""
    registration = _mine(request, code)
    form = AppealForm(request.POST, request.FILES, prefix="appeal")

    def act(typed: dict[str, Any]) -> None:
        if typed["file"]:
            add_attachment(registration=registration, by=request.actor, at=request.at, file=typed["file"])
        registrations.appeal_registration(
            registration=registration, by=request.actor, at=request.at, grounds=typed["grounds"]
        )

    return _act(request, registration, "appeal", form, act, _("Your appeal is sent to the next rank."))


def _opportunity_of(registration: Registration) -> Any:
    opportunity = getattr(registration, "opportunity", None)
    if opportunity is None:
        raise opportunities.OpportunityRefused("transition.refused", _("There is no deal to change (yet)."))
    return opportunity


@require_POST
@portal_page("deals.registration_create")
def attachment_add(request: HttpRequest, code: str) -> HttpResponse:
    """Add a file."""
    registration = _mine(request, code)
    form = FileForm(request.POST, request.FILES, prefix="attach")

    def act(typed: dict[str, Any]) -> None:
        add_attachment(registration=registration, by=request.actor, at=request.at, file=typed["file"])

    return _act(request, registration, "attach", form, act, _("The file is added."))


@require_POST
@portal_page("deals.registration_create")
def attachment_remove(request: HttpRequest, code: str, file: str) -> HttpResponse:
    """Take a file out of a draft."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.actor).select_related("registration", "file"),
        registration__code=code,
        file__code=file,
        removed_at=None,
    )
    page = reverse("portal:deals:registration_detail", args=[code])
    try:
        remove_attachment(attachment=attachment, by=request.actor, at=request.at)
    except Refused as refusal:
        return _page(request, _mine(request, code), status=409, problem=refusal.message)
    return done(request, _("The file is removed."), page)


@require_safe
@portal_page("deals.own_view")
def attachment_download(request: HttpRequest, code: str, file: str) -> HttpResponse:
    """A file of one's own registration."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.actor).select_related("file"),
        registration__code=code,
        file__code=file,
        removed_at=None,
    )
    return file_response(request, attachment.file)
