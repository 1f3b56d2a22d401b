"""Ordering QBR packs, making them in the worker, and telling that they are ready."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import cast

import structlog
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from partners.models import Partner
from partners.queries.program import calendar_terms, program_today, term_set, version_at
from prm.core.actions import audit, outbox
from prm.core.actions.files import store_document
from prm.core.actors import Actor
from prm.core.business_time import Quarter, last_complete_quarter
from prm.core.choices import DeliveryState
from prm.core.codes import new_code
from prm.core.models import OutboxDelivery
from prm.core.pdf import PdfRefused
from prm.core.refs import Ref
from prm.core.refused import Refused
from reporting.choices import PackState, PackVersion
from reporting.documents import qbr_pack
from reporting.models import QbrPack
from reporting.queries.packs import pack_facts
from reporting.rules.pack import Version
from reporting.rules.pack_checks import PackInconsistent

log = structlog.get_logger(__name__)

KIND = "reporting.pack"
ORDERED = "reporting.pack.ordered"
LOST_AFTER = timedelta(hours=1)
MOST_ORDERS = 5


class PackRefused(Refused):
    """The pack can't be ordered."""


def reviewed_quarter(on: date) -> Quarter:
    """The fiscal quarter that a pack made on a date reviews: the last complete one."""
    return last_complete_quarter(on, calendar_terms(version_at(on)).fiscal_start_month)


def order_pack(*, partner: Partner, quarter: Quarter, version: str, by: Actor, at: datetime) -> QbrPack:
    """Order one pack, or order it anew; the worker makes it and it replaces the earlier file.

    Raises PackRefused for a quarter that has not ended.
    """
    if quarter.end >= program_today(at):
        raise PackRefused("reporting.pack.quarter", "This quarter has not ended yet.")
    with transaction.atomic():
        pack, _ = QbrPack.objects.select_for_update().update_or_create(
            partner=partner,
            quarter_start=quarter.start,
            version=version,
            defaults={
                "state": PackState.QUEUED,
                "quarter_end": quarter.end,
                "as_of": quarter.end,
                "ordered_by_id": by.user_id,
                "ordered_at": at,
                "error": "",
            },
            create_defaults={
                "code": new_code("QP"),
                "state": PackState.QUEUED,
                "quarter_end": quarter.end,
                "as_of": quarter.end,
                "ordered_by_id": by.user_id,
                "ordered_at": at,
            },
        )
        audit.record(
            code="reporting.pack.ordered",
            by=by,
            at=at,
            ref=Ref("reporting.pack", pack.code),
            organization_id=partner.pk,
            changes={"version": version, "quarter": quarter.label},
        )
        outbox.emit(name="reporting.pack.ordered", ref=Ref("reporting.pack", pack.code), data={}, at=at)
    return pack


def order_due_packs(*, on: date, by: Actor, at: datetime) -> list[QbrPack]:
    """Order both versions for every partner whose review is due for the last complete quarter and has none yet.

    Which partners are due is data of the program (``qbr``: tiers that are reviewed every quarter).
    """
    quarter = reviewed_quarter(on)
    return order_packs_for(partners=due_partners(on).only("pk"), quarter=quarter, by=by, at=at)


def due_partners(on: date) -> QuerySet[Partner]:
    """Active partners on a tier that the program reviews every quarter."""
    tiers = term_set(version_at(on), "qbr").due_tiers
    return Partner.objects.active().filter(tier__code__in=tiers).order_by("pk")


def order_packs_for(*, partners: Iterable[Partner], quarter: Quarter, by: Actor, at: datetime) -> list[QbrPack]:
    """Order both versions for partners that have none for the quarter, in a fixed number of statements."""
    with transaction.atomic():
        ids = [partner.pk for partner in partners]
        known = set(
            QbrPack.objects.filter(quarter_start=quarter.start, partner_id__in=ids).values_list("partner_id", "version")
        )
        packs = QbrPack.objects.bulk_create(
            [
                QbrPack(
                    code=new_code("QP"),
                    partner_id=partner_id,
                    quarter_start=quarter.start,
                    quarter_end=quarter.end,
                    as_of=quarter.end,
                    version=version,
                    state=PackState.QUEUED,
                    ordered_by_id=by.user_id,
                    ordered_at=at,
                )
                for partner_id in ids
                for version in PackVersion.values
                if (partner_id, version) not in known
            ]
        )
        audit.record_many(
            audit.entry(
                code="reporting.pack.ordered",
                by=by,
                at=at,
                ref=Ref("reporting.pack", pack.code),
                organization_id=pack.partner_id,
                changes={"version": pack.version, "quarter": quarter.label},
            )
            for pack in packs
        )
        outbox.emit_many(
            name="reporting.pack.ordered", items=[(Ref("reporting.pack", pack.code), {}) for pack in packs], at=at
        )
    return packs


