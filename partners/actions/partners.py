"""Partner companies: created, changed, moved through their life, given to a manager."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partners.actions.grants import refresh_tier_grants
from partners.choices import LifecycleStage, PartnerStatus, PartnerType, TierChangeKind
from partners.models import LifecycleChange, Partner, TierChange, Track
from partners.queries.authority import MANAGER, can_decide_for
from partners.queries.program import program_of, program_today, version_at
from partners.rules.states import PARTNER
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.choices import OrganizationKind, OrganizationStatus
from prm.core.codes import new_code
from prm.core.models import Invitation, Membership, Organization, SignedLink, User, WorkItem
from prm.core.refused import Refused
from prm.core.roles import at_least

EDITABLE = (
    "name", "type", "territory", "country", "website", "domain", "about", "agreement_signed_on", "partner_since",
    "high_potential_until", "time_zone", "locale",
)  # fmt: skip
PROFILE = ("website", "about", "time_zone", "locale")
_COUNTRY = re.compile(r"([A-Z]{2})?")
_OF_ORGANIZATION = ("name", "time_zone", "locale")
_LADDER = (
    "tier", "next_tier", "pending_tier", "tier_changed_on", "review_on", "grace_until", "tier_progress_percent",
    "tier_at_risk", "support_plan",
)  # fmt: skip
_ORGANIZATION_STATUS = {
    PartnerStatus.PROSPECT: OrganizationStatus.PENDING,
    PartnerStatus.ACTIVE: OrganizationStatus.ACTIVE,
    PartnerStatus.SUSPENDED: OrganizationStatus.ACTIVE,
    PartnerStatus.ENDED: OrganizationStatus.CLOSED,
}


class PartnerRefused(Refused):
    """A partner can't be created or changed this way."""

    code = "partners.partner.refused"
    text = _("This can't be done with the partner.")


class NotYours(PartnerRefused):
    """Somebody else decides for this partner."""

    code = "partners.partner.not_yours"
    text = _("You may not change this partner: another manager owns it.")


@dataclass(frozen=True)
class Conflict:
    """A field that two people changed: what it was when the form opened is neither of the two."""

    field: str
    theirs: Any
    yours: Any


class StaleEdit(PartnerRefused):
    """Somebody saved first. ``conflicts`` shows both values; nothing was written."""

    code = "partners.partner.stale"
    text = _(
        "Somebody else changed this partner while you were editing. Both values are shown; save again to keep yours."
    )

    def __init__(self, *, version: int, conflicts: list[Conflict]):
        self.version, self.conflicts = version, conflicts
        super().__init__(values={"version": version})


def create_partner(
    *,
    name: str,
    type: str,
    by: Actor,
    at: datetime,
    territory: str = "",
    country: str = "",
    website: str = "",
    domain: str = "",
    about: str = "",
    owner: User | None = None,
    agreement_signed_on: date | None = None,
    partner_since: date | None = None,
    status: str = PartnerStatus.ACTIVE,
    stage: str = LifecycleStage.ONBOARD,
    external_id: str = "",
    time_zone: str = "",
    locale: str = "en",
    organization: Organization | None = None,
) -> Partner:
    """A new partner company; its track follows from its type under the program in force.

    It has no tier until the night (or a calculation on demand) finds the one it qualifies for. ``organization`` is
    given when the company exists already.
    """
    require_permission(by)
    today = program_today(at)
    program = program_of(version_at(today))
    entry = program.type(type)
    if entry is None:
        raise PartnerRefused(
            "partners.partner.type_unknown",
            _("The program in force has no partners of the type %(type)s."),
            {"type": PartnerType(type).label if type in PartnerType else type},
        )
    values = clean_values(
        {"name": name, "website": website, "domain": domain, "country": country, "territory": territory, "about": about}
    )
    if owner is not None:
        _require_owner(owner)
    with transaction.atomic():
        if external_id and Partner.objects.filter(external_id=external_id).exists():
            raise PartnerRefused("partners.partner.external_id", _("A partner with this id exists already."))
        if organization is None:
            organization = Organization.objects.create(
                code=new_code("OR"),
                name=values["name"],
                kind=OrganizationKind.PARTNER,
                status=_ORGANIZATION_STATUS[PartnerStatus(status)],
                time_zone=time_zone or program.topics["calendar"].time_zone,
                locale=locale,
                created_at=at,
            )
        partner = Partner.objects.create(
            organization=organization,
            code=new_code("PA"),
            external_id=external_id,
            sort_name=sort_name(values["name"]),
            type=type,
            track=Track.objects.get(code=entry.track),
            status=status,
            stage=stage,
            stage_since=today,
            territory=values["territory"],
            country=values["country"],
            website=values["website"],
            domain=values["domain"],
            about=values["about"],
            owner=owner,
            agreement_signed_on=agreement_signed_on,
            partner_since=partner_since,
            created_at=at,
        )
        LifecycleChange.objects.create(
            partner=partner, to_stage=stage, changed_on=today, by_id=by.user_id, created_at=at
        )
        audit.record(
            code="partners.partner.created",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"type": type, "status": status, "owner": owner.pk if owner else None},
        )
        outbox.emit(name="partners.partner.created", ref=partner.ref, data={"partner_id": partner.pk}, at=at)
    return partner


