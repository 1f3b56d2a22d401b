"""Proofs of the books in the world of the access sweep: one that found something of the company's."""

from deals.models import Proof
from tests.world import Rows, World, register


def _proof(world: World, owner: str, route: str) -> Proof:
    offender = {
        "problem": "unbalanced",
        "what": world.words(owner, "LT-7K3M9QX"),
        "partner": world.company("northwind").code,
        "currency": "EUR",
        "detail": world.words(owner, "accrual"),
        "found": "1.0000",
        "expected": "0",
    }
    return Proof.objects.create(
        check_code="I1", proved_at=world.at, by="system:night", milliseconds=12, seen=7, broken=1, offenders=[offender]
    )


register(Rows(kind="deals.reconcile", make=_proof, kwargs=lambda row: {"code": row.check_code}, owners=("vendor",)))
