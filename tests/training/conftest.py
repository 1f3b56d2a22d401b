"""The cast brings the standard program and its partners; certificates are about Northwind's people."""

import pytest

from partners.models import Partner
from tests.world import World


@pytest.fixture
def northwind(world: World) -> Partner:
    """Northwind as a partner of Mia's."""
    return Partner.objects.select_related("organization").get(pk=world.northwind.pk)
