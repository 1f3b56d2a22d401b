"""The program: what is in force, its versions, how they differ, and a new one from a file."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.actions import programs as actions
from partners.documents.program_file import ProgramFileRefused, read_program_file, write_program_file
from partners.forms import ProgramFileForm, PublishForm
from partners.models import ProgramVersion
from partners.queries.program import NoProgramInForce, program_of, program_today, version_at
from partners.queries.program_page import ladders, registration_facts, versions_with_ends
from partners.rules.blueprint import differences
from partners.views.answers import attempt, first_error
from prm.core.access import manage_page


@require_safe
@manage_page("partners.program_view")
def program_detail(request: HttpRequest) -> HttpResponse:
    """The version in force today, in words, and the history of versions."""
    try:
        version = version_at(program_today(request.at))
    except NoProgramInForce:
        version = None
    return _page(request, version)


@require_safe
@manage_page("partners.program_view")
def version_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Any version: published, planned or a draft."""
    return _page(request, _version(request, code))


def _page(request: HttpRequest, version: ProgramVersion | None) -> HttpResponse:
    today = program_today(request.at)
    versions = versions_with_ends(request.actor, today)
    shown = next((each for each in versions if version and each.version.pk == version.pk), None)
    program = program_of(version) if version else None
    in_force = next((each.version for each in versions if each.state == "active"), None)
    context = {
        "version": version,
        "shown": shown,
        "versions": versions,
        "program": program,
        "ladders": ladders(program) if program else [],
        "registration": registration_facts(program) if program else [],
        "compare_with": in_force if version and in_force and in_force.pk != version.pk else _earlier(versions, version),
        "can_edit": request.actor.can("partners.program_edit"),
        "publish_form": PublishForm(initial={"valid_from": today}),
        "today": today,
    }
    return render(request, "manage/partners/program_detail.html", context)


def _earlier(versions: list, version: ProgramVersion | None) -> ProgramVersion | None:
    if version is None or version.valid_from is None:
        return None
    before = [
        each.version for each in versions if each.version.valid_from and each.version.valid_from < version.valid_from
    ]
    return max(before, key=lambda each: each.valid_from or date.min, default=None)


@require_safe
@manage_page("partners.program_view")
def version_compare(request: HttpRequest, code: str) -> HttpResponse:
    """What a version changes against another one, ``?with=`` its code (else the one in force)."""
    version = _version(request, code)
    other_code = request.GET.get("with", "")
    other = _version(request, other_code) if other_code else version_at(program_today(request.at))
    changes = differences(program_of(other), program_of(version))
    context = {"version": version, "other": other, "changes": changes, "versions": _others(request, version)}
    return render(request, "manage/partners/version_compare.html", context)


@require_safe
@manage_page("partners.program_view")
def version_file(request: HttpRequest, code: str) -> HttpResponse:
    """The version as a file that can be edited and loaded again."""
    version = _version(request, code)
    response = HttpResponse(write_program_file(program_of(version)), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{version.blueprint}-{version.code}.yaml"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("partners.program_edit")
def version_create(request: HttpRequest) -> HttpResponse:
    """A draft from a file; every problem is shown with its line."""
    form = ProgramFileForm(request.POST or None, request.FILES or None)
    problems: list = []
    if request.method == "POST" and form.is_valid():
        try:
            read = read_program_file(form.cleaned_data["file"].read(600_000))
        except ProgramFileRefused as refusal:
            problems = refusal.problems
            form.add_error("file", _("This file is not a usable program."))
        else:
            made: list[ProgramVersion] = []
            if attempt(
                request,
                lambda: made.append(
                    actions.load_program(program=read.program, source_text=read.text, by=request.actor, at=request.at)
                ),
                _("The draft is written. Look at what it changes, then publish it with a date."),
                form,
            ):
                for warning in read.warnings:
                    messages.warning(request, str(warning))
                return redirect("manage:partners:version_detail", made[0].code)
    context = {"form": form, "problems": problems}
    return render(request, "manage/partners/version_create.html", context, status=422 if form.errors else 200)


@require_POST
@manage_page("partners.program_edit")
def version_publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put a draft in force from a date on."""
    version = _version(request, code)
    form = PublishForm(request.POST)
    if form.is_valid():
        attempt(
            request,
            lambda: actions.publish_version(
                version=version, valid_from=form.cleaned_data["valid_from"], by=request.actor, at=request.at
            ),
            _("The version is published. Nothing about it can change from now on."),
        )
    else:
        messages.error(request, first_error(form))
    return redirect("manage:partners:version_detail", version.code)


@require_POST
@manage_page("partners.program_edit")
def version_delete(request: HttpRequest, code: str) -> HttpResponse:
    """Throw a draft away."""
    version = _version(request, code)
    if attempt(
        request,
        lambda: actions.delete_draft(version=version, by=request.actor, at=request.at),
        _("The draft is gone."),
    ):
        return redirect("manage:partners:program_detail")
    return redirect("manage:partners:version_detail", version.code)


def _version(request: HttpRequest, code: str) -> ProgramVersion:
    return get_object_or_404(ProgramVersion.objects.visible_to(request.actor), code=code)


def _others(request: HttpRequest, version: ProgramVersion) -> list[ProgramVersion]:
    return list(ProgramVersion.objects.visible_to(request.actor).exclude(pk=version.pk).defer("source_text"))
