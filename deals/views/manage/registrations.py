"""The pipeline: what waits for a decision, everything that was sent in, and one registration with its conflicts."""

from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from deals.actions.claims import rivals_of
from deals.choices import ExtensionStatus, RegistrationStatus
from deals.documents.comparisons import checks, side_by_side
from deals.filters import RegistrationFilters, WaitingFilters
from deals.forms.decisions import (
    ApproveForm,
    ConfirmWonForm,
    NoteForm,
    NoteNeededForm,
    RejectForm,
    ReturnForm,
    TransferForm,
)
from deals.forms.money import plain_amount
from deals.models import Attachment, Registration
from deals.queries.conflicts import approval_needs_reason
from deals.queries.people import may_decide
from deals.queries.program import Program, program_at
from deals.queries.registrations import (
    Compared,
    compared_matches,
    decided_on,
    desk_of,
    sent_registrations,
    waiting_decisions,
)
from deals.queries.timeline import timeline
from deals.rules.protection import protect
from partners.queries.grants import entitlement
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.uploads import file_response


def _columns(*, status_shown: bool = True) -> list[Column]:
    return [
        Column(
            "customer_name",
            _("Customer"),
            note="code",
            note_label=_("Number"),
            link=lambda row: reverse("manage:deals:registration_detail", args=[row.code]),
            place="title",
            fixed=True,
        ),
        Column("partner", _("Partner"), value="partner.organization.name", note="partner.tier.name", kind="who"),
        Column("amount", _("Amount"), kind="money", currency="currency", sort="amount"),
        Column("status", _("State"), kind="state", shown=status_shown),
        Column("conflict", _("Conflict"), value="conflict_outcome", template="manage/deals/cells/conflict.html"),
    ]


@require_safe
@manage_page("deals.registration_view")
def registration_queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision: priority first, then the least time left."""
    page = ListPage(
        request,
        waiting_decisions(request.actor),
        columns=[
            *_columns(status_shown=False),
            Column("assignee", _("With"), kind="who"),
            Column(
                "clock",
                _("Time left"),
                value="status",
                template="manage/deals/cells/clock.html",
                sort="time",
                place="side",
                exported=False,
            ),
        ],
        sorts={
            "time": Sort.by("-priority", "due_at", nullable=["due_at"]),
            "amount": Sort.by("amount", nullable=["amount"]),
        },
        default_sort="time",
        show=partial(decided_on, request.actor),
        filterset=WaitingFilters,
        primary=("q", "partner", "conflict"),
        views=[
            View(_("All open")),
            View(_("To decide"), {"status": ["submitted"]}),
            View(_("Waiting for the partner"), {"status": ["info_requested"]}),
            View(_("In conflict"), {"conflict": "conflict"}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("registrations-waiting")
    context = {"page": page, "tab": "queue"}
    return render(request, page.template("manage/deals/registration_queue.html"), context)


@require_safe
@manage_page("deals.registration_view")
def registration_list(request: HttpRequest) -> HttpResponse:
    """Everything that was sent in, the latest first."""
    page = ListPage(
        request,
        sent_registrations(request.actor),
        columns=[
            *_columns(),
            Column("submitted_at", _("Submitted"), kind="moment", sort="submitted", place="side"),
            Column("protected_until", _("Protected until"), kind="day", sort="protected"),
            Column("decided_at", _("Decided"), kind="moment", shown=False),
            Column("expected_close_on", _("Expected close"), kind="day", shown=False),
            Column("customer_domain", _("Website"), shown=False),
            Column("customer_country", _("Country"), shown=False),
            Column("first_contact_on", _("First contact"), kind="day", shown=False),
        ],
        sorts={
            "submitted": Sort.by("submitted_at"),
            "protected": Sort.by("protected_until", nullable=["protected_until"]),
            "amount": Sort.by("amount", nullable=["amount"]),
        },
        default_sort="-submitted",
        filterset=RegistrationFilters,
        primary=("q", "partner", "conflict"),
        views=[
            View(_("All")),
            View(_("Protected"), {"status": ["approved"], "sort": "protected"}),
            View(_("Won"), {"status": ["won"]}),
            View(_("Rejected"), {"status": ["rejected"]}),
        ],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("registrations")
    context = {"page": page, "tab": "registrations"}
    return render(request, page.template("manage/deals/registration_list.html"), context)


def _rows(request: HttpRequest) -> QuerySet[Registration]:
    return Registration.objects.visible_to(request.actor).select_related(
        "partner__organization",
        "partner__track",
        "partner__tier",
        "partner__owner",
        "created_by",
        "decided_by",
        "opportunity__reported_by",
        "account",
        "program_version",
    )


def find(request: HttpRequest, code: str) -> Registration:
    """A registration that this reader may see, with what its page needs."""
    return get_object_or_404(_rows(request), code=code)


def as_it_is_now(request: HttpRequest, code: str) -> Registration:
    """The registration read anew, after somebody else may have changed it."""
    return get_object_or_404(_rows(request), code=code)


@require_safe
@manage_page("deals.registration_view")
def registration_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One registration beside what it may collide with, and the decision."""
    return detail_page(request, find(request, code))


