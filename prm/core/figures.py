"""Figures and moments as text: group separators, currencies, lengths of time, how far away something is.

Everything follows the active language; moments follow the active time zone. Nothing here gives markup, so pages,
mail, explanations and exports to people say the same thing the same way.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from prm.core.money import CURRENCY_DIGITS, Money, round_half_up

THIN = "\N{NARROW NO-BREAK SPACE}"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


def _digits(currency: str) -> int:
    return CURRENCY_DIGITS.get(currency, 2)


def figure(value: Decimal | int | float | str, digits: int | None = None) -> str:
    """A number with group separators of the reader's language and a real minus sign.

    Without ``digits`` it keeps the decimals it has, less trailing zeros.
    """
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if digits is None:
        plain = f"{number.normalize():f}"
        digits = len(plain.partition(".")[2])
    shown = round_half_up(number, digits)
    text = str(number_format(abs(shown), decimal_pos=digits, force_grouping=True))
    return f"{MINUS}{text}" if shown < 0 else text


def money_text(amount: Any, currency: str = "", *, exact: bool = False) -> str:
    """An amount with its currency: 84,000 USD. Cents appear when there are some, or always with ``exact``."""
    if isinstance(amount, Money):
        amount, currency = amount.amount, amount.currency
    if amount in (None, ""):
        return ""
    value = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    whole = value == value.to_integral_value()
    text = figure(value, 0 if whole and not exact else _digits(currency))
    return f"{text}{NBSP}{currency}" if currency else text


def short_money_text(amount: Any, currency: str = "") -> str:
    """Three significant digits for tiles: 2.41 M USD; below a thousand as it is."""
    if isinstance(amount, Money):
        amount, currency = amount.amount, amount.currency
    if amount in (None, ""):
        return ""
    value = Decimal(str(amount))
    units = ((Decimal(10**9), pgettext("billion", "bn")), (Decimal(10**6), pgettext("million", "M")))
    for limit, letter in units:
        if abs(value) >= limit * Decimal("0.9995"):
            scaled = value / limit
            size = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
            return f"{figure(round_half_up(scaled, size), size)}{NBSP}{letter}" + (
                f"{NBSP}{currency}" if currency else ""
            )
    return money_text(round_half_up(value) if abs(value) >= 1000 else value, currency)


def percent_text(value: Any, digits: int | None = None) -> str:
    """A share of 0–100 with its sign: 97 %."""
    return "" if value in (None, "") else f"{figure(value, digits)}{THIN}%"


def span_text(seconds: float) -> str:
    """A length of time in at most two units: 42 min, 5 h 12 min, 3 d 4 h, 12 days."""
    minutes = int(abs(seconds) // 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days >= 7:
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    if days:
        whole = _("%(days)d d") % {"days": days}
        return whole + (NBSP + _("%(hours)d h") % {"hours": hour} if hour else "")
    if hours:
        whole = _("%(hours)d h") % {"hours": hours}
        return whole + (NBSP + _("%(minutes)d min") % {"minutes": minute} if minute else "")
    return _("%(minutes)d min") % {"minutes": minutes}


def relative_text(at: datetime, now: datetime) -> str:
    """How far away a moment is: "in 3 h", "5 min ago", "in 12 days", "just now"."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 60:
        return _("just now")
    text = span_text(seconds) if abs(seconds) < 36 * 3600 else days_text(round(abs(seconds) / 86400))
    return _("in %(time)s") % {"time": text} if seconds > 0 else _("%(time)s ago") % {"time": text}


def days_text(days: int) -> str:
    """A number of days in the largest unit that is still plain: 9 days, 5 weeks, 7 months, 2 years."""
    if days < 28:
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    if days < 75:
        weeks = round(days / 7)
        return ngettext("%(count)d week", "%(count)d weeks", weeks) % {"count": weeks}
    if days < 700:
        months = round(days / 30.44)
        return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}
    years = round(days / 365.25)
    return ngettext("%(count)d year", "%(count)d years", years) % {"count": years}


def relative_day_text(day: date, today: date) -> str:
    """How far away a day is: "today", "tomorrow", "in 12 days", "3 months ago"."""
    days = (day - today).days
    if abs(days) <= 1:
        return {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}[days]
    text = days_text(abs(days))
    return _("in %(time)s") % {"time": text} if days > 0 else _("%(time)s ago") % {"time": text}


def day_text(day: date, today: date | None = None) -> str:
    """A day as 14 Mar 2027; the year is left out when it is this one and ``today`` is given."""
    return date_format(day, "j M" if today is not None and day.year == today.year else "j M Y")


def moment_text(at: datetime, now: datetime) -> str:
    """A moment in the reader's time zone: "today 14:20", "Thu 19 Nov 10:04", "24 Oct 2025 16:31"."""
    local, here = timezone.localtime(at), timezone.localtime(now)
    days = (local.date() - here.date()).days
    clock_time = date_format(local, "H:i")
    if days in (-1, 0, 1):
        word = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}[days]
        return f"{word} {clock_time}"
    near = abs(days) < 200 and local.year == here.year
    return f"{date_format(local, 'D j M' if near else 'j M Y')} {clock_time}"


def left_text(seconds: float) -> str:
    """What remains on a clock: "3:10 left" below a day, "1 d 20 h left" above."""
    minutes = max(int(seconds // 60), 0)
    if minutes < 24 * 60:
        return _("%(time)s left") % {"time": f"{minutes // 60}:{minutes % 60:02d}"}
    return _("%(time)s left") % {"time": span_text(seconds)}
