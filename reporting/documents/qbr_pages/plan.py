"""The plan page: goals, open actions, the agenda of the meeting."""

from datetime import timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reporting.documents.qbr_sheet import CONTENT_WIDTH, Cell, Heading, Pack, Row, Table, cap, clip
from reporting.rules import sentences as say


def plan_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/plan.html`."""
    facts = pack.facts
    goals = [
        (clip(figure, 225, size=21, weight=600), clip(name, 225, size=11.5, weight=600), clip(text, 390))
        for figure, name, text in (pack.words.goal(pack.short_names(goal)) for goal in say.goals_of(facts))
    ]
    return {
        "goals": goals,
        "actions": _actions(pack) if facts.actions else None,
        "actions_note": _actions_note(pack),
        "agenda": _agenda(pack),
        "minutes": facts.agenda_minutes,
    }


def _actions_note(pack: Pack) -> str:
    before = pack.facts.actions_before
    notes = []
    if before and before.agreed:
        notes.append(
            ngettext(
                "%(done)s of %(agreed)s action of the last review is done.",
                "%(done)s of %(agreed)s actions of the last review are done.",
                before.agreed,
            )
            % {"done": before.done, "agreed": before.agreed}
        )
    return " ".join(notes)


def _actions(pack: Pack) -> Table:
    facts = pack.facts
    ranked = sorted(facts.actions, key=lambda action: (action.due_on is None, action.due_on or facts.as_of))
    shown, rest = cap(ranked, pack.terms.action_rows)
    rows = []
    for index, action in enumerate(shown, start=1):
        late = action.due_on is not None and action.due_on < facts.pack_date
        tag = _("Overdue") if late else _("Carried over") if action.carried_over else ""
        rows.append(
            Row(
                (
                    Cell(str(index)),
                    Cell(clip(action.text, 500, weight=500), "key"),
                    Cell(tag, "tag" if tag else ""),
                    Cell(clip(pack.side(action.side), 100)),
                    Cell(clip(action.owner, 130)),
                    Cell(pack.figures.day(action.due_on), "num"),
                )
            )
        )
    if rest:
        text = ngettext("%(number)s other action", "%(number)s other actions", len(rest)) % {"number": len(rest)}
        rows.append(Row((Cell(""), Cell(text), *[Cell("")] * 4), "rest"))
    headings = (
        Heading(_("No."), "28px"),
        Heading(_("Action")),
        Heading("", "92px"),
        Heading(_("Side"), "110px"),
        Heading(_("Owner"), "140px"),
        Heading(_("Due"), "90px", "num"),
    )
    return Table(headings, tuple(rows))


def _agenda(pack: Pack) -> list[dict[str, str]]:
    facts, passed, items = pack.facts, 0, []
    for item in facts.agenda[:8]:
        if facts.meeting_at:
            start = formats.time_format(facts.meeting_at + timedelta(minutes=passed), "H:i")
        else:
            start = _("minute %(minute)s") % {"minute": passed}
        share = 100 * item.minutes / facts.agenda_minutes
        items.append(
            {
                "start": start,
                "minutes": _("%(minutes)s min") % {"minutes": item.minutes},
                "label": clip(item.label, max(CONTENT_WIDTH * share / 100 - 12, 40) * 1.6, weight=600),
                "share": f"{share - 0.006:.2f}",  # a hair less than whole, so that the last one stays on the line
            }
        )
        passed += item.minutes
    return items
