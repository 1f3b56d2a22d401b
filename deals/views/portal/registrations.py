"""A partner's registrations: the list, the short page to register a deal, and drafts."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions.attachments import add_attachment
from deals.actions.availability import AvailabilityAnswer, AvailabilityRefused, check_availability
from deals.actions.registrations import (
    NotEntitledRefused,
    StaleRefused,
    save_draft,
    submit_registration,
)
from deals.choices import Availability, RegistrationStatus
from deals.filters import OwnRegistrationFilters
from deals.forms.registration import RegistrationForm
from deals.models import Registration
from deals.queries.program import Program, program_at
from deals.queries.registrations import own_registrations, promise_for, put_clocks_on
from deals.rules.accounts import name_from_domain
from deals.views.answers import put_on_form, status_of, version_in
from partners.models import Partner
from prm.core.access import portal_page
from prm.core.cells import Column
from prm.core.codes import new_code
from prm.core.lists import ListPage, Sort, View
from prm.core.refused import Refused
from prm.core.transitions import TransitionRefused
from prm.core.uploads import UploadRefused
from prm.core.wording import in_words

_SALT = "deals.draft"


@require_safe
@portal_page("deals.own_view")
def registration_list(request: HttpRequest) -> HttpResponse:
    """All deals of the company, the latest first, with what happens next."""
    page = ListPage(
        request,
        own_registrations(request.actor),
        columns=[
            Column(
                "customer",
                _("Customer"),
                value=lambda row: row.customer_name or _("Draft without a name"),
                note="code",
                note_label=_("Number"),
                link=lambda row: reverse("portal:deals:registration_detail", args=[row.code]),
                place="title",
                fixed=True,
            ),
            Column("amount", _("Amount"), kind="money", currency="currency", sort="amount"),
            Column("status", _("State"), kind="state", place="side"),
            Column(
                "next", _("What happens next"), value="status", template="portal/deals/cells/next.html", exported=False
            ),
            Column("expected_close_on", _("Expected close"), kind="day", sort="closes"),
            Column("protected_until", _("Protected until"), kind="day", sort="protected", shown=False),
            Column("created_by", _("Registered by"), value="created_by.name", shown=False),
            Column("submitted_at", _("Submitted"), kind="moment", shown=False),
            Column("saved_at", _("Last change"), kind="moment", sort="saved", shown=False),
        ],
        sorts={
            "saved": Sort.by("saved_at"),
            "amount": Sort.by("amount", nullable=["amount"]),
            "closes": Sort.by("expected_close_on", nullable=["expected_close_on"]),
            "protected": Sort.by("protected_until", nullable=["protected_until"]),
        },
        default_sort="-saved",
        filterset=OwnRegistrationFilters,
        primary=("q", "mine"),
        views=[
            View(_("All")),
            View(_("Open"), {"status": ["draft", "submitted", "info_requested"]}),
            View(_("Needs your answer"), {"status": ["info_requested"]}),
            View(_("Protected"), {"status": ["approved"], "sort": "protected"}),
            View(_("Won"), {"status": ["won"]}),
            View(_("Closed"), {"status": ["rejected", "withdrawn", "lost", "expired"]}),
        ],
    )
    if page.export:
        return page.export_response("deals")
    put_clocks_on(page.objects)
    context = {"page": page, "can_register": request.actor.can("deals.registration_create"), "tab": "registrations"}
    return render(request, page.template("portal/deals/registration_list.html"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("deals.registration_create")
def registration_new(request: HttpRequest) -> HttpResponse:
    """The short page. Without the entitlement it says what unlocks it and offers a referral instead."""
    partner, program = _own_company(request), program_at(request.at)
    allowed = program.entitlement(partner.pk, "deal_registration")
    if not (allowed.granted and partner.is_active):
        status = 200 if request.method in ("GET", "HEAD") else 403
        said = in_words(allowed.lines)
        return render(
            request, "portal/deals/registration_locked.html", {"partner": partner, "said": said}, status=status
        )
    if request.method == "POST":
        return _save(request, partner, program, code=_code_in(request))
    form = RegistrationForm(currency=program.currency)
    return _page(request, partner, program, form, token=_token(request, new_code("DR")))


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("deals.registration_create")
def registration_edit(request: HttpRequest, code: str) -> HttpResponse:
    """A draft; once sent, its page shows it instead."""
    draft = get_object_or_404(Registration.objects.visible_to(request.actor), code=code)
    if not draft.is_editable:
        return redirect("portal:deals:registration_detail", draft.code)
    partner, program = _own_company(request), program_at(request.at)
    if request.method == "POST":
        return _save(request, partner, program, draft=draft)
    form = RegistrationForm(currency=program.currency, registration=draft)
    return _page(request, partner, program, form, draft=draft)


def _own_company(request: HttpRequest) -> Partner:
    return get_object_or_404(
        Partner.objects.visible_to(request.actor).select_related("organization"), pk=request.actor.organization_id
    )


def _token(request: HttpRequest, code: str) -> str:
    return signing.dumps([code, request.actor.organization_id], salt=_SALT)


def _code_in(request: HttpRequest) -> str:
    """The number this form was given when it was opened, so that sending it twice makes one registration."""
    try:
        code, organization_id = signing.loads(request.POST.get("draft", ""), salt=_SALT, max_age=7 * 86400)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return code if organization_id == request.actor.organization_id else ""


def _save(
    request: HttpRequest, partner: Partner, program: Program, *, draft: Registration | None = None, code: str = ""
) -> HttpResponse:
    """Keep what was typed; send it in when that was asked for. Nothing typed is lost, whatever the answer."""
    autosave = request.headers.get("X-Autosave") == "1"
    form = RegistrationForm(request.POST, request.FILES, currency=program.currency)
    try:
        saved = save_draft(
            partner=partner,
            by=request.actor,
            at=request.at,
            code=code,
            registration=draft,
            values=form.kept(),
            products=form.kept_products(),
            version=version_in(request),
        )
    except StaleRefused as refusal:
        if autosave:
            return JsonResponse({"error": refusal.message}, status=409)
        for name, value in refusal.values["saved"].items():
            form.add_error(name, _("Saved meanwhile in another window: %(value)s") % {"value": value or "–"})
        version = refusal.values["version"]
        return _page(request, partner, program, form, draft=draft, version=version, status=409)
    except TransitionRefused:
        sent = draft or Registration.objects.visible_to(request.actor).filter(code=code).first()
        if sent is None or autosave:
            raise Http404 from None
        messages.info(request, _("This registration was sent already."))
        return redirect("portal:deals:registration_detail", sent.code)
    address = reverse("portal:deals:registration_edit", args=[saved.code])
    if autosave:
        fields = {"version": saved.version}
        return JsonResponse({"url": address, "action": address, "autosave": address, "fields": fields})
    if not _keep_file(request, form, saved):
        return _page(request, partner, program, form, draft=saved, status=422)
    if request.POST.get("do") != "submit":
        if not form.missing_only:
            return _page(request, partner, program, form, draft=saved, status=422)
        messages.success(request, _("Saved as a draft. Nothing is sent yet."))
        return redirect(address)
    return _submit(request, partner, program, form, saved)


def _keep_file(request: HttpRequest, form: RegistrationForm, draft: Registration) -> bool:
    """Put the chosen file to the draft; says at the field why one is not taken."""
    file = request.FILES.get("file")
    if file is None:
        return True
    try:
        add_attachment(registration=draft, by=request.actor, at=request.at, file=file)
    except (UploadRefused, Refused) as refusal:
        form.add_error("file", refusal.message)
        return False
    return True


def _submit(
    request: HttpRequest, partner: Partner, program: Program, form: RegistrationForm, draft: Registration
) -> HttpResponse:
    if form.errors:
        return _page(request, partner, program, form, draft=draft, status=422)
    try:
        sent = submit_registration(registration=draft, by=request.actor, at=request.at, program=program)
    except NotEntitledRefused:
        return redirect("portal:deals:registration_new")
    except Refused as refusal:
        put_on_form(form, refusal)
        draft.refresh_from_db()
        return _page(request, partner, program, form, draft=draft, status=status_of(refusal))
    messages.success(request, _("%(code)s is sent.") % {"code": sent.code})
    return redirect("portal:deals:registration_detail", sent.code)


def _page(
    request: HttpRequest,
    partner: Partner,
    program: Program,
    form: RegistrationForm,
    *,
    draft: Registration | None = None,
    token: str = "",
    version: int | None = None,
    availability: dict[str, Any] | None = None,
    name_filled: str = "",
    status: int = 200,
) -> HttpResponse:
    if draft is None and not token:
        token = request.POST.get("draft") or _token(request, new_code("DR"))
    more = {"contact_name", "contact_title", "contact_email", "contact_phone", "competitor", "engagement", "notes"}
    context = {
        "form": form,
        "draft": draft,
        "token": token,
        "version": version or (draft.version if draft else ""),
        "files": draft.attachments.filter(removed_at=None).select_related("file") if draft else [],
        "promise": promise_for(partner=partner, program=program, at=request.at),
        "availability": availability,
        "name_filled": name_filled,
        "open_more": bool(more & set(form.errors)) or (draft is not None and any(getattr(draft, n) for n in more)),
    }
    return render(request, "portal/deals/registration_form.html", context, status=status)


@require_POST
@portal_page("deals.registration_create")
def registration_check(request: HttpRequest) -> HttpResponse:
    """Whether an account is free: a fragment for htmx, the whole page with the answer for a plain form.

    A name that is still empty, or that an earlier answer put there, is filled in from the domain.
    """
    text = request.POST.get("customer_domain", "").strip()[:253]
    availability = _availability(request, text) if text else None
    filled = _name_to_fill(request, text)
    partner, program = _own_company(request), program_at(request.at)
    form = RegistrationForm(
        currency=program.currency,
        initial={
            name: request.POST.getlist(name) if name == "products" else request.POST[name]
            for name in RegistrationForm.base_fields
            if name in request.POST
        }
        | ({"customer_name": filled} if filled else {}),
    )
    if request.htmx:
        context = {"availability": availability, "name_filled": filled}
        return render(request, "portal/deals/registration_form.html#availability", context)
    code = _code_in(request)
    draft = Registration.objects.visible_to(request.actor).filter(code=code, status=RegistrationStatus.DRAFT).first()
    return _page(request, partner, program, form, draft=draft, availability=availability, name_filled=filled)


def _name_to_fill(request: HttpRequest, domain: str) -> str:
    """The company's name as its domain suggests it; nothing where the reader wrote one."""
    typed = request.POST.get("customer_name", "").strip()
    ours = typed == request.POST.get("name_filled", "").strip()
    return name_from_domain(domain)[:200] if domain and (not typed or ours) else ""


def _availability(request: HttpRequest, text: str) -> dict[str, Any]:
    try:
        found = check_availability(
            domain=text,
            name=request.POST.get("customer_name", "")[:200],
            country=request.POST.get("customer_country", "")[:2],
            by=request.actor,
            at=request.at,
        )
    except AvailabilityRefused as refusal:
        return {"tone": "amber", "text": refusal.message}
    return in_plain_words(found)


def in_plain_words(found: AvailabilityAnswer) -> dict[str, Any]:
    """The answer as the partner reads it. Whatever is not free sounds the same."""
    match found.answer:
        case Availability.FREE:
            text = _("Free: you can register this account.")
            if found.own_customer:
                text = _("Your customer: you can register a further deal.")
            return {"tone": "green", "text": text}
        case Availability.YOURS:
            return {"tone": "blue", "text": _("You have registered this account already."), "code": found.own_code}
        case _:
            return {
                "tone": "amber",
                "text": _("This account is not available. You can still send the registration; it is looked at."),
            }
