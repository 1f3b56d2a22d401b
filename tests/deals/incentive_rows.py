"""Contracts, plans, own rates and SPIFFs in the world of the access sweep."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions.own_rates import set_own_rate
from deals.actions.plans import draft_plans
from deals.actions.spiffs import create_spiff
from deals.forms.plans import terms_typed
from deals.models import Contract, OwnRate, Spiff
from partners.models import ProgramVersion
from partners.queries.program import incentive_terms, program_of, version_in_force
from partners.rules.incentive_terms import PlanScope, PlanTerm
from prm.core.uploads import accept_upload
from tests.deals import stage
from tests.world import Person, Rows, World, register

_numbers = count(1)
_CSV = "external_id,contract,kind,effective_on,amount\n{number},{contract},paid,{day},10\n"


def _seller(world: World, owner: str) -> Person:
    return world.sara if owner == "northwind" else world.rita


_UPLOADS: dict[str, str] = {}


def _events(contract: Contract) -> SimpleUploadedFile:
    """A file with one event of a contract."""
    text = _CSV.format(number=f"SWEPT-{contract.code}", contract=contract.code, day=contract.signed_on.isoformat())
    return SimpleUploadedFile("events.csv", text.encode(), content_type="text/csv")


def _contract(world: World, owner: str, route: str) -> Contract:
    number = next(_numbers)
    registration = stage.won(
        world,
        _seller(world, owner),
        at=world.at,
        customer_name=world.words(owner, f"Signed {number}"),
        customer_domain=f"signed{number}-of-{owner}.com",
        expected_close_on=(world.at + timedelta(days=90)).date(),
        first_contact_on=(world.at - timedelta(days=9)).date(),
    )
    contract = Contract.objects.get(opportunity=registration.opportunity)
    if world.canary not in _UPLOADS:
        dan, vendor = world.dan.actor, world.vendor.pk
        stored = accept_upload(file=_events(contract), by=dan, at=world.now, organization_id=vendor, kinds=("csv",))
        _UPLOADS[world.canary] = stored.code
    return contract


def _brought(world: World, row: Any) -> dict[str, Any]:
    return {"file": _events(Contract.objects.earliest("pk")), "day_order": "iso", "encoding": ""}


def _rehearsed(world: World, row: Any) -> dict[str, Any]:
    """The file that Dan, who records events, has brought."""
    return {"file": _UPLOADS[world.canary], "day_order": "iso", "encoding": ""}


def _plan(world: World, owner: str, route: str) -> PlanTerm:
    stage.product()  # a plan can be narrowed to it
    return incentive_terms(version_in_force(world.now)).plans[0]


_NEW = PlanTerm(
    code="swept",
    name="Swept",
    model="first_year",
    rate_percent=Decimal(10),
    scope=PlanScope(deal="commission", products=("Platform",)),
)


def _typed(plan: PlanTerm, reason: str) -> dict[str, Any]:
    """A plan's terms as a browser sends them."""
    return {**{name: "" if value is None else value for name, value in terms_typed(plan).items()}, "reason": reason}


def _draft(world: World, owner: str, route: str) -> ProgramVersion:
    base = version_in_force(world.now)
    return draft_plans(base=base, program=program_of(base), reason="Swept", by=world.ada.actor, at=world.now)


def _own_rate(world: World, owner: str, route: str) -> OwnRate:
    return set_own_rate(
        partner=stage.partner_of(_seller(world, owner)),
        rate_percent=Decimal(27),
        valid_from=world.now.date() + timedelta(days=2),
        reason=world.words(owner, "Agreed at the summit"),
        by=world.dan.actor,
        at=world.now,
    )


def _spiff(world: World, owner: str, route: str) -> Spiff:
    return create_spiff(
        name=f"Bounty {next(_numbers)}",
        kind="displacement",
        value=Decimal(1000),
        starts_on=world.now.date() + timedelta(days=1),
        ends_on=world.now.date() + timedelta(days=60),
        currency="USD",
        budget_amount=Decimal(5000),
        by=world.dan.actor,
        at=world.now,
    )


def _soon(world: World, days: int = 3) -> str:
    return (world.now.date() + timedelta(days=days)).isoformat()


register(
    Rows(
        kind="deals.contract",
        make=_contract,
        bodies={
            "contract_event_create": lambda world, row: {
                "kind": "paid",
                "effective_on": row.signed_on.isoformat(),
                "amount": "10",
                "version": row.version,
                "do": "record",
            },
            "contract_event_import": _brought,
            "contract_event_import_confirm": _rehearsed,
            "contract_event_import_errors": _rehearsed,
        },
    )
)
register(
    Rows(
        kind="deals.plan",
        make=_plan,
        owners=("vendor",),
        bodies={
            "plan_edit": lambda world, row: _typed(row, "Swept"),
            "plan_drop": lambda world, row: {"reason": "Swept"},
            "plan_create": lambda world, row: _typed(_NEW, "Swept"),
        },
    )
)
register(
    Rows(
        kind="deals.plan_draft",
        make=_draft,
        owners=("vendor",),
        bodies={"plan_draft_publish": lambda world, row: {"valid_from": _soon(world, 9)}},
    )
)
register(
    Rows(
        kind="deals.own_rate",
        make=_own_rate,
        kwargs=lambda row: {
            "code": row.partner.code,
            "plan": row.plan_code or "any",
            "since": row.valid_from.isoformat(),
        },
        bodies={
            "own_rate_create": lambda world, row: {
                "partner": "Northwind",
                "plan_code": incentive_terms(version_in_force(world.now)).plans[0].code,
                "rate_percent": "22",
                "valid_from": _soon(world),
                "valid_until": "",
                "reason": "Swept",
            },
            "own_rate_end": lambda world, row: {"last_day": _soon(world), "reason": "Swept"},
        },
    )
)
register(
    Rows(
        kind="deals.spiff",
        make=_spiff,
        owners=("vendor",),
        bodies={
            "spiff_create": lambda world, row: {
                "kind": "displacement",
                "name": "Swept",
                "value": "1000",
                "currency": "USD",
                "budget_amount": "5000",
                "starts_on": _soon(world),
                "ends_on": _soon(world, 60),
            },
            "spiff_end": lambda world, row: {"reason": "Swept"},
            "ledger_close": lambda world, row: {
                "until": (world.now.date() - timedelta(days=2)).isoformat(),
                "is_sure": "on",
            },
        },
    )
)
