"""Importing the records of the partner side: companies, people, contacts, answers, ratings and integrations.

Every row carries the id it has elsewhere, so a file can come in again and changes nothing the second time. A manager's
file may only speak of partners that they decide for. A blank cell leaves a company's field as it is.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _

from partners.actions.contacts import ContactRefused, add_contact
from partners.actions.integrations import check_address, check_range
from partners.actions.partners import assign_owner, create_partner, edit_partner
from partners.actions.records import CHANGED, NPS_MOST, VALUE_LEAST, VALUE_MOST
from partners.choices import ContactRole, ContactSide, LifecycleStage, PartnerStatus, PartnerType, RecordSource
from partners.choices import FitRating as Fit
from partners.models import FitRating, Integration, NpsAnswer, Partner, PartnerContact, ValueRating
from partners.queries.authority import decided_by
from partners.queries.program import program_today
from prm.core.actions import audit, outbox
from prm.core.actions.memberships import add_member, change_role
from prm.core.codes import new_code
from prm.core.csv_import import (
    CellError,
    Field,
    Run,
    choice_cell,
    day_cell,
    email_cell,
    text_cell,
    whole_cell,
)
from prm.core.models import Membership, PortalDay, User
from prm.core.refs import Ref
from prm.core.refused import Refused
from prm.core.roles import roles_for

PARTNER = Field("partner", required=True, aliases=("partner id", "partner external id", "company"))
EXTERNAL = Field("external_id", required=True, aliases=("id", "record id"))
Outcome = str | CellError


class PartnerFinder:
    """Finds partners by their id elsewhere, their code, or their name where only one bears it; remembers them.

    ``allowed`` narrows to those that the actor may change.
    """

    def __init__(self) -> None:
        self._known: dict[str, Partner] | None = None
        self._allowed: set[int] | None = None

    def find(self, text: str, run: Run) -> Partner:
        """The partner, or CellError: unknown, ambiguous, or another manager's."""
        if self._known is None:
            self._load(run)
        partner = (self._known or {}).get(text.strip().casefold())
        if partner is None:
            raise CellError(_("no partner is known as %(text)s") % {"text": text[:80]})
        if self._allowed is not None and partner.pk not in self._allowed:
            raise CellError(_("%(text)s belongs to another manager") % {"text": text[:80]})
        return partner

    def _load(self, run: Run) -> None:
        partners = list(Partner.objects.select_related("organization", "track", "tier"))
        names: dict[str, list[Partner]] = {}
        for partner in partners:
            names.setdefault(partner.sort_name, []).append(partner)
        self._known = {name: found[0] for name, found in names.items() if len(found) == 1}
        self._known |= {partner.code.casefold(): partner for partner in partners}
        self._known |= {partner.external_id.casefold(): partner for partner in partners if partner.external_id}
        if not (run.by.is_system or run.by.role == "admin"):
            self._allowed = set(decided_by(run.by, run.at).values_list("pk", flat=True))


