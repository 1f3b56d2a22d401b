"""Most stories of partners need the program in force and Northwind; the cast brings both (``cast.extend``)."""

import pytest

from partners.models import Partner, ProgramVersion
from tests.world import World


@pytest.fixture
def standard(world: World) -> ProgramVersion:
    """The standard program, in force since 2024."""
    return ProgramVersion.objects.get()


@pytest.fixture
def northwind(world: World, standard: ProgramVersion) -> Partner:
    """Northwind, a reseller that Mia owns."""
    return Partner.objects.select_related("organization").get(pk=world.northwind.pk)


@pytest.fixture
def rival(world: World, standard: ProgramVersion) -> Partner:
    """Rival, whose texts carry the canary."""
    return Partner.objects.select_related("organization").get(pk=world.rival.pk)
