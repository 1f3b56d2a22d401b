"""What templates say and draw: money, moments, badges, clocks, links with their query string.

``{% load prm %}``. Figures follow the reader's language, moments the reader's time zone. Every tag here
gives plain markup with classes from ``static/prm/css``; none gives a style attribute, because the content
security policy forbids it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.conf import settings
from django.middleware.csrf import get_token
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from prm.core.accent import accent_for
from prm.core.charts import page_spec
from prm.core.fields import error_list, field_context, widget_is_select
from prm.core.figures import (
    THIN,
    day_text,
    figure,
    left_text,
    moment_text,
    money_text,
    percent_text,
    relative_day_text,
    relative_text,
    short_money_text,
    span_text,
)
from prm.core.navigation import EARNING_TABS, INCENTIVE_TABS, PROGRAM_TABS, Tab

register = template.Library()

# One colour per meaning: waiting is blue, needs somebody is amber, good is green, ended badly is red,
# over and done is grey. A state that is missing here is grey.
STATE_TONES: dict[str, str] = {
    **dict.fromkeys(("draft", "expired", "withdrawn", "cancelled", "closed", "archived", "inactive"), "grey"),
    **dict.fromkeys(("skipped", "none", "ended", "superseded", "lapsed", "not_attributed"), "grey"),
    **dict.fromkeys(("submitted", "in_review", "open", "new", "sent", "invited", "prepared", "running"), "blue"),
    **dict.fromkeys(("pending", "registered", "priority", "provisional", "scheduled", "influenced"), "blue"),
    **dict.fromkeys(("requested", "planned", "accrued", "in_payout"), "blue"),
    **dict.fromkeys(("info_requested", "returned", "due_soon", "grace", "paused", "at_risk", "warning"), "amber"),
    **dict.fromkeys(("expiring", "possible", "partial", "on_hold", "unknown"), "amber"),
    **dict.fromkeys(("approved", "won", "active", "qualified", "accepted", "paid", "published", "done"), "green"),
    **dict.fromkeys(("champion", "confirmed", "completed", "ready", "protected", "free", "ran", "sourced"), "green"),
    **dict.fromkeys(("final", "upheld"), "green"),
    **dict.fromkeys(("healthy", "extended", "promoted", "payable", "partly_upheld"), "lime"),
    **dict.fromkeys(("conflict", "critical", "demoted", "suspended"), "orange"),
    **dict.fromkeys(("rejected", "lost", "overdue", "breached", "failed", "churning", "terminated"), "red"),
    **dict.fromkeys(("strategic", "platinum"), "purple"),
}
LAST_HOUR = 3600  # from here on a clock is red
TONES = frozenset({"blue", "green", "amber", "orange", "red", "lime", "purple", "grey"})


# --- Figures ---------------------------------------------------------------------------------------


@register.filter
def number(value: Any, digits: int | None = None) -> str:
    """``{{ 12345|number }}`` → 12,345; an empty value stays empty."""
    return "" if value in (None, "") else figure(value, digits)


@register.filter
def money(amount: Any, currency: str = "") -> str:
    """``{{ deal.amount|money:deal.currency }}`` or ``{{ price|money }}`` for a ``Money``."""
    return money_text(amount, currency)


@register.filter
def money_exact(amount: Any, currency: str = "") -> str:
    """Like ``money``, with all decimals of the currency: for statements, where figures are added up."""
    return money_text(amount, currency, exact=True)


@register.filter
def money_short(amount: Any, currency: str = "") -> str:
    """Three significant digits for tiles: 2.41 M USD. The full figure belongs in the ``title`` beside it."""
    return short_money_text(amount, currency)


@register.filter
def percent(value: Any, digits: int | None = None) -> str:
    """``{{ 97|percent }}`` → 97 %. The value is 0–100, never a fraction."""
    return percent_text(value, digits)


@register.simple_tag
def delta(value: Any, unit: str = "", good: str = "up", digits: int | None = None, text: str = "") -> SafeString:
    """A change with its sign, an arrow and a colour: ``{% delta 18 "%" %}``.

    ``good="down"`` where less is better, ``good="none"`` where it is neither; ``text`` follows ("in 90 days").
    """
    if value in (None, ""):
        return SafeString("")
    change = Decimal(str(value))
    direction = "up" if change > 0 else "down" if change < 0 else "flat"
    tone = "flat" if direction == "flat" or good in ("", "none") else "good" if direction == good else "bad"
    sign = "+" if change > 0 else ""
    spaced = f"{THIN}{unit}" if unit else ""
    arrow = {"up": "arrow-up-right", "down": "arrow-down-right"}.get(direction)
    return format_html(
        '<span class="delta {}">{}{}{}{}{}</span>',
        tone,
        icon(arrow) if arrow else "",
        sign,
        figure(change, digits),
        spaced,
        f" {text}" if text else "",
    )


# --- Moments ---------------------------------------------------------------------------------------


def _now(context: Mapping[str, Any] | Context | None) -> datetime:
    request = context.get("request") if context is not None else None
    return getattr(request, "at", None) or timezone.now()


def moment_html(at: datetime | None, now: datetime, *, relative: bool = True, empty: str = "") -> SafeString:
    """The markup behind ``moment``, for those who have no template context."""
    if not at:
        return format_html("{}", empty)
    local = timezone.localtime(at)
    full = f"{date_format(local, 'l j F Y H:i')} {local.tzname() or ''}".strip()
    beside = format_html(' <span class="sub">{}</span>', relative_text(at, now)) if relative else ""
    return format_html(
        '<span class="nowrap"><time datetime="{}" title="{}">{}</time>{}</span>',
        local.isoformat(timespec="minutes"),
        full,
        moment_text(at, now),
        beside,
    )


def day_html(value: date | None, now: datetime, *, relative: bool = True, empty: str = "") -> SafeString:
    """The markup behind ``day``, for those who have no template context."""
    if not value:
        return format_html("{}", empty)
    today = timezone.localtime(now).date()
    beside = format_html(' <span class="sub">{}</span>', relative_day_text(value, today)) if relative else ""
    return format_html(
        '<span class="nowrap"><time datetime="{}" title="{}">{}</time>{}</span>',
        value.isoformat(),
        date_format(value, "l j F Y"),
        day_text(value, today),
        beside,
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None, relative: bool = True, empty: str = "") -> SafeString:
    """A moment in the reader's time zone with the relative time beside it: ``{% moment item.due_at %}``."""
    return moment_html(at, _now(context), relative=relative, empty=empty)