class OnlyOnce:
    """Refuses an id that stands in the file a second time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def check(self, key: str) -> str:
        """The key, the first time."""
        if key in self._seen:
            raise CellError(_("%(key)s stands in this file more than once") % {"key": key[:80]})
        self._seen.add(key)
        return key


def past_day(text: str, run: Run, today: date) -> date:
    """A day that is not in the future."""
    day = day_cell(text, run.day_order)
    if day > today:
        raise CellError(_("%(day)s lies in the future") % {"day": day.isoformat()})
    return day


def answer(refusal: Refused) -> CellError:
    """An action's refusal as the row's error."""
    return CellError(refusal.message)


class PartnerImporter:
    """Companies. What the file says of a known company is changed, a new id is a new company."""

    kind = "partners"
    fields = (
        EXTERNAL,
        Field("name", required=True, aliases=("company",)),
        Field("type", required=True),
        *(Field(name) for name in ("territory", "country", "website", "domain", "owner", "status", "stage")),
        *(Field(name) for name in ("agreement_signed_on", "partner_since", "time_zone", "locale")),
    )

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()
        self._owners: dict[str, User] = {}

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        today = program_today(run.at)
        values: dict[str, Any] = {
            "external_id": self._once.check(text_cell(cells["external_id"], 80, required=True)),
            "name": text_cell(cells["name"], 200, required=True),
            "type": choice_cell(cells["type"], PartnerType.choices),
        }
        for name, most in (("territory", 60), ("country", 2), ("website", 200), ("domain", 253), ("time_zone", 64)):
            if cells.get(name):
                values[name] = text_cell(cells[name], most)
        for name in ("agreement_signed_on", "partner_since"):
            if cells.get(name):
                values[name] = past_day(cells[name], run, today)
        if cells.get("locale"):
            values["locale"] = text_cell(cells["locale"], 10)
        if cells.get("status"):
            values["status"] = choice_cell(cells["status"], PartnerStatus.choices)
        if cells.get("stage"):
            values["stage"] = choice_cell(cells["stage"], LifecycleStage.choices)
        if cells.get("owner"):
            values["owner"] = self._owner(email_cell(cells["owner"]))
        return values

    def _owner(self, email: str) -> User:
        if email not in self._owners:
            user = User.objects.filter(email__iexact=email).first()
            if user is None:
                raise CellError(_("nobody here has the address %(email)s") % {"email": email})
            self._owners[email] = user
        return self._owners[email]

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Create or change, company by company."""
        known = Partner.objects.select_related("organization").filter(
            external_id__in=[values["external_id"] for values in batch]
        )
        partners = {partner.external_id: partner for partner in known}
        return [self._one(values, partners.get(values["external_id"]), run) for values in batch]

    def _one(self, values: dict[str, Any], partner: Partner | None, run: Run) -> Outcome:
        try:
            if partner is None:
                create_partner(**values, by=run.by, at=run.at)
                return "created"
            version, owner_before = partner.version, partner.owner_id
            apart = ("external_id", "owner", "status", "stage")
            changes = {name: value for name, value in values.items() if name not in apart}
            partner = edit_partner(partner=partner, version=version, changes=changes, by=run.by, at=run.at)
            if "owner" in values:
                partner = assign_owner(partner=partner, owner=values["owner"], by=run.by, at=run.at)
        except Refused as refusal:
            return answer(refusal)
        return "unchanged" if (partner.version, partner.owner_id) == (version, owner_before) else "updated"


class MemberImporter:
    """People of partners who can sign in: by a mailed code, until they choose something else.

    ``since`` is the day they joined; a known member's role is brought in line.
    """

    kind = "members"
    fields = (
        PARTNER,
        Field("email", required=True, aliases=("mail", "e-mail")),
        Field("name", required=True),
        Field("role", required=True),
        Field("since", aliases=("joined", "member since")),
    )

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        partner = self._finder.find(cells["partner"], run)
        email = email_cell(cells["email"])
        self._once.check(f"{email} @ {partner.code}")
        since = past_day(cells["since"], run, program_today(run.at)) if cells.get("since") else None
        return {
            "partner": partner,
            "email": email,
            "name": text_cell(cells["name"], 150, required=True),
            "role": choice_cell(cells["role"], [(role.code, role.label) for role in roles_for("partner")]),
            "since": since,
        }

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Add or change, person by person."""
        members = {
            (membership.organization_id, membership.user.email.lower()): membership
            for membership in Membership.objects.select_related("user", "organization").filter(
                organization_id__in={values["partner"].pk for values in batch},
                user__email__in=[values["email"] for values in batch],
            )
        }
        return [self._one(values, members.get((values["partner"].pk, values["email"])), run) for values in batch]

    def _one(self, values: dict[str, Any], membership: Membership | None, run: Run) -> Outcome:
        try:
            if membership is not None and membership.is_active:
                if membership.role == values["role"]:
                    return "unchanged"
                change_role(membership=membership, role=values["role"], by=run.by, at=run.at)
                return "updated"
            member = add_member(
                organization=values["partner"].organization,
                email=values["email"],
                name=values["name"],
                role=values["role"],
                by=run.by,
                at=run.at,
            )
            if values["since"] and membership is None:
                since = datetime.combine(values["since"], time(0), tzinfo=UTC)
                Membership.objects.filter(pk=member.pk).update(created_at=since)
        except Refused as refusal:
            return answer(refusal)
        return "created"


class ContactImporter:
    """Named people around partners, on both sides."""

    kind = "contacts"
    fields = (
        PARTNER,
        Field("side", required=True),
        Field("role", required=True),
        Field("name", required=True),
        Field("email", required=True, aliases=("mail", "e-mail")),
        Field("phone"),
    )

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        values: dict[str, Any] = {
            "partner": self._finder.find(cells["partner"], run),
            "side": choice_cell(cells["side"], ContactSide.choices),
            "role": choice_cell(cells["role"], ContactRole.choices),
            "name": text_cell(cells["name"], 150, required=True),
            "email": email_cell(cells["email"]),
            "phone": text_cell(cells.get("phone", ""), 40),
        }
        partner = values["partner"]
        self._once.check(f"{values['email']} {values['side']} {values['role']} @ {partner.code}")
        return values

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Add those who are not known in their role."""
        known = set(
            PartnerContact.objects.current()
            .filter(partner_id__in={values["partner"].pk for values in batch})
            .values_list("partner_id", "side", "role", "email")
        )
        outcomes: list[Outcome] = []
        for values in batch:
            if (values["partner"].pk, values["side"], values["role"], values["email"]) in known:
                outcomes.append("unchanged")
                continue
            try:
                add_contact(**values, by=run.by, at=run.at)
                outcomes.append("created")
            except (ContactRefused, Refused) as refusal:
                outcomes.append(answer(refusal))
        return outcomes


