"""What is on the desks when the audience walks in: one true example of every state that waits for somebody."""

from datetime import timedelta

from deals.actions import decisions, extensions, opportunities
from deals.models import Opportunity, Registration
from prm.core.actions import work_items
from prm.core.actions.invitations import invite_person
from prm.demo.cast import NORTHWIND, RIVAL
from prm.demo.chapters.attribution import add_touches
from prm.demo.chapters.disputes import add_disputes, make_statements
from prm.demo.chapters.payouts import set_waiting_run
from prm.demo.chapters.referrals import refer
from prm.demo.chapters.registrations import draft, register
from prm.demo.stage import Stage, deliver


def set_scenes(stage: Stage) -> None:
    """Play the last two days: waiting, due soon, overdue, returned, in conflict, reported, extended, referred."""
    _protected(stage)
    _waiting(stage)
    _overdue(stage)
    _returned(stage)
    _conflict(stage)
    _reported(stage)
    _extension(stage)
    _leads(stage)
    add_touches(stage)
    set_waiting_run(stage)
    add_disputes(stage)
    make_statements(stage)
    work_items.tick_work_items(at=stage.now)
    deliver(stage.now)


def _approved(stage: Stage, partner: str, customer: str, domain: str, amount: int, days_ago: int) -> Registration:
    at = stage.working_ago(24 * days_ago * 5 / 7)
    sent = register(stage, partner, customer, domain, amount, at)
    return decisions.approve_registration(registration=sent, by=stage.owner(partner), at=at + timedelta(hours=3))


def _protected(stage: Stage) -> None:
    """Northwind's protections: two that end in a few days, one fresh."""
    for customer, domain, amount, days in (
        ("Fenwick Retail", "fenwick-retail.com", 118_000, 26),
        ("Harbor Foods", "harbor-foods.com", 52_000, 27),
        ("Helios Energy GmbH", "helios-energy.com", 84_000, 12),
    ):
        _approved(stage, NORTHWIND, customer, domain, amount, days)


def _waiting(stage: Stage) -> None:
    for partner, customer, domain, amount, hours in (
        (RIVAL, "Helios Energie", "helios-energie.de", 84_000, 23.3),
        (NORTHWIND, "Bluebird Logistics", "bluebird-logistics.com", 36_500, 20.8),
        ("Cloudkontor", "Tilia Hotels", "tilia-hotels.com", 27_000, 14.6),
        ("Helvetia Data", "Umber Pharma", "umber-pharma.com", 61_000, 10.0),
        ("Gallia Services", "Sable Media", "sable-media.com", 19_500, 7.2),
        ("Kestrel GmbH", "Larch Optics", "larch-optics.com", 12_400, 1.1),
    ):
        register(stage, partner, customer, domain, amount, stage.working_ago(hours))


def _overdue(stage: Stage) -> None:
    """One decision that nobody took in time: it climbs to the director."""
    register(stage, "Iberia Cloud", "Quarry Ceramics", "quarry-ceramics.com", 33_000, stage.working_ago(29))


def _returned(stage: Stage) -> None:
    """A question that Northwind has not answered yet: its clock stands still."""
    at = stage.working_ago(16)
    sent = register(stage, NORTHWIND, "Aster Clinics", "aster-clinics.org", 27_000, at)
    decisions.request_info(
        registration=sent,
        by=stage.owner(NORTHWIND),
        at=at + timedelta(hours=4),
        question="Which of the three clinics is this for, and what is the amount for it alone?",
        fields=("amount", "notes"),
    )


def _conflict(stage: Stage) -> None:
    """Two partners, one account: the second is kept without the claim."""
    _approved(stage, "Clyde Consulting", "Summit Airlines", "summit-airlines.com", 74_000, 9)
    register(stage, "Thames Digital", "Summit Airlines Ltd", "www.summit-airlines.com", 69_000, stage.working_ago(5.5))


def _reported(stage: Stage) -> None:
    deal = _approved(stage, "Nordlys Systems", "Pinewood Steel", "pinewood-steel.com", 47_500, 20)
    at = stage.working_ago(9)
    opportunities.report_won(
        opportunity=Opportunity.objects.get(registration=deal),
        by=stage.seller("Nordlys Systems"),
        at=at,
        won_on=at.date(),
        evidence="Order 2231 signed by their CFO, copy in the mail of this morning.",
    )


def _extension(stage: Stage) -> None:
    deal = _approved(stage, "Gallia Services", "Orchard Insurance", "orchard-insurance.com", 58_000, 25)
    extensions.request_extension(
        registration=Registration.objects.get(pk=deal.pk),
        by=stage.seller("Gallia Services"),
        at=stage.working_ago(6),
        activity="Proof of concept runs until the end of the month; steering committee is booked.",
    )


def _leads(stage: Stage) -> None:
    refer(stage, "Vega Referrals", "Willow Schools", "willow-schools.com", 14_000, stage.working_ago(11))
    refer(stage, "Polar Advisors", "Wren Shipping", "wren-shipping.com", 22_000, stage.working_ago(3))
    draft(stage, NORTHWIND, "Yarrow Textiles", "yarrow-textiles.com", 31_000, stage.now - timedelta(hours=2))
    partner = stage.partners[NORTHWIND]
    invite_person(
        organization=partner.organization,
        email="nora@example.com",
        name="Nora Lang",
        role="seller",
        by=stage.owner(NORTHWIND),
        at=stage.now - timedelta(days=1),
    )