@register.simple_tag(takes_context=True)
def day(context: Context, value: date | None, relative: bool = True, empty: str = "") -> SafeString:
    """A calendar day with the relative time beside it: ``{% day registration.protected_until %}``."""
    return day_html(value, _now(context), relative=relative, empty=empty)


# --- Words with a colour ---------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A Tabler icon from the sprite; ``size`` is sm, lg or xl. Silent unless it has a ``label``."""
    voice = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" width="17" height="17" {} focusable="false"><use href="{}#{}"/></svg>',
        f" icon-{size}" if size else "",
        voice,
        static("vendor/tabler-icons/sprite.svg"),
        name,
    )


@register.simple_tag
def badge(text: Any, tone: str = "grey", icon_name: str = "", dot: bool = False) -> SafeString:
    """A word on a tint: ``{% badge "Possible conflict" "amber" %}``."""
    if text in (None, ""):
        return SafeString("")
    return format_html(
        '<span class="pill t-{}{}">{}{}</span>',
        tone if tone in TONES else "grey",
        " dot" if dot else "",
        icon(icon_name) if icon_name else "",
        text,
    )


@register.simple_tag
def state(code: Any, label: Any = "") -> SafeString:
    """A state as a badge: ``{% state registration.status registration.get_status_display %}``."""
    if not code:
        return SafeString("")
    return badge(label or str(code).replace("_", " ").capitalize(), tone_of(code))