def detail_page(
    request: HttpRequest, registration: Registration, *, status: int = 200, problem: str = "", **bound: forms.Form
) -> HttpResponse:
    """The page as it is now; ``bound`` forms keep what was typed into them."""
    actor, program = request.actor, program_at(request.at)
    compared = compared_matches(thing=registration)
    opportunity = getattr(registration, "opportunity", None)
    decides = actor.can("deals.registration_decide") and may_decide(actor, registration.partner_id, request.at)
    needs_reason = approval_needs_reason(each.match for each in compared)
    is_open = registration.status in (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED)
    context: dict[str, Any] = {
        "registration": registration,
        "opportunity": opportunity,
        "desk": desk_of(thing=registration),
        "sides": [side_by_side(thing=registration, compared=each, now=request.at) for each in compared],
        "checks": _checks(registration, compared, program) if is_open else [],
        "needs_reason": needs_reason,
        "rivals": rivals_of(registration=registration, at=request.at) if is_open or registration.in_conflict else [],
        "events": timeline(thing=registration, actor=actor),
        "info": registration.info_requests.filter(closed_at=None).first(),
        "appeal": registration.appeals.order_by("-pk").first(),
        "extension": registration.extension_requests.filter(status=ExtensionStatus.REQUESTED).first(),
        "files": registration.attachments.filter(removed_at=None).select_related("file", "added_by").order_by("pk"),
        "products": list(registration.products.order_by("name")),
        "program": program,
        "would_protect": protect(program.today, program.terms).last_day,
        "decides": decides,
        "is_open": is_open,
        "can_overrule": actor.can("deals.registration_overrule"),
        "can_confirm": actor.can("deals.opportunity_confirm") and decides,
        "problem": problem,
        "forms": {**_forms(opportunity, needs_reason), **bound},
        "opened": next(iter(bound), ""),
    }
    return render(request, "manage/deals/registration_detail.html", context, status=status)


def _checks(registration: Registration, compared: list[Compared], program: Program) -> list[dict[str, Any]]:
    return checks(
        registration=registration,
        compared=compared,
        granted=entitlement(registration.partner_id, "deal_registration", program.today),
        similarity=program.terms.name_similarity_percent,
        tier_names=program.tier_names(registration.partner.track.code),
    )


def _forms(opportunity: Any, needs_reason: bool) -> dict[str, forms.Form]:
    offered: dict[str, forms.Form] = {
        "approve": ApproveForm(prefix="approve", needs_reason=needs_reason),
        "return": ReturnForm(prefix="return"),
        "reject": RejectForm(prefix="reject"),
        "transfer": TransferForm(prefix="transfer"),
        "grant": NoteForm(prefix="grant"),
        "decline_extension": NoteNeededForm(prefix="decline_extension"),
        "decline_win": NoteNeededForm(prefix="decline_win"),
    }
    if opportunity is not None:
        offered["confirm"] = confirm_form(opportunity)
    return offered


def confirm_form(opportunity: Any) -> ConfirmWonForm:
    """The confirmation with what the partner reported."""
    return ConfirmWonForm(
        prefix="confirm",
        currency=opportunity.currency,
        initial={
            "won_on": opportunity.reported_won_on,
            "amount": plain_amount(opportunity.amount),
            "term_months": opportunity.term_months,
        },
    )


@require_safe
@manage_page("deals.registration_view")
def attachment_download(request: HttpRequest, code: str, file: str) -> HttpResponse:
    """A file of a registration that was sent in."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.actor)
        .filter(registration__in=Registration.objects.visible_to(request.actor))
        .select_related("file"),
        registration__code=code,
        file__code=file,
        removed_at=None,
    )
    return file_response(request, attachment.file)
