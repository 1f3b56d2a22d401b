"""Reading the mail that the product wrote: for demos and tests, where none is sent."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from prm.core.access import manage_page
from prm.core.accounts import recent_sign_in
from prm.core.models import Mail

SHOWN = 200
# The mail's own markup and styles, and nothing else: no script, no request, no form, not even its own origin.
_BODY_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@require_safe
@manage_page("core.mail_view")
def mail_list(request: HttpRequest) -> HttpResponse:
    """The latest mail, newest first; ``?to=`` narrows it to an address."""
    _only_where_wanted()
    mails = Mail.objects.visible_to(request.actor).defer("body_text", "body_html").order_by("-created_at", "-pk")
    to = request.GET.get("to", "").strip()
    if to:
        mails = mails.filter(to_email__icontains=to)
    return render(request, "manage/core/mail_list.html", {"mails": mails[:SHOWN], "to": to})


@require_safe
@manage_page("core.mail_view")
@recent_sign_in
def mail_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One mail: its text, and its HTML in a frame that can do nothing."""
    _only_where_wanted()
    return render(request, "manage/core/mail_detail.html", {"mail": _find(request, code)})


@require_safe
@xframe_options_sameorigin
@manage_page("core.mail_view")
@recent_sign_in
def mail_body(request: HttpRequest, code: str) -> HttpResponse:
    """The HTML of one mail, for the frame."""
    _only_where_wanted()
    response = HttpResponse(_find(request, code).body_html)
    response["Content-Security-Policy"] = _BODY_POLICY
    response["Cache-Control"] = "private, no-store"
    return response


def _find(request: HttpRequest, code: str) -> Mail:
    return get_object_or_404(Mail.objects.visible_to(request.actor), code=code)


def _only_where_wanted() -> None:
    if not settings.MAIL_PAGE:
        raise Http404