@register.filter
def tone_of(code: Any) -> str:
    """The colour that goes with a state."""
    return STATE_TONES.get(str(code), "grey")


@register.filter
def initials(name: Any) -> str:
    """Two letters for an avatar: Mia Berg → MB, Northwind → NO."""
    words = [word for word in str(name or "").replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "–"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


@register.simple_tag
def avatar(name: Any, size: str = "", round: bool = False) -> SafeString:
    """The initials of a person or company on one of six tints, always the same one for the same name."""
    tint = crc32(str(name).encode()) % 6
    classes = "".join([f" {size}" if size else "", " round" if round else "", f" c{tint}" if tint else ""])
    return format_html('<span class="face{}" aria-hidden="true">{}</span>', classes, initials(name))


@register.inclusion_tag("components/who.html")
def who(name: Any, note: Any = "", href: str = "", size: str = "") -> dict[str, Any]:
    """An avatar with a name and a quiet second line."""
    return {"name": name, "note": note, "href": href, "size": size}


# --- Bars, clocks ----------------------------------------------------------------------------------


@register.simple_tag
def progress(value: Any, most: Any = 100, label: Any = "", tone: str = "", thick: bool = False) -> SafeString:
    """A bar without style attributes: ``{% progress 390000 500000 "Sourced ARR" %}``."""
    top = Decimal(str(most or 0))
    part = min(max(Decimal(str(value or 0)), Decimal(0)), top) if top > 0 else Decimal(0)
    share = round(part * 100 / top) if top > 0 else 0
    return format_html(
        '<progress class="bar{}{}" value="{}" max="{}" aria-label="{}">{}{}%</progress>',
        " thick" if thick else "",
        f" b-{tone}" if tone else "",
        f"{part.normalize():f}",
        f"{top.normalize():f}" if top > 0 else "1",
        label or _("Progress"),
        share,
        THIN,
    )


_FULL = 44.0  # the length of the ring's circle, 2πr with r = 7, as the stroke pattern's unit


def ring(state_name: str, share: float) -> SafeString:
    """The drawing of a clock: what is left as an arc; a disc when late, bars when paused, a tick when done."""
    track = SafeString('<circle class="ring-track" cx="9" cy="9" r="7" fill="none" stroke-width="2.6"/>')
    inside: SafeString | str
    if state_name == "late":
        inside = SafeString('<circle class="ring-fill" cx="9" cy="9" r="8"/><path d="M9 5v4.6M9 12.4v.1" ')
        inside += SafeString('stroke="#fff" stroke-width="1.9" stroke-linecap="round" fill="none"/>')
        track = SafeString("")
    elif state_name == "paused":
        inside = SafeString('<path class="ring-left" d="M7.2 6.4v5.2M10.8 6.4v5.2" stroke-width="1.8" ')
        inside += SafeString('stroke-linecap="round" fill="none"/>')
    elif state_name == "done":
        inside = SafeString('<path class="ring-left" d="M5.8 9.2l2.3 2.3 4.2-4.6" stroke-width="1.8" ')
        inside += SafeString('stroke-linecap="round" stroke-linejoin="round" fill="none"/>')
    else:
        inside = format_html(
            '<circle class="ring-left" cx="9" cy="9" r="7" fill="none" stroke-width="2.6" stroke-linecap="round"'
            ' stroke-dasharray="{} {}" transform="rotate(-90 9 9)"/>',
            f"{max(min(share, 1.0), 0.0) * _FULL:.1f}",
            _FULL,
        )
    return format_html('<svg class="ring" viewBox="0 0 18 18" aria-hidden="true">{}{}</svg>', track, inside)


@register.simple_tag(takes_context=True)
def clock(context: Context, item: Any, waiting_for: Any = "", size: str = "", until: bool = False) -> SafeString:
    """The clock of a work item: ``{% clock item %}``.

    ``item`` has ``opened_at``, ``due_at``, ``due_soon_at``, ``paused_at``, ``seconds_left``,
    ``total_seconds`` and ``closed_at``; what is missing is taken as empty. ``waiting_for`` is named while
    paused, ``until`` adds the moment when it runs out. Without ``due_at`` there is nothing to show.
    """
    get = item.get if isinstance(item, Mapping) else lambda name: getattr(item, name, None)
    now, due, opened = _now(context), get("due_at"), get("opened_at")
    share, moment_due = 0.0, None
    if get("closed_at"):
        name, words = "done", _("closed")
    elif get("paused_at"):
        name = "paused"
        words = _("paused, waiting for %(who)s") % {"who": waiting_for} if waiting_for else _("paused")
        if get("seconds_left") is not None:
            words = f"{words}, {left_text(get('seconds_left'))}"
    elif not due:
        return format_html('<span class="clock none">{}</span>', _("no deadline"))
    else:
        left = (due - now).total_seconds()
        moment_due = due
        if left <= 0:
            name, words = "late", _("overdue by %(time)s") % {"time": span_text(left)}
        else:
            soon = get("due_soon_at")
            name = "running" if not soon or now < soon else "soon" if left >= LAST_HOUR else "hot"
            words = left_text(left)
            whole = (due - opened).total_seconds() if opened else left
            share = left / whole if whole > 0 else 1.0
    ends = (
        format_html(' <span class="until">{}</span>', _("until %(time)s") % {"time": moment_text(moment_due, now)})
        if until and moment_due
        else ""
    )
    hint = f"{date_format(timezone.localtime(moment_due), 'l j F Y H:i')}" if moment_due else ""
    return format_html(
        '<span class="clock {}{}"{}>{}<span>{}{}</span></span>',
        name,
        f" {size}" if size else "",
        format_html(' title="{}"', hint) if hint else "",
        ring(name, share),
        words,
        ends,
    )


@register.filter
def urgency(item: Any, at: datetime | None = None) -> str:
    """The edge colour of a row with a clock: ``class="{{ item|urgency:request.at }}"`` → hot, warm or nothing."""
    due, soon = getattr(item, "due_at", None), getattr(item, "due_soon_at", None)
    if not due or getattr(item, "paused_at", None) or getattr(item, "closed_at", None):
        return ""
    now = at.replace() if at else timezone.now()  # what the shell gives is lazy, a copy is not
    if (due - now).total_seconds() < LAST_HOUR:
        return "hot"
    return "warm" if soon and now >= soon else ""


@register.simple_tag
def spark(values: Any, label: str = "") -> SafeString:
    """A line as wide as its place, for a tile; ``values`` are numbers from old to new, empty ones leave out a point."""
    points = [(place, float(value)) for place, value in enumerate(values or []) if value is not None]
    if len(points) < 2:
        return SafeString("")
    low, high = min(v for _p, v in points), max(v for _p, v in points)
    last, room = points[-1][0] or 1, (high - low) or 1.0
    line = " ".join(f"{p / last * 100:.1f},{30 - (v - low) / room * 26:.1f}" for p, v in points)
    return format_html(
        '<svg class="spark" viewBox="0 0 100 34" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="area" d="M{} 100,34 0,34Z"/><path d="M{}"/></svg>',
        label,
        line,
        line,
    )


# --- Pieces of a page --------------------------------------------------------------------------------
# Tags and not includes, because a piece must not pick up a variable of the page that happens to have its name.


@register.inclusion_tag("components/tabs.html", takes_context=True)
def program_tabs(context: Context, active: str) -> dict[str, Any]:
    """The pages of Program that the reader may open: ``{% program_tabs "staff" %}``."""
    return _tabs(context, PROGRAM_TABS, active, _("Program"))


@register.inclusion_tag("components/tabs.html", takes_context=True)
def incentive_tabs(context: Context, active: str) -> dict[str, Any]:
    """The pages of Incentives that the reader may open: ``{% incentive_tabs "plans" %}``."""
    return _tabs(context, INCENTIVE_TABS, active, _("Incentives"))


@register.inclusion_tag("components/tabs.html", takes_context=True)
def earning_tabs(context: Context, active: str) -> dict[str, Any]:
    """The pages of Earnings that the reader may open: ``{% earning_tabs "lines" %}``."""
    return _tabs(context, EARNING_TABS, active, _("Earnings"))


def _tabs(context: Context, tabs: list[Tab], active: str, name: str) -> dict[str, Any]:
    actor = context["actor"]
    shown = [
        {"label": tab.label, "url": url, "active": tab.code == active}
        for tab in tabs
        if actor.can(tab.permission) and (not tab.setting or getattr(settings, tab.setting)) and (url := _address(tab))
    ]
    return {"tabs": shown if len(shown) > 1 else [], "name": name}


def _address(tab: Tab) -> str:
    """Where a tab leads; nothing while its page does not exist, as in the navigation."""
    try:
        return reverse(tab.url_name)
    except NoReverseMatch:
        return ""


@register.inclusion_tag("components/card_head.html")
def card_head(title: Any, **more: Any) -> dict[str, Any]:
    """A card's head: ``sub``, ``badge`` with ``tone``, ``href`` with ``link``, ``why_url``, ``why_text``, ``end``."""
    return {"title": title, **more}


@register.inclusion_tag("components/stat.html")
def stat(label: Any, value: Any, **more: Any) -> dict[str, Any]:
    """A tile: ``note``, ``delta`` with ``unit`` and ``good``, ``trend`` with ``tone``, ``href``, ``spark``."""
    return {"label": label, "value": value, **more}


@register.inclusion_tag("components/note.html")
def note(text: Any, tone: str = "blue", **more: Any) -> dict[str, Any]:
    """A sentence that stands out: blue, green, amber or red. ``title``, ``icon_name``, ``why_url``, ``why_text``."""
    return {"text": text, "tone": tone, **more}


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: Any, text: Any = "", **more: Any) -> dict[str, Any]:
    """What will be here, the first step: ``icon_name``, ``href`` with ``action``, ``second_href`` with ``second``."""
    return {"title": title, "text": text, **more}


