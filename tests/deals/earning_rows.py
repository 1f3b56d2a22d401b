"""Earnings in the world of the access sweep: lines, resold deals, disputes and statements of each company."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions.commissions import hold_commissions
from deals.actions.disputes import open_dispute
from deals.actions.statements import make_statement, order_month
from deals.choices import HoldReason
from deals.models import Commission, Contract, Dispute, Statement
from partners.models import Grant
from prm.core.actors import Actor
from tests.core.corpus import pdf
from tests.deals import stage
from tests.deals.earning_stage import earned
from tests.world import Person, Rows, World, register

_numbers = count(1)


def _seller(world: World, owner: str) -> Person:
    return world.sara if owner == "northwind" else world.rita


def _line(world: World, owner: str) -> Commission:
    return earned(_seller(world, owner), at=world.at, title=world.words(owner, f"Earned {next(_numbers)}"))


def _dispute(world: World, owner: str, route: str) -> Dispute | Commission:
    """A line for who would dispute it, else a dispute with its evidence."""
    line = _line(world, owner)
    if route == "dispute_create":
        return line
    return open_dispute(
        commission=line,
        by=_seller(world, owner).actor,
        at=world.at,
        reason=world.words(owner, "We are Gold"),
        expected_amount=Decimal(6000),
        file=SimpleUploadedFile(f"{world.words(owner, 'proof')}.pdf", pdf(), content_type="application/pdf"),
    )


def _statement(world: World, owner: str, route: str) -> Statement:
    """A statement of the month before; one that failed for who orders it again."""
    at = world.at
    month = (at.replace(day=1) - timedelta(days=1)).date().replace(day=1)
    partner = stage.partner_of(_seller(world, owner))
    if not Statement.objects.filter(month=month, failure="").exists():
        then = datetime.combine(month.replace(day=10), time(9), tzinfo=UTC)
        for company in ("northwind", "rival"):  # both at once: afterwards the books of the month are closed
            earned(_seller(world, company), at=then, title=world.words(company, "Stated"))
        order_month(month=month, by=Actor.system("night"), at=at)
        for each in Statement.objects.filter(month=month, ready_at=None, failure=""):
            make_statement(code=each.code, at=at)
    made = Statement.objects.get(partner=partner, month=month, currency="USD")
    if route == "statement_order":
        return Statement.objects.create(
            code=f"ST-F{next(_numbers):06}",
            partner=partner,
            currency="EUR",
            month=month.replace(year=month.year - next(_numbers)),
            ordered_at=at,
            failure=world.words(owner, "closing: 1 expected, 2 found"),
        )
    return made


def _resold(world: World, owner: str, route: str) -> Contract:
    seller = _seller(world, owner)
    Grant.objects.get_or_create(
        partner=stage.partner_of(seller),
        entitlement="reseller_margin",
        source_kind="manual",
        source_code="tests",
        valid_from=(world.at - timedelta(days=900)).date(),
        defaults={"value": "35", "rank": 35, "reason": "test", "created_at": world.at},
    )
    number = next(_numbers)
    registration = stage.won(
        world,
        seller,
        at=world.at,
        engagement="resale",
        customer_name=world.words(owner, f"Resold {number}"),
        customer_domain=f"resold{number}-of-{owner}.com",
        expected_close_on=(world.at + timedelta(days=90)).date(),
        first_contact_on=(world.at - timedelta(days=9)).date(),
    )
    return Contract.objects.get(opportunity=registration.opportunity)


def _asked(world: World, row: Any) -> dict[str, Any]:
    return {"reason": "The rate is wrong", "expected_amount": "6000", "file": ""}


def _line_to_settle(world: World, owner: str, route: str) -> Commission:
    """A line; a held one for who frees it."""
    line = _line(world, owner)
    if route == "commission_free":
        hold_commissions(commissions=[line], reason=HoldReason.REVIEW, by=world.dan.actor, at=world.at)
        line.refresh_from_db()
    return line


register(
    Rows(
        kind="deals.commission",
        make=_line_to_settle,
        state_of=lambda route: "held" if route == "commission_free" else "open",
        bodies={
            "commission_hold": lambda world, row: {"reason": "review", "note": "Which customer?"},
            "commission_free": lambda world, row: {"note": "Cleared up"},
            "commission_adjust": lambda world, row: {"amount": "-10", "reason": "Counted twice"},
            "commission_void": lambda world, row: {"reason": "Booked by mistake"},
        },
    )
)
register(
    Rows(
        kind="deals.dispute",
        make=_dispute,
        state_of=lambda route: "line" if route == "dispute_create" else "open",
        bodies={
            "dispute_create": _asked,
            "dispute_withdraw": lambda world, row: {"version": row.version},
            "dispute_uphold": lambda world, row: {
                "uphold-right_amount": "5000",
                "uphold-answer": "You are right",
                "version": row.version,
            },
            "dispute_reject": lambda world, row: {"reject-answer": "It is right", "version": row.version},
        },
    )
)
register(
    Rows(
        kind="deals.statement",
        make=_statement,
        state_of=lambda route: "failed" if route == "statement_order" else "made",
        bodies={"statement_order": lambda world, row: {}},
    )
)
register(Rows(kind="deals.margin", make=_resold))
