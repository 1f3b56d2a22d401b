"""What people decide about tiers: dated exceptions with a reason, and promotions that the program queues."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partners.actions.grants import refresh_tier_grants
from partners.actions.tiers import CHANGED
from partners.choices import OverrideEnd, OverrideKind, TierChangeKind, TierOutcome
from partners.models import Partner, Tier, TierChange, TierOverride
from partners.queries.program import ladder_terms, program_today, version_at
from partners.queries.tiers import standing_of, standing_rows
from partners.rules.standing import Standing, place
from partners.rules.term_reader import TermsError
from partners.rules.terms import Path
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused


class TierRefused(Refused):
    """A tier can't be set this way."""

    code = "partners.tier.refused"
    text = _("This can't be done with the tier.")


def set_override(
    *,
    partner: Partner,
    kind: str,
    tier: Tier,
    reason: str,
    starts_on: date,
    ends_on: date,
    by: Actor,
    at: datetime,
    targets: dict[str, Any] | None = None,
) -> TierOverride:
    """Except a partner from the ladder for a while, with a reason and an end. Takes effect with the next decision.

    ``targets`` of an accelerator: ``{"paths": [{"metric": …, "threshold": …}], "certified_people": n}``.
    """
    _require(by)
    if not reason.strip():
        raise TierRefused("partners.tier.reason_missing", _("Please give a reason."))
    today = program_today(at)
    if ends_on < starts_on or ends_on < today:
        raise TierRefused("partners.tier.range", _("The last day must lie after the first, and not in the past."))
    checked = _targets(kind, targets or {})
    with transaction.atomic():
        partner = Partner.objects.select_for_update(of=("self",)).select_related("track").get(pk=partner.pk)
        if tier.track_id != partner.track_id:
            raise TierRefused("partners.tier.other_track", _("This tier belongs to another track."))
        if not partner.is_active or partner.agreement_signed_on is None:
            raise TierRefused(
                "partners.tier.no_agreement", _("Only an active partner with a signed agreement has a tier.")
            )
        try:
            with transaction.atomic():
                override = TierOverride.objects.create(
                    code=new_code("OV"),
                    partner=partner,
                    kind=kind,
                    tier=tier,
                    reason=reason.strip(),
                    targets=checked,
                    starts_on=starts_on,
                    ends_on=ends_on,
                    by_id=by.user_id,
                    created_at=at,
                )
        except IntegrityError:
            raise TierRefused(
                "partners.tier.override_open", _("This partner already has an open override of this kind.")
            ) from None
        audit.record(
            code="partners.override.set",
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"kind": kind, "tier": tier.code, "from": starts_on, "until": ends_on, "override": override.code},
            reason=reason.strip(),
        )
        outbox.emit(name="partners.override.changed", ref=partner.ref, data={"partner_id": partner.pk}, at=at)
    return override


def end_override(*, override: TierOverride, reason: str, by: Actor, at: datetime) -> TierOverride:
    """End an override before its last day: yesterday becomes its last, and the next decision acts on that."""
    _require(by)
    if not reason.strip():
        raise TierRefused("partners.tier.reason_missing", _("Please give a reason."))
    with transaction.atomic():
        override = TierOverride.objects.select_for_update(of=("self",)).select_related("partner").get(pk=override.pk)
        if override.ended_at is not None:
            raise TierRefused("partners.tier.override_ended", _("This override has ended already."))
        before = override.ends_on
        yesterday = program_today(at) - timedelta(days=1)
        if override.starts_on > yesterday + timedelta(days=1):  # it never began: nothing to act on
            override.ended_at, override.ended_how = at, OverrideEnd.CANCELLED
        else:
            override.ends_on = min(before, yesterday)
        override.save(update_fields=["ends_on", "ended_at", "ended_how"])
        audit.record(
            code="partners.override.ended",
            by=by,
            at=at,
            ref=override.partner.ref,
            organization_id=override.partner_id,
            changes={"override": override.code, "ends_on": [before, override.ends_on]},
            reason=reason.strip(),
        )
        outbox.emit(
            name="partners.override.changed", ref=override.partner.ref, data={"partner_id": override.partner_id}, at=at
        )
    return override


def approve_promotion(*, partner: Partner, by: Actor, at: datetime) -> Partner:
    """Grant the promotion that waits for approval because the program asks for one."""
    _require(by)
    with transaction.atomic():
        partner = (
            Partner.objects.select_for_update(of=("self",))
            .select_related("track", "tier", "pending_tier")
            .get(pk=partner.pk)
        )
        if partner.pending_tier is None:
            raise TierRefused("partners.tier.nothing_waits", _("No promotion waits for this partner."))
        on = program_today(at)
        version = version_at(on)
        ladder = ladder_terms(version, partner.track.code)
        before, to = partner.tier, partner.pending_tier
        standing: Standing = place(standing_of(standing_rows([partner.pk])[partner.pk]), to.code, ladder, on)
        partner.tier, partner.pending_tier = to, None
        partner.tier_changed_on, partner.review_on, partner.grace_until = standing.since, standing.review_on, None
        partner.save(update_fields=["tier", "pending_tier", "tier_changed_on", "review_on", "grace_until"])
        TierChange.objects.create(
            partner=partner,
            from_tier=before,
            to_tier=to,
            kind=TierChangeKind.PROMOTED,
            changed_on=on,
            version=version,
            by_id=by.user_id,
            created_at=at,
        )
        refresh_tier_grants(partner_ids=[partner.pk], version=version, on=on, at=at)
        codes = [before.code if before else None, to.code]
        audit.record(
            code=CHANGED,
            by=by,
            at=at,
            ref=partner.ref,
            organization_id=partner.pk,
            changes={"tier": codes, "outcome": TierOutcome.PROMOTED, "on": on, "version": version.code},
        )
        outbox.emit(
            name=CHANGED,
            ref=partner.ref,
            data={
                "partner_id": partner.pk,
                "from": codes[0],
                "to": codes[1],
                "outcome": str(TierOutcome.PROMOTED),
                "on": on.isoformat(),
            },
            at=at,
        )
    return partner


def _require(by: Actor) -> None:
    if not by.can("partners.tier_override"):
        raise TierRefused("partners.tier.not_allowed", _("You may not set tiers by hand."))


def _targets(kind: str, targets: dict[str, Any]) -> dict[str, Any]:
    """An accelerator's targets as the rules read them; other kinds have none."""
    if kind != OverrideKind.ACCELERATOR:
        return {}
    try:
        paths = [Path.from_dict(each) for each in targets.get("paths", [])]
    except TermsError as error:
        raise TierRefused(
            "partners.tier.targets", _("The targets can't be used: %(why)s"), {"why": str(error)}
        ) from None
    people = int(targets.get("certified_people") or 0)
    if not paths and not people:
        raise TierRefused("partners.tier.targets_missing", _("An accelerator needs at least one target."))
    return {"paths": [path.to_dict() for path in paths], "certified_people": people}
