"""The cover: both brands, the occasion, and the quarters as columns."""

from datetime import timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.core.fonts import balanced_lines
from prm.core.print_brand import brand_mark
from prm.core.print_text import clip, tidy
from reporting.documents.qbr_sheet import Pack
from reporting.rules.pack import ZERO, Brand


def cover(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/cover.html`."""
    facts = pack.facts
    partner = balanced_lines(clip(facts.partner.name, 1000, size=21, weight=600), width=520, size=21, weight=600)
    what = [facts.tier.label if facts.tier else "", facts.partner_type]
    meeting: list[str] = []
    if facts.meeting_at:
        end = facts.meeting_at + timedelta(minutes=facts.agenda_minutes)
        start_text, end_text = (formats.time_format(moment, "H:i") for moment in (facts.meeting_at, end))
        zone = facts.meeting_at.tzname() or ""
        meeting = [
            pack.figures.weekday(facts.meeting_at),
            _("%(start)s to %(end)s %(zone)s") % {"start": start_text, "end": end_text, "zone": zone},
        ]
    period = _("%(start)s to %(end)s") % {
        "start": pack.figures.long_day(facts.period.start),
        "end": pack.figures.long_day(facts.period.end),
    }
    return {
        "brands": [_mark(facts.vendor, filled=True), _mark(facts.partner, filled=False)],
        "quarter": facts.period.label,
        "partner": partner[:2],
        "what": clip(" · ".join(filter(None, what)), 520, size=16),
        "prepared_by": [clip(facts.prepared_by.name, 230, size=12.5), clip(facts.prepared_by.role, 230, size=12.5)],
        "meeting": meeting,
        "period": period,
        "made_on": pack.figures.long_day(facts.pack_date),
        "currency": facts.currency,
        "people": _people(pack),
        "art": _cover_art(pack),
    }


def _people(pack: Pack) -> str:
    names = [tidy(person.name) for person in pack.facts.attendees]
    shown, rest = names[: pack.terms.attendee_rows], len(names) - pack.terms.attendee_rows
    text = ", ".join(clip(name, 170, size=12.5) for name in shown)
    if rest > 0:
        text += " " + ngettext("and %(rest)s other", "and %(rest)s others", rest) % {"rest": rest}
    return clip(text, 1000, size=12.5)


def _cover_art(pack: Pack) -> dict[str, Any] | None:
    """Columns of the quarters for the cover; none where fewer than two have revenue."""
    quarters = [quarter for quarter in pack.facts.revenue.quarters if quarter.revenue is not None][-8:]
    amounts = [max(quarter.revenue or ZERO, ZERO) for quarter in quarters]
    if sum(amount > 0 for amount in amounts) < 2:
        return None
    top, pitch, tallest = max(amounts), 344 / len(quarters), 540.0
    bars = []
    for index, amount in enumerate(amounts):
        height = max(float(amount / top) * tallest, 2.0)
        x = 50 + index * pitch
        labelled = index in (0, len(amounts) - 1)
        bars.append(
            {
                "x": f"{x:.1f}",
                "y": f"{794 - height:.1f}",
                "width": f"{pitch * 0.7:.1f}",
                "height": f"{height + 10:.1f}",
                "last": index == len(amounts) - 1,
                "middle": f"{x + pitch * 0.35:.1f}",
                "above": f"{794 - height - 11:.1f}",
                "text": pack.figures.short(amount) if labelled else "",
            }
        )
    values = {
        "first": quarters[0].label,
        "last": quarters[-1].label,
        "from": pack.figures.short(amounts[0]),
        "to": pack.figures.short(amounts[-1]),
    }
    return {
        "bars": bars,
        "alt": _("Revenue by quarter from %(first)s, %(from)s, to %(last)s, %(to)s") % values,
        "heading": _("Revenue by quarter"),
        "span": _("%(first)s to %(last)s") % values,
    }


def _mark(brand: Brand, *, filled: bool) -> dict[str, Any]:
    """A company's logo, or its initial and name where it has none."""
    return brand_mark(
        name=brand.name,
        short_name=brand.short_name,
        colour=brand.color,
        logo=brand.logo,
        logo_type=brand.logo_type,
        filled=filled,
    )
