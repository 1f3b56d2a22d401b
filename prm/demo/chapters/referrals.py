"""Leads handed over by those who do not sell themselves."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from deals.actions import opportunities, referrals
from deals.models import Opportunity, Referral
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.chapters.history import amount_of
from prm.demo.stage import DAY, Stage


def plan_referrals(stage: Stage, profile: Profile, begins: date) -> None:
    """The leads a partner hands over."""
    pace = {"Polar Advisors": 12, "Vega Referrals": 20, "Liffey Partners": 30}.get(profile.name, 45)
    day = max(stage.system_since, begins + timedelta(days=7))
    while (day := day + timedelta(days=max(int(stage.chance.expovariate(1 / pace)), 2))) < stage.today - 3 * DAY:
        _plan_referral(stage, profile, stage.moment(day))


def _plan_referral(stage: Stage, profile: Profile, at: datetime) -> None:
    customer, domain = next(stage.customers)
    amount, luck = amount_of(stage, profile), stage.chance.random()
    box: dict[str, Referral] = {}

    def submit(at: datetime) -> None:
        box["lead"] = refer(stage, profile.name, customer, domain, amount, at)

    def decide(at: datetime) -> None:
        if luck < 0.15:
            referrals.decline_referral(
                referral=box["lead"], by=stage.owner(profile.name), at=at, reason="Not in a market we serve yet."
            )
        else:
            referrals.accept_referral(referral=box["lead"], by=stage.owner(profile.name), at=at)

    def qualify(at: datetime) -> None:
        referrals.qualify_referral(
            referral=Referral.objects.get(pk=box["lead"].pk),
            by=stage.owner(profile.name),
            at=at,
            amount=Decimal(amount),
            currency="USD",
            term_months=12,
            expected_close_on=at.date() + timedelta(days=45),
        )

    def win(at: datetime) -> None:
        opportunities.confirm_won(
            opportunity=Opportunity.objects.get(referral=box["lead"]),
            by=stage.owner(profile.name),
            at=at,
            won_on=at.date(),
        )

    stage.plan(at, submit)
    stage.plan(at + timedelta(hours=stage.chance.uniform(2, 20)), decide)
    if luck >= 0.35:
        stage.plan(at + timedelta(days=9), qualify)
    if luck >= 0.65:
        stage.plan(at + timedelta(days=40), win)


def refer(stage: Stage, partner: str, customer: str, domain: str, amount: int, at: datetime) -> Referral:
    """A lead handed to the vendor."""
    contact = f"{stage.chance.choice(cast.FIRST_NAMES)} {stage.chance.choice(cast.LAST_NAMES)}"
    profile = next(each for each in cast.PARTNERS if each.name == partner)
    return referrals.submit_referral(
        partner=stage.partners[partner],
        by=stage.seller(partner),
        at=at,
        values={
            "customer_name": customer,
            "customer_domain": domain,
            "customer_country": profile.country,
            "contact_name": contact,
            "contact_email": f"{contact.split()[0].lower()}@{domain}",
            "amount": Decimal(amount),
            "currency": "USD",
            "notes": "They asked us who could help.",
        },
    )
