"""The named cast, and how apps add their rows to the two-company world of the access sweep.

``build_world`` makes people and companies; an app that has rows of its own adds them by registering a ``Rows``
in ``tests/<app>/rows.py``. Everything that belongs to Rival carries ``world.canary`` in its texts, so that a page
of Northwind's that shows a word of it is caught by looking for one string.
"""

import importlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection, models
from django.test import Client

from prm.core.actions import memberships
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.middleware import actor_for
from prm.core.models import Membership, Organization, User

AT = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Person:
    """One of the cast in one of their memberships."""

    user: User
    membership: Membership

    @property
    def actor(self) -> Actor:
        """The person as an actor, as a request would build it."""
        return actor_for(self.user, self.membership)

    @property
    def organization(self) -> Organization:
        """The company they act for."""
        return self.membership.organization


@dataclass
class World:
    """Everybody, by first name, and the rows apps have added, by (kind, company)."""

    at: datetime
    canary: str
    vendor: Organization
    northwind: Organization
    rival: Organization
    people: dict[str, Person]
    rows: dict[tuple[str, str, str], models.Model] = field(default_factory=dict)
    making: str = ""
    payloads: Iterator[str] | None = None

    def __getattr__(self, name: str) -> Person:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def now(self) -> datetime:
        """The real moment, for rows that a page compares with the clock."""
        return datetime.now(UTC)

    def company(self, name: str) -> Organization:
        """``vendor``, ``northwind`` or ``rival``."""
        return {"vendor": self.vendor, "northwind": self.northwind, "rival": self.rival}[name]

    def words(self, owner: str, text: str) -> str:
        """A text for a row of ``owner``; Rival's carry the canary, marked with the kind of row being made. In a world
        with payloads every text carries the next of them instead.
        """
        if self.payloads is not None:
            return f"{text} {next(self.payloads)}"
        return f"{text} {self.canary_of(self.making)}" if owner == "rival" else text

    def canary_of(self, kind: str) -> str:
        """The canary of one kind of row, which begins with the canary of all."""
        return f"{self.canary}of{kind.replace('.', '').replace('_', '')}" if kind else self.canary

    def head(self, owner: str) -> Person:
        """The person who may do most for a company."""
        return {"vendor": self.ada, "northwind": self.paul, "rival": self.rita}[owner]


@dataclass(frozen=True)
class Rows:
    """How an app brings a row of one kind into the world, for each company that can own one.

    ``kind`` is ``app.noun``; routes named ``<audience>:<app>:<noun>_<verb>`` get their arguments from
    ``kwargs(row)``. ``make(world, owner, route)`` builds the row through actions in the state in which ``route`` (the
    URL name) can really be carried out; ``states`` groups routes that may share one row. ``bodies`` completes what a
    page's form can't be filled with by its field types alone, by URL name. ``unseen`` says why no page shows the row's
    words to anybody, where that is so.
    """

    kind: str
    make: Callable[[World, str, str], Any]
    kwargs: Callable[[Any], dict[str, Any]] = lambda row: {"code": row.code}
    owners: tuple[str, ...] = ("northwind", "rival")
    state_of: Callable[[str], str] = lambda route: ""
    bodies: dict[str, Callable[[World, Any], dict[str, Any]]] = field(default_factory=dict)
    unseen: str = ""


ROWS: dict[str, Rows] = {}


def register(rows: Rows) -> Rows:
    """Make a kind of row known to the sweep."""
    if rows.kind in ROWS:
        raise ValueError(f"two sets of rows for {rows.kind}")
    ROWS[rows.kind] = rows
    return rows


def load_rows() -> dict[str, Rows]:
    """Import every ``tests/<app>/rows.py``."""
    here = Path(__file__).parent
    for path in sorted(here.glob("*/rows.py")):
        importlib.import_module(f"tests.{path.parent.name}.rows")
    return ROWS


CAST = [
    ("ada", "Ada Lind", "admin", "vendor"),
    ("vera", "Vera Stone", "vp", "vendor"),
    ("dan", "Dan Okafor", "director", "vendor"),
    ("mia", "Mia Berg", "partner_manager", "vendor"),
    ("finn", "Finn Walsh", "finance", "vendor"),
    ("sue", "Sue Park", "support", "vendor"),
    ("rory", "Rory Blake", "read_only", "vendor"),
    ("paul", "Paul Keller", "partner_admin", "northwind"),
    ("sara", "Sara Nowak", "seller", "northwind"),
    ("rita", "Rita Moss", "partner_admin", "rival"),
]
SETUP = Actor.system("setup")


def make_organization(*, name: str, kind: str, at: datetime, time_zone: str = "Europe/Berlin") -> Organization:
    """A company as core knows it; see ``extend_world`` for what apps above add to it."""
    return Organization.objects.create(
        code=new_code("OR"), name=name, kind=kind, status="active", time_zone=time_zone, locale="en", created_at=at
    )


def add_person(organization: Organization, name: str, role: str, *, at: datetime, email: str = "") -> Person:
    """A new member with a verified address and a known password."""
    address = email or f"{name.split()[0].lower()}@example.com"
    membership = memberships.add_member(
        organization=organization, email=address, name=name, role=role, by=SETUP, at=at, password=PASSWORD
    )
    return Person(membership.user, membership)


def build_world(*, at: datetime = AT) -> World:
    """The cast in their companies. ``toni`` works for Northwind and for Rival, ``toni_rival`` is the other half."""
    name = str(connection.settings_dict["NAME"])
    if not name.startswith("test_"):
        raise RuntimeError(f"{name} is not a test database: mark the test with django_db")
    companies = {
        "vendor": make_organization(name="Acme Cloud", kind="vendor", at=at),
        "northwind": make_organization(name="Northwind Solutions", kind="partner", at=at),
        "rival": make_organization(name="Rival Systems", kind="partner", at=at),
    }
    people = {first: add_person(companies[company], name, role, at=at) for first, name, role, company in CAST}
    people["toni"] = add_person(companies["northwind"], "Toni Vale", "partner_admin", at=at)
    people["toni_rival"] = add_person(companies["rival"], "Toni Vale", "partner_admin", at=at, email="toni@example.com")
    world = World(
        at=at,
        canary=f"CANARY{secrets.token_hex(8)}",
        vendor=companies["vendor"],
        northwind=companies["northwind"],
        rival=companies["rival"],
        people=people,
    )
    extend_world(world)
    return world


APPS = ("partners", "training", "deals", "marketing", "reporting", "integrations")


def extend_world(world: World) -> None:
    """Let each app add what every test needs, lowest first: ``extend(world)`` in ``tests/<app>/cast.py``."""
    for app in APPS:
        if (Path(__file__).parent / app / "cast.py").exists():
            importlib.import_module(f"tests.{app}.cast").extend(world)


def give_second_factor(user: User) -> None:
    """An authenticator app, so that roles that need one may pass."""
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "JBSWY3DPEHPK3PXP"}}
    )


def signed_in_client(person: Person, **options: Any) -> Client:
    """A browser in which the person has just signed in and uses this membership."""
    give_second_factor(person.user)
    client = Client(**options)
    client.force_login(person.user)
    session = client.session
    session["membership"] = person.membership.pk
    session["account_authentication_methods_user"] = str(person.user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "email": person.user.email},
        {"method": "mfa", "type": "totp", "at": time.time()},
    ]
    session.save()
    return client


def verified_address(user: User) -> EmailAddress:
    """The person's address as the sign-in knows it."""
    return EmailAddress.objects.get(user=user, primary=True)
