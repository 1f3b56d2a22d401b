"""What reporting does when something happened below it: order renderings, refresh scorecards, tell people."""

from datetime import datetime

from partners.models import Partner
from prm.core.actions.notices import notify
from prm.core.models import Membership, OutboxEvent
from prm.core.outbox import handles
from prm.core.refs import Ref
from reporting.choices import PackVersion
from reporting.models import QbrPack


@handles("reporting.pack.ordered", name="reporting.render_pack")
def send_pack_to_worker(event: OutboxEvent, at: datetime) -> None:
    """Queue the rendering; without a broker this fails and is tried again."""
    from reporting.tasks import render_pack

    render_pack.apply_async(args=[event.ref_code], retry=False)


@handles("reporting.pack.ready", name="reporting.tell_pack_ready")
def tell_pack_ready(event: OutboxEvent, at: datetime) -> None:
    """Tell the partner manager, and of the shared version the partner's admins too."""
    pack = QbrPack.objects.select_related("partner__organization").get(code=event.ref_code)
    ids: list[int] = []
    if pack.partner.owner_id is not None:
        staff = Membership.objects.active().filter(organization__kind="vendor", user_id=pack.partner.owner_id)
        ids += staff.values_list("pk", flat=True)
    if pack.version == PackVersion.SHARED:
        admins = Membership.objects.active().filter(organization_id=pack.partner_id, role="partner_admin")
        ids += admins.values_list("pk", flat=True)
    notify(
        topic="reporting.pack_ready",
        membership_ids=ids,
        ref=Ref("reporting.pack", pack.code),
        at=at,
        context={"pack": pack, "partner": pack.partner, "quarter_start": pack.quarter_start},
    )


_MOVES_A_SCORECARD = (
    "deals.opportunity.won",
    "deals.registration.won",
    "deals.referral.qualified",
    "training.certificate.added",
    "training.certificate.revoked",
    "partners.override.changed",
    "partners.record.changed",
    "deals.opportunity.corrected",
    "deals.verdict.overruled",
    "deals.contract.downgraded",
    "deals.contract.cancelled",
    "deals.contract.fraud",
)


def _refresh(event: OutboxEvent, at: datetime) -> None:
    """Compute the partner's scorecard anew today instead of waiting for the night."""
    from reporting.tasks import refresh_scorecard

    partner_id = event.data.get("partner_id")
    if partner_id and Partner.objects.filter(pk=partner_id).exists():
        refresh_scorecard.apply_async(args=[partner_id], retry=False)


for _name in _MOVES_A_SCORECARD:
    handles(_name, name=f"reporting.refresh_after:{_name}")(_refresh)
