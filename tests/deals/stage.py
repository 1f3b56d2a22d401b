"""How stories about deals begin: registrations in each state, reached through the actions that lead there."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from deals.actions import decisions, opportunities, registrations
from deals.models import Product, Registration
from partners.models import Partner
from prm.core.codes import new_code
from tests.world import AT, Person, World


def partner_of(person: Person) -> Partner:
    """The partner company a person works for."""
    return Partner.objects.select_related("organization").get(pk=person.organization.pk)


def product(name: str = "Platform", line: int | None = 1) -> Product:
    """A product by name, made when it is first asked for."""
    found = Product.objects.filter(name=name).first()
    return found or Product.objects.create(
        code=new_code("PR"), name=name, line=line, list_price=Decimal(1000), currency="USD", created_at=AT
    )


def values(**changes: Any) -> dict[str, Any]:
    """A complete registration as a partner types it."""
    return {
        "customer_name": "Helios Energy GmbH",
        "customer_domain": "helios-energy.com",
        "customer_country": "DE",
        "contact_name": "Eva Braun-Lenz",
        "contact_email": "eva@helios-energy.com",
        "amount": Decimal(84000),
        "currency": "USD",
        "term_months": 12,
        "expected_close_on": date(2026, 9, 30),
        "first_contact_on": date(2026, 6, 11),
        "engagement": "found",
        "notes": "Met at the energy fair.",
    } | changes


def draft(person: Person, *, at: datetime = AT, products: list[Product] | None = None, **changes: Any) -> Registration:
    """A saved draft."""
    return registrations.save_draft(
        partner=partner_of(person),
        by=person.actor,
        at=at,
        values=values(**changes),
        products=[product()] if products is None else products,
    )


def submitted(
    person: Person, *, at: datetime = AT, products: list[Product] | None = None, **changes: Any
) -> Registration:
    """A registration that waits for its decision."""
    return registrations.submit_registration(
        registration=draft(person, at=at, products=products, **changes), by=person.actor, at=at
    )


def returned(
    world: World, person: Person, *, at: datetime = AT, fields: tuple[str, ...] = ("amount",), **changes: Any
) -> Registration:
    """A registration that waits for the partner's answer."""
    return decisions.request_info(
        registration=submitted(person, at=at, **changes),
        by=world.dan.actor,
        at=at + timedelta(hours=1),
        question="Which business unit?",
        fields=fields,
    )


def approved(world: World, person: Person, *, at: datetime = AT, **changes: Any) -> Registration:
    """A protected registration with its opportunity."""
    return decisions.approve_registration(
        registration=submitted(person, at=at, **changes), by=world.dan.actor, at=at + timedelta(hours=2)
    )


def rejected(world: World, person: Person, *, at: datetime = AT, **changes: Any) -> Registration:
    """A rejected registration."""
    return decisions.reject_registration(
        registration=submitted(person, at=at, **changes),
        by=world.mia.actor,
        at=at + timedelta(hours=2),
        reason="No sign of a project.",
    )


def reported(world: World, person: Person, *, at: datetime = AT, **changes: Any) -> Registration:
    """An approved registration that its partner says is won."""
    registration = approved(world, person, at=at, **changes)
    opportunities.report_won(
        opportunity=registration.opportunity,
        by=person.actor,
        at=at + timedelta(days=3),
        won_on=(at + timedelta(days=3)).date(),
        evidence="Signed order of the customer.",
    )
    registration.refresh_from_db()
    return registration


def won(world: World, person: Person, *, at: datetime = AT, **changes: Any) -> Registration:
    """A confirmed win."""
    registration = reported(world, person, at=at, **changes)
    opportunities.confirm_won(
        opportunity=registration.opportunity,
        by=world.dan.actor,
        at=at + timedelta(days=4),
        won_on=(at + timedelta(days=3)).date(),
    )
    registration.refresh_from_db()
    return registration


def near(now: datetime, name: str = "") -> dict[str, Any]:
    """Dates that make sense at the real moment of a page's request; ``name`` makes it another customer."""
    dates: dict[str, Any] = {
        "expected_close_on": (now + timedelta(days=60)).date(),
        "first_contact_on": (now - timedelta(days=20)).date(),
    }
    return dates | ({"customer_name": name, "customer_domain": f"{name}.com"} if name else {})