def render_pack_file(*, code: str, at: datetime) -> str:
    """Make the PDF of an ordered pack and keep it; the state it ended in. Does nothing when it is made already.

    A pack whose figures contradict each other is not written: it fails with the two figures by name.
    """
    pack = QbrPack.objects.select_related("partner").get(code=code)
    if pack.state != PackState.QUEUED:
        return pack.state
    try:
        facts = pack_facts(pack, at=at)
        version = cast(Version, pack.version)
        content = qbr_pack.render_pack(facts, version)
    except (PackInconsistent, PdfRefused, Refused) as error:
        log.warning("pack.failed", code=code, error=str(error))
        return _finish(pack, at, error=str(error))
    return _finish(pack, at, content=content, name=qbr_pack.pack_file_name(facts, version))


def resume_packs(*, at: datetime) -> dict[str, int]:
    """Ask the worker again for packs whose order it lost: a broker that was emptied, a worker that was killed.

    A pack counts as lost when nothing has been asked of the worker for an hour. After five times in vain it fails, so
    that somebody looks; counts by what was done. Safe to run twice: what was asked again is no longer lost.
    """
    quiet_since = at - LOST_AFTER
    orders = OutboxDelivery.objects.filter(
        event__name=ORDERED, event__ref_kind=KIND, event__ref_code=OuterRef("code"), handler="reporting.render_pack"
    )
    asked = orders.filter(event__at__gte=OuterRef("ordered_at")).order_by().values("event__ref_code")
    recent = Q(event__at__gt=quiet_since) | Q(done_at__gt=quiet_since) | Q(state=DeliveryState.PENDING)
    lost = list(
        QbrPack.objects.filter(state=PackState.QUEUED, ordered_at__lte=quiet_since)
        .filter(~Exists(orders.filter(recent)))
        .annotate(times=Coalesce(Subquery(asked.annotate(n=Count("pk")).values("n")), 0))
        .order_by("ordered_at", "pk")
    )
    hopeless = [pack for pack in lost if pack.times >= MOST_ORDERS]
    for pack in hopeless:
        _finish(pack, at, error=f"The worker was asked {pack.times} times and never finished this pack.")
    again = [pack for pack in lost if pack.times < MOST_ORDERS]
    outbox.emit_many(name=ORDERED, items=[(Ref(KIND, pack.code), {}) for pack in again], at=at)
    if lost:
        log.warning("pack.lost", again=len(again), failed=len(hopeless))
    return {"again": len(again), "failed": len(hopeless)}


def _finish(pack: QbrPack, at: datetime, *, content: bytes = b"", name: str = "", error: str = "") -> str:
    """Write the end once: a second worker that made the same pack finds it done and changes nothing."""
    ref = Ref("reporting.pack", pack.code)
    with transaction.atomic():
        locked = QbrPack.objects.select_for_update().get(pk=pack.pk)
        if locked.state != PackState.QUEUED or locked.ordered_at != pack.ordered_at:
            return locked.state
        if error:
            locked.state, locked.error = PackState.FAILED, error[:2000]
        else:
            owner = pack.partner_id if pack.version == PackVersion.SHARED else None
            locked.file = store_document(
                content=content,
                name=name,
                suffix=".pdf",
                media_type="application/pdf",
                organization_id=owner,
                at=at,
            )
            locked.state, locked.ready_at, locked.error = PackState.READY, at, ""
        locked.save(update_fields=["state", "error", "file", "ready_at"])
        audit.record(
            code=f"reporting.pack.{locked.state}",
            by=Actor.system("packs"),
            at=at,
            ref=ref,
            organization_id=pack.partner_id,
            changes={"file": locked.file.sha256} if locked.file else {"error": error},
        )
        outbox.emit(name=f"reporting.pack.{locked.state}", ref=ref, data={}, at=at)
    return locked.state
