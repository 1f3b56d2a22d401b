"""Certificates in the world of the access sweep."""

from itertools import count

from partners.models import Partner
from tests.partners import making
from tests.world import Rows, World, register
from training.actions.certificates import add_certificate
from training.models import Certificate

_numbers = count(1)


def _certificate(world: World, owner: str, route: str) -> Certificate:
    return add_certificate(
        partner=Partner.objects.get(pk=world.company(owner).pk),
        holder_email=f"holder{next(_numbers)}@{owner}.example",
        holder_name=world.words(owner, "Holder"),
        kind="sales",
        valid_from=world.at.date(),
        reason="exam seen",
        by=making.SETUP,
        at=world.at,
    )


register(
    Rows(
        kind="training.certificate",
        make=_certificate,
        bodies={
            "certificate_create": lambda world, row: {"valid_until": "", "valid_from": world.at.date().isoformat()}
        },
    )
)
