"""Writing program versions: a draft from a program, and its publication."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partners.choices import VersionStatus
from partners.models import (
    Benefit,
    BenefitTerm,
    PartnerTypeTerm,
    ProgramVersion,
    TermSet,
    Tier,
    TierPath,
    TierTerm,
    Track,
    TrackTerm,
)
from partners.queries.program import BENEFITS, program_of, program_today
from partners.rules.blueprint import Program
from partners.rules.program_terms import TrackEntry
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused

EDIT = "partners.program_edit"


class ProgramRefused(Refused):
    """A version can't be written or published this way."""

    code = "partners.program.refused"
    text = _("This program version can't be changed.")


def load_program(*, program: Program, source_text: str, by: Actor, at: datetime, right: str = EDIT) -> ProgramVersion:
    """Write a program as a new draft version; identities it names first (tracks, tiers, benefits) come to be.

    ``right`` is the permission it takes: those who may only change a part of a program name theirs. Raises
    ProgramRefused when a benefit's code already means another kind of value.
    """
    _require_editor(by, right)
    with transaction.atomic():
        version = ProgramVersion.objects.create(
            code=new_code("PV"),
            name=program.header.name,
            status=VersionStatus.DRAFT,
            currency=program.header.currency,
            blueprint=program.header.blueprint,
            note=program.header.note,
            source_text=source_text,
            created_at=at,
        )
        _write_terms(version, program)
        audit.record(
            code="partners.program.drafted",
            by=by,
            at=at,
            ref=version.ref,
            changes={"blueprint": version.blueprint, "name": version.name},
        )
    return version


def publish_version(*, version: ProgramVersion, valid_from: date, by: Actor, at: datetime) -> ProgramVersion:
    """Put a draft in force from a date on. From then nothing about it can change.

    The date must not be governed yet: today or later, or before the first version, so that a change of terms never
    reaches back. Raises ProgramRefused otherwise, and for a start that another version already has.
    """
    _require_editor(by)
    with transaction.atomic():
        version = ProgramVersion.objects.select_for_update().get(pk=version.pk)
        if version.is_published:
            raise ProgramRefused("partners.program.published", _("This version is published already."))
        _require_free_date(valid_from, at)
        version.status = VersionStatus.PUBLISHED
        version.valid_from = valid_from
        version.published_at, version.published_by_id = at, by.user_id
        try:
            with transaction.atomic():
                version.save(update_fields=["status", "valid_from", "published_at", "published_by"])
        except IntegrityError:
            raise _same_start(valid_from) from None
        _name_identities(program_of(version))
        audit.record(
            code="partners.program.published",
            by=by,
            at=at,
            ref=version.ref,
            changes={"valid_from": valid_from},
        )
        outbox.emit(
            name="partners.program.published",
            ref=version.ref,
            data={"valid_from": valid_from.isoformat()},
            at=at,
        )
    return version


def delete_draft(*, version: ProgramVersion, by: Actor, at: datetime, right: str = EDIT) -> None:
    """Throw a draft away. A published version stays for good. ``right`` as in ``load_program``."""
    _require_editor(by, right)
    with transaction.atomic():
        version = ProgramVersion.objects.select_for_update().get(pk=version.pk)
        if version.is_published:
            raise ProgramRefused("partners.program.published", _("This version is published already."))
        audit.record(code="partners.program.draft_deleted", by=by, at=at, ref=version.ref)
        version.delete()


def _require_editor(by: Actor, right: str = EDIT) -> None:
    if not by.can(right):
        raise ProgramRefused("partners.program.not_allowed", _("You may not change the program."))


def _require_free_date(valid_from: date, at: datetime) -> None:
    first = ProgramVersion.objects.published().order_by("valid_from").first()
    if first is None or first.valid_from is None:
        return
    if ProgramVersion.objects.published().filter(valid_from=valid_from).exists():
        raise _same_start(valid_from)
    if first.valid_from <= valid_from < program_today(at):
        raise ProgramRefused(
            "partners.program.reaches_back",
            _("Terms never reach back: %(on)s lies in the past and has its terms. Choose today or a later date."),
            {"on": valid_from.isoformat()},
        )


def _same_start(valid_from: date) -> ProgramRefused:
    return ProgramRefused(
        "partners.program.same_start",
        _("Another version already begins on %(on)s."),
        {"on": valid_from.isoformat()},
    )


