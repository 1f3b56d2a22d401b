"""How another program's export maps to what we know: which file holds what, which column is which field."""

from collections.abc import Mapping as Words
from dataclasses import dataclass, field

from deals.actions.imports import AccountImporter, OpportunityImporter, ProductImporter, Standing

TEAM_FIELDS = ("name", "external_id", "owner", "territory")


@dataclass(frozen=True)
class Source:
    """One file of the export. ``columns`` names the column for each of our fields."""

    file: str
    columns: Words[str, str]


@dataclass(frozen=True)
class Deals(Source):
    """The opportunities: what the file's stages and product spellings mean here.

    ``partner_worked``: the partner named in a row worked the deal, so a win counts as sourced by it.
    """

    stages: Words[str, Standing] = field(default_factory=dict)
    products: Words[str, str] = field(default_factory=dict)
    partner_worked: bool = True


@dataclass(frozen=True)
class Customers(Source):
    """End customers. ``countries`` gives the two letters for a country as the file writes it."""

    countries: Words[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Team(Source):
    """Who the partners are, and who looks after them.

    A partner begins on the day its first deal was engaged. ``agreement``: the agreement counts as signed on that day.
    Owners become partner managers with an address at ``mail_domain``, made of their name.
    """

    type: str = "reseller"
    agreement: bool = False
    mail_domain: str = ""


@dataclass(frozen=True)
class Mapping:
    """A whole export. Blank ``currency``, ``dates`` or ``encoding``: the mapping does not say."""

    name: str
    deals: Deals
    products: Source | None = None
    customers: Customers | None = None
    team: Team | None = None
    currency: str = ""
    dates: str = ""
    encoding: str = ""


KNOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "opportunities": tuple(each.name for each in OpportunityImporter.fields),
    "products": tuple(each.name for each in ProductImporter.fields),
    "accounts": tuple(each.name for each in AccountImporter.fields),
    "partners": TEAM_FIELDS,
}
NEEDED_FIELDS: dict[str, tuple[str, ...]] = {
    "opportunities": tuple(each.name for each in OpportunityImporter.fields if each.required),
    "products": ("name",),
    "accounts": ("name",),
    "partners": ("name",),
}