class PortalDayImporter:
    """Days on which members used the portal, for figures from before this installation."""

    kind = "portal_days"
    fields = (PARTNER, Field("email", required=True, aliases=("mail", "e-mail")), Field("day", required=True))

    def __init__(self) -> None:
        self._finder = PartnerFinder()
        self._members: dict[tuple[int, str], int] | None = None
        self._today: date | None = None

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        if self._members is None:
            rows = Membership.objects.values_list("organization_id", "user__email", "pk")
            self._members = {(company, email.lower()): pk for company, email, pk in rows}
        partner, email = self._finder.find(cells["partner"], run), email_cell(cells["email"])
        membership = self._members.get((partner.pk, email))
        if membership is None:
            raise CellError(_("%(email)s is no member of this partner") % {"email": email})
        self._today = self._today or program_today(run.at)
        day = past_day(cells["day"], run, self._today)
        return {"membership_id": membership, "organization_id": partner.pk, "day": day}

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Keep the days that are not known."""
        known = set(
            PortalDay.objects.filter(
                membership_id__in={values["membership_id"] for values in batch},
                day__in={values["day"] for values in batch},
            ).values_list("membership_id", "day")
        )
        outcomes: list[Outcome] = []
        fresh = []
        for values in batch:
            key = (values["membership_id"], values["day"])
            outcomes.append("unchanged" if key in known else "created")
            if key not in known:
                known.add(key)
                fresh.append(PortalDay(**values))
        PortalDay.objects.bulk_create(fresh)
        _note(self.kind, {day.organization_id: "" for day in fresh}, len(fresh), run)
        return outcomes


class RecordImporter:
    """What NPS answers, fit, value and integrations have in common: an id, a partner, a day, a value."""

    kind = ""
    model: type[Any]
    prefix = ""
    compared: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()  # columns that a correction moves besides

    def __init__(self) -> None:
        self._once, self._finder = OnlyOnce(), PartnerFinder()
        self._today: date | None = None

    def start(self, cells: dict[str, str], run: Run, day: str) -> dict[str, Any]:
        """The part that every record has."""
        self._today = self._today or program_today(run.at)
        return {
            "external_id": self._once.check(text_cell(cells["external_id"], 80, required=True)),
            "partner_id": self._finder.find(cells["partner"], run).pk,
            day: past_day(cells[day], run, self._today),
            "reason": text_cell(cells.get("reason", ""), 500) or f"import {run.file_name}".strip(),
        }

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """Create the new, correct the changed, leave the rest. A constant number of statements."""
        manager = self.model._default_manager
        known = {
            row.external_id: row for row in manager.filter(external_id__in=[values["external_id"] for values in batch])
        }
        outcomes: list[Outcome] = []
        fresh, changed = [], []
        for values in batch:
            row = known.get(values["external_id"])
            if row is not None and row.partner_id != values["partner_id"]:
                outcomes.append(CellError(_("this id is known at another partner")))
            elif (problem := self.problem(values, row)) is not None:
                outcomes.append(problem)
            elif row is None:
                fresh.append(self.make(values, run))
                outcomes.append("created")
            elif any(getattr(row, name) != values[name] for name in self.compared if name in values):
                self.correct(row, values)
                changed.append(row)
                outcomes.append("updated")
            else:
                outcomes.append("unchanged")
        manager.bulk_create(fresh)
        manager.bulk_update(changed, [*self.compared, *self.counted])
        _note(self.kind, {row.partner_id: row.code for row in [*fresh, *changed]}, len(fresh) + len(changed), run)
        return outcomes

    def make(self, values: dict[str, Any], run: Run) -> Any:
        """A record that is new here."""
        told = {"source": RecordSource.IMPORT, "by_id": run.by.user_id, "created_at": run.at}
        return self.model(code=new_code(self.prefix), **told, **values)

    def problem(self, values: dict[str, Any], row: Any) -> CellError | None:
        """Why a row can't be taken beside what is stored; ``row`` is the record with its id, if there is one."""
        return None

    def correct(self, row: Any, values: dict[str, Any]) -> None:
        """Take what the file says; what it leaves out stays."""
        for name in self.compared:
            setattr(row, name, values.get(name, getattr(row, name)))