def _write_terms(version: ProgramVersion, program: Program) -> None:
    tracks, tiers, benefits = _identities(program)
    for entry in program.tracks:
        _write_ladder(version, entry, tracks[entry.code], tiers)
    PartnerTypeTerm.objects.bulk_create(
        PartnerTypeTerm(
            version=version,
            type=entry.type,
            track=tracks[entry.track],
            primary_value=entry.primary_value,
            revenue_model=entry.revenue_model,
            rate_least_percent=entry.rate_least_percent,
            rate_most_percent=entry.rate_most_percent,
            rate_of=entry.rate_of,
            months_to_value_least=entry.months_to_value_least,
            months_to_value_most=entry.months_to_value_most,
            support=entry.support,
            key_metric=entry.key_metric,
        )
        for entry in program.types
    )
    cells = [
        BenefitTerm(
            version=version,
            tier=tiers[place],
            benefit=benefits[entry.head.code],
            value=value,
            rank=entry.ranks.get(place, 0),
        )
        for entry in program.benefits
        for place, value in entry.values.items()
    ]
    BenefitTerm.objects.bulk_create(cells)
    data = program.to_dict()
    sets = {topic: data[topic] for topic in program.topics}
    sets[BENEFITS] = {"heads": [entry.head.to_dict() for entry in program.benefits]}
    TermSet.objects.bulk_create(TermSet(version=version, topic=topic, values=values) for topic, values in sets.items())


def _write_ladder(version: ProgramVersion, entry: TrackEntry, track: Track, tiers: dict[tuple[str, str], Tier]) -> None:
    TrackTerm.objects.create(
        version=version,
        track=track,
        economic_model=entry.economic_model,
        promotion_needs_approval=entry.promotion_needs_approval,
        provisional_months=entry.provisional_months,
        strategic_tier=tiers.get((entry.code, entry.strategic_tier)),
    )
    for number, rung in enumerate(entry.tiers):
        term = TierTerm.objects.create(
            version=version,
            tier=tiers[entry.code, rung.code],
            position=number,
            certified_people=rung.certified_people,
            certificate_kind=rung.certificate_kind,
            review_months=rung.review_months,
            grace_months=rung.grace_months,
            falls_to=tiers[entry.code, rung.falls_to] if rung.falls_to else None,
        )
        TierPath.objects.bulk_create(
            TierPath(tier_term=term, metric=path.metric, threshold=path.threshold) for path in rung.paths
        )


def _identities(
    program: Program,
) -> tuple[dict[str, Track], dict[tuple[str, str], Tier], dict[str, Benefit]]:
    """Tracks, tiers and benefits by code; those that the program is the first to name come to be."""
    Track.objects.bulk_create(
        [Track(code=entry.code, name=entry.name) for entry in program.tracks], ignore_conflicts=True
    )
    tracks = {track.code: track for track in Track.objects.all()}
    Tier.objects.bulk_create(
        [
            Tier(track=tracks[entry.code], code=rung.code, name=rung.name, rank=number)
            for entry in program.tracks
            for number, rung in enumerate(entry.tiers)
        ],
        ignore_conflicts=True,
    )
    tiers = {(tier.track.code, tier.code): tier for tier in Tier.objects.select_related("track")}
    Benefit.objects.bulk_create(
        [
            Benefit(code=entry.head.code, name=entry.head.name, kind=entry.head.kind, position=position)
            for position, entry in enumerate(program.benefits)
        ],
        ignore_conflicts=True,
    )
    benefits = {benefit.code: benefit for benefit in Benefit.objects.all()}
    for entry in program.benefits:
        known = benefits[entry.head.code]
        if known.kind != entry.head.kind:
            raise ProgramRefused(
                "partners.program.benefit_kind",
                _("The benefit %(code)s is known as another kind (%(kind)s). Give the new one another code."),
                {"code": known.code, "kind": known.get_kind_display()},
            )
    return tracks, tiers, benefits


def _name_identities(program: Program) -> None:
    """Tracks, tiers and benefits are called and sorted as the version published last says."""
    for entry in program.tracks:
        Track.objects.filter(code=entry.code).update(name=entry.name)
        for number, rung in enumerate(entry.tiers):
            Tier.objects.filter(track__code=entry.code, code=rung.code).update(name=rung.name, rank=number)
    for position, benefit in enumerate(program.benefits):
        Benefit.objects.filter(code=benefit.head.code).update(name=benefit.head.name, position=position)
