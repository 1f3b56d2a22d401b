"""The program in the shape in which people read it: ladders as tables, terms as facts, versions with their ends."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.choices import EconomicModel, HealthBand, PartnerType, TierMetric
from partners.models import ProgramVersion
from partners.rules.blueprint import BenefitEntry, Program
from partners.rules.program_terms import Rung, TrackEntry
from partners.wording import benefit_text
from prm.core.actors import Actor
from prm.core.figures import figure, money_text


@dataclass(frozen=True)
class VersionRow:
    """A version with the day on which it ends (exclusive) and its state: draft, planned, active, past."""

    version: ProgramVersion
    ends_on: date | None
    state: str
    label: str


def versions_with_ends(actor: Actor, today: date) -> list[VersionRow]:
    """All versions that the actor may see: drafts first, then the latest start first. One statement."""
    versions = list(
        ProgramVersion.objects.visible_to(actor).defer("source_text").select_related("published_by").order_by("pk")
    )
    published = sorted((v for v in versions if v.is_published), key=lambda v: v.valid_from or date.min, reverse=True)
    rows = [VersionRow(v, None, "draft", _("Draft")) for v in reversed(versions) if not v.is_published]
    following: date | None = None
    for version in published:
        start = version.valid_from or date.min
        if start > today:
            state, label = "planned", _("Planned")
        elif following is None or following > today:
            state, label = "active", _("In force")
        else:
            state, label = "past", _("Past")
        rows.append(VersionRow(version, following, state, label))
        following = start
    return rows


def ladders(program: Program) -> list[dict[str, Any]]:
    """Each track with its tiers as columns: what they ask for, then what they give."""
    return [_ladder(program, track) for track in program.tracks]


def _ladder(program: Program, track: TrackEntry) -> dict[str, Any]:
    types = [entry for entry in program.types if entry.track == track.code]
    return {
        "track": track,
        "economic_model": EconomicModel(track.economic_model).label,
        "types": [(PartnerType(entry.type).label, entry, _rail(entry)) for entry in types],
        "asks": _asks(program, track) if track.tiers else [],
        "gives": [
            (entry.head.name, [said(entry, track.code, rung.code, program.header.currency) for rung in track.tiers])
            for entry in program.benefits
            if any((track.code, rung.code) in entry.values for rung in track.tiers)
        ],
    }


def _asks(program: Program, track: TrackEntry) -> list[tuple[str, list[str]]]:
    metrics = list(dict.fromkeys(path.metric for rung in track.tiers for path in rung.paths))
    kinds = {kind.code: kind.name for kind in program.topics["certificates"].kinds}
    names = {rung.code: rung.name for rung in track.tiers}
    currency = program.header.currency
    rows = [
        (str(TierMetric(metric).label), [_threshold(rung, metric, currency) for rung in track.tiers])
        for metric in metrics
    ]
    rows.append((_("Certified people"), [_people(rung, kinds) for rung in track.tiers]))
    rows.append((_("Review"), [_months(_("every %(n)s months"), rung.review_months) for rung in track.tiers]))
    rows.append((_("Grace"), [_months(_("%(n)s months"), rung.grace_months) for rung in track.tiers]))
    rows.append((_("Falls to"), [names.get(rung.falls_to or "", "") for rung in track.tiers]))
    return rows


def _months(text: str, months: int) -> str:
    return text % {"n": months} if months else ""


def _threshold(rung: Rung, metric: str, currency: str) -> str:
    for path in rung.paths:
        if path.metric == metric:
            return money_text(path.threshold, currency) if metric == TierMetric.SOURCED_ARR else figure(path.threshold)
    return ""


def _people(rung: Rung, kinds: dict[str, str]) -> str:
    if not rung.certified_people:
        return ""
    kind = kinds.get(rung.certificate_kind, "")
    return f"{rung.certified_people} {kind}".strip()


def said(entry: BenefitEntry, track: str, tier: str, currency: str) -> str:
    """A benefit's value as people read it; blank where it is not included."""
    value = entry.values.get((track, tier), "")
    return "" if value in ("", "0") else benefit_text(entry.head, value, currency)


def _rail(entry: Any) -> str:
    if entry.rate_least_percent is None:
        return _("agreed one by one")
    values = {"least": figure(entry.rate_least_percent), "most": figure(entry.rate_most_percent), "of": entry.rate_of}
    return (_("%(least)s–%(most)s %% of %(of)s") if entry.rate_of else _("%(least)s–%(most)s %%")) % values


def registration_facts(program: Program) -> list[tuple[str, str]]:
    """The terms of registration, calendar, health and reviews as short facts."""
    terms, calendar, health = program.registration(), program.topics["calendar"], program.topics["health"]
    reminders, qbr = program.topics["reminders"], program.topics["qbr"]
    hours = (
        _("%(opens)s to %(closes)s") % {"opens": f"{calendar.opens:%H:%M}", "closes": f"{calendar.closes:%H:%M}"}
        if calendar.opens and calendar.closes
        else _("all hours of working days")
    )
    days = ", ".join(str(n) for n in reminders.short_days), ", ".join(str(n) for n in reminders.yearly_days)
    bands = " · ".join(f"{_band(band.code)} {band.at_least}+" for band in health.bands)
    decision = _("within %(n)s hours; due soon at %(p)s %%") % {"n": terms.sla_hours, "p": terms.due_soon_percent}
    times = terms.extensions_allowed
    protection = ngettext(
        "%(days)s days; extended by %(more)s days once",
        "%(days)s days; extended by %(more)s days, at most %(times)s times",
        times,
    ) % {"days": terms.protection_days, "more": terms.extension_days, "times": times}
    return [
        (_("Decision on a registration"), decision),
        (_("Working time"), f"{calendar.time_zone}, {hours}"),
        (_("Protection"), protection),
        (_("Unanswered questions"), _("withdrawn after %(n)s days") % {"n": terms.info_expiry_days}),
        (_("Registered deals add"), _("%(n)s points of margin") % {"n": figure(terms.margin_points)}),
        (_("Availability checks"), _("%(n)s domains a day") % {"n": terms.checks_per_day}),
        (_("Reminders"), _("%(short)s days before; yearly things %(yearly)s") % {"short": days[0], "yearly": days[1]}),
        (_("Health bands"), bands),
        (_("Health is shared with partners"), _("yes") if health.shared_with_partners else _("no")),
        (_("QBR agenda"), ", ".join(f"{item.name} {item.minutes} min" for item in qbr.agenda)),
    ]


def _band(code: str) -> str:
    return str(HealthBand(code).label)