@register.inclusion_tag("components/unlock.html")
def unlock(title: Any, text: Any = "", **more: Any) -> dict[str, Any]:
    """A part of the portal that the tier does not include, as what it would bring: ``tier``, ``needs``, ``href``."""
    return {"title": title, "text": text, **more}


@register.inclusion_tag("components/measure.html")
def measure(label: Any, value: Any, target: Any, **more: Any) -> dict[str, Any]:
    """How far towards a target: ``value_text`` and ``target_text`` in words, ``tone``, ``note``."""
    return {"label": label, "value": value, "target": target, **more}


# --- Forms -----------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html", takes_context=True)
def field(context: Context, bound: Any, **options: Any) -> dict[str, Any]:
    """One form field with its label, hint and error: ``{% field form.amount currency="USD" %}``.

    Options: ``label``, ``hint``, ``currency`` (a code, or the bound field that chooses it), ``prefix``, ``suffix``,
    ``rows``, ``placeholder``, ``autofocus``, ``span`` (2 = both columns), and any ``hx_…`` or ``data_…`` attribute.
    """
    return field_context(bound, options)


@register.inclusion_tag("components/fields.html")
def fields(form: Any, two: bool = False) -> dict[str, Any]:
    """All fields of a form in order, hidden ones included: ``{% fields form %}``."""
    return {"form": form, "two": two}


