"""What a partner's people see first: what is coming, what ends, what was won, and what happens next."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When

from deals.choices import OpportunityStatus, ReferralStatus, RegistrationStatus
from deals.models import Opportunity, Referral, Registration
from partners.choices import ContactRole, ContactSide
from partners.models import Partner, PartnerContact
from prm.core.actors import Actor
from prm.core.business_time import add_months
from prm.core.models import WorkItem
from prm.core.queries.work_items import waiting_for
from reporting.models import QbrAction, QbrPack
from training.models import Certificate

DEALS_SHOWN = 8
SOON_DAYS = 14
LONG_DAYS = 90
LIVE = (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED, RegistrationStatus.APPROVED)


@dataclass(frozen=True)
class Figures:
    """Sums of the partner's own opportunities in the program's currency; ``other`` counts those in other currencies."""

    coming_amount: Decimal
    coming_deals: int
    reported_deals: int
    reported_amount: Decimal
    won_amount: Decimal
    won_deals: int
    coming_other: int


@dataclass(frozen=True)
class Ending:
    """Something that runs out: ``kind`` is protection, certificate, review or grace."""

    kind: str
    on: date
    title: str
    code: str = ""


@dataclass(frozen=True)
class Deal:
    """A registration or referral of one's own with its clock, if it waits for a decision."""

    kind: str
    code: str
    customer: str
    amount: Decimal | None
    currency: str
    status: str
    status_label: str
    clock: WorkItem | None
    protected_until: date | None
    reported_won: bool
    can_extend: bool
    draft: bool


def own_company(actor: Actor) -> Partner:
    """The company that the actor works for, with what its pages print. One statement."""
    return (
        Partner.objects.visible_to(actor)
        .select_related("organization", "tier", "next_tier", "track", "owner")
        .get(pk=actor.organization_id)
    )


def fiscal_year_start(today: date, fiscal_start_month: int) -> date:
    """The first day of the fiscal year that runs today."""
    months_in = (today.month - fiscal_start_month) % 12
    return add_months(today.replace(day=1), -months_in)


def figures(actor: Actor, *, currency: str, year_start: date, today: date) -> Figures:
    """What is coming and what was won in the fiscal year, in one statement."""
    is_open, is_won = Q(status=OpportunityStatus.OPEN), Q(status=OpportunityStatus.WON)
    here, reported = Q(currency=currency), Q(reported_won_at__isnull=False)
    row = (
        Opportunity.objects.visible_to(actor)
        .filter(is_open | Q(status=OpportunityStatus.WON, won_on__range=(year_start, today)))
        .aggregate(
            coming_amount=Sum("amount", filter=is_open & here),
            coming_deals=Count("pk", filter=is_open),
            coming_other=Count("pk", filter=is_open & ~here),
            reported_deals=Count("pk", filter=is_open & reported),
            reported_amount=Sum("amount", filter=is_open & reported & here),
            won_amount=Sum("amount_program", filter=is_won),
            won_deals=Count("pk", filter=is_won),
        )
    )
    return Figures(
        coming_amount=row["coming_amount"] or Decimal(0),
        coming_deals=row["coming_deals"],
        reported_deals=row["reported_deals"],
        reported_amount=row["reported_amount"] or Decimal(0),
        won_amount=row["won_amount"] or Decimal(0),
        won_deals=row["won_deals"],
        coming_other=row["coming_other"],
    )


def endings(actor: Actor, partner: Partner, *, today: date) -> list[Ending]:
    """Protections of the next two weeks, certificates and tier dates of the next quarter, soonest first."""
    found = [
        Ending("protection", each.protected_until, each.customer_name, each.code)
        for each in Registration.objects.visible_to(actor)
        .filter(
            status=RegistrationStatus.APPROVED,
            protected_until__range=(today, today + timedelta(days=SOON_DAYS)),
        )
        .only("protected_until", "customer_name", "code", "status")
        .order_by("protected_until", "pk")[:DEALS_SHOWN]
        if each.protected_until
    ]
    found += [
        Ending("certificate", each.valid_until, each.holder_name, each.kind)
        for each in Certificate.objects.visible_to(actor)
        .filter(revoked_on=None, valid_until__range=(today, today + timedelta(days=LONG_DAYS)))
        .order_by("valid_until", "pk")[:DEALS_SHOWN]
    ]
    if partner.grace_until and partner.grace_until >= today:
        found.append(Ending("grace", partner.grace_until, str(partner.tier or "")))
    elif partner.tier_at_risk and partner.review_on and today <= partner.review_on:
        found.append(Ending("review", partner.review_on, str(partner.tier or "")))
    return sorted(found, key=lambda each: (each.on, each.kind))


