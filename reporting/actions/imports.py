"""Importing what was agreed in business reviews."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from partners.actions.imports import EXTERNAL, PARTNER, OnlyOnce, PartnerFinder, note_import, past_day
from partners.queries.program import program_today
from prm.core.codes import new_code
from prm.core.csv_import import CellError, Field, Run, choice_cell, day_cell, text_cell
from reporting.choices import ActionSide, ActionState
from reporting.models import QbrAction

_COMPARED = ("title", "side", "owner_name", "agreed_on", "due_on", "state", "closed_on")


class QbrActionImporter:
    """Agreed actions. One with a day on which it was closed is done; a blank day leaves a known one's state alone."""

    kind = "qbr_actions"
    fields = (
        EXTERNAL,
        PARTNER,
        Field("title", required=True, aliases=("action",)),
        Field("side", required=True),
        Field("owner_name", aliases=("owner",)),
        Field("agreed_on", required=True, aliases=("agreed",)),
        Field("due_on", aliases=("due",)),
        Field("closed_on", aliases=("closed", "done on")),
    )

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell, and the days against each other."""
        today = program_today(run.at)
        values: dict[str, Any] = {
            "partner_id": self._finder.find(cells["partner"], run).pk,
            "title": text_cell(cells["title"], 250, required=True),
            "side": choice_cell(cells["side"], ActionSide.choices),
            "owner_name": text_cell(cells.get("owner_name", ""), 150),
            "agreed_on": past_day(cells["agreed_on"], run, today),
            "due_on": day_cell(cells["due_on"], run.day_order) if cells.get("due_on") else None,
            "closed_on": past_day(cells["closed_on"], run, today) if cells.get("closed_on") else None,
        }
        for name in ("due_on", "closed_on"):
            if values[name] and values[name] < values["agreed_on"]:
                raise CellError(_("%(name)s lies before the day it was agreed") % {"name": name})
        values["state"] = ActionState.DONE if values["closed_on"] else ActionState.OPEN
        return values | {"external_id": self._once.check(text_cell(cells["external_id"], 80, required=True))}

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[str | CellError]:
        """Create the new, correct the changed, leave the rest. A constant number of statements."""
        known = QbrAction.objects.in_bulk([values["external_id"] for values in batch], field_name="external_id")
        outcomes: list[str | CellError] = []
        fresh, changed = [], []
        for values in batch:
            row = known.get(values["external_id"])
            if row is not None and values["closed_on"] is None:
                values = values | {"state": row.state, "closed_on": row.closed_on}
            if row is None:
                fresh.append(QbrAction(code=new_code("QA"), created_at=run.at, **values))
                outcomes.append("created")
            elif row.partner_id != values["partner_id"]:
                outcomes.append(CellError(_("this id is known at another partner")))
            elif all(getattr(row, name) == values[name] for name in _COMPARED):
                outcomes.append("unchanged")
            else:
                for name in _COMPARED:
                    setattr(row, name, values[name])
                changed.append(row)
                outcomes.append("updated")
        QbrAction.objects.bulk_create(fresh)
        QbrAction.objects.bulk_update(changed, _COMPARED)
        note_import(self.kind, [(row.partner_id, row.code) for row in [*fresh, *changed]], run)
        return outcomes


IMPORTERS = ((QbrActionImporter, _("QBR actions"), "reporting.pack_create"),)
"""Kind, label and permission of each import of this app."""
