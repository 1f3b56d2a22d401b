# ruff: noqa: E501 - a table reads best as one line a row
"""Who plays in the demonstration: the vendor's staff, and some forty partners with their ways.

Names, addresses and figures are made up. A ``Profile`` says how a company behaves; the story turns it into deals,
answers, certificates and visits with a seeded chance.
"""

from dataclasses import dataclass

VENDOR = "Acme Cloud"
PASSWORD = "demo partner program"  # noqa: S105 - printed by bin/demo, and the app does not exist in production


@dataclass(frozen=True)
class Staff:
    """Somebody at the vendor."""

    name: str
    role: str


STAFF = (
    Staff("Ada Lind", "admin"),
    Staff("Vera Holm", "vp"),
    Staff("Dan Okafor", "director"),
    Staff("Mia Berg", "partner_manager"),
    Staff("Jonas Weiss", "partner_manager"),
    Staff("Priya Nair", "partner_manager"),
    Staff("Lena Sommer", "partner_marketing"),
    Staff("Finn Walsh", "finance"),
    Staff("Sue Park", "support"),
    Staff("Rory Blake", "read_only"),
)


@dataclass(frozen=True)
class Profile:
    """One partner: what it is, and how it goes.

    ``deals`` a quarter at the beginning, ``trend`` their growth a year in percent, ``size`` a usual deal in USD,
    ``certified`` people, ``visits`` portal days a month, ``nps`` the usual answer, ``fit`` and ``value`` as rated,
    ``signed`` months ago (none: no agreement yet).
    """

    name: str
    type: str
    owner: str
    country: str
    territory: str
    signed: int | None
    deals: float
    trend: int
    size: int
    certified: int
    visits: int
    nps: float
    fit: str = ""
    value: int = 0
    people: tuple[tuple[str, str], ...] = ()
    status: str = "active"

    @property
    def domain(self) -> str:
        """A reserved domain, so that nobody is ever written to."""
        word = "".join(letter for letter in self.name.lower() if letter.isascii() and letter.isalnum())
        return f"{word}.example"


NORTHWIND = "Northwind Solutions"
RIVAL = "Rival Systems"

