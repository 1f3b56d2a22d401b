"""Proving the books: what was found is kept, and a contradiction lies on finance's desk until it is gone."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.kinds import RECONCILIATION
from deals.models import Proof
from deals.queries.reconciliation import Proven, prove
from prm.core.actions import audit, notices, work_items
from prm.core.actors import Actor
from prm.core.models import Membership, WorkItem
from prm.core.queries.organizations import vendor
from prm.core.refs import Ref

TOLD = ("finance", "admin")


def reconcile(*, by: Actor, at: datetime, codes: Iterable[str] = ()) -> list[Proven]:
    """Ask the named checks, or all, and keep each answer as a proof.

    One that breaks becomes work for finance, and finance and administrators are told, once until it holds again. One
    that holds again closes that work. Anybody who may start it may: it reads, and writes only what it found.
    """
    found = []
    for proven in prove(codes):
        with transaction.atomic():
            _keep(proven, by, at)
        found.append(proven)
    return found


def _keep(proven: Proven, by: Actor, at: datetime) -> None:
    finding, ref = proven.finding, Ref("deals.reconciliation", proven.check.code)
    answer = {
        "check_code": proven.check.code,
        "proved_at": at,
        "seen": finding.seen,
        "broken": finding.broken,
        "offenders": [offender.to_json() for offender in finding.offenders],
    }
    # A night that runs again finds the same, and leaves one proof.
    if not Proof.objects.filter(**answer).exists():
        Proof.objects.create(
            **answer, by=by.label, milliseconds=int(proven.seconds * 1000), figures=dict(finding.figures)
        )
    if finding.holds:
        work_items.close_work_items(ref=ref, kind=RECONCILIATION, outcome="proved", by=by, at=at)
        return
    if WorkItem.objects.open().about(ref.kind, ref.code).filter(kind=RECONCILIATION).exists():
        return
    organization = vendor()
    work_items.open_work_item(
        kind=RECONCILIATION,
        ref=ref,
        organization_id=organization.pk,
        title=str(_("The books contradict “%(title)s”") % {"title": proven.check.title}),
        at=at,
        role="finance",
        priority=1,
        context={"invariant": proven.check.code, "count": str(finding.broken)},
    )
    audit.record(code="deals.reconciliation.broken", by=by, at=at, ref=ref, changes={"contradictions": finding.broken})
    notices.notify(
        topic="deals.books_broken",
        membership_ids=Membership.objects.active()
        .filter(organization_id=organization.pk, role__in=TOLD)
        .values_list("pk", flat=True),
        ref=ref,
        at=at,
        context={"check": proven.check, "finding": finding, "first": finding.offenders[:5]},
    )
