"""Pages about oneself: profile, notices, preferences, and the company one works for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from prm.core.access import account_page
from prm.core.actions import people
from prm.core.forms import PreferencesForm, ProfileForm
from prm.core.models import Notice
from prm.core.roles import ROLES

NOTICES_SHOWN = 100


@account_page
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone and language."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        people.change_profile(user=request.user, **form.cleaned_data, by=request.actor, at=request.at)
        messages.success(request, _("Your profile is saved."))
        return redirect("me:profile")
    memberships = [(each, ROLES[each.role]) for each in request.memberships]
    return render(
        request, "me/profile.html", {"form": form, "memberships": memberships}, status=422 if form.errors else 200
    )


@require_safe
@account_page
def notice_list(request: HttpRequest) -> HttpResponse:
    """The latest notices, unread ones marked. Looking at them changes nothing."""
    notices = list(Notice.objects.visible_to(request.actor).order_by("-at", "-pk")[:NOTICES_SHOWN])
    return render(request, "me/notice_list.html", {"notices": notices})


@require_POST
@account_page
def notice_open(request: HttpRequest, code: str) -> HttpResponse:
    """Mark one notice as read and go where it leads."""
    notice = get_object_or_404(Notice.objects.visible_to(request.actor), code=code)
    people.mark_notices_read(by=request.actor, at=request.at, codes=[notice.code])
    return redirect(notice.url if notice.url.startswith("/") and not notice.url.startswith("//") else "me:notice_list")


@require_POST
@account_page
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    people.mark_notices_read(by=request.actor, at=request.at)
    return redirect("me:notice_list")


@account_page
def preferences(request: HttpRequest) -> HttpResponse:
    """Which news come by mail as well."""
    if not request.actor.membership_id:
        raise Http404
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        membership_id=request.actor.membership_id,
        audience=request.actor.audience,
    )
    if request.method == "POST" and form.is_valid():
        offered = [topic.code for topic in form.offered]
        people.choose_mail_topics(by=request.actor, at=request.at, offered=offered, wanted=form.cleaned_data["topics"])
        messages.success(request, _("Your preferences are saved."))
        return redirect("me:preferences")
    return render(request, "me/preferences.html", {"form": form})


@require_POST
@account_page
def switch(request: HttpRequest) -> HttpResponse:
    """Work for another of one's companies from now on."""
    wanted = request.POST.get("membership", "")
    found = next((each for each in request.memberships if str(each.pk) == wanted or each.code == wanted), None)
    if found is None:
        raise Http404
    request.session["membership"] = found.pk
    request.session.pop("portal_day", None)
    return redirect("public:core:start")
