"""The tier page: progress by every path, what the next tier unlocks, certificates."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reporting.documents.qbr_sheet import Cell, Heading, Pack, Row, Table, cap, clip
from reporting.rules import sentences as say
from reporting.rules.pack import TierPath, certified_people


def tier_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/tier.html`."""
    facts, figures, tier = pack.facts, pack.figures, pack.facts.tier
    content: dict[str, Any] = {"tier": None, "certificates": _certificates(pack), "cert_heading": ""}
    holders = certified_people(facts)
    content["cert_heading"] = ngettext("%(people)s certified person", "%(people)s certified people", len(holders)) % {
        "people": len(holders)
    }
    if tier is None:
        return content
    dates = []
    if tier.since:
        dates.append((_("Since"), figures.day(tier.since)))
    if tier.review_on:
        dates.append((_("Next review"), figures.day(tier.review_on)))
    if tier.grace_until:
        dates.append((_("Grace period until"), figures.day(tier.grace_until)))
    if tier.override_until:
        dates.append((_("Granted until"), figures.day(tier.override_until)))
    ending = {item.who for item in say.expiring(facts)} & holders
    places = tier.people_required or tier.people
    people = ["y"] * (tier.people - len(ending)) + ["r"] * len(ending)
    people += [""] * max(places - len(people), 0)
    shown, rest = cap([change for change in tier.benefits if change.now != change.next], 7)
    benefits = [
        Row(
            (
                Cell(clip(change.label, 240, weight=500), "key"),
                Cell(clip(change.now, 120)),
                Cell(clip(change.next, 120, weight=600), "gain"),
            )
        )
        for change in shown
    ]
    if rest:
        text = ngettext("and %(number)s more", "and %(number)s more", len(rest)) % {"number": len(rest)}
        benefits.append(Row((Cell(text), Cell(""), Cell("")), "rest"))
    headings = (
        Heading(_("Benefit"), "50%"),
        Heading(clip(_("%(tier)s today") % {"tier": tier.label}, 120, size=10), "25%"),
        Heading(clip(tier.next_label or "", 120, size=10), "25%"),
    )
    content.update(
        tier={
            "label": clip(tier.label, 135, size=34, weight=600),
            "next": clip(tier.next_label or "", 200, size=13, weight=600),
            "progress": tier.progress_percent,
            "dates": dates[:3],
            "paths": [_path(pack, path) for path in tier.paths[:3]] if tier.next_label else [],
            "many_paths": len(tier.paths) > 1,
            "people": people if len(people) <= 40 else [],
            "person_share": f"{100 / max(len(people), 1) - 0.006:.2f}",
            "people_text": (_("%(people)s of %(required)s") if tier.people_required else "%(people)s")
            % {"people": figures.count(tier.people), "required": figures.count(tier.people_required)},
            "people_note": ngettext(
                "%(people)s of them holds a certificate that ends soon (orange).",
                "%(people)s of them hold certificates that end soon (orange).",
                len(ending),
            )
            % {"people": len(ending)}
            if ending
            else "",
            "needs_people": tier.people_required > 0,
        },
        benefits=Table(headings, tuple(benefits)) if benefits and tier.next_label else None,
    )
    return content


def _path(pack: Pack, path: TierPath) -> dict[str, str]:
    write: Callable[[Decimal], str] = pack.figures.short if path.is_money else pack.figures.count
    share = min(float(path.reached / path.required), 1.0) if path.required > 0 else 1.0
    return {
        "label": clip(path.label, 250, weight=500),
        "reached": write(path.reached),
        "of": _("of %(required)s") % {"required": write(path.required)},
        "share": f"{max(share, 0) * 100:.1f}",
        "missing": _("%(missing)s to go") % {"missing": write(path.missing)} if path.missing > 0 else _("Met"),
    }


def _certificates(pack: Pack) -> Table | None:
    facts = pack.facts
    soon = facts.as_of + timedelta(days=pack.terms.expiring_days)
    ranked = sorted(facts.certificates, key=lambda item: (item.valid_until, item.person, item.kind))
    if not ranked:
        return None
    shown, rest = cap(ranked, pack.terms.certificate_rows)
    cells = []
    for item in shown:
        if item.valid_until < facts.as_of:
            state = Cell(_("Expired"), "mark off")
        elif item.valid_until <= soon:
            state = Cell(_("Renew"), "mark open")
        else:
            state = Cell(_("Current"), "mark")
        cells.append(
            (
                Cell(clip(item.person, 136, weight=500), "key"),
                Cell(clip(item.kind, 128)),
                Cell(pack.figures.day(item.valid_until), "num"),
                state,
            )
        )
    # Two certificates a line: people read names downwards, so the second half stands beside the first.
    half = (len(cells) + 1) // 2 if len(cells) > 4 else len(cells)
    gap, blank = Cell("", "gap"), (Cell(""), Cell(""), Cell("", "num"), Cell(""))
    two = half < len(cells)
    rows = [
        Row((*cells[i], *((gap, *(cells[half + i] if half + i < len(cells) else blank)) if two else ())))
        for i in range(half)
    ]
    if rest:
        text = ngettext("%(number)s other, later", "%(number)s others, later", len(rest)) % {"number": len(rest)}
        rows.append(Row((Cell(text), *[Cell("")] * (8 if two else 3)), "rest"))
    one = (
        Heading(_("Person"), "148px"),
        Heading(_("Certificate"), "138px"),
        Heading(_("Valid until"), css="num"),
        Heading(_("State"), css="state"),
    )
    return Table((*one, Heading("", "36px", "gap"), *one) if two else one, tuple(rows), "tight certificates")
