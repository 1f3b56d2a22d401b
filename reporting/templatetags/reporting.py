"""The few tags that only this app's pages need. ``{% load reporting %}``."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from prm.core.business_time import quarter_of
from prm.core.figures import figure, span_text
from prm.core.money import round_half_up

register = template.Library()


@register.filter
def span(seconds: Any) -> str:
    """A length of time in words: ``{{ 18720|span }}`` → 5 h 12 min."""
    return "" if seconds is None else span_text(float(seconds))


@register.filter
def near_day(day: date, today: date) -> str:
    """A day in an agenda, short: today, Mon 23 within the week, else 4 Dec."""
    if day == today:
        return _("today")
    return date_format(day, "D j" if 0 < (day - today).days < 7 else "j M")


@register.filter
def may(actor: Any, permission: str) -> bool:
    """Whether the reader holds a permission: ``{% if actor|may:"reporting.pack_create" %}``."""
    return bool(actor.can(permission))


BAND_BARS = {
    "champion": "green",
    "healthy": "lime",
    "at_risk": "amber",
    "critical": "orange",
    "churning": "red",
    "unknown": "grey",
}
TIER_TONES = {"silver": "grey", "certified": "blue", "gold": "amber", "platinum": "purple", "premier": "purple"}


@register.filter
def band_bar(band: str) -> str:
    """The colour of a bar for a health band."""
    return BAND_BARS.get(str(band), "")


@register.filter
def tier_tone(code: str) -> str:
    """The colour of a tier's badge; tiers a program named itself are blue."""
    return TIER_TONES.get(str(code), "blue")


@register.filter
def lower_first(text: Any) -> str:
    """A name inside a sentence: "Commission rate" → "commission rate"; abbreviations stay."""
    words = str(text)
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


@register.filter
def quarter(start: Any, fiscal_start_month: int = 1) -> str:
    """The fiscal quarter that begins on a day: ``{{ pack.quarter_start|quarter:fiscal }}`` → Q3 2026."""
    return quarter_of(start, fiscal_start_month).label if start else ""


@register.filter
def span_short(seconds: Any) -> str:
    """How long a job took: 340 ms, 2.4 s, 5 min."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{round_half_up(Decimal(str(seconds)) * 1000)} ms"
    return f"{figure(seconds, 1)} s" if seconds < 60 else span_text(seconds)


@register.filter
def skipped_text(entry: Any) -> str:
    """A skipped row: which partner, and why."""
    if isinstance(entry, dict):
        return ": ".join(str(entry[name]) for name in ("partner", "why") if entry.get(name))
    return str(entry)
