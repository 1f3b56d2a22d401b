"""Bare pages: the same reads in the same shell, as one plain table each.

A page's own statements are listened to once and asked again by the floor word for word, so that both read the same
rows; what differs is everything that the product does with them. The guard, the session and the shell are the same.
"""

import re

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from bench.floors.lookups import BARE, set_threshold
from bench.people import Browser
from bench.stopwatch import counted, is_around
from deals.models import Registration
from prm.core.access import account_page
from prm.core.codes import new_code

READS: dict[str, list[str]] = {}
LAYOUTS = {"vendor": "layouts/manage.html", "partner": "layouts/portal.html"}


def listen(name: str, browser: Browser, path: str, *, only: str = "") -> tuple[int, int]:
    """Remember the reads of a page under a name; how many statements are its own, and how many the shell's.

    ``only`` keeps the statements that match an expression: what a bare page of the same content would ask.
    """
    browser.get(path)
    with counted() as found:
        browser.get(path)
    own = [sql for sql in found if not is_around(sql)]
    READS[name] = [sql for sql in own if sql.lstrip()[:6].upper() == "SELECT" and re.search(only, sql)]
    return len(own), len(found) - len(own)


@require_safe
@account_page
def bare_page(request: HttpRequest, name: str) -> HttpResponse:
    """What was listened to, asked again and shown without any care."""
    tables = []
    with connection.cursor() as cursor:
        for sql in READS[name]:
            cursor.execute(sql)
            tables.append(cursor.fetchall())
    return render(request, "bench/page.html", {"layout": LAYOUTS[request.actor.audience], "tables": tables})


@require_POST
@account_page
def bare_registration(request: HttpRequest) -> HttpResponse:
    """A registration written down and looked up, with no clock, claim, audit, work item or mail."""
    typed = request.POST
    registration = Registration(
        code=new_code("DR"), partner_id=request.organization.pk, created_by_id=request.actor.user_id,
        customer_name=typed["customer_name"], customer_domain=typed["customer_domain"],
        customer_country=typed["customer_country"], domain_key=f"d:{typed['customer_domain']}",
        name_key=f"n:{typed['customer_name'].lower()}|{typed['customer_country']}",
        plain_name=typed["customer_name"].lower(), account_key=f"d:{typed['customer_domain']}",
        amount=typed["amount"], currency=typed["currency"], expected_close_on=typed["expected_close_on"],
        first_contact_on=typed["first_contact_on"], status="submitted", created_at=request.at, saved_at=request.at,
        submitted_at=request.at, submitted_by_id=request.actor.user_id,
    )  # fmt: skip
    registration.save(force_insert=True)
    registration.products.set(typed.getlist("products"))
    set_threshold()
    with connection.cursor() as cursor:
        values = {"domain": registration.domain_key, "plain": registration.plain_name, "day": timezone.now().date()}
        cursor.execute(BARE, values)
        cursor.fetchall()
    return HttpResponseRedirect("/")
