"""Most stories of partners need a program in force and Northwind as a partner."""

import pytest

from partners.models import Partner, ProgramVersion
from tests.partners import making
from tests.world import World


@pytest.fixture
def standard(world: World) -> ProgramVersion:
    """The standard program, in force since 2024."""
    return making.program()


@pytest.fixture
def northwind(world: World, standard: ProgramVersion) -> Partner:
    """Northwind, a reseller that Mia owns."""
    return making.partner(world)


@pytest.fixture
def rival(world: World, standard: ProgramVersion) -> Partner:
    """Rival, whose texts carry the canary."""
    return making.partner(world, "rival", about=f"We are {world.canary}", territory="Nordics")