@register.inclusion_tag("components/form_errors.html")
def form_errors(*forms: Any) -> dict[str, Any]:
    """The summary above a refused form, each line linked to its field: ``{% form_errors form %}``."""
    return {"errors": [line for form in forms for line in error_list(form)]}


@register.inclusion_tag("components/filter_field.html")
def filter_field(bound: Any) -> dict[str, Any]:
    """One filter in the bar above a list; a text filter named ``q`` is the search box."""
    widget = bound.field.widget
    is_range = hasattr(widget, "widgets")
    is_search = bound.name == "q"
    attrs: dict[str, Any] = {"class": "form-select" if widget_is_select(widget) else "form-control"}
    if getattr(widget, "choices", None) and not getattr(widget, "allow_multiple_selected", False):
        widget.choices = [("" if key in ("", None, "unknown") else key, label) for key, label in widget.choices]
        if widget.choices and widget.choices[0][0] == "":
            widget.choices[0] = ("", _("any"))
    if is_search:
        widget.input_type = "search"
        attrs["placeholder"] = bound.label
    return {"bound": bound, "control": bound.as_widget(attrs=attrs), "is_range": is_range, "is_search": is_search}


# --- Links -------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The present query string with changes: ``<a href="{% query sort="-amount" after=None %}">``.

    ``None`` or an empty text takes a parameter away. Without anything left it gives ``?``.
    """
    return query_string(context["request"].GET, changes)


def query_string(params: Any, changes: Mapping[str, Any]) -> str:
    """``params`` (a QueryDict) with ``changes`` put in, as ``?…``."""
    kept = dict(params.lists())
    for key, value in changes.items():
        if value in (None, ""):
            kept.pop(key, None)
        else:
            kept[key] = value if isinstance(value, list | tuple) else [value]
    return f"?{urlencode(kept, doseq=True)}"


@register.simple_tag
def why(url: str, text: str = "") -> SafeString:
    """A link that answers "why?" in a side panel, and as a page of its own when opened plainly."""
    return format_html(
        '<a class="why" href="{}" hx-get="{}" hx-target="#panel-body" hx-select="#why" hx-swap="innerHTML"'
        ' data-panel="{}">{}</a>',
        url,
        url,
        _("Why?"),
        text or _("why?"),
    )


@register.simple_tag(takes_context=True)
def post_fields(context: Context, version: int | None = None) -> SafeString:
    """What every POST form carries: the CSRF token, the company acted for and, when given, the row's version."""
    request = context["request"]
    company = getattr(request, "organization", None)
    pairs = [("csrfmiddlewaretoken", get_token(request))]
    if company is not None:
        pairs.append(("acting_as", company.code))
    if version is not None:
        pairs.append(("version", str(version)))
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """``{{ counts|get:view.key }}``: an entry of a mapping, or nothing."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None


@register.filter
def city(time_zone: Any) -> str:
    """The place in a time zone's name: Europe/Berlin → Berlin."""
    return str(time_zone or "").rpartition("/")[2].replace("_", " ")


@register.inclusion_tag("components/chart.html")
def chart(drawing: Any, caption: str = "") -> dict[str, Any]:
    """A ``prm.core.charts.Chart`` with its data as a table: ``{% chart trend %}``.

    The place keeps the chart's height while it loads; the scripts come only with pages that have one.
    """
    spec = page_spec(drawing)
    return {
        "chart": drawing,
        "spec": spec,
        "spec_id": f"chart-{drawing.name}",
        "height": _outer_height(spec),
        "caption": caption,
    }


def _outer_height(spec: Mapping[str, Any]) -> int:
    padding = spec.get("padding", 0)
    around = padding.get("top", 0) + padding.get("bottom", 0) if isinstance(padding, Mapping) else 2 * padding
    return round(spec.get("height", 200) + around)


@register.filter
def accent_fill(colour: str) -> str:
    """The brand's colour as the ground of a button, where no style sheet can be loaded: mail."""
    return accent_for(colour)[0].fill


@register.filter
def on_accent(colour: str) -> str:
    """White or black, whichever can be read on ``accent_fill``."""
    return accent_for(colour)[0].on_fill


@register.filter
def split(text: Any) -> list[str]:
    """``{% for word in "one two"|split %}``: the words of a text."""
    return str(text).split()