PARTNERS = (
    Profile(
        NORTHWIND, "reseller", "Mia Berg", "DE", "DACH", 30, 6.0, 35, 21_000, 4, 16, 8.9, "strong", 5,
        (("Paul Keller", "partner_admin"), ("Sara Nowak", "seller"), ("Ines Baum", "marketer"), ("Tim Brandt", "learner")),
    ),
    Profile(
        RIVAL, "reseller", "Mia Berg", "DE", "DACH", 26, 4.0, 12, 17_000, 2, 10, 7.6, "moderate", 3,
        (("Rita Moss", "partner_admin"), ("Tom Ray", "seller")),
    ),
    Profile("Cloudkontor", "reseller", "Mia Berg", "DE", "DACH", 28, 5.0, 22, 16_000, 3, 13, 9.1, "strong", 4),
    Profile("TechServices Bern", "reseller", "Mia Berg", "CH", "DACH", 22, 3.0, 5, 15_000, 2, 8, 8.0, "moderate", 3),
    Profile("Sigma Partners", "reseller", "Mia Berg", "AT", "DACH", 27, 3.6, -45, 18_000, 2, 2, 4.4, "moderate", 4),
    Profile("Orbit IT", "reseller", "Mia Berg", "DE", "DACH", 24, 2.2, -60, 12_000, 1, 0, 5.0, "weak", 2),
    Profile("Kestrel GmbH", "reseller", "Mia Berg", "DE", "DACH", 18, 2.4, 10, 11_000, 1, 6, 7.8, "moderate", 2),
    Profile("Avanti Consulting", "si", "Mia Berg", "IT", "South", 20, 2.0, 25, 42_000, 3, 9, 8.5, "strong", 4),
    Profile("Helvetia Data", "si", "Mia Berg", "CH", "DACH", 25, 1.6, 0, 38_000, 2, 5, 7.5, "moderate", 3),
    Profile("Baltic Cloudworks", "reseller", "Jonas Weiss", "EE", "Nordics", 23, 3.0, 30, 13_000, 2, 11, 8.8, "strong", 3),
    Profile("Nordlys Systems", "reseller", "Jonas Weiss", "NO", "Nordics", 29, 4.6, 18, 24_000, 5, 15, 9.2, "strong", 5),
    Profile("Fjord Digital", "reseller", "Jonas Weiss", "DK", "Nordics", 21, 2.0, -10, 14_000, 1, 4, 6.8, "moderate", 2),
    Profile("Skane Integration", "si", "Jonas Weiss", "SE", "Nordics", 26, 2.0, 15, 36_000, 2, 8, 8.1, "moderate", 3),
    Profile("Aurora Networks", "technology", "Jonas Weiss", "FI", "Nordics", 16, 0.8, 20, 20_000, 2, 6, 8.3, "strong", 4),
    Profile("Tern Analytics", "technology", "Jonas Weiss", "SE", "Nordics", 14, 0.5, 0, 15_000, 1, 3, 7.2, "moderate", 2),
    Profile("Vega Referrals", "referral", "Jonas Weiss", "NO", "Nordics", 19, 0.0, 0, 9_000, 0, 4, 7.9, "moderate", 1),
    Profile("Polar Advisors", "referral", "Jonas Weiss", "FI", "Nordics", 12, 0.0, 0, 12_000, 0, 7, 9.0, "strong", 2),
    Profile("Iberia Cloud", "reseller", "Priya Nair", "ES", "South", 25, 3.2, -25, 15_000, 2, 3, 5.6, "moderate", 3),
    Profile("Lusitania Tech", "reseller", "Priya Nair", "PT", "South", 17, 1.8, 40, 10_000, 1, 9, 8.7, "strong", 2),
    Profile("Gallia Services", "reseller", "Priya Nair", "FR", "West", 30, 5.4, 8, 20_000, 4, 12, 8.2, "strong", 4),
    Profile("Armor Informatique", "reseller", "Priya Nair", "FR", "West", 15, 1.2, 0, 9_000, 1, 2, 6.5, "weak", 1),
    Profile("Thames Digital", "reseller", "Priya Nair", "GB", "West", 28, 4.0, 28, 27_000, 3, 14, 9.0, "strong", 5),
    Profile("Severn Systems", "reseller", "Priya Nair", "GB", "West", 20, 1.6, -70, 16_000, 1, 0, 3.8, "weak", 2),
    Profile("Clyde Consulting", "si", "Priya Nair", "GB", "West", 22, 1.8, 20, 45_000, 3, 8, 8.4, "strong", 4),
    Profile("Liffey Partners", "referral", "Priya Nair", "IE", "West", 18, 0.0, 0, 11_000, 0, 5, 8.0, "moderate", 2),
    Profile("Emerald Leads", "affiliate", "Priya Nair", "IE", "West", 10, 0.0, 0, 3_000, 0, 6, 7.4, "moderate", 1),
    Profile("Rhine OEM Devices", "oem", "Mia Berg", "DE", "DACH", 27, 0.6, 10, 60_000, 1, 2, 7.0, "moderate", 4),
    Profile("Danube Embedded", "oem", "Mia Berg", "AT", "DACH", 13, 0.4, 0, 50_000, 1, 1, 6.9, "moderate", 3),
    Profile("Atlas Alliance Group", "strategic", "Dan Okafor", "NL", "West", 24, 1.4, 30, 95_000, 4, 10, 8.8, "strong", 5),
    Profile("Meridian Global", "strategic", "Dan Okafor", "US", "Americas", 20, 1.0, -5, 110_000, 3, 6, 7.6, "strong", 5),
    Profile("Hudson Resale", "reseller", "Priya Nair", "US", "Americas", 21, 3.2, 20, 19_000, 2, 10, 8.3, "strong", 3),
    Profile("Cascade Cloud", "reseller", "Priya Nair", "US", "Americas", 11, 2.6, 60, 14_000, 2, 12, 9.3, "strong", 3),
    Profile("Maple Integrators", "si", "Priya Nair", "CA", "Americas", 19, 1.4, 10, 33_000, 2, 6, 7.9, "moderate", 3),
    Profile("Bluewave Affiliates", "affiliate", "Jonas Weiss", "DK", "Nordics", 9, 0.0, 0, 2_500, 0, 9, 8.6, "moderate", 1),
    Profile("Click & Grow Media", "affiliate", "Mia Berg", "DE", "DACH", 7, 0.0, 0, 2_000, 0, 3, 7.0, "", 1),
    Profile("Quanta Connectors", "technology", "Jonas Weiss", "NL", "West", 8, 0.4, 0, 18_000, 1, 7, 8.4, "strong", 3),
    Profile("Pixel Bridge", "technology", "Mia Berg", "DE", "DACH", 5, 0.3, 0, 12_000, 0, 8, 8.2, "moderate", 2),
    Profile("Marlow & Sons IT", "reseller", "Jonas Weiss", "GB", "West", 2, 2.0, 0, 9_000, 1, 14, 8.9, "moderate", 2),
    Profile("Zenith Start", "reseller", "Mia Berg", "DE", "DACH", 1, 1.0, 0, 8_000, 0, 10, 0.0, "", 0),
    Profile("Prospect Works", "reseller", "Priya Nair", "ES", "South", None, 0.0, 0, 9_000, 0, 0, 0.0, "", 0, (), "prospect"),
    Profile("Old Harbour Computing", "reseller", "Jonas Weiss", "DK", "Nordics", 29, 1.6, -80, 9_000, 0, 0, 3.5, "weak", 1, (), "ended"),
)  # fmt: skip

