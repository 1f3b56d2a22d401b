"""Importing certificates. A row carries the id it has elsewhere, so that a file may come in again."""

from datetime import date, timedelta
from typing import Any

from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.actions.grants import end_grants
from partners.actions.imports import EXTERNAL, PARTNER, OnlyOnce, PartnerFinder, note_import, past_day
from partners.choices import GrantSource, RecordSource
from partners.queries.program import program_today
from prm.core.codes import new_code
from prm.core.csv_import import CellError, Field, Run, day_cell, email_cell, text_cell
from prm.core.models import User
from training.actions.certificates import CertificateRefused, check_kind, grant_for
from training.models import Certificate

_COMPARED = ("holder_name", "holder_email", "kind", "valid_from", "valid_until")


class CertificateImporter:
    """Certificates of people at partners. Without an end a certificate lasts as long as the program says."""

    kind = "certificates"
    fields = (
        EXTERNAL,
        PARTNER,
        Field("email", required=True, aliases=("mail", "e-mail", "holder email")),
        Field("name", required=True, aliases=("holder", "holder name")),
        Field("kind", required=True, aliases=("certificate",)),
        Field("valid_from", required=True, aliases=("from", "issued on")),
        Field("valid_until", aliases=("until", "expires on")),
        Field("number"),
        Field("reason"),
    )

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()
        self._today: date | None = None

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell; the kind and the range are checked against the program in force."""
        self._today = self._today or program_today(run.at)
        external_id = self._once.check(text_cell(cells["external_id"], 80, required=True))
        partner = self._finder.find(cells["partner"], run)
        valid_from = past_day(cells["valid_from"], run, self._today)
        until = day_cell(cells["valid_until"], run.day_order) if cells.get("valid_until") else None
        kind = text_cell(cells["kind"], 40, required=True).lower()
        try:
            until = check_kind(kind, valid_from, until, self._today)
        except CertificateRefused as refusal:
            raise CellError(refusal.message) from None
        return {
            "external_id": external_id,
            "partner_id": partner.pk,
            "holder_email": email_cell(cells["email"]),
            "holder_name": text_cell(cells["name"], 150, required=True),
            "kind": kind,
            "valid_from": valid_from,
            "valid_until": until,
            "number": text_cell(cells.get("number", ""), 40),
            "reason": text_cell(cells.get("reason", ""), 500) or f"import {run.file_name}".strip(),
        }

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[str | CellError]:
        """Create the new, correct the changed, leave the rest. A constant number of statements."""
        emails = {values["holder_email"] for values in batch}
        accounts = dict(User.objects.annotate(lower=Lower("email")).filter(lower__in=emails).values_list("lower", "pk"))
        known = {
            row.external_id: row
            for row in Certificate.objects.filter(external_id__in=[values["external_id"] for values in batch])
        }
        natural = set(
            Certificate.objects.filter(holder_email__in=emails).values_list("holder_email", "kind", "valid_from")
        )
        outcomes: list[str | CellError] = []
        fresh, changed = [], []
        for values in batch:
            row = known.get(values["external_id"])
            key = (values["holder_email"], values["kind"], values["valid_from"])
            if row is None and key in natural:
                outcomes.append(CellError(_("this person has this certificate from that day already")))
            elif row is None:
                natural.add(key)
                number = values["number"] or new_code("CERT")
                fresh.append(
                    Certificate(
                        code=new_code("CE"),
                        user_id=accounts.get(values["holder_email"]),
                        source=RecordSource.IMPORT,
                        by_id=run.by.user_id,
                        created_at=run.at,
                        **{**values, "number": number},
                    )
                )
                outcomes.append("created")
            elif row.partner_id != values["partner_id"]:
                outcomes.append(CellError(_("this id is known at another partner")))
            elif any(getattr(row, name) != values[name] for name in _COMPARED):
                for name in _COMPARED:
                    setattr(row, name, values[name])
                row.user_id = accounts.get(values["holder_email"])
                changed.append(row)
                outcomes.append("updated")
            else:
                outcomes.append("unchanged")
        Certificate.objects.bulk_create(fresh)
        Certificate.objects.bulk_update(changed, [*_COMPARED, "user"])
        written = [*fresh, *changed]
        if changed and self._today:
            # What a corrected certificate entitles to begins anew: another kind or another end gives another range.
            end_grants(
                source_kind=GrantSource.CERTIFICATE,
                source_codes=[row.code for row in changed],
                last_day=self._today - timedelta(days=1),
                by=run.by,
                at=run.at,
            )
        if written and self._today:
            grant_for(certificates=written, on=self._today, at=run.at)
        note_import(self.kind, [(row.partner_id, row.code) for row in written], run)
        return outcomes