def deals(actor: Actor) -> list[Deal]:
    """The partner's own live deals: what needs an answer first, then the newest. Three statements."""
    wanted = Case(
        When(status=RegistrationStatus.INFO_REQUESTED, then=Value(0)),
        When(status=RegistrationStatus.SUBMITTED, then=Value(1)),
        When(status=RegistrationStatus.APPROVED, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    registrations = list(
        Registration.objects.visible_to(actor)
        .filter(status__in=[*LIVE, RegistrationStatus.DRAFT])
        .annotate(place=wanted)
        .select_related("opportunity")
        .order_by("place", F("protected_until").asc(nulls_last=True), "-saved_at", "-pk")[:DEALS_SHOWN]
    )
    room = DEALS_SHOWN - len(registrations)
    referrals = (
        list(
            Referral.objects.visible_to(actor)
            .filter(status__in=[ReferralStatus.SUBMITTED, ReferralStatus.ACCEPTED])
            .order_by("-submitted_at", "-pk")[:room]
        )
        if room > 0
        else []
    )
    clocks = _clocks([r.code for r in registrations] + [r.code for r in referrals])
    registrations.sort(key=lambda each: (each.place, _due(clocks.get(each.code))))
    return [_registration(each, clocks) for each in registrations] + [
        Deal(
            kind="referral",
            code=each.code,
            customer=each.customer_name,
            amount=each.amount,
            currency=each.currency,
            status=each.status,
            status_label=each.get_status_display(),
            clock=clocks.get(each.code),
            protected_until=None,
            reported_won=False,
            can_extend=False,
            draft=False,
        )
        for each in referrals
    ]


def _due(item: WorkItem | None) -> float:
    """Sorts by the clock: the next to run out first, no clock last."""
    return item.due_at.timestamp() if item and item.due_at else float("inf")


def _clocks(codes: list[str]) -> dict[str, WorkItem]:
    """The clock of each decision that the vendor owes on these, by code of the thing."""
    waiting = (
        WorkItem.objects.open()
        .filter(
            ref_code__in=codes,
            ref_kind__in=["deals.registration", "deals.referral"],
            kind__in=["deals.registration_decision", "deals.referral_decision"],
        )
        .defer("context")
        .order_by("opened_at")
    )
    return {item.ref_code: item for item in waiting}


def _registration(row: Registration, clocks: dict[str, WorkItem]) -> Deal:
    opportunity = getattr(row, "opportunity", None)
    return Deal(
        kind="registration",
        code=row.code,
        customer=row.customer_name,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        status_label=row.get_status_display(),
        clock=clocks.get(row.code),
        protected_until=row.protected_until if row.status == RegistrationStatus.APPROVED else None,
        reported_won=bool(opportunity and opportunity.reported_won_at and opportunity.status == "open"),
        can_extend=row.status == RegistrationStatus.APPROVED,
        draft=row.status == RegistrationStatus.DRAFT,
    )


def to_do(actor: Actor) -> list[WorkItem]:
    """Questions that wait for this person, the oldest first."""
    return list(waiting_for(actor).order_by("due_at", "opened_at")[:6])


def agreed_actions(actor: Actor, *, today: date) -> list[QbrAction]:
    """What the company itself agreed to do in a review, due soon or overdue."""
    return list(
        QbrAction.objects.visible_to(actor)
        .open()
        .filter(side__in=["partner", "both"])
        .filter(Q(due_on=None) | Q(due_on__lte=today + timedelta(days=30)))
        .order_by(F("due_on").asc(nulls_last=True), "pk")[:4]
    )


def team(actor: Actor, partner: Partner) -> list[PartnerContact]:
    """The people at the vendor who look after the company."""
    return list(
        PartnerContact.objects.visible_to(actor)
        .current()
        .filter(partner=partner, side=ContactSide.OURS)
        .select_related("user")
        .order_by(Case(When(role=ContactRole.MANAGER, then=Value(0)), default=Value(1)), "name")[:5]
    )


def shared_packs(actor: Actor) -> QuerySet[QbrPack]:
    """The packs that were shared with the actor's company, the latest quarter first."""
    return QbrPack.objects.visible_to(actor).select_related("file").order_by("-quarter_start", "-pk")
