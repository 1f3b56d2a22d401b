"""Visits, answers, certificates and reviews, month by month."""

from datetime import date, datetime, timedelta
from typing import Any

from deals.actions.imports import OpportunityImporter
from prm.core.business_time import add_months
from prm.core.csv_import import importer_for
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.stage import DAY, SETUP, Stage
from reporting.actions.qbr_actions import add_qbr_action, complete_qbr_action
from training.actions.certificates import add_certificate


def plan_records(stage: Stage) -> None:
    """Everything that comes by month or by quarter."""
    for month, rows in sorted(stage.history.items()):
        ends = add_months(month, 1)
        stage.plan(
            stage.moment(ends, 6),
            lambda at, rows=rows, month=month: stage.bring_in(
                OpportunityImporter(), rows, at, f"crm-{month:%Y-%m}.csv"
            ),
        )
    month = stage.start.replace(day=1)
    while month <= stage.today:
        ends = min(add_months(month, 1), stage.today)
        stage.plan(stage.moment(ends, 6.5), lambda at, month=month: _visit(stage, month, at))
        month = add_months(month, 1)
    for back in range(23, -1, -3):
        day = add_months(stage.today, -back) - timedelta(days=8)
        stage.plan(stage.moment(day, 17), lambda at: _ask(stage, at))
    _plan_certificates(stage)
    _plan_reviews(stage)


def _living(stage: Stage, at: datetime) -> list[Profile]:
    return [
        profile
        for profile in cast.PARTNERS
        if profile.name in stage.partners
        and profile.signed is not None
        and not (profile.status == "ended" and at.date() > stage.today - timedelta(days=60))
    ]


def _visit(stage: Stage, month: date, at: datetime) -> None:
    """Portal days of a month, as the old portal's log tells them."""
    rows = []
    for profile in _living(stage, at):
        faded = profile.trend < -40 and (stage.today - month).days < 120
        for member in stage.members[profile.name][:3]:
            share = profile.visits / 30 * (0.9 if member is stage.members[profile.name][0] else 0.4)
            day = max(month, member.created_at.date())
            while day < at.date():
                if day.weekday() < 5 and not faded and stage.chance.random() < share:
                    rows.append({"partner": profile.domain, "email": member.user.email, "day": day.isoformat()})
                day += DAY
    stage.bring_in(importer_for("portal_days"), rows, at, f"visits-{month:%Y-%m}.csv")


def _ask(stage: Stage, at: datetime) -> None:
    """A wave of NPS answers."""
    rows = []
    for profile in _living(stage, at):
        years = (at.date() - stage.start).days / 365
        usual = profile.nps + (1.2 - years * 0.6 if profile.trend < -20 else 0)
        for number, member in enumerate(stage.members[profile.name][:3]):
            if not profile.nps or stage.chance.random() < 0.35:
                continue
            score = max(0, min(10, round(stage.chance.gauss(usual, 1.1))))
            rows.append(
                {
                    "external_id": f"nps-{at:%Y%m}-{profile.domain}-{number}",
                    "partner": profile.domain,
                    "email": member.user.email,
                    "score": score,
                    "answered_on": at.date().isoformat(),
                }
            )
    stage.bring_in(importer_for("nps"), rows, at, f"nps-{at:%Y-%m}.csv")


def _plan_certificates(stage: Stage) -> None:
    for profile in cast.PARTNERS:
        if profile.signed is None:
            continue
        begins = max(add_months(stage.today, -profile.signed), stage.start)
        for number in range(profile.certified):
            first = begins + timedelta(days=20 + 17 * number)
            while first < stage.today:
                builds = profile.type in {"technology", "oem"}
                kind = "technical" if builds or number % 2 else "sales"
                stage.plan(
                    stage.moment(first, 10),
                    lambda at, profile=profile, number=number, kind=kind: _certify(stage, profile, number, kind, at),
                )
                first = add_months(first, 12) - timedelta(days=stage.chance.choice((3, 5, 9)))
                if profile.trend < -40:
                    break


def _certify(stage: Stage, profile: Profile, number: int, kind: str, at: datetime) -> None:
    people = stage.members[profile.name]
    member = people[min(number + 1, len(people) - 1)] if number < len(people) - 1 else people[0]
    add_certificate(
        partner=stage.partners[profile.name],
        holder_email=member.user.email,
        holder_name=member.user.name,
        kind=kind,
        valid_from=at.date(),
        by=SETUP,
        at=at,
        reason="Passed the exam",
    )


def _plan_reviews(stage: Stage) -> None:
    agreed = (
        ("Joint account plan for the ten largest accounts", "both"),
        ("Reference story with the last customer won", "partner"),
        ("Demo environment for the new workspace product", "us"),
        ("Book the technical workshop for two engineers", "partner"),
        ("Pricing exception guide for public customers", "us"),
    )
    for profile in cast.PARTNERS:
        if profile.signed is None or profile.signed < 9 or profile.value < 3:
            continue
        for back in (9, 6, 3, 0):
            day = add_months(stage.today.replace(day=12), -back) - timedelta(days=30)
            for number in range(2):
                title, side = agreed[(back + number * 2 + len(profile.name)) % len(agreed)]
                _plan_action(stage, profile, title, side, day, done=back >= 6 or stage.chance.random() < 0.6)


def _plan_action(stage: Stage, profile: Profile, title: str, side: str, day: date, *, done: bool) -> None:
    box: dict[str, Any] = {}

    def agree(at: datetime) -> None:
        admin = stage.members[profile.name][0].user.name if stage.members[profile.name] else profile.name
        owner = {"us": profile.owner, "partner": admin}.get(side, f"{profile.owner}, {admin}")
        box["action"] = add_qbr_action(
            partner=stage.partners[profile.name],
            title=title,
            side=side,
            by=stage.owner(profile.name),
            at=at,
            owner_name=owner,
            due_on=at.date() + timedelta(days=55),
        )

    def complete(at: datetime) -> None:
        complete_qbr_action(action=box["action"], by=stage.owner(profile.name), at=at)

    stage.plan(stage.moment(day, 15), agree)
    if done:
        stage.plan(stage.moment(day + timedelta(days=40), 15), complete)
