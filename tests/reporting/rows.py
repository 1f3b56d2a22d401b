"""What reporting adds to the world of the access sweep: work that waits, packs and agreed actions of both companies."""

from datetime import date, timedelta
from typing import Any

from partners.actions.contacts import add_contact
from partners.models import Partner, Tier
from prm.core.actions.files import store_document
from prm.core.actions.work_items import pass_on_work_item
from prm.core.business_time import Quarter
from prm.core.models import WorkItem
from reporting.actions import packs
from reporting.actions.qbr_actions import add_qbr_action
from reporting.choices import PackState
from reporting.models import QbrAction, QbrPack
from tests.core.corpus import pdf
from tests.deals import stage
from tests.world import Rows, World, register

QUARTER = Quarter(date(2026, 1, 1), date(2026, 3, 31), "Q1 2026")


def _partner(world: World, owner: str) -> Partner:
    return Partner.objects.select_related("organization").get(pk=world.company(owner).pk)


def partner(world: World, owner: str, _route: str) -> Partner:
    """The company, with a contact whose name carries the canary, on a tier that is reviewed every quarter."""
    company = _partner(world, owner)
    add_contact(
        partner=company,
        side="theirs",
        role="technical",
        name=world.words(owner, "Tom Techlead"),
        by=world.mia.actor,
        at=world.at,
    )
    Partner.objects.filter(pk=company.pk).update(tier=Tier.objects.get(track__code="solution", code="platinum"))
    return company


def work(world: World, owner: str, _route: str) -> WorkItem:
    """A registration that waits for Dan, who may decide for everybody."""
    registration = stage.submitted(
        world.head(owner),
        at=world.at,
        customer_name=world.words(owner, "Lumen Works"),
        customer_domain=f"lumen-{owner}.com",
    )
    item = WorkItem.objects.open().about("deals.registration", registration.code).get()
    return pass_on_work_item(item=item, by=world.dan.actor, at=world.at, assignee_id=world.dan.user.pk)


def pack(world: World, owner: str, _route: str) -> QbrPack:
    """A shared pack that is ready."""
    ordered = packs.order_pack(
        partner=_partner(world, owner), quarter=QUARTER, version="shared", by=world.mia.actor, at=world.at
    )
    ordered.file = store_document(
        name=f"{world.words(owner, 'Review')}.pdf",
        content=pdf(),
        suffix=".pdf",
        media_type="application/pdf",
        at=world.at,
        organization_id=world.company(owner).pk,
    )
    ordered.state, ordered.ready_at = PackState.READY, world.at
    ordered.save(update_fields=["file", "state", "ready_at"])
    return ordered


def action(world: World, owner: str, _route: str) -> QbrAction:
    """Something agreed in a review."""
    return add_qbr_action(
        partner=_partner(world, owner),
        title=world.words(owner, "Plan a webinar"),
        side="both",
        by=world.mia.actor,
        at=world.at,
    )


def _codes(world: World, _row: Any) -> dict[str, Any]:
    waiting = WorkItem.objects.open().filter(assignee=world.dan.user).order_by("pk")
    return {"codes": [item.code for item in waiting[:1]]}


register(
    Rows(
        "reporting.partner",
        partner,
        bodies={"partner_add_action": lambda world, row: {"title": "Send the price list", "side": "us"}},
    )
)
register(Rows("reporting.work", work, bodies={"work_decide": _codes, "work_approve": lambda world, row: {}}))
register(
    Rows(
        "reporting.pack",
        pack,
        bodies={
            "pack_order": lambda world, row: {"partner": _partner(world, "northwind").code, "version": "internal"},
        },
    )
)
register(
    Rows(
        "reporting.qbr_action",
        action,
        bodies={
            "qbr_action_complete": lambda world, row: {},
            "qbr_action_drop": lambda world, row: {},
            "qbr_action_carry": lambda world, row: {"due_on": (world.at + timedelta(days=40)).date().isoformat()},
        },
    )
)
register(
    Rows(
        "reporting.job",
        lambda world, owner, route: None,
        owners=(),
        bodies={
            "job_run": lambda world, row: {"on": world.at.date().isoformat()},
            "job_resume": lambda world, row: {"on": world.at.date().isoformat()},
        },
    )
)
