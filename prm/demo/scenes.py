"""What is on the desks when the audience walks in: one true example of every state that waits for somebody."""

from datetime import timedelta

from deals.actions import decisions, extensions, opportunities
from deals.models import Opportunity, Registration
from prm.core.actions import work_items
from prm.core.actions.invitations import invite_person
from prm.demo.cast import NORTHWIND, RIVAL
from prm.demo.story import Story, deliver


def set_scenes(story: Story) -> None:
    """Play the last two days: waiting, due soon, overdue, returned, in conflict, reported, extended, referred."""
    _protected(story)
    _waiting(story)
    _overdue(story)
    _returned(story)
    _conflict(story)
    _reported(story)
    _extension(story)
    _leads(story)
    work_items.tick_work_items(at=story.now)
    deliver(story.now)


def _approved(story: Story, partner: str, customer: str, domain: str, amount: int, days_ago: int) -> Registration:
    at = story.working_ago(24 * days_ago * 5 / 7)
    sent = story.submit(partner, customer, domain, amount, at)
    return decisions.approve_registration(registration=sent, by=story.owner(partner), at=at + timedelta(hours=3))


def _protected(story: Story) -> None:
    """Northwind's protections: two that end in a few days, one fresh."""
    for customer, domain, amount, days in (
        ("Fenwick Retail", "fenwick-retail.com", 118_000, 26),
        ("Harbor Foods", "harbor-foods.com", 52_000, 27),
        ("Helios Energy GmbH", "helios-energy.com", 84_000, 12),
    ):
        _approved(story, NORTHWIND, customer, domain, amount, days)


def _waiting(story: Story) -> None:
    for partner, customer, domain, amount, hours in (
        (RIVAL, "Helios Energie", "helios-energie.de", 84_000, 23.3),
        (NORTHWIND, "Bluebird Logistics", "bluebird-logistics.com", 36_500, 20.8),
        ("Cloudkontor", "Tilia Hotels", "tilia-hotels.com", 27_000, 14.6),
        ("Helvetia Data", "Umber Pharma", "umber-pharma.com", 61_000, 10.0),
        ("Gallia Services", "Sable Media", "sable-media.com", 19_500, 7.2),
        ("Kestrel GmbH", "Larch Optics", "larch-optics.com", 12_400, 1.1),
    ):
        story.submit(partner, customer, domain, amount, story.working_ago(hours))


def _overdue(story: Story) -> None:
    """One decision that nobody took in time: it climbs to the director."""
    story.submit("Iberia Cloud", "Quarry Ceramics", "quarry-ceramics.com", 33_000, story.working_ago(29))


def _returned(story: Story) -> None:
    """A question that Northwind has not answered yet: its clock stands still."""
    at = story.working_ago(16)
    sent = story.submit(NORTHWIND, "Aster Clinics", "aster-clinics.org", 27_000, at)
    decisions.request_info(
        registration=sent,
        by=story.owner(NORTHWIND),
        at=at + timedelta(hours=4),
        question="Which of the three clinics is this for, and what is the amount for it alone?",
        fields=("amount", "notes"),
    )


def _conflict(story: Story) -> None:
    """Two partners, one account: the second is kept without the claim."""
    _approved(story, "Clyde Consulting", "Summit Airlines", "summit-airlines.com", 74_000, 9)
    story.submit("Thames Digital", "Summit Airlines Ltd", "www.summit-airlines.com", 69_000, story.working_ago(5.5))


def _reported(story: Story) -> None:
    deal = _approved(story, "Nordlys Systems", "Pinewood Steel", "pinewood-steel.com", 47_500, 20)
    at = story.working_ago(9)
    opportunities.report_won(
        opportunity=Opportunity.objects.get(registration=deal),
        by=story.seller("Nordlys Systems"),
        at=at,
        won_on=at.date(),
        evidence="Order 2231 signed by their CFO, copy in the mail of this morning.",
    )


def _extension(story: Story) -> None:
    deal = _approved(story, "Gallia Services", "Orchard Insurance", "orchard-insurance.com", 58_000, 25)
    extensions.request_extension(
        registration=Registration.objects.get(pk=deal.pk),
        by=story.seller("Gallia Services"),
        at=story.working_ago(6),
        activity="Proof of concept runs until the end of the month; steering committee is booked.",
    )


def _leads(story: Story) -> None:
    story.refer("Vega Referrals", "Willow Schools", "willow-schools.com", 14_000, story.working_ago(11))
    story.refer("Polar Advisors", "Wren Shipping", "wren-shipping.com", 22_000, story.working_ago(3))
    story.draft(NORTHWIND, "Yarrow Textiles", "yarrow-textiles.com", 31_000, story.now - timedelta(hours=2))
    partner = story.partners[NORTHWIND]
    invite_person(
        organization=partner.organization,
        email="nora@example.com",
        name="Nora Lang",
        role="seller",
        by=story.owner(NORTHWIND),
        at=story.now - timedelta(days=1),
    )