FIRST_NAMES = (
    "Alba Amir Anouk Bela Carla Cem Dario Edda Elin Emil Esra Farah Gero Hanna Henrik Ilka Ivo Jana Joao Kaya Kofi Lara "
    "Leif Lotte Malik Mara Milo Nadia Nils Noor Oskar Petra Rafael Ronja Runa Samir Selma Stefan Tarek Tilda Uma Viktor "
    "Wanda Yara Yusuf Zoe"
).split()
LAST_NAMES = (
    "Adler Aydin Bauer Bergman Blanc Costa Dahl Duarte Eriksen Falk Ferrari Fischer Garcia Haas Hansen Iversen Jansen "
    "Kaplan Keller Kovacs Larsen Lehmann Lopez Marin Meyer Moreau Nilsen Novak Olsen Petrov Quist Rossi Sato Silva Sousa "
    "Thorsen Urban Vogel Weber Ziegler"
).split()
CUSTOMER_FIRST = (
    "Aster Bluebird Fenwick Harbor Helios Larch Lumen Meridian Nimbus Oakfield Orchard Pinewood Quarry Ridge Sable "
    "Solstice Summit Tandem Tilia Umber Valley Willow Wren Yarrow Zephyr Amber Birch Cedar Delta Ember"
).split()
CUSTOMER_SECOND = (
    "Clinics Energy Foods Logistics Retail Insurance Motors Textiles Pharma Media Bank Airlines Hotels Schools Steel "
    "Ceramics Optics Paper Robotics Shipping"
).split()
# Customers of the vendor's own sales: no word of theirs is in a partner's customer.
DIRECT_FIRST = "Castor Juniper Marble Granite Copper Falcon Heron Saffron Cobalt Tundra".split()
DIRECT_SECOND = "Aerospace Telecom Broadcasting Shipyards Chemicals Railways Mills Observatories".split()
PRODUCTS = (
    ("Platform", "Platform", 24_000),
    ("Analytics", "Insight", 12_000),
    ("Integration Hub", "Platform", 9_000),
    ("Secure Workspace", "Security", 6_000),
)
# Customers of the last scenes: nobody else may register them by chance.
RESERVED = (
    "Aster Clinics", "Bluebird Logistics", "Helios Energy", "Fenwick Retail", "Harbor Foods", "Tilia Hotels",
    "Umber Pharma", "Sable Media", "Larch Optics", "Quarry Ceramics", "Summit Airlines", "Pinewood Steel",
    "Orchard Insurance", "Willow Schools", "Wren Shipping", "Yarrow Textiles",
)  # fmt: skip
TIME_ZONES = {
    "DE": "Europe/Berlin", "AT": "Europe/Vienna", "CH": "Europe/Zurich", "IT": "Europe/Rome", "EE": "Europe/Tallinn",
    "NO": "Europe/Oslo", "DK": "Europe/Copenhagen", "SE": "Europe/Stockholm", "FI": "Europe/Helsinki",
    "ES": "Europe/Madrid", "PT": "Europe/Lisbon", "FR": "Europe/Paris", "GB": "Europe/London", "IE": "Europe/Dublin",
    "NL": "Europe/Amsterdam", "US": "America/New_York", "CA": "America/Toronto",
}  # fmt: skip
