"""Deals of several partners: who did what, one shared win, and one verdict that a person overruled."""

from datetime import date, datetime, timedelta

from deals.actions import decisions, opportunities, touches, verdicts
from deals.models import Opportunity, Registration
from prm.demo.cast import NORTHWIND
from prm.demo.chapters.registrations import register
from prm.demo.stage import DAY, Stage

HELPER = "Cloudkontor"
SHARED = ("Tamarind Rail", "tamarind-rail.com", 96_000)
OVERRULED = ("Sorrel Insurance", "sorrel-insurance.com", 58_000)


def plan_parts(stage: Stage) -> None:
    """Two of Northwind's deals, registered three months ago and won since."""
    _plan_shared(stage, stage.moment(_workday(stage, 92), 9.5))
    _plan_overruled(stage, stage.moment(_workday(stage, 80), 10.5))


def add_touches(stage: Stage) -> None:
    """What happened on a deal that is still open: Sara's demonstration, another partner's work, our own sales."""
    deal = Opportunity.objects.get(registration__customer_name="Helios Energy GmbH", partner=stage.partners[NORTHWIND])
    touches.record_touch(
        opportunity=deal,
        by=stage.seller(NORTHWIND),
        at=stage.working_ago(30),
        kind="demo",
        occurred_on=stage.working_ago(34).date(),
        evidence="Demonstration for their plant managers; the agenda is in the invitation of that day.",
    )
    _help(stage, deal, stage.working_ago(20), "technical", "Sizing workshop with their data team, four hours.")
    _own(stage, deal, stage.working_ago(12), "Call with their CFO about the term.")


def _plan_shared(stage: Stage, at: datetime) -> None:
    box: dict[str, Registration] = {}

    def begin(at: datetime) -> None:
        customer, domain, amount = SHARED
        box["deal"] = register(stage, NORTHWIND, customer, domain, amount, at, first_contact_on=at.date() - 3 * DAY)

    stage.plan(at, begin)
    _plan_sale(stage, box, at)
    for days, kind, evidence in (
        (16, "technical", "Their architects sized the migration; see the workshop notes."),
        (30, "reference", "Brought their own rail customer to the reference call."),
    ):
        stage.plan(at + days * DAY, lambda at, k=kind, e=evidence: _help(stage, _deal(box), at, k, e))
    stage.plan(at + 21 * DAY, lambda at: _own(stage, _deal(box), at, "Our sales engineer joined the second workshop."))


def _plan_overruled(stage: Stage, at: datetime) -> None:
    box: dict[str, Registration] = {}

    def begin(at: datetime) -> None:
        customer, domain, amount = OVERRULED
        box["deal"] = register(stage, NORTHWIND, customer, domain, amount, at, first_contact_on=at.date() - 12 * DAY)

    def overrule(at: datetime) -> None:
        deal = _deal(box)
        by = stage.owner(NORTHWIND)
        verdicts.judge_first(opportunity=deal, by=by, at=at)
        verdicts.overrule_verdict(
            verdict=deal.verdicts.current().get(partner=stage.partners[NORTHWIND]),
            kind="sourced",
            reason="The first contact was at a fair, long before there was a project. The project began four days"
            " before the registration; the minutes of that meeting show it.",
            by=by,
            at=at,
        )

    stage.plan(at, begin)
    _plan_sale(stage, box, at)
    stage.plan(at + 12 * DAY, overrule)


def _plan_sale(stage: Stage, box: dict[str, Registration], at: datetime) -> None:
    """Approved the next day, moved on twice, won after six weeks."""

    def approve(at: datetime) -> None:
        deal = Registration.objects.get(pk=box["deal"].pk)
        decisions.approve_registration(registration=deal, by=stage.owner(NORTHWIND), at=at)

    def move(at: datetime, reached: str) -> None:
        deal = _deal(box)
        opportunities.update_opportunity(
            opportunity=deal,
            by=stage.seller(NORTHWIND),
            at=at,
            stage=reached,
            expected_close_on=deal.expected_close_on,
        )

    def report(at: datetime) -> None:
        opportunities.report_won(
            opportunity=_deal(box),
            by=stage.seller(NORTHWIND),
            at=at,
            won_on=at.date(),
            evidence="Order signed by their head of IT, copy attached to our mail.",
        )

    def confirm(at: datetime) -> None:
        deal = _deal(box)
        opportunities.confirm_won(
            opportunity=deal, by=stage.owner(NORTHWIND), at=at, won_on=deal.reported_won_on or at.date()
        )

    stage.plan(at + timedelta(hours=6), approve)
    stage.plan(at + 8 * DAY, lambda at: move(at, "proposal"))
    stage.plan(at + 27 * DAY, lambda at: move(at, "negotiation"))
    stage.plan(at + 41 * DAY, report)
    stage.plan(at + 41 * DAY + timedelta(hours=5), confirm)


def _help(stage: Stage, deal: Opportunity, at: datetime, kind: str, evidence: str) -> None:
    touches.record_touch(
        opportunity=deal,
        by=stage.by("Dan Okafor"),
        at=at,
        kind=kind,
        occurred_on=at.date(),
        partner=stage.partners[HELPER],
        person="Ines Falk",
        evidence=evidence,
        is_material=True,
    )


def _own(stage: Stage, deal: Opportunity, at: datetime, evidence: str) -> None:
    touches.record_touch(
        opportunity=deal,
        by=stage.by("Dan Okafor"),
        at=at,
        kind="meeting",
        occurred_on=at.date(),
        person="Olga Brandt",
        evidence=evidence,
    )


def _deal(box: dict[str, Registration]) -> Opportunity:
    return Opportunity.objects.get(registration=box["deal"])


def _workday(stage: Stage, days_ago: int) -> date:
    day = stage.today - days_ago * DAY
    return day - DAY * max(day.weekday() - 4, 0)