class NpsImporter(RecordImporter):
    """Answers to "would you recommend us", 0 to 10."""

    kind, model, prefix = "nps", NpsAnswer, "NP"
    compared = ("score", "answered_on", "email", "comment")
    fields = (
        EXTERNAL,
        PARTNER,
        Field("score", required=True),
        Field("answered_on", required=True, aliases=("date", "day")),
        Field("email", aliases=("mail", "e-mail")),
        Field("comment"),
        Field("reason"),
    )

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        return {
            **self.start(cells, run, "answered_on"),
            "score": whole_cell(cells["score"], least=0, most=NPS_MOST),
            "email": email_cell(cells["email"]) if cells.get("email") else "",
            "comment": text_cell(cells.get("comment", ""), 2000),
        }


class FitImporter(RecordImporter):
    """Judgements of strategic fit."""

    kind, model, prefix = "fit", FitRating, "FT"
    compared = ("rating", "set_on", "reason")
    fields = (
        EXTERNAL,
        PARTNER,
        Field("rating", required=True, aliases=("fit",)),
        Field("set_on", required=True, aliases=("date", "day")),
        Field("reason"),
    )

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        return {**self.start(cells, run, "set_on"), "rating": choice_cell(cells["rating"], Fit.choices)}


class ValueImporter(RecordImporter):
    """Strategic value, 1 to 5."""

    kind, model, prefix = "value", ValueRating, "VR"
    compared = ("score", "rated_on", "reason")
    fields = (
        EXTERNAL,
        PARTNER,
        Field("score", required=True, aliases=("value",)),
        Field("rated_on", required=True, aliases=("date", "day")),
        Field("reason"),
    )

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        return {
            **self.start(cells, run, "rated_on"),
            "score": whole_cell(cells["score"], least=VALUE_LEAST, most=VALUE_MOST),
        }


