"""Importing who the partners are: companies by name, since when, in which territory, and who looks after them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from partners.actions.partners import assign_owner, create_partner, edit_partner, sort_name
from partners.models import Partner
from prm.core.actions.memberships import add_member
from prm.core.csv_import import CellError, Field, Run, text_cell
from prm.core.models import Membership, Organization, User
from prm.core.refused import Refused
from prm.core.roles import at_least
from prm.integrations.mapping import Team
from prm.integrations.names import mail_address

MANAGER = "partner_manager"


class TeamImporter:
    """Partners of a CRM's team list, known by their id there or by their name.

    ``firsts`` says when each partner's first deal was engaged, by its name in small letters. A partner is never made
    younger: a file of older deals moves the beginning back, a file of newer ones leaves it. ``named`` are all names and
    ids that the rows had, ``without_deals`` those without a first deal.
    """

    kind = "partners"
    fields = (Field("name", required=True), Field("external_id"), Field("owner"), Field("territory"))

    def __init__(self, team: Team, firsts: Mapping[str, date], vendor: Organization) -> None:
        self._team, self._firsts, self._vendor = team, firsts, vendor
        self.named: set[str] = set()
        self.without_deals: list[str] = []
        self._seen: set[str] = set()
        self._owners: dict[str, User | None] = {}

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check the cells of one partner."""
        name = text_cell(cells["name"], 200, required=True)
        key = text_cell(cells.get("external_id") or name, 80)
        owner = text_cell(cells.get("owner", ""), 150)
        if owner:
            mail_address(owner, self._team.mail_domain)
        territory = text_cell(cells.get("territory", ""), 60)
        if key in self._seen:
            raise CellError(_("%(key)s stands in this file more than once") % {"key": key})
        self._seen.add(key)
        self.named |= {key.casefold(), name.casefold()}
        first = self._firsts.get(key.casefold()) or self._firsts.get(name.casefold())
        if first is None:
            self.without_deals.append(name)
        return {"name": name, "external_id": key, "owner": owner, "territory": territory, "first": first}

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[str | CellError]:
        """Create or change, partner by partner: a team is short."""
        try:
            return self._save(batch, run)
        except DatabaseError:
            self._owners.clear()  # who was made a member is undone with the batch
            raise

    def _save(self, batch: list[dict[str, Any]], run: Run) -> list[str | CellError]:
        rows = Partner.objects.select_related("organization")
        by_id = {row.external_id: row for row in rows.filter(external_id__in=[each["external_id"] for each in batch])}
        by_name: dict[str, list[Partner]] = {}
        for row in rows.filter(sort_name__in=[sort_name(each["name"]) for each in batch]):
            by_name.setdefault(row.sort_name, []).append(row)
        outcomes: list[str | CellError] = []
        for values in batch:
            found = [by_id[values["external_id"]]] if values["external_id"] in by_id else []
            found = found or by_name.get(sort_name(values["name"]), [])
            try:
                outcomes.append(self._one(values, found, run))
            except Refused as refusal:
                outcomes.append(CellError(refusal.message))
            except CellError as error:
                outcomes.append(error)
        return outcomes

    def _one(self, values: dict[str, Any], found: list[Partner], run: Run) -> str:
        if len(found) > 1:
            raise CellError(_("several partners are called %(name)s") % {"name": values["name"]})
        owner = self._owner(values["owner"], run) if values["owner"] else None
        first = values["first"]
        if not found:
            create_partner(
                name=values["name"],
                type=self._team.type,
                external_id=values["external_id"],
                owner=owner,
                territory=values["territory"],
                partner_since=first,
                agreement_signed_on=first if self._team.agreement else None,
                by=run.by,
                at=run.at,
            )
            return "created"
        before = found[0]
        changes = {"territory": values["territory"]} if values["territory"] else {}
        partner = edit_partner(
            partner=before,
            version=before.version,
            changes=changes | self._beginning(before, first),
            by=run.by,
            at=run.at,
        )
        if owner is not None:
            partner = assign_owner(partner=partner, owner=owner, by=run.by, at=run.at)
        return "unchanged" if partner.version == before.version else "updated"

    def _beginning(self, partner: Partner, first: date | None) -> dict[str, date]:
        """The dates to write: the earliest day known, and the agreement where it went by that day."""
        since, signed = partner.partner_since, partner.agreement_signed_on
        if first is None:
            return {}
        begin = min(since, first) if since else first
        changes = {} if begin == since else {"partner_since": begin}
        if self._team.agreement and begin != signed and (signed is None or signed == since):
            changes["agreement_signed_on"] = begin
        return changes

    def _owner(self, name: str, run: Run) -> User | None:
        """The manager, made a member of the vendor's staff where nobody has the address; who has left stays out."""
        if name not in self._owners:
            address = mail_address(name, self._team.mail_domain)
            membership = (
                Membership.objects.select_related("user")
                .filter(organization=self._vendor, user__email__iexact=address)
                .first()
            )
            if membership is None:
                membership = add_member(
                    organization=self._vendor, email=address, name=name, role=MANAGER, by=run.by, at=run.at
                )
            may_own = membership.is_active and membership.role in at_least(1)
            self._owners[name] = membership.user if may_own else None
        return self._owners[name]