def edit_partner(
    *,
    partner: Partner,
    version: int,
    changes: Mapping[str, Any],
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> Partner:
    """Change a partner's facts. ``version`` is the one that the form was opened with.

    Raises StaleEdit with both values of every field that differs when somebody saved in between, and PartnerRefused
    for a value that can't be used. Another type can mean another track, where the ladder begins anew.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        partner = lock_partner(partner)
        require_change(by, partner, at)
        return _write(partner, version, changes, by, at)


def edit_profile(
    *,
    partner: Partner,
    version: int,
    changes: Mapping[str, Any],
    by: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> Partner:
    """What a partner's admin may change about their own company."""
    unknown = set(changes) - set(PROFILE)
    if unknown:
        raise ValueError(f"not part of the profile: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        partner = lock_partner(partner)
        if not (by.is_partner and by.organization_id == partner.pk and by.can("partners.company_manage")):
            raise NotYours("partners.partner.not_yours", _("You may not change this company."))
        return _write(partner, version, changes, by, at)


def _write(partner: Partner, version: int, changes: Mapping[str, Any], by: Actor, at: datetime) -> Partner:
    wanted = clean_values(changes)
    changed = {name: [_value(partner, name), value] for name, value in wanted.items() if _value(partner, name) != value}
    if not changed:
        return partner
    if partner.version != version:
        conflicts = [Conflict(name, theirs, yours) for name, (theirs, yours) in changed.items()]
        raise StaleEdit(version=partner.version, conflicts=conflicts)
    if "type" in changed:
        _move_track(partner, wanted["type"], by, at)
    for name in changed:
        setattr(partner.organization if name in _OF_ORGANIZATION else partner, name, wanted[name])
    partner.sort_name = sort_name(partner.organization.name)
    partner.version += 1
    if any(name in _OF_ORGANIZATION for name in changed):
        partner.organization.save(update_fields=list(_OF_ORGANIZATION))
    own = [name for name in EDITABLE if name not in _OF_ORGANIZATION]
    partner.save(update_fields=[*own, "sort_name", "version"])
    audit.record(
        code="partners.partner.edited",
        by=by,
        at=at,
        ref=partner.ref,
        organization_id=partner.pk,
        changes=changed,
    )
    return partner


def _move_track(partner: Partner, type: str, by: Actor, at: datetime) -> None:
    """Another type may mean another track. A tier does not travel: it ends, and the next decision begins anew."""
    today = program_today(at)
    version = version_at(today)
    entry = program_of(version).type(type)
    if entry is None:
        raise PartnerRefused(
            "partners.partner.type_unknown",
            _("The program in force has no partners of the type %(type)s."),
            {"type": type},
        )
    if entry.track == partner.track.code:
        return
    if partner.tier is not None:
        TierChange.objects.create(
            partner=partner,
            from_tier=partner.tier,
            to_tier=None,
            kind=TierChangeKind.RESET,
            changed_on=today,
            version=version,
            by_id=by.user_id,
            created_at=at,
        )
    partner.track = Track.objects.get(code=entry.track)
    partner.tier = partner.next_tier = partner.pending_tier = None
    partner.tier_changed_on = partner.review_on = partner.grace_until = partner.tier_progress_percent = None
    partner.tier_at_risk = partner.support_plan = False
    partner.save(update_fields=["track", *_LADDER])
    refresh_tier_grants(partner_ids=[partner.pk], version=version, on=today, at=at)


def change_status(*, partner: Partner, action: str, reason: str, by: Actor, at: datetime) -> Partner:
    """Activate, suspend or end a partnership, with a reason.

    Ending closes the company: its people's requests are refused from now on, its open invitations and mailed links
    stop working, and its own open work is closed. The night and every gate pass over it.
    """
    if not reason.strip():
        raise PartnerRefused("partners.partner.reason_missing", _("Please give a reason."))
    with transaction.atomic():
        partner = lock_partner(partner)
        require_change(by, partner, at)
        before, partner.status = partner.status, PARTNER.target(partner.status, action)
        partner.version += 1
        partner.save(update_fields=["status", "version"])
        partner.organization.status = _ORGANIZATION_STATUS[PartnerStatus(partner.status)]
        partner.organization.save(update_fields=["status"])
        ended = _end_scope(partner, by, at) if partner.status == PartnerStatus.ENDED else {}
        audit.record(
            code=f"partners.partner.{partner.status}",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"status": [before, partner.status], **ended},
            reason=reason.strip(),
        )
        outbox.emit(
            name="partners.partner.status_changed",
            ref=partner.ref,
            data={"partner_id": partner.pk, "from": before, "to": partner.status},
            at=at,
        )
    return partner


def _end_scope(partner: Partner, by: Actor, at: datetime) -> dict[str, int]:
    """What a partner's people hold in their hands: invitations, links, work."""
    return {
        "invitations": Invitation.objects.filter(organization_id=partner.pk, accepted_at=None, revoked_at=None).update(
            revoked_at=at
        ),
        "links": SignedLink.objects.filter(
            membership__organization_id=partner.pk, used_at=None, expires_at__gt=at
        ).update(expires_at=at),
        "work": WorkItem.objects.open()
        .filter(organization_id=partner.pk)
        .update(closed_at=at, closed_by_id=by.user_id, outcome="partner_ended"),
    }


def change_stage(*, partner: Partner, stage: str, reason: str, by: Actor, at: datetime) -> Partner:
    """Move a partnership to another lifecycle stage; logged and dated."""
    with transaction.atomic():
        partner = lock_partner(partner)
        require_change(by, partner, at)
        if stage not in LifecycleStage.values:
            raise PartnerRefused("partners.partner.stage_unknown", _("There is no such stage."))
        if partner.stage == stage:
            return partner
        today = program_today(at)
        change = LifecycleChange.objects.create(
            partner=partner,
            from_stage=partner.stage,
            to_stage=stage,
            changed_on=today,
            reason=reason.strip(),
            by_id=by.user_id,
            created_at=at,
        )
        partner.stage, partner.stage_since = stage, today
        partner.version += 1
        partner.save(update_fields=["stage", "stage_since", "version"])
        audit.record(
            code="partners.partner.stage_changed",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"stage": [change.from_stage, stage]},
            reason=reason.strip(),
        )
        outbox.emit(
            name="partners.partner.stage_changed",
            ref=partner.ref,
            data={"partner_id": partner.pk, "from": change.from_stage, "to": stage},
            at=at,
        )
    return partner


