"""How stories about partners begin: the standard program in force, and partner companies of the cast."""

from datetime import date, datetime
from typing import Any

from partners.actions.partners import create_partner
from partners.actions.programs import load_program, publish_version
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import Partner, ProgramVersion
from prm.core.actors import Actor
from tests.world import AT, World

SETUP = Actor.system("setup")


def program(
    name: str = "standard", *, valid_from: date = date(2024, 1, 1), at: datetime = AT, text: str = ""
) -> ProgramVersion:
    """A shipped blueprint (or any program file) in force from a date on."""
    read = read_program_file(text or blueprint_text(name))
    version = load_program(program=read.program, source_text=read.text, by=SETUP, at=at)
    return publish_version(version=version, valid_from=valid_from, by=SETUP, at=at)


def partner(world: World, company: str = "northwind", **changes: Any) -> Partner:
    """The partner facts of a company of the cast, owned by Mia; ``company`` may also be a new name."""
    known = {"northwind": world.northwind, "rival": world.rival}.get(company)
    values: dict[str, Any] = {
        "name": known.name if known else company,
        "type": "reseller",
        "organization": known,
        "owner": world.mia.user,
        "agreement_signed_on": date(2025, 1, 15),
        "partner_since": date(2025, 1, 15),
        "territory": "DACH",
        "country": "DE",
    } | changes
    return create_partner(**values, by=SETUP, at=world.at)
