"""Two years of a partner program, told through the real actions with their moments passed in.

The story first plans everything with a seeded chance, then plays it in order of time: what was known before this
software came in through the importers, the last months through registrations, decisions and confirmations, with
nights in between (weekly, then daily for the last 35 days). Played twice on one day it tells the same story.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from deals.actions import decisions, extensions, opportunities, referrals, registrations
from deals.actions.imports import OpportunityImporter
from deals.choices import OpportunityStage
from deals.models import Opportunity, Product, Referral, Registration
from partners.actions.contacts import add_contact
from partners.actions.health import ALERT, acknowledge_health_alert
from partners.actions.overrides import set_override
from partners.actions.partners import change_stage, change_status, create_partner
from partners.actions.programs import load_program, publish_version
from partners.actions.records import set_fit, set_value
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import Partner, Tier
from partners.queries.grants import entitlement
from prm.core.actions import outbox, work_items
from prm.core.actions.memberships import add_member
from prm.core.actors import Actor
from prm.core.business_time import Calendar, add_months, day_end, working_seconds_between
from prm.core.codes import new_code
from prm.core.csv_import import CsvFile, Importer, Run, importer_for, run_import
from prm.core.middleware import actor_for
from prm.core.models import Membership, Notice, Organization, WorkItem
from prm.demo import cast
from prm.demo.cast import Profile
from reporting.actions import night
from reporting.actions.night_steps import STEPS
from reporting.actions.qbr_actions import add_qbr_action, complete_qbr_action
from reporting.choices import RunTrigger
from training.actions.certificates import add_certificate

YEARS_BACK = 730
SYSTEM_DAYS = 120  # since then deals are registered here; what is older was imported
DAILY_NIGHTS = 35
DAY = timedelta(days=1)
SETUP = Actor.system("demo")


@dataclass(order=True)
class Event:
    """Something that happens at a moment; events of one moment keep the order in which they were planned."""

    at: datetime
    order: int
    do: Callable[[datetime], None] = field(compare=False)


class Story:
    """Plans and plays. ``now`` is the moment at which the audience walks in."""

    def __init__(self, now: datetime, seed: int = 2024) -> None:
        self.now, self.chance = now, Random(seed)
        self.today = now.date()
        self.start = self.today - timedelta(days=YEARS_BACK)
        self.system_since = self.today - timedelta(days=SYSTEM_DAYS)
        self.events: list[Event] = []
        self.partners: dict[str, Partner] = {}
        self.members: dict[str, list[Membership]] = {}
        self.staff: dict[str, Membership] = {}
        self.products: list[Product] = []
        self._customers = self._customer_names()

    def tell(self) -> None:
        """Plan everything, then play it in order of time."""
        self._set_up()
        for profile in cast.PARTNERS:
            self._plan_partner(profile)
        self._plan_records()
        self._plan_nights()
        for event in sorted(self.events):
            if event.at <= self.now:
                event.do(event.at)

    # --- Tools ---------------------------------------------------------------------------------------------

    def plan(self, at: datetime, do: Callable[[datetime], None]) -> None:
        """Let something happen at a moment; what lies in the future does not happen yet."""
        self.events.append(Event(at, len(self.events), do))

    def moment(self, day: date, hour: float | None = None) -> datetime:
        """A moment in working hours of a day (UTC)."""
        hours = self.chance.uniform(7.5, 16.5) if hour is None else hour
        return datetime.combine(day, time(0), tzinfo=UTC) + timedelta(hours=hours)

    def working_ago(self, hours: float) -> datetime:
        """The moment since which so many working hours have passed on the program's calendar."""
        at, calendar = self.now - timedelta(hours=hours), Calendar(time_zone="UTC")
        while working_seconds_between(at, self.now, calendar) < hours * 3600:
            at -= timedelta(minutes=30)
        return at

    def seller(self, name: str) -> Actor:
        """Somebody of a partner who may register deals."""
        sellers = [member for member in self.members[name] if member.role in {"seller", "partner_admin"}]
        member = self.chance.choice(sellers)
        return actor_for(member.user, member)

    def owner(self, name: str) -> Actor:
        """The manager who decides for a partner."""
        profile = next(each for each in cast.PARTNERS if each.name == name)
        return self.by(profile.owner)

    def by(self, name: str) -> Actor:
        """Somebody of the vendor's staff."""
        member = self.staff[name]
        return actor_for(member.user, member)

    def bring_in(self, importer: Importer, rows: list[dict[str, Any]], at: datetime, name: str) -> None:
        """Rows through an importer, as a CSV file that somebody uploads."""
        if not rows:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        file = CsvFile(io.BytesIO(text.getvalue().encode()), importer.fields)
        report = run_import(importer=importer, file=file, run=Run(SETUP, at, "iso", name), dry_run=False)
        if report.refused:
            raise RuntimeError(f"{name}: {report.errors[:3]}")

    def _customer_names(self) -> Iterator[tuple[str, str]]:
        names = [
            f"{first} {second}{third}"
            for first in cast.CUSTOMER_FIRST
            for second in cast.CUSTOMER_SECOND
            for third in ("", " Group", " Works", " Partners")
        ]
        self.chance.shuffle(names)
        return ((name, f"{name.lower().replace(' ', '-')}.com") for name in names if not name.startswith(cast.RESERVED))

    # --- The vendor and its program ------------------------------------------------------------------------

    def _set_up(self) -> None:
        at = self.moment(self.start - timedelta(days=30), 8)
        vendor = Organization.objects.create(
            code=new_code("OR"),
            name=cast.VENDOR,
            kind="vendor",
            status="active",
            time_zone="Europe/Berlin",
            created_at=at,
        )
        for person in cast.STAFF:
            self.staff[person.name] = add_member(
                organization=vendor,
                email=f"{person.name.split()[0].lower()}@example.com",
                name=person.name,
                role=person.role,
                by=SETUP,
                at=at,
            )
        program = read_program_file(blueprint_text("standard"))
        version = load_program(program=program.program, source_text=program.text, by=SETUP, at=at)
        publish_version(version=version, valid_from=self.start - timedelta(days=30), by=SETUP, at=at)
        products = importer_for("products")
        rows = [
            {"name": name, "series": series, "list_price": price, "currency": "USD"}
            for name, series, price in cast.PRODUCTS
        ]
        self.bring_in(products, rows, at, "price-list.csv")
        self.products = list(Product.objects.order_by("pk"))

    # --- Partners ------------------------------------------------------------------------------------------

    def _plan_partner(self, profile: Profile) -> None:
        signed = add_months(self.today, -profile.signed) if profile.signed is not None else None
        begins = max(signed or self.today - timedelta(days=12), self.start)
        self.plan(self.moment(begins, 8.2), lambda at: self._welcome(profile, signed, at))
        if signed is None:
            return
        if profile.status == "ended":
            ends = self.today - timedelta(days=60)
            self.plan(self.moment(ends, 16), lambda at: self._end(profile, at))
        self._plan_history(profile, begins)
        if profile.type in {"referral", "affiliate"}:
            self._plan_referrals(profile, begins)
        else:
            self._plan_registrations(profile, begins)

    def _welcome(self, profile: Profile, signed: date | None, at: datetime) -> None:
        partner = create_partner(
            name=profile.name,
            type=profile.type,
            by=SETUP,
            at=at,
            territory=profile.territory,
            country=profile.country,
            website=f"https://{profile.domain}",
            domain=profile.domain,
            owner=self.staff[profile.owner].user,
            agreement_signed_on=signed,
            partner_since=signed,
            status="prospect" if profile.status == "prospect" else "active",
            stage="recruit" if signed is None else "onboard",
            external_id=profile.domain,
            time_zone=cast.TIME_ZONES[profile.country],
        )
        self.partners[profile.name] = partner
        self.members[profile.name] = [
            add_member(
                organization=partner.organization,
                email=self._address(name, profile, number),
                name=name,
                role=role,
                by=SETUP,
                at=at,
            )
            for number, (name, role) in enumerate(self._people(profile))
        ]
        self._keep_people(partner, profile, at)
        if profile.fit and signed:
            set_fit(
                partner=partner,
                rating=profile.fit,
                set_on=at.date(),
                by=SETUP,
                at=at,
                reason="Rated with the agreement",
            )
        if profile.value and signed:
            set_value(
                partner=partner,
                score=profile.value,
                rated_on=at.date(),
                by=SETUP,
                at=at,
                reason="Rated with the agreement",
            )
        if signed and (self.today - signed).days > 120:
            stage = "expand" if profile.trend >= 20 else "engage" if profile.trend > -20 else "monitor"
            change_stage(partner=partner, stage=stage, reason="Active partner", by=SETUP, at=at + timedelta(minutes=5))
        self._override(partner, profile, at)

    def _address(self, name: str, profile: Profile, number: int) -> str:
        first = name.split()[0].lower()
        return f"{first}@example.com" if profile.people else f"{first}{number}@{profile.domain}"

    def _people(self, profile: Profile) -> list[tuple[str, str]]:
        if profile.people:
            return list(profile.people)
        count = 0 if profile.signed is None else max(profile.certified, 1) + 1
        roles = ["partner_admin", *(["seller"] * count)][: count + 1] if count else []
        return [
            (f"{self.chance.choice(cast.FIRST_NAMES)} {self.chance.choice(cast.LAST_NAMES)}", role) for role in roles
        ]

    def _keep_people(self, partner: Partner, profile: Profile, at: datetime) -> None:
        for side, role, member in (
            ("theirs", "primary", self.members[profile.name][0] if self.members[profile.name] else None),
            ("ours", "manager", self.staff[profile.owner]),
            ("ours", "sponsor", self.staff["Vera Holm"] if profile.value >= 4 else None),
        ):
            if member is not None:
                add_contact(
                    partner=partner,
                    side=side,
                    role=role,
                    name=member.user.name,
                    email=member.user.email,
                    by=SETUP,
                    at=at,
                )

    def _override(self, partner: Partner, profile: Profile, at: datetime) -> None:
        if profile.name == "Atlas Alliance Group":
            self._set_override(partner, "strategic", "platinum", 3 * 365, "Anchor alliance of the program", at)
        if profile.name == "Quanta Connectors":
            self._set_override(partner, "provisional", "certified", 240, "Integration is about to go live", at)

    def _set_override(self, partner: Partner, kind: str, tier: str, days: int, reason: str, at: datetime) -> None:
        day = at.date()
        set_override(
            partner=partner,
            kind=kind,
            tier=Tier.objects.get(track=partner.track, code=tier),
            reason=reason,
            starts_on=day,
            ends_on=day + timedelta(days=days) if kind == "strategic" else add_months(day, 6),
            by=SETUP,
            at=at + timedelta(minutes=10),
        )

    def _end(self, profile: Profile, at: datetime) -> None:
        change_status(
            partner=Partner.objects.get(pk=self.partners[profile.name].pk),
            action="end",
            reason="No business in a year; agreement not renewed",
            by=SETUP,
            at=at,
        )

    # --- Deals from before this software ---------------------------------------------------------------------

    def _pace(self, profile: Profile, day: date) -> float:
        """Deals a quarter around a day."""
        years = (day - self.start).days / 365
        return max(profile.deals * (1 + profile.trend / 100) ** years, 0.0)

    def _amount(self, profile: Profile) -> int:
        return int(round(profile.size * self.chance.lognormvariate(0, 0.45), -2)) or 100

    def _plan_history(self, profile: Profile, begins: date) -> None:
        rows: dict[date, list[dict[str, Any]]] = {}
        day, number = begins, 0
        while day < self.system_since:
            wait = 91 / max(self._pace(profile, day), 0.05)
            day += timedelta(days=max(int(self.chance.expovariate(1 / wait)), 1))
            closed = day + timedelta(days=self.chance.randint(15, 80))
            if day >= self.system_since or closed >= self.today:
                continue
            number += 1
            customer, _domain = next(self._customers)
            won = self.chance.random() < 0.62
            month = date(closed.year, closed.month, 1)
            rows.setdefault(month, []).append(
                {
                    "external_id": f"CRM-{profile.domain.split('.')[0]}-{number}",
                    "partner": profile.domain,
                    "stage": "won" if won else "lost",
                    "product": self.chance.choice(cast.PRODUCTS)[0],
                    "account": customer,
                    "amount": self._amount(profile),
                    "currency": "USD",
                    "term_months": 12,
                    "engaged_on": day.isoformat(),
                    "closed_on": closed.isoformat(),
                    "lost_reason": "" if won else self.chance.choice(["price", "competitor", "timing", "no_budget"]),
                }
            )
        for month, deals in rows.items():
            self._history.setdefault(month, []).extend(deals)

    @property
    def _history(self) -> dict[date, list[dict[str, Any]]]:
        if not hasattr(self, "_months"):
            self._months: dict[date, list[dict[str, Any]]] = {}
        return self._months

    # --- Deals registered here -------------------------------------------------------------------------------

    def _plan_registrations(self, profile: Profile, begins: date) -> None:
        day = max(self.system_since, begins + timedelta(days=10))
        last = self.today - timedelta(days=2)
        while day < last:
            wait = 91 / max(self._pace(profile, day), 0.05)
            day += timedelta(days=max(int(self.chance.expovariate(1 / wait)), 1))
            if day >= last or (profile.status == "ended" and day > self.today - timedelta(days=70)):
                return
            day += timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)
            self._plan_deal(profile, self.moment(day))

    def _plan_deal(self, profile: Profile, at: datetime) -> None:
        customer, domain = next(self._customers)
        amount = self._amount(profile)
        outcome, luck = self.chance.random(), self.chance.random()
        decided = at + timedelta(hours=self.chance.uniform(1, 20) if luck > 0.05 else 30)
        box: dict[str, Registration] = {}

        def submit(at: datetime) -> None:
            if entitlement(self.partners[profile.name].pk, "deal_registration", at).granted:
                box["deal"] = self.submit(profile.name, customer, domain, amount, at)
            else:  # below Silver and without a certificate: a referral is what remains
                lead = self.refer(profile.name, customer, domain, amount, at)
                referrals.accept_referral(referral=lead, by=self.owner(profile.name), at=at + timedelta(hours=1))

        def ask(at: datetime) -> None:
            decisions.request_info(
                registration=box["deal"],
                by=self.owner(profile.name),
                at=at,
                question="Which business unit is this for, and who decides there?",
                fields=("notes",),
            )

        def answer(at: datetime) -> None:
            registrations.answer_info(
                registration=self._fresh(box["deal"]),
                by=self.seller(profile.name),
                at=at,
                answer="The group's IT; their CIO decides.",
                values={"notes": "Group IT, decided by the CIO."},
            )

        def approve(at: datetime) -> None:
            decisions.approve_registration(registration=self._fresh(box["deal"]), by=self.owner(profile.name), at=at)

        def reject(at: datetime) -> None:
            decisions.reject_registration(
                registration=self._fresh(box["deal"]),
                by=self.owner(profile.name),
                at=at,
                reason="The customer told us that there is no project this year.",
            )

        def if_registered(do: Callable[[datetime], None]) -> Callable[[datetime], None]:
            return lambda at: do(at) if box else None

        self.plan(at, submit)
        if outcome < 0.06:
            self.plan(decided, if_registered(reject))
            return
        if outcome < 0.14:
            self.plan(at + timedelta(hours=2), if_registered(ask))
            self.plan(at + timedelta(hours=20), if_registered(answer))
            decided = at + timedelta(hours=24)
        self.plan(decided, if_registered(approve))
        self._plan_outcome(profile, box, decided, if_registered)

    def _plan_outcome(
        self,
        profile: Profile,
        box: dict[str, Registration],
        approved: datetime,
        if_registered: Callable[[Callable[[datetime], None]], Callable[[datetime], None]],
    ) -> None:
        luck = self.chance.random()
        closes = approved + timedelta(days=self.chance.randint(12, 70))

        def advance(stage: str) -> Callable[[datetime], None]:
            def do(at: datetime) -> None:
                deal = Opportunity.objects.get(registration=box["deal"])
                if deal.status == "open":
                    opportunities.update_opportunity(
                        opportunity=deal,
                        by=self.seller(profile.name),
                        at=at,
                        stage=stage,
                        expected_close_on=deal.expected_close_on,
                    )

            return do

        def extend(at: datetime) -> None:
            deal = self._fresh(box["deal"])
            if deal.status == "approved":
                extensions.request_extension(
                    registration=deal,
                    by=self.seller(profile.name),
                    at=at,
                    activity="Second workshop held, offer is out.",
                )

        def grant(at: datetime) -> None:
            deal = self._fresh(box["deal"])
            if WorkItem.objects.open().filter(ref_code=deal.code, kind="deals.extension_decision").exists():
                extensions.decide_extension(registration=deal, by=self.owner(profile.name), at=at, grant=True)

        def report(at: datetime) -> None:
            opportunities.report_won(
                opportunity=Opportunity.objects.get(registration=box["deal"]),
                by=self.seller(profile.name),
                at=at,
                won_on=at.date(),
                evidence="Signed order received.",
            )

        def confirm(at: datetime) -> None:
            deal = Opportunity.objects.get(registration=box["deal"])
            opportunities.confirm_won(
                opportunity=deal, by=self.owner(profile.name), at=at, won_on=deal.reported_won_on or at.date()
            )

        def lose(at: datetime) -> None:
            deal = self._fresh(box["deal"])
            if deal.status == "approved":
                opportunities.lose_opportunity(
                    opportunity=Opportunity.objects.get(registration=deal),
                    by=self.seller(profile.name),
                    at=at,
                    reason=self.chance.choice(["price", "competitor", "timing", "no_budget"]),
                )

        self.plan(approved + timedelta(days=7), if_registered(advance(OpportunityStage.QUALIFIED)))
        if luck < 0.78:
            self.plan(approved + timedelta(days=11), if_registered(advance(OpportunityStage.PROPOSAL)))
        if (closes - approved).days > 28 and self.chance.random() < 0.75:
            self.plan(approved + timedelta(days=24), if_registered(extend))
            self.plan(approved + timedelta(days=24, hours=5), if_registered(grant))
        if luck < 0.55:
            self.plan(closes, if_registered(report))
            self.plan(closes + timedelta(hours=self.chance.uniform(2, 30)), if_registered(confirm))
        elif luck < 0.75:
            self.plan(closes, if_registered(lose))

    def submit(
        self, partner: str, customer: str, domain: str, amount: int, at: datetime, **changes: Any
    ) -> Registration:
        """A complete registration, sent in."""
        return registrations.submit_registration(
            registration=self.draft(partner, customer, domain, amount, at, **changes), by=self.seller(partner), at=at
        )

    def draft(
        self, partner: str, customer: str, domain: str, amount: int, at: datetime, **changes: Any
    ) -> Registration:
        """A registration as its seller types it."""
        profile = next(each for each in cast.PARTNERS if each.name == partner)
        contact = f"{self.chance.choice(cast.FIRST_NAMES)} {self.chance.choice(cast.LAST_NAMES)}"
        values: dict[str, Any] = {
            "customer_name": customer,
            "customer_domain": domain,
            "customer_country": profile.country,
            "contact_name": contact,
            "contact_email": f"{contact.split()[0].lower()}@{domain}",
            "amount": Decimal(amount),
            "currency": "USD",
            "term_months": 12,
            "expected_close_on": at.date() + timedelta(days=self.chance.randint(30, 90)),
            "first_contact_on": at.date() - timedelta(days=self.chance.randint(1, 9)),
            "engagement": self.chance.choice(["found", "introduced", "co_selling"]),
            "notes": "First meeting held; they compare three vendors.",
        } | changes
        return registrations.save_draft(
            partner=self.partners[partner],
            by=self.seller(partner),
            at=at,
            values=values,
            products=[self.chance.choice(self.products)],
        )

    def _fresh(self, registration: Registration) -> Registration:
        return Registration.objects.get(pk=registration.pk)

    # --- Referrals -------------------------------------------------------------------------------------------

    def _plan_referrals(self, profile: Profile, begins: date) -> None:
        pace = {"Polar Advisors": 12, "Vega Referrals": 20, "Liffey Partners": 30}.get(profile.name, 45)
        day = max(self.system_since, begins + timedelta(days=7))
        while (day := day + timedelta(days=max(int(self.chance.expovariate(1 / pace)), 2))) < self.today - 3 * DAY:
            self._plan_referral(profile, self.moment(day))

    def _plan_referral(self, profile: Profile, at: datetime) -> None:
        customer, domain = next(self._customers)
        amount, luck = self._amount(profile), self.chance.random()
        box: dict[str, Referral] = {}

        def submit(at: datetime) -> None:
            box["lead"] = self.refer(profile.name, customer, domain, amount, at)

        def decide(at: datetime) -> None:
            if luck < 0.15:
                referrals.decline_referral(
                    referral=box["lead"], by=self.owner(profile.name), at=at, reason="Not in a market we serve yet."
                )
            else:
                referrals.accept_referral(referral=box["lead"], by=self.owner(profile.name), at=at)

        def qualify(at: datetime) -> None:
            referrals.qualify_referral(
                referral=Referral.objects.get(pk=box["lead"].pk),
                by=self.owner(profile.name),
                at=at,
                amount=Decimal(amount),
                currency="USD",
                term_months=12,
                expected_close_on=at.date() + timedelta(days=45),
            )

        def win(at: datetime) -> None:
            opportunities.confirm_won(
                opportunity=Opportunity.objects.get(referral=box["lead"]),
                by=self.owner(profile.name),
                at=at,
                won_on=at.date(),
            )

        self.plan(at, submit)
        self.plan(at + timedelta(hours=self.chance.uniform(2, 20)), decide)
        if luck >= 0.35:
            self.plan(at + timedelta(days=9), qualify)
        if luck >= 0.65:
            self.plan(at + timedelta(days=40), win)

    def refer(self, partner: str, customer: str, domain: str, amount: int, at: datetime) -> Referral:
        """A lead handed to the vendor."""
        contact = f"{self.chance.choice(cast.FIRST_NAMES)} {self.chance.choice(cast.LAST_NAMES)}"
        profile = next(each for each in cast.PARTNERS if each.name == partner)
        return referrals.submit_referral(
            partner=self.partners[partner],
            by=self.seller(partner),
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

    # --- Records: history, answers, visits, certificates, reviews ------------------------------------------------

    def _plan_records(self) -> None:
        for month, rows in sorted(self._history.items()):
            ends = add_months(month, 1)
            self.plan(
                self.moment(ends, 6),
                lambda at, rows=rows, month=month: self.bring_in(
                    OpportunityImporter(), rows, at, f"crm-{month:%Y-%m}.csv"
                ),
            )
        month = self.start.replace(day=1)
        while month <= self.today:
            ends = min(add_months(month, 1), self.today)
            self.plan(self.moment(ends, 6.5), lambda at, month=month: self._visit(month, at))
            month = add_months(month, 1)
        for back in range(23, -1, -3):
            day = add_months(self.today, -back) - timedelta(days=8)
            self.plan(self.moment(day, 17), self._ask)
        self._plan_certificates()
        self._plan_reviews()

    def _living(self, at: datetime) -> list[Profile]:
        return [
            profile
            for profile in cast.PARTNERS
            if profile.name in self.partners
            and profile.signed is not None
            and not (profile.status == "ended" and at.date() > self.today - timedelta(days=60))
        ]

    def _visit(self, month: date, at: datetime) -> None:
        """Portal days of a month, as the old portal's log tells them."""
        rows = []
        for profile in self._living(at):
            faded = profile.trend < -40 and (self.today - month).days < 120
            for member in self.members[profile.name][:3]:
                share = profile.visits / 30 * (0.9 if member is self.members[profile.name][0] else 0.4)
                day = max(month, member.created_at.date())
                while day < at.date():
                    if day.weekday() < 5 and not faded and self.chance.random() < share:
                        rows.append({"partner": profile.domain, "email": member.user.email, "day": day.isoformat()})
                    day += DAY
        self.bring_in(importer_for("portal_days"), rows, at, f"visits-{month:%Y-%m}.csv")

    def _ask(self, at: datetime) -> None:
        """A wave of NPS answers."""
        rows = []
        for profile in self._living(at):
            years = (at.date() - self.start).days / 365
            usual = profile.nps + (1.2 - years * 0.6 if profile.trend < -20 else 0)
            for number, member in enumerate(self.members[profile.name][:3]):
                if not profile.nps or self.chance.random() < 0.35:
                    continue
                score = max(0, min(10, round(self.chance.gauss(usual, 1.1))))
                rows.append(
                    {
                        "external_id": f"nps-{at:%Y%m}-{profile.domain}-{number}",
                        "partner": profile.domain,
                        "email": member.user.email,
                        "score": score,
                        "answered_on": at.date().isoformat(),
                    }
                )
        self.bring_in(importer_for("nps"), rows, at, f"nps-{at:%Y-%m}.csv")

    def _plan_certificates(self) -> None:
        for profile in cast.PARTNERS:
            if profile.signed is None:
                continue
            begins = max(add_months(self.today, -profile.signed), self.start)
            for number in range(profile.certified):
                first = begins + timedelta(days=20 + 17 * number)
                while first < self.today:
                    kind = "technical" if number % 2 else "sales"
                    self.plan(
                        self.moment(first, 10),
                        lambda at, profile=profile, number=number, kind=kind: self._certify(profile, number, kind, at),
                    )
                    first = add_months(first, 12) - timedelta(days=self.chance.choice((3, 5, 9)))
                    if profile.trend < -40:
                        break

    def _certify(self, profile: Profile, number: int, kind: str, at: datetime) -> None:
        people = self.members[profile.name]
        member = people[min(number + 1, len(people) - 1)] if number < len(people) - 1 else people[0]
        add_certificate(
            partner=self.partners[profile.name],
            holder_email=member.user.email,
            holder_name=member.user.name,
            kind=kind,
            valid_from=at.date(),
            by=SETUP,
            at=at,
            reason="Passed the exam",
        )

    def _plan_reviews(self) -> None:
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
                day = add_months(self.today.replace(day=12), -back) - timedelta(days=30)
                for number in range(2):
                    title, side = agreed[(back + number * 2 + len(profile.name)) % len(agreed)]
                    self._plan_action(profile, title, side, day, done=back >= 6 or self.chance.random() < 0.6)

    def _plan_action(self, profile: Profile, title: str, side: str, day: date, *, done: bool) -> None:
        box: dict[str, Any] = {}

        def agree(at: datetime) -> None:
            admin = self.members[profile.name][0].user.name if self.members[profile.name] else profile.name
            owner = {"us": profile.owner, "partner": admin}.get(side, f"{profile.owner}, {admin}")
            box["action"] = add_qbr_action(
                partner=self.partners[profile.name],
                title=title,
                side=side,
                by=self.owner(profile.name),
                at=at,
                owner_name=owner,
                due_on=at.date() + timedelta(days=55),
            )

        def complete(at: datetime) -> None:
            complete_qbr_action(action=box["action"], by=self.owner(profile.name), at=at)

        self.plan(self.moment(day, 15), agree)
        if done:
            self.plan(self.moment(day + timedelta(days=40), 15), complete)

    # --- Nights ----------------------------------------------------------------------------------------------

    def _plan_nights(self) -> None:
        """Weekly, then daily, but not the last one: that is the worker's, with the packs that are due."""
        day, daily_from = self.start, self.today - timedelta(days=DAILY_NIGHTS)
        while day < self.today - DAY:
            self.plan(day_end(day, "UTC") + timedelta(minutes=7), lambda at, day=day: self._night(day, at))
            day = day + DAY if day >= daily_from else min(day + timedelta(days=7), daily_from)

    def _night(self, day: date, at: datetime) -> None:
        work_items.tick_work_items(at=at)
        steps = tuple(step for step in STEPS if step.job != "night.packs")
        if not night.run_night(on=day, trigger=RunTrigger.SCHEDULE, now=lambda: at, steps=steps):
            raise RuntimeError(f"the night of {day} failed")
        deliver(at)
        self._catch_up(at)

    def _catch_up(self, at: datetime) -> None:
        """People read their notices, and managers take up alerts within a week; what is fresher still waits."""
        Notice.objects.filter(read_at=None, at__lt=at - 3 * DAY).update(read_at=at)
        stale = WorkItem.objects.open().filter(kind=ALERT, opened_at__lt=at - 7 * DAY)
        for partner in Partner.objects.filter(pk__in=stale.values("about_id")).select_related("organization"):
            acknowledge_health_alert(partner=partner, by=self.owner(partner.organization.name), at=at)


def deliver(at: datetime) -> None:
    """Let mails and notices go out at their moment; what asks the worker for something waits for the worker."""
    while outbox.deliver_due(at=at, leave=("reporting.render_pack", "reporting.refresh_after")):
        pass