class IntegrationImporter(RecordImporter):
    """Integrations between a partner's product and ours. A blank cell leaves what is known, above all an end."""

    kind, model, prefix = "integrations", Integration, "IN"
    compared = ("name", "product", "url", "live_on", "ended_on", "evidence")
    counted = ("version",)
    fields = (
        EXTERNAL,
        PARTNER,
        Field("name", required=True, aliases=("integration",)),
        Field("live_on", required=True, aliases=("live since", "date", "day")),
        Field("product", aliases=("category",)),
        Field("url", aliases=("address", "link")),
        Field("ended_on", aliases=("ended", "end")),
        Field("evidence", aliases=("notes",)),
    )

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[tuple[int, str, str], str] = {}

    def parse(self, cells: dict[str, str], run: Run) -> dict[str, Any]:
        """Check every cell."""
        values = self.start(cells, run, "live_on")
        del values["reason"]
        values["name"] = " ".join(text_cell(cells["name"], 150, required=True).split())
        for name, most in (("product", 120), ("url", 200), ("evidence", 2000)):
            if cells.get(name):
                values[name] = " ".join(text_cell(cells[name], most).split())
        if cells.get("ended_on"):
            values["ended_on"] = day_cell(cells["ended_on"], run.day_order)
        try:
            check_address(values.get("url", ""))
            check_range(values["live_on"], values.get("ended_on"))
        except Refused as refusal:
            raise answer(refusal) from None
        return values

    def save(self, batch: list[dict[str, Any]], run: Run) -> list[Outcome]:
        """As all records; one statement more finds the integrations that run under the same name."""
        running = Integration.objects.filter(partner_id__in={values["partner_id"] for values in batch}, ended_on=None)
        rows = running.values_list("partner_id", "name", "product", "external_id", "code")
        self._running = {_named(company, name, product): id_ or code for company, name, product, id_, code in rows}
        return super().save(batch, run)

    def make(self, values: dict[str, Any], run: Run) -> Integration:
        """Without a word of its own the file is the evidence."""
        return super().make({"evidence": f"import {run.file_name}".strip(), **values}, run)

    def problem(self, values: dict[str, Any], row: Integration | None) -> CellError | None:
        """An end before the first day, or the same name as one that runs."""
        ended_on = values.get("ended_on", row.ended_on if row else None)
        try:
            check_range(values["live_on"], ended_on)
        except Refused as refusal:
            return answer(refusal)
        key = _named(values["partner_id"], values["name"], values.get("product", row.product if row else ""))
        if ended_on is not None:
            if self._running.get(key) == values["external_id"]:
                del self._running[key]
        elif self._running.setdefault(key, values["external_id"]) != values["external_id"]:
            return CellError(_("this partner has a running integration of this name already"))
        return None

    def correct(self, row: Integration, values: dict[str, Any]) -> None:
        """Counts as an edit, so that an open form notices."""
        super().correct(row, values)
        row.version += 1


def _named(partner_id: int, name: str, product: str) -> tuple[int, str, str]:
    return partner_id, name.lower(), product.lower()


def note_import(kind: str, rows: Sequence[tuple[int, str]], run: Run) -> None:
    """Audit a batch of imported rows, (partner, record code) each, and tell that their partners changed."""
    _note(kind, dict(rows), len(rows), run)


def _note(kind: str, records: dict[int, str], count: int, run: Run) -> None:
    """One audit line and one event for each partner that a batch touched."""
    if not records:
        return
    codes = dict(Partner.objects.filter(pk__in=records).values_list("pk", "code"))
    audit.record_many(
        audit.entry(
            code="partners.record.imported",
            by=run.by,
            at=run.at,
            ref=Ref("partners.partner", code),
            organization_id=pk,
            changes={"kind": kind, "file": run.file_name, "rows_in_batch": count},
        )
        for pk, code in codes.items()
    )
    outbox.emit_many(
        name=CHANGED,
        items=[(Ref("partners.partner", code), {"partner_id": pk}) for pk, code in codes.items()],
        at=run.at,
    )


IMPORTERS = (
    (PartnerImporter, _("Partner companies"), "partners.partner_edit"),
    (MemberImporter, _("People of partners"), "partners.partner_people"),
    (ContactImporter, _("Contacts"), "partners.partner_people"),
    (NpsImporter, _("NPS answers"), "partners.record_edit"),
    (FitImporter, _("Strategic fit"), "partners.record_edit"),
    (ValueImporter, _("Strategic value"), "partners.record_edit"),
    (IntegrationImporter, _("Integrations"), "partners.record_edit"),
    (PortalDayImporter, _("Portal days"), "partners.record_edit"),
)
