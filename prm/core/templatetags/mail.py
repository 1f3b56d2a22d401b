"""What mails are made of: facts as rows, moments with their time zone, countries in words.

``{% load mail %}``. Mail programs know no style sheet of ours, so the rows carry their styles with them; the
classes serve the dark colours of ``mail/base.html``.
"""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from prm.core.countries import country_name

register = template.Library()


@register.simple_tag
def fact(label: Any, value: Any) -> SafeString:
    """A row of the box of facts: ``{% fact _("Customer") thing.customer_name %}``; without a value no row."""
    if value in (None, ""):
        return SafeString("")
    return format_html(
        '<tr><td class="faint" width="130" valign="top" style="padding:4px 12px 4px 16px;font:400 14px/20px Inter,'
        "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#5c6470;\">{}</td>"
        '<td class="ink" valign="top" style="padding:4px 16px 4px 0;font:600 14px/20px Inter,'
        "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1a1d23;\">{}</td></tr>",
        label,
        value,
    )


@register.simple_tag
def fact_line(label: Any, value: Any) -> str:
    """The same for the text: ``Customer: Helios Energy`` and the end of the line; without a value nothing."""
    return "" if value in (None, "") else f"{label}: {value}\n"


@register.filter
def mail_moment(at: datetime | None) -> str:
    """A moment in the reader's time zone, named, because a mail may be read anywhere: Fri 20 Nov 2026, 14:30 CET."""
    if not at:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'D j M Y, H:i')} {local.tzname() or ''}".strip()


@register.simple_tag
def place(name: Any, country: Any = "") -> str:
    """A company with its country in words: Helios Energy, Germany."""
    return f"{name}, {country_name(str(country))}" if country else str(name)
