"""Technology partners: what they built, since when customers use it, and the deals that were won together."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from deals.actions import opportunities, referrals
from deals.models import Opportunity, Referral
from partners.actions.integrations import end_integration, record_integration
from partners.models import Integration
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.chapters.history import amount_of
from prm.demo.chapters.referrals import refer
from prm.demo.stage import DAY, Stage

SALES_CYCLE = timedelta(days=45)


@dataclass(frozen=True)
class Built:
    """An integration: live and ended so many days ago (none: it runs)."""

    name: str
    product: str
    live: int
    evidence: str
    ended: int | None = None


BUILT = {
    "Aurora Networks": (
        Built("Aurora Network Sync", "Integration Hub", 300, "Passed our certification test; nine customers use it."),
        Built("Aurora Sign-on", "Secure Workspace", 140, "Shown in the review; in use at two shared customers."),
    ),
    "Tern Analytics": (Built("Tern for Insight", "Analytics", 190, "Listed, and demonstrated to our engineers."),),
    "Quanta Connectors": (Built("Quanta Bridge", "Integration Hub", 75, "First shared customer is in production."),),
    "Pixel Bridge": (Built("Pixel Preview", "Platform", 120, "Beta with two customers.", ended=40),),
}
# Wins by days ago: Aurora lacks one to Premier, and it is in the pipeline.
CO_SOLD = {"Aurora Networks": (335, 262, 181, 64), "Tern Analytics": (240,), "Quanta Connectors": (33,)}
IN_PIPELINE = {"Aurora Networks": 18, "Pixel Bridge": 9}


def plan_technology(stage: Stage, profile: Profile) -> None:
    """What a technology partner builds, and what it sells together with the vendor."""
    for built in BUILT.get(profile.name, ()):
        _plan_integration(stage, profile, built)
    for number, days in enumerate(CO_SOLD.get(profile.name, ()), start=1):
        won_on = stage.today - days * DAY
        if won_on - SALES_CYCLE < stage.system_since:
            _bring_in(stage, profile, number, won_on)
        else:
            _plan_lead(stage, profile, won_on - SALES_CYCLE, won_on)
    if profile.name in IN_PIPELINE:
        _plan_lead(stage, profile, stage.today - IN_PIPELINE[profile.name] * DAY, None)


def _plan_integration(stage: Stage, profile: Profile, built: Built) -> None:
    box: dict[str, Integration] = {}

    def go_live(at: datetime) -> None:
        box["made"] = record_integration(
            partner=stage.partners[profile.name],
            name=built.name,
            product=built.product,
            url=f"https://{profile.domain}/{built.name.split()[-1].lower()}",
            live_on=at.date(),
            evidence=built.evidence,
            by=stage.owner(profile.name),
            at=at,
        )

    def end(at: datetime) -> None:
        end_integration(
            integration=box["made"],
            ended_on=at.date(),
            reason="The beta is over; the product follows next year.",
            by=stage.owner(profile.name),
            at=at,
        )

    stage.plan(stage.moment(stage.today - built.live * DAY, 11), go_live)
    if built.ended is not None:
        stage.plan(stage.moment(stage.today - built.ended * DAY, 11), end)


def _bring_in(stage: Stage, profile: Profile, number: int, won_on: date) -> None:
    """A win that another system kept."""
    customer, _domain = next(stage.customers)
    row = {
        "external_id": f"CRM-{profile.domain.split('.')[0]}-T{number}",
        "partner": profile.domain,
        "stage": "won",
        "product": cast.PRODUCTS[number % len(cast.PRODUCTS)][0],
        "account": customer,
        "amount": amount_of(stage, profile),
        "currency": "USD",
        "term_months": 12,
        "engaged_on": (won_on - SALES_CYCLE).isoformat(),
        "closed_on": won_on.isoformat(),
        "lost_reason": "",
    }
    stage.history.setdefault(won_on.replace(day=1), []).append(row)


def _plan_lead(stage: Stage, profile: Profile, first: date, won_on: date | None) -> None:
    """A customer whom the partner brings, sold to together; still open where no day of the win is given."""
    (customer, domain), amount = next(stage.customers), amount_of(stage, profile)
    box: dict[str, Referral] = {}

    def submit(at: datetime) -> None:
        box["lead"] = refer(stage, profile.name, customer, domain, amount, at)
        referrals.accept_referral(referral=box["lead"], by=stage.owner(profile.name), at=at + timedelta(hours=2))

    def qualify(at: datetime) -> None:
        referrals.qualify_referral(
            referral=Referral.objects.get(pk=box["lead"].pk),
            by=stage.owner(profile.name),
            at=at,
            amount=Decimal(amount),
            currency="USD",
            term_months=12,
            expected_close_on=at.date() + timedelta(days=40),
        )

    def win(at: datetime) -> None:
        opportunities.confirm_won(
            opportunity=Opportunity.objects.get(referral=box["lead"]),
            by=stage.owner(profile.name),
            at=at,
            won_on=at.date(),
        )

    begins = stage.moment(first, 9)
    stage.plan(begins, submit)
    stage.plan(begins + 7 * DAY, qualify)
    if won_on is not None:
        stage.plan(stage.moment(won_on, 15), win)
