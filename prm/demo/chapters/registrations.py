"""Deals registered here: sent in, decided, worked on, won and lost."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from deals.actions import decisions, extensions, opportunities, referrals, registrations
from deals.choices import OpportunityStage
from deals.models import Opportunity, Registration
from partners.queries.grants import entitlement
from prm.core.models import WorkItem
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.chapters.history import amount_of, pace
from prm.demo.chapters.referrals import refer
from prm.demo.stage import Stage


def plan_registrations(stage: Stage, profile: Profile, begins: date) -> None:
    """The deals a partner registers here, at its own pace."""
    day = max(stage.system_since, begins + timedelta(days=10))
    last = stage.today - timedelta(days=2)
    while day < last:
        wait = 91 / max(pace(stage, profile, day), 0.05)
        day += timedelta(days=max(int(stage.chance.expovariate(1 / wait)), 1))
        if day >= last or (profile.status == "ended" and day > stage.today - timedelta(days=70)):
            return
        day += timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)
        _plan_deal(stage, profile, stage.moment(day))


def _plan_deal(stage: Stage, profile: Profile, at: datetime) -> None:
    customer, domain = next(stage.customers)
    amount = amount_of(stage, profile)
    outcome, luck = stage.chance.random(), stage.chance.random()
    decided = at + timedelta(hours=stage.chance.uniform(1, 20) if luck > 0.05 else 30)
    box: dict[str, Registration] = {}

    def submit(at: datetime) -> None:
        if entitlement(stage.partners[profile.name].pk, "deal_registration", at).granted:
            box["deal"] = register(stage, profile.name, customer, domain, amount, at)
        else:  # below Silver and without a certificate: a referral is what remains
            lead = refer(stage, profile.name, customer, domain, amount, at)
            referrals.accept_referral(referral=lead, by=stage.owner(profile.name), at=at + timedelta(hours=1))

    def ask(at: datetime) -> None:
        decisions.request_info(
            registration=box["deal"],
            by=stage.owner(profile.name),
            at=at,
            question="Which business unit is this for, and who decides there?",
            fields=("notes",),
        )

    def answer(at: datetime) -> None:
        registrations.answer_info(
            registration=_fresh(stage, box["deal"]),
            by=stage.seller(profile.name),
            at=at,
            answer="The group's IT; their CIO decides.",
            values={"notes": "Group IT, decided by the CIO."},
        )

    def approve(at: datetime) -> None:
        decisions.approve_registration(registration=_fresh(stage, box["deal"]), by=stage.owner(profile.name), at=at)

    def reject(at: datetime) -> None:
        decisions.reject_registration(
            registration=_fresh(stage, box["deal"]),
            by=stage.owner(profile.name),
            at=at,
            reason="The customer told us that there is no project this year.",
        )

    def if_registered(do: Callable[[datetime], None]) -> Callable[[datetime], None]:
        return lambda at: do(at) if box else None

    stage.plan(at, submit)
    if outcome < 0.06:
        stage.plan(decided, if_registered(reject))
        return
    if outcome < 0.14:
        stage.plan(at + timedelta(hours=2), if_registered(ask))
        stage.plan(at + timedelta(hours=20), if_registered(answer))
        decided = at + timedelta(hours=24)
    stage.plan(decided, if_registered(approve))
    _plan_outcome(stage, profile, box, decided, if_registered)


def _plan_outcome(
    stage: Stage,
    profile: Profile,
    box: dict[str, Registration],
    approved: datetime,
    if_registered: Callable[[Callable[[datetime], None]], Callable[[datetime], None]],
) -> None:
    luck = stage.chance.random()
    closes = approved + timedelta(days=stage.chance.randint(12, 70))

    def advance(reached: str) -> Callable[[datetime], None]:
        def do(at: datetime) -> None:
            deal = Opportunity.objects.get(registration=box["deal"])
            if deal.status == "open":
                opportunities.update_opportunity(
                    opportunity=deal,
                    by=stage.seller(profile.name),
                    at=at,
                    stage=reached,
                    expected_close_on=deal.expected_close_on,
                )

        return do

    def extend(at: datetime) -> None:
        deal = _fresh(stage, box["deal"])
        if deal.status == "approved":
            extensions.request_extension(
                registration=deal,
                by=stage.seller(profile.name),
                at=at,
                activity="Second workshop held, offer is out.",
            )

    def grant(at: datetime) -> None:
        deal = _fresh(stage, box["deal"])
        if WorkItem.objects.open().filter(ref_code=deal.code, kind="deals.extension_decision").exists():
            extensions.decide_extension(registration=deal, by=stage.owner(profile.name), at=at, grant=True)

    def report(at: datetime) -> None:
        opportunities.report_won(
            opportunity=Opportunity.objects.get(registration=box["deal"]),
            by=stage.seller(profile.name),
            at=at,
            won_on=at.date(),
            evidence="Signed order received.",
        )

    def confirm(at: datetime) -> None:
        deal = Opportunity.objects.get(registration=box["deal"])
        opportunities.confirm_won(
            opportunity=deal, by=stage.owner(profile.name), at=at, won_on=deal.reported_won_on or at.date()
        )

    def lose(at: datetime) -> None:
        deal = _fresh(stage, box["deal"])
        if deal.status == "approved":
            opportunities.lose_opportunity(
                opportunity=Opportunity.objects.get(registration=deal),
                by=stage.seller(profile.name),
                at=at,
                reason=stage.chance.choice(["price", "competitor", "timing", "no_budget"]),
            )

    stage.plan(approved + timedelta(days=7), if_registered(advance(OpportunityStage.QUALIFIED)))
    if luck < 0.78:
        stage.plan(approved + timedelta(days=11), if_registered(advance(OpportunityStage.PROPOSAL)))
    if (closes - approved).days > 28 and stage.chance.random() < 0.75:
        stage.plan(approved + timedelta(days=24), if_registered(extend))
        stage.plan(approved + timedelta(days=24, hours=5), if_registered(grant))
    if luck < 0.55:
        stage.plan(closes, if_registered(report))
        stage.plan(closes + timedelta(hours=stage.chance.uniform(2, 30)), if_registered(confirm))
    elif luck < 0.75:
        stage.plan(closes, if_registered(lose))


def register(
    stage: Stage, partner: str, customer: str, domain: str, amount: int, at: datetime, **changes: Any
) -> Registration:
    """A complete registration, sent in."""
    return registrations.submit_registration(
        registration=draft(stage, partner, customer, domain, amount, at, **changes), by=stage.seller(partner), at=at
    )


def draft(
    stage: Stage, partner: str, customer: str, domain: str, amount: int, at: datetime, **changes: Any
) -> Registration:
    """A registration as its seller types it."""
    profile = next(each for each in cast.PARTNERS if each.name == partner)
    contact = f"{stage.chance.choice(cast.FIRST_NAMES)} {stage.chance.choice(cast.LAST_NAMES)}"
    values: dict[str, Any] = {
        "customer_name": customer,
        "customer_domain": domain,
        "customer_country": profile.country,
        "contact_name": contact,
        "contact_email": f"{contact.split()[0].lower()}@{domain}",
        "amount": Decimal(amount),
        "currency": "USD",
        "term_months": 12,
        "expected_close_on": at.date() + timedelta(days=stage.chance.randint(30, 90)),
        "first_contact_on": at.date() - timedelta(days=stage.chance.randint(1, 9)),
        "engagement": stage.chance.choice(["found", "introduced", "co_selling", *_resale(profile)]),
        "competitor": stage.chance.choice(["", "", "Contoso", "Initech"]),
        "notes": "First meeting held; they compare three vendors.",
    } | changes
    return registrations.save_draft(
        partner=stage.partners[partner],
        by=stage.seller(partner),
        at=at,
        values=values,
        products=[stage.chance.choice(stage.products)],
    )


def _resale(profile: Profile) -> list[str]:
    return ["resale"] if profile.type == "reseller" else []


def _fresh(stage: Stage, registration: Registration) -> Registration:
    return Registration.objects.get(pk=registration.pk)
