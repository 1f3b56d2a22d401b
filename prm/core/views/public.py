"""Pages that anyone may open."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from prm.core import accent
from prm.core.access import public_page
from prm.core.models import Organization


@require_safe
@public_page(reason="the address people type; it sends each person to their own first page")
def start(request: HttpRequest) -> HttpResponse:
    """Send staff to Today, partners to their home, everyone else to sign-in."""
    if request.actor.is_vendor:
        return redirect("manage:reporting:today")
    if request.actor.is_partner:
        return redirect("portal:reporting:home")
    return redirect("me:profile" if request.actor.kind == "person" else "account_login")


@require_safe
@cache_control(public=True, max_age=300)
@public_page(reason="the vendor's colour, which also the sign-in page shows")
def brand_css(request: HttpRequest) -> HttpResponse:
    """The vendor's accent colour as CSS custom properties; the value is checked by the database."""
    vendor = Organization.objects.filter(kind="vendor").only("accent").first()
    colour = vendor.accent if vendor else "#2456e6"
    return HttpResponse(accent.brand_css(colour), content_type="text/css; charset=utf-8")


@require_safe
@public_page(reason="load balancers ask it; it tells nothing but whether the database answers")
def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
