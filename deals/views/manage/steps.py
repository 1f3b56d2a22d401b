"""One step on a thing that is found: a small page with a form, its refusals at their fields, and then back."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from deals.views.answers import done, put_on_form, status_of
from prm.core.refused import Refused

Put = Callable[[forms.Form, Refused], None]


def typed(request: HttpRequest) -> Any:
    """What was sent, or None when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def step(
    request: HttpRequest,
    *,
    title: Any,
    crumbs: list[tuple[Any, str]],
    facts: list[tuple[Any, Any]],
    form: forms.Form,
    act: Callable[[dict[str, Any]], Any],
    version: int | None = None,
    text: Any = "",
    tone: str = "",
    button: Any = "",
    put: Put = put_on_form,
) -> HttpResponse:
    """GET shows what the step is about and what it asks; a POST that is refused shows it again with the reason.

    ``act`` gets what was typed and returns what to say afterwards; the reader goes on to the last of ``crumbs``.
    """
    status = 200
    back = crumbs[-1][1]
    if request.method == "POST":
        if form.is_valid():
            try:
                said = act(form.cleaned_data)
            except Refused as refusal:
                put(form, refusal)
                status = status_of(refusal)
            else:
                return done(request, said, back)
        else:
            status = 422
    context = {
        "title": title,
        "crumbs": crumbs,
        "facts": facts,
        "back": back,
        "form": form,
        "version": version,
        "text": text,
        "tone": tone,
        "button": button or title,
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "manage/deals/incentive_step.html", context, status=status)