def assign_owner(*, partner: Partner, owner: User | None, by: Actor, at: datetime) -> Partner:
    """Give a partner to a manager (or to the pool). Work that waits with the manager before goes along."""
    if owner is not None:
        _require_owner(owner)
    with transaction.atomic():
        partner = lock_partner(partner)
        require_change(by, partner, at)
        before = partner.owner_id
        if before == (owner.pk if owner else None):
            return partner
        partner.owner = owner
        partner.version += 1
        partner.save(update_fields=["owner", "version"])
        moved = 0
        if before is not None:
            moved = (
                WorkItem.objects.open()
                .filter(about_id=partner.pk, assignee_id=before, organization__kind="vendor")
                .update(assignee=owner, role=MANAGER)
            )
        audit.record(
            code="partners.partner.owner_changed",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"owner": [before, owner.pk if owner else None], "work_items": moved},
        )
        outbox.emit(name="partners.partner.owner_changed", ref=partner.ref, data={"partner_id": partner.pk}, at=at)
    return partner


def require_permission(by: Actor, permission: str = "partners.partner_edit") -> None:
    """Refuse an actor whose role lacks a permission."""
    if not by.can(permission):
        raise NotYours("partners.partner.not_allowed", _("You may not change partners."))


def require_change(by: Actor, partner: Partner, at: datetime, permission: str = "partners.partner_edit") -> None:
    """Refuse an actor without the permission, or a manager of other partners. Admins keep the data of all."""
    require_permission(by, permission)
    if by.is_system or by.role == "admin" or can_decide_for(by, partner, at):
        return
    raise NotYours


def lock_partner(partner: Partner) -> Partner:
    """The partner under lock, with its company."""
    return (
        Partner.objects.select_for_update(of=("self", "organization"))
        .select_related("organization", "track", "tier")
        .get(pk=partner.pk)
    )


def sort_name(name: str) -> str:
    """How lists sort a company: without regard to letter case or surrounding space."""
    return " ".join(name.split()).casefold()[:200]


def clean_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts trimmed and checked; raises PartnerRefused naming the first that can't be used."""
    cleaned = {
        name: " ".join(value.split()) if isinstance(value, str) and name != "about" else value
        for name, value in values.items()
    }
    if "name" in cleaned and not 0 < len(cleaned["name"]) <= 200:
        raise PartnerRefused("partners.partner.name", _("A company needs a name of at most 200 characters."))
    if "country" in cleaned:
        cleaned["country"] = cleaned["country"].upper()
        if cleaned["country"] and not (
            len(cleaned["country"]) == 2 and cleaned["country"].isascii() and cleaned["country"].isalpha()
        ):
            raise PartnerRefused("partners.partner.country", _("A country is two letters, like DE."))
    if cleaned.get("website"):
        try:
            URLValidator(schemes=["http", "https"])(cleaned["website"])
        except ValidationError:
            raise PartnerRefused("partners.partner.website", _("A website starts with https:// or http://.")) from None
    if "domain" in cleaned:
        cleaned["domain"] = cleaned["domain"].lower().removeprefix("www.")
    return cleaned


def _value(partner: Partner, name: str) -> Any:
    return getattr(partner.organization if name in _OF_ORGANIZATION else partner, name)


def _require_owner(owner: User) -> None:
    working = Membership.objects.active().filter(user=owner, organization__kind="vendor", role__in=at_least(1))
    if not working.exists():
        raise PartnerRefused(
            "partners.partner.owner", _("A partner's owner must be a partner manager, director or VP who works here.")
        )
